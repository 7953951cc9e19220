"""Conditional logit: which of the free candidates a subject chose, with a ridge penalty.

For a subject with features z_c of its candidates, P(choice = c) = exp(w z_c) / sum over free c' of
exp(w z_c'), the sum over candidates it did not choose standing for the sum over those sampled
(weight = number / sampled). Maximises sum log P - ridge |w|^2 / 2 by L-BFGS. McFadden, Conditional
logit analysis of qualitative choice behavior, Frontiers in Econometrics (1974) 105-142.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Choice", "fit_conditional_logit", "log_likelihood", "middle_and_spread"]


@dataclass(frozen=True, eq=False)
class Choice:
    """One subject's choices.

    Parameters
    ----------
    chosen : ndarray of float64, shape (n_chosen, n_features)
    others : ndarray of float64, shape (n_sampled, n_features)
    weight : float
        How many unchosen candidates each sampled one stands for.
    """

    chosen: NDArray[np.float64]
    others: NDArray[np.float64]
    weight: float


@dataclass(frozen=True, eq=False)
class _Stacked:
    """All choices in two matrices: one product for all of them instead of one for each."""

    chosen: NDArray[np.float64]
    others: NDArray[np.float64]
    ln_weight: NDArray[np.float64]
    whose: NDArray[np.int64]  # which choice a row of chosen belongs to
    beside: NDArray[np.int64]  # the same of others
    first: NDArray[np.int64]  # where the rows of each choice begin in chosen
    first_other: NDArray[np.int64]

    @classmethod
    def of(cls, choices: Sequence[Choice]) -> _Stacked:
        mine, rest = (np.array([len(part) for part in parts], np.int64) for parts in
                      ([c.chosen for c in choices], [c.others for c in choices]))  # fmt: skip
        each = np.arange(len(choices))
        return cls(
            np.concatenate([c.chosen for c in choices]), np.concatenate([c.others for c in choices]),
            np.repeat(np.log([c.weight for c in choices]), rest), np.repeat(each, mine), np.repeat(each, rest),
            np.cumsum(mine) - mine, np.cumsum(rest) - rest,
        )  # fmt: skip

    def log_likelihood(self, w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        other, own = self.others @ w + self.ln_weight, self.chosen @ w
        top = np.maximum.reduceat(other, self.first_other)
        scaled = np.exp(other - top[self.beside])
        rest = np.add.reduceat(scaled, self.first_other)
        ln_rest = (top + np.log(rest))[self.whose]
        ln_bottom = np.logaddexp(own, ln_rest)
        pull = np.add.reduceat(np.exp(ln_rest - ln_bottom), self.first) / rest
        gradient = self.chosen.T @ -np.expm1(own - ln_bottom) - self.others.T @ (scaled * pull[self.beside])
        return float((own - ln_bottom).sum()), gradient


def log_likelihood(choices: Sequence[Choice], w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Return sum log P of all choices and its gradient."""
    return _Stacked.of(choices).log_likelihood(w)


def fit_conditional_logit(choices: Sequence[Choice], ridge: float) -> NDArray[np.float64]:
    """Return the weights, shape (n_features,)."""
    from scipy.optimize import minimize

    stacked = _Stacked.of(choices)

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, gradient = stacked.log_likelihood(w)
        return ridge * float(w @ w) / 2 - value, ridge * w - gradient

    found = minimize(loss, np.zeros(choices[0].chosen.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return np.asarray(found.x, dtype=np.float64)


def middle_and_spread(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation of each column, exact where a column never changes.

    Summed as it stands, a constant of 200,000 rows seems to spread by its rounding, some 1e-11: scaled by that it would
    drown all other features.
    """
    away = rows - rows[0]
    return rows[0] + away.mean(axis=0), away.std(axis=0)
