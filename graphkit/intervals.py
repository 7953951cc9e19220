"""Intervals that every floor may use: shares of counts and their differences, also where people count several times, weighted events, skewed means, and quantiles."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import finite, positive_int, refuse, refuse_first

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "EXACT",
    "counted",
    "digits_of",
    "give_or_take",
    "like_people",
    "newcombe",
    "percentile_tail",
    "plainly",
    "quantile",
    "ratio_interval",
    "share_of_clusters",
    "sign",
    "unskewed",
    "weighted_events",
    "wilson",
    "wilson_of",
]

ROUNDED = 1e-9  # sums of floats may pass a bound by that much
EXACT = 2e-3  # an exact value carries the interval of its own rounding to thousandths


def quantile(confidence: float, freedom: float = 0) -> float:
    """Return z such that a standard normal lies in [-z, z] with chance ``confidence``: 1.95996 at 0.95.

    With ``freedom`` > 0 Student's t with so many degrees of freedom in its place: 2.26216 at 0.95 and 9.
    """
    if not 0 < finite("confidence", confidence) < 1:
        refuse("confidence", confidence, "a number in (0, 1)")
    if freedom:
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
    if not 0 <= successes <= n:
        refuse("successes", successes, f"a count in 0..{n}")
    return wilson_of(successes / n, n, quantile(confidence))


def wilson_of(share: float, n: float, z: float) -> tuple[float, float]:
    """Return Wilson's interval of a share seen in n trials, whole or not, at the normal quantile z.

    Raises
    ------
    InvalidParameter
        A share outside [0, 1], a number of trials that is not above 0.
    """
    if not -ROUNDED <= share <= 1 + ROUNDED:
        refuse("share", share, "a share in [0, 1]", hint="divide successes by their own trials")
    if not n > 0:
        refuse("n", n, "a number of trials above 0", hint="without a trial there is no share: leave it out")
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
    (a, _), (b, _) = first, second
    (low_a, high_a), (low_b, high_b) = wilson_of(*first, z), wilson_of(*second, z)
    return a - b - math.hypot(a - low_a, high_b - b), a - b + math.hypot(high_a - a, b - low_b)


def share_of_clusters(successes: Floats, trials: Floats, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval of sum(successes) / sum(trials) where one person's trials are alike.

    Wilson's interval with as many trials as independent ones would need for the variance between people,
    p (1 - p) / V with V = g / (g - 1) sum (s_i - p t_i)^2 / T^2, times (z / t)^2 for the g - 1 degrees of freedom of V.
    Where all or none succeeded V tells nothing, and people count as single trials: T^2 / sum t_i^2.

    Parameters
    ----------
    successes, trials : ndarray, shape (n_people,)
        At least 0, together not more successes than trials, some trial.
    confidence : float in (0, 1)

    References
    ----------
    Korn, Graubard (1998). Confidence intervals for proportions with small expected number of positive counts estimated
    from survey data. Survey Methodology 24, 193-201; Wilson's form: Dean, Pagano (2015). https://doi.org/10.1093/jssam/smv024

    Examples
    --------
    Ten people with ten trials each, who always or never succeed: as wide as ten trials, not a hundred.

    >>> lower, upper = share_of_clusters(np.repeat([0.0, 10.0], 5), np.full(10, 10.0))
    >>> round(lower, 2), round(upper, 2)
    (0.2, 0.8)
    """
    _people("successes", successes)
    _people("trials", trials, like=successes)
    used = (trials > 0) | (successes > 0)
    trials, successes = trials[used], successes[used]
    total, people = float(trials.sum()), trials.size
    if total == 0:
        refuse("trials", 0, "above 0 for somebody", hint="without a trial there is no share: leave it out")
    share, z, n = float(successes.sum()) / total, quantile(confidence), total
    if people > 1 and 0 < share < 1:
        variance = people / (people - 1) * float(((successes - share * trials) ** 2).sum()) / total**2
        n = min(n, share * (1 - share) / variance) if variance > 0 else n
        n *= (z / quantile(confidence, people - 1)) ** 2
    elif total > people:
        n = total**2 / float((trials**2).sum())
    return wilson_of(share, n, z)


def _people(name: str, amount: Floats, like: Floats | None = None) -> None:
    """Refuse amounts of people that are negative, no numbers, or of another number of people."""
    if like is not None and amount.shape != like.shape:
        refuse(name, amount.shape, f"of shape {like.shape}", hint="give one number per person in both")
    wrong = ~((amount >= 0) & (amount < math.inf))
    refuse_first(name, amount, wrong, "a finite number >= 0", hint="leave out whom nothing is known of")


def unskewed(z: float, skewness: float) -> float:
    """Return the quantile of a studentised mean of that skewness where Student's is ``z``: Hall's transformation backwards.

    References
    ----------
    Hall (1992). On the removal of skewness by transformation. https://doi.org/10.1111/j.2517-6161.1992.tb01876.x
    """
    if abs(skewness) < 1e-9 or math.isinf(z):
        return z
    return 3 / skewness * (math.cbrt(1 + skewness * (z - skewness / 6)) - 1)


