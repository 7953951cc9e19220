"""Chinese forms of the sentences that plans, partners and refusals are told in: pattern of the English one -> Chinese."""

from __future__ import annotations

import re

__all__ = ["both_of"]

_SPOKEN: tuple[tuple[str, str], ...] = (
    (
        r"(\d+) users \(([\d.]+%)\) without consent for planning are left out with their ties: reach is underestimated",
        r"\1 名用户（\2）未同意用于计划，连同其关系一并剔除：触达被低估",
    ),
    (
        r"no word of mouth is counted \(probability none\): numbers are exact for the given chances of exposure",
        "不计口碑传播：在给定曝光概率下数字是精确的",
    ),
    (r"chances on ties are learned \(INFLUENCES\.p\)", "关系上的传播概率由数据学得（INFLUENCES.p）"),
    (
        r"chances on ties are learned from items of tag (.+) \(INFLUENCES\.p\)",
        r"关系上的传播概率由标签 \1 的内容学得（INFLUENCES.p）",
    ),
    (r"chances on ties are declared, not measured: (.+)", r"关系上的传播概率是声明的，没有测量：\1"),
    (
        r"a channel is used at most capacity times per wave; every use exposes anew with the same chance",
        "每个渠道每波最多用到其容量次数；每次使用都以同样的概率重新曝光",
    ),
    (
        r"no gap between the waves was given: lead times are compared with the start of the campaign",
        "没有给出波次间隔：提前期与活动开始相比",
    ),
    (
        r"(\d+) channels have a capacity above (\d+): at most \d+ uses per wave are looked at",
        r"\1 个渠道的容量超过 \2：每波最多考虑 \2 次",
    ),
    (
        r"no guarantee: (\d+) BOOSTS bonuses count for pairs of channels, and a sum with bonuses is not submodular",
        r"没有保证：计入 \1 个渠道协同加成，带加成的目标不再是次模的",
    ),
    (
        r"after wave (\d+) the mean chance of channel (.+) is ([\d.]+) \(([\d.]+) to ([\d.]+)\), planned ([\d.]+): (\d+) exposures in (\d+) tries",
        r"第 \1 波之后，渠道 \2 的平均曝光概率为 \3（\4 至 \5），原定 \6：\8 次尝试中曝光 \7 次",
    ),
    (
        r"after wave (\d+) the chances on ties are multiplied by ([\d.]+) \(([\d.]+) to ([\d.]+)\): (\d+) users were told over (\d+) ties tried",
        r"第 \1 波之后，关系上的传播概率乘以 \2（\3 至 \4）：尝试 \6 条关系，\5 名用户由此得知",
    ),
    (
        r"after wave (\d+): the events name no channels: every chance stays as it was planned",
        r"第 \1 波之后：事件没有写明渠道，所有概率照旧",
    ),
    (
        r"after wave (\d+): the events show no exposure: the chances on ties stay as they were planned",
        r"第 \1 波之后：事件中没有曝光，关系上的传播概率照旧",
    ),
    (
        r"after wave (\d+): the events show nobody who was told by a friend: taken as not measured, so the chances on ties stay as they were planned",
        r"第 \1 波之后：事件中没有人由朋友告知，视为没有测量，关系上的传播概率照旧",
    ),
    (
        r"after wave (\d+): nobody tried a tie: the chances on ties stay as they were planned",
        r"第 \1 波之后：没有人尝试过任何关系，其传播概率照旧",
    ),
    (
        r"after wave (\d+): (\d+) channels that were bought show no exposure in the events \((.+)\): taken as not measured, not as 0",
        r"第 \1 波之后：所购渠道中有 \2 个（\3）在事件中没有曝光：视为没有测量，不视为零",
    ),
    (r"BOOSTS bonuses are not counted: the rules say so", "按规则不计协同加成（BOOSTS）"),
    (
        r"(\d+) placements in films count: viewers of the film are exposed with the declared reach_p times response",
        r"计入 \1 个影片植入：观众按声明的 reach_p 乘以响应倍数曝光",
    ),
    (
        r"(\d+) co-productions are embedded in (.+): a placement promotes the course it teaches, so they are no purchase for the film",
        r"\2 中植入了 \1 个协同制作内容：植入推广的是其课程，因此不是该影片的购买项",
    ),
    (r"receptivity is not measured: 1 for every user", "接受度没有测量：每个用户按 1 计"),
    (r"(\d+) channels reach by a declared reach_p over (.+)", r"\1 个渠道按声明的 reach_p 触达（\2）"),
    (r"(\d+) of (\d+) channels have assumed prices or audiences", r"\2 个渠道中有 \1 个的价格或受众是假设"),
    (r"(\d+) of (\d+) purchases rest on assumed prices or audiences", r"\2 项购买中有 \1 项基于假设的价格或受众"),
    (
        r"robust: each channel's chance of exposure x0\.5 to x1\.5 by itself, all chances on ties together; the certificate is about the chances as given",
        "稳健：每个渠道的曝光概率各自乘以 0.5 至 1.5，关系上的概率一起变动；保证针对给定的概率",
    ),
    (
        r"interval_with_model_uncertainty: reach if every chance of exposure were x0\.5 to x1\.5; chances on ties as given",
        "含未知概率的区间：所有曝光概率乘以 0.5 至 1.5 时的触达；关系上的概率照旧",
    ),
    (
        r"the certificate holds within the model \(chances, ties, rules\), not of the world",
        "保证在模型之内（概率、关系、规则）成立，不是对现实世界的保证",
    ),
    (r"the data state no rights: rights were not checked", "数据没有版权信息：未检查版权"),
    (r"no campaign dates were given: the period of rights was not checked", "没有给出活动日期：未检查版权期限"),
    (r"(\d+) users without consent for planning are left out", r"\1 名用户未同意用于计划，已剔除"),
    (
        r"a partner is taken to reach each of its followers, learners, buyers and members; adds counts (.+) beyond the promoted item's own audience",
        "假定伙伴触达其每一位关注者、学习者、购买者和会员；新增是推广对象自身受众之外的人数",
    ),
    (
        r"a partner is taken to reach each of its followers, learners, buyers and members; adds counts (.+) beyond plan (\S+) for (.+)",
        r"假定伙伴触达其每一位关注者、学习者、购买者和会员；新增是计划 \2（\3）之外的部分",
    ),
    (
        r"no audiences of brands or courses are in the data: audience, adds and share are not measured",
        "数据中没有品牌或课程的受众：受众、新增和份额没有测量",
    ),
    (r"the past partnerships say nothing about this one: history is not measured", "以往合作没有涉及它：历史没有测量"),
    (
        r"goal, complement and novelty compare brands: they are not measured for a (\w+), but for Brand:ID",
        r"目标、资源互补和新意比较两个品牌：对 \1 没有测量，对 Brand:ID 可以测量",
    ),
    (
        r"(\d+) brands and courses are left out: nothing is measured of them and (.+)",
        r"\1 个品牌和课程被略去：它们与 \2 之间没有任何测量",
    ),
    (
        r"shares: Shapley values of users reached by the listed partners, before word of mouth; another partner changes all shares",
        "份额：所列伙伴触达用户的 Shapley 值，不计口碑；增加一个伙伴会改变所有份额",
    ),
    (r"no audience is measured: profit was not split", "没有测量受众：没有分配收益"),
    (r"it is our own brand", "它是我方自己的品牌"),
    (r"it leads the split and is no partner to propose", "它是主导方，不作为候选伙伴"),
    (r"its audience is below (\d+) users and not shown", r"其受众不足 \1 人，不予显示"),
    (r"it shares the tag (.+) with (.+), listed before it", r"它与排在前面的 \2 有相同的标签 \1"),
    (r"its cost is unknown", "费用未知"),
    (r"audience unknown \((\d+) followers are a count, not an audience\)", r"受众未知（\1 个粉丝只是数量，不是受众）"),
    (r"audience unknown", "受众未知"),
    (r"none of its audience is a user with consent", "其受众中没有同意的用户"),
    (r"it accepts no material that may be used", "没有可用的物料"),
    (r"material (.+) is left out: its status is (.+)", r"物料 \1 被剔除：状态为 \2"),
    (
        r"material (.+) is left out: the rules ask for a tracking code on every (.+), and it carries none",
        r"物料 \1 被剔除：规则要求每个 \2 带追踪码，而它没有",
    ),
    (
        r"material (.+) is left out: no right to promote (.+) is stated for us or a running partner",
        r"物料 \1 被剔除：没有声明我方或合作伙伴推广 \2 的权利",
    ),
    (r"needs ([\d.]+) days, the campaign starts in ([\d.]+)", r"需要提前 \1 天，活动在 \2 天后开始"),
    (
        r"needs ([\d.]+) days, the campaign starts in ([\d.]+) \(wave (.+)\)",
        r"第 \3 波：需要提前 \1 天，活动在 \2 天后开始",
    ),
    (
        r"needs ([\d.]+) days, wave (\d+) starts in ([\d.]+)(?: \(wave (.+)\))?",
        r"需要提前 \1 天，第 \2 波在 \3 天后开始",
    ),
    (r"forbidden by the rules", "规则禁止"),
    (r"its capacity is (\d+) uses per wave", r"每波可用次数为 \1"),
    (r"a placement is made once, in the first wave.*", "植入只做一次，在第一波"),
    (r"its status is (.+), not approved or active.*", r"状态为 \1，不是已批准或有效"),
    (
        r"no chance is declared for a placement \((.+)\): set reach_p\.placement in dataset\.toml",
        r"没有声明植入（\1）的曝光概率：请在 dataset.toml 设置 reach_p.placement",
    ),
    (r"it is embedded in no film: audience unknown", "没有植入任何影片：受众未知"),
    (r"no user with consent is known to watch its film", "没有已同意的用户观看其影片"),
    (
        r"no right to promote (\w+) (.+) is stated for us or a running partner",
        r"没有声明我方或合作伙伴推广 \1 \2 的权利",
    ),
    (r"no right to promote (\w+) (.+) covers the region (.+)", r"推广 \1 \2 的权利不覆盖地区 \3"),
    (r"the rights do not cover the campaign's period \(they end on (.+)\)", r"版权不覆盖活动期间（到 \1 为止）"),
    (r"costs ([\d,.]+), more than the budget", r"费用 \1，超过预算"),
    (
        r"would add ([\d,.]+) for ([\d,.]+), ([\d,.]+) is left; in exchange for (.+) the plan would change by ([+\-\d,.]+(?: ±[\d,.]+)?)",
        r"用 \2 可新增 \1，仅余 \3；若以其替换 \4，计划变化 \5",
    ),
    (
        r"would add ([\d,.]+) for ([\d,.]+), ([\d,.]+) is left; a rule on kinds, waves or materials stands against it",
        r"用 \2 可新增 \1，仅余 \3；类型、波次或物料规则不允许",
    ),
    (r"would add nothing: the chosen ones reach its audience already", r"不再新增触达：其受众已被所选渠道触达"),
    (
        r"would add ([\d,.]+) for ([\d,.]+), ([\d,.]+) is left; the chosen ones add more",
        r"用 \2 可新增 \1，仅余 \3；已选渠道新增更多",
    ),
    (
        r"would add ([\d,.]+) for ([\d,.]+); a rule on kinds, waves or materials stands against it",
        r"用 \2 可新增 \1；类型、波次或物料规则不允许",
    ),
)
_PATTERNS = tuple((re.compile(pattern), zh) for pattern, zh in _SPOKEN)
_HANZI = re.compile(r"[\u4e00-\u9fff]")


def both_of(text: str) -> tuple[str, str]:
    """Return (zh, en) of a sentence of a result.

    "zh | en" is split; an English sentence of the planner gets its Chinese form; any other text stands
    for both, for values of the data are never translated.
    """
    left, mark, right = text.partition(" | ")
    if mark and _HANZI.search(left):
        return left, right
    for pattern, zh in _PATTERNS:
        found = pattern.fullmatch(text)
        if found:
            return found.expand(zh), text
    return text, text
