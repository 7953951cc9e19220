"""What a plan promotes, or a list of partners is for: one node, by label and id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphkit.errors import InvalidParameter
from graphkit.projection.unknown import unknown_node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphkit.projection.snapshot import Snapshot

__all__ = ["known_target", "name_of", "target_node"]


def target_node(for_: object, parameter: str = "for_") -> tuple[str, str]:
    """Return (label, id) from a pair or from ``LABEL:ID`` (split at the first colon)."""
    if isinstance(for_, str) and ":" in for_:
        label, _, node = for_.partition(":")
        return label, node
    if isinstance(for_, tuple | list) and len(for_) == 2:
        return str(for_[0]), str(for_[1])
    message = f"{parameter} must be a pair like ('Film', 'f1') or 'Film:f1', got {for_!r}"
    raise InvalidParameter(message, parameter=parameter, value=for_)


def known_target(
    snapshot: Snapshot, for_: object, labels: Sequence[str], *, parameter: str = "for_"
) -> tuple[str, str]:
    """Return the target as (label, id) after checking that it exists.

    Raises
    ------
    InvalidParameter
        A label that cannot be promoted.
    UnknownNode
        No such node; names what is close, or lists some.
    """
    label, node = target_node(for_, parameter)
    if label not in labels:
        raise InvalidParameter(
            f"{parameter} must be one of {', '.join(labels)}, got {label!r}",
            parameter=parameter,
            value=label,
            allowed=tuple(labels),
        )
    table = snapshot.nodes(label)
    if node not in table.row_of():
        raise unknown_node(table, node)
    return label, node


def name_of(snapshot: Snapshot, node: tuple[str, str]) -> str | None:
    """Return the name of a node that exists, None where it has none."""
    table = snapshot.nodes(node[0])
    if "name" not in table.columns:
        return None
    name = table.column("name")[table.row_of()[node[1]]]
    return str(name) if name else None
