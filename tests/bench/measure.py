"""What the benchmarks share: clocks, repeats, a table, and the state of the machine beside every figure."""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # graphkit is this checkout's


@dataclass
class Figure:
    """One measured figure: medians over the rounds, wall and processor time, and what was made meanwhile."""

    name: str
    wall: list[float]
    cpu: list[float]
    bar: float | None = None
    quality: str = ""
    peak_mb: float | None = None

    def line(self) -> str:
        """Return the figure as one line; a bar that is missed is marked."""
        wall, cpu = statistics.median(self.wall), statistics.median(self.cpu)
        spread = f"{min(self.wall):.2f}..{max(self.wall):.2f}" if len(self.wall) > 1 else ""
        bar = "" if self.bar is None else f"<= {self.bar:g}" + (" MISSED" if wall > self.bar else "")
        peak = "" if self.peak_mb is None else f"{self.peak_mb:,.0f} MB"
        return f"{self.name:<46}{wall:9.3f} s {spread:<14} cpu {cpu:8.3f} s  {peak:>9}  {bar:<14} {self.quality}"


class Bench:
    """Collects figures, prints each as soon as it is known, and may write them as JSON."""

    def __init__(self, title: str, json_file: str | None = None) -> None:
        self.figures: list[Figure] = []
        self.json_file = json_file
        print(f"{title}\n{machine()}\n", flush=True)

    def time(self, name, call, *, rounds=1, bar=None, quality=None):
        """Run `call` some times and keep its figure; return what the last run returned."""
        wall, cpu, found = [], [], None
        for _ in range(rounds):
            begin = time.perf_counter(), _own_cpu()
            found = call()
            wall.append(time.perf_counter() - begin[0])
            cpu.append(_own_cpu() - begin[1])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self.add(Figure(name, wall, cpu, bar, quality(found) if quality else "", peak))
        return found

    def run(self, name, command, *, rounds=1, bar=None, quality=None, **options):
        """Run a command line some times in fresh processes; its whole life counts."""
        wall, cpu, done = [], [], None
        for _ in range(rounds):
            before, begin = _children_cpu(), time.perf_counter()
            done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
            wall.append(time.perf_counter() - begin)
            cpu.append(_children_cpu() - before)
            if done.returncode:
                message = f"{' '.join(command)}: exit {done.returncode}\n{done.stderr[-2000:]}"
                raise SystemExit(message)
        self.add(Figure(name, wall, cpu, bar, quality(done) if quality else ""))
        return done

    def add(self, figure: Figure) -> None:
        """Print a figure and keep it."""
        self.figures.append(figure)
        print(figure.line(), flush=True)

    def close(self) -> None:
        """Say how busy the machine is now, and write the JSON file."""
        print(
            f"\nload average at the end {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; peak memory is that of this process so far"
        )
        if self.json_file:
            text = json.dumps({"machine": machine(), "figures": [asdict(f) for f in self.figures]}, indent=2)
            Path(self.json_file).write_text(text + "\n", encoding="utf-8")


def machine() -> str:
    """Name the machine and say how busy it is: wall times mean little when others compute beside."""
    model = platform.processor() or platform.machine()
    with_info = Path("/proc/cpuinfo")
    if with_info.exists():
        names = [x.split(":", 1)[1].strip() for x in with_info.read_text().splitlines() if x.startswith("model name")]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, load average {os.getloadavg()[0]:.1f}"


def arguments(description: str) -> argparse.ArgumentParser:
    """Return a parser with the options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="repeats of each warm figure")
    parser.add_argument("--json", metavar="FILE", help="also write the figures as JSON")
    return parser


def _own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
