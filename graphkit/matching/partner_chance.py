"""The chance that two names work together for the first time within the next tenth of the partnerships.

A score says whom a subject would choose, not whether it will choose anybody. Both together are

    chance_ij = 1 - exp(-pace_i g(share_ij)),   share_ij = exp(s_ij) / sum over all j the subject has not met of exp(s_ij),

s_ij the score in the list (a conditional logit, so its exponential is a share) and pace_i the number of new partners,
known names among them, that a name like the subject found in the tenth of the history after each cut:

    ln pace_i = b_0 + b . (ln partnerships, the same with recent ones counting more, ln members of them, whether one at most),

a Poisson regression with a ridge of 1 on standardised columns over all names known at each cut; the first meetings of one
campaign come together, so counts vary more than Poisson's, which leaves the mean as it is (Gourieroux, Monfort, Trognon
1984). g is how such shares came true after the cuts of the history: steps of about 25 expected meetings each, their rates
made monotone (isotonic regression, Ayer et al. 1955), straight between the steps on a log-log scale, level beyond the
last: the largest shares, other spellings of the subject's own name and great platforms, come true far less often than they
say. Names without a history have no pace: their chance is not measured, nor are meetings with names yet unknown.

The interval of a chance holds the level of a period and the step: pace_i g e^(-h) to pace_i g e^h,

    h = t_(m, .975) sqrt(mean e^2 + 1 / (meetings of the step + 1/2)),

e = ln(new partners found / expected) after each of the last m cuts, expected from the cuts before it alone.

Most pairs never meet, so the chance of the best candidate is seldom more than a few in a hundred, and the level of a period
is known to a factor of about two: one campaign of many members is a third of a tenth. On 2,648 real co-brandings, ten cuts
from .45 to .9, 8 parts of 70 % of them and three cuts of film companies, whoever met and 300 names drawn at random
that stand for the others, against the base rate of the same cut: nats .855, .867 and .804 of it (below 1 on 21 of 21 cuts; .858,
.869, .805 with g = share), Brier skill +.0010, +.0007, +.0024 (above 0 on 21 of 21; +.0001, +.0004, +.0022 on 12). Chances above
.01 of the cuts .5, .6, .7, .8, .9: 41 expected, 37 came (g = share: 55 and 40). What came lay between the summed ends on
20 of 21 cuts for all candidates, 19 for the first 50 and 17 for the first 10 of a list.

References
----------
Ayer, Brunk, Ewing, Reid, Silverman (1955). An empirical distribution function for sampling with incomplete information.
Annals of Mathematical Statistics 26. https://doi.org/10.1214/aoms/1177728423
Gourieroux, Monfort, Trognon (1984). Pseudo maximum likelihood methods: applications to Poisson models. Econometrica 52.
https://doi.org/10.2307/1913472
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.matching.conditional_logit import Choice
    from graphkit.matching.partner_features import Past

__all__ = ["Outlook", "Pace", "Steps", "doings", "fit_outlook", "fit_pace", "fit_steps", "shares"]

_RIDGE = 1.0
_STEP, _STEPS = 25, 4  # expected meetings of a step of g; steps at least
_TAIL = 0.975


@dataclass(frozen=True, eq=False)
class Pace:
    """Log-linear mean of the number of new partners in the next tenth.

    Parameters
    ----------
    values : ndarray of float64, shape (5,)
        Of the standardised columns of `doings`.
    constant : float
    middle, spread : ndarray of float64, shape (5,)
        Mean and standard deviation of the columns.
    """

    values: NDArray[np.float64]
    constant: float
    middle: NDArray[np.float64]
    spread: NDArray[np.float64]

    def of(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the expected number of new partners of names of whom this is known, shape (n,)."""
        return np.exp(self.constant + ((rows - self.middle) / self.spread) @ self.values)


def doings(past: Past) -> NDArray[np.float64]:
    """Return how much each name has done so far, shape (n_names, 5)."""
    once = (past.popularity <= 1).astype(np.float64)
    recent = [np.log(recent + 0.02) for recent in past.recent]
    return np.column_stack([np.log(past.popularity + 0.5), *recent, past.company, once])


def fit_pace(rows: NDArray[np.float64], found: NDArray[np.float64]) -> Pace:
    """Fit the mean number of new partners by Poisson regression.

    Parameters
    ----------
    rows : ndarray of float64, shape (n, 5)
        `doings` of names at a cut.
    found : ndarray of float64, shape (n,)
        New partners of each in the tenth after it; at least one in all.
    """
    from scipy.optimize import minimize

    middle, spread = rows.mean(axis=0), rows.std(axis=0)
    spread = np.where(spread > 1e-12, spread, 1.0)
    x = np.column_stack([np.ones(len(rows)), (rows - middle) / spread])
    ridge = np.append(0.0, np.full(rows.shape[1], _RIDGE))

    def loss(b: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        mean = np.exp(np.minimum(x @ b, 50.0))
        value = float(mean.sum() - found @ (x @ b) + ridge @ b**2 / 2)
        return value, x.T @ (mean - found) + ridge * b

    start = np.append(np.log(found.mean()), np.zeros(rows.shape[1]))
    b = np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x)
    return Pace(b[1:], float(b[0]), middle, spread)


