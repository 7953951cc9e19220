"""Ridge between items in closed form, over items or over users, whichever are fewer.

W is the matrix with zero diagonal that predicts X from X itself with the least |X - XW|^2 + ridge |W|^2. Over items:
W = -P / diag(P) off the diagonal, P = (X^T X + ridge I)^-1. Over users, with K = X X^T + ridge I, the same numbers are
W_ji = q_ji / (1 - q_ii), q = X^T K^-1 X (Woodbury): a few hundred people with tens of thousands of items need no matrix
of items x items.

References
----------
Steck: Embarrassingly shallow autoencoders for sparse data. WWW 2019. https://doi.org/10.1145/3308558.3313710
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg, sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["RidgeByUsers", "gram_of", "ridge_weights"]

_BLOCK = 2_000


def gram_of(x: sparse.csr_array) -> Floats:
    """Return X^T X or X X^T, whichever is smaller: the part that no ridge changes."""
    return np.asarray((x @ x.T if x.shape[0] < x.shape[1] else x.T @ x).toarray(), np.float64)


def ridge_weights(x: sparse.csr_array, ridge: float, gram: Floats | None = None) -> Floats:
    """Return W, shape (n_items, n_items); ``gram`` is `gram_of` where it is at hand, and overwritten."""
    if x.shape[0] < x.shape[1]:
        return RidgeByUsers(x, ridge, gram).between(np.arange(x.shape[1]), np.arange(x.shape[1]))
    p = _inverse(gram_of(x) if gram is None else gram, ridge)
    weights = np.divide(-p, np.diag(p)[None, :], out=p)
    np.fill_diagonal(weights, 0.0)
    return weights


class RidgeByUsers:
    """W held as K^-1 and the diagonal of q.

    Parameters
    ----------
    x : csr_array, shape (n_users, n_items)
        Fewer users than items.
    ridge : float > 0
    gram : float64 ndarray, shape (n_users, n_users), optional
        `gram_of`, where it is at hand; overwritten.
    """

    def __init__(self, x: sparse.csr_array, ridge: float, gram: Floats | None = None) -> None:
        self.x, self.columns = x, sparse.csr_array(x.T)
        self.inverse = _inverse(gram_of(x) if gram is None else gram, ridge)
        self.own = np.zeros(x.shape[1])
        for low in range(0, x.shape[1], _BLOCK):
            part = self.columns[low : low + _BLOCK]
            self.own[low : low + _BLOCK] = part.multiply(np.asarray(part @ self.inverse)).sum(axis=1)

    def scores(self, rows: sparse.csr_array) -> Floats:
        """Return rows @ W, shape (n_rows, n_items)."""
        near = np.asarray((rows @ self.columns).toarray() @ self.inverse)
        found: Floats = (near @ self.x - rows.multiply(self.own[None, :]).toarray()) / (1.0 - self.own)
        return found

    def between(self, own: NDArray[np.int64], items: NDArray[np.int64]) -> Floats:
        """Return W[own][:, items], shape (n_own, n_items asked)."""
        found = np.asarray((self.columns[own] @ self.inverse) @ sparse.csr_array(self.columns[items].T), np.float64)
        found /= 1.0 - self.own[items]
        found[own[:, None] == items[None, :]] = 0.0
        return found


def _inverse(gram: Floats, ridge: float) -> Floats:
    """Return (gram + ridge I)^-1; ridge > 0 makes it positive definite, whatever its rank."""
    if not gram.size:
        return gram
    gram[np.diag_indices_from(gram)] += ridge
    factor = linalg.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
    found: Floats = linalg.cho_solve(factor, np.eye(len(gram)), overwrite_b=True, check_finite=False)
    return found
