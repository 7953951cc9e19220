"""``graphkit match``: one item against others by shared tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.options import LABEL_ID, LabelId, output_options

if TYPE_CHECKING:
    from graphkit.projection.snapshot import Snapshot

__all__ = ["match"]

COLUMNS = ("rank", "label", "id", "name", "score", "shared")


@click.command(cls=Command, examples=["graphkit match Film:f01 --to Course", "graphkit match Film:f01 --to Brand --by jaccard --top 5"])
@click.argument("node", type=LABEL_ID, metavar="LABEL:ID")
@click.option("--to", "to", required=True, metavar="LABEL", help="Label of the candidates.")
@click.option("--by", type=click.Choice(["cosine", "jaccard", "weighted_jaccard", "idf_cosine"]), default="cosine", help="How tags are compared.")
@click.option("--top", type=click.IntRange(min=1), default=20, help="How many rows.")
@output_options
@pass_app
def match(app: App, node: LabelId, to: str, by: str, top: int, form: str | None, output: str | None) -> None:
    """Rank items by the tags they share with one item (HAS_TAG, weighted by w)."""
    from graphkit.cli.graphs import check_labels, check_node
    from graphkit.cli.output import emit, frame_rows
    from graphkit.matching.similarity import match as compare

    check_labels([to])
    snapshot = app.snapshot()
    check_node(snapshot, node)
    own = _tags(snapshot, node.label).get(node.id, {})
    others = {id_: tags for id_, tags in _tags(snapshot, to).items() if (to, id_) != (node.label, node.id)}
    found = frame_rows(compare({node.id: own}, others, by=by, top=top).to_frame()) if own and others else []
    table, tag_names = snapshot.nodes(to), _names(snapshot, "Tag")
    names = dict(zip(table.ids.tolist(), table.column("name").tolist(), strict=True))
    rows: list[dict[str, Any]] = []
    for row in found:
        id_ = str(row["right"])
        if row["score"] <= 0:
            continue
        shared = sorted(own.keys() & others[id_].keys(), key=lambda tag: (-own[tag] * others[id_][tag], tag))
        rows.append({"rank": len(rows) + 1, "label": to, "id": id_, "name": names[id_], "score": float(row["score"]),
                     "shared": [tag_names.get(tag) or tag for tag in shared]})
    emit(form=form, output=output, rows=rows, columns=COLUMNS, color=app.settings.color)
    if not rows:
        app.say(f"{node} carries no tag" if not own else f"no {to} shares a tag with {node}")


def _names(snapshot: Snapshot, label: str) -> dict[str, Any]:
    """Return the name of each node of a label."""
    table = snapshot.nodes(label)
    return dict(zip(table.ids.tolist(), table.column("name").tolist(), strict=True))


def _tags(snapshot: Snapshot, label: str) -> dict[str, dict[str, float]]:
    """Return the weighted tags of each node of a label that has any."""
    found: dict[str, dict[str, float]] = {}
    for edges in snapshot.edges("HAS_TAG"):
        if edges.source_label != label:
            continue
        sources, targets = snapshot.nodes(label).ids[edges.source_rows].tolist(), snapshot.nodes("Tag").ids[edges.target_rows].tolist()
        for source, target, weight in zip(sources, targets, edges.column("w").tolist(), strict=True):
            found.setdefault(source, {})[target] = 1.0 if weight is None else float(weight)
    return found
