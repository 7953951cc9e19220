"""What is told of predicted links: a row for each, and the table that people read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphkit.cli.language import shown_word
from graphkit.cli.walks import WAYS, ways_params

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graphkit.cli.walks import Walked
    from graphkit.planning.links import PredictedLinks
    from graphkit.ranking.evidence import Walk

__all__ = ["COLUMNS", "link_rows", "told_rows"]

COLUMNS = (
    "source",
    "source_name",
    "rank",
    "target",
    "name",
    "score",
    "evidence",
    "walk_told",
    "walk_share",
    "query",
    "params",
)
_SHOWN = 3  # ways a row of the table, of up to ten


def link_rows(ties: Walked, found: PredictedLinks, known: Mapping[int, set[int]], top: int) -> list[dict[str, Any]]:
    """Return the best rows of each source that are no known ties."""
    names, name_of = ties.names, ties.name_of
    rows: list[dict[str, Any]] = []
    each = zip(
        found.source.tolist(),
        found.target.tolist(),
        found.score.tolist(),
        found.ways,
        found.walk_share.tolist(),
        strict=True,
    )
    rank, last = 0, -1
    for source, target, score, ways, share in each:
        rank, last = (rank if source == last else 0), source
        if rank == top or not ways or target in known.get(source, ()):
            continue  # a tie that no walk leads to has nothing to show for it
        rank += 1
        rows.append(
            {
                "source": names[source][1],
                "source_name": name_of(source),
                "rank": rank,
                "target": names[target][1],
                "name": name_of(target),
                "score": score,
                "evidence": _evidence(names, source, ways),
                "walk_told": sum(way.share for way in ways),
                "walk_share": share,
                "query": WAYS,
                "params": ways_params(names[source], names[target]),
            }
        )
    return rows


def told_rows(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows for a reader: a source once, its ways one a line."""
    told = []
    for row in rows:
        ways = [
            f"{way['share']:.0%} {' > '.join(way['via']) or shown_word('direct')}" for way in row["evidence"][:_SHOWN]
        ]
        first = row["source"] if row["rank"] == 1 else ""
        told.append(
            {"source": first, "rank": row["rank"], "target": row["target"], "name": row["name"], "evidence": ways}
        )
    return told


def _evidence(names: Sequence[tuple[str, str]], source: int, ways: Sequence[Walk]) -> list[dict[str, Any]]:
    """Return the ways between the two ends with their shares; those that differ only in users count together."""
    total: dict[tuple[str, ...], float] = {}
    for way in ways:
        between = tuple(
            "User" if names[row][0] == "User" else ":".join(names[row]) for row in way.nodes[:-1] if row != source
        )
        total[between] = total.get(between, 0.0) + way.share
    return [
        {"via": list(between), "share": share}
        for between, share in sorted(total.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
