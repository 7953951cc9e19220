"""Export: files are written into a folder aside, flushed, then renamed into place."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from graphkit.check import one_of, path_of
from graphkit.errors import InvalidParameter
from graphkit.store.leftovers import head_beside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphkit.model.tables import GraphTables

__all__ = ["export_tables", "flush_folder", "flush_tree", "written_whole"]


def export_tables(tables: GraphTables, directory: str | os.PathLike[str], as_: str) -> None:
    """Write tables as `parquet` (an input directory again) or `neo4j-import` (for neo4j-admin).

    A link is followed: the folder it leads to is written.

    Raises
    ------
    InvalidParameter
        When the directory exists and is not empty: nothing of the user's is overwritten.
    OSError
        When it cannot be written; its `filename` is the directory, and nothing is left there.
    """
    one_of("as_", as_, ("parquet", "neo4j-import"))
    directory = path_of("directory", directory, "the path of a new folder")
    try:
        with written_whole(check_target(directory)) as aside:
            _write(tables, aside, as_)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(error.errno or errno.EIO, f"the export is not written: {reason}", os.fspath(directory)) from error


def check_target(directory: str | os.PathLike[str]) -> Path:
    """Return the folder that an export to `directory` makes.

    Raises
    ------
    InvalidParameter
        When it exists and is not empty.
    """
    target = Path(os.path.realpath(directory))
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        message = f"{os.fspath(directory)} exists and is not empty"
        raise InvalidParameter(message, parameter="directory", value=str(directory), hint="name a new folder")
    return target


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Give a folder beside the target to write into, and rename it at the end; what a killed process left there goes first."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f"{head_beside(target)}{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir()
        yield aside
        flush_tree(aside)
        if target.exists():
            target.rmdir()
        aside.rename(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    flush_folder(target.parent)


def flush_tree(folder: Path) -> None:
    """Force every file and folder under `folder` to the disk."""
    for path in [*folder.rglob("*"), folder]:
        flush_folder(path)


def flush_folder(path: Path) -> None:
    """Force one file, or the names in one folder where the system can, to the disk."""
    if path.is_dir() and os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(tables: GraphTables, folder: Path, as_: str) -> None:
    """Write the files of an export."""
    if as_ == "parquet":
        from graphkit.store.files import write_parquet

        write_parquet(tables, folder)
    else:
        from graphkit.store.admin_import import write_admin_import

        write_admin_import(tables, folder)
