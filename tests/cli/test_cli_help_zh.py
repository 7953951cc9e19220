"""Help in Chinese: every text has its form, lines fit the terminal, and who reads English pays nothing for it."""

import re
import subprocess
import sys
import tomllib
from importlib.resources import files
from inspect import cleandoc

import click
import pytest

from graphkit.cli import cli, run
from graphkit.cli.commands import COMMANDS, SECTIONS
from graphkit.cli.help import help_in_chinese
from graphkit.report.text_width import width_of, wrap

HELP = "--help"


def _commands():
    """Every command and group with its words."""
    yield (), cli
    ctx = click.Context(cli, info_name="graphkit")
    for name in COMMANDS:
        command = cli.get_command(ctx, name)
        yield (name,), command
        for inner, found in getattr(command, "commands", {}).items():
            yield (name, inner), found


ALL = list(_commands())


def _hanzi(text):
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def _texts(command):
    """What a command says of itself: paragraphs, options, and the sentence that lists show."""
    yield from cleandoc(command.help).split("\n\n")
    yield command.get_short_help_str(limit=200)
    ctx = click.Context(command, info_name="x")
    yield from (option.help for option in command.get_params(ctx) if getattr(option, "help", None))


@pytest.mark.parametrize(("words", "command"), ALL, ids=[" ".join(words) or "graphkit" for words, _ in ALL])
def test_every_text_of_help_has_chinese(words, command):
    """Options, paragraphs and the sentence in a list of commands."""
    assert [text for text in _texts(command) if not _hanzi(help_in_chinese(text))] == []


def test_every_entry_is_still_said():
    """No text of the catalogue stands for one that has changed; lines of the top help and headings are among them."""
    said = {" ".join(text.split()).split("  [")[0] for _, command in ALL for text in _texts(command)}
    said = {text.split(" [default")[0] for text in said} | {entry.help for entry in COMMANDS.values()}
    tables = tomllib.loads(files("graphkit.report").joinpath("help_zh.toml").read_text(encoding="utf-8"))
    assert set(tables["texts"]) - said == set()
    assert {entry.help for entry in COMMANDS.values()} <= set(tables["texts"])
    assert set(SECTIONS) <= set(tables["headings"])


@pytest.mark.parametrize("columns", ["60", "80"])
@pytest.mark.parametrize(("words", "command"), ALL, ids=[" ".join(words) or "graphkit" for words, _ in ALL])
def test_lines_of_chinese_help_fit(words, command, columns, capsys, monkeypatch):
    """In cells of a terminal, but for a command line to type; a mark that closes stands behind what it closes."""
    del command
    monkeypatch.setenv("COLUMNS", columns)
    assert run(["--lang", "zh", *words, HELP]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("用法：")
    assert [line for line in lines if _hanzi(line) and "graphkit" not in line and width_of(line) > int(columns)] == []
    assert [line for line in lines if line.strip().startswith(("，", "。", "；", "）"))] == []


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("words", "command"), ALL, ids=[" ".join(words) or "graphkit" for words, _ in ALL])
def test_help_fits_a_terminal_of_40_columns(words, command, lang, capsys, monkeypatch):
    """No terminal has to break a line once more but a command to type; long lists of choices break behind a bar."""
    del command
    monkeypatch.setenv("COLUMNS", "40")
    assert run(["--lang", lang, *words, HELP]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("  graphkit ")]
    assert [line for line in lines if width_of(line) > 40] == []
    assert [line for line in lines if re.match(r"  --[a-z-]+ \[[^\]]*$", line) and not line.endswith("|")] == []


def test_ranges_and_defaults_are_said_beside(capsys):
    """What click puts in brackets keeps its values."""
    assert run(["--lang", "zh", "simulate", HELP]) == 0
    out = "".join(capsys.readouterr().out.split())
    assert "[默认：10000;x>=1]" in out
    assert "[必填]" in out
    assert run(["--lang", "both", "simulate", HELP]) == 0
    out = "".join(capsys.readouterr().out.split())
    assert "最多计入的步数。Hopscountedatmost." in out


def test_lines_break_by_cells_and_not_before_a_closing_mark():
    """Two cells a Chinese character; a bracket or comma hangs on its word."""
    assert wrap("触达（一）、购买。", 10) == ["触达", "  （一）、", "  购买。"]


def test_english_help_reads_no_catalogue():
    """Neither the file nor its parser is touched."""
    code = (
        "import sys; from graphkit.cli import run; run(['--lang', 'en', 'plan', '--help']); "
        "assert 'tomllib' not in sys.modules, 'read for nothing'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
