"""The metric dictionary: what each effect figure means, in Chinese and English, its formula, unit, window and cohort.

Every row of an evaluation bears one of these names. A figure that the data cannot give is null = not measured, never 0.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["BY_CHANNEL", "METRICS", "Metric"]


class Metric(NamedTuple):
    """One entry: names, formula in words, unit, what it is counted over, and which query re-derives a part of it, if any."""

    zh: str
    en: str
    formula: str
    unit: str
    cohort: str
    query: str | None = None


METRICS: dict[str, Metric] = {
    "exposures": Metric("曝光", "exposures", "exposure events", "events", "exposed users"),
    "reach": Metric(
        "触达",
        "reach",
        "distinct users exposed by a channel or told by a user",
        "users",
        "all users",
        "evaluate/audience_of_set",
    ),
    "frequency": Metric(
        "频次", "frequency", "exposure events / exposed users", "events per user", "exposed users", "evaluate/frequency"
    ),
    "participation": Metric(
        "参与率",
        "participation",
        "users with click, comment, like, share or redeem / exposed users",
        "share",
        "exposed users",
    ),
    "click_through": Metric("点击率", "click-through", "clicks / exposures", "share", "exposures"),
    "conversion": Metric(
        "转化率",
        "conversion",
        "purchasers within the window of their first exposure / exposed users",
        "share",
        "exposed users",
    ),
    "sales": Metric("销售额", "sales", "purchases - refunds", "currency", "users in the log"),
    "new_registrations": Metric(
        "新注册", "new registrations", "users with a first register event", "users", "users in the log"
    ),
    "paid_share": Metric(
        "付费占比",
        "paid share",
        "new registrations with a purchase afterwards / new registrations",
        "share",
        "new registrations",
    ),
    "target_share": Metric(
        "客群份额", "share of target group", "reached target users / target users with consent", "share", "target users"
    ),
    "cost_per_incremental_action": Metric(
        "增量成本",
        "cost per incremental action",
        "cost / incremental actions of an experiment",
        "currency",
        "users of the experiment",
    ),
    "retention": Metric(
        "留存率",
        "retention",
        "users active on day d..d+6 after their first event / users seen long enough",
        "share",
        "users whose day d+6 lies in the log",
    ),
    "stickiness": Metric(
        "粘性",
        "stickiness",
        "daily active users / monthly active users, last 30 days",
        "share",
        "users active in the last 30 days",
    ),
    "dwell": Metric(
        "停留时长", "dwell", "seconds / active user-days with a duration", "seconds", "users with a duration"
    ),
    "awareness": Metric(
        "知名度", "awareness", "aware answers / answers to the survey item awareness", "share", "users who answered"
    ),
    "response_rate": Metric(
        "应答率", "response rate", "exposed users who answered awareness / exposed users", "share", "exposed users"
    ),
    "reputation": Metric(
        "口碑",
        "reputation",
        "ratings in the top two fifths of their scale / ratings",
        "share",
        "ratings of what is promoted",
        "evaluate/reputation",
    ),
    "satisfaction": Metric(
        "满意度",
        "satisfaction",
        "mean answer to the survey item satisfaction",
        "points of its scale",
        "users who answered",
    ),
    "loyalty": Metric("忠诚度", "loyalty", "purchasers with a second purchase / purchasers", "share", "purchasers"),
    "learning_gain": Metric(
        "学习效果",
        "learning result",
        "mean of (last - first test score) / SD of the first",
        "SD of the first test",
        "users with two tests",
    ),
    "completion": Metric(
        "完成率",
        "completion",
        "users with a complete event / users with any event about a course",
        "share",
        "learners",
        "evaluate/learning",
    ),
    "enterprise_benefit": Metric(
        "企业效益",
        "enterprise benefit",
        "(incremental actions x margin - cost) / cost, of an experiment",
        "ratio",
        "users of the experiment",
    ),
    "risk": Metric(
        "风险", "risk", "10th percentile of reach over worlds and draws of the chances", "users", "the plan's worlds"
    ),
}

BY_CHANNEL = ("exposures", "reach", "frequency", "participation", "click_through", "conversion", "sales")
