"""The lint and type promises hold for what ships."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("ruff", ["check", "--no-cache", "graphkit", "tests"]),
        ("ruff", ["format", "--no-cache", "--check", "graphkit", "tests"]),
        ("mypy", ["--no-incremental", "-p", "graphkit"]),
    ],
    ids=["lint", "format", "types"],
)
def test_the_package_is_clean(tool, arguments):
    """The linter, the formatter and the strict type checker have nothing to say."""
    if importlib.util.find_spec(tool) is None:
        pytest.skip(f"{tool} is not installed; it comes with the test extra")
    done = subprocess.run(
        [sys.executable, "-m", tool, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
