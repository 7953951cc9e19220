"""Predicted sizes of cascades, held against real ones.

The spread that the learned probabilities give to the first adopters orders real cascades weakly; the
time between these adopters alone does it better. So size prediction is a gamma
regression with log link of the later adopters on: the simulated spread, the tempo of the first adopters,
their degree and activity, the start, how large other items became that these adopters took up (who a cascade
meets first tells much of its size, Cheng et al. 2014; on news, where few pass anything on along a tie, nearly all), and
how large others of the same topic became, where it was learned by topic. The
simulated spread of a training item, and what other items tell of its adopters, come from the log without its fold, else
the regression would trust them too much. Intervals are quantiles of observed / predicted on training items left out.

References
----------
Cheng, Adamic, Dow, Kleinberg, Leskovec: Can cascades be predicted? WWW 2014, doi:10.1145/2566486.2567997.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import positive_int, refuse
from graphkit.diffusion.events import Log, read_log
from graphkit.diffusion.learned import LearnedProbabilities
from graphkit.diffusion.size_factor import FEWEST, Fold, SizeFactor, held_out_folds, simulated_sizes
from graphkit.diffusion.topics import with_topics
from graphkit.errors import InvalidParameter
from graphkit.progress import each, null_progress
from graphkit.rng import as_seed, child_seed

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from graphkit.progress import ProgressCallback
    from graphkit.projection.projection import Projection
    from graphkit.rng import RandomState

__all__ = ["calibration_table", "predict_sizes"]

WORLDS = 256
RIDGE = 2.0  # training items' worth of pull towards "no effect", per feature
PULL = 2.0  # items' worth of pull towards "as large as any", per user and topic
BINS = 5
TAIL = 0.02  # each side; a little wider than .025, since quantiles of few ratios are too narrow


def predict_sizes(
    learned: LearnedProbabilities, events: Any, *, n_first: int = 3, rng: RandomState = None
) -> pd.DataFrame:
    """Predict how many will take up unseen items, from their first adopters only.

    Parameters
    ----------
    learned : LearnedProbabilities
        From `learn`, with its log.
    events : DataFrame
        Columns ``item``, ``node``, ``ts`` of the unseen items; rows after the first ``n_first`` adopters
        (by time, then node) serve ``observed`` only. Where it was learned by topic, the same column says the topic of each;
        with `LearnedProbabilities.for_topic` all are of that one.
    n_first : int >= 1, default 3
    rng : see `graphkit.rng`

    Returns
    -------
    DataFrame
        ``item``, ``predicted``, ``lower``, ``upper`` (95 %), ``observed`` (distinct adopters in ``events``), one row per item.

    Raises
    ------
    DataInvalid, InvalidParameter
        A wrong table; ``n_first`` below 1.

    Examples
    --------
    Twenty items that went along a line of friends, three to five of them:

    >>> import pandas as pd
    >>> from graphkit.diffusion.learn import learn
    >>> from graphkit.projection.arrays import from_arrays
    >>> rows = [(item, node, 60 * node) for item in range(20) for node in range(3 + item % 3)]
    >>> learned = learn(from_arrays([0, 1, 2, 3], [1, 2, 3, 4]), pd.DataFrame(rows, columns=["item", "node", "ts"]), rng=1)
    >>> unseen = pd.DataFrame({"item": "new", "node": [0, 1, 2], "ts": [0, 60, 120]})
    >>> predict_sizes(learned, unseen, rng=1).round(1)
      item  predicted  lower  upper  observed
    0  new        4.0    3.0    5.4         3
    """
    import pandas as pd

    positive_int("n_first", n_first)
    if not isinstance(learned, LearnedProbabilities):
        refuse("learned", type(learned).__name__, "LearnedProbabilities", hint="learn(projection, events) makes them")
    if learned.log is None or learned.projection is None:
        message = "learned has neither graph nor log: it was read from a file, which holds its numbers only"
        raise InvalidParameter(message, parameter="learned", hint="learn again: learn(projection, events)")
    log, seed = _read_topics(learned, events), child_seed(as_seed(rng), "predict_sizes")
    # As in the folds: the size factor is no feature.
    graph = learned.projection.with_probability(learned.posterior_mean)
    folds = held_out_folds(graph, learned.log, even=learned.method == "partial", n_first=n_first)
    model = _Model(graph, learned.log, n_first, folds, seed=seed)
    first = np.minimum(log.sizes, n_first)
    more = model.predict(log, simulated_sizes(graph, log, n_first, seed, worlds=WORLDS))
    low, high = model.spread_of_ratio()
    return pd.DataFrame(
        {
            "item": log.items,
            "predicted": first + more,
            "lower": first + np.floor(more * low),
            "upper": first + more * high,
            "observed": log.sizes,
        }
    )


def _read_topics(learned: LearnedProbabilities, events: Any) -> Log:
    """Return the log of unseen items with their topics, where anything is said of them."""
    log = read_log(learned.projection, events)
    if learned.topic is not None:
        return replace(log, topics=np.full(log.items.size, learned.topic, dtype=object))
    told = learned.by is not None and learned.by in events.columns and events[learned.by].notna().any()
    return with_topics(log, events, learned.by) if learned.by is not None and told else log


def calibration_table(
    projection: Projection,
    log: Log,
    folds: list[Fold],
    found: SizeFactor,
    *,
    seed: int,
    n_first: int = 3,
    progress: ProgressCallback = null_progress,
) -> pd.DataFrame:
    """Return predicted, simulated and observed sizes of training items by predicted size, each without itself."""
    import pandas as pd

    columns = ["size_bin", "items", "predicted", "simulated", "observed"]
    model = _Model(projection, log, n_first, folds, seed=child_seed(seed, "calibration"), progress=progress)
    if not model.fitted:
        return pd.DataFrame({name: [] for name in columns})
    predicted, observed = n_first + model.held_out, model.sizes.astype(np.float64)
    simulated = np.full(observed.size, np.nan)
    sizes = log.n_starters(n_first, known=log.start_known)[found.items] + found.held_out
    shown = np.isin(found.items, model.keep)
    simulated[np.searchsorted(model.keep, found.items[shown])] = sizes[shown]
    order = np.argsort(predicted, kind="stable")
    rows = [
        (
            f"{predicted[part[0]]:.1f}-{predicted[part[-1]]:.1f}",
            part.size,
            float(predicted[part].mean()),
            float(simulated[part].mean()),
            float(observed[part].mean()),
        )
        for part in np.array_split(order, min(BINS, order.size // 4))
    ]
    return pd.DataFrame(rows, columns=columns)


class _Model:
    """Gamma regression of the later adopters, fitted on the training items with at least ``n_first`` adopters."""

    def __init__(
        self,
        projection: Projection,
        log: Log,
        n_first: int,
        folds: list[Fold],
        *,
        seed: int,
        progress: ProgressCallback = null_progress,
    ) -> None:
        self.projection, self.n_first = projection, n_first
        organic = np.flatnonzero(~log.pushed)
        self.keep = keep = organic[log.sizes[organic] >= n_first]
        train = log.take(keep)
        self.sizes = train.sizes
        self.fitted = bool(folds) and keep.size >= FEWEST  # items of a channel are in the folds of a traced log
        own = log.sizes[organic]
        self.typical = float((own - np.minimum(own, n_first)).mean()) if own.size else 0.0
        self.held_out, self.ratios = np.full(keep.size, max(self.typical, 1e-9)), np.array([0.0, 3.0])
        if not self.fitted:
            return
        self.past = _past(log.take(organic), projection.n_nodes)
        target = (train.sizes - n_first).astype(np.float64)
        groups = [np.searchsorted(keep, np.intersect1d(fold.items, keep)) for fold in folds]
        raw = np.empty((keep.size, 8))
        for fold, inside in each(list(zip(folds, groups, strict=True)), "folds simulated", progress):
            part, rest = train.take(inside), log.take(np.setdiff1d(organic, keep[inside]))
            chance = projection.with_probability(fold.probability)
            simulated = simulated_sizes(chance, part, n_first, seed, worlds=WORLDS)
            raw[inside] = self._features(part, simulated, _past(rest, projection.n_nodes))
        self.centre, scale = raw.mean(axis=0), raw.std(axis=0)
        self.scale = np.where(scale > 1e-9, scale, np.inf)  # a constant feature says nothing
        x = (raw - self.centre) / self.scale
        self.limits = x.min(axis=0), x.max(axis=0)
        for inside in groups:
            others = np.setdiff1d(np.arange(keep.size), inside)
            self.held_out[inside] = _mean(x[inside], _gamma_fit(x[others], target[others]))
        self.beta = _gamma_fit(x, target)
        self.ratios = target / self.held_out

    def _features(self, log: Log, simulated: NDArray[np.float64], past: _Past) -> NDArray[np.float64]:
        """Return one row per item."""
        degree = np.diff(self.projection.indptr).astype(np.float64)
        result = np.zeros((log.sizes.size, 8))
        for i in range(log.sizes.size):
            part = slice(log.indptr[i], min(log.indptr[i + 1], log.indptr[i] + self.n_first))
            times, rows = log.times[part], log.rows[part]
            rows = rows[rows >= 0]
            result[i, 1] = np.log1p(times[-1] - times[0])
            result[i, 2] = np.log1p(times[-1] - times[max(times.size - 2, 0)])
            result[i, 3] = np.log1p(degree[rows].sum())
            result[i, 4] = np.log1p(past.activity[rows].sum())
            result[i, 5] = times[0]
            result[i, 6] = past.company[rows].mean() if rows.size else 0.0
            result[i, 7] = 0.0 if log.topics is None else past.topics.get(log.topics[i], 0.0)
        result[:, 0] = np.log(simulated + 0.25)
        return result

    def predict(self, log: Log, simulated: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the expected later adopters of unseen items; features beyond the training range are cut to it."""
        if not self.fitted:
            return np.maximum(simulated, 0.0) if self.typical <= 0 else np.full(log.sizes.size, self.typical)
        x = (self._features(log, simulated, self.past) - self.centre) / self.scale
        return _mean(np.clip(x, *self.limits), self.beta)

    def spread_of_ratio(self) -> tuple[float, float]:
        """Return the quantiles of observed / predicted that make the interval."""
        low, high = np.quantile(self.ratios, [TAIL, 1 - TAIL])
        return min(float(low), 1.0), max(float(high), 1.0)


