"""A place for compiled kernels where neither the package nor the user's cache folder can be written to.

numba keeps what it compiled beside the source or under the user's cache folder, and refuses to work when it may write to neither: a read-only
container with a read-only home, a service account without one.
"""

from __future__ import annotations

import os

__all__ = ["provide_kernel_cache"]

_VARIABLE = "NUMBA_CACHE_DIR"


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
