"""Profiles of people over tags, made from events; who likes an item, in the same tags.

Weight of an event: kappa(kind) x 2^(-(T - ts) / h), with T the newest event (never the clock, so
the same log gives the same profile tomorrow) and half-life h. x_u = sum of weight x tag vector of
the item, at length 1; an item's audience is the weighted mean of the profiles of its people.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from graphkit.check import finite, mapping_of, non_negative, refuse
from graphkit.errors import DataInvalid, did_you_mean
from graphkit.matching.keyed import by_name, collection
from graphkit.matching.matrices import unit_rows
from graphkit.matching.records import epoch_seconds, name_column
from graphkit.results import Manifest, Result, make_manifest
from graphkit.tabular import refuse_repeated

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["EVENT_WEIGHTS", "Profiles", "build_profiles"]

DAY = 86_400.0
_LARGE, _SHIFT = 1e120, 600  # two of them may be multiplied and summed up
EVENT_WEIGHTS: dict[str, float] = {
    "exposure": 0.0, "view": 1.0, "click": 1.0, "like": 2.0, "comment": 2.0, "share": 3.0, "add_to_cart": 3.0, "purchase": 5.0,
    "refund": 0.0, "register": 1.0, "redeem": 3.0, "complete": 4.0, "survey": 0.0, "test_score": 0.0,
}  # fmt: skip
"""kappa by kind of event: a declared scale, not a measured one; `[event_weights]` of dataset.toml replaces entries."""


@dataclass(frozen=True, eq=False, repr=False)
class Profiles(Result):
    """Users x tags and items x tags, rows of length 1 or 0.

    Parameters
    ----------
    users, items, tags : tuple of str
        Sorted.
    indptr, indices, values : ndarray
        The users' rows in compressed form (see `matrix`).
    audience_indptr, audience_indices, audience_values : ndarray
        The items' audiences: weighted means of user rows, not scaled (see `audience`).
    half_life_days : float or None
        None: events do not age.
    without_events : int
        Users with a zero row because nothing is known of them.
    without_tags : int
        Events whose item carries no tag: they say nothing here.
    ignored_users : int
        Events of people who are not among the given users (no consent): left out.
    """

    users: tuple[str, ...]
    items: tuple[str, ...]
    tags: tuple[str, ...]
    indptr: np.ndarray = field(metadata={"dtype": np.int64})
    indices: np.ndarray = field(metadata={"dtype": np.int64})
    values: np.ndarray = field(metadata={"dtype": np.float64})
    audience_indptr: np.ndarray = field(metadata={"dtype": np.int64})
    audience_indices: np.ndarray = field(metadata={"dtype": np.int64})
    audience_values: np.ndarray = field(metadata={"dtype": np.float64})
    half_life_days: float | None
    without_events: int
    without_tags: int
    ignored_users: int
    manifest: Manifest

    def __len__(self) -> int:
        """Return the number of users."""
        return len(self.users)

    @property
    def matrix(self) -> sparse.csr_array:
        """Users x tags, shape (n_users, n_tags)."""
        return sparse.csr_array((self.values, self.indices, self.indptr), shape=(len(self.users), len(self.tags)))

    @property
    def audience(self) -> sparse.csr_array:
        """Items x tags, shape (n_items, n_tags)."""
        cells = (self.audience_values, self.audience_indices, self.audience_indptr)
        return sparse.csr_array(cells, shape=(len(self.items), len(self.tags)))

    def of(self, user: str) -> dict[str, float]:
        """Return the tags of one user by weight, ties by tag; empty when nothing is known."""
        if user not in self.users:
            refuse("user", user, "a user with a profile", hint=did_you_mean(user, self.users))
        row = self.users.index(user)
        at = slice(self.indptr[row], self.indptr[row + 1])
        cells = [(self.tags[i], float(v)) for i, v in zip(self.indices[at], self.values[at], strict=True)]
        return dict(sorted(cells, key=lambda cell: (-cell[1], cell[0])))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per user and tag: user, tag, weight; users by id, tags by weight."""
        import pandas as pd

        rows = np.repeat(np.arange(len(self.users)), np.diff(self.indptr))
        order = np.lexsort((self.indices, -self.values, rows))
        cells = {"user": [self.users[i] for i in rows[order]], "tag": [self.tags[i] for i in self.indices[order]]}
        return pd.DataFrame({**cells, "weight": self.values[order]})


