"""Sums over worlds in whole numbers, and the mean, errors and skewness that follow from them.

Values are counted in a fixed-point unit (1 for whole numbers, else a power of two small enough that nothing is lost but the last of
some 48 bits), so sums have the same bits in any order: on any engine, for any number of workers and blocks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["FixedPoint", "WorldSums"]


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """Values of the nodes as whole multiples of a unit, such that the sums over all worlds fit 62 bits.

    Attributes
    ----------
    multiples : int64 ndarray, shape (n_nodes,)
    unit : float
    n_worlds : int
    """

    multiples: Ints
    unit: float
    n_worlds: int

    @classmethod
    def of(cls, value: Floats | None, n_nodes: int, n_worlds: int) -> FixedPoint:
        """Return the values, 1 each where none are given, in the largest unit that loses nothing."""
        if value is None:
            return cls(np.ones(n_nodes, np.int64), 1.0, n_worlds)
        total = float(value.sum())
        room = 62 - n_worlds.bit_length()
        if (value == np.floor(value)).all() and total < 2.0**room:
            return cls(value.astype(np.int64), 1.0, n_worlds)
        unit = 2.0 ** (math.frexp(total)[1] - room)
        return cls(np.rint(value / unit).astype(np.int64), unit, n_worlds)

    @property
    def values(self) -> Floats:
        """The values that are summed, rounded to the unit."""
        return self.multiples.astype(np.float64) * self.unit

    @property
    def low_bits(self) -> int:
        """Where a sum below 2 ** (62 - bits of n_worlds) is cut in two, so that squares of all worlds add up within 62 bits."""
        return (62 - self.n_worlds.bit_length()) // 2


@dataclass(frozen=True, eq=False)
class WorldSums:
    """What all worlds reached together, in multiples of the unit of ``scale``.

    Attributes
    ----------
    scale : FixedPoint
    totals : int64 ndarray, shape (n_worlds,)
        Of each world.
    counts : int64 ndarray, shape (n_nodes,)
        Worlds in which each node is active.
    by_step : int64 ndarray, shape (longest cascade + 1,)
        Newly active, over all worlds.
    step_error : float64 ndarray, shape of ``by_step``
        Standard error of each step's mean; infinite with one world. In values, not in multiples.
    """

    scale: FixedPoint
    totals: Ints
    counts: Ints
    by_step: Ints
    step_error: Floats

    @classmethod
    def of(cls, parts: list[Any], scale: FixedPoint) -> WorldSums:
        """Add up what the blocks of worlds found: totals, counts, sums by step, squares by step."""
        totals, counts, steps, squares = zip(*parts, strict=True)
        by_step = _sum_of(steps)
        last = np.flatnonzero(by_step)
        by_step = by_step[: int(last[-1]) + 1 if last.size else 1]
        error = scale.unit * _step_errors(by_step, squares, scale)
        return cls(scale, np.concatenate(totals), _sum_of(counts), by_step, error)

    @property
    def mean(self) -> float:
        """Mean total of a world."""
        return int(self.totals.sum()) * self.scale.unit / self.totals.size

    @property
    def mean_by_step(self) -> Floats:
        """Mean of each step."""
        return np.asarray(self.by_step * self.scale.unit / self.totals.size, np.float64)

    def error_and_skewness(self) -> tuple[float, float]:
        """Return the standard error of the mean (infinite with one world) and the skewness of single worlds, 0 where all are alike."""
        n = self.totals.size
        if n == 1:
            return math.inf, 0.0
        if not np.ptp(self.totals):
            return 0.0, 0.0
        spreads = self.totals.astype(np.float64)  # squares of values themselves may leave the range of numbers
        error = float(spreads.std(ddof=1)) / math.sqrt(n) * self.scale.unit
        off = spreads - int(self.totals.sum()) / n
        return error, float(float((off**3).mean()) / spreads.std() ** 3)


def _step_errors(total: Ints, squares: tuple[Ints, ...], scale: FixedPoint) -> Floats:
    """Return the standard error of each step's mean, in exact whole numbers up to the root."""
    n_worlds, bits = scale.n_worlds, scale.low_bits
    if n_worlds == 1:
        return np.full(total.size, math.inf)
    spread = np.zeros(total.size)
    sums = _sum_of(squares).reshape(-1, 3)[: total.size].tolist()
    for step, (added, (low, mixed, high)) in enumerate(zip(total.tolist(), sums, strict=True)):
        square = low + (mixed << bits + 1) + (high << 2 * bits)
        spread[step] = math.sqrt(n_worlds * square - added * added)
    return spread / (n_worlds * math.sqrt(n_worlds - 1))


def _sum_of(parts: tuple[Ints, ...]) -> Ints:
    """Add arrays of different length up, as if zeros followed."""
    total = np.zeros(max(part.size for part in parts), np.int64)
    for part in parts:
        total[: part.size] += part
    return total
