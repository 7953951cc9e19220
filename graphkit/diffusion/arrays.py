"""What kernels do with arrays that numba compiles slowly or not at all: let one grow, search in one.

An assignment of slices, np.append and np.searchsorted compile for seconds, as numba writes a text for shapes that differ; loops do not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphkit.kernels import kernel

__all__ = ["first_above", "with_room"]


@kernel
def with_room(array: Any, used: Any, size: Any) -> Any:
    """Copy the first ``used`` entries into an array of ``size``; what follows is not set."""
    result = np.empty(size, array.dtype)
    for i in range(used):
        result[i] = array[i]
    return result


@kernel
def first_above(limit: Any, low: Any, high: Any, draw: Any) -> Any:
    """Smallest i in low..high with draw < limit[i]; high if there is none."""
    while low < high:
        middle = (low + high) // 2
        if draw < limit[middle]:
            high = middle
        else:
            low = middle + 1
    return low
