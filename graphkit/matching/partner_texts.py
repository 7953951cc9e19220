"""Likeness of what is written: of two names, and of one name with the former partners of the other.

The rows of a name's former partners together, S = met x rows, hold a large part of all grams for every name that met a few
others: 300 million numbers for 8,600 names with texts of 160 characters. So S is never kept. With C = rows x rows^T the
two cosines with S are (C x met) / |S_b| and S_a x rows^T / |S_a|: only the lengths |S| of all names and the rows of S of the
subjects at hand are needed.
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
    """

    rows: sparse.csr_array
    by_gram: sparse.csr_array
    met: sparse.csr_array
    length: NDArray[np.float64]

    @classmethod
    def of(cls, rows: sparse.csr_array, met: sparse.csr_array) -> Texts:
        """Measure the former partners' texts of all names."""
        total = np.zeros(rows.shape[1])
        often = np.empty(total.size, np.int32)  # place of a gram, those of most names first: near each other in memory
        often[np.argsort(-np.bincount(rows.indices, minlength=total.size), kind="stable")] = np.arange(total.size)
        lengths = _lengths(met.indptr, met.indices, rows.indptr, often[rows.indices], rows.data, total)
        return cls(rows, sparse.csr_array(rows.T), met, lengths)

    def cosines(self, block: NDArray[np.int64], seats: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
        """Return three cosines, each (n_block, n_seats): text, mates and fans of `partner_features`."""
        alike = np.asarray((self.rows[block] @ self.by_gram).todense(), np.float64)
        raw = np.asarray(self.met[seats] @ alike.T).T
        fans = np.divide(raw, self.length[seats], out=np.zeros_like(raw), where=self.length[seats] > 0)
        return alike[:, seats], self._mates(block, seats), fans

    def _mates(self, block: NDArray[np.int64], seats: NDArray[np.int64]) -> NDArray[np.float64]:
        """Cosine of the candidates' texts with the texts of the subjects' former partners."""
        words, found = self.rows[seats], np.empty((block.size, seats.size))
        step = max(1, _CELLS // max(1, self.rows.shape[1]))
        for first in range(0, block.size, step):
            part = block[first : first + step]
            length = np.where(self.length[part] > 0, self.length[part], 1.0)
            spread = (self.met[part] @ self.rows).toarray().T / length
            found[first : first + step] = (words @ spread).T
        return found


@kernel
def _lengths(
    indptr: NDArray[np.integer[Any]],
    indices: NDArray[np.integer[Any]],
    starts: NDArray[np.integer[Any]],
    grams: NDArray[np.integer[Any]],
    data: NDArray[np.float64],
    total: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Length of the sum of the rows each name points to; ``total`` is one 0 per gram, and is left so."""
    found, touched = np.zeros(indptr.size - 1), np.empty(total.size, np.int32)
    for name in range(found.size):
        n = 0
        for at in indices[indptr[name] : indptr[name + 1]]:
            for k in range(starts[at], starts[at + 1]):
                if total[grams[k]] == 0:
                    touched[n] = grams[k]
                    n += 1
                total[grams[k]] += data[k]
        square = 0.0
        for gram in touched[:n]:
            square += total[gram] * total[gram]
            total[gram] = 0.0
        found[name] = np.sqrt(square)
    return found
