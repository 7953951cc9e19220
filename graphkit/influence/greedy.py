"""Seed users: greedy choice on reverse reachable sets, judged on a second sample, with a certificate.

Rounds double the sample R1. In each, greedy chooses S on R1 and the share of R2 hit by S judges
it without greedy's optimism. No bound on the optimum is below what greedy covers on R1, so
``limit = lower / upper(covered)`` is the best certificate this sample could give, and what it lacks to 1 is
greedy's optimism and the sampling error. Without a promised ratio sampling goes on until
``limit >= 1 - SAMPLING * epsilon``; with one, until the certificate reaches it. Stopping at 1 - 1/e - epsilon, as the
text-book rule does, is too early for quality (directed NetHEPT: 8k sets give 1161, 131k 1289, 524k 1295.2, 1M 1296; published 1294-1298).
The bound on the optimum itself, the largest part of the work, is then sought once, to ``epsilon / 10`` of what greedy covers.
The bounds are evaluated in at most `ROUNDS` rounds and delta is shared evenly among them, so the certificate holds
whenever one stops.
"""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - from_dict reads the annotation

from graphkit.check import finite, non_negative, positive_int, refuse
from graphkit.diffusion.epidemic_reverse import reverse_worlds
from graphkit.diffusion.worlds import check_value, node_rows
from graphkit.engine.base import as_engine
from graphkit.errors import TimeLimit
from graphkit.influence.certificate import Certificate, lower_bound, upper_bound
from graphkit.influence.coverage import Coverage
from graphkit.influence.memory import MEMORY_LIMIT, fixed_bytes, most_sets, sample_bytes
from graphkit.influence.rules import Rules, seed_rules
from graphkit.progress import Progress
from graphkit.results import Manifest, Result, make_manifest
from graphkit.rng import as_seed

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import ArrayLike

    from graphkit.diffusion.epidemic_reverse import EpidemicWorlds
    from graphkit.diffusion.models import SI, SIR
    from graphkit.diffusion.rr_sets import ReverseWorlds, RRSets
    from graphkit.engine.base import Engine
    from graphkit.progress import ProgressCallback
    from graphkit.projection.projection import Projection
    from graphkit.rng import RandomState

__all__ = ["SeedSelection", "select_seeds"]

FIRST_SETS = 8_192
ROUNDS = 14  # 8,192 * 2**13 = 67 M sets at most
LEAP, GAP = 16, 1.01  # the sample grows at most so many times at once; the bound on the optimum is expected that near to greedy
JUDGES, RATIO_JUDGES = 1, 2  # R2 is that many times as large as R1: quality comes from R1, a promised ratio from both, and R2 is cheaper
SAMPLING, BOUNDING = 0.45, 0.1  # shares of epsilon: for optimism and sampling error together, for the bound on the optimum
PLAIN_STEPS, HARD_STEPS = 20, 80  # subgradient steps without and with a promised ratio
FEW_STEPS = 8  # where the ratio is out of reach in this round: should time run out, its best so far has most of the dual
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
    ids: list[str]
    cost: float | None
    manifest: Manifest

    def to_frame(self) -> pd.DataFrame:
        """Return one row per seed: ``rank``, ``node``, ``row``, ``adds``."""
        import pandas as pd

        return pd.DataFrame({"rank": np.arange(1, self.seeds.size + 1), "node": self.ids, "row": self.seeds, "adds": self.gains})


