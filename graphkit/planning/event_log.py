"""An event log as columns, and the sums by user that metrics and their intervals need."""

from __future__ import annotations

import math
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from graphkit.errors import DataInvalid, InvalidParameter, close_matches
from graphkit.matching.records import is_missing
from graphkit.model.vocabulary import EVENT_KIND
from graphkit.tabular import refuse_repeated

if TYPE_CHECKING:
    from typing import Any

    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

__all__ = ["DAY", "EventLog", "event_frame"]

DAY = 86_400
NEEDED = ("ts", "user", "kind")


def event_frame(events: Any, needed: tuple[str, ...] = NEEDED) -> pd.DataFrame:
    """Return events as a frame whose moments and amounts are numbers.

    Parameters
    ----------
    events : DataFrame with ts (epoch seconds), user, kind and what else is known, or a path of event files
    needed : tuple of str
        Columns without which nothing can be said.

    Raises
    ------
    InvalidParameter
        Neither a frame nor a path.
    DataInvalid
        A needed column is missing, ts or amount holds what is no finite number, or kind what is no kind of event (a missing
        one may stand). Read from a file, the same is refused there.
    """
    if isinstance(events, str | Path):
        from graphkit.store.files import read_events

        events = read_events(Path(events))
    if not hasattr(events, "columns"):
        message = f"events must be a table or a path, got {type(events).__name__}"
        raise InvalidParameter(message, parameter="events", value=None, hint="a frame with ts, user, kind, or a folder")
    missing = [c for c in needed if c not in events.columns]
    if missing:
        raise DataInvalid(
            f"events lack the columns {', '.join(missing)}",
            rule="events columns",
            rows=tuple(missing),
            hint="ts, user, kind",
        )
    refuse_repeated(events.columns, (name for name in events.columns if isinstance(name, str)), "events")
    for column, meant in (("ts", "epoch seconds"), ("amount", "currency units")):
        if column in events.columns:
            _check_numbers(events, column, meant)
    if "kind" in events.columns:
        _check_kinds(events)
    frame: pd.DataFrame = events
    return frame


def _check_kinds(events: pd.DataFrame) -> None:
    """Refuse a kind that no figure counts: such events would be nobody's reach, and nothing would say so."""
    kinds = events["kind"]
    counts = kinds[~kinds.isin(list(EVENT_KIND)) & kinds.notna()].astype(str).value_counts()
    if counts.size:
        first = str(counts.index[0])
        close = close_matches(first, EVENT_KIND)
        raise DataInvalid(
            f"events: {first!r} is no kind of event; {int(counts.sum())} of {len(events)} rows hold such ones",
            rule="vocabulary",
            count=int(counts.sum()),
            hint=f"one of {', '.join(close or EVENT_KIND)}",
        )


def _check_numbers(events: pd.DataFrame, column: str, meant: str) -> None:
    """Refuse the first cell of a column that is no finite number; dates are not read as nanoseconds by accident."""
    cells = events[column]
    if cells.dtype.kind in "iuf":
        wrong = np.isinf(cells.to_numpy(np.float64))
    else:
        wrong = np.array([cells.dtype.kind in "mM" or not _is_number(x) for x in cells.tolist()], np.bool_)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise DataInvalid(
            f"events: {column} must be a finite number ({meant}): it is {str(cells.iloc[first])!r} in row {first}",
            rule=f"{column} is no number",
            count=int(wrong.sum()),
            hint=f"{int(wrong.sum())} of {len(events)} rows are like it",
        )


def _is_number(cell: Any) -> bool:
    """A number or a missing one."""
    if is_missing(cell):
        return True
    return isinstance(cell, int | float | np.number) and not isinstance(cell, bool) and math.isfinite(cell)


