"""The folder of an embedded store: who owns it, which data are current, how others reach the owner.

::

    <store>/owner.lock    held by the one process that has the data open; its pid is inside
    <store>/CURRENT       one line: the folder of the data, replaced at once by a new load
    <store>/data-<run>/   the data
    <store>/loading-<run>/  a load going on, renamed to data-<run> when it is complete
    <store>/bolt.json     port, password and pid of the owner's Bolt server, mode 0600
    <store>/log/          what the engine has to say
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import time
from typing import IO, TYPE_CHECKING, Any

from graphkit.errors import StoreUnavailable
from graphkit.store.files_out import flush_folder, flush_tree
from graphkit.store.leftovers import is_alive, remove_leftovers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Folder"]


def _lock(handle: IO[str]) -> bool:
    """Take the lock of an open file without waiting; the system lets go of it when the process ends, however it ends."""
    try:
        if sys.platform == "win32":
            import msvcrt

            handle.seek(1 << 20)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class Folder:
    """A store's folder; `acquire` makes this process its owner."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: IO[str] | None = None

    @property
    def log(self) -> Path:
        """Where the engine writes its log."""
        return self.path / "log"

    def acquire(self, *, wait: float = 0.0) -> bool:
        """Become the owner, making the folder if need be; False when another process owns it after `wait` seconds.

        Raises
        ------
        StoreUnavailable
            When the folder cannot be made or written.
        """
        end = time.monotonic() + wait
        handle = self._open()
        while not _lock(handle):
            if time.monotonic() >= end:
                handle.close()
                return False
            time.sleep(0.05)
        try:
            os.truncate(handle.fileno(), 0)
            os.write(handle.fileno(), f"{os.getpid()}\n".encode())
        except OSError as error:  # a disk without room for a line
            handle.close()
            message = f"{self.path}: the store cannot be used: {error.strerror or error}"
            raise StoreUnavailable(
                message, store=str(self.path), hint="free some space, or name another folder with --store DIR"
            ) from error
        self._handle = handle
        self._tidy()
        return True

    def _open(self) -> IO[str]:
        """Make the folder if need be and open its lock file."""
        try:
            str(self.path).encode()
            self.path.mkdir(parents=True, exist_ok=True)
            return (self.path / "owner.lock").open("a+", encoding="ascii")
        except (OSError, UnicodeEncodeError) as error:
            reason = error.strerror or error if isinstance(error, OSError) else "its name is not UTF-8"
            if self.path.is_symlink() and not self.path.exists():
                reason = "it is a link that leads nowhere"
            message = f"{self.path}: cannot keep a store here: {reason}"
            raise StoreUnavailable(
                message, store=str(self.path), hint="name another folder with --store DIR"
            ) from error

    def release(self) -> None:
        """Let go of the folder."""
        if self._handle is None:
            return
        self.forget_connection()
        with contextlib.suppress(OSError):
            os.truncate(self._handle.fileno(), 0)
        self._handle.close()
        self._handle = None

    def owner(self) -> int | None:
        """Pid written by the present owner."""
        with contextlib.suppress(OSError, ValueError):
            return int((self.path / "owner.lock").read_text(encoding="ascii").strip())
        return None

    # -- data
    def current(self) -> Path | None:
        """Folder of the current data; None in a new store.

        Raises
        ------
        StoreUnavailable
            CURRENT is lost or names nothing that is there, while data are: which ones count is not guessed.
        """
        try:
            name = (self.path / "CURRENT").read_text(encoding="ascii", errors="replace").strip()
        except FileNotFoundError:
            name = ""
        there = sorted(path.name for path in self.path.glob("data-*"))
        if not name and len(there) < 2:  # a complete first load whose last step was cut off, or nothing at all
            return self.path / there[0] if there else None
        if name not in there:
            message = f"{self.path}: CURRENT " + (f"names {name[:80]!r}, which is not there" if name else "is missing")
            held = (
                f"write one of these names into CURRENT: {', '.join(there)}"
                if there
                else "load the data again into a new folder"
            )
            raise StoreUnavailable(message, store=str(self.path), hint=held)
        return self.path / name

    def publish(self, loading: Path) -> Path:
        """Make a complete `loading-` folder the current data in one step; the old data stay until `_tidy`."""
        flush_tree(loading)
        final = loading.with_name(loading.name.replace("loading-", "data-", 1))
        loading.rename(final)
        aside = self.path / "CURRENT.new"
        with aside.open("w", encoding="ascii") as file:
            file.write(final.name + "\n")
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self.path / "CURRENT")
        flush_folder(self.path)
        return final

    def drop_old(self) -> None:
        """Remove data folders that are not current and loads that did not end; only the owner calls this."""
        current = self.current()
        for path in self._leftovers():
            if path != current:
                shutil.rmtree(path, ignore_errors=True)

    def _leftovers(self) -> Iterator[Path]:
        yield from self.path.glob("data-*")
        yield from self.path.glob("loading-*")

    def _tidy(self) -> None:
        self.forget_connection()
        remove_leftovers(self.path, "bolt.json.")
        with contextlib.suppress(StoreUnavailable):
            self.drop_old()

    # -- how others reach the owner
    def announce(self, port: int, password: str) -> None:
        """Write `bolt.json`, readable by this user only."""
        path = self.path / "bolt.json"
        aside = self.path / f"bolt.json.{os.getpid()}"
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump({"port": port, "password": password, "pid": os.getpid()}, file)
        aside.replace(path)

    def connection(self) -> dict[str, Any] | None:
        """Port, password and pid of the owner's server; None when there is none or its process is gone."""
        try:
            found = json.loads((self.path / "bolt.json").read_text(encoding="ascii"))
            usable = is_alive(int(found["pid"])) and int(found["port"]) > 0 and isinstance(found["password"], str)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if usable else None

    def forget_connection(self) -> None:
        """Remove `bolt.json`."""
        (self.path / "bolt.json").unlink(missing_ok=True)
