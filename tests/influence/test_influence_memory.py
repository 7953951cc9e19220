"""Memory: told before the run, kept during it."""

import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from graphkit.diffusion.rr_sets import ReverseWorlds
from graphkit.engine.base import Serial
from graphkit.errors import InvalidParameter, TimeLimit
from graphkit.influence.greedy import select_seeds
from graphkit.influence.memory import MemoryEstimate, estimate_memory, fixed_bytes
from graphkit.projection.build import from_arrays


def graph(n=3000, m=12_000):
    """Random arcs under the weighted cascade."""
    s, t = np.random.default_rng(1).integers(0, n, (2, m))
    return from_arrays(s[s != t], t[s != t], probability="weighted_cascade", n_nodes=n)


def test_the_estimate_covers_what_a_run_takes():
    """Peak of the arrays traced during a selection of known size: below the estimate, above a twentieth of it."""
    p = graph()
    found = estimate_memory(p, rng=1)
    select_seeds(p, k=3, rng=1, epsilon=0.9)
    tracemalloc.start()
    chosen = select_seeds(p, k=3, rng=1, epsilon=0.9, engine=Serial())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    expected = float(np.interp(chosen.n_rr_sets / 2, found.n_rr_sets, found.bytes))
    assert expected / 20 < peak < expected
    assert MemoryEstimate.from_json(found.to_json()).fixed == found.fixed


def test_sampling_stops_before_the_limit():
    """A limit of two rounds ends the sampling; a promised ratio then hands over its best."""
    p = graph()
    found = estimate_memory(p, rng=1)
    limit = int(found.bytes[1] * 1.05)
    few = select_seeds(p, k=3, rng=1, epsilon=0.02, memory_limit=limit)
    assert few.n_rr_sets <= 2 * found.n_rr_sets[2]
    with pytest.raises(TimeLimit, match="memory_limit") as caught:
        select_seeds(p, k=3, rng=1, ratio=0.99, memory_limit=limit)
    assert 0 < caught.value.best.certificate.ratio < 0.99


def test_large_sets_begin_with_a_smaller_sample():
    """Where a set holds the whole graph the first round shrinks to what fits; below 64 sets it is refused."""
    ring = from_arrays(range(2000), [*range(1, 2000), 0], probability=1.0)
    fixed = fixed_bytes(ReverseWorlds(ring))
    assert select_seeds(ring, k=1, rng=1, memory_limit=fixed + 600 * 24_110).n_rr_sets <= 2 * 512
    with pytest.raises(InvalidParameter, match="memory_limit"):
        select_seeds(ring, k=1, rng=1, memory_limit=fixed + 30 * 24_110)


RESIDENT = """
import re, sys
import numpy as np
from graphkit.errors import TimeLimit
from graphkit.influence.greedy import select_seeds
from graphkit.projection.build import from_arrays

def bytes_of(name):
    return 1024 * int(re.search(name + r":\\s+(\\d+)", open("/proc/self/status").read()).group(1))

def graph(n, m):
    s, t = np.random.default_rng(1).integers(0, n, (2, m))
    return from_arrays(s[s != t], t[s != t], probability="weighted_cascade", n_nodes=n)

select_seeds(graph(300, 900), k=2, ratio=0.5, rng=1)
p, limit = graph(20_000, 200_000), int(sys.argv[1])
p.reverse, p.node_key, p.snapshot_id
open("/proc/self/clear_refs", "w").write("5")
before = bytes_of("VmRSS")
try:
    select_seeds(p, k=20, ratio=0.999, time_limit=60, memory_limit=limit, rng=1)
except TimeLimit as error:
    assert "memory_limit" in str(error), error
    print(bytes_of("VmHWM") - before, error.best.n_rr_sets)
"""


@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="the peak of resident memory is read from Linux's /proc"
)
@pytest.mark.parametrize("limit", [48_000_000, 160_000_000])
def test_resident_memory_grows_by_less_than_the_limit(limit):
    """In a process of its own a run that only the memory ends takes at most ``memory_limit``, and a good part of it."""
    run = subprocess.run(
        [sys.executable, "-c", RESIDENT, str(limit)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    grown, n_sets = map(int, run.stdout.split())
    assert limit / 8 < grown < limit
    assert n_sets >= 2 * 8192


SIMULATION = (
    RESIDENT.split("select_seeds(graph(300", maxsplit=1)[0]
    + """
from graphkit.diffusion.spread import estimate_spread
from graphkit.influence.memory import estimate_memory

model = sys.argv[1]
estimate_spread(graph(300, 900), [0], n_worlds=2000, rng=1, model=model)
p = graph(50_000, 400_000)
p.snapshot_id
expected = estimate_memory(p, work="spread", model=model).fixed
open("/proc/self/clear_refs", "w").write("5")
before = bytes_of("VmRSS")
estimate_spread(p, range(2000), n_worlds=2000, rng=1, model=model)
print(bytes_of("VmHWM") - before, expected)
"""
)


@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="the peak of resident memory is read from Linux's /proc"
)
@pytest.mark.parametrize("model", ["ic", "lt"])
def test_the_estimate_of_a_simulation_covers_it(model):
    """Resident bytes a first simulation adds in a fresh process, packed arcs and keys included: below the estimate, above a quarter of it."""
    done = subprocess.run(
        [sys.executable, "-c", SIMULATION, model],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    peak, expected = map(int, done.stdout.split())
    assert expected / 4 < peak < expected


@pytest.mark.parametrize("work", ["spread", "seeds"])
def test_both_kinds_of_work_have_an_estimate(work):
    """Bytes grow with the graph."""
    assert (
        estimate_memory(graph(), work=work, rng=1).fixed > estimate_memory(graph(300, 900), work=work, rng=1).fixed > 0
    )


def test_other_work_is_refused():
    """Only two kinds of work are known."""
    with pytest.raises(InvalidParameter, match="work"):
        estimate_memory(graph(30, 90), work="plan")
