"""Event logs: `events/*.csv|csv.gz|parquet` to one frame, checked like every other file.

Events stay files: a load reads them only to judge them (`files_events_check`). A row with a wrong time, kind or number
is rejected.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import path_of
from graphkit.errors import DataInvalid
from graphkit.intervals import counted
from graphkit.model import vocabulary
from graphkit.model.properties import Property, by_name, moment, money, number, text, word
from graphkit.model.schema import LABELS
from graphkit.model.validate import EventCounts, Finding, RejectedRow
from graphkit.store.files_convert import column_values
from graphkit.store.files_csv import read_csv
from graphkit.store.files_parquet import read_parquet
from graphkit.store.files_raw import FileRefused, Findings, RawTable, Slice, file_digest
from graphkit.store.mapping import Dataset, MappingWrong
from graphkit.store.mapping_file import parse_dataset

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd

    from graphkit.model.tables import Column

__all__ = ["EVENT_COLUMNS", "EventLog", "read_events", "read_log"]

_ITEMS = {name: label.zh for name, label in LABELS.items() if not label.written}
_NAMED = 50  # unknown columns named one by one
EVENT_COLUMNS: dict[str, Property] = by_name(
    moment("ts", "时间", required=True, en="time"),
    text("user", "用户", required=True),
    word("kind", "类型", vocabulary.EVENT_KIND, required=True),
    word("item_label", "对象标签", _ITEMS, closed=False),
    text("item", "对象"),
    text("channel", "渠道"),
    text("campaign", "活动"),
    text("code", "追踪码"),
    text("parent_user", "转发者"),
    money("amount", "金额"),
    number("seconds", "时长", unit="s"),
    number("value", "数值", low=None),
    text("arm", "实验组"),
    text("device", "设备"),
    text("region", "地区"),
)


@dataclass
class EventLog:
    """What the files of an event log hold.

    Parameters
    ----------
    parts
        Per readable file its rows and their values.
    files, n_broken
        Files found; rows that have no shape or stand in files that cannot be used.
    """

    parts: list[tuple[Slice, dict[str, Column]]] = field(default_factory=list)
    files: int = 0
    n_broken: int = 0

    def counts(self) -> EventCounts:
        """Count every row once."""
        kinds: Counter[str] = Counter()
        rejected = self.n_broken
        for part, columns in self.parts:
            kinds.update(columns["kind"][part.good].tolist())
            rejected += int((~part.good).sum())
        accepted = sum(kinds.values())
        return EventCounts(self.files, accepted + rejected, accepted, rejected, dict(sorted(kinds.items())))

    def rejected(self) -> list[RejectedRow]:
        """Return the rows put aside, with their bytes."""
        out = [row for part, _ in self.parts for row in part.table.broken]
        for part, _ in self.parts:
            if not part.good.all():
                out += part.rejected(file_digest(part.table.path))
        return out


def read_events(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read an event log: a file, a folder of files, or an input directory with `events/`.

    Returns
    -------
    pandas.DataFrame
        `ts` (int64 epoch seconds), `user`, `kind`, and those of the optional columns that the files have, sorted by
        (ts, user, kind) with a stable order. Missing values are None or NaN.

    Raises
    ------
    DataInvalid
        A file cannot be read, a mandatory column is missing, or a row does not fit.
    """
    import pandas as pd

    root = path_of("path", path, "the path of an event log")
    findings = Findings()
    files, dataset = _event_files(root)
    log = read_log(files, dataset, findings)
    if not log.parts and not findings.found:
        raise DataInvalid(
            f"{root} holds no events",
            source=str(root),
            rule="file-empty",
            hint="write events/events.csv with ts, user and kind",
        )
    errors = [f for f in findings.sorted() if f.severity == "error"]
    if errors:
        first = "\n  ".join(f"{f.file}{f' line {f.line}' if f.line else ''}: {f.message}" for f in errors[:5])
        rows = tuple((f.file, f.line, f.value) for f in errors[:5])
        raise DataInvalid(
            f"{counted(len(errors), 'event is', 'events are')} wrong\n  {first}",
            source=str(root),
            rule=errors[0].rule,
            count=len(errors),
            rows=rows,
            hint=errors[0].hint,
        )
    frame = pd.concat([_frame(columns) for _, columns in log.parts], ignore_index=True)
    return frame.sort_values(["ts", "user", "kind"], kind="stable", ignore_index=True)


def read_log(
    files: Iterable[tuple[Path, str]], dataset: Dataset, findings: Findings, encoding: str = "utf-8"
) -> EventLog:
    """Read all files of a log, each with the name that findings show; what does not fit is put aside."""
    log = EventLog()
    for path, name in files:
        log.files += 1
        try:
            if name.endswith(".parquet"):
                table: RawTable = read_parquet(path, name)
            else:
                own = dataset.encodings.get(name)
                table = read_csv(path, name, findings, encoding=own or encoding, named=own is not None)
        except FileRefused as error:
            findings.add(error.finding, fatal=True)
            log.n_broken += error.rows
            continue
        log.n_broken += table.n_broken
        missing = [p.name for p in EVENT_COLUMNS.values() if p.required and p.name not in table.columns]
        for column in missing:
            text_ = f"events need the column {column}"
            findings.add(
                Finding("missing-column", "error", name, 1, column, None, text_, f"add the column {column}"), fatal=True
            )
        if missing:
            log.n_broken += len(table)
            continue
        log.parts.append((part := Slice(table, np.arange(len(table)), findings), _columns(part, dataset, findings)))
    return log


def _frame(columns: dict[str, Column]) -> pd.DataFrame:
    import pandas as pd

    numeric = {c for c, p in EVENT_COLUMNS.items() if p.type == "FLOAT"}
    return pd.DataFrame({c: v.astype(np.float64) if c in numeric else v for c, v in columns.items()})


def _event_files(root: Path) -> tuple[list[tuple[Path, str]], Dataset]:
    """Path and shown name of the files of an event log; what `dataset.toml` declares."""
    if not root.exists():
        raise DataInvalid(
            f"{root} does not exist", source=str(root), rule="file-unreadable", hint="give a file or folder of events"
        )
    folder = root / "events" if (root / "events").is_dir() else root
    home = root if folder != root else root.parent
    if root.is_file():
        home = root.parent.parent if root.parent.name == "events" else root.parent
        files = [root]
    else:
        files = sorted(
            p
            for p in folder.iterdir()
            if p.name.endswith((".csv", ".csv.gz", ".parquet")) and not p.name.startswith(".")
        )
    dataset = Dataset()
    if (home / "dataset.toml").is_file():
        try:
            dataset = parse_dataset((home / "dataset.toml").read_bytes(), "")
        except MappingWrong as error:
            raise DataInvalid(
                f"dataset.toml: {error.message}", source=str(home), rule=error.rule, hint=error.hint
            ) from error
    return [(p, f"events/{p.name}") for p in files], dataset


def _columns(part: Slice, dataset: Dataset, findings: Findings) -> dict[str, Any]:
    """Values of the columns that events have; others are reported."""
    table = part.table
    for column in [c for c in table.names if c not in EVENT_COLUMNS][:_NAMED]:
        text_ = f"column {column[:80]!r} is not a column of events"
        findings.add(Finding("unknown-column", "warning", table.file, 1, column[:200], None, text_, None))
    columns = {**EVENT_COLUMNS, "ts": replace(EVENT_COLUMNS["ts"], unit=f"epoch {dataset.event_time_unit or 's'}")}
    return {c: column_values(part, c, columns[c], dataset.zone) for c in table.names if c in columns}
