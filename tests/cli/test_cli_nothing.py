"""Values that say nothing or too much: an empty text, nan, a seed of 23 digits; each refused by the name of its option."""

import threading
import time

import pytest

from graphkit.cli import run

EMPTY = [
    ("--store", ["--store", "", "doctor"]),
    ("--config", ["--config", "", "doctor"]),
    ("--output", ["doctor", "-o", ""]),
    ("--bipartite", ["communities", "--bipartite", ""]),
    ("--target", ["plan", "--for", "Film:f01", "--budget", "5", "--target", " "]),
    ("--min-cell", ["partners", "--for", "Film:f01", "--min-cell", ""]),
    ("--via", ["seeds", "--k", "2", "--via", "KNOWS", "--via", ""]),
    ("--kind", ["experiment", "design", "--kind", ""]),
    ("DIRECTORY", ["demo", ""]),
    ("DIRECTORY", ["load", ""]),
]


@pytest.mark.parametrize(("named", "words"), EMPTY, ids=[" ".join(words) for _, words in EMPTY])
def test_an_empty_text_is_refused_by_name(named, words, tmp_path, monkeypatch, capsys):
    """A shell variable that is not set neither means "not given" nor this folder, nor is it found out after the work."""
    monkeypatch.chdir(tmp_path)
    assert run(words) == 2
    err = capsys.readouterr().err
    assert named in err
    assert "''" in err or "' '" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [["demo", "--budget-share"], ["seeds", "--k", "2", "--epsilon"]], ids=" ".join)
def test_nan_lies_in_no_range(words, tmp_path, monkeypatch, capsys):
    """Comparisons let nan through; it is refused before any work, by the option that bears it."""
    monkeypatch.chdir(tmp_path)
    assert run([*words, "nan"]) == 2
    assert f"'{words[-1]}': nan is not a number" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


PLAN = ["plan", "--for", "Film:f01", "--budget", "5"]


@pytest.mark.parametrize(
    "words",
    [["demo", "--seed"], ["simulate", "--seeds", "u1", "--seed"], [*PLAN, "--max-steps"], [*PLAN, "--seed"]],
    ids=" ".join,
)
def test_more_digits_than_an_integer_has_are_refused_by_the_option(words, tmp_path, monkeypatch, capsys):
    """2**63 - 1 is a seed, 2**63 is none; the message speaks of the option, not of the library's generators or kernels."""
    monkeypatch.chdir(tmp_path)
    assert run([*words, str(2**63)]) == 2
    assert f"'{words[-1]}': {2**63} is not below 2**63" in capsys.readouterr().err
    assert run([*words, str(2**63 - 1), "--no-such"]) == 2
    assert words[-1] not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "allowed"),
    [(["demo", "--users", "10000000"], "200<=x<=1000000"), ([*PLAN, "--waves", "100000"], "1<=x<=1000")],
    ids=["users", "waves"],
)
def test_a_number_with_zeros_too_many_is_refused(words, allowed, capsys):
    """Neither may run until the memory is gone."""
    assert run(words) == 2
    assert allowed in capsys.readouterr().err


@pytest.mark.parametrize("before", [True, False], ids=["lang first", "config first"])
def test_a_refused_settings_file_is_told_in_the_language_asked_for(before, tmp_path, capsys):
    """--config is read before all else, but not told before --lang is known."""
    config, lang = ["--config", str(tmp_path / "none.toml")], ["--lang", "zh"]
    assert run([*(lang + config if before else config + lang), "doctor"]) == 2
    assert capsys.readouterr().err.startswith("错误：无法读取设置文件 ")


def test_help_needs_no_sound_settings_file(tmp_path, monkeypatch, capsys):
    """Who mends graphkit.toml may ask for help meanwhile."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "graphkit.toml").write_text("seed = [")
    assert run(["--help"]) == 0
    assert run(["doctor"]) == 2
    assert "graphkit.toml is no valid TOML" in capsys.readouterr().err


def test_searching_for_nothing_finds_nothing(tmp_path, monkeypatch, capsys):
    """The words to search for are no path: nothing known in them is an answer with its reason, not a mistake."""
    monkeypatch.chdir(tmp_path)
    assert run(["search", ""]) != 0
    assert "is empty" not in capsys.readouterr().err


def test_a_time_limit_beyond_every_clock_is_no_limit(monkeypatch):
    """A waiting thread refuses 10**20 seconds with a traceback in the middle of the output; the limit is then as long as it can wait."""
    from graphkit.cli.interrupts import deadline

    died: list[object] = []
    monkeypatch.setattr(threading, "excepthook", died.append)
    with deadline(1e20, "too late"):
        time.sleep(0.1)
    assert died == []
