"""An action log made ready: who took up which item when, in a canonical order.

Rows are sorted by (item, time, node), the earliest row of a pair (item, node) counts, and nodes
outside the graph stay in the log with row -1: they are adopters, but they explain nothing. The
order of the input rows therefore changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.coins import kernel
from graphkit.errors import DataInvalid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.projection.projection import Projection

__all__ = ["Log", "Tries", "count_tries", "read_log", "step_length"]

TIED = 0.1  # share of simultaneous adoptions from which equal gaps count as steps


@dataclass(frozen=True, eq=False)
class Log:
    """Adoptions by item.

    Attributes
    ----------
    items : object ndarray, shape (n_items,)
        The items as given, ascending.
    indptr : int64 ndarray, shape (n_items + 1,)
    rows : int64 ndarray
        Row in the projection, -1 outside it.
    times : float64 ndarray
    """

    items: NDArray[Any]
    indptr: NDArray[np.int64]
    rows: NDArray[np.int64]
    times: NDArray[np.float64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Distinct adopters of each item."""
        return np.diff(self.indptr)

    def take(self, keep: NDArray[np.int64]) -> Log:
        """Return the log of some items only."""
        sizes = self.sizes[keep]
        indptr = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
        pick = np.repeat(self.indptr[keep] - indptr[:-1], sizes) + np.arange(indptr[-1])
        return Log(self.items[keep], indptr, self.rows[pick], self.times[pick])


@dataclass(frozen=True, eq=False)
class Tries:
    """What a log says about the arcs.

    Attributes
    ----------
    tried : float64 ndarray, shape (n_arcs,)
        Items whose source adopted before the target did, or while it never did.
    arc, group : int64 ndarray
        One entry per (adoption, possible cause): the arc, and the number of the adoption.
    n_groups : int
        Adoptions with a possible cause.
    explained : float
        Share of the later adoptions that have one.
    """

    tried: NDArray[np.float64]
    arc: NDArray[np.int64]
    group: NDArray[np.int64]
    n_groups: int
    explained: float


