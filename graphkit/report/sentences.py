"""Every word of the report in Chinese and English, in one registry; ids and values of the data stay as given."""

from __future__ import annotations

import re

from graphkit.errors import UnknownName, close_matches

__all__ = ["SENTENCES", "TERMS", "both_of", "sentence", "term"]

TERMS: dict[str, tuple[str, str]] = {
    # sections
    "answer": ("结论", "Answer"),
    "plan": ("渠道计划", "Channel plan"),
    "interval": ("有多大把握", "How sure"),
    "guarantee": ("保证", "Guarantee"),
    "baselines": ("与常见做法比较", "Against common practice"),
    "not_possible": ("没有做成的", "What was not possible"),
    "reach_chart": ("触达如何累积", "How reach adds up"),
    "overlap": ("受众重叠", "Audience overlap"),
    "communities": ("社群", "Communities"),
    "community_reach": ("各社群触达", "Reach by community"),
    "calibration": ("校准：预测与实际", "Calibration: predicted and observed"),
    "partners": ("合作伙伴", "Partners"),
    "split": ("利润分成", "Profit split"),
    "evidence": ("证据", "Evidence"),
    "assumptions": ("假设", "Assumptions"),
    "manifest": ("来历", "Manifest"),
    "not_measured_list": ("未测量", "Not measured"),
    # figures
    "reach": ("触达", "reach"),
    "purchases": ("购买", "purchases"),
    "value": ("价值", "value"),
    "expected_reach": ("预计触达人数", "expected reach"),
    "expected_purchases": ("预计购买", "expected purchases"),
    "expected_value": ("预计价值", "expected value"),
    "spent": ("花费", "spent"),
    "budget": ("预算", "budget"),
    "unspent": ("未花", "not spent"),
    "cost_per_reached": ("单位触达成本", "cost per person reached"),
    "adding_up": ("简单相加会说", "adding up would say"),
    "overstated": ("夸大", "overstated by"),
    "sampling_interval": ("抽样区间", "sampling interval"),
    "model_interval": ("含未知概率", "with unknown chances"),
    "this_plan": ("本计划", "this plan"),
    "price_per_contact": ("按单次接触价格", "price per contact"),
    "sainsbury": ("独立受众公式", "Sainsbury formula"),
    "top_degree": ("按受众规模", "largest audience"),
    "random": ("随机", "random"),
    "predicted": ("预测", "predicted"),
    "observed": ("实际", "observed"),
    "not_measured": ("未测量", "not measured"),
    "lead": ("发起方", "lead"),
    "others": ("其余", "others"),
    # waves, goals, unknown chances
    "waves": ("波次", "Waves"),
    "starts": ("开始", "starts"),
    "purchases_made": ("购买项数", "purchases"),
    "one_off": ("一次性费用", "one-off cost"),
    "materials": ("物料", "Materials"),
    "used_by": ("用于", "used by"),
    "code": ("追踪码", "tracking code"),
    "synergy": ("协同加成", "Bonuses"),
    "goals": ("各项目标", "Goals"),
    "loyalty": ("忠诚（客户价值）", "loyalty (lifetime value)"),
    "expected_loyalty": ("预计触达的客户价值", "expected lifetime value reached"),
    "expected_sum": ("目标加权和", "weighted sum of goals"),
    "floor": ("下限", "floor"),
    "mean": ("均值", "mean"),
    "pareto": ("目标之间的选择", "Plans between the goals"),
    "robust": ("概率未知时", "If the chances are not as given"),
    "quantile": ("分位数", "quantile"),
    "risk": ("九成把握至少", "at least, with chance 9 in 10"),
    "worst": ("最差", "worst"),
    "best": ("最好", "best"),
    "robust_plan": ("本计划", "this plan"),
    "plain_plan": ("按给定概率的计划", "plan for the chances as given"),
    "replanned": ("上一波之后", "After the wave before"),
    # columns
    "channel": ("渠道", "channel"),
    "wave": ("波次", "wave"),
    "material": ("物料", "material"),
    "cost": ("费用", "cost"),
    "adds": ("新增", "adds"),
    "exclusive": ("独占", "exclusive"),
    "alone": ("单独", "alone"),
    "also_reached": ("其他渠道也触达", "also reached by others"),
    "reasons": ("理由", "reasons"),
    "rule": ("规则", "rule"),
    "reason": ("原因", "reason"),
    "candidate": ("候选", "candidate"),
    "rank": ("名次", "rank"),
    "partner": ("伙伴", "partner"),
    "fit": ("契合度", "fit"),
    "share": ("占比", "share"),
    "size": ("规模", "size"),
    "largest": ("代表节点", "largest members"),
    "community": ("社群", "community"),
    "claim": ("结论项", "claim"),
    "printed_value": ("数值", "number"),
    "query": ("查询", "query"),
    "params": ("参数", "parameters"),
    "replay": ("重放", "replay"),
    "lower": ("下界", "lower bound"),
    "upper": ("最优解上界", "upper bound of the best plan"),
    "ratio": ("保证比例", "guaranteed share of the best"),
    "delta": ("失误概率", "chance of being wrong"),
    # scores of partners
    "theme": ("主题", "theme"),
    "audience": ("受众", "audience"),
    "brand": ("品牌契合", "brand"),
    "data": ("资料完整度", "data"),
    "will": ("合作意愿", "will"),
    "goal": ("目标", "goal"),
    "complement": ("资源互补", "complement"),
    "culture": ("价值观", "culture"),
    "novelty": ("新意", "novelty"),
    "ours": ("我方", "ours"),
    # rules
    "rights": ("版权", "rights"),
    "approved": ("审核", "approval"),
    "not chosen": ("未选中", "not chosen"),
    "capacity": ("容量", "capacity"),
    "lead_time": ("提前期", "lead time"),
    "lead_days": ("提前期", "lead time"),
    "once": ("一次性", "once only"),
    "forbidden": ("禁用", "forbidden"),
    "min_cell": ("最小样本", "minimum cell"),
    "conflict": ("冲突", "conflict"),
    # manifest
    "plan_id": ("计划编号", "plan id"),
    "seed": ("随机种子", "seed"),
    "snapshot": ("数据快照", "snapshot"),
    "digest": ("结果摘要", "digest"),
    "engine": ("引擎", "engine"),
    "seconds": ("用时（秒）", "seconds"),
    "versions": ("软件版本", "versions"),
    "request": ("请求", "request"),
    "function": ("函数", "function"),
}

