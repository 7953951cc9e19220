"""What commands print on a narrow terminal: sentences broken at its width, on stdout and stderr, in either language."""

from types import SimpleNamespace

import pandas as pd
import pytest

from graphkit.cli import run
from graphkit.cli.errors import report_error
from graphkit.cli.language import fitted, told, width_on
from graphkit.cli.output import emit, table
from graphkit.errors import UnknownNode
from graphkit.report.spoken import chinese
from graphkit.report.text_width import width_of

SENTENCE = "a channel is used at most capacity times per wave; every use exposes anew with the same chance"


@pytest.fixture
def terminal(monkeypatch):
    """Make stdout and stderr a terminal of 60 cells."""

    def fake():
        for name in ("stdout", "stderr"):
            monkeypatch.setattr(f"sys.{name}.isatty", lambda: True)
        monkeypatch.setenv("COLUMNS", "60")

    return fake


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_sentences_below_a_table_are_broken_on_a_terminal(lang, terminal, capsys, monkeypatch):
    """94 cells become two lines; into a pipe goes one."""
    monkeypatch.setenv("GRAPHKIT_LANG", lang)
    emit(form="table", output=None, rows=[], columns=(), text=f"assumed: {SENTENCE}")
    whole = capsys.readouterr().out
    assert whole.count("\n") == 1
    terminal()
    emit(form="table", output=None, rows=[], columns=(), text=f"assumed: {SENTENCE}")
    lines = capsys.readouterr().out.rstrip("\n").split("\n")
    assert len(lines) > 1
    assert all(width_of(line) <= 60 for line in lines)
    assert "".join(lines).replace(" ", "") == whole.replace(" ", "").rstrip("\n")


def test_a_file_gets_whole_sentences(terminal, tmp_path):
    """-o never depends on the window in which it was typed."""
    terminal()
    emit(form="table", output=str(tmp_path / "plan.txt"), rows=[], columns=(), text=SENTENCE)
    assert (tmp_path / "plan.txt").read_text() == f"{SENTENCE}\n"


def test_errors_are_broken_too(terminal, capsys):
    """A long list of names in an error stays inside the window."""
    terminal()
    error = UnknownNode(
        f"there is no thing; it knows {', '.join(f'items.c{i}.adds' for i in range(20))}", kind="thing", name="x"
    )
    assert report_error(error) == 2
    assert all(width_of(line) <= 60 for line in capsys.readouterr().err.split("\n"))
    assert run(["plan", "--for", "nothing", "--budget", "100"]) == 2
    assert all(width_of(line) <= 60 for line in capsys.readouterr().err.split("\n"))


def test_the_width_is_that_of_the_stream(capsys, monkeypatch):
    """No terminal, no width; COLUMNS wins; a terminal that does not say holds 100 cells."""
    import sys

    assert width_on(sys.stderr) is None
    assert fitted(SENTENCE, sys.stderr) == SENTENCE
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.delenv("COLUMNS", raising=False)
    assert width_on(sys.stderr) == 100
    monkeypatch.setenv("COLUMNS", "44")
    assert width_on(sys.stderr) == 44


def test_hints_are_whole_sentences_of_one_language():
    """No hint is half translated by the words in it."""
    assert chinese("fill the column amount") == "请补上 amount 列"
    assert chinese("the plan p.json claims no 'zzz'") == "计划 p.json 没有结论项 'zzz'"
    assert chinese("it makes 70 claims, such as reach, spent: graphkit evidence p.json").startswith("它有 70 项结论")


def test_a_line_begins_with_no_closing_bracket():
    """A name in brackets of half width breaks before the bracket that opens it, never before the one that closes it."""
    from graphkit.report.text_width import wrap

    text = "计划 P-c4ebead9，推广 Film:f01 (流浪者)：目标 触达，预算 1,000 CNY，花费 1,000 CNY [实测], 花费"
    for width in range(8, 60):
        lines = [line.strip() for line in wrap(text, width)]
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert not [line for line in lines if line[0] in ")]：，,；" or line[-1] in "(["]


@pytest.mark.parametrize(
    ("rows", "there"),
    [
        ([{"check": "python", "value": "3.11.7"}], "值"),
        ([{"claim": "reach", "value": 12.0}], "值"),
        ([{"state": "new", "value": 12.0}], "价值"),
        ([{"of": "User", "allowed": None, "ends": None}], "所属  允许值  两端"),
    ],
)
def test_the_value_of_a_check_is_no_worth(rows, there, monkeypatch):
    """What was read stands under another word than what something is worth; every heading of the data dictionary is Chinese."""
    monkeypatch.setenv("GRAPHKIT_LANG", "zh")
    head = table(rows).split("\n")[0]
    assert head.endswith(there)
    assert ("价值" in head) is (there == "价值")


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "shown up to step 11 of 39; --format json lists all"),
        ("zh", "显示到第 11 步，共 39 步；--format json 列出全部"),
    ],
)
def test_steps_that_are_not_shown_are_told(lang, said, monkeypatch):
    """The last line says which step is the last one and where all of them stand; dots alone look like a cut."""
    from graphkit.cli.simulate import _steps_text

    monkeypatch.setenv("GRAPHKIT_LANG", lang)
    steps = [{"step": i, "newly_active": 1.0, "lower": 0.5, "upper": 1.5} for i in range(40)]
    assert told(_steps_text(steps)).split("\n")[-1] == said
    assert _steps_text(steps[:12]).count("\n") == 2 + 12


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_exposures_of_a_design_fit_a_window_of_40(lang, terminal, monkeypatch):
    """Four classes of exposure, their users and chances: a table, in which nothing is wider than the window."""
    from graphkit.cli.experiment import _exposures_text

    terminal()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("GRAPHKIT_LANG", lang)
    frame = pd.DataFrame(
        {"exposure": ["treated_treated", "control_treated"], "users": [2767, 0], "probability": [0.28721, 0.0]}
    )
    lines = _exposures_text(SimpleNamespace(exposure=frame)).split("\n")
    assert max(map(width_of, lines)) <= 40
    assert [line.split() for line in lines if "treated" in line] == [
        ["treated_treated", "2,767", "0.287"],
        ["control_treated", "0", "0"],
    ]
