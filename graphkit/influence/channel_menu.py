"""The rules of a purchase as arrays, and the same rules as rows of a linear programme.

An option is one use of a channel in a wave with a material. Money is counted in minor units. The rows serve three
ends: the maximum inside every upper bound (relaxed to fractions), a cheapest plan when greedy finds none, and the
search for a smallest set of rules that contradict each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from graphkit.errors import Unfinished

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["TO_THE_END", "Menu", "Rows", "cheapest_plan", "rows_of"]

# SciPy's own choice stops within 1e-4 of the best, which is money: a plan of 500,000 may then cost 50 more than the cheapest
TO_THE_END: Any = {"time_limit": 20.0, "mip_rel_gap": 0.0}
NO_PLAN = 2  # SciPy's status of a programme that is proved to have no solution


@dataclass(frozen=True)
class Menu:
    """What may be bought together.

    Attributes
    ----------
    cost, group, channel, kind, after, wave, extra_key : int64 ndarray, shape (n_options,)
        Price in minor units; at most one option of a group; an option needs the option ``after`` first (a second use
        needs the first; -1 = none); ``extra_key`` names a cost paid once per plan (-1 = none).
    most, least : int64 ndarray, shape (n_kinds,)
        Bounds on the number of different channels of a kind.
    extra : int64 ndarray
        One-off costs in minor units; they count against the budget, not against a wave's.
    wave_budget : int64 ndarray, shape (n_waves,)
        Money of each wave in minor units.
    must : int64 ndarray
        Channels of which at least one option is bought.
    budget : int
        Money in minor units.
    """

    cost: Ints
    group: Ints
    channel: Ints
    kind: Ints
    most: Ints
    least: Ints
    extra_key: Ints
    extra: Ints
    after: Ints
    wave: Ints
    wave_budget: Ints
    must: Ints
    budget: int

    @classmethod
    def of(cls, cost: ArrayLike, budget: int, **given: ArrayLike) -> Menu:
        """Return a menu; what is not given does not bind."""
        price = np.asarray(cost, dtype=np.int64)
        n = price.size
        data = {name: np.asarray(value, dtype=np.int64) for name, value in given.items()}
        data.setdefault("channel", np.arange(n, dtype=np.int64))
        data.setdefault("group", np.arange(n, dtype=np.int64))
        for name, fill in (("kind", 0), ("wave", 0), ("after", -1), ("extra_key", -1)):
            data.setdefault(name, np.full(n, fill, dtype=np.int64))
        kinds, waves = int(data["kind"].max(initial=0)) + 1, int(data["wave"].max(initial=0)) + 1
        data.setdefault("most", np.full(kinds, n, dtype=np.int64))
        data.setdefault("least", np.zeros(kinds, dtype=np.int64))
        data.setdefault("wave_budget", np.full(waves, budget, dtype=np.int64))
        for name in ("extra", "must"):
            data.setdefault(name, np.empty(0, dtype=np.int64))
        return cls(cost=price, budget=int(budget), **data)

    @property
    def n(self) -> int:
        """How many options there are."""
        return self.cost.size

    @cached_property
    def waves_bind(self) -> bool:
        """True when a wave has less money than the whole plan."""
        return bool((self.wave_budget < self.budget).any())

    @cached_property
    def cheapest(self) -> list[int] | None:
        """A purchase that `cheapest_plan` finds, solved for once."""
        return cheapest_plan(self)

    @cached_property
    def counts_bind(self) -> bool:
        """True when the number of channels is bounded, or a channel is required."""
        channels = np.unique(self.channel).size
        return bool((self.most < channels).any() or self.least.any() or self.must.size)

    @cached_property
    def plain(self) -> bool:
        """True when the budget is the only rule."""
        return not (
            (self.extra_key >= 0).any() or np.unique(self.group).size < self.n or self.waves_bind or self.counts_bind
        )

    @cached_property
    def kind_of_channel(self) -> Ints:
        """Kind of each channel, also of required ones, -1 for channels without an option."""
        kinds = np.full(max(int(x.max(initial=-1)) for x in (self.channel, self.must)) + 1, -1, dtype=np.int64)
        kinds[self.channel] = self.kind
        return kinds

    def money(self, chosen: Sequence[int]) -> int:
        """Cost of the chosen options, one-off costs once."""
        rows = np.asarray(list(chosen), dtype=np.int64)
        keys = np.unique(self.extra_key[rows])
        return int(self.cost[rows].sum() + self.extra[keys[keys >= 0]].sum())

    def next_cost(self, chosen: Sequence[int]) -> Ints:
        """What each option would cost now, given that paid one-off costs are not paid again."""
        if not (self.extra_key >= 0).any():
            return self.cost
        paid = np.zeros(self.extra.size + 1, dtype=bool)
        paid[self.extra_key[list(chosen)]] = True
        open_extra = np.where((self.extra_key >= 0) & ~paid[self.extra_key], self.extra[self.extra_key], 0)
        return np.asarray(self.cost + open_extra)

    def used(self, chosen: Sequence[int]) -> tuple[NDArray[np.bool_], Ints]:
        """Channels in use, shape (n_channels,), and how many of each kind."""
        channels = np.zeros(self.kind_of_channel.size, dtype=bool)
        channels[self.channel[list(chosen)]] = True
        return channels, np.bincount(self.kind_of_channel[channels], minlength=self.most.size)

    def allowed(self, chosen: Sequence[int]) -> NDArray[np.bool_]:
        """Options that every rule still admits beside ``chosen`` (minima reserve no money)."""
        rows = list(chosen)
        fits: NDArray[np.bool_] = self.next_cost(rows) <= self.budget - self.money(rows)
        mine = np.zeros(self.n, dtype=bool)
        mine[rows] = True
        fits &= ~mine & ((self.after < 0) | mine[self.after])
        if self.plain:
            return fits
        if self.waves_bind:
            spent = np.bincount(self.wave[rows], weights=self.cost[rows], minlength=self.wave_budget.size)
            fits &= self.cost <= (self.wave_budget - spent)[self.wave]
        taken = np.zeros(int(self.group.max(initial=0)) + 1, dtype=bool)
        taken[self.group[rows]] = True
        fits &= ~taken[self.group]
        if self.counts_bind:
            channels, counts = self.used(rows)
            fits &= channels[self.channel] | (counts < self.most)[self.kind]
        return fits

    def wanted(self, chosen: Sequence[int]) -> NDArray[np.bool_]:
        """Options of channels that a minimum or a requirement still lacks."""
        if not self.counts_bind:
            return np.zeros(self.n, dtype=bool)
        channels, counts = self.used(chosen)
        lacking = (counts < self.least)[self.kind]
        required = np.zeros(channels.size, dtype=bool)
        required[self.must] = True
        found: NDArray[np.bool_] = (lacking | required[self.channel]) & ~channels[self.channel]
        return found

    def complete(self, chosen: Sequence[int]) -> bool:
        """True when every rule is kept."""
        rows = list(chosen)
        mine = np.zeros(self.n, dtype=bool)
        mine[rows] = True
        need = self.after[rows]
        spent = np.bincount(self.wave[rows], weights=self.cost[rows], minlength=self.wave_budget.size)
        channels, counts = self.used(rows)
        return (
            bool(channels[self.must].all())
            and bool((counts >= self.least).all() and (counts <= self.most).all())
            and np.unique(self.group[rows]).size == len(rows)
            and bool(mine[need[need >= 0]].all())
            and bool((spent <= self.wave_budget).all())
            and self.money(rows) <= self.budget
        )

    @cached_property
    def rows(self) -> Rows:
        """The rules as rows of a linear programme."""
        return rows_of(self)


@dataclass(frozen=True)
class Rows:
    """``matrix @ z <= upper`` with z = (options, one-off costs, channels in use) in [0, 1].

    ``rule`` names the rule of each row and ``index`` its wave, kind or channel; structural rows have the rule "".
    Money rows are divided by the budget, so that all rows have one scale; ``scale`` brings slack back to units.
    """

    matrix: Any
    upper: Floats
    rule: tuple[str, ...]
    index: tuple[int, ...]
    scale: Floats
    n_options: int

    @property
    def stretch(self) -> Floats:
        """What integer programmes multiply each row by: solvers let a row be missed by 1e-6, which must not pay for a minor unit."""
        return np.maximum(self.scale / 1e4, 1.0)

    def best_total(self, gain: Floats) -> tuple[Floats, float]:
        """Return (x, bound): a best fractional purchase for additive gains >= 0, and a number no purchase exceeds.

        The bound is read off the dual prices, so that the solver's tolerance cannot make it too small: for any prices
        y >= 0, gain x <= y upper + sum of max(0, gain - y matrix).
        """
        import scipy.optimize as so

        target = np.zeros(self.matrix.shape[1])
        target[: self.n_options] = gain
        size = float(gain.max(initial=0.0))
        if size <= 0:
            return np.zeros(self.n_options), 0.0
        found = so.linprog(-target / size, A_ub=self.matrix, b_ub=self.upper, bounds=(0, 1), method="highs")
        if found.x is None:  # rules without any fractional purchase: nothing can be bought
            return np.zeros(self.n_options), float(gain.sum())
        price = np.maximum(-np.asarray(found.ineqlin.marginals), 0.0) * size
        bound = float(price @ self.upper) + float(np.maximum(target - self.matrix.T @ price, 0.0).sum())
        return np.asarray(found.x[: self.n_options]), bound


def rows_of(menu: Menu) -> Rows:
    """Return the rules of a menu as rows; see `Rows`."""
    n, m = menu.n, menu.extra.size
    table = _Table(n + m + (menu.kind_of_channel.size if menu.counts_bind else 0))
    money = float(max(menu.budget, 1))
    some = np.flatnonzero(menu.extra_key >= 0)
    paid = np.unique(menu.extra_key[some])
    table.add(
        "budget",
        0,
        np.concatenate((np.arange(n), n + paid)),
        np.concatenate((menu.cost, menu.extra[paid])) / money,
        menu.budget / money,
        money,
    )
    if menu.waves_bind:
        for wave, limit in enumerate(menu.wave_budget.tolist()):
            mine = np.flatnonzero(menu.wave == wave)
            table.add("wave_budget", wave, mine, menu.cost[mine] / money, limit / money, money)
    order = np.argsort(menu.group, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(menu.group[order])) + 1):
        if rows.size > 1:
            table.add("", 0, rows, np.ones(rows.size), 1.0)
    for option in np.flatnonzero(menu.after >= 0).tolist():
        table.add("", 0, np.array([option, menu.after[option]]), np.array([1.0, -1.0]), 0.0)
    for option in some.tolist():
        table.add("", 0, np.array([option, n + menu.extra_key[option]]), np.array([1.0, -1.0]), 0.0)
    if menu.counts_bind:
        _count_rows(table, menu, n + m)
    return table.rows(n)


def _count_rows(table: _Table, menu: Menu, first: int) -> None:
    """A channel is in use iff one of its options is bought; kinds count channels in use."""
    for option in range(menu.n):
        if menu.after[option] < 0:
            table.add("", 0, np.array([option, first + menu.channel[option]]), np.array([1.0, -1.0]), 0.0)
    for channel in range(menu.kind_of_channel.size):
        mine = np.flatnonzero((menu.channel == channel) & (menu.after < 0))
        table.add("", 0, np.append(mine, first + channel), np.append(-np.ones(mine.size), 1.0), 0.0)
    for channel in menu.must.tolist():
        table.add("required", channel, np.array([first + channel]), np.array([-1.0]), -1.0)
    for kind in range(menu.most.size):
        mine = first + np.flatnonzero(menu.kind_of_channel == kind)
        if mine.size > menu.most[kind]:
            table.add("most", kind, mine, np.ones(mine.size), float(menu.most[kind]))
        if menu.least[kind] > 0:
            table.add("least", kind, mine, -np.ones(mine.size), -float(menu.least[kind]))


class _Table:
    """Rows being collected."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.columns: list[Any] = []
        self.values: list[Any] = []
        self.upper: list[float] = []
        self.rule: list[str] = []
        self.index: list[int] = []
        self.scale: list[float] = []

    def add(self, rule: str, index: int, columns: Any, values: Any, upper: float, scale: float = 1.0) -> None:
        """Add one row."""
        self.columns.append(columns)
        self.values.append(values)
        self.upper.append(upper)
        self.rule.append(rule)
        self.index.append(index)
        self.scale.append(scale)

    def rows(self, n_options: int) -> Rows:
        """Return what was collected."""
        indptr = np.concatenate(([0], np.cumsum([len(x) for x in self.columns]))).astype(np.int64)
        matrix = sp.csr_matrix(
            (np.concatenate(self.values).astype(np.float64), np.concatenate(self.columns).astype(np.int64), indptr),
            shape=(len(self.upper), self.width),
        )
        return Rows(matrix, np.array(self.upper), tuple(self.rule), tuple(self.index), np.array(self.scale), n_options)


def cheapest_plan(menu: Menu) -> list[int] | None:
    """Return a cheapest purchase that keeps every rule, None when there is none (integer programme, HiGHS).

    Raises
    ------
    Unfinished
        The solver stopped without a purchase and without a proof that there is none.
    """
    import scipy.optimize as so

    rows = menu.rows
    price = np.zeros(rows.matrix.shape[1])
    price[: menu.n] = menu.cost + 1
    price[menu.n : menu.n + menu.extra.size] = menu.extra
    limit = so.LinearConstraint(sp.diags_array(rows.stretch) @ rows.matrix, -np.inf, rows.stretch * rows.upper + 1e-9)
    found = so.milp(
        price / min(max(float(price.max()), 1.0), 1e4),  # the solver ends 1e-6 above the best: never a minor unit
        integrality=np.ones(price.size, dtype=np.int64), bounds=so.Bounds(0, 1), constraints=limit, options=TO_THE_END,
    )  # fmt: skip
    if found.x is not None:
        return np.flatnonzero(found.x[: menu.n] > 0.5).tolist()
    if found.status != NO_PLAN:
        message = "whether a plan keeps the rules within the budget could not be settled in time"
        raise Unfinished(message, best=None, hint="fewer rules, or a larger budget")
    return None
