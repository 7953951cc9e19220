"""What lies below an error: drivers wrap the reason two to four deep."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["causes", "has_code", "short_of_memory"]


def causes(error: BaseException) -> Iterator[BaseException]:
    """Walk an error and all that lies below it, in groups too, from the top down."""
    yield error
    for below in (error.__cause__, *getattr(error, "exceptions", ())):
        if below is not None:
            yield from causes(below)


def has_code(error: BaseException, part: str) -> bool:
    """Whether a server gave a status code that holds this part."""
    return any(part in (getattr(e, "code", None) or "") for e in causes(error))


def short_of_memory(error: BaseException) -> bool:
    """Whether a transaction was too large for the server's memory: a smaller one may pass, the same one will not."""
    return has_code(error, "OutOfMemory")
