"""Probabilities on arcs from an action log: shared credit, a Beta prior, an interval per arc.

An arc u -> v is *tried* by an item that u took up before v did. When v follows, every neighbour
that adopted earlier may be the cause; giving each the full credit over-predicts real cascades 13 to 87 times,
so the credit is shared, evenly at first (1/m) and then by expectation maximisation (Saito et al.
2008). p has the prior Beta(a, b), estimated from all arcs of the log, hence

    p = (a + credit) / (a + b + tried),  interval = quantiles of Beta(a + credit, b + tried - credit).

Where all items move in equal steps (a simulation, daily batches), only adopters exactly one step
earlier can be a cause. Look at ``explained`` first: where few later adopters have an earlier adopting
neighbour, the graph does not carry the process.

References
----------
Saito, Nakano, Kimura: Prediction of information diffusion probabilities for independent cascade model. KES 2008.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - from_dict reads the annotation

from graphkit.check import one_of
from graphkit.diffusion.events import Log, Tries, count_tries, read_log, step_length
from graphkit.errors import DataInvalid
from graphkit.results import Manifest, Result, make_manifest
from graphkit.rng import as_seed, child_seed

if TYPE_CHECKING:
    import pandas as pd

    from graphkit.projection.projection import Projection
    from graphkit.rng import RandomState

__all__ = ["ArcEstimate", "LearnedProbabilities", "estimate_arcs", "learn"]

METHODS = ("auto", "em", "partial")
ITERATIONS = 40
N_FIRST = 3  # adopters from which sizes are simulated
STRENGTH = (1.0, 5.0)  # allowed a + b in tries: cross-validated on a Q&A log, stronger pulls order cascades worse (rank correlation .41 at 5, .35 at 20, .23 at 59)


@dataclass(frozen=True, eq=False, repr=False)
class LearnedProbabilities(Result):
    """Probabilities learned from a log.

    Attributes
    ----------
    probability : float64 ndarray, shape (n_arcs,)
        min(1, ``size_factor`` * posterior mean) per arc in CSR order.
    interval : float64 ndarray, shape (n_arcs, 2)
        95 % interval (lower, upper) of the posterior, times the factor.
    tried : float64 ndarray, shape (n_arcs,)
        Number of tries; arcs with 0 keep the prior.
    never_tried : bool ndarray, shape (n_arcs,)
    prior : tuple of float
        a and b of the Beta prior.
    explained : float
        Share of the later adoptions with an earlier adopting neighbour.
    calibration : DataFrame
        ``size_bin``, ``items``, ``predicted``, ``simulated``, ``observed``: sizes of training items predicted (with the
        tempo of the first adopters), and simulated with p times the factor, by models that did not see them; empty
        for logs too small.
    size_factor : float
        Overall factor on p that makes simulated sizes match real ones, see `size_factor`; 1 where they do.
    size_ratio : float
        Mean simulated over mean real number of later adopters before the factor; nan for logs too small.
    posterior_mean : float64 ndarray, shape (n_arcs,)
        p before the factor.
    projection : Projection
        The graph with the learned probabilities (not part of the JSON).
    log : Log
        The training log, for `predict_sizes` (not part of the JSON).
    """

    probability: NDArray[np.float64]
    interval: NDArray[np.float64]
    tried: NDArray[np.float64]
    never_tried: NDArray[np.bool_]
    prior: tuple[float, ...]
    explained: float
    calibration: pd.DataFrame
    method: str
    size_factor: float
    size_ratio: float
    posterior_mean: NDArray[np.float64]
    projection: Any = field(default=None, metadata={"json": False})
    log: Any = field(default=None, metadata={"json": False})
    manifest: Manifest = field(default=None)  # type: ignore[assignment]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per arc: ``probability``, ``lower``, ``upper``, ``tried``, and its ends where the graph is at hand."""
        import pandas as pd

        frame = pd.DataFrame({"probability": self.probability, "lower": self.interval[:, 0], "upper": self.interval[:, 1], "tried": self.tried})
        if self.projection is not None:
            ends = self.projection.to_frame()[["source", "target"]]
            frame.insert(0, "source", ends["source"].to_numpy())
            frame.insert(1, "target", ends["target"].to_numpy())
        return frame


