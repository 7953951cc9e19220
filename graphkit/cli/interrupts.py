"""SIGINT and SIGTERM: stop within two seconds, even while compiled code runs.

A Python signal handler waits until the main thread is back in Python; a compiled kernel or
the embedded engine may keep it for long. The wake-up pipe is written by the C handler at
once, so a small thread sees the signal and ends the process when the tidy way takes too long.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

__all__ = ["Terminated", "deadline", "install", "mute_stdout", "temporary", "uninstall"]

GRACE = 1.8
_STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143}
_unfinished: set[Path] = set()
_undo: list[Callable[[], object]] = []


class Terminated(KeyboardInterrupt):
    """SIGTERM, handled like Ctrl-C but with its own exit status."""


class temporary:  # noqa: N801  reads as a verb at the place of use
    """Remember a half-written file: it is removed when the process has to end at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Path:
        """Start to remember the file."""
        _unfinished.add(self.path)
        return self.path

    def __exit__(self, *_: object) -> None:
        """Forget the file; remove it when it is still there."""
        self.path.unlink(missing_ok=True)
        _unfinished.discard(self.path)


def _raise(number: int, _frame: FrameType | None) -> None:
    """Stop the main thread's work the tidy way."""
    if number == signal.SIGTERM:
        raise Terminated
    raise KeyboardInterrupt


def _numbers(pipe: int) -> Iterator[int]:
    """Yield the numbers of the signals that arrive."""
    while True:
        try:
            piece = os.read(pipe, 16)
        except OSError:
            return
        if not piece:
            return
        yield from piece


def _watch(pipe: int, over: threading.Event) -> None:
    """End the process at the second signal, or when the first one takes longer than the grace; until `over` is set."""
    seen = False
    for number in _numbers(pipe):
        if number not in _STATUS:
            continue
        status = _STATUS[signal.Signals(number)]
        if seen:
            _leave(status)
        seen = True
        threading.Thread(target=_end, args=(status, over), daemon=True).start()
    os.close(pipe)


def _end(status: int, over: threading.Event) -> None:
    """Give the tidy way its time, then leave."""
    if not over.wait(GRACE):
        _leave(status)


def _leave(
    status: int, text: str = "Interrupted; nothing half written. Run the same command again to resume.\n"
) -> None:
    """Remove what is half written and end at once."""
    for path in tuple(_unfinished):
        with suppress(OSError):
            path.unlink(missing_ok=True)
    with suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()
    os._exit(status)


def install() -> None:
    """Handle SIGINT and SIGTERM of this process until `uninstall`."""
    if _undo or threading.current_thread() is not threading.main_thread():
        return  # a program that runs commands in its own threads keeps its own handlers
    before = {number: signal.signal(number, _raise) for number in _STATUS}
    _undo.extend(partial(signal.signal, *old) for old in before.items())
    if os.name != "posix":
        return
    read, write = os.pipe()
    os.set_blocking(write, False)
    pipe, over = signal.set_wakeup_fd(write, warn_on_full_buffer=False), threading.Event()
    _undo.extend((over.set, partial(os.close, write), partial(signal.set_wakeup_fd, pipe)))
    threading.Thread(target=_watch, args=(read, over), daemon=True, name="graphkit-signals").start()


def uninstall() -> None:
    """Put back the handlers that a program had before it ran a command; harmless when there is nothing to put back."""
    while _undo:
        _undo.pop()()


class deadline:  # noqa: N801  reads as a sentence at the place of use
    """End the process when a block outlives its time limit by more than two seconds, with exit 4.

    The library keeps its own deadlines; this is the last guard for a call that hangs where
    Python cannot reach it.

    Parameters
    ----------
    seconds : float or None
        The limit; None guards nothing.
    message : str
        What the user is told.
    """

    def __init__(self, seconds: float | None, message: str) -> None:
        self.timer = None if seconds is None else threading.Timer(min(seconds + 2, threading.TIMEOUT_MAX), self._late)
        self.message = message

    def __enter__(self) -> None:
        """Start the clock."""
        if self.timer is not None:
            self.timer.daemon = True
            self.timer.start()

    def __exit__(self, *_: object) -> None:
        """Stop the clock."""
        if self.timer is not None:
            self.timer.cancel()

    def _late(self) -> None:
        """Say what happened and leave."""
        _leave(4, f"Error: {self.message}\n")


def mute_stdout() -> None:
    """Let what is still printed go nowhere: the reader of stdout has left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
