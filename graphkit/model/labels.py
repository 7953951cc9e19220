"""The 18 labels with their properties, units, vocabularies and names in Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass

from graphkit.model import vocabulary as v
from graphkit.model.properties import Property, by_name, flag, integer, moment, money, number, share, text, word, words


@dataclass(frozen=True, eq=False)
class NodeLabel:
    """A kind of node; `written` ones are made by graphkit itself and never read from input files."""

    name: str
    zh: str
    en: str
    properties: dict[str, Property]
    written: bool = False


EVIDENCE = word("evidence", "证据", v.EVIDENCE)


def _label(name: str, zh: str, en: str, *properties: Property, written: bool = False) -> NodeLabel:
    identity = text("id", "编号", required=True)
    return NodeLabel(name, zh, en, by_name(identity, *properties, EVIDENCE), written)


def _named(*, required: bool = True) -> tuple[Property, Property]:
    return text("name", "名称", required=required), text("name_en", "英文名称", "English name")


def _window() -> tuple[Property, Property]:
    return moment("starts_ts", "开始时间", en="start"), moment("ends_ts", "结束时间", en="end")


_ALL = (
    _label(
        "User",
        "用户",
        "user",
        flag("consent", "同意", required=True),
        integer("age", "年龄", unit="years", high=150),
        text("gender", "性别"),
        text("occupation", "职业"),
        text("education", "学历"),
        text("region", "地区"),
        text("device", "设备"),
        moment("registered_ts", "注册时间", en="registered"),
        moment("consent_ts", "同意时间", en="consent given"),
        words("consent_scope", "同意范围", v.CONSENT_SCOPE),
        share("receptivity", "接受度"),
        share("propensity", "购买倾向"),
        money("lifetime_value", "生命周期价值"),
        integer("active_days_30", "近30天活跃天数", unit="days", high=30, en="active days of 30"),
        Property("community", "STRING", zh="社群", en="community", written=True),
    ),
    _label(
        "Film",
        "影视作品",
        "film",
        *_named(),
        word("kind", "类型", v.FILM_KIND),
        moment("release_ts", "上映时间", en="release"),
        number("seconds", "时长", unit="s"),
        text("region", "地区"),
        text("language", "语言"),
        text("summary", "简介", multiline=True),
        share("quality", "质量"),
        text("status", "状态"),
    ),
    _label(
        "Course",
        "课程/知识产品",
        "course",
        *_named(),
        word("kind", "类型", v.COURSE_KIND),
        word("field", "领域", v.FIELD, closed=False),
        integer("level", "难度", low=1, high=5),
        money("price", "价格"),
        number("seconds", "时长", unit="s"),
        text("summary", "简介", multiline=True),
        share("quality", "质量"),
        text("status", "状态"),
    ),
    _label(
        "Brand",
        "品牌/机构",
        "brand",
        *_named(),
        word("sector", "行业", v.SECTOR, closed=False),
        word("role", "角色", v.BRAND_ROLE),
        text("region", "地区"),
        share("goal_awareness", "目标·知名度", en="goal: awareness"),
        share("goal_conversion", "目标·转化", en="goal: conversion"),
        share("goal_loyalty", "目标·忠诚度", en="goal: loyalty"),
        share("goal_revenue", "目标·收入", en="goal: revenue"),
        words("resources", "资源", v.RESOURCES),
        share("willingness", "合作意愿"),
        flag("ours", "我方"),
    ),
    _label(
        "Channel",
        "渠道",
        "channel",
        *_named(),
        word("kind", "类型", v.CHANNEL_KIND, required=True),
        money("cost", "单次费用", required=True, en="cost per use"),
        text("platform", "平台"),
        text("region", "地区"),
        integer("capacity", "每波可用次数", en="uses per wave"),
        integer("lead_days", "提前天数", unit="days", en="lead time"),
        share("reach_p", "单次触达概率", en="reach chance per use"),
        text("audience_filter", "受众条件"),
        integer("followers", "粉丝数"),
        text("status", "状态"),
    ),
    _label("Tag", "标签", "tag", *_named(), word("kind", "类型", v.TAG_KIND, required=True)),
    _label(
        "Material",
        "物料",
        "material",
        word("kind", "类型", v.MATERIAL_KIND, required=True),
        word("status", "状态", v.MATERIAL_STATUS, required=True),
        text("name", "名称"),
        text("language", "语言"),
        money("cost", "制作费用", en="one-off cost"),
        number("response", "响应倍数", en="response multiplier"),
        share("quality", "质量"),
    ),
    _label(
        "CoProduction",
        "协同制作内容",
        "co-production",
        word("form", "形式", v.FORM, required=True),
        text("status", "状态", required=True),
        text("name", "名称"),
        word("placement", "植入位置", v.PLACEMENT),
        money("cost", "制作费用"),
        number("response", "响应倍数", en="response multiplier"),
        share("quality", "质量"),
        number("seconds", "时长", unit="s"),
    ),
    _label(
        "Touchpoint",
        "互动触点",
        "touchpoint",
        word("kind", "类型", v.TOUCHPOINT_KIND, required=True),
        text("code", "追踪码", "tracking code", required=True),
        text("placement", "位置"),
        text("url", "网址", "address"),
        *_window(),
    ),
    _label(
        "Offer",
        "权益/优惠",
        "offer",
        word("kind", "类型", v.OFFER_KIND, required=True),
        text("name", "名称"),
        money("amount", "金额"),
        number("percent", "折扣百分比", high=100),
        money("threshold", "门槛金额"),
        number("days", "天数", unit="days"),
        integer("tickets", "票数"),
        money("unit_cost", "单次成本"),
        integer("cap", "领用上限", en="redemption cap"),
        share("uptake", "领用率"),
        share("uptake_lower", "领用率下限"),
        share("uptake_upper", "领用率上限"),
        *_window(),
    ),
    _label(
        "Partnership",
        "合作",
        "partnership",
        word("status", "状态", v.PARTNERSHIP_STATUS, required=True),
        word("kind", "类型", v.PARTNERSHIP_KIND),
        *_window(),
        money("profit", "利润", low=None),
        text("title", "标题", multiline=True),
        text("summary", "简介", multiline=True),
    ),
    _label(
        "Campaign",
        "推广活动",
        "campaign",
        moment("starts_ts", "开始时间", required=True, en="start"),
        moment("ends_ts", "结束时间", en="end"),
        money("budget", "预算"),
        text("objective", "目标"),
        text("name", "名称"),
    ),
    _label(
        "Plan",
        "计划",
        "plan",
        word("objective", "目标", v.OBJECTIVE),
        money("budget", "预算"),
        money("spent", "花费"),
        number("reach", "触达"),
        number("reach_lower", "触达下限"),
        number("reach_upper", "触达上限"),
        share("ratio", "保证比例"),
        share("delta", "失误概率"),
        integer("seed", "随机种子"),
        text("snapshot", "快照"),
        text("manifest", "清单", multiline=True),
        written=True,
    ),
    _label(
        "PlanItem",
        "计划行",
        "plan item",
        integer("number", "序号", low=1),
        integer("wave", "波次", low=1),
        moment("starts_ts", "开始时间", en="start"),
        money("cost", "费用"),
        number("adds", "增量触达"),
        number("adds_lower", "增量触达下限"),
        number("adds_upper", "增量触达上限"),
        number("exclusive", "独占触达"),
        number("alone", "单独触达"),
        written=True,
    ),
    _label(
        "Community",
        "社群",
        "community",
        integer("size", "人数"),
        text("run", "运行编号"),
        number("modularity", "模块度", low=None, high=1),
        number("resolution", "分辨率"),
        text("ties", "所依关系"),
        number("knows", "好友权重", en="weight of KNOWS"),
        number("follows", "关注权重", en="weight of FOLLOWS"),
        number("shared_with", "转发权重", en="weight of SHARED_WITH"),
        flag("parallel_add", "平行关系相加"),
        written=True,
    ),
    _label(
        "Experiment",
        "实验",
        "experiment",
        text("design", "设计"),
        share("theta", "暴露阈值"),
        share("power", "检验功效"),
        number("mde", "最小可检测效应"),
        written=True,
    ),
    _label("Arm", "实验组", "arm", text("name", "名称"), share("share", "占比"), written=True),
    _label(
        "Measurement",
        "计量",
        "measurement",
        text("metric", "指标"),
        number("value", "数值", low=None),
        number("lower", "下限", low=None),
        number("upper", "上限", low=None),
        integer("n", "样本数"),
        text("unit", "单位"),
        moment("from_ts", "起", en="from"),
        moment("to_ts", "止", en="to"),
        text("method", "方法"),
        written=True,
    ),
)

LABELS: dict[str, NodeLabel] = {label.name: label for label in _ALL}
