"""The page: whole in one file, both languages, nothing of the data executed, dashes for what was not measured."""

from __future__ import annotations

import copy
import re
from html.parser import HTMLParser

import pytest

from graphkit.errors import InvalidParameter, UnknownName
from graphkit.planning.partner_evidence import ZH
from graphkit.report.charts import Bar, bars
from graphkit.report.figures import Figures
from graphkit.report.page import LANGUAGES, render_page
from graphkit.report.sentences import SENTENCES, TERMS, sentence, term
from graphkit.report.spoken import both_of

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"

REPLAY = {"request": {"budget": 500}, "snapshot": "abc"}
PLAN = {
    "schema_version": 1,
    "plan": "P-7f3a",
    "for": "Film:f01",
    "objective": "reach",
    "budget": 500,
    "spent": 350.5,
    "items": [
        {
            "channel": "c1",
            "name": "抖音·科学小飞",
            "wave": 1,
            "material": "m1",
            "cost": 200,
            "adds": 413.25,
            "adds_interval": [400, 420],
            "exclusive": 380.0,
            "alone": 413.25,
            "evidence": "real",
            "reasons": ["新增 413 | adds 413"],
        },
        {
            "channel": "c2",
            "name": "c2",
            "wave": 2,
            "material": None,
            "cost": 150.5,
            "adds": 200.0,
            "adds_interval": [190, 210],
            "exclusive": 200.0,
            "alone": 260.0,
            "evidence": "real",
            "reasons": [],
        },
    ],
    "reach": {"mean": 613.25, "interval": [600, 626], "interval_with_model_uncertainty": [500, 700]},
    "certificate": {"lower": 590.0, "upper": 640.0, "ratio": 0.922, "delta": 0.05},
    "adding_up_would_have_said": 673.25,
    "baselines": {"price_per_contact": 580.0, "sainsbury": 575.0, "top_degree": 500.0},
    "unspent_because": "余 149.50 | 149.50 is left",
    "rejected": [{"channel": "c4", "rule": "rights", "reason": "its cost is unknown"}],
    "assumptions": ["a channel is used at most capacity times per wave; every use exposes anew with the same chance"],
    "claims": [
        {"claim": "reach", "value": 613.25, "query": None, "params": {}, "replay": REPLAY},
        {
            "claim": "spent",
            "value": 350.5,
            "query": "evaluate/audience_of_set",
            "params": {"channels": ["c1", "c2"]},
            "replay": None,
        },
        {"claim": "items.c2@2.adds", "value": 200.0, "query": None, "params": {}, "replay": REPLAY},
    ],
    "manifest": {
        "seed": 7,
        "snapshot": "9f",
        "versions": {"numpy": "2.4"},
        "digest": "7f3a",
        "engine": "threads",
        "seconds": 1.2,
    },
}
PARTNERS = {
    "for": "Film:f01",
    "partners": [
        {
            "partner": f"k{i}",
            "name": name,
            "rank": i,
            "fit": 0.8,
            "scores": {"theme": 0.9, "brand": None},
            "adds": None,
            "adds_interval": None,
            "share": 20.0 * i,
            "reasons": [],
        }
        for i, name in ((1, "数据分析入门"), (2, HOSTILE))
    ],
    "joint_reach": 900,
}
EXTRAS = {
    "overlap": [{"a": "c1", "b": "c2", "jaccard": 0.25, "shared": 10, "lift": 1.0}],
    "communities": [{"community": 0, "size": 30, "share": 0.6, "n_communities": 2, "modularity": 0.41}],
    "calibration": [
        {"size": "1-3", "predicted": 2.5, "observed": 2.0},
        {"size": HOSTILE, "predicted": 30.0, "observed": None},
    ],
}


class _Seen(HTMLParser):
    """What a browser would make of the page."""

    VOID = frozenset({"meta", "br", "img", "link", "input", "hr", "rect", "line", "circle"})

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.words, self.open, self.ids, self.links = [], [], [], [], set(), set()
        self.feed(text.replace("<wbr>", ""))  # a place where a name may break is no part of it

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        values = dict(attrs)
        self.ids |= {values["id"]} if "id" in values else set()
        self.links |= {values["href"]} if "href" in values else set()
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def _page(plan=PLAN, **more):
    return _Seen(render_page(plan, **more))


