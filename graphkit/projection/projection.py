"""The frozen in-memory view that every algorithm runs on: compressed rows of arcs, probabilities, ids.

Arcs are sorted by (source row, target row), each ordered pair at most once. Self-loops are not
among the arcs: they change no diffusion. They are kept beside them (`loop_rows`, `loop_weight`),
because a random walk does stay where it is and because they count in the in-degree of a
weighted cascade.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphkit.check import one_of, refuse
from graphkit.parts import Part
from graphkit.projection.keys import edge_keys, node_hashes, position_hashes
from graphkit.projection.nodes import NodeIndex  # noqa: TC001  read when a document is turned back into a Projection
from graphkit.projection.probability import RULES, per_row, trivalency, weighted_cascade
from graphkit.projection.sorting import transposed
from graphkit.tabular import to_arrow

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Projection", "ReverseView", "check_projection"]

_COUNTED = 1 << 24  # arcs counted at once: bincount makes int64 of them all


class ReverseView(NamedTuple):
    """In-arcs by target row: `indices` are source rows, `arc` the position of the same arc forward."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    arc: NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Projection(Part):
    """Immutable arcs of one graph, in rows sorted by source and, inside, by target.

    Parameters
    ----------
    indptr : ndarray of int64, shape (n_nodes + 1,)
        Row i holds the arcs `indptr[i] : indptr[i + 1]`.
    indices : ndarray of int32, shape (n_arcs,)
        Target rows, strictly rising inside a row.
    probability : ndarray of float64, shape (n_arcs,), optional
        Chance in [0, 1] that an active source activates the target; None = not given.
    weight : ndarray of float64, shape (n_arcs,), optional
        Weight >= 0 of each arc for random walks; None = all 1.
    nodes : NodeIndex
        Names of the rows.
    loop_rows, loop_weight : ndarray, shape (number of nodes with a self-loop,)
        Rows with a self-loop and their weights (None when `weight` is None).
    n_self_loops, n_duplicates : int
        Input rows that were self-loops; input arcs that were merged into another one.
    without_consent : float
        Share of the nodes that were dropped for want of consent, in [0, 1].
    source_id : str, optional
        Digest of the snapshot the arcs come from; None for bare arrays.
    snapshot : Snapshot, optional
        The columns the arcs come from, so that a plan can be made from what `read_files` returned.
    """

    indptr: NDArray[np.int64] = field(metadata={"dtype": np.int64})
    indices: NDArray[np.int32] = field(metadata={"dtype": np.int32})
    probability: NDArray[np.float64] | None = field(metadata={"dtype": np.float64})
    weight: NDArray[np.float64] | None = field(metadata={"dtype": np.float64})
    nodes: NodeIndex
    loop_rows: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64), metadata={"dtype": np.int64})
    loop_weight: NDArray[np.float64] | None = field(default=None, metadata={"dtype": np.float64})
    n_self_loops: int = 0
    n_duplicates: int = 0
    without_consent: float = 0.0
    source_id: str | None = None
    snapshot: Any = field(default=None, metadata={"json": False})

    def __post_init__(self) -> None:
        """Check lengths, order and ranges, then make every array read-only."""
        n, m = self.n_nodes, self.n_arcs
        rising = self.indptr.shape == (n + 1,) and self.indptr[0] == 0 and self.indptr[-1] == m
        if not rising or (np.diff(self.indptr) < 0).any():
            refuse("indptr", self.indptr.shape, f"{n + 1} rising positions from 0 to {m}")
        if m and not (int(self.indices.min()) >= 0 and int(self.indices.max()) < n):
            refuse("indices", int(self.indices.max()), f"rows in 0..{n - 1}")
        for name, values in (("probability", self.probability), ("weight", self.weight)):
            if values is not None and values.shape != (m,):
                refuse(name, values.shape, f"an array of shape ({m},), one value per arc")
        super().__post_init__()

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return self.nodes.n

    @property
    def n_arcs(self) -> int:
        """Number of distinct arcs, self-loops not counted."""
        return int(self.indices.size)

    def __repr__(self) -> str:
        """Return one line."""
        p = "none" if self.probability is None else f"mean {self.probability.mean():.4g}" if self.n_arcs else "empty"
        return f"Projection(n_nodes={self.n_nodes:,}, n_arcs={self.n_arcs:,}, probability={p}, self_loops={self.n_self_loops:,})"

    @cached_property
    def sources(self) -> NDArray[np.int32]:
        """Source row of every arc, shape (n_arcs,)."""
        return np.repeat(np.arange(self.n_nodes, dtype=np.int32), np.diff(self.indptr))

    @cached_property
    def out_degree(self) -> NDArray[np.int64]:
        """Number of out-arcs per node, self-loops not counted."""
        return np.diff(self.indptr)

    @cached_property
    def in_degree(self) -> NDArray[np.int64]:
        """Number of in-arcs per node, a self-loop counted once."""
        degree = np.zeros(self.n_nodes, np.int64)
        for first in range(0, self.n_arcs, _COUNTED):
            degree += np.bincount(self.indices[first : first + _COUNTED], minlength=self.n_nodes)
        degree[self.loop_rows] += 1
        return degree

    @cached_property
    def node_key(self) -> NDArray[np.uint64]:
        """Stable 64-bit hash of each node's label and id, shape (n_nodes,)."""
        if self.nodes.ids is None:
            return position_hashes(self.n_nodes)
        return node_hashes(self.nodes.labels, self.nodes.ids)

    @cached_property
    def edge_key(self) -> NDArray[np.uint64]:
        """Stable 64-bit hash of each arc's two ends, shape (n_arcs,); no row number enters."""
        return edge_keys(self.node_key[self.sources], self.node_key[self.indices])

    @cached_property
    def reverse(self) -> ReverseView:
        """In-arcs of every node in canonical order (by source row), built once on demand."""
        return ReverseView(*transposed(self.indptr, self.indices, self.n_nodes))

    @cached_property
    def snapshot_id(self) -> str:
        """Digest of what the arcs were made of: the snapshot's content, or the arrays themselves."""
        if self.source_id is not None:
            return self.source_id
        digest = hashlib.sha256(f"graphkit arrays 1;{self.n_nodes};".encode())
        for values in (self.indptr, self.indices, self.probability, self.weight, self.loop_rows, self.loop_weight):
            digest.update(
                b"-" if values is None else f"{values.size};".encode() + np.ascontiguousarray(values).tobytes()
            )
        if self.nodes.ids is not None:
            digest.update(np.ascontiguousarray(self.node_key).tobytes())
        return digest.hexdigest()

    def with_probability(self, spec: object) -> Projection:
        """Return the same arcs with other probabilities.

        Parameters
        ----------
        spec : float, array of shape (n_arcs,), "weighted_cascade", "trivalency" or None
            A number for every arc; one value per arc in row order; 1 / in-degree of the target;
            one of .1, .01, .001 drawn by the arc's key; None takes the probabilities away.

        Raises
        ------
        InvalidParameter
            A value is NaN or outside [0, 1], the length differs from `n_arcs`, or the word is unknown.
        """
        if isinstance(spec, str):
            word = one_of("probability", spec, RULES)
            by_degree = word == "weighted_cascade"
            chance = weighted_cascade(self.in_degree, self.indices) if by_degree else trivalency(self.edge_key)
            return replace(self, probability=chance)
        return replace(self, probability=None if spec is None else per_row(spec, self.n_arcs))

    def row(self, node: object) -> int:
        """Return the row of a node given as row number, id or (label, id); else raise `UnknownNode`."""
        return self.nodes.row(node)

    def rows(self, nodes: object) -> NDArray[np.int64]:
        """Return the rows of one or many nodes; an unknown one raises `UnknownNode`."""
        return self.nodes.rows(nodes)

    def id_of(self, row: int) -> str:
        """Return the id of a row."""
        return self.nodes.id_of(row)

    def to_networkx(self) -> nx.MultiDiGraph[Any]:
        """Return a MultiDiGraph with attributes `p` and `weight`; nodes are ids, or row numbers of bare arrays."""
        from graphkit.projection.networkx_out import to_networkx

        return to_networkx(self)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per arc: `source`, `target`, and `probability`, `weight` where given."""
        import pandas as pd

        ids = self.nodes.ids
        ends = [self.sources, self.indices] if ids is None else [ids[self.sources], ids[self.indices]]
        columns: dict[str, Any] = {"source": ends[0], "target": ends[1]}
        columns |= {k: v for k, v in (("probability", self.probability), ("weight", self.weight)) if v is not None}
        return pd.DataFrame(columns)

    def to_arrow(self) -> pa.Table:
        """Return :meth:`to_frame` as an Arrow table."""
        return to_arrow(self.to_frame())


def check_projection(given: object, name: str = "p") -> None:
    """Refuse what is no graph of ours, such as a NetworkX graph or a matrix."""
    if not isinstance(given, Projection):
        hint = "from_arrays(...) and from_networkx(...) make one"
        refuse(name, type(given).__name__, "a Projection", hint=hint)
