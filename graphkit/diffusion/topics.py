"""Probabilities on arcs by topic: what items of one kind say, with what others say as a bounded prior at the topic's level.

A friend who passes on every film need not pass on a course. For topic g and an arc with credit c and tries n of which
c_g and n_g are the topic's own, and with N and N_g tries on all arcs,

    m = r l (a + c - c_g) / (a + b + l (n - n_g)),   l = N / (r N_g + N - N_g),
    s = min(a + b + n - n_g, a + b + strength),
    p_g = (s m + c_g) / (s + n_g),           interval = quantiles of Beta(s m + c_g, s (1 - m) + n_g - c_g).

All evidence of other topics gives the prior mean m, but weighs no more than ``strength`` tries (a bounded power prior,
Ibrahim and Chen 2000, doi:10.1214/ss/1009212673). So with one topic p_g is the plain p; with an unbounded strength
topics differ in their levels only. The strength is the one under which items left out are most likely.

r is how much more often the topic's tries succeed than those of others on the same arcs: the ratio of Mantel and Haenszel,
right also where an arc was tried a few times only, or 1 where it is less than `SURE` standard errors away (Greenland and Robins
1985, doi:10.2307/2530643). l is then the level of the others, r l that of the topic, in units of the level of all. So an arc that the topic
never tried has the chance that others give it, at the topic's level.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import refuse, text_of
from graphkit.diffusion.credit import ArcEstimate, beta_interval, credit_shares, estimate_arcs
from graphkit.diffusion.events import Log, count_tries, step_length
from graphkit.diffusion.size_factor import Fold, Sizes
from graphkit.diffusion.topic_factor import topic_factors
from graphkit.errors import DataInvalid
from graphkit.progress import null_progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.progress import ProgressCallback
    from graphkit.projection.projection import Projection

    Floats = NDArray[np.float64]

__all__ = ["STRENGTHS", "TopicEstimate", "learn_topics", "with_topics"]

STRENGTHS = (0.0, 1.0, 3.0, 10.0, 30.0, float("inf"))
FOLDS = 4
SURE = 2.0


@dataclass(frozen=True, eq=False)
class TopicEstimate:
    """The arcs on which a topic differs from the plain p, those it tried and where its level differs all.

    Attributes
    ----------
    arc : int64 ndarray
        In CSR order, ascending.
    probability : float64 ndarray, shape of ``arc``
    interval : float64 ndarray, shape (n, 2)
    tried : float64 ndarray
    """

    arc: NDArray[np.int64]
    probability: Floats
    interval: Floats
    tried: Floats


def with_topics(log: Log, events: Any, by: str) -> Log:
    """Return the log with the topic of each item, None where the column is empty.

    Raises
    ------
    DataInvalid
        The column is missing or wholly empty, or an item has two topics.
    """
    if text_of("by", by) not in getattr(events, "columns", ()):
        message = f"events: the column {by!r} is missing; there are {', '.join(map(str, events.columns))}"
        raise DataInvalid(message, rule="columns", hint="name the column that holds the topic of each item")
    if by == "item":
        refuse("by", by, "a column of topics, each of several items")
    told = events[["item", by]].dropna().drop_duplicates()
    twice = told["item"][told["item"].duplicated()]
    if len(twice):
        message = f"events: item {twice.iloc[0]!r} has several values of {by!r}"
        raise DataInvalid(message, rule="topic", count=int(twice.nunique()), hint="one topic per item")
    if not len(told):
        raise DataInvalid(
            f"events: no item has a value of {by!r}", rule="topic", hint="fill the column, or learn without it"
        )
    known = dict(zip(map(str, told["item"].tolist()), map(str, told[by].tolist()), strict=True))
    return replace(log, topics=np.array([known.get(str(item)) for item in log.items.tolist()], dtype=object))


def learn_topics(
    projection: Projection,
    log: Log,
    whole: ArcEstimate,
    folds: list[Fold],
    factor: float,
    *,
    n_first: int,
    seed: int,
    progress: ProgressCallback = null_progress,
) -> tuple[dict[str, TopicEstimate], float | None]:
    """Return the estimate of every topic of the log, times its factor on sizes, and the strength that was chosen.

    ``factor`` is that of the plain p, which the other arcs keep, ``folds`` the items that it was fitted on.
    """
    if log.topics is None:
        return {}, None
    names = sorted({topic for topic in log.topics.tolist() if topic is not None})
    code = np.array([names.index(topic) if topic is not None else -1 for topic in log.topics.tolist()], np.int64)
    strength = _strength(projection, log, code, len(names), whole)
    factors = np.full(len(names), factor)
    if len(names) > 1:
        own = _topic_folds(projection, log, code, len(names), folds, strength)
        sizes = Sizes(projection, log, own, n_first=n_first, seed=seed, progress=progress)
        factors = topic_factors(sizes, code[sizes.items], len(names))
    found, plain = {}, np.minimum(factor * whole.mean, 1.0)
    evidence = _evidence(projection, log, code, len(names), whole)
    for name, scale, (credit, tried) in zip(names, factors.tolist(), evidence, strict=True):
        a, b = _posterior(whole, credit, tried, strength)
        chance = np.minimum(scale * a / (a + b), 1.0)
        arc = np.flatnonzero((tried > 0) | ~np.isclose(chance, plain, rtol=1e-9))
        bounds = np.minimum(scale * beta_interval(a[arc], b[arc]), 1.0)
        found[name] = TopicEstimate(arc, chance[arc], bounds, tried[arc])
    return found, strength


def _topic_folds(
    projection: Projection, log: Log, code: NDArray[np.int64], n_topics: int, folds: list[Fold], strength: float
) -> list[Fold]:
    """The folds by topic, each with the chances of its topic learned without the fold."""
    found = []
    for fold in folds:
        rest = np.setdiff1d(np.arange(log.sizes.size), fold.items)
        evidence = _evidence(projection, log.take(rest), code[rest], n_topics, fold.others)
        for topic, (credit, tried) in enumerate(evidence):
            mine = fold.items[code[fold.items] == topic]
            if mine.size:
                a, b = _posterior(fold.others, credit, tried, strength)
                found.append(Fold(mine, fold.others, a / (a + b)))
    return found


def _evidence(
    projection: Projection, log: Log, code: NDArray[np.int64], n_topics: int, whole: ArcEstimate
) -> list[tuple[Floats, Floats]]:
    """Credit and tries of every arc by topic; credit is shared under the probabilities learned from all items."""
    step, found = step_length(log), []
    for topic in range(n_topics):
        tries = count_tries(projection, log.take(np.flatnonzero(code == topic)), step)
        credit = np.bincount(tries.arc, credit_shares(tries, whole.mean), projection.n_arcs)
        found.append((np.minimum(credit, tries.tried), tries.tried))
    return found


def _posterior(whole: ArcEstimate, credit: Floats, tried: Floats, strength: float) -> tuple[Floats, Floats]:
    """Beta of one topic on every arc: its own evidence on the bounded evidence of the others, at its level."""
    a, base = whole.prior[0], sum(whole.prior)
    c, n = np.maximum(whole.a - a - credit, 0.0), np.maximum(whole.a + whole.b - base - tried, 0.0)
    ratio = _ratio(credit, tried, c, n)
    others = float(tried.sum() + n.sum()) / max(float(ratio * tried.sum() + n.sum()), 1e-9)
    mean = np.minimum(ratio * others * (a + c) / (base + others * n), 1 - 1e-9)
    weight = base + np.minimum(n, strength)
    return weight * mean + credit, weight * (1 - mean) + tried - credit


def _ratio(credit: Floats, tried: Floats, c: Floats, n: Floats) -> float:
    """How much more often a topic's tries succeed than those of others on the same arcs, 1 where that may be luck."""
    both = (tried > 0) & (n > 0)
    credit, tried, c, n = credit[both], tried[both], c[both], n[both]
    whole = tried + n
    own, other = float((credit * n / whole).sum()), float((c * tried / whole).sum())
    if own <= 0 or other <= 0:
        return 1.0
    square = float((((credit + c) * tried * n - credit * c * whole) / whole**2).sum()) / (own * other)
    return own / other if abs(np.log(own / other)) > SURE * np.sqrt(square) else 1.0


def _strength(projection: Projection, log: Log, code: NDArray[np.int64], n_topics: int, whole: ArcEstimate) -> float:
    """The strength under which items left out are most likely; the largest of equals."""
    if n_topics < 2:
        return STRENGTHS[-1]
    score = np.zeros(len(STRENGTHS))
    order = np.arange(log.sizes.size)
    for fold in range(FOLDS):
        inside, others = order[order % FOLDS == fold], order[order % FOLDS != fold]
        if not inside.size or not others.size:
            return STRENGTHS[-1]
        rest = estimate_arcs(projection, log.take(others), even=False)
        known = _evidence(projection, log.take(others), code[others], n_topics, rest)
        unseen = _evidence(projection, log.take(inside), code[inside], n_topics, whole)
        for i, strength in enumerate(STRENGTHS):
            for (credit, tried), (hits, tries) in zip(known, unseen, strict=True):
                a, b = _posterior(rest, credit, tried, strength)
                p = np.clip(a / (a + b), 1e-9, 1 - 1e-9)
                score[i] += float(hits @ np.log(p) + (tries - hits) @ np.log1p(-p))
    return STRENGTHS[int(score.size - 1 - np.argmax(score[::-1]))]
