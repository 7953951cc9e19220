"""``graphkit experiment``: design by clusters of friends, analyse with spillover."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command, Group, Option
from graphkit.cli.options import dry_run_option, output_options, probability_option, seed_option
from graphkit.model.schema import USER_TIES

if TYPE_CHECKING:
    from graphkit.experiment.design import ExperimentDesign
    from graphkit.projection.projection import Projection

__all__ = ["experiment"]

CLUSTERS = ("cluster", "size", "stratum", "arm")
EFFECTS = ("effect", "estimator", "value", "lower", "upper", "std_error", "n_users", "n_clusters", "excluded")
KIND = click.option("--kind", cls=Option, needs="--events", default="purchase", help="The kind of event that is a yes.")


@click.group(
    cls=Group,
    examples=[
        "graphkit experiment design --mde 0.05 -o design.json",
        "graphkit experiment analyse design.json --events data/",
    ],
)
def experiment() -> None:
    """Test a measure on people who talk to each other."""


@experiment.command(
    cls=Command,
    examples=[
        "graphkit experiment design --mde 0.05 -o design.json",
        "graphkit experiment design plan.json --arms 2 --events data/ --assignment arms.csv",
    ],
)
@click.argument("plan", required=False)
@click.option("--arms", type=click.IntRange(2, 2), default=2, help="Number of arms: treatment and control.")
@click.option(
    "--mde",
    type=float,
    metavar="DIFFERENCE",
    help="Difference in the outcome's share to be seen.  [default: the smallest with power 0.8]",
)
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.5,
    help="Share of the clusters to treat.",
)
@click.option(
    "--saturation",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    help="Share of users treated in a treated cluster; below 1 shows spillover directly.",
)
@click.option(
    "--theta",
    type=click.FloatRange(0.5, 1, min_open=True),
    help="Share of friends' influence that counts as all.  [default: 0.9, less with --saturation]",
)
@click.option(
    "--baseline",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.1,
    help="Share of yes without treatment, if --events does not tell.",
)
@click.option(
    "--icc",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.02,
    help="How alike users of a cluster are, if --events does not tell.",
)
@click.option("--events", type=click.Path(), help="Past events: give baseline, likeness and strata.")
@KIND
@click.option(
    "--clusters",
    type=click.IntRange(min=20),
    help="Wanted number of clusters.  [default: one per 30 users, at most 100]",
)
@click.option(
    "--resolution",
    type=click.FloatRange(0, min_open=True),
    help="Of the communities.  [default: the first from 1 on that gives 20 clusters]",
)
@click.option(
    "--max-cut", type=click.FloatRange(0, 1), default=0.5, help="Largest share of influence that may cross clusters."
)
@probability_option("weighted_cascade")
@click.option(
    "--assignment",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Also write user, cluster, arm there (writes ids).",
)
@click.option(
    "--write",
    is_flag=True,
    help="Also store experiment, arms and communities as nodes, for queries such as experiments/arms.",
)
@dry_run_option
@seed_option
@output_options
@pass_app
def design(
    app: App,
    /,
    plan: str | None,
    probability: str | float,
    seed: int,
    form: str | None,
    output: str | None,
    **more: Any,
) -> None:
    """Draw by lot which clusters of friends are treated, and say what the test can see.

    Write it with -o design.json: the analysis needs it. With PLAN the plan must exist; its id is printed with the design.
    """
    from graphkit.cli.output import emit, frame_rows
    from graphkit.experiment.design import design_experiment

    tested = None if plan is None else _plan_id(app, plan)
    graph = _graph(app, probability)
    past = None if more["events"] is None else _outcome_of_events(app, graph, more["events"], more["kind"], None, None)
    with app.working("design the test") as progress:
        found = design_experiment(
            graph,
            mde=more["mde"],
            baseline=more["baseline"],
            icc=more["icc"],
            past=past,
            share=more["share"],
            saturation=more["saturation"],
            theta=more["theta"],
            resolution=more["resolution"],
            n_clusters=more["clusters"],
            max_cut=more["max_cut"],
            rng=seed,
            progress=progress,
        )
    document = {**found.to_dict(), "tests": tested, "probability": probability}
    rows = frame_rows(found.to_frame())
    text = _design_text(found, tested)
    emit(form=form, output=output, rows=rows, columns=list(CLUSTERS), document=document, text=text)
    for note in found.assumptions:
        app.say(f"note: {note}")
    if more["assignment"]:
        _write_assignment(more["assignment"], graph, found)
    if more["dry_run"]:
        app.say(f"--write would write 1 Experiment, {more['arms']} Arm and {len(rows):,} Community")
    elif more["write"]:
        from graphkit.store.experiments import save_experiment

        app.say(
            f"wrote experiment {save_experiment(app.open(), found.to_dict(), graph.nodes.ids_of(range(graph.n_nodes)), plan=tested)}"
        )


@experiment.command(
    cls=Command,
    examples=[
        "graphkit experiment analyse design.json --events data/ --kind purchase",
        "graphkit experiment analyse design.json --outcomes results.csv --outcome bought",
    ],
)
@click.argument("design", type=click.Path())
@click.option("--events", type=click.Path(), help="Events of the experiment; a user with one of --kind is a yes.")
@KIND
@click.option(
    "--since",
    cls=Option,
    needs="--events",
    type=float,
    metavar="TS",
    help="Count events from that moment on (epoch seconds).  [default: all]",
)
@click.option("--until", cls=Option, needs="--events", type=float, metavar="TS", help="... and before that one.")
@click.option(
    "--outcomes", type=click.Path(), help="Or a table with one row per user; users without a row were not measured."
)
@click.option(
    "--outcome", cls=Option, needs="--outcomes", metavar="COLUMN", help="With --outcomes: the column of numbers."
)
@click.option(
    "--id",
    "id_",
    cls=Option,
    needs="--outcomes",
    metavar="COLUMN",
    default="user",
    help="With --outcomes: the column of user ids.",
)
@click.option(
    "--theta",
    type=click.FloatRange(0.5, 1, min_open=True),
    help="Share of friends' influence that counts as all.  [default: that of the design]",
)
@click.option("--redraws", type=click.IntRange(min=100), default=1000, help="Redraws behind the exposure chances.")
@output_options
@pass_app
def analyse(
    app: App, /, design: str, theta: float | None, redraws: int, form: str | None, output: str | None, **more: Any
) -> None:
    """Estimate direct, spillover and total effect with intervals, the naive number beside them."""
    from graphkit.cli.output import emit, frame_rows, short_numbers, table
    from graphkit.experiment.analyse import analyse_experiment

    if (more["events"] is None) == (more["outcomes"] is None):
        raise click.UsageError("give --events or --outcomes: what did people do?")
    planned, probability = _read_design(design)
    graph = _graph(app, probability)
    if more["events"] is not None:
        outcome = _outcome_of_events(app, graph, more["events"], more["kind"], more["since"], more["until"])
    else:
        outcome = _outcome_of_table(graph, more["outcomes"], more["outcome"], more["id_"])
    with app.working("analyse the test") as progress:
        found = analyse_experiment(planned, graph, outcome, theta=theta, n_redraws=redraws, progress=progress)
    rows = frame_rows(found.effects)
    effects, exposure = ([short_numbers(row) for row in part] for part in (rows, frame_rows(found.exposure)))
    head = f"{found.n_users:,} users, {found.n_missing:,} not measured; randomisation p {found.p_value:.3g}\n"
    text = head + table(effects, EFFECTS) + "\n" + table(exposure)
    emit(form=form, output=output, rows=rows, columns=list(EFFECTS), document=found.to_dict(), text=text)
    for note in found.assumptions:
        app.say(f"note: {note}")


def _graph(app: App, probability: str | float) -> Projection:
    """Users who agreed to experiments, and who influences whom."""
    from graphkit.projection.build import project

    spec: Any = 0.0 if probability == "none" else probability
    return project(
        app.snapshot(learned=probability == "learned"), types=USER_TIES, probability=spec, purpose="experiment"
    )


def _plan_id(app: App, plan: str) -> str:
    """Return the id of a plan that exists."""
    from graphkit.cli.plans import find_plan

    return str(find_plan(app, plan)["plan"])


def _outcome_of_events(
    app: App, graph: Projection, path: str, kind: str, since: float | None, until: float | None
) -> Any:
    """Return 1 for users with an event of the kind in the window, 0 for the others: the log is complete."""
    import numpy as np

    from graphkit.errors import DataInvalid
    from graphkit.store.files import read_events

    events = read_events(path)
    inside = events[(events["kind"] == kind) & (events["ts"] >= (since or 0.0))]
    if until is not None:
        inside = inside[inside["ts"] < until]
    if not len(inside):
        raise DataInvalid(
            f"{path} has no event of kind {kind!r} in the window",
            source=path,
            rule="events",
            hint=f"its kinds: {', '.join(sorted(events['kind'].unique()))}",
        )
    known = {graph.id_of(row): row for row in range(graph.n_nodes)}
    outcome = np.zeros(graph.n_nodes)
    rows = [known[u] for u in inside["user"] if u in known]
    outcome[rows] = 1.0
    others = len(inside) - len(rows)
    if others:
        app.say(
            f"{others:,} of {len(inside):,} events belong to users who are not in the graph or did not agree to experiments"
        )
    return outcome


def _outcome_of_table(graph: Projection, path: str, column: str | None, id_: str) -> Any:
    """Return the numbers of a table, NaN for users without a row."""
    import numpy as np

    from graphkit.outcomes.tables import check_columns, numeric, read_table

    if not column:
        raise click.UsageError("name the column of the outcome: --outcome")
    frame, name = read_table(path, id=id_)
    check_columns(frame, [id_, column], name)
    measured = frame[frame[column].notna()].reset_index(drop=True)
    known = {graph.id_of(row): row for row in range(graph.n_nodes)}
    outcome = np.full(graph.n_nodes, np.nan)
    if len(measured):
        for user, value in zip(measured[id_].astype(str), numeric(measured, column, name), strict=True):
            if user in known:
                outcome[known[user]] = value
    return outcome


def _read_design(path: str) -> tuple[ExperimentDesign, str | float]:
    """Return the design in a file of JSON, and the chances it was made with."""
    from graphkit.errors import DataInvalid
    from graphkit.experiment.design import ExperimentDesign

    hint = "write it with graphkit experiment design --format json -o design.json"
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise DataInvalid(
            f"the design {path} cannot be read: {error.strerror}", source=path, rule="file-unreadable", hint=hint
        ) from error
    except ValueError as error:
        raise DataInvalid(f"{path} is no JSON of a design: {error}", source=path, rule="design", hint=hint) from error
    if not isinstance(data, dict) or "treated_clusters" not in data or "probability" not in data:
        raise DataInvalid(f"{path} is no design of an experiment", source=path, rule="design", hint=hint)
    return ExperimentDesign.from_dict(data), data["probability"]


def _design_text(found: ExperimentDesign, tested: str | None) -> str:
    """Say what a person needs to know of a design."""
    low, high = found.power_interval
    return (
        f"{f'tests plan {tested}: ' if tested else ''}{found.n_users:,} users in {found.n_clusters} clusters (effective {found.effective_clusters:.1f}), "
        f"{int(found.treated_clusters.sum())} treated with {int(found.treated.sum()):,} users; {found.cut_share:.0%} of the influence crosses clusters\n"
        f"power {found.power:.2f} (95 %: {low:.2f} to {high:.2f}) for a total effect of {found.mde:+.4g} on {found.baseline:.4g}; design effect {found.design_effect:.2f}, theta {found.theta:g}\n"
        f"exposures (own arm _ friends):\n{_exposures_text(found)}"
    )


def _exposures_text(found: ExperimentDesign) -> str:
    """Return how many users can be in each class of exposure, and their mean chance of it, as a table."""
    from graphkit.cli.output import frame_rows, table

    return table(
        [
            {"exposure": row["exposure"], "users": row["users"], "mean_chance": round(row["probability"], 3)}
            for row in frame_rows(found.exposure)
        ]
    )


def _write_assignment(path: str, graph: Projection, found: ExperimentDesign) -> None:
    """Write who is in which cluster and arm, as asked for."""
    from graphkit.cli.output import write_out
    from graphkit.report.records import write_records

    rows = [
        {
            "user": graph.id_of(row),
            "cluster": int(found.cluster[row]),
            "arm": "treatment" if found.treated[row] else "control",
        }
        for row in range(graph.n_nodes)
    ]
    write_out(write_records(rows, "csv"), path)
