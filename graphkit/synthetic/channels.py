"""Channels of many kinds, with prices and audiences that overlap because they come from the same communities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.rng import as_generator
from graphkit.synthetic.people import REGIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.synthetic.people import People
    from graphkit.synthetic.tables import Files

__all__ = ["make_channels"]

# kind, name, English name, platform, how many, communities, share of each, chance per use, price of a contact
_LISTED: tuple[tuple[str, str, str, str, int, float, float, float, float], ...] = (
    ("kol", "达人", "Creator", "抖音", 14, 0.08, 0.45, 0.35, 1.6),
    ("kol", "博主", "Blogger", "B站", 10, 0.05, 0.55, 0.45, 1.9),
    ("short_video", "短视频信息流", "Short video feed", "快手", 6, 0.35, 0.20, 0.20, 0.7),
    ("social", "社交广告", "Social ad", "微博", 6, 0.30, 0.18, 0.18, 0.6),
    ("live", "直播间", "Live room", "抖音", 4, 0.10, 0.30, 0.50, 2.2),
    ("video_site", "视频网站前贴片", "Video site pre-roll", "优酷", 4, 0.40, 0.25, 0.25, 0.9),
    ("forum", "论坛版块", "Forum board", "豆瓣", 4, 0.06, 0.50, 0.30, 0.8),
    ("app", "应用开屏", "App splash", "知山", 3, 0.25, 0.30, 0.30, 1.0),
    ("website", "专题页", "Topic page", "门户", 2, 0.20, 0.15, 0.15, 0.4),
    ("e_commerce", "商城会场", "Shop event", "淘宝", 2, 0.30, 0.20, 0.22, 0.8),
    ("direct", "会员短信", "Member message", "短信", 2, 0.50, 0.10, 0.60, 0.5),
)
_OFFLINE = (
    ("cinema", "影城大厅", "Cinema hall", 0.10, 3),
    ("out_of_home", "地铁灯箱", "Metro light box", 0.06, 2),
    ("tv", "城市电视", "City television", 0.08, 1),
)
_PRICE_OF_FILTERED = 0.5


def make_channels(files: Files, people: People, seed: int) -> list[str]:
    """Draw channels and audiences and add `nodes/channel`, `relationships/reaches`, `runs`, `owns` and `follows`.

    Audiences come from shares of a few communities, popular ones more often, plus a thin layer of everybody: channels overlap strongly. The price is
    the number of contacts times a price per contact that varies threefold: cheap contacts are often the same people twice.
    """
    rng = as_generator(seed, "channels")
    rows, reaches = _listed(people, rng)
    rows += _offline(people)
    rows.append(("神秘大号", "Unknown star", "kol", "微博", None, 5000.0, 1, 3, None, None, 2_000_000))
    channels = [f"c{n:02d}" for n in range(1, len(rows) + 1)]
    files.add(
        "nodes/channel",
        "id name name_en kind platform region cost capacity lead_days reach_p audience_filter followers",
        [(i, *row) for i, row in zip(channels, rows, strict=True)],
    )
    files.add("relationships/reaches", "source target p", [(channels[n], user, p) for n, user, p in reaches])
    runs = zip(rng.choice(len(people.ids), 5, replace=False).tolist(), channels, strict=False)
    files.add("relationships/runs", "source target", [(people.ids[u], c) for u, c in runs])
    files.add("relationships/owns", "source target", [("b01", channels[-3]), ("b02", channels[len(channels) // 2])])
    return channels


def _listed(people: People, rng: np.random.Generator) -> tuple[list[tuple[Any, ...]], list[tuple[int, str, float]]]:
    """Channels whose people are known, without their ids, and (channel number, user, chance of a use)."""
    popularity = rng.gamma(0.8, 1.0, people.n_communities)
    popularity /= popularity.mean()
    rows: list[tuple[Any, ...]] = []
    reaches: list[tuple[int, str, float]] = []
    for kind, zh, en, platform, many, communities, share, chance, price in _LISTED:
        for n in range(1, many + 1):
            audience = _audience(people, popularity, communities, share, rng)
            if kind == "direct":
                audience = audience[people.consent[audience]]
            p = np.round(np.clip(rng.beta(6, 6 / chance - 6, len(audience)), 0.01, 1.0), 3)
            cost = _rounded(float(p.sum()) * price * float(np.exp(rng.normal(0, 0.4))) + 50)
            capacity, lead_days = int(rng.integers(1, 3)), int(rng.integers(0, 6))
            reaches += [(len(rows), people.ids[u], x) for u, x in zip(audience.tolist(), p.tolist(), strict=True)]
            name = f"{platform}·{zh}{n}"
            rows.append(
                (name, f"{en} {n}", kind, platform, None, cost, capacity, lead_days, None, None, len(audience) * 40)
            )
    return rows, reaches


def _offline(people: People) -> list[tuple[Any, ...]]:
    """Channels that reach whoever lives in a region, without their ids."""
    rows: list[tuple[Any, ...]] = []
    for kind, zh, en, chance, many in _OFFLINE:
        for n, region in enumerate(REGIONS[:many], 1):
            cost = _rounded(people.region.count(region) * chance * _PRICE_OF_FILTERED + 80)
            rows.append(
                (f"{region}{zh}", f"{en} {n}", kind, None, region, cost, 1, 7, chance, f"region='{region}'", None)
            )
    return rows


def _audience(
    people: People, popularity: NDArray[np.float64], communities: float, share: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Rows of a channel's people: a share of some communities, popular ones more often, and a thin layer of all others."""
    some = rng.random(people.n_communities) < communities * popularity
    some[int(rng.choice(people.n_communities, p=popularity / popularity.sum()))] = True
    chance = np.where(some[people.community], share, 0.01)
    return np.flatnonzero(rng.random(len(people.ids)) < chance)


def _rounded(cost: float) -> float:
    """Prices end in tens."""
    return float(round(cost, -1))
