"""Matrix factorisation: truncated SVD, and alternating least squares for implicit feedback.

svd: R ~ U S V^T with the largest ``rank`` singular values; X = U S^1/2 **and** Y = V S^1/2, so X Y^T
is the truncated product. Signs are fixed: the largest entry of each column of Y is positive.

als: minimise sum over all cells of c_ui (b_ui - x_u.y_i)^2 + regularisation (|X|^2 + |Y|^2) with b = 1
where r > 0 and confidence c = 1 + alpha r. Each half step solves its rows by a few steps of
conjugate gradients from where they stand; every row is a pure function of the other side, so blocks
and threads change no bit.

Scores of a user are a sum over what he owns in both models, which is the evidence.

References
----------
Hu, Koren, Volinsky: Collaborative filtering for implicit feedback datasets. ICDM 2008.
https://doi.org/10.1109/ICDM.2008.22
Takács, Pilászy, Tikk: Applications of the conjugate gradient method for implicit feedback. RecSys 2011.
https://doi.org/10.1145/2043932.2043987
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

from graphkit.check import finite, one_of, positive_int, refuse
from graphkit.engine.base import as_engine
from graphkit.errors import DataInvalid
from graphkit.kernels import kernel
from graphkit.matching.matrices import as_rows
from graphkit.matching.neighbours import as_interactions
from graphkit.progress import Progress, null_progress
from graphkit.results import Manifest, Result, make_manifest
from graphkit.rng import as_generator, as_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.engine.base import Engine
    from graphkit.progress import ProgressCallback
    from graphkit.rng import RandomState

__all__ = ["Factors", "factorise"]

_CG_STEPS = 3
_SMALL = 400  # side up to which a dense decomposition is used
_NOTHING = 1e-10  # singular values below this share of the largest are rounding


@dataclass(frozen=True, eq=False, repr=False)
class Factors(Result):
    """Two sets of vectors whose products stand for the matrix.

    Parameters
    ----------
    method : str
        svd or als.
    user_factors, item_factors : ndarray of float64, shapes (n_users, rank) and (n_items, rank)
        X and Y.
    singular_values : ndarray of float64, shape (rank,)
        Of svd, falling; empty for als.
    rank : int
        At most the one asked for: a matrix of lower rank has no more.
    alpha, regularisation : float
        Of als, 0 for svd.
    """

    method: str
    user_factors: np.ndarray = field(metadata={"dtype": np.float64})
    item_factors: np.ndarray = field(metadata={"dtype": np.float64})
    singular_values: np.ndarray = field(metadata={"dtype": np.float64})
    rank: int
    alpha: float
    regularisation: float
    manifest: Manifest

    def scores(self, rows: sparse.csr_array) -> NDArray[np.float64]:
        """Return scores of all items for users given by what they own, shape (n_rows, n_items).

        For svd r V V^T, for als y_i.x with the exact x of these rows: new users need no training.
        """
        y = self.item_factors
        if self.method == "svd":
            v = self._directions()
            return np.asarray((rows @ v) @ v.T, np.float64)
        gram = y.T @ y + self.regularisation * np.eye(self.rank)
        found = np.zeros((rows.shape[0], y.shape[0]))
        for i in range(rows.shape[0]):
            own, weight = self._own(rows, i)
            if own.size:
                found[i] = y @ np.linalg.solve(
                    gram + (y[own].T * (self.alpha * weight)) @ y[own], y[own].T @ (1 + self.alpha * weight)
                )
        return found

    def parts(self, row: sparse.csr_array, items: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return (own items, parts of the scores), shapes (m,) and (m, n_items asked); columns sum to the scores."""
        y, (own, weight) = self.item_factors, self._own(row, 0)
        if self.method == "svd":
            v = self._directions()
            return own, weight[:, None] * (v[own] @ v[items].T)
        if not own.size:
            return own, np.zeros((0, items.size))
        gram = y.T @ y + self.regularisation * np.eye(self.rank) + (y[own].T * (self.alpha * weight)) @ y[own]
        return own, (1 + self.alpha * weight)[:, None] * (y[own] @ np.linalg.solve(gram, y[items].T))

    def _directions(self) -> NDArray[np.float64]:
        found: NDArray[np.float64] = self.item_factors / np.sqrt(self.singular_values)
        return found

    @staticmethod
    def _own(rows: sparse.csr_array, i: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        at = slice(rows.indptr[i], rows.indptr[i + 1])
        return rows.indices[at].astype(np.int64), np.asarray(rows.data[at], np.float64)


def factorise(
    matrix: Any,
    *,
    rank: int = 32,
    method: str = "als",
    alpha: float = 4.0,
    regularisation: float = 4.0,
    iterations: int = 15,
    rng: RandomState = 1,
    engine: str | Engine = "threads",
    progress: ProgressCallback = null_progress,
) -> Factors:
    """Factorise a matrix of users x items.

    Parameters
    ----------
    matrix : users x items
        For als weights >= 0; for svd any finite numbers.
    rank : int, default 32
        Length of the vectors; svd keeps no more than the matrix has.
    method : {"als", "svd"}
    alpha : float >= 0, default 4
        How much more an observed cell counts than an empty one (als).
    regularisation : float > 0, default 4
        (als)
    iterations : int, default 15
        Half steps for users and items each (als).
    rng, engine
        See `graphkit.rng` and `graphkit.engine.base`.
    progress : callable
        Told each half step of als and how many there are, phase ``factors``.

    Returns
    -------
    Factors

    Raises
    ------
    InvalidParameter
        A number outside its range, an unknown method.
    DataInvalid
        A cell that is not finite, or negative for als.

    Examples
    --------
    >>> found = factorise([[1.0, 1.0], [2.0, 2.0]], method="svd", rank=2)
    >>> found.rank, (found.user_factors @ found.item_factors.T).round(6).tolist()
    (1, [[1.0, 1.0], [2.0, 2.0]])
    """
    start, seed = time.perf_counter(), as_seed(rng)
    one_of("method", method, ("als", "svd"))
    wanted = positive_int("rank", rank)
    if method == "svd":
        x = _finite(matrix)
        left, s, right = _svd(x, wanted)
        users, items, alpha, regularisation = left * np.sqrt(s), right * np.sqrt(s), 0.0, 0.0
    else:
        if finite("alpha", alpha) < 0 or finite("regularisation", regularisation) <= 0:
            refuse("alpha, regularisation", (alpha, regularisation), "a number >= 0 and one above 0")
        x = as_interactions(matrix)
        s = np.empty(0)
        users, items = _als(
            x,
            wanted,
            float(alpha),
            float(regularisation),
            positive_int("iterations", iterations),
            seed,
            as_engine(engine),
            progress,
        )
    request = {
        "method": method, "rank": wanted, "alpha": alpha, "regularisation": regularisation, "iterations": iterations, "shape": x.shape,
        "nonzero": int(x.nnz), "total": float(x.sum()),
    }  # fmt: skip
    answer = [np.round(side, 9) for side in (users.sum(axis=0), items.sum(axis=0), s)]
    manifest = make_manifest(
        "factorise", request=request, answer=answer, seed=seed, seconds=time.perf_counter() - start
    )
    return Factors(method, users, items, s, int(items.shape[1]), float(alpha), float(regularisation), manifest)


def _finite(matrix: Any) -> sparse.csr_array:
    x = as_rows(matrix, "matrix")
    x.sum_duplicates()
    if not np.isfinite(x.data).all():
        raise DataInvalid(
            "the matrix holds a value that is not finite",
            source="matrix",
            rule="finite",
            count=int(np.count_nonzero(~np.isfinite(x.data))),
        )
    return x


def _svd(x: sparse.csr_array, rank: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """U, S and V of the largest singular values, signs fixed, rounding dropped."""
    side = min(x.shape)
    if side == 0 or x.nnz == 0:
        return np.zeros((x.shape[0], 0)), np.empty(0), np.zeros((x.shape[1], 0))
    if side <= _SMALL or rank >= side:
        u, s, vt = np.linalg.svd(x.toarray(), full_matrices=False)
    else:
        start = as_generator(0, "svd start").standard_normal(side)
        u, s, vt = svds(x, k=rank, v0=start)
    order = np.argsort(-s, kind="stable")[:rank]
    order = order[s[order] > _NOTHING * s.max()]
    u, s, v = u[:, order], s[order], vt[order].T
    sign = np.sign(v[np.argmax(np.abs(v), axis=0), np.arange(s.size)])
    return u * sign, s, v * sign


def _als(
    x: sparse.csr_array,
    rank: int,
    alpha: float,
    reg: float,
    iterations: int,
    seed: int,
    engine: Engine,
    progress: ProgressCallback,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    columns = sparse.csr_array(x.T)
    columns.sort_indices()
    sides = [_flat(x), _flat(columns)]
    users = np.zeros((x.shape[0], rank))
    items = as_generator(seed, "als", "items").standard_normal((x.shape[1], rank)) / rank
    for done in range(0, 2 * iterations, 2):
        users = _half_step(sides[0], users, items, alpha, reg, engine)
        progress(Progress("factors", done + 1, 2 * iterations, "half steps"))
        items = _half_step(sides[1], items, users, alpha, reg, engine)
        progress(Progress("factors", done + 2, 2 * iterations, "half steps"))
    return users, items


def _flat(x: sparse.csr_array) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    return x.indptr.astype(np.int64), x.indices.astype(np.int64), x.data


def _half_step(
    rows: Any, old: NDArray[np.float64], other: NDArray[np.float64], alpha: float, reg: float, engine: Engine
) -> NDArray[np.float64]:
    gram, (indptr, indices, data) = other.T @ other + reg * np.eye(other.shape[1]), rows

    def block(low: int, high: int) -> NDArray[np.float64]:
        found: NDArray[np.float64] = _als_kernel(low, high, indptr, indices, data, old, other, gram, alpha, _CG_STEPS)
        return found

    return np.concatenate(engine.map_blocks(block, old.shape[0], phase="rows")) if old.shape[0] else old


@kernel
def _als_kernel(
    low: int, high: int, indptr: Any, indices: Any, data: Any, old: Any, other: Any, gram: Any, alpha: float, steps: int
) -> Any:
    """Conjugate gradients on (gram + alpha sum r y y^T) x = sum (1 + alpha r) y, one row after the other.

    The vectors y of a row are gathered once and read again in every step; inner loops run over their entries.
    """
    f, widest = other.shape[1], 0
    for u in range(low, high):
        widest = max(widest, indptr[u + 1] - indptr[u])
    out, near = np.empty((high - low, f)), np.empty((widest, f))
    r, p, ap = np.empty(f), np.empty(f), np.empty(f)
    for u in range(low, high):
        begin, x = indptr[u], out[u - low]
        m = indptr[u + 1] - begin
        if m == 0:
            x[:] = 0.0
            continue
        x[:] = old[u]
        _times(gram, x, r)
        for a in range(f):
            r[a] = -r[a]
        for j in range(m):
            y, weight = near[j], alpha * data[begin + j]
            y[:] = other[indices[begin + j]]
            _add(r, 1.0 + weight - weight * _dot(y, x), y)
        p[:] = r
        rr = _dot(r, r)
        for _ in range(steps):
            if rr < 1e-20:
                break
            _times(gram, p, ap)
            for j in range(m):
                _add(ap, alpha * data[begin + j] * _dot(near[j], p), near[j])
            step = rr / _dot(p, ap)
            _add(x, step, p)
            _add(r, -step, ap)
            new = _dot(r, r)
            for a in range(f):
                p[a] = r[a] + new / rr * p[a]
            rr = new
    return out


@kernel
def _add(total: Any, times: float, vector: Any) -> None:
    for a in range(total.size):
        total[a] += times * vector[a]


@kernel
def _dot(x: Any, y: Any) -> Any:
    """Eight sums side by side: one alone waits for itself at every entry."""
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    k = 0
    while k + 8 <= x.size:
        s0 += x[k] * y[k]
        s1 += x[k + 1] * y[k + 1]
        s2 += x[k + 2] * y[k + 2]
        s3 += x[k + 3] * y[k + 3]
        s4 += x[k + 4] * y[k + 4]
        s5 += x[k + 5] * y[k + 5]
        s6 += x[k + 6] * y[k + 6]
        s7 += x[k + 7] * y[k + 7]
        k += 8
    while k < x.size:
        s0 += x[k] * y[k]
        k += 1
    return ((s0 + s4) + (s1 + s5)) + ((s2 + s6) + (s3 + s7))


@kernel
def _times(gram: Any, x: Any, out: Any) -> None:
    """Product with a symmetric matrix, four of its rows at a time."""
    out[:] = 0.0
    b = 0
    while b + 4 <= x.size:
        x0, x1, x2, x3 = x[b], x[b + 1], x[b + 2], x[b + 3]
        g0, g1, g2, g3 = gram[b], gram[b + 1], gram[b + 2], gram[b + 3]
        for a in range(x.size):
            out[a] += (g0[a] * x0 + g1[a] * x1) + (g2[a] * x2 + g3[a] * x3)
        b += 4
    while b < x.size:
        _add(out, x[b], gram[b])
        b += 1
