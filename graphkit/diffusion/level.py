"""How far all learned chances of one item may be off together: the error of their level.

The posterior of an arc tells its own error, and those of single arcs are independent. In one cascade an arc is tried at
most once, and a coin whose chance is itself drawn lands as often as one of the mean chance: own errors are no more
than the luck that is counted anyway. What does not average out is the part all arcs have in common,

    error^2 = var(rate) / rate^2 + tau^2,  rate = sum of hits / sum of tries,

the error of the overall rate of success, a ratio of sums over items (Cochran 1977, section 6.4), and how much items
differ in their rates beyond chance (tau, by moments: a catching item goes further over every tie, and nobody knows
beforehand which item is). Where sizes were matched, the error of that factor stands in place of the rate's.

References
----------
Cochran: Sampling Techniques, 3rd edition. Wiley 1977.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from graphkit.diffusion.events import Tries
    from graphkit.diffusion.size_factor import SizeFactor

__all__ = ["FEWEST", "level_error"]

FEWEST = 12  # items with tries below which nothing is said


def level_error(tries: Tries, scale: SizeFactor) -> float:
    """Return the standard error of the logarithm of the level for a new item; nan where the log tells too little.

    Parameters
    ----------
    tries : Tries
        Of the whole log.
    scale : SizeFactor
        The factor on sizes, 1 where none was needed.
    """
    some = tries.item_tried > 0
    hits, tried = tries.item_hits[some], tries.item_tried[some]
    if hits.size < FEWEST or not hits.any():
        return float("nan")
    expected = tried * (hits.sum() / tried.sum())
    off = ((hits - expected) ** 2).sum()
    chance = (expected * np.maximum(1 - expected / tried, 0.0)).sum()
    between = max(0.0, (off - chance) / (expected**2).sum())
    common = scale.error**2 if scale.factor != 1 else off / hits.sum() ** 2 * hits.size / (hits.size - 1)
    return float(np.sqrt(common + between))
