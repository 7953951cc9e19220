"""Rounds of seed selection: sample, choose, judge on a second sample, bound the optimum.

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

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from graphkit.errors import TimeLimit
from graphkit.influence.certificate import Certificate, lower_bound, upper_bound
from graphkit.influence.coverage import Coverage
from graphkit.influence.memory import fixed_bytes, most_sets, sample_bytes
from graphkit.progress import Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.diffusion.rr_sets import ReverseSampler, RRSets
    from graphkit.engine.base import Engine
    from graphkit.influence.rules import Rules
    from graphkit.progress import ProgressCallback

__all__ = ["Found", "Search"]

FIRST_SETS = 8_192
ROUNDS = 14  # 8,192 * 2**13 = 67 M sets at most
# The sample grows at most so many times at once; the bound on the optimum is expected that near to greedy
LEAP, GAP = 16, 1.01
# R2 is that many times as large as R1: quality comes from R1, a promised ratio from both, and R2 is cheaper
JUDGES, RATIO_JUDGES = 1, 2
# Shares of epsilon: for optimism and sampling error together, for the bound on the optimum
SAMPLING, BOUNDING = 0.45, 0.1
PLAIN_STEPS, HARD_STEPS = 20, 80  # subgradient steps without and with a promised ratio
# Where the ratio is out of reach in this round: should time run out, its best so far has most of the dual
FEW_STEPS = 8


@dataclass(frozen=True)
class Found:
    """Outcome of one round."""

    seeds: NDArray[np.int64]
    gains: NDArray[np.float64]
    hits: int  # of the judging sets, so that the spread is total_value * hits / n_judged
    n_judged: int
    total_value: float
    certificate: Certificate
    n_rr_sets: int
    good: bool


@dataclass
class Search:
    """Rounds of sampling, choosing and judging."""

    worlds: ReverseSampler
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

    def run(self) -> tuple[Found, str | None]:
        """Return the last round and, where a promised ratio was missed, why."""
        limit, self.deadline = (
            self.deadline,
            None,
        )  # the first round always ends: whoever comes late still has an answer
        sample = self._more(None, most_sets(self.worlds, self.memory, self.seed, FIRST_SETS))
        found: Found | None = None
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

    def _next(self, found: Found, sample: RRSets) -> int:
        """Return the next size: twice as much, or straight to where a sample without optimism would do."""
        n, share = 2 * sample.n_sets, found.hits / found.n_judged
        while (
            share > 0
            and not self._promising(share, n)
            and n < LEAP * sample.n_sets
            and self._full(sample, 2 * n) is None
        ):
            n *= 2
        return n

    def _promising(self, share: float, n: int) -> bool:
        """Say whether ``n`` sets would do for seeds that hit this share of them."""
        if self.goal is None:
            return self._settled(share * n, share * self.judges * n, n)
        each = self.delta / (2 * ROUNDS)
        return lower_bound(share * self.judges * n, self.judges * n, 1.0, each) >= self.goal * upper_bound(
            GAP * share * n, n, 1.0, each
        )

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
        return lower_bound(hits, self.judges * n_sets, 1.0, each) >= (1 - SAMPLING * self.epsilon) * upper_bound(
            covered, n_sets, 1.0, each
        )

    def _more(self, sample: RRSets | None, n_sets: int) -> RRSets:
        """Extend R1 to ``n_sets``."""
        have = 0 if sample is None else sample.n_sets
        more = self.worlds.sample(
            n_sets - have,
            seed=self.seed,
            purpose="choose",
            first=have,
            places=True,
            engine=self.engine,
            progress=self.progress,
            deadline=self.deadline,
        )
        if sample is None:
            return more
        indptr = np.concatenate((sample.indptr, sample.indptr[-1] + more.indptr[1:]))
        return replace(
            sample,
            indptr=indptr,
            nodes=np.concatenate((sample.nodes, more.nodes)),
            roots=np.concatenate((sample.roots, more.roots)),
        )

    def _round(self, sample: RRSets, *, last: bool) -> Found:
        """Choose on R1, judge on R2, bound the optimum."""
        n1, n2, value = sample.n_sets, self.judges * sample.n_sets, sample.total_value
        cover = Coverage(sample, self.rules, self.engine, self.worlds.order)
        chosen, gains, top = cover.greedy()
        seeds = self.worlds.order[chosen].astype(np.int64)
        covered = int(gains.sum())
        hits = 0
        if seeds.size:
            hits = self.worlds.count_hits(
                seeds, n2, seed=self.seed, purpose="judge", engine=self.engine, deadline=self.deadline
            )
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
            top = min(
                top,
                cover.dual_bound(chosen, covered, steps=steps, enough=lambda bound: enough(bound) or self._late()),
            )
        good = settled if self.goal is None else enough(top)
        certificate = Certificate.of(lower, upper_bound(top, n1, value, each), self.delta)
        if self.progress is not None:
            self.progress(Progress("seeds", n1 + n2, None, "reverse sets"))
        return Found(
            seeds, (gains * (value / n1)).astype(np.float64), hits, n2, float(value), certificate, n1 + n2, good
        )
