"""One language on the terminal: what results and commands say, put into the reader's at the moment it is printed."""

from __future__ import annotations

import os
import shutil
from typing import IO, Any

import click

__all__ = ["LANGUAGES", "fitted", "language", "shown_word", "spoken", "told", "width_on"]

_USUAL = 100  # cells of a terminal that does not say
LANGUAGES = ("auto", "zh", "en", "both")


def language() -> str:
    """Return zh, en or both: as ``--lang`` says, else by the language of the terminal."""
    ctx = click.get_current_context(silent=True)
    asked = str((ctx.find_root().params if ctx else {}).get("lang") or os.environ.get("GRAPHKIT_LANG") or "auto")
    if asked != "auto":
        return asked
    here = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if here.lower().startswith("zh") else "en"


def spoken(value: Any) -> Any:
    """Return a sentence of a result in the reader's language, its half of a bilingual one, or a list of them; anything else stays as it is."""
    if isinstance(value, list | tuple):
        return [spoken(item) for item in value]
    if not isinstance(value, str):
        return value
    if language() == "en" and " | " not in value:
        return value
    from graphkit.report.spoken import both_of

    return _chosen(*both_of(value))


def told(text: str) -> str:
    """Return what a command says in the reader's language, line by line; rows of a table, known by two blanks between cells, stay."""
    if language() == "en":
        return text
    from graphkit.report.spoken import chinese

    return "\n".join(line if "  " in line.strip() else _chosen(chinese(line), line) for line in text.split("\n"))


def width_on(stream: IO[str]) -> int | None:
    """Return how many cells a line of this terminal holds, as ``COLUMNS`` or the terminal says; None for a pipe or a file."""
    if not stream.isatty():
        return None
    try:
        there = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        there = 0
    return shutil.get_terminal_size().columns if os.environ.get("COLUMNS") else there or _USUAL


def fitted(text: str, stream: IO[str]) -> str:
    """Return sentences broken at the width of the terminal they are printed on; a pipe or file gets them whole."""
    width = width_on(stream)
    if width is None:
        return text
    from graphkit.report.text_width import fit_lines

    return fit_lines(text, width)


def shown_word(name: str, meaning: str | None = None) -> str:
    """Return the heading of a column, or a single word of ours, in the reader's language; `meaning` is its key where the word has two."""
    if language() == "en":
        return name
    from graphkit.report.spoken import word

    return _chosen(word(meaning or name), name, " ")


def _chosen(chinese: str, english: str, between: str = " | ") -> str:
    if chinese == english:
        return english
    return {"zh": chinese, "en": english}.get(language(), f"{chinese}{between}{english}")
