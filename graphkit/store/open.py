"""Opening a store by its address."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.check import finite, flag, refuse
from graphkit.errors import InvalidParameter, StoreUnavailable
from graphkit.store.address import bare, is_folder
from graphkit.store.memory import MemoryStore

if TYPE_CHECKING:
    from graphkit.store.base import GraphStore

__all__ = ["open_store"]

_SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")
_ATTACH_SECONDS = 5.0


def open_store(
    uri: str | os.PathLike[str] | None = None,
    *,
    username: str | None = None,
    password: str | None = None,
    database: str | None = None,
    insecure: bool = False,
    timeout: float | None = None,
) -> GraphStore:
    """Open a property graph.

    Parameters
    ----------
    uri
        Directory of the embedded store (default: `.graphkit` in the current folder), `neo4j://`, `neo4j+s://`, `bolt://`,
        `bolt+s://` of a server, or `memory://`.
    username, password, database
        For a server. A user name without a password, or none at all, logs in without authentication.
    insecure
        Allow plain text to a host that is not this machine.
    timeout
        Seconds that a unit of work may take at most, connecting included.

    Returns
    -------
    GraphStore
        A context manager; close it, or use `with`.

    Raises
    ------
    StoreUnavailable
        When the server does not answer, is of an unsupported version, or the folder belongs to another process.
    InvalidParameter
        For an address of another kind, with a password in it, or in plain text to another host.

    Examples
    --------
    >>> with open_store("memory://") as store:
    ...     store.capabilities.name
    'memory'
    """
    text = ".graphkit" if uri is None else os.fspath(uri) if isinstance(uri, os.PathLike) else uri
    if not isinstance(text, str):
        refuse("uri", text, "a folder, or an address such as neo4j://localhost:7687 or memory://")
    for name, value in (("username", username), ("password", password), ("database", database)):
        if value is not None and not isinstance(value, str):
            refuse(name, "***" if name == "password" else value, "a text")
    flag("insecure", insecure)
    if timeout is not None:
        finite("timeout", timeout)
    if "\0" in text:
        raise InvalidParameter("a store's address holds no NUL character", parameter="uri", value=bare(text))
    if is_folder(text):
        return _open_folder(Path(text or "."), timeout)
    if text == "memory://":
        return MemoryStore()
    if text.partition("://")[0] not in _SCHEMES:
        message = f"a store's address begins with neo4j://, bolt:// (+s for TLS) or memory://, or is a folder: got {bare(text)!r}"
        raise InvalidParameter(message, parameter="uri", value=bare(text), allowed=_SCHEMES)
    from graphkit.store.bolt import BoltStore

    return BoltStore(text, username=username, password=password, database=database, insecure=insecure, timeout=timeout)


def _open_folder(path: Path, timeout: float | None) -> GraphStore:
    """Own the folder, or reach its owner over Bolt; an owner that is just starting or ending is waited for."""
    from graphkit.store.embedded import EmbeddedStore
    from graphkit.store.folder import Folder

    end = time.monotonic() + min(_ATTACH_SECONDS, timeout or _ATTACH_SECONDS)
    while True:
        try:
            return EmbeddedStore(path)
        except StoreUnavailable as error:
            if not error.retryable:
                raise
            found = Folder(path.absolute()).connection()
            attached = _attach(path, found, timeout) if found else None
            if attached is not None:
                return attached
            if time.monotonic() >= end:
                raise
        time.sleep(0.1)


def _attach(path: Path, found: dict[str, Any], timeout: float | None) -> GraphStore | None:
    """Store over the owner's Bolt server; None when that server is gone again."""
    from graphkit.store.bolt import BoltStore

    try:
        return BoltStore(
            f"bolt://127.0.0.1:{found['port']}",
            username="root",
            password=found["password"],
            database="graph",
            timeout=timeout,
            owner=(path.absolute(), int(found["pid"])),
        )
    except StoreUnavailable:
        return None
