"""History and texts as matrices: which member took part where, and what is written about whom."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from graphkit.errors import DataInvalid
from graphkit.tabular import refuse_repeated

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

__all__ = [
    "NEW", "OWN", "History", "as_name", "epoch_seconds", "is_missing", "name_column", "read_history", "read_texts", "require",
]  # fmt: skip

OWN, NEW = -1, -2
_SEVERAL = (list, tuple, set, frozenset, dict, np.ndarray)


@dataclass(frozen=True, eq=False)
class History:
    """Past partnerships.

    Parameters
    ----------
    partnerships, members : list of str
        Sorted names.
    incidence : csr_array, shape (n_partnerships, n_members)
        1 where a member took part.
    when : ndarray of float64, shape (n_partnerships,), or None
        Newest time stamp in seconds; -infinity where it is missing; None when fewer than half of the
        partnerships have one or all are the same.
    """

    partnerships: list[str]
    members: list[str]
    incidence: sparse.csr_array
    when: NDArray[np.float64] | None


def as_name(value: Any) -> str:
    """Return a name as text; a whole number is written without a point, since a missing cell turns 7 into 7.0."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def name_column(frame: pd.DataFrame, name: str, table: str) -> list[str]:
    """Return a column as texts; a null, a blank or a list is an error with its row."""
    found = []
    for row, value in enumerate(frame[name].tolist()):
        text = None if isinstance(value, _SEVERAL) or is_missing(value) else as_name(value)
        if text is None or not text.strip():
            message = f"{table} row {row}: {name} is {'missing' if text is None and is_missing(value) else f'no name: {value!r}'}"
            raise DataInvalid(message, source=table, rule="missing", rows=((row, None),))
        found.append(_written(text, name, row, table))
    return found


def _written(text: str, name: str, row: int, table: str) -> str:
    """Return the text; half a character (a lone surrogate) is an error."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        message = f"{table} row {row}: {name} holds half a character at place {error.start}: {text[max(0, error.start - 10) : error.start]!r}.."
        raise DataInvalid(
            message, source=table, rule="text", rows=((row, name),), hint="read the file as UTF-8"
        ) from error
    return text


def require(frame: Any, names: tuple[str, ...], table: str) -> None:
    """Raise DataInvalid unless the table has these columns, and none of those read here twice."""
    columns = list(getattr(frame, "columns", ()))
    for name in names:
        if name not in columns:
            message = f"{table} has no column {name!r}; it has {', '.join(map(str, columns)) or 'none'}"
            raise DataInvalid(
                message, source=table, rule="column", hint=f"{table} needs the columns {', '.join(names)}"
            )
    refuse_repeated(columns, (*names, "member", "partnership", "ts"), table)


def read_history(history: pd.DataFrame) -> History:
    """Read the frame ``partnership``, ``member`` and, if given, ``ts``; repeated rows count once."""
    require(history, ("partnership", "member"), "history")
    if len(history) == 0:
        message = "history is empty: nobody is known to have worked with anybody"
        raise DataInvalid(message, source="history", rule="empty", hint="give past partnerships, or use match on texts")
    where, who = name_column(history, "partnership", "history"), name_column(history, "member", "history")
    partnerships, members = sorted(set(where)), sorted(set(who))
    row, column = ({name: i for i, name in enumerate(names)} for names in (partnerships, members))
    pairs = np.unique(np.array([(row[a], column[b]) for a, b in zip(where, who, strict=True)], np.int64), axis=0)
    incidence = sparse.csr_array(
        (np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(partnerships), len(members))
    )
    when = _times(history["ts"], [row[a] for a in where], len(partnerships)) if "ts" in history.columns else None
    return History(partnerships, members, incidence, when)


def _times(ts: pd.Series[Any], row: list[int], n: int) -> NDArray[np.float64] | None:
    """Each partnership's newest time stamp."""
    seconds = epoch_seconds(ts, "history")
    newest = np.full(n, -np.inf)
    np.maximum.at(newest, np.asarray(row), np.where(np.isfinite(seconds), seconds, -np.inf))
    finite = newest[np.isfinite(newest)]
    return None if 2 * finite.size < n or np.ptp(finite) == 0 else newest


