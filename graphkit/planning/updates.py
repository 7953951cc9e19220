"""What a wave teaches about the chances: posteriors of the channels that were used, and of the ties.

Channels (Beta-Binomial). A use of channel c exposes each of its n people by his own coin. The prior of the mean chance
m is the Beta distribution with mean m and the spread of the declared band (even in [m/2, 3m/2]: standard deviation
m / sqrt 12). With s exposures in n tries the posterior is Beta(a + s, b + n - s); its mean over m is the factor by
which the channel's chances are multiplied from then on. Unequal chances make the count vary less than a binomial one,
so the posterior is a little wide, never narrow.

Ties. An active user tries every tie once, so the ties that were tried are spent: only what ties have in common is of
use to the waves left. That is their common place z (`graphkit.planning.draws`): prior normal, likelihood of the
cascade with its order in time (Saito, Nakano, Kimura 2008): a tie from an active user to one who stayed out failed; of
the ties from those active before him to a user who was never exposed, at least one worked. The posterior is taken
normal around its mode (Laplace).

Nothing is updated silently: what was learned, and what could not be, stands in the plan.

References
----------
Saito, Nakano, Kimura: Prediction of information diffusion probabilities for independent cascade model. KES 2008.
https://doi.org/10.1007/978-3-540-85567-5_9
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import betaincinv

from graphkit.intervals import counted
from graphkit.planning.chances import BAND, Z95, moved, tie_bounds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.planning.campaign import Campaign
    from graphkit.projection.projection import Projection

    Floats = NDArray[np.float64]

__all__ = ["PASSIVE", "channel_posterior", "learn_from", "tie_posterior"]

PASSIVE = frozenset({"refund", "survey", "test_score"})  # kinds of event that show nobody was reached
FARTHEST = 8.0  # standard errors that a posterior may lie from the prior
Purchase = tuple[str, "str | None", int]


def channel_posterior(mean: float, tries: int, exposed: int) -> tuple[float, float]:
    """Return (a, b) of the Beta posterior of a mean chance after ``exposed`` of ``tries``."""
    spread = (BAND[1] - BAND[0]) / 12**0.5
    weight = max((1.0 - mean) / (mean * spread**2) - 1.0, 2.0)
    return mean * weight + exposed, max((1.0 - mean) * weight, 0.5) + tries - exposed


def learn_from(campaign: Campaign, bought: Sequence[Purchase], events: Any) -> dict[str, Any]:
    """Return what the log of the waves so far teaches.

    Parameters
    ----------
    campaign : Campaign
        The market as it was before the first wave.
    bought : sequence of (channel, material, uses)
        All purchases of the waves that are over.
    events : DataFrame with ts, user, kind, channel; anything else teaches nothing

    Returns
    -------
    dict
        ``channels``: id -> a, b, prior, posterior, interval, tries, exposed; ``ties``: z, z_error, factor,
        factor_interval, tried, told, unexplained, or None; ``notes``: what could not be learned and why.
    """
    if not hasattr(events, "columns") or "channel" not in events.columns:
        return {
            "channels": {},
            "ties": None,
            "notes": ["the events name no channels: every chance stays as it was planned"],
        }
    users, kinds, channels = (events[name].astype(str).to_numpy(object) for name in ("user", "kind", "channel"))
    row = np.array([campaign.who.row_of.get(u, -1) for u in users.tolist()], dtype=np.int64)
    exposed = (kinds == "exposure") & (row >= 0)
    if "parent_user" in events.columns:
        exposed &= events["parent_user"].isna().to_numpy()  # told by a friend, not by the channel
    found, notes = _channels(campaign, bought, row[exposed], channels[exposed])
    part = (row >= 0) & ~np.isin(kinds.astype(str), list(PASSIVE))
    ties, why_not = _ties(campaign, events, row, part, exposed)
    return {"channels": found, "ties": ties, "notes": notes if why_not is None else [*notes, why_not]}


def _ties(
    campaign: Campaign, events: Any, row: NDArray[np.int64], part: NDArray[np.bool_], exposed: NDArray[np.bool_]
) -> tuple[dict[str, Any] | None, str | None]:
    """What the log teaches of the ties, or why it teaches nothing; a plan whose ties are not followed to the end needs no reason.

    ``row`` is the user of each event, ``part`` whether it shows that he takes part, ``exposed`` whether a channel was
    shown to him.
    """
    if campaign.base is None or campaign.request.max_steps is not None:
        return None, None
    if not exposed.any():
        return None, "the events show no exposure: the chances on ties stay as they were planned"
    first = np.full(campaign.who.n, np.inf)
    np.minimum.at(first, row[part], events["ts"].to_numpy(np.float64)[part])
    direct = np.zeros(campaign.who.n, dtype=bool)
    direct[row[exposed]] = True
    if not (np.isfinite(first) & ~direct).any():
        why_not = "the events show nobody who was told by a friend: taken as not measured, so the chances on ties stay as they were planned"
        return None, why_not
    ties = tie_posterior(campaign.base, tie_bounds(campaign.snapshot, campaign.request), first, direct)
    return ties, None if ties else "nobody tried a tie: the chances on ties stay as they were planned"


def _channels(
    campaign: Campaign, bought: Sequence[Purchase], user: NDArray[np.int64], channel: NDArray[np.object_]
) -> tuple[dict[str, Any], list[str]]:
    """Posterior of every channel that was bought and shows in the log."""
    options, found, silent = campaign.options, {}, []
    place: dict[tuple[str, str | None], int] = {}
    for i in range(options.n):
        place.setdefault((campaign.label(i), options.material[i]), i)
    for name in sorted({x[0] for x in bought}):
        mine = [
            (place[name, material], uses) for c, material, uses in bought if c == name and (name, material) in place
        ]
        seen = np.bincount(user[channel == name], minlength=campaign.who.n)
        if not seen.any() or not mine:
            silent.append(name)
            continue
        uses = sum(n for _, n in mine)
        columns = [(campaign.hazard[:, [i]], n) for i, n in mine]
        tries = sum(column.nnz * n for column, n in columns)
        expected = sum(float(-np.expm1(-column.data).sum()) * n for column, n in columns)
        inside = np.unique(np.concatenate([column.indices for column, _ in columns]))
        count = int(np.minimum(seen[inside], uses).sum())
        a, b = channel_posterior(expected / tries, tries, min(count, tries))
        low, high = (float(betaincinv(a, b, x)) for x in (0.025, 0.975))
        found[name] = {
            "a": a,
            "b": b,
            "prior": expected / tries,
            "posterior": a / (a + b),
            "interval": [low, high],
            "tries": tries,
            "exposed": count,
        }
    notes = (
        [
            f"{counted(len(silent), 'channel that was bought shows', 'channels that were bought show')} no exposure in the events ({', '.join(silent[:5])}): taken as not measured, not as 0"
        ]
        if silent
        else []
    )
    return found, notes


def tie_posterior(
    graph: Projection, bounds: tuple[Floats, Floats] | None, first: Floats, direct: NDArray[np.bool_]
) -> dict[str, Any] | None:
    """Return the posterior of the common place of all ties, None when no tie was tried.

    Parameters
    ----------
    graph : Projection
    bounds : lower and upper ends of learned chances, or None
    first : float64 ndarray, shape (n_nodes,)
        Time of each user's first event; infinite for those who stayed out.
    direct : bool ndarray, shape (n_nodes,)
        Users a channel exposed.
    """
    source, target = graph.sources, graph.indices
    p = np.asarray(graph.probability, dtype=np.float64)
    tried = np.isfinite(first)[source] & (p > 0)
    failed = np.flatnonzero(tried & np.isinf(first)[target])
    earlier = np.flatnonzero(tried & (first[source] < first[target]) & np.isfinite(first)[target] & ~direct[target])
    earlier = earlier[np.argsort(target[earlier], kind="stable")]
    if not failed.size and not earlier.size:
        return None
    from scipy.optimize import minimize_scalar

    told, begin = np.unique(target[earlier], return_index=True)
    arcs = np.concatenate((failed, earlier))
    ends = None if bounds is None else (bounds[0][arcs], bounds[1][arcs])

    def loss(z: float) -> float:
        missed = np.log1p(-np.minimum(moved(p[arcs], ends, z), 1 - 1e-9))
        together = np.add.reduceat(missed[failed.size :], begin) if told.size else np.empty(0)
        return float(z * z / 2 - missed[: failed.size].sum() - np.log(np.maximum(-np.expm1(together), 1e-300)).sum())

    mode, step = (
        float(minimize_scalar(loss, bounds=(-FARTHEST, FARTHEST), method="bounded", options={"xatol": 1e-6}).x),
        1e-2,
    )
    bend = (loss(mode + step) - 2 * loss(mode) + loss(mode - step)) / step**2
    error = 1.0 / max(bend, 1e-12) ** 0.5
    factor = [
        float(moved(p[arcs], ends, z).sum() / p[arcs].sum()) for z in (mode, mode - Z95 * error, mode + Z95 * error)
    ]
    silent = int((np.isfinite(first) & ~direct).sum()) - told.size
    return {
        "z": mode,
        "z_error": min(error, 1.0),
        "factor": factor[0],
        "factor_interval": factor[1:],
        "tried": int(arcs.size),
        "told": int(told.size),
        "unexplained": silent,
    }
