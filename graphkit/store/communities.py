"""Communities kept in the store as nodes, for analysts' Cypher: one Community each, its users tied by MEMBER_OF."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.model.schema import USER_TIES
from graphkit.model.tables import EdgeColumns, NodeColumns, as_column, object_array
from graphkit.store.batches import Batches
from graphkit.store.queries import load_query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graphkit.model.tables import GraphTables
    from graphkit.store.base import GraphStore

__all__ = ["KeptCommunities", "counted_over", "remove_communities", "save_communities"]

_BATCH = 10_000


def save_communities(
    store: GraphStore,
    run: str,
    users: Sequence[str],
    labels: Sequence[int],
    *,
    properties: Mapping[str, Any] | None = None,
) -> int:
    """Keep a partition of users under a run id and return the number of communities.

    Each community becomes a node ``run/number`` with its size, each user a MEMBER_OF to it. Everything is merged: the same
    run again changes nothing, and other runs stay. The communities are named last, in one transaction, so no query finds
    a run that was cut off; running it again finishes it.

    Parameters
    ----------
    store : GraphStore
    run : str
        What made the partition, for ever: its id names request, answer and data.
    users : sequence of str
        Ids.
    labels : sequence of int, one for each user
        Communities 0, 1, ..
    properties : mapping, optional
        Properties that every community of the run gets, such as ``modularity`` and those of :func:`counted_over`.

    See Also
    --------
    remove_communities
    """
    number = np.asarray(labels, dtype=np.int64)
    shared = dict(properties or {})
    groups = [
        {"id": f"{run}/{c}", "properties": {**shared, "size": int(n)}}
        for c, n in enumerate(np.bincount(number).tolist())
        if n
    ]
    members = [{"user": u, "community": f"{run}/{c}"} for u, c in zip(users, number.tolist(), strict=True)]
    query = load_query("write/communities")

    def tied(first: int, last: int) -> None:
        store.write(query, {"run": run, "communities": [], "members": members[first:last]})

    Batches(_BATCH).over(len(members), tied)
    store.write(query, {"run": run, "communities": groups, "members": []})
    return len(groups)


def counted_over(weights: Mapping[str, float], resolution: float, *, add: bool) -> dict[str, Any]:
    """Return the properties by which ``communities/modularity`` counts a run's modularity again; empty if it cannot.

    Parameters
    ----------
    weights : mapping of relationship type -> weight > 0 of one tie
        Types between users that the run looked at.
    resolution : float
    add : bool
        Whether ties of several types between two users add up; otherwise they count as one.
    """
    if not weights or not set(weights) <= set(USER_TIES):
        return {}
    return {
        **{name.lower(): float(weight) for name, weight in weights.items()},
        "resolution": float(resolution),
        "parallel_add": add,
    }


def remove_communities(store: GraphStore, run: str) -> None:
    """Remove the communities of a run; users stay, and so do communities that an experiment has drawn.

    The communities lose their names first, in one transaction, so no query finds a run that is half removed; doing it
    again finishes what was cut off.
    """
    query = load_query("write/remove_communities")
    Batches(_BATCH).until_none(lambda most: store.write(query, {"run": run, "most": most}).rows)


class KeptCommunities:
    """What the two queries keep in a store without Cypher."""

    def __init__(self) -> None:
        self._properties: dict[str, dict[str, Any]] = {}
        self._members: dict[tuple[str, str], None] = {}

    def keep(self, run: str, communities: Sequence[Mapping[str, Any]], members: Sequence[Mapping[str, Any]]) -> None:
        """Merge communities and members, as ``write/communities`` does."""
        for row in communities:
            self._properties.setdefault(row["id"], {}).update({**row["properties"], "run": run})
        self._members |= {(row["user"], row["community"]): None for row in members}

    def remove(self, run: str) -> None:
        """Forget a run, as ``write/remove_communities`` does."""
        self._properties = {name: cells for name, cells in self._properties.items() if cells["run"] != run}
        self._members = {
            pair: None for pair in self._members if pair[1] in self._properties or not pair[1].startswith(f"{run}/")
        }

    def on(self, tables: GraphTables) -> GraphTables:
        """Return the loaded tables with the communities and their members beside them."""
        if not self._properties:
            return tables
        ids, users = sorted(self._properties), tables.nodes_of("User").row_of()
        names = sorted({name for cells in self._properties.values() for name in cells})
        columns = {name: as_column([self._properties[i].get(name) for i in ids]) for name in names}
        found = NodeColumns("Community", object_array(ids), columns)
        place = found.row_of()
        rows = [(users[u], place[c]) for u, c in sorted(self._members) if u in users and c in place]
        ends = np.array(rows, dtype=np.int64).reshape(-1, 2)
        ties = EdgeColumns("MEMBER_OF", "User", "Community", ends[:, 0], ends[:, 1])
        return replace(
            tables, nodes={**tables.nodes, "Community": found}, edges=(*tables.edges, ties), _is_canonical=False
        )
