"""Tables of people: read, checked, and made ready for a model. Every refusal names file, rule and row."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphkit.check import refuse
from graphkit.errors import DataInvalid, InvalidParameter, close_matches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Features", "binary", "check_columns", "numeric", "prepare", "read_table"]

_YES = frozenset({"1", "1.0", "true", "yes", "y", "是"})
_NO = frozenset({"0", "0.0", "false", "no", "n", "否"})
LARGEST = 1e30  # of a feature: its square fits into 64 bits, itself into the 32 of a forest
MANY_TEXTS = 50  # more distinct texts than that look like names or ids, not like groups


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
    _refuse_complex(table[column], name)
    dated = pd.api.types.is_datetime64_any_dtype(table[column])
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(np.float64)
    wrong = ~np.isfinite(values) | table[column].isna().to_numpy() | dated
    if low is not None:
        wrong |= (values <= low) if positive else (values < low)
    if wrong.any():
        i = int(np.flatnonzero(wrong)[0])
        bound = "" if low is None else f" {'above' if positive else 'of at least'} {low:g}"
        raise DataInvalid(
            f"{name} line {i + 2}: {column} is {table[column].iloc[i]!r}, not a finite number{bound} ({int(wrong.sum())} such rows)",
            source=name, rule="not-a-number", count=int(wrong.sum()), rows=((i + 2, str(table[column].iloc[i])),),
            hint="make it a number, such as days or seconds since a common start" if dated else None,
        )  # fmt: skip
    return values


@dataclass(frozen=True)
class Features:
    """Columns a model may use: ``frame`` with floats (NaN = missing) and texts; ``notes`` on what was left out."""

    frame: pd.DataFrame
    numbers: tuple[str, ...]
    texts: tuple[str, ...]
    notes: tuple[str, ...]

    def transformer(self) -> Any:
        """Return the encoding, unfitted: medians for missing numbers plus a flag, unit variance, one column per text.

        One part per feature (`part`), so that `output_indices_` says which encoded columns are whose.
        """
        from sklearn.compose import ColumnTransformer
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        parts: list[Any] = [
            (self.part(c), make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()), [c])
            for c in self.numbers
        ]
        parts += [(self.part(c), OneHotEncoder(handle_unknown="ignore", sparse_output=False), [c]) for c in self.texts]
        return ColumnTransformer(parts, sparse_threshold=0.0)

    def part(self, column: str) -> str:
        """Name a feature's part of the encoding: scikit-learn refuses some that columns may have, such as ``verbose`` or ``n__plays``."""
        return f"feature {(*self.numbers, *self.texts).index(column)}"

    def same(self, table: pd.DataFrame, name: str) -> pd.DataFrame:
        """Return the same columns of another table, typed alike.

        Raises
        ------
        DataInvalid
            A column is missing, or a text stands where the model learned numbers.
        """
        check_columns(table, [*self.numbers, *self.texts], name)
        columns: dict[str, Any] = {}
        for column in self.numbers:
            values = _as_numbers(table[column], name, least=0.0)  # who is scored may all be near 0
            if values is None:
                raise DataInvalid(
                    f"{name}: {column} holds texts, the model learned numbers",
                    source=name,
                    rule="not-a-number",
                    hint=f"make {column} numbers here too, or fit on texts",
                )
            columns[column] = values
        for column in self.texts:
            columns[column] = _as_texts(table[column])
        return pd.DataFrame(columns)


