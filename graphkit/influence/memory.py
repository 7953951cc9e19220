"""How much memory a selection or a simulation will take, told before it runs.

The bytes follow from the arrays the kernels hold: per arc, per node, per worker, per reverse set and
per id in a set. Only the mean size of a set is unknown; a pilot of `PILOT` sets estimates it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - from_dict reads the annotation

from graphkit.check import one_of, positive_int, refuse
from graphkit.diffusion.cascade import ITEMS
from graphkit.diffusion.epidemic_reverse import reverse_worlds
from graphkit.diffusion.models import check_model
from graphkit.diffusion.packed import packed_bytes
from graphkit.engine.base import Serial
from graphkit.projection.projection import Projection, check_projection
from graphkit.results import Manifest, Result, make_manifest
from graphkit.rng import as_seed

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

    from graphkit.diffusion.models import SI, SIR, SIS
    from graphkit.diffusion.rr_sets import ReverseSampler
    from graphkit.rng import RandomState

__all__ = ["MEMORY_LIMIT", "MemoryEstimate", "estimate_memory", "fixed_bytes", "most_sets", "sample_bytes"]

MEMORY_LIMIT = 4 << 30  # bytes, unless the caller says otherwise
PILOT = 256  # reverse sets that tell the mean size
FEWEST = 64  # sets below which a selection says nothing
ID_BYTES = 12  # id in the sample, its copy among the distinct sets, its entry in the index
SET_BYTES = 110  # offsets, multiplicity, hash table, dual weight, flags
BASE_BYTES = 1 << 20  # results, tables, Python objects
NODE_BYTES = 110  # plan of a visit and what it is made of, loads of four parts, ranks
WORKER_BYTES = 40  # per node and worker: marks of sets that grow side by side, and their queue
ARC_BYTES, COIN_BYTES = 16, 16  # reversed arcs, twice their sources; keys and limits where the p of an in-list differ
# Per arc of a simulation beside the packed arcs: keys and what they are made of; in-arcs and intervals as well
KEY_BYTES, LT_BYTES = 28, 96
# Per node: of each worker state, queue, chunks; counts of each piece of work
FORWARD_BYTES, COUNT_BYTES = 17, 8 * (ITEMS + 2)


@dataclass(frozen=True, eq=False, repr=False)
class MemoryEstimate(Result):
    """Expected peak memory beyond the graph itself.

    Attributes
    ----------
    work : str
        ``"seeds"`` or ``"spread"``.
    fixed : int
        Bytes that do not depend on the sample.
    per_set : float
        Bytes per reverse set of the choosing sample; 0 for a spread.
    mean_size : float
        Mean nodes per reverse set in the pilot; 0 for a spread.
    n_rr_sets : int64 ndarray
        Sizes of the choosing sample, round by round (0 for a spread).
    bytes : int64 ndarray
        Expected peak of each.
    limit : int
        Bytes allowed.
    """

    work: str
    fixed: int
    per_set: float
    mean_size: float
    n_rr_sets: NDArray[np.int64]
    bytes: NDArray[np.int64]
    limit: int
    manifest: Manifest

    def to_frame(self) -> pd.DataFrame:
        """Return one row per round: ``n_rr_sets``, ``bytes``, ``fits``."""
        import pandas as pd

        return pd.DataFrame({"n_rr_sets": self.n_rr_sets, "bytes": self.bytes, "fits": self.bytes <= self.limit})


def estimate_memory(
    p: Projection,
    *,
    work: str = "seeds",
    model: str | SI | SIS | SIR = "ic",
    max_steps: int | None = None,
    value: ArrayLike | None = None,
    memory_limit: int | None = None,
    rng: RandomState = None,
) -> MemoryEstimate:
    """Estimate the memory of `select_seeds` or `estimate_spread` before running it.

    Parameters
    ----------
    p : Projection
        With probabilities.
    work : {"seeds", "spread"}
    model, max_steps, value
        As they will be given.
    memory_limit : int, optional
        Bytes; default 4 GiB, as in `select_seeds`.
    rng : see `graphkit.rng`
        Pilot sample.

    Returns
    -------
    MemoryEstimate
        Beyond the graph; sampling stops before the first round above ``limit``.

    Raises
    ------
    InvalidParameter
        An unknown kind of work or model, no probabilities, a limit below 1 byte.

    Examples
    --------
    >>> from graphkit.projection.build import from_arrays
    >>> path = from_arrays([0, 1], [1, 2], probability=0.5)
    >>> estimate_memory(path, rng=1).to_frame()["fits"].iloc[[0, -1]].tolist()
    [True, False]
    """
    check_projection(p)
    limit, seed = MEMORY_LIMIT if memory_limit is None else positive_int("memory_limit", memory_limit), as_seed(rng)
    check_model(model)
    per_set = size = 0.0
    if one_of("work", work, ("seeds", "spread")) == "seeds":
        worlds = reverse_worlds(p, model=model, max_steps=max_steps, value=value)
        size = float(np.diff(worlds.sample(PILOT, seed=seed, purpose="pilot", engine=Serial()).indptr).mean())
        fixed, per_set = fixed_bytes(worlds), SET_BYTES + ID_BYTES * size
        sets = 8_192 * 2 ** np.arange(14)
    else:
        arcs = (
            2 * packed_bytes(p.indptr) + LT_BYTES * p.n_arcs
            if model == "lt"
            else packed_bytes(p.indptr) + KEY_BYTES * p.n_arcs
        )
        fixed, sets = BASE_BYTES + arcs + (FORWARD_BYTES * _workers() + COUNT_BYTES) * p.n_nodes, np.zeros(1, np.int64)
    total = fixed + np.ceil(per_set * sets).astype(np.int64)
    request = {
        "work": work,
        "model": model if isinstance(model, str) else repr(model),
        "max_steps": max_steps,
        "memory_limit": limit,
    }
    manifest = make_manifest(
        "estimate_memory",
        request=request,
        answer={"fixed": fixed, "per_set": per_set},
        seed=seed,
        snapshot=p.snapshot_id,
    )
    return MemoryEstimate(work, fixed, per_set, size, sets.astype(np.int64), total, limit, manifest)


def fixed_bytes(worlds: ReverseSampler) -> int:
    """Return the bytes of a selection that do not depend on the sample."""
    mixed = COIN_BYTES * worlds.indices.size if worlds.mixed else 0
    return (
        BASE_BYTES + (NODE_BYTES + WORKER_BYTES * _workers()) * worlds.n_nodes + ARC_BYTES * worlds.indices.size + mixed
    )


def sample_bytes(n_sets: int, n_ids: float) -> float:
    """Return the bytes of a choosing sample of ``n_sets`` sets with ``n_ids`` ids in all."""
    return SET_BYTES * n_sets + ID_BYTES * n_ids


def most_sets(worlds: ReverseSampler, limit: int, seed: int, wanted: int) -> int:
    """Return how many sets, at most ``wanted``, the memory limit allows in the first round.

    Raises
    ------
    InvalidParameter
        Not even `FEWEST` sets fit.
    """
    size = float(np.diff(worlds.sample(PILOT, seed=seed, purpose="pilot", engine=Serial()).indptr).mean())
    room, each = limit - fixed_bytes(worlds), sample_bytes(1, size)
    if room < FEWEST * each:
        need = fixed_bytes(worlds) + FEWEST * each
        refuse(
            "memory_limit",
            limit,
            f"at least {need:.0f} bytes",
            hint=f"{FEWEST} reverse sets of {size:.0f} nodes each must fit; give more or use a smaller graph",
        )
    while wanted * each > room:
        wanted //= 2
    return wanted


def _workers() -> int:
    return os.cpu_count() or 1
