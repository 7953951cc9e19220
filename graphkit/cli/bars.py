"""Progress bars: named phases on stderr, on a terminal only."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
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
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console, transient=True) as shown:
        tasks: dict[str, TaskID] = {}

        def callback(event: Progress) -> None:
            if event.phase not in tasks:
                tasks[event.phase] = shown.add_task(
                    shown_word(event.phase), total=event.total, unit=shown_word(event.unit)
                )
            shown.update(tasks[event.phase], completed=event.done, total=event.total)

        yield callback
