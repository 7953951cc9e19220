"""Loading an input directory: read and check the rows, merge them into a store, keep the snapshot of the same columns."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from graphkit.check import finite, path_of
from graphkit.errors import DeadlineExceeded
from graphkit.projection.snapshot import default_cache, snapshot_from_tables, snapshot_key
from graphkit.store.files import read_directory
from graphkit.store.files_dead import write_dead_letters
from graphkit.store.files_rest import write_rest

if TYPE_CHECKING:
    from os import PathLike
    from pathlib import Path

    from graphkit.model.validate import DataReport
    from graphkit.progress import ProgressCallback
    from graphkit.store.base import GraphStore, LoadReport

__all__ = ["dead_letter_folder", "load_directory"]


def load_directory(
    store: GraphStore,
    directory: str | PathLike[str],
    *,
    mapping: str | PathLike[str] | None = None,
    encoding: str = "utf-8",
    max_bad: int = 0,
    on_duplicate: str = "error",
    create_missing: bool = False,
    deadline: float | None = None,
    dry_run: bool = False,
    snapshot_cache: str | PathLike[str] | None = None,
    progress: ProgressCallback | None = None,
) -> LoadReport:
    """Load a directory into a store; the same directory again creates and changes nothing.

    Parameters
    ----------
    store
        Where the rows go.
    directory
        Input directory (`dataset.toml`, `nodes/`, `relationships/`).
    mapping
        A file that maps foreign columns, when `dataset.toml` does not.
    encoding
        Of the CSV files; never guessed.
    max_bad
        Rows that may be rejected; one more, and nothing is loaded. Those rejected from a load are written to
        `dead_letter_folder(store)`.
    on_duplicate, create_missing
        As in `read_directory`.
    deadline
        Seconds allowed for reading and loading together.
    dry_run
        Count what a load would do, and write nothing.
    snapshot_cache
        Folder of snapshots; default as in `take_snapshot`.
    progress
        Told about rows read and written.

    Returns
    -------
    LoadReport
        rows_in = created + changed + unchanged + rejected + duplicates.

    Raises
    ------
    DataInvalid
        When more than `max_bad` rows are rejected; its `report` lists them.
    DeadlineExceeded
        After `deadline` seconds; loading again completes the work.
    StoreError
        When the store fails.
    """
    begin = time.monotonic()
    source = path_of("directory", directory, "the path of an input directory")
    over = None if mapping is None else path_of("mapping", mapping, "the path of a mapping file")
    if deadline is not None:
        deadline = finite("deadline", deadline)
    tables, report = read_directory(
        source,
        mapping=over,
        encoding=encoding,
        max_bad=max_bad,
        on_duplicate=on_duplicate,
        create_missing=create_missing,
        ids_of=store.ids,
        progress=progress,
    )
    tables = tables.canonical()
    was_empty = not dry_run and store.is_empty()  # a store that has just started may need seconds even for that
    left = None
    if deadline is not None:
        left = deadline - (time.monotonic() - begin)
        if left <= 0:
            message = f"{directory}: not read within {deadline:g} s; nothing was loaded"
            raise DeadlineExceeded(message, hint="allow more with --time-limit SECONDS")
    kept = None if dry_run else _keep_rejected(store, report, source, tables.name, over)
    done = store.load(tables, report, progress=progress, deadline=left, dry_run=dry_run)
    if was_empty:
        folder = snapshot_cache if snapshot_cache is not None else default_cache(store)
        if folder is not None:
            version = store.version()
            snapshot_from_tables(tables, folder, snapshot_key(store.identity(), version), version=version)
    return replace(done, seconds=time.monotonic() - begin, kept=None if kept is None else str(kept))


def dead_letter_folder(store: GraphStore) -> Path | None:
    """Return where rows rejected from loads are kept: `<store>/reports`, for a server in the user's cache; None for a store in memory."""
    cache = default_cache(store)
    if cache is None:
        return None
    if getattr(store, "directory", None) is not None:
        return cache.parent / "reports"
    return cache.parent.parent / "reports" / cache.name


def _keep_rejected(store: GraphStore, report: DataReport, source: Path, name: str, mapping: Path | None) -> Path | None:
    """Write the rejected rows before the others go in; return the directory from which they can be loaded once corrected."""
    folder = dead_letter_folder(store)
    if folder is None:
        return None
    run = _free(folder, _dead_letter_run(report))
    write_dead_letters(report, folder, run=run)
    return write_rest(report, source, folder / f"dead-{run}", name=name, mapping=mapping)


def _free(folder: Path, run: str) -> str:
    """Return the id, numbered where something else than what a load leaves lies under the names it would give."""
    names = (run, *(f"{run}-{n}" for n in range(2, 1_000)))
    ours = (n for n in names if _ours(folder / f"dead-{n}.ndjson", letters=True) and _ours(folder / f"dead-{n}"))
    return next(ours, run)


def _ours(place: Path, *, letters: bool = False) -> bool:
    """Whether nothing lies at a place, or a file of dead letters, or a directory of rejected rows."""
    return not os.path.lexists(place) or (place.is_file() if letters else place.is_dir())


def _dead_letter_run(report: DataReport) -> str:
    """Return an id that the same rejected rows of the same files always get, so that loading again adds no file."""
    rejected = (*report.dead_letters, *report.dead_events)
    rows = "\n".join(f"{x.file}\t{x.sha256}\t{x.record}\t{x.rule}" for x in rejected)
    return hashlib.sha256(rows.encode()).hexdigest()[:12]
