"""Rows as a text table: aligned by terminal cells, numbers to the right, data never able to steer the terminal."""

from __future__ import annotations

import math
import numbers
from typing import TYPE_CHECKING, Any

from graphkit.report.records import columns_of
from graphkit.report.text_width import clip, pad, visible, width_of, wrap
from graphkit.results import jsonable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["format_value", "render_table"]

_GAP = "  "
_NARROWEST = 8
_READABLE = 20  # cells below which sentences are no longer read
_BOLD, _DIM, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def format_value(value: Any) -> str:
    """Return a cell: grouped integers, floats to four digits, a dash for what was not measured."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, numbers.Integral):
        return f"{int(value):,}"
    if isinstance(value, numbers.Real):
        number = float(value)
        if abs(number) >= 1000:
            return f"{number:,.0f}"
        return f"{number:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(format_value(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}={format_value(item)}" for key, item in value.items())
    return visible(str(value))


def render_table(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str] | None = None,
    *,
    title: str | None = None,
    width: int | None = None,
    color: bool = False,
    keep: Sequence[str] | None = None,
    lines: str | None = None,
    heads: Mapping[str, str] | None = None,
) -> str:
    """Return rows as an aligned table that ends with a line break.

    Parameters
    ----------
    rows : sequence of mappings
        A missing key and None are shown as a dash: not measured.
    columns : sequence of str, optional
        Columns and their order; default: every key, in order of first appearance.
    title : str, optional
        A line above the table.
    width : int, optional
        Cells available; wide text columns are cut to fit, and when even that is too wide, each row becomes a block of
        lines, one per column. None: as wide as needed.
    color : bool
        Bold headers and a dim rule, by terminal escapes.
    keep : sequence of str, optional
        Columns that are cut only after all others, since a reader types them again; default: the first one.
    lines : str, optional
        A column of lists: each item on a line of its own, the other columns blank from the second on; an item wider than
        the column goes on below, indented; a column too narrow to read makes each row a block.
    heads : mapping, optional
        What stands over a column, where that is not its name.

    Returns
    -------
    str
        An empty table is its header alone.
    """
    names = columns_of(rows) if columns is None else list(columns)
    if not names:
        return f"{visible(title)}\n" if title else ""
    raw = [[row.get(name) for name in names] for row in rows]
    whole = [[format_value(value if isinstance(value, str) else jsonable(value)) for value in line] for line in raw]
    cells = (
        whole
        if lines is None
        else [
            piece
            for line, values in zip(whole, raw, strict=True)
            for piece in _pieces(line, values, names.index(lines))
        ]
    )
    to_right = [_numeric([line[i] for line in raw]) for i in range(len(names))]
    shown = [visible((heads or {}).get(name, name)) for name in names]
    widths = [max([width_of(shown[i]), *(width_of(line[i]) for line in cells)]) for i in range(len(names))]
    if width is not None:
        last = [name in (names[:1] if keep is None else keep) for name in names]
        wanted = widths
        widths = _fit(widths, to_right, last, width)
        cramped = lines is not None and widths[names.index(lines)] < min(_READABLE, wanted[names.index(lines)])
        if sum(widths) + len(_GAP) * (len(widths) - 1) > width or cramped:
            at = None if lines is None else names.index(lines)
            return _stacked(shown, whole, raw, at, title=title, width=width, color=color)
        if lines is not None:
            cells = [line for row in cells for line in _wrapped(row, names.index(lines), widths)]
    text = [_line(shown, widths, to_right), _GAP.join("─" * w for w in widths)]
    if color:
        text = [f"{_BOLD}{text[0]}{_PLAIN}", f"{_DIM}{text[1]}{_PLAIN}"]
    text += [_line(line, widths, to_right) for line in cells]
    if title:
        text.insert(0, f"{_BOLD}{visible(title)}{_PLAIN}" if color else visible(title))
    return "\n".join(text) + "\n"


def _pieces(line: Sequence[str], values: Sequence[Any], at: int) -> list[list[str]]:
    """Return a row as lines, one for each item of the list in column `at`."""
    items = [format_value(item) for item in values[at] or ()] or [line[at]]
    return [
        [item if i == at else cell if not number else "" for i, cell in enumerate(line)]
        for number, item in enumerate(items)
    ]


def _wrapped(line: Sequence[str], at: int, widths: Sequence[int]) -> list[list[str]]:
    """Return a line as several where the cell in column `at` is wider than its column."""
    return [
        [piece if i == at else cell if not number else "" for i, cell in enumerate(line)]
        for number, piece in enumerate(wrap(line[at], widths[at]))
    ]


def _numeric(values: Sequence[Any]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(isinstance(value, numbers.Real) and not isinstance(value, bool) for value in known)


def _line(cells: Sequence[str], widths: Sequence[int], to_right: Sequence[bool]) -> str:
    pieces = [pad(clip(cell, w), w, right=right) for cell, w, right in zip(cells, widths, to_right, strict=True)]
    return _GAP.join(pieces).rstrip()


def _fit(widths: Sequence[int], to_right: Sequence[bool], last: Sequence[bool], width: int) -> list[int]:
    """Narrow the widest text column, cell by cell, until the line fits; keys come last, numbers are never cut."""
    room = width - len(_GAP) * (len(widths) - 1)
    result = list(widths)
    for turn in (False, True):
        while sum(result) > room:
            candidates = [
                i for i, right in enumerate(to_right) if not right and last[i] is turn and result[i] > _NARROWEST
            ]
            if not candidates:
                break
            result[max(candidates, key=lambda i: result[i])] -= 1
    return result


def _stacked(
    heads: Sequence[str],
    cells: Sequence[Sequence[str]],
    raw: Sequence[Sequence[Any]],
    at: int | None,
    *,
    title: str | None,
    width: int,
    color: bool,
) -> str:
    """Return one block a row, one line a column, long cells wrapped: for tables too wide for the terminal."""
    side = max(map(width_of, heads))
    room = max(width - side - len(_GAP), _NARROWEST)

    def block(line: Sequence[str], values: Sequence[Any]) -> Iterator[str]:
        for i, (head, cell) in enumerate(zip(heads, line, strict=True)):
            items = [format_value(item) for item in values[i] or ()] if i == at else []
            pieces = [piece for item in items or [cell] for piece in wrap(item, room)]
            yield from (
                _GAP.join((pad("" if number else head, side), piece)).rstrip() for number, piece in enumerate(pieces)
            )

    blocks = ["\n".join(block(line, values)) for line, values in zip(cells, raw, strict=True)]
    if title:
        blocks.insert(0, f"{_BOLD}{visible(title)}{_PLAIN}" if color else visible(title))
    return "\n\n".join(blocks) + "\n"
