"""Chances on arcs: constant, given, 1 / in-degree, trivalency. Nothing here is random.

References
----------
Kempe, Kleinberg, Tardos (2003), Maximizing the spread of influence through a social network,
KDD, doi:10.1145/956750.956769 (weighted cascade). Chen, Wang, Wang (2010), Scalable influence
maximization for prevalent viral marketing in large-scale social networks, KDD,
doi:10.1145/1835804.1835934 (trivalency).
"""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING

import numpy as np

from graphkit import check
from graphkit.errors import InvalidParameter
from graphkit.projection.keys import mix

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RULES", "constant", "given", "per_row", "trivalency", "weighted_cascade"]

RULES = ("weighted_cascade", "trivalency")
_LEVELS = np.array([0.1, 0.01, 0.001])
_SALT = np.uint64(0x7472697661)  # keeps this draw apart from the coins of the same arc


def constant(value: object, n_arcs: int) -> NDArray[np.float64]:
    """Return one chance in [0, 1] for every arc."""
    return np.full(n_arcs, check.probability("probability", value))


def given(values: object, size: int, *, name: str = "probability") -> NDArray[np.float64]:
    """Return checked chances, one per arc; a missing value raises, it is never filled in.

    Parameters
    ----------
    values : array-like, shape (size,)
    size : int
        How many values there must be.
    name : str
        Name used in messages.
    """
    array = check.array_of(name, values, "a number or an array of numbers")  # type: ignore[arg-type]
    if array.shape != (size,):
        check.refuse(name, f"shape {array.shape}", f"a number or an array of shape ({size},), one value per arc")
    if array.dtype == object:
        missing = [i for i, value in enumerate(array.tolist()) if value is None]
        if missing:
            message = f"{name}: {len(missing)} of {size} arcs have no value, the first at position {missing[0]}"
            raise InvalidParameter(
                message, parameter=name, allowed="a value for every arc", hint="give every arc a value or none"
            )
    return check.probability_array(name, array)


def per_row(spec: object, size: int) -> NDArray[np.float64]:
    """Return one chance per row from a number or from an array of that length."""
    if isinstance(spec, numbers.Real) or (isinstance(spec, np.ndarray) and spec.ndim == 0):
        return constant(spec if isinstance(spec, numbers.Real) else spec.item(), size)
    return given(spec, size)


def weighted_cascade(in_degree: NDArray[np.int64], indices: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return p = 1 / in-degree of the target; parallel rows count once, a self-loop counts."""
    share = 1.0 / np.maximum(in_degree, 1)  # one division a node; who has no in-arc is no arc's target
    chance: NDArray[np.float64] = share[indices]
    return chance


def trivalency(edge_key: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return .1, .01 or .001 per arc, chosen by the arc's key: the same arc has the same p in every graph."""
    chance: NDArray[np.float64] = _LEVELS[mix(edge_key ^ _SALT) % np.uint64(_LEVELS.size)]
    return chance
