"""The 42 relationship types: legal end pairs, properties, keys and names in Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Final

from graphkit.model import vocabulary as v
from graphkit.model.labels import EVIDENCE
from graphkit.model.properties import Property, by_name, flag, integer, moment, money, number, share, text, word, words


@dataclass(frozen=True, eq=False)
class RelationshipType:
    """A kind of relationship.

    Parameters
    ----------
    name, zh, en
        Type and its display names.
    pairs
        Legal (source label, target label).
    properties
        By name.
    wider_key
        Properties that belong to the key beside source and target.
    undirected
        Stored once, smaller (label, id) first; means both ways.
    written
        Made by graphkit itself.
    acyclic
        Whether a cycle is a data error.
    """

    name: str
    zh: str
    en: str
    pairs: tuple[tuple[str, str], ...]
    properties: dict[str, Property]
    wider_key: tuple[str, ...] = ()
    undirected: bool = False
    written: bool = False
    acyclic: bool = False


def _type(
    name: str,
    zh: str,
    en: str,
    ends: str,
    *properties: Property,
    wider_key: tuple[str, ...] = (),
    undirected: bool = False,
    written: bool = False,
    acyclic: bool = False,
) -> RelationshipType:
    """Declare a type; `ends` is `A,B>C,D` for every pair of the two sides, groups joined by a blank."""
    groups = [group.split(">") for group in ends.split()]
    pairs = tuple(p for a, b in groups for p in product(a.split(","), b.split(",")))
    return RelationshipType(name, zh, en, pairs, by_name(*properties, EVIDENCE), wider_key, undirected, written, acyclic)  # fmt: skip


def _taste() -> tuple[Property, ...]:
    return (
        integer("n", "次数", en="times"), number("seconds", "时长", unit="s"), share("completion", "完成度"),
        moment("first_ts", "首次时间", en="first"), moment("last_ts", "末次时间", en="last"),
    )  # fmt: skip


def _spending() -> tuple[Property, ...]:
    return (
        share("progress", "学习进度"), integer("n", "次数", en="times"), money("amount", "金额"),
        moment("first_ts", "首次时间", en="first"), moment("last_ts", "末次时间", en="last"),
    )  # fmt: skip


_LINKED = "Brand,Channel,Film,Course"
_SINCE = moment("since_ts", "起始时间", en="since")
_LAST = moment("last_ts", "末次时间", en="last")

_ALL = (
    _type("FOLLOWS", "关注", "follows", "User>User,Brand,Channel", _SINCE),
    _type("KNOWS", "好友", "knows", "User>User", _SINCE, number("weight", "权重"), undirected=True),
    _type("SHARED_WITH", "转发给", "shared with", "User>User", integer("n", "次数", required=True, en="times"), _LAST),
    _type(
        "INFLUENCES",
        "影响",
        "influences",
        "User>User",
        share("p", "传播概率", required=True, en="chance"),
        share("p_lower", "概率下限", en="chance, lower"),
        share("p_upper", "概率上限", en="chance, upper"),
        number("level_error", "共同误差", en="error in common"),
        text("tag", "标签"),
        text("run", "运行编号"),
        wider_key=("run", "tag"),
        written=True,
    ),
    _type("WATCHED", "观看", "watched", "User>Film", *_taste()),
    _type("WANTS", "想看", "wants to watch", "User>Film", *_taste()),
    _type("LIKES", "喜欢", "likes", "User>Film,Course,Material", *_taste()),
    _type(
        "RATED",
        "评分",
        "rated",
        "User>Film,Course",
        number("rating", "评分", required=True),
        number("scale_max", "满分", open_low=True),
        moment("ts", "时间", en="time"),
    ),
    _type("ENROLLED", "学习", "enrolled in", "User>Course", *_spending()),
    _type("BOUGHT", "购买", "bought", "User>Course,Film,Brand", *_spending()),
    _type(
        "SUBSCRIBES",
        "会员",
        "subscribes to",
        "User>Brand",
        text("tier", "等级"),
        _SINCE,
        moment("until_ts", "到期时间", en="until"),
        wider_key=("since_ts",),
    ),
    _type("REDEEMED", "领用", "redeemed", "User>Offer", integer("n", "次数", en="times"), _LAST),
    _type("REACHES", "触达", "reaches", "Channel>User", share("p", "单次触达概率", required=True, en="chance per use")),
    _type("RUNS", "运营", "runs", "User>Channel"),
    _type("OWNS", "拥有", "owns", "Brand>Channel"),
    _type(
        "ACCEPTS",
        "可投放",
        "accepts",
        "Channel>Material",
        money("cost", "费用"),
        number("response", "响应倍数", en="response multiplier"),
    ),
    _type("BOOSTS", "协同", "boosts", "Channel>Channel", number("bonus", "协同加成", required=True, unit="value")),
    _type(
        "HAS_TAG",
        "标签",
        "has tag",
        "Film,Course,Brand,Channel,Material,CoProduction>Tag",
        share("w", "权重", required=True, en="weight", open_low=True),
        text("basis", "依据"),
    ),
    _type("REQUIRES", "先修", "requires", "Course>Course", acyclic=True),
    _type("PRODUCED", "出品", "produced", "Brand>Film,Course", text("role", "角色")),
    _type(
        "PLACED_IN",
        "植入",
        "placed in",
        "Brand>Film",
        text("placement", "植入位置"),
        number("seconds", "时长", unit="s"),
        integer("sightings", "出现次数"),
    ),
    _type(
        "LINKED_WITH",
        "关联",
        "linked with",
        f"{_LINKED}>{_LINKED}",
        word("basis", "依据", v.LINK_BASIS, closed=False),
        number("w", "权重", en="weight"),
        wider_key=("basis",),
        undirected=True,
    ),
    _type(
        "JOINS",
        "参与",
        "joins",
        "Partnership>Brand,Film,Course",
        word("role", "角色", v.JOIN_ROLE),
        share("share", "分成比例"),
        moment("asked_ts", "邀约时间", en="asked"),
    ),
    _type("YIELDS", "产出", "yields", "Partnership>CoProduction"),
    _type("EMBEDDED_IN", "植入位置", "embedded in", "CoProduction>Film", word("placement", "植入位置", v.PLACEMENT)),
    _type("TEACHES", "承载课程", "teaches", "CoProduction>Course", word("placement", "植入位置", v.PLACEMENT)),
    _type("CARRIES", "携带", "carries", "Material,CoProduction,PlanItem>Touchpoint"),
    _type("OFFERS", "提供", "offers", "Brand>Offer", text("to_members_of", "面向会员", "to members of")),
    _type(
        "APPLIES_TO",
        "适用",
        "applies to",
        "Offer>Film,Course,Brand",
        text("to_members_of", "面向会员", "to members of"),
    ),
    _type(
        "HOLDS_RIGHTS",
        "持有版权",
        "holds rights",
        "Brand>Film,Course,Material,CoProduction",
        words("uses", "用途", v.USES, required=True),
        words("territory", "地域", required=True),
        moment("from_ts", "起", required=True, en="from"),
        moment("to_ts", "止", required=True, en="to"),
        flag("exclusive", "独家"),
        wider_key=("from_ts",),
    ),
    _type("PROMOTES", "推广", "promotes", "Campaign,Plan>Film,Course,CoProduction"),
    _type("PART_OF", "隶属", "part of", "Campaign>Partnership"),
    _type("EXECUTES", "执行", "executes", "Campaign>Plan"),
    _type("HAS_ITEM", "包含", "has item", "Plan>PlanItem", written=True),
    _type("USES", "使用", "uses", "PlanItem>Channel,CoProduction,Material,Offer", written=True),
    _type(
        "PROPOSES",
        "建议",
        "proposes",
        "Plan>Brand,Film,Course",
        integer("rank", "名次", low=1),
        share("fit", "契合度"),
        number("adds", "增量触达"),
        share("share", "分成比例"),
        written=True,
    ),
    _type(
        "REJECTS",
        "否决",
        "rejects",
        "Plan>Channel,CoProduction,Material,Offer,Brand,Film,Course",
        text("reason", "原因", required=True),
        text("rule", "规则"),
        written=True,
    ),
    _type("MEMBER_OF", "属于", "member of", "User>Community", written=True),
    _type("HAS_ARM", "设有", "has arm", "Experiment>Arm", written=True),
    _type("ASSIGNED_TO", "分配到", "assigned to", "Community>Arm", written=True),
    _type("TESTS", "检验", "tests", "Experiment>Offer,Plan,Campaign", written=True),
    _type(
        "MEASURES", "计量对象", "measures", "Measurement>Campaign,PlanItem,Channel,Arm,Community,Brand", written=True
    ),
)

TYPES: dict[str, RelationshipType] = {t.name: t for t in _ALL}
USER_TIES: Final = ("KNOWS", "FOLLOWS", "SHARED_WITH")
"""Types that join users; what is passed on travels along them."""
