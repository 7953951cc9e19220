"""Collaborative filtering by items: who took these also took those.

Both methods score an item by the items its user already has: score(u, i) = sum over own j of
x_uj W_ji, so the parts of a score are the user's own items and add up to it exactly.

cosine: W_ji = c_ji / sqrt(n_j n_i), the k nearest neighbours of i, c = X^T X.
ridge: the W with zero diagonal that predicts X from X itself with the least squared error plus
ridge x |W|^2, in closed form (`graphkit.matching.ridge`). It accounts for what neighbours say twice,
which plain cosine counts double.

References
----------
Sarwar, Karypis, Konstan, Riedl: Item-based collaborative filtering. WWW 2001.
https://doi.org/10.1145/371920.372071
Steck: Embarrassingly shallow autoencoders for sparse data. WWW 2019.
https://doi.org/10.1145/3308558.3313710
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from graphkit.check import finite, one_of, positive_int, refuse
from graphkit.errors import DataInvalid
from graphkit.matching.matrices import as_rows
from graphkit.matching.ridge import RidgeByUsers, gram_of, ridge_weights
from graphkit.rng import as_generator, as_seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.rng import RandomState

__all__ = [
    "DEFAULT_RIDGE",
    "ItemNeighbours",
    "as_interactions",
    "choose_ridge",
    "held_out",
    "item_neighbours",
    "rank_of_held",
]

_DENSE = 6_000  # items, or users, up to which a matrix of each with each is held whole: 288 MB
_BLOCK = 250  # users scored at once
_RIDGES = (2.0, 10.0, 50.0, 250.0)
DEFAULT_RIDGE = 20.0
_LARGEST = 1e50  # of a weight: its square times every user stays a number


@dataclass(frozen=True, eq=False)
class ItemNeighbours:
    """Weights between items.

    Parameters
    ----------
    weights : ndarray or csr_array, shape (n_items, n_items), or RidgeByUsers
        Row j, column i: what owning j says about i; zero diagonal. Not held as a matrix by a ridge with more than
        6,000 items.
    method : str
    ridge : float or None
    k : int or None
    """

    weights: Any
    method: str
    ridge: float | None
    k: int | None

    def scores(self, rows: sparse.csr_array) -> NDArray[np.float64]:
        """Return scores of all items for users given by what they own, shape (n_rows, n_items)."""
        if isinstance(self.weights, RidgeByUsers):
            return self.weights.scores(rows)
        return _dense(rows @ self.weights)

    def parts(self, row: sparse.csr_array, items: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return (own items, parts of the scores), shapes (m,) and (m, n_items asked); columns sum to the scores."""
        own = row.indices.astype(np.int64)
        if isinstance(self.weights, RidgeByUsers):
            return own, row.data[:, None] * self.weights.between(own, items)
        return own, row.data[:, None] * _dense(self.weights[own][:, items])


def item_neighbours(
    matrix: Any, *, method: str = "auto", k: int | None = None, ridge: float = DEFAULT_RIDGE
) -> ItemNeighbours:
    """Learn which items go together.

    Parameters
    ----------
    matrix : users x items, weights >= 0 (1 = took it)
    method : {"auto", "ridge", "cosine"}
        auto: ridge up to 6,000 items or 6,000 users, above both cosine.
    k : int, optional
        Neighbours kept per item (cosine); default all.
    ridge : float > 0, default 20
        In users; `choose_ridge` finds the best one on held-out interactions.

    Returns
    -------
    ItemNeighbours

    Raises
    ------
    InvalidParameter
        ``ridge`` not above 0, ``k`` below 1, or ridge asked for with more items and users than fit.
    DataInvalid
        A weight is negative or not finite.

    Examples
    --------
    >>> item_neighbours([[1, 1, 0], [1, 1, 0], [0, 1, 1]], method="cosine").weights.toarray().round(3).tolist()
    [[0.0, 0.816, 0.0], [0.816, 0.0, 0.577], [0.0, 0.577, 0.0]]
    """
    one_of("method", method, ("auto", "ridge", "cosine"))
    x = as_interactions(matrix)
    fits = min(x.shape) <= _DENSE
    if method == "auto":
        method = "ridge" if fits else "cosine"
    if method == "cosine":
        return ItemNeighbours(_cosine(x, None if k is None else positive_int("k", k)), method, None, k)
    if finite("ridge", ridge) <= 0:
        refuse("ridge", ridge, "a number above 0")
    if not fits:
        sides = f"{x.shape[1]:,} items and {x.shape[0]:,} users"
        refuse("method", method, f"'cosine' for {sides}: ridge holds each with each of either, up to {_DENSE:,}")
    return _ridge(x, ridge, gram_of(x), by_users=x.shape[1] > _DENSE)


