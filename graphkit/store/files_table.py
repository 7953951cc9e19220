"""One table of one file to columns: filter, convert, add constants and counts, check rows against each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphkit.errors import InvalidParameter
from graphkit.model.properties import STRING, Property
from graphkit.model.schema import NodeLabel
from graphkit.model.tables import Column, as_column, object_array
from graphkit.model.target import parse_target
from graphkit.model.validate import Finding
from graphkit.store.files_assumed import counted
from graphkit.store.files_convert import column_values
from graphkit.store.files_raw import Findings, RawTable, Slice

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping
    from datetime import tzinfo

    from numpy.typing import NDArray

    from graphkit.store.mapping import TableSpec

_WINDOWS = (("from_ts", "to_ts", True), ("starts_ts", "ends_ts", False), ("since_ts", "until_ts", False), ("first_ts", "last_ts", False),
            ("uptake_lower", "uptake", False), ("uptake", "uptake_upper", False), ("p_lower", "p", False), ("p", "p_upper", False))  # fmt: skip
MAX_ID = 1_000


@dataclass
class Block:
    """Rows of one mapped table with their values.

    Parameters
    ----------
    spec, part
        Where the rows come from; `part.good` says which are still in.
    ids
        Ids of nodes, or None.
    ends
        Per end (ids, labels or None) of relationships.
    columns
        Property -> values, aligned to the rows of `part`.
    duplicates
        Mask of rows that repeat an earlier one.
    owned
        Columns that were copied and may be written to.
    """

    spec: TableSpec
    part: Slice
    ids: Any = None
    ends: tuple[Any, ...] = ()
    end_labels: tuple[Any, ...] = ()
    columns: dict[str, Column] = field(default_factory=dict)
    duplicates: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    owned: set[str] = field(default_factory=set)

    def loaded(self) -> NDArray[np.bool_]:
        """Rows that go in."""
        return self.part.good & ~self.duplicates


def as_texts(cells: Any) -> Any:
    """Return the cells of a column as texts.

    Raises
    ------
    pyarrow.ArrowException
        For lists and other values that no text stands for.
    """
    return cells if pa.types.is_string(cells.type) else pc.cast(cells, pa.string())


def select_rows(spec: TableSpec, table: RawTable) -> NDArray[np.int64]:
    """Rows of the file that the table's `where` takes."""
    mask = np.ones(len(table), dtype=np.bool_)
    for column, allowed in spec.where.items():
        cells = as_texts(table.columns[column])
        found = pc.fill_null(pc.is_in(cells, value_set=pa.array(allowed, pa.string())), False)
        mask &= found.to_numpy(zero_copy_only=False) if not isinstance(found, pa.ChunkedArray) else found.to_numpy()
    return np.flatnonzero(mask)


def read_block(
    spec: TableSpec,
    table: RawTable,
    findings: Findings,
    zone: tzinfo | None,
    counts: Mapping[tuple[str, str], Counter[str]],
) -> Block:
    """Convert the rows of a table; wrong ones are put aside with their line."""
    part = Slice(table, select_rows(spec, table), findings)
    block = Block(spec, part, duplicates=np.zeros(len(part.rows), dtype=np.bool_))
    if isinstance(spec.kind, NodeLabel):
        block.ids = _ids(part, spec.id, "id")
        _odd_ids(part, block.ids, spec.id)
    else:
        sides = ("source", "target")
        block.ends = tuple(_ids(part, e.column, side) for e, side in zip(spec.ends, sides, strict=True))
        block.end_labels = tuple(
            column_values(part, e.label_column, Property(e.label_column, STRING, required=True), zone)
            if e.label_column
            else None
            for e in spec.ends
        )
    for name, source in spec.columns.items():
        prop = spec.kind.properties[name]
        if source.column is not None:
            block.columns[name] = column_values(part, source.column, prop, zone, times=source.times)
        elif source.count is not None and source.by is not None:
            factor = source.times if source.times is not None else 1.0
            block.columns[name] = counted(part, block.ids.tolist(), counts[source.count, source.by], factor, prop)
    for column, prop in spec.kept.items():
        if column in table.columns:
            block.columns[prop.name] = column_values(part, column, prop, zone)
    n = len(part.rows)
    for name, value in spec.constants.items():
        block.columns[name] = object_array([list(value)] * n) if isinstance(value, list) else as_column([value] * n)
    _check_rows(block)
    _check_ratings(block)
    return block


