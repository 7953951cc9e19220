"""Tables of people: read and checked. Every refusal names file, rule and row."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphkit.check import list_of, refuse
from graphkit.errors import DataInvalid, close_matches
from graphkit.tabular import refuse_repeated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["binary", "check_columns", "columns_of", "kept_out", "names_in", "numeric", "read_table", "to_numbers"]

_YES = frozenset({"1", "1.0", "true", "yes", "y", "是"})
_NO = frozenset({"0", "0.0", "false", "no", "n", "否"})
_OTHERS = frozenset({".json", ".jsonl", ".ndjson", ".xls", ".xlsx"})  # as CSV their first row would be the columns


def read_table(source: Any, *, id: str | None = None) -> tuple[pd.DataFrame, str]:  # noqa: A002 - the column's usual name
    """Return (table, its name) from a frame or from a .csv, .csv.gz or .parquet file.

    Raises
    ------
    DataInvalid
        The file cannot be read, it has no rows or no column ``id``, or an id occurs twice: rows of one person are alike, and a
        model that has seen one of them is not judged on people it has not seen.
    """
    if isinstance(source, pd.DataFrame):
        table, name = source.reset_index(drop=True), "table"
    elif not isinstance(source, str | os.PathLike):
        refuse("table", type(source).__name__, "a DataFrame or the path of a file")
    else:
        path = Path(source)
        name = str(path)
        if others := _OTHERS.intersection(map(str.lower, path.suffixes)):
            raise _unreadable(path, f"a file of kind {min(others)} is not read")
        try:
            if path.name.endswith(".parquet"):
                table = pd.read_parquet(path)
            else:
                table = pd.read_csv(path, low_memory=False, dtype=None if id is None else {id: str})
        except (OSError, ValueError, EOFError) as error:  # ParserError and UnicodeDecodeError are ValueErrors
            reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
            raise _unreadable(path, reason) from error
    if not len(table):
        raise DataInvalid(
            f"{name} has no rows",
            source=name,
            rule="file-empty",
            hint="one row per person, columns as named in the header",
        )
    if id is not None:
        _check_once(table, id, name)
    return table, name


def _unreadable(path: Path, reason: str) -> DataInvalid:
    return DataInvalid(
        f"{path} cannot be read as a table: {reason}",
        source=str(path),
        rule="file-unreadable",
        hint="give a .csv, .csv.gz or .parquet file with a header",
    )


def _check_once(table: pd.DataFrame, column: str, name: str) -> None:
    """Refuse a table in which somebody has two rows."""
    check_columns(table, [column], name)
    known = table[column].dropna()
    twice = known[known.duplicated()]
    lines = (twice.index.to_numpy(np.int64) + 2).tolist()
    if lines:
        raise DataInvalid(
            f"{name} line {lines[0]}: {column} {twice.iloc[0]!r} stands in an earlier row too ({len(twice)} such rows)",
            source=name, rule="duplicate-id", count=len(twice), rows=tuple(zip(lines[:5], twice.astype(str).tolist(), strict=False)),
            hint="make it one row per person: rows of one person are no independent observations",
        )  # fmt: skip


def check_columns(table: pd.DataFrame, wanted: Sequence[str], name: str) -> None:
    """Refuse names that the table does not have, with close ones, those that several of its columns have, and those that are no texts.

    Raises
    ------
    DataInvalid
        Rule ``missing-column``, ``duplicate-column`` or ``column-name``.
    """
    known = list(table.columns)
    for column in wanted:
        if column in known and not _is_text(column):
            raise DataInvalid(
                f"{name}: {column!r} cannot be the name of a column, a text can",
                source=name,
                rule="column-name",
                hint="make texts of the names: table.columns = table.columns.map(str)",
            )
        refuse_repeated(known, [column], name)
        if column not in known:
            near = close_matches(column, known)
            hint = (
                f"did you mean {' or '.join(map(repr, near))}?"
                if near
                else f"its columns: {', '.join(map(str, known[:20]))}"
            )
            raise DataInvalid(f"{name} has no column {column!r}", source=name, rule="missing-column", hint=hint)


def columns_of(table: pd.DataFrame, wanted: Sequence[str], name: str) -> pd.DataFrame:
    """Return some columns of a table, their cells such as every later step can print, compare and encode.

    Whole numbers beyond the floats are infinite ones.

    Raises
    ------
    DataInvalid
        What `check_columns` refuses; complex numbers, of which a model would use the real parts without a word (rule
        ``not-a-number``); half a character (a lone surrogate, rule ``encoding``).
    """
    check_columns(table, wanted, name)
    odd = {column: _plain(table[column], name) for column in wanted if table[column].dtype.kind in "Oc"}
    return table[list(dict.fromkeys(wanted))].assign(**odd)


def _plain(column: pd.Series[Any], name: str) -> pd.Series[Any]:
    cells, changed = column.tolist(), False
    for i, cell in enumerate(cells):
        if isinstance(cell, complex | np.complexfloating):
            raise DataInvalid(
                f"{name}: {column.name} holds complex numbers", source=name, rule="not-a-number",
                hint="give their real and imaginary parts, or their sizes, as columns of their own",
            )  # fmt: skip
        if isinstance(cell, str) and not _is_text(cell):
            raise DataInvalid(
                f"{name} line {i + 2}: {column.name} holds half a character (a lone surrogate)",
                source=name,
                rule="encoding",
                rows=((i + 2, ascii(cell)),),
                hint=f"read {column.name} again in its encoding, or leave it out",
            )
        if isinstance(cell, int) and abs(cell) > sys.float_info.max:
            cells[i], changed = math.inf if cell > 0 else -math.inf, True
    return pd.Series(cells, column.index, object, column.name) if changed else column


def _is_text(value: Any) -> bool:
    """Whether it is a text that can be written: half a character (a lone surrogate) cannot."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def binary(table: pd.DataFrame, column: str, name: str) -> NDArray[np.int64]:
    """Return a column of yes and no as 1 and 0.

    Raises
    ------
    DataInvalid
        A missing value (unknown is not "no"), or a word that is neither.
    """
    cells = columns_of(table, [column], name)[column]
    words = [None if gone else str(x).strip().lower() for x, gone in zip(cells.tolist(), cells.isna(), strict=True)]
    bad = [(i + 2, cells.iloc[i]) for i, w in enumerate(words) if w is None or (w not in _YES and w not in _NO)]
    if bad:
        line, value = bad[0]
        what = "is missing" if words[line - 2] is None else f"is {value!r}"
        raise DataInvalid(
            f"{name} line {line}: {column} {what}; it must be 0 or 1, true or false, yes or no ({len(bad)} such rows)",
            source=name,
            rule="not-binary",
            count=len(bad),
            rows=tuple(bad[:5]),
            hint=f"make {column} a yes/no column, drop rows where it is unknown",
        )
    return np.array([w in _YES for w in words], np.int64)


