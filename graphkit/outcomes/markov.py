"""Markov chains of customers' states: read and checked, what a chain of them is worth, and how long it lasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphkit.check import finite, floats, positive_int, refuse
from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.outcomes.tables import names_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["Discount", "Transitions", "expected_periods", "refuse_endless"]


LONGEST = 10_000  # periods of a horizon; they are gone through one by one


class Discount(NamedTuple):
    """What a later reward is worth: ``gamma`` in (0, 1] a period, and how many periods count (None: all)."""

    gamma: float
    horizon: int | None = None

    @classmethod
    def checked(cls, gamma: float, horizon: int | None) -> Discount:
        """Return both, checked."""
        if not 0 < finite("discount", gamma) <= 1:
            refuse("discount", gamma, "a number in (0, 1]")
        if isinstance(horizon, int | np.integer) and horizon > LONGEST:
            refuse("horizon", horizon, f"at most {LONGEST:,} periods", hint="leave it out: then all periods count")
        return cls(float(gamma), None if horizon is None else positive_int("horizon", horizon))

    def values(self, chains: Floats, pays: Floats) -> Floats:
        """Return the value of each state for stacks of chains (m, n, n) and rewards (m, n)."""
        n, gamma = chains.shape[1], self.gamma
        if self.horizon is not None:
            value = np.zeros_like(pays)
            for _ in range(self.horizon):
                value = np.asarray(pays + gamma * (chains @ value[:, :, None])[:, :, 0], np.float64)
            return value
        if gamma < 1:
            return np.asarray(np.linalg.solve(np.eye(n) - gamma * chains, pays[:, :, None])[:, :, 0])
        value = np.zeros_like(pays)  # absorbing states pay nothing; solve among the others only
        moving = np.flatnonzero(np.diagonal(chains, axis1=1, axis2=2)[0] != 1)
        inner = np.eye(moving.size) - chains[:, moving][:, :, moving]
        value[:, moving] = np.linalg.solve(inner, pays[:, moving, None])[:, :, 0]
        return value


@dataclass(frozen=True, eq=False)
class Transitions:
    """Chances of the next state.

    Attributes
    ----------
    names : list of str
    ends : frozenset of int
        States called absorbing.
    chain : ndarray, shape (n, n)
        Row i: chances of the next state, their means where counts were given.
    alpha : ndarray, shape (n, n), or None
        Dirichlet parameters of the rows where counts were given.
    """

    names: list[str]
    ends: frozenset[int]
    chain: Floats
    alpha: Floats | None = None

    @classmethod
    def read(
        cls,
        transition: ArrayLike | None,
        counts: ArrayLike | None,
        states: Sequence[str] | None,
        absorbing: Sequence[str],
    ) -> Transitions:
        """Return chances as given, or those that counts tell, checked (`graphkit.outcomes.lifetime_value.lifetime_value`)."""
        if (transition is None) == (counts is None):
            raise InvalidParameter(
                "give either transition or counts", parameter="transition", hint="counts also give intervals"
            )
        matrix = _square(transition, "transition") if counts is None else _square(counts, "counts")
        n = matrix.shape[0]
        names = [str(s) for s in (range(n) if states is None else names_in("states", states))]
        if len(names) != n or len(set(names)) != n:
            refuse("states", names, f"{n} different names")
        ends = _ends(names, absorbing)
        if counts is None:
            return cls(names, ends, _checked(matrix, ends, names))
        alpha = _alpha(matrix, ends, names)
        chain = np.asarray(alpha / alpha.sum(axis=1, keepdims=True), np.float64)
        for i in ends:
            chain[i] = np.eye(n)[i]
        return cls(names, ends, chain, alpha)

    def drawn(self, n_draws: int, draw: np.random.Generator) -> Floats:
        """Return chains drawn from what the counts tell of them, shape (n_draws, n, n)."""
        chains = np.tile(self.chain, (n_draws, 1, 1))
        for i in range(len(self.names)):
            if self.alpha is not None and i not in self.ends:
                chains[:, i] = draw.dirichlet(self.alpha[i], size=n_draws)
        return chains


def refuse_endless(chain: Floats, pay: Floats, names: list[str]) -> None:
    """Refuse a chain that needs a discount: every state must reach, with certainty, one that is never left and pays nothing."""
    ends = np.diag(chain) == 1
    earning = [names[i] for i in np.flatnonzero(ends & (pay != 0))]
    stuck = [names[i] for i in np.flatnonzero(~_reaching(chain, ends))]
    if not ends.any() or earning or stuck:
        why = (
            "no state is absorbing"
            if not ends.any()
            else f"{earning[0]!r} pays for ever"
            if earning
            else f"{stuck[0]!r} never ends"
        )
        raise InvalidParameter(
            f"discount 1 needs certain absorption: {why}",
            parameter="discount",
            value=1.0,
            allowed="below 1",
            hint="use a discount below 1, or a horizon",
        )


def expected_periods(chain: Floats) -> Floats:
    """Return the expected periods spent outside absorbing states, NaN where absorption is not certain."""
    n = chain.shape[0]
    ends = np.diag(chain) == 1
    safe = ~_reaching(chain, ~_reaching(chain, ends))
    out = np.full(n, np.nan)
    out[ends] = 0.0
    inside = np.flatnonzero(safe & ~ends)
    if inside.size:
        out[inside] = np.linalg.solve(np.eye(inside.size) - chain[np.ix_(inside, inside)], np.ones(inside.size))
    return out


def _reaching(chain: Floats, some: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which states may come to one of ``some``, those included."""
    reach = some
    for _ in range(chain.shape[0]):
        reach = reach | ((chain > 0) @ reach)
    return reach


