"""The page in a real browser: drawn, not blank, both languages on it, nothing run and nothing asked of the network."""

import json
import re
import shutil
import subprocess

import matplotlib.image
import pytest

from graphkit.report.page import render_page

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PDFTOTEXT = shutil.which("pdftotext")
ON_PAPER = pytest.mark.skipif(
    BROWSER is None or PDFTOTEXT is None, reason="no chromium or no pdftotext: the page was not printed"
)
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# What a window of the page's own width shows: its width, cells that break a number or a short word, cells without the
# name of their column, tables and charts that are cut, and the smallest letters of a chart, px.
PROBE = """<script>addEventListener("load", () => {
const narrow = [...document.querySelectorAll("#plan tbody td.num, #waves td, td.rule")].filter(x => {
  const range = document.createRange(); range.selectNodeContents(x.querySelector("a") || x.firstChild);
  return new Set([...range.getClientRects()].map(r => Math.round(r.top))).size > 1; }).map(x => x.textContent);
console.log("PROBE" + JSON.stringify({page: document.documentElement.scrollWidth, narrow,
  nameless: [...document.querySelectorAll("#plan, #waves, #materials, #partners")].flatMap(x => [...x.querySelectorAll("tbody td:not(.place)")])
    .filter(x => !getComputedStyle(x, "::before").content.replace(/"/g, "")).length,
  cut: [...document.querySelectorAll("figure, .wide")].filter(x => x.scrollWidth > x.clientWidth + 1).length,
  letters: Math.min(...[...document.querySelectorAll("svg")].filter(x => x.clientWidth).map(x => 13 * x.clientWidth / x.viewBox.baseVal.width))}) + "END"); });</script>"""
HOSTILE = "<script>document.title='ran'</script><img src=x onerror=\"document.title='ran'\">"
PLAN = {
    "schema_version": 1,
    "plan": "P-7f3a",
    "for": "Film:f01",
    "objective": "reach",
    "budget": 500,
    "spent": 200,
    "items": [
        {
            "channel": "c1",
            "name": HOSTILE,
            "wave": 1,
            "material": None,
            "cost": 200,
            "adds": 413.25,
            "adds_interval": [400, 420],
            "exclusive": 380.0,
            "alone": 413.25,
            "evidence": "real",
            "reasons": ["新增 413 | adds 413"],
        }
    ],
    "reach": {"mean": 413.25, "interval": [400, 426], "interval_with_model_uncertainty": [300, 500]},
    "certificate": {"lower": 390.0, "upper": 440.0, "ratio": 0.88, "delta": 0.05},
    "adding_up_would_have_said": 413.25,
    "baselines": {"price_per_contact": 413.25, "sainsbury": 413.25, "top_degree": 300.0},
    "unspent_because": "余 300 | 300 is left",
    "rejected": [],
    "assumptions": [],
    "claims": [{"claim": "reach", "value": 413.25, "query": None, "params": {}, "replay": {"snapshot": "abc"}}],
    "manifest": {
        "seed": 7,
        "snapshot": "9f",
        "versions": {"numpy": "2.4"},
        "digest": "7f3a",
        "engine": "threads",
        "seconds": 1.2,
    },
}
WAVE = {
    "wave": 1,
    "starts_ts": 1_709_251_200,
    "budget": 1_234_567,
    "spent": 1_234_567,
    "one_off": 12_345,
    "purchases": 2,
    "adds": 413.25,
    "adds_interval": [400, 420],
}
PARTNERS = {
    "partners": [
        {
            "partner": f"k{i}",
            "name": "A partner with a long name " * 2,
            "rank": i,
            "fit": 0.8,
            "fit_rank_interval": [1, 7],
            "scores": dict.fromkeys(("theme", "audience", "brand", "data", "will", "goal"), 0.5),
            "adds": 327.0,
            "exclusive": 184.0,
            "reasons": ["新增触达 327 人 | adds 327 users"],
        }
        for i in (1, 2)
    ]
}


@pytest.mark.skipif(BROWSER is None, reason="no chromium on this machine: the page was not drawn")
def test_a_browser_draws_the_page(tmp_path):
    """The screenshot shows many colours over its whole height; text of the data stays text."""
    page, picture = tmp_path / "plan.html", tmp_path / "plan.png"
    page.write_text(render_page(PLAN), encoding="utf-8")
    call = [BROWSER, *QUIET, f"--user-data-dir={tmp_path / 'profile'}"]
    subprocess.run(
        [*call, "--window-size=1200,1600", f"--screenshot={picture}", page.as_uri()],
        check=True,
        capture_output=True,
        timeout=120,
    )
    seen = (matplotlib.image.imread(picture)[:, :, :3] * 255).astype(int)
    colours = seen[..., 0] * 65536 + seen[..., 1] * 256 + seen[..., 2]
    assert len(set(colours.ravel().tolist())) > 50
    assert sum(len(set(band.ravel().tolist())) > 5 for band in (colours[:500], colours[500:1000])) == 2
    done = subprocess.run([*call, "--dump-dom", page.as_uri()], check=True, capture_output=True, text=True, timeout=120)
    assert "<title>ran" not in done.stdout
    assert "渠道计划" in done.stdout
    assert "Channel plan" in done.stdout


