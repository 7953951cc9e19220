"""Slow obvious twins: enumerate every live-edge world, try every seed set, walk in plain Python."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

Arc = tuple[int, int, float]


def reached(arcs: Iterable[tuple[int, int]], seeds: Iterable[int], max_steps: int | None = None) -> set[int]:
    """Return the nodes reached from the seeds over these arcs within max_steps arcs."""
    seen, front, step = set(seeds), set(seeds), 0
    arcs = list(arcs)
    while front and (max_steps is None or step < max_steps):
        front = {v for u, v in arcs if u in front} - seen
        seen |= front
        step += 1
    return seen


def worlds(arcs: Sequence[Arc]) -> Iterable[tuple[float, list[tuple[int, int]]]]:
    """Yield (chance, live arcs) of all worlds of independent arcs: 2 for every arc whose p is neither 0 nor 1."""
    for live in itertools.product(*((p > 0,) if p in (0, 1) else (False, True) for _, _, p in arcs)):
        chance = 1.0
        for (_, _, p), works in zip(arcs, live, strict=True):
            chance *= p if works else 1 - p
        if chance:
            yield chance, [(u, v) for (u, v, _), works in zip(arcs, live, strict=True) if works]


def threshold_worlds(arcs: Sequence[Arc], n: int) -> Iterable[tuple[float, list[tuple[int, int]]]]:
    """Yield (chance, live arcs) of all worlds in which each node keeps at most one in-arc."""
    into = [
        [(None, 1 - sum(p for _, t, p in arcs if t == v))] + [(u, p) for u, t, p in arcs if t == v] for v in range(n)
    ]
    for choice in itertools.product(*into):
        chance = 1.0
        for _, p in choice:
            chance *= p
        if chance > 0:
            yield chance, [(u, v) for v, (u, _) in enumerate(choice) if u is not None]


def spread(
    every: Iterable[tuple[float, list[tuple[int, int]]]],
    seeds: Iterable[int],
    value: Sequence[float] | None = None,
    max_steps: int | None = None,
) -> tuple[float, float]:
    """Return the exact mean and standard deviation of the weight reached."""
    seeds = list(seeds)
    mean = square = 0.0
    for chance, live in every:
        size = sum(1.0 if value is None else value[v] for v in reached(live, seeds, max_steps))
        mean += chance * size
        square += chance * size * size
    return mean, max(square - mean * mean, 0.0) ** 0.5


def best_set(every: Iterable[tuple[float, list[tuple[int, int]]]], sets: Iterable[Sequence[int]]) -> float:
    """Return the largest exact mean over the given seed sets."""
    every = list(every)
    return max(spread(every, seeds)[0] for seeds in sets)
