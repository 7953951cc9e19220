"""Charts as small inline SVG.

Each function takes plain rows and returns `Markup`. Numbers are only placed, never computed anew.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from graphkit.report.svg import BROAD, CELL, INK, MUTED, Frame, dot, line, name_at, picture, rect, text_at
from graphkit.report.text_width import clip, visible, width_of

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["Bar", "bars", "curve", "dumbbells", "heatmap", "interval", "ladder", "shares"]

Format = Callable[[float], str]

_RULE = "#d8dee6"
_MAIN, _SOFT, _GHOST, _WARM = "#0f6e84", "#9fd0da", "#eef2f6", "#c2620a"
_PALETTE = ("#0f6e84", "#ad5608", "#5a7d2a", "#7a4fa3", "#b03a5b", "#3a5fb0", "#8a7413", "#4d6b6b")


class Bar(NamedTuple):
    """One bar: its name, its value, whether it is the one to look at, and its interval in words."""

    name: str
    value: float
    strong: bool = False
    band: str = ""


def bars(rows: Sequence[Bar], label: str, form: Format, frame: Frame = BROAD) -> Markup:
    """Return horizontal bars from zero."""
    top = max([row.value for row in rows] + [0.0]) or 1.0
    said = [form(row.value) + (f" ({row.band})" if row.band else "") for row in rows]
    scale = (frame.width - frame.left - _beside(said, frame)) / top
    parts = []
    for i, (row, text) in enumerate(zip(rows, said, strict=True)):
        parts.append(name_at(row.name, i * frame.row + 6, frame))
        y = i * frame.row + 6 + frame.drop
        parts.append(rect(frame.left, y, row.value * scale, _MAIN if row.strong else _SOFT))
        parts.append(text_at(frame.left + row.value * scale + 6, y + 13, text, bold=row.strong))
    rows_said = [f"{row.name} {text}" for row, text in zip(rows, said, strict=True)]
    return picture(parts, len(rows) * frame.row + 8, label, frame, rows_said)


def ladder(rows: Sequence[tuple[str, float, float | None]], label: str, form: Format, frame: Frame = BROAD) -> Markup:
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
    said = [f"+{form(adds)}" for _, adds, _ in rows]
    scale = (frame.width - frame.left - _beside(said, frame)) / (reach or 1.0)
    parts, before = [], 0.0
    for i, (name, adds, alone) in enumerate(rows):
        y, x = i * frame.row + 6 + frame.drop, frame.left + before * scale
        parts.append(name_at(name, i * frame.row + 6, frame))
        if alone is not None:
            parts.append(rect(x, y + 3, alone * scale, _SOFT, height=12))
        parts.append(rect(x, y, adds * scale, _MAIN))
        end = x + max(adds, alone or 0.0) * scale
        parts.append(text_at(end + 6, y + 13, said[i]))
        if i + 1 < len(rows) and not frame.drop:
            parts.append(line(x + adds * scale, y + 18, x + adds * scale, y + frame.row, MUTED))
        before += adds
    y = len(rows) * frame.row + 4
    parts += [
        line(frame.left, y, frame.left + total * scale, y, INK),
        text_at(frame.left + total * scale, y + 16, form(total), bold=True, anchor="end"),
    ]
    rows_said = [f"{name} {text}" for (name, *_), text in zip(rows, said, strict=True)]
    return picture(parts, y + 24, label, frame, [*rows_said, form(total)])


def interval(
    mean: float, bands: Sequence[tuple[str, float, float]], label: str, form: Format, frame: Frame = BROAD
) -> Markup:
    """Return a point with one band per interval, the narrowest darkest."""
    low, high = min(b[1] for b in bands), max(b[2] for b in bands)
    room = (high - low) * 0.12 or abs(mean) * 0.05 or 1.0
    scale = (frame.width - frame.left - frame.right) / (high - low + 2 * room)

    def at(value: float) -> float:
        return frame.left + (value - low + room) * scale

    parts: list[Markup] = []
    for i, (name, lower, upper) in enumerate(bands):
        y = i * (40 + frame.drop) + 10 + frame.drop
        parts += [
            name_at(name, y - frame.drop, frame),
            rect(at(lower), y, at(upper) - at(lower), (_MAIN, _SOFT)[min(i, 1)]),
            line(at(mean), y - 4, at(mean), y + 22, _WARM, wide=2),
        ]
        apart = at(upper) - at(lower) > 90
        ends = ((lower, 0, "middle"), (upper, 0, "middle")) if apart else ((lower, -3, "end"), (upper, 3, "start"))
        parts += [text_at(at(value) + aside, y + 32, form(value), anchor=side) for value, aside, side in ends]
    bottom = len(bands) * (40 + frame.drop) + 4
    parts.append(text_at(at(mean), bottom + 14, form(mean), bold=True, anchor="middle"))
    rows_said = [f"{name} {form(lower)} – {form(upper)}" for name, lower, upper in bands]
    return picture(parts, bottom + 22, label, frame, [form(mean), *rows_said])


def heatmap(
    names: Sequence[str], cells: Sequence[Sequence[float | None]], label: str, form: Format, frame: Frame = BROAD
) -> Markup:
    """Return a square matrix of values in [0, 1]; None is drawn as a dash."""
    n, left, top = len(names), frame.left, 28.0
    if frame.drop:  # the names stand above the matrix, their numbers beside it
        left, top = 24, 20.0 * n + 34
    size = max(26.0, min(64.0, (frame.width - left - 10) / max(n, 1)))
    most = max([value for row in cells for value in row if value is not None] + [0.0]) or 1.0
    parts = []
    for i, name in enumerate(names):
        y, middle = i * size + top, size / 2
        parts.append(name_at(name, i * 20.0 if frame.drop else y + middle - 9, frame))
        parts.append(text_at(left + i * size + middle, top - 8, str(i + 1), anchor="middle", color=MUTED))
        if frame.drop:
            parts.append(text_at(left - 6, y + middle + 4, str(i + 1), anchor="end", color=MUTED))
        for j, value in enumerate(cells[i]):
            said = form(value) if value is not None else "·" if i == j else "–"
            parts += _square(left + j * size, y, size, None if value is None else value / most, said)
    pairs = [(a, b, cells[i][j]) for i, a in enumerate(names) for j, b in enumerate(names[:i])]
    rows_said = [f"{a} × {b} {form(value)}" for a, b, value in pairs if value is not None]
    return picture(
        parts, top + n * size + 6, label, frame._replace(width=max(frame.width, int(left + n * size))), rows_said
    )


def _square(x: float, y: float, size: float, part: float | None, said: str) -> list[Markup]:
    """Draw one cell of a matrix, the deeper the larger its part of the greatest."""
    ground, ink = (_GHOST, MUTED) if part is None else (_mix(part), INK)
    return [
        rect(x, y, size - 2, ground, height=size - 2),
        text_at(x + size / 2 - 1, y + size / 2 + 4, said, anchor="middle", color=ink),
    ]


def dumbbells(
    rows: Sequence[tuple[str, float | None, float | None]],
    label: str,
    words: tuple[str, str],
    form: Format,
    frame: Frame = BROAD,
) -> Markup:
    """Return two dots a row, joined: for instance predicted and observed; a wide range is drawn in powers of ten."""
    said = [" / ".join(form(v) for v in pair if v is not None) for _, *pair in rows]
    right = int(_beside(said, frame))
    at = _placed([value for _, *pair in rows for value in pair if value is not None], frame._replace(right=right))
    parts, top = _legend(words, frame)
    for i, (name, *pair) in enumerate(rows):
        parts.append(name_at(name, i * frame.row + top, frame))
        y = i * frame.row + top + frame.drop
        parts.append(line(frame.left, y + 9, frame.width - right, y + 9, _RULE))
        spots = [(at(v), v, c) for v, c in zip(pair, (_WARM, _MAIN), strict=True) if v is not None]
        if len(spots) == 2:
            parts.append(line(spots[0][0], y + 9, spots[1][0], y + 9, MUTED, wide=2))
        parts += [dot(x, y + 9, c) for x, _, c in spots]
        if spots:
            parts.append(text_at(max(x for x, _, _ in spots) + 9, y + 13, said[i], color=MUTED))
    rows_said = [f"{name} {text}" for (name, *_), text in zip(rows, said, strict=True)]
    return picture(parts, len(rows) * frame.row + top + 6, label, frame, [" / ".join(words), *rows_said])


def _placed(known: Sequence[float], frame: Frame) -> Callable[[float], float]:
    """Return where a value stands across the frame: from zero, or in powers of ten where the range is wide."""
    low, high = min([*known, 0.0]), max([*known, 1e-12])
    positive = [value for value in known if value > 0]
    powers = bool(positive) and len(positive) == len(known) and high / min(positive) > 50
    place: Callable[[float], float] = math.log10 if powers else float
    start, end = (place(min(positive)) - 0.05, place(high)) if powers else (low, high)
    scale = (frame.width - frame.left - frame.right) / ((end - start) or 1.0)
    return lambda value: frame.left + (place(value) - start) * scale


def _beside(said: Sequence[str], frame: Frame) -> float:
    """Return the room on the right for words beside a bar or a dot."""
    return max([frame.right, *(CELL * width_of(text) + 14 for text in said)])


def _legend(words: tuple[str, str], frame: Frame) -> tuple[list[Markup], int]:
    """Name the two colours, the second entry clear of the first, and return where the rows begin."""
    second = frame.left + max(166.0, 46.0 + CELL * width_of(visible(words[0])))
    below = bool(frame.drop)
    x, y = (frame.left + 6.0, 30) if below else (second, 12)
    parts = [
        dot(frame.left + 6, 12, _WARM),
        text_at(frame.left + 16, 16, words[0]),
        dot(x, y, _MAIN),
        text_at(x + 10, y + 4, words[1]),
    ]
    return parts, 46 if below else 28


def curve(
    points: Sequence[tuple[float, float]], words: tuple[str, str], label: str, form: Format, frame: Frame = BROAD
) -> Markup:
    """Return points joined by a line, one quantity across and one up, neither axis from zero."""
    across, up = [p[0] for p in points], [p[1] for p in points]
    left, top, high = (18.0 if frame.drop else 90.0), 16.0, 220.0
    wide = frame.width - left - 130

    def place(value: float, low: float, most: float, room: float) -> float:
        return (value - low) / ((most - low) or 1.0) * room

    spots = sorted(
        (left + place(a, min(across), max(across), wide), top + high - place(b, min(up), max(up), high), a, b)
        for a, b in points
    )
    parts = [
        line(left - 14, top - 6, left - 14, top + high + 14, _RULE),
        line(left - 14, top + high + 14, left + wide, top + high + 14, _RULE),
    ]
    parts += [line(x1, y1, x2, y2, _SOFT, wide=2) for (x1, y1, *_), (x2, y2, *_) in itertools.pairwise(spots)]
    for x, y, a, b in spots:
        parts += [dot(x, y, _MAIN), text_at(x + 9, y - 5, f"{form(a)} / {form(b)}", color=MUTED)]
    parts += [
        text_at(left + wide, top + high + 32, f"{words[0]} →", anchor="end"),
        text_at(0, top - 2, f"↑ {words[1]}"),
    ]
    rows_said = [f"{form(a)} / {form(b)}" for _, _, a, b in spots]
    return picture(parts, top + high + 42, label, frame, [" / ".join(words), *rows_said])


def shares(rows: Sequence[tuple[str, float]], label: str, form: Format, frame: Frame = BROAD) -> Markup:
    """Return one bar cut into shares of a whole, with a legend below."""
    total = sum(value for _, value in rows) or 1.0
    scale, x, columns = (frame.width - 20) / total, 10.0, 1 if frame.drop else 2
    parts = []
    for i, (name, value) in enumerate(rows):
        color = _PALETTE[i % len(_PALETTE)]
        wide = value * scale
        parts.append(rect(x, 4, max(wide - 2, 0.5), color, height=30))
        if wide > 54:
            parts.append(text_at(x + wide / 2, 24, form(value), anchor="middle", color="#ffffff", bold=True))
        y, left = 54 + (i // columns) * 22, 10 + (i % columns) * 370
        parts += [
            rect(left, y - 11, 12, color, height=12),
            text_at(left + 18, y, f"{clip(visible(name), 34)}  {form(value)}"),
        ]
        x += wide
    rows_said = [f"{name} {form(value)}" for name, value in rows]
    return picture(parts, 54 + -(-len(rows) // columns) * 22, label, frame, rows_said)


def _mix(part: float) -> str:
    """Return a colour between pale and deep for a share in [0, 1]; ink stays readable on the deepest."""
    low, high = (0xEA, 0xF4, 0xF6), (0x64, 0x98, 0xA4)
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(low, high, strict=True))
    return f"#{red:02x}{green:02x}{blue:02x}"