def numeric(
    table: pd.DataFrame, column: str, name: str, *, low: float | None = None, positive: bool = False
) -> NDArray[np.float64]:
    """Return a column of finite numbers.

    Raises
    ------
    DataInvalid
        A value is missing, no number, infinite or below ``low``.
    """
    cells = columns_of(table, [column], name)[column]
    dated = cells.dtype.kind in "mM" or isinstance(cells.dtype, pd.PeriodDtype | pd.DatetimeTZDtype)
    values = to_numbers(cells)
    wrong = ~np.isfinite(values) | cells.isna().to_numpy() | dated
    if low is not None:
        wrong |= (values <= low) if positive else (values < low)
    if wrong.any():
        i = int(np.flatnonzero(wrong)[0])
        bound = "" if low is None else f" {'above' if positive else 'of at least'} {low:g}"
        raise DataInvalid(
            f"{name} line {i + 2}: {column} is {_shown(cells.iloc[i])}, not a finite number{bound} ({int(wrong.sum())} such rows)",
            source=name, rule="not-a-number", count=int(wrong.sum()), rows=((i + 2, str(cells.iloc[i])),),
            hint="make it a number, such as days or seconds since a common start" if dated else None,
        )  # fmt: skip
    return values


def names_in(parameter: str, values: Any) -> list[Any]:
    """Return names as a list; one name alone would be taken for the list of its characters.

    Raises
    ------
    InvalidParameter
        A text, or nothing that can be listed.
    """
    names = list_of(parameter, values, "a list of names")
    return [str(name) if isinstance(name, str) else name for name in names]  # texts of NumPy are none to scikit-learn


def kept_out(exclude: Any, *roles: str | None) -> list[Any]:
    """Return the columns that are no features: those with a role, such as the label or the id, and the excluded ones.

    Raises
    ------
    InvalidParameter
        ``exclude`` is no list of names.
    """
    names = names_in("exclude", exclude)
    if not all(isinstance(name, Hashable) for name in names):
        refuse("exclude", exclude, "a list of names", hint="a list inside the list names no column")
    return [*(role for role in roles if role is not None), *names]


def to_numbers(cells: pd.Series[Any]) -> NDArray[np.float64]:
    """Return floats, NaN for what is no number."""
    return pd.to_numeric(cells, errors="coerce").to_numpy(np.float64, na_value=np.nan)


def _shown(cell: Any) -> str:
    """Return a cell as a person knows it: nan, not np.float64(nan)."""
    return repr(cell.item() if isinstance(cell, np.generic) else cell)[:80]
