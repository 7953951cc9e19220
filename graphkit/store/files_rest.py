"""The rejected rows of a load as an input directory of their own: corrected there, they can be loaded by themselves.

Files keep their names and columns and hold only the rows that were put aside, CSV as it stood and Parquet as Parquet.
`dataset.toml` says what that of the load and its mapping said together, and that ends may be nodes of the store.
"""

from __future__ import annotations

import csv
import gzip
import io
import tomllib
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from graphkit.store.files_out import written_whole
from graphkit.store.files_write import toml_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from graphkit.model.validate import DataReport, RejectedRow

__all__ = ["write_rest"]

_BOM = b"\xef\xbb\xbf"


def write_rest(report: DataReport, source: Path, place: Path, *, name: str, mapping: Path | None) -> Path | None:
    """Write the rejected nodes and relationships of a load as an input directory, whole or not at all.

    Parameters
    ----------
    report
        What reading `source` found.
    source, mapping
        The input directory, and the mapping that was laid over it.
    place
        The directory to make. One that is there already stays as it is: somebody may be correcting its rows.
    name
        Of the dataset, where neither says one.

    Returns
    -------
    pathlib.Path or None
        `place`; None when no such row was rejected. Events stay where they are: they are files and not loaded.
    """
    files: dict[str, dict[int, RejectedRow]] = defaultdict(dict)
    for row in report.dead_letters:
        files[row.file].setdefault(row.line, row)  # several tables may read one file
    if not files or place.exists():
        return place if files else None
    with written_whole(place) as aside:
        for file, rows in files.items():
            (aside / file).parent.mkdir(parents=True, exist_ok=True)
            (aside / file).write_bytes(_content(source / file, [rows[line] for line in sorted(rows)]))
        (aside / "dataset.toml").write_text(_declared(source, name, mapping), encoding="utf-8")
    return place


def _content(path: Path, rows: Sequence[RejectedRow]) -> bytes:
    """Return the bytes of a file that holds these rows alone."""
    if path.suffix == ".parquet":
        out = io.BytesIO()
        with path.open("rb") as file:
            pq.write_table(pq.read_table(file).take([row.line - 1 for row in rows]), out)
        return out.getvalue()
    head = io.StringIO(newline="")
    csv.writer(head, lineterminator="").writerow(rows[0].header)
    # Rows of a file in another encoding are kept in UTF-8; the mark says so, whatever --encoding is given for the others.
    mark = _BOM if rows[0].offset is None else b""
    data = mark + b"\n".join([head.getvalue().encode(), *(row.raw for row in rows)]) + b"\n"
    return gzip.compress(data, mtime=0) if path.suffix == ".gz" else data


def _declared(source: Path, name: str, mapping: Path | None) -> str:
    """Return what `dataset.toml` and the mapping over it say together, but for the encodings, as one TOML text."""
    said = _said(source / "dataset.toml")
    if mapping is not None:
        over = _said(mapping)
        keep = {**said.get("keep", {}), **over.get("keep", {})}
        said = {k: v for k, v in said.items() if k not in ("nodes", "relationships")} | over | {"keep": keep}
    said = {"name": name, **said, "ends_in_store": True}
    return "".join(f"{toml_line(k, v)}\n" for k, v in said.items() if k != "encoding")


def _said(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8-sig")) if path.exists() else {}
