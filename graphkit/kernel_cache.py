"""Compiled kernels: where they are kept, and when they are out of date.

numba keeps what it compiled beside the source or under the user's cache folder, and refuses to work when it may write to neither: a read-only
container with a read-only home, a service account without one.

It compiles a kernel again when the kernel's own file has changed, not when a function that is compiled into it has: a checkout that is
updated in place would go on with the old one. So kernels are dropped when the text of any file that holds one has changed; other files
(commands, reports) may change without a kernel compiled anew.
"""

from __future__ import annotations

import os
import zlib

__all__ = ["drop_outdated_kernels", "provide_kernel_cache"]

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


def drop_outdated_kernels(package: str) -> None:
    """Remove the kernels kept inside the package when a source that holds one is not as it was; must run before numba reads one.

    Kernels kept under ``NUMBA_CACHE_DIR`` or the user's cache folder stay: there it is the user who removes them.

    Parameters
    ----------
    package : str
        Folder of the package.
    """
    if not os.access(package, os.W_OK):
        return  # whoever installs there replaces every file
    folders = [
        package,
        *(entry.path for entry in os.scandir(package) if entry.is_dir() and entry.name != "__pycache__"),
    ]
    stamp = os.path.join(package, "__pycache__", "kernels.stamp")  # noqa: PTH118  pathlib costs start-up time
    sources = sorted(entry.path for folder in folders for entry in os.scandir(folder) if entry.name.endswith(".py"))
    state, (known_state, known_text) = _state(sources), _read(stamp)
    if state == known_state:
        return
    text = _text(sources)
    try:
        if text != known_text:
            for folder in folders:
                _drop_indices(os.path.join(folder, "__pycache__"))  # noqa: PTH118  as above
        _write(stamp, state + b" " + text)
    except OSError:
        return  # another user's files; the next start tries again


def _state(sources: list[str]) -> bytes:
    """Checksum over names, sizes and times of all sources: quick to make, and the same when nothing was touched."""
    found = [(path, status.st_size, status.st_mtime_ns) for path in sources for status in (os.stat(path),)]  # noqa: PTH116  as above
    return b"%08x" % zlib.crc32(repr(found).encode())


def _text(sources: list[str]) -> bytes:
    """Checksum over the texts of the sources that hold a kernel."""
    total = 0
    for path in sources:
        with open(path, "rb") as file:  # noqa: PTH123  as above
            text = file.read()
        if any(mark in text for mark in _MARKS):
            total = zlib.crc32(path.encode() + b"\0" + text, total)
    return b"%08x" % total


def _drop_indices(cache: str) -> None:
    """Remove the indices of numba's cache; what they list is compiled and written again."""
    for entry in os.scandir(cache) if os.path.isdir(cache) else ():  # noqa: PTH112  as above
        if entry.name.endswith(".nbi"):
            try:
                os.remove(entry.path)  # noqa: PTH107  as above
            except FileNotFoundError:
                continue  # another process is about the same


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
    while not os.path.exists(folder) and os.path.dirname(folder) != folder:  # noqa: PTH110, PTH120  as above
        folder = os.path.dirname(folder)  # noqa: PTH120  as above
    return os.access(folder, os.W_OK | os.X_OK)


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
