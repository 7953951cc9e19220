"""Event logs as the outcome models read them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from graphkit.errors import DataInvalid

__all__ = ["DAY", "net_amount"]

DAY = 86_400


def net_amount(events: pd.DataFrame) -> pd.Series[Any]:
    """Return purchases minus refunds; a purchase without an amount is an error, never 0.

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