SENTENCES: dict[str, tuple[str, str]] = {
    "answer": (
        "用 {spent}（预算 {budget}）购买 {n} 项，{objective_zh} {mean}（95 % 抽样区间 {lower} 至 {upper}）。",
        "Make {n} purchases for {spent} of {budget}: {objective_en} {mean} (95 % sampling interval {lower} to {upper}).",
    ),
    "answer_empty": ("在这些条件下没有可买的渠道。", "Under these conditions there is no channel to buy."),
    "interval": (
        "抽样区间只含随机误差；第二条还包含对传播概率本身的未知。",
        "The sampling interval holds chance alone; the second band also holds that the chances themselves are not known.",
    ),
    "interval_one": (
        "抽样区间只含随机误差；传播概率本身的未知没有测量。",
        "The sampling interval holds chance alone; how far off the chances themselves may be was not measured.",
    ),
    "guarantee": (
        "在模型和这些规则之内，本计划至少达到最优计划的 {ratio}，此话出错的概率至多 {delta}。模型之外的世界不在保证之内。",
        "Within the model and under these rules the plan reaches at least {ratio} of the best one; the chance that this is wrong is at most {delta}. It is true within the model, not of the world.",
    ),
    "no_guarantee": ("本计划没有保证。", "No guarantee is given for this plan."),
    "no_guarantee_boosts": (
        "没有保证：计入渠道之间的协同加成后，目标不再是次模的，任何界都不成立。",
        "No guarantee: with bonuses between channels the objective is not submodular, and no bound holds.",
    ),
    "waves": (
        "每一波的购买、花费和新增；新增在前面各波之后计算。一次性物料费用另计，不占用该波预算。",
        "What each wave buys, costs and adds, after the waves before it. One-off costs of materials come on top and count against the plan's budget only.",
    ),
    "materials": ("每个渠道每波只用一种物料；制作费只付一次。", "One material per channel and wave; making it is paid once."),
    "synergy": ("{n} 组渠道一起购买，加成共 {bonus}；不含在触达之内。", "{n} pairs of channels bought together earn {bonus}; the reach does not hold it."),
    "goals": ("同一计划在各项目标下的值；下限是规则要求的最小值。", "The same plan under each goal; a floor is the least that the rules ask for."),
    "pareto": (
        "从一个目标的最优计划到另一个目标的最优计划；表中没有任何计划在所有目标上都不如另一个。",
        "From the plan of one goal alone to that of the other; no plan listed is beaten by another one in every goal.",
    ),
    "robust": (
        "对未知概率抽取 {draws} 次，在每次中重算两个计划：{q} 分位数上，按给定概率的计划少触达 {regret}。",
        "{draws} draws of the unknown chances, both plans in each: at the {q} quantile the plan for the chances as given reaches {regret} less.",
    ),
    "robust_fresh": (
        "另抽的 {draws} 次（未用于选择任何计划）中，本计划在该分位数上与之相差 {more}（{lower} 至 {upper}）。",
        "In {draws} fresh draws, which chose neither plan, this plan differs from it by {more} at that quantile ({lower} to {upper}).",
    ),
    "replanned": (
        "计划 {plan} 的第 {waves} 波之后：{reached} 名用户已触达，{spent} 已花。下面的数字只计今后触达的人。",
        "After wave {waves} of plan {plan}: {reached} users are reached and {spent} is spent. The figures count people reached from now on.",
    ),
    "replanned_gain": ("与原定的购买相比多触达 {gain}（{lower} 至 {upper}）。", "Against the purchases planned before it reaches {gain} more ({lower} to {upper})."),
    "baselines": (
        "同样的钱、同样的世界：常见做法选出的计划触达多少。简单相加把同一个人数了几遍。",
        "The same money in the same worlds: what plans chosen by common practice reach. Adding up counts the same person several times.",
    ),
    "ladder": (
        "深色：在列于其上的渠道之后新增；浅色：该渠道单独触达。两者之差就是重叠。",
        "Dark: what each channel adds after those listed above it. Light: what it reaches alone. The difference is overlap.",
    ),
    "unspent": ("未花 {left}。", "{left} is not spent."),
    "overlap": (
        "每格为两个渠道受众的 Jaccard 系数（交集 / 并集）；低于最小样本的格子不显示。",
        "Each cell is the Jaccard share of two audiences (both / either); cells below the minimum are hidden.",
    ),
    "communities": ("图中的用户分为社群；这里列出最大的几个。", "Users fall into communities; the largest are listed."),
    "communities_reach": (
        "预计在每个社群触达多少人；这里列出最大的几个社群。", "How many people the plan is expected to reach in each community; the largest are listed."
    ),
    "communities_q": ("模块度 {q}，共 {n} 个社群。", "Modularity {q}, {n} communities in all."),
    "calibration": (
        "用没有参与学习的传播检验：按规模分组，预测的平均规模与实际的平均规模。",
        "Checked on cascades kept out of the learning: mean size predicted and mean size observed, by size.",
    ),
    "partners": ("契合度只用测到的分项加权，其下为随机权重时的名次区间；横线表示未测量，不是零。", "Fit weighs only what was measured, below it the ranks that random weights give; a dash means not measured, never zero."),
    "joint_reach": ("与这些伙伴联合触达 {joint}。", "Together with these partners: {joint} reached."),
    "joint_at_most": ("同样数量的其他候选伙伴，最多触达 {most}。", "No other set of as many candidates reaches more than {most}."),
    "split": ("对同一批世界取 Shapley 值：谁让触达发生，谁得份额。", "Shapley shares over the same worlds: who makes the reach happen gets the share."),
    "evidence": (
        "每个数字都可以重算：可数的用查询，模拟的用同样的种子重放。",
        "Every number can be made again: countable ones by the query, simulated ones by a replay with the same seed.",
    ),
    "not_measured": ("以下各节没有数据，因此没有列出：", "These sections had no data and are left out:"),
    "digest": ("同样的摘要就是同样的数字。", "The same digest means the same numbers."),
    "made_by": ("由 graphkit 生成。本页不含外部资源，可离线打开、打印和转发。", "Made by graphkit. This page loads nothing from outside: open, print or forward it."),
}

