"""Intervals that every floor may use: quantiles, shares of counts and their differences, and how a number is told with its interval."""

from __future__ import annotations

import math
import numbers
from statistics import NormalDist
from typing import Any

import numpy as np

from graphkit.check import finite, non_negative, positive_int, refuse

__all__ = [
    "EXACT",
    "counted",
    "digits_of",
    "give_or_take",
    "newcombe",
    "percentile_tail",
    "plainly",
    "quantile",
    "sign",
    "unskewed",
    "wilson",
    "wilson_of",
]

ROUNDED = 1e-9  # sums of floats may pass a bound by that much
EXACT = 2e-3  # an exact value carries the interval of its own rounding to thousandths


def quantile(confidence: float, freedom: float = 0) -> float:
    """Return z such that a standard normal lies in [-z, z] with chance ``confidence``: 1.95996 at 0.95.

    With ``freedom`` > 0 Student's t with so many degrees of freedom in its place: 2.26216 at 0.95 and 9.

    Raises
    ------
    InvalidParameter
        A confidence outside (0, 1), degrees of freedom below 0.
    """
    if not 0 < finite("confidence", confidence) < 1:
        refuse("confidence", confidence, "a number in (0, 1)", hint="0.95 stands for 95 %")
    if non_negative("freedom", freedom) > 0:
        from scipy.special import stdtrit

        return float(stdtrit(freedom, 0.5 + confidence / 2))
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def percentile_tail(n: int, *, confidence: float = 0.95) -> float:
    """Return which share of bootstrap values to cut off on either side, where a figure rests on n people.

    Resampling n people understates their spread by n / (n - 1) and knows no Student's t: cut where a normal distribution is
    as rare as t times sqrt(n / (n - 1)).

    Parameters
    ----------
    n : int >= 2
    confidence : float in (0, 1)

    References
    ----------
    Hesterberg (2015). What teachers should know about the bootstrap, the expanded percentile interval.
    https://doi.org/10.1080/00031305.2015.1089789

    Examples
    --------
    >>> round(percentile_tail(12), 4), round(percentile_tail(10_000), 4)
    (0.0108, 0.025)
    """
    positive_int("n", n, minimum=2)
    return NormalDist().cdf(-quantile(confidence, n - 1) * math.sqrt(n / (n - 1)))


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
    if not 0 <= finite("successes", successes) <= n:
        refuse("successes", successes, f"a count in 0..{n}", hint="count every success among its own trials")
    return wilson_of(successes / n, n, quantile(confidence))


def wilson_of(share: float, n: float, z: float) -> tuple[float, float]:
    """Return Wilson's interval of a share seen in n trials, whole or not, at the normal quantile z.

    Raises
    ------
    InvalidParameter
        A share outside [0, 1], a number of trials that is not above 0, a quantile below 0.
    """
    if not _is_real(share) or not -ROUNDED <= share <= 1 + ROUNDED:
        refuse("share", share, "a share in [0, 1]", hint="divide successes by their own trials")
    if not _is_real(n) or not 0 < n < math.inf:
        refuse("n", n, "a number of trials above 0", hint="without a trial there is no share: leave it out")
    non_negative("z", z)
    z2 = z * z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return (0.0 if share == 0 else max(0.0, middle - half)), (1.0 if share == 1 else min(1.0, middle + half))


def newcombe(
    first: tuple[float, float], second: tuple[float, float], *, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the interval of a difference of two shares, right also where one of them is 0: too few were seen to see any.

    With Wilson's l <= share <= u of either, difference - sqrt((p1 - l1)^2 + (u2 - p2)^2) to
    difference + sqrt((u1 - p1)^2 + (p2 - l2)^2).

    Parameters
    ----------
    first, second : tuple of float
        Share in [0, 1] and how many independent trials it rests on, > 0, whole or not.
    confidence : float in (0, 1)

    References
    ----------
    Newcombe (1998). Interval estimation for the difference between independent proportions, method 10.
    https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I

    Examples
    --------
    The paper's table II (a): 56 of 70 against 48 of 80.

    >>> lower, upper = newcombe((56 / 70, 70), (48 / 80, 80))
    >>> round(lower, 4), round(upper, 4)
    (0.0524, 0.3339)
    """
    z = quantile(confidence)
    for name, pair in (("first", first), ("second", second)):
        if not isinstance(pair, tuple) or len(pair) != 2:
            refuse(name, pair, "a share and its number of trials", hint="give (successes / n, n)")
    (a, _), (b, _) = first, second
    (low_a, high_a), (low_b, high_b) = wilson_of(*first, z), wilson_of(*second, z)
    return a - b - math.hypot(a - low_a, high_b - b), a - b + math.hypot(high_a - a, b - low_b)


def _is_real(value: Any) -> bool:
    """Whether it is a number, infinite ones included; NaN and bool are none."""
    return not isinstance(value, bool | np.bool_) and isinstance(value, numbers.Real) and not math.isnan(value)


def unskewed(z: float, skewness: float) -> float:
    """Return the quantile of a studentised mean of that skewness where Student's is ``z``: Hall's transformation backwards.

    References
    ----------
    Hall (1992). On the removal of skewness by transformation. https://doi.org/10.1111/j.2517-6161.1992.tb01876.x
    """
    if not _is_real(z):
        refuse("z", z, "a quantile", hint="quantile(0.95) gives one")
    if abs(finite("skewness", skewness)) < 1e-9 or math.isinf(z):
        return z
    return 3 / skewness * (math.cbrt(1 + skewness * (z - skewness / 6)) - 1)


def give_or_take(mean: float | None, interval: Any, *, signed: bool = False) -> str:
    """Return ``241.7 ±3.2``: the mean and half of its interval, to the digits that half supports; an exact value stands alone.

    With ``signed`` a gain bears its plus.
    """
    if mean is None:
        return "–"
    plus = sign(mean) if signed else ""
    if not interval or interval[1] - interval[0] <= EXACT:
        return plus + plainly(mean)
    half = (interval[1] - interval[0]) / 2
    digits = digits_of(half)
    return f"{plus}{mean:,.{digits}f} ±{half:,.{digits}f}"


def sign(difference: float) -> str:
    """Return the plus of a gain; a loss has its minus already."""
    return "+" if difference > 0 else ""


def digits_of(half: float) -> int:
    """Digits after the point at which a half width still shows."""
    return 0 if half >= 10 else 1 if half >= 0.1 else 2 if half >= 0.01 else 3


def counted(n: int, one: str, many: str) -> str:
    """Return a number before the words that fit it.

    Examples
    --------
    >>> counted(1, "user is", "users are"), counted(1200, "user is", "users are")
    ('1 user is', '1,200 users are')
    """
    return f"{n:,} {one if n == 1 else many}"


def plainly(value: float | None) -> str:
    """Return a count without interval: whole from 1,000 up, else one digit, very small ones three."""
    if value is None:
        return "–"
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 3
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
