"""Whatever takes its time says on a terminal what it does and how far it is; never in a pipe, never on stdout."""

import io
from contextlib import contextmanager
from itertools import combinations

import numpy as np
import pytest
from rich.console import Console

from graphkit.cli import bars as shown
from graphkit.experiment.analyse import analyse_experiment
from graphkit.experiment.design import design_experiment
from graphkit.progress import Progress, step
from graphkit.projection.arrays import from_arrays
from graphkit.report.spoken import word
from graphkit.synthetic.campaign import write_campaign


@pytest.fixture(scope="module")
def home(tmp_path_factory, load):
    """Sixty made-up users."""
    root = tmp_path_factory.mktemp("progress")
    write_campaign(root / "data", n_users=60, clips=20, seed=3)
    return load(root)


@pytest.fixture
def plan(gk, home):
    """The file of a plan of two waves."""
    file = home / "plan.json"
    if not file.exists():
        words = ("--budget", "20000", "--waves", "2", "--seed", "1", "--format", "json", "-o", file)
        code, _, err = gk("plan", "--for", "Film:f01", *words)
        assert code == 0, err
    return file


@pytest.fixture
def told(monkeypatch):
    """The events told while stderr looks like a terminal."""
    events = []

    @contextmanager
    def recorded(**_):
        yield events.append

    monkeypatch.setattr(shown, "bars", recorded)
    monkeypatch.setattr("graphkit.cli.context._on_terminal", lambda: True)
    return events


