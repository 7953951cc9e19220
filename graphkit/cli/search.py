"""``graphkit search``: items by words, Chinese or English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.options import output_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphkit.projection.snapshot import Snapshot

__all__ = ["documents", "search"]

COLUMNS = ("rank", "label", "id", "name", "score", "shared")
_LABELS = ("Film", "Course", "Brand", "Channel", "Tag", "Partnership", "Material")
_FIELDS = ("name", "name_en", "title", "summary")


@click.command(cls=Command, examples=["graphkit search 咖啡", 'graphkit search "data analysis" --in Course --top 5'])
@click.argument("text")
@click.option("--in", "labels", multiple=True, metavar="LABEL", help=f"Labels to search (repeat).  [default: {', '.join(_LABELS)}]")
@click.option("--top", type=click.IntRange(min=1), default=20, help="How many rows.")
@output_options
@pass_app
def search(app: App, text: str, labels: tuple[str, ...], top: int, form: str | None, output: str | None) -> None:
    """Find films, courses, brands and others by the words of their names and summaries."""
    from graphkit.cli.graphs import check_labels
    from graphkit.cli.output import emit, frame_rows
    from graphkit.matching.text import search as find

    snapshot = app.snapshot()
    asked = check_labels(labels) or _LABELS
    texts, names = documents(snapshot, asked)
    found = find(texts, text, top=top) if texts else None
    rows: list[dict[str, Any]] = []
    for row in frame_rows(found.to_frame()) if found is not None else []:
        label, _, id_ = str(row["id"]).partition(":")
        rows.append({"rank": len(rows) + 1, "label": label, "id": id_, "name": names[str(row["id"])], "score": float(row["score"]),
                     "shared": [gram for gram in str(row["evidence"]).split(" ") if gram]})
    emit(form=form, output=output, rows=rows, columns=COLUMNS, color=app.settings.color)
    if not rows:
        app.say(str(getattr(found, "reason", None) or f"no {' or '.join(asked)} in the store has a name or text"))


def documents(snapshot: Snapshot, labels: Iterable[str]) -> tuple[dict[str, str], dict[str, str | None]]:
    """Return the text and the name of each node, both by ``Label:id``."""
    texts: dict[str, str] = {}
    names: dict[str, str | None] = {}
    for label in labels:
        table = snapshot.nodes(label)
        columns = [table.column(name).tolist() for name in _FIELDS if name in table.columns]
        shown = table.column("name").tolist()
        for row, id_ in enumerate(table.ids.tolist()):
            words = " ".join(str(column[row]) for column in columns if column[row])
            if words:
                texts[f"{label}:{id_}"], names[f"{label}:{id_}"] = words, shown[row]
    return texts, names
