"""One ranking out of several: reciprocal rank fusion, or a blend of z-scores.

reciprocal: score(i) = sum over lists of weight / (constant + rank of i), absent = 0. It needs no
comparable scores and one bad list cannot spoil it. z: score(i) = sum of weight x (s - mean) / sd of
the list, absent = 0, a constant list gives 0 everywhere. The order in which lists are given changes
nothing; a list of weight 0 is ignored.

References
----------
Cormack, Clarke, Büttcher: Reciprocal rank fusion outperforms Condorcet and individual rank learning
methods. SIGIR 2009. https://doi.org/10.1145/1571941.1572114
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from graphkit.check import finite, mapping_of, non_negative, one_of, positive_int, refuse
from graphkit.errors import DataInvalid
from graphkit.matching.keyed import by_name, once
from graphkit.results import FrameResult, Manifest, make_manifest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["METHODS", "FusedRanking", "fuse_rankings", "fused_parts"]

METHODS = ("reciprocal", "z")
Ranking = Sequence[str] | Mapping[str, float]


@dataclass(frozen=True, eq=False, repr=False)
class FusedRanking(FrameResult):
    """The fused list, best first, ties by id.

    Parameters
    ----------
    method : str
    ids : tuple of str
    scores : ndarray of float64
    evidence : tuple of str
        Per id, ``list=part`` of the lists that hold it, largest part first; parts sum to the score.
    """

    method: str
    ids: tuple[str, ...]
    scores: np.ndarray = field(metadata={"dtype": np.float64})
    evidence: tuple[str, ...]
    manifest: Manifest

    def __len__(self) -> int:
        """Return the number of ids."""
        return len(self.ids)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per id: id, rank, score, evidence."""
        import pandas as pd

        rank = np.arange(1, len(self.ids) + 1)
        return pd.DataFrame({"id": list(self.ids), "rank": rank, "score": self.scores, "evidence": list(self.evidence)})


def fuse_rankings(
    rankings: Mapping[str, Ranking] | Sequence[Ranking],
    *,
    weights: Mapping[str, float] | None = None,
    method: str = "reciprocal",
    constant: float = 60.0,
    top: int | None = None,
) -> FusedRanking:
    """Fuse several rankings of ids into one.

    Parameters
    ----------
    rankings : mapping name -> ranking, or sequence of rankings
        A ranking is a sequence of ids, best first, or a mapping id -> score (higher is better, equal
        scores share the better rank). Unnamed rankings are called 1, 2, ..
    weights : mapping name -> number >= 0, optional
        Default 1 each.
    method : {"reciprocal", "z"}
        z needs scores, so every ranking must be a mapping.
    constant : float, default 60
        Of the reciprocal method, >= 0: the larger, the less the first places count.
    top : int, optional
        Keep that many; default: all.

    Returns
    -------
    FusedRanking

    Raises
    ------
    InvalidParameter
        No ranking, an unknown method, a weight of a list that is not there, a negative weight, z without scores.
    DataInvalid
        A ranking names an id twice, or a score is not finite.

    Examples
    --------
    >>> fuse_rankings({"text": ["a", "b"], "graph": ["b", "c"]}).ids
    ('b', 'a', 'c')
    """
    start = time.perf_counter()
    k, lists = non_negative("constant", constant), _named(rankings)
    weight = _weights(weights, lists)
    parts = fused_parts(rankings, weights=weights, method=method, constant=constant)
    total = {id_: math.fsum(own.values()) for id_, own in parts.items()}
    ids = tuple(sorted(total, key=lambda id_: (-total[id_], id_))[: None if top is None else positive_int("top", top)])
    scores = np.array([total[id_] for id_ in ids])
    evidence = tuple(_shown(parts[id_]) for id_ in ids)
    request = {
        "method": method,
        "constant": k,
        "weights": weight,
        "rankings": {n: lists[n] for n in sorted(lists)},
        "top": top,
    }
    seconds = time.perf_counter() - start
    manifest = make_manifest("fuse_rankings", request=request, answer=[ids, scores.tolist()], seconds=seconds)
    return FusedRanking(method, ids, scores, evidence, manifest)


