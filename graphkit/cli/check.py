"""``graphkit check``: every bad row of an input directory, nothing loaded."""

from __future__ import annotations

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.findings import FINDING, findings_text, first_error, place
from graphkit.cli.group import Command
from graphkit.cli.options import directory_argument, input_options, output_options

__all__ = ["check"]


@click.command(
    cls=Command,
    examples=["graphkit check data/", "graphkit check data/ --format json > check.json || exit $?"],
)
@directory_argument
@input_options
@output_options
@pass_app
def check(
    app: App,
    directory: str,
    mapping: str | None,
    encoding: str,
    on_duplicate: str,
    create_missing: bool,
    form: str | None,
    output: str | None,
) -> None:
    """Report what is wrong with an input directory; exit 3 when a finding is an error.

    With the same options, graphkit load accepts what this finds no error in.
    Rows of nodes/ and relationships/ are counted as rows, those of events/ apart: events stay files.
    """
    from graphkit.cli.output import emit
    from graphkit.intervals import counted
    from graphkit.model.validate import count_all
    from graphkit.store.files import check_directory

    with app.working("check files") as progress:
        found = check_directory(
            directory,
            mapping=mapping,
            encoding=encoding,
            on_duplicate=on_duplicate,
            create_missing=create_missing,
            ids_of=lambda label: app.open().ids(label),
            progress=progress,
        )
    report = found.to_dict()
    findings, total = report["findings"], count_all(found.findings)
    errors = count_all(found.errors)
    events = f", {counted(report['events']['rows_in'], 'event', 'events')}" if report["events"]["files"] else ""
    verdict = f"{directory}: {counted(report['rows_in'], 'row', 'rows')}{events}, {counted(errors, 'error', 'errors')}, {counted(total - errors, 'other finding', 'other findings')}"
    emit(
        form=form,
        output=output,
        rows=findings,
        columns=FINDING,
        document=report,
        text="\n".join(part for part in (findings_text(findings), verdict) if part),
    )
    if not report["ok"]:
        app.say(f"Error: {verdict}; first: {place(first_error(findings))}")
        click.get_current_context().exit(3)
