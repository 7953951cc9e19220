"""Order of the candidates of each subject: by score, and on request by novelty and diversity.

With ``novelty`` v a candidate counts (1 - v) r + v n, where r is its score scaled to [0, 1] over the subject's
candidates and n = 1 - ln(1 + partnerships) / ln(1 + most partnerships), the self-information of meeting it by chance,
scaled. With ``diversity`` d the next partner is the one with the largest (1 - d) value - d max cosine of its text with
those chosen before (maximal marginal relevance). Both are 0 unless asked for.

Learned weights are fitted to the whole list; which of the first few comes first they know less well, and a popular name
they put third where popularity puts it first costs most there. So the first ``HEAD`` of each subject are ordered once more
by 3/4 of the learned and 1/4 of the stated weights (`partner_learning`), plus what leaves the last of them its score.
Who is among them does not change, nor where the others stand. Over 33 cuts of four histories recall at 10 and the
reciprocal rank came out a little higher and varied less from cut to cut.

References
----------
Carbonell, Goldstein: The use of MMR, diversity-based reranking. SIGIR 1998. https://doi.org/10.1145/290941.291025
Vargas, Castells: Rank and relevance in novelty and diversity metrics for recommender systems. RecSys 2011.
https://doi.org/10.1145/2043932.2043955
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from graphkit.matching.partner_chance import doings, shares
from graphkit.matching.partner_features import FEATURES
from graphkit.matching.partner_learning import stated_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.matching.partner_features import Facing, Past
    from graphkit.matching.partner_learning import Weights

__all__ = ["CHANCE", "EVIDENCE", "HEAD", "SHARE", "Scorer", "Taste", "order_head"]

CHANCE = ("chance", "chance_lower", "chance_upper")
EVIDENCE = ("popularity", "recent", "text", "mates", "fans", "name", "mentions", "variant", "common", "together")
_CELLS = 2_000_000
_BESIDE = 300  # names scored of those who are no candidates
_SAME = 1e-10  # relative difference of values that count as equal
HEAD = 20  # names ordered once more
SHARE = 0.25  # of the stated weights in that order


@dataclass(frozen=True, eq=False)
class Taste:
    """Weights of novelty and diversity, and what they weigh.

    Parameters
    ----------
    novelty, diversity : float in [0, 1]
    news : ndarray of float64, shape (n_seats,)
        Novelty of each candidate, in [0, 1].
    texts : csr_array, shape (n_seats, n_grams), or None
        Rows of length 1, or empty.
    """

    novelty: float
    diversity: float
    news: NDArray[np.float64]
    texts: sparse.csr_array | None

    @classmethod
    def of(cls, past: Past, seats: NDArray[np.int64], novelty: float, diversity: float) -> Taste:
        """Read novelty and texts from what is known at the end of the history."""
        met = np.log1p(past.popularity[seats])
        texts = None if past.profiles is None else sparse.csr_array(past.profiles[seats])
        return cls(novelty, diversity, 1 - met / max(1e-12, float(np.log1p(past.popularity).max())), texts)

    def value(self, score: NDArray[np.float64], free: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what candidates are ordered by before diversity: the scores themselves when nothing is asked for."""
        if not (self.novelty or self.diversity) or score.size == 0:
            return score
        scaled = (score - score.min()) / (float(np.ptp(score)) or 1.0)
        return np.asarray((1 - self.novelty) * scaled + self.novelty * self.news[free])

    def order(self, score: NDArray[np.float64], free: NDArray[np.int64], top: int) -> NDArray[np.int64]:
        """Return the places in ``free`` of the partners to show, best first; ties in the order given."""
        value = self.value(score, free)
        if not self.diversity or self.texts is None:
            return np.argsort(-value, kind="stable")[:top]
        texts = sparse.csr_array(self.texts[free])
        left, alike, chosen = np.ones(free.size, np.bool_), np.zeros(free.size), list[int]()
        for _ in range(min(top, free.size)):
            gain = np.where(left, (1 - self.diversity) * value - self.diversity * alike, -np.inf)
            best = int(np.argmax(gain))
            chosen.append(best)
            left[best] = False
            alike = np.maximum(alike, np.asarray((texts @ texts[[best]].T).todense()).ravel())
        return np.array(chosen, np.int64)


