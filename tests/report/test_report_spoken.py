"""The catalogue of Chinese sentences: every refusal of a command is in it, and gaps keep what stands in them."""

import ast
import re
import tomllib
from pathlib import Path

import click
import pytest

import graphkit.cli
from graphkit.report.spoken import both_of, chinese, word

HANZI = re.compile("[\u4e00-\u9fff]")
PUNCTUATION = " .,:;!?'\"()[]"
PYTHON = ["not {}: {} codec can't decode {}", "{}: {}: day is out of range for month"]  # said by Python itself
ROOMS = Path(graphkit.cli.__file__).parents[1]
OPENING = [ROOMS / "store" / f"{name}.py" for name in ("address", "folder", "open")]
REFUSING = sorted([*ROOMS.glob("cli/*.py"), *ROOMS.glob("planning/*.py"), *OPENING])


def _template(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "7" for part in node.values)
    return None


def _refusals(path):
    """Messages and hints of what a file raises, anything filled in standing as 7."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        told = []
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            told = [*node.exc.args[:1], *(k.value for k in node.exc.keywords if k.arg == "hint")]
        elif (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id in {"message", "hint"}
        ):
            told = [node.value]
        yield from (text for text in map(_template, told) if text and len(re.findall(r"\b[A-Za-z]{2,}\b", text)) > 1)


@pytest.mark.parametrize("path", REFUSING, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_refusal_a_planner_meets_has_chinese(path):
    """What commands, plans and the opening of a store refuse is said in Chinese too; a bare command line to type needs none."""
    missing = [text for text in _refusals(path) if not HANZI.search(chinese(text)) and not text.startswith("graphkit ")]
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
        ("Error: 'Flm' is no label. Did you mean 'Film'?", "错误：'Flm' 不是类别。 是否指 'Film'？"),
        ("Error: Invalid value for '--k': 'x' is not a valid integer range.", "错误：'--k' 的值无效：'x' 不是整数。"),
        ("not measured: brand, goal", "未测量：品牌契合，目标"),
        (
            "error: nodes/user.csv line 3 column age: age is 300, outside [0, 120] (value '300')",
            "错误：nodes/user.csv 第 3 行 age 列：age 为 300，超出范围 [0, 120]（值 '300'）",
        ),
        (
            "REACHES c1,u1 occurs 2 times with different p (first in relationships/reaches.csv line 2); settled by max",
            "REACHES c1,u1 出现 2 次，p 不同（首次在 relationships/reaches.csv 第 2 行）；按 max 取定",
        ),
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
    """What stands between the gaps of each entry stands in the code too, or in click's or Python's own messages."""
    package = Path(graphkit.cli.__file__).parents[1]
    said = "\0".join(_texts([*package.rglob("*.py"), *Path(click.__file__).parent.glob("*.py")]))
    catalogue = tomllib.loads((package / "report" / "zh.toml").read_text(encoding="utf-8"))
    catalogue.pop("words")
    pieces = {(key, piece) for table in catalogue.values() for key in table for piece in key.split("{}")}
    gone = sorted({key for key, piece in pieces if not _stands(piece, said)})
    assert gone == PYTHON


def test_words_and_halves():
    """A column is a word; a sentence in two languages is split; what is unknown stands for itself."""
    assert (word("newly_active"), word("no such word")) == ("新激活", "no such word")
    assert both_of("预算已用尽 | nothing is left") == ("预算已用尽", "nothing is left")
    assert both_of("抖音") == ("抖音", "抖音")
