"""Several goals at once: what a plan is worth under each, floors that it must reach, and plans between the goals.

A floor c(S) >= f is priced: for a price y >= 0 the best plan of objective + y c is searched; a price that is too low
misses the floor, one too high gives away objective. Every price also bounds the problem with floors (weak duality):
optimum <= max over plans of (objective + y c) - y f, so the certificate stays valid. Plans that no price reaches are
looked for by exchanges between the priced ones; a small market without sampling is enumerated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import Infeasible, NotConverged
from graphkit.influence.certificate import Certificate
from graphkit.influence.channel_front import every_plan, exchanged_plans
from graphkit.influence.channel_greedy import by_marginal_gain
from graphkit.planning.choose import certify, is_small, thinned
from graphkit.planning.estimates import estimate
from graphkit.planning.goals import goal_weights
from graphkit.planning.search import CHECKING, CHOOSING, FIRST_SETS, JUDGING, search

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from graphkit.influence.channel_cover import Cover
    from graphkit.planning.campaign import Campaign
    from graphkit.planning.search import Found

    Floats = NDArray[np.float64]

__all__ = ["ROUNDING", "GoalJudge", "goal_rows", "keeps_floors", "meet_floors"]

PRICES = 12  # prices that are tried
ROUNDING = 1e-12  # relative: a floor missed by less is reached
EXCHANGES = 60  # purchases taken out between the priced plans


class GoalJudge:
    """Samples on which plans are worth something under each goal; all plans meet the same sets."""

    def __init__(self, campaign: Campaign, goals: Sequence[str], purpose: str, n_sets: int = FIRST_SETS) -> None:
        self.exact = campaign.worlds.exact
        self.covers = {}
        for goal in goals:
            worlds = campaign.with_value(campaign.goal({goal: 1.0})).worlds
            self.covers[goal] = worlds.cover(worlds.sets(n_sets, purpose), campaign.hazard)

    def worth(self, goal: str, chosen: Sequence[int]) -> tuple[float, tuple[float, float]]:
        """Mean and 95 % interval of a goal."""
        cover = self.covers[goal]
        return estimate(cover, None, 1.0 - cover.missed(chosen), exact=self.exact)

    def sure(self, goal: str, chosen: Sequence[int]) -> float:
        """Lower end of the interval; the value itself when nothing is sampled."""
        mean, (low, _) = self.worth(goal, chosen)
        return mean if self.exact else low


def goal_rows(
    campaign: Campaign, found: Found, goals: Sequence[str], floors: Mapping[str, float]
) -> list[dict[str, Any]]:
    """One row per goal: what the plan is worth under it, and its floor; as many sets as the plan itself was judged on."""
    judge, chosen = GoalJudge(campaign, goals, JUDGING, found.judged.weight.size), found.choice.chosen
    rows = []
    for goal in goals:
        mean, interval = judge.worth(goal, chosen)
        rows.append({"goal": goal, "mean": mean, "interval": list(interval), "floor": floors.get(goal)})
    return rows


def keeps_floors(campaign: Campaign) -> Callable[[Sequence[int]], bool]:
    """Return whether a plan reaches every floor of the rules, judged as `meet_floors` judges."""
    floors = campaign.rules.floors
    judge = GoalJudge(campaign, list(floors), CHECKING)
    return lambda chosen: all(judge.sure(goal, chosen) >= floor * (1 - ROUNDING) for goal, floor in floors.items())


@dataclass
class _Try:
    """A plan found for some prices, whether it reaches the floors, and the bound it gives."""

    found: Found
    reached: dict[str, float]
    bound: float

    def short(self, floors: Mapping[str, float]) -> dict[str, float]:
        """Floors that are missed, as shares."""
        return {
            goal: 1 - self.reached[goal] / floor
            for goal, floor in floors.items()
            if self.reached[goal] < floor * (1 - ROUNDING)
        }


def meet_floors(campaign: Campaign, plain: Found, floors: Mapping[str, float]) -> Found:
    """Return the best plan found that reaches every floor (by the lower end of its interval).

    Raises
    ------
    Infeasible
        No plan under the rules can reach a floor, as its own upper bound shows.
    NotConverged
        None was found, though none is excluded.
    """
    judge = GoalJudge(campaign, list(floors), CHECKING)
    objective = _values(campaign, goal_weights(campaign.request.objective))
    share = campaign.request.delta / (2 * PRICES)  # every price may be the one that is kept
    half = replace(campaign, request=replace(campaign.request, delta=share))
    tries = [_tried(plain, judge, floors, plain.certificate.upper)]
    if not tries[0].short(floors):
        return plain
    price = {}
    for goal, floor in floors.items():
        alone = _alone(half, goal, floor)
        tries.append(_tried(alone, judge, floors, np.inf))
        top = judge.sure(goal, alone.choice.chosen)
        price[goal] = 0.2 * plain.choice.value / max(top, 1e-12)
    goals = GoalJudge(campaign, list(floors), CHOOSING, plain.n_choose)
    covers = [
        campaign.worlds.cover(campaign.worlds.sets(plain.n_choose, CHOOSING), campaign.hazard),
        *goals.covers.values(),
    ]
    if goals.exact and campaign.boosts is None and is_small(campaign.options.n, covers):
        return _enumerated(campaign, plain, covers, floors)
    for _ in range(PRICES):
        value = objective + sum(y * _values(campaign, {goal: 1.0}) for goal, y in price.items())
        found = search(half.with_value(value))
        bound = found.certificate.upper - sum(y * floors[goal] for goal, y in price.items())
        last = _tried(found, judge, floors, bound)
        tries.append(last)
        short = last.short(floors)
        price = {goal: y * (3.0 if goal in short else 0.55) for goal, y in price.items()}
    thin, priced = [thinned(c) for c in covers], [t.found.choice.chosen for t in tries]
    for chosen in exchanged_plans(thin, campaign.menu, priced, tries=EXCHANGES):
        choice = replace(plain.choice, chosen=by_marginal_gain(covers[0], chosen, campaign.menu.after))
        tries.append(_tried(replace(plain, choice=choice), judge, floors, np.inf))
    return _best(campaign, tries, floors)


def _alone(campaign: Campaign, goal: str, floor: float) -> Found:
    """The best plan for one goal; refused where even its bound is below the floor."""
    alone = search(campaign.with_value(campaign.goal({goal: 1.0})))
    most = alone.certificate.upper
    if most < floor * (1 - ROUNDING):
        raise Infeasible(
            f"no plan under these rules reaches {floor:g} {goal}: at most {most:g} is possible",
            rule=f"floors.{goal}",
            missing=floor - most,
            hint="lower the floor or raise the budget",
        )
    return alone


def _enumerated(campaign: Campaign, plain: Found, covers: Sequence[Cover], floors: Mapping[str, float]) -> Found:
    """The best of all plans that reach the floors, where nothing is sampled; or the proof that there is none."""
    plans, values = every_plan(covers, campaign.menu)
    least = np.array(list(floors.values()))
    good = np.flatnonzero((values[:, 1:] >= least * (1 - ROUNDING)).all(axis=1))
    if not good.size:
        lack = least - values[:, 1:]
        nearest = lack[int(np.argmin((lack / np.maximum(least, 1e-12)).max(axis=1)))]
        missing = {f"floors.{goal}": float(x) for goal, x in zip(floors, nearest.tolist(), strict=True) if x > 0}
        told = ", ".join(f"{rule} misses {x:g}" for rule, x in missing.items())
        message = f"no plan under these rules reaches the floors together; nearest to all of them {told}"
        raise Infeasible(
            message,
            rule=" + ".join(f"floors.{goal}" for goal in floors),
            missing=missing,
            hint="lower a floor or raise the budget",
        )
    best = int(good[np.argmax(values[good, 0])])
    chosen, value = by_marginal_gain(covers[0], plans[best], campaign.menu.after), float(values[best, 0])
    return replace(
        plain,
        choice=replace(plain.choice, chosen=chosen, value=value, bound=value),
        certificate=Certificate.of(value, value, 0.0),
    )


def _values(campaign: Campaign, weights: Mapping[str, float]) -> Floats:
    value = campaign.goal(weights)
    return np.ones(campaign.who.n) if value is None else value


def _tried(found: Found, judge: GoalJudge, floors: Mapping[str, float], bound: float) -> _Try:
    return _Try(found, {goal: judge.sure(goal, found.choice.chosen) for goal in floors}, bound)


def _best(campaign: Campaign, tries: list[_Try], floors: Mapping[str, float]) -> Found:
    """The plan worth most among those that reach the floors; its certificate takes the smallest bound."""
    worlds = campaign.worlds
    check = worlds.cover(worlds.sets(FIRST_SETS, CHECKING), campaign.hazard)
    good = [t for t in tries if not t.short(floors)]
    if not good:
        nearest = min(tries, key=lambda t: max(t.short(floors).values()))
        missed = ", ".join(f"{goal} {nearest.reached[goal]:,.1f} of {floors[goal]:g}" for goal in nearest.short(floors))
        message = f"no plan was found that reaches the floors; the nearest one has {missed}"
        raise NotConverged(message, best=None, hint="lower a floor or raise the budget")
    best = max(good, key=lambda t: check.value(t.found.choice.chosen))
    judged = worlds.cover(worlds.sets(FIRST_SETS * 2, JUDGING), campaign.hazard)
    choice = replace(best.found.choice, value=judged.value(best.found.choice.chosen))
    delta = campaign.request.delta / 2
    own = certify(worlds.total, choice, judged, judged.weight.size, delta, exact=worlds.exact)
    upper = min(t.bound for t in tries)  # the share of each price in delta lets all of them be looked at
    certificate = Certificate.of(own.lower, upper, 0.0 if worlds.exact else campaign.request.delta)
    return replace(
        best.found, choice=choice, certificate=certificate, judged=judged, sets=worlds.sets(FIRST_SETS * 2, JUDGING)
    )
