"""Every word of the report in Chinese and English, in one registry; ids and values of the data stay as given."""

from __future__ import annotations

from graphkit.errors import UnknownName, close_matches

__all__ = ["SENTENCES", "TERMS", "sentence", "term"]

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
    "sampling_interval": ("95 % 抽样区间", "95 % sampling interval"),
    "exact": ("对这些概率是精确值", "exact for these chances"),
    "small_print": ("表中小字：95 % 抽样区间", "small figures in tables: 95 % sampling intervals"),
    "model_interval": ("含未知概率", "with unknown chances"),
    "this_plan": ("本计划", "this plan"),
    "price_per_contact": ("按单次接触价格", "price per contact"),
    "sainsbury": ("独立受众公式", "Sainsbury formula"),
    "top_degree": ("按受众规模", "largest audience"),
    "baseline": ("常见做法", "common practice"),
    "plan_more": ("本计划多出", "this plan, more by"),
    "random": ("随机", "random"),
    "predicted": ("预测", "predicted"),
    "observed": ("实际", "observed"),
    "not_measured": ("未测量", "not measured"),
    "lead": ("发起方", "lead"),
    "others": ("其余", "others"),
    "and_more": ("另有", "more:"),
    # waves, goals, unknown chances
    "waves": ("波次", "Waves"),
    "starts": ("开始", "starts"),
    "purchases_made": ("渠道数", "channels"),
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
    "quantile": ("所用抽取的分位数", "quantile in the draws used"),
    "fresh": ("另抽的分位数", "quantile in fresh draws"),
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
        "Purchases: {n}, for {spent} of {budget}; {objective_en} {mean} (95 % sampling interval {lower} to {upper}).",
    ),
    "answer_exact": (
        "用 {spent}（预算 {budget}）购买 {n} 项，{objective_zh} {mean}（对这些概率是精确值）。",
        "Purchases: {n}, for {spent} of {budget}; {objective_en} {mean} (exact for these chances).",
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
    "interval_exact": (
        "对给定的概率，数字是精确的；横条包含对传播概率本身的未知。",
        "The number is exact for the given chances; the band holds that the chances themselves are not known.",
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
    "materials": (
        "每个渠道每波只用一种物料；制作费只付一次。",
        "One material per channel and wave; making it is paid once.",
    ),
    "synergy": (
        "{n} 组渠道一起购买，加成共 {bonus}；不含在触达之内。",
        "Bonuses of pairs of channels bought together ({n}): {bonus} in all; the reach does not hold them.",
    ),
    "goals": (
        "同一计划在各项目标下的值；下限是规则要求的最小值。",
        "The same plan under each goal; a floor is the least that the rules ask for.",
    ),
    "pareto": (
        "从一个目标的最优计划到另一个目标的最优计划；表中没有任何计划在所有目标上都不如另一个。",
        "From the plan of one goal alone to that of the other; no plan listed is beaten by another one in every goal.",
    ),
    "robust": (
        "用于选择的 {draws} 次未知概率抽取，在每次中重算两个计划：{q} 分位数上，按给定概率的计划少触达 {regret}。",
        "In the {draws} draws of the unknown chances that chose this plan, both plans in each: at the {q} quantile the plan for the chances as given reaches {regret} less.",
    ),
    "robust_same": (
        "对未知概率抽取 {draws} 次，为 {q} 分位数选出的计划与按给定概率选出的相同。",
        "{draws} draws of the unknown chances: the plan chosen for the {q} quantile is the one for the chances as given.",
    ),
    "robust_fresh": (
        "另抽未知概率 {draws} 次（未用于选择任何计划）：{q} 分位数上，本计划与按给定概率的计划相差 {more}（{lower} 至 {upper}）。",
        "In {draws} fresh draws of the unknown chances, which chose neither plan, this plan differs at the {q} quantile from the plan for the chances as given by {more} ({lower} to {upper}).",
    ),
    "replanned": (
        "计划 {plan} 的第 {waves} 波之后：{reached} 名用户已触达，{spent} 已花。下面的数字只计今后触达的人。",
        "After wave {waves} of plan {plan}: {reached} users are reached and {spent} is spent. The figures count people reached from now on.",
    ),
    "replanned_gain": (
        "与原定的购买相比多触达 {gain}（{lower} 至 {upper}）。",
        "Against the purchases planned before it reaches {gain} more ({lower} to {upper}).",
    ),
    "replanned_same": ("购买与原定相同。", "The purchases are those planned before."),
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
        "每格为两个渠道受众的 Jaccard 系数（交集 / 并集）。",
        "Each cell is the Jaccard share of two audiences (both / either).",
    ),
    "overlap_some": (
        "横线：其人数（两者、仅一方、皆非）中有不足 {least} 人的，或能由此推出这样的人数。",
        "A dash: one of its counts (both, one alone, neither) is below {least} users or would tell one that is.",
    ),
    "overlap_none": (
        "没有一对可以显示：每一对的人数（两者、仅一方、皆非）中都有不足 {least} 人的，或能由此推出这样的人数。",
        "No pair is shown: one of the counts of each (both, one alone, neither) is below {least} users or would tell one that is.",
    ),
    "communities": ("图中的用户分为社群；这里列出最大的几个。", "Users fall into communities; the largest are listed."),
    "communities_reach": (
        "预计在每个社群触达多少人（95 % 抽样区间），社群之后括号内为占该社群的比例；这里列出最大的几个社群。",
        "How many people the plan is expected to reach in each community (95 % sampling interval), behind its name as a share of it; the largest are listed.",
    ),
    "communities_q": ("模块度 {q}，共 {n} 个社群。", "Modularity {q}, communities in all: {n}."),
    "calibration": (
        "用没有参与学习的传播检验：按规模分组，预测的平均规模与实际的平均规模。",
        "Checked on cascades kept out of the learning: mean size predicted and mean size observed, by size.",
    ),
    "partners": (
        "契合度只用测到的分项加权，其下为随机权重时的名次区间；横线表示未测量，不是零。",
        "Fit weighs only what was measured, below it the ranks that random weights give; a dash means not measured, never zero.",
    ),
    "joint_reach": ("与这些伙伴联合触达 {joint}。", "Together with these partners: {joint} reached."),
    "joint_at_most": (
        "同样数量的其他候选伙伴，最多触达 {most}。",
        "No other set of as many candidates reaches more than {most}.",
    ),
    "split": (
        "对同一批世界取 Shapley 值：谁让触达发生，谁得份额。",
        "Shapley shares over the same worlds: who makes the reach happen gets the share.",
    ),
    "evidence": (
        "每个数字都可以重算：可数的用查询，模拟的用同样的种子重放；graphkit evidence {plan} --claim 加结论项给出全部参数。",
        "Every number can be made again: countable ones by the query, simulated ones by a replay with the same seed; graphkit evidence {plan} --claim and the name of a claim gives all parameters.",
    ),
    "not_measured": ("以下各节没有数据，因此没有列出：", "These sections had no data and are left out:"),
    "digest": ("同样的摘要就是同样的数字。", "The same digest means the same numbers."),
    "made_by": (
        "由 graphkit 生成。本页不含外部资源，可离线打开、打印和转发。",
        "Made by graphkit. This page loads nothing from outside: open, print or forward it.",
    ),
}


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
        raise UnknownName(
            f"no sentence {key!r}", kind="sentence", name=key, close_matches=close_matches(key, SENTENCES)
        )
    return SENTENCES[key][0 if lang == "zh" else 1].format(**values)
