"""Which quotes of a CSV open and close fields, and which lines are broken because theirs do neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["good_quotes"]

_LF, _CR, _QUOTE, _COMMA = b'\n\r",'


def good_quotes(
    bytes_: NDArray[np.uint8],
    starts: NDArray[np.int64],
    broken: dict[int, tuple[str, str]],
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """(Lines that continue a quoted field, offsets of good quotes); broken quoting goes to `broken`."""
    joined = np.zeros(len(starts), dtype=np.bool_)
    quotes = np.flatnonzero(bytes_ == _QUOTE)
    if not len(quotes):
        return joined, quotes
    line_of = np.searchsorted(starts, quotes, side="right") - 1
    while True:
        inside = np.searchsorted(quotes, starts) % 2 == 1
        counts = np.bincount(line_of, minlength=len(starts))
        before = bytes_[np.maximum(quotes - 1, 0)]
        after = bytes_[np.minimum(quotes + 1, len(bytes_) - 1)]
        opening = np.arange(len(quotes)) % 2 == 0
        at_start, at_end = quotes == 0, quotes == len(bytes_) - 1
        doubled_before = np.concatenate(([False], np.diff(quotes) == 1))
        doubled_after = np.concatenate((np.diff(quotes) == 1, [False]))
        fine_open = at_start | np.isin(before, (_COMMA, _LF, _CR)) | doubled_before
        fine_close = at_end | np.isin(after, (_COMMA, _LF, _CR)) | doubled_after
        wrong = np.flatnonzero(np.where(opening, ~fine_open, ~fine_close))
        if not len(wrong):
            break
        lines = np.unique(line_of[wrong])
        stray = inside[lines] | (counts[lines] % 2 == 1)
        whole = lines[: int(stray.argmax())] if stray.any() else lines  # their quotes pair up on the line itself
        broken |= {int(line): ("quote", "text stands beside a quoted part of a field") for line in whole}
        if stray.any():
            line = int(lines[stray.argmax()])
            _give_up(line if not inside[line] else _opening_line(line_of, line), broken, len(starts))
            return joined, quotes[line_of < min(_broken_from(broken), line)]
        here = np.isin(line_of, whole)
        quotes, line_of = quotes[~here], line_of[~here]
    if len(quotes) % 2:
        _give_up(int(line_of[-1]), broken, len(starts))
        inside[int(line_of[-1]) + 1 :] = False
        quotes = quotes[line_of < line_of[-1]]
    return inside, quotes


def _opening_line(line_of: NDArray[np.int64], line: int) -> int:
    """Line where the quoted field that reaches into `line` was opened."""
    return int(line_of[np.flatnonzero(line_of < line)[-1]]) if (line_of < line).any() else line


def _give_up(line: int, broken: dict[int, tuple[str, str]], n_lines: int) -> None:
    """Mark a quote that is never closed properly: nothing from its line on can be trusted."""
    broken[line] = ("quote", "a quote is opened here and not closed properly")
    for other in range(line + 1, n_lines):
        broken[other] = ("quote", f"stands after the broken quote of line {line + 1}")


def _broken_from(broken: dict[int, tuple[str, str]]) -> int:
    """First line that stands after a broken quote."""
    return min((line for line, (rule, text) in broken.items() if rule == "quote" and "opened" in text), default=2**62)
