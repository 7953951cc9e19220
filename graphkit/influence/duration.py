"""How much processor time a run will take, told by small trials of it on this machine.

A run over n worlds costs a + b n seconds: once what it sets up, then the same for every world. What
more worlds add to a trial gives b, which is too little for all; a whole trial gives a / n + b for
each world, which is too much. So the truth lies between, but for the noise of the clock.
Processor time, since the time on the wall is that of all who work on the machine just then.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["estimate_seconds"]

PART = 64  # a small trial is that part of the run at most, a large one four of them
FEWEST = 64  # worlds of a small trial: one lane of packed worlds
ENOUGH = 0.25  # seconds that a large trial takes beyond a small one: larger trials would tell little more


def estimate_seconds(
    run: Callable[[int], object], n: int, *, clock: Callable[[], float] = time.process_time
) -> tuple[float, float]:
    """Return the least and the most seconds that ``run(n)`` is expected to take.

    Parameters
    ----------
    run : callable
        Does the work for a number of worlds.
    n : int
        How many are wanted.
    clock : callable
        Seconds, of all threads together.

    Returns
    -------
    tuple of float
        From trials of about a quarter of the worlds at most, and of some seconds where a world
        takes as long as the next; whatever compiles does so before them.

    Examples
    --------
    >>> low, high = estimate_seconds(lambda n: sum(range(100 * n)), 1000)
    >>> 0 <= low <= high
    True
    """
    small, most = min(FEWEST, n), min(max(FEWEST, n // PART), n)
    run(small)
    pairs = [_pair(run, small, n, clock)]
    while pairs[0][1] - pairs[0][0] < ENOUGH and small < most:
        small = min(4 * small, most)
        pairs = [_pair(run, small, n, clock)]
    pairs.append(_pair(run, small, n, clock))
    short, long = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
    high = max(pair[0] for pair in pairs) / small * n
    low = (long - short) / (min(4 * small, n) - small) * n if small < n else short
    return min(max(low, 0.0), high), high


def _pair(run: Callable[[int], object], small: int, n: int, clock: Callable[[], float]) -> tuple[float, float]:
    """Return how long a small and a large trial of n worlds took."""
    return _seconds(run, small, clock), _seconds(run, min(4 * small, n), clock)


def _seconds(run: Callable[[int], object], n: int, clock: Callable[[], float]) -> float:
    """Return how long one trial took."""
    begin = clock()
    run(n)
    return clock() - begin
