"""What the README promises is run: its console and Python blocks, its two sh lines' shape, its commands."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(kind: str, text: str = TEXT) -> list[str]:
    """Return the fenced blocks of one kind."""
    return [found.strip() for found in re.findall(rf"^```{kind}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]


def test_two_sh_lines_before_the_first_table():
    """Set-up with the main job, set-up with the tests: one line each."""
    before = TEXT[: TEXT.index("\n|")]
    lines = blocks("sh", before)
    assert len(lines) == 2
    assert all("\n" not in line for line in lines)
    assert "graphkit demo" in lines[0]
    assert "pytest" in lines[1]


def test_ci_runs_the_second_line():
    """The build reads its line from the README instead of repeating it."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "README.md" in script
    assert "GRAPHKIT_REQUIRE_NEO4J=1" in script


@pytest.fixture(scope="module")
def tour(tmp_path_factory):
    """Run every console block in order in one empty folder; return (folder, commands run)."""
    folder = tmp_path_factory.mktemp("tour")
    where, done = folder, []
    environment = {**os.environ, "HOME": str(folder), "PYTHONPATH": str(ROOT), "GRAPHKIT_NO_PROGRESS": "1"}
    for block in blocks("console"):
        for line in block.splitlines():
            if not line.startswith("$ "):
                continue
            words = shlex.split(line[2:], comments=True)
            if words[0] == "cd":
                where = where / words[1]
                continue
            assert words[0] == "graphkit", line
            ran = subprocess.run(
                [sys.executable, "-m", "graphkit", *words[1:]],
                cwd=where, env=environment, capture_output=True, text=True, check=False, timeout=300,
            )  # fmt: skip
            assert ran.returncode == 0, f"{line}\n{ran.stdout[-800:]}\n{ran.stderr[-2000:]}"
            done.append(words)
    return where, done


def test_console_blocks_run(tour):
    """Every command a console block shows ends with 0."""
    _, done = tour
    assert len(done) >= 6


def test_python_blocks_run(tour):
    """Every Python block runs in the folder the tour leaves behind."""
    where, _ = tour
    for block in blocks("python"):
        ran = subprocess.run(
            [sys.executable, "-c", block],
            cwd=where, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr[-2000:]


def test_every_command_has_a_row():
    """Each command of the program stands in the README."""
    from graphkit.cli.commands import COMMANDS

    missing = [name for name in COMMANDS if f"graphkit {name}" not in TEXT]
    assert missing == []