def test_every_section_has_its_numbers():
    """Each printed figure of the plan stands on the page, tags are balanced, links lead somewhere."""
    page = _page(partners=PARTNERS, extras=EXTRAS)
    assert page.open == []
    for figure in (
        "613",
        "600 – 626",
        "350.50",
        "92.2 %",
        "673",
        "+413",
        "580",
        "数据分析入门",
        "P-7f3a",
        "9f",
        "evaluate/audience_of_set",
        "0.41",
        "9.8 %",
    ):
        assert figure in page.text, figure
    wanted = {
        "answer",
        "plan",
        "interval",
        "guarantee",
        "baselines",
        "not-possible",
        "reach",
        "overlap",
        "communities",
        "calibration",
        "partners",
        "evidence",
        "assumptions",
        "manifest",
    }
    assert wanted <= page.ids
    assert {link[1:] for link in page.links} <= page.ids
    assert "#claim-3" in page.links
    assert page.tags.count("svg") == 2 * 7  # for a wide screen and for a telephone


def test_the_page_is_called_by_name_and_its_money_has_a_currency():
    """What is promoted stands by name before its id, each amount of the answer with the currency; without both, as before."""
    told = _page(PLAN | {"for_name": "月球背面", "currency": "CNY"}).text
    assert "月球背面" in told.split("Film:f01")[0]
    assert told.count("350.50 CNY") == 2 + 1  # the answer in two languages, the card
    plain = _page().text
    assert "CNY" not in plain
    assert "Film:f01" in plain


def test_nothing_is_loaded_and_a_policy_says_so():
    """No script, no address, no event attribute, a Content-Security-Policy without hosts."""
    text = render_page(PLAN, partners=PARTNERS, extras=EXTRAS)
    page = _Seen(text)
    assert not {"script", "iframe", "object", "embed", "img", "link", "foreignobject", "base", "form"} & set(page.tags)
    assert not [
        a for a in page.attributes if a[1].startswith("on") or a[1] in {"src", "srcset", "action", "xlink:href"}
    ]
    policy = dict(a[1:] for a in page.attributes if a[0] == "meta")["content"]
    assert "default-src 'none'" in next(a[2] for a in page.attributes if a[1] == "content" and "default-src" in a[2]), (
        policy
    )
    assert not re.search(r"https?:(?!//www\.w3\.org/2000/svg)|@import|url\(", text)


def test_hostile_names_appear_as_typed():
    """A name with markup, quotes and template marks is shown, never run, wherever it enters."""
    plan = copy.deepcopy(PLAN)
    plan["for"], plan["unspent_because"], plan["assumptions"] = HOSTILE, HOSTILE, [HOSTILE]
    plan["for_name"], plan["currency"] = HOSTILE, HOSTILE
    plan["items"][0] |= {"name": HOSTILE, "channel": HOSTILE, "material": HOSTILE, "reasons": [HOSTILE]}
    plan["rejected"] = [{"channel": HOSTILE, "rule": HOSTILE, "reason": HOSTILE}]
    plan["claims"].append(
        {"claim": HOSTILE, "value": HOSTILE, "query": HOSTILE, "params": {HOSTILE: HOSTILE}, "replay": None}
    )
    plan["manifest"] |= {"engine": HOSTILE, "versions": {HOSTILE: HOSTILE}, "request": {"a": HOSTILE}}
    plan["baselines"] = {HOSTILE: 3.0}
    overlap = [{"a": HOSTILE, "b": "c2", "jaccard": 0.1}]
    page = _page(plan, partners=PARTNERS, extras=EXTRAS | {"overlap": overlap})
    assert not {"script", "img"} & set(page.tags)
    assert not [a for a in page.attributes if a[1].startswith("on")]
    assert page.text.count("{{7*7}}") >= 10
    assert "49" not in page.text.replace("149.50", "")
    assert page.open == []


def test_sections_without_data_are_named_as_not_measured():
    """A plan alone has no overlap, partners or calibration: they are left out and listed."""
    page = _page(PLAN | {"reach": {"mean": 613.25, "interval": [600, 626], "interval_with_model_uncertainty": None}})
    assert not {"overlap", "partners", "calibration", "communities"} & page.ids
    assert "not-measured" in page.ids
    tail = page.text[page.text.index("未测量") :]
    assert all(word in tail for word in ("受众重叠", "partners".title(), "Calibration", "含未知概率"))


