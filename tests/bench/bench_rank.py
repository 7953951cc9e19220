"""Time and certified error of personalised PageRank on an edge list, beside igraph and networkx where they are installed.

    python tests/bench/bench_rank.py EDGES.csv[.gz] [--directed] [--sources 320]
    python tests/bench/bench_rank.py --rmat 21 24 --sources 0

EDGES has two columns of node numbers; without --directed every row counts both ways. --rmat draws 2^24 directed arcs of an R-MAT
graph (.57, .19, .19, .05; seed 42) over 2^21 numbers and keeps the distinct ones and the nodes they use: 16.4 million arcs. Rounds
are interleaved; read processor time on a busy machine. networkx is left out above two million arcs. networkx is asked for the same L1 error (it multiplies its tolerance by the number of nodes), igraph with
OMP_NUM_THREADS=1 or its idle threads count as work.
"""

import contextlib

import measure
import numpy as np
import pandas as pd

import graphkit as gk

RESTART = 0.15
_MOST_FOR_NETWORKX = 2_000_000


def rmat(scale, log_draws, seed=42):
    """Return distinct arcs of a directed R-MAT graph; used nodes are numbered from 0."""
    rng, count = np.random.default_rng(seed), 2**log_draws
    key = np.zeros(count, np.int64)
    for bit in range(scale):
        draw = rng.random(count)
        low, high = draw >= 0.57 + 0.19, (draw >= 0.57) & (draw < 0.57 + 0.19) | (draw >= 0.57 + 2 * 0.19)
        key |= (low.astype(np.int64) << (scale + bit)) | (high.astype(np.int64) << bit)
    key = np.unique(key)
    _, ends = np.unique(np.concatenate([key >> scale, key & (2**scale - 1)]), return_inverse=True)
    return ends.reshape(2, -1).T


def peers(n, ends, directed, source):
    """One call for each library that is installed, for the same source."""
    calls = {}
    with contextlib.suppress(ImportError):
        import igraph

        net = igraph.Graph(n=n, edges=ends, directed=directed)
        calls["igraph prpack, one source"] = lambda: np.array(
            net.personalized_pagerank(reset_vertices=source, directed=directed)
        )
    with contextlib.suppress(ImportError):
        if len(ends) > _MOST_FOR_NETWORKX:
            return calls
        import networkx as nx

        graph = (nx.DiGraph if directed else nx.Graph)(ends.tolist())
        tolerance = 1e-8 * RESTART / (1 - RESTART) / n
        options = {"personalization": {source: 1.0}, "dangling": {source: 1.0}, "tol": tolerance, "max_iter": 500}
        calls["networkx, one source"] = lambda: nx.pagerank(graph, **options)
    return calls


def main() -> None:
    """Measure one source and a batch."""
    parser = measure.arguments(__doc__)
    parser.add_argument("edges", nargs="?", help="CSV with two columns of node numbers")
    parser.add_argument(
        "--rmat", nargs=2, type=int, metavar=("SCALE", "LOG_DRAWS"), help="a made R-MAT graph instead, directed"
    )
    parser.add_argument("--directed", action="store_true")
    parser.add_argument("--sources", type=int, default=320)
    chosen = parser.parse_args()
    if chosen.rmat:
        ends, directed = rmat(*chosen.rmat), True
    else:
        ends, directed = pd.read_csv(chosen.edges).iloc[:, :2].to_numpy(), chosen.directed
        ends = np.unique(ends if directed else np.sort(ends, axis=1), axis=0)
        ends = ends[ends[:, 0] != ends[:, 1]]
    n, source = int(ends.max()) + 1, int(ends[0, 0])
    p = gk.from_arrays(*ends.T, n_nodes=n, directed=directed)
    many = np.random.default_rng(4).choice(n, min(chosen.sources, n), replace=False)
    calls = {
        "one source, L1 error 1e-8": lambda: gk.personalised_pagerank(p, source, tolerance=1e-8),
        **peers(n, ends, directed, source),
    }
    if many.size:
        calls[f"{many.size} sources, top 50, error 1e-6"] = lambda: gk.personalised_pagerank_many(
            p, many, top=50, tolerance=1e-6
        )
    with contextlib.closing(measure.Bench(f"{n:,} nodes, {p.n_arcs:,} arcs", chosen.json)) as bench:
        first = {name: call() for name, call in calls.items()}  # compile, convert, warm up
        ours = next(iter(first.values()))
        for name, found in first.items():
            if isinstance(found, np.ndarray):
                print(f"L1 distance to {name}: {np.abs(found - ours.scores).sum():.2g}")
        for i in range(chosen.rounds):
            for name, call in calls.items():
                bench.time(f"{name}, round {i + 1}", call, quality=_quality)


def _quality(found) -> str:
    """Certified error of ours."""
    bound = getattr(found, "error_bound", None)
    return "" if bound is None else f"error <= {np.max(bound):.1e}"


if __name__ == "__main__":
    main()
