"""What a search for communities raises: modularity at a resolution, the brevity of the map equation or of a block model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from graphkit.community.annealing import anneal
from graphkit.community.moves import leiden
from graphkit.community.quality import connected_labels, modularity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.community.quality import Undirected

    Labels = NDArray[np.int64]

__all__ = ["OBJECTIVES", "BlockModel", "MapEquation", "Modularity", "Objective"]

OBJECTIVES = ("modularity", "map_equation", "block_model")
_FINE = 8.0


class Objective(Protocol):
    """A quality of partitions and a local search that raises it."""

    few: int  # starts of effort fast

    def quality(self, graph: Undirected, labels: Labels) -> float:
        """Return the quality, higher is better."""

    def improve(self, graph: Undirected, start: Labels, iterations: int, seed: int) -> Labels:
        """Return a partition near the start and better as a rule, every community connected."""

    def rough(self, graph: Undirected, start: Labels, seed: int) -> Labels:
        """Return a good partition soon; communities may hang apart."""

    def warm(self, graph: Undirected, near: Undirected, turn: int, sweeps: int, seed: int) -> Labels:
        """Return a partition to improve, from the same edges weighted by common neighbours, by sweeps of the nodes; turns differ."""


@dataclass(frozen=True)
class Modularity:
    """Edges inside against what the degrees explain."""

    resolution: float = 1.0
    few = 4

    def quality(self, graph: Undirected, labels: Labels) -> float:
        """Return the modularity."""
        return modularity(graph, labels, self.resolution)

    def improve(self, graph: Undirected, start: Labels, iterations: int, seed: int) -> Labels:
        """Run Leiden."""
        return leiden(graph, start, resolution=self.resolution, iterations=iterations, seed=seed)

    def rough(self, graph: Undirected, start: Labels, seed: int) -> Labels:
        """Run Louvain once."""
        return leiden(graph, start, resolution=self.resolution, iterations=1, seed=seed, refine=False)

    def warm(self, graph: Undirected, near: Undirected, turn: int, sweeps: int, seed: int) -> Labels:
        """Run Leiden and cooling sweeps, every second time at twice the resolution: smaller groups first, joined later."""
        fine = self.resolution * (1 + turn % 2)
        rough = leiden(near, np.arange(graph.n_nodes), resolution=fine, iterations=1, seed=seed)
        rough = leiden(graph, rough, resolution=fine, iterations=2, seed=seed)
        return anneal(graph, rough, resolution=fine, sweeps=sweeps, seed=seed)


@dataclass(frozen=True)
class MapEquation:
    """Bits that a random walk takes, less is better."""

    few = 4

    def quality(self, graph: Undirected, labels: Labels) -> float:
        """Return minus the code length."""
        from graphkit.community.map_equation import code_length

        return -code_length(graph, labels)

    def improve(self, graph: Undirected, start: Labels, iterations: int, seed: int) -> Labels:
        """Run the moves of Leiden with the gain of the map equation."""
        from graphkit.community.map_equation import map_leiden

        return map_leiden(graph, start, iterations=iterations, seed=seed)

    def rough(self, graph: Undirected, start: Labels, seed: int) -> Labels:
        """Run one iteration."""
        return self.improve(graph, start, 1, seed)

    def warm(self, graph: Undirected, near: Undirected, turn: int, sweeps: int, seed: int) -> Labels:  # noqa: ARG002 - no sweeps
        """Run on the other weights; it has no sweeps."""
        return self.improve(near, np.arange(graph.n_nodes), 3, seed)


@dataclass(frozen=True)
class BlockModel:
    """Nats that blocks save in describing the edges."""

    few = 2

    def quality(self, graph: Undirected, labels: Labels) -> float:
        """Return the nats saved."""
        from graphkit.community.block_model import block_gain

        return block_gain(graph, labels)

    def improve(self, graph: Undirected, start: Labels, iterations: int, seed: int) -> Labels:
        """Run the moves of Leiden with the gain of the model; what hangs apart is parted."""
        from graphkit.community.block_model import block_leiden

        return connected_labels(graph, block_leiden(graph, start, iterations=iterations, seed=seed))

    def rough(self, graph: Undirected, start: Labels, seed: int) -> Labels:
        """Run Louvain at a high resolution: small groups, from which recombination makes blocks."""
        return Modularity(_FINE).rough(graph, start, seed)

    def warm(self, graph: Undirected, near: Undirected, turn: int, sweeps: int, seed: int) -> Labels:
        """Take a warm start of modularity at twice the resolution (four times in every fourth turn), every second time single nodes."""
        if turn % 2:
            return np.arange(graph.n_nodes, dtype=np.int64)
        return Modularity(1.0 + turn % 4).warm(graph, near, 1, sweeps, seed)
