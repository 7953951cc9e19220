"""``graphkit plan``: the channels to buy."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.options import (
    MONEY,
    LabelId,
    dry_run_option,
    engine_option,
    for_option,
    graph_options,
    min_evidence_option,
    output_options,
    probability_option,
    seed_option,
    time_limit_option,
)

__all__ = ["plan"]


@click.command(
    cls=Command,
    examples=[
        "graphkit plan --for Film:f01 --budget 2000",
        "graphkit plan --for Film:f01 --budget 2000 --probability 0.05 --seed 7 --format json -o plan.json",
        'graphkit plan --for Film:f01 --budget 2000 --waves 2 --target "age>=18"',
    ],
)
@for_option
@click.option("--budget", type=MONEY, required=True, help="Money that may be spent, in the currency of the data.")
@click.option(
    "--objective",
    metavar="GOAL",
    default="reach",
    help="What to maximise: reach, purchases, value, loyalty, or a weighted sum such as reach=1,value=0.02.",
)
@click.option(
    "--waves", type=click.IntRange(1, 1000), default=1, help="Number of waves; their gap and money stand in the rules."
)
@click.option("--target", metavar="EXPR", help="Only these users count, such as: age>=18 and region='上海'.")
@click.option(
    "--rules",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Rules in TOML: required, forbidden, least, most, capacity, days_to_start, gap_days, wave_budgets, starts_ts ...",
)
@click.option(
    "--robust",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="Q",
    help="Maximise the Q-quantile over draws of the unknown chances instead of the mean.",
)
@click.option("--pareto", metavar="GOAL,GOAL", help="Also list plans between these goals, such as reach,value.")
@min_evidence_option
@click.option(
    "--min-cell",
    type=click.IntRange(min=0),
    default=0,
    help="Leave out channels whose audience has fewer users with consent; 50 is usual where numbers leave the house.",
)
@click.option("--max-steps", type=click.IntRange(min=0), help="Hops of word of mouth counted at most.")
@probability_option("weighted_cascade")
@graph_options
@click.option("--keep/--no-keep", default=True, help="Keep the plan beside the store under its id.")
@click.option("--write", is_flag=True, help="Also store the plan as nodes, for queries such as plan/items.")
@dry_run_option
@time_limit_option
@seed_option
@engine_option
@output_options
@pass_app
def plan(  # the options of the contract
    app: App,
    for_: LabelId,
    budget: float,
    objective: str,
    waves: int,
    target: str | None,
    rules: str | None,
    robust: float | None,
    pareto: str | None,
    min_evidence: str | None,
    min_cell: int,
    max_steps: int | None,
    probability: str | float,
    nodes: tuple[str, ...],
    via: tuple[str, ...],
    keep: bool,
    write: bool,
    dry_run: bool,
    time_limit: float | None,
    seed: int,
    engine: str,
    form: str | None,
    output: str | None,
) -> None:
    """Choose the channels that reach most people for the budget, overlaps counted once.

    Prints the plan with intervals, a guarantee and reasons, and keeps it beside the store under its id.
    """
    from graphkit.cli.graphs import check_labels, check_types
    from graphkit.cli.plans import made_and_printed
    from graphkit.planning.channels import plan as make_plan

    more: dict[str, Any] = {"nodes": check_labels(nodes)} if nodes else {}
    more |= {"via": check_types(via)} if via else {}
    more |= {"pareto": pareto} if pareto else {}
    more |= {"time_limit": time_limit} if time_limit is not None else {}
    call = partial(
        make_plan,
        app.snapshot(learned=probability == "learned", about=str(for_)),
        for_=str(for_),
        budget=_whole(budget),
        probability=probability,
        objective=objective,
        waves=waves,
        target=target,
        rules=rules,
        robust=robust,
        min_evidence=min_evidence,
        min_cell=min_cell,
        max_steps=max_steps,
        engine=engine,
        rng=seed,
        **more,
    )
    made_and_printed(app, "plan", call, keep=keep, write=write, dry_run=dry_run, form=form, output=output)


def _whole(amount: float) -> float | int:
    """Return a whole amount as an integer, as it was typed."""
    return int(amount) if amount.is_integer() else amount
