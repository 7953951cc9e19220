"""``graphkit search``: items by words, Chinese or English."""

from __future__ import annotations

from typing import Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.documents import FIELDS, documents
from graphkit.cli.group import Command
from graphkit.cli.options import output_options

__all__ = ["search"]

COLUMNS = ("rank", "label", "id", "name", "score", "shared")
_LABELS = ("Film", "Course", "Brand", "Channel", "Tag", "Partnership", "Material")
_MARK = "\0"  # before every other character: ties between items go by label and id, between texts of one item nowhere


@click.command(cls=Command, examples=["graphkit search 咖啡", 'graphkit search "data analysis" --in Course --top 5'])
@click.argument("text")
@click.option(
    "--in",
    "labels",
    multiple=True,
    metavar="LABEL",
    help=f"Labels to search (repeat).  [default: {', '.join(_LABELS)}]",
)
@click.option("--top", type=click.IntRange(min=1), default=20, help="How many rows.")
@output_options
@pass_app
def search(app: App, text: str, labels: tuple[str, ...], top: int, form: str | None, output: str | None) -> None:
    """Find films, courses, brands and others by the words of their names and summaries.

    Each of these texts is compared with the words; the closest one stands for the item, so that a long summary does not hide a name. Whole words count beside pairs of letters.
    """
    from graphkit.cli.graphs import check_labels
    from graphkit.cli.output import emit, frame_rows
    from graphkit.matching.text import search as find

    snapshot = app.snapshot()
    asked = check_labels(labels, "--in") or _LABELS
    with app.working("compare texts"):
        texts, names = documents(snapshot, asked)
        each = {f"{node}{_MARK}{i}": words for node, own in texts.items() for i, words in enumerate(own)}
        # Enough for as many items, whichever texts of theirs come first.
        found = find(each, text, top=top * len(FIELDS), words=True) if each else None
    rows: list[dict[str, Any]] = []
    seen = set[str]()
    for row in frame_rows(found.to_frame()) if found is not None else []:
        node = str(row["id"]).partition(_MARK)[0]
        if node in seen or len(rows) == top:
            continue
        seen.add(node)
        label, _, id_ = node.partition(":")
        rows.append(
            {
                "rank": len(rows) + 1,
                "label": label,
                "id": id_,
                "name": names[node],
                "score": float(row["score"]),
                "shared": [gram for gram in str(row["evidence"]).split(" ") if gram],
            }
        )
    emit(form=form, output=output, rows=rows, columns=COLUMNS, color=app.settings.color)
    if not rows:
        app.say(str(getattr(found, "reason", None) or f"no {' or '.join(asked)} in the store has a name or text"))
