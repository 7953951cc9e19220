"""Likeness of what is written: of two names, and of one name with the former partners of the other.

The rows of a name's former partners together, S = met x rows, hold a large part of all grams for every name that met a few
others: 300 million numbers for 8,600 names with texts of 160 characters. So S is never kept. With C = rows x rows^T the
two cosines with S are (C x met) / |S_b| and (met x C) / |S_a|: only the lengths |S| of all names are needed, and of C the rows
of the subjects at hand and of those with whom they worked. The rows of C of names with long texts who met many are kept, since
nearly every subject needs them; the few short texts of a subject's other partners are added before they are multiplied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from graphkit.kernels import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Texts"]

_CELLS = 4_000_000
_KEPT = 8_000_000  # products kept: 64 MB


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts of all names at one time.

    Parameters
    ----------
    rows : csr_array, shape (n_names, n_grams)
        Of length 1, or empty.
    by_gram : csr_array, shape (n_grams, n_names)
        The same by column.
    met : csr_array, shape (n_names, n_names)
        1 where two worked together.
    length : ndarray of float64, shape (n_names,)
        Of the sum of the rows of a name's former partners.
    hubs : ndarray of int64, shape (n_hubs,)
        Names with long texts who met many.
    products : ndarray of float64, shape (n_hubs, n_names)
        Their rows times all rows.
    """

    rows: sparse.csr_array
    by_gram: sparse.csr_array
    met: sparse.csr_array
    length: NDArray[np.float64]
    hubs: NDArray[np.int64]
    products: NDArray[np.float64]

    @classmethod
    def of(cls, rows: sparse.csr_array, met: sparse.csr_array) -> Texts:
        """Measure the former partners' texts of all names."""
        by_gram = sparse.csr_array(rows.T)
        return cls(rows, by_gram, met, *_lengths(rows, by_gram, met))

    def cosines(self, block: NDArray[np.int64], seats: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
        """Return three cosines, each (n_block, n_seats): text, mates and fans of `partner_features`."""
        alike = (self.rows[block] @ self.by_gram).toarray()
        raw = np.asarray(self.met[seats] @ alike.T).T
        fans = np.divide(raw, self.length[seats], out=np.zeros_like(raw), where=self.length[seats] > 0)
        return alike[:, seats], self._mates(block, seats), fans

    def _mates(self, block: NDArray[np.int64], seats: NDArray[np.int64]) -> NDArray[np.float64]:
        """Cosine of the candidates' texts with the texts of the subjects' former partners."""
        near = sparse.csr_array(self.met[block])
        others = near.copy()
        others.data[np.isin(near.indices, self.hubs)] = 0.0
        others.eliminate_zeros()
        found = ((others @ self.rows) @ self.by_gram).toarray() + near[:, self.hubs] @ self.products
        length = np.where(self.length[block] > 0, self.length[block], 1.0)
        return np.asarray(found[:, seats] / length[:, None])


def _lengths(
    rows: sparse.csr_array, by_gram: sparse.csr_array, met: sparse.csr_array
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Length of S of each name, some names kept apart from the sums (`_apart`), and of these the hubs with their products.

    With H the partners of a that are apart, x their rows and L the sum of the other partners' rows,
    |S_a|^2 = |L|^2 + 2 (sum over h in H of x_h L) + (sum over h, k in H of x_h x_k). No term is below 0: nothing cancels.
    """
    names = np.diff(by_gram.indptr)
    apart = _apart(rows, names, met)
    weight = 1.0 + ~apart[met.indices]
    light = met.copy()
    light.data = weight - 1.0
    light.eliminate_zeros()
    often = np.empty(names.size, np.int32)  # place of a gram, those of most names first: near each other in memory
    often[np.argsort(-names, kind="stable")] = np.arange(names.size)
    squares = _squares(light.indptr, light.indices, rows.indptr, often[rows.indices], rows.data, np.zeros(names.size))
    weighed = sparse.csr_array((weight, met.indices, met.indptr), shape=met.shape)
    hubs, n = np.flatnonzero(apart), met.shape[0]
    hubs, step = hubs[np.argsort(-np.diff(met.indptr)[hubs], kind="stable")], max(1, _CELLS // n)
    kept = np.empty((min(hubs.size, _KEPT // n), n))
    for first in range(0, hubs.size, step):
        some = hubs[first : first + step]
        products = (rows[some] @ by_gram).toarray()
        squares += met[:, some].multiply(weighed @ products.T).sum(axis=1)
        kept[first : first + step] = products[: max(0, len(kept) - first)]
    return np.asarray(np.sqrt(squares)), hubs[: len(kept)], kept


def _apart(rows: sparse.csr_array, names: NDArray[np.integer[Any]], met: sparse.csr_array) -> NDArray[np.bool_]:
    """Names whose row takes fewer steps to multiply with all rows than to add to the sum of every partner.

    They are few, have long texts and met many: without them the steps grow little faster than the texts.
    """
    steps = np.diff(np.append(0, np.cumsum(names[rows.indices]))[rows.indptr])
    return np.asarray(np.diff(met.indptr) * np.diff(rows.indptr).astype(np.int64) > steps)


@kernel
def _squares(
    indptr: NDArray[np.integer[Any]],
    indices: NDArray[np.integer[Any]],
    starts: NDArray[np.integer[Any]],
    grams: NDArray[np.integer[Any]],
    data: NDArray[np.float64],
    total: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Squared length of the sum of the rows each name points to; ``total`` is one 0 per gram, and is left so."""
    found, touched = np.zeros(indptr.size - 1), np.empty(total.size + 1, np.int32)
    for name in range(found.size):
        n = 0
        for at in indices[indptr[name] : indptr[name + 1]]:
            for k in range(starts[at], starts[at + 1]):
                gram = grams[k]
                touched[n] = gram
                n += total[gram] == 0  # no branch: whether a gram is new cannot be foreseen
                total[gram] += data[k]
        for gram in touched[:n]:
            found[name] += total[gram] * total[gram]
            total[gram] = 0.0
    return found
