"""Names of rows: from a row number, an id or a pair (label, id) to a row and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import refuse
from graphkit.errors import UnknownNode, close_matches
from graphkit.parts import Part

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

__all__ = ["NodeIndex", "sorted_if_set"]

_PAIR = 2  # a node named (label, id)
_LISTED = 20_000  # ids looked through for close matches


@dataclass(frozen=True, eq=False, repr=False)
class NodeIndex(Part):
    """Names of the rows.

    Parameters
    ----------
    n : int
        Number of rows.
    ids : ndarray of str objects, shape (n,), optional
        External ids; None when the rows themselves are the names (bare arrays).
    labels : ndarray of str objects, shape (n,), optional
        Label per row; None when the nodes carry none.
    """

    n: int
    ids: NDArray[np.object_] | None = field(default=None, metadata={"dtype": object})
    labels: NDArray[np.object_] | None = field(default=None, metadata={"dtype": object})

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.n

    @cached_property
    def _by_id(self) -> dict[str, int]:
        """Row of each id; an id that two labels share is left to `_by_pair`."""
        if self.ids is None:
            return {}
        found = dict(zip(self.ids.tolist(), range(self.n), strict=True))
        if len(found) < self.n:
            seen: set[str] = set()
            for name in self.ids.tolist():
                if name in seen:
                    found.pop(name, None)
                seen.add(name)
        return found

    @cached_property
    def _by_pair(self) -> dict[tuple[str, str], int]:
        if self.ids is None or self.labels is None:
            return {}
        return dict(zip(zip(self.labels.tolist(), self.ids.tolist(), strict=True), range(self.n), strict=True))

    def row(self, node: object) -> int:
        """Return the row of a row number, an id or a pair (label, id); else raise `UnknownNode`."""
        if isinstance(node, int | np.integer) and not isinstance(node, bool):
            if 0 <= int(node) < self.n:
                return int(node)
            message = f"node {int(node)} is not among the rows 0..{self.n - 1}"
            raise UnknownNode(message, kind="node", name=str(node))
        row = None
        if isinstance(node, str):
            row = self._by_id.get(node)
        elif isinstance(node, tuple) and len(node) == _PAIR:
            row = self._by_pair.get((str(node[0]), str(node[1])))
        if row is None:
            self._refuse_double(node)
            known = [] if self.ids is None else self.ids[:_LISTED].tolist()
            name = str(node[1]) if isinstance(node, tuple) and len(node) == _PAIR else str(node)
            message = f"node {node!r} is not in the projection of {self.n:,} nodes"
            raise UnknownNode(message, kind="node", name=name, close_matches=close_matches(name, known))
        return row

    def _refuse_double(self, node: object) -> None:
        """Refuse an id that several labels share: it says which node only together with its label."""
        if not isinstance(node, str) or self.ids is None or self.labels is None:
            return
        labels = self.labels[self.ids == node].tolist()
        if labels:
            message = f"id {node!r} stands for several nodes: {', '.join(labels)}"
            hint = f"name the node by label and id: ({labels[0]!r}, {node!r})"
            raise UnknownNode(message, kind="node", name=node, hint=hint)

    def rows(self, nodes: object) -> NDArray[np.int64]:
        """Return int64 rows of one node or of many (array, list, set of row numbers, ids or pairs)."""
        if isinstance(nodes, str | int | np.integer) or (isinstance(nodes, tuple) and self._is_pair(nodes)):
            return np.array([self.row(nodes)], np.int64)
        array = nodes if isinstance(nodes, np.ndarray) else None
        if array is not None and array.dtype.kind in "iu":
            flat = array.ravel().astype(np.int64)
            wrong = np.flatnonzero((flat < 0) | (flat >= self.n))
            if wrong.size:
                self.row(int(flat[wrong[0]]))
            return flat
        if array is not None and array.dtype.kind in "bf" and array.size:
            refuse("nodes", array.dtype.name, "row numbers, ids or (label, id) pairs")
        items: Iterable[object] = array.tolist() if array is not None else sorted_if_set(nodes)
        return np.array([self.row(node) for node in items], np.int64)

    def _is_pair(self, nodes: tuple[object, ...]) -> bool:
        return (
            len(nodes) == _PAIR
            and all(isinstance(part, str) for part in nodes)
            and tuple(map(str, nodes)) in self._by_pair
        )

    def id_of(self, row: int) -> str:
        """Return the id of a row; of bare arrays the row number as text."""
        return str(row) if self.ids is None else str(self.ids[row])

    def ids_of(self, rows: ArrayLike) -> list[str]:
        """Return the ids of several rows."""
        return [self.id_of(int(row)) for row in np.asarray(rows).ravel()]


def sorted_if_set(nodes: object) -> list[Any]:
    """Return the nodes as a list; a set has no order of its own, so it gets one."""
    if isinstance(nodes, set | frozenset):
        return sorted(nodes, key=lambda node: (str(type(node)), str(node)))
    if not hasattr(nodes, "__iter__"):
        refuse("nodes", nodes, "a node or a list of nodes")
    return list(nodes)