@dataclass(frozen=True, eq=False)
class _Past:
    """What a log tells of each user: how many of a hundred items he took up, and how much larger than usual, in logs, these became; so of each topic's items."""

    activity: NDArray[np.float64]
    company: NDArray[np.float64]
    topics: dict[str, float]


def _past(log: Log, n_nodes: int) -> _Past:
    """Return what the items of a log tell of the users, 0 of who took up none; shares, so that logs with and without a fold compare."""
    size = np.log(log.sizes)
    off = np.repeat(size - size.mean(), log.sizes) if size.size else size
    known = log.rows >= 0
    taken = np.bincount(log.rows[known], minlength=n_nodes)
    larger = np.bincount(log.rows[known], weights=off[known], minlength=n_nodes)
    named = [] if log.topics is None else log.topics.tolist()
    topics = {}
    for topic in {name for name in named if name is not None}:
        mine = size[np.array([name == topic for name in named])] - size.mean()
        topics[topic] = float(mine.sum()) / (mine.size + PULL)
    return _Past(100 * taken / max(size.size, 1), larger / (taken + PULL), topics)


def _gamma_fit(x: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (intercept, effects) of a ridge gamma regression with log link, by reweighted least squares."""
    design = np.column_stack((np.ones(x.shape[0]), x))
    pull = RIDGE * np.eye(design.shape[1])
    pull[0, 0] = 0.0
    beta = np.zeros(design.shape[1])
    beta[0] = np.log(max(target.mean(), 1e-9))
    gram = design.T @ design + pull
    for _ in range(50):
        linear = np.clip(design @ beta, -20.0, 20.0)
        mean = np.exp(linear)
        change = np.linalg.solve(gram, design.T @ ((target - mean) / mean) - pull @ beta)
        beta = beta + change / max(1.0, float(np.abs(change).max()))
        if float(np.abs(change).max()) < 1e-9:
            break
    return beta


def _mean(x: NDArray[np.float64], beta: NDArray[np.float64]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = np.exp(np.clip(beta[0] + x @ beta[1:], -20.0, 20.0))
    return mean
