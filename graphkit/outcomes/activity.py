"""Event logs turned into the tables of the outcome models, with the clock in mind.

Features come from before a cut-off, labels from after it; covariates of staying from the first days of each person, the time that is
modelled from after them. What would look into its own future is never built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from graphkit.check import finite, positive_int, refuse
from graphkit.errors import DataInvalid
from graphkit.outcomes.log import DAY, events_of, net_amount, read_log, user_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["features_before", "label_after", "staying_table"]

LEFT, LATE = "left before the clock started", "came too late to be followed"  # why somebody cannot be followed


def features_before(events: pd.DataFrame, cutoff: float, users: Sequence[str]) -> pd.DataFrame:
    """Return what was known of each user at ``cutoff`` (epoch seconds): one row per user, in the order given.

    Columns: user; n_KIND for each kind seen before; active_days; days_since_last and days_since_first (missing without an event);
    amount (purchases minus refunds); seconds; n_items, the distinct ones (distinct_items where ``items`` is a kind of the log).

    Raises
    ------
    InvalidParameter
        A cut-off that is no number, users that are no list of texts.
    DataInvalid
        Events that cannot be read (`graphkit.outcomes.log.read_log`), or money without an amount.
    """
    finite("cutoff", cutoff)
    table = pd.DataFrame({"user": pd.Series(user_ids(users), dtype=object)}).set_index("user")
    log = read_log(events)
    past = log[(log["ts"] < cutoff) & log["user"].isin(table.index)]
    group = past.groupby("user")
    for kind in sorted(past["kind"].unique()):
        table[f"n_{kind}"] = past[past["kind"] == kind].groupby("user").size()
    table["active_days"] = (past["ts"] // DAY).groupby(past["user"]).nunique()
    days = [c for c in table.columns if c.startswith("n_") or c == "active_days"]
    table[days] = table[days].astype(float).fillna(0.0)
    table["days_since_last"] = (cutoff - group["ts"].max()) / DAY
    table["days_since_first"] = (cutoff - group["ts"].min()) / DAY
    table["amount"] = net_amount(past).groupby(past["user"]).sum()
    if "seconds" in past:
        table["seconds"] = past["seconds"].groupby(past["user"]).sum()
    distinct = (
        "distinct_items" if (log["kind"] == "items").any() else "n_items"
    )  # of the whole log: the same at each cut-off
    if "item" in past:
        table[distinct] = past["item"].groupby(past["user"]).nunique()
    sums = [c for c in ("amount", "seconds", distinct) if c in table]
    table[sums] = table[sums].astype(float).fillna(0.0)
    return table.reset_index()


def label_after(
    events: pd.DataFrame,
    users: Sequence[str],
    kind: str,
    begin: float,
    end: float,
    *,
    item: tuple[str, str] | None = None,
    log_end: float | None = None,
) -> NDArray[np.int64]:
    """Return 1 for each user with an event of ``kind`` (about ``item`` = (label, id)) in [begin, end), else 0.

    The log counts as complete up to its newest event, or up to ``log_end`` where it is known that nothing happened after that
    event: who did not buy by then is a no only if the window has ended too.

    Raises
    ------
    InvalidParameter
        A window that is empty or no pair of numbers, a kind or an item that is no text, users that are no list of texts.
    DataInvalid
        The log ends before the window does (rule ``label-window``): who did not buy yet is unknown, not a no. Or events that
        cannot be read (`graphkit.outcomes.log.read_log`).
    """
    if not finite("begin", begin) < finite("end", end):
        refuse("end", end, f"after begin, {begin:g}", hint="give the window as begin, end in epoch seconds")
    if not isinstance(kind, str):
        refuse("kind", kind, "a kind of event, such as 'purchase'")
    wanted, log = user_ids(users), read_log(events)
    _refuse_open_window(float(log["ts"].max()) if log_end is None else finite("log_end", log_end) - 1, begin, end)
    inside = log[(log["ts"] >= begin) & (log["ts"] < end) & (log["kind"] == kind)]
    if item is not None:
        inside = inside[_is_about(inside, item)]
    yes = set(inside["user"])
    return np.array([int(u in yes) for u in wanted], np.int64)


def _refuse_open_window(newest: float, begin: float, end: float) -> None:
    """Refuse a window that the log does not reach the end of; times are whole seconds."""
    if newest < begin:
        raise DataInvalid(
            f"the log ends at {newest:.0f}, before the label's window opens at {begin:.0f}",
            rule="label-window",
            hint="choose an earlier cut-off",
        )
    if newest + 1 < end:
        raise DataInvalid(
            f"the log ends at {newest:.0f}, before the label's window closes at {end:.0f}",
            rule="label-window",
            hint="choose an earlier cut-off or a shorter window, or say by log_end (--log-end) until when the log was kept; who did nothing yet is no no",
        )


def _is_about(events: pd.DataFrame, item: tuple[str, str]) -> pd.Series[bool]:
    """Return which events are about one item."""
    if not isinstance(item, tuple) or len(item) != 2 or not all(isinstance(part, str) for part in item):
        refuse("item", item, "a label and an id, such as ('Course', 'k01')")
    for column in ("item_label", "item"):
        if column not in events:
            raise DataInvalid(
                f"the events have no column {column!r} to tell {item[0]}:{item[1]} apart", rule="missing-column"
            )
    return (events["item_label"] == item[0]) & (events["item"] == item[1])


def staying_table(
    events: pd.DataFrame, users: Sequence[str], *, first_days: int, inactive_days: int
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return days stayed and left (0/1) of each user with covariates of the first days, and who was left out.

    A user leaves at the last event that nothing follows for ``inactive_days``. The clock starts ``first_days`` after the first
    event, where the covariates end; who left before is not at risk. Who was seen within ``inactive_days`` of the end of the log is censored at that event.

    Raises
    ------
    DataInvalid
        Nobody is left to follow.
    """
    positive_int("first_days", first_days)
    positive_int("inactive_days", inactive_days)
    mine = events_of(events, users)
    end = float(mine["ts"].max())
    rows, parts, out = [], [], {LEFT: 0, LATE: 0}
    for user, part in mine.groupby("user", sort=True):
        ts = np.sort(part["ts"].to_numpy(np.float64))
        begin = ts[0] + first_days * DAY
        gaps = np.append(np.diff(ts), end - ts[-1])
        stop = int(np.argmax(gaps >= inactive_days * DAY)) if (gaps >= inactive_days * DAY).any() else ts.size - 1
        if begin > end:
            out[LATE] += 1
        elif ts[stop] <= begin:
            out[LEFT if gaps[stop] >= inactive_days * DAY else LATE] += 1
        else:
            rows.append((user, (ts[stop] - begin) / DAY, int(gaps[stop] >= inactive_days * DAY)))
            parts.append(part[part["ts"] < begin])
    if not rows:
        raise DataInvalid(
            f"nobody can be followed beyond the first {first_days} days: {out[LEFT]} left before the clock started, {out[LATE]} came too late to be followed",
            rule="events",
            hint="use fewer --first-days or --inactive-days",
        )
    table = pd.DataFrame(rows, columns=["user", "days", "left"])
    early = pd.concat(parts)
    for kind in sorted(early["kind"].unique()):
        counts = early[early["kind"] == kind].groupby("user").size()
        table[f"first_{kind}"] = table["user"].map(counts).astype(float).fillna(0.0)
    table["first_active_days"] = table["user"].map((early["ts"] // DAY).groupby(early["user"]).nunique()).astype(float)
    return table[
        ["user", "days", "left", *_independent(table, [c for c in table.columns if c.startswith("first_")])]
    ], out


def _independent(table: pd.DataFrame, columns: list[str]) -> list[str]:
    """Columns that neither are constant nor follow from those before them."""
    kept: list[str] = []
    basis = np.ones((len(table), 1))
    for column in columns:
        wider = np.column_stack([basis, table[column].to_numpy(np.float64)])
        if np.linalg.matrix_rank(wider) == wider.shape[1]:
            kept, basis = [*kept, column], wider
    return kept
