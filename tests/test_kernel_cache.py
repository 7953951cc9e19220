"""Kernels find a place for what is compiled even where package and home are read-only, and none outlives its sources."""

import ast
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from graphkit import kernel_cache


@pytest.fixture
def read_only(monkeypatch, tmp_path):
    """No variable, a package and a home that may not be written to, a temporary folder of the test's own."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    real = os.access
    monkeypatch.setattr(kernel_cache.os, "access", lambda path, mode: not mode & os.W_OK and real(path, mode))
    yield tmp_path
    os.environ.pop("NUMBA_CACHE_DIR", None)


def test_a_read_only_home_gets_a_folder_of_its_own(read_only):
    """Named to numba, for this user alone, the same one the next time."""
    kernel_cache.provide_kernel_cache("/package")
    folder = os.environ["NUMBA_CACHE_DIR"]
    assert os.path.dirname(folder) == str(read_only)
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    del os.environ["NUMBA_CACHE_DIR"]
    kernel_cache.provide_kernel_cache("/package")
    assert os.environ["NUMBA_CACHE_DIR"] == folder


def test_a_folder_others_may_write_to_is_not_trusted(read_only):
    """Whoever plants a kernel there would have it run; a fresh folder is taken instead."""
    planted = read_only / f"graphkit-kernels-{os.getuid()}"
    planted.mkdir()
    planted.chmod(0o777)
    kernel_cache.provide_kernel_cache("/package")
    assert os.environ["NUMBA_CACHE_DIR"] != str(planted)


def test_a_writable_place_or_a_choice_of_the_user_is_left_alone(monkeypatch, tmp_path):
    """Nothing is set where numba finds a place by itself, or was told one."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    kernel_cache.provide_kernel_cache(str(tmp_path))
    assert "NUMBA_CACHE_DIR" not in os.environ
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/somewhere")
    kernel_cache.provide_kernel_cache("/package")
    assert os.environ["NUMBA_CACHE_DIR"] == "/somewhere"


@pytest.fixture
def package(tmp_path):
    """A package whose kernel compiles in a function of another file; and what running it prints."""
    for name in ("inner", "outer"):
        (tmp_path / "kernels" / name).mkdir(parents=True)
        (tmp_path / "kernels" / name / "__init__.py").touch()
    head = "from numba import njit\n"
    inner, outer = (tmp_path / "kernels" / name / f"{name}.py" for name in ("inner", "outer"))
    inner.write_text(f"{head}@njit(cache=True)\ndef coin():\n    return 1\n")
    outer.write_text(
        f"{head}from kernels.inner.inner import coin\n@njit(cache=True)\ndef twice():\n    return 2 * coin()\n"
    )
    (tmp_path / "kernels" / "__init__.py").write_text(
        "from graphkit.kernel_cache import drop_outdated_kernels\ndrop_outdated_kernels(__path__[0])\n"
    )
    code = "from kernels.outer.outer import twice; print(twice(), sum(twice.stats.cache_hits.values()))"
    env = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    env["PYTHONPATH"] = os.pathsep.join([str(tmp_path), *sys.path])

    def run():
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
        return done.stdout.split()

    return inner, run


def test_a_changed_function_changes_the_kernels_it_is_compiled_into(package):
    """Kept while nothing changes; a source that changes, in another file than the kernel's, has it compiled again."""
    inner, run = package
    assert run() == ["2", "0"]
    assert run() == ["2", "1"]
    inner.write_text(inner.read_text().replace("return 1", "return 21"))
    assert run() == ["42", "0"]
    assert run() == ["42", "1"]


def test_what_holds_no_kernel_may_change(package):
    """A text of a command, or a source that was only touched, has no kernel compiled again."""
    inner, run = package
    words = inner.parent / "words.py"
    words.write_text("HELLO = 'hello'\n")
    run()
    words.write_text("HELLO = 'good morning'\n")
    assert run() == ["2", "1"]
    os.utime(inner, (1, 1))
    assert run() == ["2", "1"]


def test_importing_graphkit_looks_at_no_source():
    """Only who compiles a kernel pays for the look at all sources: 2.7 ms of every start."""
    code = """if True:
        import sys, numpy
        seen = []
        sys.addaudithook(lambda event, args: seen.append(args) if event == "os.scandir" else None)
        import graphkit
        before = len(seen)
        graphkit.from_arrays([0, 1], [1, 2])
        print(before, len(seen))
        import graphkit.kernels
        print(len(seen) > 0)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "0", "True"]


def kernels_of(tree):
    """Yield every function that is compiled."""
    for node in ast.walk(tree):
        names = {
            part.id
            for mark in getattr(node, "decorator_list", [])
            for part in ast.walk(mark)
            if isinstance(part, ast.Name)
        }
        if names & {"kernel", "intrinsic"}:
            yield node


def test_kernels_are_made_of_files_that_are_watched():
    """A constant or function of a file without kernels would change unseen: none enters a kernel."""
    root = Path(kernel_cache.__file__).parent
    unseen, found = [], 0
    for path in sorted(root.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        homes = {
            alias.asname or alias.name: node.module
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module.startswith("graphkit.")
            for alias in node.names
        }
        for function in kernels_of(tree):
            found += 1
            used = {part.id for inner in function.body for part in ast.walk(inner) if isinstance(part, ast.Name)}
            for name in sorted(used & homes.keys()):
                home = root.joinpath(*homes[name].split(".")[1:]).with_suffix(".py")
                if not any(mark in home.read_bytes() for mark in kernel_cache._MARKS):
                    unseen.append(f"{path.name}: {function.name} uses {name} of {homes[name]}")
    assert unseen == []
    assert found > 100


def test_kernels_of_others_are_left_alone(package, monkeypatch):
    """Where the package cannot be written to, whoever installs replaces every file: nothing is read or removed."""
    inner, run = package
    run()
    folder = inner.parent.parent
    index = next((folder / "outer" / "__pycache__").glob("*.nbi"))
    inner.write_text(inner.read_text().replace("return 1", "return 21"))
    monkeypatch.setattr(kernel_cache.os, "access", lambda path, mode: False)
    kernel_cache.drop_outdated_kernels(str(folder))
    assert index.exists()
