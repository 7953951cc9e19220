"""The catalogue of Chinese sentences: every refusal of a command is in it, and gaps keep what stands in them."""

import ast
import errno
import itertools
import os
import re
import tomllib
from pathlib import Path

import click
import pytest

import graphkit.cli
from graphkit.report.spoken import both_of, chinese, one_and_many, word

HANZI = re.compile("[\u4e00-\u9fff]")
PUNCTUATION = " .,:;!?'\"()[]"
PYTHON = ["not {}: {} codec can't decode {}", "{}: {}: day is out of range for month"]  # said by Python itself
ROOMS = Path(graphkit.cli.__file__).parents[1]
FOR_DEVELOPERS = {"sentences"}  # a key of the page that is not registered
REFUSING = sorted(path for path in ROOMS.rglob("*.py") if path.stem not in FOR_DEVELOPERS)
NOTHING_TO_TELL = (
    "graphkit experiment analyse --format",
    "pip install ",
    "[[nodes]] ",
    "utf-8, ",
    "dataset.toml: 7",
)  # typed as it stands


def _templates(node):
    """Every text an expression may come to, anything filled in standing as 7; none when it is no text of the code."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return [*_templates(node.body), *_templates(node.orelse)]
    if isinstance(node, ast.FormattedValue):
        return (_templates(node.value) if isinstance(node.value, ast.IfExp | ast.Call) else []) or ["7"]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "counted":
        return [f"7 {text}" for words in node.args[1:] for text in _templates(words)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "did_you_mean":
        return ["did you mean '7'?", *(text for words in node.args[2:] for text in _templates(words))]
    if isinstance(node, ast.BoolOp):
        return [text for words in node.values for text in _templates(words)]
    if isinstance(node, ast.JoinedStr):
        return ["".join(parts) for parts in itertools.product(*map(_templates, node.values))]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [a + b for a in _templates(node.left) or ["7"] for b in _templates(node.right) or ["7"]]
    return []


def _named(node, *names):
    return [keyword.value for keyword in node.keywords if keyword.arg in names]


def _refusals(path):
    """Messages, ranges and hints of what a file raises."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        told = []
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            told = [*node.exc.args[:1], *_named(node.exc, "hint")]
            if told and isinstance(
                node.exc.func, ast.Attribute
            ):  # self.error(...): told inside a sentence of the parser
                yield from (f"target expression: {text} at character 7 of 7" for text in _templates(told[0]))
                told = told[1:]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "refuse":
            told = [*node.args[2:3], *_named(node, "allowed", "hint")]
        elif (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id in {"message", "hint"}
        ):
            told = [node.value]
        texts = (text for expression in told for text in _templates(expression))
        yield from (text for text in texts if len(re.findall(r"\b[A-Za-z]{2,}\b", text)) > 1)


