"""A snapshot on disk: one memory-mapped Arrow file per table and a `manifest.json`, written last, with the SHA-256 of each file.

Writers work in a temporary folder and rename it, so a reader sees a whole snapshot or none.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.projection.columns_file import read_columns, write_columns
from graphkit.store.leftovers import remove_leftovers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    ReadTable = Callable[[str], dict[str, NDArray[Any]]]

__all__ = ["FORMAT", "forget_old", "read_folder", "write_folder"]

FORMAT = 2
_MANIFEST = "manifest.json"
_log = logging.getLogger(__name__)


def read_folder(folder: Path) -> tuple[dict[str, Any], ReadTable] | None:
    """Return the manifest and a reader of tables by name; None when the folder is absent, of another format or damaged."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        if not isinstance(manifest, dict) or manifest.pop("check", None) != _check(manifest):
            _log.warning("snapshot %s: its manifest is damaged or of another version, made again", folder)
            return None
        if manifest["format"] != FORMAT:
            return None
        for table, expected in manifest["sha256"].items():
            with (folder / f"{table}.arrow").open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != expected:
                    _log.warning("snapshot %s: %s.arrow does not match its digest, made again", folder, table)
                    return None
    except FileNotFoundError:
        if (folder / _MANIFEST).exists():
            _log.warning("snapshot %s lacks a file and is made again", folder)
        return None
    except (ValueError, KeyError, OSError, RecursionError) as error:
        _log.warning("snapshot %s is damaged and is made again: %s", folder, error)
        return None
    return manifest, partial(_read_table, folder, manifest["kinds"])


def _read_table(folder: Path, kinds: Mapping[str, Any], table: str) -> dict[str, NDArray[Any]]:
    return read_columns(folder / f"{table}.arrow", kinds[table])


def _check(manifest: Mapping[str, Any]) -> str:
    """Return a digest of the manifest itself: the tables it names are checked by it, and nothing else checks it."""
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def write_folder(folder: Path, manifest: dict[str, Any], content: Mapping[str, Mapping[str, NDArray[Any]]]) -> None:
    """Write aside, flush to disk, rename; when another process was first, its folder stays."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(folder.parent, ".making-")
    if folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
    aside = Path(tempfile.mkdtemp(prefix=f".making-{os.getpid()}-", dir=folder.parent))
    try:
        kinds, sums = {}, {}
        for table, columns in content.items():
            kinds[table], sums[table] = write_columns(aside / f"{table}.arrow", columns)
        whole = json.loads(
            json.dumps({**manifest, "kinds": kinds, "sha256": sums}, default=str)
        )  # as a reader will see it
        text = json.dumps({**whole, "check": _check(whole)}, ensure_ascii=False)
        with (aside / _MANIFEST).open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            aside.rename(folder)
        except OSError:
            if not folder.exists():
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def forget_old(folder: Path, keep: str) -> None:
    """Keep the newest three snapshots of a store; the columns of older versions serve nobody."""
    there = list(folder.iterdir()) if folder.is_dir() else []
    others = [p for p in there if p.is_dir() and p.name != keep and (p / _MANIFEST).exists()]
    for old in sorted(others, key=lambda p: p.stat().st_mtime, reverse=True)[2:]:
        shutil.rmtree(old, ignore_errors=True)
