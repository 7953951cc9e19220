"""``graphkit communities``: groups of users or pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import numpy as np

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.options import graph_options, output_options, seed_option

if TYPE_CHECKING:
    from graphkit.projection.projection import Projection

__all__ = ["communities", "community_rows"]

COLUMNS = ("community", "size", "share", "largest", "n_communities", "modularity")
MEMBERS = ("label", "id", "community", "n_communities", "modularity")
_NAMED = 3


@click.command(cls=Command, examples=["graphkit communities", "graphkit communities --nodes Brand --nodes Channel --via LINKED_WITH --effort fast"])
@click.option("--effort", type=click.Choice(["fast", "balanced", "thorough"]), default="balanced", help="Time spent on a better partition.")
@click.option("--resolution", type=click.FloatRange(0, min_open=True), default=1.0, help="Above 1: more and smaller communities.")
@click.option("--members", is_flag=True, help="One row per node instead of one per community (writes ids).")
@click.option("--write", is_flag=True, help="Also store the number of the community on each node.")
@graph_options
@seed_option
@output_options
@pass_app
def communities(
    app: App, effort: str, resolution: float, members: bool, write: bool, nodes: tuple[str, ...], via: tuple[str, ...], seed: int,
    form: str | None, output: str | None,
) -> None:
    """Find communities: every one connected, the same for any number of workers."""
    from graphkit.cli.graphs import propagation_graph
    from graphkit.cli.output import emit
    from graphkit.community.leiden import communities as find

    graph = propagation_graph(app.snapshot(), nodes, via, None)
    with app.timed("communities"):
        found = find(graph, resolution=resolution, effort=effort, rng=seed)
    rows = _member_rows(graph, found) if members else community_rows(graph, found)
    emit(form=form, output=output, rows=rows, columns=MEMBERS if members else COLUMNS, color=app.settings.color)
    if write:
        app.say(f"wrote the community of {_write(app, graph, found, seed):,} nodes")


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
        rows.append({
            "community": int(number), "size": int(sizes[number]), "share": float(sizes[number] / labels.size),
            "largest": [graph.id_of(int(row)) for row in best], "n_communities": int(found.n_communities), "modularity": float(found.modularity),
        })
    return rows


def _member_rows(graph: Projection, found: Any) -> list[dict[str, Any]]:
    """Return one row per node."""
    kinds = graph.nodes.labels
    return [
        {"label": None if kinds is None else str(kinds[row]), "id": graph.id_of(row), "community": int(number),
         "n_communities": int(found.n_communities), "modularity": float(found.modularity)}
        for row, number in enumerate(found.labels)
    ]


def _write(app: App, graph: Projection, found: Any, seed: int) -> int:
    """Store the community of each node; return how many were written."""
    kinds = graph.nodes.labels
    run, written = f"communities-{seed}-{found.manifest.digest[:8]}", 0
    for label in dict.fromkeys(kinds.tolist() if kinds is not None else ["User"]):
        rows = np.flatnonzero(kinds == label) if kinds is not None else np.arange(graph.n_nodes)
        values = {"community": np.asarray(found.labels)[rows].astype(np.int64)}
        written += app.open().write_back(str(label), graph.nodes.ids_of(rows), values, run)
    return written
