"""Tags of items as a snapshot holds them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphkit.projection.snapshot import Snapshot

__all__ = ["item_tags", "ranked_tags"]


def item_tags(snapshot: Snapshot) -> dict[tuple[str, str], dict[str, float]]:
    """Return (label, id) -> tag -> weight of every HAS_TAG; a missing w counts 1."""
    found: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    tag_ids = snapshot.nodes("Tag").ids
    for edges in snapshot.edges("HAS_TAG"):
        ids = snapshot.nodes(edges.source_label).ids
        for source, tag, w in zip(
            edges.source_rows.tolist(), edges.target_rows.tolist(), edges.column("w", 1.0).tolist(), strict=True
        ):
            found[edges.source_label, str(ids[source])][str(tag_ids[tag])] = 1.0 if w is None else float(w)
    return dict(found)


def ranked_tags(weights: Mapping[str, float]) -> list[str]:
    """Return the tags of one item from the heaviest, ties by id."""
    return sorted(weights, key=lambda tag: (-weights[tag], tag))