def prepare(table: pd.DataFrame, features: Sequence[str] | None, exclude: Sequence[str], name: str) -> Features:
    """Choose and type the feature columns.

    Parameters
    ----------
    table : DataFrame
    features : sequence of str, optional
        Default: every column but the excluded ones.
    exclude : sequence of str
        Label, id, treatment and what the caller leaves out.
    name : str
        Of the table, for messages.

    Raises
    ------
    DataInvalid
        A named feature is missing, empty, complex, too large or too small to be squared, or a text with too many values.
    InvalidParameter
        Nothing is left.
    """
    chosen = [str(c) for c in table.columns if c not in set(exclude)] if features is None else list(features)
    check_columns(table, chosen, name)
    clash = sorted(set(chosen) & set(exclude))
    if clash:
        raise InvalidParameter(
            f"{clash[0]!r} cannot be a feature: it is the label, the treatment or the id, or it is excluded",
            parameter="features",
            value=clash[0],
            hint=f"leave {clash[0]} out of the features",
        )
    columns: dict[str, NDArray[np.float64] | list[str]] = {}
    notes = []
    for column in chosen:
        values = _as_numbers(table[column], name)
        cells = _as_texts(table[column]) if values is None else values
        if features is not None:
            _refuse_names(cells, column, name)
        useless = _useless(cells)
        if useless:
            notes.append(f"{column} left out: {useless}")
        else:
            columns[column] = cells
    if not columns:
        raise InvalidParameter(
            "no feature column is left",
            parameter="features",
            value=chosen,
            hint="; ".join(notes) or "name feature columns",
        )
    numbers = tuple(column for column, cells in columns.items() if isinstance(cells, np.ndarray))
    texts = tuple(column for column in columns if column not in numbers)
    return Features(pd.DataFrame(columns), numbers, texts, tuple(notes))


def _refuse_names(cells: NDArray[np.float64] | list[str], column: str, name: str) -> None:
    """Refuse a column that was asked for and holds about one text per person."""
    distinct = 0 if isinstance(cells, np.ndarray) else len(set(cells))
    if distinct > MANY_TEXTS:
        raise DataInvalid(
            f"{name}: {column} has {distinct} different texts: it looks like a name or an id",
            source=name,
            rule="too-many-texts",
            count=distinct,
            hint=f"leave {column} out, or group its values",
        )


def _useless(cells: NDArray[np.float64] | list[str]) -> str | None:
    """Say why no model can learn from a column, None where it can."""
    alike = "it is the same for everyone"
    if isinstance(cells, np.ndarray):
        if np.isnan(cells).all():
            return "it has no value"
        return alike if np.ptp(cells) == 0 else None  # NaN where one is missing: to be known or not is a difference
    distinct = len(set(cells))
    if distinct > MANY_TEXTS:
        return f"{distinct} different texts look like names or ids"
    return alike if distinct == 1 else None


def _refuse_complex(column: pd.Series[Any], name: str) -> None:
    """Refuse complex numbers: a model would use their real parts without a word."""
    if pd.api.types.is_complex_dtype(column):
        raise DataInvalid(
            f"{name}: {column.name} holds complex numbers", source=name, rule="not-a-number",
            hint="give their real and imaginary parts, or their sizes, as columns of their own",
        )  # fmt: skip


def _refuse_scale(values: NDArray[np.float64], column: pd.Series[Any], name: str, least: float) -> None:
    """Refuse numbers whose squares overflow or vanish, or that forests, which count in 32 bits, cannot hold."""
    size = np.abs(np.nan_to_num(values))
    line = int(np.argmax(size))
    if size[line] > 0 and not least <= size[line] <= LARGEST:
        raise DataInvalid(
            f"{name} line {line + 2}: {column.name} is {values[line]:g}, too {'large' if size[line] > LARGEST else 'small'} for a model",
            source=name, rule="scale", rows=((line + 2, float(values[line])),),
            hint=f"give {column.name} in another unit, or as a logarithm; missing is an empty cell",
        )  # fmt: skip


def _as_numbers(column: pd.Series[Any], name: str, *, least: float = 1 / LARGEST) -> NDArray[np.float64] | None:
    """Return floats with NaN where missing or blank; None when some cell is a word."""
    _refuse_complex(column, name)
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(np.float64, na_value=np.nan)
    else:
        blank = column.isna() | column.astype(str).str.strip().eq("")
        found = pd.to_numeric(column.where(~blank), errors="coerce")
        if bool((found.isna() & ~blank).any()):
            return None
        values = np.where(blank, np.nan, found.to_numpy(np.float64))  # of a missing date pandas makes a number
    values = np.where(np.isfinite(values), values, np.nan)
    _refuse_scale(values, column, name, least)
    return values


def _as_texts(column: pd.Series[Any]) -> list[str]:
    """Return words; a missing one is a group of its own."""
    return ["(missing)" if pd.isna(x) else str(x) for x in column.tolist()]
