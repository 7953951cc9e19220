"""Kernels find a place for what is compiled even where package and home are read-only; none outlives its sources or is taken for another."""

import ast
import os
import stat
import subprocess
import sys
from pathlib import Path
from shutil import copy

import pytest

from graphkit import kernel_cache, kernels


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


class Package:
    """A package with a copy of the decorator, whose kernel ``times`` compiles in a function of another file.

    ``times`` gives the sum of 0..9 times the factor that stands in ``inner``.
    """

    call = "import numpy as np; from toy.outer.outer import times; print(times(np.arange(10).astype(sys.argv[1])), sum(times.stats.cache_hits.values()))"

    def __init__(self, folder):
        self.folder = folder / "toy"
        for name in ("inner", "outer"):
            (self.folder / name).mkdir(parents=True)
            (self.folder / name / "__init__.py").touch()
        (self.folder / "__init__.py").touch()
        copy(kernels.__file__, self.folder)
        self.inner = self.folder / "inner" / "inner.py"
        self.factor(1)
        (self.folder / "outer" / "outer.py").write_text(
            f"{HEAD}from toy.inner.inner import factor\n@kernel\ndef times(values):\n    total = values[0]\n"
            "    for value in values:\n        total += value * factor()\n    return total\n"
        )
        self.environment = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
        self.environment["PYTHONPATH"] = os.pathsep.join([str(folder), *sys.path])

    def factor(self, value):
        self.inner.write_text(f"{HEAD}@kernel\ndef factor():\n    return {value}\n")

    def start(self, code="", kind="int64"):
        """Start a process that runs some code, then the kernel."""
        return subprocess.Popen(
            [sys.executable, "-c", f"import os, sys\n{code}\n{self.call}", kind],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, code="", kind="int64"):
        """Return what the kernel gave, and how often it came from the disk."""
        return self.start(code, kind).communicate()[0].split()


HEAD = "from toy.kernels import kernel  # as good as: from numba import njit\n"


@pytest.fixture
def package(tmp_path):
    return Package(tmp_path)


def test_a_changed_function_changes_the_kernels_it_is_compiled_into(package):
    """Kept while nothing changes; a source that changes, in another file than the kernel's, has it compiled again."""
    assert package.run() == ["45", "0"]
    assert package.run() == ["45", "1"]
    package.factor(2)
    assert package.run() == ["90", "0"]
    assert package.run() == ["90", "1"]
    assert len(list(package.folder.rglob("*times*.nbc"))) == 1  # what older sources left is gone


def test_what_holds_no_kernel_may_change(package):
    """A text of a command, or a source that was only touched, has no kernel compiled again."""
    words = package.inner.parent / "words.py"
    words.write_text("HELLO = 'hello'\n")
    package.run()
    words.write_text("HELLO = 'good morning'\n")
    assert package.run() == ["45", "1"]
    os.utime(package.inner, (1, 1))
    assert package.run() == ["45", "1"]


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
@pytest.mark.parametrize("place", [2, 4])
def test_a_process_killed_while_it_keeps_a_kernel_leaves_none_of_other_types(package, place):
    """Code for whole numbers is never run on floats, however far the killed process came with its files."""
    package.run()
    package.factor(2)
    kill = f"""if True:
        import toy.kernels
        left, replace = {place}, os.replace
        def killed(*paths):
            global left
            left -= 1
            return replace(*paths) if left else os.kill(os.getpid(), 9)
        os.replace = killed
    """
    package.run(kill, "float64")
    assert package.run(kind="float64")[0] == "90.0"
    assert package.run(kind="int64")[0] == "90"


def test_a_process_of_older_sources_leaves_its_kernels_to_none(package):
    """It was started before a source changed and compiles afterwards, while one of the newer sources runs."""
    wait = "import toy.outer.outer; print('ready', flush=True); input()"
    old = package.start(wait)
    assert old.stdout.readline() == "ready\n"
    package.factor(2)
    new = package.start(wait)
    assert new.stdout.readline() == "ready\n"
    assert old.communicate("\n")[0].split() == ["45", "0"]
    assert new.communicate("\n")[0].split() == ["90", "0"]
    assert package.run()[0] == "90"


def test_a_process_that_read_older_and_newer_sources_keeps_nothing(package):
    """A source changed between its imports: what it compiled is of neither state, and is not found when the first comes back."""
    mixed = package.start("import toy.kernels; print('ready', flush=True); input()")
    assert mixed.stdout.readline() == "ready\n"
    package.factor(2)
    assert mixed.communicate("\n")[0].split() == ["90", "0"]
    package.factor(1)
    assert package.run() == ["45", "0"]


@pytest.mark.skipif(os.name != "posix", reason="limits of a process")
def test_a_full_disk_costs_the_time_to_compile_and_not_the_answer(package):
    """No byte can be written: the kernel runs, and is compiled by the next process as well."""
    full = "import resource, toy.outer.outer; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))"
    assert package.run(full) == ["45", "0"]
    assert package.run() == ["45", "0"]
    assert package.run() == ["45", "1"]


def test_a_damaged_kernel_is_compiled_anew(package):
    """Cut short, or with a page of zeros: what a power failure leaves of a file."""
    package.run()
    (kept,) = package.folder.rglob("*times*.nbc")
    content = kept.read_bytes()
    for damaged in (b"", content[:-100], content[:3000] + bytes(500) + content[3500:]):
        kept.write_bytes(damaged)
        assert package.run() == ["45", "0"]
    assert package.run() == ["45", "1"]


def test_nowhere_to_keep_a_kernel_is_no_error(package):
    """Every folder refused: each process compiles for itself."""
    refuse = (
        "from numba.core import caching; caching._CacheLocator.ensure_cache_path = lambda self: os.listdir('/none')"
    )
    assert package.run(refuse) == package.run(refuse) == ["45", "0"]


def test_sources_are_told_apart_where_no_stamp_can_be_written(package, monkeypatch):
    """The folder of another user: their text is read at each start."""

    def refused(path, content):
        raise PermissionError(path)

    monkeypatch.setattr(kernel_cache, "_write", refused)
    before = kernel_cache.checksum_of_sources(str(package.folder))
    assert kernel_cache.checksum_of_sources(str(package.folder)) == before
    package.factor(2)
    assert kernel_cache.checksum_of_sources(str(package.folder)) != before
    package.factor(1)
    assert kernel_cache.checksum_of_sources(str(package.folder)) == before


def test_another_archive_has_other_kernels(tmp_path):
    """A package inside a zip file is told apart by the file."""
    archive = tmp_path / "toy.zip"
    archive.write_bytes(b"one")
    before = kernel_cache.checksum_of_sources(str(archive / "toy"))
    assert kernel_cache.checksum_of_sources(str(archive / "toy")) == before
    archive.write_bytes(b"three")
    assert kernel_cache.checksum_of_sources(str(archive / "toy")) != before


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
