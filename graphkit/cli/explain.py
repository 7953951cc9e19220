"""``graphkit explain``: a reason for each yes and each no."""

from __future__ import annotations

from typing import Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.language import spoken
from graphkit.cli.options import output_options

__all__ = ["explain"]


@click.command(cls=Command, examples=["graphkit explain plan.json", "graphkit explain plan.json --format csv"])
@click.argument("plan")
@output_options
@pass_app
def explain(app: App, plan: str, form: str | None, output: str | None) -> None:
    """Say for each channel of a plan why it is in, and why others are out."""
    from graphkit.cli.output import emit, table
    from graphkit.cli.plans import find_plan
    from graphkit.planning.channels import ChannelPlan
    from graphkit.planning.evidence import explain as reasons

    rows = [dict(row) for row in reasons(ChannelPlan.from_dict(find_plan(app, plan)))]
    columns = list(dict.fromkeys(name for row in rows for name in row)) or ["channel", "chosen", "reason"]
    emit(
        form=form,
        output=output,
        rows=rows,
        columns=columns,
        text=table(_by_channel(rows), lines="reason"),
        color=app.settings.color,
    )


def _by_channel(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one row a channel and rule, its reasons as a list."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        found.setdefault((row["channel"], row["chosen"], row["rule"]), {**row, "reason": []})["reason"].append(
            spoken(row["reason"])
        )
    return list(found.values())
