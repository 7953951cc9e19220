"""The risk of a plan: what it reaches at least with chance 9 in 10, luck and unknown chances together (mission C50).

Worlds are run forward, edge family: in each one every user is exposed or not by his own coin, and the cascade goes on
over live ties. A world is a number of people, not an expectation, so its 10th percentile holds both the luck of one
campaign and, over draws of the chances (`graphkit.planning.draws`), what is not known about them. The interval comes
from resampling draws, for worlds of one draw are alike.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.coins import coin, kernel, limits, stream, world_key
from graphkit.diffusion.cascade import arc_coins, cascade_blocks
from graphkit.diffusion.single import at_least_eight
from graphkit.planning.draws import believed, draws_of, quantile
from graphkit.planning.goals import goal_text, goal_weights
from graphkit.projection.keys import node_hashes
from graphkit.rng import as_generator, child_seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.diffusion.cascade import ArcCoins
    from graphkit.planning.campaign import Campaign
    from graphkit.planning.draws import Draw

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["TENTH", "plan_risk", "realised", "resampled"]

TENTH = 0.1
WORLDS, WORK = 1_024, 1e8  # worlds at most; arcs looked at
DRAWS = ((1_000_000, 64), (10_000_000, 32), (np.inf, 16))  # draws of graphs with at most so many arcs
RESAMPLED = 1_000


def plan_risk(campaign: Campaign, chosen: Sequence[int], mean: float, goals: Sequence[str] = ()) -> dict[str, Any]:
    """Return the 10th percentile of every goal of a plan over worlds and draws, with its interval.

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
        ``goals``: rows (goal, p10, interval, p10_chances_as_given); ``draws``, ``worlds``; ``believed``: where the
        draws come from.
    """
    objective = goal_text(goal_weights(campaign.request.objective))
    names = list(dict.fromkeys(["reach", objective, *goals])) if not campaign.request.page_level else ["reach"]
    value = np.stack([_value(campaign, name) for name in names])
    arcs = 0 if campaign.projection is None else campaign.projection.n_arcs
    count = next(number for most, number in DRAWS if arcs <= most)
    work = campaign.who.n + arcs * min(1.0, mean / max(float(value[0].sum()), 1.0))
    each = int(np.clip(WORK / (work * count), 1, WORLDS // count))
    given = realised(campaign, chosen, value, [None], each * count, "given")[:, 0]
    totals = realised(campaign, chosen, value, draws_of(campaign, count, "plan:risk"), each, "drawn")
    rows = []
    for name, drawn, plain in zip(names, totals, given, strict=True):
        interval = resampled(drawn, lambda x: quantile(x.ravel(), TENTH), campaign.request.seed)
        rows.append({"goal": name, "p10": quantile(drawn.ravel(), TENTH), "interval": list(interval), "p10_chances_as_given": quantile(plain, TENTH)})
    return {"percentile": TENTH, "goals": rows, "draws": count, "worlds": each * count, "believed": believed(campaign)}


def _value(campaign: Campaign, objective: str) -> Floats:
    """Value of each user under an objective; who is reached already counts nothing."""
    value = None if campaign.request.page_level else campaign.goal(goal_weights(objective))
    whole = np.ones(campaign.who.n) if value is None else value
    return whole if campaign.active is None else np.where(campaign.active, 0.0, whole)


def realised(campaign: Campaign, chosen: Sequence[int], value: Floats, draws: Sequence[Draw | None], worlds: int, purpose: str) -> Floats:
    """Return what a plan comes to in single worlds, shape (n_goals, n_draws, worlds); the draw None: chances as given."""
    keys = _keys(campaign)
    out = np.empty((value.shape[0], len(draws), worlds))
    steps = -1 if campaign.request.max_steps is None else campaign.request.max_steps
    units = np.ones(campaign.who.n, dtype=np.int64)
    graph = campaign.projection
    given = None if graph is None else arc_coins(graph, "ic")
    for d, draw in enumerate(draws):
        hazard = (campaign.hazard if draw is None else campaign.with_factor(draw.channel_factor))[:, list(chosen)]
        chance = -np.expm1(-np.asarray(hazard.sum(axis=1)).ravel())
        rows = np.flatnonzero(chance)
        limit, seed = limits(chance[rows]), child_seed(campaign.request.seed, "plan:risk", purpose, d)
        base, arcs = stream(seed, "channel"), _moved(given, campaign, draw)

        def block(first: int, last: int) -> Floats:
            found = np.zeros((value.shape[0], last - first))
            for w in range(first, last):
                seeds = rows[exposed_kernel(base, w, keys[rows], limit)]  # noqa: B023 - used before the next draw
                if graph is None or not seeds.size:
                    found[:, w - first] = value[:, seeds].sum(axis=1)
                    continue
                run = cascade_blocks(graph, seeds, units, model="ic", seed=child_seed(seed, w), n_worlds=1, steps=steps, by="world", arcs=arcs)  # noqa: B023
                found[:, w - first] = value[:, run(0, 1)[1] > 0].sum(axis=1)
            return found

        out[:, d] = np.concatenate(campaign.worlds.engine.map_blocks(block, worlds), axis=1)
    return out


def _moved(given: ArcCoins | None, campaign: Campaign, draw: Draw | None) -> ArcCoins | None:
    """The arcs with the chances of a draw; everything else of them is shared."""
    ties = None if draw is None else draw.ties(campaign.base)
    return given if given is None or ties is None else replace(given, width=at_least_eight(limits(ties)))


def _keys(campaign: Campaign) -> NDArray[np.uint64]:
    """Stable hash of every person."""
    if campaign.projection is not None:
        return campaign.projection.node_key
    return node_hashes([campaign.who.label] * campaign.who.n, campaign.who.ids)


def resampled(values: Floats, statistic: Any, seed: int) -> tuple[float, float]:
    """Return the 95 % interval of a statistic by resampling the first axis (draws)."""
    rng = as_generator(seed, "plan:resampled")
    found = np.array([statistic(values[rng.integers(0, values.shape[0], values.shape[0])]) for _ in range(RESAMPLED)])
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)


@kernel
def exposed_kernel(base: Any, world: int, keys: Any, limit: Any) -> Any:
    """Which people their coin of this world exposes."""
    out, here = np.zeros(keys.size, np.bool_), world_key(base, world)
    for i in range(keys.size):
        out[i] = coin(here, keys[i]) < limit[i]
    return out
