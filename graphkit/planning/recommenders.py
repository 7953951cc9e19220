"""The ways to recommend, one class each: scores of items for users, and what carries each score.

Every scorer gives ``scores(rows)`` of shape (n_rows, n_items), ``cold(rows)`` (users it knows nothing
about) and ``reasons(row, items)``: parts that sum to the score. No reason names another user.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from scipy import sparse

from graphkit.diffusion.rr_sets import sample_rr_sets
from graphkit.matching.matrices import unit_rows
from graphkit.projection.build import project
from graphkit.projection.typed import typed_graph
from graphkit.ranking.pagerank import personalised_pagerank

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.engine.base import Engine
    from graphkit.planning.tastes import Tastes
    from graphkit.projection.projection import Projection
    from graphkit.projection.snapshot import Snapshot

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int64]

__all__ = ["Cascade", "Content", "Popularity", "Ratings", "Scorer", "Taken", "Walk"]

Part = tuple[str, str, float]
"""Kind, name and part of the score."""


class Scorer(Protocol):
    """What `recommend` asks of a way to recommend."""

    def scores(self, rows: Rows) -> Floats:
        """Return scores of all items, shape (n_rows, n_items)."""

    def cold(self, rows: Rows) -> NDArray[np.bool_]:
        """Return which users it knows nothing about."""

    def reasons(self, row: int, items: Rows) -> list[list[Part]]:
        """Return for each item the parts of its score."""


@dataclass(frozen=True, eq=False)
class Popularity:
    """Share of users with a profile who took the item; the same for everybody."""

    tastes: Tastes

    def scores(self, rows: Rows) -> Floats:
        """Return the share of takers."""
        share = np.asarray(self.tastes.taken.sum(axis=0), np.float64).ravel() / max(1, len(self.tastes.users))
        return np.tile(share, (rows.size, 1))

    def cold(self, rows: Rows) -> NDArray[np.bool_]:
        """Nobody is unknown to popularity."""
        return np.zeros(rows.size, np.bool_)

    def reasons(self, row: int, items: Rows) -> list[list[Part]]:
        """Return the share as its own reason."""
        share = self.scores(np.array([row]))[0]
        return [[("popularity", "share of people who took it", float(share[i]))] for i in items]


@dataclass(frozen=True, eq=False)
class Taken:
    """Scores carried by the user's own items: item neighbours, SVD, ALS."""

    tastes: Tastes
    model: Any

    def scores(self, rows: Rows) -> Floats:
        """Return the model's scores."""
        found: Floats = self.model.scores(self.tastes.taken[rows])
        return found

    def cold(self, rows: Rows) -> NDArray[np.bool_]:
        """Return users who took nothing."""
        return np.asarray(np.diff(self.tastes.taken.indptr)[rows] == 0)

    def reasons(self, row: int, items: Rows) -> list[list[Part]]:
        """Return the user's own items with what each adds."""
        own, parts = self.model.parts(self.tastes.taken[[row]], items)
        return [_items(self.tastes, own, parts[:, i]) for i in range(items.size)]


@dataclass(frozen=True, eq=False)
class Ratings:
    """Expected rating as a share of the scale, from baselines and similar items."""

    tastes: Tastes
    model: Any

    def scores(self, rows: Rows) -> Floats:
        """Return predicted shares of the scale; 0 for items nobody rated, of which nothing is known."""
        rated = np.bincount(self.model.residuals.indices, minlength=self.model.residuals.shape[1]) > 0
        found: Floats = self.model.predict(rows) * rated
        return found

    def cold(self, rows: Rows) -> NDArray[np.bool_]:
        """Return users who rated nothing."""
        return np.asarray(np.diff(self.model.residuals.indptr)[rows] == 0)

    def reasons(self, row: int, items: Rows) -> list[list[Part]]:
        """Return baseline and rated items; clipping to the scale stands as a part of its own."""
        own, parts = self.model.parts(row, items)
        total = self.model.predict(np.array([row]))[0]
        found = []
        for i, item in enumerate(items):
            base = float(self.model.mean + self.model.user_bias[row] + self.model.item_bias[item])
            cut = float(total[item]) - base - float(parts[:, i].sum())
            found.append(
                [
                    ("baseline", "mean, own habit and item", base),
                    *_items(self.tastes, own, parts[:, i]),
                    *([("limit", "end of the scale", cut)] if abs(cut) > 1e-12 else []),
                ]
            )
        return found


@dataclass(frozen=True, eq=False)
class Content:
    """Cosine of a user's tags with an item's tags.

    Parameters
    ----------
    tastes : Tastes
    profiles : csr_array, shape (n_users, n_tags)
        Rows of length 1 or 0.
    """

    tastes: Tastes
    profiles: sparse.csr_array
    unit: sparse.csr_array = field(init=False)

    def __post_init__(self) -> None:
        """Scale the items' rows to length 1."""
        object.__setattr__(self, "unit", unit_rows(self.tastes.tags))

    def scores(self, rows: Rows) -> Floats:
        """Return cosines."""
        return np.asarray((self.profiles[rows] @ self.unit.T).toarray(), np.float64)

    def cold(self, rows: Rows) -> NDArray[np.bool_]:
        """Return users without tags."""
        return np.asarray(np.diff(self.profiles.indptr)[rows] == 0)

    def reasons(self, row: int, items: Rows) -> list[list[Part]]:
        """Return shared tags with their products."""
        own = self.profiles[[row]]
        found = []
        for item in items:
            shared = sparse.coo_array(self.unit[[int(item)]].multiply(own))
            found.append(
                [
                    ("Tag", self.tastes.tag_ids[int(t)], float(v))
                    for t, v in zip(shared.coords[1], shared.data, strict=True)
                    if v
                ]
            )
        return found


