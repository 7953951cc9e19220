"""A request made ready: who, which options, which rules, which worlds. Plan and what-if start here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import DataInvalid, Infeasible, InvalidParameter
from graphkit.planning.assumptions import BOUGHT, note_assumptions, note_evidence
from graphkit.planning.boosts import read_boosts
from graphkit.planning.chances import moved, tie_bounds, with_learned_channels
from graphkit.planning.goals import goal_values, goal_weights
from graphkit.planning.inputs import checked
from graphkit.planning.learned import learned_snapshot
from graphkit.planning.market import read_market
from graphkit.planning.options import hazards
from graphkit.planning.people import pages, people, user_column
from graphkit.planning.placements import add_placements
from graphkit.planning.purchases import check_waves, left_out, possible_purchases
from graphkit.planning.rules import Rules, read_rules
from graphkit.planning.subject import known_target
from graphkit.planning.worlds import make_worlds
from graphkit.projection.build import project
from graphkit.projection.evidence import with_evidence
from graphkit.projection.snapshot import as_snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from graphkit.engine.base import Engine
    from graphkit.influence.channel_boosts import Boosts
    from graphkit.influence.channel_menu import Menu
    from graphkit.planning.market import Market
    from graphkit.planning.options import Options
    from graphkit.planning.people import People
    from graphkit.planning.request import Request
    from graphkit.planning.worlds import Worlds
    from graphkit.progress import ProgressCallback
    from graphkit.projection.projection import Projection
    from graphkit.projection.snapshot import Snapshot

    Floats = NDArray[np.float64]

__all__ = ["Campaign", "prepare"]

PROMOTED = ("Film", "Course", "Brand")


@dataclass(frozen=True)
class Campaign:
    """A request bound to data. ``base`` is the graph before waves that are over moved the chances on its ties."""

    request: Request
    snapshot: Snapshot
    target: tuple[str, str]
    who: People
    market: Market
    rules: Rules
    options: Options
    menu: Menu
    value: Floats | None
    receptivity: Floats | None
    active: NDArray[np.bool_] | None
    hazard: Any
    worlds: Worlds
    boosts: Boosts | None
    projection: Projection | None
    base: Projection | None

    def with_factor(self, factor: float | Floats, rows: Sequence[int] | None = None) -> Any:
        """Hazards of all options, or of some, with every chance of exposure multiplied by ``factor`` (one number, or one per channel)."""
        found = hazards(self.market, self.options, self.receptivity, factor * self.request.receptivity, rows)
        return found if self.active is None else _only(found, ~self.active)

    def with_value(self, value: Floats | None) -> Campaign:
        """The same options, rules and graph with other values of the users."""
        if self.active is not None:
            value = _without(value, self.active)
        return replace(self, value=value, worlds=self._worlds(self.projection, value))

    def with_chances(self, hazard: Any, projection: Projection | None) -> Campaign:
        """The same options, rules and values with other chances."""
        return replace(self, hazard=hazard, projection=projection, worlds=self._worlds(projection, self.value))

    def goal(self, weights: Mapping[str, float]) -> Floats | None:
        """Value of each user under a weighted sum of goals, within the target."""
        return goal_values(self.snapshot, self.who, weights, self.request.target)

    def _worlds(self, projection: Projection | None, value: Floats | None) -> Worlds:
        old = self.worlds
        return make_worlds(
            projection,
            self.who.n,
            value=value,
            max_steps=self.request.max_steps,
            seed=old.seed,
            engine=old.engine,
            progress=old.progress,
        )

    def label(self, option: int) -> str:
        """Channel id of an option."""
        return self.market.ids[int(self.options.channel[option])]


def prepare(
    source: object,
    request: Request,
    *,
    engine: str | Engine = "threads",
    progress: ProgressCallback | None = None,
    open_menu: bool = False,
    active: NDArray[np.bool_] | None = None,
    bought: Mapping[tuple[str, int, str | None], int] | None = None,
) -> Campaign:
    """Read the data a request asks for.

    ``open_menu`` (for what-if) leaves out what concerns choosing: no rule but what a channel itself allows, and a
    budget as large as all costs together; ``bought`` are uses that must be in view. ``active`` marks people (rows of users with consent) who are reached
    already: they count no more and pass nothing on any more.

    Raises
    ------
    Infeasible
        No plan keeps the rules (``conflict`` lists a smallest set of rules that contradict each other), or everybody who
        counts was reached.
    """
    request.check()
    whole = _snapshot(source, request)
    snapshot = with_evidence(whole, request.min_evidence, labels=BOUGHT)
    target = known_target(snapshot, request.for_, PROMOTED)
    projection = _projection(snapshot, request)
    who = _reached(snapshot, projection, request)
    rules = read_rules(request.rules)
    check_waves(request, rules)
    market = _market(snapshot, who, target, projection, request)
    note_evidence(market, whole, request)
    _reprice(market, request, rules)
    options, menu = possible_purchases(
        snapshot, market, request, rules, target, ({} if bought is None else bought) if open_menu else None
    )
    value, receptivity = _worth(snapshot, who, request)
    hazard = hazards(market, options, receptivity, request.receptivity)
    if active is not None:
        rules = replace(rules, floors=_floors_left(snapshot, market, who, request, rules.floors, active))
        value, hazard = _value_left(value, active), _only(hazard, ~active)
        projection = None if projection is None else _silenced(projection, active)
    base = projection
    projection = None if projection is None else _with_learned_ties(projection, snapshot, request)
    worlds = make_worlds(
        projection, who.n, value=value, max_steps=request.max_steps, seed=request.seed, engine=engine, progress=progress
    )
    boosts = read_boosts(snapshot, market, menu) if rules.boosts else None
    if not rules.boosts:
        market.assumptions.append("BOOSTS bonuses are not counted: the rules say so")
    return Campaign(
        request,
        snapshot,
        target,
        who,
        market,
        rules,
        options,
        menu,
        value,
        receptivity,
        active,
        hazard,
        worlds,
        boosts,
        projection,
        base,
    )


def _snapshot(source: object, request: Request) -> Snapshot:
    """The columns of the source, with the chances learned for what is promoted where the request wants them."""
    if request.probability == "learned":
        return learned_snapshot(source, seed=request.seed, about=request.for_)
    return as_snapshot(source)


def _reached(snapshot: Snapshot, projection: Projection | None, request: Request) -> People:
    """Whom the campaign is for: users with consent, or the nodes of a page-level graph."""
    paged = projection if request.page_level else None
    who = people(snapshot) if paged is None else pages(paged, snapshot.nodes("Channel"))
    if not who.n:
        raise DataInvalid(
            "nobody to reach: no user with consent for planning", rule="consent", hint="is User.consent filled?"
        )
    return who


def _market(snapshot: Snapshot, who: People, target: Any, projection: Projection | None, request: Request) -> Market:
    """Channels and placements, with what earlier waves taught about them, and the assumptions that go with it."""
    market = read_market(snapshot, who)
    add_placements(snapshot, market, who, target)
    done = request.done or {}
    market.assumptions.extend(done.get("notes", ()))
    if done.get("learned") is not None:
        with_learned_channels(market, done["learned"], done["waves"])
    note_assumptions(market, who, projection, request, snapshot)
    return market


def _with_learned_ties(projection: Projection, snapshot: Snapshot, request: Request) -> Projection:
    """The graph with its chances where earlier waves taught them to be."""
    ties = ((request.done or {}).get("learned") or {}).get("ties")
    if ties is None:
        return projection
    given = np.asarray(projection.probability, np.float64)
    return projection.with_probability(moved(given, tie_bounds(snapshot, request), ties["z"]))


def _worth(snapshot: Snapshot, who: People, request: Request) -> tuple[Floats | None, Floats | None]:
    """Value and receptivity of each user; None where all count alike."""
    if request.page_level:
        if request.objective != "reach" or request.target is not None:
            message = "pages have no propensity and no attributes: use objective 'reach' without target"
            raise InvalidParameter(message, parameter="objective", value=request.objective)
        return None, None
    value = goal_values(snapshot, who, goal_weights(request.objective), request.target)
    column = checked(user_column(snapshot, who, "receptivity"), "User.receptivity")
    return value, None if np.isnan(column).all() else np.nan_to_num(column, nan=1.0)


def _floors_left(
    snapshot: Snapshot,
    market: Market,
    who: People,
    request: Request,
    floors: Mapping[str, float],
    active: NDArray[np.bool_],
) -> dict[str, float]:
    """What is left of each floor: the people reached already count towards it, which the assumptions say."""
    left: dict[str, float] = {}
    for goal, floor in floors.items():
        value = goal_values(snapshot, who, {goal: 1.0}, request.target)
        had = float(active.sum() if value is None else value[active].sum())
        market.assumptions.append(f"{had:,.1f} of the floor of {floor:,.1f} {goal} were reached in the waves before")
        left |= {goal: floor - had} if floor > had else {}
    return left


def _value_left(value: Floats | None, active: NDArray[np.bool_]) -> Floats:
    """What the people not reached yet count; a request for nobody is refused."""
    left = _without(value, active)
    if not left.any():
        message = "everybody who counts for the objective was reached: nobody is left for the waves to come"
        raise Infeasible(message, rule="audience", hint="plan another campaign, or a larger audience")
    return left


def _without(value: Floats | None, active: NDArray[np.bool_]) -> Floats:
    return np.where(active, 0.0, 1.0 if value is None else value)


def _reprice(market: Market, request: Request, rules: Rules) -> None:
    """Prices of a what-if, and capacities of the rules."""
    for channel, price in request.price.items():
        if channel not in market.ids:
            message, why = f"price names channel {channel!r}, which cannot be bought", left_out(market, channel)
            raise InvalidParameter(message, parameter="price", value=channel, hint=why)
        market.cost[market.ids.index(channel)] = round(price * 100)
    for channel, uses in rules.capacity.items():
        if channel in market.ids:
            market.capacity[market.ids.index(channel)] = uses


def _only(hazard: Any, kept: NDArray[np.bool_]) -> Any:
    """Hazards of the kept people; the others can no longer be exposed."""
    found = hazard.copy()
    found.data = np.where(kept[found.indices], found.data, 0.0)
    found.eliminate_zeros()
    return found


def _silenced(projection: Projection, active: NDArray[np.bool_]) -> Projection:
    """The graph after a wave: who was active has tried every arc, so no arc from or to him carries anything."""
    p = np.array(projection.probability, dtype=np.float64)
    p[active[projection.sources] | active[projection.indices]] = 0.0
    return projection.with_probability(p)


def _projection(snapshot: Snapshot, request: Request) -> Projection | None:
    """The propagation graph; None when nobody passes anything on."""
    if request.probability == "none":
        return (
            project(snapshot, label=request.nodes, types=request.via, probability=0.0) if request.page_level else None
        )
    if request.page_level and "Channel" not in request.nodes:
        raise InvalidParameter(
            "a page-level plan needs Channel among its nodes", parameter="nodes", value=request.nodes
        )
    return project(snapshot, label=request.nodes, types=request.via, probability=request.probability)
