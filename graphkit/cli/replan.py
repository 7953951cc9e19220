"""``graphkit replan``: the waves left, planned anew for what happened."""

from __future__ import annotations

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.options import MONEY, engine_option, output_options, time_limit_option

__all__ = ["replan"]


@click.command(cls=Command, examples=["graphkit replan plan.json --events data/", "graphkit replan P-7f3a --events data/ --done 2 --spent 60000 --format json"])
@click.argument("plan")
@click.option("--events", required=True, type=click.Path(), help="Event files, or the directory that holds events/.")
@click.option("--done", type=click.IntRange(min=1), default=1, help="Waves that are over.")
@click.option("--spent", type=MONEY, help="Money that is gone; default: what the plan had foreseen.")
@click.option("--keep/--no-keep", default=True, help="Keep the plan beside the store under its id.")
@time_limit_option
@engine_option
@output_options
@pass_app
def replan(
    app: App, plan: str, events: str, done: int, spent: float | None, keep: bool, time_limit: float | None, engine: str, form: str | None, output: str | None
) -> None:
    """Plan the waves that are left of a plan (an id of the store, or a file), given who was reached so far.

    Users with an event count as reached: they count no more and pass nothing on any more. The gain over the purchases
    that had been planned is printed with its interval.
    """
    from graphkit.cli.output import emit
    from graphkit.cli.plans import ITEM, keep_plan, plan_text, rebuild
    from graphkit.errors import Unfinished
    from graphkit.planning.replan import replan as again
    from graphkit.store.files import read_events

    late: Unfinished | None = None
    old = rebuild(app, plan)
    with app.progress() as progress, app.timed("replan"):
        try:
            made = again(old, read_events(events), done=done, spent=spent, engine=engine, time_limit=time_limit, progress=progress)
        except Unfinished as error:
            if error.best is None:
                raise
            late, made = error, error.best
    document = made.to_dict()
    if keep:
        keep_plan(app, document)
    rows = [{"number": number, **item} for number, item in enumerate(document["items"], 1)]
    emit(form=form, output=output, rows=rows, columns=ITEM, document=document, text=plan_text(document), color=app.settings.color)
    if late is not None:
        raise late
