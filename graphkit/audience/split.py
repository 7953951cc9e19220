"""Profit split: exact Shapley values of reach, from the same items as the overlap.

Game: v(S) = expected value reached by the partners S. On one item with chances q_i it is
1 - prod over S of (1 - q_i), whose Shapley value has the closed form

    share_i = q_i * integral over t in [0, 1] of prod over j != i of (1 - t q_j) dt.

With a necessary lead (owner of the film or course), v(S) = 0 unless the lead is in S:

    share_i = q_i * integral of t prod over j != i of (1 - t q_j) dt,
    lead    = 1 - integral of prod over all j of (1 - t q_j) dt.

The integrands are polynomials, so Gauss-Legendre with ceil((k+1)/2) nodes is exact. Shapley
values are linear: the sum over items is the exact split of the (sampled) game, and it sums to v(N).

Stability. With a lead, a split is in the core iff each partner gets between 0 and his exclusive
contribution and the lead the rest. Without a lead the core is empty unless audiences are
disjoint, for partners who overlap would together ask for more than they reach.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.audience.membership import Audiences, Items, audience_items, read_audiences
from graphkit.check import finite, non_negative, positive_int, refuse
from graphkit.diffusion.worlds import check_value
from graphkit.errors import InvalidParameter, UnknownName, close_matches
from graphkit.kernels import kernel
from graphkit.results import Manifest, Result, make_manifest
from graphkit.rng import as_seed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from graphkit.progress import ProgressCallback
    from graphkit.projection.projection import Projection

__all__ = ["ProfitSplit", "split_profit"]

_Z95 = 1.959963984540054
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False, repr=False)
class ProfitSplit(Result):
    """Who gets what.

    Parameters
    ----------
    names : tuple of str
        Parties in the order given; a lead comes last.
    share, lower, upper : ndarray of float64
        Shapley value minus own cost and part of the common cost, with its 95 % sampling interval
        (without sampling the interval is the share).
    exclusive : ndarray of float64
        Value lost without this party; all of it for a lead.
    alone : ndarray of float64
        Value this party reaches by itself; 0 for a lead.
    joint : float
        Value reached together, before costs.
    stable : bool or None
        Whether no group of parties would earn more on its own; None when that is not known.
    stable_reason : str
        Why.
    lead : str or None
        Name of the necessary lead.
    """

    names: tuple[str, ...]
    share: np.ndarray = field(metadata={"dtype": np.float64})
    lower: np.ndarray = field(metadata={"dtype": np.float64})
    upper: np.ndarray = field(metadata={"dtype": np.float64})
    exclusive: np.ndarray = field(metadata={"dtype": np.float64})
    alone: np.ndarray = field(metadata={"dtype": np.float64})
    joint: float
    stable: bool | None
    stable_reason: str
    lead: str | None
    manifest: Manifest

    def to_frame(self) -> pd.DataFrame:
        """Return one row per party: name, share, lower, upper, exclusive, alone."""
        import pandas as pd

        columns = {name: getattr(self, name) for name in ("share", "lower", "upper", "exclusive", "alone")}
        return pd.DataFrame({"name": list(self.names), **columns})


def split_profit(
    audiences: Mapping[str, ArrayLike],
    *,
    n_nodes: int | None = None,
    lead: str | None = None,
    value: ArrayLike | None = None,
    own_cost: Mapping[str, float] | None = None,
    common_cost: float = 0.0,
    projection: Projection | None = None,
    n_worlds: int = 10_000,
    rng: Any = None,
    progress: ProgressCallback | None = None,
) -> ProfitSplit:
    """Split the value reached together by Shapley's rule.

    Parameters
    ----------
    audiences : mapping name -> rows, mask or chances
        As in :func:`graphkit.audience.overlap.overlap`.
    n_nodes : int, optional
        Number of users, needed for rows without a projection.
    lead : str, optional
        A party without whom there is no profit; it has no audience and gets a row of its own.
    value : array_like, shape (n_nodes,), optional
        Value per user, >= 0; default 1.
    own_cost : mapping name -> cost, optional
        Taken from that party's share.
    common_cost : float, default 0
        Taken from all shares in equal parts, the lead's included.
    projection : Projection, optional
        With it, audiences are seeds and value counts after propagation (independent cascade).
    n_worlds : int, default 10_000
        Worlds of the propagation.
    rng : int, Generator, SeedSequence or None
    progress : callable, optional
        See `graphkit.progress`.

    Returns
    -------
    ProfitSplit
        Shares plus costs sum to ``joint``. The split holds for the listed parties only: one
        more party changes every share.

    Raises
    ------
    InvalidParameter, DataInvalid, UnknownNode
        Audiences as in :func:`~graphkit.audience.overlap.overlap`; the lead has an audience.
    UnknownName
        A cost is given for a party that is not there.

    References
    ----------
    Shapley, L. S. (1953). A value for n-person games. https://doi.org/10.1515/9781400881970-018

    Examples
    --------
    The one user both reach is shared half and half.

    >>> split_profit({"a": [0, 1, 2], "b": [2, 3]}, n_nodes=5).to_frame()[["name", "share"]].round(9).values.tolist()
    [['a', 2.5], ['b', 1.5]]
    """
    start, seed = time.perf_counter(), as_seed(rng)
    worlds = positive_int("n_worlds", n_worlds)
    table = read_audiences(audiences, n_nodes, projection)
    if lead is not None and str(lead) in table.names:
        message = f"the lead {lead!r} has an audience of its own; a lead is the owner, not a channel"
        raise InvalidParameter(message, parameter="lead", value=lead, hint="name the audience differently")
    names = (*table.names, str(lead)) if lead is not None else table.names
    costs = _costs(names, own_cost) + non_negative("common_cost", common_cost) / len(names)
    values = check_value(value, table.n_nodes)
    items = audience_items(table, projection, values, n_worlds=worlds, seed=seed, progress=progress)
    sums = _Sums.over(items, len(table.names), with_lead=lead is not None)
    gross, half = sums.shares(sampled=projection is not None)
    net = gross - costs
    stable, reason = _stability(sums, net, common_cost, with_lead=lead is not None, sampled=projection is not None)
    manifest = make_manifest(
        "split_profit",
        request=_request(table, lead, value, own_cost, common_cost, projection, worlds),
        answer=[net.tolist(), sums.joint, stable],
        seed=seed if projection is not None else None,
        snapshot=None if projection is None else projection.snapshot_id,
        seconds=time.perf_counter() - start,
    )
    return ProfitSplit(
        names=names,
        share=net,
        lower=net - half,
        upper=net + half,
        exclusive=np.append(sums.exclusive, [] if lead is None else [sums.joint]),
        alone=np.append(sums.alone, [] if lead is None else [0.0]),
        joint=sums.joint,
        stable=stable,
        stable_reason=reason,
        lead=None if lead is None else str(lead),
        manifest=manifest,
    )


def _costs(names: tuple[str, ...], own_cost: Mapping[str, float] | None) -> NDArray[np.float64]:
    if own_cost is not None and not hasattr(own_cost, "items"):
        refuse("own_cost", type(own_cost).__name__, "a mapping name -> cost")
    costs = np.zeros(len(names))
    for name, cost in (own_cost or {}).items():
        if str(name) not in names:
            message = f"own_cost names {name!r}, which is no party of this split"
            raise UnknownName(message, kind="party", name=str(name), close_matches=close_matches(name, names))
        costs[names.index(str(name))] = finite(f"own_cost[{name!r}]", cost)
    return costs


def _request(
    table: Audiences,
    lead: str | None,
    value: ArrayLike | None,
    own_cost: Mapping[str, float] | None,
    common_cost: float,
    projection: Projection | None,
    worlds: int,
) -> dict[str, Any]:
    return {
        "audiences": table.digest(),
        "names": list(table.names),
        "lead": lead,
        "value": None if value is None else np.asarray(value, dtype=np.float64).sum(),
        "own_cost": {str(k): float(v) for k, v in (own_cost or {}).items()},
        "common_cost": float(common_cost),
        "n_worlds": worlds if projection is not None else None,
    }


@dataclass(eq=False)
class _Sums:
    """Totals over all items; squares are those of single items."""

    n_items: int
    share: NDArray[np.float64]
    share_square: NDArray[np.float64]
    exclusive: NDArray[np.float64]
    alone: NDArray[np.float64]
    slack: NDArray[np.float64]
    slack_square: NDArray[np.float64]
    joint: float

    @classmethod
    def over(cls, items: Iterator[Items], m: int, *, with_lead: bool) -> _Sums:
        parties = m + 1 if with_lead else m
        total = cls(0, np.zeros(parties), np.zeros(parties), np.zeros(m), np.zeros(m), np.zeros(m), np.zeros(m), 0.0)
        for part in items:
            most = int(np.diff(part.indptr).max(initial=0))
            t, w = np.polynomial.legendre.leggauss((most + 2) // 2 + 1)
            total.joint += split_kernel(
                part.indptr, part.party, part.chance, part.weight, (t + 1) / 2, w / 2, with_lead,
                total.share, total.share_square, total.exclusive, total.alone, total.slack, total.slack_square,
            )  # fmt: skip
            total.n_items += part.weight.size
        return total

    def shares(self, *, sampled: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Gross shares and half the width of their 95 % intervals."""
        if not sampled:
            return self.share, np.zeros(self.share.size)
        return self.share, _Z95 * self.error(self.share, self.share_square)

    def error(self, total: NDArray[np.float64], square: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the standard error of a total over independent items."""
        return np.sqrt(np.maximum(square - total * total / self.n_items, 0.0))


def _stability(
    sums: _Sums, net: NDArray[np.float64], common_cost: float, *, with_lead: bool, sampled: bool
) -> tuple[bool | None, str]:
    """Core check of the game that includes the costs."""
    tiny = _ROUNDING * max(sums.joint, 1e-12)
    m = sums.alone.size
    if (net < -tiny).any():
        return False, "a party earns less than nothing"
    if not with_lead:
        if m == 1:
            return True, "a single party"
        if common_cost > 0:
            return None, "how a group that leaves would bear the common cost is not stated"
        if sums.alone.sum() > sums.joint + tiny:
            return (
                False,
                "audiences overlap: alone the parties reach more in sum than together, so no split is in the core",
            )
        return True, "audiences are disjoint"
    slack = sums.slack + common_cost / (m + 1)  # exclusive - share; own costs cancel
    unsure = _Z95 * sums.error(sums.slack, sums.slack_square) if sampled else np.zeros(m)
    if (slack < -unsure - tiny).any():
        return False, "a partner gets more than he adds to the others"
    if (slack < -tiny).any():
        return None, "a partner's share is within sampling error of what he adds to the others"
    return True, "every partner gets at most what he adds to the others"


@kernel
def split_kernel(
    indptr: Any,
    party: Any,
    chance: Any,
    weight: Any,
    t: Any,
    w: Any,
    with_lead: Any,
    share: Any,
    share_square: Any,
    exclusive: Any,
    alone: Any,
    slack: Any,
    slack_square: Any,
) -> Any:
    """Add every item's split to the totals; return the joint value."""
    joint, prods = 0.0, np.empty(t.size)
    m = alone.size
    for i in range(weight.size):
        first, last = indptr[i], indptr[i + 1]
        if first == last or weight[i] == 0:
            continue
        nobody, sure, reached = 1.0, 0, 0.0
        for k in range(first, last):
            reached += chance[k] * (1 - reached)  # 1 - nobody has no digits left where all chances are small
            if chance[k] >= 1:
                sure += 1
            else:
                nobody *= 1 - chance[k]
        for a in range(t.size):
            prods[a] = 1.0
            for k in range(first, last):
                prods[a] *= 1 - t[a] * chance[k]
        joint += weight[i] * reached
        others = 0.0
        for k in range(first, last):
            q, c, part = chance[k], party[k], 0.0
            for a in range(t.size):
                inner = w[a] * prods[a] / (1 - t[a] * q)
                part += inner * t[a] if with_lead else inner
            part *= q * weight[i]
            others += part
            if q >= 1:
                only = nobody if sure == 1 else 0.0
            elif sure == 0:
                only = q * nobody / (1 - q)
            else:
                only = 0.0
            only *= weight[i]
            share[c] += part
            share_square[c] += part * part
            alone[c] += q * weight[i]
            exclusive[c] += only
            slack[c] += only - part
            slack_square[c] += (only - part) * (only - part)
        if with_lead:
            part = weight[i] * reached - others
            share[m] += part
            share_square[m] += part * part
    return joint
