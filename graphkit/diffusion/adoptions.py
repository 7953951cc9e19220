"""From an event log to the action log that `learn` reads: who took up which item when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from graphkit.errors import DataInvalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["ADOPTING", "adoptions"]

ADOPTING: Final = ("view", "click", "like", "comment", "share", "add_to_cart", "purchase", "redeem", "complete")


def adoptions(events: pd.DataFrame, kinds: Sequence[str] = ()) -> pd.DataFrame:
    """Return who took up which item when and from whom: columns item, node, ts, parent, external.

    ``parent`` is the event's ``parent_user``, ``external`` says that a channel brought the item and no user did.

    Parameters
    ----------
    events : DataFrame
        As read from event files: ts, user, kind, item, item_label, and parent_user, channel where told.
    kinds : sequence of str
        Kinds that count; default every kind by which a user takes something up.

    Raises
    ------
    DataInvalid
        No event of these kinds names an item.
    """
    wanted = events[events["kind"].isin(list(kinds or ADOPTING))]
    if "item" in wanted:
        wanted = wanted[wanted["item"].notna()]
    if "item" not in wanted or not len(wanted):
        message = f"no event of the kinds {', '.join(kinds or ADOPTING)} names an item"
        raise DataInvalid(
            message,
            rule="events",
            hint="events need ts, user, kind and item; graphkit learn --kind chooses other kinds",
        )
    items = wanted["item"].astype(str)
    if "item_label" in wanted:
        items = wanted["item_label"].fillna("").astype(str) + ":" + items
    parent = wanted["parent_user"] if "parent_user" in wanted else wanted["user"].where(wanted["user"].isna())
    brought = wanted["channel"].notna() if "channel" in wanted else parent.notna() & parent.isna()
    return wanted.assign(item=items, node=wanted["user"], parent=parent, external=brought & parent.isna())[
        ["item", "node", "ts", "parent", "external"]
    ]
