"""Learning path: every course that must come before one course, in an order that can be followed.

All ancestors over REQUIRES that the learner lacks; a completed course closes its branch, since who
passed it needs nothing below it. Order: longest distance to the goal first, then id: that is a
topological order, the same as `cypher/match/learning_path`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import refuse
from graphkit.errors import DataInvalid, UnknownName, close_matches
from graphkit.matching.keyed import collection, name_of
from graphkit.results import FrameResult, Manifest, make_manifest

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

__all__ = ["LearningPath", "learning_path"]


@dataclass(frozen=True, eq=False, repr=False)
class LearningPath(FrameResult):
    """Missing courses before the goal, first to take first.

    Parameters
    ----------
    course : str
        The goal itself; not among the steps.
    steps : tuple of str
    depth : ndarray of int64
        Longest number of REQUIRES from the goal to the step.
    needed_by : tuple of tuple of str
        Per step, which of the path's courses (or the goal) ask for it: the evidence.
    skipped : tuple of str
        Completed courses at which a branch ended.
    """

    course: str
    steps: tuple[str, ...]
    depth: np.ndarray = field(metadata={"dtype": np.int64})
    needed_by: tuple[tuple[str, ...], ...]
    skipped: tuple[str, ...]
    manifest: Manifest

    def __len__(self) -> int:
        """Return the number of steps."""
        return len(self.steps)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per step: step, course, depth, needed_by."""
        import pandas as pd

        steps = np.arange(1, len(self.steps) + 1)
        shown = [", ".join(names) for names in self.needed_by]
        return pd.DataFrame({"step": steps, "course": list(self.steps), "depth": self.depth, "needed_by": shown})


def learning_path(
    requires: Mapping[str, Iterable[str]] | Iterable[tuple[str, str]],
    course: str,
    *,
    completed: Iterable[str] = (),
    known: Iterable[str] | None = None,
) -> LearningPath:
    """Return what to take before a course.

    Parameters
    ----------
    requires : mapping course -> required courses, or iterable of (course, required course)
    course : str
        The goal.
    completed : iterable of str
        Courses the learner finished; the goal among them gives an empty path.
    known : iterable of str, optional
        All courses, to catch a mistyped goal. Default: those that ``requires`` names.

    Returns
    -------
    LearningPath

    Raises
    ------
    DataInvalid
        The requirements below the goal run in a circle; the message names it.
    UnknownName
        With ``known`` given, the goal is not among them.
    InvalidParameter
        ``requires`` is neither a mapping nor pairs.

    Examples
    --------
    >>> learning_path({"k3": ["k2", "k1"], "k2": ["k1"]}, "k3", completed=[]).steps
    ('k1', 'k2')
    """
    start = time.perf_counter()
    below = _below(requires)
    goal, done = name_of(course, "course"), set(collection("completed", completed))
    if known is not None and goal not in (names := set(collection("known", known))):
        message = f"there is no course {goal!r} among the {len(names):,} known"
        raise UnknownName(message, kind="course", name=goal, close_matches=close_matches(goal, sorted(names)))
    order = [] if goal in done else _topological(below, goal, done)
    depth = dict.fromkeys(order, 0)
    for name in order:
        for needed in below.get(name, ()):
            if needed not in done:
                depth[needed] = max(depth[needed], depth[name] + 1)
    steps = tuple(sorted((name for name in order if name != goal), key=lambda name: (-depth[name], name)))
    above: dict[str, list[str]] = {step: [] for step in steps}
    for name in sorted(order):
        for needed in below.get(name, set()) - done:
            above[needed].append(name)
    needed_by = tuple(tuple(above[step]) for step in steps)
    skipped = tuple(sorted({needed for name in order for needed in below.get(name, ()) if needed in done}))
    request = {
        "course": goal,
        "completed": sorted(done),
        "requires": {name: sorted(own) for name, own in sorted(below.items())},
    }
    answer = [steps, [depth[step] for step in steps]]
    manifest = make_manifest("learning_path", request=request, answer=answer, seconds=time.perf_counter() - start)
    return LearningPath(goal, steps, np.array([depth[step] for step in steps], np.int64), needed_by, skipped, manifest)


def _below(requires: Any) -> dict[str, set[str]]:
    below: dict[str, set[str]] = {}
    try:
        # the edges of a networkx graph are a Mapping whose keys are the pairs
        lists = isinstance(requires, Mapping) and not all(isinstance(key, tuple) for key in requires)
        for name, needed in requires.items() if lists else requires:
            found = needed if lists and not isinstance(needed, str) else (needed,)
            below.setdefault(name_of(name, "requires"), set()).update(name_of(one, "requires") for one in found)
    except DataInvalid:
        raise
    except (TypeError, ValueError):
        refuse("requires", requires, "a mapping course -> required courses or pairs (course, required course)")
    return below


def _topological(below: dict[str, set[str]], goal: str, done: set[str]) -> list[str]:
    """Courses from the goal down, each before what it needs; a circle raises (depth-first, no recursion)."""
    order, state = list[str](), {goal: 1}  # 1 = on the way down, 2 = finished
    stack = [(goal, iter(sorted(below.get(goal, set()) - done)))]
    while stack:
        name, rest = stack[-1]
        following = next(rest, None)
        if following is None:
            state[name] = 2
            order.append(name)
            stack.pop()
        elif state.get(following) == 1:
            way = [node for node, _ in stack]
            circle = [*way[way.index(following) :], following]
            message = "REQUIRES runs in a circle: " + " -> ".join(circle)
            raise DataInvalid(
                message,
                source="REQUIRES",
                rule="requires-cycle",
                count=len(circle) - 1,
                rows=tuple(circle),
                hint="remove one of these requirements",
            )
        elif following not in state:
            state[following] = 1
            stack.append((following, iter(sorted(below.get(following, set()) - done))))
    return order[::-1]