def build_profiles(
    events: pd.DataFrame,
    item_tags: Mapping[str, Mapping[str, float]],
    *,
    users: Iterable[str] | None = None,
    tags: Iterable[str] | None = None,
    event_weights: Mapping[str, float] | None = None,
    half_life_days: float | None = 90.0,
) -> Profiles:
    """Build profiles of users and audiences of items from an event log.

    Parameters
    ----------
    events : DataFrame with user, item, optionally kind, ts (epoch seconds, dates or ISO 8601 texts), n (times, default 1)
        Row order plays no part. Without ``kind`` every event weighs 1, without ``ts`` none ages.
    item_tags : mapping item -> tag -> weight >= 0
    users : iterable of str, optional
        People who agreed to a profile; events of others are left out and counted, and users without events get a
        zero row. Default: everybody in the log.
    tags : iterable of str, optional
        Known tags; another one in ``item_tags`` is an error. Default: those of ``item_tags``.
    event_weights : mapping kind -> number >= 0, optional
        Entries that replace `EVENT_WEIGHTS`.
    half_life_days : float > 0 or None, default 90
        None: events do not age.

    Returns
    -------
    Profiles

    Raises
    ------
    InvalidParameter
        A half-life that is not above 0, a negative weight.
    DataInvalid
        A column is missing, a kind has no weight, a time or count is not a finite number, a tag is unknown or its
        weight negative; some events have a time and others none.

    Examples
    --------
    >>> import pandas as pd
    >>> log = pd.DataFrame({"user": ["u", "u"], "item": ["f", "k"], "kind": ["view", "view"], "ts": [0, 90 * 86_400]})
    >>> build_profiles(log, {"f": {"love": 1.0}, "k": {"space": 1.0}}).to_frame().round(3).values.tolist()  # 1 : 2
    [['u', 'space', 0.894], ['u', 'love', 0.447]]
    """
    start = time.perf_counter()
    if half_life_days is not None and finite("half_life_days", half_life_days) <= 0:
        refuse("half_life_days", half_life_days, "a number of days above 0, or None for no ageing")
    who, what, weight, ts = _read(events, event_weights, aged=half_life_days is not None)
    known = sorted(set(who) if users is None else set(collection("users", users)))
    items, names, vectors = _vectors(item_tags, tags)
    user_row, item_row = ({name: i for i, name in enumerate(side)} for side in (known, items))
    rows = np.array([user_row.get(user, -1) for user in who], np.int64)
    cols = np.array([item_row.get(item, -1) for item in what], np.int64)
    ours = rows >= 0
    tagged = np.append(np.diff(vectors.indptr) > 0, False)[cols]  # -1: an item nobody described
    use = ours & (cols >= 0) & (weight > 0)
    rows, cols, kept, shape = rows[use], cols[use], _tamed(weight[use]), (len(known), len(items))
    own = sparse.csr_array(_sum_cells(rows, cols, kept * _ageing(ts[use], rows, half_life_days), shape) @ vectors)
    own.sort_indices()
    x = unit_rows(own)
    y = _weighted_mean(_sum_cells(rows, cols, kept * _ageing(ts[use], cols, half_life_days), shape), x)
    request = {
        "events": [who, what, weight, ts], "item_tags": [items, names, vectors.indptr, vectors.indices, vectors.data], "users": known,
        "half_life_days": half_life_days,
    }  # fmt: skip
    manifest = make_manifest(
        "build_profiles",
        request=_digest_of(request),
        answer=[x.indptr, x.indices, x.data],
        seconds=time.perf_counter() - start,
    )
    return Profiles(
        tuple(known), tuple(items), tuple(names), x.indptr, x.indices, x.data, y.indptr, y.indices, y.data,
        None if half_life_days is None else float(half_life_days), int(np.count_nonzero(np.diff(x.indptr) == 0)),
        int(np.count_nonzero(ours & ~tagged)), int(np.count_nonzero(~ours)), manifest,
    )  # fmt: skip