@dataclass(frozen=True, eq=False)
class Steps:
    """How shares came true: g of the module's formula.

    Parameters
    ----------
    share : ndarray of float64, shape (n_steps,)
        Mean share of each step, growing.
    rate : ndarray of float64, shape (n_steps,)
        Meetings per new partner of the subject, in no step below the one before.
    came : ndarray of float64, shape (n_steps,)
        First meetings of all steps with the same rate.
    """

    share: NDArray[np.float64]
    rate: NDArray[np.float64]
    came: NDArray[np.float64]

    def of(self, share: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return rate and first meetings behind it; shares below the first step keep its ratio to them."""
        low, at = self.share[0], np.log(np.maximum(share, 1e-300))
        rate = np.exp(np.interp(at, np.log(self.share), np.log(self.rate)))
        came = np.interp(at, np.log(self.share), self.came)
        return np.where(share < low, share * (self.rate[0] / low), rate), came


def fit_steps(choices: Sequence[Choice], weights: NDArray[np.float64]) -> Steps:
    """Learn from past choices how often shares came true; half a meeting is added to what was seen and what was expected.

    Parameters
    ----------
    choices : sequence of Choice
        Those sampled that were not chosen stand for as many as their weight says.
    weights : ndarray of float64, shape (n_features,)
    """
    from scipy.optimize import isotonic_regression

    parts = [(c, shares(np.concatenate([c.chosen, c.others]) @ weights, _counts(c))) for c in choices]
    share = np.concatenate([own for _, own in parts])
    tried = np.concatenate([len(c.chosen) * _counts(c) for c, _ in parts])
    met = np.concatenate([np.arange(own.size) < len(c.chosen) for c, own in parts])
    order = np.argsort(share, kind="stable")
    grown = np.cumsum((share * tried)[order])
    count = max(_STEPS, int(grown[-1] // _STEP))
    step = np.minimum((grown / grown[-1] * count).astype(np.int64), count - 1)
    expected, came, times = (np.bincount(step, x[order].astype(np.float64), count) for x in (share * tried, met, tried))
    used = times > 0
    mean = expected[used] / times[used]
    rate = mean * (came[used] + 0.5) / (expected[used] + 0.5)
    level = isotonic_regression(rate, weights=times[used])
    together = np.add.reduceat(came[used], level.blocks[:-1])
    return Steps(mean, np.asarray(level.x), np.repeat(together, np.diff(level.blocks)))


def _counts(choice: Choice) -> NDArray[np.float64]:
    """How many candidates each row stands for, those chosen first."""
    return np.concatenate([np.ones(len(choice.chosen)), np.full(len(choice.others), choice.weight)])


def shares(
    score: NDArray[np.float64], count: NDArray[np.float64] | float = 1.0, ln_rest: float = -np.inf
) -> NDArray[np.float64]:
    """Return exp(score) of each candidate as a share of all.

    Parameters
    ----------
    score : ndarray of float64, shape (n,)
    count : ndarray of float64, shape (n,), or float
        How many names a candidate stands for.
    ln_rest : float
        ln of the sum of exp(score) of names that could be met and are no candidates.

    Examples
    --------
    >>> shares(np.log([3.0, 1.0]), ln_rest=np.log(4.0)).round(4).tolist()
    [0.375, 0.125]
    """
    top = max(float(score.max(initial=-np.inf)), ln_rest)
    if score.size == 0:
        return np.empty(0)
    part = np.exp(score - top)
    return np.asarray(part / ((count * part).sum() + np.exp(ln_rest - top)))


@dataclass(frozen=True, eq=False)
class Outlook:
    """What the cuts of a history say about the tenth after its end.

    Parameters
    ----------
    pace : Pace
    steps : Steps
    missed : ndarray of float64, shape (n_cuts - 2,)
        ln(new partners found / expected) after the third cut and later, expected from the cuts before it.
    """

    pace: Pace
    steps: Steps
    missed: NDArray[np.float64]

    def chances(self, pace: float, share: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return chance, lower and upper end of each candidate, in [0, 1], shape (3, n).

        Parameters
        ----------
        pace : float
            Expected number of new partners.
        share : ndarray of float64, shape (n,)
        """
        from scipy.special import stdtrit

        rate, came = self.steps.of(share)
        half = stdtrit(self.missed.size, _TAIL) * np.sqrt((self.missed**2).mean() + 1 / (came + 0.5))
        return np.asarray(-np.expm1(-pace * rate * np.exp(np.stack([np.zeros_like(half), -half, half]))))


def fit_outlook(
    rows: Sequence[NDArray[np.float64]],
    found: Sequence[NDArray[np.float64]],
    choices: Sequence[Choice],
    weights: NDArray[np.float64],
) -> Outlook:
    """Learn pace and steps, and how far the pace was out from cut to cut.

    Parameters
    ----------
    rows, found : sequence of ndarray
        Per cut, at least three: `doings` of all names known at it, and their new partners, at least one in all.
    choices, weights
        As `fit_steps` takes them.
    """
    paces = [fit_pace(np.concatenate(rows[:k]), np.concatenate(found[:k])) for k in range(2, len(rows) + 1)]
    later = zip(paces[:-1], rows[2:], found[2:], strict=True)
    missed = np.array([np.log(came.sum() / pace.of(done).sum()) for pace, done, came in later])
    return Outlook(paces[-1], fit_steps(choices, weights), missed)
