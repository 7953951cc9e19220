"""What speaks for a missing link: the walk, the links of the target, common factors, and words.

For a pair (s, t), N(u) being the neighbours of u:

=============  ==========================================================================================
walk           ln(personalised PageRank of t from s + 1e-9)
sources        ln(1/2 + how many of the sources are linked with t)
outside        ln(1/2 + how many nodes outside the targets are linked with t)
degree         ln(1/2 + how many nodes are linked with t)
factors        x_s . y_t, implicit alternating least squares on the whole graph (`graphkit.matching.factors`)
words          ln(cosine of the words of s and t + 1/50), words weighing tf-idf
around_target  ln(cosine of the words of s with those of N(t) + 1/50)
around_source  ln(cosine of the words of N(s) with those of t + 1/50)
=============  ==========================================================================================

Factors and words say nothing (0) where they are not asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from graphkit.errors import DataInvalid
from graphkit.matching.factors import factorise
from graphkit.matching.matrices import unit_rows
from graphkit.matching.text import weigh
from graphkit.progress import null_progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.progress import ProgressCallback
    from graphkit.projection.projection import Projection

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int64]

__all__ = ["FEATURES", "SLOPES", "LinkSignals", "among", "log_walk", "read_words", "target_features"]

FEATURES = ("walk", "sources", "outside", "degree", "factors", "words", "around_target", "around_source")
SLOPES = tuple(f"{name}_slope" for name in FEATURES)
_WALK_FLOOR = 1e-9  # stands for a walk that never comes: such targets rank by the rest, behind most it reaches
_WORD_FLOOR = 0.02
_ALPHA, _REGULARISATION, _ROUNDS = 20.0, 0.05, 6


def read_words(p: Projection, words: Any) -> sparse.csr_array | None:
    """Check one row of counts per node and return tf-idf rows of length 1; a row without words stays 0."""
    if words is None:
        return None
    try:
        counted = sparse.csr_array(words, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataInvalid(
            "words must be a matrix of counts",
            source="words",
            rule="matrix",
            hint="give one row per node, one column per word",
        ) from error
    if counted.ndim != 2 or counted.shape[0] != p.n_nodes:
        message = f"words has the shape {counted.shape}, the graph has {p.n_nodes} nodes"
        raise DataInvalid(message, source="words", rule="shape", hint="give one row per node, in the order of the rows")
    wrong = ~(np.isfinite(counted.data) & (counted.data >= 0))
    if wrong.any():
        row = int(np.searchsorted(counted.indptr, np.flatnonzero(wrong)[0], side="right") - 1)
        value = float(counted.data[wrong][0])
        message = f"words row {row} holds {value!r}: counts must be finite and >= 0"
        raise DataInvalid(message, source="words", rule="count", count=int(wrong.sum()), rows=((row, value),))
    counted.sum_duplicates()
    counted.eliminate_zeros()
    found = np.bincount(counted.indices, minlength=counted.shape[1])
    return weigh(counted, np.log((1 + p.n_nodes) / (1 + found)) + 1)


class LinkSignals:
    """All features of the pairs of one graph but the walk, computed once.

    Parameters
    ----------
    p : Projection
    sources, targets : ndarray of int64
        Rows; targets sorted.
    rank : int
        Length of the factors; 0 = none.
    words : csr_array, shape (n_nodes, n_words), or None
        Rows of `read_words`.
    seed : int
        Where the factors start.
    progress : callable
        Told how far the factors are.
    """

    def __init__(
        self, p: Projection, sources: Rows, targets: Rows, *, rank: int, words: sparse.csr_array | None, seed: int,
        progress: ProgressCallback = null_progress,
    ) -> None:  # fmt: skip
        self.targets, self.base = targets, target_features(p, sources, targets)
        arcs = sparse.csr_array((np.ones(p.n_arcs), p.indices, p.indptr), shape=(p.n_nodes, p.n_nodes))
        self.factors = None
        if rank:
            found = factorise(
                arcs, rank=rank, alpha=_ALPHA, regularisation=_REGULARISATION, iterations=_ROUNDS, rng=seed,
                progress=progress,
            )  # fmt: skip
            self.factors = found.user_factors, found.item_factors[targets]
        self.words = None if words is None else _Words(arcs, targets, words)

    def of(self, row: int, walk: Floats) -> Floats:
        """Return the features of a source and every target, shape (n_targets, n_features)."""
        nothing = np.zeros(self.targets.size)
        common = nothing if self.factors is None else self.factors[1] @ self.factors[0][row]
        spoken = [nothing] * 3 if self.words is None else self.words.of(row)
        return np.column_stack((log_walk(walk[self.targets]), self.base, common, *spoken))


class _Words:
    """Words of the ends and of their neighbours."""

    def __init__(self, arcs: sparse.csr_array, targets: Rows, words: sparse.csr_array) -> None:
        self.arcs, self.words = arcs, words
        around = unit_rows(sparse.csr_array(sparse.csr_array(arcs.T)[targets] @ words))
        self.own, self.around = sparse.csr_array(words[targets].T), sparse.csr_array(around.T)

    def of(self, row: int) -> list[Floats]:
        mine, near = self.words[[row]], unit_rows(sparse.csr_array(self.arcs[[row]] @ self.words))
        pairs = (mine @ self.own, mine @ self.around, near @ self.own)
        return [np.log(np.asarray(pair.todense(), np.float64).ravel() + _WORD_FLOOR) for pair in pairs]


def log_walk(walk: Floats) -> Floats:
    """Return ln of a walk's scores."""
    found: Floats = np.log(walk + _WALK_FLOOR)
    return found


def target_features(p: Projection, sources: Rows, targets: Rows) -> Floats:
    """Return sources, outside and degree of the targets, shape (n_targets, 3)."""
    kinds = (among(p, sources), ~among(p, targets), np.ones(p.n_nodes, np.bool_))
    counts = [np.bincount(p.indices[kind[p.sources]], minlength=p.n_nodes)[targets] for kind in kinds]
    found: Floats = np.log(np.column_stack(counts) + 0.5)
    return found


def among(p: Projection, rows: Rows) -> NDArray[np.bool_]:
    """Return which nodes are among these rows, shape (n_nodes,)."""
    mask = np.zeros(p.n_nodes, np.bool_)
    mask[rows] = True
    return mask
