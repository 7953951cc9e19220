"""Keys of settings that nothing reads, and names in `[keep]` and `[encoding]` that nothing bears, never pass without a word.

One that looks like a known one is a slip and refused, for it changes nothing and leaves open what it meant to say. Any
other is reported, as a column is that nothing reads.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

from graphkit.errors import did_you_mean
from graphkit.model.schema import LABELS, TYPES, label_of_file, type_of_file
from graphkit.model.validate import Finding
from graphkit.store.files_intake import SUFFIXES
from graphkit.store.mapping import ADMIN_HEADER
from graphkit.store.mapping_file import KEYS, line_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from graphkit.store.files_intake import Intake
    from graphkit.store.mapping import Dataset, TableSpec

__all__ = ["check_named"]

_SOME = 20  # names told when none is near


def check_named(intake: Intake, name: str, dataset: Dataset, specs: Sequence[TableSpec]) -> None:
    """Refuse or report keys that nothing reads, and names of `[keep]` and `[encoding]` that nothing bears.

    A file of the plain layout that is not there tonight may come tomorrow and is no mistake, unless it lies there in
    another format.

    Parameters
    ----------
    intake
        Where the directory lies and what was read of it.
    name, dataset
        The settings file and what it says.
    specs
        The tables that were read.
    """
    for key in dataset.settings:
        if key not in KEYS:
            _tell(intake, name, dataset, (key, key), f"unknown key {key!r}", KEYS)
    if not dataset.keep and not dataset.encodings:
        return
    there = {
        path.relative_to(intake.root).as_posix() for path in intake.root.rglob("*") if path.name.endswith(SUFFIXES)
    }
    there |= {table.file for table in dataset.tables}
    for key in dataset.encodings:
        if key not in there and not _may_come(key, there):
            _tell(intake, name, dataset, (key, key), f"[encoding] names {key!r}, which is no file here", there)
    for key, columns in dataset.keep.items():
        names = {"all", *LABELS, *TYPES, *there}
        if key not in names and not _kind_of(key) and not _may_come(key, there):
            _tell(
                intake, name, dataset, (key, key), f"[keep] names {key!r}, which is no file, label or type here", names
            )
        held = _columns(intake, key, specs)
        for column in columns:
            found = ADMIN_HEADER.match(column)
            if held and not {column, found["name"] if found else column} & held:
                text = f"[keep] names column {column!r} of {key}, which no file of it has"
                _tell(intake, name, dataset, (key, column), text, held)


def _tell(intake: Intake, file: str, dataset: Dataset, entry: tuple[str, str], text: str, known: Iterable[str]) -> None:
    """Refuse a key, or a word under it, that looks like a known one; report any other."""
    key, word = entry
    near = did_you_mean(word, known)
    hint = near or f"known: {', '.join(sorted(known)[:_SOME])}"
    if known is KEYS and not near:
        hint += "; words of your own stand under [notes]"
    severity: Literal["error", "warning"] = "error" if near else "warning"
    finding = Finding("dataset", severity, file, line_of(dataset.text, key), None, None, text, hint)
    intake.findings.add(finding, fatal=bool(near))


def _columns(intake: Intake, key: str, specs: Sequence[TableSpec]) -> set[str]:
    """Every column of the files that an entry of `[keep]` is about."""
    files = {s.file for s in specs if key in ("all", s.file, s.kind.name, PurePosixPath(s.file).name.split(".")[0])}
    return {column for file in files for column in intake.raw[file].names}


def _kind_of(stem: str) -> bool:
    """Whether files of the plain layout may bear this name."""
    return label_of_file(stem) is not None or type_of_file(stem) is not None


def _may_come(file: str, there: Iterable[str]) -> bool:
    """Whether a file that is not there has a name of the plain layout, and none of that name is there."""
    folder, _, base = file.rpartition("/")
    stem = base.split(".")[0]
    named = folder == "events" or (folder in ("nodes", "relationships") and _kind_of(stem))
    return named and base.endswith(SUFFIXES) and not any(other.startswith(f"{folder}/{stem}.") for other in there)