class EventLog:
    """Events by time, users as numbers 0..n_users-1.

    Parameters
    ----------
    events : DataFrame with ts, user, kind and what else is known, or an input directory

    Raises
    ------
    InvalidParameter
        Neither a frame nor a path.
    DataInvalid
        A needed column or cell is missing, or ts or an amount is no finite number.
    """

    def __init__(self, events: pd.DataFrame | str | Path) -> None:
        events = event_frame(events)
        for column in NEEDED:
            empty = np.flatnonzero(events[column].isna().to_numpy())
            if empty.size:
                raise DataInvalid(
                    f"events: {column} is missing in {empty.size} rows, the first is row {empty[0]}",
                    rule="missing-value",
                    count=int(empty.size),
                )
        frame = events.sort_values("ts", kind="stable")
        self.frame = frame
        self.ts = frame["ts"].to_numpy(np.float64)
        words = frame["kind"].astype(str)
        self.kind = words.to_numpy(object)
        self._kind_number, kinds = words.factorize()
        self._kinds = np.asarray(kinds, object).astype(str)
        names, self.user = np.unique(frame["user"].astype(str).to_numpy(object), return_inverse=True)
        self.names = [str(n) for n in names]
        self.n_users = len(self.names)

    def __len__(self) -> int:
        """Return the number of events."""
        return self.ts.size

    def is_kind(self, *kinds: str) -> Bools:
        """Return which events are of one of these kinds."""
        found: Bools = np.isin(self._kinds, kinds)[self._kind_number]
        return found

    def text(self, column: str) -> NDArray[np.object_]:
        """Return a column of texts, None where missing or absent."""
        if column not in self.frame.columns:
            return np.full(len(self), None, object)
        cells = self.frame[column].tolist()
        out = np.full(len(self), None, object)
        out[:] = [None if is_missing(cell) else str(cell) for cell in cells]
        return out

    def number(self, column: str) -> Floats:
        """Return a column of numbers, NaN where missing or absent."""
        if column not in self.frame.columns:
            return np.full(len(self), math.nan)
        _check_numbers(self.frame, column, "or missing")
        return np.asarray(self.frame[column].astype(float), np.float64)

    @cached_property
    def money(self) -> Floats:
        """Purchases as positive, refunds as negative amounts, 0 for other events.

        Raises
        ------
        DataInvalid
            An amount is missing: what is not known is not 0. Or it is negative: a purchase that takes money off is a
            refund, and a refund is written as what went back.
        """
        amount, bought, back = self.number("amount"), self.is_kind("purchase"), self.is_kind("refund")
        below = (bought | back) & (amount < 0)
        if below.any():
            raise DataInvalid(
                f"{int(below.sum())} purchases or refunds have a negative amount", rule="amount-negative", count=int(below.sum()),
                rows=tuple((float(self.ts[i]), self.names[self.user[i]]) for i in np.flatnonzero(below)[:5]),
                hint="write refunds as events of kind refund with what went back, above 0",
            )  # fmt: skip
        lost = (bought | back) & np.isnan(amount)
        if lost.any():
            raise DataInvalid(
                f"{int(lost.sum())} purchases or refunds have no amount", rule="amount-missing", count=int(lost.sum()),
                rows=tuple((float(self.ts[i]), self.names[self.user[i]]) for i in np.flatnonzero(lost)[:5]), hint="fill the column amount",
            )  # fmt: skip
        return np.where(bought, amount, np.where(back, -amount, 0.0))

    def count(self, mask: Bools) -> Ints:
        """Return how many of these events each user has."""
        return np.bincount(self.user[mask], minlength=self.n_users)

    def total(self, values: Floats, mask: Bools) -> Floats:
        """Return the sum of these events' values by user."""
        return np.asarray(np.bincount(self.user[mask], weights=values[mask], minlength=self.n_users), np.float64)

    def first(self, mask: Bools) -> Floats:
        """Return the time of each user's first such event, infinity without one."""
        out = np.full(self.n_users, math.inf)
        np.minimum.at(out, self.user[mask], self.ts[mask])
        return out
