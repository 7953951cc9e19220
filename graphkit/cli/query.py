"""``graphkit query``: a file of cypher/ by name, or an analyst's own read-only text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command, Option
from graphkit.cli.language import spoken
from graphkit.cli.options import SECONDS, output_options
from graphkit.errors import InvalidParameter

if TYPE_CHECKING:
    from graphkit.store.queries import Query

__all__ = ["query"]

LISTED = ("name", "title", "access", "params")


@click.command(
    cls=Command,
    examples=[
        "graphkit query --list",
        "graphkit query channels/audience --format csv",
        "graphkit query --file reach.cypher --param film=f01",
    ],
)
@click.argument("name", required=False)
@click.option(
    "--file",
    "file",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="A file with one reading statement of your own (- is stdin).",
)
@click.option("--list", "list_", cls=Option, is_flag=True, help="List the named queries.")
@click.option("--param", "params", multiple=True, metavar="K=V", help="A parameter (repeat); lists and maps as JSON.")
@click.option(
    "--show-params", is_flag=True, help="Print the :param line for Neo4j Browser and cypher-shell; run nothing."
)
@click.option("--timeout", type=SECONDS, default=30.0, help="Seconds the query may take.")
@click.option("--max-rows", type=click.IntRange(min=1), default=100_000, help="Rows printed at most.")
@click.option("--raw-csv", is_flag=True, help="Leave cells that a spreadsheet would run as a formula as they are.")
@output_options
@pass_app
def query(  # the options of the contract
    app: App,
    name: str | None,
    file: str | None,
    list_: bool,
    params: tuple[str, ...],
    show_params: bool,
    timeout: float,
    max_rows: int,
    raw_csv: bool,
    form: str | None,
    output: str | None,
) -> None:
    """Run a named query of cypher/ or a read-only text of your own, and print its rows."""
    from graphkit.cli.output import choose_format, emit

    if (name is not None) + (file is not None) + list_ != 1:
        raise click.UsageError("Give a NAME, --file FILE or --list (exactly one of them).")
    if list_:
        rows = _listed()
        emit(
            form=form,
            output=output,
            rows=rows,
            columns=LISTED,
            text=_list_text(rows) if choose_format(form, output) == "table" else None,
        )
        return
    found = _named(name) if name is not None else _own(str(file))
    given = _parameters(found, params, partial=show_params)
    if show_params:
        click.echo(found.param_line(given))
        return
    with app.working("ask the store"):
        result = app.open().read(found, given, timeout=timeout, max_rows=max_rows)
    emit(
        form=form,
        output=output,
        rows=[dict(zip(result.columns, row, strict=True)) for row in result.rows],
        columns=result.columns,
        color=app.settings.color,
        raw=raw_csv,
        ours=False,
    )
    if result.truncated:
        app.say(f"truncated at {max_rows:,} rows; --max-rows shows more")


def _listed() -> list[dict[str, Any]]:
    """Return one row per named query."""
    from graphkit.store.queries import list_queries

    return [
        {
            "name": found.name,
            "title": found.title,
            "access": found.access,
            "params": [
                {"name": param.name, "type": param.type, "required": param.required, "default": param.default}
                for param in found.params
            ],
        }
        for found in list_queries()
    ]


def _list_text(rows: list[dict[str, Any]]) -> str:
    """Return the list for people: parameters as they are typed, a star when they must be given."""
    from graphkit.cli.output import table

    lines = [
        {
            "name": row["name"],
            "params": " ".join(param["name"] + "*" * param["required"] for param in row["params"]),
            "title": spoken(row["title"]) if row["access"] == "read" else f"({row['access']}) {spoken(row['title'])}",
        }
        for row in rows
    ]
    return (
        table(lines, ("name", "params", "title"), keep=("name",)) + "* must be given: graphkit query NAME --param K=V"
    )


def _named(name: str) -> Query:
    """Return a named query that only reads."""
    from graphkit.store.queries import load_query

    found = load_query(name)
    if found.access != "read":
        message = f"the query {name} is for {found.access}; graphkit query only reads"
        raise InvalidParameter(
            message, parameter="name", value=name, hint="graphkit query --list shows the access of each"
        )
    return found


def _own(path: str) -> Query:
    """Return an analyst's own text as a query, if it provably only reads."""
    from graphkit.store.guard import guard_text

    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise InvalidParameter(
            message, parameter="file", value=path, hint="check the path, or name another one"
        ) from error
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8: byte {error.start}"
        raise InvalidParameter(message, parameter="file", value=path, hint="save it as UTF-8") from error
    return guard_text(text, name=Path(path).name)


def _parameters(found: Query, given: tuple[str, ...], *, partial: bool) -> dict[str, Any]:
    """Read ``k=v`` pairs by the declared types and check that all are there, unless part of them will do."""
    from graphkit.store.queries import check_params, parse_param

    types = {param.name: param.type for param in found.params}
    values: dict[str, Any] = {}
    for pair in given:
        key, mark, text = pair.partition("=")
        if not mark or not key:
            raise click.BadParameter(f"{pair!r} is not NAME=VALUE", param_hint="--param")
        values[key] = parse_param(text, types.get(key, "ANY"), key)
    return check_params(found, values, partial=partial)
