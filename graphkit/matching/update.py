"""One profile moved by one response: least mean squares, or an exponential mean.

LMS: u <- u + alpha (b - u.v) v for an item vector v and a response b in [0, 1]. On one v the residual
b - u.v shrinks by exactly (1 - alpha v.v) a step, so it converges when 0 < alpha < 2 / (v.v) and
nowhere else: another alpha is refused. EMA: u <- (1 - alpha) u + alpha b v with 0 < alpha <= 1.

References
----------
Widrow, Hoff: Adaptive switching circuits. IRE WESCON 1960.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from graphkit.check import finite, one_of, probability, refuse
from graphkit.matching.keyed import by_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["update_profile"]


@overload
def update_profile(
    profile: Mapping[str, float], item: Mapping[str, float], response: float, *, rate: float, method: str = "lms"
) -> dict[str, float]: ...
@overload
def update_profile(
    profile: NDArray[Any], item: NDArray[Any], response: float, *, rate: float, method: str = "lms"
) -> NDArray[np.float64]: ...


def update_profile(profile: Any, item: Any, response: float, *, rate: float, method: str = "lms") -> Any:
    """Return the profile after one response to an item.

    Parameters
    ----------
    profile, item : mapping tag -> weight, or arrays of shape (n_tags,)
        Both of the same kind. An item without weight changes nothing.
    response : float in [0, 1]
        0 refused, 1 wanted.
    rate : float
        alpha: for lms in (0, 2 / (v.v)), for ema in (0, 1].
    method : {"lms", "ema"}

    Returns
    -------
    dict or ndarray of float64, as given
        A new object; the old profile stays.

    Raises
    ------
    InvalidParameter
        ``rate`` outside its range (the message says which), ``response`` outside [0, 1], shapes that disagree, a
        weight that is not finite, an unknown ``method``.

    Examples
    --------
    >>> update_profile({"love": 0.0}, {"love": 1.0}, 1.0, rate=0.5)
    {'love': 0.5}
    """
    one_of("method", method, ("lms", "ema"))
    wanted, alpha = probability("response", response), finite("rate", rate)
    if isinstance(profile, Mapping) != isinstance(item, Mapping):
        refuse("item", type(item).__name__, f"of the same kind as the profile, {type(profile).__name__}")
    if not isinstance(profile, Mapping):
        return _moved(_vector("profile", profile), _vector("item", item), wanted, alpha, method)
    sides = [by_name(side, which) for side, which in ((profile, "profile"), (item, "item"))]
    names = sorted({*sides[0], *sides[1]})
    u, v = (
        _vector(what, [side.get(name, 0.0) for name in names])
        for what, side in zip(("profile", "item"), sides, strict=True)
    )
    return dict(zip(names, _moved(u, v, wanted, alpha, method).tolist(), strict=True))


def _vector(name: str, values: Any) -> NDArray[np.float64]:
    try:
        vector = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        refuse(name, values, "a vector of numbers")
    if vector.ndim != 1 or not np.isfinite(vector).all():
        refuse(name, values, "one row of finite numbers")
    return vector


def _moved(
    u: NDArray[np.float64], v: NDArray[np.float64], wanted: float, alpha: float, method: str
) -> NDArray[np.float64]:
    if u.shape != v.shape:
        refuse("item", f"{v.size} weights", f"as long as the profile, {u.size}")
    square = float(v @ v)
    if method == "ema":
        if not 0 < alpha <= 1:
            refuse("rate", alpha, "in (0, 1] for method 'ema'")
        return u.copy() if square == 0 else (1 - alpha) * u + alpha * wanted * v
    if alpha <= 0 or alpha * square >= 2:
        bound = "" if square == 0 else f", 2 / (v.v) for this item: {2 / square:.6g}"
        refuse("rate", alpha, f"above 0 and below the bound of convergence{bound}")
    moved: NDArray[np.float64] = u + alpha * (wanted - float(u @ v)) * v
    return moved
