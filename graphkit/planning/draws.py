"""Draws of the chances that a plan does not know: what is believed about them, and samples of that belief.

A draw changes two things. Every channel's chance of exposure is multiplied by a factor of its own: even in [0.5, 1.5]
when its chance is declared, the posterior where a wave was watched (`graphkit.planning.updates`). The chances on ties
move together, at one common normal place z: learned ones by z standard errors of their level
(`graphkit.planning.chances.tie_bounds`), declared ones by the factor 2^(z / 1.96), so that 95 % of the draws lie in
[1/2, 2]. Errors of single ties average out. Draws are fixed by the seed, so all plans meet the
same ones, and places are spread evenly, one in each part of the distribution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import bdtr, betaincinv, ndtri  # the whole of scipy.stats takes .6 s of processor time to import

from graphkit.intervals import counted
from graphkit.planning.chances import BAND, level_known, moved, tie_bounds
from graphkit.rng import as_generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.planning.campaign import Campaign

    Floats = NDArray[np.float64]

__all__ = ["Draw", "believed", "draws_of", "quantile", "quantile_interval"]


@dataclass(frozen=True)
class Draw:
    """One draw of the unknown chances: a factor per channel, and the chances on all ties (None without word of mouth)."""

    channel_factor: Floats
    place: float
    bounds: tuple[Floats, Floats] | None

    def ties(self, p: Floats) -> Floats:
        """Chances on the ties of a graph in this draw."""
        return moved(p, self.bounds, self.place)


def draws_of(campaign: Campaign, count: int | None = None, purpose: str = "plan:draws") -> list[Draw]:
    """Return draws (by default as many as the request asks for): pure functions of its seed and the purpose."""
    request, n = campaign.request, len(campaign.market.ids)
    count = request.draws if count is None else count
    rng = as_generator(request.seed, purpose)
    place = rng.random((count, n))
    factors = BAND[0] + (BAND[1] - BAND[0]) * place
    for name, told in _watched(campaign)["channels"].items():
        if name in campaign.market.ids:  # the market holds the posterior mean already
            column = campaign.market.ids.index(name)
            factors[:, column] = (
                betaincinv(told["a"], told["b"], place[:, column]) * (told["a"] + told["b"]) / told["a"]
            )
    spread = (rng.permutation(count) + rng.random(count)) / count
    z = ndtri(spread)
    ties = _watched(campaign)["ties"]
    if ties is not None:
        z = z * ties["z_error"] + ties["z"]
    bounds = None if campaign.base is None else tie_bounds(campaign.snapshot, request)
    return [Draw(factor, float(at), bounds) for factor, at in zip(factors, z, strict=True)]


def _watched(campaign: Campaign) -> dict[str, Any]:
    """What waves that are over have taught."""
    return (campaign.request.done or {}).get("learned") or {"channels": {}, "ties": None}


def believed(campaign: Campaign) -> dict[str, str | None]:
    """Say where the draws of channels and of ties come from."""
    told = _watched(campaign)
    n = len(told["channels"])
    channels = f"declared chances of exposure, each channel x{BAND[0]:g} to x{BAND[1]:g} by itself"
    if n:
        channels += f"; {counted(n, 'channel', 'channels')} by the posterior after the waves that are over"
    if campaign.base is None:
        return {"channels": channels, "ties": None}
    ties = "declared chances, all together, 95 % within x1/2 to x2"
    if campaign.request.probability == "learned":
        ties = "learned chances, all together within the error of their level"
        if not level_known(campaign.snapshot):
            ties = "learned chances within their 95 % intervals, all together"
    return {"channels": channels, "ties": ties + ("; narrowed by what was watched" if told["ties"] else "")}


def quantile(values: Floats, q: float) -> float:
    """Return the smallest value that at least a share q of the draws does not exceed."""
    return float(np.sort(values)[max(0, math.ceil(q * values.size - 1e-9) - 1)])


def quantile_interval(values: Floats, q: float, most: float) -> tuple[float, float]:
    """Return the 95 % interval of the q-quantile of what the values are draws of: two of the values themselves.

    Whatever the distribution, the number of n draws that do not exceed its q-quantile is binomial (n, q), so the l-th
    smallest value lies above it with chance P(B < l) and the u-th below it with chance P(B >= u), each at most 2.5 %.
    Where too few draws lie beyond the quantile for that, the end is what no value passes: 0 or ``most``.

    References
    ----------
    Conover (1999). Practical Nonparametric Statistics, 3rd edition, section 3.2.

    Examples
    --------
    >>> quantile_interval(np.arange(1.0, 65.0), 0.1, 100.0)
    (2.0, 12.0)
    >>> quantile_interval(np.arange(1.0, 17.0), 0.1, 100.0)
    (0.0, 5.0)
    """
    n, ordered = values.size, np.sort(values)
    at_most = bdtr(np.arange(n), n, q)  # P(B <= k)
    low, high = int((at_most <= 0.025).sum()), int((1 - at_most > 0.025).sum())
    return (float(ordered[low - 1]) if low else 0.0), (float(ordered[high]) if high < n else most)
