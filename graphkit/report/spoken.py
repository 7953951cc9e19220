"""Chinese forms of what commands and pages say in English: one catalogue, read when somebody asks for Chinese.

``zh.toml`` beside this file maps an English sentence with gaps ``{}`` to its Chinese form, in which ``{1}`` is what
stands in the first gap (``{#}`` holds a whole number alone, ``{.}`` one clause alone), ``{1:t}`` the same put into Chinese itself, and ``{1:l}`` each part of a list put into Chinese.
``<user is|users are>`` stands for either: Chinese says one and many alike.
Values of the data are never translated.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from functools import cache, partial
from importlib.resources import files
from typing import NamedTuple

from graphkit.report.sentences import TERMS

__all__ = ["both_of", "chinese", "one_and_many", "word"]

_HANZI = re.compile(r"[\u4e00-\u9fff]")
_GAPS = re.compile(r"\{([#.]?)\}")
_HELD = {"": "(.*?)", "#": r"(\d+)", ".": "((?:(?!; ).)*?)"}
_FILLED = re.compile(r"\{(\d+)(?::([tl]))?\}")
_NUMBERS = re.compile(r"<([^<>|]*\|[^<>|]*)>")
_CLAUSES = "; "


class _Sentence(NamedTuple):
    """The English text between the gaps, what each of these may hold, the Chinese form, and the gaps it keeps as they are."""

    pieces: tuple[str, ...]
    held: tuple[str, ...]
    form: str
    raw: tuple[str, ...]


def both_of(text: str) -> tuple[str, str]:
    """Return (zh, en) of a sentence of a result.

    "zh | en" is split; a sentence of the catalogue gets its Chinese form; any other text stands for both.
    """
    left, mark, right = text.partition(" | ")
    if mark and _HANZI.search(left):
        return left, right
    return chinese(text), text


def chinese(text: str) -> str:
    """Return a text of ours in Chinese, line by line; a line or clause that the catalogue lacks stays as it is."""
    return "\n".join(_line(line) for line in text.split("\n"))


def word(name: str) -> str:
    """Return the Chinese of a column, a unit or another single word of ours; one that is not known stands for itself."""
    return _catalogue()[1].get(name) or TERMS.get(name, (name, name))[0]


def one_and_many(key: str) -> list[str]:
    """Return every English sentence that a key of the catalogue stands for."""
    parts = [part.split("|") if odd % 2 else [part] for odd, part in enumerate(_NUMBERS.split(key))]
    return ["".join(each) for each in itertools.product(*parts)]


def _line(line: str) -> str:
    """Return one line: as a whole, else its halves in two languages, else clause by clause."""
    core = line.strip(" ")
    found = _whole(core)
    if found is None and _CLAUSES in core and "  " not in core:  # two blanks stand between cells of a table
        clauses = core.split(_CLAUSES)
        told = [_whole(clause) for clause in clauses]
        if any(told):
            found = "；".join(new or old for new, old in zip(told, clauses, strict=True))
    return line if found is None else line.replace(core, found, 1) if core else line


def _whole(text: str) -> str | None:
    """Return the Chinese form of a sentence or of a word, None when there is none."""
    for sentence in _catalogue()[0]:
        if all(piece in text for piece in sentence.pieces):
            found = _pattern(sentence.pieces, sentence.held).fullmatch(text)
            if found and not any(_CLAUSES in found[int(n)] for n in sentence.raw):  # data hold no clauses of ours
                return _FILLED.sub(partial(_gap, values=found.groups()), sentence.form)
    return None


def _gap(gap: re.Match[str], values: tuple[str, ...]) -> str:
    """Return what stands in a gap, put into Chinese where the form asks for it."""
    value, how = values[int(gap[1]) - 1], gap[2]
    if how == "l":
        return "、".join(_item(each) for each in value.split(", "))
    left, mark, _ = value.partition(" | ")
    if not how or (mark and _HANZI.search(left)):
        return left if how else value
    found = _line(value)
    return word(value) if found == value else found


def _item(text: str) -> str:
    """Return one part of a list: a sentence, a word, or a word before a number."""
    found = _line(text)
    first, blank, rest = text.partition(" ")
    return found if found != text else word(text) if word(text) != text else word(first) + blank + rest


@cache
def _pattern(pieces: tuple[str, ...], held: tuple[str, ...]) -> re.Pattern[str]:
    gaps = [*map(_HELD.__getitem__, held), ""]
    return re.compile("".join(re.escape(piece) + gap for piece, gap in zip(pieces, gaps, strict=True)), re.DOTALL)


@cache
def _catalogue() -> tuple[tuple[_Sentence, ...], dict[str, str]]:
    """Read sentences, what begins lines first, then those with most text of their own, and words."""
    tables = tomllib.loads(files("graphkit.report").joinpath("zh.toml").read_text(encoding="utf-8"))
    words, beginnings = tables.pop("words"), _sentences(tables.pop("beginnings"))
    others = (each for table in tables.values() for each in _sentences(table))
    return (*beginnings, *sorted(others, key=lambda each: -sum(map(len, each.pieces)))), words


def _sentences(table: dict[str, str]) -> list[_Sentence]:
    return [
        _Sentence(
            tuple(parts[::2]), tuple(parts[1::2]), form, tuple(gap[1] for gap in _FILLED.finditer(form) if not gap[2])
        )
        for key, form in table.items()
        for parts in map(_GAPS.split, one_and_many(key))
    ]
