"""The best items of a user among the candidates, each with what carries its score."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphkit.check import non_negative, one_of, refuse
from graphkit.matching.fuse import fused_parts
from graphkit.matching.order import best_places
from graphkit.parts import Part
from graphkit.planning.recommenders import Popularity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from graphkit.planning.recommenders import Scorer
    from graphkit.planning.tastes import Tastes

__all__ = ["FUSED", "Found", "Picker", "Reason"]

FUSED = ("cf", "content", "ppr")
_DEPTH = 200  # places of each list that fusing by rank looks at
_SHOWN = 5


@dataclass(frozen=True, eq=False, repr=False)
class Reason(Part):
    """One thing that carries a score.

    Parameters
    ----------
    kind : str
        Label of a node (Course, Film, Tag, ..), or people, baseline, context, list, popularity, rest.
    name : str
        Its id, or words.
    part : float
        What it adds to the score.
    """

    kind: str
    name: str
    part: float

    def __str__(self) -> str:
        """Return ``kind:name=part``."""
        return f"{self.kind}:{self.name}={self.part:.4g}"


class Found(NamedTuple):
    """One recommended item: row of the user, column of the item, and the rest as the result has it."""

    user: int
    item: int
    score: float
    rank: int
    cold: bool
    reasons: tuple[Reason, ...]


class Picker:
    """Best items of a user among the candidates."""

    def __init__(
        self,
        tastes: Tastes,
        columns: NDArray[np.int64],
        factor: NDArray[np.float64],
        count: int,
        *,
        exclude: bool,
        context: Mapping[str, str] | None,
    ) -> None:
        self.tastes, self.columns, self.factor, self.count, self.exclude, self.context = (
            tastes,
            columns,
            factor,
            count,
            exclude,
            context,
        )

    def order(
        self, scorer: Scorer, row: int, count: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Return (items, scores in context, raw scores), best first, ties by id; what nothing speaks for is left out."""
        raw = scorer.scores(np.array([row]))[0]
        # a better context must never lower a score: below 0 it divides
        score = np.where(raw > 0, raw * self.factor, raw / self.factor)
        allowed = (
            np.ones(raw.size, np.bool_) if isinstance(scorer, Popularity) else raw != 0
        )  # 0: nothing speaks for it
        if self.exclude:
            own = self.tastes.taken
            allowed[own.indices[own.indptr[row] : own.indptr[row + 1]]] = False
        items = self.columns[allowed[self.columns]]
        place = best_places(score[items][None, :], count)[0][0]  # columns of a label are sorted by id
        return items[place], score[items[place]], raw[items[place]]

    def best(self, scorer: Scorer, popular: Scorer, row: int) -> list[Found]:
        """Return the list of one user; somebody unknown gets what is popular."""
        cold = bool(scorer.cold(np.array([row]))[0])
        items, score, raw = self.order(popular if cold else scorer, row, self.count)
        if not items.size and not cold:  # known, but nothing leads from what he took to these items
            cold, (items, score, raw) = True, self.order(popular, row, self.count)
        used = popular if cold else scorer
        reasons = used.reasons(row, items)
        return [
            Found(row, int(item), float(s), place, cold, self._shown(own, float(s), float(r)))
            for place, (item, s, r, own) in enumerate(zip(items, score, raw, reasons, strict=True), 1)
        ]

    def fused(
        self, make: Callable[[str], Scorer], row: int, weights: Mapping[str, float] | None, blend: str
    ) -> list[Found]:
        """Fuse the lists of the ways that know the user."""
        weight = {
            name: non_negative(f"weights[{one_of('weights', name, FUSED)!r}]", value)
            for name, value in (weights or {}).items()
        }
        used = [by for by in FUSED if weight.get(by, 1.0) > 0]
        if not used:
            refuse("weights", dict(weights or {}), "above 0 for at least one of " + ", ".join(FUSED))
        depth = _DEPTH if blend == "reciprocal" else self.columns.size  # the end of a list has a z-score too
        lists = {by: self.order(make(by), row, depth)[:2] for by in used if not make(by).cold(np.array([row]))[0]}
        named = {
            by: dict(zip(map("{:09d}".format, items.tolist()), score.tolist(), strict=True))
            for by, (items, score) in lists.items()
            if items.size
        }
        if not named:
            return [one._replace(cold=True) for one in self.best(make("popularity"), make("popularity"), row)]
        # padded numbers, so that ties keep the order of ids; a rank is a place in the list shown, whatever its scores
        ranked: Any = named if blend == "z" else {by: list(own) for by, own in named.items()}
        parts = fused_parts(ranked, weights={by: value for by, value in weight.items() if by in named}, method=blend)
        total = {id_: math.fsum(own.values()) for id_, own in parts.items()}
        place = {by: {id_: rank for rank, id_ in enumerate(own, 1)} for by, own in named.items()}
        result: list[Found] = []
        for rank, id_ in enumerate(sorted(total, key=lambda id_: (-total[id_], id_))[: self.count], 1):
            own = sorted(parts[id_].items(), key=lambda part: (-abs(part[1]), part[0]))
            reasons = tuple(Reason("list", f"{by} rank {place[by][id_]}", part) for by, part in own)
            result.append(Found(row, int(id_), total[id_], rank, cold=False, reasons=reasons))
        return result

    def _shown(self, parts: list[tuple[str, str, float]], score: float, raw: float) -> tuple[Reason, ...]:
        """Strongest parts, the rest in one, the context's share last; all sum to the score."""
        order = sorted(parts, key=lambda part: (-abs(part[2]), part[0], part[1]))
        shown = [Reason(*part) for part in order[:_SHOWN]]
        rest = raw - sum(part.part for part in shown)
        if len(order) > _SHOWN:
            shown.append(Reason("rest", f"{len(order) - _SHOWN} more", rest))
        if self.context and score != raw:
            shown.append(Reason("context", ", ".join(f"{k}={v}" for k, v in sorted(self.context.items())), score - raw))
        return tuple(shown)
