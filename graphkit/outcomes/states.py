"""States of customers, period by period, counted from an event log: what a lifetime value is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import positive_int
from graphkit.errors import DataInvalid
from graphkit.outcomes.log import DAY, events_of, net_amount

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["StateCounts", "UserMoves", "state_counts"]


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
    mine = events_of(events, users)
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
    np.add.at(amount, (row, index[inside]), net_amount(mine).to_numpy(np.float64)[inside])
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