def order_head(score: NDArray[np.float64], stated: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Order the first ``HEAD`` once more, with ``SHARE`` of the stated score.

    Parameters
    ----------
    score : ndarray of float64, shape (n,)
        By the weights in use.
    stated : ndarray of float64, shape (n,), or None
        By the stated weights; None when those are in use: nothing changes.

    Returns
    -------
    ndarray of float64, shape (n,)
        (1 - SHARE) score + SHARE stated + c for the first (those equal to the last of them included), with c so that
        their lowest stays what it was; the others as they are.

    Examples
    --------
    >>> order_head(np.array([2.0, 1.0]), np.array([0.0, 8.0])).tolist()
    [1.0, 2.25]
    """
    if stated is None or score.size == 0:
        return score
    edge = np.partition(score, -min(HEAD, score.size))[-min(HEAD, score.size)]
    first = score >= edge - _SAME * float(np.abs(score).max())
    mixed = (1 - SHARE) * score[first] + SHARE * stated[first]
    ordered = score.copy()
    ordered[first] = mixed + (float(score[first].min()) - float(mixed.min()))
    return ordered


@dataclass(frozen=True, eq=False)
class _Sight:
    """What a subject and all candidates have with each other."""

    subject: int
    features: NDArray[np.float64]  # (n_seats, n_features)
    met: NDArray[np.int64]  # past partnerships with each
    common: NDArray[np.int64]  # partners in common
    ln_rest: float  # ln of the sum of exp(score) of names that could be met and are no candidates


@dataclass(frozen=True, eq=False)
class _Beside:
    """Names that could be met and are no candidates: they keep their share of the new partners.

    Of more than ``_BESIDE`` a grid over popularity is scored and stands for all: on three histories of 2,300 to 3,100
    names that moved the sum of all shares by 4 to 11 % (one standard deviation), far less than a chance's interval.
    """

    facing: Facing
    weights: NDArray[np.float64]
    ln_count: float  # of the names each of them stands for

    @classmethod
    def of(cls, past: Past, seats: NDArray[np.int64], weights: NDArray[np.float64]) -> _Beside | None:
        """Choose the names to score; None when everybody is a candidate."""
        if seats.size == 0:
            return None
        ordered = seats[np.lexsort((seats, -past.popularity[seats]))]
        grid = np.linspace(0, seats.size - 1, min(_BESIDE, seats.size)).round().astype(np.int64)
        return cls(past.facing(ordered[grid]), weights, float(np.log(seats.size / grid.size)))

    def ln_sums(self, block: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return ln of the sum of exp(score) over those that each subject has not met, -inf without any."""
        seats, scores = self.facing.seats, self.facing.features(block) @ self.weights
        met = np.asarray(sparse.csr_array(self.facing.past.met[block][:, seats]).todense()) > 0
        scores[met.reshape(scores.shape) | (seats == block[:, None])] = -np.inf
        top = scores.max(axis=1)
        safe = np.where(np.isfinite(top), top, 0.0)
        with np.errstate(divide="ignore"):
            return np.asarray(safe + np.log(np.exp(scores - safe[:, None]).sum(axis=1)) + self.ln_count)


class Scorer:
    """Ranks candidates block by block."""

    def __init__(
        self,
        past: Past,
        seats: NDArray[np.int64],
        weights: Weights,
        random: NDArray[np.float64],
        top: int,
        *,
        exclude_known: bool,
        taste: Taste,
    ) -> None:
        self.past, self.seats, self.weights, self.random, self.top = past, seats, weights.values, random, top
        self.dated, self.exclude_known, self.taste = past.sources.dated, exclude_known, taste
        self.stated = stated_weights().values if weights.method == "learned" else None
        self.outlook, self.beside = weights.outlook, None
        if self.outlook is not None:
            known = past.popularity > 0
            self.pace = np.where(known, self.outlook.pace.of(doings(past)), np.nan)
            self.beside = _Beside.of(past, np.setdiff1d(np.flatnonzero(known), seats), weights.values)

    def all(self, subjects: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Return the columns of all subjects, in order."""
        facing, step = self.past.facing(self.seats), max(1, _CELLS // (max(self.seats.size, _BESIDE) * len(FEATURES)))
        rows: list[dict[str, NDArray[Any]]] = []
        for first in range(0, subjects.size, step):
            block = subjects[first : first + step]
            features = facing.features(block)
            met, common = self._between(block)
            rest = np.full(block.size, -np.inf) if self.beside is None else self.beside.ln_sums(block)
            for i, a in enumerate(block):
                rows.append(self._one(_Sight(int(a), features[i], met[i], common[i], float(rest[i]))))
        return {key: np.concatenate([row[key] for row in rows]) for key in rows[0]}

    def _chance(
        self, sight: _Sight, score: NDArray[np.float64], free: NDArray[np.int64], order: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Chance of a first meeting and its ends for those in ``order``, (3, n); NaN for those met before, and without a history."""
        fresh = (sight.met[free] == 0) & (self.past.popularity[self.seats[free]] > 0)
        found = np.full((3, order.size), np.nan)
        if self.outlook is not None and np.isfinite(self.pace[sight.subject]):
            share = np.zeros(score.size)
            share[fresh] = shares(score[fresh], ln_rest=sight.ln_rest)
            shown = fresh[order]
            found[:, shown] = self.outlook.chances(float(self.pace[sight.subject]), share[order][shown])
        return found

    def _between(self, block: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Past partnerships, and partners in common, of subjects and candidates."""
        together, met = self.past.together[block], self.past.met
        dense = [sparse.csr_array(m[:, self.seats]).todense() for m in (together, met[block] @ met)]
        met_, common = (np.asarray(m).reshape(block.size, self.seats.size).astype(np.int64) for m in dense)
        return met_, common

    def _one(self, sight: _Sight) -> dict[str, NDArray[Any]]:
        """Return the columns of one subject."""
        allowed = self.seats != sight.subject
        if self.exclude_known:
            allowed &= sight.met == 0
        free = np.flatnonzero(allowed)
        features = sight.features[free]
        stated = None if self.stated is None else features @ self.stated
        score = order_head(features @ self.weights, stated)
        order = self.taste.order(score, free, self.top)
        best = free[order]
        lower, upper = self._interval(features, stated, free, order)
        chance, least, most = self._chance(sight, score, free, order)
        return {
            "subject": np.full(best.size, sight.subject),
            "partner": self.seats[best],
            "rank": np.arange(1, best.size + 1),
            "rank_lower": lower,
            "rank_upper": upper,
            "score": score[order],
            "chance": chance,
            "chance_lower": least,
            "chance_upper": most,
        } | self._evidence(sight, best)

    def _evidence(self, sight: _Sight, best: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Return what speaks for the candidates in ``best``; NaN where a text or a history is missing."""
        past, partner = self.past, self.seats[best]
        value = {name: sight.features[best, j] for j, name in enumerate(FEATURES)}
        old, worded = past.popularity[partner] > 0, past.has_text
        spoken, nan = worded[sight.subject] & worded[partner], np.full(best.size, np.nan)
        mated = spoken & (past.met.indptr[sight.subject + 1] > past.met.indptr[sight.subject])
        return {
            "popularity": np.where(old, past.popularity[partner], nan),
            "recent": np.where(old & self.dated, past.recent[-1][partner], nan),
            "text": np.where(spoken, value["text"], nan),
            "mates": np.where(mated, value["mates"], nan),
            "fans": np.where(spoken & old, value["fans"], nan),
            "name": value["name"],
            "mentions": np.expm1(value["mentions"]).round().astype(np.int64),
            "variant": np.expm1(value["variant"]).round().astype(np.int64),
            "common": sight.common[best],
            "together": sight.met[best],
        }

    def _interval(
        self,
        features: NDArray[np.float64],
        stated: NDArray[np.float64] | None,
        free: NDArray[np.int64],
        order: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """2.5 % and 97.5 % points of the rank over the random weights, shape (2, n); NaN where diversity makes the order.

        Candidates of one value share all their ranks: the lower end counts the best of them, the upper end the worst.
        The rank that is listed lies inside, as one more draw.
        """
        if self.random.shape[1] == 0 or self.taste.diversity:
            return np.full((2, order.size), np.nan)
        best, worst = (np.empty((self.random.shape[1], order.size)) for _ in range(2))
        for k, plain in enumerate((features @ self.random).T):
            drawn = self.taste.value(order_head(plain, stated), free)
            line, own = np.sort(drawn), drawn[order]
            near = _SAME * float(np.abs(drawn).max(initial=1.0))
            best[k] = 1 + drawn.size - np.searchsorted(line, own + near, side="right")
            worst[k] = drawn.size - np.searchsorted(line, own - near, side="left")
        listed = np.arange(1, order.size + 1)
        ends = (
            np.quantile(ranks, share, axis=0, method="closest_observation")
            for ranks, share in ((best, 0.025), (worst, 0.975))
        )
        return np.stack([np.minimum(next(ends), listed), np.maximum(next(ends), listed)])
