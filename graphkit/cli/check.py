"""``graphkit check``: every bad row of an input directory, nothing loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.options import input_options, output_options

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FINDING", "check", "directory_argument", "findings_text", "place"]

FINDING = ("rule", "severity", "file", "line", "column", "value", "message", "hint")
_SHOWN = 20
_ALIKE = 3
_VALUE = 60


def place(finding: dict[str, Any]) -> str:
    """Return ``file line 3 column p`` as far as known."""
    parts = [str(finding["file"] or "")]
    parts += [f"{name} {finding[name]}" for name in ("line", "column") if finding.get(name) not in (None, "")]
    return " ".join(part for part in parts if part)


def findings_text(findings: Sequence[dict[str, Any]], shown: int = _SHOWN) -> str:
    """Return every cause of an error with its first example and count, then other findings and examples while there is room."""
    from graphkit.model.validate import Finding, by_cause, count_all

    found = [Finding(**finding) for finding in findings]
    alike = by_cause(found)
    causes = alike[: max(shown, sum(group[0].severity == "error" for group in alike))]
    most = shown if len(alike) == 1 or len(findings) <= shown else _ALIKE
    lines, room, left = list[str](), max(0, shown - len(causes)), len(findings)
    for group in causes:
        more = min(len(group) - 1, most - 1, room)
        room -= more
        left -= 1 + more
        lines += [line for finding in group[: 1 + more] for line in _lines(finding.to_dict())]
        if len(group) > 1 + more and len(alike) > 1:
            lines.append(f"    ... and {count_all(group) - 1 - more:,} more like this")
    if left:
        lines.append(f"... {count_all(found):,} findings in all; --format json lists them")
    return "\n".join(lines)


def _lines(finding: dict[str, Any]) -> list[str]:
    """Return what a finding says, and what to do about it."""
    value = finding.get("value")
    quoted = "" if value in (None, "") else f" (value {str(value)[:_VALUE]!r})"
    said = f"{finding['severity']}: {place(finding)}: {finding['message']}{quoted}"
    return [said, f"    {finding['hint']}"] if finding.get("hint") else [said]


def _named(_context: click.Context, _argument: click.Parameter, value: str) -> str:
    """Refuse an empty name: `graphkit load "$DATA"` without DATA is no wish to load the current folder."""
    if not value.strip():
        raise click.BadParameter("the name of the directory is empty; . is the current one")
    return value


directory_argument = click.argument("directory", type=click.Path(), callback=_named)


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
        app.say(f"Error: {verdict}; first: {place(_first_error(findings))}")
        click.get_current_context().exit(3)


def _first_error(findings: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the first finding of severity error, a cause rather than what follows from it."""
    from graphkit.model.validate import Finding, by_cause

    return by_cause(Finding(**finding) for finding in findings)[0][0].to_dict()