def _ids(part: Slice, column: str, side: str) -> Any:
    """Ids of a column as an object array; a typed column is no text and refused as a whole."""
    source = part.table.columns[column]
    if not (pa.types.is_string(source.type) or pa.types.is_large_string(source.type)):
        text = f"{column} is stored as {source.type}; ids are texts, so that 001, 1 and 1.0 stay three"
        part.findings.add(
            Finding("id-type", "error", part.table.file, 1, column, None, text, "store it as string"), fatal=True
        )
        part.good[:] = False
        return np.full(len(part.rows), None, dtype=object)
    return column_values(part, column, Property(side, STRING, required=True, en="id"), None)


def _odd_ids(part: Slice, ids: Any, column: str) -> None:
    """Ids that are legal and easily confused; ids too long for an index."""
    cells = pa.array(ids, pa.string())
    long = np.flatnonzero(pc.fill_null(pc.greater(pc.utf8_length(cells), MAX_ID), False).to_numpy(zero_copy_only=False))
    hint = "use a short id and keep the text as name"
    part.note(
        long.tolist(), "id", "error", column, [ids[i] for i in long], f"an id is longer than {MAX_ID} characters", hint
    )
    control = pc.match_substring_regex(cells, r"\p{Cc}")
    rows = np.flatnonzero(pc.fill_null(control, False).to_numpy(zero_copy_only=False) & part.good)
    part.note(
        rows.tolist(), "id", "error", column, [ids[i] for i in rows], "an id holds a control character", "remove it"
    )
    odd = pc.match_substring_regex(cells, r"^\s|\s$|\p{Cf}|\p{Zl}|\p{Zp}|^\p{Zs}|\p{Zs}$")
    rows = np.flatnonzero(pc.fill_null(odd, False).to_numpy(zero_copy_only=False) & part.good)
    part.note(
        rows.tolist(),
        "id-odd",
        "warning",
        column,
        [ids[i] for i in rows],
        "an id begins or ends with a blank or holds an invisible character",
        "kept as it is",
    )


def _check_rows(block: Block) -> None:
    """Rules that join columns: windows, label columns, audience filters."""
    part, columns = block.part, block.columns
    for low, high, strict in _WINDOWS:
        if low in columns and high in columns:
            a, b = _numbers(columns[low]), _numbers(columns[high])
            with np.errstate(invalid="ignore"):
                wrong = np.flatnonzero(((a >= b) if strict else (a > b)) & part.good)
            text = f"{high} lies before {low}" if not strict else f"{high} is not later than {low}"
            part.note(
                wrong.tolist(),
                "window",
                "error",
                block.spec.column(high),
                [columns[high][i] for i in wrong],
                text,
                "the interval is [from, to)",
            )
    for column in block.spec.checks:
        wanted = block.spec.kind.name
        cells = part.table.columns[column].to_pylist()
        wrong_rows = [i for i, r in enumerate(part.rows.tolist()) if wanted not in (cells[r] or "").split(";")]
        part.note(
            wrong_rows,
            "label-pair",
            "error",
            column,
            [cells[part.rows[i]] for i in wrong_rows],
            f"the row says it is {{value!r}}, the file holds {wanted}".replace("{value!r}", "{value}"),
            "move the row",
        )
    if block.spec.kind.name == "Channel" and "audience_filter" in columns:
        for i, text in enumerate(columns["audience_filter"].tolist()):
            if text is not None and part.good[i]:
                try:
                    parse_target(text)
                except InvalidParameter as error:
                    part.note(
                        [i], "target", "error", block.spec.column("audience_filter"), [text], error.message, error.hint
                    )


def _check_ratings(block: Block) -> None:
    """A rating above the top of its scale would count as more than full marks."""
    if {"rating", "scale_max"} <= block.columns.keys():
        given = block.columns["rating"]
        wrong = np.flatnonzero((_numbers(given) > _numbers(block.columns["scale_max"])) & block.part.good).tolist()
        text, hint = "rating is {value}, above its scale_max", "correct the value or its unit"
        block.part.note(wrong, "range", "error", block.spec.column("rating"), [given[i] for i in wrong], text, hint)


def _numbers(column: Column) -> NDArray[np.float64]:
    """Numbers with NaN for nulls (comparisons with it are false)."""
    if column.dtype != object:
        return column.astype(np.float64)
    return np.array([np.nan if x is None else float(x) for x in column.tolist()], dtype=np.float64)
