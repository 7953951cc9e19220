"""``graphkit explain``: a reason for each yes and each no."""

from __future__ import annotations

from typing import Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.language import spoken
from graphkit.cli.options import output_options

__all__ = ["explain"]

# the rule stands in csv and json; the reason says it
_SHOWN = ("wave", "channel", "name", "chosen", "cost", "adds", "reason")


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

    with app.working("explain the plan"):
        found = find_plan(app, plan)
        rows = [dict(row) for row in reasons(ChannelPlan.from_dict(found))]
    shown = _SHOWN if len(found.get("waves") or ()) > 1 else _SHOWN[1:]
    columns = list(dict.fromkeys(name for row in rows for name in row)) or ["channel", "chosen", "reason"]
    emit(
        form=form,
        output=output,
        rows=rows,
        columns=columns,
        text=_headed(found) + table(_by_channel(rows, found), shown, lines="reason"),
        color=app.settings.color,
    )


def _headed(plan: dict[str, Any]) -> str:
    """Return which plan is explained."""
    from graphkit.cli.language import told
    from graphkit.cli.plan_text import headline

    return f"{told(headline(plan))}\n"


def _by_channel(rows: list[dict[str, Any]], plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one row a purchase, or a channel left out and its rule: its name, what it adds with its interval, its reasons as a list."""
    from graphkit.intervals import give_or_take

    names = {row.get("channel") or row.get("candidate"): row.get("name") for row in (*plan["items"], *plan["rejected"])}
    adds = {(i["channel"], i["wave"]): give_or_take(i["adds"], i.get("adds_interval")) for i in plan["items"]}
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        channel, wave = row["channel"], row.get("wave")
        shown = {"channel": channel, "name": names.get(channel), **row, "reason": []}
        if row["rule"] == "adds":
            shown["adds"] = adds[channel, wave]
        if channel is None:  # of the whole plan
            shown["chosen"] = None
        found.setdefault((channel, wave, row["chosen"], row["rule"]), shown)["reason"].append(spoken(row["reason"]))
    return list(found.values())
