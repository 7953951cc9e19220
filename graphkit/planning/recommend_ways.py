"""What is asked of `graphkit.planning.recommend`, and the scorer of each way, made once when it is first needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from graphkit.matching.factors import factorise
from graphkit.matching.matrices import unit_rows
from graphkit.matching.neighbours import DEFAULT_RIDGE, choose_ridge, item_neighbours
from graphkit.matching.ratings import rating_neighbours
from graphkit.model.schema import USER_TIES
from graphkit.planning.recommenders import Cascade, Content, Popularity, Ratings, Taken, Walk
from graphkit.planning.tastes import ITEM_LABELS, TASTE_TYPES, profiles_of, read_ratings
from graphkit.progress import step

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from graphkit.engine.base import Engine
    from graphkit.matching.factors import Factors
    from graphkit.matching.neighbours import ItemNeighbours
    from graphkit.planning.recommenders import Scorer
    from graphkit.planning.tastes import Tastes
    from graphkit.progress import ProgressCallback
    from graphkit.projection.snapshot import Snapshot

__all__ = ["WAYS", "Asked", "Ways", "reads_of"]

WAYS = ("cf", "cosine", "factors", "als", "svd", "content", "ppr", "cascade", "ratings", "popularity", "fused")
_CHOOSE, _CHOOSE_USERS = 1_500, 200


@dataclass(frozen=True, eq=False, kw_only=True)
class Asked:
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
class Ways:
    """The scorer of each way, made when it is first asked for."""

    snapshot: Snapshot
    tastes: Tastes
    asked: Asked
    engine: str | Engine
    progress: ProgressCallback
    made: dict[str, Scorer] = field(default_factory=dict)

    def __call__(self, by: str) -> Scorer:
        """Return the scorer of a way."""
        if by not in self.made:
            with step("prepare the scores", self.progress):
                self.made[by] = self._make(by)
        return self.made[by]

    def _make(self, by: str) -> Scorer:
        match by:
            case "popularity":
                return Popularity(self.tastes)
            case "cf" | "cosine":
                return Taken(self.tastes, self._neighbours(by))
            case "als" | "factors" | "svd":
                return Taken(self.tastes, self._factors(by))
            case "content":
                return Content(self.tastes, self._profiles())
            case "ppr":
                return Walk(self.snapshot, self.tastes, min_cell=self.asked.min_cell)
            case "ratings":
                return Ratings(self.tastes, rating_neighbours(read_ratings(self.snapshot, self.tastes)))
            case _:
                return self._cascade()

    def _neighbours(self, by: str) -> ItemNeighbours:
        taken = self.tastes.taken
        ridge = _ridge_for(taken, self.asked.seed)
        return item_neighbours(taken, method="auto" if by == "cf" else "cosine", ridge=ridge)

    def _factors(self, by: str) -> Factors:
        taken = self.tastes.taken
        rank = max(1, min(32, min(taken.shape) // 4))  # nearer to full rank it would only repeat what was taken
        method = "svd" if by == "svd" else "als"
        return factorise(
            taken, method=method, rank=rank, rng=self.asked.seed, engine=self.engine, progress=self.progress
        )

    def _profiles(self) -> sparse.csr_array:
        """Users x tags: from events where given, else every taken item counts once."""
        asked, tastes = self.asked, self.tastes
        if asked.events is None:
            return unit_rows(sparse.csr_array(tastes.taken @ tastes.tags))
        weights = self.snapshot.settings.get("event_weights")
        return profiles_of(tastes, asked.events, half_life_days=asked.half_life, event_weights=weights).matrix

    def _cascade(self) -> Cascade:
        asked = self.asked
        return Cascade(
            self.snapshot,
            self.tastes,
            types=("INFLUENCES",) if asked.probability == "learned" else USER_TIES,
            probability=asked.probability,
            n_worlds=asked.n_worlds,
            seed=asked.seed,
            engine=self.engine,
            min_cell=asked.min_cell,
        )


def reads_of(by: str) -> tuple[str, ...] | None:
    """Return the labels and types that a way reads; None where it walks all of them."""
    if by in {"ppr", "fused"}:
        return None
    more = {"content": ("Tag", "HAS_TAG"), "cascade": USER_TIES}
    return *ITEM_LABELS, *TASTE_TYPES, *more.get(by, ())


def _ridge_for(taken: sparse.csr_array, seed: int) -> float:
    """Choose the ridge on held-out interactions where that costs seconds and rests on enough people."""
    able = int(np.count_nonzero(np.diff(taken.indptr) >= 2))
    if min(taken.shape) > _CHOOSE or able < _CHOOSE_USERS:
        return DEFAULT_RIDGE
    quality = choose_ridge(taken, rng=seed)
    return max(quality, key=lambda ridge: (quality[ridge], ridge))
