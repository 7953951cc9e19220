"""A plan in single worlds, run forward: who is exposed by his own coin, and whom the cascade reaches over live ties.

The coins are those of `graphkit.diffusion.cascade` (edge family), so a world equals one of `estimate_spread` with the
same seed bit for bit. Keys and limits are worked out on the way: a world of another draw of the chances needs no copy
of the arcs, which for 40 million of them would not fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.coins import coin, limits, mix64, stream, world_key
from graphkit.kernels import kernel
from graphkit.planning.chances import Z95, scale_of
from graphkit.projection.keys import node_hashes
from graphkit.rng import child_seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.planning.campaign import Campaign
    from graphkit.planning.draws import Draw

    Floats = NDArray[np.float64]

__all__ = ["realised", "world_kernel"]

NONE = np.empty(0)
NONE.flags.writeable = False  # as bounds are, or the kernel is compiled twice
GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # with mix64 this makes the keys of `graphkit.projection.keys.edge_keys`


def realised(
    campaign: Campaign, chosen: Sequence[int], value: Floats, draws: Sequence[Draw | None], worlds: int, purpose: str
) -> Floats:
    """Return what a plan comes to in single worlds.

    Parameters
    ----------
    campaign : Campaign
    chosen : sequence of int
        Options that are bought.
    value : float64 ndarray, shape (n_goals, n_people)
    draws : sequence of Draw
        None stands for the chances as given.
    worlds : int
        Worlds of each draw.
    purpose : str
        Different purposes are independent.

    Returns
    -------
    float64 ndarray, shape (n_goals, n_draws, worlds)
    """
    keys, rows = _keys(campaign), list(chosen)

    def block(first: int, last: int) -> Floats:
        found = np.zeros((value.shape[0], last - first))
        held = -1
        for item in range(first, last):
            d, w = divmod(item, worlds)
            if d != held:
                held, draw = d, draws[d]
                hazard = campaign.hazard[:, rows] if draw is None else campaign.with_factor(draw.channel_factor, rows)
                limit = limits(-np.expm1(-np.asarray(hazard.sum(axis=1)).ravel()))
                seed = child_seed(campaign.request.seed, "plan:risk", purpose, d)
            active = exposed_kernel(stream(seed, "channel"), w, keys, limit)
            _spread(campaign, draw, active, keys, seed, w)
            found[:, item - first] = value[:, active].sum(axis=1)
        return found

    parts = campaign.worlds.engine.map_blocks(block, len(draws) * worlds)
    return np.concatenate(parts, axis=1).reshape(value.shape[0], len(draws), worlds)


def _spread(
    campaign: Campaign, draw: Draw | None, active: NDArray[np.bool_], keys: NDArray[np.uint64], seed: int, world: int
) -> None:
    """Add everybody whom the active reach in this world."""
    graph = campaign.projection if draw is None else campaign.base
    if graph is None:
        return
    steps = -1 if campaign.request.max_steps is None else campaign.request.max_steps
    place = 0.0 if draw is None else draw.place
    low, high = (NONE, NONE) if draw is None or draw.bounds is None else draw.bounds
    world_kernel(
        stream(seed, "arc"),
        world,
        graph.indptr,
        graph.indices,
        keys,
        graph.probability,
        low,
        high,
        place / Z95,
        scale_of(place),
        active,
        steps,
    )


def _keys(campaign: Campaign) -> NDArray[np.uint64]:
    """Stable hash of every person."""
    if campaign.projection is not None:
        return campaign.projection.node_key
    return node_hashes([campaign.who.label] * campaign.who.n, campaign.who.ids)


@kernel
def exposed_kernel(base: Any, world: int, keys: Any, limit: Any) -> Any:
    """Which people their coin of this world exposes."""
    out, here = np.zeros(keys.size, np.bool_), world_key(base, world)
    for i in range(keys.size):
        out[i] = coin(here, keys[i]) < limit[i]
    return out


@kernel
def world_kernel(
    base: Any,
    world: int,
    indptr: Any,
    indices: Any,
    keys: Any,
    p: Any,
    low: Any,
    high: Any,
    errors: float,
    factor: float,
    active: Any,
    steps: int,
) -> None:
    """Breadth-first search from the active; a learned chance moves by ``errors`` of its half interval, another by ``factor``."""
    here, queue = world_key(base, world), np.empty(active.size, np.int32)
    tail, head, depth = 0, 0, 0
    for u in range(active.size):
        if active[u]:
            queue[tail] = u
            tail += 1
    while head < tail and depth != steps:
        end, depth = tail, depth + 1
        while head < end:
            u = queue[head]
            head += 1
            mine = mix64(keys[u] + GOLDEN)
            for j in range(indptr[u], indptr[u + 1]):
                v = indices[j]
                if active[v] or p[j] <= 0.0:
                    continue
                if low.size == 0:
                    q = p[j] * factor
                else:
                    q = max(p[j] + errors * (high[j] - p[j] if errors > 0 else p[j] - low[j]), 0.0)
                if coin(here, mix64(mine + keys[v] + GOLDEN)) < np.uint64(np.ceil(min(q, 1.0) * 4611686018427387904.0)):
                    active[v] = True
                    queue[tail] = v
                    tail += 1
