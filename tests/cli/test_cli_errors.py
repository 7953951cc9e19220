"""Exit codes and messages."""

import errno
import os
import pickle
import stat
from pathlib import Path

import click
import pytest

from graphkit import errors
from graphkit.cli import run
from graphkit.cli.errors import exit_code, readable, report_error
from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.planning.rules import read_rules

CODES = [
    (errors.InvalidParameter("x"), 2), (errors.MissingExtra("x"), 2), (errors.UnknownName("x"), 2), (errors.UnknownNode("x"), 2),
    (errors.QueryNotFound("x"), 2), (errors.DataInvalid("x"), 3), (errors.StoreError("x"), 4), (errors.StoreUnavailable("x"), 4),
    (errors.DeadlineExceeded("x"), 4), (errors.WriteRefused("x"), 4), (errors.EngineError("x"), 4), (errors.Infeasible("x"), 5),
    (errors.Unfinished("x"), 6), (errors.TimeLimit("x"), 6), (errors.NotConverged("x"), 6), (click.UsageError("x"), 2),
    (errors.GraphkitError("x"), 1), (RuntimeError("x"), 1), (ValueError("x"), 1),
]  # fmt: skip


@pytest.mark.parametrize(("error", "code"), CODES, ids=[type(error).__name__ for error, _ in CODES])
def test_exit_codes(error, code):
    """The table of the handbook, class by class."""
    assert exit_code(error) == code


def test_every_error_class_has_a_code():
    """No class of ours falls through to 'a bug', but the bare base."""
    for name in errors.__all__:
        kind = getattr(errors, name)
        if isinstance(kind, type) and kind is not errors.GraphkitError:
            assert exit_code(pickle.loads(pickle.dumps(kind("x")))) != 1


def test_a_bug_shows_one_sentence_and_logs_the_rest(tmp_path, monkeypatch, capsys):
    """An unexpected error shows no traceback; the log is private and holds no password."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("NEO4J_PASSWORD", "gk-canary")
    with pytest.raises(RuntimeError) as caught:
        raise RuntimeError("secret gk-canary inside")
    assert report_error(caught.value) == 1
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert err.count("\n") == 1
    (log,) = (tmp_path / "graphkit").iterdir()
    assert str(log) in err
    text = log.read_text()
    assert "Traceback" in text
    assert "gk-canary" not in text
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_hint_stands_on_its_own_line(capsys):
    """Message first, next command second."""
    assert report_error(errors.StoreUnavailable("no store", hint="graphkit load DIR")) == 4
    assert capsys.readouterr().err == "Error: no store\nHint: graphkit load DIR\n"


def test_control_characters_become_visible():
    """An escape sequence in data cannot reach the terminal."""
    assert readable("a\x1b[31mb\x00c\u202ed\n电影") == "a\\x1b[31mb\\x00c\\u202ed\n电影"


@pytest.mark.parametrize("budget", ["abc", "nan", "-5", "inf"])
def test_bad_budgets_are_usage_errors(budget, capsys):
    """A budget is a finite number of at least 0."""
    assert run(["plan", "--for", "Film:f1", "--budget", budget]) == 2
    assert budget in capsys.readouterr().err


@pytest.mark.parametrize(
    ("node", "said"), [("Film", "LABEL:ID"), ("Flim:f1", "'Film'"), (":f1", "LABEL:ID"), ("Film:", "LABEL:ID")]
)
def test_bad_nodes_are_usage_errors(node, said, capsys):
    """LABEL:ID must be both, and the label known."""
    assert run(["plan", "--for", node, "--budget", "1"]) == 2
    assert said in capsys.readouterr().err


def test_first_colon_splits():
    """Brand:b:天猫 is the brand b:天猫."""
    from graphkit.cli.options import LABEL_ID

    assert LABEL_ID.convert("Brand:b:天猫", None, None) == ("Brand", "b:天猫")


def test_store_that_is_not_there(tmp_path, monkeypatch, capsys):
    """A reading command makes no empty store: it ends with 4 and names the next command."""
    monkeypatch.setattr("graphkit.cli.context.install", lambda: None)
    assert run(["--store", str(tmp_path / "none"), "communities"]) == 4
    assert "graphkit load" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "free some space, or name another place"),
        (errno.EROFS, "name another place, or ask for the right to use this one"),
        (errno.EIO, "check the path, or name another one"),
    ],
)
def test_what_the_system_refuses_has_a_next_step(number, hint, capsys):
    """Exit 3, the place, the reason and what to do."""
    assert report_error(OSError(number, os.strerror(number), "/data/plan.json")) == 3
    said = f"Error: the system refused /data/plan.json: {os.strerror(number)}\nHint: {hint}\n"
    assert capsys.readouterr().err == said


def test_files_that_cannot_be_read_have_a_next_step(tmp_path, monkeypatch, capsys):
    """A text of one's own, a plan, rules, and a directory without a name."""
    monkeypatch.setattr("graphkit.cli.context.install", lambda: None)
    store, absent, broken = str(tmp_path / "store"), str(tmp_path / "none.toml"), tmp_path / "broken.json"
    broken.write_text("{", encoding="utf-8")
    for args, code, said in [
        (["query", "--file", absent], 2, "Hint: check the path, or name another one"),
        (["query", "recommend/popular", "--param", "top=x"], 2, "Hint: write it like: --param top=20"),
        (["explain", str(broken)], 2, "Hint: write it with graphkit plan --format json -o plan.json"),
        (["load", ""], 2, "'' is empty; . is the current folder"),
        (["check", " "], 2, "' ' is empty; . is the current folder"),
    ]:
        assert run(["--store", store, *args]) == code, args
        assert said in capsys.readouterr().err
    for name, error in ((absent, InvalidParameter), (str(broken), DataInvalid)):
        with pytest.raises(error) as caught:
            read_rules(Path(name))
        assert caught.value.hint == 'write rules in TOML or JSON, such as forbidden = ["c7"]'


@pytest.mark.parametrize(
    ("option", "where"), [("--film", "Film:ID"), ("--course", "Course:ID"), ("--brand", "Brand:ID")]
)
def test_the_label_as_an_option_is_answered_with_where_it_stands(option, where, capsys):
    """`plan --film f01` is what many would type; a command without --for says only that there is no such option."""
    assert run(["plan", option, "x1", "--budget", "10"]) == 2
    assert f"No such option '{option}'. What is promoted stands in --for {where}." in capsys.readouterr().err
    assert run(["rank", option, "x1", "--to", "Brand"]) == 2
    assert "--for" not in capsys.readouterr().err
    assert run(["--lang", "zh", "partners", option, "x1"]) == 2
    assert f"没有选项 '{option}'。推广对象写在 --for {where}。" in capsys.readouterr().err
