"""What is asked of a plan: one frozen request, checked, JSON both ways."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from graphkit.check import non_negative, one_of, positive_int, refuse
from graphkit.errors import DataInvalid
from graphkit.model.schema import USER_TIES
from graphkit.model.vocabulary import EVIDENCE
from graphkit.planning.amounts import money
from graphkit.planning.goals import goal_weights
from graphkit.planning.plan_result import checked_plan

__all__ = ["Request"]

_DONE = {"plan", "waves", "spent", "materials", "reached", "events"}


@dataclass(frozen=True)
class Request:
    """Everything a plan depends on besides the data; JSON-ready through `dataclasses.asdict`."""

    for_: str
    budget: float
    probability: float | str = "weighted_cascade"
    objective: str = "reach"
    waves: int = 1
    target: str | None = None
    rules: dict[str, Any] = field(default_factory=dict)
    max_steps: int | None = None
    nodes: tuple[str, ...] = ("User",)
    via: tuple[str, ...] = USER_TIES
    receptivity: float = 1.0
    price: dict[str, float] = field(default_factory=dict)
    aim: float = 0.9
    delta: float = 0.05
    seed: int = 0
    robust: float | None = None
    draws: int = 16
    pareto: tuple[str, ...] = ()
    done: dict[str, Any] | None = None
    min_evidence: str | None = None
    min_cell: int = 0

    def __post_init__(self) -> None:
        """Turn NumPy's numbers into Python's: the request is written as JSON and counted in whole cents."""
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, np.generic):
                object.__setattr__(self, item.name, value.item())

    def check(self) -> None:
        """Raise InvalidParameter when a value lies outside its range."""
        budget = self.budget
        if isinstance(budget, bool) or not isinstance(budget, int | float) or not math.isfinite(budget) or budget < 0:
            refuse("budget", budget, "a finite amount of money >= 0")
        for name, amount in (("budget", budget), *((f"price of {k}", v) for k, v in self.price.items())):
            money(name, amount)
        goal_weights(self.objective)
        positive_int("waves", self.waves)
        positive_int("draws", self.draws, minimum=2)
        if self.robust is not None and (isinstance(self.robust, bool) or not 0 < self.robust < 1):
            refuse("robust", self.robust, "a share between 0 and 1, such as 0.1")
        if self.max_steps is not None and (
            isinstance(self.max_steps, bool) or not isinstance(self.max_steps, int) or self.max_steps < 0
        ):
            refuse("max_steps", self.max_steps, "a whole number >= 0")
        if isinstance(self.probability, str):
            one_of("probability", self.probability, ("weighted_cascade", "trivalency", "learned", "none"))
        elif isinstance(self.probability, bool) or not 0 <= self.probability <= 1:
            refuse(
                "probability",
                self.probability,
                "a number in [0, 1], 'weighted_cascade', 'trivalency', 'learned' or 'none'",
            )
        for name, value in (("delta", self.delta), ("aim", self.aim)):
            if not 0 < value < 1:
                refuse(name, value, "a number between 0 and 1")
        non_negative("receptivity", self.receptivity)
        if self.min_evidence is not None:
            one_of("min_evidence", self.min_evidence, EVIDENCE)
        positive_int("min_cell", self.min_cell, minimum=0)
        if self.min_cell and self.page_level:
            refuse("min_cell", self.min_cell, "left out: it counts users, and the nodes of this plan are pages")
        if self.pareto:
            goal_weights(dict.fromkeys(self.pareto, 1.0))

    @property
    def used(self) -> set[str]:
        """Channels that waves which are over have bought."""
        return {channel for channel, _, _ in (self.done or {}).get("bought", ())}

    @property
    def page_level(self) -> bool:
        """True when the propagation graph is made of pages, not users."""
        return self.nodes != ("User",)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data that :meth:`from_dict` reads back."""
        data = asdict(self)
        for name in ("robust", "done", "min_evidence"):  # left out when unused: a plan's digest then stays what it was
            if data[name] is None:
                del data[name]
        if self.robust is None:
            del data["draws"]
        for name in ("pareto", "min_cell"):
            if not data[name]:
                del data[name]
        return {k: list(v) if isinstance(v, tuple) else v for k, v in data.items()}

    @classmethod
    def of(cls, plan: Any) -> Request:
        """Return what a plan answers; what is no `ChannelPlan` is refused."""
        return cls.from_dict(checked_plan(plan).request)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Request:
        """Rebuild from :meth:`to_dict`.

        Raises
        ------
        DataInvalid
            A field that no request has.
        """
        given = dict(data)
        known = [f.name for f in fields(cls)]
        if unknown := sorted(set(given) - set(known)):
            message = f"the request of a plan holds {unknown[0]!r}, which no request has"
            raise DataInvalid(message, rule="request", rows=tuple(unknown), hint="was it written by a later version?")
        if given.get("done") is not None and (lost := sorted(_DONE - set(given["done"]))):
            message = f"the request of a plan made after a wave lacks {', '.join(lost)} of what had happened (done)"
            raise DataInvalid(message, rule="request", rows=tuple(lost), hint="was the file edited?")
        given.update((k, tuple(data[k])) for k in ("nodes", "via", "pareto") if k in data)
        return cls(**given)
