"""``graphkit seeds``: the users to start with."""

from __future__ import annotations

from typing import Any

import click
import numpy as np

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.options import (
    MONEY,
    engine_option,
    graph_options,
    output_options,
    probability_option,
    seed_option,
    time_limit_option,
)

__all__ = ["seeds"]

COLUMNS = ("order", "node")


@click.command(
    cls=Command,
    examples=["graphkit seeds --k 5 --probability weighted_cascade", "graphkit seeds --budget 40 --unit-cost 10 --ratio 0.8 --time-limit 60"],
)
@click.option("--k", type=click.IntRange(min=1), help="How many seeds.")
@click.option("--budget", type=MONEY, help="What they may cost together, instead of --k.")
@click.option("--unit-cost", type=MONEY, default=1.0, help="Cost of a node without --cost, with --budget.")
@click.option("--cost", "cost", metavar="PROPERTY", help="Node property that holds its cost, with --budget.")
@click.option("--model", type=click.Choice(["ic", "lt"]), default="ic", help="Independent cascade or linear threshold.")
@click.option("--epsilon", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.1, help="Loss of quality the stopping rule may accept.")
@click.option("--delta", type=click.FloatRange(0, 1, min_open=True, max_open=True), help="Chance that the certificate is wrong.  [default: 1 / nodes]")
@click.option("--ratio", type=click.FloatRange(0, 1), help="Sample on until the certificate reaches that (exit 6 when it cannot).")
@click.option("--max-steps", type=click.IntRange(min=0), help="Hops counted at most.")
@time_limit_option
@probability_option("weighted_cascade")
@graph_options
@seed_option
@engine_option
@output_options
@pass_app
def seeds(
    app: App, k: int | None, budget: float | None, unit_cost: float, cost: str | None, model: str, epsilon: float, delta: float | None,
    ratio: float | None, max_steps: int | None, time_limit: float | None, probability: str | float, nodes: tuple[str, ...], via: tuple[str, ...], seed: int,
    engine: str, form: str | None, output: str | None,
) -> None:
    """Choose seed users whose word of mouth goes furthest, with a guarantee."""
    from graphkit.cli.graphs import propagation_graph
    from graphkit.cli.output import emit
    from graphkit.errors import Unfinished
    from graphkit.influence.greedy import select_seeds

    if (k is None) == (budget is None):
        raise click.UsageError("Give --k or --budget (exactly one of them).")
    snapshot = app.snapshot(learned=probability == "learned")
    graph = propagation_graph(snapshot, nodes, via, probability)
    wanted: dict[str, Any] = {"k": k} if budget is None else {"budget": budget, "cost": _costs(snapshot, graph, cost, unit_cost)}
    late: Unfinished | None = None
    try:
        with app.progress() as progress:
            result = select_seeds(
                graph, **wanted, model=model, epsilon=epsilon, delta=delta, ratio=ratio, max_steps=max_steps, time_limit=time_limit,
                rng=seed, engine=engine, progress=progress,
            )
    except Unfinished as error:
        if error.best is None:
            raise
        late, result = error, error.best
    rows = [{"order": i, "node": graph.id_of(int(row))} for i, row in enumerate(result.seeds, 1)]
    spread = getattr(result.spread, "mean", result.spread)
    document = {
        "schema_version": 1, "seeds": [row["node"] for row in rows], "spread": spread, "n_nodes": graph.n_nodes, "certificate": result.certificate,
        "n_rr_sets": result.n_rr_sets, "manifest": result.manifest, "complete": late is None,
    }
    guarantee = result.certificate
    text = (f"{len(rows)} seeds reach about {spread:,.1f} of {graph.n_nodes:,} nodes; at least {guarantee.ratio:.3f} of the best possible"
            f" (within the model, wrong with chance {guarantee.delta:.2g})\n" + ", ".join(graph.id_of(int(row)) for row in result.seeds))
    emit(form=form, output=output, rows=rows, columns=COLUMNS, document=document, text=text)
    if late is not None:
        raise late


def _costs(snapshot: Any, graph: Any, name: str | None, unit: float) -> Any:
    """Return the cost of every row of the graph."""
    if name is None:
        return np.full(graph.n_nodes, unit)
    labels = graph.nodes.labels
    costs = np.full(graph.n_nodes, unit)
    columns = {label: (snapshot.nodes(label).row_of(), snapshot.nodes(label).column(name)) for label in dict.fromkeys(labels.tolist())}
    for row in range(graph.n_nodes):
        position, column = columns[str(labels[row])]
        value = column[position[graph.id_of(row)]]
        costs[row] = unit if value is None else float(value)
    return costs
