"""What ships: every room, every query, one version, and no GPL package in the closure."""

import configparser
import re
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# The embedded engine's wheel carries GraalVM CE, GPLv2 with the Classpath exception, which
# puts no duty on programs that merely run on it; it is listed here on purpose.
CLASSPATH_EXCEPTION = {"arcadedb"}


def setup_cfg() -> configparser.ConfigParser:
    """Return setup.cfg, parsed."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def test_every_room_is_listed():
    """The explicit package list equals the folders: a room left out would ship silently without it."""
    listed = set(setup_cfg()["options"]["packages"].split())
    rooms = {f"graphkit.{path.parent.name}" for path in (ROOT / "graphkit").glob("*/__init__.py")}
    assert listed == rooms | {"graphkit", "graphkit.cypher"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel once, without fetching anything."""
    out = tmp_path_factory.mktemp("wheel")
    copy = out / "tree"
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    for name in filter(None, listed):
        if (ROOT / name).is_file() and not name.startswith(("tests/", "fixtures/")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(out), str(copy)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return next(out.glob("*.whl"))


def test_wheel_holds_every_query_and_room(wheel):
    """Every .cypher file, every module, the licence and the type marker are inside."""
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in (ROOT / "cypher").rglob("*.cypher"):
        assert f"graphkit/cypher/{path.relative_to(ROOT / 'cypher').as_posix()}" in names
    for path in (ROOT / "graphkit").rglob("*"):
        if path.suffix in {".py", ".toml", ".typed"}:
            assert path.relative_to(ROOT).as_posix() in names
    assert any(name.endswith("LICENSE") for name in names)


def closure(name: str, seen: set[str]) -> set[str]:
    """Return the installed distributions that ``name`` needs, itself included."""
    from packaging.requirements import Requirement

    key = re.sub(r"[-_.]+", "-", name).lower()
    if key in seen:
        return seen
    seen.add(key)
    for text in metadata.requires(key) or []:
        need = Requirement(text)
        if need.marker is None or need.marker.evaluate({"extra": ""}):
            closure(need.name, seen)
    return seen


def test_no_gpl_in_the_closure():
    """No package that graphkit needs at run time is under a GPL licence."""
    pytest.importorskip("packaging")
    wanted = [line.split(";")[0] for line in setup_cfg()["options"]["install_requires"].strip().splitlines()]
    seen: set[str] = set()
    for line in wanted:
        closure(re.match(r"[\w.-]+", line).group(), seen)
    bad = {}
    for name in seen - CLASSPATH_EXCEPTION:
        meta = metadata.metadata(name)
        words = " ".join(
            [
                meta.get("License-Expression") or "",
                (meta.get("License") or "")[:200],
                *(meta.get_all("Classifier") or []),
            ]
        )
        if re.search(r"(?<!L)GPL|General Public License", words) and "Lesser" not in words:
            bad[name] = words[:120]
    assert bad == {}


def test_one_version_number():
    """The version stands in setup.cfg only and is what the package reports."""
    import graphkit

    assert graphkit.__version__ in {setup_cfg()["metadata"]["version"], "0+checkout"}