def test_empty_plan_has_a_page():
    """No item, no certificate, no number: still a page, without NaN, None or a guarantee."""
    empty = {
        "plan": "P-0",
        "for": "Film:f1",
        "objective": "reach",
        "budget": 10,
        "spent": 0,
        "items": [],
        "reach": {"mean": float("nan"), "interval": [None, None]},
    }
    page = _page(empty)
    assert not re.search(r"\bNaN\b|\bNone\b|\bnan\b|\bundefined\b", page.text)
    assert "no channel to buy" in page.text
    assert "guarantee" not in page.ids


@pytest.mark.parametrize(
    ("lang", "has", "lacks"),
    [("zh", "渠道计划", "Channel plan"), ("en", "Channel plan", "渠道计划"), ("zh+en", "渠道计划", None)],
)
def test_languages(lang, has, lacks):
    """One language alone, or both side by side; the document says its language."""
    page = _page(PLAN, lang=lang)
    assert has in page.text
    assert lacks is None or lacks not in page.text
    assert ("html", "lang", "en" if lang == "en" else "zh-CN") in page.attributes
    with pytest.raises(InvalidParameter, match=r"zh\+en"):
        render_page(PLAN, lang="de")


def test_a_guarantee_is_rounded_down():
    """.94886 is printed as 94.8 %, never as the 94.9 % or 95 % that nobody promised."""
    page = _page(PLAN | {"certificate": PLAN["certificate"] | {"ratio": 0.94886}})
    assert "94.8 %" in page.text
    assert "94.9 %" not in page.text


def test_one_purchase_is_one_and_overstates_nothing():
    """Adding up one channel says what it reaches: the last bit of a sum is no part in 10^14."""
    one = {**copy.deepcopy(PLAN), "items": PLAN["items"][:1]}
    one["adding_up_would_have_said"] = one["reach"]["mean"] * (1 + 2e-16)
    page = render_page(one, lang="en")
    assert "Purchases: 1, for" in page
    assert "overstated by 0\N{NO-BREAK SPACE}%" in page
    assert "Purchases: 2, for" in render_page(PLAN, lang="en")


def test_same_plan_same_bytes():
    """The page holds no time of writing: the same plan gives the same file."""
    assert render_page(PLAN, extras=EXTRAS) == render_page(copy.deepcopy(PLAN), extras=EXTRAS)


def test_registry_speaks_both_languages():
    """Every word and sentence has Chinese characters in zh, none in en, and the same braces in both."""
    hanzi = re.compile(r"[\u4e00-\u9fff]")
    for name, (zh, en) in {**TERMS, **SENTENCES}.items():
        assert hanzi.search(zh), name
        assert not hanzi.search(en), name
    for name, (zh, en) in SENTENCES.items():
        strip = lambda text: sorted(re.sub(r"_(zh|en)$", "", x) for x in re.findall(r"{(\w+)}", text))
        assert strip(zh) == strip(en), name
    with pytest.raises(UnknownName):
        sentence("nothing", "zh")


@pytest.mark.parametrize(
    ("text", "zh"),
    [
        ("预算已用尽 | nothing is left", "预算已用尽"),
        ("costs 1,200.50, more than the budget", "费用 1,200.50，超过预算"),
        ("audience unknown (900 followers are a count, not an audience)", "受众未知（900 个粉丝只是数量，不是受众）"),
        ("a | b", "a | b"),
        ("抖音", "抖音"),
    ],
)
def test_sentences_of_the_planner_have_chinese(text, zh):
    """Split where both are given, translated where the sentence is known, else as it stands."""
    assert both_of(text)[0] == zh


