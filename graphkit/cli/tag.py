"""``graphkit tag``: tags for items from their own words."""

from __future__ import annotations

from typing import Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.options import output_options

__all__ = ["tag"]

COLUMNS = ("label", "id", "name", "tag", "w")


@click.command(
    cls=Command, examples=["graphkit tag --in Course --top 5", "graphkit tag --in Film --format csv -o has_tag.csv"]
)
@click.option("--in", "labels", multiple=True, metavar="LABEL", help="Labels to tag (repeat).  [default: Film, Course]")
@click.option("--top", type=click.IntRange(min=1), default=10, help="How many tags an item.")
@output_options
@pass_app
def tag(app: App, labels: tuple[str, ...], top: int, form: str | None, output: str | None) -> None:
    """Propose tags for items from their names and summaries: the terms that set each apart (tf-idf).

    Nothing is written to the store: review the list and load it as HAS_TAG rows.
    """
    from graphkit.cli.documents import documents
    from graphkit.cli.graphs import check_labels
    from graphkit.cli.output import emit
    from graphkit.matching.tags import tags_from_text

    with app.working("compare texts"):
        texts, names = documents(app.snapshot(), check_labels(labels, "--in") or ("Film", "Course"))
        found = tags_from_text({node: " ".join(own) for node, own in texts.items()}, top=top)
    rows: list[dict[str, Any]] = []
    for key, term, weight in zip(found.ids, found.tags, found.weights.tolist(), strict=True):
        label, _, id_ = key.partition(":")
        rows.append({"label": label, "id": id_, "name": names[key], "tag": term, "w": round(weight, 6)})
    emit(form=form, output=output, rows=rows, columns=COLUMNS, color=app.settings.color)
    if found.without:
        app.say(f"{len(found.without)} of {len(texts)} items hold no term")
    if not texts:
        app.say("nothing in the store has a name or text")