class Walk:
    """Personalised PageRank from the user over every kind of tie, items he took left out by `recommend`.

    The score of an item is the sum over its neighbours of their score x chance to step to it.
    """

    def __init__(self, snapshot: Snapshot, tastes: Tastes, *, restart: float = 0.15, min_cell: int = 50) -> None:
        self.tastes, self.restart, self.min_cell = tastes, restart, min_cell
        self.graph, self.names = typed_graph(snapshot, purpose="profile")
        row = {name: i for i, name in enumerate(self.names)}
        self.user_rows = np.array([row["User", user] for user in tastes.users], np.int64)
        self.item_rows = np.array([row[item] for item in tastes.items], np.int64)
        self.is_person = np.array([label == "User" for label, _ in self.names], np.bool_)
        weight: Any = self.graph.weight
        self.weight = sparse.csr_array((weight, self.graph.indices, self.graph.indptr), shape=2 * (len(self.names),))
        self.total = np.add.reduceat(np.append(weight, 0.0), np.minimum(self.graph.indptr[:-1], weight.size)) * (
            self.graph.out_degree > 0
        )
        self.known: dict[int, Floats] = {}

    def _from(self, row: int) -> Floats:
        if row not in self.known:
            found = personalised_pagerank(
                self.graph, int(self.user_rows[row]), restart_probability=self.restart, tolerance=1e-10
            )
            self.known[row] = np.asarray(found.scores)
        return self.known[row]

    def scores(self, rows: Rows) -> Floats:
        """Return the walker's share of time at each item."""
        return np.stack([self._from(int(row))[self.item_rows] for row in rows])

    def cold(self, rows: Rows) -> NDArray[np.bool_]:
        """Return users without any tie."""
        return np.asarray(self.graph.out_degree[self.user_rows[rows]] == 0)

    def reasons(self, row: int, items: Rows) -> list[list[Part]]:
        """Return what leads to the item: other people as one number, the rest by name."""
        x, graph, found = self._from(row), self.graph, []
        for item in items:
            # ties run both ways, so those who lead here are those one can go to from here
            target = self.item_rows[item]
            near = graph.indices[graph.indptr[target] : graph.indptr[target + 1]].astype(np.int64)
            step = self.weight[near, np.full(near.size, target)] / self.total[near]
            part = step * x[near] * (1 - self.restart)
            people, own = self.is_person[near], near == self.user_rows[row]
            parts = [
                (self.names[v][0], self.names[v][1], float(p))
                for v, p in zip(near[~people], part[~people], strict=True)
            ]
            if (people & ~own).any():
                parts.append(
                    (
                        "people",
                        _people(int((people & ~own).sum()), self.min_cell, "close to this user"),
                        float(part[people & ~own].sum()),
                    )
                )
            if own.any():
                parts.append(("own", "already taken", float(part[own].sum())))
            found.append(parts)
        return found


class Cascade:
    """Share of the worlds in which somebody who took the item reaches the user by word of mouth.

    The people who reach a user are his reverse reachable set: each world draws one.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        tastes: Tastes,
        *,
        types: tuple[str, ...],
        probability: Any,
        n_worlds: int,
        seed: int,
        engine: str | Engine,
        min_cell: int = 50,
    ) -> None:
        self.min_cell = min_cell
        self.tastes, self.n_worlds, self.seed, self.engine = tastes, n_worlds, seed, engine
        self.graph: Projection = project(
            snapshot, label="User", types=types, probability=probability, purpose="profile"
        )
        self.known: dict[int, tuple[Floats, Any]] = {}

    def _from(self, row: int) -> tuple[Floats, Any]:
        if row not in self.known:
            roots = np.full(self.n_worlds, row, np.int64)
            sets = sample_rr_sets(
                self.graph, self.n_worlds, seed=self.seed, purpose="recommend", roots=roots, engine=self.engine
            )
            others = sets.nodes != row
            world = np.repeat(np.arange(self.n_worlds), np.diff(sets.indptr))
            reach = sparse.csr_array(
                (np.ones(int(others.sum())), (world[others], sets.nodes[others])),
                shape=(self.n_worlds, self.graph.n_nodes),
            )
            hits = sparse.csc_array(reach @ self.tastes.taken)
            self.known[row] = np.diff(hits.indptr) / self.n_worlds, np.unique(sets.nodes[others])
        return self.known[row]

    def scores(self, rows: Rows) -> Floats:
        """Return the share of worlds."""
        return np.stack([self._from(int(row))[0] for row in rows])

    def cold(self, rows: Rows) -> NDArray[np.bool_]:
        """Return users whom nobody reaches in any world."""
        return np.array([self._from(int(row))[1].size == 0 for row in rows], np.bool_)

    def reasons(self, row: int, items: Rows) -> list[list[Part]]:
        """Return how many takers reach the user in some world; the part is the whole score."""
        share, people = self._from(row)
        takers = np.asarray(self.tastes.taken[people].sum(axis=0)).ravel() if people.size else np.zeros(share.size)
        return [
            [("people", _people(int(takers[i]), self.min_cell, "who took it reach this user"), float(share[i]))]
            for i in items
        ]


def _people(count: int, min_cell: int, what: str) -> str:
    """Name a count of people, small ones only by their bound."""
    return f"{count} people {what}" if count >= min_cell else f"fewer than {min_cell} people {what}"


def _items(tastes: Tastes, own: Rows, parts: Floats) -> list[Part]:
    return [(*tastes.items[int(j)], float(p)) for j, p in zip(own, parts, strict=True) if p]