RICH = {
    **PLAN,
    "objective": "reach=1,value=0.1",
    "certificate": {"lower": None, "upper": None, "ratio": None, "delta": None},
    "waves": [
        {
            "wave": w,
            "starts_ts": 604_800 * w,
            "budget": 300,
            "spent": 175.25,
            "one_off": 15.5,
            "purchases": 1,
            "adds": 300.5,
        }
        for w in (1, 2)
    ],
    "synergy": {"bonus": 12.5, "pairs": [{"channel": "c1", "boosts": HOSTILE, "bonus": 12.5}]},
    "goals": [
        {"goal": "reach", "mean": 613.25, "interval": [600, 626], "floor": 600.0},
        {"goal": "value", "mean": 99.5, "interval": [98, 101], "floor": None},
    ],
    "pareto": [
        {
            "weights": {},
            "spent": 300,
            "goals": {"reach": 620.0 - 9 * i, "value": 90.0 + 7 * i},
            "intervals": {},
            "channels": ["c1", HOSTILE],
        }
        for i in range(3)
    ],
    "robust": {
        "q": 0.1,
        "draws": 3,
        "robust": {"quantile": 410.5, "mean": 500.25, "worst": 400.5, "best": 700.5},
        "plain": {"quantile": 380.25, "mean": 510.5, "worst": 350.5, "best": 720.25},
        "regret_of_plain": 30.25,
        "same_plan": False,
        "fresh": {
            "draws": 64,
            "robust": 405.5,
            "robust_interval": [398.0, 431.0],
            "plain": 377.5,
            "plain_interval": [344.0, 391.0],
            "regret_of_plain": 28.0,
            "interval": [5.0, 40.0],
        },
        "reach_by_draw": {"robust": [400.5, 410.5, 700.5], "plain": [350.5, 380.25, 720.25]},
    },
    "replanned": {
        "plan": "P-0001",
        "waves": 1,
        "reached": 77,
        "spent": 120.5,
        "fixed": 600.0,
        "gain": 13.5,
        "gain_interval": [11.5, 15.5],
    },
}


@pytest.mark.parametrize("lang", ["zh+en", "zh", "en"])
def test_waves_goals_and_unknown_chances_are_told_in_every_language(lang):
    """Each figure of the richer sections is on the page whatever its language, escaped, and the absent guarantee is explained."""
    page = render_page(RICH, lang=lang)
    assert "<script>alert" not in page
    seen = _Seen(page)
    words = " ".join(seen.words)
    for part in ("waves", "materials", "synergy", "goals", "pareto", "robust", "replanned"):
        assert f'id="{part}"' in page
    for figure in (
        "159.75",
        "15.50",
        "1970-01-08",
        "12.5",
        "99.5",
        "620 / 90",
        "410",
        "380",
        "30.2",
        "13.5",
        "11.5",
        "77",
        "120.50",
        "P-0001",
    ):
        assert figure in words, figure
    assert ("没有保证：计入渠道之间" in words) == ("zh" in lang)
    assert ("No guarantee: with bonuses" in words) == ("en" in lang)
    assert ("weighted sum of goals" in words) == ("en" in lang)


def test_a_simple_plan_has_none_of_these_sections():
    """Sections without data are left out."""
    page = render_page(PLAN)
    for part in ("waves", "synergy", "goals", "pareto", "robust", "replanned"):
        assert f'id="{part}"' not in page


def test_the_legend_of_a_pair_does_not_overlap():
    """The second entry begins after the first one's text, however long its words are."""
    from graphkit.report.charts import dumbbells

    for first in ("predicted", "按给定概率的计划 plan for the chances as given"):
        svg = str(dumbbells([("1", 1.0, 2.0)], "x", (first, "other"), str))
        dots = [float(x) for x in re.findall(r'<circle cx="([\d.]+)" cy="12', svg)]
        cells = sum(2 if ord(sign) > 0x2E80 else 1 for sign in first)
        assert dots[1] - dots[0] > 7 * cells + 10


def test_partners_come_with_intervals_reasons_for_absence_and_queries():
    """Rank interval of the fit, exclusive reach, the joint reach and its bound, what was refused, and every command once; all in Chinese too."""
    command = "graphkit query partners/theme --param label=Film --param id=f01"
    row = {
        "fit_rank_interval": [1, 7],
        "exclusive": 41.0,
        "exclusive_interval": [38.0, 44.0],
        "evidence": ["shared tags (1): t1", command],
    }
    found = PARTNERS | {
        "partners": [PARTNERS["partners"][0] | row, PARTNERS["partners"][1] | row],
        "joint_reach": {"mean": 900.0, "interval": [880.0, 920.0], "at_most": 950.0},
        "rejected": [{"partner": "b9", "rule": "min_cell", "reason": "its audience is below 50 users and not shown"}],
        "assumptions": ["the past partnerships say nothing about this one: history is not measured"],
    }
    text = render_page(PLAN, partners=found, extras=EXTRAS)
    for said in (
        "1 – 7",
        "38 – 44",
        "880 – 920",
        "950",
        "shared tags (1): t1",
        "其受众不足 50 人，不予显示",
        "以往合作没有涉及它：历史没有测量",
        "主题",
    ):
        assert said in text, said
    assert text.count(command) == 1


