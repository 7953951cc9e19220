"""What commands that walk all kinds of ties share: names of the rows walked, and the query that looks one up."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from graphkit.projection.snapshot import Snapshot

__all__ = ["WAYS", "name_lookup", "ways_params"]

WAYS = "links/ways"


def ways_params(source: tuple[str, str], target: tuple[str, str]) -> dict[str, str]:
    """Return what the query of the ties around a target is asked with."""
    return {"label": source[0], "id": source[1], "toLabel": target[0], "to": target[1]}


def name_lookup(snapshot: Snapshot, names: Sequence[tuple[str, str]]) -> Callable[[int], Any]:
    """Return the lookup of a row's name; None for one without."""
    of_label = cache(lambda label: snapshot.nodes(label).by_id("name"))
    return lambda row: of_label(names[row][0])[names[row][1]]
