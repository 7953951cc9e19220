"""``graphkit match``: one item against others by shared tags."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command, Option
from graphkit.cli.options import LABEL_ID, LabelId, min_evidence_option, output_options

if TYPE_CHECKING:
    from graphkit.projection.snapshot import Snapshot

__all__ = ["match"]

COLUMNS = ("rank", "label", "id", "name", "score", "shared", "paths")


@click.command(
    cls=Command,
    examples=[
        "graphkit match Film:f01 --to Course",
        "graphkit match Course:k01 --to Course --by cosine",
        "graphkit match Film:f01 --to Brand --by jaccard --top 5",
    ],
)
@click.argument("node", type=LABEL_ID, metavar="LABEL:ID")
@click.option("--to", "to", required=True, metavar="LABEL", help="Label of the candidates.")
@click.option(
    "--by",
    type=click.Choice(["cosine", "jaccard", "weighted_jaccard", "idf_cosine", "vector"]),
    help="How items are compared: by tags, or by the vectors of --vectors.  [default: idf_cosine from a film to courses, else cosine]",
)
@click.option(
    "--vectors",
    cls=Option,
    needs="--by vector",
    default="vector",
    metavar="PROPERTY",
    help='Property that holds a list of numbers, kept by [keep] Film = ["vector:string[]"] (--by vector).',
)
@click.option("--top", type=click.IntRange(min=1), default=20, help="How many rows.")
@min_evidence_option
@output_options
@pass_app
def match(
    app: App,
    node: LabelId,
    to: str,
    by: str | None,
    vectors: str,
    top: int,
    min_evidence: str | None,
    form: str | None,
    output: str | None,
) -> None:
    """Rank items by the tags they share with one item (HAS_TAG, weighted by w), with the paths that carry each score.

    idf_cosine lets rare tags count more, over all items of both labels: the direction of a course from the theme of a film.
    """
    from graphkit.cli.graphs import check_labels, check_node
    from graphkit.cli.output import emit, frame_rows, table
    from graphkit.matching.similarity import match as compare

    check_labels([to], "--to")
    snapshot = app.strong_snapshot(min_evidence, reads=(node.label, to, "Tag", "HAS_TAG"), keep=[node])
    check_node(snapshot, node)
    by = by or ("idf_cosine" if (node.label, to) == ("Film", "Course") else "cosine")
    read = partial(_vectors, name=vectors) if by == "vector" else _tags
    own, others = read(snapshot, node.label).get(node.id), read(snapshot, to)
    if by == "idf_cosine":
        own, others = _rarer(snapshot, node, to, own or {}, others)
    others = {id_: values for id_, values in others.items() if (to, id_) != (node.label, node.id)}
    measure = "cosine" if by == "idf_cosine" else by
    found = frame_rows(compare({node.id: own}, others, by=measure, top=top).to_frame()) if own and others else []
    names, tag_names = snapshot.nodes(to).by_id("name"), snapshot.nodes("Tag").by_id("name")
    rows: list[dict[str, Any]] = []
    for row in found:
        id_ = str(row["right"])
        if row["score"] <= 0:
            continue
        paths = [] if by == "vector" else _paths(node, LabelId(to, id_), own or {}, others[id_], measure, tag_names)
        rows.append(
            {
                "rank": len(rows) + 1,
                "label": to,
                "id": id_,
                "name": names[id_],
                "score": float(row["score"]),
                "shared": [path["name"] or path["tag"] for path in paths],
                "paths": paths,
            }
        )
    people = [{name: row[name] for name in COLUMNS if name != "paths"} for row in rows]
    emit(
        form=form, output=output, rows=rows, columns=COLUMNS, text=table(people, COLUMNS[:-1]), color=app.settings.color
    )
    property_ = vectors if by == "vector" else None
    look_up = None if min_evidence else _looked_up(node, to, by, property_, top)  # the query reads every row
    if told := look_up if rows else _nothing(node, to, property_, own, others):
        app.say(told)


def _looked_up(node: LabelId, to: str, by: str, property_: str | None, top: int) -> str | None:
    """Return the query that gives the scores from the graph; none for vectors kept in a property of another name."""
    from graphkit.store.queries import query_command

    asked: dict[str, Any] = {"label": node.label, "id": node.id, "to": to, "top": top}
    if property_ is None:
        return f"look up: {query_command('match/by_tags', {**asked, 'by': by})}"
    return f"look up: {query_command('match/vectors', asked)}" if property_ == "vector" else None


def _nothing(node: LabelId, to: str, vectors: str | None, own: Any, others: Any) -> str:
    """Say why there is no row, and what to do about it."""
    from graphkit.model.schema import TYPES

    lacking = str(node) if not own else f"no {to}" if not others else ""
    if vectors is not None:
        label = node.label if not own else to
        keep = f'; keep a column of lists in dataset.toml: [keep] {label} = ["{vectors}:string[]"]'
        return (
            (f"{lacking} carries no {vectors}{keep}" if not own else f"{lacking} has a {vectors}{keep}")
            if lacking
            else f"no {to} points the same way as {node}"
        )
    tagged = {source for source, _ in TYPES["HAS_TAG"].pairs}
    for label in (node.label, to):
        if label not in tagged:
            return f"a {label} carries no tags, only {', '.join(sorted(tagged))} do" + (
                "; try graphkit recommend" if label == "User" else ""
            )
    return (
        f"{lacking} carries no tag"
        if not own
        else f"{lacking} has a tag"
        if lacking
        else f"no {to} shares a tag with {node}"
    )


def _paths(
    node: LabelId, other: LabelId, own: Any, theirs: Any, measure: str, names: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return item - tag - item of every shared tag with its part of the score, largest first; parts sum to the score."""
    from graphkit.matching.similarity import contributions

    return [
        {"path": f"{node} - Tag:{tag} - {other}", "tag": tag, "name": names.get(tag), "part": part}
        for tag, part in contributions(own, theirs, by=measure).items()
    ]