def test_the_words_of_the_criteria_are_those_of_the_reasons():
    """One Chinese name for each score, on the page and in a reason."""
    assert {name: term(name)[0] for name in ZH} == ZH


def test_every_figure_of_people_on_the_page_carries_its_interval():
    """Adding up, plans without a graph, waves, the total and the cost of a person: each with its ends."""
    rows = [
        {"baseline": "price_per_contact", "mean": 300.0, "interval": [295.0, 305.0], "difference": 113.0, "difference_interval": [107.0, 119.0]}
    ]  # fmt: skip
    waves = [
        {"wave": k, "starts_ts": None, "budget": None, "spent": 100, "one_off": 0, "purchases": 1, "adds": 200.0 + k, "adds_interval": [190.0 + k, 210.0 + k]}
        for k in (1, 2)
    ]  # fmt: skip
    page = render_page(
        PLAN | {"adding_up_interval": [805.0, 845.0], "against_baselines": rows, "waves": waves}, lang="en"
    )
    for band in ("805 – 845", "295 – 305", "107 – 119", "191 – 211", "192 – 212"):
        assert band in page
    assert "+113" in page
    low, high = (PLAN["spent"] / end for end in reversed(PLAN["reach"]["interval"]))
    assert f"{low:,.2f} – {high:,.2f}" in page


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_number_and_its_percent_sign_stay_on_one_line(lang):
    """No line of the page, of its charts or of what it names can end between 5 and %."""
    html = render_page(PLAN, lang=lang, partners=PARTNERS, extras=EXTRAS)
    assert not re.search(r"\d %", html)
    assert len(re.findall("\\d\N{NO-BREAK SPACE}%", html)) > 10


def test_a_label_in_two_languages_is_not_cut():
    """What both languages begin with stands once: "95 % 抽样区间 sampling interval" fits the 32 cells left of a chart."""
    page = render_page(PLAN)
    assert "95\N{NO-BREAK SPACE}% 抽样区间 sampling interval</text>" in page
    assert "sampling int…" not in page


def test_a_bar_leaves_room_for_its_interval():
    """The longest bar's words end inside the picture."""
    svg = str(bars([Bar("a", 3959.0, band="3,930 – 3,988"), Bar("b", 10.0)], "x", Figures.people))
    x = float(re.search(r'<text x="([\d.]+)"[^>]*>3,959 \(', svg)[1])
    assert x + 7.2 * len("3,959 (3,930 – 3,988)") <= 820


def test_a_name_from_right_to_left_leaves_its_number_alone():
    """Names stand apart from the id beside them, whichever way they are read."""
    plan = copy.deepcopy(PLAN)
    plan["items"][0]["name"] = "قناة التسويق 1"
    assert "<bdi>قناة التسويق 1</bdi>" in render_page(plan)


def _item(i, adds):
    return {"channel": f"c{i}", "name": f"渠道{i}", "wave": 1, "cost": 10, "adds": adds, "alone": adds, "reasons": []}


def test_the_chart_of_many_channels_ends_at_what_the_plan_reaches():
    """41 purchases that add 1 to 41: the bars are few, the last one holds the rest and the sum is all 861."""
    plan = PLAN | {"items": [_item(i, 42.0 - i) for i in range(1, 42)]}
    chart = re.search(r'<section id="reach".*?</section>', render_page(plan, lang="en"), re.DOTALL)[0]
    assert re.findall(r"<text[^>]*font-weight[^>]*>([^<]*)</text>", chart) == 2 * ["861"]
    assert "others (18)" in chart
    assert f"+{sum(range(1, 19))}" in chart


def test_an_overlap_that_is_hidden_says_below_how_many_users():
    """The least count stands on the page, whether some pairs are hidden or all; without hidden pairs nothing is said."""
    rows = [{"a": "c1", "b": b, "jaccard": share, "min_cell": 50} for b, share in (("c2", 0.25), ("c3", None))]
    some, none, whole = (_page(extras={"overlap": part}, lang="en") for part in (rows, rows[1:], rows[:1]))
    assert "A dash: one of its counts (both, one alone, neither) is below 50 users" in some.text
    assert "No pair is shown: one of the counts of each (both, one alone, neither) is below 50 users" in none.text
    assert "0.25" in some.text
    assert "Audience overlap" not in none.text[none.text.index("Not measured") :]
    assert "below 50" not in whole.text


