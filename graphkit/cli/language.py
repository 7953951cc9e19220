"""One language on the terminal: what results and commands say, put into the reader's at the moment it is printed."""

from __future__ import annotations

import os
from typing import Any

import click

__all__ = ["LANGUAGES", "language", "shown_word", "spoken", "told"]

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


def shown_word(name: str) -> str:
    """Return the heading of a column, or a single word of ours, in the reader's language."""
    if language() == "en":
        return name
    from graphkit.report.spoken import word

    return _chosen(word(name), name, " ")


def _chosen(chinese: str, english: str, between: str = " | ") -> str:
    if chinese == english:
        return english
    return {"zh": chinese, "en": english}.get(language(), f"{chinese}{between}{english}")
