"""One overall factor on learned probabilities, so that simulated sizes match real ones.

Credit along arcs explains only the adoptions that have an earlier adopting neighbour, and a prior pulls
rarely tried arcs down; simulated cascades then come out too small (on a Q&A log about half the real
size). A plan needs sizes as well as an order, so p becomes min(1, factor * p), with the factor at
which the mean simulated size of training items, each under probabilities learned without it, equals
their real mean. On fixed worlds a simulated size never falls as the factor grows, so
bisection finds it. Where the log shows who took the item up on their own (it is traced or moves in steps), cascades
set out from them; elsewhere from the first adopters. The factor is left at 1 where the mean agrees within `SURE` standard errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graphkit.diffusion.cascade import arc_coins, cascade_blocks
from graphkit.diffusion.credit import ArcEstimate, estimate_arcs
from graphkit.progress import each, null_progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.diffusion.events import Log
    from graphkit.progress import ProgressCallback
    from graphkit.projection.projection import Projection

__all__ = [
    "FEWEST",
    "FOLDS",
    "LARGEST",
    "STEP",
    "Fold",
    "SizeFactor",
    "Sizes",
    "held_out_folds",
    "simulated_sizes",
    "size_factor",
    "solve",
]

FOLDS = 4
FEWEST = 12  # training items below which nothing is fitted
LARGEST = 4.0  # the factor lies between 1 / LARGEST and LARGEST
SURE = 2.0
STEP, BISECTIONS = 1.2, 3  # search outwards, then halve the last step to 2 %; between its ends means are interpolated
WORLDS = 128


@dataclass(frozen=True, eq=False)
class Fold:
    """Training items left out together, what was learned without them, and the probabilities they are simulated under."""

    items: NDArray[np.int64]
    others: ArcEstimate
    probability: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SizeFactor:
    """The factor, and what each training item is simulated to reach under the factor of the other folds.

    Attributes
    ----------
    factor : float
    before : float
        Mean simulated over mean real number of later adopters at factor 1; nan where nothing was fitted.
    held_out : float64 ndarray
        Later adopters per item of the folds, in the order of ``items``.
    items : int64 ndarray
    error : float
        Standard error of the logarithm of a factor that was fitted, 0 where it was left at 1.
    """

    factor: float
    before: float
    held_out: NDArray[np.float64]
    items: NDArray[np.int64]
    error: float = 0.0


def held_out_folds(
    projection: Projection, log: Log, *, even: bool, n_first: int, progress: ProgressCallback = null_progress
) -> list[Fold]:
    """Learn `FOLDS` times without a share of the items; empty for logs too small.

    Where starters are not traced, items that a channel pushed are never left out: their first adopters do not tell their size.
    """
    keep = np.flatnonzero((log.sizes >= n_first) & (log.traced | ~log.pushed))
    if keep.size < FEWEST:
        return []
    folds = []
    for number in each(range(FOLDS), "folds", progress):
        inside = keep[np.arange(keep.size) % FOLDS == number]
        others = estimate_arcs(projection, log.take(np.setdiff1d(np.arange(log.sizes.size), inside)), even=even)
        folds.append(Fold(inside, others, others.mean))
    return folds


def simulated_sizes(
    projection: Projection, log: Log, n_first: int, seed: int, *, worlds: int, known: bool = False
) -> NDArray[np.float64]:
    """Return the expected later adopters by simulation from the first ones, or from those who took the item up on their own if they are ``known``; 0 where none of them is in the graph."""
    result, units = np.zeros(log.sizes.size), np.ones(projection.n_nodes, np.int64)
    arcs = arc_coins(projection, "ic")
    for i in range(log.sizes.size):
        seeds = log.starters(i, n_first, known=known)
        if seeds.size:
            block = cascade_blocks(
                projection, seeds, units, model="ic", seed=seed, n_worlds=worlds, steps=-1, by="world", arcs=arcs
            )
            sizes = block(0, -(-worlds // 64))[0]
            if known:  # only items of n_first adopters and more are looked at: so with the worlds
                sizes = sizes[sizes >= n_first] if (sizes >= n_first).any() else np.array([n_first])
            result[i] = sizes.mean() - seeds.size
    return result


class Sizes:
    """Real and simulated numbers of later adopters of the items of folds, kept for every factor that was tried.

    Attributes
    ----------
    items, number : int64 ndarray
        The items of all folds, and the fold of each.
    real : float64 ndarray
    tried : dict
        Simulated numbers by factor.
    """

    def __init__(
        self,
        projection: Projection,
        log: Log,
        folds: list[Fold],
        *,
        n_first: int,
        seed: int,
        progress: ProgressCallback = null_progress,
    ) -> None:
        self.projection, self.log, self.folds, self.n_first, self.seed = projection, log, folds, n_first, seed
        self.progress = progress
        self.items = np.concatenate([np.zeros(0, np.int64), *(fold.items for fold in folds)])
        self.number = np.repeat(np.arange(len(folds)), [fold.items.size for fold in folds])
        self.real = (log.sizes - log.n_starters(n_first, known=log.start_known))[self.items].astype(np.float64)
        self.tried: dict[float, NDArray[np.float64]] = {}

    def mean(self, factor: float) -> float:
        """Return the mean simulated number under a factor."""
        if factor not in self.tried:
            folds = each(self.folds, "folds simulated", self.progress)
            self.tried[factor] = np.concatenate([self._simulated(fold, factor) for fold in folds])
        return float(self.tried[factor].mean())

    def _simulated(self, fold: Fold, factor: float) -> NDArray[np.float64]:
        graph = self.projection.with_probability(np.minimum(factor * fold.probability, 1.0))
        own, known = self.log.take(fold.items), self.log.start_known
        return simulated_sizes(graph, own, self.n_first, self.seed, worlds=WORLDS, known=known)

    def curves(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the factors tried, ascending, and the numbers under each, shape (factors, items)."""
        grid = np.array(sorted(self.tried))
        return grid, np.array([self.tried[factor] for factor in grid])


