"""Simulated truths for campaigns in waves: who is exposed by what, who tells whom, and when, whatever the planner believes."""

import math

import numpy as np
import pandas as pd
from market_fixtures import market

from graphkit.planning.channels import plan
from graphkit.planning.replan import replan

P, N, M = 0.15, 60, 6


def network(seed, n=N, m=M, wide=22):
    """Users on a random graph, channels with overlapping audiences; the planner's belief."""
    rng = np.random.default_rng(seed)
    knows = sorted({(min(a, b), max(a, b)) for a, b in rng.integers(0, n, (3 * n // 2, 2)).tolist() if a != b})
    chance = np.zeros((m, n))
    for c in range(m):
        chance[c, rng.choice(n, wide, replace=False)] = 0.5
    cost = [20, 20, 15, 15, 10, 10] * (m // 6)
    return market(chance, cost, ["kol"] * m, knows=knows), chance, knows


class Truth:
    """One world: which ties work, and whom each use of a channel exposes; the same for every plan."""

    def __init__(self, seed, chance, knows, p):
        rng = np.random.default_rng(seed)
        m, n = chance.shape
        self.near = [[] for _ in range(n)]
        for a, b in knows:
            for s, t in ((a, b), (b, a)):
                if rng.random() < p:
                    self.near[s].append(t)
        self.exposed = rng.random((2, m, n)) < chance
        self.log = []

    def run(self, active, items, ts=0):
        """Users active after these purchases, given who was before; events go into the log."""
        seen = {
            (i.channel, int(u)) for i in items for u in np.flatnonzero(self.exposed[i.wave - 1, int(i.channel[1:])])
        }
        self.log += [(ts, f"u{u:02d}", "exposure", c) for c, u in sorted(seen)]
        front = {u for _, u in seen} - active
        found = set(active) | front
        while front:
            ts += 1
            front = {t for s in front for t in self.near[s]} - found
            self.log += [(ts, f"u{u:02d}", "view", None) for u in sorted(front)]
            found |= front
        return found

    def events(self):
        """What a log would hold."""
        return pd.DataFrame(self.log, columns=["ts", "user", "kind", "channel"])


def gains(count, networks, *, unknown=False, update=True, first=0):
    """Adaptive minus fixed reach on simulated truths; ``unknown``: the planner's chances are wrong, each channel and all ties."""
    out = []
    for world in range(first, first + networks):
        data, chance, knows = network(world)
        made = plan(data, for_="Film:f1", budget=60, probability=P, waves=2, rng=7, rules={"wave_budgets": [30, 30]})
        for k in range(count // networks):
            rng = np.random.default_rng((world, k, 9))
            factor, tie = (rng.uniform(0.5, 1.5, (M, 1)), 2 ** (rng.normal() / 1.96)) if unknown else (1.0, 1.0)
            truth = Truth((world, k), np.minimum(1, chance * factor), knows, min(1, P * tie))
            before = truth.run(set(), [i for i in made.items if i.wave == 1])
            again = replan(made, truth.events(), update=update)
            assert again.spent + sum(i.cost for i in made.items if i.wave == 1) <= 60
            assert all(i.wave == 2 for i in again.items)
            fixed, adaptive = truth.run(before, [i for i in made.items if i.wave == 2]), truth.run(before, again.items)
            out.append(len(adaptive) - len(fixed))
    return np.array(out, float)


def told(values):
    """Mean, and the lower end of its one-sided 95 % interval."""
    return values.mean(), values.mean() - 1.645 * values.std(ddof=1) / math.sqrt(len(values))
