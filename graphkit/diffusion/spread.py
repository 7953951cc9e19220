"""Expected spread of a seed set, with its interval: the mean over worlds.

All sums are integers: values are counted in a fixed-point unit (1 for whole numbers, else a power of
two small enough that nothing is lost but the last of some 48 bits), so the answer has the same bits
on any engine, for any number of workers and blocks.
"""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - from_dict reads the annotation

from graphkit.check import finite, one_of, positive_int, refuse
from graphkit.diffusion.cascade import LANES, cascade_items
from graphkit.diffusion.epidemic import epidemic_blocks
from graphkit.diffusion.models import SI, SIR, SIS
from graphkit.diffusion.spread_bounds import spread_bounds
from graphkit.diffusion.worlds import check_steps, check_value, node_rows
from graphkit.engine.base import as_engine
from graphkit.intervals import quantile, unskewed
from graphkit.results import Manifest, Result, make_manifest
from graphkit.rng import as_seed

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import ArrayLike

    from graphkit.engine.base import Engine
    from graphkit.progress import ProgressCallback
    from graphkit.projection.projection import Projection
    from graphkit.rng import RandomState

__all__ = ["SpreadEstimate", "estimate_spread"]

GENERATORS = ("splitmix64", "philox4x32")


@dataclass(frozen=True, eq=False, repr=False)
class SpreadEstimate(Result):
    """Expected activated weight of one seed set.

    Attributes
    ----------
    mean : float
        Nodes (or value) active at the end, seeds included, averaged over the worlds.
    std_error : float
        Standard error of ``mean``.
    by_step : ndarray, shape (longest cascade + 1,)
        Expected newly active weight per step; ``by_step[0]`` are the seeds; sums to ``mean``.
    step_error : ndarray, shape (longest cascade + 1,)
        Standard error of each entry of ``by_step``; infinite with one world.
    activation : ndarray, shape (n_nodes,)
        Share of the worlds in which each node is active.
    n_worlds : int
    highest : float
        Weight of all nodes, or where worlds or steps are all alike of those within reach: no world's spread is larger.
    skewness : float
        Third standardised moment of the single worlds' spreads.
    mean_bounds : ndarray, shape (2,), or None
        Where worlds or steps are all alike: ends between which the expected spread lies for certain (`spread_bounds`).
    step_bounds : ndarray, shape (longest cascade + 1, 2), or None
        The same for what each step adds.

    References
    ----------
    Hall, P. (1992). On the removal of skewness by transformation. Journal of the Royal Statistical Society B
    54(1), 221-228. https://doi.org/10.1111/j.2517-6161.1992.tb01876.x
    """

    mean: float
    std_error: float
    by_step: NDArray[np.float64]
    step_error: NDArray[np.float64]
    activation: NDArray[np.float64]
    n_worlds: int
    highest: float
    manifest: Manifest
    skewness: float = 0.0
    mean_bounds: NDArray[np.float64] | None = None
    step_bounds: NDArray[np.float64] | None = None

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return the interval (lower, upper) of the expected spread, cut at 0 and ``highest``.

        Student's interval, turned by Hall's cubic transformation where single worlds are skewed: if one world in fifty
        reaches many, the plain one covers too rarely and lies too low. Both agree as worlds grow. n worlds leave a chance of
        1 - (1 - ``confidence``)^(1/n) for a kind of world that none of them is. One that dies out at the seeds is always
        allowed for: where it is seldom and the others vary little, Student's interval lies above the mean. Where all are alike, one that
        adds ``highest`` is too; of that interval stays what ``mean_bounds`` allow, and the mean. Certain spreads have no width. A seldom
        world that reaches many more is not foreseen where worlds vary.
        """
        z, least = quantile(finite("confidence", confidence), self.n_worlds - 1), float(self.by_step[0])
        unseen = _unseen(confidence, self.n_worlds)
        if self.n_worlds > 1 and self.std_error > 0:
            below, above = (unskewed(x, self.skewness / math.sqrt(self.n_worlds)) for x in (z, -z))
            loss = max(below * self.std_error, unseen * (self.mean - least))
            return max(least, self.mean - loss), min(self.highest, self.mean - above * self.std_error)
        lower, upper = self.mean - unseen * (self.mean - least), self.mean + unseen * (self.highest - self.mean)
        lowest, highest = (least, self.highest) if self.mean_bounds is None else self.mean_bounds.tolist()
        return min(self.mean, max(lower, lowest)), max(self.mean, min(upper, highest))

    def step_interval(self, confidence: float = 0.95) -> NDArray[np.float64]:
        """Return the interval of each step's expected newly active weight.

        Parameters
        ----------
        confidence : float in (0, 1)
            Of each step by itself, not of all together.

        Returns
        -------
        ndarray, shape (longest cascade + 1, 2)
            Lower and upper end, within 0 and ``highest``. Score interval with a variance in proportion to the mean,
            (m - x)^2 = z^2 (s^2 / m) x / n: that of a Poisson mean where a step seldom happens, which the normal interval
            misses, and the normal one for many worlds. A step that is the same in every world has the interval of an unseen
            world, as in `interval`; none if it is certain.

        References
        ----------
        Cox, Hinkley: Theoretical Statistics, section 9.3. 1974. https://doi.org/10.1007/978-1-4899-2887-0
        """
        z = quantile(finite("confidence", confidence), self.n_worlds - 1)
        alike = (self.step_error == 0) | np.isinf(self.step_error)
        square = np.where(alike, 0.0, z * self.step_error) ** 2
        shift = np.divide(square, 2 * self.by_step, out=np.zeros_like(square), where=self.by_step > 0)
        half = np.sqrt(square + shift * shift)
        low, high = self.by_step + shift - half, self.by_step + shift + half
        most = self.highest - self.by_step[0]
        unseen = np.where(alike, _unseen(confidence, self.n_worlds), 0.0)
        low, high = low - unseen * self.by_step, high + unseen * (most - self.by_step)
        low[0] = high[0] = self.by_step[0]
        ends = np.tile([0.0, self.highest], (alike.size, 1))
        if self.step_bounds is not None:
            ends[alike] = self.step_bounds[alike]
        low, high = np.maximum(low, ends[:, 0]), np.minimum(high, ends[:, 1])
        return np.column_stack((np.minimum(low, self.by_step), np.maximum(high, self.by_step)))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per step: ``step``, ``newly_active``, its 95 % interval ``lower`` and ``upper``, ``active``."""
        import pandas as pd

        lower, upper = self.step_interval().T
        active = np.cumsum(self.by_step)
        columns = {"newly_active": self.by_step, "lower": lower, "upper": upper, "active": active}
        return pd.DataFrame({"step": np.arange(self.by_step.size), **columns})


