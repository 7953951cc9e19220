"""Time and quality of the whole chain on a generated graph: files, store, snapshot, plan.

Run ``python tests/bench/bench_pipeline.py [USERS] [TIES] [CHANNELS]``; defaults 100,000 users,
1,000,000 ties and 80 channels. Each line prints a time beside what was made in it. The graph
is synthetic (preferential ends, overlapping audiences) and says nothing about real reach.
"""

import contextlib
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


@contextlib.contextmanager
def timed(what: str, facts: dict):
    """Print the wall time of a block with the facts it leaves behind."""
    start = time.perf_counter()
    yield
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what:<34}{seconds:9.2f} s   peak {memory:7.0f} MB   {json.dumps(facts, default=str)}", flush=True)


def write_graph(directory: Path, users: int, ties: int, channels: int, seed: int = 7) -> None:
    """Write a plain-layout directory: users, one film, channels with audiences, KNOWS ties."""
    rng = np.random.default_rng(seed)
    for folder in ("nodes", "relationships"):
        (directory / folder).mkdir(parents=True)
    (directory / "dataset.toml").write_text('name = "bench"\ncurrency = "CNY"\ntime_zone = "UTC"\n')
    names = [f"u{number:07d}" for number in range(users)]
    (directory / "nodes/user.csv").write_text("id,consent\n" + "".join(f"{name},true\n" for name in names))
    (directory / "nodes/film.csv").write_text("id,name\nf1,Bench\n")
    costs = rng.integers(1_000, 50_000, channels)
    rows = "".join(f"c{i},Channel {i},kol,{cost}\n" for i, cost in enumerate(costs))
    (directory / "nodes/channel.csv").write_text("id,name,kind,cost\n" + rows)
    ends = np.minimum((rng.pareto(1.5, 3 * ties) * 50).astype(np.int64), users - 1)
    one, two = ends[: 3 * ties // 2], rng.integers(0, users, 3 * ties // 2)
    low, high = np.minimum(one, two), np.maximum(one, two)
    keys = np.unique((low * users + high)[low != high])
    keys = np.sort(rng.permutation(keys)[:ties])
    lines = "".join(f"{names[key // users]},{names[key % users]}\n" for key in keys.tolist())
    (directory / "relationships/knows.csv").write_text("source,target\n" + lines)
    reaches = []
    for channel, cost in enumerate(costs):
        audience = rng.choice(users, size=int(cost / 10), replace=False)
        reaches += [f"c{channel},{names[row]},0.3\n" for row in np.sort(audience).tolist()]
    (directory / "relationships/reaches.csv").write_text("source,target,p\n" + "".join(reaches))


def main(users: int = 100_000, ties: int = 1_000_000, channels: int = 80) -> None:
    """Run every step once, cold and warm where that differs."""
    import graphkit as gk
    from graphkit.projection.build import project
    from graphkit.projection.load import load_directory
    from graphkit.projection.snapshot import take_snapshot

    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "in"
        facts: dict = {}
        with timed("write files (not ours)", facts):
            write_graph(directory, users, ties, channels)
        facts = {}
        with gk.open_store(str(Path(folder) / "store")) as store:
            with timed("load into the embedded store", facts):
                report = load_directory(store, directory)
                facts.update(report.to_dict()["created"])
            facts = {}
            with timed("load again", facts):
                facts.update(load_directory(store, directory).to_dict()["created"])
            facts = {}
            with timed("snapshot", facts):
                snapshot = take_snapshot(store)
                facts["digest"] = snapshot.digest[:12]
            for label in ("projection, cold", "projection, warm"):
                facts = {}
                with timed(label, facts):
                    projection = project(snapshot, probability="weighted_cascade")
                    facts["arcs"] = projection.n_arcs
            for label in ("plan, cold", "plan, warm"):
                facts = {}
                with timed(label, facts):
                    made = gk.plan(snapshot, for_=("Film", "f1"), budget=300_000, rng=7).to_dict()
                    facts.update(reach=made["reach"], ratio=made["certificate"]["ratio"], items=len(made["items"]))


if __name__ == "__main__":
    main(*(int(text.replace(",", "").replace("_", "")) for text in sys.argv[1:]))
