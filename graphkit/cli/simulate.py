"""``graphkit simulate``: expected spread from given seeds."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.memory import emit_memory
from graphkit.cli.models import model_of, model_options
from graphkit.cli.node_values import node_values
from graphkit.cli.options import (
    ID_LISTS,
    engine_option,
    graph_options,
    min_evidence_option,
    output_options,
    probability_option,
    seed_option,
)

if TYPE_CHECKING:
    from graphkit.diffusion.spread import SpreadEstimate
    from graphkit.projection.projection import Projection

__all__ = ["simulate"]

STEPS_SHOWN = 12
COLUMNS = ("step", "newly_active", "lower", "upper")


@click.command(
    cls=Command,
    examples=[
        "graphkit simulate --seeds u0001 --model ic --probability 0.1 --worlds 2000",
        "graphkit simulate --seeds u0001 --model sir --transmission 0.3 --recovery 0.5 --max-steps 20",
    ],
)
@click.option(
    "--seeds", type=ID_LISTS, required=True, help="Nodes active at the start: ids or LABEL:ID, separated by commas."
)
@model_options("ic", "lt", "sir", "sis", "si")
@click.option(
    "--worlds", type=click.IntRange(min=1), default=10_000, help="Simulated worlds; four times as many halve the error."
)
@click.option("--max-steps", type=click.IntRange(min=0), help="Hops counted at most.")
@click.option(
    "--top",
    type=click.IntRange(min=0),
    default=0,
    help="Also list that many nodes most often active (writes their ids).",
)
@click.option(
    "--estimate", is_flag=True, help="Only tell how much memory and time the run would take, by small trials of it."
)
@click.option(
    "--value", metavar="PROPERTY", help="Node property that weighs each node; without it every node counts 1."
)
@probability_option("weighted_cascade")
@graph_options
@min_evidence_option
@seed_option
@engine_option
@output_options
@pass_app
def simulate(
    app: App,
    seeds: tuple[str, ...],
    model: str,
    worlds: int,
    max_steps: int | None,
    transmission: float,
    recovery: float,
    top: int,
    estimate: bool,
    value: str | None,
    probability: str | float,
    nodes: tuple[str, ...],
    via: tuple[str, ...],
    min_evidence: str | None,
    seed: int,
    engine: str,
    form: str | None,
    output: str | None,
) -> None:
    """Estimate how many nodes the seeds reach, in all and step by step, each with a 95 % interval."""
    from graphkit.cli.graphs import inhabited_graph, seed_rows
    from graphkit.cli.output import emit
    from graphkit.diffusion.spread import estimate_spread
    from graphkit.influence.duration import estimate_seconds

    snapshot, graph = inhabited_graph(app, nodes, via, probability, min_evidence)
    weights = None if value is None else node_values(snapshot, graph, value, None)
    rows = seed_rows(graph, seeds, snapshot, nodes)
    spreads = model_of(model, transmission, recovery)
    run = partial(
        estimate_spread, graph, rows, model=spreads, max_steps=max_steps, value=weights, rng=seed, engine=engine
    )
    if estimate:
        with app.working("time small trials"):
            seconds = estimate_seconds(lambda n: run(n_worlds=n), worlds)
        emit_memory(graph, form, output, seconds=seconds, work="spread", model=spreads, rng=seed)
        return
    with app.working("simulate worlds") as progress:
        result = run(n_worlds=worlds, progress=progress)
    steps = _steps(result)
    document = {"schema_version": 1, "model": model, "seeds": list(seeds), **_document(graph, result, steps)}
    document["assumptions"] = app.assumptions
    if top:
        document["most_active"] = _most_active(graph, result, top)
    text = _text(document, steps, seed)
    emit(form=form, output=output, rows=steps, columns=COLUMNS, document=document, text=text)
    if model == "ic" and len(steps) > 1 and not (nodes or via or value or min_evidence):
        _look_up(app, seeds, probability)


def _look_up(app: App, seeds: tuple[str, ...], probability: str | float) -> None:
    """Name the query that gives step 1 from the graph, where no chance is drawn or learned."""
    from graphkit.store.queries import query_command

    given = {"probability": probability} if isinstance(probability, float) else {}
    if given or probability == "weighted_cascade":
        named = [seed.removeprefix("User:") for seed in seeds]
        app.say(f"look up a row: {query_command('simulate/first_step', {'seeds': named, **given, 'minCell': 1})}")


def _steps(result: SpreadEstimate) -> list[dict[str, Any]]:
    """Return how many became active in each step, with the interval of each."""
    return [
        {"step": step, "newly_active": new, "lower": low, "upper": high}
        for step, (new, (low, high)) in enumerate(
            zip(result.by_step.tolist(), result.step_interval().tolist(), strict=True)
        )
    ]


def _document(graph: Projection, result: SpreadEstimate, steps: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what JSON says of the estimate."""
    from graphkit.cli.replay import replay

    return {
        "n_nodes": graph.n_nodes,
        "n_arcs": graph.n_arcs,
        "mean": result.mean,
        "std_error": result.std_error,
        "interval": list(result.interval()),
        "n_worlds": result.n_worlds,
        "by_step": [row["newly_active"] for row in steps],
        "by_step_interval": [[row["lower"], row["upper"]] for row in steps],
        "replay": replay(result.manifest, worlds=result.n_worlds),
        "manifest": result.manifest,
    }


