"""Time and modularity of every effort on an edge list, over seeds, beside igraph's Leiden where it is installed.

    python tests/bench/bench_communities.py EDGES.csv[.gz] [--truth LABELS.csv] [--effort fast --effort balanced] [--auto]

EDGES has two columns of node numbers, LABELS node and group: then the adjusted Rand index stands beside. --auto lets the data choose
the resolution. Rounds are seeds: the spread of the modularity is what another seed would have given.
"""

import contextlib
import random

import measure
import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

import graphkit as gk


def main() -> None:
    """Measure the efforts asked for."""
    parser = measure.arguments(__doc__)
    parser.add_argument("edges", help="CSV with two columns of node numbers")
    parser.add_argument("--truth", help="CSV with columns node and group")
    parser.add_argument("--effort", action="append", choices=["fast", "balanced", "thorough"])
    parser.add_argument("--auto", action="store_true", help="resolution chosen by the data")
    chosen = parser.parse_args()
    ends = np.unique(np.sort(pd.read_csv(chosen.edges).iloc[:, :2].to_numpy(), axis=1), axis=0)
    ends = ends[ends[:, 0] != ends[:, 1]]
    p = gk.from_arrays(*ends.T, n_nodes=int(ends.max()) + 1, directed=False)
    truth = None if chosen.truth is None else pd.read_csv(chosen.truth).to_numpy()
    resolution = "auto" if chosen.auto else 1.0

    def quality(found) -> str:
        ari = "" if truth is None else f", ARI {adjusted_rand_score(truth[:, 1], found.labels[truth[:, 0]]):.4f}"
        return f"Q {found.modularity:.6f} at {found.resolution:.2f}, {found.n_communities} communities{ari}"

    with contextlib.closing(measure.Bench(f"{p.n_nodes:,} nodes, {len(ends):,} edges", chosen.json)) as bench:
        gk.communities(gk.from_arrays([0, 1], [1, 2]), effort="thorough", resolution=resolution, rng=0)  # compile
        for effort in chosen.effort or ["fast", "balanced"]:
            for seed in range(chosen.rounds):
                name = f"{effort}, seed {seed}"
                bench.time(name, lambda e=effort, s=seed: gk.communities(p, effort=e, resolution=resolution, rng=s), quality=quality)
        with contextlib.suppress(ImportError):
            import igraph

            net = igraph.Graph(n=p.n_nodes, edges=ends)
            random.seed(0)
            bench.time(
                "igraph Leiden until stable",
                lambda: net.community_leiden(objective_function="modularity", n_iterations=-1),
                quality=lambda found: f"Q {found.modularity:.6f}",
            )


if __name__ == "__main__":
    main()
