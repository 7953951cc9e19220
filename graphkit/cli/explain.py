"""``graphkit explain``: a reason for each yes and each no."""

from __future__ import annotations

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.options import output_options

__all__ = ["explain"]


@click.command(cls=Command, examples=["graphkit explain plan.json", "graphkit explain plan.json --format csv"])
@click.argument("plan")
@output_options
@pass_app
def explain(app: App, plan: str, form: str | None, output: str | None) -> None:
    """Say for each channel of a plan why it is in, and why others are out."""
    from graphkit.cli.output import emit
    from graphkit.cli.plans import find_plan
    from graphkit.planning.channels import ChannelPlan
    from graphkit.planning.evidence import explain as reasons

    rows = [dict(row) for row in reasons(ChannelPlan.from_dict(find_plan(app, plan)))]
    columns = list(dict.fromkeys(name for row in rows for name in row)) or ["channel", "chosen", "reason"]
    emit(form=form, output=output, rows=rows, columns=columns, color=app.settings.color)