@pytest.mark.parametrize("path", REFUSING, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_refusal_has_chinese(path):
    """What any room refuses is said in Chinese too, and so is the range a parameter should keep to."""
    missing = [
        text
        for text in _refusals(path)
        if not HANZI.search(chinese(text) + word(text)) and not text.startswith(NOTHING_TO_TELL)
    ]
    assert not missing


FRAGMENTS = (  # the rest of the sentence is filled in where it is said
    "7 joins groups here",
    "7; 7 (7) against the purchases",
    "in 7 fresh draws the plain plan",
    "in 7 fresh draws of unknown chances its 7 quantile is",
    "a dash is a step of 7",
    "a dash among the values is a figure about 7",
    "7* must be given",
    "a partner is taken to reach each of its followers",
    "7 and miss the floor",
    "a rule on kinds, waves or materials",
)


def _notes(path):
    """What a file notes: texts that are said, appended to a list, or stand in one."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        told = node.elts if isinstance(node, ast.List) else []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"append", "say"}:
            told = node.args[:1]
        texts = (text for expression in told for text in _templates(expression) if " | " not in text)
        yield from (text for text in texts if len(re.findall(r"\b[a-z]{2,}\b", text)) > 3)


@pytest.mark.parametrize("path", [*ROOMS.glob("cli/*.py"), *ROOMS.glob("planning/*.py")], ids=lambda path: path.stem)
def test_every_note_has_chinese(path):
    """What commands and plans note beside their numbers; updates of a plan are told after their wave."""
    missing = [
        text
        for text in _notes(path)
        if not HANZI.search(chinese(text) + chinese(f"after wave 7: {text}"))
        and not text.startswith(
            ("graphkit ", *NOTHING_TO_TELL, *FRAGMENTS)
        )  # lists of examples are typed as they stand
    ]
    assert not missing


@pytest.mark.parametrize(
    ("text", "zh"),
    [
        ("note: no experiment: incremental effect is not measured", "说明：没有实验：增量效果没有测量"),
        ("assumed: 219 users without consent for planning are left out", "假设：219 名用户未同意用于计划，已剔除"),
        (
            "reach +3.0 (95 %: +1.0 to +5.0) against plan P-1; spends 90, more than the budget",
            "与计划 P-1 相比，触达 +3.0（95 %：+1.0 至 +5.0）；花费 90，超过预算",
        ),
        (
            f"Error: the plan p.json cannot be read: {os.strerror(errno.ENOENT)}",
            "错误：无法读取计划 p.json：没有这个文件或目录",
        ),
        (
            f"Error: cannot read the rules file r.toml: {os.strerror(errno.EACCES)}",
            "错误：无法读取规则文件 r.toml：没有权限",
        ),
        (
            f"the system refused d/x: the export is not written: {os.strerror(errno.EEXIST)}",
            "系统拒绝 d/x：导出未写出：文件已存在",
        ),
        ("Error: Invalid value for '--by': 'views' is not 'tag'.", "错误：'--by' 的值无效：'views' 不是 'tag'。"),
        ("No such command 'plans'. Did you mean 'plan' or 'replan'?", "没有命令 'plans'。 是否指 'plan' 或 'replan'？"),
        ("did you mean 'a' or 'b' or 'c'?", "是否指 'a'、'b' 或 'c'？"),
        (
            "no 20 clusters keep at least 50% of the influence inside: 4 at resolution 1 cutting 14% of the influence; 9 at resolution 2 cutting 37% of the influence",
            "没有 20 个聚类能把至少 50% 的影响留在内部：分辨率 1 时 4 个，切断 14% 的影响；分辨率 2 时 9 个，切断 37% 的影响",
        ),
        (
            "the log has no purchase with an amount; a lifetime value needs one",
            "日志中没有带金额的购买事件，而终身价值需要它",
        ),
        ("Error: 'Flm' is no label. Did you mean 'Film'?", "错误：'Flm' 不是类别。 是否指 'Film'？"),
        ("Error: Invalid value for '--k': 'x' is not a valid integer range.", "错误：'--k' 的值无效：'x' 不是整数。"),
        ("not measured: brand, goal", "未测量：品牌契合、目标"),
        (
            "error: nodes/user.csv line 3 column age: age is 300, outside [0, 120] (value '300')",
            "错误：nodes/user.csv 第 3 行 age 列：age 为 300，超出范围 [0, 120]（值 '300'）",
        ),
        (
            "REACHES c1,u1 occurs 2 times with different p (first in relationships/reaches.csv line 2); settled by max",
            "REACHES c1,u1 出现 2 次，p 不同（首次在 relationships/reaches.csv 第 2 行）；按 max 取定",
        ),
        (
            "Error: tolerance must be a finite number. Got 'x' instead.",
            "错误：tolerance 必须是 有限数，给出的是 'x'。",
        ),
        (
            "KNOWS.p: 3 of 10 relationships have no value\nHint: give every relationship a value",
            "KNOWS.p：10 个关系中有 3 个没有值\n提示：给每个关系一个值",
        ),
        ("assumed: 1 user without consent for planning is left out", "假设：1 名用户未同意用于计划，已剔除"),
        ("audience B站: user 9 is not among the rows 0..4", "受众 B站：用户 9 不在行号 0..4 之内"),
        ("u1  reach  0.2", "u1  reach  0.2"),
        ("甲 | A", "甲 | A"),
    ],
)
def test_a_line_is_told_whole_or_clause_by_clause(text, zh):
    """Beginnings first, clauses where the whole is unknown, data and rows of tables as they stand."""
    assert chinese(text) == zh


def _texts(paths):
    """Every text of ours in these files, what is filled in left out."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def _stands(piece, said, cuts=2):
    """Whether a text stands in the code, interrupted at most so often by what is filled in there."""
    words = piece.strip(PUNCTUATION).split(" ")
    if " ".join(words) in said:
        return True
    halves = ((" ".join(words[:cut]), " ".join(words[cut:])) for cut in range(1, len(words)))
    return cuts > 0 and any(a.strip(PUNCTUATION) in said and _stands(b, said, cuts - 1) for a, b in halves)


def test_every_sentence_of_the_catalogue_is_still_said():
    """What stands between the gaps of each entry stands in the code too, or in click's, Python's or the system's own messages."""
    package = Path(graphkit.cli.__file__).parents[1]
    said = "\0".join(_texts([*package.rglob("*.py"), *Path(click.__file__).parent.glob("*.py")]))
    said += "\0" + "\0".join(map(os.strerror, errno.errorcode))
    catalogue = tomllib.loads((package / "report" / "zh.toml").read_text(encoding="utf-8"))
    catalogue.pop("words")
    keys = {key: one_and_many(key) for table in catalogue.values() for key in table}
    pieces = {(key, piece) for key, texts in keys.items() for text in texts for piece in re.split(r"\{[#.]?\}", text)}
    gone = sorted({key for key, piece in pieces if not _stands(piece, said)})
    assert gone == PYTHON


@pytest.mark.parametrize(
    ("english", "zh"),
    [
        ("events/e.csv line 1: events need the column kind", "events/e.csv 第 1 行：事件需要列 kind"),
        (
            "m.toml line 2: not TOML: Expected '=' (at line 2, column 5)",
            "m.toml 第 2 行：不是 TOML：Expected '=' (at line 2, column 5)",
        ),
        ("error: users.csv line 3 column age: {}", "错误：users.csv 第 3 行 age 列：{}"),
    ],
    ids=["column named", "said by Python", "place"],
)
def test_a_line_and_a_column_are_numbers_and_names_of_a_place(english, zh):
    """A sentence in which the words line and column stand is no place: 第 1: events need the 行 kind 列 was what it became."""
    assert chinese(english) == zh


def test_every_rule_of_a_contradiction_is_told_in_chinese():
    """Clause by clause, each with what it misses: no clause swallows the next."""
    said = "Error: no plan keeps these rules together: budget: the budget (missing: 310.5); required.c4: channel c4 is required (missing: 1 channel); min_cell: audiences of at least the minimum cell: such as channel c1: its audience is below 5,000 users (missing: 2 channels); lead_days: lead times against days_to_start: such as channel c2: needs 9 days, the campaign starts in 2 (missing: 7 days)"
    assert chinese(said) == (
        "错误：没有计划能同时遵守这些规则：budget：预算（缺 310.5）；required.c4：必须购买渠道 c4（缺 1 个渠道）；"
        "min_cell：受众不小于最小单元：例如渠道 c1：其受众不足 5,000 人（缺 2 个渠道）；"
        "lead_days：提前期与 days_to_start：例如渠道 c2：需要提前 9 天，活动在 2 天后开始（缺 7 天）"
    )


def test_words_and_halves():
    """A column is a word; a sentence in two languages is split; what is unknown stands for itself."""
    assert (word("exclusive"), word("incremental")) == ("独占", "增量")
    assert (word("newly_active"), word("no such word")) == ("新激活", "no such word")
    assert both_of("预算已用尽 | nothing is left") == ("预算已用尽", "nothing is left")
    assert both_of("抖音") == ("抖音", "抖音")
