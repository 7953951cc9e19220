"""Cells of a column to the values the schema asks for; what does not fit is put aside with its line, never guessed."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphkit.errors import close_matches
from graphkit.store.files_time import epoch_seconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from numpy.typing import NDArray

    from graphkit.model.properties import Property
    from graphkit.model.tables import Column
    from graphkit.store.files_raw import Slice

_FLOAT = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_INTEGER = r"^[+-]?\d+$"
_TRUE, _FALSE = {"true", "True", "TRUE", "1"}, {"false", "False", "FALSE", "0"}


@dataclass
class Converter:
    """Turns the columns of one slice into values.

    Parameters
    ----------
    part
        Rows and where findings go.
    zone
        Declared time zone, None when there is none.
    """

    part: Slice
    zone: tzinfo | None

    def column(self, name: str, prop: Property, *, times: float | None = None) -> Column:
        """Values of a source column for a property; rows that do not fit are put aside."""
        source = self.part.table.columns[name]
        if len(self.part.rows) != len(self.part.table):
            source = source.take(pa.array(self.part.rows))
        if isinstance(source, pa.ChunkedArray):
            source = source.combine_chunks()
        if not (pa.types.is_string(source.type) or pa.types.is_large_string(source.type)):
            values = self._typed(source, prop, name)
        else:
            values = self._text(source, prop, name, times=times)
        return values if times is None else self._times(values, times, name, prop)

    def _text(self, source: Any, prop: Property, name: str, *, times: float | None) -> Column:
        given = self._given(source, prop, name)
        if prop.type == "STRING":
            return self._string(source, given, prop, name)
        if prop.type == "LIST":
            return self._list(source, given, prop, name)
        if prop.type == "BOOLEAN":
            return self._boolean(source, given, name)
        if prop.type == "FLOAT" or times is not None:
            return self._limits(*self._number(source, given, name), prop, name, checked=times is None)
        return self._whole(source, given, prop, name)

    def _given(self, source: Any, prop: Property, name: str) -> NDArray[np.bool_]:
        """Mask of cells that hold something; missing ones of a mandatory property are put aside."""
        given = _mask(pc.not_equal(source, ""))
        if prop.required:
            is_id = prop.en == "id"  # a name may be an odd kind of blank, as one real tag is; an id may not
            trim = pc.utf8_trim_whitespace if is_id else pc.ascii_trim_whitespace
            lacking = ~given if prop.type != "STRING" else ~_mask(pc.not_equal(trim(source), ""))
            rule, what = (
                ("id", f"{prop.name}: an id is empty")
                if is_id
                else ("missing-value", f"{prop.name} is mandatory and empty")
            )
            self._note(lacking, rule, name, source, what, "give a value, or leave the row out")
            given &= ~lacking
        if not prop.multiline:
            broken = _mask(pc.or_(pc.match_substring(source, "\n"), pc.match_substring(source, "\r")))
            self._note(broken, "line-break", name, source, f"{prop.name} holds a line break", "remove the line break")
            given &= ~broken
        nul = _mask(pc.match_substring(source, "\0"))
        self._note(nul, "nul", name, source, f"{prop.name} holds a NUL character", "remove it")
        return given & ~nul

    def _note(
        self,
        bad: NDArray[np.bool_],
        rule: str,
        name: str,
        source: Any,
        message: str,
        hint: str,
        severity: Any = "error",
    ) -> None:
        rows = np.flatnonzero(bad & self.part.good) if severity == "error" else np.flatnonzero(bad)
        if len(rows):
            values = source.take(pa.array(rows)).to_pylist()
            self.part.note(rows.tolist(), rule, severity, name, values, message, hint)

    def _note_row(self, row: int, rule: str, name: str, source: Any, message: str, hint: str) -> None:
        """Put one row aside, if it is still in."""
        if self.part.good[row]:
            self.part.note([row], rule, "error", name, [source[row].as_py()], message, hint)

    def _string(self, source: Any, given: NDArray[np.bool_], prop: Property, name: str) -> Column:
        if prop.vocabulary is not None:
            odd = [x for x in pc.unique(source).to_pylist() if x and x not in prop.vocabulary]
            if odd:
                near = close_matches(odd[0], prop.vocabulary) or tuple(sorted(prop.vocabulary))[:8]
                rule, severity = ("word", "error") if prop.closed else ("word-new", "warning")
                same = given & _mask(pc.is_in(source, value_set=pa.array(odd, source.type)))
                text, hint = f"{prop.name} '{{value}}' is not in the vocabulary", f"known words: {', '.join(near)}"
                self._note(same, rule, name, source, text, hint, severity)
        values: Column = source.to_numpy(zero_copy_only=False)
        if values.dtype != object:
            values = values.astype(object)
        if not given.all():
            values = values.copy()
            values[~given] = None
        return values

    def _list(self, source: Any, given: NDArray[np.bool_], prop: Property, name: str) -> Column:
        known = {value: (value or "").split(";") for value in pc.unique(source).to_pylist()}
        words = set(prop.vocabulary) if prop.vocabulary is not None else None
        filled = [v for v in known if v]
        gaps = [v for v in filled if any(not p.strip() for p in known[v])]
        odd = [v for v in filled if words is not None and not words.issuperset(known[v])]
        odd = sorted(set(odd) - set(gaps))
        for values, rule, text, hint in (
            (gaps, "list", f"{prop.name} '{{value}}' has an empty element", "separate elements by one ';'"),
            (
                odd,
                "word",
                f"{prop.name} '{{value}}' is not in the vocabulary",
                f"known words: {', '.join(sorted(words or ()))}",
            ),
        ):
            if values:
                same = given & _mask(pc.is_in(source, value_set=pa.array(values, source.type)))
                self._note(same, rule, name, source, text, hint)
        out = np.empty(len(source), dtype=object)
        for i, value in enumerate(source.to_pylist()):
            out[i] = list(known[value]) if given[i] else None
        return out

    def _boolean(self, source: Any, given: NDArray[np.bool_], name: str) -> Column:
        true = _mask(pc.is_in(source, value_set=pa.array(sorted(_TRUE), source.type)))
        fine = true | _mask(pc.is_in(source, value_set=pa.array(sorted(_FALSE), source.type)))
        self._note(
            given & ~fine, "boolean", name, source, f"{name} is {{value}}, not true or false", "write true or false"
        )
        return _with_nulls(true, given & fine)

    def _number(
        self, source: Any, given: NDArray[np.bool_], name: str
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_], Any]:
        fine = given & _mask(pc.match_substring_regex(source, _FLOAT))
        self._note(
            given & ~fine,
            "number",
            name,
            source,
            f"{name} is {{value}}, not a finite number",
            _number_hint(source, given & ~fine),
        )
        cells = source if fine.all() else source.filter(pa.array(fine))
        try:
            parsed = pc.cast(cells, pa.float64()).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:
            parsed = np.array([float(x) for x in cells.to_pylist()], dtype=np.float64)
        values = np.zeros(len(source), dtype=np.float64)
        values[fine] = parsed
        wide = fine & (np.abs(values) >= 2.0**53) & np.isfinite(values)
        if wide.any():
            wide &= _mask(pc.match_substring_regex(source, _INTEGER))
        lost = fine & (values == 0)
        if lost.any():
            lost &= _mask(pc.match_substring_regex(source, r"^[+-]?[0.]*[1-9]"))
        inexact = fine & (~np.isfinite(values) | wide | lost)
        self._note(
            inexact,
            "number",
            name,
            source,
            f"{name} is {{value}}, beyond the numbers that can be stored exactly",
            "check the unit",
        )
        return values, fine & ~inexact, source

    def _limits(
        self, values: Any, fine: NDArray[np.bool_], source: Any, prop: Property, name: str, *, checked: bool = True
    ) -> Column:
        """Range of the property."""
        if checked and (prop.low is not None or prop.high is not None):
            low, high = (
                prop.low if prop.low is not None else -math.inf,
                prop.high if prop.high is not None else math.inf,
            )
            outside = fine & ((values < low) | (values > high) | ((values == low) & prop.open_low))
            left = "(" if prop.open_low else "["
            ms = " (milliseconds?)" if prop.is_time else ""
            self._note(outside, "range", name, source, f"{name} is {{value}}, outside {left}{low:g}, {high:g}]{ms}",
                       "give epoch seconds" if prop.is_time else "correct the value or its unit")  # fmt: skip
            fine = fine & ~outside
            if prop.is_time:
                self._note(
                    fine & (values < 0),
                    "time-odd",
                    name,
                    source,
                    f"{name} is {{value}}, before 1970",
                    "check the unit",
                    "warning",
                )
        return _with_nulls(values, fine)

    def _whole(self, source: Any, given: NDArray[np.bool_], prop: Property, name: str) -> Column:
        fine = given & _mask(pc.match_substring_regex(source, _INTEGER))
        long = fine & (pc.fill_null(pc.utf8_length(source), 0).to_numpy(zero_copy_only=False) > 18)
        values = np.zeros(len(source), dtype=np.int64)
        short = fine & ~long
        cells = source if short.all() else source.filter(pa.array(short))
        try:
            values[short] = pc.cast(cells, pa.int64()).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:  # a leading plus sign
            values[short] = [int(x) for x in cells.to_pylist()]
        rest = given & ~fine
        for i in np.flatnonzero(long).tolist():
            number = int(source[i].as_py()) if len(source[i].as_py()) < 400 else 2**63
            if -(2**63) <= number < 2**63:
                values[i] = number
            else:
                fine[i] = False
                self._note_row(i, "range", name, source, f"{name} is {{value}}, beyond 64 bits", "check the unit")
        if prop.is_time and rest.any():
            self._iso(source, rest, fine, values, name)
        else:
            self._note(
                rest,
                "integer",
                name,
                source,
                f"{name} is {{value}}, not a whole number",
                _number_hint(source, rest, "12"),
            )
        return self._limits(values, fine, source, prop, name)

    def _iso(
        self, source: Any, rest: NDArray[np.bool_], fine: NDArray[np.bool_], values: NDArray[np.int64], name: str
    ) -> None:
        """ISO 8601 texts to epoch seconds."""
        known: dict[str, int | tuple[str, str, str]] = {}
        for i in np.flatnonzero(rest).tolist():
            text = source[i].as_py()
            found = known.get(text)
            if found is None:
                found = known[text] = epoch_seconds(text, self.zone)
            if isinstance(found, int):
                values[i], fine[i] = found, True
            else:
                self._note_row(i, found[0], name, source, f"{name}: {found[1]}", found[2])

    def _times(self, values: Column, factor: float, name: str, prop: Property) -> Column:
        """Assumed values: a column times a factor."""
        missing = (
            np.array([x is None for x in values.tolist()])
            if values.dtype == object
            else np.zeros(len(values), np.bool_)
        )
        numbers = np.where(missing, 0.0, values).astype(np.float64) * factor
        shown = pa.array([str(x) for x in numbers.tolist()])
        if prop.type == "INTEGER":
            return _with_nulls(
                np.asarray(self._limits(numbers.round(), ~missing, shown, prop, name)).astype(np.int64),
                ~missing & self.part.good,
            )
        return self._limits(numbers, ~missing, shown, prop, name)

    def _typed(self, source: Any, prop: Property, name: str) -> Column:
        """Parquet columns that are not text."""
        kind, n = source.type, len(source)
        given = _mask(pc.is_valid(source))
        if prop.required:
            self._note(
                ~given,
                "missing-value",
                name,
                source,
                f"{prop.name} is mandatory and empty",
                "give a value, or leave the row out",
            )
        if pa.types.is_null(kind):
            return np.full(n, None, dtype=object)
        if prop.type == "LIST" and (pa.types.is_list(kind) or pa.types.is_large_list(kind)):
            out = np.empty(n, dtype=object)
            numeric = prop.vocabulary is None and (
                pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)
            )
            for i, given_cell in enumerate(source.to_pylist()):
                # a kept list of numbers, such as a vector, is stored as their texts; what is no number stays wrong
                cell = _as_texts(given_cell) if numeric and given_cell is not None else given_cell
                out[i] = cell
                wrong = cell is not None and (
                    not all(
                        isinstance(x, str) and x and (prop.vocabulary is None or x in prop.vocabulary) for x in cell
                    )
                    or (prop.required and not cell)
                )
                if wrong:
                    self._note_row(i, "list", name, source, f"{name} is {{value}}", "a list of known words")
            return out
        if prop.type == "BOOLEAN" and pa.types.is_boolean(kind):
            return _with_nulls(pc.fill_null(source, False).to_numpy(zero_copy_only=False), given)
        if prop.is_time and (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
            texts = [None if x is None else x.isoformat() for x in source.to_pylist()]
            return self._text(pa.array([x or "" for x in texts], pa.string()), prop, name, times=None)
        numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
        if prop.type in {"INTEGER", "FLOAT"} and numeric:
            return self._typed_number(source, given, prop, name)
        self._note(
            given,
            "type",
            name,
            source,
            f"{name} is stored as {kind}, the schema asks for {prop.type}",
            f'keep it as a list: "{name}:string[]"'
            if pa.types.is_list(kind) and pa.types.is_floating(kind.value_type)
            else f"store it as {prop.type.lower()}",
        )
        return np.full(n, None, dtype=object)

    def _typed_number(self, source: Any, given: NDArray[np.bool_], prop: Property, name: str) -> Column:
        if prop.type == "INTEGER" and pa.types.is_integer(source.type) and not pa.types.is_uint64(source.type):
            return self._limits(
                pc.fill_null(source, 0).cast(pa.int64()).to_numpy(zero_copy_only=False), given, source, prop, name
            )
        values = pc.fill_null(source.cast(pa.float64(), safe=False), 0.0).to_numpy(zero_copy_only=False)
        fine = given & np.isfinite(values)
        self._note(
            given & ~fine,
            "number",
            name,
            source,
            f"{name} is {{value}}, not a finite number",
            "leave the cell empty instead",
        )
        if prop.type == "INTEGER":
            whole = fine & (values == np.floor(values)) & (np.abs(values) <= 2.0**53)
            self._note(
                fine & ~whole, "integer", name, source, f"{name} is {{value}}, not a whole number", "store it as int64"
            )
            return self._limits(np.where(whole, values, 0).astype(np.int64), whole, source, prop, name)
        return self._limits(values, fine, source, prop, name)


def _mask(array: Any) -> NDArray[np.bool_]:
    out: NDArray[np.bool_] = pc.fill_null(array, False).to_numpy(zero_copy_only=False).astype(np.bool_, copy=False)
    return out.copy() if not out.flags.writeable else out


def _with_nulls(values: NDArray[Any], given: NDArray[np.bool_]) -> Column:
    if given.all():
        return values
    out = values.astype(object)
    out[~given] = None
    return out


def _number_hint(source: Any, bad: NDArray[np.bool_], example: str = "0.25") -> str:
    """Say what to do about the first text that is no number."""
    rows = np.flatnonzero(bad)
    if not len(rows):
        return ""
    text = source[int(rows[0])].as_py() or ""
    checks: tuple[tuple[Callable[[str], Any], str], ...] = (
        (lambda t: t.strip() != t, "remove the blanks around it"),
        (lambda t: re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", t), "write it without thousands separators"),
        (lambda t: re.fullmatch(r"\d+,\d+", t), "write a decimal point instead of the comma"),
        (lambda t: any("０" <= c <= "９" for c in t), "write plain digits 0-9"),
        (lambda t: t.endswith("%"), "write the share as a number in [0, 1]"),
        (lambda t: re.fullmatch(r"\d+(\.\d+)?[kKmMbB万亿]", t), "write the number out, such as 1200000 for 1.2m"),
        (lambda t: t.lower() in {"nan", "na", "null", "none"}, "leave the cell empty when it is not measured"),
    )
    return next((hint for test, hint in checks if test(text)), f"write a plain number such as {example}")


def _as_texts(cell: list[Any]) -> list[Any]:
    return [str(x) if x is not None and math.isfinite(x) else x for x in cell]
