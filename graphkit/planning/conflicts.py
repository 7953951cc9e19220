"""Why no plan exists: a smallest set of rules that contradict each other, each with the amount it misses.

Deletion filter (Chinneck and Dravnieks 1991): all rules stand as rows of an integer programme; a rule is taken out
and, when the rest is still contradictory, stays out. What is left at the end is irreducible: without any one of them
a plan exists. The amount a rule misses is the least slack that would let a plan through, the other rules kept.

References
----------
Chinneck, Dravnieks: Locating minimal infeasible constraint sets in linear programs. ORSA Journal on Computing 3
(1991). https://doi.org/10.1287/ijoc.3.2.157
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from graphkit.errors import Infeasible, Unfinished
from graphkit.influence.channel_menu import TO_THE_END

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.influence.channel_menu import Menu
    from graphkit.planning.filters import Block
    from graphkit.planning.market import Market
    from graphkit.planning.options import Options

    Floats = NDArray[np.float64]

__all__ = ["Conflict", "find_conflict", "raise_conflict"]

UNIT = {"budget": "money", "wave_budget": "money", "lead_days": "days"}


@dataclass(frozen=True)
class Conflict:
    """One rule of the contradiction: its name, what it misses and in which unit, and the rule in words."""

    rule: str
    missing: float | None
    unit: str
    text: str


@dataclass(frozen=True)
class _Programme:
    """Rows of all rules; ``owner`` is the rule of each row ("" = the structure of a purchase, always kept)."""

    matrix: Any
    upper: Floats
    owner: NDArray[np.str_]
    weight: Floats
    width: int

    def solve(self, rules: Sequence[str], loose: str | None = None) -> Any:
        """Look for a purchase under these rules; with ``loose`` at the least slack of that rule."""
        on = np.isin(self.owner, ["", *rules])
        matrix, price, count = self.matrix, np.zeros(self.width), self.width
        lower, upper, whole = np.zeros(count), np.ones(count), np.ones(count, dtype=np.int64)
        if loose is not None:
            mine = self.owner == loose
            on |= mine
            slack = sp.csr_matrix(
                (-self.weight[mine], (np.flatnonzero(mine), np.zeros(int(mine.sum()), np.int64))),
                shape=(matrix.shape[0], 1),
            )
            matrix, price = sp.hstack([matrix, slack], format="csr"), np.append(price, 1.0)
            lower, upper, whole = np.append(lower, 0), np.append(upper, np.inf), np.append(whole, 0)
        import scipy.optimize as so

        return so.milp(
            price, integrality=whole, bounds=so.Bounds(lower, upper), options=TO_THE_END,
            constraints=so.LinearConstraint(matrix[on], -np.inf, self.upper[on] + 1e-9),
        )  # fmt: skip

    def feasible(self, rules: Sequence[str]) -> bool:
        """Whether a purchase keeps these rules."""
        status = int(self.solve(rules).status)
        if status not in {0, 2}:
            message = "whether the rules contradict each other could not be settled in time"
            raise Unfinished(message, best=None, hint="fewer rules, or a larger budget")
        return status == 0


def find_conflict(
    market: Market, options: Options, menu: Menu, budget: int, blocks: Sequence[Block], kinds: Sequence[str]
) -> list[Conflict]:
    """Return an irreducible set of contradicting rules, empty when a purchase exists.

    ``options`` and ``menu`` hold every channel of the market, also those that rules keep out: these rules stand in
    ``blocks`` and can be part of the contradiction. The menu's own budget pays for everything; ``budget`` (minor units)
    is the rule, so that the money of a wave stays a rule of its own when the budget is loosened.
    """
    programme = _programme(market, options, menu, budget, blocks, kinds)
    rules = [x for x in dict.fromkeys(programme.owner.tolist()) if x]
    if programme.feasible(rules):
        return []
    kept = list(rules)
    for rule in sorted(rules, key=lambda x: (x in {"purchase", "budget"}, x)):  # the money is the last to be let go
        rest = [x for x in kept if x != rule]
        if not programme.feasible(rest):
            kept = rest
    found = [
        _conflict(programme, rule, kept, rules, _example(rule, blocks, market.ids))
        for rule in kept
        if rule != "purchase"
    ]
    return sorted(found, key=lambda x: x.rule)


def raise_conflict(found: Sequence[Conflict]) -> None:
    """Raise Infeasible with the contradiction, when there is one."""
    if not found:
        return
    missing = {x.rule: x.missing for x in found}
    names = " + ".join(missing)
    text = "; ".join(f"{x.rule}: {x.text}" + _missing(x) for x in found)
    single = next(iter(missing.values())) if len(missing) == 1 else missing
    error = Infeasible(
        f"no plan keeps these rules together: {text}",
        rule=names,
        missing=single,
        hint="change any one of them by what it misses",
    )
    error.conflict = [{"rule": x.rule, "missing": x.missing, "unit": x.unit, "text": x.text} for x in found]  # type: ignore[attr-defined]
    raise error


def _missing(found: Conflict) -> str:
    """How much of a rule is missing, in words."""
    if found.missing is None:
        return ""
    unit = "" if found.unit == "money" else f" {found.unit.removesuffix('s') if found.missing == 1 else found.unit}"
    return f" (missing: {found.missing:g}{unit})"


def _programme(
    market: Market, options: Options, menu: Menu, budget: int, blocks: Sequence[Block], kinds: Sequence[str]
) -> _Programme:
    """All rules as rows; slack is counted in the rule's own unit."""
    rows, stretch = menu.rows, menu.rows.stretch
    limit = np.where(np.array(rows.rule) == "budget", budget / rows.scale, rows.upper)
    matrices, upper = [sp.csr_matrix(sp.diags_array(stretch) @ rows.matrix)], [stretch * limit]
    owner: list[str] = []
    weight: list[float] = []
    for rule, index, unit in zip(rows.rule, rows.index, (stretch / rows.scale).tolist(), strict=True):
        owner.append(_name(rule, index, market, kinds))
        weight.append(100.0 * unit if rule in {"budget", "wave_budget"} else 1.0)
    width = rows.matrix.shape[1]
    by_pair: dict[tuple[int, int], list[int]] = {}
    for i, (c, w) in enumerate(zip(options.channel.tolist(), options.wave.tolist(), strict=True)):
        by_pair.setdefault((c, w), []).append(i)
    first = options.use == 1
    group_of: dict[str, int] = {}
    columns: list[int] = []
    lines: list[int] = []
    for block in blocks:
        rule = f"forbidden.{market.ids[block.channel]}" if block.rule == "forbidden" else block.rule
        for option in by_pair.get((block.channel, block.wave), []):
            if first[option]:
                apart = block.rule == "lead_days"  # days: the longest one counts; channels: their number counts
                line = len(owner) if apart or rule not in group_of else group_of[rule]
                if line == len(owner):
                    owner.append(rule)
                    weight.append(1.0 / max(block.missing, 1e-9) if apart else 1.0)
                    upper.append(np.zeros(1))
                    group_of.setdefault(rule, line)
                columns.append(option)
                lines.append(line - rows.matrix.shape[0])
    if lines:
        matrices.append(sp.csr_matrix((np.ones(len(lines)), (lines, columns)), shape=(max(lines) + 1, width)))
    matrices.append(
        sp.csr_matrix((-np.ones(options.n), (np.zeros(options.n, np.int64), np.arange(options.n))), shape=(1, width))
    )
    owner.append("purchase")
    weight.append(1.0)
    upper.append(np.array([-1.0]))
    return _Programme(
        sp.vstack(matrices, format="csr"), np.concatenate(upper), np.array(owner), np.array(weight), width
    )


