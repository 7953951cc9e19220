"""Forward cascades: independent cascade and linear threshold, 64 worlds a machine word or one by one.

Lane i of word w is world 64 w + i and draws the plain coin of (world, key), so it equals a
simulation of that world alone (`single`) bit for bit, and the faster of the two is taken: words
where a cascade covers nearly the whole graph, else one world at a time. In a word an arc is tried only in
the lanes where its source is new and its target still inactive. In the linear threshold model the key is the target's and the arc
owns an interval of its coin, so a world keeps at most one in-arc per node (Kempe et al. 2003).

Limits keep all 62 bits: with p rounded to 16 bits an arc into a node of in-degree 50,000 would work
with 1.5e-5 for 2e-5, or never.

References
----------
Kempe, Kleinberg, Tardos: Maximizing the spread of influence through a social network. KDD 2003.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.coins import ALWAYS, coin, limits, ones, stream, trailing_zeros, world_key
from graphkit.diffusion.packed import once, pack
from graphkit.diffusion.single import add_square, longer, single_kernel
from graphkit.diffusion.worlds import arc_probability, lt_limits
from graphkit.kernels import kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from graphkit.diffusion.packed import PackedArcs
    from graphkit.projection.projection import Projection

__all__ = ["LANES", "ArcCoins", "arc_coins", "cascade_blocks", "cascade_items"]

LANES = 64
_ONE = np.uint64(1)
_ZERO = np.uint64(0)
_EVERY = np.uint64(0xFFFFFFFFFFFFFFFF)
COVERING = 0.98  # share of the nodes that a cascade must reach for words to win (measured: 1.1 to 12 times there, 0.1 to 0.6 below)
PILOT, PILOT_SHARE = 4, 64  # worlds that tell, one of so many at most
ITEMS, CORES = 32, 4  # pieces of work at most, and a number of threads they can be shared by evenly
COUNTED = 16_384  # activations below which a piece of work is not worth a thread
_DENSE = np.uint64(12)  # from that many lanes on, all 64 coins at once (vector code) are cheaper than one by one


@dataclass(frozen=True, eq=False)
class ArcCoins:
    """What every cascade on a graph needs of its arcs: in chunks for one world at a time, one by one for words."""

    packed: PackedArcs
    key: NDArray[np.uint64]
    low: NDArray[np.uint64] | None
    width: NDArray[np.uint64] | None
    purpose: str

    @cached_property
    def limit(self) -> NDArray[np.uint64]:
        """How long the interval of each arc's coin is that makes it live."""
        return limits(self.packed.probability) if self.width is None else self.width


def arc_coins(projection: Projection, model: str) -> ArcCoins:
    """Return the prepared arcs: made in O(n_arcs) once, kept with the graph where they are small (`packed.KEPT_BYTES`)."""
    return once(projection, model, lambda: _arc_coins(projection, model))


def _arc_coins(projection: Projection, model: str) -> ArcCoins:
    p, low, width, key, purpose = arc_probability(projection), None, None, projection.edge_key, "arc"
    if model == "lt":
        low, width = np.empty(projection.n_arcs, np.uint64), np.empty(projection.n_arcs, np.uint64)
        below, above = lt_limits(projection)
        low[projection.reverse.arc], width[projection.reverse.arc] = below, above - below
        key, purpose = projection.node_key[projection.indices], "threshold"
    return ArcCoins(pack(projection.indptr, projection.indices, key, p, low, width), key, low, width, purpose)


