"""``graphkit replan``: the waves left, planned anew for what happened."""

from __future__ import annotations

from functools import partial

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.options import MONEY, dry_run_option, engine_option, output_options, time_limit_option

__all__ = ["replan"]


@click.command(
    cls=Command,
    examples=[
        "graphkit replan plan.json --events data/",
        "graphkit replan P-7f3a --events data/ --done 2 --spent 60000 --format json",
    ],
)
@click.argument("plan")
@click.option("--events", required=True, type=click.Path(), help="Event files, or the directory that holds events/.")
@click.option("--done", type=click.IntRange(min=1), default=1, help="Waves that are over.")
@click.option("--spent", type=MONEY, help="Money that is gone; default: what the plan had foreseen.")
@click.option(
    "--update/--no-update", default=True, help="Bring the chances of channels and ties up to date with the events."
)
@click.option("--keep/--no-keep", default=True, help="Keep the plan beside the store under its id.")
@click.option("--write", is_flag=True, help="Also store the plan as nodes, for queries such as plan/items.")
@dry_run_option
@time_limit_option
@engine_option
@output_options
@pass_app
def replan(
    app: App,
    plan: str,
    events: str,
    done: int,
    spent: float | None,
    update: bool,
    keep: bool,
    write: bool,
    dry_run: bool,
    time_limit: float | None,
    engine: str,
    form: str | None,
    output: str | None,
) -> None:
    """Plan the waves that are left of a plan (an id of the store, or a file), given who was reached so far.

    Users with an event since the first wave count as reached: they count no more and pass nothing on any more. Chances
    of channels and ties are brought up to date with the exposures, and said. The gain over the purchases that had been
    planned is printed with its interval.
    """
    from graphkit.cli.plans import made_and_printed, rebuild
    from graphkit.planning.replan import replan as again
    from graphkit.store.files import read_events

    call = partial(
        again,
        rebuild(app, plan),
        read_events(events),
        done=done,
        spent=spent,
        update=update,
        engine=engine,
        time_limit=time_limit,
    )
    made_and_printed(app, "plan again", call, keep=keep, write=write, dry_run=dry_run, form=form, output=output)
