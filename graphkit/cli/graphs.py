"""Graphs that commands run on, made from the snapshot of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import numpy as np

from graphkit.cli.group import unknown_word
from graphkit.errors import DataInvalid, UnknownNode, close_matches
from graphkit.model.schema import LABELS, TYPES, USER_TIES
from graphkit.projection.unknown import unknown_node

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from graphkit.cli.context import App
    from graphkit.cli.options import LabelId
    from graphkit.projection.projection import Projection
    from graphkit.projection.snapshot import Snapshot

__all__ = [
    "check_labels",
    "check_node",
    "check_types",
    "graph_tables",
    "inhabited_graph",
    "propagation_graph",
    "seed_rows",
    "typed_graph",
    "walk_tables",
]


def check_labels(labels: Iterable[str], option: str = "--nodes") -> tuple[str, ...]:
    """Return the labels that an option names, or say which one does not exist."""
    return _known(labels, option, "label", LABELS)


def check_types(types: Iterable[str], option: str = "--via") -> tuple[str, ...]:
    """Return the relationship types that an option names, or say which one does not exist."""
    return _known(types, option, "relationship type", TYPES)


def _known(names: Iterable[str], option: str, what: str, known: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names, or refuse the first unknown one as click refuses a value."""
    found = tuple(names)
    for name in found:
        if name not in known:
            raise click.BadParameter(unknown_word(name, what, known), param_hint=f"'{option}'")
    return found


def check_node(snapshot: Snapshot, node: LabelId) -> LabelId:
    """Return the node, or raise `UnknownNode` with close ids."""
    known = snapshot.nodes(node.label)
    if node.id not in known.row_of():
        raise unknown_node(known, node.id)
    return node


def propagation_graph(
    snapshot: Snapshot,
    nodes: Sequence[str],
    via: Sequence[str],
    probability: str | float | None,
    *,
    weight: str | None = None,
) -> Projection:
    """Return the graph on which things are passed on.

    Parameters
    ----------
    snapshot : Snapshot
        Columns of the store.
    nodes, via : sequence of str
        Labels and relationship types; nothing given means users and the ties between them.
    probability : str, float or None
        As `--probability`; ``none`` means that nothing is passed on.
    weight : str, optional
        Property that holds a weight.
    """
    from graphkit.projection.build import project

    if via and not nodes:
        nodes = sorted(
            {
                label
                for name in check_types(via)
                for edges in snapshot.edges(name)
                for label in (edges.source_label, edges.target_label)
            }
        )
    labels = check_labels(nodes) or ("User",)
    types = check_types(via) or (USER_TIES if labels == ("User",) else _types_between(snapshot, labels))
    spec: Any = 0.0 if probability == "none" else probability
    return project(
        snapshot, label=labels[0] if len(labels) == 1 else labels, types=types, probability=spec, weight=weight
    )


def inhabited_graph(
    app: App, nodes: Sequence[str], via: Sequence[str], probability: str | float, min_evidence: str | None
) -> tuple[Snapshot, Projection]:
    """Return the data and the graph that the options of a command ask for; a graph without nodes is refused."""
    learned = probability == "learned"
    snapshot = app.strong_snapshot(min_evidence, reads=graph_tables(nodes, via, learned=learned), learned=learned)
    return snapshot, _inhabited(propagation_graph(snapshot, nodes, via, probability), snapshot, nodes)


def graph_tables(nodes: Sequence[str], via: Sequence[str], *, learned: bool = False) -> tuple[str, ...] | None:
    """Return the labels and types that a graph asked for by ``--nodes`` and ``--via`` is read from; None where any may be."""
    if learned:
        return "INFLUENCES", *nodes
    return (*nodes, *via) if via else None if nodes else USER_TIES


def walk_tables(types: Sequence[str]) -> tuple[str, ...] | None:
    """Return the labels and types that a walk along some types is read from; None where it is all."""
    return (*LABELS, *types) if types else None


def _types_between(snapshot: Snapshot, labels: Sequence[str]) -> tuple[str, ...]:
    """Name the types that join nodes of these labels in the store."""
    return tuple(
        name
        for name, kind in TYPES.items()
        if not kind.written
        and any(
            edges.source_label in labels and edges.target_label in labels and len(edges)
            for edges in snapshot.edges(name)
        )
    )


def _inhabited(graph: Projection, snapshot: Snapshot, labels: Sequence[str]) -> Projection:
    """Return the graph, or say why nobody is in it and what to do."""
    if graph.n_nodes:
        return graph
    wanted = tuple(labels) or ("User",)
    there = sum(len(snapshot.nodes(label)) for label in wanted)
    if there:
        raise DataInvalid(
            f"none of the {there:,} users in the store has agreed to be part of a plan",
            rule="consent",
            hint="state consent = true of those who did, and load them: graphkit load DIR",
        )
    raise DataInvalid(
        f"the store holds no {' or '.join(wanted)} yet",
        rule="empty",
        hint="load data first: graphkit load DIR, or try graphkit demo",
    )


def seed_rows(
    graph: Projection, seeds: Sequence[str], snapshot: Snapshot, labels: Sequence[str] = ()
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the rows of seeds given as ids or ``LABEL:ID``; one that is not in the graph is named with the reason."""
    rows = []
    for seed in seeds:
        label, mark, rest = seed.partition(":")
        pair = (label, rest) if mark and label in LABELS else None
        try:
            rows.append(graph.row(seed if pair is None else pair))
        except UnknownNode:
            wanted = (pair[0],) if pair else tuple(labels) or ("User",)
            raise _no_seed(seed if pair is None else rest, wanted, snapshot) from None
    return np.array(rows, np.int64)


def _no_seed(id_: str, labels: Sequence[str], snapshot: Snapshot) -> UnknownNode:
    """Say whether a node that the graph lacks is unknown, or known and left out."""
    what, tables = " or ".join(labels), [snapshot.nodes(label) for label in labels]
    if any(id_ in table.row_of() for table in tables):
        reason = "did not agree to be part of a plan" if labels == ("User",) else "is not among the labels of the graph"
        return UnknownNode(
            f"{what} {id_!r} {reason}, so it is not in the graph", kind=what, name=id_, hint="choose another seed"
        )
    if len(tables) == 1:
        return unknown_node(tables[0], id_)
    ids = [known for table in tables for known in table.ids.tolist()]
    return UnknownNode(
        f"there is no {what} {id_!r} among the {len(ids):,} in the store",
        kind=what,
        name=id_,
        close_matches=close_matches(id_, ids[:20_000]),
    )


def typed_graph(
    snapshot: Snapshot, types: Sequence[str] = (), *, shares: Mapping[str, float] | None = None
) -> tuple[Projection, list[tuple[str, str]]]:
    """Return the whole graph for walks across labels, and the (label, id) of each row; unknown types are refused."""
    from graphkit.projection.typed import typed_graph as walk

    return walk(snapshot, check_types(types), shares=shares)
