"""What all diffusion kernels need from a projection: keys, limits, checked arguments.

Two families of worlds (measured: the identity contract then costs nothing):

* *edge*: one coin per (world, arc). Forward simulation; adding an arc changes nothing else.
* *node*: one stream per (world, node) decides which in-arcs of that node work: first their
  number from an integer table of Binomial(in-degree, p), then their positions. Reverse sets
  need it, since looking at 50,000 in-arcs to find one live arc costs 100 times more.

The linear threshold model has one family: a node's single coin picks at most one in-arc, by
cumulative integer limits in canonical order, both forward and in reverse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import finite, floats, positive_int, refuse, refuse_first
from graphkit.errors import InvalidParameter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.projection.projection import Projection

__all__ = ["arc_probability", "check_steps", "check_value", "lt_limits", "node_rows"]

SUM_SLACK = 1e-9  # rounding allowed in a sum of in-weights


def arc_probability(projection: Projection, *, default: float | None = None) -> NDArray[np.float64]:
    """Return p of every arc; without one ``default``, or an error that says how to set it."""
    if projection.probability is not None:
        return np.asarray(projection.probability, dtype=np.float64)
    if default is None:
        message = "the projection has no probabilities on its arcs"
        raise InvalidParameter(
            message,
            parameter="probability",
            hint="use projection.with_probability('weighted_cascade'), a number or gk.learn",
        )
    return np.full(projection.n_arcs, default)


def node_rows(projection: Projection, nodes: Any) -> NDArray[np.int64]:
    """Return the distinct, ascending rows of nodes given as rows (ints) or ids (strings).

    Raises
    ------
    UnknownNode
        A row outside 0..n_nodes-1, or an id the projection does not have.
    """
    given = nodes if not isinstance(nodes, np.ndarray) or nodes.size else []
    return np.unique(projection.rows(given))


def check_value(value: Any, n_nodes: int) -> NDArray[np.float64] | None:
    """Return the values of all nodes as float64 >= 0, or None; negative ones break monotonicity."""
    if value is None:
        return None
    array = floats("value", value, f"{n_nodes} numbers >= 0")
    if array.shape != (n_nodes,):
        refuse("value", f"an array of shape {array.shape}", f"an array of shape ({n_nodes},)")
    refuse_first("value", array, ~(np.isfinite(array) & (array >= 0)), "a finite number >= 0")
    with np.errstate(over="ignore"):
        if not np.isfinite(array.sum()):
            refuse("value", "numbers without a finite sum", f"{n_nodes} numbers >= 0", hint="use a larger unit")
    return array


def check_steps(max_steps: Any) -> int:
    """Return the hop limit as an int, -1 for none."""
    if max_steps is None:
        return -1
    number = finite("max_steps", max_steps)
    if number < 0 or number != int(number):
        refuse("max_steps", max_steps, "an integer >= 0 or None")
    return positive_int("max_steps", int(number), minimum=0)


def lt_limits(projection: Projection) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return (low, high) of every *reverse* arc: in-arc j is live iff low <= coin of its node < high.

    Raises
    ------
    InvalidParameter
        The weights into some node add up to more than 1. They are never rescaled silently.
    """
    p, reverse = arc_probability(projection), projection.reverse
    into = np.bincount(projection.indices, weights=p, minlength=projection.n_nodes)
    if into.size and into.max() > 1 + SUM_SLACK:
        row = int(into.argmax())
        message = f"linear threshold: the weights into node {projection.id_of(row)} add up to {into[row]:.6g}, above 1"
        raise InvalidParameter(
            message,
            parameter="probability",
            value=float(into[row]),
            allowed="sums of at most 1 per node",
            hint="with_probability('weighted_cascade') makes every sum 1",
        )
    step = np.floor(p[reverse.arc] * float(1 << 62)).astype(np.uint64)
    total = np.cumsum(step, dtype=np.uint64)  # wraps around 2**64; differences inside one node stay exact
    start = np.concatenate((np.zeros(1, np.uint64), total))[reverse.indptr[:-1]]
    high = total - np.repeat(start, np.diff(reverse.indptr))
    return high - step, high
