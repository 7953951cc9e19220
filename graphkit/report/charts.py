"""Charts as small inline SVG: text stays text, every word escaped, no script, nothing from outside.

Each function takes plain rows and returns `Markup`. Numbers are only placed, never computed anew.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from graphkit.report.text_width import clip, visible, width_of

__all__ = ["Bar", "bars", "curve", "dumbbells", "heatmap", "interval", "ladder", "shares"]

Format = Callable[[float], str]

_INK, _MUTED, _RULE = "#1c2b3a", "#5b6b7b", "#d8dee6"
_MAIN, _SOFT, _GHOST, _WARM = "#0f6e84", "#9fd0da", "#eef2f6", "#c2620a"
_PALETTE = ("#0f6e84", "#c2620a", "#5a7d2a", "#7a4fa3", "#b03a5b", "#3a5fb0", "#8a7413", "#4d6b6b")
_WIDTH, _LEFT, _RIGHT, _ROW = 820, 240, 100, 26
_CELL = 7.2  # px
_CELLS = 32  # of a label on the left
_DEEP = 0.66  # from here on white is read better than ink


class Bar(NamedTuple):
    """One bar: its name, its value, whether it is the one to look at, and its interval in words."""

    name: str
    value: float
    strong: bool = False
    band: str = ""


def bars(rows: Sequence[Bar], label: str, form: Format) -> Markup:
    """Return horizontal bars from zero."""
    top = max([row.value for row in rows] + [0.0]) or 1.0
    said = [form(row.value) + (f" ({row.band})" if row.band else "") for row in rows]
    right = max([_RIGHT, *(_CELL * width_of(text) + 10 for text in said)])
    scale = (_WIDTH - _LEFT - right) / top
    parts = []
    for i, (row, text) in enumerate(zip(rows, said, strict=True)):
        y = i * _ROW + 6
        parts += [_name(row.name, y), _rect(_LEFT, y, row.value * scale, _MAIN if row.strong else _SOFT)]
        parts.append(_text(_LEFT + row.value * scale + 6, y + 13, text, bold=row.strong))
    return _svg(parts, len(rows) * _ROW + 8, label)


def ladder(rows: Sequence[tuple[str, float, float | None]], label: str, form: Format) -> Markup:
    """Return what each purchase adds after those above it, the light bar showing what it reaches alone.

    Parameters
    ----------
    rows : sequence of (name, adds, alone)
        `alone` may be None: not measured.
    label : str
        What a screen reader says.
    form : callable
        Turns a number into text.
    """
    total = sum(adds for _, adds, _ in rows)
    reach, before = total, 0.0
    for _, adds, alone in rows:
        reach, before = max(reach, before + (alone or 0.0)), before + adds
    scale = (_WIDTH - _LEFT - _RIGHT) / (reach or 1.0)
    parts, before = [], 0.0
    for i, (name, adds, alone) in enumerate(rows):
        y, x = i * _ROW + 6, _LEFT + before * scale
        parts.append(_name(name, y))
        if alone is not None:
            parts.append(_rect(x, y + 3, alone * scale, _SOFT, height=12))
        parts.append(_rect(x, y, adds * scale, _MAIN))
        end = x + max(adds, alone or 0.0) * scale
        parts.append(_text(end + 6, y + 13, f"+{form(adds)}"))
        if i + 1 < len(rows):
            parts.append(_line(x + adds * scale, y + 18, x + adds * scale, y + _ROW, _MUTED))
        before += adds
    y = len(rows) * _ROW + 4
    parts += [
        _line(_LEFT, y, _LEFT + total * scale, y, _INK),
        _text(_LEFT + total * scale, y + 16, form(total), bold=True, anchor="end"),
    ]
    return _svg(parts, y + 24, label)


def interval(mean: float, bands: Sequence[tuple[str, float, float]], label: str, form: Format) -> Markup:
    """Return a point with one band per interval, the narrowest darkest."""
    low, high = min(b[1] for b in bands), max(b[2] for b in bands)
    room = (high - low) * 0.12 or abs(mean) * 0.05 or 1.0
    scale = (_WIDTH - _LEFT - _RIGHT) / (high - low + 2 * room)

    def at(value: float) -> float:
        return _LEFT + (value - low + room) * scale

    parts: list[Markup] = []
    for i, (name, lower, upper) in enumerate(bands):
        y = i * 40 + 10
        parts += [_name(name, y), _rect(at(lower), y, at(upper) - at(lower), (_MAIN, _SOFT)[min(i, 1)])]
        apart = at(upper) - at(lower) > 90
        parts.append(_text(at(lower), y + 32, form(lower), anchor="middle" if apart else "end"))
        parts.append(_text(at(upper) + (0 if apart else 8), y + 32, form(upper), anchor="middle" if apart else "start"))
    bottom = len(bands) * 40 + 4
    parts += [
        _line(at(mean), 2, at(mean), bottom, _WARM),
        _text(at(mean), bottom + 14, form(mean), bold=True, anchor="middle"),
    ]
    return _svg(parts, bottom + 22, label)


def heatmap(names: Sequence[str], cells: Sequence[Sequence[float | None]], label: str, form: Format) -> Markup:
    """Return a square matrix of values in [0, 1]; None is drawn as a dash."""
    n = len(names)
    size = max(26.0, min(64.0, (_WIDTH - _LEFT - 10) / max(n, 1)))
    top = max([value for row in cells for value in row if value is not None] + [0.0]) or 1.0
    parts = []
    for i, name in enumerate(names):
        y = i * size + 28
        parts += [
            _name(name, y + size / 2 - 9),
            _text(_LEFT + i * size + size / 2, 20, str(i + 1), anchor="middle", color=_MUTED),
        ]
        for j, value in enumerate(cells[i]):
            x = _LEFT + j * size
            if value is None:
                parts += [_rect(x, y, size - 2, _GHOST, height=size - 2)]
                parts += [
                    _text(x + size / 2 - 1, y + size / 2 + 4, "·" if i == j else "–", anchor="middle", color=_MUTED)
                ]
                continue
            part = value / top
            parts.append(_rect(x, y, size - 2, _mix(part), height=size - 2))
            parts.append(
                _text(
                    x + size / 2 - 1,
                    y + size / 2 + 4,
                    form(value),
                    anchor="middle",
                    color="#ffffff" if part > _DEEP else _INK,
                )
            )
    return _svg(parts, n * size + 34, label)


def dumbbells(
    rows: Sequence[tuple[str, float | None, float | None]], label: str, words: tuple[str, str], form: Format
) -> Markup:
    """Return two dots a row, joined: for instance predicted and observed; a wide range is drawn in powers of ten."""
    known = [value for _, a, b in rows for value in (a, b) if value is not None]
    low, high = min([*known, 0.0]), max([*known, 1e-12])
    positive = [value for value in known if value > 0]
    powers = bool(positive) and len(positive) == len(known) and high / min(positive) > 50
    place: Callable[[float], float] = math.log10 if powers else float
    start, end = (place(min(positive)) - 0.05, place(high)) if powers else (low, high)
    scale = (_WIDTH - _LEFT - _RIGHT) / ((end - start) or 1.0)
    second = _LEFT + max(
        166.0, 46.0 + _CELL * width_of(visible(words[0]))
    )  # the legend's second entry clears the first
    parts = [
        _dot(_LEFT + 6, 12, _WARM),
        _text(_LEFT + 16, 16, words[0]),
        _dot(second, 12, _MAIN),
        _text(second + 10, 16, words[1]),
    ]
    for i, (name, predicted, observed) in enumerate(rows):
        y = i * _ROW + 28
        parts += [_name(name, y), _line(_LEFT, y + 9, _WIDTH - _RIGHT, y + 9, _RULE)]
        spots = [
            (_LEFT + (place(v) - start) * scale, v, c)
            for v, c in ((predicted, _WARM), (observed, _MAIN))
            if v is not None
        ]
        if len(spots) == 2:
            parts.append(_line(spots[0][0], y + 9, spots[1][0], y + 9, _MUTED, wide=2))
        parts += [_dot(x, y + 9, c) for x, _, c in spots]
        if spots:
            parts.append(
                _text(max(x for x, _, _ in spots) + 9, y + 13, " / ".join(form(v) for _, v, _ in spots), color=_MUTED)
            )
    return _svg(parts, len(rows) * _ROW + 34, label)


def curve(points: Sequence[tuple[float, float]], words: tuple[str, str], label: str, form: Format) -> Markup:
    """Return points joined by a line, one quantity across and one up, neither axis from zero."""
    across, up = [p[0] for p in points], [p[1] for p in points]
    left, top, wide, high = 90.0, 16.0, _WIDTH - 90 - 130.0, 220.0

    def place(value: float, low: float, most: float, room: float) -> float:
        return (value - low) / ((most - low) or 1.0) * room

    spots = sorted(
        (left + place(a, min(across), max(across), wide), top + high - place(b, min(up), max(up), high), a, b)
        for a, b in points
    )
    parts = [
        _line(left - 14, top - 6, left - 14, top + high + 14, _RULE),
        _line(left - 14, top + high + 14, left + wide, top + high + 14, _RULE),
    ]
    parts += [_line(x1, y1, x2, y2, _SOFT, wide=2) for (x1, y1, *_), (x2, y2, *_) in itertools.pairwise(spots)]
    for x, y, a, b in spots:
        parts += [_dot(x, y, _MAIN), _text(x + 9, y - 5, f"{form(a)} / {form(b)}", color=_MUTED)]
    parts += [_text(left + wide, top + high + 32, f"{words[0]} →", anchor="end"), _text(0, top - 2, f"↑ {words[1]}")]
    return _svg(parts, top + high + 42, label)


def shares(rows: Sequence[tuple[str, float]], label: str, form: Format) -> Markup:
    """Return one bar cut into shares of a whole, with a legend below."""
    total = sum(value for _, value in rows) or 1.0
    scale, x = (_WIDTH - 20) / total, 10.0
    parts = []
    for i, (name, value) in enumerate(rows):
        color = _PALETTE[i % len(_PALETTE)]
        wide = value * scale
        parts.append(_rect(x, 4, max(wide - 2, 0.5), color, height=30))
        if wide > 54:
            parts.append(_text(x + wide / 2, 24, form(value), anchor="middle", color="#ffffff", bold=True))
        y = 54 + (i // 2) * 22
        left = 10 + (i % 2) * 370
        parts += [
            _rect(left, y - 11, 12, color, height=12),
            _text(left + 18, y, f"{clip(visible(name), 34)}  {form(value)}"),
        ]
        x += wide
    return _svg(parts, 54 + ((len(rows) + 1) // 2) * 22, label)


def _mix(part: float) -> str:
    """Return a colour between pale and deep for a share in [0, 1]."""
    low, high = (0xEA, 0xF4, 0xF6), (0x0B, 0x5A, 0x6E)
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(low, high, strict=True))
    return f"#{red:02x}{green:02x}{blue:02x}"


def _number(value: float) -> str:
    return f"{value:.1f}" if math.isfinite(value) else "0"


def _rect(x: float, y: float, width: float, color: str, *, height: float = 18) -> Markup:
    sizes = map(_number, (x, y, max(width, 0.8), height))
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" rx="2" fill="{}"/>').format(*sizes, color)


def _line(x1: float, y1: float, x2: float, y2: float, color: str, *, wide: float = 1) -> Markup:
    ends = map(_number, (x1, y1, x2, y2))
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}" stroke-width="{}"/>').format(*ends, color, wide)


def _dot(x: float, y: float, color: str) -> Markup:
    return Markup('<circle cx="{}" cy="{}" r="5" fill="{}"/>').format(_number(x), _number(y), color)


def _text(x: float, y: float, text: str, *, anchor: str = "start", color: str = _INK, bold: bool = False) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}" fill="{}"{}>{}</text>').format(
        _number(x), _number(y), anchor, color, Markup(' font-weight="600"') if bold else "", visible(text)
    )


def _name(name: str, y: float) -> Markup:
    """Return the label at the left, cut to fit, its whole text as a tooltip."""
    shown = visible(name)
    short = clip(shown, _CELLS)
    tip = Markup("<title>{}</title>").format(shown) if width_of(shown) > _CELLS else Markup("")
    return Markup('<text x="{}" y="{}" text-anchor="end" fill="{}">{}{}</text>').format(
        _LEFT - 10, _number(y + 13), _INK, tip, short
    )


def _svg(parts: Sequence[Markup], height: float, label: str) -> Markup:
    head = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img" aria-label="{}" font-size="13">'
    ).format(_WIDTH, _number(height), escape(label))
    return head + Markup("").join(parts) + Markup("</svg>")
