"""``graphkit schema``: constraints and indexes."""

from __future__ import annotations

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command, Group
from graphkit.cli.options import output_options

__all__ = ["schema"]


@click.group(cls=Group, examples=["graphkit schema apply", "graphkit schema show", "graphkit schema describe User"])
def schema() -> None:
    """Create and show what keeps ids unique in the store; describe what data may hold."""


@schema.command(
    cls=Command, examples=["graphkit schema apply", "graphkit --store neo4j+s://db.example.com schema apply"]
)
@output_options
@pass_app
def apply(app: App, form: str | None, output: str | None) -> None:
    """Create every constraint and index that is missing; a second time creates none."""
    from graphkit.cli.output import emit
    from graphkit.model.schema import constraint_statements

    done = app.open(create=True).ensure_schema()
    row = {"statements": len(constraint_statements()), "new": done if isinstance(done, int) else None}
    text = f"schema is in place: {row['statements']} statements" + ("" if row["new"] is None else f", {row['new']} new")
    emit(
        form=form,
        output=output,
        rows=[row],
        columns=("statements", "new"),
        document={"schema_version": 1, **row},
        text=text,
    )


@schema.command(cls=Command, examples=["graphkit schema show"])
@output_options
@pass_app
def show(app: App, form: str | None, output: str | None) -> None:
    """Print the statements that `schema apply` runs."""
    from graphkit.cli.output import emit
    from graphkit.model.schema import constraint_statements

    statements = constraint_statements()
    emit(
        form=form,
        output=output,
        rows=[{"statement": line} for line in statements],
        columns=("statement",),
        text="\n".join(line.rstrip(";") + ";" for line in statements),
        color=app.settings.color,
    )


@schema.command(
    cls=Command, examples=["graphkit schema describe User", "graphkit schema describe --format csv -o dictionary.csv"]
)
@click.argument("name", required=False, metavar="[LABEL or TYPE]")
@output_options
@pass_app
def describe(app: App, name: str | None, form: str | None, output: str | None) -> None:
    """Print the data dictionary: labels, types, properties, units, allowed values, names in zh and en."""
    from graphkit.cli.output import emit
    from graphkit.model.describe import DICTIONARY, data_dictionary

    emit(form=form, output=output, rows=data_dictionary(name), columns=DICTIONARY, color=app.settings.color)
