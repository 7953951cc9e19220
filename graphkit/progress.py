"""Progress is a callback; bars exist on the command line only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Progress", "ProgressCallback", "null_progress"]


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
