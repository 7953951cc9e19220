"""``graphkit rank``: nodes of a label by their closeness to one node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import numpy as np

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.language import shown_word
from graphkit.cli.options import LABEL_ID, LabelId, min_evidence_option, output_options
from graphkit.cli.shares import SHARE, one_share_each
from graphkit.cli.walks import WAYS, walked_ties, ways_params
from graphkit.progress import each, step

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from graphkit.projection.projection import Projection
    from graphkit.ranking.pagerank import Ranking

__all__ = ["rank"]

Kind = tuple[int | None, ...]
"""Rows of a walk; None for a user, who is not named."""
COLUMNS = ("rank", "label", "id", "name", "score", "certified", "evidence", "query", "params")
_WALKS, _SHOWN = 30, 3  # walks unrolled, lines shown once walks through users are joined


@click.command(
    cls=Command,
    examples=[
        "graphkit rank Film:f01 --to Brand",
        "graphkit rank Film:f01 --to Channel --top 5 --format csv",
        "graphkit rank Film:f01 --to Brand --via HAS_TAG=3 --via LINKED_WITH",
    ],
)
@click.argument("node", type=LABEL_ID, metavar="LABEL:ID")
@click.option("--to", "to", required=True, metavar="LABEL", help="Label of the nodes to rank.")
@click.option(
    "--via",
    type=SHARE,
    callback=one_share_each,
    multiple=True,
    help="Relationship types to walk, each with its share of a node's chance (repeat).  [default: all that were loaded, alike]",
)
@click.option("--top", type=click.IntRange(min=1), default=20, help="How many rows.")
@click.option(
    "--restart",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.15,
    help="Chance to start again at the node (damping = 1 - restart).",
)
@min_evidence_option
@output_options
@pass_app
def rank(
    app: App,
    node: LabelId,
    to: str,
    via: tuple[tuple[str, float], ...],
    top: int,
    restart: float,
    min_evidence: str | None,
    form: str | None,
    output: str | None,
) -> None:
    """Rank nodes by personalised PageRank from one node over all kinds of ties.

    Each tie is walked both ways, and from every node the kinds of ties share the chance equally,
    or as --via says. Evidence: the strongest walks behind the score and the part each carries; users
    on the way are not named, walks that differ only in users count together. "certified" in JSON and
    CSV: the rows down to this one are proven to be the best, whatever their order. The query of a row
    lists every node it is tied with: a walk enters it by one of those.
    """
    from graphkit.cli.graphs import check_labels, check_node, walk_tables
    from graphkit.cli.output import emit, table
    from graphkit.ranking.pagerank import personalised_pagerank

    check_labels([to], "--to")
    snapshot = app.strong_snapshot(min_evidence, reads=walk_tables([name for name, _ in via]), keep=[node])
    check_node(snapshot, node)
    query = WAYS if min_evidence is None else None  # it reads every row
    rows: list[dict[str, Any]] = []
    people: list[dict[str, Any]] = []
    with app.working("rank nodes") as progress:
        with step("join the ties", progress):
            ties = walked_ties(snapshot, via)
        graph, names = ties.graph, ties.names
        start = names.index((node.label, node.id))
        with step("walk the ties", progress):
            result = personalised_pagerank(graph, start, restart_probability=restart, tolerance=1e-10)
        best, certified = _best(result, names, start, to, top)
        for target in each(best, "rows with evidence", progress):
            walks = _evidence(graph, result, start, target, restart, names)
            row = {
                "rank": len(rows) + 1,
                "label": to,
                "id": names[target][1],
                "name": ties.name_of(target),
                "score": float(result.scores[target]),
                "certified": bool(certified[len(rows)]),
            }
            params = ways_params((node.label, node.id), names[target]) if query else {}
            rows.append({**row, "evidence": _whole(walks, names), "query": query, "params": params})
            people.append({**row, "evidence": _between(walks, names, ties.name_of)})
    told = table(people, ["rank", "id", "name", "score", "evidence"], keep=("id",), lines="evidence")
    emit(form=form, output=output, rows=rows, columns=COLUMNS, text=told, color=app.settings.color)
    _tell(app, rows, node, to, [name for name, _ in via])
    if rows:
        app.say(f"all scores together are at most {result.error_bound:.1e} from the exact ones (L1)")


def _best(
    result: Ranking, names: Sequence[tuple[str, str]], start: int, to: str, top: int
) -> tuple[list[int], NDArray[np.bool_]]:
    """Return the rows of the best nodes of a label with a score above 0, and for each place whether the set down to it is proven."""
    wanted = np.array([row for row, (label, _) in enumerate(names) if label == to and row != start], np.int64)
    scores = np.asarray(result.scores)[wanted]
    order = np.lexsort((wanted, -scores))[:top]
    return wanted[order[scores[order] > 0]].tolist(), result.certified(wanted)


def _evidence(
    graph: Projection, result: Ranking, start: int, target: int, restart: float, names: list[tuple[str, str]]
) -> list[tuple[Kind, float]]:
    """Return the strongest kinds of walks behind a score with the part each carries, users unnamed."""
    from graphkit.ranking.evidence import explain_score

    total: dict[Kind, float] = {}
    for walk in explain_score(graph, result, start, target, top=_WALKS, restart_probability=restart):
        kind = tuple(None if names[row][0] == "User" else row for row in walk.nodes)
        total[kind] = total.get(kind, 0.0) + walk.share
    text = {kind: tuple("User" if row is None else ":".join(names[row]) for row in kind) for kind in total}
    return sorted(total.items(), key=lambda pair: (-pair[1], text[pair[0]]))[:_SHOWN]


def _whole(walks: Sequence[tuple[Kind, float]], names: Sequence[tuple[str, str]]) -> list[str]:
    """Write walks from end to end by label and id, each with its part of the score."""
    return [
        " > ".join("User" if row is None else ":".join(names[row]) for row in kind) + f" ({share:.0%})"
        for kind, share in walks
    ]


def _between(
    walks: Sequence[tuple[Kind, float]], names: Sequence[tuple[str, str]], name_of: Callable[[int], Any]
) -> list[str]:
    """Write for people what walks pass between their ends, by name where there is one."""
    told = []
    for kind, share in walks:
        text = " > ".join("User" if row is None else name_of(row) or ":".join(names[row]) for row in kind[1:-1])
        told.append(f"{share:.0%} {text or shown_word('direct')}")
    return told


def _tell(app: App, rows: Sequence[dict[str, Any]], node: LabelId, to: str, via: Sequence[str]) -> None:
    """Say when nothing was found or the last place is open, and where a row is looked up."""
    from graphkit.store.queries import query_command

    if not rows:
        app.say(f"no {to} is connected to {node}" + (f" if only {', '.join(via)} is walked" if via else ""))
        return
    if not rows[-1]["certified"]:
        app.say(f"who stands at place {len(rows)} is not certain: another {to} scores the same within the error")
    if rows[0]["query"]:
        app.say(f"look up a row: {query_command(WAYS, rows[0]['params'])}")
