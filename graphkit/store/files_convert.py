"""Cells of a column to the values the schema asks for; what does not fit is put aside with its line, never guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphkit.errors import close_matches
from graphkit.store.files_assumed import factor_of, multiplied
from graphkit.store.files_cells import Cells, mask, with_nulls
from graphkit.store.files_numbers import floats, integers, within
from graphkit.store.files_typed import times_as_texts, typed_values

if TYPE_CHECKING:
    from datetime import tzinfo

    from numpy.typing import NDArray

    from graphkit.model.properties import Property
    from graphkit.model.tables import Column
    from graphkit.store.files_raw import Slice

__all__ = ["column_values"]

_TRUE, _FALSE = ["true", "True", "TRUE", "1", "是"], ["false", "False", "FALSE", "0", "否"]


def column_values(part: Slice, name: str, prop: Property, zone: tzinfo | None, *, times: float | None = None) -> Column:
    """Values of a source column for a property; rows that do not fit are put aside.

    Parameters
    ----------
    part
        The rows and where findings go.
    name
        Of the column in the file.
    prop
        What the schema asks for.
    zone
        Declared time zone, None when there is none.
    times
        Factor of an assumed value.
    """
    source = part.table.columns[name]
    if len(part.rows) != len(part.table):
        source = source.take(pa.array(part.rows))
    if isinstance(source, pa.ChunkedArray):
        source = source.combine_chunks()
    if prop.is_time and (pa.types.is_timestamp(source.type) or pa.types.is_date(source.type)):
        source = times_as_texts(source)
    cells, wanted = Cells(part, name, source), prop if times is None else factor_of(prop)
    if pa.types.is_string(source.type) or pa.types.is_large_string(source.type):
        values = _text(cells, wanted, zone)
    else:
        values = typed_values(cells, wanted)
    return values if times is None else multiplied(part, name, values, times, prop)


def _text(cells: Cells, prop: Property, zone: tzinfo | None) -> Column:
    given = _given(cells, prop)
    if prop.type == "STRING":
        return _string(cells, given, prop)
    if prop.type == "LIST":
        return _list(cells, given, prop)
    if prop.type == "BOOLEAN":
        return _boolean(cells, given)
    if prop.type == "FLOAT":
        return within(*floats(cells, given), cells, prop)
    return integers(cells, given, prop, zone)


def _given(cells: Cells, prop: Property) -> NDArray[np.bool_]:
    """Mask of cells that hold something; missing ones of a mandatory property are put aside."""
    source = cells.source
    given = mask(pc.not_equal(source, ""))
    if prop.required:
        is_id = prop.en == "id"  # a name may be an odd kind of blank, as one real tag is; an id may not
        trim = pc.utf8_trim_whitespace if is_id else pc.ascii_trim_whitespace
        lacking = ~given if prop.type != "STRING" else ~mask(pc.not_equal(trim(source), ""))
        what = "an id is empty" if is_id else "is mandatory and empty"
        text = f"{prop.name}: {what}" if is_id else f"{prop.name} {what}"
        cells.note(lacking, "id" if is_id else "missing-value", text, "give a value, or leave the row out")
        given &= ~lacking
    if not prop.multiline:
        broken = mask(pc.or_(pc.match_substring(source, "\n"), pc.match_substring(source, "\r")))
        cells.note(broken, "line-break", f"{prop.name} holds a line break", "remove the line break")
        given &= ~broken
    nul = mask(pc.match_substring(source, "\0"))
    cells.note(nul, "nul", f"{prop.name} holds a NUL character", "remove it")
    return given & ~nul


def _string(cells: Cells, given: NDArray[np.bool_], prop: Property) -> Column:
    if prop.vocabulary is not None:
        odd = [x for x in pc.unique(cells.source).to_pylist() if x and x not in prop.vocabulary]
        if odd:
            near = close_matches(odd[0], prop.vocabulary) or tuple(sorted(prop.vocabulary))[:8]
            text, hint = f"{prop.name} '{{value}}' is not in the vocabulary", f"known words: {', '.join(near)}"
            if prop.closed:
                cells.note(given & cells.among(odd), "word", text, hint)
            else:
                cells.note(given & cells.among(odd), "word-new", text, hint, "warning")
    values: Column = cells.source.to_numpy(zero_copy_only=False)
    if values.dtype != object:
        values = values.astype(object)
    if not given.all():
        values = values.copy()
        values[~given] = None
    return values


def _list(cells: Cells, given: NDArray[np.bool_], prop: Property) -> Column:
    known = {value: (value or "").split(";") for value in pc.unique(cells.source).to_pylist()}
    filled = [v for v in known if v]
    gaps = [v for v in filled if any(not p.strip() for p in known[v])]
    text = f"{prop.name} '{{value}}' has an empty element"
    cells.note(given & cells.among(gaps), "list", text, "separate elements by one ';'")
    if prop.vocabulary is not None:
        words = set(prop.vocabulary)
        odd = sorted({v for v in filled if not words.issuperset(known[v])} - set(gaps))
        text = f"{prop.name} '{{value}}' is not in the vocabulary"
        cells.note(given & cells.among(odd), "word", text, f"known words: {', '.join(sorted(words))}")
    out = np.empty(len(cells), dtype=object)
    for i, value in enumerate(cells.source.to_pylist()):
        out[i] = list(known[value]) if given[i] else None
    return out


def _boolean(cells: Cells, given: NDArray[np.bool_]) -> Column:
    true = cells.among(_TRUE)
    fine = true | cells.among(_FALSE)
    text = f"{cells.name} is {{value}}, not true or false"
    cells.note(given & ~fine, "boolean", text, "write true or false")
    return with_nulls(true, given & fine)