def epoch_seconds(ts: pd.Series[Any], table: str) -> NDArray[np.float64]:
    """Return numbers as they are and dates as seconds, missing ones NaN; anything else raises DataInvalid."""
    import pandas as pd

    try:
        if ts.dtype == object and all(
            is_missing(x) or (isinstance(x, (int, float)) and not isinstance(x, bool)) for x in ts.tolist()
        ):
            ts = pd.Series([math.nan if is_missing(x) else float(x) for x in ts.tolist()])
        _one_kind(ts)
        if pd.api.types.is_numeric_dtype(ts):
            return np.asarray(ts.to_numpy(dtype=np.float64, na_value=np.nan))
        dates = pd.to_datetime(ts, utc=True, format=None if pd.api.types.is_datetime64_any_dtype(ts) else "ISO8601")
    except (TypeError, ValueError) as error:
        said = str(error).split(". You might", 1)[0].split("\n", 1)[0]
        message = f"{table}: ts is neither a number of seconds nor a date: {said}"
        raise DataInvalid(message, source=table, rule="ts", hint="use epoch seconds or ISO 8601") from error
    epoch = pd.Timestamp(0, tz="UTC")
    return np.asarray((dates - epoch).dt.total_seconds(), dtype=np.float64)


def _one_kind(ts: pd.Series[Any]) -> None:
    """Refuse numbers among dates, and truth values and complex numbers: pandas would read them as something else."""
    import pandas as pd

    if pd.api.types.is_bool_dtype(ts) or pd.api.types.is_complex_dtype(ts):
        message = f"{ts.dtype} values"
        raise TypeError(message)
    for row, value in enumerate(ts.tolist() if ts.dtype == object else ()):
        if isinstance(value, (int, float)) and not is_missing(value):
            message = f"row {row} holds the number {value!r} among dates"
            raise TypeError(message)


def read_texts(
    known: History, texts: pd.DataFrame | None, names: Sequence[str]
) -> tuple[list[str], sparse.csr_array, NDArray[np.int64]]:
    """Return texts, whose they are, shape (n_names, n_texts), and which partnership each is about.

    ``OWN`` marks a member's own text, ``NEW`` that of a new name; n_partnerships an unknown partnership.
    ``names`` are the members first, then new names. Texts of strangers belong to nobody.
    """
    if texts is None:
        return [], sparse.csr_array((len(names), 0)), np.empty(0, np.int64)
    require(texts, ("text",), "texts")
    if not {"member", "partnership"} & set(texts.columns):
        require(texts, ("partnership", "text"), "texts")
    if len(texts) == 0:
        return [], sparse.csr_array((len(names), 0)), np.empty(0, np.int64)
    keys = _keys(texts)
    written = ["" if is_missing(t) else _text(t, row) for row, t in enumerate(texts["text"].tolist())]
    order = sorted(range(len(keys)), key=lambda i: (keys[i], written[i]))
    keys, written = [keys[i] for i in order], [written[i] for i in order]
    row, place = {name: i for i, name in enumerate(known.partnerships)}, {name: i for i, name in enumerate(names)}
    about = [
        row.get(key, len(row)) if by == "partnership" else OWN if place.get(key, 0) < len(known.members) else NEW
        for by, key in keys
    ]
    return written, _owners(known, keys, row, place), np.array(about, np.int64)


def _text(value: Any, row: int) -> str:
    """Return what is written in a row; several words in a list are an error."""
    if isinstance(value, _SEVERAL):
        message = f"texts row {row}: text is no text: {value!r}"
        raise DataInvalid(message, source="texts", rule="text", rows=((row, "text"),), hint="join words by blanks")
    return _written(str(value), "text", row, "texts")


def is_missing(value: Any) -> bool:
    """Return whether a cell holds nothing: None, NaN, NaT or pandas' NA."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value  # noqa: PLR0124 - NaN is the only value that differs from itself


def _keys(texts: pd.DataFrame) -> list[tuple[str, str]]:
    """Return what each text is about: ("member" or "partnership", name); a row with neither is an error."""
    both = [texts[by].tolist() if by in texts.columns else [None] * len(texts) for by in ("member", "partnership")]
    keys = []
    for row, (member, partnership) in enumerate(zip(*both, strict=True)):
        if is_missing(member) and is_missing(partnership):
            message = f"texts row {row}: neither member nor partnership is given"
            raise DataInvalid(message, source="texts", rule="missing", rows=((row, None),))
        keys.append(("partnership", as_name(partnership)) if is_missing(member) else ("member", as_name(member)))
    return keys


def _owners(
    known: History, keys: list[tuple[str, str]], row: dict[str, int], place: dict[str, int]
) -> sparse.csr_array:
    """Which text belongs to which name: (n_names, n_texts); texts of strangers belong to nobody."""
    inside, pairs = known.incidence, list[tuple[int, int]]()
    for t, (by, key) in enumerate(keys):
        if by == "member" and key in place:
            pairs.append((place[key], t))
        elif by == "partnership" and key in row:
            members = inside.indices[inside.indptr[row[key]] : inside.indptr[row[key] + 1]]
            pairs.extend((int(member), t) for member in members)
    flat = np.array(pairs, np.int64).reshape(-1, 2)
    return sparse.csr_array((np.ones(len(flat)), (flat[:, 0], flat[:, 1])), shape=(len(place), len(keys)))
