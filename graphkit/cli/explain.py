"""``graphkit explain``: a reason for each yes and each no."""

from __future__ import annotations

from typing import Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.language import spoken
from graphkit.cli.options import output_options

__all__ = ["explain"]

_SHOWN = ("channel", "name", "chosen", "cost", "adds", "reason")  # the rule stands in csv and json; the reason says it


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

    found = find_plan(app, plan)
    rows = [dict(row) for row in reasons(ChannelPlan.from_dict(found))]
    columns = list(dict.fromkeys(name for row in rows for name in row)) or ["channel", "chosen", "reason"]
    emit(
        form=form,
        output=output,
        rows=rows,
        columns=columns,
        text=_headed(found) + table(_by_channel(rows, found), _SHOWN, lines="reason"),
        color=app.settings.color,
    )


def _headed(plan: dict[str, Any]) -> str:
    """Return which plan is explained."""
    from graphkit.cli.language import told
    from graphkit.cli.plan_text import headline

    return f"{told(headline(plan))}\n"


def _by_channel(rows: list[dict[str, Any]], plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one row a channel and rule: its name, what it adds with its interval, its reasons as a list."""
    from graphkit.intervals import give_or_take

    names = {row.get("channel") or row.get("candidate"): row.get("name") for row in (*plan["items"], *plan["rejected"])}
    adds: dict[Any, list[str]] = {}
    for item in plan["items"]:
        adds.setdefault(item["channel"], []).append(give_or_take(item["adds"], item.get("adds_interval")))
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        channel = row["channel"]
        shown = {"channel": channel, "name": names.get(channel), **row, "reason": []}
        if row["rule"] == "adds":
            shown["adds"] = ", ".join(adds[channel])
        if channel is None:  # of the whole plan
            shown["chosen"] = None
        found.setdefault((channel, row["chosen"], row["rule"]), shown)["reason"].append(spoken(row["reason"]))
    return list(found.values())
