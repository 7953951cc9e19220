"""The risk of a plan: what it reaches at least with chance 9 in 10, luck and unknown chances together.

Worlds are run forward, edge family: in each one every user is exposed or not by his own coin, and the cascade goes on
over live ties. A world is a number of people, not an expectation, so its 10th percentile holds both the luck of one
campaign and, over draws of the chances (`graphkit.planning.draws`), what is not known about them. The interval comes
from resampling draws, for worlds of one draw are alike. The middle 95 % of the same worlds tell where one campaign ends,
which the interval of an expected reach does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.planning.draws import believed, draws_of, quantile
from graphkit.planning.goals import goal_text, goal_weights
from graphkit.planning.realised import realised
from graphkit.rng import as_generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.planning.campaign import Campaign

    Floats = NDArray[np.float64]

__all__ = ["TENTH", "plan_risk", "resampled"]

TENTH, TAILS = 0.1, (0.025, 0.975)
WORLDS, WORK = 1_024, 5e7  # worlds at most; arcs looked at
DRAWS = ((1_000_000, 64), (10_000_000, 32), (np.inf, 16))  # draws of graphs with at most so many arcs
RESAMPLED, MIN_WORLDS = 1_000, 10


def plan_risk(campaign: Campaign, chosen: Sequence[int], mean: float, goals: Sequence[str] = ()) -> dict[str, Any]:
    """Return the 10th percentile of every goal of a plan over worlds and draws, with its interval, and where 95 % of them lie.

    Parameters
    ----------
    campaign : Campaign
    chosen : sequence of int
        Options that are bought.
    mean : float
        Expected reach, from which the work is foreseen.
    goals : sequence of str
        Goals beside reach and the objective.

    Returns
    -------
    dict
        ``goals``: rows (goal, p10, interval, prediction_interval of a single campaign, p10_chances_as_given); ``draws``,
        ``worlds``; ``believed``: where the draws come from.
    """
    objective = goal_text(goal_weights(campaign.request.objective))
    names = list(dict.fromkeys(["reach", objective, *goals])) if not campaign.request.page_level else ["reach"]
    value = np.stack([_value(campaign, name) for name in names])
    arcs = 0 if campaign.projection is None else campaign.projection.n_arcs
    count = next(number for most, number in DRAWS if arcs <= most)
    work = campaign.who.n + arcs * min(1.0, mean / max(float(value[0].sum()), 1.0))
    each = int(np.clip(WORK / (work * count), 1, WORLDS // count))
    given = realised(campaign, chosen, value, [None], max(each * count // 2, MIN_WORLDS), "given")[:, 0]
    totals = realised(campaign, chosen, value, draws_of(campaign, count, "plan:risk"), each, "drawn")
    rows = []
    for name, drawn, plain in zip(names, totals, given, strict=True):
        interval = resampled(drawn, lambda x: quantile(x.ravel(), TENTH), campaign.request.seed)
        rows.append(
            {
                "goal": name,
                "p10": quantile(drawn.ravel(), TENTH),
                "interval": list(interval),
                "prediction_interval": [quantile(drawn.ravel(), q) for q in TAILS],
                "p10_chances_as_given": quantile(plain, TENTH),
            }
        )
    return {"percentile": TENTH, "goals": rows, "draws": count, "worlds": each * count, "believed": believed(campaign)}


def _value(campaign: Campaign, objective: str) -> Floats:
    """Value of each user under an objective; who is reached already counts nothing."""
    value = None if campaign.request.page_level else campaign.goal(goal_weights(objective))
    whole = np.ones(campaign.who.n) if value is None else value
    return whole if campaign.active is None else np.where(campaign.active, 0.0, whole)


def resampled(values: Floats, statistic: Any, seed: int) -> tuple[float, float]:
    """Return the 95 % interval of a statistic by resampling the first axis (draws)."""
    rng = as_generator(seed, "plan:resampled")
    found = np.array([statistic(values[rng.integers(0, values.shape[0], values.shape[0])]) for _ in range(RESAMPLED)])
    low, high = np.quantile(found, TAILS)
    return float(low), float(high)
