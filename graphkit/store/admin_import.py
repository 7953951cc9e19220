"""Files for `neo4j-admin database import full`: headers, data, the script with the exact line, and a check.

One header file and one data file per label and per (type, source label, target label); one id space per label; UTF-8
without byte order mark, quotes doubled, list elements joined by `;`. Missing values are empty unquoted fields, texts
are always quoted, so that an empty text stays a text.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import DataInvalid
from graphkit.model.schema import LABELS, NAME, TYPES, Property, constraint_statements
from graphkit.model.tables import Column, GraphTables, is_missing

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

_TYPES = {"STRING": "string", "INTEGER": "long", "FLOAT": "double", "BOOLEAN": "boolean", "LIST": "string[]"}
_OF_PYTHON = {str: "string", int: "long", float: "double", bool: "boolean", list: "string[]"}
_CHUNK = 100_000


def write_admin_import(tables: GraphTables, directory: str | os.PathLike[str]) -> None:
    """Write `nodes/`, `relationships/`, `import.sh`, `schema.cypher` and `verify.cypher`.

    Parameters
    ----------
    tables
        The graph; written in canonical order.
    directory
        Folder, made when missing.

    Raises
    ------
    DataInvalid
        A list element holds `;`, which neo4j-admin takes for the separator.
    """
    root, whole = Path(directory), tables.canonical()
    (root / "nodes").mkdir(parents=True, exist_ok=True)
    (root / "relationships").mkdir(parents=True, exist_ok=True)
    arguments = []
    for label, nodes in whole.nodes.items():
        columns, heads = _columns(nodes.columns, LABELS[label].properties, label)
        head = [f"id:ID({label})", *heads, ":LABEL"]
        fixed = [_text(nodes.ids), *columns, _same(label, len(nodes))]
        _write(root / "nodes", label.lower(), head, fixed, len(nodes))
        arguments.append(f"--nodes=nodes/{label.lower()}.header.csv,nodes/{label.lower()}.csv")
    for e in whole.edges:
        stem = f"{e.type.lower()}__{e.source_label.lower()}__{e.target_label.lower()}"
        columns, heads = _columns(e.columns, TYPES[e.type].properties, e.type)
        head = [f":START_ID({e.source_label})", f":END_ID({e.target_label})", *heads, ":TYPE"]
        ends = [
            _text(whole.nodes[e.source_label].ids[e.source_rows]),
            _text(whole.nodes[e.target_label].ids[e.target_rows]),
        ]
        _write(root / "relationships", stem, head, [*ends, *columns, _same(e.type, len(e))], len(e))
        arguments.append(f"--relationships=relationships/{stem}.header.csv,relationships/{stem}.csv")
    _script(root, arguments)
    (root / "schema.cypher").write_text("".join(f"{s};\n" for s in constraint_statements()), encoding="utf-8")
    (root / "verify.cypher").write_text(_verify(whole), encoding="utf-8")


def _columns(
    columns: dict[str, Column], known: dict[str, Property], owner: str
) -> tuple[list[NDArray[Any]], list[str]]:
    """Cells as text and header names with their types."""
    cells, heads = [], []
    for name, column in columns.items():
        if not NAME.match(name):
            raise DataInvalid(
                f"{owner} has the property {name!r}, no name that can be exported",
                source=owner,
                rule="header",
                hint="rename the column",
            )
        kind = (
            _TYPES[known[name].type]
            if name in known
            else _OF_PYTHON[next((type(x) for x in column.tolist() if x is not None), str)]
        )
        heads.append(f"{name}:{kind}")
        cells.append(
            _list(column, f"{owner}.{name}")
            if kind == "string[]"
            else _text(column)
            if kind == "string"
            else _plain(column)
        )
    return cells, heads


def _text(column: Column) -> NDArray[Any]:
    out = np.empty(len(column), dtype=object)
    out[:] = ["" if x is None else '"' + x.replace('"', '""') + '"' for x in column.tolist()]
    return out


def _plain(column: Column) -> NDArray[Any]:
    """Numbers by their shortest exact text, booleans as true and false."""
    out = np.empty(len(column), dtype=object)
    out[:] = [
        "" if x is None else ("true" if x else "false") if isinstance(x, bool) else repr(x) for x in column.tolist()
    ]
    return out


def _list(column: Column, where: str) -> NDArray[Any]:
    out = np.empty(len(column), dtype=object)
    missing = is_missing(column)
    for i, cell in enumerate(column.tolist()):
        if not missing[i] and any(";" in x for x in cell):
            raise DataInvalid(
                f"{where}: an element of {cell!r} holds ';'",
                source=where,
                rule="list",
                hint="export as parquet instead",
            )
        out[i] = "" if missing[i] else '"' + ";".join(cell).replace('"', '""') + '"'
    return out


def _same(value: str, n: int) -> NDArray[Any]:
    return np.full(n, value, dtype=object)


def _lines(columns: list[NDArray[Any]], n: int) -> Iterator[str]:
    """Join rows, in chunks, so that memory stays flat."""
    for start in range(0, n, _CHUNK):
        rows: Iterable[tuple[str, ...]] = zip(*(c[start : start + _CHUNK].tolist() for c in columns), strict=True)
        yield "".join(",".join(row) + "\n" for row in rows)


def _write(folder: Path, stem: str, head: list[str], columns: list[NDArray[Any]], n: int) -> None:
    (folder / f"{stem}.header.csv").write_text(",".join(head) + "\n", encoding="utf-8")
    with (folder / f"{stem}.csv").open("w", encoding="utf-8", newline="") as file:
        file.writelines(_lines(columns, n))


def _script(root: Path, arguments: list[str]) -> None:
    """Write the exact import line, run from the folder of the script."""
    line = " \\\n  ".join(
        [
            "neo4j-admin database import full",
            "--multiline-fields=true",
            *map(shlex.quote, arguments),
            '--overwrite-destination "${1:-neo4j}"',
        ]
    )
    text = (
        "#!/bin/sh\n"
        "# Imports these files into a new database; stop the server first. Usage: sh import.sh [DATABASE]\n"
        "# Then start it and run schema.cypher and verify.cypher with cypher-shell.\n"
        'set -eu\ncd "$(dirname "$0")"\n'
        f"{line}\n"
    )
    script = root / "import.sh"
    script.write_text(text, encoding="utf-8")
    script.chmod(0o755)


def _verify(tables: GraphTables) -> str:
    """One statement: every label and type with its expected and found count."""
    counts = tables.counts()
    parts = [
        f"MATCH (n:{k}) RETURN 'node' AS kind, '{k}' AS name, {n} AS expected, count(n) AS found"
        for k, n in counts["by_label"].items()
    ]
    parts += [
        f"MATCH ()-[r:{k}]->() RETURN 'relationship' AS kind, '{k}' AS name, {n} AS expected, count(r) AS found"
        for k, n in counts["by_type"].items()
    ]
    if not parts:
        parts = ["MATCH (n) RETURN 'node' AS kind, '' AS name, 0 AS expected, count(n) AS found"]
    return "// expected and found must be equal in every row\n" + "\nUNION ALL\n".join(parts) + ";\n"