def learn(p: Projection, events: Any, *, method: str = "auto", rng: RandomState = None) -> LearnedProbabilities:
    """Learn the probability of every arc from a log of adoptions.

    Parameters
    ----------
    p : Projection
        The graph; its own probabilities are not used.
    events : DataFrame
        Columns ``item``, ``node`` (row or id), ``ts`` (seconds or datetime). Nodes outside the graph are
        adopters that explain nothing; repeated rows count once, the earliest.
    method : {"auto", "em", "partial"}
        How credit is shared: ``"em"`` by expectation maximisation (``"auto"`` means this), ``"partial"`` evenly.
    rng : see `graphkit.rng`
        Worlds of the calibration table.

    Returns
    -------
    LearnedProbabilities

    Raises
    ------
    DataInvalid
        A column is missing or empty, or the log has no row.
    """
    from graphkit.diffusion.calibration import calibration_table  # both need this module's estimate
    from graphkit.diffusion.size_factor import held_out_folds, size_factor

    begin = time.perf_counter()
    one_of("method", method, METHODS)
    if not p.n_arcs:
        message = "the graph has no arc to learn about"
        raise DataInvalid(message, rule="arcs", hint="load relationships between the users first")
    log, seed = read_log(p, events), as_seed(rng)
    even = method == "partial"
    found, folds = estimate_arcs(p, log, even=even), held_out_folds(p, log, even=even, n_first=N_FIRST)
    scale = size_factor(p, log, folds, n_first=N_FIRST, seed=child_seed(seed, "size_factor"))
    chance, bounds = (np.minimum(scale.factor * x, 1.0) for x in (found.mean, found.interval()))
    table = calibration_table(p, log, folds, scale, seed=seed, n_first=N_FIRST)
    request = {"method": method, "events": _digest(log)}
    answer = {"probability": hashlib.sha256(chance.tobytes()).hexdigest(), "prior": found.prior, "calibration": table}
    manifest = make_manifest("learn", request=request, answer=answer, seed=seed, snapshot=p.snapshot_id, seconds=time.perf_counter() - begin)
    tried = found.tries.tried
    return LearnedProbabilities(chance, bounds, tried, tried == 0, found.prior, found.tries.explained, table, method, scale.factor, scale.before,
                                found.mean, p.with_probability(chance), log, manifest)


@dataclass(frozen=True, eq=False)
class ArcEstimate:
    """Posterior Beta(a, b) per arc, the prior they share and the tries behind them."""

    a: NDArray[np.float64]
    b: NDArray[np.float64]
    prior: tuple[float, float]
    tries: Tries

    @property
    def mean(self) -> NDArray[np.float64]:
        """Posterior mean per arc."""
        return self.a / (self.a + self.b)

    def interval(self) -> NDArray[np.float64]:
        """Return the 95 % interval per arc, shape (n_arcs, 2)."""
        from scipy.special import betaincinv

        lower, upper = (betaincinv(self.a, self.b, q) for q in (0.025, 0.975))
        return np.column_stack((np.minimum(lower, self.mean), np.maximum(upper, self.mean)))


def estimate_arcs(projection: Projection, log: Log, *, even: bool) -> ArcEstimate:
    """Return the posterior of every arc; ``even`` shares credit evenly instead of by expectation maximisation."""
    tries = count_tries(projection, log, step_length(log))
    m = projection.n_arcs
    shared = 1.0 / np.bincount(tries.group, minlength=tries.n_groups)
    credit: NDArray[np.float64] = np.bincount(tries.arc, shared[tries.group], m).astype(np.float64)
    prior = _prior(credit, tries.tried)
    for number in range(0 if even else ITERATIONS):
        p = (prior[0] + credit) / (sum(prior) + tries.tried)
        none = np.bincount(tries.group, np.log1p(-np.minimum(p[tries.arc], 1 - 1e-12)), tries.n_groups)
        credit = np.bincount(tries.arc, p[tries.arc] / -np.expm1(none)[tries.group], m).astype(np.float64)
        if number % 10 == 9:
            prior = _prior(credit, tries.tried)
    credit = np.minimum(credit, tries.tried).astype(np.float64)
    return ArcEstimate(prior[0] + credit, prior[1] + tries.tried - credit, prior, tries)


def _prior(credit: NDArray[np.float64], tried: NDArray[np.float64]) -> tuple[float, float]:
    """Return (a, b) by moments: mean of all tries, strength from the spread between arcs beyond chance."""
    some = tried > 0
    if not some.any():
        return 0.5, 9.5
    n, x = tried[some], np.minimum(credit[some], tried[some])
    total = n.sum()
    mean = min(max((x.sum() + 0.5) / (total + 10.0), 1e-4), 0.95)
    noise = mean * (1 - mean)
    beyond = float((n * (x / n - mean) ** 2).sum()) - noise * (n.size - 1)
    weight = total - float((n * n).sum()) / total
    between = beyond / weight / noise if weight > 0 else 0.0
    strength = (1 - between) / between if between > 0 else STRENGTH[1]
    strength = min(max(strength, STRENGTH[0]), STRENGTH[1])
    return float(mean * strength), float((1 - mean) * strength)


def _digest(log: Log) -> str:
    parts = (np.array([str(x) for x in log.items.tolist()]).astype(str), log.indptr, log.rows, log.times)
    return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()
