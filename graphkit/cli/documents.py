"""The texts of nodes: names, titles and summaries, for commands that compare words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphkit.projection.snapshot import Snapshot

__all__ = ["FIELDS", "documents"]

FIELDS = ("name", "name_en", "title", "summary")


def documents(snapshot: Snapshot, labels: Iterable[str]) -> tuple[dict[str, list[str]], dict[str, str | None]]:
    """Return the texts and the name of each node that has a text, both by ``Label:id``."""
    texts: dict[str, list[str]] = {}
    names: dict[str, str | None] = {}
    for label in labels:
        table = snapshot.nodes(label)
        ids = table.ids.tolist()
        shown = table.column("name" if "name" in table.columns else "title").tolist()  # a partnership has a title
        columns = [table.column(name).tolist() for name in FIELDS if name in table.columns]
        for row, id_ in enumerate(ids):
            words = [str(column[row]) for column in columns if column[row]]
            if words:
                texts[f"{label}:{id_}"], names[f"{label}:{id_}"] = words, shown[row]
    return texts, names
