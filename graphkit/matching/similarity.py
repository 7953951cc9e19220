"""Likeness of tagged items: cosine, Jaccard, weighted Jaccard, idf-weighted cosine.

cosine: x.y / (|x| |y|); jaccard: n(A and B) / n(A or B); weighted_jaccard: sum min / sum max for weights
>= 0; idf_cosine: cosine with tag weights times ln((1 + n) / (1 + df)) + 1 over both sides. A zero
vector, or two empty sets, give 0 and never NaN. Ranking: score down, then id up.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from graphkit.check import one_of, positive_int
from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.matching.keyed import by_name, name_of, once
from graphkit.matching.matrices import as_rows, unit_rows
from graphkit.matching.order import best_places
from graphkit.matching.vectors import nearest, vector_rows
from graphkit.results import FrameResult, Manifest, make_manifest

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["MEASURES", "Matches", "contributions", "inverse_frequency", "match"]

MEASURES = ("cosine", "jaccard", "weighted_jaccard", "idf_cosine", "vector")
_BLOCK = 512
_EVIDENCE = 5
_LARGE, _SHIFT = 1e150, 1_000  # weights whose sums might overflow, and the power of two taken from them


@dataclass(frozen=True, eq=False, repr=False)
class Matches(FrameResult):
    """Ranked pairs.

    Parameters
    ----------
    left, right : tuple of str
        Ids of each pair (row numbers as text when the input had no ids).
    rank : ndarray of int64
        1, 2, .. within each left item.
    score : ndarray of float64
        In [0, 1] for weights >= 0.
    evidence : tuple of str
        ``tag=contribution`` of the strongest shared tags, `` · `` between them; contributions of
        all shared tags sum to the score (`contributions`). Empty for given vectors: their axes have
        no names.
    """

    by: str
    left: tuple[str, ...]
    right: tuple[str, ...]
    rank: np.ndarray = field(metadata={"dtype": np.int64})
    score: np.ndarray = field(metadata={"dtype": np.float64})
    evidence: tuple[str, ...]
    manifest: Manifest

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.left)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per pair: left, right, rank, score, evidence."""
        import pandas as pd

        columns = {"left": list(self.left), "right": list(self.right), "rank": self.rank, "score": self.score}
        return pd.DataFrame({**columns, "evidence": list(self.evidence)})


def match(left: Any, right: Any, *, by: str = "cosine", top: int = 20) -> Matches:
    """Rank the ``top`` right items for every left item.

    Parameters
    ----------
    left, right : mapping id -> tags, or matrix (rows x tags)
        Tags of an item: a collection of tags (each weighs 1) or a mapping tag -> weight. A matrix
        (SciPy sparse or dense) has its row numbers as ids. Two frames have their index as ids, and their
        columns, paired by name, as tags.
        For ``by="vector"`` a mapping id -> sequence of numbers, all of one dimension.
    by : {"cosine", "jaccard", "weighted_jaccard", "idf_cosine", "vector"}
    top : int, default 20
        Right items per left item, zero scores included, so everybody gets an answer.

    Returns
    -------
    Matches

    Raises
    ------
    InvalidParameter
        Unknown ``by``, ``top`` below 1, matrices of different width, a mapping beside a matrix.
    DataInvalid
        A weight is not a finite number, or negative for a Jaccard measure; vectors of different dimensions.

    Examples
    --------
    >>> match({"f1": ["love", "space"]}, {"k1": ["space"], "k2": ["cooking"]}).to_frame().round(3).values.tolist()
    [['f1', 'k1', 1, 0.707, 'space=0.707'], ['f1', 'k2', 2, 0.0, '']]
    """
    start, measure, count = time.perf_counter(), one_of("by", by, MEASURES), positive_int("top", top)
    if measure == "vector":
        return _match_vectors(left, right, count, start)
    left_ids, right_ids, x, y, tags = _matrices(left, right)
    _check(x, measure, "left")
    _check(y, measure, "right")
    x, y = _prepared(x, y, measure)
    keep = min(count, len(right_ids))
    best, score = np.empty((len(left_ids), keep), np.int64), np.empty((len(left_ids), keep))
    for first in range(0, len(left_ids), _BLOCK):
        part = _scores(x[first : first + _BLOCK], y, measure)
        best[first : first + _BLOCK], score[first : first + _BLOCK] = best_places(part, keep)
    rows = np.repeat(np.arange(len(left_ids)), keep)
    evidence = _evidence(x, y, rows, best.ravel(), tags, measure)
    return _matches(measure, count, left_ids, right_ids, best, score, evidence, start)


