"""Printing results: one call that knows the five formats and writes files whole or not at all."""

from __future__ import annotations

import errno
import json
import math
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.cli.interrupts import mute_stdout, temporary
from graphkit.cli.language import fitted, shown_word, spoken, told, width_on
from graphkit.parts import jsonable
from graphkit.report.records import escaped, parquet_file
from graphkit.store.leftovers import head_beside

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

__all__ = ["choose_format", "emit", "frame_rows", "short_numbers", "table", "write_out"]

Row = dict[str, Any]
_SENTENCES = frozenset(
    {"assumption", "assumptions", "fix", "hint", "message", "missing", "reason", "reasons", "unspent_because", "value"}
)
_WORDS = frozenset({"check", "chosen", "cold", "effect", "fits", "ok", "required", "rule", "same", "severity", "unit"})
_READ = frozenset({"check", "claim", "metric", "setting"})
_RANGES = frozenset({"fit_rank", "history", "stability"})
_HALF = re.compile(r"\d ±\d")
_TO = re.compile(r"(?<=\d) to (?=\d)")
_SUFFIXES = {".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson", ".csv": "csv", ".parquet": "parquet"}


def choose_format(form: str | None, output: str | None) -> str:
    """Return the format: as asked, else by the suffix of the file, else a table."""
    return form or _SUFFIXES.get(Path(output or "").suffix.lower(), "table")


def emit(
    *,
    form: str | None,
    output: str | None,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    document: object = None,
    text: str | None = None,
    color: bool | None = None,
    raw: bool = False,
    ours: bool = True,
) -> None:
    """Print one result.

    Parameters
    ----------
    form, output : str, optional
        The values of ``--format`` and ``-o``.
    rows : sequence of mappings
        The result as rows: what csv, ndjson, parquet and the table show.
    columns : sequence of str
        Columns of csv and parquet, so that no row is still a header.
    document : object, optional
        What json prints; default the rows.
    text : str, optional
        What a person reads (format table); default the rows as a table.
    color : bool, optional
        Force colours on or off.
    raw : bool
        Leave csv cells that a spreadsheet would run as they are.
    ours : bool
        Columns and sentences are those of this program, so a table shows them in the reader's language.
    """
    chosen = choose_format(form, output)
    plain: list[Row] = [jsonable(dict(row)) for row in rows]
    body: str | bytes
    if chosen == "parquet":
        body = parquet_file(plain, columns)
    elif chosen == "json":
        body = (
            escaped(json.dumps(jsonable(plain if document is None else document), ensure_ascii=False, indent=2)) + "\n"
        )
    elif chosen == "table":
        body = (
            table(plain, columns, color=_use_color(color, output), ours=ours)
            if text is None
            else _sized(_harmless(told(text)), output)
        ).rstrip("\n") + "\n"
    else:
        body = _records(plain, columns, chosen, raw=raw)
        if chosen == "csv" and output in (None, "-") and sys.stdout.isatty():
            body = _harmless(body)  # a file keeps every character; a terminal would obey some of them
    write_out(body, output)


