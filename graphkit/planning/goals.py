"""What a plan is for: reach, purchases, value, loyalty, or a weighted sum of them.

Every goal is a sum over active users of a weight >= 0, so a weighted sum of goals is one more goal of the same form
and keeps its certificate: reach 1, purchases propensity, value propensity x lifetime value, loyalty lifetime value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from graphkit.errors import DataInvalid, InvalidParameter, did_you_mean
from graphkit.model.target import parse_target
from graphkit.planning.people import user_column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.planning.people import People
    from graphkit.projection.snapshot import Snapshot

    Floats = NDArray[np.float64]

__all__ = ["GOALS", "goal_text", "goal_values", "goal_weights"]

GOALS: dict[str, tuple[str, ...]] = {
    "reach": (),
    "purchases": ("propensity",),
    "value": ("propensity", "lifetime_value"),
    "loyalty": ("lifetime_value",),
}


def goal_weights(objective: str | Mapping[str, float]) -> dict[str, float]:
    """Return goal -> weight from a name, ``"reach=1,value=0.02"`` or a mapping.

    Raises
    ------
    InvalidParameter
        An unknown goal, a weight that is no finite number >= 0, or only zeros.
    """
    given = dict(objective) if isinstance(objective, Mapping) else _parsed(objective)
    for name, weight in given.items():
        if name not in GOALS:
            message = f"objective must be one of {', '.join(GOALS)} or a weighted sum of them, got {name!r}"
            raise InvalidParameter(
                message,
                parameter="objective",
                value=name,
                allowed=tuple(GOALS),
                hint=did_you_mean(name, GOALS),
            )
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not math.isfinite(weight) or weight < 0:
            raise InvalidParameter(
                f"the weight of {name} must be a finite number >= 0, got {weight!r}",
                parameter="objective",
                value=weight,
            )
    kept = {name: float(given[name]) for name in GOALS if given.get(name, 0) > 0}
    if not kept:
        raise InvalidParameter(
            "the objective weighs nothing", parameter="objective", value=objective, allowed=tuple(GOALS)
        )
    return kept


def _parsed(text: object) -> dict[str, float]:
    """Read ``reach`` or ``reach=1,value=0.02``."""
    if not isinstance(text, str):
        raise InvalidParameter(
            f"objective must be a name or a table of weights, got {text!r}",
            parameter="objective",
            value=text,
            allowed=tuple(GOALS),
        )
    found = {}
    for part in text.split(","):
        name, mark, weight = part.strip().partition("=")
        try:
            found[name.strip()] = float(weight) if mark else 1.0
        except ValueError as error:
            raise InvalidParameter(
                f"the weight of {name} must be a number, got {weight!r}", parameter="objective", value=text
            ) from error
    return found


def goal_text(weights: Mapping[str, float]) -> str:
    """Return the one spelling of an objective: ``reach``, or ``reach=1,value=0.02``."""
    if len(weights) == 1 and set(weights.values()) == {1.0}:
        return next(iter(weights))
    return ",".join(f"{name}={repr(weights[name]).removesuffix('.0')}" for name in GOALS if name in weights)


def goal_values(snapshot: Snapshot, who: People, weights: Mapping[str, float], target: str | None) -> Floats | None:
    """Value of each user under a weighted sum of goals; None when every user counts 1.

    Raises
    ------
    DataInvalid
        Propensity or lifetime value missing for some users: a silent default would change the plan.
    """
    if target is None and dict(weights) == {"reach": 1.0}:
        return None
    value = np.zeros(who.n)
    for name, weight in weights.items():
        part = np.full(who.n, weight)
        for column in GOALS[name]:
            part = part * _column(snapshot, who, column, name)
        value += part
    if target is not None:
        mask = np.asarray(parse_target(target).to_mask(snapshot.nodes("User")), dtype=bool)
        inside = who.of_table >= 0
        wanted = np.zeros(who.n, dtype=bool)
        wanted[who.of_table[inside]] = mask[inside]
        value = value * wanted
    if value.sum() <= 0:
        raise DataInvalid("no user with consent has a positive value under this objective and target", rule="no value")
    return value


def _column(snapshot: Snapshot, who: People, name: str, goal: str) -> Floats:
    """A user property without gaps."""
    column = user_column(snapshot, who, name)
    missing = int(np.isnan(column).sum())
    if missing:
        raise DataInvalid(
            f"objective {goal!r} needs User.{name}, which is missing for {missing} of {who.n} users",
            rule=f"{name} missing", count=missing, hint=f"fill User.{name}, or plan with objective 'reach'",
        )  # fmt: skip
    if (column < 0).any():
        raise DataInvalid(f"User.{name} is negative for {int((column < 0).sum())} users", rule=f"{name} negative")
    return column