def _most_active(graph: Projection, result: SpreadEstimate, top: int) -> list[dict[str, Any]]:
    """Return the nodes active in most worlds, ties by their place in the graph."""
    order = np.lexsort((np.arange(graph.n_nodes), -result.activation))[:top]
    return [_node(graph.id_of(int(row)), float(result.activation[row]), result.n_worlds) for row in order]


def _text(document: dict[str, Any], steps: list[dict[str, Any]], seed: int) -> str:
    """Return what a person reads: the reach, the steps, the nodes asked for and how to run it again."""
    from graphkit.intervals import counted

    n, (lower, upper) = len(document["seeds"]), document["interval"]
    text = f"{counted(n, 'seed reaches', 'seeds reach')} {document['mean']:,.2f} of {document['n_nodes']:,} nodes (95 %: {lower:,.2f} to {upper:,.2f}; {counted(document['n_worlds'], 'world', 'worlds')}, seed {seed})"
    text += "\nnewly active by step (0 = the seeds):\n" + _steps_text(steps).rstrip("\n")
    text += _nodes_text(document.get("most_active", []))
    return f"{text.rstrip()}\nreplay: {document['replay']['command']}"


def _steps_text(steps: list[dict[str, Any]]) -> str:
    """Return the first steps as a table, numbers to the digits that their intervals support."""
    from graphkit.cli.output import table
    from graphkit.intervals import digits_of

    rows = []
    for row in steps[:STEPS_SHOWN]:
        digits = digits_of((row["upper"] - row["lower"]) / 2)
        rows.append({"step": row["step"], **{name: round(row[name], digits) for name in COLUMNS[1:]}})
    hidden = len(steps) > STEPS_SHOWN
    more = f"shown up to step {STEPS_SHOWN - 1} of {len(steps) - 1}; --format json lists all" if hidden else ""
    return table(rows) + more


def _nodes_text(rows: list[dict[str, Any]]) -> str:
    """Return the nodes most often active as a table under its heading; nothing when none was asked for."""
    if not rows:
        return ""
    from graphkit.cli.output import short_numbers, table

    each = ({**row, "lower": row["interval"][0], "upper": row["interval"][1]} for row in rows)
    shown = table([short_numbers(row) for row in each], ("node", "activation", "lower", "upper"))
    return "\n\nmost often active:\n" + shown


def _node(name: Any, share: float, n_worlds: int) -> dict[str, Any]:
    """One node: the share of worlds in which it became active, with Wilson's interval."""
    from graphkit.intervals import wilson

    lower, upper = wilson(round(share * n_worlds), n_worlds)
    return {"node": name, "activation": share, "interval": [lower, upper]}
