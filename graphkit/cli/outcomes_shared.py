"""What the commands of ``graphkit outcomes`` share: options, events of consenting users, output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from graphkit.cli.context import App

__all__ = [
    "EVENTS",
    "EXCLUDE",
    "FEATURE",
    "ID",
    "MEASURED_BEFORE",
    "emit_outcome",
    "events_of_users",
    "one_source",
    "outcome_table",
    "write_back",
    "write_scores",
]

ATTRIBUTES = ("age", "gender", "occupation", "education", "region", "device")

EVENTS = click.option(
    "--events",
    type=click.Path(),
    help="Event files, or the directory that holds events/; people come from the store, with consent.",
)
EXCLUDE = click.option("--exclude", multiple=True, metavar="COLUMN", help="Leave a column out (repeat).")
FEATURE = click.option(
    "--feature",
    "features",
    multiple=True,
    metavar="COLUMN",
    help="Use only these columns (repeat).  [default: all others]",
)
ID = click.option("--id", "id_", metavar="COLUMN", help="Column that names the person; never a feature.")
MEASURED_BEFORE = click.option(
    "--measured-before",
    multiple=True,
    metavar="COLUMN",
    help="Vouch that a column that tells the label was known before (repeat).",
)


def one_source(table: str | None, events: str | None) -> None:
    """Refuse neither or both of a table and events."""
    if (events is None) == (table is None):
        raise click.UsageError("give a table, or --events with a store")


def events_of_users(app: App, path: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the events of users with consent, and those users with their attributes."""
    import pandas as pd

    from graphkit.errors import DataInvalid
    from graphkit.projection.consent import consent_mask
    from graphkit.store.files import read_events

    people = app.snapshot().nodes("User")
    agreed = consent_mask(people, "profile")
    users = pd.DataFrame({"user": people.ids[agreed].astype(object)})
    for name in ATTRIBUTES:
        if name in people.columns:
            users[name] = people.columns[name][agreed]
    with app.working("read events"):
        events = read_events(path)
    mine = events[events["user"].isin(set(users["user"]))]
    if not len(mine):
        raise DataInvalid(
            f"none of the {len(events):,} events in {path} belongs to a user of the store with consent",
            source=path,
            rule="events",
        )
    return mine.reset_index(drop=True), users


def emit_outcome(
    app: App,
    form: str | None,
    output: str | None,
    found: Any,
    frame: pd.DataFrame,
    columns: Sequence[str],
    text: Callable[[str], str],
) -> None:
    """Print one outcome: rows, the whole result as json, a text for people; notes go to stderr."""
    from graphkit.cli.output import emit, frame_rows

    document = found.to_dict()
    for private in ("probability", "scored", "predicted"):
        document.pop(private, None)  # one number per person: --scores writes them when asked
    emit(
        form=form,
        output=output,
        rows=frame_rows(frame),
        columns=list(columns),
        document=document,
        text=text(outcome_table(frame)),
    )
    for note in found.assumptions:
        app.say(f"note: {note}")


def outcome_table(frame: pd.DataFrame) -> str:
    """Render a frame with numbers short enough to read."""
    from graphkit.cli.output import frame_rows, short_numbers, table

    return table([short_numbers(row) for row in frame_rows(frame)], list(frame.columns))


def write_scores(path: str, ids: Sequence[str], values: Any, *, name: str = "probability") -> None:
    """Write one line per person, as asked for."""
    from graphkit.cli.output import write_out
    from graphkit.report.records import write_records

    rows = [{"id": i, name: float(v)} for i, v in zip(ids, values, strict=True)]
    write_out(write_records(rows, "csv"), path)


def write_back(app: App, ids: Sequence[str], name: str, values: Any, found: Any) -> int:
    """Store one number per user under the run's name."""
    import numpy as np

    return app.open().write_back(
        "User", list(ids), {name: np.asarray(values, np.float64)}, f"{name}-{found.manifest.digest[:8]}"
    )