def _match_vectors(left: Any, right: Any, count: int, start: float) -> Matches:
    for name, side in (("left", left), ("right", right)):
        if not isinstance(side, Mapping):
            message = f"{name} must be a mapping id -> vector"
            raise InvalidParameter(message, parameter=name, value=type(side).__name__, allowed="mapping id -> vector")
    (left_ids, x), (right_ids, y) = vector_rows(left, "left"), vector_rows(right, "right")
    keep = min(count, len(right_ids))
    best, score = (
        (np.empty((len(left_ids), 0), np.int64), np.empty((len(left_ids), 0)))
        if not (left_ids and right_ids)
        else nearest(x, y, keep)
    )
    return _matches("vector", count, left_ids, right_ids, best, score, ("",) * best.size, start)


def _matches(
    measure: str,
    count: int,
    left_ids: list[str],
    right_ids: list[str],
    best: NDArray[np.int64],
    score: NDArray[np.float64],
    evidence: tuple[str, ...],
    start: float,
) -> Matches:
    keep = best.shape[1]
    rows = np.repeat(np.arange(len(left_ids)), keep)
    names = tuple(left_ids[i] for i in rows), tuple(right_ids[i] for i in best.ravel())
    answer = [names, score.ravel().tolist()]
    request = {"by": measure, "top": count, "left": left_ids, "right": right_ids}
    manifest = make_manifest("match", request=request, answer=answer, seconds=time.perf_counter() - start)
    return Matches(measure, *names, np.tile(np.arange(1, keep + 1), len(left_ids)), score.ravel(), evidence, manifest)


def contributions(left: Any, right: Any, *, by: str = "cosine") -> dict[str, float]:
    """Return what each shared tag adds to the score of two items: they sum to it.

    Parameters
    ----------
    left, right : collection of tags, or mapping tag -> weight
    by : {"cosine", "jaccard", "weighted_jaccard"}
        For idf_cosine multiply the weights by `inverse_frequency` first.

    Returns
    -------
    dict tag -> part, largest first, ties by tag
    """
    measure = one_of("by", by, ("cosine", "jaccard", "weighted_jaccard"))
    _, _, x, y, tags = _matrices({"left": left}, {"right": right})
    _check(x, measure, "left")
    _check(y, measure, "right")
    parts = _parts(*_prepared(x, y, measure), 0, 0, measure, [float(m.sum()) for m in _prepared(x, y, measure)])
    return {tags[i]: parts[i] for i in sorted(parts, key=lambda i: (-parts[i], tags[i]))}


def inverse_frequency(items: Mapping[str, Any], *, n_items: int | None = None) -> dict[str, float]:
    """Return tag -> ln((1 + n) / (1 + df)) + 1 over a collection of items.

    Parameters
    ----------
    items : mapping id -> tags
    n_items : int, optional
        Items in all, those without tags included; default ``len(items)``.
    """
    n = len(items) if n_items is None else positive_int("n_items", n_items, minimum=len(items))
    df = Counter(tag for name, tags in items.items() for tag in _weights(str(name), tags))
    return {tag: float(np.log((1 + n) / (1 + df[tag])) + 1) for tag in sorted(df)}


