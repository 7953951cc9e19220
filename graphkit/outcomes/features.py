"""Features of people: the columns of a table that a model may learn from, chosen, typed and encoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.outcomes.tables import check_columns, columns_of, names_in, to_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Features", "prepare"]

LARGEST = 1e30  # of a feature: its square fits into 64 bits, itself into the 32 of a forest
MANY_TEXTS = 50  # more distinct texts than that look like names or ids, not like groups


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
        table = columns_of(table, [*self.numbers, *self.texts], name)
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
    check_columns(table, [c for c in exclude if c not in table.columns], name)
    chosen = [c for c in table.columns if c not in set(exclude)] if features is None else names_in("features", features)
    table = columns_of(table, chosen, name)
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


def _refuse_scale(values: NDArray[np.float64], column: pd.Series[Any], name: str, least: float) -> None:
    """Refuse numbers whose squares overflow or vanish, or that forests, which count in 32 bits, cannot hold."""
    size = np.abs(np.where(np.isnan(values), 0.0, values))
    line = int(np.argmax(size))
    if size[line] > 0 and not least <= size[line] <= LARGEST:
        raise DataInvalid(
            f"{name} line {line + 2}: {column.name} is {values[line]:g}, too {'large' if size[line] > LARGEST else 'small'} for a model",
            source=name, rule="scale", rows=((line + 2, float(values[line])),),
            hint=f"give {column.name} in another unit, or as a logarithm; missing is an empty cell",
        )  # fmt: skip


def _as_numbers(column: pd.Series[Any], name: str, *, least: float = 1 / LARGEST) -> NDArray[np.float64] | None:
    """Return floats with NaN where missing or blank; None when some cell is a word."""
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(np.float64, na_value=np.nan)
    else:
        blank = column.isna() | column.astype(str).str.strip().eq("")
        found = to_numbers(column.where(~blank))
        if bool((np.isnan(found) & ~blank).any()):
            return None
        values = np.where(blank, np.nan, found)  # of a missing date pandas makes a number
    _refuse_scale(values, column, name, least)
    return values


def _as_texts(column: pd.Series[Any]) -> list[str]:
    """Return words; a missing one is a group of its own."""
    missing = column.isna().to_numpy(bool)  # by column: of a list in a cell pandas would ask each of its items
    return ["(missing)" if gone else str(x) for x, gone in zip(column.tolist(), missing, strict=True)]
