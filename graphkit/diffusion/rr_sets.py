"""Reverse reachable sets: who would have reached a random node (Borgs et al. 2014).

In a world, the rr_set of a root r is every node with a live path to r. A seed set S reaches r in
that world iff it meets the set, so ``total_value * share of sets hit`` is an unbiased estimate of
the spread of every S at once. Set i is a pure function of (seed, purpose, first + i).

In-lists with one p (weighted cascade, a constant) use the node family of `worlds`, mixed lists
the edge family; LT is a walk, since a node has at most one live in-arc.

References
----------
Borgs, Brautbar, Chayes, Lucier: Maximizing social influence in nearly optimal time. SODA 2014.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import one_of, positive_int, refuse
from graphkit.coins import ALWAYS, stream
from graphkit.diffusion.rr_kernels import inverse_kernel, sets_kernel
from graphkit.diffusion.rr_tables import places, visits
from graphkit.diffusion.worlds import check_steps, check_value, node_rows
from graphkit.engine.base import as_engine
from graphkit.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from graphkit.diffusion.models import SIS
    from graphkit.engine.base import Engine
    from graphkit.progress import ProgressCallback
    from graphkit.projection.projection import Projection

    Block = Callable[[int, int], Any]

__all__ = ["RRSets", "ReverseSampler", "ReverseWorlds", "sample_rr_sets"]

NO_ROOTS = np.empty(0, np.int64)
NO_MASK = np.empty(0, np.bool_)
BATCH = 512  # sets a block at least: fewer do not pay for handing it to a thread


@dataclass(frozen=True, eq=False)
class RRSets:
    """Reverse reachable sets in one flat array.

    Attributes
    ----------
    indptr : int64 ndarray, shape (n_sets + 1,)
        Set i is ``nodes[indptr[i]:indptr[i + 1]]``, its root first.
    nodes : int32 ndarray
    roots : int32 ndarray, shape (n_sets,)
    n_nodes : int
    total_value : float
        Number of nodes, or the sum of their values: what a seed set hitting every set would reach.
    """

    indptr: NDArray[np.int64]
    nodes: NDArray[np.int32]
    roots: NDArray[np.int32]
    n_nodes: int
    total_value: float

    @property
    def n_sets(self) -> int:
        """Number of sets."""
        return self.roots.size

    def inverse(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return (indptr, sets): the sets that contain each node, ascending."""
        indptr = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.bincount(self.nodes, minlength=self.n_nodes))))
        return indptr, inverse_kernel(self.indptr, self.nodes, indptr)


class ReverseSampler(ABC):
    """What every model that has reverse sets offers: samples of them, and counts of hits; a model says how a block is drawn.

    Attributes
    ----------
    n_nodes : int
    total_value : float
        Number of nodes, or the sum of their values.
    mixed : bool
        Whether every arc has a coin of its own, as forward simulation does.
    place, order : int32 ndarray, shape (n_nodes,)
        Place of each row among the numbers the sets are drawn with, and row of each place.
    indices : int32 ndarray, shape (n_arcs,)
        Source of each arc, by the target it goes to.
    """

    n_nodes: int
    total_value: float
    mixed: bool
    place: NDArray[np.int32]
    order: NDArray[np.int32]
    indices: NDArray[np.int32]

    @abstractmethod
    def drawn(self, seed: int, purpose: str, first: int, roots: NDArray[np.int64], mask: NDArray[np.bool_]) -> Block:
        """Return what draws sets ``first + low .. first + high - 1``: their nodes, their sizes, and how many meet the mask."""

    def sample(
        self,
        n_sets: int,
        *,
        seed: int,
        purpose: str,
        first: int = 0,
        roots: NDArray[np.int64] | None = None,
        places: bool = False,
        engine: Engine,
        progress: ProgressCallback | None = None,
        deadline: float | None = None,
    ) -> RRSets:
        """Return sets first..first+n_sets-1 of the stream (seed, purpose); with ``places`` node v of them is row ``order[v]``."""
        block = self.drawn(seed, purpose, first, NO_ROOTS if roots is None else roots, NO_MASK)
        parts = in_batches(block, n_sets, engine, progress, deadline)
        return gathered(parts, self.order, self.n_nodes, self.total_value, places=places)

    def count_hits(
        self,
        seeds: NDArray[np.int64],
        n_sets: int,
        *,
        seed: int,
        purpose: str,
        first: int = 0,
        engine: Engine,
        progress: ProgressCallback | None = None,
        deadline: float | None = None,
    ) -> int:
        """Return how many of the sets contain a seed; nothing is stored, each set ends at its first hit."""
        mask = np.zeros(self.n_nodes, np.bool_)
        mask[self.place[seeds]] = True
        block = self.drawn(seed, purpose, first, NO_ROOTS, mask)
        parts = in_batches(block, n_sets, engine, progress, deadline)
        return sum(int(part[2]) for part in parts)


