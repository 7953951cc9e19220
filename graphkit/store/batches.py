"""Rows in batches, as many a transaction as the server has memory for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from graphkit.errors import StoreError
from graphkit.store.causes import short_of_memory

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LEAST", "MOST", "Batches"]

T = TypeVar("T")
MOST: Final = 5_000
LEAST: Final = 100


class Batches:
    """Sizes of the transactions of one job: halved while one is too large for the server, then growing back.

    Parameters
    ----------
    most
        Rows of the first batch, and of any.

    Examples
    --------
    >>> Batches(4).over(10, lambda first, last: (first, last))
    [(0, 4), (4, 8), (8, 10)]
    """

    def __init__(self, most: int = MOST) -> None:
        self.most = self.size = most

    def over(self, n: int, work: Callable[[int, int], T]) -> list[T]:
        """Run `work` on the rows from first to last, slice after slice; return what it gave for each."""
        done, found = 0, []
        while done < n:
            done, one = self.once(partial(_slice, work, done), n - done)
            found.append(one)
        return found

    def until_none(self, work: Callable[[int], int]) -> None:
        """Run `work`, told how many rows at most, until it says that it found none."""
        while self.once(work):
            pass

    def once(self, work: Callable[[int], T], rows: int | None = None) -> T:
        """Run `work` on so many of the rows that are left, on half as many while the server has too little memory."""
        while True:
            size = self.size if rows is None else min(self.size, rows)
            try:
                found = work(size)
            except StoreError as error:
                if not short_of_memory(error) or size <= LEAST:
                    raise
                self.size = max(LEAST, size // 2)
            else:
                self.size = min(self.most, self.size + self.size // 4)
                return found


def _slice(work: Callable[[int, int], T], first: int, size: int) -> tuple[int, T]:
    return first + size, work(first, first + size)
