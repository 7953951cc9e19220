"""Sums of small vectors are the same wherever their arrays lie in memory.

A kernel that may add in any order is compiled twice, in vectors and plain, when it also stores: arrays that lie within a
vector's reach of each other take the plain loop, which adds in another order.
"""

import numpy as np
import pytest

from graphkit.ranking import downstream, eisenstat, solver_kernels

KERNELS = {
    "mass": (3, lambda n, *a: downstream.mass_kernel(*a)),
    "scaled": (3, lambda n, *a: downstream.scaled_kernel(1.1, *a)),
    "step of halves": (5, lambda n, *a: eisenstat.step_kernel(0.3, *a)),
    "curve": (3, lambda n, *a: solver_kernels.curve_kernel(*a, 0.85, 0, n)),
    "first": (7, lambda n, v, s, root, *a: solver_kernels.first_kernel(v, s, root, 0.85, *a, 0, n)),
    "step": (5, lambda n, *a: solver_kernels.step_kernel(*a, 0.3, 0, n)),
    "share": (3, lambda n, *a: solver_kernels.share_kernel(*a, 0, n)),
    "move": (3, lambda n, *a: solver_kernels.move_kernel(*a, 0.85, 0.15, True, 0, n)),
    "scale": (3, lambda n, x, *a: solver_kernels.scale_kernel(x, 1.3, *a, 0, n)),
}


@pytest.mark.parametrize("name", KERNELS)
def test_sums_do_not_depend_on_where_arrays_lie(name):
    """Vectors of 2 to 40 numbers, 0 to 11 numbers apart, in the order of the arguments and the other way round."""
    count, call = KERNELS[name]
    rng = np.random.default_rng(0)
    for n in range(2, 41):
        values, found = rng.random((count, n)), set()
        for gap in range(12):
            for order in (1, -1):
                memory = np.empty(count * (n + gap))
                near = [memory[k * (n + gap) :][:n] for k in range(count)][::order]
                for place, value in zip(near, values, strict=True):
                    place[:] = value
                result = np.array(call(n, *near))
                found.add((result.tobytes(), *(place.tobytes() for place in near)))
        assert len(found) == 1, n
