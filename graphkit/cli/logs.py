"""Messages of the library on the terminal, for as long as a command runs."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["logs_kept", "show_logs"]

_OURS = "graphkit"
_SILENCED = ("neo4j", "arcadedb", "matplotlib", "numba")  # what they would warn of is told as our own errors


def show_logs(verbosity: int) -> None:
    """Show warnings of the library as plain lines, more with ``-v``; never on stdout."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Plain("%(levelname)s: %(message)s"))
    logger = logging.getLogger(_OURS)
    logger.handlers[:] = [handler]
    logger.setLevel({-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}.get(verbosity, logging.DEBUG))
    logger.propagate = False
    for name in _SILENCED:
        logging.getLogger(name).setLevel(logging.CRITICAL)


@contextmanager
def logs_kept() -> Iterator[None]:
    """Give another program its loggers back as they were, whatever a command run inside it shows and silences."""
    before = [
        (logger, logger.handlers[:], logger.level, logger.propagate)
        for logger in map(logging.getLogger, (_OURS, *_SILENCED))
    ]
    try:
        yield
    finally:
        for logger, handlers, level, propagate in before:
            logger.handlers[:] = handlers
            logger.setLevel(level)
            logger.propagate = propagate


class _Plain(logging.Formatter):
    """One line per event, without tracebacks, secrets or control characters."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        from graphkit.cli.errors import readable

        return readable(f"{record.levelname.lower()}: {record.getMessage()}").replace("\n", " ")