def _digest_of(request: dict[str, Any]) -> dict[str, Any]:
    """Keep names and sizes in the manifest and the bulk as a digest: a log of millions of rows is no request."""
    import hashlib
    import json

    from graphkit.parts import jsonable

    text = json.dumps(jsonable({k: request[k] for k in ("events", "item_tags", "users")}), ensure_ascii=False)
    return {
        "half_life_days": request["half_life_days"],
        "n_events": len(request["events"][0]),
        "content": hashlib.sha256(text.encode()).hexdigest(),
    }


def _read(
    events: pd.DataFrame, event_weights: Mapping[str, float] | None, *, aged: bool
) -> tuple[list[str], list[str], NDArray[np.float64], NDArray[np.float64]]:
    """User, item, weight and time of each event, in an order that does not depend on that of the rows."""
    columns = list(map(str, getattr(events, "columns", ())))
    for name in ("user", "item"):
        if name not in columns:
            message = f"events have no column {name!r}; they have {', '.join(columns) or 'none'}"
            raise DataInvalid(message, source="events", rule="missing-column")
    refuse_repeated(columns, ("user", "item", "kind", "ts", "n"), "events")
    who, what = name_column(events, "user", "events"), name_column(events, "item", "events")
    weight = np.ones(len(events))
    if "kind" in events.columns:
        weight *= _kappa(name_column(events, "kind", "events"), event_weights)
    if "n" in events.columns:
        weight *= _numbers(events, "n", least=0.0)
    ts = _numbers(events, "ts", least=None) if "ts" in columns and aged and len(events) else np.zeros(len(events))
    order = sorted(range(len(who)), key=lambda i: (who[i], what[i], weight[i], ts[i]))
    return [who[i] for i in order], [what[i] for i in order], weight[order], ts[order]


