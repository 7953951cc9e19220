"""Progress is a callback; bars exist on the command line only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

__all__ = ["Progress", "ProgressCallback", "each", "null_progress", "step"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a named phase.

    Parameters
    ----------
    phase : str
        What is being done, compiling included.
    done : int
        Units finished so far.
    total : int or None
        Units in all; None while unknown.
    unit : str
        What is counted: worlds, rows, arcs ...
    """

    phase: str
    done: int
    total: int | None = None
    unit: str = ""


ProgressCallback: TypeAlias = Callable[[Progress], None]


def null_progress(event: Progress) -> None:
    """Ignore the event: the sink used when nobody watches."""
    del event


def each(items: Sequence[T], phase: str, progress: ProgressCallback, unit: str = "") -> Iterator[T]:
    """Give the items one by one, and tell before the first and behind each of them how many are done.

    Examples
    --------
    >>> events = []
    >>> list(each("ab", "letters", events.append))
    ['a', 'b']
    >>> [(event.done, event.total) for event in events]
    [(0, 2), (1, 2), (2, 2)]
    """
    progress(Progress(phase, 0, len(items), unit))
    for done, item in enumerate(items, 1):
        yield item
        progress(Progress(phase, done, len(items), unit))


@contextmanager
def step(phase: str, progress: ProgressCallback) -> Iterator[None]:
    """Tell that one thing is begun, and that it is done; it stays undone where it fails."""
    progress(Progress(phase, 0, 1))
    yield
    progress(Progress(phase, 1, 1))
