"""What can be bought: options (channel, wave, material), their hazards and the menu of rules.

An option exposes user u with r = min(1, p x receptivity x response). Hazards h = -ln(1 - r) add up over options, so
plans become sums (see `graphkit.influence.channel_cover`). A channel without ACCEPTS rows is bought without a
material; with them, one approved material per channel and wave, its one-off cost paid once per plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from graphkit.errors import Infeasible
from graphkit.influence.channel_cover import CERTAIN, Menu
from graphkit.planning.inputs import minor, numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.planning.inputs import Market
    from graphkit.planning.rules import Rules
    from graphkit.projection.snapshot import Snapshot

    Floats = NDArray[np.float64]

__all__ = ["Options", "build_menu", "build_options", "hazards"]


@dataclass(frozen=True)
class Options:
    """Purchase options, sorted by channel id, wave, material id. ``material`` is None where none is used."""

    channel: NDArray[np.int64]
    wave: NDArray[np.int64]
    material: list[str | None]
    material_key: NDArray[np.int64]
    material_cost: NDArray[np.int64]
    cost: NDArray[np.int64]
    response: Floats

    @property
    def n(self) -> int:
        """How many options there are."""
        return self.channel.size


def build_options(snapshot: Snapshot, market: Market, kept: Sequence[int], waves: int) -> Options:
    """Return the options of the kept channels; materials that are not approved enter ``market.rejected``."""
    accepted = _materials(snapshot, market)
    names = sorted({m for rows in accepted.values() for m, _, _, _ in rows})
    key = {m: i for i, m in enumerate(names)}
    once = {m: price for rows in accepted.values() for m, _, _, price in rows}
    rows: list[tuple[int, int, str | None, int, float]] = []
    for channel in kept:
        name = market.ids[channel]
        if name in accepted and not accepted[name]:
            market.rejected.append({"channel": name, "rule": "approved", "reason": "it accepts no approved material"})
            continue
        for wave in range(1, waves + 1):
            for material, cost, response, _ in accepted.get(name, [(None, None, 1.0, 0)]):
                rows.append((channel, wave, material, int(market.cost[channel]) if cost is None else cost, response))
    return Options(
        channel=np.array([r[0] for r in rows], dtype=np.int64), wave=np.array([r[1] for r in rows], dtype=np.int64),
        material=[r[2] for r in rows], material_key=np.array([-1 if r[2] is None else key[r[2]] for r in rows], dtype=np.int64),
        material_cost=np.array([once[m] for m in names], dtype=np.int64), cost=np.array([r[3] for r in rows], dtype=np.int64),
        response=np.array([r[4] for r in rows], dtype=np.float64),
    )  # fmt: skip


def _materials(snapshot: Snapshot, market: Market) -> dict[str, list[tuple[str, int | None, float, int]]]:
    """Channel id -> approved materials as (id, cost of a use, response, one-off cost), sorted by id."""
    table = snapshot.nodes("Material")
    response, price = numbers(table.column("response")), numbers(table.column("cost"))
    status = table.column("status").tolist()
    found: dict[str, list[tuple[str, int | None, float, int]]] = {}
    dropped = {}
    channels = snapshot.nodes("Channel").ids
    for edges in snapshot.edges("ACCEPTS"):
        own_cost, own_response = numbers(edges.column("cost")), numbers(edges.column("response"))
        for i, (c, m) in enumerate(zip(edges.source_rows.tolist(), edges.target_rows.tolist(), strict=True)):
            rows = found.setdefault(str(channels[c]), [])
            if status[m] != "approved":
                dropped[str(table.ids[m])] = status[m]
                continue
            factor = own_response[i] if not np.isnan(own_response[i]) else np.nan_to_num(response[m], nan=1.0)
            cost = None if np.isnan(own_cost[i]) else minor(own_cost[i])
            rows.append((str(table.ids[m]), cost, float(factor), 0 if np.isnan(price[m]) else minor(price[m])))
    market.assumptions.extend(f"material {m} is left out: its status is {s!r}" for m, s in sorted(dropped.items()))
    return {channel: sorted(rows) for channel, rows in found.items()}


def hazards(market: Market, options: Options, receptivity: Floats | None, factor: float = 1.0) -> Any:
    """Return h = -ln(1 - min(1, p x receptivity x response x factor)) as CSC, people x options."""
    columns = market.chance[:, options.channel].tocsc()
    chance = columns.data * np.repeat(options.response * factor, np.diff(columns.indptr))
    if receptivity is not None:
        chance = chance * receptivity[columns.indices]
    chance = np.clip(chance, 0.0, 1.0)
    with np.errstate(divide="ignore"):
        columns.data = np.minimum(-np.log1p(-chance), CERTAIN)
    columns.eliminate_zeros()
    return sp.csc_matrix(columns)


def build_menu(market: Market, options: Options, rules: Rules, budget: int) -> Menu:
    """Return the rules over options as arrays.

    Raises
    ------
    Infeasible
        The budget lies below the cheapest purchase, or the required and least numbers cannot be met by any budget.
    """
    if not options.n:
        raise Infeasible("no channel may be bought", rule="candidates", hint="the rejected list says why each was left out")
    first = options.cost + np.where(options.material_key >= 0, np.append(options.material_cost, 0)[options.material_key], 0)
    cheapest = int(first.min())
    if budget < cheapest:
        name = market.ids[int(options.channel[int(np.argmin(first))])]
        raise Infeasible(
            f"the budget {budget / 100:g} is below the cheapest purchase: channel {name} at {cheapest / 100:g}",
            rule="budget", missing=(cheapest - budget) / 100, hint=f"a budget of at least {cheapest / 100:g}",
        )  # fmt: skip
    names = sorted(set(market.kinds) | set(rules.least) | set(rules.most))
    kind_of = {name: i for i, name in enumerate(names)}
    kind = np.array([kind_of[market.kinds[c]] for c in options.channel], dtype=np.int64)
    for name, low in rules.least.items():
        available = np.unique(options.channel[kind == kind_of[name]]).size
        if min(available, rules.most.get(name, low)) < low:
            raise Infeasible(f"the rules ask for {low} channels of kind {name!r}, {available} may be bought", rule=f"least.{name}", missing=low - available)
    required = [_cheapest(market, options, name) for name in rules.required]
    group = options.channel * (int(options.wave.max()) + 1) + options.wave
    most = np.array([rules.most.get(name, options.n) for name in names], dtype=np.int64)
    least = np.array([rules.least.get(name, 0) for name in names], dtype=np.int64)
    menu = Menu(
        options.cost, group, kind, most, least, options.material_key, options.material_cost,
        np.array(required, dtype=np.int64), budget,
    )  # fmt: skip
    _check_required(market, options, menu, rules)
    return menu


def _cheapest(market: Market, options: Options, channel: str) -> int:
    """First wave's cheapest option of a channel."""
    rows = np.flatnonzero((options.channel == market.ids.index(channel)) & (options.wave == 1))
    return int(rows[np.argmin(options.cost[rows])])


