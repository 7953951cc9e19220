"""Kernels of `epidemic_reverse`: walks backwards through the delays of one world after the other."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np

from graphkit.coins import coin, fraction, mix64, world_key
from graphkit.diffusion.arrays import first_above, with_room
from graphkit.kernels import kernel

__all__ = ["epidemic_sets_kernel"]

_GOLDEN, _ONE = np.uint64(0x9E3779B97F4A7C15), np.uint64(1)


@kernel
def epidemic_sets_kernel(
    first: int,
    count: int,
    arc: Any,
    heal: Any,
    root: Any,
    roots: Any,
    root_limits: Any,
    mask: Any,
    indptr: Any,
    indices: Any,
    key: Any,
    limit: Any,
    node_key: Any,
    heals: Any,
    steps: int,
) -> Any:
    """Walk backwards from each root; returns (nodes of all sets, sizes, 0), or with a mask of seeds how many sets hold one."""
    n, used, hits = indptr.size - 1, 0, 0
    nodes, sizes = np.empty(4 * count + n, np.int32), np.zeros(count, np.int64)
    seen, known, period, near = (
        np.zeros(n, np.int32),
        np.zeros(n, np.int32),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
    )
    for i in range(count):
        if nodes.size < used + n:
            nodes = with_room(nodes, used, 2 * nodes.size + n)
        arc_world, heal_world = world_key(arc, first + i), world_key(heal, first + i)
        if roots.size > 0:
            start = roots[i]
        elif root_limits.size > 0:
            start = first_above(root_limits, np.int64(0), n - 1, coin(world_key(root, first + i), _ONE))
        else:
            start = fraction(world_key(root, first + i), n)
        if steps < 0:
            tail, hit = _all(
                start,
                i + 1,
                nodes[used:],
                arc_world,
                heal_world,
                mask,
                indptr,
                indices,
                key,
                limit,
                node_key,
                heals,
                seen,
                known,
                period,
            )
        else:
            tail, hit = _within(
                start,
                i + 1,
                nodes[used:],
                arc_world,
                heal_world,
                mask,
                indptr,
                indices,
                key,
                limit,
                node_key,
                heals,
                steps,
                seen,
                known,
                period,
                near,
            )
        hits += hit
        if mask.size == 0:
            sizes[i] = tail
            used += tail
    return nodes[:used].copy(), sizes, hits


@kernel
def _all(
    start: Any,
    mark: int,
    nodes: Any,
    arc_world: Any,
    heal_world: Any,
    mask: Any,
    indptr: Any,
    indices: Any,
    key: Any,
    limit: Any,
    node_key: Any,
    heals: Any,
    seen: Any,
    known: Any,
    period: Any,
) -> Any:
    """Write whoever would infect the root at any time; returns (number, whether a seed is among them)."""
    nodes[0], seen[start], head, tail = start, mark, 0, 1
    while head < tail:
        v = nodes[head]
        if mask.size > 0 and mask[v]:
            return tail, 1
        head += 1
        for j in range(indptr[v], indptr[v + 1]):
            u = indices[j]
            if seen[u] == mark:
                continue
            if known[u] != mark:
                known[u], period[u] = mark, _period(heal_world, node_key[u], heals, -1)
            if _delay(arc_world, key[j], limit[j], period[u]) > 0:
                nodes[tail], seen[u] = u, mark
                tail += 1
    return tail, 0


@kernel
def _within(
    start: Any,
    mark: int,
    nodes: Any,
    arc_world: Any,
    heal_world: Any,
    mask: Any,
    indptr: Any,
    indices: Any,
    key: Any,
    limit: Any,
    node_key: Any,
    heals: Any,
    steps: int,
    seen: Any,
    known: Any,
    period: Any,
    near: Any,
) -> Any:
    """Write whoever would infect the root within the steps, nearest first (Dijkstra); returns (number, whether a seed is among them).

    ``seen`` marks who has a distance ``near``; one that is settled has the distance -1.
    """
    seen[start], near[start], tail = mark, 0, 0
    waiting = [np.int64(start)]  # distance in the upper half, node in the lower
    while len(waiting) > 0:
        entry = heapq.heappop(waiting)
        v, distance = entry & 0xFFFFFFFF, entry >> 32
        if near[v] < 0:
            continue
        if mask.size > 0 and mask[v]:
            return tail, 1
        nodes[tail], near[v] = v, -1
        tail += 1
        for j in range(indptr[v], indptr[v + 1]):
            u = indices[j]
            if distance == steps or (seen[u] == mark and near[u] <= distance + 1):
                continue
            if known[u] != mark:
                known[u], period[u] = mark, _period(heal_world, node_key[u], heals, steps)
            delay = _delay(arc_world, key[j], limit[j], min(period[u], steps - distance))
            if delay > 0 and (seen[u] != mark or distance + delay < near[u]):
                seen[u], near[u] = mark, distance + delay
                heapq.heappush(waiting, (distance + delay) << 32 | np.int64(u))
    return tail, 0


@kernel
def _period(world: Any, key: Any, heals: Any, most: int) -> Any:
    """Return the age at which a node recovers, 1 at least, ``most`` at most unless it is negative."""
    age = np.uint64(1)
    while np.int64(age) != most and coin(mix64(world + age * _GOLDEN), key) >= heals:
        age += np.uint64(1)
    return np.int64(age)


@kernel
def _delay(world: Any, key: Any, limit: Any, period: Any) -> Any:
    """Return the first of an arc's ages whose coin works, 0 if none up to ``period`` does."""
    if limit == 0:
        return 0
    for age in range(1, period + 1):
        if coin(mix64(world + np.uint64(age) * _GOLDEN), key) < limit:
            return age
    return 0