def read_log(projection: Projection, events: Any) -> Log:
    """Check a frame with ``item``, ``node``, ``ts`` and return it in canonical order.

    Raises
    ------
    DataInvalid
        A column is missing, a value is null, ``ts`` is no time, or there is no row.
    """
    import pandas as pd

    columns = getattr(events, "columns", ())
    missing = [name for name in ("item", "node", "ts") if name not in columns]
    if missing:
        message = f"events: the column {missing[0]!r} is missing; there are {', '.join(map(str, columns)) or 'none'}"
        raise DataInvalid(message, rule="columns", hint="events need the columns item, node and ts")
    if not len(events):
        message = "events: the log is empty"
        raise DataInvalid(message, rule="empty", hint="one row per adoption is needed")
    for name in ("item", "node", "ts"):
        empty = np.flatnonzero(events[name].isna().to_numpy())
        if empty.size:
            message = f"events: {name} is missing in {empty.size} rows, first in row {empty[0]}"
            raise DataInvalid(message, rule="missing", count=int(empty.size), rows=tuple((int(i), None) for i in empty[:5]), hint=f"drop these rows or fill {name}")
    times = events["ts"]
    if pd.api.types.is_datetime64_any_dtype(times):
        times = times.astype("int64") / 1e9
    seconds = pd.to_numeric(times, errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.flatnonzero(~np.isfinite(seconds))
    if wrong.size:
        message = f"events: ts is no time in {wrong.size} rows, first in row {wrong[0]}"
        raise DataInvalid(message, rule="ts", count=int(wrong.size), rows=tuple((int(i), str(events["ts"].iloc[i])) for i in wrong[:5]), hint="ts is seconds or a datetime")
    item, items = _codes(events["item"])
    node, names = _codes(events["node"])
    order = np.lexsort((node, seconds, item))
    item, node, seconds = item[order], node[order], seconds[order]
    first = np.sort(np.unique(item * np.int64(names.size) + node, return_index=True)[1])
    item, node, seconds = item[first], node[first], seconds[first]
    indptr = np.searchsorted(item, np.arange(items.size + 1)).astype(np.int64)
    return Log(items, indptr, _rows(projection, names)[node], seconds)


def _codes(column: Any) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return the place of each value among the ascending distinct values, and these."""
    values = column.to_numpy()
    if values.dtype.kind not in "iuf":
        text = np.asarray([str(x) for x in values.tolist()], dtype=object)
        _, first, code = np.unique(text.astype(str), return_index=True, return_inverse=True)
        return code.astype(np.int64), np.asarray(values, dtype=object)[first]
    known, code = np.unique(values, return_inverse=True)
    return code.astype(np.int64), known


def _rows(projection: Projection, names: NDArray[Any]) -> NDArray[np.int64]:
    """Return the row of each name, -1 where the graph does not know it."""
    ids = projection.nodes.ids
    if ids is None:
        if names.dtype.kind not in "iuf":
            return np.array([int(x) if str(x).isdigit() and int(x) < projection.n_nodes else -1 for x in names], np.int64)
        inside = (names >= 0) & (names < projection.n_nodes) & (names == np.floor(names))
        return np.where(inside, names, -1).astype(np.int64)
    place = dict(zip(map(str, ids.tolist()), range(projection.n_nodes), strict=True))
    return np.array([place.get(str(x), -1) for x in names.tolist()], np.int64)


def step_length(log: Log) -> float | None:
    """Return the length of a step when all items move in equal steps, else None (continuous time).

    Equal gaps alone are no proof: a log whose times are row numbers has them too. Steps also show in
    several adopters at one time, so a share of `TIED` of the adoptions must be simultaneous.
    """
    gaps = np.diff(log.times)
    inside = np.ones(gaps.size, np.bool_)
    inside[log.indptr[1:-1] - 1] = False
    gaps = gaps[inside]
    if not gaps.size or (gaps == 0).mean() < TIED:
        return None
    gaps = gaps[gaps > 0]
    return float(gaps[0]) if gaps.size and np.ptp(gaps) <= 1e-9 * abs(gaps[0]) else None


def count_tries(projection: Projection, log: Log, step: float | None) -> Tries:
    """Return tries and possible causes; with a step length only adopters one step earlier can be a cause."""
    length = -1.0 if step is None else step
    arc, group, missed, lasting = _tries_kernel(projection.indptr, projection.indices, log.indptr, log.rows, log.times, length)
    took = np.bincount(log.rows[log.rows >= 0], minlength=projection.n_nodes)
    tried = np.repeat(took, np.diff(projection.indptr)) - missed
    known, group = np.unique(group, return_inverse=True)
    return Tries(tried.astype(np.float64), arc, group.astype(np.int64), known.size, known.size / lasting if lasting else 0.0)


@kernel
def _tries_kernel(indptr: Any, indices: Any, start: Any, rows: Any, times: Any, step: float) -> Any:
    """Collect (arc, adoption) pairs in which the source may have caused the adoption."""
    n = indptr.size - 1
    seen, place = np.full(n, -1, np.int64), np.zeros(n, np.int64)
    missed = np.zeros(indices.size, np.int64)  # items in which the target adopted no later than the source
    arc, group, count, later = np.empty(1024, np.int64), np.empty(1024, np.int64), 0, 0
    for item in range(start.size - 1):
        for i in range(start[item], start[item + 1]):
            later += times[i] > times[start[item]]
            if rows[i] >= 0:
                seen[rows[i]], place[rows[i]] = item, i
        for i in range(start[item], start[item + 1]):
            u = rows[i]
            if u < 0:
                continue
            for j in range(indptr[u], indptr[u + 1]):
                v = indices[j]
                if seen[v] != item:
                    continue
                gap = times[place[v]] - times[i]
                if gap <= 0:
                    missed[j] += 1
                elif step < 0 or gap < 1.5 * step:
                    if count == arc.size:
                        arc, group = np.append(arc, arc), np.append(group, group)
                    arc[count], group[count] = j, place[v]
                    count += 1
    return arc[:count].copy(), group[:count].copy(), missed, later
