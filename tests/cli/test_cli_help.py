"""Help: fast, complete, with examples, and forgiving."""

import os
import re
import subprocess
import sys

import click
import pytest
from command_leaves import LEAVES

from graphkit.cli import cli, run
from graphkit.cli.commands import COMMANDS

BUDGET = 0.25  # seconds of processor time; the promise is 0.15 s on a quiet machine, and tests run on busy ones


def test_help_lists_every_command_with_its_line(capsys):
    """The top help names each command once, with the line that stands as data."""
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    for name, entry in COMMANDS.items():
        assert re.search(rf"^\s+{name}\s+\S", out, re.MULTILINE), name
        assert entry.help.split()[0] in out


@pytest.mark.parametrize("words", [words for words, _ in LEAVES], ids=" ".join)
def test_each_command_has_help_with_an_example(words, capsys):
    """Each help page ends with 0 and shows a line that begins with the command."""
    assert run([*words, "--help"]) == 0
    out = capsys.readouterr().out
    assert re.search(rf"^  graphkit {' '.join(words)}\b", out, re.MULTILINE)


@pytest.mark.parametrize(("words", "command"), LEAVES, ids=[" ".join(words) for words, _ in LEAVES])
def test_each_example_parses(words, command):
    """Examples use options that exist: they parse without running."""
    import shlex

    for line in command.examples:
        text = line.split(" && ")[0].split(" > ")[0].split(" || ")[0]
        tokens = shlex.split(text)
        tokens = tokens[tokens.index(words[0]) + len(words) :]
        ctx = click.Context(cli, info_name="graphkit")
        command.make_context(words[-1], tokens, parent=ctx)


@pytest.mark.parametrize(("words", "command"), LEAVES, ids=[" ".join(words) for words, _ in LEAVES])
def test_no_option_tells_two_defaults(words, command):
    """A default in words stands instead of the value, not beside it."""
    context = click.Context(command, info_name=words[-1], show_default=True)
    records = [option.get_help_record(context) or ("", "") for option in command.params]
    assert [name for name, text in records if text.count("[default:") > 1] == []


def test_short_help_matches_the_commands():
    """A command listed as data exists under that name with a docstring."""
    assert {words[0] for words, _ in LEAVES} == set(COMMANDS)
    assert all((command.help or "").strip() for _, command in LEAVES)


@pytest.mark.parametrize(("typed", "meant"), [("plann", "plan"), ("patners", "partners"), ("serch", "search")])
def test_unknown_command_names_the_close_one(typed, meant, capsys):
    """A mistyped command ends with 2 and says what it may have been."""
    assert run([typed]) == 2
    assert f"'{meant}'" in capsys.readouterr().err


def test_help_is_fast_and_light():
    """The whole process of --help stays light: no numeric library is imported, the processor time is bounded."""
    code = "import sys; sys.argv = ['graphkit', '--help']\nfrom graphkit.cli import main\ntry: main()\nexcept SystemExit: pass\nprint(sorted(sys.modules), file=sys.stderr)"
    seconds = []
    for _ in range(5):
        before = os.times()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        after = os.times()
        seconds.append(after.children_user + after.children_system - before.children_user - before.children_system)
    heavy = {"numpy", "scipy", "pandas", "numba", "neo4j", "rich", "pyarrow", "arcadedb"}
    assert not heavy & set(re.findall(r"'(\w+)'", done.stderr))
    assert min(seconds) < BUDGET


def test_version_is_one_line(capsys):
    """--version prints name and number and nothing else."""
    assert run(["--version"]) == 0
    out = capsys.readouterr().out
    assert re.fullmatch(r"graphkit \S+\n", out)


def test_examples_name_what_the_demo_holds():
    """Users and folders of an example exist beside ``graphkit demo``, so that the line can be pasted there: u01 and dump/ did not."""
    lines = [line for _, command in LEAVES for line in command.examples]
    users = {word for line in lines for word in re.findall(r"\bu\d+\b", line)}
    assert users
    assert all(re.fullmatch(r"u\d{4}", user) for user in users)
    folders = {word for line in lines for word in re.findall(r"\b(?:check|load|learn --events) (\S+/)", line)}
    assert folders <= {"data/", "pages/"}  # pages/ shows a mapping, which a demo does not need
