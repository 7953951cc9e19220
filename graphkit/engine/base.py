"""One port for every place where work runs, and the two engines of one machine.

A block is a range of world numbers. The kernel is called as ``kernel(first, last)`` and must be a
pure function of that range; results come back in block order. So integers are identical for any
engine, number of workers and number of blocks, and a block that is run again changes nothing.
"""

from __future__ import annotations

import itertools
import os
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from graphkit.check import positive_int, refuse
from graphkit.errors import TimeLimit
from graphkit.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphkit.progress import ProgressCallback

__all__ = ["Engine", "Serial", "Threads", "as_engine", "split_blocks"]

T = TypeVar("T")
DEFAULT_BLOCKS = 32  # enough that a deadline or Ctrl-C is met soon, few enough to cost nothing


@runtime_checkable
class Engine(Protocol):
    """Runs a kernel over blocks of items."""

    @property
    def name(self) -> str:
        """Word for the manifest."""

    def map_blocks(
        self,
        kernel: Callable[[int, int], T],
        n_items: int,
        *,
        progress: ProgressCallback | None = None,
        phase: str = "worlds",
        deadline: float | None = None,
    ) -> list[T]:
        """Return ``kernel(first, last)`` of every block, in block order."""


def split_blocks(n_items: int, blocks: int | None) -> list[tuple[int, int]]:
    """Cut 0..n_items-1 into ranges of nearly equal length; at most one item a block."""
    count = max(1, min(n_items, blocks or DEFAULT_BLOCKS))
    edges = [i * n_items // count for i in range(count + 1)]
    return list(itertools.pairwise(edges))


@dataclass(frozen=True)
class Serial:
    """One block after the other in the calling thread."""

    blocks: int | None = None

    def __post_init__(self) -> None:
        """Check the numbers."""
        if self.blocks is not None:
            positive_int("blocks", self.blocks)

    @property
    def name(self) -> str:
        """Word for the manifest."""
        return "serial"

    def map_blocks(
        self,
        kernel: Callable[[int, int], T],
        n_items: int,
        *,
        progress: ProgressCallback | None = None,
        phase: str = "worlds",
        deadline: float | None = None,
    ) -> list[T]:
        """Return ``kernel(first, last)`` of every block, in block order.

        Raises
        ------
        TimeLimit
            The monotonic clock passed ``deadline`` between two blocks.
        """
        results = []
        for first, last in split_blocks(n_items, self.blocks):
            _check(deadline)
            results.append(kernel(first, last))
            if progress is not None:
                progress(Progress(phase, last, n_items, phase))
        return results


@dataclass(frozen=True)
class Threads:
    """Blocks on a thread pool over shared arrays; kernels release the interpreter lock.

    Parameters
    ----------
    workers : int, optional
        Default: the cores this process may use.
    blocks : int, optional
        Default: 32.
    """

    workers: int | None = None
    blocks: int | None = None

    def __post_init__(self) -> None:
        """Check the numbers."""
        for key, value in (("workers", self.workers), ("blocks", self.blocks)):
            if value is not None:
                positive_int(key, value)

    @property
    def name(self) -> str:
        """Word for the manifest."""
        return "threads"

    def map_blocks(
        self,
        kernel: Callable[[int, int], T],
        n_items: int,
        *,
        progress: ProgressCallback | None = None,
        phase: str = "worlds",
        deadline: float | None = None,
    ) -> list[T]:
        """Return ``kernel(first, last)`` of every block, in block order.

        An interrupt, a deadline or a failing block cancels what has not started and waits for what
        runs: no worker is left behind.
        """
        ranges = split_blocks(n_items, self.blocks)
        workers = min(self.workers or _cores(), len(ranges))
        if workers == 1:
            return Serial(self.blocks).map_blocks(kernel, n_items, progress=progress, phase=phase, deadline=deadline)
        done: dict[int, T] = {}
        finished = 0
        with ThreadPoolExecutor(workers, thread_name_prefix="graphkit") as pool:
            try:
                running: dict[Future[T], int] = {}
                following = iter(enumerate(ranges))
                while len(done) < len(ranges):
                    _check(deadline)
                    while len(running) < 2 * workers and (item := next(following, None)) is not None:
                        running[pool.submit(kernel, *item[1])] = item[0]
                    ready, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in ready:
                        place = running.pop(future)
                        done[place] = future.result()
                        finished += ranges[place][1] - ranges[place][0]
                        if progress is not None:
                            progress(Progress(phase, finished, n_items, phase))
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        return [done[i] for i in range(len(ranges))]


def as_engine(engine: str | Engine) -> Engine:
    """Return the engine of a name (``"serial"``, ``"threads"``) or the object itself.

    Raises
    ------
    InvalidParameter
        Neither a known name nor an engine.
    """
    if isinstance(engine, str) and engine in ("serial", "threads"):
        return Serial() if engine == "serial" else Threads()
    if isinstance(engine, str) or not isinstance(engine, Engine):
        refuse("engine", engine, "'serial', 'threads', Serial() or Threads()")
    return engine


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def _check(deadline: float | None) -> None:
    if deadline is not None and time.monotonic() > deadline:
        message = "the time limit was reached between two blocks"
        raise TimeLimit(message, hint="raise the time limit or ask for fewer worlds")
