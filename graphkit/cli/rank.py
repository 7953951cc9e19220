"""``graphkit rank``: nodes of a label by their closeness to one node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import numpy as np

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.options import LABEL_ID, LabelId, output_options
from graphkit.cli.shares import SHARE

if TYPE_CHECKING:
    from graphkit.projection.projection import Projection
    from graphkit.ranking.pagerank import Ranking

__all__ = ["rank"]

COLUMNS = ("rank", "label", "id", "name", "score", "evidence")
_WALKS, _SHOWN = 30, 3  # walks unrolled, lines shown once walks through users are joined


@click.command(cls=Command, examples=["graphkit rank Film:f01 --to Brand", "graphkit rank Film:f01 --to Channel --top 5 --format csv", "graphkit rank Film:f01 --to Brand --via HAS_TAG=3 --via LINKED_WITH"])
@click.argument("node", type=LABEL_ID, metavar="LABEL:ID")
@click.option("--to", "to", required=True, metavar="LABEL", help="Label of the nodes to rank.")
@click.option("--via", type=SHARE, multiple=True, help="Relationship types to walk, each with its share of a node's chance (repeat).  [default: all that were loaded, alike]")
@click.option("--top", type=click.IntRange(min=1), default=20, help="How many rows.")
@click.option("--restart", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.15, help="Chance to start again at the node (damping = 1 - restart).")
@output_options
@pass_app
def rank(app: App, node: LabelId, to: str, via: tuple[tuple[str, float], ...], top: int, restart: float, form: str | None, output: str | None) -> None:
    """Rank nodes by personalised PageRank from one node over all kinds of ties.

    Each tie is walked both ways, and from every node the kinds of ties share the chance equally,
    or as --via says. Evidence: the strongest walks behind the score and the part each carries; users
    on the way are not named, walks that differ only in users count together.
    """
    from graphkit.cli.graphs import check_labels, check_node, typed_graph
    from graphkit.cli.output import emit
    from graphkit.ranking.pagerank import personalised_pagerank

    check_labels([to])
    snapshot = app.snapshot()
    check_node(snapshot, node)
    graph, names = typed_graph(snapshot, [name for name, _ in via], shares=dict(via))
    start = names.index((node.label, node.id))
    with app.timed("rank"):
        result = personalised_pagerank(graph, start, restart_probability=restart, tolerance=1e-10)
    wanted = np.array([row for row, (label, _) in enumerate(names) if label == to and row != start], np.int64)
    scores = np.asarray(result.scores)[wanted]
    table = snapshot.nodes(to)
    shown, position = table.column("name"), table.row_of()
    rows: list[dict[str, Any]] = []
    for place in np.lexsort((wanted, -scores))[:top]:
        if scores[place] <= 0:
            break
        id_ = names[int(wanted[place])][1]
        rows.append({"rank": len(rows) + 1, "label": to, "id": id_, "name": shown[position[id_]], "score": float(scores[place]), "evidence": _evidence(graph, result, start, int(wanted[place]), restart, names)})
    emit(form=form, output=output, rows=rows, columns=COLUMNS, color=app.settings.color)
    if not rows:
        app.say(f"no {to} is connected to {node}")
    app.say(f"all scores together are at most {result.error_bound:.1e} from the exact ones (L1)")


def _evidence(graph: Projection, result: Ranking, start: int, target: int, restart: float, names: list[tuple[str, str]]) -> list[str]:
    """Return the strongest kinds of walks behind a score, users unnamed."""
    from graphkit.ranking.evidence import explain_score

    total: dict[str, float] = {}
    for walk in explain_score(graph, result, start, target, top=_WALKS, restart_probability=restart):
        text = " > ".join(names[row][0] if names[row][0] == "User" else ":".join(names[row]) for row in walk.nodes)
        total[text] = total.get(text, 0.0) + walk.share
    best = sorted(total.items(), key=lambda pair: (-pair[1], pair[0]))[:_SHOWN]
    return [f"{text} ({share:.0%})" for text, share in best]