def test_every_number_of_a_table_leads_to_its_claim():
    """Waves, goals, plans between goals, draws and differences are linked to the row that says how to make them again."""
    told = [f"{part}.{goal}" for part in ("goals", "pareto.1", "pareto.3") for goal in ("reach", "value")]
    told += [f"robust.{name}.{key}" for name in ("robust", "plain") for key in ("quantile", "mean", "worst", "best")]
    told += [
        "robust.fresh.robust",
        "robust.fresh.plain",
        "waves.1",
        "waves.2",
        "against_baselines.sainsbury",
        "baselines.sainsbury",
    ]
    claims = [{"claim": name, "value": 1.0, "query": None, "params": {}, "replay": REPLAY} for name in told]
    other = {"baseline": "sainsbury", "mean": 575.0, "interval": [570, 580], "difference": 38.0, "difference_interval": [30, 46]}  # fmt: skip
    page = _page(RICH | {"claims": claims, "against_baselines": [other]})
    assert {name for i, name in enumerate(told, 1) if f"#claim-{i}" not in page.links} == set()
    assert "398 – 431" in page.text
    assert "344 – 391" in page.text


def test_a_share_of_the_profit_has_its_interval():
    """In the form of the shares: people as people, parts of one as percent."""
    rows = [row | {"share_interval": [row["share"] - 2, row["share"] + 3]} for row in PARTNERS["partners"]]
    assert "18 – 23" in render_page(PLAN, partners=PARTNERS | {"partners": rows})
    parts = [row | {"share": 0.25, "share_interval": [0.225, 0.28]} for row in rows]
    assert "22.5\N{NO-BREAK SPACE}% – 28\N{NO-BREAK SPACE}%" in render_page(
        PLAN, partners=PARTNERS | {"partners": parts}
    )


def test_reach_by_community_and_overlap_say_how_sure_and_how_again():
    """A community's reach has its interval beside it; the command of an overlap stands below the matrix."""
    community = {"community": 0, "size": 30, "share": 0.6, "reach": 12.0, "interval": [11.0, 13.0]}
    overlap = {"a": "c1", "b": "c2", "jaccard": 0.25, "query": "graphkit overlap Channel:c1 Channel:c2 --min-cell 50"}
    html = render_page(PLAN, extras={"communities": [community], "overlap": [overlap]}, lang="en")
    assert "12 (11 – 13)</text>" in html
    assert "<pre>graphkit overlap Channel:c1 Channel:c2 --min-cell 50</pre>" in html


def test_those_refused_for_the_same_reason_stand_in_one_row():
    """30 channels without a cost are one row of 20 names and "more: 10"; every one of 1,000 is listed or counted."""
    rows = [
        {"channel": f"c{i}", "name": f"渠道{i}", "rule": "cost", "reason": "its cost is unknown"} for i in range(30)
    ]
    page = render_page(PLAN | {"rejected": rows}, lang="en")
    assert page.count("its cost is unknown") == 1
    assert page.count('<span class="id">c') == 20 + 1  # and the one bought by another name
    assert "more: 10" in page
    rows += [{"channel": f"d{i}", "rule": "not chosen", "reason": f"would add {i}"} for i in range(970)]
    page = render_page(PLAN | {"rejected": rows}, lang="en")
    listed = page.count("its cost is unknown") * 30 + page.count("would add")
    assert listed == 30 + 59
    assert f"more: {1000 - listed}" in page


def test_draws_that_did_not_choose_come_before_those_that_did():
    """A quantile over draws that chose the plan flatters it: sentence and column of the fresh ones stand first."""
    part = render_page(RICH, lang="en").split('id="robust"')[1].split("</section>")[0]
    for first, second in (
        ("which chose neither plan", "that chose this plan, both plans"),
        ("quantile in fresh draws", "quantile in the draws used"),
        (">406<", ">410<"),
    ):
        assert part.index(first) < part.index(second)


def test_a_robust_plan_that_is_the_plain_one_says_so():
    """One row, no pairs of equal dots, no difference of 0 (0 to 0)."""
    page = render_page(PLAN | {"robust": RICH["robust"] | {"same_plan": True}}, lang="en")
    assert "the plan chosen for the 10\N{NO-BREAK SPACE}% quantile is the one for the chances as given" in page
    assert "380" not in page.split('id="robust"')[1].split("</section>")[0]


