"""Forward cascades one world at a time, eight arcs an instruction.

Draws the very coins of `cascade`, so both give the same worlds bit for bit; this one is faster
where a node is rarely active in many worlds of a word at the same step (long, thin cascades).
No branch but the length of the loops depends on chance: see `packed.advance`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.coins import world_key
from graphkit.diffusion.arrays import with_room
from graphkit.diffusion.packed import advance, workspace
from graphkit.kernels import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CHUNK", "add_square", "at_least_eight", "longer", "single_kernel", "value_of"]

CHUNK = 8


def at_least_eight(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array, zeros added where it has fewer than eight entries: a chunk is read whole."""
    return array if array.size >= CHUNK else np.concatenate((array, np.zeros(CHUNK - array.size, array.dtype)))


@kernel
def single_kernel(
    first: int,
    count: int,
    base: Any,
    arcs: Any,
    seeds: Any,
    units: Any,
    even: bool,  # noqa: FBT001 - kernels take no keywords
    steps: int,
    bits: int,
) -> Any:
    """Breadth-first search, one world after the other; returns (totals, activation, by_step, squares)."""
    room = workspace(arcs)
    queue, seen = room.queue, room.seen
    totals, activation, by_step = np.zeros(count, np.int64), np.zeros(seen.size, np.int32), np.zeros(64, np.int64)
    squares = np.zeros(3 * 64, np.int64)
    for w in range(count):
        world, head, tail, depth = world_key(base, first + w), np.int64(0), np.int64(0), np.int64(0)
        for s in seeds:
            queue[tail], seen[s] = s, 1
            tail += 1
        while True:
            if depth == by_step.size:
                by_step, squares = longer(by_step), longer(squares)
            new = value_of(queue, head, tail, units, even)
            by_step[depth] += new
            add_square(squares, depth, new, bits)
            if head == tail or depth == steps:
                break
            depth += 1
            head, tail = tail, advance(world, arcs, room, head, tail, tail)
        totals[w] = value_of(queue, np.int64(0), tail, units, even)
        for i in range(tail):
            v = np.uint64(queue[np.uint64(i)])
            activation[v] += 1
            seen[v] = 0
    return totals, activation, by_step, squares


@kernel
def longer(array: Any) -> Any:
    """Return the array with as many zeros added."""
    result = with_room(array, array.size, 2 * array.size)
    for i in range(array.size, result.size):
        result[i] = 0
    return result


@kernel
def add_square(squares: Any, at: Any, number: Any, bits: int) -> None:
    """Add the square of a number >= 0 in three sums that each fit 62 bits: of its ``bits`` lowest bits, of the others, and mixed."""
    below, above = number & ((np.int64(1) << np.int64(bits)) - 1), number >> np.int64(bits)
    squares[3 * at] += below * below
    squares[3 * at + 1] += below * above
    squares[3 * at + 2] += above * above


@kernel
def value_of(queue: Any, head: Any, end: Any, units: Any, even: bool) -> Any:  # noqa: FBT001 - kernels take no keywords
    """Sum the units of queue[head:end]; ``even`` says that each is 1."""
    if even:
        return np.int64(end - head)
    total = np.int64(0)
    for i in range(head, end):
        total += units[queue[i]]
    return total
