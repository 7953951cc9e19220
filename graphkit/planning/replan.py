"""Waves that learn: after a wave, the rest of a plan is chosen anew for what happened.

Who took part is reached and counts no more. In the independent cascade an active user tries every tie once, so after
the wave has run out no tie from or to him carries anything: the rest of the campaign is the same problem on the
people who are left, with the money that is left, and fresh coins for every further use. The purchases that had been
planned stay among the candidates, so on the sample that chooses, the new plan is never worse than them. What the
events teach about channels and ties (`graphkit.planning.updates`) counts from then on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graphkit.check import flag, non_negative, positive_int
from graphkit.errors import Infeasible, InvalidParameter
from graphkit.planning.amounts import MINOR, minor, spendable
from graphkit.planning.campaign import prepare
from graphkit.planning.channels import make_plan
from graphkit.planning.plan_result import check_source
from graphkit.planning.reached import happenings, reached_users
from graphkit.planning.request import Request
from graphkit.planning.rules import read_rules
from graphkit.planning.updates import learn_from
from graphkit.projection.snapshot import as_snapshot

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    import pandas as pd

    from graphkit.engine.base import Engine
    from graphkit.planning.plan_result import ChannelPlan, PlanItem
    from graphkit.planning.rules import Rules
    from graphkit.progress import ProgressCallback

__all__ = ["replan"]


def replan(
    plan: ChannelPlan,
    events: pd.DataFrame | str | Path | Iterable[str],
    *,
    done: int = 1,
    spent: float | None = None,
    update: bool = True,
    engine: str | Engine = "threads",
    time_limit: float | None = None,
    progress: ProgressCallback | None = None,
) -> ChannelPlan:
    """Plan the waves that are left, given who was reached so far.

    Parameters
    ----------
    plan : ChannelPlan
        A plan of several waves with its ``source``.
    events : DataFrame with columns ts, user, kind, an input directory, or an iterable of user ids
        Everything since the first wave began. Users with any event but refunds, surveys and tests count as reached.
        Events of kind ``exposure`` with their ``channel`` say how often it exposed its people.
    done : int
        Waves that are over (of all waves of the first plan).
    spent : float, optional
        Money that is gone; default: what the plan had foreseen for these waves.
    update : bool
        Whether chances of channels and ties are brought up to date with the events.
    engine, time_limit, progress
        As for `graphkit.planning.channels.plan`.

    Returns
    -------
    ChannelPlan
        Its items are the waves left; ``reach`` counts people reached from now on; ``replanned`` holds who was reached
        before, the money gone, what was learned (``learned``, also among the assumptions), and the gain over the
        purchases that had been planned (paired, same worlds).

    Raises
    ------
    InvalidParameter
        No wave is left, the plan has no source or is about pages, its document was edited, or more money is gone than
        there was.
    DataInvalid
        The events lack a column, or hold what is no number.
    Infeasible
        Everybody was reached, or everybody who counts for the objective and the target.

    References
    ----------
    Golovin, Krause: Adaptive submodularity. JAIR 42 (2011). https://doi.org/10.1613/jair.3278

    Examples
    --------
    >>> replan(plan, events="data/", done=1)  # doctest: +SKIP
    """
    request = Request.of(plan)
    _check_done(plan, request, done)
    check_source(plan)
    if request.page_level:
        message = f"plan {plan.plan} is about pages, not users"
        hint = "plan the pages anew with the money that is left, and forbid the channels that were bought"
        raise InvalidParameter(message, parameter="plan", value=plan.plan, hint=hint)
    events = happenings(events)
    _check_waves(plan, request)
    over = [item for item in plan.items if item.wave <= done]
    gone = _gone(request, over, spent)
    reached = reached_users(plan.source, events)
    if reached.active.all():
        message = f"all {reached.active.size} users with consent were reached: nobody is left for the waves to come"
        raise Infeasible(message, rule="audience", hint="plan another campaign, or a larger audience")
    ids = sorted({*(request.done or {}).get("materials", ()), *(i.material for i in over if i.material)})
    state: dict[str, Any] = {
        "plan": plan.plan, "waves": done, "spent": gone, "materials": ids, "reached": len(reached.ids), "unknown_users": reached.n_unknown,
        "events": reached.digest,
    }  # fmt: skip
    state["bought"] = [*(request.done or {}).get("bought", ()), *([i.channel, i.material, i.uses] for i in over)]
    notes = _notes(plan, request, events)
    if notes:
        state["notes"] = notes
    if flag("update", update):
        first = prepare(plan.source, replace(request, done=None), open_menu=True)
        state["learned"] = learn_from(first, [(c, m, n) for c, m, n in state["bought"]], events)
    rules = _rest(read_rules(request.rules), over, request.used)
    keep = [(i.channel, i.wave, i.material, use) for i in plan.items if i.wave > done for use in range(1, i.uses + 1)]
    state["kept"] = [list(x) for x in keep]
    again = replace(request, done=state, rules=rules.to_dict())
    return make_plan(
        plan.source, again, engine=engine, time_limit=time_limit, progress=progress, active=reached.active, keep=keep
    )


def _check_done(plan: ChannelPlan, request: Request, done: int) -> None:
    """Refuse a number of waves that are over already, or after which none is left."""
    positive_int("done", done)
    before = _over(request)
    if not before < done < request.waves:
        left = (
            f"{before + 1} to {request.waves - 1}" if before + 1 < request.waves else "nothing: its last wave has begun"
        )
        message = f"plan {plan.plan} is for {request.waves} wave(s), {before} of them over: done can be {left}"
        raise InvalidParameter(
            message, parameter="done", value=done, hint="graphkit plan --waves W plans several waves"
        )


def _check_waves(plan: ChannelPlan, request: Request) -> None:
    """Refuse purchases in waves that the plan does not plan."""
    before = _over(request)
    for item in plan.items:
        if not before < item.wave <= request.waves:
            message = f"plan {plan.plan} buys {item.channel} in wave {item.wave}, but it plans waves {before + 1} to {request.waves}"
            raise InvalidParameter(message, parameter="plan", value=plan.plan, hint="was the file edited?")


def _over(request: Request) -> int:
    """Waves that were over when the plan was made."""
    return int(request.done["waves"]) if request.done else 0


def _gone(request: Request, over: Sequence[PlanItem], spent: float | None) -> float:
    """Money that is gone, checked against the budget."""
    before = float(request.done["spent"]) if request.done else 0.0
    planned = minor(before) + sum(minor(item.cost) for item in over)
    gone = planned / MINOR if spent is None else non_negative("spent", spent)
    if minor(gone) > spendable(request.budget):
        message = f"{gone:g} is gone, more than the budget of {request.budget:g}"
        raise InvalidParameter(message, parameter="spent", value=gone, hint="raise the budget with a new plan")
    return gone


def _notes(plan: ChannelPlan, request: Request, events: Any) -> list[str]:
    """What does not fit the plan and is counted all the same."""
    said, starts = [], read_rules(request.rules).starts_ts
    if as_snapshot(plan.source).digest != plan.manifest.snapshot:
        said.append(
            f"the data changed since plan {plan.plan} was made: the waves left are planned on what they hold now"
        )
    if starts is not None and hasattr(events, "columns"):
        early = int((events["ts"] < starts).sum())
        if early:
            said.append(
                f"{early} of {len(events)} events {'lies before the first wave and counts' if early == 1 else 'lie before the first wave and count'} all the same: who is in them is taken as reached"
            )
    return said


def _rest(rules: Rules, over: Sequence[PlanItem], counted: Collection[str]) -> Rules:
    """What the rules still ask of the waves left: channels used already count towards minima and maxima, once each."""
    used = {item.channel: item.kind for item in over if item.channel not in counted}
    count = dict.fromkeys({*rules.least, *rules.most}, 0)
    for kind in used.values():
        if kind in count:
            count[kind] += 1
    return replace(
        rules, required=tuple(x for x in rules.required if x not in used),
        least={k: max(0, v - count[k]) for k, v in rules.least.items()}, most={k: max(0, v - count[k]) for k, v in rules.most.items()},
    )  # fmt: skip
