"""Profit split: who gets what of the value reached together, costs taken off.

The rule is Shapley's, exact on every item of the overlap: :mod:`graphkit.audience.shapley`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.audience.membership import Audiences, audience_items, read_audiences
from graphkit.audience.shapley import Sums, stability
from graphkit.check import finite, mapping_of, non_negative, positive_int
from graphkit.diffusion.worlds import check_value
from graphkit.errors import InvalidParameter, UnknownName, close_matches
from graphkit.results import Manifest, Result, make_manifest
from graphkit.rng import as_seed

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from graphkit.progress import ProgressCallback
    from graphkit.projection.projection import Projection

__all__ = ["ProfitSplit", "split_profit"]


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
    sums = Sums.over(items, len(table.names), with_lead=lead is not None)
    gross, half = sums.shares(sampled=projection is not None)
    net = gross - costs
    stable, reason = stability(sums, net, common_cost, with_lead=lead is not None, sampled=projection is not None)
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
    given = {} if own_cost is None else mapping_of("own_cost", own_cost, "a mapping name -> cost")
    costs = np.zeros(len(names))
    for name, cost in given.items():
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
