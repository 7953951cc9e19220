"""Ends of relationships that a directory does not hold itself and a store does: rows that come after the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphkit.model.tables import NodeColumns
from graphkit.store.files_settle import longer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from graphkit.store.files_table import Block

__all__ = ["add_outside"]


def add_outside(
    blocks: Sequence[Block],
    nodes: dict[str, NodeColumns],
    refused: Mapping[str, set[str]],
    ids_of: Callable[[str], Collection[str]],
) -> dict[str, int]:
    """Put the nodes of the store that relationships name and the directory lacks into `nodes`, by id alone.

    Parameters
    ----------
    blocks
        Rows of relationships.
    nodes
        Label -> nodes of the directory; those of the store come behind them.
    refused
        Label -> ids whose own rows were put aside: the store may hold an older state of them.
    ids_of
        Ids of a label in the store, asked only where an id is lacking.

    Returns
    -------
    dict
        Label -> how many nodes were put in.
    """
    wanted: dict[str, set[str]] = {}
    for block in blocks:
        for side, end in enumerate(block.spec.ends):
            labels = block.end_labels[side]
            here = {x: nodes[x].row_of().keys() | refused.get(x, set()) for x in end.labels if x in nodes}
            for row in np.flatnonzero(block.part.good).tolist():
                id_, named = block.ends[side][row], end.labels if labels is None else {labels[row]} & {*end.labels}
                if not any(id_ in here.get(label, ()) for label in named):
                    for label in named:
                        wanted.setdefault(label, set()).add(id_)
    found = {label: sorted(ids.intersection(ids_of(label))) for label, ids in sorted(wanted.items())}
    for label, ids in found.items():
        if ids:
            nodes[label] = longer(nodes.get(label, NodeColumns.empty(label)), ids, {})
    return {label: len(ids) for label, ids in found.items() if ids}
