"""Exit codes, and how an error is told: one sentence on stderr, never a traceback."""

from __future__ import annotations

import errno
import io
import os
import sys
import tempfile
import time
from pathlib import Path

import click

from graphkit.cli.language import fitted
from graphkit.errors import (
    DataInvalid,
    EngineError,
    GraphkitError,
    Infeasible,
    InvalidParameter,
    MissingExtra,
    StoreError,
    Unfinished,
    UnknownName,
)

__all__ = ["BUG", "exit_code", "readable", "report_error"]

BUG, USAGE, DATA, STORE, INFEASIBLE, UNFINISHED = 1, 2, 3, 4, 5, 6

_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (InvalidParameter, USAGE),
    (MissingExtra, USAGE),
    (UnknownName, USAGE),
    (DataInvalid, DATA),
    (StoreError, STORE),
    (EngineError, STORE),
    (Infeasible, INFEASIBLE),
    (Unfinished, UNFINISHED),
)


def exit_code(error: BaseException) -> int:
    """Return the exit status an error stands for; 1 means a bug of ours.

    >>> exit_code(Infeasible("the budget is below the cheapest channel"))
    5
    """
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    if isinstance(error, click.ClickException):
        return error.exit_code
    return STORE if isinstance(error, MemoryError) else BUG


def readable(text: str) -> str:
    """Make control characters of data visible and leave no secret in a message."""
    return "".join(char if char == "\n" or char.isprintable() else repr(char)[1:-1] for char in _masked(text))


def _masked(text: str) -> str:
    """Put *** for the password, as it stands and as repr, JSON and an address spell it."""
    secret = os.environ.get("NEO4J_PASSWORD")
    if not secret:
        return text
    import json
    from urllib.parse import quote, quote_plus

    spellings = {
        secret,
        repr(secret)[1:-1],
        repr(f"{secret}'")[1:-2],
        json.dumps(secret)[1:-1],
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
    }
    for spelling in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelling, "***")
    return text


def report_error(error: BaseException) -> int:
    """Tell the user what happened on stderr and return the exit status."""
    if isinstance(error, click.ClickException):
        told = io.StringIO()
        error.show(file=told)
        click.echo(fitted(readable(_in_language(told.getvalue())), sys.stderr), err=True, nl=False)
        return error.exit_code
    if isinstance(error, UnicodeEncodeError):
        what = str(error.object)[error.start : error.start + 80]
        said = (
            "is not UTF-8; give it in UTF-8"
            if error.encoding == "utf-8"
            else f"cannot be written in {error.encoding}; set PYTHONUTF8=1"
        )
        _say(f"{what!r} {said}")
        return USAGE
    code = exit_code(error)
    if code != BUG or isinstance(error, OSError):
        _say(_sentence(error))
        return DATA if code == BUG else code
    _say(f"graphkit failed unexpectedly ({type(error).__name__}); details were logged to {_log(error)}")
    return code


def _sentence(error: BaseException) -> str:
    """Put message and hint of an error into at most two lines."""
    if isinstance(error, GraphkitError):
        return error.message + (f"\nHint: {error.hint}" if error.hint else "")
    if isinstance(error, OSError):
        where = f" {error.filename}" if error.filename else ""
        return f"the system refused{where}: {error.strerror or error}\nHint: {_way_out(error)}"
    if isinstance(error, MemoryError):
        return "not enough memory for this graph; try fewer --worlds or a machine with more"
    return str(error)


def _way_out(error: OSError) -> str:
    """Return what to do when the system refuses something."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "free some space, or name another place"
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return "name another place, or ask for the right to use this one"
    return "check the path, or name another one" if error.filename else "run the command again"


def _say(text: str) -> None:
    """Write to stderr, which may be gone."""
    try:
        sys.stderr.write(fitted(readable(_in_language(f"Error: {text}")), sys.stderr) + "\n")
        sys.stderr.flush()
    except OSError:
        pass


def _in_language(text: str) -> str:
    """Return a message in the reader's language; the catalogue is no reason to lose one."""
    from graphkit.cli.language import told

    try:
        return told(text)
    except (OSError, ValueError, KeyError):
        return text


def _log(error: BaseException) -> str:
    """Write the details for the developers where only this user can read them; return the path."""
    import traceback

    base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    text = "".join(traceback.format_exception(error))
    name = f"error-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}.log"
    for folder in (base / "graphkit", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / name
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(readable(f"{' '.join(sys.argv)}\n{sys.version}\n{text}"))
        except OSError:
            continue
        return str(path)
    return "nowhere (no folder is writable)"
