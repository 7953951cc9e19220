"""What a campaign is about: tags, films, courses, brands, materials and rights, with names in Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graphkit.rng import as_generator
from graphkit.synthetic.people import DAY, START

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.synthetic.tables import Files

__all__ = ["Catalogue", "make_catalogue"]

TAGS = (
    ("科幻", "science fiction", "genre"),
    ("悬疑", "mystery", "genre"),
    ("历史", "history", "genre"),
    ("家庭", "family", "theme"),
    ("成长", "growing up", "theme"),
    ("职场", "working life", "theme"),
    ("环保", "environment", "value"),
    ("诚信", "honesty", "value"),
    ("创新", "innovation", "value"),
    ("传统", "tradition", "value"),
    ("数据分析", "data analysis", "skill"),
    ("写作", "writing", "skill"),
    ("演讲", "speaking", "skill"),
    ("投资", "investing", "skill"),
    ("心理", "psychology", "interest"),
    ("天文", "astronomy", "interest"),
    ("美食", "food", "interest"),
    ("旅行", "travel", "interest"),
    ("运动", "sport", "interest"),
    ("音乐", "music", "interest"),
)
FILMS = (
    ("流浪者", "The Wanderer"),
    ("山海", "Mountains and Seas"),
    ("第七码头", "Pier Seven"),
    ("风起长安", "Wind over Chang'an"),
    ("小城来信", "Letters from a Small Town"),
    ("深空回声", "Echo of Deep Space"),
    ("合伙人的夏天", "Summer of the Partners"),
    ("无声证词", "Silent Testimony"),
    ("我们的餐桌", "Our Table"),
    ("绿洲计划", "Project Oasis"),
    ("最后一课", "The Last Lesson"),
    ("雪线之上", "Above the Snow Line"),
)
_COURSES = (
    ("数据分析入门", "Introduction to Data Analysis", "technology"),
    ("写作的节奏", "The Rhythm of Writing", "culture"),
    ("演讲训练营", "Speaking Boot Camp", "career"),
    ("家庭理财", "Family Finance", "finance"),
    ("心理学通识", "Psychology for Everyone", "health"),
    ("天文学十讲", "Ten Talks on Astronomy", "education"),
    ("职场沟通", "Communication at Work", "career"),
    ("短视频创作", "Making Short Videos", "arts"),
    ("历史现场", "History on the Spot", "culture"),
    ("亲子阅读", "Reading with Children", "parenting"),
)
_STEPS = (("基础", "Basics"), ("进阶", "Advanced"), ("实战", "Practice"))
BRANDS = (
    ("星河影业", "Galaxy Pictures", "film", "studio"),
    ("知山课堂", "Zhishan Classroom", "education", "platform"),
    ("山海咖啡", "Shanhai Coffee", "drink", "consumer_brand"),
    ("青柠出行", "Lime Rides", "automotive", "consumer_brand"),
    ("半页书店", "Half Page Books", "publishing", "publisher"),
    ("云朵音乐", "Cloud Music", "music", "platform"),
    ("北岸运动", "North Shore Sports", "sport", "consumer_brand"),
    ("小麦厨房", "Wheat Kitchen", "food", "consumer_brand"),
    ("城市博物馆", "City Museum", "museum", "institution"),
    ("橙光影视", "Orange Light Films", "film", "studio"),
    ("远行旅社", "Far Travel", "travel", "consumer_brand"),
    ("明日科技", "Tomorrow Tech", "technology", "consumer_brand"),
    ("安心银行", "Anxin Bank", "finance", "consumer_brand"),
    ("初夏美妆", "Early Summer Beauty", "beauty", "consumer_brand"),
    ("木马玩具", "Rocking Horse Toys", "toys", "consumer_brand"),
    ("灯塔传媒", "Lighthouse Media", "media", "agency"),
    ("乐学网校", "Lexue Online School", "education", "provider"),
    ("和风家居", "Gentle Wind Home", "home", "consumer_brand"),
)
_RESOURCES = ("brand", "users", "technology", "channels", "content", "venues", "money")


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Ids by label and the tag weights of films, courses and brands (rows x tags)."""

    tags: list[str]
    films: list[str]
    courses: list[str]
    brands: list[str]
    film_tags: NDArray[np.float64]
    course_tags: NDArray[np.float64]
    brand_tags: NDArray[np.float64]


