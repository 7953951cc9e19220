"""Factors on the probabilities of topics, so that simulated sizes match the real ones of each.

One topic may spread beside the graph more than another, so one factor leaves the sizes of both wrong; yet few items tell
little of a factor. So the logarithm of each topic's own factor is shrunk to that of all topics together,

    shrunk = common + tau^2 / (tau^2 + e^2) (own - common),   tau^2 = max(0, (sum of (own - common)^2 / e^2 - topics) / sum of 1 / e^2),

tau by moments (DerSimonian, Laird 1986, about a centre that is given), e the standard error of the topic's own. A topic of fewer
than `FEWEST` items has the common factor: the logarithm of so few items' mean may be anything. How much items stray from their simulated sizes, in shares of the mean, is taken alike in all topics: few items do not show it.

References
----------
DerSimonian, Laird: Meta-analysis in clinical trials. Controlled Clinical Trials 7(3), 1986, doi:10.1016/0197-2456(86)90046-2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphkit.diffusion.size_factor import FEWEST, LARGEST, STEP, Sizes, size_factor, solve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["shrunk", "topic_factors"]


def topic_factors(sizes: Sizes, topic: NDArray[np.int64], n_topics: int) -> Floats:
    """Return the factor of each topic, 1 where the log is too small for any.

    Parameters
    ----------
    sizes : Sizes
        Of items simulated under the probabilities of their own topics, learned without them.
    topic : int64 ndarray
        Topic of each of the items, 0..n_topics - 1.
    n_topics : int
    """
    common = size_factor(sizes)
    if not common.items.size:
        return np.ones(n_topics)
    n_items = np.bincount(topic, minlength=n_topics)
    members = {k: topic == k for k in np.flatnonzero(n_items >= FEWEST).tolist()}
    _widen(sizes, list(members.values()))
    own, slope, stray = np.full(n_topics, common.factor), np.zeros(n_topics), np.zeros(topic.size)
    grid, curves = sizes.curves()
    for k, mine in members.items():
        mean = curves[:, mine].mean(axis=1)
        own[k] = solve(grid, mean, float(sizes.real[mine].mean()))
        at = np.array([np.interp(own[k], grid, curve) for curve in curves[:, mine].T])
        level = max(float(at.mean()), 1e-9)
        slope[k] = max(float(np.interp(own[k], grid, np.gradient(mean, np.log(grid)))) / level, 0.0)
        stray[mine] = (sizes.real[mine] - at) / level
    freedom = max(n_items[n_items >= FEWEST].sum() - len(members), 1)
    spread = np.sqrt(float((stray**2).sum()) / freedom / np.maximum(n_items, 1))
    error = np.divide(np.maximum(spread, 1e-6), slope, out=np.full(n_topics, np.inf), where=slope > 0)
    return np.asarray(common.factor * np.exp(shrunk(np.log(own / common.factor), error)))


def shrunk(off: Floats, error: Floats) -> Floats:
    """Return distances from a common centre pulled to 0, as far as their errors (infinite: nothing is known) explain them."""
    weight = 1 / error**2
    if not weight.any():
        return np.zeros_like(off)
    between = max(0.0, float(weight @ off**2) - np.count_nonzero(weight)) / float(weight.sum())
    return np.asarray(off * between / (between + error**2))


def _widen(sizes: Sizes, members: list[NDArray[np.bool_]]) -> None:
    """Try factors outwards until simulated sizes of every topic lie on both sides of the real ones."""
    for upwards in (True, False):
        factor = 1.0
        while 1 / LARGEST < factor < LARGEST and any(
            (sizes.tried[factor][mine].mean() < sizes.real[mine].mean()) == upwards for mine in members
        ):
            factor = min(factor * STEP, LARGEST) if upwards else max(factor / STEP, 1 / LARGEST)
            sizes.mean(factor)
