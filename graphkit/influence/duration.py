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

PART = 64  # a small trial is that part of the run, a large one four of them
FEWEST = 64  # worlds of a small trial: one lane of packed worlds
REPEATS = 2


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
        From trials that take about a sixth of the run; whatever compiles does so before them.

    Examples
    --------
    >>> low, high = estimate_seconds(lambda n: sum(range(100 * n)), 1000)
    >>> 0 <= low <= high
    True
    """
    small = min(max(FEWEST, n // PART), n)
    large = min(4 * small, n)
    run(small)
    pairs = [(_seconds(run, small, clock), _seconds(run, large, clock)) for _ in range(REPEATS)]
    short, long = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
    high = max(pair[0] for pair in pairs) / small * n
    low = (long - short) / (large - small) * n if large > small else short
    return min(max(low, 0.0), high), high


def _seconds(run: Callable[[int], object], n: int, clock: Callable[[], float]) -> float:
    """Return how long one trial took."""
    begin = clock()
    run(n)
    return clock() - begin
