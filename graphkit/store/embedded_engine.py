"""The ArcadeDB engine in this process: a private server root, loopback only, silent, closed at exit."""

from __future__ import annotations

import contextlib
import importlib
import os
import secrets
import shutil
import socket
import tempfile
from typing import TYPE_CHECKING, Any

from graphkit.errors import MissingExtra, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

__all__ = ["DATABASE", "Engine", "engine_module", "kept_attached", "settle"]

DATABASE = "graph"


def engine_module(log: Path) -> ModuleType:
    """Import arcadedb, told first to keep off the console (it reads that at its first word).

    Raises
    ------
    MissingExtra
        Where no wheel of the engine exists.
    """
    os.environ.setdefault("ARCADEDB_LOG_CONSOLE", "0")
    os.environ.setdefault("ARCADEDB_LOG_DIR", str(log))
    try:
        import arcadedb
    except ImportError as error:
        message = f"the embedded engine is not installed here: {error}"
        hint = 'pip install "arcadedb>=26.11.1.dev2,<27", or name a server: --store neo4j://HOST; simulations run from files too'
        raise MissingExtra(message, package="arcadedb", extra="embedded", hint=hint) from error
    module: ModuleType = arcadedb
    return module


def settle(cell: Any) -> Any:
    """Plain value of an engine's cell: its own @fields dropped, moments as ISO 8601 text."""
    if isinstance(cell, dict):
        return {k: settle(v) for k, v in cell.items() if not k.startswith("@")}
    if isinstance(cell, (list, tuple)):
        return [settle(x) for x in cell]
    if cell is None or isinstance(cell, (str, bool, int, float)):
        return cell
    if hasattr(cell, "isoformat"):
        return cell.isoformat()
    if hasattr(cell, "to_dict"):
        return settle(cell.to_dict())
    return str(cell)


@contextlib.contextmanager
def kept_attached() -> Iterator[None]:
    """Keep this thread attached to the native engine as long as a call may run.

    The engine's package detaches a thread when Python forgets it. At the end of the process that also hits a thread whose
    query is still running (one given up at its deadline), and the engine then aborts the whole process: seen as exit
    status 134 with 26.11.1.dev2. A thread that is not owned is not detached; afterwards it is owned again.
    """
    handle = None
    with contextlib.suppress(Exception):  # another build of the engine has no such handle, and needs none
        native = importlib.import_module("arcadedb._native.lib")
        native._thread_handle()  # noqa: SLF001 - there is no public way
        handle = native._local.thread  # noqa: SLF001
    owned = getattr(handle, "owned", False)
    if owned and handle is not None:
        handle.owned = False
    try:
        yield
    finally:
        if owned and handle is not None:
            handle.owned = True


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


class Engine:
    """A running server over one data folder.

    Parameters
    ----------
    data
        Folder that holds the database `graph`.
    log
        Folder for the engine's log.
    """

    def __init__(self, data: Path, log: Path) -> None:
        module = engine_module(log)
        self.password = secrets.token_urlsafe(24)
        # A root keeps the first password it saw, so each process has a private one of its own.
        self._root = tempfile.mkdtemp(prefix="graphkit-")
        self._server: Any = None
        self.db: Any = None
        try:
            self.port = self._start(module, data)
            self.db = self._open()
        except BaseException as error:
            self.close()
            if not isinstance(error, Exception):
                raise
            message = f"{data.parent}: the embedded engine does not open the data: {str(error).splitlines()[0]}"
            raise StoreUnavailable(
                message, store=str(data.parent), hint="another program may have the data open"
            ) from error

    def _start(self, module: ModuleType, data: Path) -> int:
        """Start on free ports, again when another program took one in between; return the Bolt port."""
        for attempt in range(4):
            port = _free_port()
            settings = {
                "mode": "production",  # the default mode lets LOAD CSV read any file of the machine
                "http_port": _free_port(),
                "bolt_port": port,
                "server_plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
                "server_databaseDirectory": str(data),
            }
            self._server = module.create_server(root_path=self._root, root_password=self.password, config=settings)
            try:
                self._server.start()
            except Exception:
                if attempt == 3:
                    raise
            else:
                return port
        raise AssertionError

    def _open(self) -> Any:
        """Open the database, or make it."""
        return self._server.create_database(DATABASE)

    def close(self) -> None:
        """Stop in the engine's order: database, server, private root."""
        db, self.db = self.db, None
        server, self._server = self._server, None
        with contextlib.suppress(Exception):
            if db is not None:
                db.close()
        with contextlib.suppress(Exception):
            if server is not None:
                server.stop()
        shutil.rmtree(self._root, ignore_errors=True)
