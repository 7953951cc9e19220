"""Users in planted communities, the ties between them and the planted chance of each direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.rng import as_generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.synthetic.tables import Files

__all__ = ["START", "People", "make_people"]

START = 1_704_067_200  # 2024-01-01 in UTC, seconds
DAY = 86_400
REGIONS = ("上海", "北京", "广州", "成都", "杭州")
_JOBS = ("学生", "工程师", "教师", "设计师", "销售", "医生", "公务员", "自由职业")
_COMMUNITY_SIZE = 75
_FRIENDS_INSIDE, _FRIENDS_OUTSIDE = 3.6, 0.8
_CHANCE_A, _CHANCE_B = 1.2, 15.0  # Beta of the planted chances: mean .074, a branching factor below 1
_CONSENT = 0.92


@dataclass(frozen=True, eq=False)
class People:
    """Who there is and what is true about them.

    `ids` are in order; `community`, `consent` and `region` are aligned to them; `friends` are rows (smaller, larger) of KNOWS; `arcs` and
    `chance` are both directions of every tie between consenting people and the planted chance of each.
    """

    ids: list[str]
    community: NDArray[np.int64]
    consent: NDArray[np.bool_]
    region: list[str]
    friends: NDArray[np.int64]
    arcs: NDArray[np.int64]
    chance: NDArray[np.float64]

    @property
    def n_communities(self) -> int:
        """Number of planted communities."""
        return int(self.community.max()) + 1


def make_people(files: Files, n_users: int, seed: int) -> People:
    """Draw users and ties and add their files.

    Parameters
    ----------
    files : Files
        Receives `nodes/user` and `relationships/knows`.
    n_users : int
        Number of users, >= 50.
    seed : int
        Seed of the whole campaign.

    Returns
    -------
    People
    """
    rng = as_generator(seed, "people")
    width = len(str(n_users))
    ids = [f"u{i:0{width}d}" for i in range(1, n_users + 1)]
    community = np.sort(rng.integers(max(4, n_users // _COMMUNITY_SIZE), size=n_users))
    community = np.unique(community, return_inverse=True)[1].astype(np.int64)
    consent = rng.random(n_users) < _CONSENT
    home = rng.integers(len(REGIONS), size=int(community.max()) + 1)
    away = rng.integers(len(REGIONS), size=n_users)
    region = [REGIONS[i] for i in np.where(rng.random(n_users) < 0.6, home[community], away)]
    _write_users(files, ids, consent, region, rng)
    friends = _friends(community, as_generator(seed, "friends"))
    since = START - rng.integers(30 * DAY, 1500 * DAY, size=len(friends))
    files.add(
        "relationships/knows",
        "source target since_ts",
        [(ids[a], ids[b], int(t)) for (a, b), t in zip(friends.tolist(), since, strict=True)],
    )
    kept = friends[consent[friends].all(axis=1)]
    arcs = np.concatenate([kept, kept[:, ::-1]])
    chance = np.round(as_generator(seed, "chances").beta(_CHANCE_A, _CHANCE_B, size=len(arcs)), 6)
    return People(ids, community, consent, region, friends, arcs, chance)


def _friends(community: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows (smaller, larger), each pair once: most friends inside the community, some anywhere."""
    n = len(community)
    size = np.bincount(community)
    first = np.concatenate([[0], np.cumsum(size)[:-1]])
    inside = np.repeat(np.arange(n), rng.poisson(_FRIENDS_INSIDE, n))
    group = community[inside]
    partner = first[group] + np.floor(rng.random(len(inside)) * size[group]).astype(np.int64)
    outside = np.repeat(np.arange(n), rng.poisson(_FRIENDS_OUTSIDE, n))
    pairs = np.concatenate([np.stack([inside, partner], 1), np.stack([outside, rng.integers(n, size=len(outside))], 1)])
    pairs = np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1)
    return np.unique(pairs, axis=0)


def _write_users(
    files: Files, ids: list[str], consent: NDArray[np.bool_], region: list[str], rng: np.random.Generator
) -> None:
    n = len(ids)
    age = np.clip(np.round(rng.normal(31, 9, n)), 16, 75).astype(int).tolist()
    gender = rng.choice(["f", "m"], n).tolist()
    job = rng.choice(_JOBS, n).tolist()
    registered = (START - rng.integers(DAY, 1000 * DAY, n)).tolist()
    receptivity = np.round(rng.beta(8, 2, n), 3).tolist()
    propensity = np.round(rng.beta(1.5, 18, n), 4).tolist()
    lifetime = np.round(rng.gamma(2.0, 60.0, n), 2).tolist()
    active = rng.integers(0, 31, n).tolist()
    rows: list[tuple[Any, ...]] = [
        (i, c, a, g, j, r, t, ["plan", "profile", "experiment"] if c else [], x, p, v, d)
        for i, c, a, g, j, r, t, x, p, v, d in zip(
            ids,
            consent.tolist(),
            age,
            gender,
            job,
            region,
            registered,
            receptivity,
            propensity,
            lifetime,
            active,
            strict=True,
        )
    ]
    header = "id consent age gender occupation region registered_ts consent_scope receptivity propensity lifetime_value active_days_30"
    files.add("nodes/user", header, rows)
