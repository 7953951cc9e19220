"""What is told of communities: a row for each, a row for each node, and the table that people read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphkit.projection.projection import Projection

__all__ = ["COLUMNS", "MEMBERS", "communities_text", "community_rows", "member_rows", "title"]

COLUMNS = (
    "community",
    "size",
    "share",
    "inside",
    "stability",
    "stability_range",
    "largest",
    "n_communities",
    "modularity",
    "resolution",
    "objective",
    "code_length",
    "description_gain",
    "finer_gain",
    "finer_objective",
    "flattening",
    "run",
)
SHOWN = ("community", "size", "share", "inside", "stability", "largest")
MEMBERS = ("label", "id", "community", "stability", "n_communities", "modularity", "run")
_NAMED = 3  # nodes of a community that its row names


def community_rows(graph: Projection, found: Any) -> list[dict[str, Any]]:
    """Return one row per community, the largest first; no user is named."""
    labels = np.asarray(found.labels)
    sizes = np.bincount(labels)
    degree = graph.in_degree + graph.out_degree
    rows = []
    for number in np.lexsort((np.arange(sizes.size), -sizes)):
        inside = np.flatnonzero(labels == number)
        known = inside if graph.nodes.labels is None else inside[graph.nodes.labels[inside] != "User"]
        best = known[np.lexsort((known, -degree[known]))[:_NAMED]]
        rows.append(
            {
                "community": int(number),
                "size": int(sizes[number]),
                "share": float(sizes[number] / labels.size),
                "inside": float(found.inside[number]),
                "stability": None if found.stability is None else float(found.stability[number]),
                "stability_range": None if found.stability_range is None else found.stability_range[number].tolist(),
                "largest": [graph.id_of(int(row)) for row in best],
                "n_communities": int(found.n_communities),
                "modularity": float(found.modularity),
                "resolution": float(found.resolution),
                "objective": found.objective,
                "code_length": found.code_length,
                "description_gain": float(found.description_gain),
                "finer_gain": found.finer_gain,
                "finer_objective": found.finer_objective,
                "flattening": None if found.flattening is None else found.flattening.to_dict(),
            }
        )
    return rows


def member_rows(graph: Projection, found: Any) -> list[dict[str, Any]]:
    """Return one row per node."""
    kinds = graph.nodes.labels
    return [
        {
            "label": None if kinds is None else str(kinds[row]),
            "id": graph.id_of(row),
            "community": int(number),
            "stability": None if found.stability is None else float(found.stability[number]),
            "n_communities": int(found.n_communities),
            "modularity": float(found.modularity),
        }
        for row, number in enumerate(found.labels)
    ]


def communities_text(rows: Sequence[dict[str, Any]], found: Any, *, color: bool) -> str:
    """Return the table of communities under its title; the column of the largest nodes only where one is named."""
    from graphkit.cli.output import table

    shown = SHOWN if any(row.get("largest") for row in rows) else SHOWN[:-1]  # users are not named
    return table([_shown(row) for row in rows], shown, title=title(found), color=color)


def title(found: Any) -> str:
    """Say over the table what holds for all communities."""
    from graphkit.intervals import counted

    what = f"{counted(found.n_communities, 'community', 'communities')} of {found.labels.size:,} nodes, modularity {found.modularity:z.4f} at resolution {found.resolution:g}"
    bits = "" if found.code_length is None else f", {found.code_length:.4f} bits a step"
    starts = (
        "; one start only: stability not measured"
        if found.stability is None
        else f"; stability: found again by {found.n_starts} starts, mean (lowest to highest)"
    )
    return what + bits + starts


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row for a reader: stability and its range in one cell."""
    if row["stability"] is None:
        return row
    low, high = row["stability_range"]
    return {**row, "stability": f"{row['stability']:.2f} ({low:.2f} to {high:.2f})"}
