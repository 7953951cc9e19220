"""Means and intervals of what purchases reach, on a sample of sets that chose none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.influence.channel_cover import dot
from graphkit.intervals import newcombe, wilson_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.influence.channel_cover import Cover

    Floats = NDArray[np.float64]

__all__ = ["estimate", "measure"]

Z95 = 1.959963984540054
ROUNDED = 1e-9  # half an interval that is narrower, as a share of its number, is the rounding of sums


def measure(cover: Cover, chosen: Sequence[int], *, exact: bool) -> dict[str, list[tuple[float, tuple[float, float]]]]:
    """Return adds, exclusive and alone of each chosen option on R2: (mean, 95 % interval) in listed order."""
    out: dict[str, list[tuple[float, tuple[float, float]]]] = {"adds": [], "exclusive": [], "alone": []}
    total = cover.total(chosen)
    before = np.zeros(cover.weight.size)
    for option in chosen:
        rows, seen = cover.seen(option)
        adds, (_, exclusive) = seen * np.exp(-before[rows]), cover.exclusive(option, total)
        for name, x in (("adds", adds), ("exclusive", exclusive), ("alone", seen)):
            out[name].append(estimate(cover, rows, x, exact=exact))
        before[rows] += cover.hazards(option)
    return out


def estimate(cover: Cover, rows: NDArray[Any] | None, x: Floats, *, exact: bool) -> tuple[float, tuple[float, float]]:
    """Mean and 95 % interval of values x that stand on some of the sets (all when ``rows`` is None).

    Parts of a whole, x in [0, 1], have Wilson's interval on as many sets as one in n would need for their variance, gains
    and losses together Newcombe's of the two: what few sets see, a channel of a hundred among a million, may as well have
    been seen by more, and what none sees by a few. Exact values get the interval of their own rounding to thousandths; so
    do those that no sample changes.
    """
    weight = cover.weight if rows is None else cover.weight[rows]
    mean = cover.scale * dot(weight, x)
    low, high = (mean, mean) if exact else _sampled(cover, rows, x, mean)
    if high - low <= 2 * ROUNDED * abs(mean):
        return mean, (float(np.floor(mean * 1e3) / 1e3), float(np.ceil(mean * 1e3) / 1e3))
    return mean, (low, high)


def _sampled(cover: Cover, rows: NDArray[Any] | None, x: Floats, mean: float) -> tuple[float, float]:
    """Ends of the interval of a mean of samples."""
    n, whole = cover.weight.size, cover.scale * cover.weight.size
    if rows is not None and not x.any():  # a channel whose few people no set holds is rare, not impossible
        return 0.0, whole * wilson_of(0.0, n, Z95)[1]
    variance = _variance(cover, rows, x) / n
    up, down = float(np.maximum(x, 0.0).sum()) / n, float(np.maximum(-x, 0.0).sum()) / n
    spread = up * (1 - up) + down * (1 - down)
    settled = variance <= ROUNDED * ROUNDED * spread or spread <= 0  # but for a rounding, alike in all rounds
    if settled or float(np.abs(x).max(initial=0.0)) > 1 + ROUNDED:  # a sum of shares is no share
        half = Z95 * whole * float(np.sqrt(variance))
        return mean - half, mean + half
    sets = spread / variance
    low, high = newcombe((up, sets), (down, sets)) if down > 0 else wilson_of(up, sets, Z95)
    return whole * low, whole * high


def _variance(cover: Cover, rows: NDArray[Any] | None, x: Floats) -> float:
    """Variance of one set's value, within its root where roots are even."""
    n, rounds = cover.weight.size, cover.weight.size // cover.cycle if cover.cycle else 1
    if rounds < 2:
        share = float(x.sum()) / n
        return max(float((x * x).sum()) / n - share * share, 0.0) * n / max(n - 1, 1)
    root = (np.arange(n) if rows is None else rows) % cover.cycle
    total, square = (np.bincount(root, weights=v, minlength=cover.cycle) for v in (x, x * x))
    return max(float((square - total * total / rounds).sum()), 0.0) / (rounds - 1) / cover.cycle
