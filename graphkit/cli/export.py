"""``graphkit export``: the graph as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command, Option
from graphkit.cli.options import output_options

if TYPE_CHECKING:
    from graphkit.store.base import ExportFormat

__all__ = ["export"]

COLUMNS = ("file", "bytes")


@click.command(
    cls=Command,
    examples=[
        "graphkit export out/ --as parquet",
        "graphkit export import/ --as neo4j-import",
        "graphkit export P-7f3a --ics waves.ics --csv waves.csv",
    ],
)
@click.argument("directory", metavar="DIRECTORY|PLAN", type=click.Path())
@click.option(
    "--as",
    "as_",
    cls=Option,
    type=click.Choice(["parquet", "neo4j-import"]),
    default="parquet",
    help="Parquet (graphkit load reads it back), or CSV with the neo4j-admin import script.",
)
@click.option(
    "--ics", metavar="FILE", type=click.Path(dir_okay=False), help="Instead: the dates of a plan as a calendar."
)
@click.option("--csv", metavar="FILE", type=click.Path(dir_okay=False), help="Instead: the dates of a plan as rows.")
@output_options
@pass_app
def export(
    app: App, directory: str, as_: ExportFormat, ics: str | None, csv: str | None, form: str | None, output: str | None
) -> None:
    """Write every node and relationship of the store into DIRECTORY, or the dates of a PLAN with --ics or --csv."""
    from graphkit.cli.output import emit
    from graphkit.store.files_out import check_target

    if ics or csv:
        from graphkit.cli.dates import write_dates

        rows = write_dates(app, directory, ics=ics, csv=csv)
        emit(
            form=form,
            output=output,
            rows=rows,
            columns=COLUMNS,
            document={"schema_version": 1, "plan": directory, "files": rows},
            color=app.settings.color,
        )
        return
    if Path(directory).is_file():
        raise click.UsageError(f"{directory} is a file; a plan needs --ics FILE or --csv FILE.")
    check_target(directory)  # before the graph is read
    with app.working("write files"):
        app.open().export(directory, as_)
    root = Path(directory)
    rows = [
        {"file": str(path.relative_to(root)), "bytes": path.stat().st_size}
        for path in sorted(root.rglob("*"))
        if path.is_file()
    ]
    document = {"schema_version": 1, "directory": directory, "as": as_, "files": rows}
    emit(form=form, output=output, rows=rows, columns=COLUMNS, document=document, color=app.settings.color)
