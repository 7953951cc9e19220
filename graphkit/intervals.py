"""Intervals that every floor may use: the share of a count, and the quantiles behind them."""

from __future__ import annotations

import math
from statistics import NormalDist

from graphkit.check import positive_int, refuse

__all__ = ["quantile", "wilson"]


def quantile(confidence: float, freedom: int = 0) -> float:
    """Return z such that a standard normal lies in [-z, z] with chance ``confidence``: 1.95996 at 0.95.

    With ``freedom`` > 0 Student's t with so many degrees of freedom in its place: 2.26216 at 0.95 and 9.
    """
    if not 0 < confidence < 1:
        refuse("confidence", confidence, "a number in (0, 1)")
    if freedom:
        from scipy.special import stdtrit

        return float(stdtrit(freedom, 0.5 + confidence / 2))
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(successes: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a share.

    Parameters
    ----------
    successes, n : int
        0 <= ``successes`` <= ``n``, ``n`` > 0.
    confidence : float in (0, 1)

    Returns
    -------
    tuple of float
        (lower, upper) in [0, 1]; never empty, also at 0 and at n successes.

    Raises
    ------
    InvalidParameter
        A count outside its range.

    References
    ----------
    Wilson (1927). Probable inference, the law of succession. https://doi.org/10.1080/01621459.1927.10502953

    Examples
    --------
    >>> lower, upper = wilson(8, 10)
    >>> round(lower, 4), round(upper, 4)
    (0.4902, 0.9433)
    """
    positive_int("n", n)
    if not 0 <= successes <= n:
        refuse("successes", successes, f"a count in 0..{n}")
    z = quantile(confidence)
    share, z2 = successes / n, z * z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return (0.0 if successes == 0 else max(0.0, middle - half)), (1.0 if successes == n else min(1.0, middle + half))
