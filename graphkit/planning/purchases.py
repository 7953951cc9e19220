"""What may be bought: the options that no rule keeps out, and the plain reasons when nothing can be."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from graphkit.errors import Infeasible, InvalidParameter
from graphkit.planning.amounts import minor, spendable
from graphkit.planning.conflicts import find_conflict, raise_conflict
from graphkit.planning.filters import blocks, reject_blocked
from graphkit.planning.options import build_menu, build_options, kind_names
from graphkit.planning.rules import DAY, Rules

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from graphkit.influence.channel_menu import Menu
    from graphkit.planning.filters import Block
    from graphkit.planning.market import Market
    from graphkit.planning.options import Options
    from graphkit.planning.request import Request
    from graphkit.projection.snapshot import Snapshot

__all__ = ["WEAKER", "check_waves", "left_out", "possible_purchases"]

NAMED = 8  # channels of one reason that a refusal names
WEAKER = "ask for weaker evidence (--min-evidence)"


def possible_purchases(
    snapshot: Snapshot,
    market: Market,
    request: Request,
    rules: Rules,
    target: tuple[str, str],
    bought: Mapping[tuple[str, int, str | None], int] | None,
) -> tuple[Options, Menu]:
    """Return the options that no rule keeps out, and their rules.

    ``bought`` are uses that must be in view; then no rule but what a channel itself allows holds, and the budget is all costs together.

    Raises
    ------
    Infeasible
        A required channel cannot be planned, the budget buys nothing, or rules contradict each other.
    """
    done = request.done or {"waves": 0, "spent": 0, "materials": []}
    waves = request.waves
    against = blocks(snapshot, market, rules, target, waves, min_cell=request.min_cell)
    open_ = {(c, w) for c, w in reject_blocked(market, against, waves) if w > done["waves"]}
    budget = spendable(request.budget) - minor(done["spent"])
    _refuse_required(market, rules, market.ids)
    options = build_options(snapshot, market, open_, rules, waves, budget, paid=done["materials"], bought=bought)
    if bought is not None:
        everything = int(options.cost.sum() + options.material_cost.sum())
        return options, build_menu(market, options, Rules(), everything, waves)
    if not request.done:
        _check_budget(market, options, budget)
        if rules.required or rules.least or rules.most or rules.wave_budgets or not options.n:
            _refuse_contradictions(snapshot, market, rules, against, waves, budget)
    if not options.n:
        raise Infeasible("no channel may be bought", rule="candidates", hint=left_out(market))
    return options, build_menu(market, options, rules, budget, waves, request.used)


def left_out(market: Market, only: str | None = None) -> str | None:
    """Say which channels were left out and why, or why one of them was; None when none was."""
    named: dict[str, list[str]] = {}
    for row in market.rejected:
        if only in (None, row["channel"]):
            named.setdefault(row["reason"], []).append(row["channel"])
    told = []
    for reason, names in named.items():
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        told.append(f"left out {', '.join(names[:NAMED])}{more}: {reason}")
    if any(row["rule"] == "evidence" and only in (None, row["channel"]) for row in market.rejected):
        told.append(WEAKER)
    return "; ".join(told) or None


def check_waves(request: Request, rules: Rules) -> None:
    """Refuse waves whose money or dates do not fit together."""
    if rules.wave_budgets and len(rules.wave_budgets) != request.waves:
        message = f"wave_budgets has {len(rules.wave_budgets)} amounts for {request.waves} waves"
        raise InvalidParameter(
            message, parameter="rules.wave_budgets", value=rules.wave_budgets, hint="one amount per wave"
        )
    last = rules.wave_start(request.waves)
    if last is not None and rules.ends_ts is not None and last >= rules.ends_ts:
        late = (last - rules.ends_ts) / DAY
        message = f"wave {request.waves} would start on {_moment(last)}, when the campaign is over (it ends on {_moment(rules.ends_ts)}): {late:.1f} days too late"
        raise Infeasible(
            message,
            rule="gap_days + ends_ts",
            missing=last - rules.ends_ts + 1,
            hint="fewer waves, a smaller gap, or a later end",
        )


def _refuse_required(market: Market, rules: Rules, able: Collection[str]) -> None:
    """A required channel must be one of those that can be bought whatever the other rules say."""
    for name in rules.required:
        if name not in able:
            why = next(
                (row for row in reversed(market.rejected) if row["channel"] == name),
                {"rule": "data", "reason": "it does not exist"},
            )
            raise Infeasible(
                f"channel {name} is required, but {why['reason']}", rule=f"required.{name} + {why['rule']}", missing=1
            )


def _check_budget(market: Market, options: Options, budget: int) -> None:
    """A budget below the cheapest purchase gets the plainest message."""
    if not options.n:
        return
    first = options.cost + np.where(
        options.material_key >= 0, np.append(options.material_cost, 0)[options.material_key], 0
    )
    cheapest = int(first.min())
    if budget < cheapest:
        name = market.ids[int(options.channel[int(np.argmin(first))])]
        raise Infeasible(
            f"the budget {budget / 100:g} is below the cheapest purchase: channel {name} at {cheapest / 100:g}",
            rule="budget", missing=(cheapest - budget) / 100, hint=f"a budget of at least {cheapest / 100:g}",
        )  # fmt: skip


def _refuse_contradictions(
    snapshot: Snapshot, market: Market, rules: Rules, against: list[Block], waves: int, budget: int
) -> None:
    """Look for rules that no purchase keeps together, among all channels of the market."""
    every = {(c, w) for c in range(len(market.ids)) for w in range(1, waves + 1)}
    notes = (list(market.assumptions), list(market.rejected))
    whole = build_options(snapshot, market, every, rules, waves, budget)
    _refuse_required(market, rules, {market.ids[c] for c in whole.channel})
    market.assumptions[:], market.rejected[:] = notes
    if whole.n:
        loose = build_menu(
            market, whole, rules, max(budget, int(whole.cost.sum() + whole.material_cost.sum()) + 1), waves
        )
        raise_conflict(find_conflict(market, whole, loose, budget, against, kind_names(market, rules)))


def _moment(ts: int) -> str:
    """Epoch seconds as people read them."""
    return dt.datetime.fromtimestamp(ts, tz=dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
