"""Bound of a node of branch and bound as one compiled loop, where exposures are uncertain."""

from __future__ import annotations

import numpy as np

from graphkit.kernels import kernel

__all__ = ["node_kernel"]


@kernel
def knapsack_kernel(pull, open_, cost, group, left, x):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """`fractional_knapsack` over open options; returns the total, ``x`` holds the shares."""
    n = pull.size
    best, price = np.empty(n, np.int64), np.empty(n)
    for v in range(n):
        x[v], best[v] = 0.0, -1
    for v in range(n):
        if open_[v] and cost[v] <= left and pull[v] > 0.0:
            g = group[v]
            if best[g] < 0:
                best[g], price[g] = v, cost[v]
            else:
                price[g] = min(price[g], cost[v])
                if pull[v] > pull[best[g]]:
                    best[g] = v
    total, money = 0.0, float(left)
    while True:
        first, most = -1, 0.0
        for g in range(n):
            if best[g] >= 0 and pull[best[g]] > most * max(price[g], 1e-9):
                first, most = g, pull[best[g]] / max(price[g], 1e-9)
        if first < 0 or (money <= 0.0 and price[first] > 0.0):
            break
        v = best[first]
        x[v] = 1.0 if price[first] <= money else money / price[first]
        money -= x[v] * price[first]
        total += x[v] * pull[v]
        best[first] = -1
    return total


@kernel
def node_kernel(indptr, indices, hazard, seen, weight, open_, cost, group, left, x, softness, steps, enough):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Return the least bound, its constant and coefficients, and the steps taken; ``x`` moves on."""
    n, rows = open_.size, weight.size
    bound, constant, kept_pull = np.inf, 0.0, np.zeros(n)
    across, within = np.empty(rows), np.empty(rows)
    corner = np.empty(n)
    taken = 0
    for step in range(steps):
        soft = softness[min(step * softness.size // steps, softness.size - 1)]
        for r in range(rows):
            across[r], within[r] = 0.0, 0.0
        for v in range(n):
            if x[v] > 0.0:
                for k in range(indptr[v], indptr[v + 1]):
                    across[indices[k]] += hazard[k] * x[v]
                    within[indices[k]] += seen[k] * x[v]
        base = 0.0
        for r in range(rows):
            if across[r] == 0.0:
                within[r] = weight[r]
                continue
            a = min(across[r], 40.0)
            w = np.exp(-a)
            y = min(max(0.5 + (1.0 - within[r]) / (2.0 * soft), 0.0), 1.0)
            if 1.0 - y + y * within[r] <= 1.0 - w + w * (across[r] - a):
                base += weight[r] * (1.0 - y)
                across[r], within[r] = 0.0, weight[r] * y
            else:
                base += weight[r] * (1.0 - w - w * a)
                across[r], within[r] = weight[r] * w, 0.0
        pull = np.zeros(n)
        for v in range(n):
            if open_[v]:
                total = 0.0
                for k in range(indptr[v], indptr[v + 1]):
                    total += hazard[k] * across[indices[k]] + seen[k] * within[indices[k]]
                pull[v] = total
        best = knapsack_kernel(pull, open_, cost, group, left, corner)
        taken += 1
        if base + best < bound:
            bound, constant, kept_pull = base + best, base, pull
            if bound <= enough:
                break
        size = 2.0 / (step + 3.0)
        for v in range(n):
            x[v] += size * (corner[v] - x[v])
    return bound, constant, kept_pull, taken