def _square(values: Any, name: str) -> Floats:
    """Return a square matrix of finite numbers >= 0."""
    matrix = floats(name, values, "a square matrix of numbers")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise InvalidParameter(
            f"{name} must be a square matrix, one row and column per state. Got shape {matrix.shape}.",
            parameter=name,
            value=matrix.shape,
        )
    bad = ~(np.isfinite(matrix) & (matrix >= 0))
    if bad.any():
        i, j = (int(x) for x in np.argwhere(bad)[0])
        raise DataInvalid(
            f"{name}[{i}, {j}] is {matrix[i, j]}, not a finite number >= 0",
            rule=f"{name}-range",
            rows=((i, j, float(matrix[i, j])),),
        )
    return matrix


def _ends(names: list[str], absorbing: Sequence[str]) -> frozenset[int]:
    wanted = names_in("absorbing", absorbing)
    for name in wanted:
        if str(name) not in names:
            raise InvalidParameter(
                f"absorbing names {name!r}, which is no state", parameter="absorbing", value=name, allowed=tuple(names)
            )
    return frozenset(names.index(str(name)) for name in wanted)


def _checked(chain: Floats, ends: frozenset[int], names: list[str]) -> Floats:
    """Rows that sum to 1; an absorbing row that stays."""
    sums = chain.sum(axis=1)
    wrong = np.flatnonzero(np.abs(sums - 1) > 1e-9)
    if wrong.size:
        i = int(wrong[0])
        raise DataInvalid(
            f"the chances out of {names[i]!r} sum to {sums[i]:.12g}, not to 1",
            rule="row-sum",
            count=int(wrong.size),
            rows=((names[i], float(sums[i])),),
            hint="each row holds the chances of every next state; for counts use counts=",
        )
    for i in ends:
        if chain[i, i] != 1:
            raise DataInvalid(
                f"{names[i]!r} is called absorbing but is left with chance {1 - chain[i, i]:.4g}",
                rule="absorbing",
                rows=((names[i],),),
            )
    return chain


def _alpha(seen: Floats, ends: frozenset[int], names: list[str]) -> Floats:
    """Dirichlet parameters: counts plus one observation spread over all states (Perks)."""
    for i in range(len(names)):
        if i in ends:
            if seen[i].sum() - seen[i, i] > 0:
                raise DataInvalid(
                    f"{names[i]!r} is called absorbing but was left {int(seen[i].sum() - seen[i, i])} times",
                    rule="absorbing",
                    rows=((names[i],),),
                )
        elif seen[i].sum() == 0:
            raise DataInvalid(
                f"no transition out of {names[i]!r} was seen",
                rule="state-never-left",
                rows=((names[i],),),
                hint="call it absorbing, or leave the state out",
            )
    return np.asarray(seen + 1 / len(names), np.float64)
