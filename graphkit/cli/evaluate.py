"""``graphkit evaluate``: a plan against what happened, and where people were lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command, Option
from graphkit.cli.options import output_options, seed_option

if TYPE_CHECKING:
    from graphkit.planning.evaluate import Evaluation

__all__ = ["evaluate"]

_SHOWN = ("channel", "metric", "value", "lower", "upper", "n", "unit")


@click.command(
    cls=Command,
    examples=[
        "graphkit evaluate plan.json --events data/",
        "graphkit evaluate plan.json --events data/ --funnel --by channel",
        "graphkit evaluate plan.json --events data/ --experiment effects.json --margin 40",
    ],
)
@click.argument("plan")
@click.option("--events", required=True, type=click.Path(), help="Event files, or the directory that holds events/.")
@click.option(
    "--days",
    type=click.IntRange(min=1),
    default=30,
    help="Window from a user's first exposure, of conversion and funnel.",
)
@click.option("--min-cell", type=click.IntRange(min=1), default=50, help="Hide figures about fewer users.")
@click.option(
    "--retention-day", type=click.IntRange(min=1), default=7, help="Retention counts activity on days d to d+6."
)
@click.option("--target", metavar="EXPR", help='Target group, such as "age>=18".  [default: the plan\'s]')
@click.option(
    "--experiment",
    metavar="FILE",
    type=click.Path(),
    help="Result of graphkit experiment analyse: gives the incremental effect.",
)
@click.option("--margin", type=float, metavar="AMOUNT", help="Margin of one incremental action.")
@click.option("--funnel", is_flag=True, help="Instead: who gets from step to step, and where most are lost.")
@click.option(
    "--step",
    "steps",
    cls=Option,
    needs="--funnel",
    multiple=True,
    metavar="KIND",
    help="With --funnel: kinds of event in order (repeat).  [default: exposure, click, add_to_cart, purchase]",
)
@click.option(
    "--by",
    cls=Option,
    needs="--funnel",
    type=click.Choice(["channel", "code", "none"]),
    default="channel",
    help="With --funnel: groups.",
)
@seed_option
@output_options
@pass_app
def evaluate(app: App, /, plan: str, events: str, seed: int, form: str | None, output: str | None, **more: Any) -> None:
    """Compare what a plan promised with the events of the campaign, metric by metric."""
    from graphkit.cli.output import emit, frame_rows
    from graphkit.cli.plans import rebuild

    made = rebuild(app, plan)
    if more["funnel"]:
        _show_funnel(app, events, form, output, more)
        return
    from graphkit.planning.evaluate import evaluate as judge

    with app.working("evaluate the plan") as progress:
        found = judge(
            made, events, days=more["days"], min_cell=more["min_cell"], retention_day=more["retention_day"], target=more["target"],
            experiment=None if more["experiment"] is None else _read(more["experiment"]), margin=more["margin"], rng=seed,
            progress=progress,
        )  # fmt: skip
    rows = frame_rows(found.to_frame())
    emit(
        form=form,
        output=output,
        rows=rows,
        columns=list(rows[0]) if rows else list(_SHOWN),
        document=found.to_dict(),
        text=_promise(found, more["min_cell"]) + "\n" + _metrics(found, more["min_cell"]),
        color=app.settings.color,
    )
    _say(app, [*found.assumptions, *_hidden(found, more["min_cell"])])


def _show_funnel(app: App, events: str, form: str | None, output: str | None, asked: dict[str, Any]) -> None:
    """Print who gets from step to step."""
    from graphkit.cli.output import emit, short_numbers, table
    from graphkit.planning.funnel import FUNNEL_COLUMNS, STEPS, funnel

    lost = funnel(
        events,
        steps=asked["steps"] or STEPS,
        days=asked["days"],
        by=None if asked["by"] == "none" else asked["by"],
        min_cell=asked["min_cell"],
    )
    text = table([short_numbers(row) for row in lost.rows], FUNNEL_COLUMNS)
    emit(
        form=form,
        output=output,
        rows=lost.rows,
        columns=FUNNEL_COLUMNS,
        document=lost.to_dict(),
        text=text,
        color=app.settings.color,
    )
    hidden = any(row["users"] is None for row in lost.rows)
    _say(app, [*lost.assumptions, *([f"a dash is a step of {_few(asked['min_cell'])}"] if hidden else [])])


def _promise(found: Evaluation, min_cell: int) -> str:
    """Return the line of the reach: what was promised, and what was measured."""
    from graphkit.cli.plan_text import within

    promise = f"promised reach {found.promised:,.1f} ({within(found.promised_interval)}); "
    if found.prediction_interval is not None:
        low, high = found.prediction_interval
        promise += f"of 100 campaigns like this one, 95 should reach {low:,.0f} to {high:,.0f}; "
    if found.observed is None:
        why = f"as these events tell of {_few(min_cell)}"
        return f"{promise}measured reach: not shown, {why}; not shown does not mean 0"
    seen = f"measured {found.observed:,.0f}"
    if found.within_promise is not None:
        seen += ", as foreseen" if found.within_promise else ", not as foreseen"
    return promise + seen


def _metrics(found: Evaluation, min_cell: int) -> str:
    """Return the table of what was measured, and the names of what was not."""
    from graphkit.cli.output import table

    measured = {row["metric"] for row in found.metrics if row["value"] is not None}
    text = table([_named(row) for row in found.metrics if row["metric"] in measured], _SHOWN)
    silent = dict.fromkeys(_called(row) for row in found.metrics if row["metric"] not in measured)
    return text + (f"not in these events, or of {_few(min_cell)}: {', '.join(silent)}" if silent else "")


def _hidden(found: Evaluation, min_cell: int) -> list[str]:
    """Return what a dash means, where the table shows one in place of a value."""
    measured = {row["metric"] for row in found.metrics if row["value"] is not None}
    dashes = any(row["metric"] in measured and row["value"] is None for row in found.metrics)
    return [f"a dash among the values is a figure about {_few(min_cell)}"] if dashes else []


def _few(min_cell: int) -> str:
    """Return how many people a figure that is hidden speaks of; none is among them."""
    from graphkit.intervals import counted

    return f"fewer than {counted(min_cell, 'user', 'users')} (--min-cell)"


def _named(row: dict[str, Any]) -> dict[str, Any]:
    """Return a metric for a reader, by its name in his language."""
    from graphkit.cli.output import short_numbers

    return {**short_numbers({column: row[column] for column in _SHOWN}), "metric": _called(row)}


def _called(row: dict[str, Any]) -> str:
    """Return the name of a metric in the reader's language."""
    from graphkit.cli.language import language

    return {"en": str(row["metric"]), "zh": str(row["zh"])}.get(language(), f"{row['zh']} {row['metric']}")


def _read(path: str) -> Any:
    """Return the JSON of an analysis."""
    from graphkit.errors import DataInvalid

    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataInvalid(
            f"{path} is no result of an experiment: {error}",
            source=path,
            rule="experiment",
            hint="graphkit experiment analyse --format json -o FILE",
        ) from error


def _say(app: App, notes: list[str]) -> None:
    for note in notes:
        app.say(f"note: {note}")
