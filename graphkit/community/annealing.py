"""Heat-bath sweeps that cool down: a way out of the local optima in which greedy moves end.

Every sweep visits the nodes in random order; a node joins a neighbouring community c with a chance proportional to

    exp((l_c - gamma k K_c / 2m) / T),

l_c the weight of its links into c, K_c the strength of c without the node, T falling in equal steps. Gains are counted in
mean edge weights, so that temperatures mean the same on every graph: at T = 1 one more edge is worth a factor e. Where groups
are weakly planted a node sees only a few edges more into its own group than into others: greedy moves freeze early mistakes,
sweeps take them back (Reichardt, Bornholdt 2006; Zhang, Moore 2014).

References
----------
Reichardt, Bornholdt (2006), https://doi.org/10.1103/PhysRevE.74.016110;
Zhang, Moore (2014), https://doi.org/10.1073/pnas.1409770111
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphkit.community.steps import below_kernel, gather_kernel, shuffled_kernel
from graphkit.kernels import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.community.quality import Undirected

__all__ = ["anneal"]

HOT, COLD = 0.5, 0.1  # mean edge weights


def anneal(
    graph: Undirected, start: NDArray[np.int64], *, resolution: float, sweeps: int, seed: int
) -> NDArray[np.int64]:
    """Return a partition near the start of higher quality as a rule, not always; communities need not be connected.

    Parameters
    ----------
    graph : Undirected
        Weights > 0.
    start : ndarray of int64, shape (n_nodes,)
        Labels in 0..n_nodes-1.
    resolution : float
        gamma.
    sweeps : int
        Visits of every node.
    seed : int
    """
    mean = float(graph.weight.mean()) if graph.weight.size else 1.0
    temperature = mean * np.linspace(HOT, COLD, sweeps)
    price = resolution / float(graph.strength.sum()) if graph.weight.size else 0.0
    label = start.astype(np.int32)
    anneal_kernel(graph.indptr, graph.indices, graph.weight, graph.strength, price, label, temperature, np.uint64(seed))
    return label.astype(np.int64)


@kernel
def anneal_kernel(indptr, indices, weight, strength, price, label, temperature, seed):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """One sweep for each temperature; labels are changed in place."""
    n, state = strength.size, np.empty(1, np.uint64)
    state[0] = seed
    held, links, near, chance = np.zeros(n), np.zeros(n), np.empty(n, np.int32), np.empty(n)
    for i in range(n):
        held[label[i]] += strength[i]
    for t in range(temperature.size):
        for i in shuffled_kernel(n, state):
            if indptr[i] == indptr[i + 1]:
                continue
            old, count = label[i], gather_kernel(i, indptr, indices, weight, label, links, near)
            held[old] -= strength[i]
            best = draw_kernel(
                near,
                count,
                links,
                held,
                price * strength[i],
                temperature[t],
                chance,
                below_kernel(state, np.int64(1 << 31)) / (1 << 31),
            )
            held[best] += strength[i]
            label[i] = best


@kernel
def draw_kernel(near, count, links, held, cost, temperature, chance, coin):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """One of the communities near a node, by chances exp(gain / temperature); the links are cleared."""
    top = -np.inf
    for k in range(count):
        c = near[k]
        chance[k] = links[c] - cost * held[c]
        top = max(top, chance[k])
        links[c] = 0.0
    total = 0.0
    for k in range(count):
        gap = (top - chance[k]) / temperature
        chance[k] = np.exp(-gap) if gap < 30.0 else 0.0
        total += chance[k]
    left = coin * total
    for k in range(count):
        left -= chance[k]
        if left < 0.0:
            return near[k]
    return near[count - 1]
