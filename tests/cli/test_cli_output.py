"""Files appear whole; every format parses."""

import csv
import io
import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from graphkit.cli.errors import report_error
from graphkit.cli.language import spoken
from graphkit.cli.output import choose_format, emit, table, write_out

ROWS = [{"id": "a,1", "n": 1, "x": [1, 2]}, {"id": '=cmd"', "n": None, "x": None}]
COLUMNS = ("id", "n", "x")


@pytest.mark.parametrize(
    ("form", "output", "chosen"),
    [
        (None, None, "table"),
        (None, "a.json", "json"),
        (None, "a.CSV", "csv"),
        (None, "a.jsonl", "ndjson"),
        ("csv", "a.json", "csv"),
        (None, "a.txt", "table"),
    ],
)
def test_format_by_suffix(form, output, chosen):
    """The flag wins, then the suffix, then a table."""
    assert choose_format(form, output) == chosen


def test_json_is_plain_even_for_arrays(capsys):
    """NumPy values become plain JSON, NaN becomes null."""
    emit(form="json", output=None, rows=[{"a": np.int64(3), "b": np.array([1.5, np.nan])}], columns=("a", "b"))
    assert json.loads(capsys.readouterr().out) == [{"a": 3, "b": [1.5, None]}]


def test_ndjson_holds_one_row_a_line(capsys):
    """Each line is one object."""
    emit(form="ndjson", output=None, rows=ROWS, columns=COLUMNS)
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == ROWS


def test_csv_has_a_header_and_no_formula(capsys):
    """Cells that a spreadsheet would run are defused; lists are JSON."""
    emit(form="csv", output=None, rows=ROWS, columns=COLUMNS)
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out), strict=True))
    assert rows[0] == list(COLUMNS)
    assert rows[1] == ["a,1", "1", "[1, 2]"]
    assert not rows[2][0].startswith("=")


@pytest.mark.parametrize(("form", "text"), [("csv", "id,n,x\n"), ("ndjson", ""), ("json", "[]\n")])
def test_no_rows(form, text, capsys):
    """No row is still a valid document."""
    emit(form=form, output=None, rows=[], columns=COLUMNS)
    assert capsys.readouterr().out == text


def test_file_is_replaced_whole(tmp_path):
    """The old file stays until the new one is complete, and nothing is left beside it."""
    target = tmp_path / "new" / "out.txt"
    write_out("one\n", str(target))
    write_out("two\n", str(target))
    assert target.read_text() == "two\n"
    assert [path.name for path in target.parent.iterdir()] == ["out.txt"]


def test_failing_write_leaves_the_old_file(tmp_path, monkeypatch):
    """A full disk keeps the old file and removes the half-written one."""
    target = tmp_path / "out.txt"
    write_out("old\n", str(target))

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_out("new\n", str(target))
    assert target.read_text() == "old\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]


@pytest.mark.skipif(os.name != "posix", reason="POSIX file systems only")
def test_a_link_stays_a_link_and_any_name_is_written(tmp_path):
    """What the link leads to is replaced whole; names of 250 bytes leave room for the one beside."""
    (tmp_path / "kept.txt").write_text("old\n")
    (tmp_path / "link.txt").symlink_to("kept.txt")
    for name in ("link.txt", "x" * 246 + ".txt", os.fsdecode(b"\xff.txt")):
        write_out("new\n", str(tmp_path / name))
        assert (tmp_path / name).read_text() == "new\n"
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "kept.txt").read_text() == "new\n"
    with pytest.raises(OSError, match="too long") as caught:
        write_out("new\n", str(tmp_path / ("x" * 300)))
    assert caught.value.filename == str(tmp_path / ("x" * 300))


def test_bytes_that_are_no_utf8_stay_valid_json(tmp_path):
    """The name of a file may hold any bytes; JSON spells them as Python does."""
    name = os.fsdecode(b"nodes/\xff.csv")
    emit(form="json", output=str(tmp_path / "out.json"), rows=[{"file": name}], columns=("file",))
    assert json.loads((tmp_path / "out.json").read_bytes().decode("utf-8")) == [{"file": name}]


@pytest.mark.parametrize(("encoding", "said"), [("utf-8", "is not UTF-8"), ("ascii", "cannot be written in ascii")])
def test_text_that_cannot_be_written_is_no_bug(encoding, said, capsys):
    """An argument that is not UTF-8, or a terminal of another encoding, is told in a sentence."""
    with pytest.raises(UnicodeEncodeError) as caught:
        "电\udcff".encode(encoding)
    assert report_error(caught.value) == 2
    assert said in capsys.readouterr().err


