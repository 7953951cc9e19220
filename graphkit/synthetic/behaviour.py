"""What people did before: watched, wanted, enrolled, followed; and which brands worked together."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.rng import as_generator
from graphkit.synthetic.offers import MEMBER_BRANDS
from graphkit.synthetic.people import DAY, START

if TYPE_CHECKING:
    from graphkit.synthetic.catalogue import Catalogue
    from graphkit.synthetic.people import People
    from graphkit.synthetic.tables import Files

__all__ = ["make_behaviour", "make_partnerships"]

_STATUS = ("ended",) * 8 + ("declined", "declined", "running", "asked", "proposed")
_PARTNERSHIPS = 60


class _Tastes:
    """Every community likes some tags more than others; people take up what carries them."""

    def __init__(self, people: People, n_tags: int, rng: np.random.Generator) -> None:
        self.people, self.rng = people, rng
        liking = rng.gamma(0.5, 1.0, (people.n_communities, n_tags))
        self.liking = liking / liking.mean(axis=1, keepdims=True)

    def taken(self, tags: np.ndarray[Any, Any], mean: float) -> list[tuple[str, int]]:
        """(user, item) pairs, about `mean` items a user."""
        appeal = 0.15 + self.liking @ tags.T
        chance = np.clip(appeal / appeal.mean() * mean / len(tags), 0, 0.9)[self.people.community]
        pairs = np.argwhere(self.rng.random(chance.shape) < chance).tolist()
        return [(self.people.ids[u], i) for u, i in pairs]

    def moments(self, n: int) -> list[int]:
        """When things happened: within the last year."""
        return [int(x) for x in START - self.rng.integers(DAY, 360 * DAY, n)]


def make_behaviour(files: Files, people: People, catalogue: Catalogue, seed: int) -> None:
    """Draw tastes and add watched, wants, rated, enrolled, follows, subscribes and bought."""
    tastes = _Tastes(people, len(catalogue.tags), as_generator(seed, "behaviour"))
    _add_films(files, catalogue, tastes)
    _add_courses(files, catalogue, tastes)
    _add_brands(files, catalogue, tastes)


def _add_films(files: Files, catalogue: Catalogue, tastes: _Tastes) -> None:
    """Who watched which film, how far, with which rating, and who wants to."""
    films, rng = catalogue.films, tastes.rng
    watched = [
        (u, i) for u, i in tastes.taken(catalogue.film_tags, 3.0) if i > 0
    ]  # the first film is the one to promote
    times = tastes.moments(len(watched))
    done = np.round(rng.beta(3, 1, len(watched)), 2).tolist()
    files.add(
        "relationships/watched",
        "source target n completion first_ts last_ts",
        [(u, films[i], 1, c, t, t) for (u, i), c, t in zip(watched, done, times, strict=True)],
    )
    ratings = np.clip(np.round(rng.normal(3.7, 1.0, len(watched))), 1, 5).tolist()
    rated = rng.random(len(watched)) < 0.3
    rows = [
        (u, "User", films[i], "Film", r, 5, t)
        for (u, i), r, t, keep in zip(watched, ratings, times, rated, strict=True)
        if keep
    ]
    files.add("relationships/rated", "source source_label target target_label rating scale_max ts", rows)
    wanted = tastes.taken(catalogue.film_tags[:2], 0.2)
    files.add("relationships/wants", "source target", [(u, films[i]) for u, i in wanted])


def _add_courses(files: Files, catalogue: Catalogue, tastes: _Tastes) -> None:
    """Who studies what, and how far."""
    enrolled = tastes.taken(catalogue.course_tags, 1.5)
    progress = np.round(np.minimum(1.0, tastes.rng.beta(1.2, 1.0, len(enrolled)) * 1.1), 2).tolist()
    studied = [
        (u, catalogue.courses[i], p, 99, t)
        for (u, i), p, t in zip(enrolled, progress, tastes.moments(len(enrolled)), strict=True)
    ]
    files.add("relationships/enrolled", "source target progress amount first_ts", studied)


def _add_brands(files: Files, catalogue: Catalogue, tastes: _Tastes) -> None:
    """Who follows which brand, buys from it, or is a member."""
    brands, rng = catalogue.brands, tastes.rng
    followed = tastes.taken(catalogue.brand_tags, 2.0)
    files.add(
        "relationships/follows",
        "source source_label target target_label since_ts",
        [(u, "User", brands[i], "Brand", t) for (u, i), t in zip(followed, tastes.moments(len(followed)), strict=True)],
    )
    bought = [pair for pair in followed if rng.random() < 0.25]
    files.add(
        "relationships/bought",
        "source source_label target target_label n amount",
        [(u, "User", brands[i], "Brand", 1, float(rng.integers(20, 300))) for u, i in bought],
    )
    for brand in MEMBER_BRANDS:
        members = [u for u, i in followed if i == brand]
        files.add(
            "relationships/subscribes",
            "source target since_ts tier",
            [(u, brands[brand], t, "gold") for u, t in zip(members, tastes.moments(len(members)), strict=True)],
        )


def make_partnerships(files: Files, catalogue: Catalogue, seed: int) -> dict[str, int]:
    """Draw past co-operations from three planted circles of brands and add partnership and joins; return brand -> circle."""
    rng = as_generator(seed, "partnerships")
    circle = rng.integers(3, size=len(catalogue.brands))
    nodes, joins = [], []
    for n in range(1, _PARTNERSHIPS + 1):
        home = int(rng.integers(3))
        weight = np.where(circle == home, 6.0, 1.0) * (1.0 + np.arange(len(circle)) % 4)
        members = sorted(
            rng.choice(len(circle), size=2 + int(rng.random() < 0.25), replace=False, p=weight / weight.sum()).tolist()
        )
        status = _STATUS[int(rng.integers(len(_STATUS)))]
        starts = int(START - rng.integers(200 * DAY, 1200 * DAY))
        i = f"ps{n:02d}"
        title = " x ".join(catalogue.brands[m] for m in members)
        ended = status == "ended"
        nodes.append(
            (
                i,
                status,
                "co_branding",
                starts,
                starts + 60 * DAY if ended else None,
                round(float(rng.normal(80_000, 60_000)), 2) if ended else None,
                title,
            )
        )
        ties = [(catalogue.brands[m], "Brand") for m in members]
        if rng.random() < 0.5:
            ties.append((catalogue.films[int(rng.integers(1, len(catalogue.films)))], "Film"))
        if rng.random() < 0.4:
            ties.append((catalogue.courses[int(rng.integers(len(catalogue.courses)))], "Course"))
        joins += [
            (i, "Partnership", who, label, "lead" if k == 0 else "partner", starts - 30 * DAY)
            for k, (who, label) in enumerate(ties)
        ]
    files.add("nodes/partnership", "id status kind starts_ts ends_ts profit title", nodes)
    files.add("relationships/joins", "source source_label target target_label role asked_ts", joins)
    pairs = [(a, b) for a, b in combinations(range(len(circle)), 2) if circle[a] == circle[b] and rng.random() < 0.3]
    rows = [(catalogue.brands[a], "Brand", catalogue.brands[b], "Brand", "mutual_like", 1) for a, b in pairs]
    files.add("relationships/linked_with", "source source_label target target_label basis w", rows)
    return {b: int(c) for b, c in zip(catalogue.brands, circle, strict=True)}
