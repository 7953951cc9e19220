"""The samples of a plan: reverse reachable sets times hazards, as covers.

Without word of mouth nothing is sampled: every person is a set of one, weighted by value, and all numbers are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from graphkit.diffusion.rr_sets import ReverseWorlds
from graphkit.engine.base import as_engine
from graphkit.influence.channel_cover import Cover, set_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.engine.base import Engine
    from graphkit.progress import ProgressCallback
    from graphkit.projection.projection import Projection

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

CHUNK, CROWD = 16_384, 512

__all__ = ["Worlds", "make_worlds"]


@dataclass(frozen=True)
class Worlds:
    """A source of independent samples; ``reverse`` is None when there is no word of mouth."""

    n: int
    total: float
    value: Floats | None
    reverse: ReverseWorlds | None
    seed: int
    engine: Engine
    progress: ProgressCallback | None

    @property
    def exact(self) -> bool:
        """True when sets are not sampled but listed."""
        return self.reverse is None

    def rounded(self, n_sets: int) -> int:
        """Return the number of sets to draw: when everybody counts 1, each person is the root equally often.

        Even roots leave only the chance on ties. The bounds hold as before: the tail of a sum of independent values in
        [0, 1] is never heavier than that of equal ones with the same mean (Hoeffding 1963).
        """
        return n_sets - n_sets % self.n if self._even(n_sets) else n_sets

    def _even(self, n_sets: int) -> bool:
        return self.value is None and n_sets >= 2 * self.n

    def _roots(self, n_sets: int, first: int, count: int) -> Ints | None:
        """Root of each set first..first+count-1 of n_sets; None: drawn."""
        return np.arange(first, first + count, dtype=np.int64) % self.n if self._even(n_sets) else None

    def sets(self, n_sets: int, purpose: str) -> Any:
        """Return ``rounded(n_sets)`` sets of this purpose as a CSR matrix (n_sets, n); all singletons when exact."""
        if self.reverse is None:
            return sp.identity(self.n, dtype=np.float64, format="csr")
        count = self.rounded(n_sets)
        rr = self.reverse.sample(
            count,
            seed=self.seed,
            purpose=purpose,
            roots=self._roots(count, 0, count),
            engine=self.engine,
            progress=self.progress,
        )
        return set_matrix(rr.indptr, rr.nodes, self.n)

    def choosing_cover(self, n_sets: int, purpose: str, hazard: Any) -> tuple[Cover, float]:
        """Return the cover to choose on, and the value of the crowded sets left out of it.

        A set of more than CROWD people is seen by nearly every plan; it is counted as seen by all of them. That can
        only enlarge a bound on the best plan, and leaves room for the many small sets that tell plans apart.
        """
        if self.reverse is None:
            return self.cover(self.sets(n_sets, purpose), hazard), 0.0
        n_sets = self.rounded(n_sets)
        parts, crowded = [], 0
        for first in range(0, n_sets, CHUNK):
            count = min(CHUNK, n_sets - first)
            rr = self.reverse.sample(
                count,
                seed=self.seed,
                purpose=purpose,
                first=first,
                roots=self._roots(n_sets, first, count),
                engine=self.engine,
                progress=self.progress,
            )
            sets = set_matrix(rr.indptr, rr.nodes, self.n)
            few = np.flatnonzero(np.diff(rr.indptr) <= CROWD)
            crowded += count - few.size
            parts.append(sp.csr_matrix(sets[few] @ hazard))
        product = sp.csr_matrix(sp.vstack(parts, format="csr"))
        scale = self.total / n_sets
        return Cover(product, np.ones(product.shape[0]), scale), scale * crowded

    def cover(self, sets: Any, hazard: Any) -> Cover:
        """Return the cover of these sets by the options of ``hazard`` (people x options)."""
        product = sp.csr_matrix(sets @ hazard)
        if self.reverse is None:
            return Cover(product, np.ones(self.n) if self.value is None else self.value, 1.0)
        n_sets = sets.shape[0]
        return Cover(
            product, np.ones(n_sets), self.total / n_sets, self.n if self._even(n_sets) and n_sets % self.n == 0 else 0
        )


def make_worlds(
    projection: Projection | None,
    n: int,
    *,
    value: Floats | None,
    max_steps: int | None,
    seed: int,
    engine: str | Engine,
    progress: ProgressCallback | None,
) -> Worlds:
    """Return the worlds of a projection, or the exact ones when it is None."""
    reverse = None if projection is None else ReverseWorlds(projection, max_steps=max_steps, value=value)
    total = float(n) if value is None else float(value.sum())
    return Worlds(n, total, value, reverse, seed, as_engine(engine), progress)
