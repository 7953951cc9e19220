"""Event logs turned into the tables of the outcome models, with the clock in mind.

Features come from before a cut-off, labels from after it; covariates of staying from the first days of each person, the time that is
modelled from after them. What would look into its own future is never built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from graphkit.check import positive_int
from graphkit.errors import DataInvalid
from graphkit.outcomes.log import DAY, net_amount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["features_before", "label_after", "staying_table"]


def features_before(events: pd.DataFrame, cutoff: float, users: Sequence[str]) -> pd.DataFrame:
    """Return what was known of each user at ``cutoff`` (epoch seconds): one row per user, in the order given.

    Columns: user; n_KIND for each kind seen before; active_days; days_since_last and days_since_first (missing without an event);
    amount (purchases minus refunds); seconds; n_items.
    """
    table = pd.DataFrame({"user": pd.Series(list(users), dtype=object)}).set_index("user")
    past = events[(events["ts"] < cutoff) & events["user"].isin(table.index)]
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
    if "item" in past:
        table["n_items"] = past["item"].groupby(past["user"]).nunique()
    sums = [c for c in ("amount", "seconds", "n_items") if c in table]
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
) -> NDArray[np.int64]:
    """Return 1 for each user with an event of ``kind`` (about ``item`` = (label, id)) in [begin, end), else 0.

    Raises
    ------
    DataInvalid
        The log ends before the window does: who did not buy yet is unknown, not a no.
    """
    newest = float(events["ts"].max())
    if newest < begin:
        raise DataInvalid(
            f"the log ends at {newest:.0f}, before the label's window opens at {begin:.0f}",
            rule="label-window",
            hint="choose an earlier cut-off",
        )
    inside = events[(events["ts"] >= begin) & (events["ts"] < end) & (events["kind"] == kind)]
    if item is not None:
        for column, wanted in zip(("item_label", "item"), item, strict=True):
            if column not in inside:
                raise DataInvalid(
                    f"the events have no column {column!r} to tell {item[0]}:{item[1]} apart", rule="missing-column"
                )
            inside = inside[inside[column] == wanted]
    yes = set(inside["user"])
    return np.array([int(u in yes) for u in users], np.int64)


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
    mine = events[events["user"].isin(set(users))]
    if not len(mine):
        raise DataInvalid("no event belongs to a user with consent", rule="events")
    end = float(mine["ts"].max())
    rows, parts, out = [], [], {"left before the clock started": 0, "came too late to be followed": 0}
    for user, part in mine.groupby("user", sort=True):
        ts = np.sort(part["ts"].to_numpy(np.float64))
        begin = ts[0] + first_days * DAY
        gaps = np.append(np.diff(ts), end - ts[-1])
        stop = int(np.argmax(gaps >= inactive_days * DAY)) if (gaps >= inactive_days * DAY).any() else ts.size - 1
        if begin > end:
            out["came too late to be followed"] += 1
        elif ts[stop] <= begin:
            key = (
                "left before the clock started" if gaps[stop] >= inactive_days * DAY else "came too late to be followed"
            )
            out[key] += 1
        else:
            rows.append((user, (ts[stop] - begin) / DAY, int(gaps[stop] >= inactive_days * DAY)))
            parts.append(part[part["ts"] < begin])
    if not rows:
        raise DataInvalid(
            f"nobody can be followed beyond the first {first_days} days: {out}",
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
