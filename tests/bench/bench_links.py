"""How many hidden links `predict_links` finds, on a page graph of your own.

    python tests/bench/bench_links.py DIR [--from company] [--to tvshow] [--draws 3] [--start 0]

DIR holds ``edges.csv[.gz]`` (two columns of page numbers 0, 1, ..), ``pages.csv[.gz]`` (id, page_type) and, if there is one,
``features.csv[.gz]`` (page, word). A fifth of the links between the two kinds is hidden, in both directions and from everything;
every page of the second kind that a source is not known to be linked with is a candidate. AUC counts non-links below a hidden link,
over all hidden links and as the mean over sources; recall at 20 is the mean over sources with a hidden link. +- is the
standard error over draws. Weights are learned inside what is left. Seconds are those of one prediction, 20 links a source with their ways.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

import graphkit as gk

WAYS = {
    "walk": lambda words: {"weights": {"walk": 1.0}},
    "walk, links": lambda words: {"rank": 0},
    "walk, links, factors": lambda words: {},
    "walk, links, words": lambda words: {"rank": 0, "words": words},
    "all": lambda words: {"words": words},
}


def read(directory):
    """Edges, type of every page, words or None."""

    def table(name):
        found = sorted(Path(directory).glob(f"{name}.csv*"))
        return pd.read_csv(found[0]) if found else None

    from scipy import sparse

    kinds, told = table("pages").sort_values("id").page_type.to_numpy(), table("features")
    edges = np.unique(np.sort(table("edges").to_numpy()[:, :2], axis=1), axis=0)
    words = None
    if told is not None:
        page, word = told.to_numpy().T[:2]
        words = sparse.csr_array((np.ones(page.size), (page, word)), shape=(kinds.size, word.max() + 1))
    return edges[edges[:, 0] != edges[:, 1]], kinds, words


def judged(links, truth, n_targets, known):
    """AUC over links, AUC over sources, recall at 20."""
    place = {s: {} for s in truth}
    for s, t in zip(links.source.tolist(), links.target.tolist(), strict=True):
        place[s][t] = len(place[s]) + 1
    every, sources, recall = [], [], []
    for s, hidden in truth.items():
        free = n_targets - known[s]
        ranks = np.sort([place[s].get(t, free) for t in hidden])
        above = 1 - (ranks - 1 - np.arange(ranks.size)) / max(1, free - ranks.size)
        every += above.tolist()
        sources.append(above.mean())
        recall.append((ranks <= 20).mean())
    return np.mean(every), np.mean(sources), np.mean(recall)


def main():
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory")
    parser.add_argument("--from", dest="source", default="company")
    parser.add_argument("--to", default="tvshow")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    args = parser.parse_args()
    edges, kinds, words = read(args.directory)
    ends = kinds[edges]
    crossing = np.flatnonzero(((ends == [args.source, args.to]).all(1)) | ((ends == [args.to, args.source]).all(1)))
    targets = np.flatnonzero(kinds == args.to)
    found = {way: [] for way in args.ways}
    for draw in range(args.start, args.start + args.draws):
        hidden = np.random.default_rng(draw).choice(crossing, round(0.2 * crossing.size), replace=False)
        pairs = np.where((kinds[edges[hidden, 0]] == args.source)[:, None], edges[hidden], edges[hidden, ::-1])
        p = gk.from_arrays(*np.delete(edges, hidden, axis=0).T, n_nodes=kinds.size, directed=False)
        truth = {int(s): pairs[pairs[:, 0] == s, 1].tolist() for s in np.unique(pairs[:, 0])}
        known = {s: int(np.isin(p.indices[p.indptr[s] : p.indptr[s + 1]], targets).sum()) for s in truth}
        for way in args.ways:
            if "words" in way and words is None:
                continue
            start, clock = time.perf_counter(), time.process_time()
            first = gk.predict_links(p, list(truth), targets, rng=draw, **WAYS[way](words))
            spent = time.perf_counter() - start, time.process_time() - clock
            ways = np.mean([len(ways) >= 3 for ways in first.ways])
            every = gk.predict_links(
                p, list(truth), targets, top=targets.size, rng=draw, **WAYS[way](words) | {"weights": first.weights}
            )
            found[way].append((*judged(every, truth, targets.size, known), ways, *spent))
            print(f"draw {draw} {way:<22}" + " ".join(f"{x:8.4f}" for x in found[way][-1]), flush=True)
    print(
        f"\n{args.source} -> {args.to}, {args.draws} draws"
        + " " * 6
        + "AUC links         AUC sources       recall@20         3 ways   wall s  processor s"
    )
    for way, rows in found.items():
        if rows:
            mean, error = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=len(rows) > 1) / len(rows) ** 0.5
            print(
                f"  {way:<34}"
                + "  ".join(f"{m:.4f} +- {e:.4f}" for m, e in zip(mean[:3], error[:3], strict=True))
                + f"  {mean[3]:.3f}  {mean[4]:7.1f}  {mean[5]:7.1f}"
            )


if __name__ == "__main__":
    main()