_SPOKEN: tuple[tuple[str, str], ...] = (
    (r"(\d+) users \(([\d.]+%)\) without consent for planning are left out with their ties: reach is underestimated", r"\1 名用户（\2）未同意用于计划，连同其关系一并剔除：触达被低估"),
    (r"no word of mouth is counted \(probability none\): numbers are exact for the given chances of exposure", "不计口碑传播：在给定曝光概率下数字是精确的"),
    (r"chances on ties are learned \(INFLUENCES\.p\)", "关系上的传播概率由数据学得（INFLUENCES.p）"),
    (r"chances on ties are learned from items of tag (.+) \(INFLUENCES\.p\)", r"关系上的传播概率由标签 \1 的内容学得（INFLUENCES.p）"),
    (r"chances on ties are declared, not measured: (.+)", r"关系上的传播概率是声明的，没有测量：\1"),
    (r"a channel is used at most capacity times per wave; every use exposes anew with the same chance", "每个渠道每波最多用到其容量次数；每次使用都以同样的概率重新曝光"),
    (r"no gap between the waves was given: lead times are compared with the start of the campaign", "没有给出波次间隔：提前期与活动开始相比"),
    (r"(\d+) channels have a capacity above (\d+): at most \d+ uses per wave are looked at", r"\1 个渠道的容量超过 \2：每波最多考虑 \2 次"),
    (r"no guarantee: (\d+) BOOSTS bonuses count for pairs of channels, and a sum with bonuses is not submodular", r"没有保证：计入 \1 个渠道协同加成，带加成的目标不再是次模的"),
    (
        r"after wave (\d+) the mean chance of channel (.+) is ([\d.]+) \(([\d.]+) to ([\d.]+)\), planned ([\d.]+): (\d+) exposures in (\d+) tries",
        r"第 \1 波之后，渠道 \2 的平均曝光概率为 \3（\4 至 \5），原定 \6：\8 次尝试中曝光 \7 次",
    ),
    (
        r"after wave (\d+) the chances on ties are multiplied by ([\d.]+) \(([\d.]+) to ([\d.]+)\): (\d+) users were told over (\d+) ties tried",
        r"第 \1 波之后，关系上的传播概率乘以 \2（\3 至 \4）：尝试 \6 条关系，\5 名用户由此得知",
    ),
    (r"after wave (\d+): the events name no channels: every chance stays as it was planned", r"第 \1 波之后：事件没有写明渠道，所有概率照旧"),
    (r"after wave (\d+): the events show no exposure: the chances on ties stay as they were planned", r"第 \1 波之后：事件中没有曝光，关系上的传播概率照旧"),
    (r"after wave (\d+): the events show nobody who was told by a friend: taken as not measured, so the chances on ties stay as they were planned", r"第 \1 波之后：事件中没有人由朋友告知，视为没有测量，关系上的传播概率照旧"),
    (r"after wave (\d+): nobody tried a tie: the chances on ties stay as they were planned", r"第 \1 波之后：没有人尝试过任何关系，其传播概率照旧"),
    (
        r"after wave (\d+): (\d+) channels that were bought show no exposure in the events \((.+)\): taken as not measured, not as 0",
        r"第 \1 波之后：所购渠道中有 \2 个（\3）在事件中没有曝光：视为没有测量，不视为零",
    ),
    (r"BOOSTS bonuses are not counted: the rules say so", "按规则不计协同加成（BOOSTS）"),
    (r"(\d+) placements in films count: viewers of the film are exposed with the declared reach_p times response", r"计入 \1 个影片植入：观众按声明的 reach_p 乘以响应倍数曝光"),
    (r"(\d+) co-productions are embedded in (.+): a placement promotes the course it teaches, so they are no purchase for the film", r"\2 中植入了 \1 个协同制作内容：植入推广的是其课程，因此不是该影片的购买项"),
    (r"receptivity is not measured: 1 for every user", "接受度没有测量：每个用户按 1 计"),
    (r"(\d+) channels reach by a declared reach_p over (.+)", r"\1 个渠道按声明的 reach_p 触达（\2）"),
    (r"(\d+) of (\d+) channels have assumed prices or audiences", r"\2 个渠道中有 \1 个的价格或受众是假设"),
    (r"(\d+) of (\d+) purchases rest on assumed prices or audiences", r"\2 项购买中有 \1 项基于假设的价格或受众"),
    (r"robust: each channel's chance of exposure x0\.5 to x1\.5 by itself, all chances on ties together; the certificate is about the chances as given", "稳健：每个渠道的曝光概率各自乘以 0.5 至 1.5，关系上的概率一起变动；保证针对给定的概率"),
    (r"interval_with_model_uncertainty: reach if every chance of exposure were x0\.5 to x1\.5; chances on ties as given", "含未知概率的区间：所有曝光概率乘以 0.5 至 1.5 时的触达；关系上的概率照旧"),
    (r"the certificate holds within the model \(chances, ties, rules\), not of the world", "保证在模型之内（概率、关系、规则）成立，不是对现实世界的保证"),
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
    (r"no audiences of brands or courses are in the data: audience, adds and share are not measured", "数据中没有品牌或课程的受众：受众、新增和份额没有测量"),
    (r"the past partnerships say nothing about this one: history is not measured", "以往合作没有涉及它：历史没有测量"),
    (r"goal, complement and novelty compare brands: they are not measured for a (\w+), but for Brand:ID", r"目标、资源互补和新意比较两个品牌：对 \1 没有测量，对 Brand:ID 可以测量"),
    (r"(\d+) brands and courses are left out: nothing is measured of them and (.+)", r"\1 个品牌和课程被略去：它们与 \2 之间没有任何测量"),
    (r"shares: Shapley values of users reached by the listed partners, before word of mouth; another partner changes all shares", "份额：所列伙伴触达用户的 Shapley 值，不计口碑；增加一个伙伴会改变所有份额"),
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
    (r"material (.+) is left out: the rules ask for a tracking code on every (.+), and it carries none", r"物料 \1 被剔除：规则要求每个 \2 带追踪码，而它没有"),
    (r"material (.+) is left out: no right to promote (.+) is stated for us or a running partner", r"物料 \1 被剔除：没有声明我方或合作伙伴推广 \2 的权利"),
    (r"needs ([\d.]+) days, the campaign starts in ([\d.]+)", r"需要提前 \1 天，活动在 \2 天后开始"),
    (r"needs ([\d.]+) days, the campaign starts in ([\d.]+) \(wave (.+)\)", r"第 \3 波：需要提前 \1 天，活动在 \2 天后开始"),
    (r"needs ([\d.]+) days, wave (\d+) starts in ([\d.]+)(?: \(wave (.+)\))?", r"需要提前 \1 天，第 \2 波在 \3 天后开始"),
    (r"forbidden by the rules", "规则禁止"),
    (r"its capacity is (\d+) uses per wave", r"每波可用次数为 \1"),
    (r"a placement is made once, in the first wave.*", "植入只做一次，在第一波"),
    (r"its status is (.+), not approved or active.*", r"状态为 \1，不是已批准或有效"),
    (r"no chance is declared for a placement \((.+)\): set reach_p\.placement in dataset\.toml", r"没有声明植入（\1）的曝光概率：请在 dataset.toml 设置 reach_p.placement"),
    (r"it is embedded in no film: audience unknown", "没有植入任何影片：受众未知"),
    (r"no user with consent is known to watch its film", "没有已同意的用户观看其影片"),
    (r"no right to promote (\w+) (.+) is stated for us or a running partner", r"没有声明我方或合作伙伴推广 \1 \2 的权利"),
    (r"no right to promote (\w+) (.+) covers the region (.+)", r"推广 \1 \2 的权利不覆盖地区 \3"),
    (r"the rights do not cover the campaign's period \(they end on (.+)\)", r"版权不覆盖活动期间（到 \1 为止）"),
    (r"costs ([\d,.]+), more than the budget", r"费用 \1，超过预算"),
    (r"would add ([\d,.]+) for ([\d,.]+), ([\d,.]+) is left; in exchange for (.+) the plan would change by ([+\-\d,.]+(?: ±[\d,.]+)?)", r"用 \2 可新增 \1，仅余 \3；若以其替换 \4，计划变化 \5"),
    (r"would add ([\d,.]+) for ([\d,.]+), ([\d,.]+) is left; a rule on kinds, waves or materials stands against it", r"用 \2 可新增 \1，仅余 \3；类型、波次或物料规则不允许"),
    (r"would add nothing: the chosen ones reach its audience already", r"不再新增触达：其受众已被所选渠道触达"),
    (r"would add ([\d,.]+) for ([\d,.]+), ([\d,.]+) is left; the chosen ones add more", r"用 \2 可新增 \1，仅余 \3；已选渠道新增更多"),
    (r"would add ([\d,.]+) for ([\d,.]+); a rule on kinds, waves or materials stands against it", r"用 \2 可新增 \1；类型、波次或物料规则不允许"),
)  # fmt: skip
_PATTERNS = tuple((re.compile(pattern), zh) for pattern, zh in _SPOKEN)
_HANZI = re.compile(r"[\u4e00-\u9fff]")


def term(name: str) -> tuple[str, str]:
    """Return (zh, en) of a word of the report; a name outside the registry stands for itself."""
    return TERMS.get(name, (name, name))


def sentence(key: str, lang: str, **values: object) -> str:
    """Return a sentence of the registry with its values filled in.

    Parameters
    ----------
    key : str
        Name in `SENTENCES`.
    lang : str
        zh or en.
    **values
        What its braces stand for.

    Raises
    ------
    UnknownName
        No such sentence.
    """
    if key not in SENTENCES:
        raise UnknownName(f"no sentence {key!r}", kind="sentence", name=key, close_matches=close_matches(key, SENTENCES))
    return SENTENCES[key][0 if lang == "zh" else 1].format(**values)


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
