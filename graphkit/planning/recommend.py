"""What to offer a user next, by one of several ways, each with its evidence.

A user a way knows nothing about gets the most popular items and is flagged ``cold``: never an empty
or a made-up answer. Items already taken are left out unless asked for; ties go by id.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from graphkit.check import one_of, positive_int, refuse
from graphkit.errors import DataInvalid
from graphkit.matching.context import context_rates
from graphkit.matching.factors import factorise
from graphkit.matching.fuse import METHODS
from graphkit.matching.matrices import unit_rows
from graphkit.matching.neighbours import DEFAULT_RIDGE, choose_ridge, item_neighbours
from graphkit.matching.ratings import rating_neighbours
from graphkit.model.schema import USER_TIES
from graphkit.planning.picker import Picker, Reason
from graphkit.planning.recommenders import Cascade, Content, Popularity, Ratings, Taken, Walk
from graphkit.planning.tastes import ITEM_LABELS, TASTE_TYPES, item_names, profiles_of, read_ratings, read_tastes
from graphkit.progress import each, null_progress, step
from graphkit.projection.evidence import evidence_note, with_evidence
from graphkit.projection.snapshot import as_snapshot
from graphkit.results import FrameResult, Manifest, make_manifest
from graphkit.rng import as_seed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from graphkit.engine.base import Engine
    from graphkit.planning.picker import Found
    from graphkit.planning.recommenders import Scorer
    from graphkit.planning.tastes import Tastes
    from graphkit.progress import ProgressCallback
    from graphkit.projection.snapshot import Snapshot
    from graphkit.rng import RandomState

__all__ = ["WAYS", "Reason", "Recommendations", "recommend"]

WAYS = ("cf", "cosine", "factors", "als", "svd", "content", "ppr", "cascade", "ratings", "popularity", "fused")
_CHOOSE, _CHOOSE_USERS = 1_500, 200


@dataclass(frozen=True, eq=False, repr=False)
class Recommendations(FrameResult):
    """Ranked items per user.

    Parameters
    ----------
    by, to : str
    users, items : tuple of str
        One row per recommendation, users in the order asked.
    rank : ndarray of int64
    score : ndarray of float64
        Comparable within one user and way only.
    cold : tuple of bool
        Whether the user is unknown to this way, so that popularity answered.
    reasons : tuple of tuple of Reason
        Strongest first; the last one, ``rest``, makes the parts sum to the score.
    assumptions : tuple of str
        How many rows of weaker evidence were left out, or, without a floor, are not real.
    """

    by: str
    to: str
    users: tuple[str, ...]
    items: tuple[str, ...]
    rank: np.ndarray = field(metadata={"dtype": np.int64})
    score: np.ndarray = field(metadata={"dtype": np.float64})
    cold: tuple[bool, ...]
    reasons: tuple[tuple[Reason, ...], ...]
    manifest: Manifest
    assumptions: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of recommendations."""
        return len(self.items)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per recommendation: user, item, rank, score, cold, evidence."""
        import pandas as pd

        evidence = [" · ".join(map(str, own)) for own in self.reasons]
        columns = {"user": list(self.users), "item": list(self.items), "rank": self.rank, "score": self.score}
        return pd.DataFrame({**columns, "cold": list(self.cold), "evidence": evidence})


def recommend(
    source: Any,
    users: str | Sequence[str],
    *,
    by: str = "cf",
    to: str = "Course",
    top: int = 10,
    exclude_known: bool = True,
    context: Mapping[str, str] | None = None,
    events: pd.DataFrame | None = None,
    weights: Mapping[str, float] | None = None,
    blend: str = "reciprocal",
    half_life_days: float | None = 90.0,
    probability: float | str = "weighted_cascade",
    n_worlds: int = 2_000,
    min_cell: int = 50,
    min_evidence: str | None = None,
    rng: RandomState = 1,
    engine: str | Engine = "threads",
    progress: ProgressCallback = null_progress,
) -> Recommendations:
    """Recommend courses or films to users of a graph.

    Parameters
    ----------
    source : GraphStore, Snapshot, Projection of one, or input directory
    users : id or sequence of ids
    by : str, default "cf"
        cf: ridge between items (`item_neighbours`; up to 1,500 items or users and from 200 users the ridge is
        chosen on held-out interactions) · cosine: item-item cosine · als (= factors), svd:
        `factorise` · content: tags · ppr: personalised PageRank over all ties · cascade: word of mouth ·
        ratings: expected rating · popularity · fused: cf, content and ppr together (`fuse_rankings`).
    to : {"Course", "Film"}
    top : int, default 10
    exclude_known : bool, default True
        Leave out what the user already took.
    context : mapping, optional
        For example ``{"region": "上海"}``: each score is multiplied by how much better than usual the item
        does there (`context_rates`); needs ``events`` with exposures.
    events : DataFrame, optional
        As `build_profiles` takes it (user, item, kind, ts; item_label where ids repeat): content then weighs
        events by kind and age. Without it every tie counts once.
    weights : mapping list -> number >= 0, optional
        Of fused: cf, content, ppr; 0 leaves a list out.
    blend : {"reciprocal", "z"}
        Of fused: sum of weight / (60 + rank), or of weight x (score - mean) / standard deviation of the list.
    half_life_days : float or None
        Of content with events.
    probability, n_worlds : float or str, int
        Of cascade: chance that a user passes something on, as in `plan`; worlds a user.
    min_cell : int, default 50
        Smaller numbers of people are named in reasons only as "fewer than".
    min_evidence : {"real", "match", "inferred", "assumed"}, optional
        Leave out relationships, and nodes that are no users, of weaker evidence. Default: all count.
    rng, engine, progress
        See `graphkit.rng`, `graphkit.engine.base` and `graphkit.progress`.

    Returns
    -------
    Recommendations

    Raises
    ------
    UnknownNode
        A user who is not in the graph.
    InvalidParameter
        A user without consent to a profile; an unknown way, label, context, list or blend; no list with weight.
    DataInvalid
        Nothing to learn from: no items, no ratings (ratings), no exposures (context).

    Examples
    --------
    >>> from graphkit.synthetic.campaign import write_campaign
    >>> _ = write_campaign("data", n_users=60, clips=1)
    >>> recommend("data", "u01", by="cosine", top=2).items
    ('k27', 'k03')
    """
    start = time.perf_counter()
    asked = _Asked(
        users=_ids(users),
        by=one_of("by", by, WAYS),
        to=one_of("to", to, ITEM_LABELS),
        top=positive_int("top", top),
        exclude_known=exclude_known,
        context=context,
        events=events,
        weights=weights,
        blend=one_of("blend", blend, METHODS),
        half_life=half_life_days,
        probability=probability,
        n_worlds=positive_int("n_worlds", n_worlds),
        min_cell=positive_int("min_cell", min_cell),
        seed=as_seed(rng),
        min_evidence=min_evidence,
    )
    if weights and by != "fused":
        refuse("weights", dict(weights), "left out: only by='fused' weighs lists")
    whole = as_snapshot(source)
    snapshot = with_evidence(whole, min_evidence)
    with step("read who took what", progress):
        tastes = read_tastes(snapshot)
    rows, columns = tastes.rows_of(asked.users, snapshot), tastes.columns_of(to)
    if not columns.size:
        raise DataInvalid(f"the graph has no {to}", source=to, rule="empty", hint=f"load nodes/{to.lower()}.csv")
    factor = _factor(events, tastes, context)
    pick = Picker(tastes, columns, factor, asked.top, exclude=exclude_known, context=context)
    make = _Maker(snapshot, tastes, asked, engine, progress)

    def found_for(row: int) -> list[Found]:
        if by == "fused":
            return pick.fused(make, row, weights, blend)
        return pick.best(make(by), make("popularity"), row)

    found = [one for row in each(rows.tolist(), "users", progress) for one in found_for(row)]
    notes = evidence_note(whole, min_evidence, _reads(by))
    return _recommendations(found, make, notes, time.perf_counter() - start)


def _reads(by: str) -> tuple[str, ...] | None:
    """Return the labels and types that a way reads; None where it walks all of them."""
    if by in {"ppr", "fused"}:
        return None
    more = {"content": ("Tag", "HAS_TAG"), "cascade": USER_TIES}
    return *ITEM_LABELS, *TASTE_TYPES, *more.get(by, ())


def _ids(users: str | Sequence[str]) -> list[str]:
    """Ids of the users, one or many."""
    asked = [users] if isinstance(users, str) else [str(user) for user in users] if isinstance(users, Iterable) else []
    if not asked:
        refuse("users", users, "an id or a sequence of at least one id")
    return asked


@dataclass(frozen=True, eq=False, kw_only=True)
class _Asked:
    """What is asked for, checked."""

    users: list[str]
    by: str
    to: str
    top: int
    exclude_known: bool
    context: Mapping[str, str] | None
    events: pd.DataFrame | None
    weights: Mapping[str, float] | None
    blend: str
    half_life: float | None
    probability: float | str
    n_worlds: int
    min_cell: int
    seed: int
    min_evidence: str | None

    def request(self) -> dict[str, Any]:
        """Return it as the manifest keeps it."""
        return {
            "users": self.users,
            "by": self.by,
            "to": self.to,
            "top": self.top,
            "exclude_known": self.exclude_known,
            "context": dict(self.context or {}),
            "weights": dict(self.weights or {}),
            "blend": self.blend,
            "half_life_days": self.half_life,
            "probability": str(self.probability),
            "n_worlds": self.n_worlds,
            "min_cell": self.min_cell,
            "events": 0 if self.events is None else len(self.events),
            **({} if self.min_evidence is None else {"min_evidence": self.min_evidence}),
        }


@dataclass(frozen=True, eq=False)
class _Maker:
    """Makes each way once, when it is first asked for."""

    snapshot: Snapshot
    tastes: Tastes
    asked: _Asked
    engine: str | Engine
    progress: ProgressCallback
    made: dict[str, Scorer] = field(default_factory=dict)

    def __call__(self, by: str) -> Scorer:
        if by not in self.made:
            with step("prepare the scores", self.progress):
                self.made[by] = self._make(by)
        return self.made[by]

    def _make(self, by: str) -> Scorer:
        asked, taken = self.asked, self.tastes.taken
        if by == "popularity":
            return Popularity(self.tastes)
        if by in {"cf", "cosine"}:
            return Taken(
                self.tastes,
                item_neighbours(taken, method="auto" if by == "cf" else "cosine", ridge=_ridge_for(taken, asked.seed)),
            )
        if by in {"als", "factors", "svd"}:
            rank = max(1, min(32, min(taken.shape) // 4))  # nearer to full rank it would only repeat what was taken
            return Taken(
                self.tastes,
                factorise(
                    taken,
                    method="svd" if by == "svd" else "als",
                    rank=rank,
                    rng=asked.seed,
                    engine=self.engine,
                    progress=self.progress,
                ),
            )
        if by == "content":
            weights = self.snapshot.settings.get("event_weights")
            return Content(self.tastes, _profiles(self.tastes, asked.events, asked.half_life, weights))
        if by == "ppr":
            return Walk(self.snapshot, self.tastes, min_cell=asked.min_cell)
        if by == "ratings":
            return Ratings(self.tastes, rating_neighbours(read_ratings(self.snapshot, self.tastes)))
        learned = asked.probability == "learned"
        types = ("INFLUENCES",) if learned else USER_TIES
        return Cascade(
            self.snapshot,
            self.tastes,
            types=types,
            probability=asked.probability,
            n_worlds=asked.n_worlds,
            seed=asked.seed,
            engine=self.engine,
            min_cell=asked.min_cell,
        )


def _recommendations(found: Sequence[Found], make: _Maker, notes: Sequence[str], seconds: float) -> Recommendations:
    """Return what was picked as the result, with ids in place of rows."""
    users, items = make.tastes.users, make.tastes.items
    who, what = [users[one[0]] for one in found], [items[one[1]][1] for one in found]
    score = np.array([one[2] for one in found])
    manifest = make_manifest(
        "recommend",
        request=make.asked.request(),
        answer=[who, what, np.round(score, 10)],
        seed=make.asked.seed,
        snapshot=make.snapshot.digest,
        seconds=seconds,
    )
    return Recommendations(
        by=make.asked.by,
        to=make.asked.to,
        users=tuple(who),
        items=tuple(what),
        rank=np.array([one[3] for one in found], np.int64),
        score=score,
        cold=tuple(one[4] for one in found),
        reasons=tuple(one[5] for one in found),
        manifest=manifest,
        assumptions=tuple(notes),
    )


def _ridge_for(taken: sparse.csr_array, seed: int) -> float:
    """Choose the ridge on held-out interactions where that costs seconds and rests on enough people."""
    able = int(np.count_nonzero(np.diff(taken.indptr) >= 2))
    if min(taken.shape) > _CHOOSE or able < _CHOOSE_USERS:
        return DEFAULT_RIDGE
    quality = choose_ridge(taken, rng=seed)
    return max(quality, key=lambda ridge: (quality[ridge], ridge))


def _profiles(
    tastes: Tastes, events: pd.DataFrame | None, half_life: float | None, weights: Mapping[str, float] | None
) -> sparse.csr_array:
    """Users x tags: from events where given, else every taken item counts once."""
    if events is None:
        return unit_rows(sparse.csr_array(tastes.taken @ tastes.tags))
    return profiles_of(tastes, events, half_life_days=half_life, event_weights=weights).matrix


def _factor(events: pd.DataFrame | None, tastes: Tastes, context: Mapping[str, str] | None) -> NDArray[np.float64]:
    """Factor of each item in the context, shape (n_items,)."""
    if not context:
        return np.ones(len(tastes.items))
    if events is None:
        refuse(
            "events",
            None,
            "an event log with exposures, to know how items do in a context",
            hint="give --events DIR, or leave the context out",
        )
    rates = context_rates(events.assign(item=item_names(tastes, events)), contexts=tuple(context))
    return rates.multiplier_of([":".join(item) for item in tastes.items], context)
