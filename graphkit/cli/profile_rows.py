"""What is told of profiles: tags of users, of an audience and of clusters, and pairs of tags that people combine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graphkit.cli.options import LabelId
    from graphkit.matching.clusters import Clusters
    from graphkit.projection.snapshot import Snapshot

__all__ = [
    "AUDIENCE_COLUMNS",
    "CLUSTER_COLUMNS",
    "COLUMNS",
    "LIFT_COLUMNS",
    "audience_rows",
    "cluster_rows",
    "lift_rows",
    "user_rows",
]

COLUMNS = ("user", "tag", "name", "weight")
CLUSTER_COLUMNS = ("cluster", "users", "tag", "name", "weight")
LIFT_COLUMNS = ("tag_a", "name_a", "tag_b", "name_b", "users", "lift")
AUDIENCE_COLUMNS = ("item", "tag", "name", "weight")


def user_rows(names: Mapping[str, Any], people: Sequence[LabelId], top: int, found: Any) -> list[dict[str, Any]]:
    """Return the heaviest tags of each user; one without consent is refused."""
    from graphkit.errors import InvalidParameter

    rows = []
    for _, user in people:
        if user not in found.users:
            message = f"User {user!r} has not agreed to a profile"
            raise InvalidParameter(message, parameter="users", value=user, allowed="users with consent for 'profile'")
        rows += [
            {"user": user, "tag": t, "name": names.get(t), "weight": round(w, 6)}
            for t, w in list(found.of(user).items())[:top]
        ]
    return rows


def audience_rows(
    snapshot: Snapshot, names: Mapping[str, Any], item: LabelId, min_cell: int, top: int, found: Any
) -> list[dict[str, Any]]:
    """Return the heaviest tags of those who took an item, none where they are too few to be told."""
    from graphkit.planning.tastes import read_tastes

    tastes = read_tastes(snapshot)
    place = {name: i for i, name in enumerate(tastes.items)}
    people = int(np.count_nonzero(tastes.taken.indices == place.get((item.label, item.id), -1)))
    if str(item) not in found.items or people < min_cell:
        return []
    row = found.audience[[found.items.index(str(item))]]
    cells = sorted(zip(row.data.tolist(), row.indices.tolist(), strict=True), key=lambda cell: (-cell[0], cell[1]))
    return [
        {"item": str(item), "tag": found.tags[i], "name": names.get(found.tags[i]), "weight": round(w, 6)}
        for w, i in cells[:top]
    ]


def lift_rows(snapshot: Snapshot, names: Mapping[str, Any], min_cell: int, top: int) -> list[dict[str, Any]]:
    """Return the pairs of tags that people combine more than chance would."""
    from graphkit.matching.lift import tag_lift
    from graphkit.planning.tastes import read_tastes

    tastes = read_tastes(snapshot)
    held = tastes.taken @ tastes.tags
    baskets = {
        user: [tastes.tag_ids[i] for i in held.indices[a:b]]
        for user, a, b in zip(tastes.users, held.indptr[:-1], held.indptr[1:], strict=True)
    }
    found = tag_lift(baskets, min_cell=min_cell, top=top)
    return [
        {"tag_a": a, "name_a": names.get(a), "tag_b": b, "name_b": names.get(b), "users": n, "lift": round(value, 6)}
        for a, b, n, value in zip(
            found.tag_a, found.tag_b, np.asarray(found.users).tolist(), np.asarray(found.lift).tolist(), strict=True
        )
    ]


def cluster_rows(
    groups: Clusters, names: Mapping[str, Any], min_cell: int, top: int, found: Any
) -> list[dict[str, Any]]:
    """Return the heaviest tags of each cluster's centre; a cluster that is too small to be told has none."""
    rows, size = [], np.bincount(groups.labels[groups.labels >= 0], minlength=groups.n_clusters)
    for c in range(groups.n_clusters):
        centre = groups.centres[c]
        best = [
            int(i)
            for i in np.lexsort((np.arange(centre.size), -centre))[:top]
            if size[c] >= min_cell and centre[i] > 1e-12
        ]
        rows += [
            {
                "cluster": c,
                "users": int(size[c]),
                "tag": found.tags[i],
                "name": names.get(found.tags[i]),
                "weight": round(float(centre[i]), 6),
            }
            for i in best
        ]
    return rows