def _rarer(
    snapshot: Snapshot, node: LabelId, to: str, own: dict[str, float], others: Any
) -> tuple[dict[str, float], Any]:
    """Multiply weights by the tags' idf over all items of both labels."""
    from graphkit.matching.similarity import inverse_frequency

    labels = sorted({node.label, to})
    items = {f"{label}:{id_}": tags for label in labels for id_, tags in _tags(snapshot, label).items()}
    idf = inverse_frequency(items, n_items=sum(len(snapshot.nodes(label)) for label in labels))
    rarer = {id_: {tag: weight * idf[tag] for tag, weight in tags.items()} for id_, tags in others.items()}
    return {tag: weight * idf[tag] for tag, weight in own.items()}, rarer


def _vectors(snapshot: Snapshot, label: str, *, name: str) -> dict[str, Any]:
    """Return the vectors of the nodes of a label that have one; a bad one is named by label and id."""
    from graphkit.matching.vectors import vector_rows

    table = snapshot.nodes(label)
    found = {
        id_: value
        for id_, value in zip(table.ids.tolist(), table.column(name).tolist(), strict=True)
        if value is not None
    }
    vector_rows(found, label)
    return found


def _tags(snapshot: Snapshot, label: str) -> dict[str, dict[str, float]]:
    """Return the weighted tags of each node of a label that has any."""
    found: dict[str, dict[str, float]] = {}
    for edges in snapshot.edges("HAS_TAG"):
        if edges.source_label != label:
            continue
        sources, targets = (
            snapshot.nodes(label).ids[edges.source_rows].tolist(),
            snapshot.nodes("Tag").ids[edges.target_rows].tolist(),
        )
        for source, target, weight in zip(sources, targets, edges.column("w").tolist(), strict=True):
            found.setdefault(source, {})[target] = 1.0 if weight is None else float(weight)
    return found
