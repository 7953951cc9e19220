"""How long a server may say nothing before its connection is given up.

Nothing tells a slow server from a dead line: the driver waits without limit on both. So a unit of work starts with little
time, and gets twice as much after each silence; what a unit really took is remembered, so that a slow server is not
hurried again. A connection cut on our side alone leaves its transaction, with its locks, open on the server: the same time
goes there as the transaction's own limit, so the locks are free when the work is tried once more.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Enough", "Pace", "Stalled", "Watch", "is_silence"]

FIRST: Final = 5.0  # seconds for the first try of a unit
SLACK: Final = 3.0  # times the slowest unit so far
MOST: Final = 6  # silences of one unit, 5 + 10 + ... + 160 s, after which it is given up


class Enough(Exception):
    """Ends a trial whose writes are to be rolled back; never seen outside a store."""


class Stalled(Exception):
    """The watch closed the connection; never seen outside a store."""


def is_silence(error: BaseException) -> bool:
    """Whether a unit ended because its time was over, here or on the server."""
    if isinstance(error, Stalled):
        return True
    code = getattr(error, "code", None) or ""
    # What a transaction that waits for a lock meets at its limit; the driver takes both for final.
    return any(word in code for word in ("TransactionTimedOut", "LockClientStopped", "Transaction.Terminated"))


class Pace:
    """Time allowed to a unit of work, from what earlier ones took.

    Parameters
    ----------
    first
        Seconds for the first try of the first unit.
    """

    def __init__(self, first: float = FIRST) -> None:
        self._first = first
        self._slowest = 0.0

    def allowed(self, silences: int) -> float:
        """Seconds for the next try of a unit that met so many silences."""
        return max(self._first, SLACK * self._slowest) * 2.0**silences

    def took(self, seconds: float) -> None:
        """Remember how long a unit took that succeeded."""
        self._slowest = max(self._slowest, seconds)


class Watch:
    """Calls `cut` once nothing was heard for a while; `heard` winds it up again.

    Parameters
    ----------
    silence
        Seconds.
    """

    def __init__(self, silence: float) -> None:
        self.silence = silence
        self.fired = False
        self._last = time.monotonic()
        self._over = threading.Event()

    def heard(self) -> None:
        """Note a sign of life."""
        self._last = time.monotonic()

    @contextmanager
    def over(self, cut: Callable[[], object]) -> Iterator[None]:
        """Watch a block."""
        thread = threading.Thread(target=self._watch, args=(cut,), daemon=True, name="graphkit-watch")
        self.heard()
        thread.start()
        try:
            yield
        finally:
            self._over.set()

    def _watch(self, cut: Callable[[], object]) -> None:
        while not self._over.wait(max(self._last + self.silence - time.monotonic(), 0.0) + 0.01):
            if time.monotonic() - self._last >= self.silence:
                self.fired = True
                cut()
                return