def cascade_items(
    projection: Projection,
    seeds: NDArray[np.int64],
    units: NDArray[np.int64],
    *,
    model: str,
    seed: int,
    n_worlds: int,
    steps: int,
    bits: int = 31,
) -> tuple[int, Callable[[int, int], Any]]:
    """Return a number of pieces of work and the block function over them, by word or by world, whichever is faster.

    Arguments and results of a block are those of `cascade_blocks`. Few worlds are cut finer than by 64, so that all
    threads have the same to do; but never so fine that a piece activates fewer nodes than it has to count.
    """
    first = min(PILOT, -(-n_worlds // PILOT_SHARE))
    coins, words = arc_coins(projection, model), -(-n_worlds // LANES)
    by_world = _by_world(coins, seeds, units, seed, steps, bits)
    active = int(by_world(0, first)[1].sum())
    if active > COVERING * first * projection.n_nodes:
        return words, cascade_blocks(
            projection,
            seeds,
            units,
            model=model,
            seed=seed,
            n_worlds=n_worlds,
            steps=steps,
            by="word",
            arcs=coins,
            bits=bits,
        )
    worth = max(projection.n_nodes, COUNTED) * first * CORES
    pieces = min(max(words, min(ITEMS, n_worlds * active // worth * CORES)), n_worlds)
    return pieces, lambda low, high: by_world(low * n_worlds // pieces, high * n_worlds // pieces)


def cascade_blocks(
    projection: Projection,
    seeds: NDArray[np.int64],
    units: NDArray[np.int64],
    *,
    model: str,
    seed: int,
    n_worlds: int,
    steps: int,
    by: str,
    arcs: ArcCoins | None = None,
    bits: int = 31,
) -> Callable[[int, int], Any]:
    """Return the block function over words of 64 worlds.

    Parameters
    ----------
    projection : Projection
    seeds : ndarray of int64
        Distinct rows.
    units : ndarray of int64, shape (n_nodes,)
        Value of each node in the fixed-point unit of `spread`.
    model : {"ic", "lt"}
    seed, n_worlds : int
    steps : int
        Hop limit, -1 for none.
    by : {"word", "world"}
        64 worlds at a time or one: equal answers, different speed.
    arcs : ArcCoins, optional
        From `arc_coins` with the same projection and model; looked up or prepared here by default.
    bits : int
        Where what a step adds is cut in two before it is squared: `single.add_square`.

    Returns
    -------
    callable
        ``block(first_word, last_word)`` -> (totals per world, activations per node, totals per step, their squares over the worlds).
    """
    coins = arc_coins(projection, model) if arcs is None else arcs
    if by == "world":
        by_world = _by_world(coins, seeds, units, seed, steps, bits)
        return lambda first, last: by_world(first * LANES, min(last * LANES, n_worlds))
    base, even = stream(seed, coins.purpose), bool((units == 1).all())

    def block(first: int, last: int) -> Any:
        worlds = min(last * LANES, n_worlds) - first * LANES
        return _cascade_kernel(
            first * LANES,
            worlds,
            base,
            projection.indptr,
            projection.indices,
            coins.key,
            coins.low,
            coins.limit,
            seeds,
            units,
            even,
            steps,
            bits,
        )

    return block


def _by_world(
    coins: ArcCoins, seeds: NDArray[np.int64], units: NDArray[np.int64], seed: int, steps: int, bits: int
) -> Callable[[int, int], Any]:
    """Return the block function over single worlds."""
    base, even = stream(seed, coins.purpose), bool((units == 1).all())
    return lambda first, last: single_kernel(first, last - first, base, coins.packed, seeds, units, even, steps, bits)


@kernel
def _hits(lanes: Any, worlds: Any, key: Any, low: Any, width: Any) -> Any:
    """Lanes among ``lanes`` whose coin lies in [low, low + width)."""
    if width >= ALWAYS:
        return lanes
    hit = _ZERO
    if ones(lanes) >= _DENSE:
        for i in range(64):
            hit |= np.uint64(coin(worlds[i], key) - low < width) << np.uint64(i)
        return hit & lanes
    while lanes != _ZERO:
        i = trailing_zeros(lanes)
        if coin(worlds[i], key) - low < width:
            hit |= _ONE << i
        lanes &= lanes - _ONE
    return hit


@kernel
def _tally(mask: Any, unit: int, even: bool, planes: Any, totals: Any) -> None:  # noqa: FBT001 - kernels take no keywords
    """Add ``unit`` to the total of every lane in ``mask``; units of 1 go through a bit-sliced counter."""
    if even:
        j = 0
        while mask != _ZERO:
            carry = planes[j] & mask
            planes[j] ^= mask
            mask = carry
            j += 1
        return
    while mask != _ZERO:
        totals[trailing_zeros(mask)] += unit
        mask &= mask - _ONE


@kernel
def _settle(planes: Any, gained: Any, totals: Any, squares: Any, depth: int, counted: int, bits: int) -> None:
    """Add what a step gained to the total of each lane and its square to those of the step, and clear it; planes hold counts up to ``counted``."""
    j = 0
    while counted >> j > 0:
        for i in range(totals.size):
            gained[i] += np.int64((planes[j] >> np.uint64(i)) & _ONE) << j
        planes[j] = _ZERO
        j += 1
    for i in range(totals.size):
        totals[i] += gained[i]
        add_square(squares, depth, gained[i], bits)
        gained[i] = 0


@kernel
def _cascade_kernel(
    first: int,
    count: int,
    base: Any,
    indptr: Any,
    indices: Any,
    key: Any,
    low: Any,
    width: Any,
    seeds: Any,
    units: Any,
    even: Any,
    steps: int,
    bits: int,
) -> Any:
    """Breadth-first search, one level a step, 64 worlds at a time."""
    n = indptr.size - 1
    totals, activation, by_step = np.zeros(count, np.int64), np.zeros(n, np.int64), np.zeros(16, np.int64)
    state = np.zeros((n, 2), np.uint64)  # active at all; active since this step
    queue, front, following, touched = (
        np.empty(n, np.int32),
        np.empty(n, np.uint64),
        np.empty(n, np.int32),
        np.empty(n, np.int32),
    )
    worlds, planes = np.empty(64, np.uint64), np.zeros(40, np.uint64)
    squares, gained = np.zeros(3 * 16, np.int64), np.zeros(64, np.int64)  # of each step; its additions, lane by lane
    for start in range(0, count, 64):
        lanes = min(64, count - start)
        for i in range(64):
            worlds[i] = world_key(base, first + start + i)
        everyone = _EVERY if lanes == 64 else (_ONE << np.uint64(lanes)) - _ONE
        n_next, n_touched, depth = 0, 0, 0
        for s in seeds:
            state[s, 0] = state[s, 1] = everyone
            following[n_next] = touched[n_touched] = s
            n_next, n_touched = n_next + 1, n_touched + 1
        while n_next > 0:
            if depth >= by_step.size:
                by_step, squares = longer(by_step), longer(squares)
            n_front = n_next
            for i in range(n_front):
                v = following[i]
                mask = state[v, 1]
                queue[i], front[i], state[v, 1] = v, mask, _ZERO
                many = np.int64(ones(mask))
                activation[v] += many
                by_step[depth] += many * units[v]
                _tally(mask, units[v], even, planes, gained)
            _settle(planes, gained, totals[start : start + lanes], squares, depth, n_front if even else 0, bits)
            n_next = 0
            if depth == steps:
                break
            depth += 1
            for i in range(n_front):
                u, mask = queue[i], front[i]
                for j in range(indptr[u], indptr[u + 1]):
                    v = indices[j]
                    todo = mask & ~state[v, 0]
                    if todo == _ZERO or width[j] == _ZERO:
                        continue
                    hit = _hits(todo, worlds, key[j], _ZERO if low is None else low[j], width[j])
                    if hit == _ZERO:
                        continue
                    if state[v, 1] == _ZERO:
                        following[n_next] = v
                        n_next += 1
                    if state[v, 0] == _ZERO:
                        touched[n_touched] = v
                        n_touched += 1
                    state[v, 0] |= hit
                    state[v, 1] |= hit
        for i in range(n_touched):
            state[touched[i], 0] = state[touched[i], 1] = _ZERO
    return totals, activation, by_step, squares