def _ridge(x: sparse.csr_array, ridge: float, gram: NDArray[np.float64], *, by_users: bool) -> ItemNeighbours:
    weights = RidgeByUsers(x, ridge, gram) if by_users else ridge_weights(x, ridge, gram)
    return ItemNeighbours(weights, "ridge", float(ridge), None)


def choose_ridge(
    matrix: Any, *, ridges: Sequence[float] = _RIDGES, n_held: int = 2_000, rng: RandomState = 1
) -> dict[float, float]:
    """Return ridge -> mean reciprocal rank on held-out interactions; choose the largest.

    One interaction of up to ``n_held`` users (with at least two) is taken out; nothing outside ``matrix`` is seen.
    """
    x = as_interactions(matrix)
    rest, users, items = held_out(x, n_held, rng)
    if not users.size:
        return dict.fromkeys(ridges, 0.0)
    rows, gram, quality = rest[users], gram_of(rest), {}
    for ridge in ridges:
        model = _ridge(rest, ridge, gram.copy(), by_users=rest.shape[0] < rest.shape[1])
        parts = [slice(low, low + _BLOCK) for low in range(0, users.size, _BLOCK)]
        ranks = [rank_of_held(model.scores(rows[part]), rows[part], items[part]) for part in parts]
        quality[ridge] = float((1 / np.concatenate(ranks)).mean())
    return quality


def held_out(
    x: sparse.csr_array, n_held: int, rng: RandomState
) -> tuple[sparse.csr_array, NDArray[np.int64], NDArray[np.int64]]:
    """Take one random interaction away from up to ``n_held`` users that have two or more.

    Returns
    -------
    rest : csr_array
    users, items : ndarray of int64
        What was taken away.
    """
    draw = as_generator(as_seed(rng), "held out")
    able = np.flatnonzero(np.diff(x.indptr) >= 2)
    users = np.sort(draw.choice(able, min(n_held, able.size), replace=False))
    place = x.indptr[users] + (draw.random(users.size) * np.diff(x.indptr)[users]).astype(np.int64)
    rest = x.copy()
    rest.data[place] = 0
    rest.eliminate_zeros()
    return rest, users.astype(np.int64), x.indices[place].astype(np.int64)


def rank_of_held(scores: NDArray[np.float64], rows: sparse.csr_array, items: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rank (1 = first) of one item per row among those the row does not own, ties by item."""
    s = scores.copy()
    s[np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr)), rows.indices] = -np.inf
    own = s[np.arange(items.size), items][:, None]
    before = np.arange(s.shape[1])[None, :] < items[:, None]
    found: NDArray[np.int64] = 1 + ((s > own) | ((s == own) & before)).sum(axis=1)
    return found


def as_interactions(matrix: Any) -> sparse.csr_array:
    """Return users x items as float rows with sorted columns, without zeros; bad weights raise."""
    x = as_rows(matrix, "interactions")
    x.sum_duplicates()
    x.eliminate_zeros()
    wrong = ~((x.data > 0) & (x.data <= _LARGEST))
    if wrong.any():
        row = int(np.searchsorted(x.indptr, np.flatnonzero(wrong)[0], side="right") - 1)
        value = float(x.data[wrong][0])
        message = f"interactions row {row} holds {value!r}: weights must be >= 0 and at most {_LARGEST:g}"
        raise DataInvalid(message, source="interactions", rule="weight", count=int(wrong.sum()), rows=((row, value),))
    return x


def _dense(found: Any) -> NDArray[np.float64]:
    plain: Any = found
    return np.asarray(plain.toarray() if sparse.issparse(found) else plain, np.float64)


def _cosine(x: sparse.csr_array, k: int | None) -> sparse.csr_array:
    size = np.sqrt(np.bincount(x.indices, x.data**2, minlength=x.shape[1]))
    scale = np.divide(1.0, size, out=np.zeros_like(size), where=size > 0)
    unit = sparse.csr_array(x @ sparse.diags_array(scale))
    w = sparse.csc_array(unit.T @ unit)
    w.setdiag(0.0)
    w.eliminate_zeros()
    w.sort_indices()
    if k is not None:
        for i in range(w.shape[1]):
            at = slice(w.indptr[i], w.indptr[i + 1])
            cells = w.data[at]
            cells[np.argsort(-cells, kind="stable")[k:]] = 0.0
        w.eliminate_zeros()
    return sparse.csr_array(w)
