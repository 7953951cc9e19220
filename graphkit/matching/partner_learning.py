"""Learn how to weigh the features of partners from what came later, inside the history alone.

The history is cut at 20, 30, .. 90 % of its partnerships. At each cut, everything known before it
gives the features, and the pairs that met for the first time in the next tenth are the choices. A
conditional logit is fitted on the earlier cuts and its ridge is chosen by the
likelihood of the last two; the final weights use all cuts. A history without times comes in an order drawn
for it: what goes with a meeting shows in any order, how soon the next comes does not. Texts of members, which may tell
of later meetings, cannot be judged inside the history: their cosine keeps a stated weight beside what is learned of
the rest. A history with too few first meetings keeps the stated weights: popularity with recency, and the cube of the
text cosine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from graphkit.matching.conditional_logit import Choice, fit_conditional_logit, log_likelihood, middle_and_spread
from graphkit.matching.partner_chance import doings, fit_outlook, fit_pace
from graphkit.matching.partner_features import FEATURES, Past

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.matching.partner_chance import Outlook, Pace
    from graphkit.matching.partner_features import Sources

__all__ = ["TENTH", "Block", "Weights", "fit_weights", "learn_weights", "read_choices", "stated_weights"]

_CUTS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
TENTH = 0.1  # of the partnerships: what is looked at after a cut
_JUDGES = 2  # cuts kept for choosing
_LEAST = 60  # first meetings below which nothing is learned
_SAMPLED, _SUBJECTS = 150, 300
_TOGETHER = 25  # subjects whose samples are looked at together: these are much the same names
_RIDGES = (300.0, 1000.0, 3000.0)
_STATED = {"popularity": 0.6, "lasting": 0.4, "ln_text": 3.0}
_BESIDE = 2.0  # stated weight of ln_text beside learned ones
_WRITTEN = ("text", "ln_text", "mates", "fans", "mentions", "peers", "kin", "roles")  # features read from texts
NEAR = 50


@dataclass(frozen=True, eq=False)
class Weights:
    """Weight per feature, and how it was found.

    Parameters
    ----------
    values : ndarray of float64, shape (n_features,)
    covariance : ndarray of float64, shape (n_features, n_features), or None
        Of the learned weights, from the curvature of the penalised likelihood.
    method : str
        ``learned`` or ``stated``.
    validation : dict
        On the last two cuts, weights from the cuts before them: number of first meetings, and share
        ranked above a random other name (auc) and within 50 places, beside popularity alone; new partners of all known
        names, and how many the pace of the cuts before expected.
    outlook : Outlook or None
        Who finds new partners in the next tenth, and how shares come true; None when nothing was learned.
    """

    values: NDArray[np.float64]
    covariance: NDArray[np.float64] | None
    method: str
    validation: dict[str, float]
    outlook: Outlook | None = None


@dataclass(frozen=True, eq=False)
class Block:
    """What came in the tenth after a cut.

    Parameters
    ----------
    choices : list of Choice
        Of subjects that found new partners.
    rows : ndarray of float64, shape (n_known, 5)
        What every name known at the cut had done (:func:`graphkit.matching.partner_chance.doings`).
    found : ndarray of float64, shape (n_known,)
        Its new partners.
    """

    choices: list[Choice]
    rows: NDArray[np.float64]
    found: NDArray[np.float64]


def stated_weights() -> Weights:
    """Return the weights used when nothing can be learned."""
    return Weights(np.array([_STATED.get(name, 0.0) for name in FEATURES]), None, "stated", {})


def learn_weights(sources: Sources) -> Weights:
    """Fit the weights on the history's own later partnerships.

    Without times nobody has a chance in a span of it, and none is told either where a stated weight stands beside the
    learned ones.
    """
    weights = fit_weights(read_choices(sources), _WRITTEN if sources.timeless else ())
    if sources.timeless and weights.covariance is not None:
        return _beside_text(weights, weights.covariance)
    return weights if sources.dated else replace(weights, outlook=None)


def _beside_text(weights: Weights, covariance: NDArray[np.float64]) -> Weights:
    """Give the likeness of texts its stated weight, a quarter of it as its deviation."""
    ln_text = np.eye(len(FEATURES))[FEATURES.index("ln_text")]
    wider = covariance + np.diag((ln_text * _BESIDE / 4) ** 2)
    return replace(weights, values=weights.values + _BESIDE * ln_text, covariance=wider, outlook=None)


def read_choices(sources: Sources) -> list[Block]:
    """Return what came after each cut."""
    return [block for share in _CUTS if (block := _block(sources, share)) is not None]


def fit_weights(blocks: Sequence[Block], without: Sequence[str] = ()) -> Weights:
    """Fit the weights on choices in time order; features named in ``without`` get 0 (to measure what they carry)."""
    if len(blocks) <= _JUDGES or sum(len(c.chosen) for block in blocks for c in block.choices) < _LEAST:
        return stated_weights()
    pooled = np.concatenate([c.others for block in blocks for c in block.choices])
    middle, spread = middle_and_spread(pooled)
    used = (spread > 1e-12) & ~np.isin(FEATURES, without)
    scale = np.divide(1.0, spread, out=np.zeros_like(spread), where=used)
    scaled = [
        [Choice((c.chosen - middle) * scale, (c.others - middle) * scale, c.weight) for c in block.choices]
        for block in blocks
    ]
    past, later = [c for block in scaled[:-_JUDGES] for c in block], [c for block in scaled[-_JUDGES:] for c in block]
    ridge, trial = _choose(past, later)
    everything = [c for block in scaled for c in block]
    w = fit_conditional_logit(everything, ridge)
    covariance = _covariance(everything, w, ridge) * np.outer(scale, scale)
    validation = _validation(later, trial) | _expected(blocks)
    rows, found = [b.rows for b in blocks], [b.found for b in blocks]
    outlook = fit_outlook(rows, found, [c for b in blocks for c in b.choices], w * scale)
    return Weights(w * scale, covariance, "learned", validation, outlook)


def _pace(blocks: Sequence[Block]) -> Pace:
    """New partners in the next tenth, as after these cuts."""
    return fit_pace(np.concatenate([b.rows for b in blocks]), np.concatenate([b.found for b in blocks]))


def _expected(blocks: Sequence[Block]) -> dict[str, float]:
    """New partners of all known names after the last cuts, and as many as the cuts before them let expect."""
    pace, later = _pace(blocks[:-_JUDGES]), blocks[-_JUDGES:]
    return {
        "new_partners": float(sum(b.found.sum() for b in later)),
        "new_partners_expected": float(sum(pace.of(b.rows).sum() for b in later)),
    }


def _choose(past: list[Choice], later: list[Choice]) -> tuple[float, NDArray[np.float64]]:
    """Return the ridge under which the later choices are likeliest, and its trial weights."""
    trials = [(ridge, fit_conditional_logit(past, ridge)) for ridge in _RIDGES]
    return max(trials, key=lambda trial: log_likelihood(later, trial[1])[0])


def _covariance(choices: Sequence[Choice], w: NDArray[np.float64], ridge: float) -> NDArray[np.float64]:
    """Inverse curvature of the penalised likelihood at w."""
    curve = ridge * np.eye(w.size)
    for choice in choices:
        rest = np.exp(choice.others @ w - float((choice.others @ w).max()))
        share = rest / rest.sum()
        mean = share @ choice.others
        curve += len(choice.chosen) * ((choice.others * share[:, None]).T @ choice.others - np.outer(mean, mean))
    return np.asarray(np.linalg.inv(curve))


def _validation(later: list[Choice], w: NDArray[np.float64]) -> dict[str, float]:
    """How the trial weights rank the later first meetings, beside popularity alone."""
    popularity = np.eye(len(FEATURES))[FEATURES.index("popularity")]
    result: dict[str, float] = {"first_meetings": float(sum(len(c.chosen) for c in later))}
    for name, weights in (("", w), ("popularity_", popularity)):
        above, near = [], []
        for c in later:
            own, other = c.chosen @ weights, c.others @ weights
            behind = (own[:, None] > other).mean(axis=1) + 0.5 * (own[:, None] == other).mean(axis=1)
            above += behind.tolist()
            near += (1 + (1 - behind) * other.size * c.weight <= NEAR).tolist()
        result |= {f"{name}auc": float(np.mean(above)), f"{name}recall_{NEAR}": float(np.mean(near))}
    return result


def _block(sources: Sources, share: float) -> Block | None:
    """What came in the tenth of the history after a cut, seen from what was known at it; None without new partners."""
    n = sources.incidence.shape[0]
    cut, end = round(share * n), round((share + TENTH) * n)
    if cut < 2 or end <= cut:
        return None
    past = Past(sources, cut)
    known = past.popularity > 0
    chosen: dict[int, set[int]] = {}
    inside = sources.incidence
    for row in range(cut, end):
        members = inside.indices[inside.indptr[row] : inside.indptr[row + 1]]
        for a, b in permutations([int(m) for m in members if known[m]], 2):
            chosen.setdefault(a, set()).add(b)
    met = past.met
    fresh = {
        a: sorted(b - set(met.indices[met.indptr[a] : met.indptr[a + 1]].tolist())) for a, b in sorted(chosen.items())
    }
    subjects, found = [a for a, b in fresh.items() if b], np.zeros(known.size)
    if not subjects:
        return None
    found[subjects] = [len(fresh[a]) for a in subjects]
    subjects = subjects[:: 1 + len(subjects) // _SUBJECTS]
    order = np.lexsort((np.arange(known.size), -past.popularity))
    order = order[known[order]]
    choices = _choices(past, subjects, fresh, order)
    return Block(choices, doings(past)[known], found[known]) if choices else None


def _choices(past: Past, subjects: list[int], fresh: dict[int, list[int]], order: NDArray[np.int64]) -> list[Choice]:
    """Features of what each subject chose and of a grid over popularity of what it did not.

    The most popular name is in every sample, with the weight of a grid step. That makes popularity pull less than in an
    even sample (golden-ratio starts), which ranked films' companies better (MRR .050 to .052 over five splits) but
    co-brandings of the last quarter (.064 to .052) and brands new to the history worse.
    """
    place = np.full(past.popularity.size, -1)
    place[order] = np.arange(order.size)
    found = list[Choice]()
    for first in range(0, len(subjects), _TOGETHER):
        part = [
            (a, np.array(fresh[a]), *_sample(past, a, fresh[a], order, place))
            for a in subjects[first : first + _TOGETHER]
        ]
        seats = np.unique(np.concatenate([names for _, mine, others, _ in part for names in (mine, others)]))
        features = past.facing(seats).features(np.array([a for a, *_ in part]))
        for own, (_, mine, others, free) in zip(features, part, strict=True):
            if free:
                chosen, beside = (own[np.searchsorted(seats, names)] for names in (mine, others))
                found.append(Choice(chosen, beside, free / others.size))
    return found


def _sample(
    past: Past, subject: int, mine: list[int], order: NDArray[np.int64], place: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    """Return a grid over the names that a subject could have chosen and did not, and how many these are."""
    met, taken = past.met, np.zeros(order.size, np.bool_)
    for names in (mine, met.indices[met.indptr[subject] : met.indptr[subject + 1]], subject):
        taken[place[names]] = True
    free = order[~taken]
    grid = np.linspace(0, free.size - 1, min(_SAMPLED, free.size)).round().astype(np.int64)
    return free[grid], free.size
