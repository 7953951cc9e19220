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

__all__ = ["Choice", "fit_conditional_logit", "log_likelihood"]


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


def log_likelihood(choices: Sequence[Choice], w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Return sum log P of all choices and its gradient."""
    total, gradient = 0.0, np.zeros_like(w)
    for choice in choices:
        other, own = choice.others @ w + np.log(choice.weight), choice.chosen @ w
        top = max(float(other.max()), float(own.max()))
        rest = np.exp(other - top)
        mine = np.exp(own - top)
        bottom = mine + rest.sum()
        total += float((own - top - np.log(bottom)).sum())
        gradient += choice.chosen.T @ (1 - mine / bottom) - (rest @ choice.others) * (1 / bottom).sum()
    return total, gradient


def fit_conditional_logit(choices: Sequence[Choice], ridge: float) -> NDArray[np.float64]:
    """Return the weights, shape (n_features,)."""
    from scipy.optimize import minimize

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, gradient = log_likelihood(choices, w)
        return ridge * float(w @ w) / 2 - value, ridge * w - gradient

    found = minimize(loss, np.zeros(choices[0].chosen.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return np.asarray(found.x, dtype=np.float64)