def _check_required(market: Market, options: Options, menu: Menu, rules: Rules) -> None:
    """Refuse when the required purchases alone break the budget, or the minima do."""
    rows = menu.required.tolist()
    need = menu.money(rows)
    if need > menu.budget:
        message = f"the required channels cost {need / 100:g}, the budget is {menu.budget / 100:g}"
        raise Infeasible(message, rule="required and budget", missing=(need - menu.budget) / 100)
    counts = np.bincount(menu.kind[rows], minlength=menu.most.size) if rows else np.zeros(menu.most.size, np.int64)
    names = sorted(set(market.kinds) | set(rules.least) | set(rules.most))
    for i, name in enumerate(names):
        if counts[i] > menu.most[i]:
            raise Infeasible(f"{counts[i]} channels of kind {name!r} are required, at most {menu.most[i]} allowed", rule=f"most.{name}")
        lacking = int(menu.least[i] - counts[i])
        if lacking > 0:
            free = [o for o in np.flatnonzero(menu.kind == i) if o not in rows]
            by_channel = {int(options.channel[o]): int(options.cost[o]) for o in sorted(free, key=lambda o: -options.cost[o])}
            need += sum(sorted(by_channel.values())[:lacking])
    if need > menu.budget:
        message = f"required channels and least numbers per kind cost at least {need / 100:g}, the budget is {menu.budget / 100:g}"
        raise Infeasible(message, rule="least and budget", missing=(need - menu.budget) / 100)
