"""Plans between goals: what no other plan beats in every goal, under the rules and the budget.

The single-goal plans and those of weighted sums come first; they also bound everything else, since no plan is worth
more than the upper bound U_w under the weights w. In a market of few options all plans are then looked at, so that
the list is complete (on the sample; without word of mouth it is exact). In larger ones plans between the weighted
sums are looked for by exchanges (`graphkit.influence.channel_front`): the list may lack some.

Each plan carries a guarantee: ``ratio`` = max over the weights w of (sum of w x lower end of its goal) / U_w. With
chance at least 1 - delta no plan under the rules is better by more than the factor 1 / ratio in every goal at once.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import InvalidParameter
from graphkit.influence.channel_bound import lower_limit, upper_limit
from graphkit.influence.channel_cover import merged
from graphkit.influence.channel_front import SAME, every_plan, exchanged_plans, unbeaten
from graphkit.planning.choose import is_small, thinned
from graphkit.planning.floors import GoalJudge, keeps_floors
from graphkit.planning.goals import GOALS, goal_weights
from graphkit.planning.search import CHOOSING, JUDGING, ROUNDS, search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphkit.planning.campaign import Campaign
    from graphkit.planning.search import Found

__all__ = ["pareto_goals", "pareto_plans"]

STEPS = {2: 6, 3: 3, 4: 2}  # parts into which the weights are divided, by number of goals
MOST_LISTED = {2: 24, 3: 40, 4: 60}
NOISE = 0.1  # differences below this share of a half interval are none
EXCHANGE_WORK = 6e8  # entries of covers that exchanges may read


def pareto_goals(names: str | Sequence[str]) -> tuple[str, ...]:
    """Return the goals of a list of plans, at least two."""
    given = [x.strip() for x in names.split(",")] if isinstance(names, str) else [str(x) for x in names]
    goal_weights(dict.fromkeys(given, 1.0))
    kept = tuple(goal for goal in GOALS if goal in given)
    if len(kept) < 2:
        raise InvalidParameter(
            "a list of plans needs at least two goals", parameter="pareto", value=names, allowed=tuple(GOALS)
        )
    return kept


@dataclass(frozen=True)
class _Sum:
    """A weighted sum of goals: shares and weights per goal, its plan, and a bound on every plan's sum."""

    shares: tuple[float, ...]
    weights: tuple[float, ...]
    found: Found
    upper: float


def pareto_plans(campaign: Campaign, plan: Found, goals: Sequence[str], n_sets: int) -> list[dict[str, Any]]:
    """Return one row per plan: weights, channels, spent, mean and interval of each goal, ratio and delta.

    Every plan reaches the floors of the rules, as ``plan`` does.
    Plans are judged on ``n_sets`` sets per goal that chose none of them; what another listed plan beats there in every
    goal, sampling noise aside, is left out. ``weights`` are the shares of a weighted sum whose plan this is, None for plans in between;
    ``complete`` says whether all plans were looked at.
    """
    judge = GoalJudge(campaign, goals, JUDGING, n_sets)
    sums = _sums(campaign, judge, goals)
    named = {tuple(sorted(s.found.choice.chosen)): dict(zip(goals, s.shares, strict=True)) for s in reversed(sums)}
    floors = campaign.rules.floors
    starts = [s.found.choice.chosen for s in sums] + ([plan.choice.chosen] if floors else [])
    every = list(dict.fromkeys((*goals, *floors)))  # the best above the floors are among the best in all of these
    plans, complete = _unbeaten_plans(campaign, every, starts, sums[0].found.n_choose)
    known = {tuple(sorted(x)): x for x in filter(keeps_floors(campaign), [*starts, *plans])}
    rows = [
        _row(campaign, judge, goals, named.get(key), chosen, sums) | {"complete": complete}
        for key, chosen in known.items()
    ]
    points = np.array([[row["goals"][goal] for goal in goals] for row in rows])
    half = (
        max(
            (row["intervals"][g][1] - row["intervals"][g][0]) / max(row["goals"][g], 1e-12)
            for row in rows
            for g in goals
        )
        / 2
    )
    same = SAME if judge.exact else NOISE * half
    front = unbeaten(points, np.array([row["spent"] for row in rows]), same)
    return [
        rows[i]
        for i in _spread(front, points, [rows[i]["weights"] is not None for i in front], MOST_LISTED[len(goals)])
    ]