def test_the_time_a_plan_took_is_a_short_number():
    """70.31215595800313 seconds are 70.3; nobody compares more."""
    page = _page(PLAN | {"manifest": PLAN["manifest"] | {"seconds": 70.31215595800313}}).text
    assert "70.3" in page
    assert "70.31" not in page


def test_a_page_of_thousands_of_rows_stays_small_and_says_what_it_left_out():
    """10,000 purchases with 2,500 materials, 15,000 claims, 100 partners and 1,000 refusals: below 2 MB, with the number of the rows left out."""
    items = [_item(i, 5001.0 - i) | {"material": f"m{i % 2500}"} for i in range(5000)]
    items += [_item(i, 0.0) | {"material": "m0", "wave": 2} for i in range(5000)]
    claims = [
        {"claim": f"items.c{i}.{part}", "value": 1.0, "query": None, "params": {}, "replay": REPLAY}
        for i in range(5000)
        for part in ("adds", "exclusive", "alone")
    ]
    rejected = [{"channel": f"d{i}", "rule": "not chosen", "reason": f"would add {i}"} for i in range(1000)]
    partners = PARTNERS | {"partners": [PARTNERS["partners"][0] | {"partner": f"k{i}"} for i in range(100)]}
    plan = PLAN | {"items": items, "claims": claims, "rejected": rejected}
    page = render_page(plan, partners=partners)
    assert len(page.encode()) < 2_000_000
    for left in ("9,700", "2,200", "14,700", "940"):
        assert f"{left}</small>" in page


def test_the_evidence_of_a_partner_is_told_in_chinese():
    """Campaigns, tags, audience and overlap: no English is left on a Chinese page; the command stays."""
    told = {
        "past campaigns (3): b03 x b11; b07 x b11": "过往合作（3）：b03 x b11",
        "shared tags (1): t02": "共同标签（1）：t02",
        "paths (1): a - b - c": "路径（1）：a - b - c",
        "audience of 1 user": "受众 1 名用户",
        "graphkit query partners/data": "graphkit query partners/data",
    }
    row = PARTNERS["partners"][0] | {"evidence": list(told)}
    text = _page(partners=PARTNERS | {"partners": [row]}, lang="zh").text
    for chinese in told.values():
        assert chinese in text
    assert not re.search("past campaigns|shared tags|audience of", text)


def test_marks_that_disguise_a_name_are_shown_wherever_it_enters():
    """A turn of direction or a letter without width is written out in tables, charts, their descriptions and lists; emoji and Arabic stay."""
    disguised, shown = (
        "ad\u202efdp.exe\u200b 👩\u200d👧 قناة </script>",
        "ad\\u202efdp.exe\\u200b 👩\u200d👧 قناة &lt;/script&gt;",
    )
    plan = copy.deepcopy(RICH)
    plan["items"][0] |= {"name": disguised, "material": disguised, "reasons": [disguised]}
    plan["rejected"] = [{"channel": disguised, "rule": disguised, "reason": disguised}]
    plan["for_name"], plan["currency"], plan["baselines"] = disguised, disguised, {disguised: 3.0}
    plan["goals"][0]["goal"] = disguised
    row = PARTNERS["partners"][0] | {"name": disguised, "share": 3.0, "evidence": [disguised]}
    overlap = [{"a": "c1", "b": disguised, "jaccard": 0.1}]
    html = render_page(plan, partners={"partners": [row, row]}, extras=EXTRAS | {"overlap": overlap})
    assert html.count(shown) >= 20
    assert not re.search("[\u202e\u200b]|</script", html)


def test_an_exact_reach_has_no_interval_on_the_page():
    """The card and the sentence call it exact, the chart draws what is not known alone; one end rounds to 31, the other to 31.0."""
    plan = copy.deepcopy(PLAN) | {
        "goals": [{"goal": "reach", "mean": 31.0, "interval": [30.9995, 31.0], "floor": None}]
    }
    plan["reach"] = {"mean": 31.0, "interval": [30.9995, 31.0], "interval_with_model_uncertainty": [16, 46]}
    plan["items"][0] |= {"adds": 31.0, "adds_interval": [30.9995, 31.0]}
    said = _Seen(render_page(plan, lang="en")).text
    assert "expected reach 31 (exact for these chances)" in said
    assert said.count("exact for these chances") == 3
    assert "31.0" not in said
    assert "31 – 31" not in said
    assert "16 – 46" in said
    assert "the band holds that the chances themselves are not known" in said
    assert "second band" not in said
