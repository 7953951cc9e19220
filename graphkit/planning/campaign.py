"""A request made ready: who, which options, which rules, which worlds. Plan and what-if start here."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import one_of, positive_int, refuse
from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.planning.inputs import known_target, numbers, pages, people, read_market, user_column, user_values
from graphkit.planning.options import build_menu, build_options, hazards
from graphkit.planning.rules import filter_market, read_rules
from graphkit.planning.worlds import make_worlds
from graphkit.projection.build import project
from graphkit.projection.snapshot import as_snapshot

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.engine.base import Engine
    from graphkit.influence.channel_cover import Menu
    from graphkit.planning.inputs import Market, People
    from graphkit.planning.options import Options
    from graphkit.planning.worlds import Worlds
    from graphkit.progress import ProgressCallback
    from graphkit.projection.projection import Projection
    from graphkit.projection.snapshot import Snapshot

    Floats = NDArray[np.float64]

__all__ = ["OBJECTIVES", "Campaign", "Request", "prepare"]

OBJECTIVES = ("reach", "purchases", "value")
TIES = ("KNOWS", "FOLLOWS", "SHARED_WITH")
PROMOTED = ("Film", "Course", "Brand")


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
    via: tuple[str, ...] = TIES
    receptivity: float = 1.0
    price: dict[str, float] = field(default_factory=dict)
    aim: float = 0.9
    delta: float = 0.05
    seed: int = 0

    def check(self) -> None:
        """Raise InvalidParameter when a value lies outside its range."""
        budget = self.budget
        if isinstance(budget, bool) or not isinstance(budget, int | float) or not math.isfinite(budget) or budget < 0:
            refuse("budget", budget, "a finite amount of money >= 0")
        one_of("objective", self.objective, OBJECTIVES)
        positive_int("waves", self.waves)
        if self.max_steps is not None and (isinstance(self.max_steps, bool) or not isinstance(self.max_steps, int) or self.max_steps < 0):
            refuse("max_steps", self.max_steps, "a whole number >= 0")
        if isinstance(self.probability, str):
            one_of("probability", self.probability, ("weighted_cascade", "trivalency", "learned", "none"))
        elif isinstance(self.probability, bool) or not 0 <= self.probability <= 1:
            refuse("probability", self.probability, "a number in [0, 1], 'weighted_cascade', 'trivalency', 'learned' or 'none'")
        for name, value in (("delta", self.delta), ("aim", self.aim)):
            if not 0 < value < 1:
                refuse(name, value, "a number between 0 and 1")
        if not (math.isfinite(self.receptivity) and self.receptivity >= 0):
            refuse("receptivity", self.receptivity, "a factor >= 0")

    @property
    def page_level(self) -> bool:
        """True when the propagation graph is made of pages, not users."""
        return self.nodes != ("User",)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data that :meth:`from_dict` reads back."""
        data = asdict(self)
        return {**data, "nodes": list(self.nodes), "via": list(self.via)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Request:
        """Rebuild from :meth:`to_dict`."""
        return cls(**{**data, "nodes": tuple(data["nodes"]), "via": tuple(data["via"])})


@dataclass(frozen=True)
class Campaign:
    """A request bound to data."""

    request: Request
    snapshot: Snapshot
    target: tuple[str, str]
    who: People
    market: Market
    options: Options
    menu: Menu
    value: Floats | None
    receptivity: Floats | None
    hazard: Any
    worlds: Worlds

    def with_factor(self, factor: float) -> Any:
        """Hazards with every chance of exposure multiplied by ``factor``."""
        return hazards(self.market, self.options, self.receptivity, factor * self.request.receptivity)

    def label(self, option: int) -> str:
        """Channel id of an option."""
        return self.market.ids[int(self.options.channel[option])]


def prepare(
    source: object, request: Request, *, engine: str | Engine = "threads", progress: ProgressCallback | None = None, open_menu: bool = False
) -> Campaign:
    """Read the data a request asks for.

    ``open_menu`` (for what-if) leaves out what concerns choosing: the budget is then as large as all costs together.
    """
    request.check()
    snapshot = as_snapshot(source)
    target = known_target(snapshot, request.for_, PROMOTED)
    projection = _projection(snapshot, request)
    who = pages(projection, snapshot.nodes("Channel")) if projection is not None and request.page_level else people(snapshot)
    if not who.n:
        raise DataInvalid("nobody to reach: no user with consent for planning", rule="consent", hint="is User.consent filled?")
    market = read_market(snapshot, who)
    _say(market, who, projection, request, snapshot)
    for channel, price in request.price.items():
        if channel not in market.ids:
            raise InvalidParameter(f"price names channel {channel!r}, which cannot be bought", parameter="price", value=channel)
        market.cost[market.ids.index(channel)] = round(price * 100)
    rules = read_rules(request.rules)
    kept = filter_market(snapshot, market, rules, target)
    options = build_options(snapshot, market, kept, request.waves)
    everything = int(options.cost.sum() + options.material_cost.sum())
    menu = build_menu(market, options, rules, everything if open_menu else round(math.floor(request.budget * 100 + 1e-6)))
    value, receptivity = None, None
    if not request.page_level:
        value = user_values(snapshot, who, request.objective, request.target)
        column = user_column(snapshot, who, "receptivity")
        receptivity = None if np.isnan(column).all() else np.nan_to_num(column, nan=1.0)
    elif request.objective != "reach" or request.target is not None:
        raise InvalidParameter("pages have no propensity and no attributes: use objective 'reach' without target", parameter="objective", value=request.objective)
    worlds = make_worlds(projection, who.n, value=value, max_steps=request.max_steps, seed=request.seed, engine=engine, progress=progress)
    hazard = hazards(market, options, receptivity, request.receptivity)
    return Campaign(request, snapshot, target, who, market, options, menu, value, receptivity, hazard, worlds)


def _projection(snapshot: Snapshot, request: Request) -> Projection | None:
    """The propagation graph; None when nobody passes anything on."""
    if request.probability == "none":
        return project(snapshot, label=request.nodes, types=request.via, probability=0.0) if request.page_level else None
    if request.page_level and "Channel" not in request.nodes:
        raise InvalidParameter("a page-level plan needs Channel among its nodes", parameter="nodes", value=request.nodes)
    return project(snapshot, label=request.nodes, types=request.via, probability=request.probability)


def _say(market: Market, who: People, projection: Projection | None, request: Request, snapshot: Snapshot) -> None:
    """Write down what the numbers rest on."""
    notes = market.assumptions
    if who.n_dropped:
        share = who.n_dropped / (who.n_dropped + who.n)
        notes.append(f"{who.n_dropped} users ({share:.1%}) without consent for planning are left out with their ties: reach is underestimated")
    if projection is None:
        notes.append("no word of mouth is counted (probability none): numbers are exact for the given chances of exposure")
    elif request.probability == "learned":
        notes.append("chances on ties are learned (INFLUENCES.p)")
    else:
        notes.append(f"chances on ties are declared, not measured: {request.probability}")
    notes.append("each channel is used at most once per wave")
    if not request.page_level and np.isnan(numbers(snapshot.nodes("User").column("receptivity"))).all():
        notes.append("receptivity is not measured: 1 for every user")
    kinds = sorted(set(market.source) - {"REACHES", "itself"})
    if kinds:
        count = sum(x in kinds for x in market.source)
        notes.append(f"{count} channels reach by a declared reach_p over {' and '.join(kinds)}")
