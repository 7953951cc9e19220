"""Who is reached by several audiences: overlap, lift, exclusive and incremental reach, frequency.

Per item with chances q: joint 1 - prod(1 - q), shared prod(q), pair q_a q_b, incremental
q_c prod over earlier ones (1 - q), exclusive q_c prod over the others (1 - q), frequency by
the Poisson-binomial recursion. Frequency counts audiences that reach a user (after
propagation: through the graph), not impressions.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.audience.disclosure import Cells, suppressed
from graphkit.audience.membership import audience_items, read_audiences
from graphkit.check import positive_int
from graphkit.diffusion.worlds import check_value
from graphkit.kernels import kernel
from graphkit.results import Manifest, Result, make_manifest
from graphkit.rng import as_seed

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import ArrayLike

    from graphkit.audience.membership import Items
    from graphkit.progress import ProgressCallback
    from graphkit.projection.projection import Projection

__all__ = ["Overlap", "overlap"]

_Z95 = 1.959963984540054


@dataclass(frozen=True, eq=False, repr=False)
class Overlap(Result):
    """What several audiences have in common. A number hidden by ``min_cell`` is NaN.

    Parameters
    ----------
    names : tuple of str
        Audiences in the order given.
    reach : ndarray of float64
        Expected value each audience reaches.
    exclusive : ndarray of float64
        Reached by this one only.
    incremental : ndarray of float64
        Added by this one to those before it.
    joint, shared : float
        Reached by any of them; by all of them.
    frequency : ndarray of float64, shape (m + 1,)
        Expected value reached by exactly 0, 1, .. m audiences.
    pairs : DataFrame
        ``a``, ``b``, ``shared``, ``jaccard`` (expected intersection / expected union, 0 when
        both are empty), ``lift`` (shared x total / (reach a x reach b); NaN when one is empty).
        After propagation also ``difference`` = reach a - reach b with its paired 95 % interval
        ``lower``, ``upper``, both audiences meeting the same worlds, and ``shared_lower``, ``shared_upper``.
    intervals : DataFrame or None
        95 % sampling intervals after propagation: ``quantity`` (reach, exclusive, incremental,
        frequency, joint), ``name`` (audience, or the number of audiences), ``value``, ``lower``,
        ``upper``. None without propagation, where the numbers are exact.
    min_cell : int
        Smallest count of users shown.
    """

    names: tuple[str, ...]
    reach: np.ndarray = field(metadata={"dtype": np.float64})
    exclusive: np.ndarray = field(metadata={"dtype": np.float64})
    incremental: np.ndarray = field(metadata={"dtype": np.float64})
    joint: float
    shared: float
    frequency: np.ndarray = field(metadata={"dtype": np.float64})
    pairs: pd.DataFrame
    min_cell: int
    manifest: Manifest
    intervals: pd.DataFrame | None = None

    def to_frame(self) -> pd.DataFrame:
        """Return one row per audience: name, reach, exclusive, incremental."""
        import pandas as pd

        columns = {name: getattr(self, name) for name in ("reach", "exclusive", "incremental")}
        return pd.DataFrame({"name": list(self.names), **columns})


def overlap(
    audiences: Mapping[str, ArrayLike],
    *,
    n_nodes: int | None = None,
    projection: Projection | None = None,
    value: ArrayLike | None = None,
    n_worlds: int = 10_000,
    min_cell: int = 0,
    rng: Any = None,
    progress: ProgressCallback | None = None,
) -> Overlap:
    """Measure how audiences overlap, as they stand or after propagation.

    Parameters
    ----------
    audiences : mapping name -> array_like
        Int rows (any integer dtype but int8, or a set), a 0/1 int8 or bool mask of shape (n_nodes,), or
        float chances in [0, 1] of shape (n_nodes,).
    n_nodes : int, optional
        Number of users, needed for rows without a projection.
    projection : Projection, optional
        With it, audiences are seeds and everything counts after propagation.
    value : array_like, shape (n_nodes,), optional
        Value per user, >= 0; default 1.
    n_worlds : int, default 10_000
        Worlds of the propagation.
    min_cell : int, default 0
        Counts of fewer users are hidden, and with them what would reveal one by a difference.
    rng : int, Generator, SeedSequence or None
    progress : callable, optional
        See `graphkit.progress`.

    Returns
    -------
    Overlap

    Raises
    ------
    InvalidParameter
        No audience, ``n_nodes`` unknown, a number out of range.
    DataInvalid
        A chance outside [0, 1], a mask of the wrong length.
    UnknownNode
        A row outside 0..n_nodes-1.

    Examples
    --------
    >>> found = overlap({"a": [0, 1, 2], "b": [2, 3]}, n_nodes=5)
    >>> found.joint, found.shared
    (4.0, 1.0)
    >>> found.to_frame().values.tolist()
    [['a', 3.0, 2.0, 3.0], ['b', 2.0, 1.0, 1.0]]
    """
    start, seed = time.perf_counter(), as_seed(rng)
    worlds, least = positive_int("n_worlds", n_worlds), positive_int("min_cell", min_cell, minimum=0)
    table = read_audiences(audiences, n_nodes, projection)
    values = check_value(value, table.n_nodes)
    items = audience_items(table, projection, values, n_worlds=worlds, seed=seed, progress=progress)
    sums = _Sums(len(table.names))
    for part in items:
        sums.add(part)
    pairs = _pairs(table.names, sums.reach, sums.both, sums.total)
    if projection is not None:
        pairs = _paired(pairs, sums.reach, sums.both, sums.square[0], sums.both_square, sums.total, sums.n_items)
    cells = Cells(sums.reach, sums.exclusive, sums.incremental, sums.joint, sums.shared, sums.frequency, pairs)
    cells = suppressed(cells, table, least)
    intervals = None if projection is None else _intervals(table.names, cells, sums.square, sums.n_items)
    request = {
        "audiences": table.digest(),
        "names": list(table.names),
        "value": None if values is None else float(values.sum()),
        "n_worlds": worlds if projection is not None else None,
        "min_cell": least,
    }
    manifest = make_manifest(
        "overlap",
        request=request,
        answer=[cells.reach.tolist(), cells.exclusive.tolist(), cells.incremental.tolist(), cells.frequency.tolist()],
        seed=seed if projection is not None else None,
        snapshot=None if projection is None else projection.snapshot_id,
        seconds=time.perf_counter() - start,
    )
    return Overlap(
        table.names, cells.reach, cells.exclusive, cells.incremental, cells.joint, cells.shared, cells.frequency, cells.pairs,
        least, manifest, intervals,
    )  # fmt: skip


class _Sums:
    """What is counted over the items of m audiences, and the squares that intervals need."""

    def __init__(self, m: int) -> None:
        self.reach, self.exclusive, self.incremental = np.zeros(m), np.zeros(m), np.zeros(m)
        self.frequency, self.both = np.zeros(m + 1), np.zeros((m, m))
        self.joint = self.shared = self.total = 0.0
        self.square, self.both_square, self.n_items = np.zeros((5, m + 1)), np.zeros((m, m)), 0

    def add(self, part: Items) -> None:
        """Count a block of items."""
        counted = (self.reach, self.exclusive, self.incremental, self.frequency, self.both)
        joint, shared, total, joint_square = overlap_kernel(
            part.indptr, part.party, part.chance, part.weight, *counted, self.square, self.both_square
        )
        self.joint, self.shared, self.total = self.joint + joint, self.shared + shared, self.total + total
        self.square[4, 0] += joint_square
        self.n_items += part.weight.size


def _intervals(names: tuple[str, ...], cells: Cells, square: np.ndarray, n_items: int) -> pd.DataFrame:
    """Intervals of sums over independent sets; what is hidden has none."""
    import pandas as pd

    m = len(names)
    told = [("reach", names, cells.reach, square[0, :m]), ("exclusive", names, cells.exclusive, square[1, :m])]
    told += [
        ("incremental", names, cells.incremental, square[2, :m]),
        ("frequency", tuple(map(str, range(m + 1))), cells.frequency, square[3]),
    ]
    told += [("joint", ("all",), np.array([cells.joint]), square[4, :1])]
    rows = []
    for quantity, labels, value, squares in told:
        half = _Z95 * np.sqrt(np.maximum(squares - value * value / max(n_items, 1), 0.0))
        rows += [
            (quantity, name, v, v - h, v + h) for name, v, h in zip(labels, value.tolist(), half.tolist(), strict=True)
        ]
    return pd.DataFrame(rows, columns=["quantity", "name", "value", "lower", "upper"])


def _paired(
    pairs: pd.DataFrame,
    reach: np.ndarray,
    both: np.ndarray,
    square: np.ndarray,
    both_square: np.ndarray,
    total: float,
    n_items: int,
) -> pd.DataFrame:
    """Difference of two reaches; every set weighs total / n_items, so its square is reach^2's plus reach^2's less twice the product's."""
    a, b = np.triu_indices(reach.size, 1)
    weight = total / max(n_items, 1)
    difference = reach[a] - reach[b]
    squares = square[a] + square[b] - 2 * weight * both[a, b]
    half = _Z95 * np.sqrt(np.maximum(squares - difference * difference / max(n_items, 1), 0.0))
    shared = both[a, b]
    wide = _Z95 * np.sqrt(np.maximum(both_square[a, b] - shared * shared / max(n_items, 1), 0.0))
    return pairs.assign(
        difference=difference,
        lower=difference - half,
        upper=difference + half,
        shared_lower=shared - wide,
        shared_upper=shared + wide,
    )


