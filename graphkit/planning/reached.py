"""Who had been reached before a plan was made, read from events, and which purchases still stood."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import InvalidParameter
from graphkit.matching.records import is_missing
from graphkit.planning.event_log import event_frame
from graphkit.planning.people import people
from graphkit.planning.updates import PASSIVE
from graphkit.projection.snapshot import as_snapshot

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.planning.plan_result import ChannelPlan
    from graphkit.planning.request import Request

__all__ = ["Reached", "happened", "happenings", "reached_users"]

READ = ("ts", "user", "kind")


@dataclass(frozen=True, eq=False)
class Reached:
    """Users with consent who were reached, and how many ids of the events are not among the users with consent.

    Parameters
    ----------
    active : ndarray of bool, shape (n_users,)
        Over the users with consent.
    ids : list of str
        Theirs, sorted.
    n_unknown : int
    """

    active: NDArray[np.bool_]
    ids: list[str]
    n_unknown: int

    @property
    def digest(self) -> str:
        """Tells one set of reached users from another without naming them."""
        return hashlib.sha256("\n".join(self.ids).encode()).hexdigest()[:16]


def happened(
    plan: ChannelPlan, request: Request, events: Any
) -> tuple[NDArray[np.bool_] | None, list[tuple[Any, ...]]]:
    """Return who was reached before a plan (None: nobody), and the purchases that had been planned, from its events.

    Raises
    ------
    InvalidParameter
        The plan was made after a wave and the events are missing, or are not those it was made from.
    """
    if request.done is None:
        return None, []
    if events is None:
        message = f"plan {plan.plan} was made after wave {request.done['waves']}; its users are not in it"
        raise InvalidParameter(message, parameter="events", value=None, hint="give the events it was made from")
    reached = reached_users(plan.source, happenings(events))
    if reached.digest != request.done["events"]:
        message = f"plan {plan.plan} was made after {request.done['reached']} users were reached; these events show {len(reached.ids)}, or others"
        raise InvalidParameter(
            message, parameter="events", value=len(reached.ids), hint="give the events it was made from"
        )
    return reached.active, [tuple(x) for x in request.done.get("kept", ())]


def happenings(events: Any) -> Any:
    """Events as a frame; ids of users as they are."""
    if not isinstance(events, str | Path) and not hasattr(events, "columns"):
        if isinstance(events, Iterable):
            return events
        message = f"events must be a table, a path or ids of users, got {type(events).__name__}"
        raise InvalidParameter(message, parameter="events", value=None, hint="[] when nobody was reached")
    return event_frame(events, READ)


def reached_users(source: Any, events: Any) -> Reached:
    """Return who was reached, of events as `happenings` returns them."""
    who = people(as_snapshot(source))
    names = _names(events)
    ids = sorted(names & who.row_of.keys())
    active = np.zeros(who.n, dtype=bool)
    active[[who.row_of[name] for name in ids]] = True
    return Reached(active, ids, len(names) - len(ids))


def _names(events: Any) -> set[str]:
    """Ids of users with an event that shows they were reached."""
    if not hasattr(events, "columns"):
        return {str(x) for x in events}
    pairs = zip(events["user"].tolist(), events["kind"].tolist(), strict=True)
    return {str(user) for user, kind in pairs if kind not in PASSIVE and not is_missing(user)}