def _matrices(left: Any, right: Any) -> tuple[list[str], list[str], sparse.csr_array, sparse.csr_array, list[str]]:
    """Both sides over one list of tags, ids sorted."""
    if isinstance(left, Mapping) != isinstance(right, Mapping):
        message = "left and right must both be mappings id -> tags or both be matrices"
        raise InvalidParameter(message, parameter="right", value=type(right).__name__, allowed=type(left).__name__)
    if hasattr(left, "columns") and hasattr(right, "columns"):
        return _labelled(left, right)
    if not isinstance(left, Mapping):
        x, y = as_rows(left, "left"), as_rows(right, "right")
        if x.shape[1] != y.shape[1]:
            message = f"left has {x.shape[1]} columns, right has {y.shape[1]}"
            raise InvalidParameter(message, parameter="right", value=y.shape, allowed=(y.shape[0], x.shape[1]))
        x.sum_duplicates()
        y.sum_duplicates()
        return (
            [str(i) for i in range(x.shape[0])],
            [str(i) for i in range(y.shape[0])],
            x,
            y,
            [str(i) for i in range(x.shape[1])],
        )
    sides = [_weights_by_id(side, which) for side, which in ((left, "left"), (right, "right"))]
    tags = sorted({tag for side in sides for own in side.values() for tag in own})
    column = {tag: i for i, tag in enumerate(tags)}
    ids = [sorted(side) for side in sides]
    x, y = (_matrix([side[name] for name in names], column) for side, names in zip(sides, ids, strict=True))
    return ids[0], ids[1], x, y, tags


def _labelled(
    left: pd.DataFrame, right: pd.DataFrame
) -> tuple[list[str], list[str], sparse.csr_array, sparse.csr_array, list[str]]:
    """Both frames over the columns of either, ids sorted."""
    sides = ((left, "left"), (right, "right"))
    ids, own = (
        [once(getattr(side, axis), f"{axis} of {which}") for side, which in sides] for axis in ("index", "columns")
    )
    tags = sorted({*own[0], *own[1]})
    column = {tag: i for i, tag in enumerate(tags)}
    rows = []
    for (side, which), names, columns in zip(sides, ids, own, strict=True):
        x = as_rows(side, which)[sorted(range(len(names)), key=names.__getitem__)]
        places = np.array([column[tag] for tag in columns], np.int64)[x.indices]
        rows.append(sparse.csr_array((x.data, places, x.indptr), shape=(len(names), len(tags))))
        rows[-1].sort_indices()
    return sorted(ids[0]), sorted(ids[1]), rows[0], rows[1], tags


def _weights_by_id(side: Mapping[Any, Any], which: str) -> dict[str, dict[str, float]]:
    return {name: _weights(name, tags) for name, tags in by_name(side, which).items()}


def _weights(name: str, tags: Any) -> dict[str, float]:
    """Weights by tag; a plain collection weighs 1 each, a bare text is a mistake."""
    if isinstance(tags, Mapping):
        named = by_name(tags, f"tags of {name!r}")
        try:
            return {tag: float(weight) for tag, weight in named.items()}
        except (TypeError, ValueError) as error:
            message = f"tags of {name!r}: a weight is not a number"
            raise DataInvalid(message, rule="weight", rows=((name, repr(tags)[:80]),)) from error
    if isinstance(tags, str) or not hasattr(tags, "__iter__"):
        message = f"tags of {name!r} must be a collection or a mapping tag -> weight, got {tags!r}"
        raise DataInvalid(message, rule="tags", rows=((name, repr(tags)[:80]),), hint="wrap a single tag in a list")
    return dict.fromkeys((name_of(tag, f"tags of {name!r}") for tag in tags), 1.0)


def _matrix(items: list[dict[str, float]], column: dict[str, int]) -> sparse.csr_array:
    ends, places, values = [0], list[int](), list[float]()
    for own in items:
        pairs = sorted((column[tag], weight) for tag, weight in own.items())
        places.extend(place for place, _ in pairs)
        values.extend(weight for _, weight in pairs)
        ends.append(len(places))
    data = (np.asarray(values, dtype=np.float64), np.asarray(places, dtype=np.int64), np.asarray(ends))
    return sparse.csr_array(data, shape=(len(items), len(column)))


def _check(x: sparse.csr_array, measure: str, side: str) -> None:
    wrong = ~np.isfinite(x.data)
    if measure in ("jaccard", "weighted_jaccard"):
        wrong |= x.data < 0
    if wrong.any():
        row = int(np.searchsorted(x.indptr, np.flatnonzero(wrong)[0], side="right") - 1)
        value = float(x.data[wrong][0])
        message = f"{side} row {row} has the weight {value!r}: {measure} needs finite weights" + (
            " >= 0" if value < 0 else ""
        )
        raise DataInvalid(message, rule="weight", count=int(wrong.sum()), rows=((row, value),))