@pytest.mark.skipif(BROWSER is None, reason="no chromium on this machine: the page was not drawn")
def test_a_telephone_shows_whole_words_and_numbers(tmp_path):
    """At 360 pixels nothing is cut: tables are stacked, each cell under the name of its column, charts have letters one can read, and no cell is narrower than its number."""
    plan = PLAN | {
        "items": [PLAN["items"][0] | {"name": "超长渠道名称" * 6, "material": "m1", "cost": 1_234_567}] * 3,
        "rejected": [{"channel": "c9", "rule": "not chosen", "reason": "用 280 可新增 67.2 | would add 67.2 for 280"}],
        "currency": "CNY",
        "waves": [WAVE, WAVE | {"wave": 2}],
    }
    page, frame = tmp_path / "plan.html", tmp_path / "frame.html"
    page.write_text(
        render_page(plan, partners=PARTNERS).replace("default-src 'none'", "default-src 'none' 'unsafe-inline'")
        + PROBE,
        encoding="utf-8",
    )
    frame.write_text(f"<body style='margin:0'><iframe src='{page.as_uri()}' style='border:0;width:360px;height:900px'>")
    call = [BROWSER, *QUIET, f"--user-data-dir={tmp_path / 'profile'}", "--allow-file-access-from-files"]
    call += ["--window-size=600,900", "--virtual-time-budget=3000", "--enable-logging=stderr", "--dump-dom"]
    done = subprocess.run(
        [*call, frame.as_uri()],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    seen = json.loads(re.search(r"PROBE(\{.*?\})END", done.stderr)[1])
    assert seen["page"] <= 360
    assert seen["narrow"] == []
    assert seen["nameless"] == 0
    assert seen["cut"] == 0
    assert seen["letters"] >= 11


@ON_PAPER
def test_evidence_takes_half_the_paper_and_loses_no_claim(tmp_path):
    """Claims stand in two columns: in rows of 4 mm more than 90 of them fit on one sheet; each is printed with its query or replay."""
    claims = [
        {
            "claim": f"items.c{i:03d}.alone",
            "value": i,
            "query": "evaluate/audience_of_set",
            "params": {},
            "replay": None,
        }
        for i in range(100, 220)
    ]
    sheets = printed(PLAN | {"claims": claims}, tmp_path)
    text = re.sub(r"\s", "", "".join(sheets))
    assert [row["claim"] for row in claims if row["claim"] not in text] == []
    assert text.count("evaluate/audience_of_set") == len(claims)
    assert max(sheet.count("items.c") for sheet in sheets) > 90


@ON_PAPER
def test_names_of_claims_and_queries_break_between_words_alone(tmp_path):
    """Beside a long claim and a long number a query was once printed as evaluate/audienc, then e_of_set."""
    names = ("against_baselines.price_per_contact", "adding_up_would_have_said", "items.c42.audience")
    row = {"value": 1_234_567, "query": "evaluate/audience_of_set", "params": {}, "replay": None}
    words = "".join(printed(PLAN | {"claims": [row | {"claim": name} for name in names]}, tmp_path)).split()
    assert sum(word.endswith("audience_of_set") for word in words) == len(names)
    assert {"against_baselines.", "price_per_contact", "adding_up_would_have_said", "items.c42.audience"} <= set(words)


@ON_PAPER
def test_the_last_sheet_is_never_one_lone_line(tmp_path):
    """However long the list before it, what ends the page stands together: where the plan comes from and what was not measured."""
    for n in (14, 16, 20, 30):
        sheets = printed(PLAN | {"assumptions": [f"假设 {i} | assumption {i}" for i in range(n)]}, tmp_path)
        assert all(words in sheets[-1] for words in ("digest", "versions", "Not measured", "Partners")), n


def printed(plan, folder):
    """Return the text of each sheet of the page as a browser prints it."""
    page, paper = folder / "plan.html", folder / "plan.pdf"
    page.write_text(render_page(plan, lang="en"), encoding="utf-8")
    call = [BROWSER, *QUIET, f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={paper}", page.as_uri()]
    subprocess.run(call, check=True, capture_output=True, timeout=120)
    done = subprocess.run([PDFTOTEXT, paper, "-"], check=True, capture_output=True, text=True, timeout=60)
    return done.stdout.split("\f")[:-1]