def _pairs(names: tuple[str, ...], reach: np.ndarray, both: np.ndarray, total: float) -> pd.DataFrame:
    """One row per unordered pair, in the order given."""
    import pandas as pd

    a, b = np.triu_indices(len(names), 1)
    shared, union = both[a, b], reach[a] + reach[b] - both[a, b]
    expected = reach[a] * reach[b]
    with np.errstate(divide="ignore", invalid="ignore"):
        jaccard = np.where(union > 0, shared / union, 0.0)
        lift = np.where(expected > 0, shared * total / expected, np.nan)
    label = np.asarray(names, dtype=object)
    return pd.DataFrame({"a": label[a], "b": label[b], "shared": shared, "jaccard": jaccard, "lift": lift})


@kernel
def overlap_kernel(indptr, party, chance, weight, reach, exclusive, incremental, frequency, both, square, both_square):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Add every item to the totals; return joint, shared, the total weight and the square of joint.

    ``square`` rows: reach, exclusive, incremental, frequency (m + 1 entries; the first three use m).
    """
    m = reach.size
    joint, shared, total, joint_square = 0.0, 0.0, 0.0, 0.0
    after, times = np.empty(m + 1), np.empty(m + 1)
    for i in range(weight.size):
        total += weight[i]
        first, size = indptr[i], indptr[i + 1] - indptr[i]
        after[size] = 1.0
        for k in range(size - 1, -1, -1):  # chance that none of the later ones reaches the item
            after[k] = after[k + 1] * (1 - chance[first + k])
        before, every, reached = 1.0, 1.0, 0.0
        times[0] = 1.0
        for k in range(size):
            q, c = chance[first + k], party[first + k]
            reach[c] += weight[i] * q
            incremental[c] += weight[i] * q * before
            exclusive[c] += weight[i] * q * before * after[k + 1]
            square[0, c] += (weight[i] * q) ** 2
            square[1, c] += (weight[i] * q * before * after[k + 1]) ** 2
            square[2, c] += (weight[i] * q * before) ** 2
            reached += q * before  # 1 - before has no digits left where all chances are small
            before *= 1 - q
            every *= q
            times[k + 1] = times[k] * q
            for j in range(k, 0, -1):
                times[j] = times[j] * (1 - q) + times[j - 1] * q
            times[0] *= 1 - q
            for j in range(k + 1, size):
                together = weight[i] * q * chance[first + j]
                both[c, party[first + j]] += together
                both_square[c, party[first + j]] += together * together
        for k in range(size + 1):
            frequency[k] += weight[i] * times[k]
            square[3, k] += (weight[i] * times[k]) ** 2
        joint += weight[i] * reached
        joint_square += (weight[i] * reached) ** 2
        if size == m:
            shared += weight[i] * every
    return joint, shared, total, joint_square
