"""What processes that were killed left half written: found by the pid in the name, removed by whoever comes next."""

from __future__ import annotations

import os
import re
import shutil
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["head_beside", "is_alive", "remove_leftovers"]


def is_alive(pid: int) -> bool:
    """Whether a process of this number runs on this machine."""
    if pid <= 0:
        return False
    if sys.platform == "win32":
        return True  # asked by opening the lock file instead
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def head_beside(target: Path) -> str:
    """Return how names of what is written beside a target begin, before the pid; what killed processes left goes first."""
    head = f".{target.name[:60]}.writing-"  # a name has room for 255 bytes
    remove_leftovers(target.parent, head)
    return head


def remove_leftovers(folder: Path, head: str, tail: str = "") -> None:
    """Remove files and folders `<head><pid>[-...]<tail>` whose process is gone; what cannot be removed stays.

    Parameters
    ----------
    folder
        Where they lie; nothing happens when it does not exist.
    head, tail
        What stands before and after the number in the name.
    """
    wanted = re.compile(rf"{re.escape(head)}(\d+)(-\w+)?{re.escape(tail)}")
    with suppress(OSError):
        for path in list(folder.iterdir()):
            found = wanted.fullmatch(path.name)
            if found is None or is_alive(int(found[1])):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with suppress(OSError):
                    path.unlink()
