"""One language on the terminal: sentences are kept as ``Chinese | English``, a reader wants one of them."""

from __future__ import annotations

import os
from typing import Any

import click

__all__ = ["LANGUAGES", "language", "spoken"]

LANGUAGES = ("auto", "zh", "en", "both")


def language() -> str:
    """Return zh, en or both: as ``--lang`` says, else by the language of the terminal."""
    ctx = click.get_current_context(silent=True)
    asked = str((ctx.find_root().params if ctx else {}).get("lang") or "auto")
    if asked != "auto":
        return asked
    here = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if here.lower().startswith("zh") else "en"


def spoken(value: Any) -> Any:
    """Return a sentence of ours in the reader's language: its half of a bilingual one, or its Chinese form; anything else stays as it is."""
    if isinstance(value, list | tuple):
        return [spoken(item) for item in value]
    if not isinstance(value, str):
        return value
    from graphkit.report.spoken import both_of

    chinese, english = both_of(value)
    return value if chinese == english else {"zh": chinese, "en": english}.get(language(), f"{chinese} | {english}")