def test_broken_pipe_is_quiet():
    """A reader that stops early ends the command with 0 and silence."""
    code = "import sys; sys.argv = ['graphkit', 'query', '--list', '--format', 'ndjson']\nfrom graphkit.cli import main\nmain()"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    child.stdout.close()
    err = child.stderr.read()
    child.stderr.close()
    assert child.wait(60) == 0
    assert err == b""


def test_what_follows_the_printing_is_done_though_nobody_reads(tmp_path):
    """With ``--write | head`` the result is kept all the same: the command goes on after its last line is refused."""
    done = tmp_path / "done"
    code = (
        "import sys, pathlib\nfrom graphkit.cli.output import write_out\n"
        f"write_out('x' * 10_000_000, None)\npathlib.Path({str(done)!r}).touch()\nwrite_out('more', '-')"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    child.stdout.close()
    err = child.stderr.read()
    child.stderr.close()
    assert (child.wait(60), err) == (0, b"")
    assert done.exists()


@pytest.mark.parametrize(
    ("flags", "locale", "wanted"),
    [
        ([], "en_GB.UTF-8", "nothing is left"),
        ([], "zh_CN.UTF-8", "预算已用尽"),
        (["--lang", "zh"], "C", "预算已用尽"),
        (["--lang", "both"], "zh_CN.UTF-8", "预算已用尽 | nothing is left"),
    ],
)
def test_tables_speak_one_language(flags, locale, wanted, monkeypatch, capsys):
    """A table shows the half of a sentence that --lang or the terminal asks for; a name with a bar stays whole."""
    import click

    from graphkit.cli import cli
    from graphkit.cli.output import emit

    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", locale)
    rows = [{"name": "甲 | A", "reason": "预算已用尽 | nothing is left"}]
    with cli.make_context("graphkit", [*flags, "plan"], resilient_parsing=True) as ctx, click.Context(cli, parent=ctx):
        emit(form="table", output=None, rows=rows, columns=["name", "reason"])
        table = capsys.readouterr().out
        emit(form="json", output=None, rows=rows, columns=["name", "reason"])
        assert json.loads(capsys.readouterr().out) == rows
    assert "甲 | A" in table
    assert table.rstrip().split("  ")[-1].strip() == wanted


@pytest.mark.skipif(os.name != "posix", reason="named pipes")
def test_a_pipe_or_device_is_written_to_not_replaced(tmp_path):
    """-o /dev/null must not put a file in the place of the device."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(pipe.read_text)
        write_out("x\n", str(pipe))
        assert read.result(10) == "x\n"
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_json_shows_what_would_steer_a_terminal(capsys):
    """Direction marks and C1 codes are escaped; the value is the same."""
    name = "a\u202eb\x9b31m\x7f电影"
    for form in ("json", "ndjson"):
        emit(form=form, output=None, rows=[{"name": name}], columns=("name",))
        out = capsys.readouterr().out
        assert "\u202e" not in out
        assert "电影" in out
        found = json.loads(out)
        assert (found[0] if form == "json" else found)["name"] == name


def test_tables_say_how_sure_their_intervals_are():
    """Ends of an interval and half widths bear their level, once; columns of somebody's own query do not."""
    rows = [{"name": "a", "lower": 1.0, "upper": 2.0}]
    assert table(rows).split("\n")[0].split() == ["name", "lower", "95", "%", "upper", "95", "%"]
    assert table(rows, ours=False).split("\n")[0].split() == ["name", "lower", "upper"]
    near = [{"channel": "c1", "adds": "3.0 ±0.2"}, {"channel": "c2", "adds": "2.0 ±0.1"}]
    assert table(near).count("95 %") == 1
    assert table(near).endswith("\n±: half of a 95 % interval\n")
    assert "95 %" not in table(near, ours=False) + table([{"name": "A ± B"}])


def test_sentences_of_the_planner_are_spoken_in_chinese(monkeypatch):
    """What a plan assumes or rejects is kept in English; a reader of Chinese hears the same sentence as on the page."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert (
        spoken("audience unknown (2000 followers are a count, not an audience)")
        == "受众未知（2000 个粉丝只是数量，不是受众）"
    )
    assert spoken(["预算已用尽 | nothing is left", "名 | name of the data"]) == ["预算已用尽", "名"]
    assert spoken("a name of the data") == "a name of the data"
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    assert spoken("audience unknown") == "audience unknown"
    assert spoken("预算已用尽 | nothing is left") == "nothing is left"