def _unbeaten_plans(
    campaign: Campaign, goals: Sequence[str], starts: Sequence[Sequence[int]], n_choose: int
) -> tuple[list[list[int]], bool]:
    """Plans that no other one looked at beats in every goal, and whether all plans were looked at."""
    chooser = GoalJudge(campaign, goals, CHOOSING, n_choose)
    covers = [chooser.covers[goal] for goal in goals]
    if is_small(campaign.options.n, [merged(cover) for cover in covers]):
        plans, values = every_plan(covers, campaign.menu)
        kept = unbeaten(values, np.array([campaign.menu.money(x) for x in plans], np.float64))
        return [plans[i] for i in kept], True
    thin = [thinned(cover) for cover in covers]
    tries = int(np.clip(EXCHANGE_WORK / max(sum(c.hazard.nnz for c in thin), 1), 20, 600))
    return exchanged_plans(thin, campaign.menu, starts, tries=tries), False


def _sums(campaign: Campaign, judge: GoalJudge, goals: Sequence[str]) -> list[_Sum]:
    """Plans of single goals and of weighted sums of their shares, with bounds that hold together."""
    lattice = _lattice(len(goals), STEPS[len(goals)])
    top = {goal: search(campaign.with_value(campaign.goal({goal: 1.0}))) for goal in goals}
    scale = {goal: max(judge.worth(goal, found.choice.chosen)[0], 1e-12) for goal, found in top.items()}
    made = []
    for shares in lattice:
        mix = {goal: share / scale[goal] for goal, share in zip(goals, shares, strict=True) if share > 0}
        only = next(iter(mix)) if len(mix) == 1 else None
        mixed = campaign.with_value(campaign.goal({only: 1.0} if only else mix))
        found = top[only] if only else search(mixed, enough=0.0)  # exchanges go on from it
        weights = tuple((1.0 if only else mix[goal]) if goal in mix else 0.0 for goal in goals)
        made.append(_Sum(shares, weights, found, _upper(mixed, found, len(lattice))))
    return made


def _upper(campaign: Campaign, found: Found, n_sums: int) -> float:
    """A bound on every plan's weighted sum, wrong with chance delta / 2 for all sums together."""
    worlds, bound = campaign.worlds, found.choice.bound
    if worlds.exact or math.isnan(bound):
        return bound
    return worlds.total * upper_limit(
        bound / worlds.total, found.n_choose, campaign.request.delta / (2 * ROUNDS * n_sums)
    )


def _lattice(n: int, parts: int) -> list[tuple[float, ...]]:
    """Weights that are multiples of 1/parts and sum to 1, the first goal alone first."""
    every = itertools.product(range(parts, -1, -1), repeat=n)
    return [tuple(x / parts for x in row) for row in every if sum(row) == parts]


def _row(
    campaign: Campaign,
    judge: GoalJudge,
    goals: Sequence[str],
    shares: dict[str, float] | None,
    chosen: Sequence[int],
    sums: Sequence[_Sum],
) -> dict[str, Any]:
    worth = {goal: judge.worth(goal, chosen) for goal in goals}
    ratio = _ratio(campaign, judge, goals, worth, sums)
    return {
        "weights": shares,
        "spent": campaign.menu.money(chosen) / 100,
        "goals": {goal: mean for goal, (mean, _) in worth.items()},
        "intervals": {goal: list(band) for goal, (_, band) in worth.items()},
        "channels": sorted({campaign.label(x) for x in chosen}),
        "ratio": ratio,
        "delta": None if ratio is None else 0.0 if judge.exact else campaign.request.delta,
    }


def _ratio(
    campaign: Campaign, judge: GoalJudge, goals: Sequence[str], worth: dict[str, Any], sums: Sequence[_Sum]
) -> float | None:
    """Guaranteed share of the best in some weighted sum: whatever is better in every goal is better in that sum too."""
    if any(math.isnan(s.upper) for s in sums):
        return None
    lower = []
    for goal in goals:
        cover, mean = judge.covers[goal], worth[goal][0]
        total = cover.scale * cover.weight.sum()
        lower.append(
            mean
            if judge.exact
            else total * lower_limit(mean / total, cover.weight.size, campaign.request.delta / (2 * len(goals)))
        )
    shares = [float(np.dot(s.weights, lower)) / s.upper for s in sums if s.upper > 0]
    return min(1.0, max(shares, default=0.0))  # where no plan is worth anything, as the certificate of a plan says


def _spread(front: Any, points: Any, kept_first: Sequence[bool], most: int) -> list[int]:
    """At most so many of the front: plans of weighted sums first, then whoever is farthest from those taken; in the front's order."""
    rows = [int(i) for i in front]
    if len(rows) <= most:
        return rows
    share = points[rows] / np.maximum(points.max(axis=0), 1e-300)
    taken = [i for i, first in enumerate(kept_first) if first] or [0]
    apart = np.min([np.abs(share - share[i]).sum(axis=1) for i in taken], axis=0)
    while len(taken) < most:
        taken.append(int(np.argmax(apart)))
        apart = np.minimum(apart, np.abs(share - share[taken[-1]]).sum(axis=1))
    return [rows[i] for i in sorted(set(taken))]
