"""``graphkit load``: an input directory into the store, again and again with the same outcome."""

from __future__ import annotations

import time
from typing import Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.findings import findings_text
from graphkit.cli.group import Command
from graphkit.cli.options import SECONDS, directory_argument, input_options, output_options

__all__ = ["load", "load_text"]

COLUMNS = ("kind", "created", "changed", "unchanged", "rejected", "duplicates")
_FIRST = 5


@click.command(
    cls=Command,
    examples=[
        "graphkit load data/",
        "graphkit load pages/ --mapping pages.toml --format json",
        "graphkit load data/ --max-bad 10 --time-limit 300",
    ],
)
@directory_argument
@input_options
@click.option(
    "--max-bad",
    type=click.IntRange(min=0),
    default=0,
    help="Load the good rows when at most that many are bad; the others are kept aside.",
)
@click.option(
    "--time-limit", type=SECONDS, help="Give up after that many seconds; what is in stays, run it again to complete."
)
@click.option("--dry-run", is_flag=True, help="Count what would be created and changed; write nothing.")
@output_options
@pass_app
def load(
    app: App,
    directory: str,
    mapping: str | None,
    encoding: str,
    max_bad: int,
    on_duplicate: str,
    create_missing: bool,
    time_limit: float | None,
    dry_run: bool,
    form: str | None,
    output: str | None,
) -> None:
    """Load an input directory; loading it twice creates and changes nothing the second time.

    One bad row refuses the whole directory unless --max-bad allows it (exit 3).
    """
    from graphkit.cli.interrupts import deadline
    from graphkit.cli.output import emit
    from graphkit.errors import DataInvalid

    begin = time.monotonic()
    with deadline(time_limit, f"the load did not end within {time_limit} s; run it again to complete it"):
        try:
            report = _run(
                app,
                directory,
                time_limit,
                mapping=mapping,
                encoding=encoding,
                max_bad=max_bad,
                on_duplicate=on_duplicate,
                create_missing=create_missing,
                dry_run=dry_run,
            )
        except DataInvalid as error:
            found = _refused(error, time.monotonic() - begin)
            if found is not None and form in {"json", "ndjson"}:
                emit(form=form, output=output, rows=_rows(found), columns=COLUMNS, document=found)
            if found is None:
                raise
            said = error.message.partition("\n")[0]  # its examples stand among the findings
            app.say(f"Error: {said}\n{findings_text(found['findings'], _FIRST)}", level=-1)
            click.get_current_context().exit(3)
        emit(
            form=form,
            output=output,
            rows=_rows(report),
            columns=COLUMNS,
            document=report,
            text=load_text(report, directory, dry_run=dry_run),
        )


def _run(app: App, directory: str, time_limit: float | None, **options: Any) -> dict[str, Any]:
    """Open the store and load; return the report as data."""
    from graphkit.errors import DeadlineExceeded
    from graphkit.projection.load import dead_letter_folder, load_directory

    begin = time.monotonic()
    store = app.open(create=True, timeout=time_limit)
    opened = time.monotonic() - begin
    left = None if time_limit is None else max(time_limit - opened, 0.1)
    try:
        with app.progress() as progress:
            report = load_directory(store, directory, deadline=left, progress=progress, **options).to_dict()
    except DeadlineExceeded as error:
        if time_limit is None:
            raise
        message = f"the load did not end within {time_limit:g} s; opening the store took {opened:.1f} s of them"
        raise DeadlineExceeded(message, hint=error.hint) from error
    if report["findings"]:
        app.say(findings_text(report["findings"], _FIRST))
    kept = dead_letter_folder(store)
    rejected = report["rejected"] + report["events"]["rejected"]
    if rejected and not options["dry_run"] and kept is not None:
        app.say(f"{rejected:,} rejected rows are kept in {kept}")
        if report["kept"]:
            app.say(f"correct them in {report['kept']} and load that directory: only they come in")
    return report


def _refused(error: Any, seconds: float) -> dict[str, Any] | None:
    """Return the report of a refused load: every row rejected, nothing created."""
    report = getattr(error, "report", None)
    if report is None:
        return None
    checked = report.to_dict()
    none = {"nodes": 0, "relationships": 0}
    return {
        "schema_version": 1,
        "created": none,
        "changed": none,
        "unchanged": none,
        "rejected": checked["rows_in"],
        "duplicates": 0,
        "rows_in": checked["rows_in"],
        "by_label": {},
        "by_type": {},
        "seconds": round(seconds, 3),
        "events": checked["events"],
        "made": {},
        "findings": checked["findings"],
        "kept": None,
    }


def _rows(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one row for nodes, one for relationships, one for what was kept out."""
    rows: list[dict[str, Any]] = [
        {
            "kind": kind,
            **{name: report[name][kind] for name in ("created", "changed", "unchanged")},
            "rejected": None,
            "duplicates": None,
        }
        for kind in ("nodes", "relationships")
    ]
    total = {name: sum(report[name].values()) for name in ("created", "changed", "unchanged")}
    return [*rows, {"kind": "rows", **total, "rejected": report["rejected"], "duplicates": report["duplicates"]}]


def load_text(report: dict[str, Any], directory: str, *, dry_run: bool = False) -> str:
    """Return what a person wants to know of a load."""
    from graphkit.cli.language import shown_word
    from graphkit.cli.output import table

    verb = "would load" if dry_run else "loaded"
    counts = ", ".join(f"{n:,} {name}" for name, n in {**report["by_label"], **report["by_type"]}.items())
    head = f"{verb} {directory}: {report['rows_in']:,} rows in {report['seconds']:.1f} s"
    if report["events"]["files"]:
        head += f"; {report['events']['accepted']:,} of {report['events']['rows_in']:,} events are good and stay files"
    made = report["made"]
    if made:
        counts += f"\nmade as asked: {', '.join(f'{n:,} {name}' for name, n in made.items())}" + (
            "; these users have not consented to anything" if "User" in made else ""
        )
    rows = [row | {"kind": shown_word(row["kind"])} for row in _rows(report)]
    return f"{head}\n{table(rows, COLUMNS)}{counts}"