def select_seeds(
    p: Projection, *, k: int | None = None, budget: float | None = None, cost: ArrayLike | None = None,
    model: str | SIR | SI = "ic", epsilon: float = 0.1, delta: float | None = None, ratio: float | None = None,
    value: ArrayLike | None = None, candidates: Any = None, group: ArrayLike | None = None, per_group: int | Mapping[Any, int] | None = None,
    max_steps: int | None = None, time_limit: float | None = None, memory_limit: int | None = None,
    rng: RandomState = None, engine: str | Engine = "threads", progress: ProgressCallback | None = None,
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
    begin = time.perf_counter()
    rules = seed_rules(p, k=k, budget=budget, cost=cost, candidates=candidates, group=group, per_group=per_group)
    worlds = reverse_worlds(p, model=model, max_steps=max_steps, value=value)
    sure = min(0.5, 1.0 / p.n_nodes) if delta is None else _open("delta", delta)
    goal = None if ratio is None else _open("ratio", ratio)
    seconds = None if time_limit is None else non_negative("time_limit", time_limit)
    if seconds is None and goal is not None:
        seconds = DEFAULT_SECONDS
    seed, runner = as_seed(rng), as_engine(engine)
    memory = MEMORY_LIMIT if memory_limit is None else positive_int("memory_limit", memory_limit)
    search = _Search(worlds, rules, seed, runner, _open("epsilon", epsilon), sure, goal, memory,
                     None if seconds is None else time.monotonic() + seconds, progress)
    found, reason = search.run()
    worth = check_value(value, p.n_nodes)
    request = {"k": k, "budget": budget, "cost": _digest(rules.cost), "model": model if isinstance(model, str) else repr(model), "epsilon": epsilon, "delta": sure, "ratio": ratio,
               "value": _digest(worth), "candidates": _digest(None if candidates is None else node_rows(p, candidates)), "max_steps": max_steps,
               "group": _digest(rules.group), "per_group": _digest(rules.most)}
    answer = {"seeds": found.seeds, "spread": found.spread, "certificate": found.certificate, "n_rr_sets": found.n_rr_sets}
    manifest = make_manifest("select_seeds", request=request, answer=answer, seed=seed, snapshot=p.snapshot_id,
                             engine=runner.name, seconds=time.perf_counter() - begin)
    total = None if budget is None or rules.cost is None else float(rules.cost[found.seeds].sum())
    result = SeedSelection(found.seeds, found.gains, found.spread, found.std_error, found.certificate, found.n_rr_sets,
                           p.nodes.ids_of(found.seeds), total, manifest)
    if reason is not None:
        wanted = "what the stopping rule asks" if ratio is None else str(ratio)
        message = f"the certificate reached {found.certificate.ratio:.4f}, not {wanted}: {reason}"
        raise TimeLimit(message, best=result, seconds=time.perf_counter() - begin, hint="the best so far is in .best; allow more time or ask for a lower ratio")
    return result


@dataclass(frozen=True)
class _Found:
    """Outcome of one round."""

    seeds: NDArray[np.int64]
    gains: NDArray[np.float64]
    spread: float
    std_error: float
    certificate: Certificate
    n_rr_sets: int
    good: bool


@dataclass
class _Search:
    """Rounds of sampling, choosing and judging."""

    worlds: ReverseWorlds | EpidemicWorlds
    rules: Rules
    seed: int
    engine: Engine
    epsilon: float
    delta: float
    goal: float | None
    memory: int
    deadline: float | None
    progress: ProgressCallback | None

    @property
    def judges(self) -> int:
        """How many times as large as R1 is R2."""
        return JUDGES if self.goal is None else RATIO_JUDGES

    def run(self) -> tuple[_Found, str | None]:
        """Return the last round and, where a promised ratio was missed, why."""
        limit, self.deadline = self.deadline, None  # the first round always ends: whoever comes late still has an answer
        sample = self._more(None, most_sets(self.worlds, self.memory, self.seed, FIRST_SETS))
        found: _Found | None = None
        for number in range(ROUNDS):
            end = "the largest sample was reached" if number == ROUNDS - 1 else self._full(sample, 2 * sample.n_sets)
            begin = time.monotonic()
            try:
                found = self._round(sample, last=end is not None)
                self.deadline = limit
                if found.good:
                    return found, None
                if end is not None:
                    return found, None if self.goal is None else end
                if self._late():
                    return found, "the time limit was reached"
                sample = self._more(sample, self._timely(self._next(found, sample), sample.n_sets, begin))
            except TimeLimit:
                if found is None:
                    raise
                return found, "the time limit was reached"
        raise AssertionError  # pragma: no cover - the last round returns

    def _late(self) -> bool:
        return self.deadline is not None and time.monotonic() > self.deadline

    def _full(self, sample: RRSets, n_sets: int) -> str | None:
        """Say why a sample of ``n_sets`` does not fit into the memory."""
        need = fixed_bytes(self.worlds) + sample_bytes(n_sets, sample.nodes.size / sample.n_sets * n_sets)
        return f"a sample of {n_sets} sets needs {need:.2g} bytes, above memory_limit" if need > self.memory else None

    def _next(self, found: _Found, sample: RRSets) -> int:
        """Return the next size: twice as much, or straight to where a sample without optimism would do."""
        n, share = 2 * sample.n_sets, found.spread / sample.total_value
        while share > 0 and not self._promising(share, n) and n < LEAP * sample.n_sets and self._full(sample, 2 * n) is None:
            n *= 2
        return n

    def _promising(self, share: float, n: int) -> bool:
        """Say whether ``n`` sets would do for seeds that hit this share of them."""
        if self.goal is None:
            return self._settled(share * n, share * self.judges * n, n)
        each = self.delta / (2 * ROUNDS)
        return lower_bound(share * self.judges * n, self.judges * n, 1.0, each) >= self.goal * upper_bound(GAP * share * n, n, 1.0, each)

    def _timely(self, wanted: int, n: int, begin: float) -> int:
        """Return the next size where the last round, of ``n`` sets, began then: no leap beyond half of the time left."""
        if self.deadline is None:
            return wanted
        now = time.monotonic()
        could = n * (self.deadline - now) / max(now - begin, 1e-9)  # sets for which the time left would do
        return wanted if wanted <= could / 2 else 2 * n if 2 * n <= could else max(5 * n // 4, int(0.8 * could))

    def _settled(self, covered: float, hits: float, n_sets: int) -> bool:
        """Say whether the best certificate that R1 and R2 could give is near enough to 1."""
        if hits == 0:
            return covered == 0
        each = self.delta / (2 * ROUNDS)
        return lower_bound(hits, self.judges * n_sets, 1.0, each) >= (1 - SAMPLING * self.epsilon) * upper_bound(covered, n_sets, 1.0, each)

    def _more(self, sample: RRSets | None, n_sets: int) -> RRSets:
        """Extend R1 to ``n_sets``."""
        have = 0 if sample is None else sample.n_sets
        more = self.worlds.sample(n_sets - have, seed=self.seed, purpose="choose", first=have, places=True, engine=self.engine, progress=self.progress, deadline=self.deadline)
        if sample is None:
            return more
        indptr = np.concatenate((sample.indptr, sample.indptr[-1] + more.indptr[1:]))
        return replace(sample, indptr=indptr, nodes=np.concatenate((sample.nodes, more.nodes)), roots=np.concatenate((sample.roots, more.roots)))

    def _round(self, sample: RRSets, *, last: bool) -> _Found:
        """Choose on R1, judge on R2, bound the optimum."""
        n1, n2, value = sample.n_sets, self.judges * sample.n_sets, sample.total_value
        cover = Coverage(sample, self.rules, self.engine, self.worlds.order)
        chosen, gains, top = cover.greedy()
        seeds, gains = _within(self.worlds.order[chosen].astype(np.int64), gains, self.rules)
        covered = int(gains.sum())
        hits = 0
        if seeds.size:
            hits = self.worlds.count_hits(seeds, n2, seed=self.seed, purpose="judge", engine=self.engine, deadline=self.deadline)
        share = hits / n2
        error = math.sqrt(share * (1 - share) / n2)
        settled = self._settled(covered, hits, n1)
        each = self.delta / (2 * ROUNDS)
        lower = lower_bound(hits, n2, value, each)

        def enough(bound: float) -> bool:
            if self.goal is None:
                return bound <= (1 + BOUNDING * self.epsilon) * covered
            return lower > 0 and lower >= self.goal * upper_bound(bound, n1, value, each)

        wanted = settled if self.goal is None else enough(covered)  # no bound is below what greedy covers
        if not enough(top) and (wanted or last or self.goal is not None):
            steps = PLAIN_STEPS if self.goal is None else HARD_STEPS if wanted else FEW_STEPS
            top = min(top, cover.dual_bound(chosen[: seeds.size], covered, steps=steps, enough=lambda bound: enough(bound) or self._late()))
        good = settled if self.goal is None else enough(top)
        certificate = Certificate.of(lower, upper_bound(top, n1, value, each), self.delta)
        if self.progress is not None:
            self.progress(Progress("seeds", n1 + n2, None, "rr_sets"))
        return _Found(seeds, (gains * (value / n1)).astype(np.float64), share * value, error * value, certificate, n1 + n2, good)


def _within(seeds: NDArray[np.int64], gains: NDArray[np.int64], rules: Rules) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Drop last picks whose sum, added in another order, would exceed the budget by a rounding."""
    while rules.cost is not None and seeds.size and float(rules.cost[seeds].sum()) > rules.budget:
        seeds, gains = seeds[:-1], gains[:-1]
    return seeds, gains


def _open(name: str, value: Any) -> float:
    number = finite(name, value)
    if not 0 < number < 1:
        refuse(name, value, "a number between 0 and 1, both excluded")
    return number


def _digest(array: NDArray[Any] | None) -> str | None:
    return None if array is None else hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
