"""SI, SIS and SIR in discrete steps, one world at a time.

Every try is a coin of (world, age of the infection, arc) and every recovery one of (world, age,
node), so in SI and SIR a node's infectious period and the delays on its arcs do not depend on when
or by whom it was infected: worlds are coupled, and adding a seed never lowers a spread. In SIS
the step takes the place of the age. Geometric periods arise from coins alone: no logarithm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.coins import coin, limits, mix64, stream, world_key
from graphkit.diffusion.models import SIR, SIS
from graphkit.diffusion.packed import advance, once, pack, workspace
from graphkit.diffusion.single import add_square, longer, value_of
from graphkit.diffusion.worlds import arc_probability
from graphkit.errors import InvalidParameter
from graphkit.kernels import kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from graphkit.diffusion.models import SI
    from graphkit.projection.projection import Projection

__all__ = ["epidemic_blocks"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def epidemic_blocks(
    projection: Projection,
    seeds: NDArray[np.int64],
    units: NDArray[np.int64],
    *,
    model: SI | SIS | SIR,
    seed: int,
    steps: int,
    bits: int = 31,
) -> Callable[[int, int], Any]:
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
    arcs = once(
        projection,
        ("epidemic", model.transmission),
        lambda: pack(
            projection.indptr,
            projection.indices,
            projection.edge_key,
            model.transmission * arc_probability(projection, default=1.0),
        ),
    )
    arc, heal, heals, again = (
        stream(seed, "arc"),
        stream(seed, "recovery"),
        limits(recovery)[()],
        isinstance(model, SIS),
    )

    def block(first: int, last: int) -> Any:
        return _epidemic_kernel(
            first, last - first, arc, heal, arcs, projection.node_key, heals, again, seeds, units, steps, bits
        )

    return block


@kernel
def _epidemic_kernel(
    first: int,
    count: int,
    arc: Any,
    heal: Any,
    arcs: Any,
    node_key: Any,
    heals: Any,
    again: Any,
    seeds: Any,
    units: Any,
    steps: int,
    bits: int,
) -> Any:
    """Follow the infectious nodes step by step; tries look at the states at the start of the step."""
    room = workspace(arcs)
    ill, seen, n = room.queue, room.seen, room.seen.size  # who was infected earlier stands before who was later
    totals, activation, by_step = np.zeros(count, np.int64), np.zeros(n, np.int64), np.zeros(64, np.int64)
    squares = np.zeros(3 * 64, np.int64)
    since, ever, reached = np.zeros(n, np.int64), np.zeros(n, np.bool_), np.empty(n, np.int32)
    for w in range(count):
        arc_world, heal_world = world_key(arc, first + w), world_key(heal, first + w)
        n_ill: Any = np.int64(0)
        n_old: Any = np.int64(0)
        n_reached, step = 0, 0
        for s in seeds:
            ill[n_ill], seen[s] = s, 1
            n_ill += 1
        while True:
            if step == by_step.size:
                by_step, squares = longer(by_step), longer(squares)
            before = by_step[step]
            for i in range(n_old, n_ill):
                v = ill[i]
                since[v] = step
                if not ever[v]:
                    ever[v], reached[n_reached] = True, v
                    n_reached += 1
                    by_step[step] += units[v]
            add_square(squares, step, by_step[step] - before, bits)
            if n_ill == 0 or step == steps:
                break
            step, n_old, tail, kept, start = step + 1, n_ill, n_ill, 0, np.int64(0)
            while start < n_old:  # all of one age at once: they share the key of their coins
                infected, end = since[ill[start]], start + 1
                while end < n_old and (again or since[ill[end]] == infected):
                    end += 1
                age = np.uint64(step if again else step - infected)
                tail = advance(mix64(arc_world + age * _GOLDEN), arcs, room, start, end, tail)
                world = mix64(heal_world + age * _GOLDEN)
                for i in range(start, end):
                    u = ill[i]
                    if coin(world, node_key[u]) >= heals:
                        ill[kept] = u
                        kept += 1
                    elif again:
                        seen[u] = 0
                start = end
            for i in range(n_old, tail):
                ill[kept + i - n_old] = ill[i]
            n_old, n_ill = kept, kept + tail - n_old
        for i in range(n_ill):
            seen[ill[i]] = 0
        totals[w] = value_of(reached, 0, n_reached, units, even=False)
        for i in range(n_reached):
            v = reached[i]
            activation[v] += 1
            seen[v], ever[v] = 0, False
    return totals, activation, by_step, squares
