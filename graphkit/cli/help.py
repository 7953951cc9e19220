"""Help in the reader's language: what click writes is looked up in a catalogue at the moment it is written.

``report/help_zh.toml`` maps each text of an option and each paragraph of a command to its Chinese form, so that the code
holds every text once. It is read only when Chinese is asked for.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import click

from graphkit.cli.language import language

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Context", "HelpText", "help_in_chinese"]

_EXTRA = re.compile(r"\s*\[([^\[\]]*(?:\[[^\]]*\][^\[\]]*)*)\]\s*$")
_STOP = "。"
_LEAST, _SHORT, _NARROW = 30, 48, 12  # cells of a line of help: at least; where it is short; of its names then


def help_in_chinese(text: str) -> str:
    """Return a paragraph, a heading or the text of an option in Chinese; the first sentence of a known paragraph too.

    What stands in brackets behind it, defaults and ranges, is put into Chinese by itself. A text that the catalogue
    lacks stays as it is.
    """
    said = " ".join(text.split())
    extra = _EXTRA.search(text)
    told = _catalogue().get(said) or _first(said)
    if told is None and extra:
        head = help_in_chinese(text[: extra.start()])
        return f"{head}  [{'; '.join(map(_extra, extra[1].split('; ')))}]"
    return told or text


def _first(sentence: str) -> str | None:
    """Return the first sentence of the paragraph that begins with this one, as lists of commands show it."""
    begun = sentence.rstrip(".")
    found = next((zh for en, zh in _catalogue().items() if begun and en.startswith(f"{begun}. ")), None)
    return _catalogue().get(f"{begun}.") or (found.split(_STOP)[0] + _STOP if found else None)


def _extra(part: str) -> str:
    """Return one remark in brackets: a default, or what is required."""
    mark, value = ("默认：", part.removeprefix("default: ")) if part.startswith("default: ") else ("", part)
    return mark + _catalogue().get(value, value)


@cache
def _catalogue() -> dict[str, str]:
    import tomllib
    from importlib.resources import files

    tables = tomllib.loads(files("graphkit.report").joinpath("help_zh.toml").read_text(encoding="utf-8"))
    return {english: zh for table in tables.values() for english, zh in table.items()}


class HelpText(click.HelpFormatter):
    """click's writer of help; a Chinese one breaks lines by terminal cells, for a Chinese character takes two."""

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        from shutil import get_terminal_size

        super().__init__(indent_increment, width, max_width)
        columns = get_terminal_size().columns
        if width is None and columns - 2 < self.width:  # click fills 50 columns also where there are fewer
            self.width = max(columns - 2, _LEAST)

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line that shows how to call the command."""
        from graphkit.report.text_width import width_of

        head = f"{_spoken('Usage:')} " if prefix is None else prefix
        wider = width_of(head) - len(head)  # click counts characters
        self.width -= wider
        super().write_usage(prog, args, head)
        self.width += wider

    def write_heading(self, heading: str) -> None:
        """Write the heading of a section."""
        super().write_heading(_spoken(heading))

    def write_text(self, text: str) -> None:
        """Write paragraphs, each wrapped."""
        if language() == "en":
            super().write_text(text)
            return
        paragraphs = [_lines(_spoken(one), self.width - self.current_indent) for one in text.split("\n\n")]
        margin = " " * self.current_indent
        self.write("\n".join("".join(f"{margin}{line}\n" for line in lines) for lines in paragraphs))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names and what they mean in two columns; on a narrow screen long names stand above their meaning."""
        narrow = self.width < _SHORT
        if language() == "en" and not narrow:
            super().write_dl(rows, col_max, col_spacing)
            return
        from graphkit.report.text_width import width_of

        pairs = list(rows)
        first = min(max(width_of(name) for name, _ in pairs), _NARROW if narrow else col_max) + col_spacing
        for name, text in pairs:
            lines = _lines(_spoken(text), max(self.width - first - self.current_indent, 10))
            fits = width_of(name) <= first - col_spacing
            head = f"{'':{self.current_indent}}{_at_choices(name, self.width - self.current_indent)}"
            self.write(f"{head}{' ' * (first - width_of(name))}{lines.pop(0)}\n" if fits else f"{head}\n")
            self.write("".join(f"{'':{first + self.current_indent}}{line}\n" for line in lines))


class Context(click.Context):
    """A context whose help is written in the reader's language."""

    formatter_class = HelpText


def _spoken(text: str) -> str:
    """Return a text in the language asked for; of both, what stands in brackets behind it only once."""
    asked = language()
    zh = text if asked == "en" else help_in_chinese(text)
    if asked != "both" or zh == text:
        return zh
    return f"{help_in_chinese(_EXTRA.sub('', text)) or zh} {text}"


def _at_choices(name: str, width: int) -> str:
    """Return an option with its choices, on further lines those that do not fit."""
    from graphkit.report.text_width import width_of

    lines = [""]
    for part in re.findall(r"[^|]*\|?", name):
        if lines[-1] and width_of(lines[-1] + part) > width:
            lines.append(" " * 6)
        lines[-1] += part
    return "\n".join(lines)


def _lines(text: str, width: int) -> list[str]:
    """Return lines of at most so many cells."""
    from graphkit.report.text_width import wrap

    return [line.strip() for line in wrap(" ".join(text.split()), width)]
