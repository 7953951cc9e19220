"""Likeness of given vectors (texts, pictures, sounds made elsewhere): exact top k by cosine, in blocks.

Vectors are float32 as they come; every label has one dimension, and a vector of another is named
with its id. Products are summed in float64, so a block size changes no rank.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import DataInvalid
from graphkit.matching.keyed import by_name
from graphkit.matching.order import best_places

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["nearest", "vector_rows"]

_BLOCK = 256


def vector_rows(vectors: Mapping[str, Any], side: str) -> tuple[list[str], NDArray[np.float64]]:
    """Return sorted ids and rows of length 1 (a zero vector stays 0), shape (n, dimension).

    Raises
    ------
    DataInvalid
        A vector is no row of finite numbers, or its dimension differs from that of the first id.
    """
    given, rows = by_name(vectors, side), list[Any]()
    ids = sorted(given)
    for name in ids:
        try:
            with np.errstate(over="ignore"):  # too large for float32 is told below, like infinity
                row = np.asarray(given[name], dtype=np.float32)
        except (TypeError, ValueError) as error:
            message = f"{side} {name!r}: the vector holds something that is no number: {repr(given[name])[:60]}"
            raise DataInvalid(message, source=side, rule="vector", rows=((name, repr(given[name])[:80]),)) from error
        if row.ndim != 1 or not np.isfinite(row).all():
            wrong = (
                f"it has shape {row.shape}"
                if row.ndim != 1
                else f"it holds {next(x for x in row.tolist() if not np.isfinite(x))}"
            )
            message = f"{side} {name!r}: the vector must be one row of finite numbers, {wrong}"
            raise DataInvalid(message, source=side, rule="vector", rows=((name, repr(given[name])[:80]),))
        if rows and row.size != rows[0].size:
            message = f"{side} {name!r} has {row.size} dimensions, {ids[0]!r} has {rows[0].size}"
            raise DataInvalid(
                message,
                source=side,
                rule="dimension",
                rows=((name, row.size),),
                hint="vectors of one label come from one model",
            )
        rows.append(row)
    x = np.stack(rows).astype(np.float64) if rows else np.empty((0, 0))
    largest = np.abs(x).max(axis=1, initial=0.0, keepdims=True)
    x = np.divide(x, largest, out=np.zeros_like(x), where=largest > 0)
    norm = np.sqrt((x * x).sum(axis=1, keepdims=True))
    return ids, np.divide(x, norm, out=np.zeros_like(x), where=norm > 0)


def nearest(
    x: NDArray[np.float64], y: NDArray[np.float64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the ``count`` nearest rows of y for each row of x and their cosines, ties by row.

    Raises
    ------
    DataInvalid
        The two sides have different dimensions.
    """
    if x.shape[1] != y.shape[1]:
        message = f"left vectors have {x.shape[1]} dimensions, right ones {y.shape[1]}"
        raise DataInvalid(message, source="right", rule="dimension", hint="only vectors of one model can be compared")
    best, score = np.empty((x.shape[0], count), np.int64), np.empty((x.shape[0], count))
    for first in range(0, x.shape[0], _BLOCK):
        # one row at a time in the product: a blocked one may round a tie apart
        part = np.stack([y @ row for row in x[first : first + _BLOCK]])
        best[first : first + _BLOCK], score[first : first + _BLOCK] = best_places(part, count)
    return best, score