PLAN = "PLAN"
COMMANDS = {
    "simulate": (("simulate", "--seeds", "u01", "--worlds", "1000"), "worlds"),
    "seeds": (("seeds", "--k", "2"), "reverse sets"),
    "overlap": (("overlap", "Channel:c01", "Channel:c02", "--spread", "--worlds", "50"), "reverse sets"),
    "plan": (("plan", "--for", "Film:f01", "--budget", "20000", "--no-keep"), "reverse sets"),
    "verify": (("verify", PLAN), "reverse sets"),
    "whatif": (("whatif", PLAN, "--budget", "15000"), "reverse sets"),
    "report": (("report", PLAN, "-o", "-"), "parts of the page"),
    "communities": (("communities", "--seed", "1"), "partitions"),
    "check": (("check", "DATA"), "read files"),
    "partners": (("partners", "--for", "Film:f01", "--max", "2"), "rows with evidence"),
    "rank": (("rank", "Film:f01", "--to", "Brand"), "rows with evidence"),
    "recommend": (("recommend", "u01", "u02", "u03"), "users"),
    "factors": (("recommend", "u01", "--by", "als"), "factors"),
    "clusters": (("profile", "--clusters", "0", "--min-cell", "1"), "numbers of clusters"),
    "evaluate": (("evaluate", PLAN, "--events", "DATA"), "channels"),
    "learn": (("learn", "--events", "DATA", "--no-keep"), "folds"),
    "sizes": (("learn", "--events", "DATA", "--no-keep"), "folds simulated"),
    "design": (("experiment", "design", PLAN, "--mde", "0.1", "--max-cut", "0.9"), "redraws"),
    "power": (("experiment", "design", "--max-cut", "0.9"), "effects tried"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_long_work_counts_with_totals(gk, plan, home, told, name):
    """A first line says what goes on; below it something is counted up to its total; each has its Chinese name."""
    words, phase = COMMANDS[name]
    code, _, err = gk(*({PLAN: plan, "DATA": home / "data"}.get(x, x) for x in words))
    assert code == 0, err
    counted = [event for event in told if event.phase == phase]
    assert counted, {event.phase for event in told}
    assert all(event.total is not None and 0 <= event.done <= event.total for event in counted)
    assert counted[-1].done == counted[-1].total
    for event in told:
        assert word(event.phase) != event.phase, event
        assert not event.unit or word(event.unit) != event.unit, event


def test_simulated_worlds_are_counted_as_asked(gk, home, told):
    """A thousand worlds are a thousand, however many the engine runs at once."""
    assert home
    assert gk("simulate", "--seeds", "u01", "--worlds", "1000")[0] == 0
    assert {event.total for event in told if event.phase == "worlds"} == {1000}


@pytest.mark.parametrize(
    "words",
    [
        ("profile", "u01"),
        ("replan", PLAN, "--events", "DATA", "--no-keep"),
        ("links", "--from", "User", "--to", "Film", "--top", "1"),
    ],
    ids=lambda words: words[0],
)
def test_work_that_counts_nothing_names_itself(gk, plan, home, told, words):
    """The line with the time gone by is there from the start, and the store is said to be opened."""
    code, _, err = gk(*({PLAN: plan, "DATA": home / "data"}.get(x, x) for x in words))
    assert code == 0, err
    phases = [event.phase for event in told]
    assert "open the store" in phases
    assert any(event.total is None and event.done == 0 for event in told), phases
    assert not {phase for phase in phases if word(phase) == phase}


@pytest.mark.parametrize(
    ("words", "phase"),
    [
        (("query", "browser/labels"), "ask the store"),
        (("export", "OUT"), "write files"),
        (("tag", "--in", "Course"), "compare texts"),
        (("search", "film"), "compare texts"),
        (("offers", "policy", "RULES"), "apply the rules"),
        (("outcomes", "propensity", "TEST", "--label", "bought"), "fit the model"),
        (("outcomes", "lifetime", "--events", "LOG"), "read events"),
        (("outcomes", "uplift", "TEST", "--treatment", "given", "--outcome", "bought"), "fit the model"),
        (
            ("outcomes", "retention", "TEST", "--duration", "age", "--event", "bought", "--feature", "given"),
            "fit the model",
        ),
    ],
    ids=lambda words: "-".join(words[:2]) if isinstance(words, tuple) else None,
)
def test_queries_texts_and_models_name_themselves(gk, home, told, tmp_path, words, phase):
    """What takes seconds on large data has its line with the time gone by, under a name in both languages."""
    (tmp_path / "RULES").write_text("target,offer,priority\nage>=18,o01,1\n")
    bought = [f"{1704067200 + day * 86400},u{i % 40 + 1:02d},purchase,9" for i in range(60) for day in range(i, 180, 7)]
    (tmp_path / "LOG").write_text("\n".join(["ts,user,kind,amount", *bought]) + "\n")
    people = [f"p{i},{i % 2},{int(i % 5 < 2 + i % 2)},{20 + i % 40}" for i in range(200)]
    (tmp_path / "TEST").write_text("\n".join(["id,given,bought,age", *people]) + "\n")
    code, _, err = gk(*({"DATA": home / "data"}.get(x, tmp_path / x if x.isupper() else x) for x in words))
    assert code == 0, err
    assert any(event.phase == phase and event.total is None for event in told), [event.phase for event in told]
    assert word(phase) != phase


def test_nothing_is_shown_in_a_pipe(gk, home, monkeypatch):
    """Without a terminal, with --no-progress or with -q no bar is ever made."""
    monkeypatch.setattr(shown, "bars", lambda **_: pytest.fail("a bar"))
    assert gk("simulate", "--seeds", "u01", "--worlds", "64")[0] == 0
    monkeypatch.setattr("graphkit.cli.context._on_terminal", lambda: True)
    for quiet in ("--no-progress", "-q"):
        assert gk(quiet, "simulate", "--seeds", "u01", "--worlds", "64")[0] == 0


def test_bars_leave_stdout_alone(monkeypatch, capsys):
    """What is printed while bars are shown is data: it goes where it always goes, with the numbers of the bars apart."""
    screen = io.StringIO()
    monkeypatch.setattr(shown, "Console", lambda **_: Console(file=screen, force_terminal=True, width=100))
    with shown.bars() as tell:
        tell(Progress("worlds", 0, 2_000, "worlds"))
        print("data")
        tell(Progress("worlds", 1_000, 2_000, "worlds"))
        tell(Progress("choose seeds", 0))
    assert capsys.readouterr().out == "data\n"
    assert "1,000/2,000" in screen.getvalue()
    assert "data" not in screen.getvalue()
    assert "/?" not in screen.getvalue()


def test_explaining_and_analysing_name_themselves(gk, plan, home, told, tmp_path):
    """Reading a large plan is named, an analysis counts its redraws."""
    assert gk("explain", plan)[0] == 0
    assert "explain the plan" in {event.phase for event in told}
    made = tmp_path / "design.json"
    assert gk("experiment", "design", "--mde", "0.1", "--max-cut", "0.9", "--format", "json", "-o", made)[0] == 0
    del told[:]
    code, _, err = gk("experiment", "analyse", made, "--events", home / "data", "--kind", "view")
    assert code == 0, err
    assert (told[-1].phase, told[-1].done, told[-1].total) == ("redraws", 16, 16)  # 1,000, 64 at a time


def test_redraws_behind_a_p_value_are_counted():
    """Forty groups of ten friends, so that the total effect is measured: 100 redraws are two blocks of at most 64, twice."""
    ties = np.array([(10 * g + a, 10 * g + b) for g in range(40) for a, b in combinations(range(10), 2)])
    graph = from_arrays(*ties.T, probability=0.1, directed=False)
    design = design_experiment(graph, mde=0.2, n_clusters=40, n_redraws=100, n_runs=50, rng=1)
    events = []
    analyse_experiment(design, graph, design.treated.astype(float), n_redraws=100, progress=events.append)
    last = {event.phase: (event.done, event.total) for event in events}
    assert last == {"redraws": (2, 2), "redraws without an effect": (2, 2)}
    assert not {phase for phase in last if word(phase) == phase}


def test_a_step_that_fails_stays_undone():
    """A bar is full only behind work that was done."""
    events = []
    with pytest.raises(ZeroDivisionError), step("open the store", events.append):
        _ = 1 / 0
    assert [(event.done, event.total) for event in events] == [(0, 1)]
