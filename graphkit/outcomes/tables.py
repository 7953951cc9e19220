"""Tables of people: read and checked. Every refusal names file, rule and row."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphkit.check import refuse
from graphkit.errors import DataInvalid, close_matches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["binary", "check_columns", "kept_out", "names_in", "numeric", "read_table", "refuse_complex", "to_numbers"]

_YES = frozenset({"1", "1.0", "true", "yes", "y", "是"})
_NO = frozenset({"0", "0.0", "false", "no", "n", "否"})


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
        try:
            if path.name.endswith(".parquet"):
                table = pd.read_parquet(path)
            else:
                table = pd.read_csv(path, low_memory=False, dtype=None if id is None else {id: str})
        except (OSError, ValueError, EOFError) as error:  # ParserError and UnicodeDecodeError are ValueErrors
            reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
            raise DataInvalid(
                f"{path} cannot be read as a table: {reason}",
                source=str(path),
                rule="file-unreadable",
                hint="give a .csv, .csv.gz or .parquet file with a header",
            ) from error
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
    """Refuse names that the table does not have, with close ones, and names that several of its columns have.

    Raises
    ------
    DataInvalid
        Rule ``missing-column`` or ``duplicate-column``.
    """
    known = list(table.columns)
    for column in wanted:
        if known.count(column) > 1:
            raise DataInvalid(
                f"{name} has {known.count(column)} columns of the name {column!r}",
                source=name,
                rule="duplicate-column",
                count=known.count(column),
                hint="give each column a name of its own",
            )
        if column not in known:
            near = close_matches(column, known)
            hint = (
                f"did you mean {' or '.join(map(repr, near))}?"
                if near
                else f"its columns: {', '.join(map(str, known[:20]))}"
            )
            raise DataInvalid(f"{name} has no column {column!r}", source=name, rule="missing-column", hint=hint)


def binary(table: pd.DataFrame, column: str, name: str) -> NDArray[np.int64]:
    """Return a column of yes and no as 1 and 0.

    Raises
    ------
    DataInvalid
        A missing value (unknown is not "no"), or a word that is neither.
    """
    check_columns(table, [column], name)
    words = [None if pd.isna(x) else str(x).strip().lower() for x in table[column].tolist()]
    bad = [(i + 2, table[column].iloc[i]) for i, w in enumerate(words) if w is None or (w not in _YES and w not in _NO)]
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
    check_columns(table, [column], name)
    refuse_complex(table[column], name)
    cells = table[column]
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
    if isinstance(values, str) or not isinstance(values, Iterable):
        refuse(parameter, values, "a list of names", hint=f"give [{values!r}]" if isinstance(values, str) else None)
    return list(values)


def kept_out(exclude: Any, *roles: str | None) -> list[Any]:
    """Return the columns that are no features: those with a role, such as the label or the id, and the excluded ones.

    Raises
    ------
    InvalidParameter
        ``exclude`` is no list of names.
    """
    return [*(role for role in roles if role is not None), *names_in("exclude", exclude)]


def refuse_complex(column: pd.Series[Any], name: str) -> None:
    """Refuse complex numbers: a model would use their real parts without a word.

    Raises
    ------
    DataInvalid
        Rule ``not-a-number``.
    """
    mixed = column.dtype == object and any(isinstance(cell, complex | np.complexfloating) for cell in column)
    if mixed or pd.api.types.is_complex_dtype(column):
        raise DataInvalid(
            f"{name}: {column.name} holds complex numbers", source=name, rule="not-a-number",
            hint="give their real and imaginary parts, or their sizes, as columns of their own",
        )  # fmt: skip


def to_numbers(cells: pd.Series[Any]) -> NDArray[np.float64]:
    """Return floats, NaN for what is no number and infinity for a whole number beyond the floats."""
    try:
        found = pd.to_numeric(cells, errors="coerce")
    except OverflowError:  # pandas coerces words, but not these
        found = pd.to_numeric(cells.map(_within_floats), errors="coerce")
    return found.to_numpy(np.float64, na_value=np.nan)


def _within_floats(cell: Any) -> Any:
    return math.inf if isinstance(cell, int) and abs(cell) > sys.float_info.max else cell


def _shown(cell: Any) -> str:
    """Return a cell as a person knows it: nan, not np.float64(nan)."""
    return repr(cell.item() if isinstance(cell, np.generic) else cell)[:80]
