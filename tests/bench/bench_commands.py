"""Time of whole command lines in fresh processes, kernels cached: help, first use of each kind of command, the demo.

"Loading" is what a first use costs beside its work: the same command runs twice in one process, and the second time is taken off.

python tests/bench/bench_commands.py              help and commands on a small demo
python tests/bench/bench_commands.py --demo       the full demo as well: once with an empty kernel cache, once with a full one
"""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import measure

TWICE = """
import json, sys, time
times = []
for line in sys.argv[1:]:
    begin = time.perf_counter(), time.process_time()
    from graphkit.cli import run
    code = run(["-q", *json.loads(line)])
    times.append((time.perf_counter() - begin[0], time.process_time() - begin[1]))
    assert code == 0, (code, line)
print(json.dumps(times), file=sys.stderr)
"""
GRAPHKIT = [sys.executable, "-m", "graphkit"]
COMMANDS = (
    "doctor",
    "schema apply",
    "check data",
    "load data",
    "export {new} --as parquet",
    "query browser/labels",
    "simulate --seeds u0001,u0002 --worlds 1000",
    "seeds --k 5 --probability weighted_cascade",
    "rank Film:f01 --to Brand",
    "communities --effort fast",
    "match Film:f01 --to Course",
    "search 科幻",
    "recommend u0001",
    "profile u0001",
    "tag --in Course --top 5",
    "path k07",
    "overlap Channel:c01 Channel:c02",
    "plan --for Film:f01 --budget 20000 --seed 7 --no-keep",
    "partners --for Film:f01 --max 3",
    "whatif plan.json --drop c01",
    "verify plan.json",
    "explain plan.json",
    "evidence plan.json",
    "report plan.json -o again.html",
    "evaluate plan.json --events data",
    "offers list",
    "experiment design --mde 0.05",
    "outcomes retention --events data",
    "learn --events data",  # last: it changes the data that the plan was made on
)


def main() -> None:
    """Run every command once to fill the caches, then time it."""
    parser = measure.arguments(__doc__)
    parser.add_argument("--demo", action="store_true", help="also time the demo of the default size")
    chosen = parser.parse_args()
    bench = measure.Bench("whole commands in fresh processes", chosen.json)
    env = {**os.environ, "PYTHONPATH": str(measure.ROOT), "GRAPHKIT_STORE": ".graphkit"}
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(bench):
        where = {"cwd": folder, "env": env}
        for words in (["--help"], ["plan", "--help"]):
            bench.run(" ".join(words), [*GRAPHKIT, *words], rounds=4 * chosen.rounds, bar=0.15, **where)
        if chosen.demo:
            cold = {"cwd": folder, "env": {**env, "NUMBA_CACHE_DIR": str(Path(folder) / "kernels")}}
            for name in ("demo, kernel cache empty", "demo, kernels cached"):
                bench.run(name, [*GRAPHKIT, "demo", name[6:12].strip()], bar=60, quality=_last_plan, **cold)
        bench.run("demo --users 1000", [*GRAPHKIT, "demo", "small", "--users", "1000"], quality=_last_plan, **where)
        inside = {"cwd": str(Path(folder) / "small"), "env": env}
        for words in COMMANDS:
            bench.run(f"({words}: fills the caches)", [*GRAPHKIT, *words.format(new="out0").split()], **inside)
            again = [words.format(new=f"out{number}").split() for number in range(1, 1 + 2 * chosen.rounds)]
            bench.add(_loading(words, again, chosen.rounds, inside))


def _loading(words: str, lines: list[list[str]], rounds: int, options: dict) -> measure.Figure:
    """First use of a command less the second one in the same process, wall and processor time."""
    wall, cpu, work = [], [], []
    for number in range(rounds):
        pair = [json.dumps(line) for line in lines[2 * number : 2 * number + 2]]
        done = subprocess.run(
            [sys.executable, "-c", TWICE, *pair], capture_output=True, text=True, check=True, **options
        )
        first, second = json.loads(done.stderr.splitlines()[-1])
        wall.append(first[0] - second[0])
        cpu.append(first[1] - second[1])
        work.append(second[1])
    return measure.Figure(f"{words[:38]}: loading", wall, cpu, 2.0, f"work {statistics.median(work):.2f} s cpu")


def _last_plan(done) -> str:
    return next((line for line in done.stdout.splitlines() if line.startswith("plan ")), json.dumps(done.stdout[-80:]))[
        :110
    ]


if __name__ == "__main__":
    main()