def _name(rule: str, index: int, market: Market, kinds: Sequence[str]) -> str:
    """Name of a rule as the rules file writes it."""
    if rule == "required":
        return f"required.{market.ids[index]}"
    if rule in {"most", "least"}:
        return f"{rule}.{kinds[index]}"
    return f"wave_budget.{index + 1}" if rule == "wave_budget" else rule


def _conflict(programme: _Programme, rule: str, kept: Sequence[str], rules: Sequence[str], example: str) -> Conflict:
    """One rule with the least slack that helps: beside all other rules if that can be, else beside the contradiction."""
    missing = None
    for others in ([x for x in rules if x != rule], [x for x in kept if x != rule]):
        found = programme.solve(others, loose=rule)
        if found.x is not None:
            missing = round(float(found.x[-1]), 6)
            break
    head, _, name = rule.partition(".")
    return Conflict(rule, missing, UNIT.get(head, "channels"), _TEXT[head].format(name=name) + example)


def _example(rule: str, blocks: Sequence[Block], ids: Sequence[str]) -> str:
    """Why the rule keeps out the first channel; where the reason speaks of the channel itself, of which one."""
    block = next((b for b in blocks if b.rule == rule), None)
    if block is None:
        return ""
    return f": such as channel {ids[block.channel]}: {block.reason}" if rule in _OF_ONE else f": {block.reason}"


_OF_ONE = frozenset({"approved", "capacity", "lead_days", "min_cell"})
_TEXT = {
    "budget": "the budget",
    "wave_budget": "the money of wave {name}",
    "required": "channel {name} is required",
    "forbidden": "channel {name} is forbidden",
    "least": "the least number of channels of kind {name}",
    "most": "the largest number of channels of kind {name}",
    "lead_days": "lead times against days_to_start",
    "rights": "rights to promote",
    "approved": "only approved or active channels",
    "capacity": "channels need a capacity of 1 or more",
    "once": "a placement is made once",
    "min_cell": "audiences of at least the minimum cell",
}
