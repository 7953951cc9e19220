"""Experiments kept in the store as nodes, for analysts' Cypher: arms, the communities drawn into them, their members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphkit.store.batches import Batches
from graphkit.store.queries import load_query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphkit.store.base import GraphStore

__all__ = ["save_experiment"]

_BATCH = 10_000
ARMS = ("control", "treatment")


def save_experiment(store: GraphStore, design: dict[str, Any], users: Sequence[str], *, plan: str | None = None) -> str:
    """Keep a design (`ExperimentDesign.to_dict()`) as nodes and return its id; the same design again changes nothing.

    Parameters
    ----------
    store
        A store with Cypher.
    design
        The design as JSON.
    users
        Ids of its rows.
    plan
        Id of the plan it tests; only one that is in the store as nodes is tied.

    Notes
    -----
    Where a saturation below 1 leaves users of a treated community untreated, the arm is the community's.
    """
    name = f"E-{design['manifest']['digest'][:8]}"
    treated = design["treated_clusters"]
    arms = [
        {"id": f"{name}/{arm}", "properties": {"name": arm, "share": s}}
        for arm, s in zip(ARMS, (1 - design["share"], design["share"]), strict=True)
    ]
    size = [0] * design["n_clusters"]
    for cluster in design["cluster"]:
        size[cluster] += 1
    communities = [
        {"id": f"{name}/{c}", "arm": f"{name}/{ARMS[bool(treated[c])]}", "properties": {"size": n, "run": name}}
        for c, n in enumerate(size)
    ]
    members = [{"user": u, "community": f"{name}/{c}"} for u, c in zip(users, design["cluster"], strict=True)]
    text = f"clusters of friends, saturation {design['saturation']:g}"
    properties = {"design": text, "theta": design["theta"], "power": design["power"], "mde": design["mde"]}
    query = load_query("write/experiment")
    shared = {"experiment": name, "properties": properties, "arms": arms, "plan": plan or ""}

    def tied(first: int, last: int) -> None:
        store.write(query, {**shared, "arms": [], "communities": [], "members": members[first:last]})

    Batches(_BATCH).over(len(members), tied)
    store.write(query, {**shared, "communities": communities, "members": []})
    return name
