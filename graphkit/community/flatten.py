"""One weighted graph out of several kinds of ties, on purpose and on record.

Communities live on one graph. Ties of several types are laid on top of each other with a *share* of the
total weight each, whatever their number: a million follows do not drown a thousand friendships. Two
labels joined by one type become ties between nodes of the first: two nodes that share a third of
degree d are tied by 1 / (d - 1) (Newman 2001), so a node shared by everybody says almost nothing.

References
----------
Newman (2001), https://doi.org/10.1103/PhysRevE.64.016132
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from graphkit.community.flattening import Flattening
from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.model.schema import TYPES
from graphkit.projection.arrays import from_rows
from graphkit.projection.biadjacency import biadjacency
from graphkit.projection.build import project
from graphkit.projection.nodes import NodeIndex

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graphkit.projection.projection import Projection
    from graphkit.projection.snapshot import Snapshot

__all__ = ["Flattening", "flatten_bipartite", "flatten_types"]

_MOST_PAIRS = 20_000_000


def flatten_types(
    snapshot: Snapshot, labels: Sequence[str], shares: Mapping[str, float], *, purpose: str = "plan"
) -> tuple[Projection, Flattening]:
    """Lay relationship types on top of each other, each with its share of the total weight.

    Parameters
    ----------
    snapshot : Snapshot
    labels : sequence of str
        Labels of the nodes.
    shares : mapping type -> share
        Shares > 0, in any unit.
    purpose : str
        As in :func:`graphkit.projection.build.project`.

    Raises
    ------
    InvalidParameter
        No type, or a share that is not a positive number.
    DataInvalid
        None of the types joins nodes of these labels.
    """
    wrong = {name: share for name, share in shares.items() if not (math.isfinite(share) and share > 0)}
    if wrong or not shares:
        message = f"shares of relationship types must be numbers > 0, got {wrong or 'none'}"
        raise InvalidParameter(message, parameter="types", value=dict(wrong), allowed="> 0")
    ties = {name: _ties(snapshot, labels, name, purpose) for name in shares}
    used = {name: count for name, count in ties.items() if count}
    if not used:
        message = f"no relationship of type {', '.join(shares)} joins nodes of {', '.join(labels)}"
        raise DataInvalid(message, rule="no_ties", hint="graphkit check DIR lists what a directory holds")
    total, whole = sum(used.values()), sum(shares[name] for name in used)
    weights = {name: shares[name] / whole / count * total for name, count in used.items()}
    graph = project(snapshot, label=tuple(labels), types=tuple(used), weight=weights, purpose=purpose)
    return graph, Flattening("types", tuple(used), tuple(used.values()), tuple(weights.values()), None)


def flatten_bipartite(
    snapshot: Snapshot, label: str, through: str, types: Sequence[str] = (), *, purpose: str = "plan"
) -> tuple[Projection, Flattening]:
    """Tie nodes of a label that share nodes of another: the weight is the sum of 1 / (d - 1) over what they share.

    Parameters
    ----------
    snapshot : Snapshot
    label, through : str
        Nodes that are kept, and nodes that become ties.
    types : sequence of str
        Relationship types between the two; default all that join them.
    purpose : str
        What users must have consented to.

    Raises
    ------
    InvalidParameter
        More than 20 million pairs would be tied: the labels belong in one graph together then.
    DataInvalid
        Nothing joins the two labels.
    """
    names = tuple(types) or tuple(name for name, kind in TYPES.items() if not kind.written)
    found = {name: biadjacency(snapshot, label, name, through, purpose=purpose) for name in names}
    used = {name: cells for name, cells in found.items() if cells.indices.size}
    if not used:
        message = f"nothing joins {label} and {through}" + (f" by {', '.join(types)}" if types else "")
        raise DataInvalid(message, rule="no_ties", hint="graphkit check DIR lists what a directory holds")
    joint: Any = sum((cells.to_scipy() for cells in used.values()), start=csr_array(next(iter(used.values())).shape))
    joint.data[:] = 1.0  # joined by two types is joined
    degree = np.bincount(joint.indices, minlength=joint.shape[1])
    pairs = int((degree * (degree - 1) // 2).sum())
    if pairs > _MOST_PAIRS:
        message = f"sharing {through} would tie {pairs:,} pairs of {label}, more than {_MOST_PAIRS:,}"
        hint = f"take both labels into one graph: --nodes {label} --nodes {through}"
        raise InvalidParameter(message, parameter="bipartite", value=pairs, allowed=_MOST_PAIRS, hint=hint)
    scaled = joint * np.divide(1.0, degree - 1, out=np.zeros(degree.size), where=degree > 1)
    upper = (scaled @ joint.T).tocoo()
    keep = (upper.row < upper.col) & (upper.data > 0)
    ids = next(iter(used.values())).row_ids
    nodes = NodeIndex(ids.size, ids, np.full(ids.size, label, dtype=object))
    graph = from_rows(
        upper.row[keep], upper.col[keep], nodes, weight=upper.data[keep], directed=False, snapshot=snapshot
    )
    ties = tuple(int(cells.indices.size) for cells in used.values())
    return graph, Flattening("bipartite", tuple(used), ties, (1.0,) * len(used), through)


def _ties(snapshot: Snapshot, labels: Sequence[str], name: str, purpose: str) -> int:
    """Arcs that one type alone gives, each direction once."""
    return project(snapshot, label=tuple(labels), types=(name,), purpose=purpose).n_arcs
