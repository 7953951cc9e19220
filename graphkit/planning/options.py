"""What can be bought: options (channel, wave, material, use), their hazards and the menu of rules.

One use exposes user u with r = min(1, p x receptivity x response). Hazards h = -ln(1 - r) add up over uses, so
plans become sums (see `graphkit.influence.channel_cover`). A channel without ACCEPTS rows is bought without a
material; with them, one approved material per channel and wave, its one-off cost paid once per plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from graphkit.influence.channel_cover import CERTAIN
from graphkit.influence.channel_menu import Menu
from graphkit.intervals import counted
from graphkit.planning.materials import Use, accepted_materials

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from graphkit.planning.market import Market
    from graphkit.planning.rules import Rules
    from graphkit.projection.snapshot import Snapshot

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Options", "build_menu", "build_options", "hazards", "kind_names"]

MOST_OPTIONS, FEW_USES = 2_048, 12  # so many options are looked at, and always so many uses of a channel in a wave


@dataclass(frozen=True)
class Options:
    """Purchase options, sorted by channel id, wave, material id, use. ``material`` is None where none is used.

    ``base`` numbers the different (channel, material): options of one base have equal hazards.
    """

    channel: Ints
    wave: Ints
    material: list[str | None]
    use: Ints
    base: Ints
    code: list[str | None]
    material_key: Ints
    material_cost: Ints
    cost: Ints
    response: Floats

    @property
    def n(self) -> int:
        """How many options there are."""
        return self.channel.size

    def bundles(self, chosen: Iterable[int]) -> list[list[int]]:
        """The chosen options put together by (channel, wave, material), in the order of their first one."""
        found: dict[tuple[int, int, str | None], list[int]] = {}
        for x in chosen:
            found.setdefault((int(self.channel[x]), int(self.wave[x]), self.material[x]), []).append(x)
        return list(found.values())


def build_options(
    snapshot: Snapshot,
    market: Market,
    open_: set[tuple[int, int]],
    rules: Rules,
    waves: int,
    budget: int,
    paid: Sequence[str] = (),
    bought: Mapping[tuple[str, int, str | None], int] | None = None,
) -> Options:
    """Return the options of the open (channel, wave) pairs; materials that may not be used enter the market's notes.

    Every use that capacity and money allow is an option of its own, as long as there are at most MOST_OPTIONS; beyond
    that the most-used channels are cut first, and it is said. ``bought`` (for what-if): uses that must stay in view.
    """
    accepted = accepted_materials(snapshot, market, rules, waves)
    purchases = _purchases(market, accepted, open_, waves)
    uses = _uses_to_choose(market, purchases, budget) if bought is None else _uses_in_view(market, purchases, bought)
    names = sorted({use.material for rows in accepted.values() for use in rows if use.material is not None})
    key = {m: i for i, m in enumerate(names)}
    once = {use.material: 0 if use.material in paid else use.once for rows in accepted.values() for use in rows}
    base: dict[tuple[int, str | None], int] = {}
    for purchase in purchases:
        base.setdefault((purchase.channel, purchase.use.material), len(base))
    with_uses = list(zip(purchases, uses.tolist(), strict=True))
    rows = [purchase for purchase, count in with_uses for _ in range(count)]
    number = [use for _, count in with_uses for use in range(1, count + 1)]
    materials = [row.use.material for row in rows]
    return Options(
        channel=np.array([row.channel for row in rows], dtype=np.int64), wave=np.array([row.wave for row in rows], dtype=np.int64),
        material=materials, use=np.array(number, dtype=np.int64),
        base=np.array([base[row.channel, row.use.material] for row in rows], dtype=np.int64), code=[row.use.code for row in rows],
        material_key=np.array([-1 if m is None else key[m] for m in materials], dtype=np.int64),
        material_cost=np.array([once[m] for m in names], dtype=np.int64), cost=np.array([row.cost for row in rows], dtype=np.int64),
        response=np.array([row.use.response for row in rows], dtype=np.float64),
    )  # fmt: skip


class _Purchase(NamedTuple):
    """One channel in one wave with one material, at the price of a use."""

    channel: int
    wave: int
    use: Use
    cost: int


def _purchases(
    market: Market, accepted: Mapping[str, Sequence[Use]], open_: Iterable[tuple[int, int]], waves: int
) -> list[_Purchase]:
    """Return what the open (channel, wave) pairs can carry; a channel that accepts no material is bought without one."""
    bare = [Use(None, None, 1.0, 0, None, tuple(range(1, waves + 1)))]
    return [
        _Purchase(channel, wave, use, int(market.cost[channel]) if use.cost is None else use.cost)
        for channel, wave in sorted(open_)
        for use in accepted.get(market.ids[channel], bare)
        if wave in use.waves
    ]


def _uses_to_choose(market: Market, purchases: Sequence[_Purchase], budget: int) -> Ints:
    """Uses of each purchase that capacity and money allow, the most-used cut where the options are too many."""
    uses = np.array([_uses(market, purchase.channel, purchase.cost, budget) for purchase in purchases], dtype=np.int64)
    most = _cut(uses)
    if (uses > most).any():
        many = len({purchase.channel for purchase, n in zip(purchases, uses, strict=True) if n > most})
        market.assumptions.append(
            f"{counted(many, 'channel has', 'channels have')} a capacity above {most}: at most {most} uses per wave are looked at"
        )
    return np.minimum(uses, most)


def _uses_in_view(
    market: Market, purchases: Sequence[_Purchase], bought: Mapping[tuple[str, int, str | None], int]
) -> Ints:
    """Uses of each purchase for what-if: one more than was bought, and always a few."""
    had = [
        bought.get((market.ids[purchase.channel], purchase.wave, purchase.use.material), 0) for purchase in purchases
    ]
    return np.array(
        [
            min(int(market.capacity[purchase.channel]), max(FEW_USES, n + 1))
            for purchase, n in zip(purchases, had, strict=True)
        ],
        dtype=np.int64,
    )


def _uses(market: Market, channel: int, cost: int, budget: int) -> int:
    """Uses per wave worth looking at: no more than the capacity, nor than the money pays for."""
    capacity = int(min(market.capacity[channel], 2**31))
    return max(1, min(capacity, budget // cost if cost > 0 else capacity))


def _cut(uses: Ints) -> int:
    """Uses per wave at which the options become few enough: all of them where that is no cut."""
    low, high = FEW_USES, max(FEW_USES, int(uses.max(initial=1)))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if np.minimum(uses, middle).sum() <= MOST_OPTIONS else (low, middle - 1)
    return low


def hazards(
    market: Market,
    options: Options,
    receptivity: Floats | None,
    factor: float | Floats = 1.0,
    rows: Sequence[int] | None = None,
) -> Any:
    """Return h = -ln(1 - min(1, p x receptivity x response x factor)) of every option (or of these) as CSC, people x options.

    ``factor`` is one number, or one per channel of the market.
    """
    wanted = options.base if rows is None else options.base[list(rows)]
    kept, first = np.unique(wanted, return_index=True)
    first = first if rows is None else np.asarray(rows, dtype=np.int64)[first]
    channel = options.channel[first]
    columns = market.chance[:, channel].tocsc()
    scale = options.response[first] * (np.asarray(factor)[channel] if np.ndim(factor) else float(factor))
    chance = columns.data * np.repeat(scale, np.diff(columns.indptr))
    if receptivity is not None:
        chance = chance * receptivity[columns.indices]
    chance = np.clip(chance, 0.0, 1.0)
    with np.errstate(divide="ignore"):
        columns.data = np.minimum(-np.log1p(-chance), CERTAIN)
    columns.eliminate_zeros()
    return sp.csc_matrix(
        columns[:, np.searchsorted(kept, wanted)] if first.size < wanted.size or rows is not None else columns
    )


def build_menu(
    market: Market, options: Options, rules: Rules, budget: int, waves: int, used: Collection[str] = ()
) -> Menu:
    """Return the rules over options as arrays; ``used`` are channels of waves that are over: counted already, they are of no kind any more."""
    names = kind_names(market, rules)
    kind_of = {name: i for i, name in enumerate(names)}
    kind = np.array(
        [len(names) if market.ids[c] in used else kind_of[market.kinds[c]] for c in options.channel], dtype=np.int64
    )
    place = (options.channel * (waves + 1) + options.wave) * (int(options.use.max(initial=0)) + 1) + options.use
    after = np.full(options.n, -1, dtype=np.int64)
    later = np.flatnonzero(options.use > 1)
    after[later] = later - 1
    limits = [round(x * 100) for x in rules.wave_budgets] or [budget] * waves
    return Menu(
        cost=options.cost, group=np.unique(place, return_inverse=True)[1].astype(np.int64), channel=options.channel, kind=kind,
        most=np.array([*(rules.most.get(name, options.n) for name in names), options.n], dtype=np.int64),
        least=np.array([*(rules.least.get(name, 0) for name in names), 0], dtype=np.int64),
        extra_key=options.material_key, extra=options.material_cost, after=after, wave=options.wave - 1,
        wave_budget=np.minimum(np.array(limits, dtype=np.int64), budget),
        must=np.array([market.ids.index(name) for name in rules.required], dtype=np.int64), budget=budget,
    )  # fmt: skip


def kind_names(market: Market, rules: Rules) -> list[str]:
    """Kinds in the order of the menu's numbers."""
    return sorted(set(market.kinds) | set(rules.least) | set(rules.most))
