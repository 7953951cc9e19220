"""Columns of a snapshot as plans read them: numbers checked, ties by their target."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import DataInvalid

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["checked", "numbers", "sources_by_target"]


def numbers(column: NDArray[Any]) -> Floats:
    """Return a column as float64 with NaN where it is missing."""
    if column.dtype != object:
        return np.asarray(column, dtype=np.float64)
    return np.array([np.nan if x is None else float(x) for x in column.tolist()], dtype=np.float64)


def checked(values: Floats, name: str, *, most: float = math.inf, missing: bool = True) -> Floats:
    """Return the values of a property after checking that they are finite and in [0, most]; NaN = missing.

    Raises
    ------
    DataInvalid
        Stores that were filled past `graphkit check` may hold anything: clipping it would change the plan silently.
    """
    bad = (values < 0) | (values > most) | np.isinf(values) | (np.isnan(values) & (not missing))
    if bad.any():
        first = float(values[bad][0])
        said = "a finite number >= 0" if math.isinf(most) else f"a number in [0, {most:g}]"
        shown = "missing" if math.isnan(first) else f"{first:g}"
        raise DataInvalid(
            f"{name} must be {said}: it is {shown} in {int(bad.sum())} rows",
            rule=f"{name} range",
            count=int(bad.sum()),
            hint="graphkit check names the rows",
        )
    return values


def sources_by_target(source: ArrayLike, target: ArrayLike) -> dict[int, NDArray[np.int64]]:
    """Sources of each target, in one pass over the ties."""
    order = np.argsort(target, kind="stable")
    found, first = np.unique(np.asarray(target)[order], return_index=True)
    groups = np.split(np.asarray(source)[order], first[1:]) if found.size else []
    return dict(zip(found.tolist(), groups, strict=True))
