"""Event logs as the outcome models read them: checked once, each refusal with the place of the first wrong event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphkit.check import refuse
from graphkit.errors import DataInvalid
from graphkit.outcomes.tables import check_columns, numeric

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DAY", "events_of", "net_amount", "read_log", "user_ids"]

DAY = 86_400
_NAME = "events"


def read_log(events: pd.DataFrame) -> pd.DataFrame:
    """Return a log with numbers for times and texts for users and kinds, its rows numbered from 0.

    Raises
    ------
    InvalidParameter
        It is no DataFrame.
    DataInvalid
        It has no event, a column is missing or there twice, a time, an amount of money or a number of seconds is no finite
        number, a user or a kind no text.
    """
    if not isinstance(events, pd.DataFrame):
        refuse(_NAME, type(events).__name__, "a DataFrame with ts, user and kind")
    check_columns(events, ["ts", "user", "kind"], _NAME)
    if not len(events):
        raise DataInvalid(
            "the log has no event", source=_NAME, rule="events", hint="give events with ts, user and kind"
        )
    for column in ("user", "kind"):
        _refuse_no_text(events[column], column)
    log = events.reset_index(drop=True)
    log = log.assign(ts=numeric(log, "ts", _NAME))
    for column, used in (("amount", _is_money(log)), ("seconds", True)):
        if column in log:
            check_columns(log, [column], _NAME)
            known = log[column].notna() & used
            plain = isinstance(log[column].dtype, np.dtype) and log[column].dtype.kind in "iuf"
            cells = log[column] if plain else log[column].astype(object)  # a million objects take 0.6 s
            values = numeric(log.assign(**{column: cells.where(known, 0.0)}), column, _NAME, low=0.0)
            log[column] = np.where(known, values, np.nan)
    return log


def events_of(events: pd.DataFrame, users: Sequence[str]) -> pd.DataFrame:
    """Return the events of some users, checked (`read_log`).

    Raises
    ------
    DataInvalid
        None of them did anything.
    """
    log = read_log(events)
    mine = log[log["user"].isin(user_ids(users))]
    if not len(mine):
        raise DataInvalid("no event belongs to a user with consent", source=_NAME, rule="events")
    return mine


def user_ids(users: Sequence[str]) -> list[str]:
    """Return ids as a list; a text is no list of them, and a number is no id."""
    listed = [] if isinstance(users, str) or not np.iterable(users) else list(users)
    if not listed or not all(isinstance(user, str) for user in listed):
        refuse(
            "users", users, "a list of ids, each a text", hint="[str(user) for user in users] makes texts of numbers"
        )
    return listed


def net_amount(log: pd.DataFrame) -> pd.Series[Any]:
    """Return purchases minus refunds of a checked log; a purchase without an amount is an error, never 0.

    Raises
    ------
    DataInvalid
        Rule ``amount-missing``.
    """
    money = _is_money(log)
    if "amount" not in log:
        return pd.Series(0.0, index=log.index)
    lost = money & log["amount"].isna()
    if bool(lost.any()):
        raise DataInvalid(
            f"{int(lost.sum())} of {int(money.sum())} purchases and refunds have no amount",
            rule="amount-missing",
            count=int(lost.sum()),
            rows=tuple((int(t), u) for t, u in log.loc[lost, ["ts", "user"]].head(5).itertuples(index=False)),
            hint="fill the column amount",
        )
    sign = np.where(log["kind"] == "refund", -1.0, 1.0)
    return (log["amount"] * sign).where(money, 0.0)


def _is_money(log: pd.DataFrame) -> pd.Series[bool]:
    return log["kind"].isin(["purchase", "refund"])


def _refuse_no_text(cells: pd.Series[Any], column: str) -> None:
    """Refuse the first id or kind that is no text: 5 and '5' would be two people, and nobody's event is lost without a word."""
    if pd.api.types.infer_dtype(cells.array, skipna=False) == "string" and not (cells == "").any():
        return
    wrong = np.array([not isinstance(cell, str) or not cell for cell in cells.tolist()])
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        value = cells.tolist()[first]
        raise DataInvalid(
            f"{_NAME} line {first + 2}: {column} is {value!r}, not a text ({int(wrong.sum())} such rows)",
            source=_NAME, rule="not-a-text", count=int(wrong.sum()), rows=((first + 2, str(value)),),
            hint=f"drop events without {column}, and make texts of numbers: .astype(str)",
        )  # fmt: skip
