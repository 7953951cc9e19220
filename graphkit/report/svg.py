"""The few shapes the charts are drawn with: SVG text stays text, every word is escaped, nothing comes from outside."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup, escape

from graphkit.report.text_width import clip, visible, width_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["BROAD", "CELL", "INK", "MUTED", "SLIM", "Frame", "dot", "line", "name_at", "picture", "rect", "text_at"]

INK, MUTED = "#1c2b3a", "#5b6b7b"
CELL = 7.2  # px


class Frame(NamedTuple):
    """The room of a chart, px.

    Its width, what is kept free on both sides, the height of a row, the cells of a name, and how far
    below its name a row is drawn (0: the name stands at the left).
    """

    width: int
    left: int
    right: int
    row: int
    cells: int
    drop: int


BROAD = Frame(820, 240, 100, 26, 32, 0)
SLIM = Frame(360, 4, 40, 46, 48, 18)  # a telephone: 13 px stay 13 px


def rect(x: float, y: float, width: float, color: str, *, height: float = 18) -> Markup:
    """Return a filled box; one without width stays visible."""
    sizes = map(_number, (x, y, max(width, 0.8), height))
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" rx="2" fill="{}"/>').format(*sizes, color)


def line(x1: float, y1: float, x2: float, y2: float, color: str, *, wide: float = 1) -> Markup:
    """Return a straight line."""
    ends = map(_number, (x1, y1, x2, y2))
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}" stroke-width="{}"/>').format(*ends, color, wide)


def dot(x: float, y: float, color: str) -> Markup:
    """Return a small disc."""
    return Markup('<circle cx="{}" cy="{}" r="5" fill="{}"/>').format(_number(x), _number(y), color)


def text_at(x: float, y: float, text: str, *, anchor: str = "start", color: str = INK, bold: bool = False) -> Markup:
    """Return a text whose baseline starts, is centred or ends at x."""
    return Markup('<text x="{}" y="{}" text-anchor="{}" fill="{}"{}>{}</text>').format(
        _number(x), _number(y), anchor, color, Markup(' font-weight="600"') if bold else "", visible(text)
    )


def name_at(name: str, y: float, frame: Frame) -> Markup:
    """Return the label at the left or above, cut to fit, its whole text as a tooltip."""
    shown = visible(name)
    short = clip(shown, frame.cells)
    tip = Markup("<title>{}</title>").format(shown) if width_of(shown) > frame.cells else Markup("")
    x, anchor = (0, "start") if frame.drop else (frame.left - 10, "end")
    return Markup('<text x="{}" y="{}" text-anchor="{}" fill="{}">{}{}</text>').format(
        x, _number(y + 13), anchor, INK, tip, short
    )


def picture(parts: Sequence[Markup], height: float, label: str, frame: Frame, said: Iterable[str]) -> Markup:
    """Return the parts as one picture, with a name and, in words, its rows for screen readers."""
    head = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img" aria-label="{}" font-size="13">'
    ).format(frame.width, _number(height), escape(label))
    told = Markup("<desc>{}</desc>").format("; ".join(visible(text) for text in said))
    return head + told + Markup("").join(parts) + Markup("</svg>")


def _number(value: float) -> str:
    return f"{value:.1f}" if math.isfinite(value) else "0"
