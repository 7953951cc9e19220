"""Who can be reached: the users with consent, or the pages of a page-level plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graphkit.planning.inputs import numbers
from graphkit.projection.consent import consent_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.model.tables import NodeColumns
    from graphkit.projection.projection import Projection
    from graphkit.projection.snapshot import Snapshot

    Floats = NDArray[np.float64]

__all__ = ["People", "pages", "people", "user_column"]


@dataclass(frozen=True)
class People:
    """Nodes that can be reached: the users with consent, or the pages of a page-level plan."""

    label: str
    ids: list[str]
    row_of: dict[str, int]
    of_table: NDArray[np.int64]
    n_dropped: int

    @property
    def n(self) -> int:
        """How many there are."""
        return len(self.ids)


def people(snapshot: Snapshot) -> People:
    """Users with consent for planning, in the order of their ids (the rows of the projection)."""
    table = snapshot.nodes("User")
    agreed = consent_mask(table, "plan")
    of_table = np.where(agreed, np.cumsum(agreed) - 1, -1).astype(np.int64)
    names = [str(x) for x in table.ids[agreed].tolist()]
    return People("User", names, {x: i for i, x in enumerate(names)}, of_table, int((~agreed).sum()))


def pages(projection: Projection, table: NodeColumns) -> People:
    """Nodes of a page-level plan: rows of its projection; ``of_table`` maps rows of the Channel table."""
    names = [projection.id_of(row) for row in range(projection.n_nodes)]
    of_table = np.array([projection.row(("Channel", str(x))) for x in table.ids.tolist()], dtype=np.int64)
    return People("Channel", names, {}, of_table, 0)


def user_column(snapshot: Snapshot, who: People, name: str) -> Floats:
    """A user property in the order of ``who``; NaN where missing."""
    values = numbers(snapshot.nodes("User").column(name))
    out = np.full(who.n, np.nan)
    inside = who.of_table >= 0
    out[who.of_table[inside]] = values[inside]
    return out
