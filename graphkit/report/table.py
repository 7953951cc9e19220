"""Rows as a text table: aligned by terminal cells, numbers to the right, data never able to steer the terminal.

Nothing is ever cut. Where a window is too narrow, words go on below, in their column; numbers, intervals, dates, paths and the
columns a reader types again stay whole. A table that does not fit so becomes one block a row, a line for each column.
"""

from __future__ import annotations

import math
import numbers
import re
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from graphkit.parts import jsonable
from graphkit.report.records import columns_of
from graphkit.report.text_width import longest_piece, pad, visible, width_of, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["format_value", "render_table"]

_GAP = "  "
_NARROWEST = 8
_READABLE = 20  # cells below which sentences are no longer read
_TALLEST = 2  # lines that a cell narrower than that may take
_FIGURE = re.compile(r"[-+±–]?\d(?!.*[^\W\d_]{4})")  # 1,104 (95 %: 1,100 to 1,109), 2024-03-01 10:00 UTC; no sentence
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
        Cells available; wide text columns are narrowed and their cells go on below, and when even that is too wide, or
        too tall to read, each row becomes a block of lines, one per column. None: as wide as needed.
    color : bool
        Bold headers and a dim rule, by terminal escapes.
    keep : sequence of str, optional
        Columns that stay in one line, since a reader types them again; default: the first one.
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
    at = None if lines is None else names.index(lines)
    cells = (
        whole
        if at is None
        else [piece for line, values in zip(whole, raw, strict=True) for piece in _pieces(line, values, at)]
    )
    to_right = [_numeric([line[i] for line in raw]) for i in range(len(names))]
    shown = [visible((heads or {}).get(name, name)) for name in names]
    widths = [max(map(width_of, column)) for column in zip(shown, *cells, strict=True)]
    above = [f"{_BOLD}{visible(title)}{_PLAIN}" if color else visible(title)] if title else []
    if width is not None:
        stay = [
            right or name in (names[:1] if keep is None else keep) for name, right in zip(names, to_right, strict=True)
        ]
        fitted = _fit(list(zip(shown, *cells, strict=True)), widths, stay, width, at)
        if fitted is None:
            return "\n\n".join([*above, *_blocks(shown, whole, raw, stay, width=width, at=at)]) + "\n"
        widths = fitted
    head = [_line(line, widths, to_right) for line in _wrapped(shown, widths)]
    rule = _GAP.join("─" * w for w in widths)
    if color:
        head, rule = [f"{_BOLD}{line}{_PLAIN}" for line in head], f"{_DIM}{rule}{_PLAIN}"
    body = [_line(line, widths, to_right) for row in cells for line in _wrapped(row, widths)]
    return "\n".join([*above, *head, rule, *body]) + "\n"


def _pieces(line: Sequence[str], values: Sequence[Any], at: int) -> list[list[str]]:
    """Return a row as lines, one for each item of the list in column `at`."""
    items = [format_value(item) for item in values[at] or ()] or [line[at]]
    return [
        [item if i == at else cell if not number else "" for i, cell in enumerate(line)]
        for number, item in enumerate(items)
    ]


def _wrapped(line: Sequence[str], widths: Sequence[int]) -> Iterator[tuple[str, ...]]:
    """Return a row as several where a cell is wider than its column."""
    return zip_longest(*(_below(cell, w) for cell, w in zip(line, widths, strict=True)), fillvalue="")


def _numeric(values: Sequence[Any]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(isinstance(value, numbers.Real) and not isinstance(value, bool) for value in known)


def _line(cells: Sequence[str], widths: Sequence[int], to_right: Sequence[bool]) -> str:
    return _GAP.join(pad(cell, w, right=right) for cell, w, right in zip(cells, widths, to_right, strict=True)).rstrip()


def _fit(
    columns: Sequence[Sequence[str]], widths: Sequence[int], stay: Sequence[bool], width: int, at: int | None
) -> list[int] | None:
    """Narrow the widest column of words, cell by cell, until the line fits; None when it cannot, or could not be read."""
    room = width - len(_GAP) * (len(widths) - 1)
    least = [w if fixed else max(map(_least, column)) for column, w, fixed in zip(columns, widths, stay, strict=True)]
    result = list(widths)
    while sum(result) > room:
        wide = [i for i, w in enumerate(result) if w > least[i]]
        if not wide:
            return None
        result[max(wide, key=lambda i: result[i])] -= 1
    for i, w in enumerate(result):
        tall = i == at or max(len(_below(cell, w)) for cell in columns[i]) > _TALLEST
        if tall and w < min(_READABLE, widths[i]):
            return None
    return result


def _least(cell: str) -> int:
    """Return the cells that a text needs: a number, an interval, a date or a path stays in one line, words go on below."""
    wanted = width_of(cell)
    if _whole(cell):
        return wanted
    return min(wanted, max(longest_piece(cell) + len(_GAP), _NARROWEST))


def _whole(cell: str) -> bool:
    return bool(_FIGURE.match(cell)) or (" " not in cell and ("/" in cell or "\\" in cell))


def _blocks(
    heads: Sequence[str],
    cells: Sequence[Sequence[str]],
    raw: Sequence[Sequence[Any]],
    stay: Sequence[bool],
    *,
    width: int,
    at: int | None,
) -> Iterator[str]:
    """Return one block a row, a line for each column that says something, words wrapped: for tables too wide for the terminal."""
    side = max(map(width_of, heads))
    room = max(width - side - len(_GAP), _NARROWEST)
    for line, values in zip(cells, raw, strict=True):
        said = list[str]()
        for i, (head, cell) in enumerate(zip(heads, line, strict=True)):
            items = [format_value(item) for item in values[i] or ()] if i == at else []
            for number, piece in enumerate(
                p for item in items or [cell] if item for p in _below(item, room, fixed=stay[i])
            ):
                said.append(_GAP.join((pad("" if number else head, side), piece)))
        yield "\n".join(said)


def _below(cell: str, width: int, *, fixed: bool = False) -> list[str]:
    """Return a cell as lines; what a reader reads or copies in one piece stays in one, even if it is wider."""
    if width_of(cell) <= width or _whole(cell) or (fixed and " " not in cell):
        return [cell]
    return wrap(cell, width)
