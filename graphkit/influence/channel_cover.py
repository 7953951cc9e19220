"""Soft coverage of reverse reachable sets by purchase options.

An option a exposes user u with chance r_au. On a set R it is seen with q_a(R) = 1 - prod(1 - r_au, u in R);
a plan S is seen with f_R(S) = 1 - prod(1 - q_a(R), a in S) = 1 - exp(-sum of h_a(R)), where
h_a(R) = -sum of ln(1 - r_au) over u in R. So one sparse matrix h (sets x options) answers every question:
the weighted mean of f_R(S) times the total value is the expected reach of S.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from graphkit.kernels import kernel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["CERTAIN", "Cover", "dot", "gain_kernel", "gains_kernel", "merged", "set_matrix"]

CERTAIN = 40.0  # -ln(1 - r) of a certain exposure: exp(-40) vanishes beside 1 in float64


def dot(a: Floats, b: Floats) -> float:
    """Sum of products, in an order that does not depend on the number of threads (BLAS's does)."""
    return float((a * b).sum())


def set_matrix(indptr: Ints, nodes: NDArray[np.int32], n_nodes: int) -> Any:
    """Return the sets as a 0/1 CSR matrix (n_sets, n_nodes)."""
    ones = np.ones(nodes.size, dtype=np.float64)
    return sp.csr_matrix((ones, nodes, indptr), shape=(indptr.size - 1, n_nodes))


@dataclass(frozen=True)
class Cover:
    """Hazards h (CSR, sets x options), the weight of each set, and the value of all sets together.

    ``scale`` x sum(weight x f) is a number of users (or of value units): scale = total value / n_sets. With ``cycle`` =
    n > 0 the root of set i is node i % n, so that sets are compared within roots only.
    """

    hazard: Any
    weight: Floats
    scale: float
    cycle: int = 0

    @cached_property
    def by_option(self) -> Any:
        """The same matrix, column by column."""
        return self.hazard.tocsc()

    @cached_property
    def seen_by_option(self) -> Any:
        """q = 1 - exp(-h), column by column; computed once for columns that are alike."""
        matrix, size = self.by_option, np.diff(self.by_option.indptr)
        first = np.repeat(self.twin == np.arange(self.n_options), size)
        seen = np.empty_like(matrix.data)
        seen[first] = -np.expm1(-matrix.data[first])
        spread_kernel(matrix.indptr, self.twin, seen)
        return sp.csc_matrix((seen, matrix.indices, matrix.indptr), shape=matrix.shape)

    @cached_property
    def twin(self) -> Ints:
        """For each option the first one with the same hazards: what one adds, its uses in other waves add as well."""
        matrix = self.by_option
        form = matrix.T @ np.random.default_rng(0).uniform(0.5, 1.5, self.weight.size)
        _, first, where = np.unique(form, return_index=True, return_inverse=True)
        found: Ints = first[where.ravel()].astype(np.int64)
        twins_kernel(matrix.indptr, matrix.indices, matrix.data, found)
        return found

    def bundled(self, bundles: Sequence[Sequence[int]]) -> Cover:
        """The cover whose options are these sets of options, each bought as a whole."""
        rows = np.concatenate([np.asarray(b, dtype=np.int64) for b in bundles]) if bundles else np.empty(0, np.int64)
        column = np.repeat(np.arange(len(bundles)), [len(b) for b in bundles])
        together = sp.csr_matrix((np.ones(rows.size), (rows, column)), shape=(self.n_options, len(bundles)))
        return Cover(sp.csr_matrix(self.hazard @ together), self.weight, self.scale, self.cycle)

    @property
    def n_options(self) -> int:
        """How many options there are."""
        return int(self.hazard.shape[1])

    def total(self, chosen: Iterable[int]) -> Floats:
        """Hazards of the chosen options together, shape (n_sets,)."""
        matrix, picked = self.by_option, np.fromiter(chosen, dtype=np.int64)
        total: Floats = np.zeros(self.weight.size)
        total_kernel(matrix.indptr, matrix.indices, matrix.data, picked, total)
        return total

    def less(self, total: Floats, gone: Iterable[int]) -> Floats:
        """The hazards that are left of ``total`` without some of the options in it."""
        left = total.copy()
        for option in sorted(gone):
            left[self.seen(option)[0]] -= self.hazards(option)
        return np.maximum(left, 0.0)

    def missed(self, chosen: Iterable[int]) -> Floats:
        """Chance that every chosen option misses a set, shape (n_sets,)."""
        return np.exp(-self.total(chosen))

    def value(self, chosen: Iterable[int]) -> float:
        """Expected reach of the chosen options on these sets."""
        return self.scale * dot(self.weight, 1.0 - self.missed(chosen))

    def gains(self, missed: Floats, among: NDArray[np.bool_] | None = None) -> Floats:
        """What each option (0 for those not ``among`` them) adds when the sets are missed with ``missed``, shape (n_options,)."""
        matrix, open_ = self.seen_by_option, np.ones(self.n_options, dtype=bool) if among is None else among
        gained: Floats = np.zeros(self.n_options)
        gains_kernel(matrix.indptr, matrix.indices, matrix.data, self.weight * missed, open_, self.twin, gained)
        return self.scale * gained

    def gain(self, missed: Floats, option: int) -> float:
        """What one option adds; see `gains`."""
        matrix = self.seen_by_option
        gained: float = gain_kernel(matrix.indptr, matrix.indices, matrix.data, self.weight, missed, option)
        return self.scale * gained

    def seen(self, option: int) -> tuple[Ints, Floats]:
        """Rows that one option touches, and q there."""
        matrix, part = self.seen_by_option, self._part(option)
        return matrix.indices[part], matrix.data[part]

    def hazards(self, option: int) -> Floats:
        """h of one option on the rows that it touches."""
        hazards: Floats = self.by_option.data[self._part(option)]
        return hazards

    def exclusive(self, option: int, total: Floats) -> tuple[Ints, Floats]:
        """Rows that one option touches, and the chance that it sees them and the others of a plan with hazards ``total`` do not."""
        rows, seen = self.seen(option)
        return rows, seen * np.exp(-np.maximum(total[rows] - self.hazards(option), 0.0))

    def _part(self, option: int) -> slice:
        return slice(self.by_option.indptr[option], self.by_option.indptr[option + 1])


def merged(cover: Cover) -> Cover:
    """The same cover with equal rows joined and empty rows dropped: small markets have few distinct sets.

    Rows are found equal by a random linear form and then compared entry by entry; should two different rows share the
    form, nothing is joined.
    """
    hazard = sp.csr_matrix(cover.hazard)
    hazard.sort_indices()
    size = np.diff(hazard.indptr)
    form = hazard @ np.random.default_rng(0).uniform(0.5, 1.5, hazard.shape[1])
    _, first, where = np.unique(form, return_index=True, return_inverse=True)
    lead = first[where.ravel()]
    aligned = hazard[lead]
    equal = bool(
        (size[lead] == size).all() and (aligned.indices == hazard.indices).all() and (aligned.data == hazard.data).all()
    )
    weight: Floats = np.bincount(where.ravel(), weights=cover.weight, minlength=first.size) if equal else cover.weight  # type: ignore[assignment]
    rows = first if equal else np.arange(size.size)
    keep = size[rows] > 0
    return Cover(sp.csr_matrix(hazard[rows[keep]]), weight[keep], cover.scale)


@kernel
def total_kernel(indptr, indices, hazard, picked, total):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Add up columns, one after the other."""
    for option in picked:
        for k in range(indptr[option], indptr[option + 1]):
            total[indices[k]] += hazard[k]


@kernel
def gains_kernel(indptr, indices, seen, weight, open_, twin, gained):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Weighted sum of each open column; columns that are alike are added up once."""
    known = np.full(open_.size, -1.0)
    for option in range(open_.size):
        first, total = twin[option], 0.0
        if open_[option] and known[first] < 0.0:
            for k in range(indptr[first], indptr[first + 1]):
                total += seen[k] * weight[indices[k]]
            known[first] = total
        gained[option] = known[first] if open_[option] else 0.0


@kernel
def gain_kernel(indptr, indices, seen, weight, missed, option):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Weighted sum of one column."""
    total = 0.0
    for k in range(indptr[option], indptr[option + 1]):
        total += seen[k] * (weight[indices[k]] * missed[indices[k]])
    return total


@kernel
def spread_kernel(indptr, twin, values):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Write the values of first columns into those that are alike."""
    for option in range(twin.size):
        first = indptr[twin[option]]
        if first < indptr[option]:
            for k in range(indptr[option + 1] - indptr[option]):
                values[indptr[option] + k] = values[first + k]


@kernel
def twins_kernel(indptr, indices, hazard, twin):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Take back twins whose columns differ in an entry."""
    for option in range(twin.size):
        start, first = indptr[option], indptr[twin[option]]
        alike = indptr[option + 1] - start == indptr[twin[option] + 1] - first
        k = 0
        while alike and k < indptr[option + 1] - start:
            alike = indices[start + k] == indices[first + k] and hazard[start + k] == hazard[first + k]
            k += 1
        if not alike:
            twin[option] = option
