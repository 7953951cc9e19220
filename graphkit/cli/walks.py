"""What commands that walk all kinds of ties share: the graph with the nodes of its rows, and the query that looks one up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from graphkit.projection.projection import Projection
    from graphkit.projection.snapshot import Snapshot

__all__ = ["WAYS", "Walked", "walked_ties", "ways_params"]

WAYS = "links/ways"


@dataclass(frozen=True, eq=False)
class Walked:
    """Kinds of ties as one graph: the data, the graph, and the (label, id) of each row."""

    snapshot: Snapshot
    graph: Projection
    names: list[tuple[str, str]]

    @cached_property
    def name_of(self) -> Callable[[int], Any]:
        """The lookup of a row's name; None for one without."""
        of_label = cache(lambda label: self.snapshot.nodes(label).by_id("name"))
        return lambda row: of_label(self.names[row][0])[self.names[row][1]]


def walked_ties(snapshot: Snapshot, via: Sequence[tuple[str, float]]) -> Walked:
    """Return the graph of relationship types, each with its share of a node's chance; of all types when none is named."""
    from graphkit.cli.graphs import typed_graph

    return Walked(snapshot, *typed_graph(snapshot, [name for name, _ in via], shares=dict(via)))


def ways_params(source: tuple[str, str], target: tuple[str, str]) -> dict[str, str]:
    """Return what the query of the ties around a target is asked with."""
    return {"label": source[0], "id": source[1], "toLabel": target[0], "to": target[1]}
