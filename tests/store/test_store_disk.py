"""What files and folders do to a store: killed writers, no room, links, long and odd names, files that change."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from graphkit.errors import InvalidParameter, StoreUnavailable
from graphkit.projection.snapshot import open_snapshot, snapshot_from_tables
from graphkit.store.embedded import EmbeddedStore
from graphkit.store.files import check_directory, read_directory
from graphkit.store.files_out import export_tables
from graphkit.store.folder import Folder
from graphkit.store.leftovers import is_alive, remove_leftovers

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "fixtures" / "tiny"
posix = pytest.mark.skipif(os.name != "posix", reason="POSIX file systems only")
READER = """
import sys
from graphkit.store.embedded import EmbeddedStore
store = EmbeddedStore(sys.argv[1])
store.version()
print("open", flush=True)
sys.stdin.read() if len(sys.argv) > 2 else store.close()
"""


@pytest.fixture(scope="module")
def tables():
    """The tiny campaign."""
    return read_directory(TINY)[0]


@pytest.fixture(scope="module")
def gone():
    """Number of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    assert not is_alive(child.pid)
    return child.pid


@contextmanager
def room_for(n_bytes):
    """No file grows beyond so many bytes, as on a full disk."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_leftovers_of_the_dead_go_and_of_the_living_stay(tmp_path, gone):
    """Only names of this form whose process has ended are removed, files and folders alike."""
    own = os.getpid()
    for name in (f"x-{gone}", f"x-{gone}-a1_b", f"x-{own}", f"x-{own}-a", f"y-{gone}", f"x-{gone}.tmp", "x-", "x-1e"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "half").write_text("half")
    (tmp_path / f"x-{gone}-file").write_text("half")
    remove_leftovers(tmp_path, "x-")
    kept = {f"x-{own}", f"x-{own}-a", f"y-{gone}", f"x-{gone}.tmp", "x-", "x-1e"}
    assert {path.name for path in tmp_path.iterdir()} == kept
    remove_leftovers(tmp_path, "x-", ".tmp")
    remove_leftovers(tmp_path / "nowhere", "x-")
    assert {path.name for path in tmp_path.iterdir()} == kept - {f"x-{gone}.tmp"}


def test_exports_and_snapshots_clear_what_killed_ones_left(tmp_path, tables, gone):
    """The next export to a place, and the next snapshot, remove the half written folders there."""
    (tmp_path / f".out.writing-{gone}").mkdir()
    (tmp_path / f".making-{gone}-ab12").mkdir()
    export_tables(tables, tmp_path / "out", "parquet")
    snapshot_from_tables(tables, tmp_path, "kept")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "out"]
    assert open_snapshot(tmp_path / "kept").digest == read_directory(tmp_path / "out")[0].digest() == tables.digest()


@posix
def test_a_killed_engine_leaves_nothing_in_the_temporary_folder(tmp_path):
    """The private folder of an engine that was killed goes when the next one starts."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / "tmp")}
    (tmp_path / "tmp").mkdir()
    argv = [sys.executable, "-c", READER, str(tmp_path / "store")]
    with subprocess.Popen([*argv, "wait"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"open\n"
        child.send_signal(signal.SIGKILL)
    assert [path.name.split("-")[1] for path in (tmp_path / "tmp").glob("graphkit-*")] == [str(child.pid)]
    assert subprocess.run(argv, env=env, capture_output=True, timeout=60, check=True).stderr == b""
    assert list((tmp_path / "tmp").glob("graphkit-*")) == []


@posix
@pytest.mark.parametrize("as_", ["parquet", "neo4j-import"])
def test_an_export_without_room_names_the_folder_and_leaves_nothing(tmp_path, tables, as_):
    """The error tells place and reason; the same export afterwards is whole."""
    with room_for(500), pytest.raises(OSError, match="not written: File too large") as caught:
        export_tables(tables, tmp_path / "out", as_)
    assert caught.value.filename == str(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
    export_tables(tables, tmp_path / "out", as_)
    assert (tmp_path / "out" / "nodes").is_dir()


@posix
def test_an_export_follows_links_and_takes_any_name(tmp_path, tables):
    """An empty folder behind a link, a link to nowhere, a name of 240 bytes and one that is not UTF-8."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    (tmp_path / "future").symlink_to("made")
    for name in ("link", "future", "电" * 80, os.fsdecode(b"\xff\xfe")):
        export_tables(tables, tmp_path / name, "parquet")
        assert read_directory(tmp_path / name)[0].digest() == tables.digest()
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "made").is_dir()
    with pytest.raises(InvalidParameter, match="not empty"):
        export_tables(tables, tmp_path / "link", "parquet")
    with pytest.raises(OSError, match="too long") as caught:
        export_tables(tables, tmp_path / ("x" * 300), "parquet")
    assert caught.value.filename == str(tmp_path / ("x" * 300))


@posix
@pytest.mark.parametrize(
    ("name", "reason"), [("nowhere", "a link that leads nowhere"), (os.fsdecode(b"\xff"), "its name is not UTF-8")]
)
def test_a_folder_that_can_hold_no_store_is_named(tmp_path, name, reason):
    """Before the engine is asked."""
    if name == "nowhere":
        (tmp_path / name).symlink_to("gone")
    with pytest.raises(StoreUnavailable, match=reason):
        EmbeddedStore(tmp_path / name)


@posix
def test_a_lock_without_room_for_a_line_is_named(tmp_path):
    """A disk that is full to the last byte; with room again the folder is taken."""
    with room_for(0), pytest.raises(StoreUnavailable, match="File too large") as caught:
        Folder(tmp_path).acquire()
    assert "free some space" in caught.value.hint
    folder = Folder(tmp_path)
    assert folder.acquire()
    folder.release()


@pytest.mark.parametrize("name", ["nodes/user.csv", "events/events.csv", "dataset.toml"])
@pytest.mark.parametrize("how", ["grows", "is replaced", "goes"])
def test_a_file_that_changes_while_it_is_read_refuses_the_directory(tmp_path, name, how):
    """Whoever writes there is told; when he has ended the same directory is good."""
    root = tmp_path / "in"
    shutil.copytree(TINY, root)
    original, told = (root / name).read_bytes(), []

    def change(_):
        if told:
            return
        told.append(True)
        if how == "grows":
            with (root / name).open("ab") as file:
                file.write(b"\n")
        elif how == "goes":
            (root / name).unlink()
        else:
            (root / "new").write_bytes(original)
            (root / "new").replace(root / name)

    found = check_directory(root, progress=change)
    changed = [f for f in found.findings if f.rule == "file-changed"]
    assert [(f.file, f.severity) for f in changed] == [(name, "error")]
    assert not found.ok
    (root / name).write_bytes(original)
    assert check_directory(root).ok
