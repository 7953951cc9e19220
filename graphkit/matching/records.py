"""History and texts as matrices: which member took part where, and what is written about whom."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from graphkit.errors import DataInvalid
from graphkit.matching.text import count_matrix, grams, weigh

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["History", "read_history", "text_profiles"]

_HALF_LIVES = 6.0  # half lives in the span of the history
_RARE, _MANY = 3, 50  # with at least _MANY names, grams of fewer than _RARE of them are noise


@dataclass(frozen=True, eq=False)
class History:
    """Past partnerships.

    Parameters
    ----------
    partnerships, members : list of str
        Sorted names.
    incidence : csr_array, shape (n_partnerships, n_members)
        1 where a member took part.
    age : ndarray of float64, shape (n_partnerships,), or None
        Half lives before the newest partnership; infinite where the time is missing; None
        without times.
    """

    partnerships: list[str]
    members: list[str]
    incidence: sparse.csr_array
    age: NDArray[np.float64] | None


def _column(frame: pd.DataFrame, name: str, table: str) -> list[str]:
    """Return a column as texts; a null is an error with its row."""
    values = frame[name].tolist()
    for row, value in enumerate(values):
        if value is None or value != value:  # noqa: PLR0124 - NaN is the only value that differs from itself
            message = f"{table} row {row}: {name} is missing"
            raise DataInvalid(message, source=table, rule="missing", rows=((row, None),))
    return [str(value) for value in values]


def _require(frame: Any, names: tuple[str, ...], table: str) -> None:
    columns = list(getattr(frame, "columns", ()))
    for name in names:
        if name not in columns:
            message = f"{table} has no column {name!r}; it has {', '.join(map(str, columns)) or 'none'}"
            raise DataInvalid(message, source=table, rule="column", hint=f"{table} needs the columns {', '.join(names)}")


def read_history(history: pd.DataFrame) -> History:
    """Read the frame ``partnership``, ``member`` and, if given, ``ts``; repeated rows count once."""
    _require(history, ("partnership", "member"), "history")
    if len(history) == 0:
        message = "history is empty: nobody is known to have worked with anybody"
        raise DataInvalid(message, source="history", rule="empty", hint="give past partnerships, or use match on texts")
    where, who = _column(history, "partnership", "history"), _column(history, "member", "history")
    partnerships, members = sorted(set(where)), sorted(set(who))
    row, column = ({name: i for i, name in enumerate(names)} for names in (partnerships, members))
    pairs = np.unique(np.array([(row[a], column[b]) for a, b in zip(where, who, strict=True)], np.int64), axis=0)
    incidence = sparse.csr_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(partnerships), len(members)))
    age = _ages(history["ts"], [row[a] for a in where], len(partnerships)) if "ts" in history.columns else None
    return History(partnerships, members, incidence, age)


def _ages(ts: pd.Series[Any], row: list[int], n: int) -> NDArray[np.float64] | None:
    """Half lives since each partnership's newest time stamp."""
    seconds = _seconds(ts)
    newest = np.full(n, -np.inf)
    np.maximum.at(newest, np.asarray(row), np.where(np.isnan(seconds), -np.inf, seconds))
    finite = newest[np.isfinite(newest)]
    if finite.size == 0 or np.ptp(finite) == 0:
        return None
    return np.asarray((finite.max() - newest) * (_HALF_LIVES / np.ptp(finite)), dtype=np.float64)


def _seconds(ts: pd.Series[Any]) -> NDArray[np.float64]:
    """Numbers as they are, dates as seconds; anything else is an error."""
    import pandas as pd

    try:
        if pd.api.types.is_numeric_dtype(ts):
            return np.asarray(ts.to_numpy(dtype=np.float64, na_value=np.nan))
        dates = pd.to_datetime(ts, utc=True, format="ISO8601" if ts.dtype == object else None)
    except (TypeError, ValueError) as error:
        message = f"history: ts is neither a number of seconds nor a date: {error}"
        raise DataInvalid(message, source="history", rule="ts", hint="use epoch seconds or ISO 8601") from error
    epoch = pd.Timestamp(0, tz="UTC")
    return np.asarray((dates - epoch).dt.total_seconds(), dtype=np.float64)


def text_profiles(
    known: History, texts: pd.DataFrame | None, extra: list[str]
) -> tuple[sparse.csr_array | None, NDArray[np.bool_]]:
    """Tf-idf rows of all names (members, then ``extra``) and who has any text.

    A name's text is everything written about it and about its partnerships. Vocabulary and idf
    come from the members; sublinear counts of character bigrams.
    """
    n = len(known.members) + len(extra)
    if texts is None or len(texts) == 0:
        return None, np.zeros(n, np.bool_)
    _require(texts, ("text",), "texts")
    by = "member" if "member" in texts.columns else "partnership"
    _require(texts, (by, "text"), "texts")
    written = ["" if t is None or t != t else str(t) for t in texts["text"].tolist()]  # noqa: PLR0124 - NaN
    counts = [grams(text, (2,)) for text in written]
    column = {gram: i for i, gram in enumerate(sorted({gram for count in counts for gram in count}))}
    owner = _owners(known, _column(texts, by, "texts"), by, extra)
    counted = sparse.csr_array(owner @ count_matrix(counts, column))
    documents = Counter(counted[: len(known.members)].indices.tolist())
    least = _RARE if len(known.members) >= _MANY else 1
    kept = np.array(sorted(g for g, k in documents.items() if k >= least), np.int64)
    df = np.array([documents[int(g)] for g in kept], dtype=np.float64)
    idf = np.log((1 + len(known.members)) / (1 + df)) + 1
    profiles = weigh(sparse.csr_array(counted[:, kept]), idf, sublinear=True)
    return profiles, np.diff(profiles.indptr) > 0


def _owners(known: History, keys: list[str], by: str, extra: list[str]) -> sparse.csr_array:
    """Which text belongs to which name: (n_names, n_texts); texts of strangers belong to nobody."""
    n = len(known.members) + len(extra)
    if by == "member":
        place = {name: i for i, name in enumerate([*known.members, *extra])}
        pairs = [(place[key], t) for t, key in enumerate(keys) if key in place]
    else:
        row = {name: i for i, name in enumerate(known.partnerships)}
        inside = known.incidence
        pairs = [
            (int(member), t)
            for t, key in enumerate(keys)
            if key in row
            for member in inside.indices[inside.indptr[row[key]] : inside.indptr[row[key] + 1]]
        ]
    flat = np.array(pairs, np.int64).reshape(-1, 2)
    return sparse.csr_array((np.ones(len(flat)), (flat[:, 0], flat[:, 1])), shape=(n, len(keys)))
