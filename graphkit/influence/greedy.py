"""Seed users: greedy choice on reverse reachable sets, judged on a second sample, with a certificate."""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - from_dict reads the annotation

from graphkit.check import finite, non_negative, positive_int, refuse
from graphkit.diffusion.epidemic_reverse import reverse_worlds
from graphkit.diffusion.worlds import check_value, node_rows
from graphkit.engine.base import as_engine
from graphkit.errors import TimeLimit
from graphkit.influence.certificate import Certificate  # noqa: TC001 - from_dict reads the annotation
from graphkit.influence.memory import MEMORY_LIMIT
from graphkit.influence.rules import seed_rules
from graphkit.influence.seed_search import Search
from graphkit.intervals import wilson
from graphkit.projection.projection import Projection, check_projection
from graphkit.results import Manifest, Result, make_manifest
from graphkit.rng import as_seed

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import ArrayLike

    from graphkit.diffusion.models import SI, SIR
    from graphkit.engine.base import Engine
    from graphkit.influence.seed_search import Found
    from graphkit.progress import ProgressCallback
    from graphkit.rng import RandomState

__all__ = ["SeedSelection", "select_seeds"]

DEFAULT_SECONDS = 120.0  # limit of a promised ratio


@dataclass(frozen=True, eq=False, repr=False)
class SeedSelection(Result):
    """Chosen seed users.

    Attributes
    ----------
    seeds : int64 ndarray
        Rows in order of choice.
    gains : float64 ndarray
        Spread each seed added when chosen, on the sample that chose it (slightly optimistic).
    spread : float
        Expected spread of all seeds, estimated on the independent sample.
    std_error : float
        Its standard error.
    certificate : Certificate
    n_rr_sets : int
        Reverse reachable sets in the two samples.
    hits, n_judged : int
        Sets of the independent sample that hold a seed, and all of them.
    total_value : float
        Value of all users, so that ``spread`` is total_value * hits / n_judged.
    ids : list of str
        Ids of the seeds.
    cost : float or None
        Total cost under a budget.
    """

    seeds: NDArray[np.int64]
    gains: NDArray[np.float64]
    spread: float
    std_error: float
    certificate: Certificate
    n_rr_sets: int
    hits: int
    n_judged: int
    total_value: float
    ids: list[str]
    cost: float | None
    manifest: Manifest

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return Wilson's interval of ``spread``, never empty, also where every set of the sample holds a seed.

        Raises
        ------
        InvalidParameter
            ``confidence`` outside (0, 1).
        """
        lower, upper = wilson(self.hits, self.n_judged, confidence=confidence)
        return lower * self.total_value, upper * self.total_value

    def to_frame(self) -> pd.DataFrame:
        """Return one row per seed: ``rank``, ``node``, ``row``, ``adds``."""
        import pandas as pd

        return pd.DataFrame(
            {"rank": np.arange(1, self.seeds.size + 1), "node": self.ids, "row": self.seeds, "adds": self.gains}
        )


def select_seeds(
    p: Projection,
    *,
    k: int | None = None,
    budget: float | None = None,
    cost: ArrayLike | None = None,
    model: str | SIR | SI = "ic",
    epsilon: float = 0.1,
    delta: float | None = None,
    ratio: float | None = None,
    value: ArrayLike | None = None,
    candidates: Any = None,
    group: ArrayLike | None = None,
    per_group: int | Mapping[Any, int] | None = None,
    max_steps: int | None = None,
    time_limit: float | None = None,
    memory_limit: int | None = None,
    rng: RandomState = None,
    engine: str | Engine = "threads",
    progress: ProgressCallback | None = None,
) -> SeedSelection:
    """Choose seed users under a number or a budget.

    Parameters
    ----------
    p : Projection
        With probabilities (IC) or in-weights (LT) on its arcs; SIR and SI take 1 without.
    k : int >= 1, optional
        Number of seeds; above the number of useful nodes all useful ones are returned.
    budget : float >= 0, optional
        Money; give either ``k`` or ``budget``.
    cost : float or array_like, shape (n_nodes,), optional
        Price >= 0 of each node under a budget; default 1.
    model : {"ic", "lt"}, SIR or SI
        As in `estimate_spread`; SI, and SIR without recovery, need ``max_steps``. SIS has no reverse sets.
    epsilon : float in (0, 1), default 0.1
        Loss of quality the stopping rule may accept: sampling stops where the best certificate the sample could
        give is at least 1 - 0.45 epsilon. Never widens the certificate; halve it for about four times the work.
    delta : float in (0, 1), optional
        Chance that the certificate is wrong; default 1 / n_nodes (at most 1/2).
    ratio : float in (0, 1), optional
        Sample on until the certificate reaches it.
    value : array_like, shape (n_nodes,), optional
        Weight >= 0 of each node reached; default 1.
    candidates : array_like, optional
        Rows or ids that may be chosen; default all.
    group : array_like of int or str, shape (n_nodes,), optional
        Group of each node (region, age band); with ``per_group``.
    per_group : int or mapping, optional
        Most seeds of a group: one number for all, or group -> number (groups not named are free).
    max_steps : int, optional
        Only reach within so many steps counts.
    time_limit : float, optional
        Seconds; default none without ``ratio``, 120 with it.
    memory_limit : int, optional
        Bytes beyond the graph, 4 GiB by default: sampling stops before a round that would need more
        (see `estimate_memory`).
    rng, engine, progress
        See `graphkit.rng`, `graphkit.engine.base`, `graphkit.progress`.

    Returns
    -------
    SeedSelection
        Ties go to the smaller id.

    Raises
    ------
    InvalidParameter, UnknownNode
        Arguments out of range; neither or both of ``k`` and ``budget``; a memory limit below the smallest sample.
    Infeasible
        No candidate can be afforded.
    TimeLimit
        The time or memory limit, or the largest sample, came before ``ratio``; ``best`` holds the selection so far.

    Examples
    --------
    >>> from graphkit.projection.build import from_arrays
    >>> star = from_arrays([0, 0, 0], [1, 2, 3], probability=1.0)
    >>> select_seeds(star, k=1, rng=1).seeds.tolist()
    [0]
    """
    check_projection(p)
    begin = time.perf_counter()
    rules = seed_rules(p, k=k, budget=budget, cost=cost, candidates=candidates, group=group, per_group=per_group)
    search = Search(
        worlds=reverse_worlds(p, model=model, max_steps=max_steps, value=value),
        rules=rules,
        delta=min(0.5, 1.0 / p.n_nodes) if delta is None else _open("delta", delta),
        goal=None if ratio is None else _open("ratio", ratio),
        deadline=_deadline(time_limit, promised=ratio is not None),
        seed=as_seed(rng),
        engine=as_engine(engine),
        memory=MEMORY_LIMIT if memory_limit is None else positive_int("memory_limit", memory_limit),
        epsilon=_open("epsilon", epsilon),
        progress=progress,
    )
    found, reason = search.run()
    request = {
        "k": k,
        "budget": budget,
        "cost": _digest(rules.cost),
        "model": model if isinstance(model, str) else repr(model),
        "epsilon": epsilon,
        "delta": search.delta,
        "ratio": ratio,
        "value": _digest(check_value(value, p.n_nodes)),
        "candidates": _digest(None if candidates is None else node_rows(p, candidates)),
        "max_steps": max_steps,
        "group": _digest(rules.group),
        "per_group": _digest(rules.most),
    }
    seconds = time.perf_counter() - begin
    result = _selection(p, search, found, request, seconds)
    if reason is None:
        return result
    wanted = "what the stopping rule asks" if ratio is None else str(ratio)
    message = f"the certificate reached {found.certificate.ratio:.4f}, not {wanted}: {reason}"
    hint = "the best so far is in .best; allow more time or ask for a lower ratio"
    raise TimeLimit(message, best=result, seconds=seconds, hint=hint)


def _deadline(time_limit: float | None, *, promised: bool) -> float | None:
    """Return the moment at which the time is over; a promised ratio has a limit also when none is given."""
    if time_limit is not None:
        return time.monotonic() + non_negative("time_limit", time_limit)
    return time.monotonic() + DEFAULT_SECONDS if promised else None


def _selection(
    p: Projection, search: Search, found: Found, request: Mapping[str, Any], seconds: float
) -> SeedSelection:
    """Return the last round of a search as a result."""
    share, cost = found.hits / found.n_judged, search.rules.cost
    spread = share * found.total_value
    manifest = make_manifest(
        "select_seeds",
        request=dict(request),
        answer={
            "seeds": found.seeds,
            "spread": spread,
            "certificate": found.certificate,
            "n_rr_sets": found.n_rr_sets,
        },
        seed=search.seed,
        snapshot=p.snapshot_id,
        engine=search.engine.name,
        seconds=seconds,
    )
    return SeedSelection(
        seeds=found.seeds,
        gains=found.gains,
        spread=spread,
        std_error=math.sqrt(share * (1 - share) / found.n_judged) * found.total_value,
        certificate=found.certificate,
        n_rr_sets=found.n_rr_sets,
        hits=found.hits,
        n_judged=found.n_judged,
        total_value=found.total_value,
        ids=p.nodes.ids_of(found.seeds),
        cost=None if request["budget"] is None or cost is None else float(cost[found.seeds].sum()),
        manifest=manifest,
    )


def _open(name: str, value: Any) -> float:
    number = finite(name, value)
    if not 0 < number < 1:
        refuse(name, value, "a number between 0 and 1, both excluded")
    return number


def _digest(array: NDArray[Any] | None) -> str | None:
    return None if array is None else hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