def frame_rows(frame: pd.DataFrame) -> list[Row]:
    """Return the rows of a frame as dictionaries."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def short_numbers(row: Mapping[str, Any]) -> Row:
    """Return a row for a reader: numbers with four significant digits, whole ones whole, none for what is no number."""
    return {name: _short(value) if isinstance(value, float) else value for name, value in row.items()}


def _short(number: float) -> float | None:
    if math.isnan(number):
        return None
    return number if number.is_integer() else float(f"{number:.4g}")


def _records(rows: list[Row], columns: Sequence[str], form: str, *, raw: bool) -> str:
    """Render rows as csv or ndjson."""
    if not rows:
        return ",".join(columns) + "\n" if form == "csv" else ""
    from graphkit.report.records import write_records

    if form == "csv":
        rows = [{name: _cell(row.get(name)) for name in columns} for row in rows]
    return write_records(rows, form, raw=raw)


def _sized(text: str, output: str | None) -> str:
    """Return sentences as wide as the terminal; a file gets whole ones."""
    return fitted(text, sys.stdout) if output in (None, "-") else text


def _harmless(text: str) -> str:
    """Return lines of text that cannot steer a terminal."""
    from graphkit.report.text_width import visible

    return "\n".join(visible(line) for line in text.split("\n"))


def _cell(value: Any) -> Any:
    """Write lists and objects inside a csv cell as JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def table(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str] | None = None,
    *,
    title: str | None = None,
    color: bool = False,
    keep: Sequence[str] | None = None,
    lines: str | None = None,
    ours: bool = True,
) -> str:
    """Render rows as a table for people, as wide as the terminal; a pipe gets whole cells; lists of words stay words."""
    from graphkit.report.table import render_table

    if not rows:
        return told(f"{title}\n" if title else "") + told("(no rows)\n")
    width = width_on(sys.stdout)
    plain = [{name: _cell_said(name if ours else "", value) for name, value in row.items()} for row in rows]
    names = list(columns) if columns else list(dict.fromkeys(name for row in plain for name in row))
    text = render_table(
        plain,
        names,
        title=None if title is None else told(title),
        width=width,
        color=color,
        keep=keep,
        lines=lines,
        heads=_heads(names) if ours else None,
    )
    half = ours and any(isinstance(value, str) and _HALF.search(value) for row in plain for value in row.values())
    return text.rstrip("\n") + "\n" + (told("±: half of a 95 % interval") + "\n" if half else "")


def _heads(names: Sequence[str]) -> dict[str, str]:
    """Return what stands over each column; the ends of an interval say how sure it is."""
    more = dict.fromkeys(("lower", "upper"), " 95 %") if {"lower", "upper"} <= set(names) else {}
    meaning = {"value": "value read"} if _READ & set(names) else {}  # what was read, not what something is worth
    return {name: shown_word(name, meaning.get(name)) + more.get(name, "") for name in names}


def _cell_said(name: str, value: Any) -> Any:
    """Return what a table shows: our sentences and words in the reader's language, lists of words too, other lists and objects as JSON."""
    if name in _SENTENCES:
        value = spoken(value)
    elif name in _WORDS and isinstance(value, str):
        value = told(shown_word(value))
    elif name in _RANGES and isinstance(value, str):
        value = _TO.sub(shown_word(" to "), value)
    if isinstance(value, bool):
        return shown_word("yes" if value else "no")
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else _cell(value)


def _use_color(color: bool | None, output: str | None) -> bool:
    """Colour only a terminal, unless told."""
    if color is not None:
        return color
    return output in (None, "-") and sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def write_out(body: str | bytes, output: str | None) -> None:
    """Write to stdout, or to a file that appears whole: beside it, flushed to disk, renamed."""
    # bytes of a path that are no UTF-8, as JSON spells them
    data = body.encode("utf-8", "backslashreplace") if isinstance(body, str) else body
    if output in (None, "-"):
        try:
            if isinstance(body, str):
                sys.stdout.write(data.decode())
            else:
                sys.stdout.buffer.write(data)
            sys.stdout.flush()
        except (
            BrokenPipeError
        ):  # nobody reads on, as in `| head`; what the command was asked to keep is kept all the same
            mute_stdout()
        return
    try:
        _write_file(data, Path(os.path.realpath(str(output))))
    except OSError as error:
        raise OSError(error.errno or errno.EIO, error.strerror or str(error), str(output)) from error


def _write_file(body: bytes, target: Path) -> None:
    """Write beside the file a link may lead to, and rename."""
    if target.exists() and not target.is_file():
        target.write_bytes(body)  # a device or a pipe: renaming over it would destroy it
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f"{head_beside(target)}{os.getpid()}-", dir=target.parent)
    with temporary(Path(name)) as beside:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        beside.chmod(0o666 & ~umask)
        beside.replace(target)
    if os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
