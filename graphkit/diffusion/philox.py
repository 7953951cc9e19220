"""Cascades with the coins of the slow reference generator, Philox4x32-10, one arc after the other.

Shares no coin, chunk or word with the fast kernels, so that the two give independent estimates of the same spread: a fault of the fast
generator would show as a difference. The counter holds the key of the arc (or node, in the linear threshold model) and the number of the
world, the key the stream of the seed.

References
----------
Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3. SC 2011. https://doi.org/10.1145/2063384.2063405
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.coins import philox4x32, stream
from graphkit.diffusion.cascade import LANES, arc_coins
from graphkit.diffusion.single import add_square, longer
from graphkit.kernels import kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from graphkit.projection.projection import Projection

__all__ = ["philox_blocks"]

_LOW, _S2, _S30, _S32 = np.uint64(0xFFFFFFFF), np.uint64(2), np.uint64(30), np.uint64(32)


def philox_blocks(
    projection: Projection,
    seeds: NDArray[np.int64],
    units: NDArray[np.int64],
    *,
    model: str,
    seed: int,
    n_worlds: int,
    steps: int,
    bits: int = 31,
) -> Callable[[int, int], Any]:
    """Return the block function over words of 64 worlds; arguments and result as in `cascade.cascade_blocks`."""
    coins = arc_coins(projection, model)
    base, low = (
        stream(seed, f"{coins.purpose}:philox"),
        np.zeros(projection.n_arcs, np.uint64) if coins.low is None else coins.low,
    )

    def block(first: int, last: int) -> Any:
        count = min(last * LANES, n_worlds) - first * LANES
        return _philox_kernel(
            first * LANES,
            count,
            base,
            projection.indptr,
            projection.indices,
            coins.key,
            low,
            coins.limit,
            seeds,
            units,
            steps,
            bits,
        )

    return block


@kernel
def _philox_kernel(
    first: int,
    count: int,
    base: Any,
    indptr: Any,
    indices: Any,
    key: Any,
    low: Any,
    limit: Any,
    seeds: Any,
    units: Any,
    steps: int,
    bits: int,
) -> Any:
    """Breadth-first search, one world after the other; returns (totals, activation, by_step, squares)."""
    n = indptr.size - 1
    totals, activation, by_step = np.zeros(count, np.int64), np.zeros(n, np.int64), np.zeros(64, np.int64)
    squares = np.zeros(3 * 64, np.int64)
    seen, queue = np.zeros(n, np.bool_), np.empty(n, np.int32)
    for w in range(count):
        world, head, tail, depth = np.uint64(first + w), 0, 0, 0
        for s in seeds:
            queue[tail], seen[s] = s, True
            tail += 1
        while True:
            if depth == by_step.size:
                by_step, squares = longer(by_step), longer(squares)
            before = by_step[depth]
            for i in range(head, tail):
                activation[queue[i]] += 1
                by_step[depth] += units[queue[i]]
                totals[w] += units[queue[i]]
            add_square(squares, depth, by_step[depth] - before, bits)
            if head == tail or depth == steps:
                break
            depth, end = depth + 1, tail
            for i in range(head, end):
                for j in range(indptr[queue[i]], indptr[queue[i] + 1]):
                    v = indices[j]
                    if not seen[v] and _coin(base, world, key[j]) - low[j] < limit[j]:
                        queue[tail], seen[v] = v, True
                        tail += 1
            head = end
        for i in range(tail):
            seen[queue[i]] = False
    return totals, activation, by_step, squares


@kernel
def _coin(base: Any, world: Any, key: Any) -> Any:
    """Return 62 bits of one call of the generator."""
    words = philox4x32(key & _LOW, key >> _S32, world & _LOW, world >> _S32, base & _LOW, base >> _S32)
    return (words[0] << _S30) | (words[1] >> _S2)
