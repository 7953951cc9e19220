"""Event logs turned into the tables of the outcome models, with the clock in mind.

Features come from before a cut-off, labels from after it; covariates of staying from the first days of each person, the time that is
modelled from after them. What would look into its own future is never built.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphkit.check import positive_int
from graphkit.errors import DataInvalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["DAY", "StateCounts", "UserMoves", "features_before", "label_after", "state_counts", "staying_table"]

DAY = 86_400


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
    table["amount"] = _net(past).groupby(past["user"]).sum()
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


@dataclass(frozen=True)
class UserMoves:
    """What each user did, period by period: transitions (users, n, n), periods in each state and net amount there (users, n)."""

    transitions: NDArray[np.int32]
    periods: NDArray[np.int32]
    amount: NDArray[np.float64]

    def of_states(self, keep: Sequence[int]) -> UserMoves:
        """Return the same of some of the states."""
        return UserMoves(self.transitions[:, keep][:, :, keep], self.periods[:, keep], self.amount[:, keep])


@dataclass(frozen=True)
class StateCounts:
    """Transitions between states of customers, period by period.

    ``counts`` (n, n), mean ``reward`` of a period in each state and its standard error, the state each user is in ``now``, and the
    ``moves`` of each user: periods of one user are alike, which the counts do not show.
    """

    states: tuple[str, ...]
    counts: NDArray[np.int64]
    reward: NDArray[np.float64]
    reward_error: NDArray[np.float64]
    now: dict[str, str]
    n_periods: int
    n_returned: int
    moves: UserMoves


def state_counts(
    events: pd.DataFrame, users: Sequence[str], *, period_days: int = 30, idle_periods: int = 3
) -> StateCounts:
    """Count how customers move between buying, being active, idling and being gone.

    In each whole period of ``period_days`` (counted back from the newest event) a user is ``buyer`` (net amount above 0), ``active`` (any other
    event), ``idle_k`` (k-th period without one) or, after ``idle_periods`` of them, ``churned`` for good; one who comes back starts anew and is counted in ``n_returned``.

    Raises
    ------
    DataInvalid
        No amounts, or fewer than two whole periods.
    """
    positive_int("period_days", period_days)
    positive_int("idle_periods", idle_periods)
    mine = events[events["user"].isin(set(users))]
    if "amount" not in mine or not bool((mine["kind"] == "purchase").any()):
        raise DataInvalid(
            "the log has no purchase with an amount; a lifetime value needs one",
            rule="events",
            hint="events of kind purchase with amount",
        )
    newest, oldest = float(mine["ts"].max()), float(mine["ts"].min())
    length = period_days * DAY
    n_periods = int((newest + 1 - oldest) // length)
    if n_periods < 2:
        raise DataInvalid(
            f"the log spans {n_periods} whole periods of {period_days} days; transitions need two",
            rule="events",
            hint="use a shorter period",
        )
    index = n_periods - 1 - ((newest - mine["ts"].to_numpy(np.float64)) // length).astype(np.int64)
    inside = index >= 0
    people, row = np.unique(mine["user"].to_numpy(object)[inside].astype(str), return_inverse=True)
    amount = np.zeros((people.size, n_periods))
    seen = np.zeros((people.size, n_periods), bool)
    np.add.at(amount, (row, index[inside]), _net(mine).to_numpy(np.float64)[inside])
    seen[row, index[inside]] = True
    states = ("buyer", "active", *(f"idle_{k}" for k in range(1, idle_periods)), "churned")
    return _count(states, people, amount, seen, idle_periods)


def _count(
    states: tuple[str, ...],
    people: NDArray[Any],
    amount: NDArray[np.float64],
    seen: NDArray[np.bool_],
    idle_periods: int,
) -> StateCounts:
    """Walk through the periods, all users at once."""
    n, gone = len(states), len(states) - 1
    moves = UserMoves(
        np.zeros((people.size, n, n), np.int32), np.zeros((people.size, n), np.int32), np.zeros((people.size, n))
    )
    paid: list[list[NDArray[np.float64]]] = [[] for _ in states]
    state = np.full(people.size, -1)  # not yet a customer
    idle = np.zeros(people.size, np.int64)
    returned = 0
    for period in range(seen.shape[1]):
        here = seen[:, period]
        idle = np.where(here, 0, idle + 1)
        new = np.where(here, np.where(amount[:, period] > 0, 0, 1), np.where(idle >= idle_periods, gone, idle + 1))
        known = state >= 0
        back = known & (state == gone) & here
        returned += int(back.sum())
        moved = known & (state != gone)
        moves.transitions[moved, state[moved], new[moved]] += 1
        state = np.where(here | moved, new, state)
        present = here | moved
        moves.periods[present, state[present]] += 1
        moves.amount[present, state[present]] += amount[present, period]
        for s in range(n):
            paid[s].append(amount[present & (state == s), period])
    rewards = [np.concatenate(parts) for parts in paid]
    reward = np.array([r.mean() if r.size else 0.0 for r in rewards])
    error = np.array([r.std(ddof=1) / np.sqrt(r.size) if r.size > 1 else 0.0 for r in rewards])
    now = {str(u): states[s] for u, s in zip(people.tolist(), state.tolist(), strict=True)}
    return StateCounts(
        states, moves.transitions.sum(axis=0, dtype=np.int64), reward, error, now, seen.shape[1], returned, moves
    )


def _net(events: pd.DataFrame) -> pd.Series[Any]:
    """Purchases minus refunds; a purchase without an amount is an error, never 0.

    Raises
    ------
    DataInvalid
        Rule ``amount-missing``.
    """
    money = events["kind"].isin(["purchase", "refund"])
    if "amount" not in events:
        return pd.Series(0.0, index=events.index)
    lost = money & events["amount"].isna()
    if bool(lost.any()):
        raise DataInvalid(
            f"{int(lost.sum())} of {int(money.sum())} purchases and refunds have no amount",
            rule="amount-missing",
            count=int(lost.sum()),
            rows=tuple((int(t), u) for t, u in events.loc[lost, ["ts", "user"]].head(5).itertuples(index=False)),
            hint="fill the column amount",
        )
    sign = np.where(events["kind"] == "refund", -1.0, 1.0)
    return (events["amount"].astype(float) * sign).where(money, 0.0)
