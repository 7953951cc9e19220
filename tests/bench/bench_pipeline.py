"""Time and quality of the chain on a made-up graph: files, embedded store, snapshot, projection, plan.

    python tests/bench/bench_pipeline.py                      100,000 users, 1,000,000 ties, 80 channels (about 2 minutes)
    python tests/bench/bench_pipeline.py --large              1,000,000 users, 20,000,000 ties, 200 channels, from arrays
    python tests/bench/bench_pipeline.py --users 10000 --ties 50000 --channels 20

What is timed: "load" reads CSV files, checks every row, writes and verifies the database and its snapshot; "load again" finds nothing to
change; "open snapshot" checks the SHA-256 of every file and maps it; "arcs" builds the compressed rows of both directions of each tie
from the mapped columns, the rate is ties a second; "plan, first" builds what is built once and, when kernels are not cached, compiles
them; "plan, warm" is the same call again. Quality stands beside: counts, digests, reach with its interval, certified ratio.
"""

import contextlib
import tempfile
from pathlib import Path

import measure

SMALL, LARGE = (100_000, 1_000_000, 80), (1_000_000, 20_000_000, 200)
BARS = {"load": 15, "plan": {SMALL: 10, LARGE: 60}}


def main() -> None:
    """Run every step in its order."""
    from made_graph import made_graph, write_csv

    parser = measure.arguments(__doc__)
    parser.add_argument("--large", action="store_true", help="the large graph; the embedded store is left out")
    for name in ("users", "ties", "channels"):
        parser.add_argument(f"--{name}", type=int)
    chosen = parser.parse_args()
    size = LARGE if chosen.large else SMALL
    size = tuple(
        given or usual for given, usual in zip((chosen.users, chosen.ties, chosen.channels), size, strict=True)
    )
    bench = measure.Bench("{:,} users, {:,} ties, {:,} channels".format(*size), chosen.json)
    tables = made_graph(*size)
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(bench):
        if not chosen.large:
            write_csv(tables, Path(folder) / "in")
            _store(bench, Path(folder), size)
        snapshot = _snapshot(bench, Path(folder), tables, chosen.rounds, size)
        del tables
        _plan(bench, snapshot, chosen.rounds, size)


def _store(bench: measure.Bench, folder: Path, size: tuple[int, ...]) -> None:
    """Load into the embedded store twice, then read everything back."""
    from graphkit.projection.load import load_directory
    from graphkit.projection.snapshot import take_snapshot
    from graphkit.store.open import open_store

    with open_store(str(folder / "store")) as store:
        made = bench.time(
            "load",
            lambda: load_directory(store, folder / "in"),
            bar=BARS["load"] if size == SMALL else None,
            quality=_counts,
        )
        bench.time("load again", lambda: load_directory(store, folder / "in"), quality=_counts)
        wanted = take_snapshot(store).digest
        found = bench.time("read everything back", store.tables)
        if found.digest() != wanted or made.rejected:
            raise SystemExit("the store does not hold what was loaded")


def _counts(report) -> str:
    return f"created {sum(report.created.values()):,} of {report.rows_in:,} rows"


def _snapshot(bench: measure.Bench, folder: Path, tables, rounds: int, size: tuple[int, ...]):
    """Write a snapshot, open it again, build the arcs."""
    from graphkit.projection.build import project
    from graphkit.projection.snapshot import open_snapshot, snapshot_from_tables

    first = bench.time(
        "write snapshot", lambda: snapshot_from_tables(tables, folder, "snap"), quality=lambda s: s.digest[:12]
    )
    again = bench.time("open snapshot", lambda: open_snapshot(folder / "snap"), rounds=rounds)
    if again.digest != first.digest:
        raise SystemExit("the snapshot does not hold what was written")
    project(again)  # loads or compiles the kernels, reads the columns
    bar = size[1] / 5e6 if size in {SMALL, LARGE} else None
    bench.time(
        "arcs from the mapped columns",
        lambda: project(again),
        rounds=rounds,
        bar=bar,
        quality=lambda p: f"{p.n_arcs:,} arcs",
    )
    return again


def _plan(bench: measure.Bench, snapshot, rounds: int, size: tuple[int, ...]) -> None:
    """Plan with 15 % of what all channels cost, first and warm."""
    from graphkit.planning.channels import plan

    budget = int(0.15 * snapshot.nodes("Channel").column("cost").sum())
    made = []

    def call():
        made.append(plan(snapshot, for_=("Film", "f1"), budget=budget, rng=7).to_dict())
        return made[-1]

    bench.time("plan, first", call, quality=_reach)
    bench.time("plan, warm", call, rounds=rounds, bar=BARS["plan"].get(size), quality=_reach)
    if len({p["manifest"]["digest"] for p in made}) != 1:
        raise SystemExit("the same request and seed gave two plans")


def _reach(made: dict) -> str:
    low, high = made["reach"]["interval"]
    best = max(made["baselines"].values())
    return f"reach {made['reach']['mean']:,.0f} ({low:,.0f}..{high:,.0f}), certified {made['certificate']['ratio']:.3f}, best baseline {best:,.0f}"


if __name__ == "__main__":
    main()
