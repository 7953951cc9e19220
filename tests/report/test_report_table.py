"""Text tables and records: alignment with Chinese text, hostile cells, spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter

import pytest

from graphkit.errors import InvalidParameter
from graphkit.report.records import write_records
from graphkit.report.table import render_table
from graphkit.report.text_width import clip, fit_lines, width_of


def test_chinese_names_keep_the_columns_straight():
    """A Chinese character takes two cells: every number ends in the same cell."""
    rows = [
        {"channel": "抖音·科学小飞", "cost": 120000},
        {"channel": "B站", "cost": 90},
        {"channel": "c12", "cost": None},
    ]
    lines = render_table(rows).splitlines()
    assert {width_of(line) for line in lines} == {width_of(lines[0])}
    assert lines[2].endswith("120,000")
    assert lines[4].endswith("–")


@pytest.mark.parametrize(
    ("text", "width", "cut"),
    [("abcdef", 4, "abc…"), ("电影节目", 5, "电影…"), ("电影节目", 8, "电影节目"), ("e\u0301a", 2, "e\u0301a")],
)
def test_clip_counts_cells(text, width, cut):
    """Cutting never exceeds the width and combining marks take no cell."""
    assert clip(text, width) == cut
    assert width_of(cut) <= width


def test_table_fits_the_width_and_loses_nothing():
    """Words go on below, in their column; a number stays in its line."""
    rows = [{"channel": "c1", "note": "a very long name of a channel that nobody reads", "n": 1234567}]
    text = render_table(rows, width=40)
    assert max(map(width_of, text.splitlines())) <= 40
    assert text.splitlines()[2].endswith("1,234,567")
    assert " ".join(line[9:29].strip() for line in text.splitlines()[2:]) == rows[0]["note"]


@pytest.mark.parametrize("width", range(20, 81, 4))
def test_no_figure_and_no_path_is_ever_broken(width):
    """Intervals, dates, versions, digests and folders are read in one piece at every width, and no letter is lost."""
    rows = [
        {
            "check": "磁盘空间：存储",
            "stability": "1.00 (95 %: 0.98 to 1.00)",
            "place": "/srv/电影/推广/.graphkit",
            "since": "2026-03-01 10:00 UTC",
            "version": "26.11.1.dev2",
            "digest": "db2cdfc623b2ae0407e1",
            "content": "18 Brand, 12,454 KNOWS",
            "fix": "请等它结束，或停止它",
        }
    ]
    text = render_table(rows, width=width)
    assert "…" not in text
    for name in ("stability", "place", "since", "version", "digest"):
        assert rows[0][name] in text
    assert Counter("".join(rows[0].values()).replace(" ", "")) <= Counter(text)


def test_a_narrow_window_turns_intervals_into_lines():
    """A share with its interval, as communities prints it, was once cut to 1.00 (1.0…."""
    rows = [{"community": i, "stability": "1.00 (1.00 to 1.00)", "tags": "天文 悬疑 科幻"} for i in range(2)]
    text = render_table(rows, width=24)
    assert text.count("1.00 (1.00 to 1.00)") == 2
    assert text.startswith("community  0\nstability  1.00 (1.00 to 1.00)\n")


def test_what_has_nothing_to_say_takes_no_line_of_a_block():
    """An empty cell is left out; what was not measured is still a dash."""
    rows = [{"check": "python", "value": "3.11.7", "fix": "", "n": None}]
    assert render_table(rows, width=12) == "check  python\nvalue  3.11.7\nn      –\n"


def test_data_cannot_steer_the_terminal():
    """Escapes, bells and direction marks of the data are shown, never sent."""
    text = render_table([{"name": "\x1b[31mred\x07\u202egnp.exe", "b\nc": 1}])
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\\x1b[31mred\\x07\\u202egnp.exe" in text


def test_colour_only_when_asked():
    """No escape without colour; the same words with it."""
    rows = [{"a": 1}]
    assert "\x1b" not in render_table(rows, title="t")
    assert "\x1b[1m" in render_table(rows, title="t", color=True)
    assert render_table([], ["a", "b"]).splitlines()[0] == "a  b"


@pytest.mark.parametrize("hostile", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_spreadsheets_run_nothing(hostile):
    """A text a spreadsheet would run gets an apostrophe; --raw-csv leaves it."""
    assert next(csv.DictReader(io.StringIO(write_records([{"x": hostile}], "csv"), newline="")))["x"] == "'" + hostile
    assert hostile in write_records([{"x": hostile}], "csv", raw=True).replace('"', "")
    assert json.loads(write_records([{"x": hostile}], "json")) == [{"x": hostile}]


def test_negative_numbers_stay_numbers():
    """-1.5 as number or as text is no formula."""
    assert (
        write_records([{"a": -1.5, "b": "-1.5", "c": None, "d": True, "e": ["x"]}])
        == 'a,b,c,d,e\n-1.5,-1.5,,true,"[""x""]"\n'
    )


def test_ndjson_and_nan():
    """One object a line; NaN is missing, Chinese is readable."""
    assert write_records([{"a": float("nan")}, {"b": "渠道"}], "ndjson") == '{"a": null}\n{"b": "渠道"}\n'
    with pytest.raises(InvalidParameter, match="ndjson"):
        write_records([], "xml")


def test_what_a_reader_types_again_stays_in_one_line():
    """The first column, or those chosen, are never broken: other texts give way."""
    rows = [{"name": "channels/incremental reach", "title": "which channel adds whom"}]
    assert "channels/incremental reach" in render_table(rows, width=50)
    assert "which channel adds whom" in render_table(rows, width=46, keep=("title",))


def test_a_table_of_numbers_too_wide_for_the_terminal_becomes_blocks():
    """No line is wider than the terminal and no number is lost."""
    rows = [{"channel": f"c{i}", **{f"measure_{k}": 1_234_567.0 + k for k in range(8)}} for i in range(2)]
    text = render_table(rows, width=40, title="plan")
    assert max(map(width_of, text.splitlines())) <= 40
    assert text.count("1,234,574") == 2
    assert text.startswith("plan\n\nchannel    c0\n")
    assert max(map(width_of, render_table(rows).splitlines())) > 80


def test_a_list_takes_one_line_an_item():
    """Items under each other, the other columns blank from the second on; without room one block a row again."""
    rows = [{"id": "a", "n": 1, "why": ["one", "two"]}, {"id": "b", "n": 22, "why": []}]
    assert render_table(rows, ["id", "n", "why"], lines="why").splitlines()[2:] == [
        "a    1  one",
        "        two",
        "b   22",
    ]
    assert render_table(rows, ["id", "n", "why"], lines="why", width=8).splitlines()[2:4] == ["why  one", "     two"]


def test_sentences_without_room_become_blocks_and_stay_whole():
    """A column of reasons too narrow to read makes each row a block; short words in it do not."""
    reason = "其受众触达的百分之九十七也由其他所选渠道触达"
    row = {"channel": "c1", "name": "a name of twenty one", "reason": [reason, "twice"]}
    text = render_table([row], width=44, lines="reason", keep=["channel", "name"])
    assert "".join(line.removeprefix("reason").strip() for line in text.splitlines()[2:]) == f"{reason}twice"
    assert max(map(width_of, text.splitlines())) <= 44
    assert text.startswith("channel  c1\n")
    short = render_table([{**row, "reason": ["twice"]}], width=44, lines="reason", keep=["channel", "name"])
    assert short.startswith("channel  name")


def test_an_item_wider_than_its_column_goes_on_below():
    """Reasons are read whole at 80 cells: words stay together, Chinese breaks anywhere, nothing is cut or lost."""
    reasons = [
        "97% of what it reaches is also reached by the others chosen",
        "其受众触达的百分之九十七也由其他所选渠道触达",
    ]
    text = render_table([{"channel": "c1", "reason": reasons}], width=30, lines="reason")
    assert max(width_of(line) for line in text.splitlines()) <= 30
    assert "…" not in text
    body = [line[len("channel  ") :] for line in text.splitlines()[2:]]
    assert " ".join(line.strip() for line in body).startswith(reasons[0])
    assert "".join(line.strip() for line in body).endswith(reasons[1])
    assert sum(line.startswith("c1") for line in text.splitlines()) == 1


def test_sentences_fit_the_terminal_and_what_is_pasted_stays_whole():
    """A sentence is broken at the width, Chinese counted twice; rows of a table, commands and parameters are not."""
    long = "guarantee: at least 0.963 of the best plan under these rules, wrong with chance 0.05, within the model"
    han = "    219 名用户未同意用于计划，已连同其关系一并剔除：触达被低估，渠道 6 个"
    kept = [
        "look up: graphkit query partners/audience --param label=Film --param id=f01 --param minCell=50",
        "查证：graphkit query partners/audience --param label=Film --param id=f01 --param minCell=50",
        ":param {purchases: [{channel: 'c42', wave: 1}, {channel: 'c44', wave: 1}], minCell: 50};",
        f"{'c42':<40}  {'优酷' * 20}",
    ]
    lines = fit_lines("\n".join([long, han, *kept]), 60).split("\n")
    assert lines[-4:] == kept
    assert all(width_of(line) <= 60 for line in lines[:-4])
    assert lines[1].startswith("  ")
    assert " ".join(line.strip() for line in lines[:2]) == long
    assert all(line.startswith("    ") for line in lines[2:-4])  # below its hint
    assert fit_lines(long, None) == long
