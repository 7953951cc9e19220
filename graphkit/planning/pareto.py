"""Plans between goals: for weights from one goal alone to the other, the best plan of the weighted sum.

No listed plan is at least as good in every goal, at most as dear, and better in something than another listed one.
The ends are the plans of single goals. Weighted sums find the supported part of the front (its convex hull).
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from graphkit.errors import InvalidParameter
from graphkit.planning.floors import GoalJudge
from graphkit.planning.goals import GOALS, goal_weights
from graphkit.planning.search import JUDGING, search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphkit.planning.campaign import Campaign

__all__ = ["pareto_goals", "pareto_plans"]

STEPS = {2: 6, 3: 3, 4: 2}  # parts into which the weights are divided, by number of goals


def pareto_goals(names: str | Sequence[str]) -> tuple[str, ...]:
    """Return the goals of a list of plans, at least two."""
    given = [x.strip() for x in names.split(",")] if isinstance(names, str) else [str(x) for x in names]
    goal_weights(dict.fromkeys(given, 1.0))
    kept = tuple(goal for goal in GOALS if goal in given)
    if len(kept) < 2:
        raise InvalidParameter("a list of plans needs at least two goals", parameter="pareto", value=names, allowed=tuple(GOALS))
    return kept


def pareto_plans(campaign: Campaign, goals: Sequence[str], n_sets: int) -> list[dict[str, Any]]:
    """Return one row per plan: weights, channels, spent, and mean and interval of each goal.

    Plans are judged on ``n_sets`` sets per goal. Weights are shares of what each goal's own best plan reaches, so that goals of different size are comparable.
    """
    judge = GoalJudge(campaign, goals, JUDGING, n_sets)
    top = {goal: search(campaign.with_value(campaign.goal({goal: 1.0}))) for goal in goals}
    scale = {goal: max(judge.worth(goal, found.choice.chosen)[0], 1e-12) for goal, found in top.items()}
    rows: dict[tuple[float, ...], dict[str, Any]] = {}
    for shares in _lattice(len(goals), STEPS[len(goals)]):
        mix = {goal: share / scale[goal] for goal, share in zip(goals, shares, strict=True) if share > 0}
        only = next(iter(mix)) if len(mix) == 1 else None
        found = top[only] if only else search(campaign.with_value(campaign.goal(mix)))
        chosen = found.choice.chosen
        row = _row(campaign, judge, goals, shares, chosen)  # plans that differ in waves only are one choice
        rows.setdefault((row["spent"], *(round(row["goals"][g] / scale[g], 9) for g in goals)), row)
    listed = list(rows.values())
    return [row for row in listed if not any(_dominates(other, row, goals) for other in listed)]


def _lattice(n: int, parts: int) -> list[tuple[float, ...]]:
    """Weights that are multiples of 1/parts and sum to 1, the first goal alone first."""
    every = itertools.product(range(parts, -1, -1), repeat=n)
    return [tuple(x / parts for x in row) for row in every if sum(row) == parts]


def _row(campaign: Campaign, judge: GoalJudge, goals: Sequence[str], shares: Sequence[float], chosen: Sequence[int]) -> dict[str, Any]:
    worth = {goal: judge.worth(goal, chosen) for goal in goals}
    return {
        "weights": dict(zip(goals, shares, strict=True)), "spent": campaign.menu.money(chosen) / 100,
        "goals": {goal: mean for goal, (mean, _) in worth.items()}, "intervals": {goal: list(band) for goal, (_, band) in worth.items()},
        "channels": sorted({campaign.label(x) for x in chosen}),
    }  # fmt: skip


def _dominates(one: dict[str, Any], other: dict[str, Any], goals: Sequence[str]) -> bool:
    """Whether one plan is nowhere worse than another and somewhere better."""
    pairs = [(one["goals"][g], other["goals"][g]) for g in goals] + [(-one["spent"], -other["spent"])]
    return one is not other and all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)