def estimate_spread(
    p: Projection,
    seeds: Any,
    *,
    model: str | SI | SIS | SIR = "ic",
    n_worlds: int = 10_000,
    max_steps: int | None = None,
    value: ArrayLike | None = None,
    rng: RandomState = None,
    generator: str = "splitmix64",
    engine: str | Engine = "threads",
    progress: ProgressCallback | None = None,
) -> SpreadEstimate:
    """Estimate how many nodes (or how much value) a seed set activates in the end.

    Parameters
    ----------
    p : Projection
        With a probability on every arc; SI, SIS and SIR take 1 without one.
    seeds : array_like of int, or of str
        Rows or ids of the nodes active at step 0; repeated ones count once.
    model : {"ic", "lt"} or SIR, SIS, SI
        IC: a newly active node tries each out-arc once with chance p. LT: p are weights that add up
        to at most 1 per node. SIS and SI count nodes infected at least once and need ``max_steps``.
    n_worlds : int, default 10,000
    max_steps : int >= 0, optional
        Steps followed; None until nothing changes.
    value : array_like, shape (n_nodes,), optional
        Weight >= 0 of each node; default 1.
    generator : {"splitmix64", "philox4x32"}
        Where the coins of IC and LT come from: the fast default, or Philox4x32-10 as an independent and slower second door.
    rng, engine, progress
        See `graphkit.rng`, `graphkit.engine.base`, `graphkit.progress`. The same rng gives the same answer
        on every engine.

    Returns
    -------
    SpreadEstimate

    Raises
    ------
    InvalidParameter
        No probabilities, LT weights above 1, no seed, wrong ranges.
    UnknownNode
        A seed outside the graph.

    Notes
    -----
    The interval speaks of sampling only, not of wrong probabilities.

    Examples
    --------
    >>> from graphkit.projection.build import from_arrays
    >>> path = from_arrays([0, 1], [1, 2], probability=1.0)
    >>> estimate_spread(path, [0], n_worlds=64, rng=1).mean
    3.0
    """
    begin = time.perf_counter()
    n_worlds = positive_int("n_worlds", n_worlds)
    one_of("generator", generator, GENERATORS if isinstance(model, str) else GENERATORS[:1])
    rows, steps, worth = node_rows(p, seeds), check_steps(max_steps), check_value(value, p.n_nodes)
    if not rows.size:
        refuse("seeds", seeds, "at least one node")
    seed, runner = as_seed(rng), as_engine(engine)
    units, unit = _fixed_point(worth, p.n_nodes, n_worlds)
    bits = _low_bits(n_worlds)
    if isinstance(model, SI | SIS | SIR):
        n_items, block = n_worlds, epidemic_blocks(p, rows, units, model=model, seed=seed, steps=steps, bits=bits)
    elif model in ("ic", "lt"):
        n_items, block = (cascade_items if generator == GENERATORS[0] else _reference_items)(
            p, rows, units, model=model, seed=seed, n_worlds=n_worlds, steps=steps, bits=bits
        )
    else:
        refuse("model", model, "'ic', 'lt', SIR(...), SIS(...) or SI(...)")
    parts = runner.map_blocks(block, n_items, progress=_in_worlds(progress, n_worlds))
    totals = np.concatenate([part[0] for part in parts])
    counts = parts[0][1].astype(np.int64)
    for part in parts[1:]:
        counts += part[1]
    by_step = _add_steps([part[2] for part in parts])
    step_error = unit * _step_errors(by_step, [part[3] for part in parts], n_worlds, bits)
    mean = int(totals.sum()) * unit / n_worlds
    spreads = totals * unit if np.ptp(totals) else np.zeros(n_worlds)  # no error of rounding where all are alike
    error = float(spreads.std(ddof=1)) / math.sqrt(n_worlds) if n_worlds > 1 else math.inf
    skewness = float(((spreads - mean) ** 3).mean()) / spreads.std() ** 3 if error > 0 and n_worlds > 1 else 0.0
    highest = float(p.n_nodes) if worth is None else float(worth.sum())
    request = {
        "seeds": rows,
        "model": repr(model),
        "n_worlds": n_worlds,
        "max_steps": max_steps,
        "value": _array_digest(worth),
    }
    if generator != GENERATORS[0]:
        request["generator"] = generator
    answer = {
        "mean": mean,
        "std_error": error,
        "by_step": by_step,
        "step_error": step_error,
        "activation": _array_digest(counts),
    }
    manifest = make_manifest(
        "estimate_spread",
        request=request,
        answer=answer,
        seed=seed,
        snapshot=p.snapshot_id,
        engine=runner.name,
        seconds=time.perf_counter() - begin,
    )
    by_step_mean, activation = by_step * unit / n_worlds, counts / n_worlds
    found: dict[str, Any] = {}
    if n_worlds == 1 or error == 0 or not step_error[1:].all():
        ends = spread_bounds(
            p, rows, units.astype(np.float64) * unit, model=model, max_steps=steps, n_steps=by_step.size
        )
        found = {"mean_bounds": ends.mean, "step_bounds": ends.steps}
        if ends.certain:
            found = {"mean_bounds": np.full(2, mean), "step_bounds": np.column_stack((by_step_mean, by_step_mean))}
        highest = ends.most
    return SpreadEstimate(
        mean, error, by_step_mean, step_error, activation, n_worlds, highest, manifest, float(skewness), **found
    )


