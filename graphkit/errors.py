"""Every error graphkit raises on purpose.

::

    GraphkitError                       hint
    ├── InvalidParameter (ValueError)   parameter, value, allowed
    ├── MissingExtra (ImportError)      package, extra
    ├── UnknownName (KeyError)          kind, name, close_matches
    │   ├── UnknownNode
    │   └── QueryNotFound
    ├── DataInvalid (ValueError)        source, rule, count, rows, report
    ├── StoreError                      store, retryable
    │   ├── StoreUnavailable
    │   ├── DeadlineExceeded
    │   ├── SchemaMissing
    │   └── WriteRefused
    ├── EngineError                     engine, retryable
    ├── Infeasible                      rule, missing
    └── Unfinished                      best
        ├── TimeLimit                   seconds
        └── NotConverged                iterations, residual

A message says what, where and with which value; ``hint`` is the next command or
argument. The library knows no exit codes: the command line maps these classes.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "DataInvalid",
    "DeadlineExceeded",
    "EngineError",
    "GraphkitError",
    "Infeasible",
    "InvalidParameter",
    "MissingExtra",
    "NotConverged",
    "QueryNotFound",
    "SchemaMissing",
    "StoreError",
    "StoreUnavailable",
    "TimeLimit",
    "Unfinished",
    "UnknownName",
    "UnknownNode",
    "WriteRefused",
    "close_matches",
    "did_you_mean",
]


def close_matches(name: object, known: Iterable[object], *, count: int = 3) -> tuple[str, ...]:
    """Return up to ``count`` known names that look like ``name``, best first."""
    return tuple(difflib.get_close_matches(str(name), [str(item) for item in known], n=count))


def did_you_mean(name: object, known: Iterable[object], otherwise: str | None = None) -> str | None:
    """Return the hint that names the known name most like ``name``; ``otherwise`` where none looks like it.

    Examples
    --------
    >>> did_you_mean("reech", ["reach", "value"])
    "did you mean 'reach'?"
    >>> did_you_mean("colour", ["reach", "value"], "known: reach, value")
    'known: reach, value'
    """
    near = close_matches(name, known, count=1)
    return f"did you mean {near[0]!r}?" if near else otherwise


def _rebuild(cls: type[GraphkitError], message: str, fields: dict[str, Any]) -> GraphkitError:
    """Rebuild a pickled error: keyword-only constructors do not pickle by themselves."""
    error = cls.__new__(cls)
    GraphkitError.__init__(error, message, **fields)
    return error


class GraphkitError(Exception):
    """Base of all errors; ``hint`` names the next command or argument.

    Parameters
    ----------
    message : str
        What went wrong, where, with which value.
    hint : str, optional
        What the reader can do next.
    **fields
        Data of the error; each becomes an attribute.
    """

    hint: str | None

    def __init__(self, message: str, *, hint: str | None = None, **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.fields = fields
        for name, value in fields.items():
            setattr(self, name, value)

    def __str__(self) -> str:
        """Return message and hint; a KeyError would print its message in quotes."""
        return self.message if self.hint is None else f"{self.message} ({self.hint})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Make every subclass picklable, so a worker's error arrives whole."""
        return _rebuild, (type(self), self.message, {"hint": self.hint, **self.fields})


class InvalidParameter(GraphkitError, ValueError):
    """An argument lies outside its allowed range."""

    def __init__(
        self,
        message: str,
        *,
        parameter: str | None = None,
        value: object = None,
        allowed: object = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, parameter=parameter, value=value, allowed=allowed)


class MissingExtra(GraphkitError, ImportError):
    """An optional package is needed and not installed."""

    def __init__(
        self, message: str, *, package: str | None = None, extra: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint, package=package, extra=extra)


class UnknownName(GraphkitError, KeyError):
    """A name that does not exist; ``close_matches`` lists what it may have meant."""

    kind: str
    name: str
    close_matches: tuple[str, ...]

    def __init__(
        self,
        message: str,
        *,
        kind: str = "name",
        name: str = "",
        close_matches: tuple[str, ...] = (),
        hint: str | None = None,
    ) -> None:
        if hint is None and close_matches:
            hint = "did you mean " + " or ".join(repr(match) for match in close_matches) + "?"
        super().__init__(message, hint=hint, kind=kind, name=name, close_matches=close_matches)


class UnknownNode(UnknownName):
    """A node that is not in the graph."""


class QueryNotFound(UnknownName):
    """A named query that no file under cypher/ defines."""


class DataInvalid(GraphkitError, ValueError):
    """Input rows break a rule; ``report`` holds every finding when there is one."""

    report: Any

    def __init__(
        self,
        message: str,
        *,
        source: str | None = None,
        rule: str | None = None,
        count: int | None = None,
        rows: tuple[Any, ...] = (),
        report: object = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, source=source, rule=rule, count=count, rows=rows, report=report)


class StoreError(GraphkitError):
    """The database refused or failed."""

    retryable: bool

    def __init__(
        self, message: str, *, store: str | None = None, retryable: bool = False, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint, store=store, retryable=retryable)


class StoreUnavailable(StoreError):
    """The store cannot be opened or reached."""


class DeadlineExceeded(StoreError):
    """A unit of work did not end within its time limit."""


class SchemaMissing(StoreError):
    """Constraints or schema versions are absent or differ."""


class WriteRefused(StoreError):
    """A text that may write was offered where only reads are served."""


class EngineError(GraphkitError):
    """A worker or a cluster was lost."""

    retryable: bool

    def __init__(
        self, message: str, *, engine: str | None = None, retryable: bool = False, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint, engine=engine, retryable=retryable)


class Infeasible(GraphkitError):
    """No plan satisfies the rules; ``rule`` binds and ``missing`` says by how much."""

    def __init__(
        self, message: str, *, rule: str | None = None, missing: object = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint, rule=rule, missing=missing)


class Unfinished(GraphkitError):
    """Work ended before its promise was kept; ``best`` is the best result so far."""

    best: Any

    def __init__(self, message: str, *, best: object = None, hint: str | None = None, **fields: Any) -> None:
        super().__init__(message, hint=hint, best=best, **fields)


class TimeLimit(Unfinished):
    """The time limit came before the promised guarantee."""


class NotConverged(Unfinished):
    """An iteration ended above its tolerance."""
