"""Our own clock around every unit of work: no driver or engine ends a stalled call by itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from graphkit.check import finite
from graphkit.errors import DeadlineExceeded
from graphkit.progress import Progress, null_progress

if TYPE_CHECKING:
    from graphkit.progress import ProgressCallback

__all__ = ["Deadline"]

_FOREVER: Final = 365 * 86_400.0
_PATIENCE: Final = 12.0


class Deadline:
    """A moment on the monotonic clock; without seconds, one that never comes.

    Parameters
    ----------
    seconds
        Time allowed from now on, or None.
    what
        The work, for the message.
    patience
        Seconds to wait for a server that was there and is lost.
    progress
        Told about that waiting.
    """

    def __init__(
        self,
        seconds: float | None = None,
        what: str = "the store",
        *,
        patience: float = _PATIENCE,
        progress: ProgressCallback | None = None,
    ) -> None:
        self.seconds = None if seconds is None else finite("the time allowed", seconds)
        self.what = what
        self.patience = patience
        self._tell = progress or null_progress
        self._end = time.monotonic() + (_FOREVER if seconds is None else seconds)

    def remaining(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self._end - time.monotonic())

    def passed(self) -> bool:
        """Whether the time is over."""
        return self.remaining() <= 0.0

    def check(self) -> None:
        """Raise `DeadlineExceeded` when the time is over."""
        if self.passed():
            raise self.error()

    def waited(self, seconds: float) -> None:
        """Tell for how long the server has been lost."""
        self._tell(
            Progress("wait for the server", int(seconds), int(min(self.patience, seconds + self.remaining())), "s")
        )

    def error(self) -> DeadlineExceeded:
        """Return the error to raise once the time is over."""
        return DeadlineExceeded(
            f"{self.what}: not finished within {self.seconds:g} s",
            hint="allow more with --time-limit SECONDS; running the same command again is safe",
        )
