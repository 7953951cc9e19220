"""Engines: same integers, order kept, failures and deadlines leave nothing behind."""

import itertools
import threading
import time

import pytest

from graphkit.engine.base import Serial, Threads, as_engine, split_blocks
from graphkit.errors import InvalidParameter, TimeLimit


@pytest.mark.parametrize("engine", [Serial(), Serial(7), Threads(1, 1), Threads(2, 7), Threads(4, 500), Threads()])
def test_engine_returns_every_item_once_in_order(engine):
    """The concatenated blocks are 0..99 for any engine, workers and blocks."""
    parts = engine.map_blocks(lambda first, last: list(range(first, last)), 100)
    assert [item for part in parts for item in part] == list(range(100))


@pytest.mark.parametrize(("items", "blocks", "count"), [(10, 3, 3), (2, 7, 2), (100, None, 32), (0, 4, 1)])
def test_blocks_cover_the_range_without_gaps(items, blocks, count):
    """Blocks follow each other; none is larger than another by more than one item."""
    ranges = split_blocks(items, blocks)
    assert len(ranges) == count
    assert ranges[0][0] == 0
    assert ranges[-1][1] == items
    assert all(a[1] == b[0] for a, b in itertools.pairwise(ranges))
    sizes = [last - first for first, last in ranges]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("engine", [Serial(20), Threads(2, 20)])
def test_a_failing_block_stops_the_rest_and_leaves_no_worker(engine, error):
    """The error comes out, later blocks do not run, and no graphkit thread stays."""
    ran = []

    def block(first, last):
        ran.append(first)
        if first == 2:
            raise error
        time.sleep(0.005)

    before = set(threading.enumerate())
    with pytest.raises(error):
        engine.map_blocks(block, 20)
    assert len(ran) < 20
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("engine", [Serial(50), Threads(2, 50)])
def test_a_deadline_is_met_between_blocks(engine):
    """A deadline of 50 ms ends a second of blocks by TimeLimit, after a few of them; a slow machine runs fewer still."""
    ran = []

    def block(first, last):
        time.sleep(0.02)
        ran.append(first)

    with pytest.raises(TimeLimit):
        engine.map_blocks(block, 50, deadline=time.monotonic() + 0.05)
    assert len(ran) < 10


def test_progress_counts_to_the_total():
    """The last event says that everything is done."""
    events = []
    Threads(2, 5).map_blocks(lambda first, last: None, 50, progress=events.append)
    assert [events[-1].done, events[-1].total, len(events)] == [50, 50, 5]


@pytest.mark.parametrize("wrong", ["spark2", 3, None])
def test_unknown_engine_is_refused(wrong):
    """Only names and engine objects are engines."""
    with pytest.raises(InvalidParameter, match="engine"):
        as_engine(wrong)


def test_no_workers_are_refused():
    """Zero workers or blocks make no engine."""
    with pytest.raises(InvalidParameter):
        Threads(workers=0)
    with pytest.raises(InvalidParameter):
        Serial(blocks=0)
