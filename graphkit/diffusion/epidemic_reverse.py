"""Reverse reachable sets of SIR and SI: who would have infected a node, in the very worlds of forward simulation.

In a world node u is infectious for L(u) steps, the first age at which its recovery coin works (for ever in SI),
and its arc to v takes as long as the first age up to L(u) at which the arc's coin works. Both depend on u alone, not on
when or by whom it was infected. So a root is infected within T steps iff a shortest path of such delays from a seed is
no longer than T, whichever way one walks (percolation keyed by the source; Kempe et al. 2003 for the argument on the
cascade), and spread is the coverage of a random sample of sets: greedy and certificate hold as they do for cascades.
SIS has no such sets, since a node may be infected again.

References
----------
Kenah, Robins: Second look at the spread of epidemics on networks. Physical Review E 76 (2007).
https://doi.org/10.1103/PhysRevE.76.036113
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import positive_int, refuse
from graphkit.coins import limits, stream
from graphkit.diffusion.epidemic_reverse_kernels import epidemic_sets_kernel
from graphkit.diffusion.models import SI, SIR
from graphkit.diffusion.rr_sets import ReverseSampler, ReverseWorlds, root_values
from graphkit.diffusion.worlds import arc_probability, check_steps, node_rows
from graphkit.engine.base import as_engine
from graphkit.errors import InvalidParameter

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from graphkit.diffusion.models import SIS
    from graphkit.diffusion.rr_sets import Block, RRSets
    from graphkit.engine.base import Engine
    from graphkit.progress import ProgressCallback
    from graphkit.projection.projection import Projection

__all__ = ["EpidemicWorlds", "reverse_worlds", "sample_epidemic_sets"]


class EpidemicWorlds(ReverseSampler):
    """A projection made ready for reverse sampling under SIR or SI.

    Parameters
    ----------
    projection : Projection
        Without probabilities every p is 1.
    model : SIR or SI
    max_steps : int, optional
        Only infections within so many steps count; needed where nobody recovers.
    value : array_like, shape (n_nodes,), optional
        Roots are drawn in proportion to it; default: evenly.
    """

    mixed = True  # every arc has a key and a limit of its own

    def __init__(
        self, projection: Projection, *, model: SIR | SI, max_steps: int | None = None, value: ArrayLike | None = None
    ) -> None:
        recovery = model.recovery if isinstance(model, SIR) else 0.0
        self.n_nodes, self.steps = projection.n_nodes, check_steps(max_steps)
        if not recovery and self.steps < 0:
            message = f"{model} need not end by itself"
            raise InvalidParameter(
                message,
                parameter="max_steps",
                hint="give max_steps, the number of steps to follow, or a recovery above 0",
            )
        self.total_value, self.root_limits = root_values(value, self.n_nodes)
        self.place = self.order = np.arange(self.n_nodes, dtype=np.int32)
        self.reverse, self.node_key, self.heals = projection.reverse, projection.node_key, limits(recovery)[()]
        self.indices = self.reverse.indices
        self.key = projection.edge_key[self.reverse.arc]
        self.limit = limits(model.transmission * arc_probability(projection, default=1.0))[self.reverse.arc]

    def drawn(self, seed: int, purpose: str, first: int, roots: NDArray[np.int64], mask: NDArray[np.bool_]) -> Block:
        """Return the function that draws a block of sets, see `ReverseSampler`."""
        tail = f":{purpose}" if purpose else ""
        arc, heal, root = (stream(seed, word + tail) for word in ("arc", "recovery", "root"))

        def block(low: int, high: int) -> Any:
            return epidemic_sets_kernel(
                first + low,
                high - low,
                arc,
                heal,
                root,
                roots[low:high],
                self.root_limits,
                mask,
                self.reverse.indptr,
                self.indices,
                self.key,
                self.limit,
                self.node_key,
                self.heals,
                self.steps,
            )

        return block


def reverse_worlds(
    projection: Projection,
    *,
    model: str | SIR | SI | SIS = "ic",
    max_steps: int | None = None,
    value: ArrayLike | None = None,
) -> ReverseSampler:
    """Return a projection made ready for reverse sampling under any model that has reverse sets; the others are refused."""
    if not isinstance(model, SIR | SI):
        return ReverseWorlds(projection, model=model, max_steps=max_steps, value=value)
    return EpidemicWorlds(projection, model=model, max_steps=max_steps, value=value)


def sample_epidemic_sets(
    projection: Projection,
    n_sets: int,
    *,
    model: SIR | SI,
    seed: int,
    purpose: str = "",
    first: int = 0,
    roots: ArrayLike | None = None,
    max_steps: int | None = None,
    engine: str | Engine = "threads",
    progress: ProgressCallback | None = None,
) -> RRSets:
    """Return reverse reachable sets of SIR or SI; set i is a pure function of (seed, purpose, first + i).

    Parameters
    ----------
    projection : Projection
        Without probabilities every p is 1.
    n_sets : int
        Number of sets, at least 1.
    model : SIR or SI
    seed : int
        From `graphkit.rng.as_seed`.
    purpose : str, default ""
        Samples of different purposes are independent; the empty one gives the worlds of `estimate_spread` with the same seed.
    first : int, default 0
        Number of the first set.
    roots : array_like of int, shape (n_sets,), optional
        Fixed root of each set; default: drawn evenly.
    max_steps : int, optional
        Only infections within so many steps count; needed where nobody recovers.
    engine, progress
        See `graphkit.engine.base` and `graphkit.progress`.

    Returns
    -------
    RRSets
        The share of the sets that a seed set hits, times the number of nodes, estimates its spread.

    Raises
    ------
    InvalidParameter
        Neither SIR nor SI, no recovery and no ``max_steps``, wrong shapes.
    UnknownNode
        A root outside the graph.

    Examples
    --------
    >>> from graphkit.projection.build import from_arrays
    >>> path = from_arrays([0, 1], [1, 2])
    >>> sample_epidemic_sets(path, 1, model=SIR(1.0, 0.5), seed=1, roots=[2]).nodes.tolist()
    [2, 1, 0]
    """
    positive_int("n_sets", n_sets)
    if not isinstance(model, SIR | SI):
        refuse("model", model, "SIR(...) or SI(...): nobody is infected twice, so they have reverse sets")
    given = None if roots is None else np.asarray(roots, dtype=np.int64)
    if given is not None:
        if given.shape != (n_sets,):
            refuse("roots", f"an array of shape {given.shape}", f"one root per set, shape ({n_sets},)")
        node_rows(projection, given)
    ready = EpidemicWorlds(projection, model=model, max_steps=max_steps)
    return ready.sample(
        n_sets, seed=seed, purpose=purpose, first=first, roots=given, engine=as_engine(engine), progress=progress
    )
