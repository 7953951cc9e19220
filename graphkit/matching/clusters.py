"""Groups of profiles by KMeans, and how far they agree with another partition.

Clusters are groups of vectors; groups found in the graph are called communities. The answer does
not depend on the order of rows: they are put into an order of their own before KMeans starts.
Rows without any weight belong to no cluster (label -1).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from graphkit.check import array_of, positive_int, refuse
from graphkit.errors import DataInvalid
from graphkit.matching.matrices import as_rows
from graphkit.progress import each, null_progress
from graphkit.results import Manifest, Result, make_manifest
from graphkit.rng import as_generator, as_seed

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from graphkit.progress import ProgressCallback
    from graphkit.rng import RandomState

__all__ = ["Clusters", "adjusted_rand_index", "cluster_profiles"]

_TRIED = range(2, 11)
_SAMPLE = 2_000  # rows on which silhouettes are compared: the cost grows with their square


@dataclass(frozen=True, eq=False, repr=False)
class Clusters(Result):
    """A partition of rows.

    Parameters
    ----------
    labels : ndarray of int64, shape (n_rows,)
        0 is the largest cluster; -1 a row without weight.
    n_clusters : int
    centres : ndarray of float64, shape (n_clusters, n_columns)
    silhouette : float or None
        Mean silhouette in [-1, 1] (of a sample above 2,000 rows); None when it is not defined.
    compared : dict
        Number of clusters -> silhouette, of every number tried; empty when k was given.
    """

    labels: np.ndarray = field(metadata={"dtype": np.int64})
    n_clusters: int
    centres: np.ndarray = field(metadata={"dtype": np.float64})
    silhouette: float | None
    compared: dict[str, float]
    manifest: Manifest

    def to_frame(self) -> pd.DataFrame:
        """Return one row per row of the input: row, cluster."""
        import pandas as pd

        return pd.DataFrame({"row": np.arange(self.labels.size), "cluster": self.labels})


def cluster_profiles(
    profiles: Any, *, k: int | None = None, rng: RandomState = 1, progress: ProgressCallback = null_progress
) -> Clusters:
    """Group rows of a matrix, such as ``build_profiles(..).matrix``.

    Parameters
    ----------
    profiles : matrix, frame or one column of numbers, n_rows x n_columns
    k : int, optional
        Number of clusters; default: the one of 2..10 with the best silhouette.
    rng, progress
        See `graphkit.rng` and `graphkit.progress`.

    Returns
    -------
    Clusters

    Raises
    ------
    InvalidParameter
        ``k`` below 1 or above the number of different rows.
    DataInvalid
        No row with weight, or a value that is not finite.

    Examples
    --------
    >>> cluster_profiles([[1, 0], [0.9, 0], [0, 1], [0, 0]], k=2).labels.tolist()
    [0, 0, 1, -1]
    """
    start, seed = time.perf_counter(), as_seed(rng)
    x = _rows(profiles)
    used = np.flatnonzero(np.diff(x.indptr) > 0)
    if not used.size:
        message = f"none of the {x.shape[0]} rows has any weight"
        raise DataInvalid(
            message,
            source="profiles",
            rule="empty",
            count=x.shape[0],
            hint="profiles come from what users took and its tags: load HAS_TAG and the users' ties",
        )
    order, distinct = _canonical(x[used], seed)
    dense = x[used[order]].toarray()
    if k is not None and positive_int("k", k) > distinct:
        refuse("k", k, f"at most the number of different rows, {distinct}")
    tried = [k] if k is not None else [n for n in _TRIED if n <= min(distinct, used.size - 1)] or [min(distinct, 1)]
    quality, best = dict[int, float](), dict[int, Any]()
    for n in each(tried, "numbers of clusters", progress):
        best[n] = _kmeans(dense, n, seed)
        quality[n] = _silhouette(dense, best[n].labels_, seed)
    chosen = max(tried, key=lambda n: (quality[n] if np.isfinite(quality[n]) else -2.0, -n))
    labels, centres = _renumbered(best[chosen].labels_, np.asarray(best[chosen].cluster_centers_))
    full = np.full(x.shape[0], -1, np.int64)
    full[used[order]] = labels
    request = {"k": k, "shape": x.shape, "indptr": x.indptr, "indices": x.indices, "data": x.data}
    manifest = make_manifest(
        "cluster_profiles", request=request, answer=full, seed=seed, seconds=time.perf_counter() - start
    )
    compared = {str(n): value for n, value in quality.items()} if k is None else {}
    score = quality[chosen]
    return Clusters(full, int(centres.shape[0]), centres, score if np.isfinite(score) else None, compared, manifest)


def adjusted_rand_index(a: Any, b: Any) -> float:
    """Return how far two partitions of the same rows agree: 1 equal, about 0 as by chance, possibly below 0.

    Parameters
    ----------
    a, b : array_like of labels, shape (n_rows,)
        Rows that are -1 in either one are left out.

    Raises
    ------
    InvalidParameter
        Different lengths, or no row that both label.

    References
    ----------
    Hubert, Arabie: Comparing partitions. Journal of Classification 2, 1985. https://doi.org/10.1007/BF01908075

    Examples
    --------
    >>> adjusted_rand_index([0, 0, 1, 1], [5, 5, 7, 7])
    1.0
    """
    from sklearn.metrics import adjusted_rand_score

    first, second = (array_of(name, labels, "an array of labels") for name, labels in (("a", a), ("b", b)))
    if first.shape != second.shape or first.ndim != 1:
        refuse("b", f"labels of shape {second.shape}", f"one label for each row of a, shape {first.shape}")
    both = (first != -1) & (second != -1)
    if not both.any():
        refuse("b", "no row labelled in both", "partitions that share rows")
    return float(adjusted_rand_score(first[both], second[both]))


def _rows(profiles: Any) -> sparse.csr_array:
    """Return any matrix, frame or single column as float rows."""
    cells: Any = profiles if sparse.issparse(profiles) else array_of("profiles", profiles, "a matrix of rows x columns")
    x = as_rows(cells.reshape(-1, 1) if cells.ndim == 1 else cells, "profiles")
    if not np.isfinite(x.data).all():
        message = "profiles hold a value that is not finite"
        raise DataInvalid(message, source="profiles", rule="finite", count=int(np.count_nonzero(~np.isfinite(x.data))))
    x.sum_duplicates()
    x.eliminate_zeros()
    return x


def _canonical(x: sparse.csr_array, seed: int) -> tuple[NDArray[np.int64], int]:
    """Order of the rows by their content, and how many differ: equal rows have equal keys, others do not."""
    key = np.asarray(x @ as_generator(seed, "row order").standard_normal(x.shape[1])).ravel()
    return np.argsort(key, kind="stable"), int(np.unique(key).size)


def _kmeans(dense: NDArray[np.float64], k: int, seed: int) -> Any:
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    state = int(as_generator(seed, "kmeans", k).integers(2**31))
    with threadpool_limits(1):  # OpenMP workers spin while they wait: on a busy machine two are slower than one
        return KMeans(n_clusters=k, n_init=10, random_state=state).fit(dense)


def _silhouette(dense: NDArray[np.float64], labels: NDArray[Any], seed: int) -> float:
    from sklearn.metrics import silhouette_score

    found = np.unique(labels).size
    if not 2 <= found < dense.shape[0]:
        return float("nan")
    pick = np.arange(dense.shape[0])
    if pick.size > _SAMPLE:
        pick = np.sort(as_generator(seed, "silhouette").choice(pick, _SAMPLE, replace=False))
        if np.unique(labels[pick]).size < 2:
            return float("nan")
    return float(silhouette_score(dense[pick], labels[pick]))


def _renumbered(labels: NDArray[Any], centres: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Largest cluster first, ties by the first row in canonical order."""
    size = np.bincount(labels, minlength=centres.shape[0])
    first = np.array([int(np.argmax(labels == c)) for c in range(centres.shape[0])])
    order = np.lexsort((first, -size))
    place = np.empty(order.size, np.int64)
    place[order] = np.arange(order.size)
    return place[labels], centres[order]
