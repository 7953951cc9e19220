"""Compiled kernels: where they are kept, and under which names.

numba keeps what it compiled beside the source or under the user's cache folder, and refuses to work when it may write to neither: a read-only
container with a read-only home, a service account without one.

It numbers its files and lists them in an index, which it writes before them: a reader in between, a process that is killed there, or two
processes that number different signatures alike leave a list that names code of other sources or of other types, and that code is run. It
also compiles a kernel again only when the kernel's own file has changed, not when a function that is compiled into it has. So each kernel
gets a file named by all that it was compiled from, the text of every file that holds one included: no file is ever written with another
content. Other files (commands, reports) may change without a kernel compiled anew.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from contextlib import suppress

__all__ = ["KernelFiles", "checksum_of_sources", "provide_kernel_cache"]

_VARIABLE = "NUMBA_CACHE_DIR"
_MARKS = (b"from numba", b"from graphkit.kernels import")  # a file without either holds nothing that is compiled


def provide_kernel_cache(package: str) -> None:
    """Name a temporary folder of this user's to numba when it would find no place; must run before numba is imported.

    Parameters
    ----------
    package : str
        Folder of the package.
    """
    if os.environ.get(_VARIABLE) or os.access(package, os.W_OK) or _can_be_made(_user_cache()):
        return
    os.environ[_VARIABLE] = _own_folder()


class KernelFiles:
    """The files of one kernel, a file for each signature and machine; damaged ones count as missing.

    Parameters
    ----------
    folder : str
        Where they are kept.
    base : str
        How their names begin: file, kernel, line and version of Python.
    sources : str
        Checksum of the sources the kernel was compiled from.
    """

    def __init__(self, folder: str, base: str, sources: str) -> None:
        self.folder, self._base, self._sources = folder, base, f".{sources}."

    def load(self, key: str) -> bytes | None:
        """Return what was kept under a key, None when there is nothing."""
        try:
            with open(self._path(key), "rb") as file:  # noqa: PTH123  pathlib costs start-up time
                content = file.read()
        except OSError:
            return None
        check, kept = content[:4], content[4:]
        return kept if check == _check(kept) else None  # cut short: the power went while it was written

    def save(self, key: str, kept: bytes) -> None:
        """Keep compiled code under a key, and drop what older sources left of this kernel."""
        _write(self._path(key), _check(kept) + kept)
        kernel = self._base.rpartition("-")[0] + "-"  # on whatever line it stood
        for entry in os.scandir(self.folder):
            if entry.name.startswith(kernel) and self._sources not in entry.name:
                with suppress(OSError):  # another process is about the same
                    os.remove(entry.path)  # noqa: PTH107  as above

    def _path(self, key: str) -> str:
        name = hashlib.sha256(key.encode()).hexdigest()[:32]
        return os.path.join(self.folder, f"{self._base}{self._sources}{name}.nbc")  # noqa: PTH118  as above


def checksum_of_sources(package: str) -> str:
    """Return a checksum over the texts of the sources that hold a kernel; take it before they are imported.

    Parameters
    ----------
    package : str
        Folder of the package.
    """
    if not os.path.isdir(package):  # noqa: PTH112  as above
        return _state([_nearest(package)]).decode()  # an archive changes as a whole
    folders = [
        package,
        *(entry.path for entry in os.scandir(package) if entry.is_dir() and entry.name != "__pycache__"),
    ]
    stamp = os.path.join(package, "__pycache__", "kernels.stamp")  # noqa: PTH118  as above
    sources = sorted(entry.path for folder in folders for entry in os.scandir(folder) if entry.name.endswith(".py"))
    state, (known_state, known_text) = _state(sources), _read(stamp)
    if state == known_state:
        return known_text.decode()
    text = _text(package, sources)
    with suppress(OSError):  # another user's folder; the next start reads them again
        _write(stamp, state + b" " + text)
    return text.decode()


def _state(sources: list[str]) -> bytes:
    """Checksum over names, sizes and times of all sources: quick to make, and the same when nothing was touched."""
    found = [(path, status.st_size, status.st_mtime_ns) for path in sources for status in (os.stat(path),)]  # noqa: PTH116  as above
    return b"%08x" % zlib.crc32(repr(found).encode())


def _text(package: str, sources: list[str]) -> bytes:
    """Checksum over the texts of the sources that hold a kernel."""
    total = hashlib.sha256()
    for path in sources:
        with open(path, "rb") as file:  # noqa: PTH123  as above
            text = file.read()
        if any(mark in text for mark in _MARKS):
            total.update(b"%s\0%d\0%s" % (path[len(package) :].encode(), len(text), text))
    return total.hexdigest()[:16].encode()


def _check(content: bytes) -> bytes:
    """Checksum of one file."""
    return zlib.crc32(content).to_bytes(4)


def _read(path: str) -> tuple[bytes, bytes]:
    """Return the two checksums that were kept, empty where there are none."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  as above
            state, _, text = file.read().partition(b" ")
    except OSError:
        return b"", b""
    return state, text


def _write(path: str, content: bytes) -> None:
    """Write a file as a whole."""
    aside = f"{path}.{os.getpid()}"
    os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120  as above
    with open(aside, "wb") as file:  # noqa: PTH123  as above
        file.write(content)
    os.replace(aside, path)  # noqa: PTH105  as above


def _user_cache() -> str:
    """Where numba would look under the user's home."""
    return os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111  pathlib costs start-up time


def _can_be_made(folder: str) -> bool:
    """Whether the folder, or the nearest one above it that exists, may be written to."""
    return os.access(_nearest(folder), os.W_OK | os.X_OK)


def _nearest(path: str) -> str:
    """Return the path, or the nearest above it that exists."""
    while not os.path.exists(path) and os.path.dirname(path) != path:  # noqa: PTH110, PTH120  as above
        path = os.path.dirname(path)  # noqa: PTH120  as above
    return path


def _own_folder() -> str:
    """Return a folder that only this user can write to, the same one each time; kernels in it are run as code."""
    import stat
    import tempfile

    user = getattr(os, "getuid", int)()
    folder = os.path.join(tempfile.gettempdir(), f"graphkit-kernels-{user}")  # noqa: PTH118  as above
    try:
        os.mkdir(folder, 0o700)  # noqa: PTH102  as above
    except FileExistsError:
        found = os.lstat(folder)
        ours = stat.S_ISDIR(found.st_mode) and found.st_uid == user and not found.st_mode & 0o022
        return folder if ours or os.name == "nt" else tempfile.mkdtemp(prefix="graphkit-kernels-")
    return folder
