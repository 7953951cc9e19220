"""Names of one kind: peers by what is written around them, and who of one kind met whom.

A name's role (a tea shop, a game, a museum) is read from the characters around its mentions, other names blanked out:
tf-idf of their bigrams, projected on the leading singular vectors of the whole history. Its peers are the most alike
names, with weights max(0, cosine)^6 that sum to 1. Smoothing over peers is neighbourhood collaborative filtering: over
the subject, the candidate, or both, the last being the rate at which the two kinds meet.

References
----------
Halko, Martinsson, Tropp: Finding structure with randomness. SIAM Review 53 (2011) 217-288, algorithm 4.4.
https://doi.org/10.1137/090771806
Sarwar, Karypis, Konstan, Riedl: Item-based collaborative filtering recommendation algorithms. WWW 2001.
https://doi.org/10.1145/371920.372071
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from graphkit.matching.names import surroundings
from graphkit.matching.text import weigh
from graphkit.rng import as_generator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Counter = Callable[[Sequence[str]], sparse.csr_array | None]

__all__ = ["RoleTexts", "Roles", "read_roles"]

_WIDTH = 12  # characters on each side of a mention
_DIMENSIONS, _PEERS, _POWER = 48, 60, 6
_SPARE, _ROUNDS = 10, 5  # of the subspace iteration: more dimensions than wanted, passes
_RARE = 3  # names around which a bigram must stand
_CELLS = 4_000_000
_GROUPS = 1_000  # of names looked at together for the most alike


@dataclass(frozen=True, eq=False)
class RoleTexts:
    """Bigrams around every mention, and the axes they are projected on.

    Parameters
    ----------
    counted : csr_array, shape (n_mentions, n_grams)
    column, text : ndarray of int64, shape (n_mentions,)
        Whose mention in which text.
    idf : ndarray of float64, shape (n_grams,)
        0 for grams that too few names have.
    axes : ndarray of float64, shape (n_grams, n_dimensions)
    """

    counted: sparse.csr_array
    column: NDArray[np.int64]
    text: NDArray[np.int64]
    idf: NDArray[np.float64]
    axes: NDArray[np.float64]


def read_roles(texts: Sequence[str], names: Sequence[str], count: Counter) -> RoleTexts | None:
    """Find the axes once, on all texts; None when too little is written around names."""
    around, column, row = surroundings(texts, names, _WIDTH)
    counted = count(around)
    if counted is None:
        return None
    who, where = np.array(column, np.int64), np.array(row, np.int64)
    whole = _by_name(counted, who, len(names))
    df = np.bincount(whole.indices, minlength=whole.shape[1])
    active = int((np.diff(whole.indptr) > 0).sum())
    idf = np.where(df >= _RARE, np.log((1 + active) / (1 + df)) + 1, 0.0)
    rows = _weighted(whole, idf)
    return RoleTexts(counted, who, where, idf, _axes(rows)) if rows.nnz else None


def _axes(rows: sparse.csr_array) -> NDArray[np.float64]:
    """Leading right singular vectors, (n_grams, n_dimensions at most), by subspace iteration from a fixed start."""
    used = np.flatnonzero(np.bincount(rows.indices, minlength=rows.shape[1]))
    small, basis = sparse.csr_array(rows[:, used]), np.zeros((rows.shape[1], _DIMENSIONS + _SPARE))
    part = as_generator(0, "role axes").normal(size=basis.shape)[used]
    for _ in range(_ROUNDS):
        part, _ = np.linalg.qr(small.T @ np.linalg.qr(small @ part)[0])
    _, size, right = np.linalg.svd(small @ part, full_matrices=False)
    kept = size[:_DIMENSIONS] > 1e-9 * size[0]
    basis[used, : part.shape[1]] = part
    return np.asarray(basis[:, : part.shape[1]] @ right[:_DIMENSIONS][kept].T)


def _by_name(counted: sparse.csr_array, column: NDArray[np.int64], n_names: int) -> sparse.csr_array:
    mine = sparse.csr_array((np.ones(column.size), (column, np.arange(column.size))), shape=(n_names, column.size))
    return sparse.csr_array(mine @ counted)


def _weighted(counted: sparse.csr_array, idf: NDArray[np.float64]) -> sparse.csr_array:
    """Tf-idf rows of length 1 over the grams with an idf."""
    kept = np.flatnonzero(idf > 0)
    small = weigh(sparse.csr_array(counted[:, kept]), idf[kept], sublinear=True)
    return sparse.csr_array((small.data, kept[small.indices], small.indptr), shape=counted.shape)


class Roles:
    """Peers of every name at one time, and the meetings smoothed over them.

    ``met`` is the 0/1 matrix of who met whom by then; only those in ``known`` are peers.
    """

    def __init__(
        self, source: RoleTexts, dated: NDArray[np.bool_], met: sparse.csr_array, known: NDArray[np.bool_]
    ) -> None:
        told = np.flatnonzero(dated[source.text])
        counted = _by_name(sparse.csr_array(source.counted[told]), source.column[told], known.size)
        place = _weighted(counted, source.idf) @ source.axes
        length = np.sqrt((place * place).sum(axis=1, keepdims=True))
        self.peers = _peers(np.divide(place, length, out=np.zeros_like(place), where=length > 1e-9), known)
        self.met = met
        degree = np.maximum(np.asarray(met.sum(axis=0)).ravel(), 1.0)
        self.damped = sparse.csr_array(met @ sparse.diags_array(1 / np.sqrt(degree)))

    def rates(
        self, block: NDArray[np.int64], seats: NDArray[np.int64], theirs: sparse.csr_array
    ) -> list[NDArray[np.float64]]:
        """Return, for subjects x candidates, meetings smoothed over the subject's peers, the candidate's, and both.

        ``theirs`` holds the candidates' peers by column, (n_names, n_seats).
        """
        mine = self.peers[block]
        parts = ((mine @ self.met)[:, seats], self.met[block] @ theirs, (mine @ self.damped) @ theirs)
        return [np.asarray(part.todense(), np.float64).reshape(block.size, seats.size) for part in parts]


def _peers(place: NDArray[np.float64], known: NDArray[np.bool_]) -> sparse.csr_array:
    """Weights of the most alike known names, rows summing to 1; ties at the last place are all kept."""
    n, others, told = place.shape[0], np.flatnonzero(known), np.flatnonzero(place.any(axis=1))
    seat = np.full(n, -1)
    seat[others] = np.arange(others.size)
    rows, columns, values = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0)]
    step, theirs = max(1, _CELLS // max(1, others.size)), place[others].T
    for first in range(0, told.size, step):
        part = told[first : first + step]
        alike = place[part] @ theirs
        alike[np.flatnonzero(known[part]), seat[part[known[part]]]] = 0.0
        row, column, cosine = _largest(alike)
        weight = cosine**_POWER
        rows.append(part[row])
        columns.append(others[column])
        values.append(weight / np.maximum(np.bincount(row, weight, part.size), 1e-12)[row])
    flat = [np.concatenate(parts) for parts in (values, rows, columns)]
    return sparse.csr_array((flat[0], (flat[1], flat[2])), shape=(n, n))


def _largest(values: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return row, column and value of the ``_PEERS`` largest of each row that are above 0, and of those equal to the last.

    The largest of each of some thousand groups are looked at first: as many values as are asked for reach their last one,
    so most of a row is never sorted.
    """
    groups = np.arange(0, values.shape[1], max(1, values.shape[1] // _GROUPS))
    least = np.zeros(len(values))
    if groups.size > _PEERS:
        least = np.maximum(np.partition(np.maximum.reduceat(values, groups, axis=1), -_PEERS, axis=1)[:, -_PEERS], 0.0)
    row, column = np.nonzero((values >= least[:, None]) & (values > 0))
    found = values[row, column]
    order = np.lexsort((-found, row))
    start = np.searchsorted(row, np.arange(len(values)))
    last = np.minimum(start + _PEERS, np.append(start[1:], row.size)) - 1
    edge = np.where(last >= start, found[order][last], 0.0)
    kept = found >= edge[row]
    return row[kept], column[kept], found[kept]
