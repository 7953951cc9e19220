"""Time and certified error of personalised PageRank on an edge list, beside igraph and networkx where they are installed.

    python tests/bench/bench_rank.py EDGES.csv[.gz] [--directed] [--sources 320]

EDGES has two columns of node numbers; without --directed every row counts both ways. Rounds are interleaved; read processor
time on a busy machine. networkx is asked for the same L1 error (it multiplies its tolerance by the number of nodes), igraph with
OMP_NUM_THREADS=1 or its idle threads count as work.
"""

import contextlib

import measure
import numpy as np
import pandas as pd

import graphkit as gk

RESTART = 0.15


def peers(n, ends, directed, source):
    """One call for each library that is installed, for the same source."""
    calls = {}
    with contextlib.suppress(ImportError):
        import igraph

        net = igraph.Graph(n=n, edges=ends, directed=directed)
        calls["igraph prpack, one source"] = lambda: np.array(net.personalized_pagerank(reset_vertices=source, directed=directed))
    with contextlib.suppress(ImportError):
        import networkx as nx

        graph = (nx.DiGraph if directed else nx.Graph)(ends.tolist())
        tolerance = 1e-8 * RESTART / (1 - RESTART) / n
        options = {"personalization": {source: 1.0}, "dangling": {source: 1.0}, "tol": tolerance, "max_iter": 500}
        calls["networkx, one source"] = lambda: nx.pagerank(graph, **options)
    return calls


def main() -> None:
    """Measure one source and a batch."""
    parser = measure.arguments(__doc__)
    parser.add_argument("edges", help="CSV with two columns of node numbers")
    parser.add_argument("--directed", action="store_true")
    parser.add_argument("--sources", type=int, default=320)
    chosen = parser.parse_args()
    ends = pd.read_csv(chosen.edges).iloc[:, :2].to_numpy()
    ends = np.unique(ends if chosen.directed else np.sort(ends, axis=1), axis=0)
    ends = ends[ends[:, 0] != ends[:, 1]]
    n, source = int(ends.max()) + 1, int(ends[0, 0])
    p = gk.from_arrays(*ends.T, n_nodes=n, directed=chosen.directed)
    many = np.random.default_rng(4).choice(n, min(chosen.sources, n), replace=False)
    calls = {
        "one source, L1 error 1e-8": lambda: gk.personalised_pagerank(p, source, tolerance=1e-8),
        f"{many.size} sources, top 50, error 1e-6": lambda: gk.personalised_pagerank_many(p, many, top=50, tolerance=1e-6),
        **peers(n, ends, chosen.directed, source),
    }
    with contextlib.closing(measure.Bench(f"{n:,} nodes, {p.n_arcs:,} arcs", chosen.json)) as bench:
        for call in calls.values():  # compile, convert, warm up
            call()
        for i in range(chosen.rounds):
            for name, call in calls.items():
                bench.time(f"{name}, round {i + 1}", call, quality=_quality)


def _quality(found) -> str:
    """Certified error of ours."""
    bound = getattr(found, "error_bound", None)
    return "" if bound is None else f"error <= {np.max(bound):.1e}"


if __name__ == "__main__":
    main()
