"""Which tables a directory holds: by the plain layout of its files, or by the tables of a mapping."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import pyarrow as pa

from graphkit.model.schema import LABELS, TYPES, NodeLabel, RelationshipType, label_of_file, type_of_file
from graphkit.model.validate import Finding
from graphkit.store.files_intake import SUFFIXES
from graphkit.store.files_plain import plain_spec
from graphkit.store.files_table import as_texts, select_rows
from graphkit.store.mapping import MappingWrong, kept_twice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from graphkit.store.files_intake import Intake
    from graphkit.store.files_raw import RawTable
    from graphkit.store.mapping import Dataset, TableSpec

    Kind = NodeLabel | RelationshipType
    Pair = tuple[str | None, str | None]

__all__ = ["mapped_specs", "plain_specs"]

_SOME = 3  # files named
FOLDERS = ("nodes", "relationships")


def plain_specs(intake: Intake, dataset: Dataset) -> list[TableSpec]:
    """Read the files of the plain layout and return what each holds; what does not fit is noted."""
    files = _plain_files(intake)
    if not files and not intake.findings.fatal:
        text = "the directory holds no table: nodes/<label>.csv is missing"
        there = sorted(path.name for path in intake.root.rglob("*") if path.name.endswith(SUFFIXES))
        some = ", ".join(there[:_SOME]) + (", .." if len(there) > _SOME else "")
        hint = f"name them nodes/<label>.csv, or map what is there ({some}) by --mapping FILE: see the README"
        intake.fatal("file-empty", "nodes", text, hint if there else "see the README for the layout")
    specs = []
    for i, (name, (path, kind, pair)) in enumerate(files.items()):
        table = intake.load(path, name)
        intake.tell("read files", i + 1, len(files))
        if table is None:
            continue
        try:
            spec, problems = plain_spec(name, table.names, kind, pair, dataset.keep)
        except MappingWrong as error:
            intake.findings.add(error.finding("dataset.toml"), fatal=True)
            intake.refused_rows += len(table)
            continue
        for p in problems:
            intake.findings.add(p, fatal=p.severity == "error")
        if any(p.severity == "error" for p in problems):
            intake.refused_rows += len(table)
        else:
            specs.append(spec)
    return specs


def mapped_specs(intake: Intake, dataset: Dataset) -> list[TableSpec]:
    """Read the files a mapping names and return its tables; what it leaves out is noted."""
    _load_mapped(intake, dataset)
    used: dict[str, set[str]] = defaultdict(set)
    specs = []
    for spec in dataset.tables:
        table = intake.raw.get(spec.file)
        if table is None:
            continue
        lacking = sorted(spec.used() - set(table.names))
        given = {*spec.columns, *spec.constants, "id"}
        required = [p.name for p in spec.kind.properties.values() if p.required and p.name not in given]
        for column in lacking:
            text = f"the mapping names column {column!r}, which the file lacks"
            intake.fatal("missing-column", spec.file, text, f"its columns: {', '.join(table.names[:20])}")
        for name in required:
            text = f"the mapping gives no {name} for {spec.kind.name}"
            intake.fatal("missing-column", spec.file, text, "add it to columns or constants")
        odd = [] if lacking else _no_texts(intake, spec, table)
        doubled = kept_twice({column: prop for column, prop in spec.kept.items() if column in table.columns})
        if doubled is not None:
            odd.append(doubled)
            intake.fatal("header", spec.file, doubled, "rename one of them")
        if not lacking and not required and not odd:
            specs.append(spec)
            used[spec.file] |= spec.used() | set(spec.kept)
    for name, columns in sorted(used.items()):
        _columns_left_out(intake, name, columns)
        _rows_left_out(intake, name, specs)
    _files_left_out(intake, dataset)
    return specs


def _plain_files(intake: Intake) -> dict[str, tuple[Path, Kind, Pair]]:
    """Files of the plain layout by name, each with its label or type."""
    out: dict[str, tuple[Path, Kind, Pair]] = {}
    seen: dict[str, str] = {}
    for folder, path in _listed(intake):
        name = f"{folder}/{path.name}"
        suffix = next((s for s in SUFFIXES if path.name.endswith(s)), None)
        if suffix is None or path.name.startswith("."):
            intake.warn(
                "file-ignored", name, "only .csv, .csv.gz and .parquet files are read", "save it as CSV or Parquet"
            )
            continue
        stem = path.name.removesuffix(suffix)
        kind, pair = _kind_of(folder, stem)
        problem = intake.problem(path)
        if kind is None:
            what = "label" if folder == "nodes" else "relationship type (or type__source__target)"
            intake.fatal(
                "file-unknown", name, f"{stem!r} is no {what} of the model", "see graphkit schema for the names"
            )
        elif isinstance(kind, NodeLabel) and kind.written:
            text = f"{kind.name} is written by graphkit and not read from files"
            intake.fatal("file-unknown", name, text, "see graphkit schema for the names")
        elif problem is not None:
            intake.fatal(problem[0], name, *problem[1:])
        elif stem in seen:
            intake.fatal("file-twice", name, f"{seen[stem]} holds the same table", "keep one of the two")
        else:
            seen[stem] = name
            out[name] = (path, kind, pair)
    return out


def _listed(intake: Intake) -> Iterator[tuple[str, Path]]:
    """Entries of the folders of the plain layout; a folder that is none, or lies outside, is noted."""
    for folder in FOLDERS:
        place = intake.root / folder
        outside = not place.is_dir() or not place.resolve().is_relative_to(intake.root.resolve())
        if outside and (place.is_symlink() or place.exists()):
            rule = "file-outside" if place.is_symlink() else "file-unreadable"
            intake.fatal(rule, folder, "is not a folder inside the input directory", "put a folder there, or remove it")
        elif place.is_dir():
            yield from ((folder, path) for path in sorted(place.iterdir()))


def _kind_of(folder: str, stem: str) -> tuple[Kind | None, Pair]:
    """Label or type that a file name stands for, and the labels at its ends where it names them."""
    if folder == "nodes":
        return LABELS.get(label_of_file(stem) or ""), (None, None)
    parsed = type_of_file(stem)
    return (TYPES[parsed[0]], (parsed[1], parsed[2])) if parsed else (None, (None, None))


def _load_mapped(intake: Intake, dataset: Dataset) -> None:
    """Read every file the mapping takes rows from or counts in."""
    counted = {c.count for s in dataset.tables for c in s.columns.values() if c.count}
    wanted = sorted({s.file for s in dataset.tables} | counted)
    for i, name in enumerate(wanted):
        path = intake.root / name
        problem = intake.problem(path)
        if problem is not None:
            intake.fatal(problem[0], name, problem[1], "correct the mapping")
        elif not name.endswith(SUFFIXES):
            intake.fatal(
                "file-unknown", name, "only .csv, .csv.gz and .parquet files are read", "save it as CSV or Parquet"
            )
        else:
            intake.load(path, name)
        intake.tell("read files", i + 1, len(wanted))


def _columns_left_out(intake: Intake, name: str, columns: set[str]) -> None:
    left = [c for c in intake.raw[name].names if c not in columns and c not in {":LABEL", ":TYPE"}]
    for column in left[:50]:
        text = f"column {column[:80]!r} is neither mapped nor kept"
        hint = "map it, or name it under [keep]"
        intake.findings.add(Finding("unknown-column", "warning", name, 1, column[:200], None, text, hint))


def _no_texts(intake: Intake, spec: TableSpec, table: RawTable) -> list[str]:
    """Columns by which rows cannot be chosen, since no text stands for what they hold."""
    odd = []
    for column in spec.where:
        try:
            as_texts(table.columns[column])
        except pa.ArrowException:
            odd.append(column)
            text = f"the mapping chooses rows by {column}, which is stored as {table.columns[column].type}"
            intake.fatal("type", spec.file, text, "store it as string", column=column)
    return odd


def _rows_left_out(intake: Intake, name: str, tables: list[TableSpec]) -> None:
    table, specs = intake.raw[name], [s for s in tables if s.file == name]
    taken = sum(len(select_rows(s, table)) for s in specs)
    if taken < len(table) and any(s.where for s in specs):
        text = f"{len(table) - taken} rows are taken by no table of the mapping"
        intake.warn("file-ignored", name, text, "add a table for them")


def _files_left_out(intake: Intake, dataset: Dataset) -> None:
    mapped = {s.file for s in dataset.tables} | set(intake.raw)
    for folder in FOLDERS:
        place = intake.root / folder
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            name = f"{folder}/{path.name}"
            if name not in mapped:
                intake.warn("file-ignored", name, "the mapping leaves this file out")