class ReverseWorlds(ReverseSampler):
    """A projection made ready for reverse sampling under one model.

    Parameters
    ----------
    projection : Projection
        With probabilities (IC) or in-weights that add up to at most 1 per node (LT).
    model : {"ic", "lt"}
    max_steps : int, optional
        Only paths of at most that many arcs count.
    value : array_like, shape (n_nodes,), optional
        Roots are drawn in proportion to it; default: evenly.
    family : {"auto", "edge"}
        ``"edge"`` forces one coin per arc: the very worlds of forward simulation, slowly.
    """

    def __init__(
        self,
        projection: Projection,
        *,
        model: str | SIS = "ic",
        max_steps: int | None = None,
        value: ArrayLike | None = None,
        family: str = "auto",
    ) -> None:
        one_of("family", family, ("auto", "edge"))
        if not isinstance(model, str):
            refuse("model", model, "'ic', 'lt', SIR(...) or SI(...) for reverse reachable sets")
        one_of("model", model, ("ic", "lt"))
        self.n_nodes, self.steps = projection.n_nodes, check_steps(max_steps)
        self.total_value, self.root_limits = root_values(value, self.n_nodes)
        ready = projection.__dict__.setdefault("_visits", {})  # as a cached property: made once per graph and model
        if not ready:
            ready["places"], ready["spare"] = places(projection), []
        self.place, self.order, self.indices = ready["places"]
        self.spare = ready["spare"]  # words of zeros, one array per worker: made once, not for each block
        if (model, family) not in ready:
            ready[model, family] = visits(projection, self.order, model, allow_table=family == "auto")
        self.mixed, self.plan, self.table, self.arc_key, self.limit = ready[model, family]

    def drawn(self, seed: int, purpose: str, first: int, roots: NDArray[np.int64], mask: NDArray[np.bool_]) -> Block:
        """Return the function that draws a block of sets, see `ReverseSampler`."""
        base, root_base = stream(seed, purpose), stream(seed, f"{purpose}:root")

        def block(low: int, high: int) -> Any:
            try:
                seen = self.spare.pop()
            except IndexError:
                seen = np.zeros(self.n_nodes, np.uint64)
            result = sets_kernel(
                first + low,
                high - low,
                base,
                root_base,
                roots[low:high],
                self.root_limits,
                self.place,
                self.plan,
                self.indices,
                self.table,
                self.arc_key,
                self.limit,
                self.steps,
                mask,
                seen,
            )
            self.spare.append(seen)
            return result

        return block


def root_values(value: ArrayLike | None, n_nodes: int) -> tuple[float, NDArray[np.uint64]]:
    """Return the total value of the nodes, and the limits by which roots are drawn (none: evenly)."""
    if not n_nodes:
        refuse("projection", "no node", "a graph with at least one node")
    worth = check_value(value, n_nodes)
    if worth is None:
        return float(n_nodes), np.empty(0, np.uint64)
    if float(worth.sum()) <= 0:
        refuse("value", "only zeros", "an array with a positive value")
    return float(worth.sum()), _cumulative(worth)


def in_batches(
    block: Block,
    n_sets: int,
    engine: Engine,
    progress: ProgressCallback | None,
    deadline: float | None,
) -> list[Any]:
    """Run the block function over ranges of sets, `BATCH` at least."""

    def told(event: Progress) -> None:
        if progress is not None:
            progress(Progress("reverse sets", min(event.done * BATCH, n_sets), n_sets))

    def several(low: int, high: int) -> Any:
        return block(low * BATCH, min(high * BATCH, n_sets))

    return engine.map_blocks(
        several, -(-n_sets // BATCH), progress=None if progress is None else told, phase="rr_sets", deadline=deadline
    )


def gathered(parts: list[Any], order: NDArray[np.int32], n_nodes: int, total_value: float, *, places: bool) -> RRSets:
    """Return the sets of all blocks as one sample; without ``places`` nodes are rows again."""
    sizes = np.concatenate([part[1] for part in parts])
    indptr = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
    nodes = np.concatenate([part[0] if places else order[part[0]] for part in parts])
    return RRSets(indptr, nodes, nodes[indptr[:-1]], n_nodes, total_value)


def sample_rr_sets(
    projection: Projection,
    n_sets: int,
    *,
    seed: int,
    purpose: str,
    first: int = 0,
    roots: ArrayLike | None = None,
    model: str = "ic",
    max_steps: int | None = None,
    value: ArrayLike | None = None,
    engine: str | Engine = "threads",
    progress: ProgressCallback | None = None,
) -> RRSets:
    """Return reverse reachable sets; set i is a pure function of (seed, purpose, first + i).

    Parameters
    ----------
    projection : Projection
    n_sets : int
        Number of sets, at least 1.
    seed : int
        From `graphkit.rng.as_seed`.
    purpose : str
        Samples of different purposes are independent.
    first : int, default 0
        Number of the first set; ranges that follow each other continue one sample.
    roots : array_like of int, shape (n_sets,), optional
        Fixed root of each set; default: drawn evenly, or by ``value``.
    model : {"ic", "lt"}
    max_steps : int, optional
        Hop limit; None for none.
    value : array_like, shape (n_nodes,), optional
        Value of each node >= 0. With it the estimate of a spread is ``total_value * share of sets hit``.
    engine, progress
        See `graphkit.engine.base` and `graphkit.progress`.

    Returns
    -------
    RRSets

    Raises
    ------
    InvalidParameter
        No probabilities, LT weights above 1, wrong shapes or signs.
    UnknownNode
        A root outside the graph.
    """
    positive_int("n_sets", n_sets)
    given = None
    if roots is not None:
        given = np.asarray(roots, dtype=np.int64)
        if given.shape != (n_sets,):
            refuse("roots", f"an array of shape {given.shape}", f"one root per set, shape ({n_sets},)")
        node_rows(projection, given)
    ready = ReverseWorlds(projection, model=model, max_steps=max_steps, value=value)
    return ready.sample(
        n_sets, seed=seed, purpose=purpose, first=first, roots=given, engine=as_engine(engine), progress=progress
    )


def _cumulative(value: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Integer cumulative limits over the nodes; nodes of value 0 are never drawn."""
    total = np.cumsum(value)
    result: NDArray[np.uint64] = np.floor(total / total[-1] * float(1 << 62)).astype(np.uint64)
    result[np.flatnonzero(value)[-1] :] = ALWAYS
    return result
