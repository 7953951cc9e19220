"""Forward cascades one world at a time, eight arcs an instruction.

Draws the very coins of `cascade`, so both give the same worlds bit for bit; this one is faster
where a node is rarely active in many worlds of a word at the same step (long, thin cascades).
Chunks of at most eight arcs are gathered in groups of eight before any result is looked at: one
branch in 64 arcs depends on chance instead of one in every few. Where nodes have many arcs, memory is what
one waits for, and `direct_kernel` follows each chunk at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.coins import kernel, live_eight, prefetch, trailing_zeros, world_key

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CHUNK", "THICK", "at_least_eight", "direct_kernel", "single_kernel"]

CHUNK = 8
THICK = 8  # arcs a node from which looking at each chunk at once is faster than gathering groups (1.4 times at 10)
NEAR, FAR = 6, 12  # nodes ahead whose arcs, and whose place, are fetched
_ONE, _THREE, _SEVEN = np.uint64(1), np.uint64(3), np.uint64(7)


def at_least_eight(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array, zeros added where it has fewer than eight entries: a chunk is read whole."""
    return array if array.size >= CHUNK else np.concatenate((array, np.zeros(CHUNK - array.size, array.dtype)))


@kernel
def single_kernel(first: int, count: int, base: Any, indptr: Any, indices: Any, key: Any, low: Any, width: Any, seeds: Any,
                  units: Any, even: bool, steps: int) -> Any:  # noqa: FBT001 - kernels take no keywords
    """Breadth-first search, one world after the other; returns (totals, activation, by_step)."""
    n, last = indptr.size - 1, key.size - 8
    totals, activation, by_step = np.zeros(count, np.int64), np.zeros(n, np.int64), np.zeros(64, np.int64)
    seen, queue = np.zeros(n, np.uint8), np.empty(n + 1, np.int32)  # one place more: a node already seen is written and forgotten
    chunk, valid = np.empty(8, np.int64), np.empty(8, np.uint64)
    for w in range(count):
        tail: Any = 0
        world, head, depth = world_key(base, first + w), 0, 0
        for s in seeds:
            queue[tail], seen[s] = s, 1
            tail += 1
        while True:
            if depth == by_step.size:
                longer = np.zeros(2 * by_step.size, np.int64)
                longer[:depth] = by_step
                by_step = longer
            if even:
                by_step[depth] += tail - head
            else:
                for i in range(head, tail):
                    by_step[depth] += units[queue[i]]
            if head == tail or depth == steps:
                break
            depth, end, j, stop = depth + 1, tail, 0, 0
            while True:
                n_chunks = 0
                while n_chunks < 8:
                    if j >= stop:
                        if head >= end:
                            break
                        u = np.uint64(queue[np.uint64(head)])
                        head += 1
                        prefetch(indptr, queue[np.uint64(min(head + FAR, tail - 1))])
                        soon = indptr[queue[np.uint64(min(head + NEAR, tail - 1))]]
                        prefetch(indices, soon)
                        prefetch(key, soon)
                        prefetch(width, soon)
                        prefetch(key, soon + 7)
                        prefetch(width, soon + 7)
                        j, stop = indptr[u], indptr[u + _ONE]
                        if j == stop:
                            continue
                    start = min(j, last)  # the last chunk of all begins early and is shifted
                    chunk[n_chunks], valid[n_chunks] = start, ((_ONE << np.uint64(min(stop - j, 8))) - _ONE) << np.uint64(j - start)
                    j += 8
                    n_chunks += 1
                if n_chunks == 0:
                    break
                live = np.uint64(0)
                for i in range(n_chunks):
                    live |= (live_eight(world, key, low, width, chunk[i]) & valid[i]) << np.uint64(8 * i)
                while live:
                    t = np.uint64(trailing_zeros(live))
                    live &= live - _ONE
                    v = np.uint64(indices[np.uint64(chunk[t >> _THREE]) + (t & _SEVEN)])
                    queue[np.uint64(tail)] = v
                    tail += 1 - np.int64(seen[v])
                    seen[v] = 1
        total = tail
        if not even:
            total = 0
            for i in range(tail):
                total += units[queue[i]]
        totals[w] = total
        for i in range(tail):
            v = np.uint64(queue[np.uint64(i)])
            activation[v] += 1
            seen[v] = 0
    return totals, activation, by_step


@kernel
def direct_kernel(first: int, count: int, base: Any, indptr: Any, indices: Any, key: Any, low: Any, width: Any, seeds: Any,
                  units: Any, even: bool, steps: int) -> Any:  # noqa: FBT001 - kernels take no keywords
    """Do what `single_kernel` does, chunk by chunk."""
    n, last = indptr.size - 1, key.size - 8
    totals, activation, by_step = np.zeros(count, np.int64), np.zeros(n, np.int64), np.zeros(64, np.int64)
    seen, queue = np.zeros(n, np.uint8), np.empty(n + 1, np.int32)
    for w in range(count):
        tail: Any = 0
        world, head, depth = world_key(base, first + w), 0, 0
        for s in seeds:
            queue[tail], seen[s] = s, 1
            tail += 1
        while True:
            if depth == by_step.size:
                longer = np.zeros(2 * by_step.size, np.int64)
                longer[:depth] = by_step
                by_step = longer
            if even:
                by_step[depth] += tail - head
            else:
                for i in range(head, tail):
                    by_step[depth] += units[queue[i]]
            if head == tail or depth == steps:
                break
            depth, end = depth + 1, tail
            while head < end:
                u = np.uint64(queue[np.uint64(head)])
                head += 1
                if head + 1 < tail:
                    soon = indptr[queue[np.uint64(head + 1)]]
                    prefetch(key, soon)
                    prefetch(width, soon)
                    prefetch(indices, soon)
                    prefetch(key, soon + 7)
                    prefetch(width, soon + 7)
                if head + 4 < tail:
                    prefetch(indptr, queue[np.uint64(head + 4)])
                j, stop = indptr[u], indptr[u + _ONE]
                while j < stop:
                    start = min(j, last)
                    valid = ((_ONE << np.uint64(min(stop - j, 8))) - _ONE) << np.uint64(j - start)
                    live = live_eight(world, key, low, width, start) & valid
                    while live:
                        v = np.uint64(indices[np.uint64(start) + np.uint64(trailing_zeros(live))])
                        live &= live - _ONE
                        queue[np.uint64(tail)] = v
                        tail += 1 - np.int64(seen[v])
                        seen[v] = 1
                    j += 8
        total = tail
        if not even:
            total = 0
            for i in range(tail):
                total += units[queue[i]]
        totals[w] = total
        for i in range(tail):
            v = np.uint64(queue[np.uint64(i)])
            activation[v] += 1
            seen[v] = 0
    return totals, activation, by_step
