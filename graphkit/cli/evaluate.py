"""``graphkit evaluate``: a plan against what happened."""

from __future__ import annotations

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.options import output_options

__all__ = ["evaluate"]


@click.command(cls=Command, examples=["graphkit evaluate plan.json --events data/", "graphkit evaluate plan.json --events data/ --format json"])
@click.argument("plan")
@click.option("--events", required=True, type=click.Path(), help="Event files, or the directory that holds events/.")
@output_options
@pass_app
def evaluate(app: App, plan: str, events: str, form: str | None, output: str | None) -> None:
    """Compare the reach a plan promised with the events of the campaign."""
    from graphkit.cli.output import emit, frame_rows
    from graphkit.cli.plans import rebuild
    from graphkit.planning.evaluate import evaluate as judge
    from graphkit.store.files import read_events

    found = judge(rebuild(app, plan), read_events(events))
    rows = frame_rows(found.to_frame())
    columns = list(rows[0]) if rows else ["metric", "value"]
    emit(form=form, output=output, rows=rows, columns=columns, document=found.to_dict(), color=app.settings.color)
