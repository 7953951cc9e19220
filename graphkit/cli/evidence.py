"""``graphkit evidence``: the query or replay behind each number."""

from __future__ import annotations

import json
from typing import Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command, suggestion
from graphkit.cli.options import output_options
from graphkit.errors import UnknownName, close_matches

__all__ = ["evidence"]

COLUMNS = ("claim", "value", "query", "params", "replay")


@click.command(cls=Command, examples=["graphkit evidence plan.json", "graphkit evidence plan.json --claim reach"])
@click.argument("plan")
@click.option("--claim", metavar="C", help="Only this claim, such as reach.")
@output_options
@pass_app
def evidence(app: App, plan: str, claim: str | None, form: str | None, output: str | None) -> None:
    """Show for each number of a plan the query with its parameters, or the seed that replays it."""
    from graphkit.cli.output import emit
    from graphkit.cli.plans import find_plan

    rows = find_plan(app, plan)["claims"]
    if claim is not None:
        known = [str(row["claim"]) for row in rows]
        rows = [row for row in rows if row["claim"] == claim]
        if not rows:
            message = f"the plan {plan} claims no {claim!r}; it claims {', '.join(known)}"
            raise UnknownName(
                message,
                kind="claim",
                name=claim,
                close_matches=close_matches(claim, known),
                hint=suggestion(claim, known).strip() or None,
            )
    text = "\n".join(_paragraph(row) for row in rows) if claim is not None else None
    emit(form=form, output=output, rows=rows, columns=COLUMNS, text=text, color=app.settings.color)


def _paragraph(row: dict[str, Any]) -> str:
    """Return one claim with the line to paste and the command that replays it."""
    from graphkit.store.query_header import cypher_literal

    lines = [f"{row['claim']} = {row['value']}"]
    if row.get("query"):
        lines.append(f"query: cypher/{row['query']}.cypher")
        lines.append(
            ":param {"
            + ", ".join(f"{key}: {cypher_literal(value)}" for key, value in (row.get("params") or {}).items())
            + "};"
        )
    if row.get("replay"):
        lines.append("replay: " + json.dumps(row["replay"], ensure_ascii=False, sort_keys=True))
    return "\n".join(lines)
