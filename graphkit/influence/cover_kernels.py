"""Kernels of `coverage`: merging equal sets, listing the sets of a node, covering, dual loads.

All sums are integers (dual weights in units of 2**-20), so blocks may be cut anywhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphkit.coins import mix64
from graphkit.diffusion.arrays import with_room
from graphkit.kernels import kernel

__all__ = [
    "at_least",
    "choose",
    "count_loads",
    "count_pool",
    "cover",
    "descend",
    "fill_pool",
    "gather",
    "inside",
    "merge",
    "push",
    "set_hashes",
    "top_sum",
]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ONE = np.uint64(1)
AT_ONCE = 64  # entries of a set looked up before they are used


@kernel
def set_hashes(indptr: Any, nodes: Any, first: int, last: int) -> Any:
    """One 64-bit hash per set, whatever the order of its nodes; two sets agree by chance once in 2**64."""
    result = np.empty(last - first, np.uint64)
    for i in range(first, last):
        total = np.uint64(0)
        for j in range(indptr[i], indptr[i + 1]):
            total += mix64((np.uint64(nodes[j]) + _ONE) * _GOLDEN)
        result[i - first] = total
    return result


@kernel
def merge(hashes: Any) -> Any:
    """Return (first set of each distinct hash, in order of appearance; how often it occurs)."""
    size = 16
    while size < 2 * hashes.size:
        size *= 2
    table, keep, times, count = (
        np.full(size, -1, np.int32),
        np.empty(hashes.size, np.int64),
        np.zeros(hashes.size, np.int64),
        0,
    )
    for i in range(hashes.size):
        place = np.int64(hashes[i] & np.uint64(size - 1))
        while table[place] >= 0 and hashes[keep[table[place]]] != hashes[i]:
            place = (place + 1) & (size - 1)
        if table[place] < 0:
            table[place] = count
            keep[count] = i
            count += 1
        times[table[place]] += 1
    return keep[:count].copy(), times[:count].copy()


@kernel
def gather(indptr: Any, nodes: Any, keep: Any, start: Any, result: Any, first: int, last: int) -> None:
    """Copy the sets keep[first:last] to their place."""
    for i in range(first, last):
        low = indptr[keep[i]]
        for j in range(start[i + 1] - start[i]):
            result[start[i] + j] = nodes[low + j]


@kernel
def count_loads(indptr: Any, nodes: Any, times: Any, load: Any, first: int, last: int) -> None:
    """Add to the load of each node how many of the sets first..last-1 contain it, with multiplicity."""
    for i in range(first, last):
        for j in range(indptr[i], indptr[i + 1]):
            load[nodes[j]] += times[i]


@kernel
def at_least(load: Any, least: int) -> Any:
    """Nodes whose load is ``least`` or more, ascending; most are below, and lie side by side."""
    rows, count, size = np.empty(64, np.int64), 0, load.size
    for low in range(0, size, 16):
        if low + 16 <= size:
            most = load[low]
            for t in range(1, 16):  # eight or sixteen at once
                most = max(most, load[low + t])
            if most < least:
                continue
        if rows.size < count + 16:
            rows = with_room(rows, count, 2 * rows.size)
        for v in range(low, min(low + 16, size)):
            rows[count] = v
            count += load[v] >= least
    return rows[:count].copy()


@kernel
def _pooled(nodes: Any, load: Any, first: Any, last: Any, out: Any) -> Any:
    """Write the pooled ones of nodes[first:last] by their place in the pool, return their number; without a branch, 3 times faster."""
    count: Any = np.int64(0)
    for j in range(first, last):
        v = -1 - load[nodes[np.uint64(j)]]
        out[np.uint64(count)] = v
        count += np.int64(v >= 0)
    return count


@kernel
def count_pool(indptr: Any, nodes: Any, load: Any, m: int, first: int, last: int) -> Any:
    """Entries of each pooled node in the sets first..last-1; pooled node v has the load ``-1 - v``."""
    count, some = np.zeros(m, np.int64), np.empty(AT_ONCE, np.int32)
    for low in range(indptr[first], indptr[last], AT_ONCE):
        for i in range(_pooled(nodes, load, low, min(low + AT_ONCE, indptr[last]), some)):
            count[some[i]] += 1
    return count


@kernel
def fill_pool(indptr: Any, nodes: Any, load: Any, at: Any, sets: Any, first: int, last: int) -> None:
    """Write the numbers of the sets first..last-1 to the lists of their pooled nodes."""
    some = np.empty(AT_ONCE, np.int32)
    for r in range(first, last):
        for low in range(indptr[r], indptr[r + 1], AT_ONCE):
            for i in range(_pooled(nodes, load, low, min(low + AT_ONCE, indptr[r + 1]), some)):
                v = np.uint64(some[i])
                sets[np.uint64(at[v])] = r
                at[v] += 1


@kernel
def cover(sets: Any, indptr: Any, nodes: Any, times: Any, gain: Any, covered: Any) -> None:
    """Cover the given sets: new ones leave the gains of all their members."""
    for r in sets:
        if not covered[r]:
            covered[r] = True
            for j in range(indptr[r], indptr[r + 1]):
                gain[nodes[j]] -= times[r]


@kernel
def top_sum(gain: Any, rows: Any, k: int, floor: int) -> Any:
    """Sum of the k largest gains of some nodes, ``floor`` for each that is below or missing, and whether one is."""
    heap, count = np.full(k, floor, np.int64), k * floor  # the smallest first
    for v in rows:
        value = gain[v]
        if value <= heap[0]:
            continue
        count += value - heap[0]
        at, child = 0, 1
        while child < k:
            if child + 1 < k and heap[child + 1] < heap[child]:
                child += 1
            if heap[child] >= value:
                break
            heap[at] = heap[child]
            at, child = child, 2 * child + 1
        heap[at] = value
    return count, heap[0] <= floor


@kernel
def _best(gain: Any, rows: Any, rank: Any) -> Any:
    """Node of the largest gain, ties to the smaller rank; -1 where all gains are 0."""
    best, most = -1, np.int64(0)
    for v in rows:
        if gain[v] > most or (gain[v] == most and best >= 0 and rank[v] < rank[best]):
            best, most = v, gain[v]
    return best


@kernel
def choose(
    k: int,
    floor: int,
    bound: int,
    gain: Any,
    rank: Any,
    pool: Any,
    everyone: Any,
    start: Any,
    sets: Any,
    indptr: Any,
    nodes: Any,
    times: Any,
    covered: Any,
    chosen: Any,
    gains: Any,
    count: int,
) -> Any:
    """Take the node of the largest gain until there are k; stop where it is not in the pool.

    Returns the number chosen, the least online bound of all prefixes, and whether the pool has to be wider.
    """
    total: Any = np.int64(0)
    for i in range(count):
        total += gains[i]
    while True:
        left, short = top_sum(gain, pool, k, floor)
        if short and floor > 0:
            left, short = top_sum(gain, everyone, k, 0)
        bound = min(bound, total + left)
        if count == k:
            break
        best = _best(gain, pool, rank)
        if floor > 0 and (best < 0 or gain[best] <= floor):
            best = _best(gain, everyone, rank)
        if best < 0:
            break
        place = np.searchsorted(pool, best)
        if place == pool.size or pool[place] != best:
            return count, bound, True
        chosen[count], gains[count] = best, gain[best]
        count, total = count + 1, total + gain[best]
        cover(sets[start[place] : start[place + 1]], indptr, nodes, times, gain, covered)
    return count, bound, False


@kernel
def push(start: Any, sets: Any, rows: Any, share: Any, n_sets: int) -> Any:
    """Sum of the shares of some pooled nodes in each set."""
    result = np.zeros(n_sets, np.float32)
    for i in range(rows.size):
        for j in range(start[rows[i]], start[rows[i] + 1]):
            result[sets[j]] += share[i]
    return result


@kernel
def inside(start: Any, sets: Any, chosen: Any, n_sets: int) -> Any:
    """Whether each set holds a chosen pooled node."""
    result = np.zeros(n_sets, np.bool_)
    for v in chosen:
        for i in range(start[v], start[v + 1]):
            result[sets[i]] = True
    return result


@kernel
def descend(
    indptr: Any,
    nodes: Any,
    times: Any,
    y: Any,
    held: Any,
    eta: float,
    one: int,
    load: Any,
    first: int,
    last: int,
) -> Any:
    """Move y of the sets first..last-1 against the subgradient, keep it in [0, one]; return the sum of times (one - y).

    Most stay as they are, so the loads of all nodes follow from those that move.
    """
    slack = np.int64(0)
    for r in range(first, last):
        value: Any = np.int64(y[r]) - np.int64(eta * one * (held[r] - 1.0))
        value = min(max(value, 0), one)
        slack += times[r] * (one - value)
        change = times[r] * (value - y[r])
        if change != 0:
            y[r] = value
            for j in range(indptr[r], indptr[r + 1]):
                load[nodes[j]] += change
    return slack
