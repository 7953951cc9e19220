"""How wide a text is on a terminal, and how to cut it: a Chinese character takes two cells."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["clip", "fit_lines", "longest_piece", "pad", "visible", "width_of", "wrap"]

_ZERO = frozenset({"Mn", "Me", "Cf"})
_PASTED = re.compile(r"(?:.*[:：]\s*)?(?:graphkit |:param )")  # a line break inside would break the command
_PIECE = re.compile(r"\s*[（“「【《(\[]*(?:[^\s\u2e80-\uffef]+|.)[，。；：、！？）”」】》…)\],.;:!?]*")


def width_of(text: str) -> int:
    """Return the number of terminal cells."""
    return sum(_cells(letter) for letter in text)


def visible(text: str) -> str:
    r"""Return the text with control characters and escapes shown, as in ``\x1b``, and line breaks as spaces."""
    flat = text.replace("\r\n", " ").replace("\n", " ").replace("\t", " ")
    return "".join(_shown(letter) for letter in flat)


def clip(text: str, width: int) -> str:
    """Return the text, cut with an ellipsis when it is wider than `width` cells."""
    if width_of(text) <= width:
        return text
    kept, used = [], 0
    for letter in text:
        cells = _cells(letter)
        if used + cells > width - 1:
            break
        kept.append(letter)
        used += cells
    return "".join(kept) + "…" if width > 0 else ""


def wrap(text: str, width: int) -> list[str]:
    """Return the text as lines of at most `width` cells, broken at blanks or before wide characters, further lines indented by two.

    No line begins with a closing mark or ends with an opening one, as Chinese is set.
    """
    lines, now, room = list[str](), "", width
    for piece in _PIECE.findall(text):
        full = now and width_of(now + piece) > room
        if full:
            lines.append(now)
            room = max(width - 2, 1)
        now = piece.lstrip() if full else now + piece
    return [line if i == 0 else f"  {line}" for i, line in enumerate([*lines, now])]


def longest_piece(text: str) -> int:
    """Return the cells of the longest piece that `wrap` leaves together."""
    return max((width_of(piece.strip()) for piece in _PIECE.findall(text)), default=0)


def fit_lines(text: str, width: int | None) -> str:
    """Return text whose sentences take at most `width` cells a line (None: as they are), further lines indented by two more.

    Rows of a table, known by two blanks between cells, and commands that are copied stay whole.
    """
    if width is None:
        return text
    lines = list[str]()
    for line in text.split("\n"):
        said = line.strip(" ")
        if width_of(line) <= width or "  " in said or _PASTED.match(said):
            lines.append(line)
            continue
        margin = line[: len(line) - len(line.lstrip(" "))]
        lines += [margin + piece for piece in wrap(said, max(width - len(margin), 1))]
    return "\n".join(lines)


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Return the text filled with spaces to `width` cells; `right` aligns to the right."""
    fill = " " * max(0, width - width_of(text))
    return fill + text if right else text + fill


def _cells(letter: str) -> int:
    if unicodedata.category(letter) in _ZERO:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1


def _shown(letter: str) -> str:
    # Cf holds direction marks that can disguise a text; the joiners inside emoji are harmless
    if unicodedata.category(letter) in {"Cc", "Cf", "Zl", "Zp"} and letter != "\u200d":
        return f"\\x{ord(letter):02x}" if ord(letter) < 256 else f"\\u{ord(letter):04x}"
    return letter
