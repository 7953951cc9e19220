"""Kernels of `rr_sets`: breadth-first search backwards through the live in-arcs of many worlds at once.

What one waits for here is memory: each live arc is one place of an array far larger than any cache.
So up to `LANES` sets grow side by side in one queue, and each chunk of it is worked off in three passes:
which in-arcs are live, who is at their other end, who of them is new. Every pass asks for the cache lines of
the next before any is needed. The queue keeps the order of each set, hence sets are those of a search alone.

Nodes are numbered by `place`, most out-arcs first: those met again and again lie side by side.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphkit.coins import coin, fraction, live_eight, mix64, ones, prefetch, trailing_zeros, world_key
from graphkit.diffusion.arrays import first_above, with_room
from graphkit.kernels import kernel

__all__ = ["ALL", "ARCS", "CHUNK", "NONE", "TABLE", "WALK", "inverse_kernel", "sets_kernel"]

NONE, TABLE, ARCS, ALL, WALK = 0, 1, 2, 3, 4  # how the in-list of a node is decided
CHUNK = 8  # coins decided at once
LANES, FIRST_LANES, LANE_BITS = 32, 4, 6  # sets side by side at most and at first
AHEAD, FULL = 256, 32_768  # nodes a pass; nodes above which fewer sets grow at once
DRAWN = 256  # above the length of any row of a table

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ONE = np.uint64(1)


@kernel
def _live_positions(world: Any, key: Any, degree: Any, row: Any, table: Any, chosen: Any, begin: Any) -> Any:
    """Write the live positions of a node-family in-list from ``chosen[begin]`` on, return their number (Floyd)."""
    draw, count = coin(world, key), 0
    while draw >= table[row + count]:
        count += 1
    state = world ^ key
    for i in range(count):
        top = degree - count + i
        state += _GOLDEN
        position = fraction(mix64(state), top + 1)
        for j in range(begin, begin + i):
            if chosen[j] == position:
                position = top
                break
        chosen[begin + i] = position
    return count


@kernel
def _live_arcs(world: Any, start: Any, degree: Any, arc_key: Any, limit: Any, chosen: Any, begin: Any) -> Any:
    """Write the positions whose own coin is live from ``chosen[begin]`` on, return their number."""
    count, j, stop, last = np.int64(0), start, start + degree, arc_key.size - CHUNK
    while j < stop:
        low = min(j, last)
        valid = ((_ONE << np.uint64(min(stop - j, CHUNK))) - _ONE) << np.uint64(j - low)
        live = live_eight(world, arc_key, None, limit, low) & valid
        while live:
            chosen[begin + count] = low + np.int64(trailing_zeros(live)) - start
            live &= live - _ONE
            count += 1
        j += CHUNK
    return count


@kernel
def _roots(
    first: Any,
    count: Any,
    base: Any,
    root_base: Any,
    roots: Any,
    root_limits: Any,
    place: Any,
    plan: Any,
    mask: Any,
    seen: Any,
    queue: Any,
    worlds: Any,
) -> Any:
    """Start ``count`` sets; returns a word whose bits say which roots are seeds."""
    hit = np.uint64(0)
    for lane in range(count):
        worlds[lane] = world_key(base, first + lane)
        if roots.size > 0:
            root = roots[lane]
        elif root_limits.size > 0:
            root = first_above(root_limits, np.int64(0), place.size - 1, coin(world_key(root_base, first + lane), _ONE))
        else:
            root = fraction(world_key(root_base, first + lane), place.size)
        v = np.int64(place[root])
        prefetch(plan, 4 * v)
        queue[lane] = (v << LANE_BITS) | lane
        seen[v] |= _ONE << np.uint64(lane)
        if mask.size > 0 and mask[v]:
            hit |= _ONE << np.uint64(lane)
    return hit


@kernel
def _tries(
    queue: Any,
    head: Any,
    stop: Any,
    worlds: Any,
    hit: Any,
    plan: Any,
    table: Any,
    arc_key: Any,
    limit: Any,
    indices: Any,
    arcs: Any,
) -> Any:
    """List the live in-arcs of queue[head:stop], each with its lane."""
    count: Any = np.int64(0)  # a plain 0 is a type of its own, for which each kernel called with it is compiled again
    for i in range(head, stop):
        lane, v = queue[i] & (2**LANE_BITS - 1), 4 * (queue[i] >> LANE_BITS)
        mode = plan[v + 2] & np.uint64(7)
        if mode == NONE or (hit >> np.uint64(lane)) & _ONE:
            continue
        key, start = plan[v], np.int64(plan[v + 1])
        tries: Any = np.int64(0)
        degree: Any = np.int64(plan[v + 2] >> np.uint64(3))
        need = min(degree, DRAWN) if mode == TABLE else degree
        if arcs.size < count + need:
            arcs = with_room(arcs, count, 2 * (count + need))
        if mode == TABLE:
            tries = _live_positions(worlds[lane], key, degree, np.int64(plan[v + 3]), table, arcs, count)
        elif mode == ARCS:
            tries = _live_arcs(worlds[lane], start, degree, arc_key, limit, arcs, count)
        elif mode == WALK:
            arcs[count] = first_above(limit, start, start + degree, coin(worlds[lane], key)) - start
            tries = 1 if arcs[count] < degree else 0
        else:
            tries = degree
            for t in range(tries):
                arcs[count + t] = t
        for j in range(count, count + tries):
            arc = start + arcs[j]
            prefetch(indices, arc)
            arcs[j] = (arc << LANE_BITS) | lane
        count += tries
    return arcs, count


@kernel
def _reach(
    arcs: Any, count: Any, indices: Any, plan: Any, mask: Any, seen: Any, queue: Any, tail: Any, hit: Any
) -> Any:
    """Add the new ends of the live arcs to the queue; returns its end and which sets hold a seed."""
    for j in range(count):
        u = np.int64(indices[arcs[j] >> LANE_BITS])
        prefetch(seen, u)
        arcs[j] = (u << LANE_BITS) | (arcs[j] & (2**LANE_BITS - 1))
    for j in range(count):
        u = arcs[j] >> LANE_BITS
        bit = _ONE << np.uint64(arcs[j] & (2**LANE_BITS - 1))
        if seen[u] & bit:
            continue
        prefetch(plan, 4 * u)
        seen[u] |= bit
        queue[tail] = arcs[j]
        tail += 1
        if mask.size > 0 and mask[u]:
            hit |= bit
    return tail, hit


@kernel
def _sort_out(queue: Any, tail: Any, seen: Any, sizes: Any, flat: Any, position: Any) -> None:
    """Write the nodes of each set one after the other, first met first, and forget they were seen."""
    at = np.zeros(sizes.size + 1, np.int64)
    for i in range(tail):
        at[(queue[i] & (2**LANE_BITS - 1)) + 1] += 1
    for lane in range(sizes.size):
        sizes[lane] = at[lane + 1]
        at[lane + 1] += at[lane]
    for i in range(tail):
        lane, v = queue[i] & (2**LANE_BITS - 1), queue[i] >> LANE_BITS
        flat[position + at[lane]] = v
        at[lane] += 1
        seen[v] = 0


@kernel
def sets_kernel(
    first: int,
    count: int,
    base: Any,
    root_base: Any,
    roots: Any,
    root_limits: Any,
    place: Any,
    plan: Any,
    indices: Any,
    table: Any,
    arc_key: Any,
    limit: Any,
    steps: int,
    mask: Any,
    seen: Any,
) -> Any:
    """Sets of ``count`` worlds: (places of nodes, sizes, 0), or with a mask of seeds how many sets hold one.

    ``seen`` has one word per node, a bit per lane; it comes and goes with zeros only.
    """
    flat, sizes, queue, arcs = (
        np.empty(4 * count, np.int32),
        np.zeros(count, np.int64),
        np.empty(4 * AHEAD, np.int64),
        np.empty(4 * AHEAD, np.int64),
    )
    worlds, counting = np.empty(LANES, np.uint64), mask.size > 0
    done, position = np.int64(0), np.int64(0)
    lanes: Any = np.int64(FIRST_LANES)
    hits: Any = np.int64(0)
    while done < count:
        width: Any = min(lanes, count - done)
        hit = _roots(
            first + done,
            width,
            base,
            root_base,
            roots[done : done + width],
            root_limits,
            place,
            plan,
            mask,
            seen,
            queue,
            worlds,
        )
        head, tail, depth = np.int64(0), np.int64(width), np.int64(0)
        while head < tail and depth != steps:
            end, depth = tail, depth + 1
            while head < end:
                stop = min(head + AHEAD, end)
                arcs, tries = _tries(queue, head, stop, worlds, hit, plan, table, arc_key, limit, indices, arcs)
                if queue.size < tail + tries:
                    queue = with_room(queue, tail, 2 * (tail + tries))
                tail, hit = _reach(arcs, tries, indices, plan, mask, seen, queue, tail, hit)
                head = stop
        if counting:
            hits += np.int64(ones(hit))
            for i in range(tail):
                seen[queue[i] >> LANE_BITS] = 0
        else:
            if flat.size < position + tail:
                flat = with_room(flat, position, 2 * (position + tail))
            _sort_out(queue, tail, seen, sizes[done : done + width], flat, position)
            position += tail
        done += width
        lanes = max(1, lanes // 2) if tail > FULL else min(2 * lanes, LANES)
    return flat[:position], sizes, hits


@kernel
def inverse_kernel(indptr: Any, nodes: Any, start: Any) -> Any:
    """Sort (node, set) pairs by counting."""
    place, sets = start[:-1].copy(), np.empty(nodes.size, np.int32)
    for i in range(indptr.size - 1):
        for j in range(indptr[i], indptr[i + 1]):
            v = nodes[j]
            sets[place[v]] = i
            place[v] += 1
    return sets
