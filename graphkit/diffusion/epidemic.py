"""SI, SIS and SIR in discrete steps, one world at a time.

Every try is a coin of (world, age of the infection, arc) and every recovery one of (world, age,
node), so in SI and SIR a node's infectious period and the delays on its arcs do not depend on when
or by whom it was infected: worlds are coupled, and adding a seed never lowers a spread. In SIS
the step takes the place of the age. Geometric periods arise from coins alone: no logarithm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.coins import coin, kernel, limits, mix64, stream, world_key
from graphkit.diffusion.models import SIR, SIS
from graphkit.diffusion.worlds import arc_probability
from graphkit.errors import InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from graphkit.diffusion.models import SI
    from graphkit.projection.projection import Projection

__all__ = ["epidemic_blocks"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def epidemic_blocks(projection: Projection, seeds: NDArray[np.int64], units: NDArray[np.int64], *, model: SI | SIS | SIR,
                    seed: int, steps: int) -> Callable[[int, int], Any]:
    """Return the block function over worlds; arguments and result as in `cascade.cascade_blocks`.

    Raises
    ------
    InvalidParameter
        An epidemic that need not end (SI, SIS, SIR without recovery) has no ``max_steps``.
    """
    recovery = model.recovery if isinstance(model, SIR | SIS) else 0.0
    if steps < 0 and (recovery == 0 or isinstance(model, SIS)):
        message = f"{model} need not end by itself"
        raise InvalidParameter(message, parameter="max_steps", hint="give max_steps, the number of steps to follow")
    limit = limits(model.transmission * arc_probability(projection, default=1.0))
    arc, heal, heals, again = stream(seed, "arc"), stream(seed, "recovery"), limits(recovery)[()], isinstance(model, SIS)

    def block(first: int, last: int) -> Any:
        return _epidemic_kernel(first, last - first, arc, heal, projection.indptr, projection.indices, projection.edge_key, limit,
                                projection.node_key, heals, again, seeds, units, steps)

    return block


@kernel
def _epidemic_kernel(first: int, count: int, arc: Any, heal: Any, indptr: Any, indices: Any, arc_key: Any, limit: Any, node_key: Any,
                     heals: Any, again: bool, seeds: Any, units: Any, steps: int) -> Any:  # noqa: FBT001 - kernels take no keywords
    """Follow the infectious nodes step by step; tries look at the states at the start of the step."""
    n = indptr.size - 1
    totals, activation, by_step = np.zeros(count, np.int64), np.zeros(n, np.int64), np.zeros(16, np.int64)
    ever, since, sick = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.bool_)
    ill, fresh = np.empty(n, np.int32), np.empty(n, np.int32)
    for w in range(count):
        arc_world, heal_world = world_key(arc, first + w), world_key(heal, first + w)
        n_ill, n_fresh, step = 0, 0, 0
        for s in seeds:
            fresh[n_fresh] = s
            n_fresh += 1
        while True:
            if step >= by_step.size:
                longer = np.zeros(2 * by_step.size, np.int64)
                longer[: by_step.size] = by_step
                by_step = longer
            for i in range(n_fresh):
                v = fresh[i]
                ill[n_ill], since[v], sick[v] = v, step, True
                n_ill += 1
                if ever[v] != w + 1:
                    ever[v] = w + 1
                    activation[v] += 1
                    totals[w] += units[v]
                    by_step[step] += units[v]
            n_fresh = 0
            if n_ill == 0 or step == steps:
                break
            step += 1
            for i in range(n_ill):
                u = ill[i]
                age = np.uint64(step if again else step - since[u])
                world = mix64(arc_world + age * _GOLDEN)
                for j in range(indptr[u], indptr[u + 1]):
                    v = indices[j]
                    if sick[v] or (not again and ever[v] == w + 1) or coin(world, arc_key[j]) >= limit[j]:
                        continue
                    sick[v] = True  # not among the ill before the next step
                    fresh[n_fresh] = v
                    n_fresh += 1
            kept = 0
            for i in range(n_ill):
                u = ill[i]
                age = np.uint64(step if again else step - since[u])
                if coin(mix64(heal_world + age * _GOLDEN), node_key[u]) < heals:
                    sick[u] = False
                else:
                    ill[kept] = u
                    kept += 1
            n_ill = kept
        for i in range(n_ill):
            sick[ill[i]] = False
    return totals, activation, by_step
