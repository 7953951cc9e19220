"""What people took, as one matrix of users x items, and the tags of the items: the input of recommendations.

A person took an item when any tie says so (watched, wants, likes, rated, studied, bought). Films and
courses share one matrix: what somebody watched says what he may study. Only users who agreed to a
profile have a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from graphkit.errors import DataInvalid, InvalidParameter, UnknownNode, close_matches
from graphkit.matching.profiles import build_profiles
from graphkit.projection.consent import consent_mask

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from graphkit.matching.profiles import Profiles
    from graphkit.projection.snapshot import Snapshot

__all__ = ["ITEM_LABELS", "TASTE_TYPES", "Tastes", "item_names", "profiles_of", "read_ratings", "read_tastes"]

ITEM_LABELS = ("Course", "Film")
TASTE_TYPES = ("WATCHED", "WANTS", "LIKES", "RATED", "ENROLLED", "BOUGHT")


@dataclass(frozen=True, eq=False)
class Tastes:
    """Who took what.

    Parameters
    ----------
    users : list of str
        With consent to a profile, sorted.
    items : list of (label, id)
        Courses, then films, each sorted by id.
    taken : csr_array, shape (n_users, n_items)
        1 where any tie says so.
    tags : csr_array, shape (n_items, n_tags)
        Weights of HAS_TAG; a missing w counts 1.
    tag_ids : list of str
    """

    users: list[str]
    items: list[tuple[str, str]]
    taken: sparse.csr_array
    tags: sparse.csr_array
    tag_ids: list[str]

    def columns_of(self, label: str) -> NDArray[np.int64]:
        """Return the columns of the items of a label."""
        return np.array([i for i, (own, _) in enumerate(self.items) if own == label], np.int64)

    def rows_of(self, users: Iterable[str], snapshot: Snapshot) -> NDArray[np.int64]:
        """Return the rows of users; somebody unknown or without consent raises."""
        row = {name: i for i, name in enumerate(self.users)}
        found = []
        for name in users:
            if name not in row:
                if name in snapshot.nodes("User").row_of():
                    message = f"User {name!r} has not agreed to a profile"
                    raise InvalidParameter(
                        message, parameter="users", value=name, allowed="users with consent for 'profile'"
                    )
                message = f"there is no User {name!r} among the {len(snapshot.nodes('User')):,} in the graph"
                raise UnknownNode(
                    message, kind="User", name=name, close_matches=close_matches(name, self.users[:20_000])
                )
            found.append(row[name])
        return np.array(found, np.int64)


def read_tastes(snapshot: Snapshot) -> Tastes:
    """Return tastes and tags of a snapshot."""
    mask = consent_mask(snapshot.nodes("User"), "profile")
    users = snapshot.nodes("User").ids[mask].tolist()
    row = np.full(mask.size, -1, np.int64)
    row[mask] = np.arange(len(users))
    items, offset = list[tuple[str, str]](), dict[str, int]()
    for label in ITEM_LABELS:
        offset[label] = len(items)
        items += [(label, id_) for id_ in snapshot.nodes(label).ids.tolist()]
    rows, cols = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for type_ in TASTE_TYPES:
        for edges in snapshot.edges(type_):
            if edges.source_label == "User" and edges.target_label in offset:
                own = row[edges.source_rows]
                rows.append(own[own >= 0])
                cols.append((edges.target_rows + offset[edges.target_label])[own >= 0])
    place = np.concatenate(rows), np.concatenate(cols)
    taken = sparse.csr_array((np.ones(place[0].size), place), shape=(len(users), len(items)))
    taken.sum_duplicates()  # np.unique of the cells gives the same in thirty times the time
    taken.data[:] = 1.0
    return Tastes(users, items, taken, _tags(snapshot, offset, len(items)), snapshot.nodes("Tag").ids.tolist())


def _tags(snapshot: Snapshot, offset: dict[str, int], n_items: int) -> sparse.csr_array:
    rows, cols, values = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0)]
    for edges in snapshot.edges("HAS_TAG"):
        if edges.source_label in offset:
            rows.append(edges.source_rows + offset[edges.source_label])
            cols.append(edges.target_rows)
            values.append(np.array([1.0 if w is None else float(w) for w in edges.column("w").tolist()]))
    shape = (n_items, len(snapshot.nodes("Tag")))
    found = sparse.csr_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(cols))), shape=shape)
    found.sort_indices()
    return found


def read_ratings(snapshot: Snapshot, tastes: Tastes) -> sparse.csr_array:
    """Return ratings as shares of their scale, users x items of `tastes`; without a scale out of 5, or the largest rating."""
    user = {name: i for i, name in enumerate(tastes.users)}
    item = {name: i for i, name in enumerate(tastes.items)}
    cells: dict[tuple[int, int], float] = {}
    for edges in snapshot.edges("RATED"):
        people, things = (
            snapshot.nodes("User").ids[edges.source_rows].tolist(),
            snapshot.nodes(edges.target_label).ids[edges.target_rows].tolist(),
        )
        values, scales = edges.column("rating").tolist(), edges.column("scale_max").tolist()
        largest = max([5.0, *(float(v) for v in values if v is not None)])
        for who, what, value, scale in zip(people, things, values, scales, strict=True):
            if who in user and (edges.target_label, what) in item and value is not None:
                cells[user[who], item[edges.target_label, what]] = float(value) / float(scale or largest)
    places = sorted(cells)
    values = np.array([cells[place] for place in places])
    where = np.array(places, np.int64).reshape(-1, 2)
    return sparse.csr_array((values, (where[:, 0], where[:, 1])), shape=tastes.taken.shape)


def profiles_of(
    tastes: Tastes,
    events: pd.DataFrame | None = None,
    *,
    half_life_days: float | None = 90.0,
    event_weights: Mapping[str, float] | None = None,
) -> Profiles:
    """Return the profiles of everybody with a row, items named ``Label:id``: from events, else every taken item counts once."""
    import pandas as pd

    names = [":".join(item) for item in tastes.items]
    tags = {
        name: {
            tastes.tag_ids[t]: float(w) for t, w in zip(tastes.tags.indices[a:b], tastes.tags.data[a:b], strict=True)
        }
        for name, a, b in zip(names, tastes.tags.indptr[:-1], tastes.tags.indptr[1:], strict=True)
    }
    if events is None:
        rows = np.repeat(np.arange(len(tastes.users)), np.diff(tastes.taken.indptr))
        log = pd.DataFrame({"user": [tastes.users[i] for i in rows], "item": [names[i] for i in tastes.taken.indices]})
        return build_profiles(log, tags, users=tastes.users, tags=tastes.tag_ids, half_life_days=None)
    log = events.assign(item=item_names(tastes, events))
    return build_profiles(
        log[log.item != ""],
        tags,
        users=tastes.users,
        tags=tastes.tag_ids,
        event_weights=event_weights,
        half_life_days=half_life_days,
    )


def item_names(tastes: Tastes, events: pd.DataFrame) -> list[str]:
    """``Label:id`` of the item of each event; empty where it is neither course nor film."""
    known = set(tastes.items)
    if "item" not in events.columns:
        message = f"events have no column 'item'; they have {', '.join(map(str, events.columns))}"
        raise DataInvalid(message, source="events", rule="missing-column")
    labels: list[object] = [None] * len(events)
    if "item_label" in events.columns:
        labels = events["item_label"].astype(object).where(events["item_label"].notna(), None).tolist()
    found = []
    for label, item in zip(labels, events["item"].tolist(), strict=True):
        fits = [own for own in ITEM_LABELS if (own, str(item)) in known and (label is None or label == own)]
        if len(fits) > 1:
            message = f"events: {item!r} is the id of a {' and of a '.join(fits)}"
            raise DataInvalid(message, source="events", rule="ambiguous-item", hint="give item_label")
        found.append(f"{fits[0]}:{item}" if fits else "")
    return found
