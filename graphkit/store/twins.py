"""Python twins of the named read queries, by name.

`TWINS[name](tables, params)` returns the rows the Cypher file of that name returns on a store with the same content: the same columns in the
same order, floats to the digits the file rounds to. Both are held to the same golden rows. A test fails when a read query has no twin.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphkit.model.tables import GraphTables
from graphkit.store.twin_graph import Row, TwinGraph
from graphkit.store.twins_alike import ALIKE
from graphkit.store.twins_channels import CHANNELS
from graphkit.store.twins_communities import COMMUNITIES
from graphkit.store.twins_experiments import EXPERIMENTS
from graphkit.store.twins_links import LINKS
from graphkit.store.twins_match import MATCH
from graphkit.store.twins_partners import PARTNERS
from graphkit.store.twins_recommend import RECOMMEND
from graphkit.store.twins_rules import RULES
from graphkit.store.twins_told import TOLD

__all__ = ["TWINS", "Twin"]

Twin = Callable[[GraphTables, dict[str, Any]], list[Row]]


def _on_tables(twin: Callable[[TwinGraph, dict[str, Any]], list[Row]]) -> Twin:
    def run(tables: GraphTables, params: dict[str, Any]) -> list[Row]:
        return twin(TwinGraph(tables), params)

    run.__doc__ = twin.__doc__
    run.__name__ = twin.__name__
    return run


TWINS: dict[str, Twin] = {
    name: _on_tables(twin)
    for part in (CHANNELS, PARTNERS, MATCH, ALIKE, LINKS, TOLD, RECOMMEND, RULES, EXPERIMENTS, COMMUNITIES)
    for name, twin in part.items()
}