def _tamed(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take a power of two from weights whose sums might overflow: rows of length 1 and means do not feel it."""
    large = weights.max(initial=0.0) > _LARGE
    return np.ldexp(weights, -_SHIFT) if large else weights


def _ageing(ts: NDArray[np.float64], group: NDArray[np.int64], half_life_days: float | None) -> NDArray[np.float64]:
    """2^(-age / h), age against the newest event of the same group: T falls out of a profile of length 1 and of a mean.

    So an old profile is never lost below the smallest number, and nobody's event moves another one's bits.
    """
    if half_life_days is None or not ts.size:
        return np.ones(ts.size)
    newest = np.full(int(group.max()) + 1, -np.inf)
    np.maximum.at(newest, group, ts)
    aged: NDArray[np.float64] = np.exp2((ts - newest[group]) / (half_life_days * DAY))
    return aged


def _numbers(events: pd.DataFrame, column: str, *, least: float | None) -> NDArray[np.float64]:
    try:
        cells, kind = events[column], getattr(events[column].dtype, "kind", "")
        if kind == "c":  # no part of a complex number is the number
            cells = cells.astype(str)
        values = (
            epoch_seconds(cells, "events")
            if kind == "M"
            else np.asarray(cells.to_numpy(dtype=np.float64, na_value=np.nan))
        )
    except (TypeError, ValueError) as error:
        if column != "ts":
            message = f"events: {column} is no number: {error}"
            raise DataInvalid(message, source="events", rule=column) from error
        values = epoch_seconds(cells, "events")
    wrong = ~np.isfinite(values) if least is None else ~(np.isfinite(values) & (values >= least))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        message = f"events row {row}: {column} is {float(values[row])!r}" + (
            "" if least is None else f", below {least:g} or no number"
        )
        hint = "give every event a time, or leave the column out and nothing ages" if column == "ts" else None
        raise DataInvalid(
            message, source="events", rule=column, count=int(wrong.sum()), rows=((row, float(values[row])),), hint=hint
        )
    return values


def _kappa(kinds: list[str], event_weights: Mapping[str, float] | None) -> NDArray[np.float64]:
    given = {} if event_weights is None else mapping_of("event_weights", event_weights, "a mapping kind -> weight")
    table = {
        **EVENT_WEIGHTS,
        **{str(k): non_negative(f"event_weights[{k!r}]", v) for k, v in given.items()},
    }
    unknown = sorted(set(kinds) - set(table))
    if unknown:
        message = f"events of the kind {unknown[0]!r} have no weight"
        row = kinds.index(unknown[0])
        raise DataInvalid(
            message,
            source="events",
            rule="kind",
            count=sum(k in unknown for k in kinds),
            rows=((row, unknown[0]),),
            hint=did_you_mean(unknown[0], table, "name its weight in event_weights"),
        )
    return np.array([table[kind] for kind in kinds])


def _vectors(item_tags: Any, tags: Iterable[str] | None) -> tuple[list[str], list[str], sparse.csr_array]:
    """Items with tags, all tags, and items x tags."""
    mapping_of("item_tags", item_tags, "a mapping item -> tag -> weight")
    given, own = by_name(item_tags, "item_tags"), dict[str, dict[str, float]]()
    for item, found in sorted(given.items(), key=lambda cell: cell[0]):
        if not isinstance(found, Mapping):
            message = f"item {str(item)!r}: its tags are {found!r}, not a mapping tag -> weight"
            raise DataInvalid(
                message,
                source="item_tags",
                rule="tags",
                rows=((str(item), repr(found)[:80]),),
                hint="write {tag: 1.0} for tags without weights",
            )
        tagged = by_name(found, f"tags of {item!r}")
        own[item] = {tag: tagged[tag] for tag in sorted(tagged)}
    used = sorted({tag for found in own.values() for tag in found})
    names = used if tags is None else sorted(set(collection("tags", tags)))
    column = {tag: i for i, tag in enumerate(names)}
    places, values, ends = list[int](), list[float](), [0]
    for item, found in own.items():
        for tag, weight in found.items():
            if tag not in column:
                message = f"item {item!r} carries the unknown tag {tag!r}"
                raise DataInvalid(
                    message, source="item_tags", rule="unknown-tag", rows=((item, tag),), hint=did_you_mean(tag, names)
                )
            try:
                values.append(non_negative("weight", weight))
            except ValueError as error:
                message = f"item {item!r}: the weight of tag {tag!r} is {weight!r}, not a number >= 0"
                raise DataInvalid(message, source="item_tags", rule="weight", rows=((item, weight),)) from error
            places.append(column[tag])
        ends.append(len(places))
    return (
        list(own),
        names,
        sparse.csr_array(
            (_tamed(np.array(values)), np.array(places, np.int64), np.array(ends, np.int64)),
            shape=(len(own), len(names)),
        ),
    )


def _sum_cells(
    rows: NDArray[np.int64], cols: NDArray[np.int64], weight: NDArray[np.float64], shape: tuple[int, int]
) -> sparse.csr_array:
    """Sum events of the same user and item; they come sorted, so the sum has one order."""
    key = rows * max(1, shape[1]) + cols
    new = np.flatnonzero(np.concatenate((np.ones(min(1, key.size), bool), key[1:] != key[:-1])))
    total = np.add.reduceat(weight, new) if new.size else np.empty(0)
    return sparse.csr_array((total, (rows[new], cols[new])), shape=shape)


def _weighted_mean(cells: sparse.csr_array, x: sparse.csr_array) -> sparse.csr_array:
    """Items x tags: sum over users of weight x profile / sum of weights."""
    total = np.asarray(cells.sum(axis=0), np.float64).ravel()
    scale = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    y = sparse.csr_array(sparse.diags_array(scale) @ cells.T @ x)
    y.sort_indices()
    return y
