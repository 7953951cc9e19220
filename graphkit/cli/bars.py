"""Progress bars: named phases on stderr, on a terminal only."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from graphkit.cli.language import shown_word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import TaskID

    from graphkit.progress import Progress, ProgressCallback

__all__ = ["bars"]


@contextmanager
def bars(*, color: bool | None = None) -> Iterator[ProgressCallback]:
    """Show one bar per phase while the block runs; they vanish at its end."""
    console = Console(stderr=True, no_color=True if color is False else None)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TextColumn("{task.fields[unit]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console, transient=True, redirect_stdout=False) as shown:
        tasks: dict[str, TaskID] = {}

        def callback(event: Progress) -> None:
            if event.phase not in tasks:
                unit = "" if event.unit == event.phase else shown_word(event.unit)
                tasks[event.phase] = shown.add_task(shown_word(event.phase), total=event.total, unit=unit, count="")
            shown.update(tasks[event.phase], completed=event.done, total=event.total, count=_count(event))

        yield callback


def _count(event: Progress) -> str:
    """Return how much is done, of how much where that is known; nothing where nothing is counted."""
    if event.total is None:
        return f"{event.done:,}" if event.done else ""
    return f"{event.done:,}/{event.total:,}"
