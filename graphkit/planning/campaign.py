"""A request made ready: who, which options, which rules, which worlds. Plan and what-if start here."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import DataInvalid, Infeasible, InvalidParameter
from graphkit.planning.boosts import read_boosts
from graphkit.planning.chances import moved, tie_bounds, with_learned_channels
from graphkit.planning.conflicts import find_conflict, raise_conflict
from graphkit.planning.filters import blocks, reject_blocked
from graphkit.planning.goals import goal_values, goal_weights
from graphkit.planning.inputs import checked, known_target, numbers, pages, people, read_market, user_column
from graphkit.planning.learned import learned_snapshot
from graphkit.planning.options import build_menu, build_options, hazards, kind_names
from graphkit.planning.placements import PLACEMENT, add_placements
from graphkit.planning.rules import DAY, Rules, read_rules
from graphkit.planning.worlds import make_worlds
from graphkit.projection.build import project
from graphkit.projection.snapshot import as_snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from graphkit.engine.base import Engine
    from graphkit.influence.channel_boosts import Boosts
    from graphkit.influence.channel_menu import Menu
    from graphkit.planning.filters import Block
    from graphkit.planning.inputs import Market, People
    from graphkit.planning.options import Options
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
            value = np.where(self.active, 0.0, 1.0 if value is None else value)
        return replace(self, value=value, worlds=self._worlds(self.projection, value))

    def with_chances(self, hazard: Any, projection: Projection | None) -> Campaign:
        """The same options, rules and values with other chances."""
        return replace(self, hazard=hazard, projection=projection, worlds=self._worlds(projection, self.value))

    def goal(self, weights: Mapping[str, float]) -> Floats | None:
        """Value of each user under a weighted sum of goals, within the target."""
        return goal_values(self.snapshot, self.who, weights, self.request.target)

    def _worlds(self, projection: Projection | None, value: Floats | None) -> Worlds:
        old = self.worlds
        return make_worlds(projection, self.who.n, value=value, max_steps=self.request.max_steps, seed=old.seed, engine=old.engine, progress=old.progress)

    def label(self, option: int) -> str:
        """Channel id of an option."""
        return self.market.ids[int(self.options.channel[option])]


def prepare(
    source: object, request: Request, *, engine: str | Engine = "threads", progress: ProgressCallback | None = None,
    open_menu: bool = False, active: NDArray[np.bool_] | None = None, bought: Mapping[tuple[str, int, str | None], int] | None = None,
) -> Campaign:
    """Read the data a request asks for.

    ``open_menu`` (for what-if) leaves out what concerns choosing: no rule but what a channel itself allows, and a
    budget as large as all costs together; ``bought`` are uses that must be in view. ``active`` marks people (rows of users with consent) who are reached
    already: they count no more and pass nothing on any more.

    Raises
    ------
    Infeasible
        No plan keeps the rules; ``conflict`` lists a smallest set of rules that contradict each other.
    """
    request.check()
    snapshot = learned_snapshot(source, seed=request.seed, about=request.for_) if request.probability == "learned" else as_snapshot(source)
    target = known_target(snapshot, request.for_, PROMOTED)
    projection = _projection(snapshot, request)
    who = pages(projection, snapshot.nodes("Channel")) if projection is not None and request.page_level else people(snapshot)
    if not who.n:
        raise DataInvalid("nobody to reach: no user with consent for planning", rule="consent", hint="is User.consent filled?")
    rules = read_rules(request.rules)
    _check_waves(request, rules)
    market = read_market(snapshot, who)
    add_placements(snapshot, market, who, target)
    learned = (request.done or {}).get("learned")
    if learned is not None:
        with_learned_channels(market, learned, request.done["waves"] if request.done else 0)
    _say(market, who, projection, request, snapshot)
    _reprice(market, request, rules)
    options, menu = _menu(snapshot, market, request, rules, target, ({} if bought is None else bought) if open_menu else None)
    value, receptivity = None, None
    if not request.page_level:
        value = goal_values(snapshot, who, goal_weights(request.objective), request.target)
        column = checked(user_column(snapshot, who, "receptivity"), "User.receptivity")
        receptivity = None if np.isnan(column).all() else np.nan_to_num(column, nan=1.0)
    elif request.objective != "reach" or request.target is not None:
        raise InvalidParameter("pages have no propensity and no attributes: use objective 'reach' without target", parameter="objective", value=request.objective)
    hazard = hazards(market, options, receptivity, request.receptivity)
    if active is not None:
        value, hazard = np.where(active, 0.0, 1.0 if value is None else value), _only(hazard, ~active)
        projection = None if projection is None else _silenced(projection, active)
    base = projection
    if projection is not None and learned is not None and learned["ties"] is not None:
        bounds = tie_bounds(snapshot, request)
        projection = projection.with_probability(moved(np.asarray(projection.probability, np.float64), bounds, learned["ties"]["z"]))
    worlds = make_worlds(projection, who.n, value=value, max_steps=request.max_steps, seed=request.seed, engine=engine, progress=progress)
    boosts = read_boosts(snapshot, market, menu) if rules.boosts else None
    if not rules.boosts:
        market.assumptions.append("BOOSTS bonuses are not counted: the rules say so")
    return Campaign(request, snapshot, target, who, market, rules, options, menu, value, receptivity, active, hazard, worlds, boosts, projection, base)


def _menu(snapshot: Snapshot, market: Market, request: Request, rules: Rules, target: tuple[str, str], bought: Mapping[tuple[str, int, str | None], int] | None) -> tuple[Options, Menu]:
    """The options that no rule keeps out, and their rules; a contradiction is raised."""
    done = request.done or {"waves": 0, "spent": 0, "materials": []}
    waves = request.waves
    against = blocks(snapshot, market, rules, target, waves)
    open_ = {(c, w) for c, w in reject_blocked(market, against, waves) if w > done["waves"]}
    budget = math.floor(request.budget * 100 + 1e-6) - round(done["spent"] * 100)
    _known_required(market, rules)
    options = build_options(snapshot, market, open_, rules, waves, budget, paid=done["materials"], bought=bought)
    if bought is not None:
        everything = int(options.cost.sum() + options.material_cost.sum())
        return options, build_menu(market, options, Rules(), everything, waves)
    if not request.done:
        _check_budget(market, options, budget)
        if rules.required or rules.least or rules.most or rules.wave_budgets or not options.n:
            _refuse_contradictions(snapshot, market, rules, against, waves, budget)
    if not options.n:
        raise Infeasible("no channel may be bought", rule="candidates", hint="the rejected list says why each was left out")
    return options, build_menu(market, options, rules, budget, waves)


def _refuse_contradictions(snapshot: Snapshot, market: Market, rules: Rules, against: list[Block], waves: int, budget: int) -> None:
    """Look for rules that no purchase keeps together, among all channels of the market."""
    every = {(c, w) for c in range(len(market.ids)) for w in range(1, waves + 1)}
    notes = (list(market.assumptions), list(market.rejected))
    whole = build_options(snapshot, market, every, rules, waves, budget)
    market.assumptions[:], market.rejected[:] = notes
    if whole.n:
        loose = build_menu(market, whole, rules, max(budget, int(whole.cost.sum() + whole.material_cost.sum()) + 1), waves)
        raise_conflict(find_conflict(market, whole, loose, budget, against, kind_names(market, rules)))


def _check_waves(request: Request, rules: Rules) -> None:
    """Waves, their money and their dates must fit together."""
    if rules.wave_budgets and len(rules.wave_budgets) != request.waves:
        message = f"wave_budgets has {len(rules.wave_budgets)} amounts for {request.waves} waves"
        raise InvalidParameter(message, parameter="rules.wave_budgets", value=rules.wave_budgets, hint="one amount per wave")
    last = rules.wave_start(request.waves)
    if last is not None and rules.ends_ts is not None and last >= rules.ends_ts:
        late = (last - rules.ends_ts) / DAY
        message = f"wave {request.waves} would start on {_moment(last)}, when the campaign is over (it ends on {_moment(rules.ends_ts)}): {late:.1f} days too late"
        raise Infeasible(message, rule="gap_days + ends_ts", missing=last - rules.ends_ts + 1, hint="fewer waves, a smaller gap, or a later end")


def _moment(ts: int) -> str:
    """Epoch seconds as people read them."""
    return dt.datetime.fromtimestamp(ts, tz=dt.UTC).strftime("%Y-%m-%d %H:%M UTC")


def _reprice(market: Market, request: Request, rules: Rules) -> None:
    """Prices of a what-if, and capacities of the rules."""
    for channel, price in request.price.items():
        if channel not in market.ids:
            raise InvalidParameter(f"price names channel {channel!r}, which cannot be bought", parameter="price", value=channel)
        market.cost[market.ids.index(channel)] = round(price * 100)
    for channel, uses in rules.capacity.items():
        if channel in market.ids:
            market.capacity[market.ids.index(channel)] = uses


def _known_required(market: Market, rules: Rules) -> None:
    """A required channel must be one that can be planned at all."""
    for name in rules.required:
        if name not in market.ids:
            why = next((row for row in market.rejected if row["channel"] == name), {"rule": "data", "reason": "it does not exist"})
            raise Infeasible(f"channel {name} is required, but {why['reason']}", rule=f"required.{name} + {why['rule']}", missing=1)


def _check_budget(market: Market, options: Options, budget: int) -> None:
    """A budget below the cheapest purchase gets the plainest message."""
    if not options.n:
        return
    first = options.cost + np.where(options.material_key >= 0, np.append(options.material_cost, 0)[options.material_key], 0)
    cheapest = int(first.min())
    if budget < cheapest:
        name = market.ids[int(options.channel[int(np.argmin(first))])]
        raise Infeasible(
            f"the budget {budget / 100:g} is below the cheapest purchase: channel {name} at {cheapest / 100:g}",
            rule="budget", missing=(cheapest - budget) / 100, hint=f"a budget of at least {cheapest / 100:g}",
        )  # fmt: skip


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
        tag = next((e.column("tag")[0] for e in snapshot.edges("INFLUENCES") if len(e.source_rows)), None)
        notes.append("chances on ties are learned (INFLUENCES.p)" if tag is None else f"chances on ties are learned from items of tag {tag} (INFLUENCES.p)")
    else:
        notes.append(f"chances on ties are declared, not measured: {request.probability}")
    notes.append("a channel is used at most capacity times per wave; every use exposes anew with the same chance")
    if request.waves > 1 and not read_rules(request.rules).gap_days:
        notes.append("no gap between the waves was given: lead times are compared with the start of the campaign")
    if not request.page_level and np.isnan(numbers(snapshot.nodes("User").column("receptivity"))).all():
        notes.append("receptivity is not measured: 1 for every user")
    placed = market.source.count(PLACEMENT)
    if placed:
        notes.append(f"{placed} placements in films count: viewers of the film are exposed with the declared reach_p times response")
    kinds = sorted(set(market.source) - {"REACHES", "itself", PLACEMENT})
    if kinds:
        count = sum(x in kinds for x in market.source)
        notes.append(f"{count} channels reach by a declared reach_p over {' and '.join(kinds)}")