def weighted_events(weight: Floats, largest: float, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval of the expected sum of the weights of rare events, right also where the heaviest are rarest.

    The mid-p gamma interval: quantiles of a gamma distribution with the sum's mean and variance, with chance one half
    after one more event of the largest weight.

    Parameters
    ----------
    weight : ndarray, shape (n_events,)
        Of each event that happened, at least 0.
    largest : float
        Weight that an event could have, at least ``max(weight)``.
    confidence : float in (0, 1)

    References
    ----------
    Fay, Kim (2017). Confidence intervals for directly standardized rates using mid-p gamma intervals.
    https://doi.org/10.1002/bimj.201600111

    Examples
    --------
    Nobody was seen to buy: the mid-p interval of a Poisson mean at no event.

    >>> lower, upper = weighted_events(np.zeros(0), 1.0)
    >>> lower, round(upper, 4)  # -log(0.05)
    (0.0, 2.9957)
    """
    from scipy.optimize import brentq
    from scipy.special import gammainc, gammaincinv

    quantile(confidence)
    _people("weight", weight)
    if float(weight.max(initial=0.0)) > finite("largest", largest):
        refuse("largest", largest, "at least the largest weight", hint=f"give {float(weight.max()):g} or more")
    if largest <= 0:
        return 0.0, 0.0
    mean, square = float(weight.sum()), float((weight**2).sum())
    gammas = [(m * m / v, v / m) for m, v in ((mean, square), (mean + largest, square + largest**2)) if m > 0]

    def beyond(x: float, level: float) -> float:
        below = [float(gammainc(shape, x / scale)) for shape, scale in gammas]
        return (below[0] + below[1] if len(below) == 2 else 1 + below[0]) / 2 - level

    def end(level: float) -> float:
        ends = [scale * float(gammaincinv(shape, level)) for shape, scale in gammas]
        first = min(ends) if len(ends) == 2 else 0.0
        return first if beyond(first, level) >= 0 else float(brentq(beyond, first, max(ends), args=(level,)))

    return end((1 - confidence) / 2), end((1 + confidence) / 2)


def like_people(amount: Floats) -> float:
    """Return as many people as, all paying alike, would make these amounts: (sum |a|)^2 / sum a^2, 0 where nobody paid.

    References
    ----------
    Kish (1965). Survey Sampling, section 11.7, of weights.

    Examples
    --------
    >>> like_people(np.array([5.0, 5.0, 0.0])), round(like_people(np.array([1.0, 1.0, 20.0])), 2)
    (2.0, 1.2)
    """
    square = float((amount**2).sum())
    return float(np.abs(amount).sum()) ** 2 / square if square > 0 else 0.0


def ratio_interval(top: Floats, bottom: Floats | None = None, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval of sum(top) / sum(bottom) over people, or of the mean of ``top``, right for skewed amounts.

    Student's interval of the people's residuals top_i - ratio bottom_i, its ends moved by their skewness.

    Parameters
    ----------
    top, bottom : ndarray, shape (n_people,)
        sum(``bottom``) > 0; None counts every person once.
    confidence : float in (0, 1)

    Returns
    -------
    tuple of float
        NaN where the residuals are all alike: then nothing tells how far another person might differ.

    Notes
    -----
    Of 95 % intervals of 60 and of 200 people 92 and 94 % hold the mean of log-normal amounts of sigma 1, 90 and 92 % of
    sigma 1.5, 87 and 89 % of sigma 2, 91 and 92 % of Pareto's 2.5, 92 and 96 % of purchases by one in twenty (2,000 draws;
    a bootstrap's percentiles hold 74 to 92 %). Those that miss lie below: the sample holds nobody of the tail, so no
    interval from it alone can know. `like_people` tells how few people such amounts rest on.

    Examples
    --------
    >>> lower, upper = ratio_interval(np.array([0.0, 1.0, 2.0, 9.0]))
    >>> bool(lower < 3 < upper)
    True
    >>> upper - 3 > 3 - lower  # the long tail
    True
    """
    n, z = top.size, quantile(confidence, max(top.size - 1, 1))
    if n < 2:
        return math.nan, math.nan
    whole = float(n) if bottom is None else float(bottom.sum())
    ratio = float(top.sum()) / whole
    residual = top - ratio * (1.0 if bottom is None else bottom)
    square = float((residual**2).mean())
    if square <= (1e-12 * float(np.abs(top).max())) ** 2:
        return math.nan, math.nan
    error = math.sqrt(square * n * n / (n - 1)) / whole
    skewness = float((residual**3).mean()) / square**1.5 / math.sqrt(n)
    return ratio - unskewed(z, skewness) * error, ratio - unskewed(-z, skewness) * error


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
