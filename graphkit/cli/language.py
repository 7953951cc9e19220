"""One language on the terminal: sentences are kept as ``Chinese | English``, a reader wants one of them."""

from __future__ import annotations

import os
import re
from typing import Any

import click

__all__ = ["LANGUAGES", "language", "spoken"]

LANGUAGES = ("auto", "zh", "en", "both")
_HAN = re.compile(r"[\u3400-\u9fff]")


def language() -> str:
    """Return zh, en or both: as ``--lang`` says, else by the language of the terminal."""
    ctx = click.get_current_context(silent=True)
    asked = str((ctx.find_root().params if ctx else {}).get("lang") or "auto")
    if asked != "auto":
        return asked
    here = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if here.lower().startswith("zh") else "en"


def spoken(value: Any) -> Any:
    """Return the half of a bilingual sentence that the reader wants; anything else stays as it is."""
    if isinstance(value, list | tuple):
        return [spoken(item) for item in value]
    if not isinstance(value, str):
        return value
    chinese, bar, english = value.partition(" | ")
    if not bar or not _HAN.search(chinese):
        return value
    return {"zh": chinese, "en": english}.get(language(), value)