def _in_worlds(progress: ProgressCallback | None, n_worlds: int) -> ProgressCallback | None:
    """Tell of worlds, where the engine counts lanes of them."""
    if progress is None:
        return None
    return lambda event: progress(replace(event, done=event.done * n_worlds // (event.total or 1), total=n_worlds))


def _unseen(confidence: float, n_worlds: int) -> float:
    """Return the chance up to which a kind of world may go unseen in all of ``n_worlds`` worlds."""
    return -math.expm1(math.log1p(-confidence) / n_worlds)


def _reference_items(
    p: Projection, seeds: NDArray[np.int64], units: NDArray[np.int64], **law: Any
) -> tuple[int, Callable[[int, int], Any]]:
    from graphkit.diffusion.philox import philox_blocks

    return -(-law["n_worlds"] // LANES), philox_blocks(p, seeds, units, **law)


def _fixed_point(value: NDArray[np.float64] | None, n_nodes: int, n_worlds: int) -> tuple[NDArray[np.int64], float]:
    """Return the values as whole multiples of a unit such that all sums fit 62 bits."""
    if value is None:
        return np.ones(n_nodes, np.int64), 1.0
    total = float(value.sum())
    room = 62 - n_worlds.bit_length()
    if (value == np.floor(value)).all() and total < 2.0**room:
        return value.astype(np.int64), 1.0
    unit = 2.0 ** (math.frexp(total)[1] - room)
    return np.rint(value / unit).astype(np.int64), unit


def _low_bits(n_worlds: int) -> int:
    """Return where a weight below 2 ** (62 - bits of n_worlds) is cut in two, so that squares of all worlds add up within 62 bits."""
    return (62 - n_worlds.bit_length()) // 2


def _step_errors(
    total: NDArray[np.int64], squares: list[NDArray[np.int64]], n_worlds: int, bits: int
) -> NDArray[np.float64]:
    """Return the standard error of each step's mean, in exact whole numbers up to the root."""
    if n_worlds == 1:
        return np.full(total.size, math.inf)
    spread = np.zeros(total.size)
    sums = _sum_of(squares).reshape(-1, 3)[: total.size].tolist()
    for step, (added, (low, mixed, high)) in enumerate(zip(total.tolist(), sums, strict=True)):
        square = low + (mixed << bits + 1) + (high << 2 * bits)
        spread[step] = math.sqrt(n_worlds * square - added * added)
    return spread / (n_worlds * math.sqrt(n_worlds - 1))


def _add_steps(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    total = _sum_of(parts)
    last = np.flatnonzero(total)
    return total[: int(last[-1]) + 1 if last.size else 1]


def _sum_of(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Add arrays of different length up, as if zeros followed."""
    total = np.zeros(max(part.size for part in parts), np.int64)
    for part in parts:
        total[: part.size] += part
    return total


def _array_digest(array: NDArray[Any] | None) -> str | None:
    return None if array is None else hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
