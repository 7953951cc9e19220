"""Simulation, reverse sets and seed users beside their peers, interleaved in one run, quality beside time.

Run ``python tests/bench/bench_influence.py [--rounds 10] [--scale 16] [--arcs FILE.npz] [--peer DIR] [--only PART]``.

The graphs are generated (uniform random arcs, and R-MAT .57/.19/.19/.05 with permuted ids, 22 draws a
node; ``--scale 20`` is a graph of 1,048,576 nodes and 21.8 M arcs); ``--arcs`` reads source and
target of a graph of your own. Times are wall and processor seconds, medians of the rounds: on a shared
machine only the ratios of the same run mean anything.

Peers. PyNetIM (C++) is measured where it can be imported, for example from ``pip install --target DIR pynetim tqdm``
and ``--peer DIR``. SUBSIM and OPIM-C are programs of their own under licences that keep them out of here: at scale 20
their figures as recorded (`RECORDED`) on a 2-core Xeon are put beside ours. That machine read 340 M random
places of 256 MB a second; what this one reads is printed, since reverse sampling waits for memory.
"""

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

import graphkit as gk
from graphkit.diffusion.rr_sets import ReverseWorlds
from graphkit.engine.base import Serial
from graphkit.errors import TimeLimit
from graphkit.influence.coverage import Coverage
from graphkit.kernels import kernel

RECORDED = {
    0.1: {"SUBSIM": (0.1776, 12.2), "OPIM-C": (3.036, 104.0)},
    0.01: {"SUBSIM": (0.332, 11.4), "OPIM-C": (6.362, 109.0)},
}  # seconds, us a set


def rmat(scale, draws, seed=42):
    """Distinct arcs of an R-MAT graph without self-loops, ids permuted."""
    rng = np.random.default_rng(seed)
    source, target = np.zeros(draws, np.int64), np.zeros(draws, np.int64)
    for _ in range(scale):
        r = rng.random(draws)
        source, target = 2 * source + (r >= 0.76), 2 * target + (((r >= 0.57) & (r < 0.76)) | (r >= 0.95))
    relabel = rng.permutation(1 << scale)
    key = np.unique(relabel[source] << np.int64(32) | relabel[target])
    source, target = key >> 32, key & 0xFFFFFFFF
    keep = source != target
    return source[keep], target[keep], 1 << scale


def uniform(n, m, seed=1):
    """Random arcs without self-loops."""
    s, t = np.random.default_rng(seed).integers(0, n, (2, m))
    return s[s != t], t[s != t], n


