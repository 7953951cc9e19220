"""The error for a node that the data lack: what is close to it, or what there is and the query that lists it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from graphkit.errors import UnknownNode, close_matches
from graphkit.intervals import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graphkit.model.tables import NodeColumns

__all__ = ["unknown_node"]

_SOME = 3
_LOOKED_AT = 20_000  # ids and names compared
_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_LIST = "graphkit query browser/nodes --param label="


def unknown_node(table: NodeColumns, node: str, message: str | None = None) -> UnknownNode:
    """Return the error for an id that the nodes of a label lack.

    The hint names ids that look like it, else those whose name holds it or looks like it, else how many nodes there
    are, the first of them and the query that lists them. Of users only ids like the one typed are named: a message is no
    place for ids of people picked at random.

    Parameters
    ----------
    table : NodeColumns
        The nodes of the label.
    node : str
        The id that was asked for.
    message : str, optional
        What to say instead of "there is no LABEL with id ID".
    """
    label, ids = table.label, [str(id_) for id_ in table.ids[:_LOOKED_AT].tolist()]
    said = message or f"there is no {label} with id {node!r}"
    if not ids:
        return UnknownNode(said, kind=label, name=node, close_matches=(), hint="graphkit load DIR first")
    named = label != "User" and "name" in table.columns
    names = {id_: str(name) for id_, name in table.by_id("name").items() if name} if named else {}
    near = _close(node, ids, names)
    some = ", ".join(f"{id_} ({names[id_]})" if names.get(id_, id_) != id_ else id_ for id_ in near or ids[:_SOME])
    if near:
        hint = f"close: {some}"
    elif label == "User":
        hint = f"the data hold {counted(len(table), f'{label} node', f'{label} nodes')}: {_LIST}{label}"
    else:
        hint = f"the data hold {counted(len(table), f'{label} node', f'{label} nodes')}, such as {some}: {_LIST}{label}"
    return UnknownNode(said, kind=label, name=node, close_matches=near, hint=hint)


def _close(text: str, ids: Sequence[str], names: Mapping[str, str]) -> tuple[str, ...]:
    """Return ids like the text, those with the same number first, else those whose name holds it or is like it."""
    wanted = text.strip().casefold()
    bare = _bare(wanted)
    same = [id_ for id_ in ids if _bare(id_) == bare]
    near = tuple(dict.fromkeys((*same, *close_matches(text, ids))))[:_SOME]
    if near or not wanted:
        return near
    called = [id_ for id_ in ids if wanted in names.get(id_, "").casefold()]
    alike = () if called else close_matches(text, [names[id_] for id_ in ids if id_ in names])
    return tuple(called or [id_ for id_ in ids if names.get(id_) in alike])[:_SOME]


def _bare(id_: str) -> str:
    """Leave case and zeros before a number out: f1 means f01 rather than f12."""
    return _ZEROS.sub("", id_.casefold())
