"""Audiences of channels, brands, films and courses, as arrays over the users with consent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import InvalidParameter
from graphkit.model.schema import USER_TIES
from graphkit.planning.market import read_market
from graphkit.planning.people import people

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.cli.options import LabelId
    from graphkit.projection.snapshot import Snapshot

__all__ = ["AUDIENCE_LABELS", "audience_tables", "audiences_of", "channel_audiences"]

_TIES = {
    "Brand": ("FOLLOWS", "BOUGHT", "SUBSCRIBES"),
    "Film": ("WATCHED", "WANTS", "LIKES", "RATED", "BOUGHT"),
    "Course": ("ENROLLED", "BOUGHT", "LIKES", "RATED"),
}
AUDIENCE_LABELS = ("Channel", *_TIES)


def audience_tables(nodes: Sequence[LabelId], *, spread: bool) -> tuple[str, ...]:
    """Return the labels and types that the audiences of nodes, and their word of mouth, are read from."""
    labels = dict.fromkeys(node.label for node in nodes)
    ties = [name for label in labels for name in _TIES.get(label, ("REACHES", "FOLLOWS", "RUNS"))]
    return (*labels, *ties, *(USER_TIES if spread else ()))


def channel_audiences(snapshot: Snapshot, ids: Sequence[str]) -> tuple[dict[str, NDArray[Any]], int]:
    """Return chance arrays (n_users,) of the channels with a known audience, and the number of users."""
    who = people(snapshot)
    market = read_market(snapshot, who)
    chances = market.chance.tocsc()
    found = {}
    for id_ in ids:
        if id_ in market.ids:
            found[id_] = np.asarray(chances[:, [market.ids.index(id_)]].toarray(), float).ravel()
    return found, who.n


def audiences_of(snapshot: Snapshot, nodes: Sequence[LabelId]) -> tuple[dict[str, NDArray[Any]], int]:
    """Return the audience of each node, by ``Label:id``, and the number of users.

    Raises
    ------
    InvalidParameter
        A label without audience, or a node whose audience is unknown.
    """
    who = people(snapshot)
    channels, _ = channel_audiences(snapshot, [node.id for node in nodes if node.label == "Channel"])
    found: dict[str, NDArray[Any]] = {}
    for node in nodes:
        if node.label not in AUDIENCE_LABELS:
            message = f"{node}: a {node.label} has no audience; give one of {', '.join(AUDIENCE_LABELS)}"
            raise InvalidParameter(message, parameter="audience", value=str(node), allowed=AUDIENCE_LABELS)
        audience = channels.get(node.id) if node.label == "Channel" else _users_of(snapshot, node, who)
        if audience is None:
            message = f"the audience of {node} is not known"
            hint = "a channel needs REACHES rows, an audience_filter with reach_p, or followers"
            raise InvalidParameter(message, parameter="audience", value=str(node), hint=hint)
        found[str(node)] = audience
    return found, who.n


def _users_of(snapshot: Snapshot, node: LabelId, who: Any) -> NDArray[np.float64] | None:
    """Return 1 for each user tied to a brand, film or course; None when nobody is."""
    row, reached = snapshot.nodes(node.label).row_of()[node.id], np.zeros(who.n)
    for name in _TIES[node.label]:
        for edges in snapshot.edges(name):
            if (edges.source_label, edges.target_label) == ("User", node.label):
                users = who.of_table[np.asarray(edges.source_rows)[np.asarray(edges.target_rows) == row]]
                reached[users[users >= 0]] = 1.0
    return reached if reached.any() else None