def race(rounds, calls):
    """Median wall and processor seconds of each call over interleaved rounds, after one warm-up."""
    times = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            wall, cpu = time.perf_counter(), time.process_time()
            call()
            times[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {name: tuple(statistics.median(column) for column in zip(*x, strict=True)) for name, x in times.items()}


def cascades(name, arcs, worlds, rounds, peer):
    """IC cascades a second from the 50 nodes of most out-arcs, one thread and all."""
    s, t, n = arcs
    p = gk.from_arrays(s, t, probability="weighted_cascade", n_nodes=n)
    seeds = np.sort(np.argsort(-np.diff(p.indptr), kind="stable")[:50])
    for engine in ("serial", "threads"):
        found = {}
        calls = {
            "graphkit": lambda engine=engine, found=found: found.update(
                mine=gk.estimate_spread(p, seeds, n_worlds=worlds, rng=1, engine=engine)
            )
        }
        if peer is not None:
            graph = peer.IMGraph(
                list(zip(p.sources.tolist(), p.indices.tolist(), strict=True)),
                weights=p.probability.tolist(),
                renumber=False,
            )
            model = peer.IndependentCascadeModel(graph, set(seeds.tolist()))
            threads = 1 if engine == "serial" else 2
            calls["PyNetIM"] = lambda model=model, threads=threads, found=found: found.update(
                peer=model.run_monte_carlo_diffusion(worlds, 1, threads > 1, threads)
            )
        got = race(rounds, calls)
        line = f"{name:<22}{engine:<9}{worlds / got['graphkit'][0]:>10,.0f} cascades/s (processor {worlds / got['graphkit'][1]:,.0f}), spread {found['mine'].mean:.1f} +- {found['mine'].std_error:.1f}"
        if peer is not None:
            line += f"; PyNetIM {worlds / got['PyNetIM'][0]:,.0f}, spread {found['peer']:.1f}: {got['PyNetIM'][0] / got['graphkit'][0]:.2f} x (processor {got['PyNetIM'][1] / got['graphkit'][1]:.2f} x)"
        print(line, flush=True)


@kernel
def random_reads(array, count):
    """Sum ``count`` places of an array of 2**k entries that follow no order."""
    x, total, mask = np.uint64(88172645463325252), np.int64(0), np.uint64(array.size - 1)
    for _ in range(count):
        x = x * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
        total += array[np.int64((x >> np.uint64(20)) & mask)]
    return total


def memory_speed():
    """Return random reads of a 256 MB array per processor second."""
    places, count = np.ones(1 << 26, np.int32), 4_000_000
    return count / race(3, {"x": lambda: random_reads(places, count)})["x"][1]


@contextlib.contextmanager
def parts_of_a_run():
    """Add up the wall seconds of sampling, choosing and the dual bound."""
    spent, kept = {}, {}
    for owner, name, part in (
        (ReverseWorlds, "sample", "sampling"),
        (ReverseWorlds, "count_hits", "sampling"),
        (Coverage, "__init__", "index"),
        (Coverage, "greedy", "greedy"),
        (Coverage, "dual_bound", "dual"),
    ):
        kept[owner, name] = plain = getattr(owner, name)

        def timed(*arguments, _plain=plain, _part=part, **more):
            begin = time.perf_counter()
            try:
                return _plain(*arguments, **more)
            finally:
                spent[_part] = spent.get(_part, 0.0) + time.perf_counter() - begin

        setattr(owner, name, timed)
    try:
        yield spent
    finally:
        for (owner, name), plain in kept.items():
            setattr(owner, name, plain)


def sets_alone(worlds, seeds, rounds):
    """Reverse sets, stored and judged only, on one thread and all."""
    n = 100_000
    calls = {}
    for threads, engine in (("one thread", Serial()), ("all threads", gk.Threads())):
        calls["stored", threads] = lambda engine=engine: worlds.sample(
            n, seed=1, purpose="bench", places=True, engine=engine
        )
        calls["judged", threads] = lambda engine=engine: worlds.count_hits(
            seeds, n, seed=1, purpose="bench", engine=engine
        )
    for (what, threads), (wall, cpu) in race(rounds, calls).items():
        print(
            f"reverse sets {what}, {threads:<12}{wall / n * 1e6:8.2f} us a set (processor {cpu / n * 1e6:.2f})",
            flush=True,
        )


def selections(arcs, rounds, time_limit, recorded):
    """Reverse sets and whole runs at stated guarantees, spread by simulation beside them."""
    s, t, n = arcs
    print(f"this machine reads {memory_speed() / 1e6:.0f} M random places of 256 MB a processor second")
    begin = time.process_time()
    p = gk.from_arrays(s, t, probability="weighted_cascade", n_nodes=n)
    _ = p.snapshot_id
    worlds = ReverseWorlds(p)
    print(f"{n:,} nodes, {p.n_arcs:,} arcs, made ready in {time.process_time() - begin:.1f} s of processor", flush=True)
    sets_alone(worlds, gk.select_seeds(p, k=50, ratio=0.4, rng=1).seeds, rounds)
    for lack in (0.1, 0.01, None, 0.8, 0.9, 0.95):
        ratio = lack if lack is None or lack >= 0.5 else 1 - 1 / np.e - lack
        found = {}

        def run(ratio=ratio, found=found):
            try:
                found["x"] = gk.select_seeds(p, k=50, ratio=ratio, rng=1, time_limit=time_limit)
            except TimeLimit as error:
                found["x"] = error.best

        with parts_of_a_run() as spent:
            times = rounds if lack in RECORDED else 1
            if times > 1:
                wall, cpu = race(times, {"x": run})["x"]
            else:
                begin, used = time.perf_counter(), time.process_time()
                run()
                wall, cpu = time.perf_counter() - begin, time.process_time() - used
        chosen = found["x"]
        spread = gk.estimate_spread(p, chosen.seeds, n_worlds=192, rng=99)
        asked = "default rule" if ratio is None else f"ratio {ratio:.3f}"
        print(
            f"{asked}: {chosen.certificate.ratio:.4f} certified in {wall:.3f} s (processor {cpu:.3f}), {chosen.n_rr_sets:,} sets, "
            f"{wall / chosen.n_rr_sets * 1e6:.2f} us a set, dual / sampling time {spent.get('dual', 0.0) / spent['sampling']:.2f}, "
            f"spread {spread.mean:,.0f} +- {spread.std_error:,.0f}",
            flush=True,
        )
        for peer, (seconds, each) in RECORDED.get(lack, {}).items() if recorded else ():
            print(
                f"    {peer} recorded elsewhere: {seconds:.3f} s, {each:.1f} us a set: {seconds / wall:.1f} x in wall time, {seconds / cpu:.1f} x in processor time",
                flush=True,
            )


def first_use():
    """Seconds of a first selection and simulation in a fresh process, kernels cached, imports included."""
    code = (
        "import time; b = time.perf_counter()\nimport graphkit as gk\np = gk.from_arrays([0, 1], [1, 2], probability=0.5)\n"
        "gk.estimate_spread(p, [0], n_worlds=100, rng=1); gk.select_seeds(p, k=1, rng=1)\nprint(time.perf_counter() - b)"
    )
    times = [
        float(
            subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tempfile.gettempdir()
            ).stdout
        )
        for _ in range(4)
    ][1:]
    print(f"first use in a fresh process, kernels cached: {statistics.median(times):.2f} s", flush=True)


def main():
    """Parse the arguments and run everything."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--scale", type=int, default=16)
    parser.add_argument("--arcs")
    parser.add_argument("--peer")
    parser.add_argument("--time-limit", type=float, default=120.0)
    parser.add_argument("--only", choices=("first-use", "cascades", "selections"))
    given = parser.parse_args()
    if given.peer:
        sys.path.insert(0, given.peer)
    peer = None
    with contextlib.suppress(ImportError):
        import pynetim as peer
    if given.only in (None, "first-use"):
        first_use()
    if given.only in (None, "cascades"):
        if given.arcs:
            columns = np.load(given.arcs)
            s, t = columns["source"].astype(np.int64), columns["target"].astype(np.int64)
            keep = s != t
            cascades("your arcs", (s[keep], t[keep], int(max(s.max(), t.max())) + 1), 8192, given.rounds, peer)
        cascades("15,000 / 60,000 arcs", uniform(15_000, 60_000), 4096, given.rounds, peer)
        cascades("100,000 / 1M arcs", uniform(100_000, 1_000_000), 512, given.rounds, peer)
    if given.only in (None, "selections"):
        selections(rmat(given.scale, 22 << given.scale), given.rounds, given.time_limit, given.scale == 20)


if __name__ == "__main__":
    main()
