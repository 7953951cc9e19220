"""The cells of one column of one table, and how those that do not fit are put aside with their line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.model.tables import Column
    from graphkit.model.validate import Severity
    from graphkit.store.files_raw import Slice

__all__ = ["Cells", "mask", "with_nulls"]


@dataclass(frozen=True)
class Cells:
    """One column of the rows that a table uses.

    Parameters
    ----------
    part
        The rows, those still good, and where findings go.
    name
        Of the column in the file.
    source
        Its cells as an Arrow array, one per row of `part`.
    """

    part: Slice
    name: str
    source: Any

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.source)

    def note(self, bad: NDArray[np.bool_], rule: str, message: str, hint: str, severity: Severity = "error") -> None:
        """Note every marked cell; with severity `error` its row is put aside."""
        rows = np.flatnonzero(bad & self.part.good) if severity == "error" else np.flatnonzero(bad)
        if len(rows):
            values = self.source.take(pa.array(rows)).to_pylist()
            self.part.note(rows.tolist(), rule, severity, self.name, values, message, hint)

    def note_row(self, row: int, rule: str, message: str, hint: str) -> None:
        """Put one row aside, if it is still in."""
        if self.part.good[row]:
            self.part.note([row], rule, "error", self.name, [self.source[row].as_py()], message, hint)

    def match(self, pattern: str) -> NDArray[np.bool_]:
        """Mask of the cells in which a regular expression is found."""
        return mask(pc.match_substring_regex(self.source, pattern))

    def among(self, values: list[str]) -> NDArray[np.bool_]:
        """Mask of the cells that hold one of these texts."""
        return mask(pc.is_in(self.source, value_set=pa.array(values, self.source.type)))


def mask(array: Any) -> NDArray[np.bool_]:
    """Arrow booleans as a NumPy mask that may be written to; null is false."""
    out: NDArray[np.bool_] = pc.fill_null(array, False).to_numpy(zero_copy_only=False).astype(np.bool_, copy=False)
    return out.copy() if not out.flags.writeable else out


def with_nulls(values: NDArray[Any], given: NDArray[np.bool_]) -> Column:
    """Return the values, None where nothing is given."""
    if given.all():
        return values
    out = values.astype(object)
    out[~given] = None
    return out
