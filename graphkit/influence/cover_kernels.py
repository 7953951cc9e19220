"""Kernels of `coverage`: merging equal sets, listing the sets of a node, covering, dual loads.

All sums are integers (dual weights in units of 2**-20), so blocks may be cut anywhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphkit.coins import kernel, mix64

__all__ = ["count_pool", "cover", "fill_pool", "gather", "inside", "loads", "merge", "pull", "push", "set_hashes", "step"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ONE = np.uint64(1)


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
    table, keep, times, count = np.full(size, -1, np.int32), np.empty(hashes.size, np.int64), np.zeros(hashes.size, np.int64), 0
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
def loads(indptr: Any, nodes: Any, times: Any, n: int, first: int, last: int) -> Any:
    """Number of the sets first..last-1 that contain each node, with multiplicity."""
    load = np.zeros(n, np.int64)
    for i in range(first, last):
        for j in range(indptr[i], indptr[i + 1]):
            load[nodes[j]] += times[i]
    return load


@kernel
def count_pool(indptr: Any, nodes: Any, place: Any, m: int, first: int, last: int) -> Any:
    """Entries of each pooled node in the sets first..last-1."""
    count = np.zeros(m, np.int64)
    for j in range(indptr[first], indptr[last]):
        v = place[nodes[j]]
        if v >= 0:
            count[v] += 1
    return count


@kernel
def fill_pool(indptr: Any, nodes: Any, place: Any, at: Any, sets: Any, first: int, last: int) -> None:
    """Write the numbers of the sets first..last-1 to the lists of their pooled nodes."""
    for i in range(first, last):
        for j in range(indptr[i], indptr[i + 1]):
            v = place[nodes[j]]
            if v >= 0:
                sets[at[v]] = i
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
def pull(start: Any, sets: Any, weight: Any, first: int, last: int) -> Any:
    """Sum of the weights of the sets of pooled nodes first..last-1."""
    result = np.zeros(last - first, np.int64)
    for v in range(first, last):
        total = np.int64(0)
        for i in range(start[v], start[v + 1]):
            total += weight[sets[i]]
        result[v - first] = total
    return result


@kernel
def push(start: Any, sets: Any, share: Any, n_sets: int) -> Any:
    """Sum of the shares of the pooled nodes in each set."""
    result = np.zeros(n_sets, np.float32)
    for v in range(share.size):
        if share[v] > 0:
            for i in range(start[v], start[v + 1]):
                result[sets[i]] += share[v]
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
def step(y: Any, weight: Any, times: Any, held: Any, eta: float, one: int) -> Any:
    """Move y against the subgradient, keep it in [0, one]; fill the weights, return the sum of times (one - y)."""
    slack = np.int64(0)
    for i in range(y.size):
        value: Any = np.int64(y[i]) - np.int64(eta * one * (held[i] - 1.0))
        value = min(max(value, 0), one)
        y[i] = value
        weight[i] = times[i] * value
        slack += times[i] * (one - value)
    return slack
