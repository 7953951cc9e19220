"""An action log made ready: who took up which item when, in a canonical order.

Rows are sorted by (item, time, node), the earliest row of a pair (item, node) counts, and nodes
outside the graph stay in the log with row -1: they are adopters, but they explain nothing. The
order of the input rows therefore changes nothing.

Where the log tells the cause of an adoption, who passed it on or a channel that brought it, no other
neighbour is a possible cause. What their tries would have come to later is not known (they are censored), so a
try counts for the share F(gap) of successes that come within the time it had: p = successes / (tries + sum F) is
where expectation maximisation over the unseen outcomes ends, to first order in p. F is the normalised Nelson-Aalen
estimate over all tries (Aalen 1978, doi:10.1214/aos/1176344247): told causes alone are the quick ones.
A log is *traced* when it tells the cause of nearly every adoption that a neighbour may have caused; there,
whoever has no cause took the item up on his own. Elsewhere a missing cause means "not told". Its *start is seen*
when all items move in equal steps or most set out from several adopters at once: those of the first moment took the
item up on their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.diffusion.arrays import with_room
from graphkit.errors import DataInvalid
from graphkit.kernels import kernel
from graphkit.model.properties import EPOCH_UNITS
from graphkit.tabular import refuse_repeated

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.projection.projection import Projection

__all__ = ["Log", "Tries", "count_tries", "read_log", "step_length"]

NOT_TOLD, OUTSIDE = -2, -1  # causes: nothing is known, a channel or somebody outside the graph
TRACED, FEWEST = 0.9, 20  # share of told causes, and adoptions it must rest on, from which a log counts as traced
TIED = 0.1  # share of simultaneous adoptions from which equal gaps count as steps
TOGETHER = 0.5  # share of items with several adopters at the first moment beyond which it is seen who started them


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
    causes : int64 ndarray
        Row of who passed it on; `OUTSIDE` for a channel or somebody the graph does not know, `NOT_TOLD` where nothing is said.
    traced : bool
        Whether `NOT_TOLD` means that nobody passed it on.
    start_seen : bool
        Whether the adopters of the first moment, and no others, took the item up on their own.
    topics : object ndarray, shape (n_items,), optional
        Topic of each item, None where nothing is said; none at all where nobody asked for topics.
    """

    items: NDArray[Any]
    indptr: NDArray[np.int64]
    rows: NDArray[np.int64]
    times: NDArray[np.float64]
    causes: NDArray[np.int64]
    traced: bool = False
    start_seen: bool = False
    topics: NDArray[Any] | None = None

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Distinct adopters of each item."""
        return np.diff(self.indptr)

    def take(self, keep: NDArray[np.int64]) -> Log:
        """Return the log of some items only."""
        sizes = self.sizes[keep]
        indptr = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
        pick = np.repeat(self.indptr[keep] - indptr[:-1], sizes) + np.arange(indptr[-1])
        topics = None if self.topics is None else self.topics[keep]
        return replace(
            self, items=self.items[keep], indptr=indptr, rows=self.rows[pick], times=self.times[pick], causes=self.causes[pick], topics=topics
        )  # fmt: skip

    @property
    def start_known(self) -> bool:
        """Whether the log shows who took an item up on his own."""
        return self.traced or self.start_seen

    @property
    def first_moment(self) -> NDArray[np.bool_]:
        """Who adopted when the first did; every item has an adopter."""
        first: NDArray[np.bool_] = self.times == np.repeat(self.times[self.indptr[:-1]], self.sizes)
        return first

    @cached_property
    def _own(self) -> NDArray[np.bool_]:
        """Who took the item up on his own, where that shows."""
        return self.causes < 0 if self.traced else self.first_moment

    def starters(self, item: int, n_first: int, *, known: bool) -> NDArray[np.int64]:
        """Return the rows in the graph from which the item set out: those who took it up on their own, or the first ones."""
        part = slice(self.indptr[item], self.indptr[item + 1])
        rows = self.rows[part][self._own[part]] if known else self.rows[part][:n_first]
        return np.unique(rows[rows >= 0])

    def n_starters(self, n_first: int, *, known: bool) -> NDArray[np.int64]:
        """Return how many adopters of each item count as its start, whether the graph knows them or not."""
        if not known:
            return np.minimum(self.sizes, n_first)
        own = np.concatenate((np.zeros(1, np.int64), np.cumsum(self._own)))
        return np.diff(own[self.indptr])

    @property
    def pushed(self) -> NDArray[np.bool_]:
        """Which items were brought to somebody from outside: their first adopters do not tell how far they went."""
        outside = np.concatenate((np.zeros(1, np.int64), np.cumsum(self.causes == OUTSIDE)))
        return np.diff(outside[self.indptr]) > 0


@dataclass(frozen=True, eq=False)
class Tries:
    """What a log says about the arcs.

    Attributes
    ----------
    tried : float64 ndarray, shape (n_arcs,)
        Items whose source adopted before the target did, or while it never did; a share of one where the target took it from another.
    arc, group : int64 ndarray
        One entry per (adoption, possible cause): the arc, and the number of the adoption.
    n_groups : int
        Adoptions with a possible cause.
    explained : float
        Share of the later adoptions that have one.
    item_tried, item_hits : float64 ndarray, shape (n_items,)
        Arcs that each item tried, and its adoptions with a possible cause.
    """

    tried: NDArray[np.float64]
    arc: NDArray[np.int64]
    group: NDArray[np.int64]
    n_groups: int
    explained: float
    item_tried: NDArray[np.float64]
    item_hits: NDArray[np.float64]


def read_log(projection: Projection, events: Any) -> Log:
    """Check a frame with ``item``, ``node``, ``ts`` (and ``parent``, ``external`` where told) and return it in canonical order.

    Raises
    ------
    DataInvalid
        A column is missing, a value is null, ``ts`` is no time, or there is no row.
    """
    _refuse_gaps(events)
    seconds = _seconds(events["ts"])
    item, items = _codes(events["item"])
    node, names = _codes(events["node"])
    order = np.lexsort((node, seconds, item))
    earliest = np.sort(np.unique((item * np.int64(names.size) + node)[order], return_index=True)[1])
    pick = order[earliest]
    indptr = np.searchsorted(item[pick], np.arange(items.size + 1)).astype(np.int64)
    rows, causes = _rows(projection, names)[node[pick]], _causes(projection, events)[pick]
    log = Log(items, indptr, rows, seconds[pick], causes)
    return replace(log, traced=_is_traced(projection, log), start_seen=_start_seen(log))


def _refuse_gaps(events: Any) -> None:
    """Refuse a table without rows or columns, and one with empty cells in those that are needed."""
    columns = getattr(events, "columns", ())
    missing = [name for name in ("item", "node", "ts") if name not in columns]
    if missing:
        message = f"events: the column {missing[0]!r} is missing; there are {', '.join(map(str, columns)) or 'none'}"
        raise DataInvalid(message, rule="columns", hint="events need the columns item, node and ts")
    refuse_repeated(columns, ("item", "node", "ts", "parent", "external"), "events")
    if not len(events):
        message = "events: the log is empty"
        raise DataInvalid(message, rule="empty", hint="one row per adoption is needed")
    for name in ("item", "node", "ts"):
        empty = np.flatnonzero(events[name].isna().to_numpy())
        if empty.size:
            message = f"events: {name} is missing in {empty.size} rows, first in row {empty[0]}"
            raise DataInvalid(
                message,
                rule="missing",
                count=int(empty.size),
                rows=tuple((int(i), None) for i in empty[:5]),
                hint=f"drop these rows or fill {name}",
            )


def _seconds(times: Any) -> NDArray[np.float64]:
    """Return a column of seconds or datetimes as seconds."""
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(times):
        given = times.astype("int64") / EPOCH_UNITS[times.dt.unit]  # since 1970, in the unit of the column
    elif pd.api.types.is_timedelta64_dtype(times):
        given = times.dt.total_seconds()
    else:
        given = times if times.dtype.kind != "c" else times.astype(str)  # of a complex number no part is the time
    seconds: NDArray[np.float64] = pd.to_numeric(given, errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.flatnonzero(~np.isfinite(seconds))
    if wrong.size:
        message = f"events: ts is no time in {wrong.size} rows, first in row {wrong[0]}"
        raise DataInvalid(
            message,
            rule="ts",
            count=int(wrong.size),
            rows=tuple((int(i), str(times.iloc[i])) for i in wrong[:5]),
            hint="ts is seconds or a datetime",
        )
    return seconds


def _is_traced(projection: Projection, log: Log) -> bool:
    """Say whether the log tells the cause of nearly all adoptions that have an earlier adopting neighbour."""
    told = log.causes != NOT_TOLD
    if not told.any():
        return False
    untold = replace(log, causes=np.full(log.causes.size, NOT_TOLD, np.int64))
    group = np.unique(_possible_causes(projection, untold, None)[1])
    return group.size >= FEWEST and bool(told[group].mean() >= TRACED)


def _causes(projection: Projection, events: Any) -> NDArray[np.int64]:
    """Return the cause of each row of the frame."""
    causes = np.full(len(events), NOT_TOLD, np.int64)
    if "external" in events:
        causes[_yes(events["external"])] = OUTSIDE
    if "parent" in events:
        told = events["parent"].notna().to_numpy()
        if told.any():
            code, names = _codes(events["parent"][told])
            causes[told] = _rows(projection, names)[code]
    return causes


def _yes(column: Any) -> NDArray[np.bool_]:
    """Return which cells of a column say yes: True or 1, while False, 0 and an empty cell say no."""
    told = column.to_numpy(dtype=object, na_value=None)
    wrong = [row for row, cell in enumerate(told.tolist()) if not (cell is None or cell in (0, 1))]
    if wrong:
        first = column.iloc[wrong[0]]
        raise DataInvalid(
            f"events: external is {first!r} in row {wrong[0]}, neither yes nor no ({len(wrong)} such rows)",
            rule="external",
            count=len(wrong),
            rows=tuple((row, str(column.iloc[row])) for row in wrong[:5]),
            hint="external is True where a channel brought it, else False or empty",
        )
    return np.array([cell == 1 for cell in told.tolist()], np.bool_)


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
            return np.array(
                [int(x) if str(x).isdecimal() and int(x) < projection.n_nodes else -1 for x in names], np.int64
            )
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


def _start_seen(log: Log) -> bool:
    """Whether those of the first moment are the ones who took an item up on their own."""
    several = log.sizes > 1
    at_once = np.add.reduceat(log.first_moment, log.indptr[:-1]) > 1
    return step_length(log) is not None or bool(at_once[several].sum() > TOGETHER * several.sum())


def count_tries(projection: Projection, log: Log, step: float | None) -> Tries:
    """Return tries and possible causes; with a step length only adopters one step earlier can be a cause."""
    arc, group, missed, item_missed, lasting, (censored, had, needed) = _possible_causes(projection, log, step)
    inside, degree = log.rows >= 0, np.diff(projection.indptr)
    took = np.bincount(log.rows[inside], minlength=projection.n_nodes)
    tried = (np.repeat(took, degree) - missed).astype(np.float64)
    item = np.repeat(np.arange(log.sizes.size), log.sizes)
    item_tried = np.bincount(item[inside], degree[log.rows[inside]], log.sizes.size) - item_missed
    if needed.size:
        tried += np.bincount(censored, _share_in_time(had, needed, tried.sum() - needed.size), tried.size)
    known, group = np.unique(group, return_inverse=True)
    item_hits = np.bincount(item[known], minlength=log.sizes.size).astype(np.float64)
    explained = known.size / lasting if lasting else 0.0
    return Tries(tried, arc, group.astype(np.int64), known.size, explained, item_tried, item_hits)


def _share_in_time(had: NDArray[np.float64], needed: NDArray[np.float64], waiting: float) -> NDArray[np.float64]:
    """Return F at the times that censored tries had; ``waiting`` tries never saw their target adopt."""
    moments, events = np.unique(needed, return_counts=True)
    at_risk = waiting + sum(x.size - np.searchsorted(np.sort(x), moments) for x in (had, needed))
    hazard = np.cumsum(events / at_risk)
    share: NDArray[np.float64] = np.append(0.0, hazard)[np.searchsorted(moments, had, side="right")] / hazard[-1]
    return share


def _possible_causes(projection: Projection, log: Log, step: float | None) -> Any:
    """Run the kernel; in a traced log a cause that is not told is none."""
    causes = np.maximum(log.causes, OUTSIDE) if log.traced else log.causes
    length = -1.0 if step is None else step
    return _tries_kernel(projection.indptr, projection.indices, log.indptr, log.rows, log.times, causes, length)


@kernel
def _doubled(array: Any) -> Any:
    """Copy the array into one with twice the room."""
    return with_room(array, array.size, 2 * array.size)


@kernel
def _tries_kernel(indptr: Any, indices: Any, start: Any, rows: Any, times: Any, causes: Any, step: float) -> Any:
    """Collect (arc, adoption) pairs in which the source may have caused the adoption; and of told causes, what the others had tried."""
    n = indptr.size - 1
    seen, place = np.full(n, -1, np.int64), np.zeros(n, np.int64)
    # Items in which the target adopted no later than the source, or took it from another.
    missed, item_missed = np.zeros(indices.size, np.int64), np.zeros(start.size - 1, np.int64)
    arc, group, count, later = np.empty(1024, np.int64), np.empty(1024, np.int64), 0, 0
    censored, had, n_had, needed, n_needed = np.empty(1024, np.int64), np.empty(1024), 0, np.empty(1024), 0
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
                gap, cause = times[place[v]] - times[i], causes[place[v]]
                if cause != u and (gap <= 0 or cause != -2):
                    missed[j] += 1
                    item_missed[item] += 1
                    if gap > 0:
                        if n_had == had.size:
                            censored, had = _doubled(censored), _doubled(had)
                        censored[n_had], had[n_had] = j, gap
                        n_had += 1
                elif cause == u or step < 0 or gap < 1.5 * step:
                    if count == arc.size:
                        arc, group = _doubled(arc), _doubled(group)
                    arc[count], group[count] = j, place[v]
                    count += 1
                    if cause == u:
                        if n_needed == needed.size:
                            needed = _doubled(needed)
                        needed[n_needed] = gap
                        n_needed += 1
    return (
        arc[:count].copy(),
        group[:count].copy(),
        missed,
        item_missed,
        later,
        (censored[:n_had].copy(), had[:n_had].copy(), needed[:n_needed].copy()),
    )