def _prepared(x: sparse.csr_array, y: sparse.csr_array, measure: str) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Rows of length 1 for the cosines, 0/1 for the sets."""
    x, y = x.copy(), y.copy()
    x.eliminate_zeros()
    y.eliminate_zeros()
    if measure == "jaccard":
        x.data[:], y.data[:] = 1.0, 1.0
    if measure == "weighted_jaccard" and max([*x.data, *y.data], default=0.0) > _LARGE:
        x.data, y.data = np.ldexp(x.data, -_SHIFT), np.ldexp(y.data, -_SHIFT)  # the same quotient, and sums stay finite
    if measure == "idf_cosine":
        n = x.shape[0] + y.shape[0]
        df = np.bincount(x.indices, minlength=x.shape[1]) + np.bincount(y.indices, minlength=x.shape[1])
        idf = np.log((1 + n) / (1 + df)) + 1
        x.data *= idf[x.indices]
        y.data *= idf[y.indices]
    if measure.endswith("cosine"):
        x, y = unit_rows(x), unit_rows(y)
    return x, y


def _scores(x: sparse.csr_array, y: sparse.csr_array, measure: str) -> NDArray[np.float64]:
    """Dense scores of a block of left rows."""
    if measure.endswith("cosine"):
        return np.asarray((x @ y.T).todense(), dtype=np.float64).reshape(x.shape[0], y.shape[0])
    if measure == "jaccard":
        both = np.asarray((x @ y.T).todense(), dtype=np.float64).reshape(x.shape[0], y.shape[0])
    else:
        both = np.zeros((x.shape[0], y.shape[0]))
        columns = y.tocsc()
        for i in range(x.shape[0]):
            for place in range(x.indptr[i], x.indptr[i + 1]):
                tag, weight = x.indices[place], x.data[place]
                at = slice(columns.indptr[tag], columns.indptr[tag + 1])
                both[i, columns.indices[at]] += np.minimum(weight, columns.data[at])
    size = [
        np.bincount(np.repeat(np.arange(m.shape[0]), np.diff(m.indptr)), m.data, minlength=m.shape[0]) for m in (x, y)
    ]
    union = size[0][:, None] + size[1][None, :] - both
    return np.divide(both, union, out=np.zeros_like(both), where=union > 0)


def _evidence(
    x: sparse.csr_array,
    y: sparse.csr_array,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    tags: list[str],
    measure: str,
) -> tuple[str, ...]:
    """Strongest shared tags of each pair with their part of the score."""
    result, total = [], [np.asarray(m.sum(axis=1), np.float64).ravel() for m in (x, y)]
    for i, j in zip(left.tolist(), right.tolist(), strict=True):
        parts = _parts(x, y, i, j, measure, [float(total[0][i]), float(total[1][j])])
        best = sorted(parts, key=lambda tag: (-parts[tag], tags[tag]))[:_EVIDENCE]
        result.append(" · ".join(f"{tags[tag]}={parts[tag]:.3f}" for tag in best))
    return tuple(result)


def _parts(
    x: sparse.csr_array, y: sparse.csr_array, i: int, j: int, measure: str, total: list[float]
) -> dict[int, float]:
    """Part of the score of rows i and j that each shared tag carries."""
    own = dict(
        zip(
            x.indices[x.indptr[i] : x.indptr[i + 1]].tolist(),
            x.data[x.indptr[i] : x.indptr[i + 1]].tolist(),
            strict=True,
        )
    )
    pairs = zip(
        y.indices[y.indptr[j] : y.indptr[j + 1]].tolist(), y.data[y.indptr[j] : y.indptr[j + 1]].tolist(), strict=True
    )
    if measure.endswith("cosine"):
        return {tag: own[tag] * weight for tag, weight in pairs if tag in own}
    least = {tag: min(own[tag], weight) for tag, weight in pairs if tag in own}
    union = sum(total) - sum(least.values())
    return {tag: part / union for tag, part in least.items()}
