"""The event log of an input directory: which files it has, and whether its rows name nodes that the directory holds.

A row that names a node the directory does not hold is kept with a warning: an adopter outside the graph is still an
observation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.model.validate import Finding
from graphkit.store.files_events import read_log

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

    from graphkit.model.tables import Column
    from graphkit.store.files_events import EventLog
    from graphkit.store.files_raw import Findings, Slice
    from graphkit.store.mapping import Dataset

__all__ = ["check_events", "files_of_events"]

_ENDS = {"user": "User", "parent_user": "User", "channel": "Channel", "campaign": "Campaign"}


def check_events(
    files: Iterable[tuple[Path, str]],
    dataset: Dataset,
    findings: Findings,
    ids: Mapping[str, Collection[str]],
    codes: Collection[str],
    encoding: str = "utf-8",
) -> EventLog:
    """Read an event log and look for the nodes it names.

    Parameters
    ----------
    files
        Path and shown name of each file.
    dataset
        What `dataset.toml` declares: the time zone of naive times and the unit of times written as numbers.
    findings
        Where findings go.
    ids
        Label -> ids of the directory; a label without nodes is not looked for.
    codes
        Tracking codes of its touchpoints.
    encoding
        Of the CSV files, but for those that `dataset` names.
    """
    log = read_log(files, dataset, findings, encoding)
    for part, columns in log.parts:
        for column, label in _ENDS.items():
            if column in columns and ids.get(label):
                _unknown(part, column, columns[column], set(ids[label]), f"no {label} {{value}} in nodes/")
        if "code" in columns and codes:
            _unknown(part, "code", columns["code"], set(codes), "no Touchpoint with the code {value}")
        if "item" in columns:
            _items(part, columns, ids)
        if "parent_user" in columns:
            own = np.flatnonzero((columns["parent_user"] == columns["user"]) & part.good)
            text_ = "{value} is said to have passed it on to itself"
            part.note(
                own.tolist(),
                "self-loop",
                "warning",
                "parent_user",
                columns["user"][own],
                text_,
                "leave parent_user empty",
            )
    return log


def files_of_events(
    folder: Path,
    findings: Findings,
    problem: Callable[[Path], tuple[str, str, str] | None],
    fatal: Callable[[str, str, str, str], None],
) -> list[tuple[Path, str]]:
    """Path and shown name of the files of `events/`; others are reported.

    Parameters
    ----------
    folder
        `events/` of an input directory; none is no fault.
    findings
        Where findings go.
    problem
        Says why a path is no readable file inside the directory and what to do, or None.
    fatal
        Told rule, name, message and hint of what makes the directory unusable.
    """
    if not folder.exists() and not folder.is_symlink():
        return []
    if not folder.is_dir() or not folder.resolve().is_relative_to(folder.parent.resolve()):
        rule = "file-outside" if folder.is_symlink() else "file-unreadable"
        fatal(rule, folder.name, "is not a folder inside the input directory", "put a folder there, or remove it")
        return []
    out = []
    for path in sorted(folder.iterdir()):
        name = f"{folder.name}/{path.name}"
        if path.name.startswith(".") or not path.name.endswith((".csv", ".csv.gz", ".parquet")):
            text_ = "only .csv, .csv.gz and .parquet files are read"
            findings.add(Finding("file-ignored", "warning", name, None, None, None, text_, "save it as CSV or Parquet"))
        elif (found := problem(path)) is not None:
            fatal(found[0], name, *found[1:])
        else:
            out.append((path, name))
    return out


def _items(part: Slice, columns: dict[str, Column], ids: Mapping[str, Collection[str]]) -> None:
    """Items by their label; without one, under any label that an event may name."""
    items = columns["item"]
    labels = columns.get("item_label", np.full(len(items), None, dtype=object))
    for label in dict.fromkeys(x for x in labels.tolist() if x is not None):
        if ids.get(label):
            _unknown(part, "item", _only(items, labels == label), set(ids[label]), f"no {label} {{value}} in nodes/")
    known = {i for label, found in ids.items() if label != "User" for i in found}
    if known:
        bare = np.array([x is None for x in labels.tolist()], dtype=np.bool_)
        _unknown(part, "item", _only(items, bare), known, "no node {value} of any label")


def _only(cells: Column, mask: Any) -> Column:
    """Cells where the mask says so, None elsewhere."""
    out = np.full(len(cells), None, dtype=object)
    out[mask] = cells[mask]
    return out


def _unknown(part: Slice, column: str, cells: Column, known: set[str], message: str) -> None:
    """Warn once per name that is not known, at its first row, with the number of rows."""
    rows: dict[str, list[int]] = {}
    for i in np.flatnonzero(part.good).tolist():
        cell = cells[i]
        if cell is not None and cell not in known:
            rows.setdefault(cell, []).append(i)
    for name, at in rows.items():
        more = f" ({len(at)} events)" if len(at) > 1 else ""
        part.note(
            [at[0]], "event-node", "warning", column, [name], message + more, "kept; add the node, or correct the name"
        )
