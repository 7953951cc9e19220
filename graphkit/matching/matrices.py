"""Any matrix a caller may give, as rows of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from graphkit.check import array_of, refuse
from graphkit.errors import DataInvalid

__all__ = ["as_rows", "unit_rows"]


def as_rows(matrix: Any, source: str) -> sparse.csr_array:
    """Return a matrix as CSR rows of float64, always a copy.

    Parameters
    ----------
    matrix : SciPy sparse, array_like or DataFrame, shape (n_rows, n_columns)
    source : str
        What errors call it.

    Raises
    ------
    DataInvalid
        A cell is no number.
    InvalidParameter
        Not two dimensions.
    """
    if not sparse.issparse(matrix):
        matrix = array_of(source, matrix, "a matrix of rows x columns")
    if np.iscomplexobj(matrix):
        message = f"{source} holds complex numbers"
        raise DataInvalid(message, source=source, rule="number", hint="give their real part or absolute value")
    cells = matrix
    if not sparse.issparse(matrix):
        try:
            cells = np.asarray(matrix, dtype=np.float64)
        except (TypeError, ValueError) as error:
            message = f"{source} holds something that is no number: {error}"
            raise DataInvalid(message, source=source, rule="number", hint="encode text columns first") from error
    if cells.ndim != 2:
        refuse(source, f"an array of {cells.ndim} dimensions", "a matrix of rows x columns")
    rows: sparse.csr_array = sparse.csr_array(cells, dtype=np.float64, copy=True)
    return rows


def unit_rows(x: sparse.csr_array) -> sparse.csr_array:
    """Return rows of length 1; a row without weight stays 0.

    The largest entry is divided out first, so that squares neither overflow nor vanish.
    """
    row = np.repeat(np.arange(x.shape[0]), np.diff(x.indptr))
    largest = np.zeros(x.shape[0])
    np.maximum.at(largest, row, np.abs(x.data))
    data = x.data / np.where(largest > 0, largest, 1.0)[row]
    norm = np.sqrt(np.bincount(row, data**2, minlength=x.shape[0]))
    found = sparse.csr_array(
        (data / np.where(norm > 0, norm, 1.0)[row], x.indices.copy(), x.indptr.copy()), shape=x.shape
    )
    found.eliminate_zeros()
    return found
