"""Export: files are written into a folder aside, flushed, then renamed into place."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from graphkit.check import one_of
from graphkit.errors import InvalidParameter

if TYPE_CHECKING:
    from graphkit.model.tables import GraphTables

__all__ = ["export_tables", "flush_tree"]


def export_tables(tables: GraphTables, directory: str | os.PathLike[str], as_: str) -> None:
    """Write tables as `parquet` (an input directory again) or `neo4j-import` (for neo4j-admin).

    Raises
    ------
    InvalidParameter
        When the directory exists and is not empty: nothing of the user's is overwritten.
    """
    one_of("as_", as_, ("parquet", "neo4j-import"))
    target = Path(directory)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        message = f"{target} exists and is not empty"
        raise InvalidParameter(message, parameter="directory", value=str(target), hint="name a new folder")
    aside = target.with_name(f".{target.name}.writing-{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir(parents=True)
        if as_ == "parquet":
            from graphkit.store.files import write_parquet

            write_parquet(tables, aside)
        else:
            from graphkit.store.admin_import import write_admin_import

            write_admin_import(tables, aside)
        flush_tree(aside)
        if target.exists():
            target.rmdir()
        aside.rename(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def flush_tree(folder: Path) -> None:
    """Force every file and folder under `folder` to the disk."""
    for path in [*folder.rglob("*"), folder]:
        if path.is_dir() and os.name != "posix":
            continue
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