def size_factor(sizes: Sizes) -> SizeFactor:
    """Fit the factor on the items of the folds."""
    none = SizeFactor(1.0, float("nan"), np.zeros(0), np.zeros(0, np.int64))
    if not sizes.items.size or sizes.mean(1.0) <= 0 or sizes.real.sum() <= 0:
        return none
    real, at_one = float(sizes.real.mean()), sizes.mean(1.0)
    before, held_out = at_one / real, sizes.tried[1.0]
    error = float((sizes.real - held_out / before).std(ddof=1)) / np.sqrt(sizes.real.size)
    if abs(real - at_one) <= SURE * error:
        return SizeFactor(1.0, before, held_out, sizes.items)
    _search(sizes, real)
    grid, curves = sizes.curves()
    factor = solve(grid, curves.mean(axis=1), real)
    error = _error(grid, curves, sizes.real, factor)
    return SizeFactor(factor, before, _left_out(sizes, grid, curves), sizes.items, error)


def _search(sizes: Sizes, real: float) -> None:
    """Try factors outwards until the mean meets the real one, then between the last two."""
    low = high = 1.0
    if sizes.mean(1.0) < real:
        while high < LARGEST and sizes.mean(high) < real:
            low, high = high, min(high * STEP, LARGEST)
    else:
        while low > 1 / LARGEST and sizes.mean(low) >= real:
            low, high = max(low / STEP, 1 / LARGEST), low
    for _ in range(BISECTIONS):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if sizes.mean(middle) < real else (low, middle)


def _left_out(sizes: Sizes, grid: NDArray[np.float64], curves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what each item is simulated to reach under the factor of the other folds."""
    found = np.zeros(sizes.items.size)
    for fold in range(len(sizes.folds)):
        own = sizes.number == fold
        theirs = solve(grid, curves[:, ~own].mean(axis=1), float(sizes.real[~own].mean()))
        found[own] = [np.interp(theirs, grid, curve) for curve in curves[:, own].T]
    return found


def _error(grid: NDArray[np.float64], curves: NDArray[np.float64], real: NDArray[np.float64], factor: float) -> float:
    """Return the standard error of the logarithm of the factor: that of the real mean over the slope of the simulated one."""
    at = np.array([np.interp(factor, grid, curve) for curve in curves.T])
    slope = float(np.interp(factor, grid, np.gradient(curves.mean(axis=1), np.log(grid))))
    spread = float((real - at).std(ddof=1)) / np.sqrt(real.size)
    return spread / slope if slope > 0 else float("inf")


def solve(grid: NDArray[np.float64], mean: NDArray[np.float64], target: float) -> float:
    """Return the factor at which the (rising) mean meets the target, cut at the ends of the grid."""
    return float(np.interp(target, np.maximum.accumulate(mean), grid))
