"""``graphkit evidence``: the query or replay behind each number."""

from __future__ import annotations

import shlex
from typing import Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command, suggestion
from graphkit.cli.options import output_options
from graphkit.errors import UnknownName, close_matches

__all__ = ["evidence"]

_SOME = 3  # claims named
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

    document = find_plan(app, plan)
    rows = document["claims"]
    if claim is not None:
        known = [str(row["claim"]) for row in rows]
        rows = [row for row in rows if row["claim"] == claim]
        if not rows:
            message = f"the plan {plan} claims no {claim!r}"
            raise UnknownName(
                message,
                kind="claim",
                name=claim,
                close_matches=close_matches(claim, known),
                hint=suggestion(claim, known).strip()
                or f"it makes {len(known)} claims, such as {', '.join(known[:_SOME])}: graphkit evidence {shlex.quote(plan)}",
            )
    again = f"graphkit verify {shlex.quote(plan)}"
    near = _intervals(document)
    text = _listed(rows, near, again) if claim is None else "\n".join(_paragraph(row, near, again) for row in rows)
    emit(form=form, output=output, rows=rows, columns=COLUMNS, text=text, color=app.settings.color)


def _intervals(plan: dict[str, Any]) -> dict[str, Any]:
    """Return the interval of each claim that has one."""
    found = {"reach": plan["reach"].get("interval"), "adding_up_would_have_said": plan.get("adding_up_interval")}
    found |= {f"risk.{row['goal']}": row["interval"] for row in (plan.get("risk") or {}).get("goals", ())}
    for row in plan.get("against_baselines") or ():
        found[f"baselines.{row['baseline']}"] = row.get("interval")
        found[f"against_baselines.{row['baseline']}"] = row.get("difference_interval")
    found |= {f"waves.{row['wave']}": row.get("adds_interval") for row in plan.get("waves") or ()}
    found |= {f"goals.{row['goal']}": row["interval"] for row in plan.get("goals") or ()}
    for place, row in enumerate(plan.get("pareto") or (), 1):
        found |= {f"pareto.{place}.{goal}": pair for goal, pair in (row.get("intervals") or {}).items()}
    fresh = (plan.get("robust") or {}).get("fresh") or {}
    found |= {f"robust.fresh.{name}": fresh.get(f"{name}_interval") for name in ("robust", "plain")}
    found["robust.regret_of_plain"] = fresh.get("interval")
    for item in plan["items"]:
        name = item["channel"] if item["wave"] == 1 else f"{item['channel']}@{item['wave']}"
        found |= {f"items.{name}.{part}": item.get(f"{part}_interval") for part in ("adds", "exclusive", "alone")}
    return found


def _listed(rows: list[dict[str, Any]], near: dict[str, Any], again: str) -> str:
    """Return all claims as a table, each with its interval and the query or replay behind it."""
    from graphkit.cli.language import shown_word
    from graphkit.cli.output import table
    from graphkit.cli.plan_text import within
    from graphkit.intervals import give_or_take, plainly

    apart = {row["claim"]: row["value"] for row in rows if _uneven(row["value"], near.get(row["claim"]))}
    halves = {claim: pair for claim, pair in near.items() if claim not in apart}
    shown = [
        {
            "claim": row["claim"],
            "value": give_or_take(row["value"], halves.get(row["claim"])) if row["claim"] in near else row["value"],
            "query": row["query"] or shown_word("replay"),
        }
        for row in rows
    ]
    named = next((row["claim"] for row in rows if row["query"]), None)
    ends = [f"{claim}: {plainly(value)} ({within(near[claim])})" for claim, value in apart.items()]
    lines = [table(shown, ("claim", "value", "query")).rstrip("\n"), *ends, f"replay: {again}"]
    return "\n".join(
        [*lines, *([f"look up a row: {again.replace('verify', 'evidence')} --claim {named}"] if named else [])]
    )


def _uneven(value: float, pair: Any) -> bool:
    """Whether half of an interval would tell neither of its ends, as with a quantile's."""
    from graphkit.intervals import digits_of

    return bool(pair) and abs(pair[0] + pair[1] - 2 * value) > 2 * 10.0 ** -digits_of((pair[1] - pair[0]) / 2)


def _paragraph(row: dict[str, Any], near: dict[str, Any], again: str) -> str:
    """Return one claim with its interval, the lines to paste and the command that replays it."""
    from graphkit.cli.plan_text import within
    from graphkit.store.queries import query_command
    from graphkit.store.query_header import cypher_literal

    pair = near.get(row["claim"])
    lines = [f"{row['claim']} = {row['value']}{f' ({within(pair)})' if pair else ''}"]
    if row.get("query"):
        lines.append(f"look up: {query_command(row['query'], row.get('params') or {})}")
        lines.append(f"query: cypher/{row['query']}.cypher")
        lines.append(
            ":param {"
            + ", ".join(f"{key}: {cypher_literal(value)}" for key, value in (row.get("params") or {}).items())
            + "};"
        )
    if row.get("replay"):
        fixed = ", ".join(f"{key} {value}" for key, value in row["replay"].items())
        lines.append(f"replay: {again} ({fixed})")
    return "\n".join(lines)
