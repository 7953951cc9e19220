"""Events of past clips: real cascades drawn from the planted chances, with who passed it on."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import numpy as np

from graphkit.rng import as_generator
from graphkit.synthetic.materials import MATERIAL_HEADER
from graphkit.synthetic.people import DAY, START

if TYPE_CHECKING:
    from graphkit.synthetic.catalogue import Catalogue
    from graphkit.synthetic.people import People
    from graphkit.synthetic.tables import Files

__all__ = ["make_cascades", "travel"]

_DELAY = 6 * 3600.0  # mean seconds until a friend takes it up


def make_cascades(files: Files, people: People, catalogue: Catalogue, seed: int, *, clips: int) -> list[int]:
    """Draw one cascade per clip, add the clips as materials and every view as an event; return the sizes.

    Independent cascade in continuous time: whoever takes a clip up tries each tie once, with its planted chance; a success arrives after an
    exponential delay, and the first one to arrive is `parent_user`. Only people with consent appear.
    """
    rng = as_generator(seed, "cascades")
    ties = _ties(people)
    eligible = np.flatnonzero(people.consent)
    materials, events, sizes = [], [], []
    for n in range(1, clips + 1):
        clip = f"m{n:03d}"
        film = int(rng.integers(1, len(catalogue.films)))
        materials.append((clip, "short_video", "approved", f"{catalogue.films[film]} 片段 {n}", "zh", None, None))
        start = int(START - rng.integers(20 * DAY, 300 * DAY))
        seeds = rng.choice(eligible, size=1 + int(rng.geometric(0.4)), replace=False).tolist()
        waiting = [(start + k * 60.0, u, -1) for k, u in enumerate(seeds)]
        found = travel(waiting, ties, rng)
        sizes.append(len(found))
        events += [
            (int(t), people.ids[u], "view", "Material", clip, people.ids[v] if v >= 0 else None) for t, u, v in found
        ]
    files.add("nodes/material", MATERIAL_HEADER, materials)
    files.add("events/views", "ts user kind item_label item parent_user", sorted(events))
    return sizes


def _ties(people: People) -> dict[int, list[tuple[int, float]]]:
    found: dict[int, list[tuple[int, float]]] = {}
    for (u, v), p in zip(people.arcs.tolist(), people.chance.tolist(), strict=True):
        found.setdefault(u, []).append((v, p))
    return found


def travel(
    waiting: list[tuple[float, int, int]], ties: dict[int, list[tuple[int, float]]], rng: np.random.Generator
) -> list[tuple[float, int, int]]:
    """Let an item travel along ties; return (time, user, parent or -1) of everyone reached, in order of time.

    ``waiting`` holds (time, user, -1) of those who meet it without a friend, ``ties`` the (friend, chance) pairs of a user.
    """
    heapq.heapify(waiting)
    reached: set[int] = set()
    found = []
    while waiting:
        t, u, parent = heapq.heappop(waiting)
        if u in reached:
            continue
        reached.add(u)
        found.append((t, u, parent))
        for v, p in ties.get(u, ()):
            if v not in reached and rng.random() < p:
                heapq.heappush(waiting, (t + 60.0 + rng.exponential(_DELAY), v, u))
    return found
