"""Time and modularity of every effort on an edge list or an LFR graph, over seeds, beside igraph's Leiden where it is installed.

    python tests/bench/bench_communities.py EDGES.csv[.gz] [--truth LABELS.csv] [--effort fast --effort balanced] [--auto] [--objective block_model]
    python tests/bench/bench_communities.py --lfr 20000 .7 --generators 5 --rounds 3 [--auto]

EDGES has two columns of node numbers, LABELS node and group: then the adjusted Rand index and the normalised mutual information stand
beside. --lfr needs networkit (degrees 20 on average, at most 100 or 300, exponent 2; groups 20-1,000 or 50-3,000, exponent 1; the larger
ones from 200,000 nodes on) and draws --generators graphs. --auto lets the data choose the resolution. Rounds are seeds: the spread is what
another seed would have given. igraph and networkit are not among graphkit's dependencies; --igraph-iterations -1 runs Leiden until stable.
"""

import contextlib
import random

import measure
import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

import graphkit as gk


def lfr(nodes, mu, seed):
    """Return edges and groups of an LFR graph of networkit."""
    import networkit as nk

    large = nodes >= 200_000
    nk.setSeed(seed, False)
    nk.setNumberOfThreads(1)
    made = nk.generators.LFRGenerator(nodes)
    made.generatePowerlawDegreeSequence(20, 300 if large else 100, -2)
    made.generatePowerlawCommunitySizeSequence(50 if large else 20, 3_000 if large else 1_000, -1)
    made.setMu(mu)
    graph = made.generate()
    matrix = nk.algebraic.adjacencyMatrix(graph, matrixType="sparse").tocoo()
    once = matrix.row < matrix.col
    return np.column_stack([matrix.row[once], matrix.col[once]]), np.asarray(made.getPartition().getVector())


def graphs(chosen):
    """Name, edges, truth (node, group) of every graph asked for."""
    if chosen.lfr:
        for seed in range(1, chosen.generators + 1):
            ends, group = lfr(int(chosen.lfr[0]), chosen.lfr[1], seed)
            yield f"LFR {seed}", ends, np.column_stack([np.arange(group.size), group])
        return
    ends = np.unique(np.sort(pd.read_csv(chosen.edges).iloc[:, :2].to_numpy(), axis=1), axis=0)
    yield (
        "edges",
        ends[ends[:, 0] != ends[:, 1]],
        None if chosen.truth is None else pd.read_csv(chosen.truth).to_numpy(),
    )


def main() -> None:
    """Measure the efforts asked for."""
    parser = measure.arguments(__doc__)
    parser.add_argument("edges", nargs="?", help="CSV with two columns of node numbers")
    parser.add_argument("--truth", help="CSV with columns node and group")
    parser.add_argument("--lfr", nargs=2, type=float, metavar=("NODES", "MU"), help="planted graphs instead")
    parser.add_argument("--generators", type=int, default=1, help="number of planted graphs")
    parser.add_argument("--effort", action="append", choices=["fast", "balanced", "thorough"])
    parser.add_argument("--auto", action="store_true", help="resolution chosen by the data")
    parser.add_argument("--objective", default="modularity", choices=["modularity", "map_equation", "block_model"])
    parser.add_argument("--igraph-iterations", type=int, default=-1)
    chosen = parser.parse_args()
    if (chosen.edges is None) == (chosen.lfr is None):
        parser.error("give EDGES or --lfr")
    how = {"objective": chosen.objective, "resolution": "auto" if chosen.auto else 1.0}
    gk.communities(gk.from_arrays([0, 1], [1, 2]), effort="thorough", rng=0, **how)  # compile
    for title, ends, truth in graphs(chosen):
        measured(chosen, title, ends, truth, how)


def measured(chosen, title, ends, truth, how) -> None:
    """Measure one graph, every effort and the peer in turn."""
    p = gk.from_arrays(*ends.T, n_nodes=int(ends.max()) + 1, directed=False)

    def quality(found, labels=None) -> str:
        labels = found.labels if labels is None else labels
        text = f"Q {found.modularity:.6f}"
        if truth is not None:
            nmi = normalized_mutual_info_score(truth[:, 1], labels[truth[:, 0]])
            text += f", NMI {nmi:.4f}, ARI {adjusted_rand_score(truth[:, 1], labels[truth[:, 0]]):.4f}"
        return f"{text}, {labels.max() + 1} communities"

    with contextlib.closing(measure.Bench(f"{title}: {p.n_nodes:,} nodes, {len(ends):,} edges", chosen.json)) as bench:
        peer = None
        with contextlib.suppress(ImportError):
            import igraph

            net = igraph.Graph(n=p.n_nodes, edges=ends)
            peer = lambda: net.community_leiden(objective_function="modularity", n_iterations=chosen.igraph_iterations)
        for seed in range(chosen.rounds):
            for effort in chosen.effort or ["fast", "balanced"]:
                bench.time(
                    f"{effort}, seed {seed}",
                    lambda e=effort, s=seed: gk.communities(p, effort=e, rng=s, **how),
                    quality=quality,
                )
            if peer is not None:
                random.seed(seed)
                bench.time(
                    f"igraph Leiden, seed {seed}",
                    peer,
                    quality=lambda found: quality(found, np.asarray(found.membership)),
                )


if __name__ == "__main__":
    main()
