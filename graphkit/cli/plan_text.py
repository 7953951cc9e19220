"""A plan as a planner reads it on a terminal: the rows, then what they come to.

Numbers are printed to the digits that their interval supports; a guarantee is rounded down.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from typing import Any

from graphkit.intervals import counted, digits_of, give_or_take, plainly
from graphkit.report.figures import Figures
from graphkit.report.plan_reading import as_planned, unspent
from graphkit.report.sentences import term

__all__ = ["headline", "plan_text", "rounded_down", "span", "within"]

_COULD = {"not chosen", "budget"}  # rules of channels that a larger budget or other prices would bring in
_MOST_BLOCKED = 3
_COLUMNS = ("wave", "channel", "name", "material", "uses", "cost", "adds", "exclusive", "alone")


def plan_text(plan: dict[str, Any]) -> str:
    """Return a plan as a planner reads it: the rows, then what they come to."""
    from graphkit.cli.language import spoken

    reach, sure = plan["reach"], plan.get("certificate") or {}
    lines = [headline(plan), _table(plan["items"])]
    lines.append(
        f"{plan['objective'] if plan['objective'].isalpha() else 'weighted sum'} {_with_span(reach['mean'], reach.get('interval'))}"
        + _uncertain(reach)
    )
    if sure.get("ratio"):
        lines.append(
            f"guarantee: at least {rounded_down(sure['ratio'])} of the best plan under these rules, wrong with chance {sure.get('delta', 0):.2g}, within the model"
        )
    lines += _risk(plan) + _again(plan) + _waves(plan) + _goals(plan) + _robust(plan)
    if plan.get("adding_up_would_have_said") is not None:
        said = give_or_take(plan["adding_up_would_have_said"], plan.get("adding_up_interval"))
        lines.append(f"adding up the channels would have said {said}")
    lines += _baselines(plan)
    because = unspent(plan)
    lines += [f"not spent: {spoken(because)}"] if because else []
    lines += _blocked(plan.get("rejected") or [])
    lines += (
        [f"rejected {len(plan['rejected'])}: graphkit explain {plan['plan']} says why"] if plan.get("rejected") else []
    )
    lines += [f"assumed: {spoken(text)}" for text in plan.get("assumptions", ())]
    return "\n".join(lines)


def _blocked(rejected: list[dict[str, Any]]) -> list[str]:
    """Return how many channels could not be bought at all, with the commonest reasons; the others were only not chosen."""
    from graphkit.cli.language import shown_word, spoken

    count = Counter(row["reason"] for row in rejected if row["rule"] not in _COULD)
    reasons = [(spoken(reason), n) for reason, n in count.most_common(_MOST_BLOCKED)]
    rest = count.total() - sum(n for _, n in reasons)
    reasons += [(shown_word("others"), rest)] if rest else []
    return [f"blocked {count.total()}: {', '.join(f'{reason} ({n})' for reason, n in reasons)}"] if reasons else []


def headline(plan: dict[str, Any]) -> str:
    """Return which plan this is: for what, to which end, for how much."""
    budget, spent = (_money(plan[what], plan) for what in ("budget", "spent"))
    return f"Plan {plan['plan']} for {_called(plan)}: {plan['objective']}, budget {budget}, spent {spent}"


def _table(items: list[dict[str, Any]]) -> str:
    """Return the purchases; columns in which nothing differs are left out."""
    from graphkit.cli.output import table

    if not items:
        return "(nothing bought)"
    dull: dict[str, set[Any]] = {"wave": {1}, "material": {None}, "uses": {1}}
    shown = [c for c in _COLUMNS if {item.get(c) for item in items} - dull.get(c, set()) or c not in dull]
    rows: list[dict[str, Any]] = [
        {c: item.get(c) for c in shown}
        | {c: give_or_take(item.get(c), item.get(f"{c}_interval")) for c in ("adds", "exclusive", "alone")}
        for item in items
    ]
    return table(
        [row | {"cost": int(row["cost"]) if float(row["cost"]).is_integer() else row["cost"]} for row in rows], shown
    ).rstrip("\n")


def _risk(plan: dict[str, Any]) -> list[str]:
    """Return what the plan comes to at least, with chance 9 in 10."""
    told = plan.get("risk")
    if not told:
        return []
    lines = [
        f"with chance 9 in 10 {r['goal']} at least {_with_span(r['p10'], r['interval'])}; were the chances as given {plainly(r['p10_chances_as_given'])}"
        for r in told["goals"]
    ]
    drawn = "; ".join(f"{name}: {text}" for name, text in told["believed"].items() if text)
    return [*lines, f"drawn in {told['draws']} draws of {told['worlds']:,} worlds: {drawn}"]


def _baselines(plan: dict[str, Any]) -> list[str]:
    """Return what plans made without a graph come to, and how much more this one does."""
    rows = plan.get("against_baselines")
    if rows:
        return [
            f"chosen by {term(r['baseline'])[1]}: {give_or_take(r['mean'], r['interval'])}, this plan {give_or_take(r['difference'], r['difference_interval'], signed=True)}"
            for r in rows
        ]
    known = [f"{name} {plainly(value)}" for name, value in (plan.get("baselines") or {}).items() if value is not None]
    return [f"other ways to choose would reach: {', '.join(known)}"] if known else []


def _again(plan: dict[str, Any]) -> list[str]:
    """Return what a plan of the waves left starts from."""
    told = plan.get("replanned")
    if not told:
        return []
    text = f"after wave {told['waves']} of plan {told['plan']}: {counted(told['reached'], 'user', 'users')} reached, {_money(told['spent'])} gone"
    if told.get("gain") is None:
        return [text]
    if as_planned(plan):
        return [f"{text}; the purchases are those planned before"]
    return [f"{text}; {told['gain']:+,.1f} ({within(told['gain_interval'])}) against the purchases planned before"]


def _waves(plan: dict[str, Any]) -> list[str]:
    """Return one line per wave when there are several."""
    rows = plan.get("waves") or []
    lines = []
    for row in rows if len(rows) > 1 else []:
        start = "" if row["starts_ts"] is None else f", starts {_day(row['starts_ts'])}"
        of, once = "" if row["budget"] is None else f" of {_money(row['budget'])}", row.get("one_off") or 0
        making = f" and {_money(once)} once for materials" if once else ""
        lines.append(
            f"wave {row['wave']}{start}: {counted(row['purchases'], 'channel', 'channels')} for {_money(row['spent'] - once)}{of}{making}, adds {give_or_take(row['adds'], row.get('adds_interval'))}"
        )
    return lines


def _goals(plan: dict[str, Any]) -> list[str]:
    """Return what the plan is worth under each goal, and the plans between goals."""
    lines = []
    for row in plan.get("goals") or ():
        floor = "" if row["floor"] is None else f", floor {plainly(row['floor'])}"
        lines.append(f"{row['goal']} {_with_span(row['mean'], row['interval'])}{floor}")
    rows = plan.get("pareto") or ()
    for number, row in enumerate(rows, 1):
        worth = ", ".join(
            f"{goal} {give_or_take(value, row['intervals'][goal])}" for goal, value in row["goals"].items()
        )
        lines.append(f"between goals {number}: {worth} for {_money(row['spent'])}: {' '.join(row['channels'])}")
    if plan.get("synergy"):
        lines.append(
            f"bonuses beside the reach: {plan['synergy']['bonus']:,.1f} from {counted(len(plan['synergy']['pairs']), 'pair', 'pairs')}"
        )
    return lines


def _robust(plan: dict[str, Any]) -> list[str]:
    """Return how the plan fares when chances are not as given: draws that did not choose it come first."""
    told = plan.get("robust")
    if not told:
        return []
    mine, plain, fresh = told["robust"], told["plain"], told.get("fresh")
    at, lines = Figures.percent(told["q"]), []
    if fresh and "robust_interval" in fresh:
        lines.append(
            f"in {fresh['draws']} fresh draws of unknown chances its {at} quantile is {_with_span(fresh['robust'], fresh['robust_interval'])}"
        )
    if fresh and not told.get("same_plan"):
        lines.append(
            f"in {fresh['draws']} fresh draws the plain plan loses {fresh['regret_of_plain']:,.1f} ({within(fresh['interval'])}) at that quantile"
        )
    if told.get("same_plan"):
        lines.append(
            f"over {told['draws']} draws of unknown chances, which chose it: {at} quantile {plainly(mine['quantile'])}, mean {plainly(mine['mean'])}, worst {plainly(mine['worst'])}; the plan for the chances as given is the same"
        )
    else:
        lines.append(
            f"over {told['draws']} draws of unknown chances, which chose it: {at} quantile {plainly(mine['quantile'])} (plain plan {plainly(plain['quantile'])}), "
            f"mean {plainly(mine['mean'])} ({plainly(plain['mean'])}), worst {plainly(mine['worst'])} ({plainly(plain['worst'])})"
        )
    return lines


def _day(ts: int) -> str:
    """Return a moment as date and time in UTC."""
    return dt.datetime.fromtimestamp(ts, tz=dt.UTC).strftime("%Y-%m-%d %H:%M UTC")


def _uncertain(reach: dict[str, Any]) -> str:
    """Return the wider interval when it is known."""
    wide = reach.get("interval_with_model_uncertainty")
    return f"; with unknown p {span(wide)}" if wide else ""


def span(pair: Any) -> str:
    """Return ``a to b``, to the digits that tell the two ends apart."""
    if not pair:
        return "no interval"
    low, high = pair
    if Figures.exact(pair):
        return f"{plainly(low)} to {plainly(high)}"
    digits = digits_of((high - low) / 2)
    return f"{low:,.{digits}f} to {high:,.{digits}f}"


def within(pair: Any) -> str:
    """Return ``95 %: a to b``: an interval with its level, as every command prints it."""
    return f"95 %: {span(pair)}" if pair else span(pair)


def _with_span(mean: float, pair: Any) -> str:
    """Return ``1,104 (95 %: 1,100 to 1,109)``; an exact value needs no interval."""
    if Figures.exact(pair):
        return f"{plainly(mean)} (exact for these chances)"
    return f"{mean:,.{digits_of((pair[1] - pair[0]) / 2) if pair else 1}f} ({within(pair)})"


def _called(plan: dict[str, Any]) -> str:
    """Return what is promoted by its id and, in brackets, its name."""
    name = plan.get("for_name")
    return f"{plan['for']} ({name})" if name else str(plan["for"])


def _money(amount: float | None, plan: dict[str, Any] | None = None) -> str:
    """Return an amount as pages write it, with the currency of a plan that has one."""
    return Figures.money(amount, (plan or {}).get("currency"))


def rounded_down(share: float) -> str:
    """Return a guaranteed share to three digits: a guarantee must not grow by printing it."""
    return f"{math.floor(share * 1000 + 1e-9) / 1000:.3f}"
