"""Event logs: `events/*.csv|csv.gz|parquet` to one frame, checked like every other file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from graphkit.errors import DataInvalid
from graphkit.model import vocabulary
from graphkit.model.properties import Property, by_name, moment, money, number, text, word
from graphkit.model.validate import Finding
from graphkit.store.files_convert import Converter
from graphkit.store.files_csv import read_csv
from graphkit.store.files_parquet import read_parquet
from graphkit.store.files_raw import FileRefused, Findings, RawTable, Slice
from graphkit.store.mapping import MappingWrong, parse_dataset

if TYPE_CHECKING:
    import os
    from datetime import tzinfo

    import pandas as pd

EVENT_COLUMNS: dict[str, Property] = by_name(
    moment("ts", "时间", required=True, en="time"), text("user", "用户", required=True), word("kind", "类型", vocabulary.EVENT_KIND, required=True),
    text("item_label", "对象标签"), text("item", "对象"), text("channel", "渠道"), text("campaign", "活动"), text("code", "追踪码"), text("parent_user", "转发者"),
    money("amount", "金额"), number("seconds", "时长", unit="s"), number("value", "数值", low=None), text("arm", "实验组"), text("device", "设备"),
    text("region", "地区"),
)  # fmt: skip


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

    root = Path(path)
    findings = Findings()
    frames = [_read(file, name, findings, zone) for file, name, zone in _event_files(root)]
    if not frames and not findings.found:
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
            f"{len(errors)} events are wrong\n  {first}",
            source=str(root),
            rule=errors[0].rule,
            count=len(errors),
            rows=rows,
            hint=errors[0].hint,
        )
    frame = pd.concat([f for f in frames if f is not None], ignore_index=True)
    return frame.sort_values(["ts", "user", "kind"], kind="stable", ignore_index=True)


def _event_files(root: Path) -> list[tuple[Path, str, tzinfo | None]]:
    """(path, shown name, declared time zone) of the files of an event log."""
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
    zone: tzinfo | None = None
    if (home / "dataset.toml").is_file():
        try:
            zone = parse_dataset((home / "dataset.toml").read_bytes(), "").zone
        except MappingWrong as error:
            raise DataInvalid(
                f"dataset.toml: {error.message}", source=str(home), rule=error.rule, hint=error.hint
            ) from error
    return [(p, f"events/{p.name}", zone) for p in files]


def _read(path: Path, name: str, findings: Findings, zone: tzinfo | None) -> pd.DataFrame | None:
    import pandas as pd

    try:
        table: RawTable = read_parquet(path, name) if name.endswith(".parquet") else read_csv(path, name, findings)
    except FileRefused as error:
        findings.add(error.finding)
        return None
    missing = [p.name for p in EVENT_COLUMNS.values() if p.required and p.name not in table.columns]
    for column in missing:
        findings.add(
            Finding(
                "missing-column",
                "error",
                name,
                1,
                column,
                None,
                f"events need the column {column}",
                f"add the column {column}",
            )
        )
    if missing:
        return None
    part = Slice(table, np.arange(len(table)), findings)
    convert = Converter(part, zone)
    columns = {c: convert.column(c, EVENT_COLUMNS[c]) for c in table.names if c in EVENT_COLUMNS}
    for column in (c for c in table.names if c not in EVENT_COLUMNS):
        findings.add(
            Finding(
                "unknown-column", "warning", name, 1, column, None, f"column {column!r} is not a column of events", None
            )
        )
    numeric = {c for c, p in EVENT_COLUMNS.items() if p.type == "FLOAT"}
    return pd.DataFrame({c: v.astype(np.float64) if c in numeric else v for c, v in columns.items()})
