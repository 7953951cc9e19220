"""Expected spread of a seed set, with its interval: the mean over worlds, in sums that no order of adding changes (`spread_sums`)."""

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
from graphkit.diffusion.models import SI, SIR, SIS, check_model
from graphkit.diffusion.spread_bounds import spread_bounds
from graphkit.diffusion.spread_sums import FixedPoint, WorldSums
from graphkit.diffusion.worlds import check_steps, check_value, node_rows
from graphkit.engine.base import as_engine
from graphkit.intervals import quantile, unskewed
from graphkit.projection.projection import Projection, check_projection
from graphkit.results import Manifest, Result, make_manifest
from graphkit.rng import as_seed

if TYPE_CHECKING:
    from collections.abc import Callable

    import networkx as nx
    import pandas as pd
    from numpy.typing import ArrayLike

    from graphkit.engine.base import Engine
    from graphkit.progress import ProgressCallback
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

    def to_networkx(self, projection: Projection) -> nx.MultiDiGraph[Any]:
        """Return the graph it was made on with the node attribute ``activation``."""
        from graphkit.projection.networkx_out import scored_nodes

        return scored_nodes(projection, None, activation=self.activation)


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
    check_projection(p)
    n_worlds = positive_int("n_worlds", n_worlds)
    one_of("generator", generator, GENERATORS if isinstance(model, str) else GENERATORS[:1])
    rows, steps, worth = node_rows(p, seeds), check_steps(max_steps), check_value(value, p.n_nodes)
    if not rows.size:
        refuse("seeds", seeds, "at least one node")
    seed, runner = as_seed(rng), as_engine(engine)
    scale = FixedPoint.of(worth, p.n_nodes, n_worlds)
    n_items, block = _blocks(p, rows, scale, model=model, generator=generator, seed=seed, steps=steps)
    sums = WorldSums.of(runner.map_blocks(block, n_items, progress=_in_worlds(progress, n_worlds)), scale)
    error, skewness = sums.error_and_skewness()
    request = {"seeds": rows, "model": repr(model), "n_worlds": n_worlds, "max_steps": max_steps}
    request |= {"value": _array_digest(worth)} | ({} if generator == GENERATORS[0] else {"generator": generator})
    answer = {"mean": sums.mean, "std_error": error, "by_step": sums.by_step, "step_error": sums.step_error}
    answer |= {"activation": _array_digest(sums.counts)}
    manifest = make_manifest(
        "estimate_spread",
        request=request,
        answer=answer,
        seed=seed,
        snapshot=p.snapshot_id,
        engine=runner.name,
        seconds=time.perf_counter() - begin,
    )
    return SpreadEstimate(
        mean=sums.mean,
        std_error=error,
        by_step=sums.mean_by_step,
        step_error=sums.step_error,
        activation=sums.counts / n_worlds,
        n_worlds=n_worlds,
        skewness=skewness,
        manifest=manifest,
        **_ends(p, rows, worth, sums, model=model, steps=steps),
    )


def _blocks(
    p: Projection,
    seeds: NDArray[np.int64],
    scale: FixedPoint,
    *,
    model: str | SI | SIS | SIR,
    generator: str,
    seed: int,
    steps: int,
) -> tuple[int, Callable[[int, int], Any]]:
    """Return how many items the engine shares out, and the block of worlds that runs some of them."""
    check_model(model)
    law: dict[str, Any] = {"model": model, "seed": seed, "steps": steps, "bits": scale.low_bits}
    if isinstance(model, SI | SIS | SIR):
        return scale.n_worlds, epidemic_blocks(p, seeds, scale.multiples, **law)
    if generator == GENERATORS[0]:
        return cascade_items(p, seeds, scale.multiples, n_worlds=scale.n_worlds, **law)
    from graphkit.diffusion.philox import philox_blocks

    return -(-scale.n_worlds // LANES), philox_blocks(p, seeds, scale.multiples, n_worlds=scale.n_worlds, **law)


def _ends(
    p: Projection,
    seeds: NDArray[np.int64],
    worth: NDArray[np.float64] | None,
    sums: WorldSums,
    *,
    model: str | SI | SIS | SIR,
    steps: int,
) -> dict[str, Any]:
    """Return the highest spread there can be; where worlds or steps are all alike also what bounds the expected one for certain."""
    if sums.totals.size > 1 and np.ptp(sums.totals) and sums.step_error[1:].all():
        return {"highest": float(p.n_nodes) if worth is None else float(worth.sum())}
    ends = spread_bounds(p, seeds, sums.scale.values, model=model, max_steps=steps, n_steps=sums.by_step.size)
    if ends.certain:
        mean, by_step = np.full(2, sums.mean), np.column_stack((sums.mean_by_step, sums.mean_by_step))
    else:
        mean, by_step = ends.mean, ends.steps
    return {"highest": ends.most, "mean_bounds": mean, "step_bounds": by_step}


def _in_worlds(progress: ProgressCallback | None, n_worlds: int) -> ProgressCallback | None:
    """Tell of worlds, where the engine counts lanes of them."""
    if progress is None:
        return None
    return lambda event: progress(replace(event, done=event.done * n_worlds // (event.total or 1), total=n_worlds))


def _unseen(confidence: float, n_worlds: int) -> float:
    """Return the chance up to which a kind of world may go unseen in all of ``n_worlds`` worlds."""
    return -math.expm1(math.log1p(-confidence) / n_worlds)


def _array_digest(array: NDArray[Any] | None) -> str | None:
    return None if array is None else hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