def fused_parts(
    rankings: Mapping[str, Ranking] | Sequence[Ranking],
    *,
    weights: Mapping[str, float] | None = None,
    method: str = "reciprocal",
    constant: float = 60.0,
) -> dict[str, dict[str, float]]:
    """Return id -> list -> what the list adds to the id's score; arguments and errors as of `fuse_rankings`."""
    one_of("method", method, METHODS)
    k, lists = non_negative("constant", constant), _named(rankings)
    weight = _weights(weights, lists)
    parts: dict[str, dict[str, float]] = {}
    for name in sorted(lists):
        if weight[name] == 0:
            continue
        own = _reciprocal(name, lists[name], k) if method == "reciprocal" else _standardised(name, lists[name])
        for id_, part in own.items():
            parts.setdefault(id_, {})[name] = weight[name] * part
    return parts


def _named(rankings: object) -> dict[str, Ranking]:
    if isinstance(rankings, Mapping):
        named = {str(name): value for name, value in rankings.items()}
    elif isinstance(rankings, Sequence) and not isinstance(rankings, str):
        named = {str(i): value for i, value in enumerate(rankings, 1)}
    else:
        return refuse("rankings", rankings, "a mapping name -> ranking or a sequence of rankings")
    if not named:
        refuse("rankings", rankings, "at least one ranking")
    for name, value in named.items():
        if isinstance(value, str) or not isinstance(value, Mapping | Sequence):
            refuse(f"rankings[{name!r}]", value, "a sequence of ids or a mapping id -> score")
    return named


def _weights(weights: Mapping[str, float] | None, lists: Mapping[str, Ranking]) -> dict[str, float]:
    stated = {} if weights is None else mapping_of("weights", weights, "a mapping name -> weight")
    given = {str(name): value for name, value in stated.items()}
    for name in given:
        if name not in lists:
            refuse("weights", name, "the name of a ranking: " + ", ".join(sorted(lists)))
    return {name: non_negative(f"weights[{name!r}]", given.get(name, 1.0)) for name in sorted(lists)}


def _reciprocal(name: str, ranking: Ranking, constant: float) -> dict[str, float]:
    if isinstance(ranking, Mapping):
        scores = _finite(name, ranking)
        better = sorted(scores.values(), reverse=True)
        place = {value: rank for rank, value in reversed(list(enumerate(better, 1)))}
        return {id_: 1.0 / (constant + place[value]) for id_, value in scores.items()}
    ids = once(ranking, f"ranking {name!r}")
    return {id_: 1.0 / (constant + rank) for rank, id_ in enumerate(ids, 1)}


def _standardised(name: str, ranking: Ranking) -> dict[str, float]:
    if not isinstance(ranking, Mapping):
        refuse(f"rankings[{name!r}]", ranking, "a mapping id -> score for method 'z'")
    scores = _finite(name, ranking)
    mean = math.fsum(scores.values()) / max(1, len(scores))
    spread = math.sqrt(math.fsum((s - mean) ** 2 for s in scores.values()) / max(1, len(scores)))
    return {id_: (s - mean) / spread if spread > 0 else 0.0 for id_, s in scores.items()}


def _finite(name: str, ranking: Mapping[str, float]) -> dict[str, float]:
    found = {}
    for id_, score in by_name(ranking, f"ranking {name!r}").items():
        try:
            found[id_] = finite(f"score of {id_!r}", score)
        except ValueError as error:
            message = f"ranking {name!r}: the score of {id_!r} is {score!r}, no finite number"
            raise DataInvalid(message, source=name, rule="score", rows=((id_, score),)) from error
    return found


def _shown(parts: Mapping[str, float]) -> str:
    return " · ".join(f"{name}={parts[name]:.5f}" for name in sorted(parts, key=lambda name: (-abs(parts[name]), name)))
