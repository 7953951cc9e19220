"""The ArcadeDB engine in this process: a private server root, loopback only, silent, closed at exit."""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import secrets
import shutil
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import MissingExtra, StoreUnavailable
from graphkit.store.leftovers import remove_leftovers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

__all__ = ["DATABASE", "NO_ROOM", "Engine", "engine_module", "is_time_over", "kept_attached", "settle", "time_limit"]

DATABASE = "graph"
_ROOM = 2**30  # bytes; more than a load of comfortable size takes
_NO_LOG = Path(__file__).with_name("no-log.properties")
_ROOT = "graphkit-"
_LONGEST = 1e9  # seconds
# The system's words, inside the engine's
NO_ROOM = ("No space left on device", "Disk quota exceeded", "File too large")


def engine_module(log: Path) -> ModuleType:
    """Import arcadedb, told first to keep off the console (it reads that at its first word).

    Raises
    ------
    MissingExtra
        Where no wheel of the engine exists.
    """
    os.environ.setdefault("ARCADEDB_LOG_CONSOLE", "0")
    os.environ.setdefault("ARCADEDB_LOG_DIR", str(log))
    if not _has_room(log):
        os.environ.setdefault("ARCADEDB_NATIVE_ISOLATE_ARGS", f"-Djava.util.logging.config.file={_NO_LOG}")
    try:
        import arcadedb
    except ImportError as error:
        message = f"the embedded engine is not installed here: {error}"
        hint = 'pip install "arcadedb>=26.11.1.dev2,<27", or name a server: --store neo4j://HOST; simulations run from files too'
        raise MissingExtra(message, package="arcadedb", extra="embedded", hint=hint) from error
    module: ModuleType = arcadedb
    return module


def _has_room(log: Path) -> bool:
    """Whether the engine may keep a log: where it cannot write one, it fills the console with traces of its own."""
    if any(c.isspace() for c in str(_NO_LOG)):  # the engine's arguments are separated by blanks
        return True
    try:
        if shutil.disk_usage(log.parent).free < _ROOM:
            return False
        import resource
    except (OSError, ImportError):
        return True
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return limit == resource.RLIM_INFINITY or limit >= _ROOM


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


@contextlib.contextmanager
def time_limit(db: Any, seconds: float) -> Iterator[None]:
    """Let the engine end statements that begin inside the block after so many seconds.

    The setting is one of the database, kept in a file of its own, so it is taken back; a statement heeds what held at its
    start.
    """
    _limit(db, math.ceil(min(seconds, _LONGEST) * 1000))
    try:
        yield
    finally:
        _limit(db, 0)


def _limit(db: Any, milliseconds: int) -> None:
    """Set the limit; a disk without room, or a database closed meanwhile, does not keep a query from being answered."""
    with contextlib.suppress(Exception):
        db.command("sql", f"ALTER DATABASE `arcadedb.command.timeout` {milliseconds}")


def is_time_over(error: BaseException | None) -> bool:
    """Whether the engine ended a statement at its time limit."""
    return error is not None and "arcadedb.command.timeout" in str(error)


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
        remove_leftovers(Path(tempfile.gettempdir()), _ROOT)
        self._root = tempfile.mkdtemp(prefix=f"{_ROOT}{os.getpid()}-")
        with contextlib.suppress(
            OSError
        ):  # holds nothing but a time limit; a killed process can leave it, or half of it
            (data / DATABASE / "configuration.json").unlink()
        self._server: Any = None
        self.db: Any = None
        try:
            self.port = self._start(module, data)
            self.db = self._open()
        except BaseException as error:
            self.close()
            if not isinstance(error, Exception):
                raise
            text = str(error).splitlines()[0]
            message = f"{data.parent}: the embedded engine does not open the data: {text}"
            raise StoreUnavailable(message, store=str(data.parent), hint=_hint(text)) from error

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


def _hint(text: str) -> str:
    """Return what to do about a database that does not open."""
    if "Permission denied" in text or "Read-only file system" in text:
        return "the engine writes beside the data even when it only reads: give this account the right to, or copy the store"
    if any(words in text for words in NO_ROOM):
        return "free some space, or copy the store to another disk"
    return "another program may have the data open"
