"""The first line of a CSV file: the names of its columns, or what it is instead."""

from __future__ import annotations

import csv
import io
import re

__all__ = ["HeaderWrong", "header_names"]

_LONGEST = 1_000_000  # characters of all names
_NO_CSV = {"JSON": re.compile(rb'\s*[\[{]+\s*("|$)'), "HTML or XML": re.compile(rb"\s*<([!?]|html)")}
_SIGNS = ";\t|，"


class HeaderWrong(Exception):
    """A first line that names no columns: what is wrong, what to do, and what stands there."""

    def __init__(self, text: str, hint: str, value: str | None = None) -> None:
        super().__init__(text)
        self.text, self.hint, self.value = text, hint, value


def header_names(raw: bytes, broken: tuple[str, str] | None) -> list[str]:
    """Return the names of the columns.

    Parameters
    ----------
    raw
        The first record.
    broken
        Rule and message of what is wrong with its bytes or quotes.

    Raises
    ------
    HeaderWrong
        JSON or a page, broken, too long, not separated by commas, or with a name that is empty or doubled.

    Examples
    --------
    >>> header_names(b'id,"name, in full"', None)
    ['id', 'name, in full']
    """
    text = _line_of(raw, broken)
    names = next(csv.reader(io.StringIO(text), strict=True))
    sign = next((sign for sign in _SIGNS if sign in text), None)
    if len(names) == 1 and sign:
        hint = 'save it with commas: spreadsheets call that "CSV UTF-8 (comma delimited)"'
        raise HeaderWrong(f"columns are separated by {sign!r}, not by commas", hint, text[:100])
    if any(not name.strip() for name in names):
        raise HeaderWrong("a header name is empty", "name every column", text[:100])
    doubled = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if doubled:
        raise HeaderWrong(f"header name {doubled[0]!r} occurs twice", "names must be unique", doubled[0])
    return names


def _line_of(raw: bytes, broken: tuple[str, str] | None) -> str:
    """Return the first record as one line of text."""
    kind = next((kind for kind, mark in _NO_CSV.items() if mark.match(raw)), None)
    if kind:
        hint = "write it as CSV, the names of the columns in the first line"
        raise HeaderWrong(f"the file is no CSV, it begins as {kind} does", hint, raw[:100].decode("utf-8", "replace"))
    if broken:
        raise HeaderWrong(broken[1], "correct the header line")
    text = raw.decode()
    if "\n" in text or "\r" in text:
        raise HeaderWrong("the header holds a line break", "write all names on one line")
    if len(text) > _LONGEST:
        said = f"the first line has {len(text):,} characters, no header is so long"
        raise HeaderWrong(said, "check the line ends of the file", text[:100])
    return text