def make_catalogue(files: Files, seed: int) -> Catalogue:
    """Draw the catalogue and add its files."""
    rng = as_generator(seed, "catalogue")
    tags = [f"t{i:02d}" for i in range(1, len(TAGS) + 1)]
    files.add("nodes/tag", "id name name_en kind", [(i, *t) for i, t in zip(tags, TAGS, strict=True)])
    films = _films(files, rng)
    courses = _courses(files, rng)
    brands = _brands(files, rng)
    value = np.array([kind == "value" for _, _, kind in TAGS])
    weights = [_tag_weights(len(films), ~value, rng), _tag_weights(len(courses), ~value, rng)]
    brand_tags = _tag_weights(len(brands), value, rng) + _tag_weights(len(brands), ~value, rng)
    header = "source source_label target target_label w basis"
    for label, ids, w in (("Film", films, weights[0]), ("Course", courses, weights[1]), ("Brand", brands, brand_tags)):
        rows = [(ids[i], label, tags[t], "Tag", float(w[i, t]), "editor") for i, t in np.argwhere(w > 0).tolist()]
        files.add("relationships/has_tag", header, rows)
    _rights(files, films, brands)
    return Catalogue(tags, films, courses, brands, weights[0], weights[1], brand_tags)


def _tag_weights(n: int, allowed: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float64]:
    """Two or three allowed tags per row, the strongest with weight 1."""
    weights = np.zeros((n, len(allowed)))
    for row in weights:
        chosen = rng.choice(np.flatnonzero(allowed), size=int(rng.integers(2, 4)), replace=False)
        row[chosen] = np.round(np.sort(rng.uniform(0.2, 0.9, len(chosen)))[::-1], 2)
        row[chosen[0]] = 1.0
    return weights


def _films(files: Files, rng: np.random.Generator) -> list[str]:
    ids = [f"f{i:02d}" for i in range(1, len(FILMS) + 1)]
    kinds = ("film", "series", "film", "documentary", "film", "web_series")
    rows = [
        (
            i,
            zh,
            en,
            kinds[n % len(kinds)],
            START + (60 - 45 * n) * DAY,
            int(rng.integers(80, 150)) * 60,
            f"《{zh}》：虚构示例",
            round(float(rng.beta(6, 2)), 2),
            "approved",
        )
        for n, (i, (zh, en)) in enumerate(zip(ids, FILMS, strict=True))
    ]
    files.add("nodes/film", "id name name_en kind release_ts seconds summary quality status", rows)
    return ids


def _courses(files: Files, rng: np.random.Generator) -> list[str]:
    rows, needs = [], []
    for n, (zh, en, field) in enumerate(_COURSES):
        for level, (step, step_en) in enumerate(_STEPS, start=1):
            i = f"k{3 * n + level:02d}"
            price, seconds = float(rng.choice([49, 99, 199, 399])), int(rng.integers(3, 20)) * 3600
            rows.append(
                (
                    i,
                    f"{zh}·{step}",
                    f"{en}: {step_en}",
                    "course",
                    field,
                    level,
                    price,
                    seconds,
                    round(float(rng.beta(6, 2)), 2),
                    "approved",
                )
            )
            if level > 1:
                needs.append((i, f"k{3 * n + level - 1:02d}"))
    files.add("nodes/course", "id name name_en kind field level price seconds quality status", rows)
    files.add("relationships/requires", "source target", needs)
    return [str(row[0]) for row in rows]


def _brands(files: Files, rng: np.random.Generator) -> list[str]:
    rows = []
    for n, (zh, en, sector, role) in enumerate(BRANDS, start=1):
        resources = sorted(rng.choice(_RESOURCES, size=int(rng.integers(2, 5)), replace=False).tolist())
        goals = np.round(rng.uniform(0, 1, 4), 2).tolist()
        rows.append((f"b{n:02d}", zh, en, sector, role, *goals, resources, round(float(rng.beta(4, 3)), 2), n == 1))
    header = "id name name_en sector role goal_awareness goal_conversion goal_loyalty goal_revenue resources willingness ours"
    files.add("nodes/brand", header, rows)
    return [str(row[0]) for row in rows]


def _rights(files: Files, films: list[str], brands: list[str]) -> None:
    """Our studio may promote its own films; the other studio holds the rest."""
    rows = []
    for n, film in enumerate(films):
        owner, producer = (brands[0], "studio") if n % 3 != 1 else (brands[9], "studio")
        rows.append(
            (
                owner,
                "Brand",
                film,
                "Film",
                ["promote", "embed", "stream"],
                ["ALL"],
                START - 400 * DAY,
                START + 900 * DAY,
                True,
            )
        )
        files.add(
            "relationships/produced",
            "source source_label target target_label role",
            [(owner, "Brand", film, "Film", producer)],
        )
    files.add(
        "relationships/holds_rights",
        "source source_label target target_label uses territory from_ts to_ts exclusive",
        rows,
    )
