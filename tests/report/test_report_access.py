"""The page for everybody: contrast in both schemes, headings in order, headers that name their cells, keys that scroll."""

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from graphkit.report import charts
from graphkit.report.page import render_page
from graphkit.report.page_style import STYLE
from graphkit.report.svg import BROAD, SLIM

ITEM = {
    "channel": "c1",
    "name": "抖音·科学小飞",
    "wave": 1,
    "cost": 200,
    "adds": 413.25,
    "adds_interval": [400, 420],
    "exclusive": 380.0,
    "exclusive_interval": [371, 389],
    "alone": 413.25,
    "alone_interval": [413.25, 413.25],
    "reasons": ["新增 413 | adds 413"],
}
PLAN = {
    "plan": "P-7f3a",
    "for": "Film:f01",
    "objective": "reach",
    "budget": 500,
    "spent": 200,
    "items": [ITEM],
    "reach": {"mean": 413.25, "interval": [400, 426], "interval_with_model_uncertainty": [300, 500]},
    "certificate": {"lower": 390.0, "upper": 440.0, "ratio": 0.88, "delta": 0.05},
    "adding_up_would_have_said": 430.0,
    "baselines": {"price_per_contact": 413.25, "sainsbury": 413.25, "top_degree": 300.0},
    "rejected": [{"channel": "c4", "rule": "rights", "reason": "its cost is unknown"}],
    "assumptions": ["receptivity is not measured: 1 for every user"],
    "claims": [{"claim": "reach", "value": 413.25, "query": None, "params": {}, "replay": {"snapshot": "abc"}}],
    "manifest": {"seed": 7, "snapshot": "9f", "versions": {"numpy": "2.4"}, "digest": "7f3a", "engine": "threads"},
}
SCHEMES = {"light": STYLE, "dark": STYLE.split("prefers-color-scheme:dark")[1]}


def _luminance(colour):
    """WCAG 2.2, relative luminance of #rgb or #rrggbb."""
    digits = colour.lstrip("#")
    parts = [digits[i : i + 2] for i in (0, 2, 4)] if len(digits) == 6 else [2 * digit for digit in digits]
    linear = [
        x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in (int(part, 16) / 255 for part in parts)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(a, b):
    bright, dim = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_contrast_of_known_pairs():
    """Black on white is 21; #767676 on white is the grey that just passes."""
    assert _contrast("#000", "#fff") == pytest.approx(21)
    assert _contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("ink", ["ink", "muted", "main"])
@pytest.mark.parametrize("ground", ["paper", "pale"])
def test_texts_are_readable_in_both_schemes(scheme, ink, ground):
    """At least 4.5 to 1, as WCAG asks of small text."""
    known = dict(re.findall(r"--(\w+):(#[0-9a-f]+)", SCHEMES[scheme].split("}")[0]))
    assert _contrast(known[ink], known[ground]) >= 4.5


@pytest.mark.parametrize("frame", [BROAD, SLIM])
def test_numbers_on_colours_are_readable(frame):
    """At least 4.5 to 1 for each number of a matrix from palest to deepest, and for the white ones on a bar of shares."""
    values = [i / 20 for i in range(21)]
    matrix = str(charts.heatmap(["a"] * 21, [values] * 21, "x", str, frame))
    pairs = re.findall(r'fill="(#\w{6})"/><text[^>]*fill="(#\w{6})">', matrix)
    assert len(pairs) == 21 * 21
    assert min(_contrast(ground, ink) for ground, ink in pairs) >= 4.5
    whole = str(charts.shares([(str(i), 1.0) for i in range(5)], "x", str, BROAD))
    shown = re.findall(r'fill="(#\w{6})"/><text[^>]*fill="#ffffff"', whole)
    assert len(shown) == 5
    assert min(_contrast(ground, "#ffffff") for ground in shown) >= 4.5


def test_a_chart_says_its_rows_in_words():
    """A picture hides its texts from screen readers: the description holds each name with its number."""
    html = render_page(PLAN, lang="en")
    told = re.findall(r"<desc>([^<]*)</desc>", html)
    assert html.count("<svg") == len(told)
    assert "this plan 413 (400 – 426); price per contact 413; Sainsbury formula 413; largest audience 300" in told[2]
    assert str(charts.heatmap(["1 a", "2 b"], [[None, 0.25], [0.25, None]], "x", str)).count("2 b × 1 a 0.25") == 1


class _Outline(HTMLParser):
    """Tags with their attributes, in order."""

    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("lang", ["zh", "en", "zh+en"])
def test_a_screen_reader_finds_its_way(lang):
    """One h1, no level left out; sections and pictures have names, header cells a scope, wide tables a stop of the keyboard."""
    page = _Outline()
    page.feed(render_page(PLAN, lang=lang))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    names = {attrs["id"] for _, attrs in page.tags if "id" in attrs}
    assert all(attrs["aria-labelledby"] in names for tag, attrs in page.tags if tag == "section")
    assert all(attrs.get("scope") in {"col", "row"} for tag, attrs in page.tags if tag == "th")
    rows = [attrs.get("scope") == "row" for tag, attrs in page.tags if tag == "th"]
    assert sum(rows) == 1 + 1 + 1 + 5  # the channel, the refused one, the claim, the manifest
    assert all(attrs.get("aria-label") for tag, attrs in page.tags if tag == "svg")
    assert all(attrs.get("tabindex") == "0" for tag, attrs in page.tags if attrs.get("class") == "wide")
    assert ("html", {"lang": "en" if lang == "en" else "zh-CN"}) in page.tags


def test_every_sampled_number_of_a_purchase_shows_its_interval():
    """Adds, exclusive reach and the total with both ends; a number that is exact has none."""
    html = render_page(PLAN, lang="en")
    assert re.findall(r"<br><small>([^<]*)</small>", html) == ["400 – 420", "371 – 389", "400 – 426"]
    note = "small figures in tables: 95\N{NO-BREAK SPACE}% sampling intervals"
    assert note in html
    mean = PLAN["reach"]["mean"]
    assert note not in render_page(PLAN | {"reach": PLAN["reach"] | {"interval": [mean, mean]}}, lang="en")
