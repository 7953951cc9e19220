"""``graphkit seeds``: the users to start with."""

from __future__ import annotations

from typing import Any

import click
import numpy as np

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command, Option
from graphkit.cli.memory import emit_memory
from graphkit.cli.models import model_of, model_options
from graphkit.cli.node_values import node_texts, node_values
from graphkit.cli.options import (
    MONEY,
    engine_option,
    graph_options,
    min_evidence_option,
    output_options,
    probability_option,
    seed_option,
    time_limit_option,
)

__all__ = ["seeds"]

COLUMNS = ("order", "node")


@click.command(
    cls=Command,
    examples=[
        "graphkit seeds --k 5 --probability weighted_cascade",
        "graphkit seeds --budget 40 --unit-cost 10 --ratio 0.8 --time-limit 60",
        "graphkit seeds --k 5 --model sir --transmission 0.3 --recovery 0.5",
    ],
)
@click.option("--k", type=click.IntRange(min=1), help="How many seeds.")
@click.option("--budget", type=MONEY, help="What they may cost together, instead of --k.")
@click.option(
    "--unit-cost",
    cls=Option,
    needs="--budget",
    type=MONEY,
    default=1.0,
    help="Cost of a node without --cost, with --budget.",
)
@click.option(
    "--cost",
    "cost",
    cls=Option,
    needs="--budget",
    metavar="PROPERTY",
    help="Node property that holds its cost, with --budget.",
)
@model_options("ic", "lt", "sir", "si")
@click.option(
    "--epsilon",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.1,
    help="Loss of quality the stopping rule may accept.",
)
@click.option(
    "--delta",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Chance that the certificate is wrong.  [default: 1 / nodes]",
)
@click.option(
    "--ratio", type=click.FloatRange(0, 1), help="Sample on until the certificate reaches that (exit 6 when it cannot)."
)
@click.option("--max-steps", type=click.IntRange(min=0), help="Hops counted at most.")
@click.option(
    "--memory-limit",
    type=click.IntRange(min=1),
    metavar="MB",
    help="Megabytes the samples may take beyond the graph.  [default: 4096]",
)
@click.option(
    "--value", metavar="PROPERTY", help="Node property that weighs each node reached; without it every node counts 1."
)
@click.option("--group", metavar="PROPERTY", help="Node property that groups the candidates, with --per-group.")
@click.option("--per-group", type=click.IntRange(min=1), help="Most seeds with the same --group.")
@click.option("--estimate", is_flag=True, help="Only tell how much memory the run would take, round by round.")
@time_limit_option
@probability_option("weighted_cascade")
@graph_options
@min_evidence_option
@seed_option
@engine_option
@output_options
@pass_app
def seeds(
    app: App,
    k: int | None,
    budget: float | None,
    unit_cost: float,
    cost: str | None,
    model: str,
    transmission: float,
    recovery: float,
    epsilon: float,
    delta: float | None,
    ratio: float | None,
    max_steps: int | None,
    memory_limit: int | None,
    value: str | None,
    group: str | None,
    per_group: int | None,
    estimate: bool,
    time_limit: float | None,
    probability: str | float,
    nodes: tuple[str, ...],
    via: tuple[str, ...],
    min_evidence: str | None,
    seed: int,
    engine: str,
    form: str | None,
    output: str | None,
) -> None:
    """Choose seed users whose word of mouth goes furthest, with a guarantee."""
    from graphkit.cli.graphs import inhabited_graph
    from graphkit.errors import Unfinished
    from graphkit.influence.greedy import select_seeds

    if (group is None) != (per_group is None):
        raise click.UsageError("--group and --per-group belong together.")
    if (k is None) == (budget is None):
        raise click.UsageError("Give --k or --budget (exactly one of them).")
    snapshot, graph = inhabited_graph(app, nodes, via, probability, min_evidence)
    limit = None if memory_limit is None else memory_limit << 20
    worth = None if value is None else node_values(snapshot, graph, value, None)
    spreads = model_of(model, transmission, recovery)
    if estimate:
        emit_memory(graph, form, output, model=spreads, value=worth, max_steps=max_steps, memory_limit=limit, rng=seed)
        return
    wanted: dict[str, Any] = {"k": k}
    if budget is not None:
        wanted = {"budget": budget, "cost": _costs(snapshot, graph, cost, unit_cost)}
    if group is not None:
        wanted |= {"group": node_texts(snapshot, graph, group), "per_group": per_group}
    late: Unfinished | None = None
    try:
        with app.working("choose seeds") as progress:
            result = select_seeds(
                graph,
                **wanted,
                model=spreads,
                epsilon=epsilon,
                delta=delta,
                ratio=ratio,
                max_steps=max_steps,
                value=worth,
                time_limit=time_limit,
                memory_limit=limit,
                rng=seed,
                engine=engine,
                progress=progress,
            )
    except Unfinished as error:
        if error.best is None:
            raise
        late, result = error, error.best
    _emit_seeds(result, graph, form, output, app.assumptions, complete=late is None)
    if late is not None:
        raise late


def _costs(snapshot: Any, graph: Any, name: str | None, unit_cost: float) -> Any:
    """Return what each node costs: its property, the unit cost where it has none."""
    return np.full(graph.n_nodes, unit_cost) if name is None else node_values(snapshot, graph, name, unit_cost)


def _emit_seeds(
    result: Any, graph: Any, form: str | None, output: str | None, assumptions: list[str], *, complete: bool
) -> None:
    """Print a selection: the seeds, what they reach, what is guaranteed."""
    from graphkit.cli.output import emit
    from graphkit.cli.replay import replay
    from graphkit.intervals import counted

    rows = [{"order": i, "node": graph.id_of(int(row))} for i, row in enumerate(result.seeds, 1)]
    interval, guarantee = list(result.interval()), result.certificate
    document = {
        "schema_version": 1,
        "seeds": [row["node"] for row in rows],
        "spread": result.spread,
        "spread_interval": interval,
        "n_nodes": graph.n_nodes,
        "certificate": guarantee,
        "n_rr_sets": result.n_rr_sets,
        "replay": (again := replay(result.manifest, sets=result.n_rr_sets)),
        "manifest": result.manifest,
        "complete": complete,
        "assumptions": assumptions,
    }
    text = (
        f"{counted(len(rows), 'seed reaches', 'seeds reach')} {result.spread:,.1f} (95 %: {interval[0]:,.1f} to {interval[1]:,.1f}) of {graph.n_nodes:,} nodes; "
        f"at least {guarantee.ratio:.3f} of the best possible (within the model, wrong with chance {guarantee.delta:.2g})\n"
    )
    text += ", ".join(row["node"] for row in rows) + f"\nreplay: {again['command']}"
    emit(form=form, output=output, rows=rows, columns=COLUMNS, document=document, text=text)
