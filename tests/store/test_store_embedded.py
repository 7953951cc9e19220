"""The embedded store's own promises: one owner, silence, whole loads or none."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from graphkit.errors import DeadlineExceeded, StoreUnavailable
from graphkit.model.tables import EdgeColumns, GraphTables, NodeColumns, as_column, object_array
from graphkit.model.validate import DataReport
from graphkit.store.embedded import EmbeddedStore
from graphkit.store.files import read_directory
from graphkit.store.guard import guard_text
from graphkit.store.open import open_store

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "fixtures" / "tiny"
OWNER = """
import sys, time
from graphkit.store.open import open_store
from graphkit.store.files import read_directory
with open_store(sys.argv[1]) as store:
    store.load(*read_directory(sys.argv[2]))
    store.version()
    print("ready", flush=True)
    time.sleep(60)
"""
LOADER = """
import sys
from graphkit.store.open import open_store
from graphkit.store.files import read_directory
from dataclasses import replace
tables, report = read_directory(sys.argv[2])
with open_store(sys.argv[1]) as store:
    print("loading", flush=True)
    users = tables.nodes["User"]
    changed = replace(users, columns={**users.columns, "gender": users.columns["region"]})
    store.load(replace(tables, nodes={**tables.nodes, "User": changed}, _is_canonical=False), report)
"""


def with_gender():
    """Return what LOADER loads: the tiny graph with every user's region written as gender."""
    tables, _ = read_directory(TINY)
    users = tables.nodes["User"]
    changed = replace(users, columns={**users.columns, "gender": users.columns["region"]})
    return replace(tables, nodes={**tables.nodes, "User": changed}, _is_canonical=False)


def child(code, *args):
    """Start Python on a text."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        start_new_session=True,
    )


def end(process):
    """End a child of ours, whatever it does."""
    process.kill()
    process.communicate()


@pytest.fixture
def tiny(tmp_path):
    """A folder that holds the tiny campaign."""
    with open_store(tmp_path / "store") as store:
        store.load(*read_directory(TINY))
    return tmp_path / "store"


def test_a_second_process_reads_through_the_owner_and_may_not_load(tmp_path):
    """While one process owns the folder another reads the same data over Bolt; a load is refused, naming the pid."""
    owner = child(OWNER, tmp_path / "store", TINY)
    try:
        assert owner.stdout.readline().strip() == "ready"
        tables, report = read_directory(TINY)
        with open_store(tmp_path / "store") as second:
            assert second.capabilities.bolt
            assert second.tables().digest() == tables.digest()
            assert second.read(guard_text("MATCH (f:Film) RETURN count(f) AS n")).rows == [(3,)]
            with pytest.raises(StoreUnavailable, match=str(owner.pid)):
                second.load(tables, report)
        with pytest.raises(StoreUnavailable, match=str(owner.pid)):
            EmbeddedStore(tmp_path / "store")
        mode = (tmp_path / "store" / "bolt.json").stat().st_mode & 0o777
        assert mode == 0o600
    finally:
        end(owner)


def test_a_dead_owner_is_no_obstacle(tmp_path):
    """After kill -9 of the owner the next process opens the folder itself."""
    owner = child(OWNER, tmp_path / "store", TINY)
    assert owner.stdout.readline().strip() == "ready"
    end(owner)
    assert (tmp_path / "store" / "bolt.json").exists()
    with EmbeddedStore(tmp_path / "store") as store:
        assert store.tables().digest() == read_directory(TINY)[0].digest()
    assert not (tmp_path / "store" / "bolt.json").exists()


@pytest.mark.parametrize("after", [0.02, 0.2, 0.5, 1.0])
def test_a_killed_load_leaves_the_old_or_the_new_graph(tiny, after):
    """kill -9 at several moments of a load: the store opens whole, and a load completes it."""
    before = read_directory(TINY)[0].digest()
    loader = child(LOADER, tiny, TINY)
    assert loader.stdout.readline().strip() == "loading"
    time.sleep(after)
    end(loader)
    with open_store(tiny) as store:
        found = store.tables()
        assert found.digest() in {before, with_gender().digest()}
        assert store.load(with_gender(), read_directory(TINY)[1]).created["nodes"] == 0
        assert store.tables().digest() == with_gender().digest()
    assert not list(tiny.glob("loading-*"))
    assert len(list(tiny.glob("data-*"))) == 1


def test_an_interrupted_load_changes_nothing(tiny):
    """A progress callback that raises KeyboardInterrupt: the old graph is whole and no folder is left behind."""
    tables, report = read_directory(TINY)
    users = tables.nodes["User"]
    users.columns["gender"] = users.columns["region"]

    def stop(event):
        if event.phase == "load":
            raise KeyboardInterrupt

    with open_store(tiny) as store:
        before = store.version()
        with pytest.raises(KeyboardInterrupt):
            store.load(tables, report, progress=stop)
        assert store.version() == before
        assert store.tables().digest() == read_directory(TINY)[0].digest()
    assert not list(tiny.glob("loading-*"))


def test_the_engine_keeps_quiet(tmp_path):
    """Loading and reading write nothing to stdout or stderr, and closing is not needed for a clean end."""
    code = OWNER.replace("with open_store(sys.argv[1]) as store:", "store = open_store(sys.argv[1])\nif True:").replace(
        "    time.sleep(60)\n", ""
    )
    process = child(code, tmp_path / "store", TINY)
    out, err = process.communicate(timeout=120)
    assert (out, err, process.returncode) == ("ready\n", "", 0)


def test_sigint_ends_a_waiting_query_at_once(tiny):
    """Ctrl-C while the engine computes arrives within two seconds."""
    code = """
import sys
from graphkit.store.open import open_store
from graphkit.store.guard import guard_text
with open_store(sys.argv[1]) as store:
    store.version()
    print("asking", flush=True)
    heavy = " ".join(f"UNWIND range(1, 3000) AS x{i}" for i in range(4))
    store.read(guard_text(f"{heavy} WITH x0 + x1 * x2 - x3 AS y RETURN sum(y) AS s"), timeout=60)
"""
    process = child(code, tiny)
    assert process.stdout.readline().strip() == "asking"
    time.sleep(0.5)
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert time.monotonic() - begin < 10
    assert process.returncode in (130, -signal.SIGINT, 1)


def test_a_folder_that_cannot_be_is_named(tmp_path):
    """A store below a file is an error with the place."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreUnavailable, match="file"):
        open_store(tmp_path / "file" / "store")


def test_the_connection_file_of_a_dead_process_is_ignored(tiny):
    """A left-over bolt.json does not stop the next process."""
    (tiny / "bolt.json").write_text(json.dumps({"port": 1, "password": "x", "pid": 2**22 + 12345}))
    with open_store(tiny) as store:
        assert not store.is_empty()


def test_a_process_ends_cleanly_beside_a_query_it_gave_up(tiny):
    """After a time limit the process keeps its own exit status and says nothing of the engine's."""
    code = """
import sys
from graphkit.errors import DeadlineExceeded
from graphkit.store.open import open_store
from graphkit.store.guard import guard_text
heavy = " ".join(f"UNWIND range(1, 3000) AS x{i}" for i in range(4))
try:
    with open_store(sys.argv[1]) as store:
        store.read(guard_text(f"{heavy} WITH x0 + x1 * x2 - x3 AS y RETURN sum(y) AS s"), timeout=0.5)
except DeadlineExceeded:
    sys.exit(4)
"""
    process = child(code, tiny)
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 4


def test_the_engine_ends_a_query_whose_time_is_up(tiny, monkeypatch):
    """Nothing computes on, the engine is not stopped, and no limit is left behind, not even one of a killed process."""
    from graphkit.store import embedded_query

    heavy = guard_text(" ".join(f"UNWIND range(1, 3000) AS x{i}" for i in range(4)) + " RETURN sum(x0 * x3) AS s")
    monkeypatch.setattr(embedded_query, "_LEAST_LIMIT", 0.1)
    with open_store(tiny) as store:
        engine, begin = store._db(), time.monotonic()
        with pytest.raises(DeadlineExceeded, match="not finished within"):
            store.read(heavy, timeout=0.5)
        assert time.monotonic() - begin < 10  # by itself it would go on for hours
        assert "graphkit-query" not in [t.name for t in threading.enumerate()]
        assert store._db() is engine
        assert _limit_of(store) == 0
        store._db().command("sql", "ALTER DATABASE `arcadedb.command.timeout` 1")
    for left in (None, "", '{"configuration":{"comm'):
        if left is not None:
            next(
                tiny.glob("data-*/graph/configuration.json"), next(tiny.glob("data-*/graph")) / "configuration.json"
            ).write_text(left)
        with open_store(tiny) as store:
            assert _limit_of(store) == 0


def _limit_of(store):
    """Milliseconds the engine allows a statement; 0 is no limit."""
    settings = store._db().query("sql", "SELECT FROM schema:database").to_list()[0]["settings"]
    return next(s["value"] for s in settings if s["key"] == "arcadedb.command.timeout")


def test_columns_with_gaps_come_back_as_they_went_in(tmp_path):
    """Values on some rows, on all, on none; lists, floats that look whole, folded by either end: the digest is that of the tables."""
    people = NodeColumns(
        "User",
        object_array(f"u{i}" for i in range(6)),
        {"consent": np.ones(6, bool), "age": as_column([30, None, 41, None, None, 7])},
    )
    films = NodeColumns(
        "Film", object_array(["f1", "f2"]), {"name": object_array(["一", "two"]), "quality": as_column([1.0, None])}
    )
    brands = NodeColumns(
        "Brand", object_array(["b1"]), {"name": object_array(["b"]), "resources": object_array([["money", "users"]])}
    )
    who, what = np.array([0, 0, 1, 2, 3, 5]), np.array([0, 1, 0, 0, 1, 1])
    watched = {"completion": as_column([1.0, None, 0.25, 0.0, None, 1.0]), "n": np.arange(6)}
    rights = {"uses": object_array([["promote"], None]), "from_ts": as_column([5, 6]), "to_ts": as_column([None, 9])}
    edges = (
        EdgeColumns("WATCHED", "User", "Film", who, what, watched),
        EdgeColumns("KNOWS", "User", "User", np.array([0, 0, 1, 4]), np.array([1, 5, 2, 5])),
        EdgeColumns("HOLDS_RIGHTS", "Brand", "Film", np.array([0, 0]), np.array([0, 1]), rights),
    )
    tables = GraphTables({"User": people, "Film": films, "Brand": brands}, edges).canonical()
    with open_store(str(tmp_path / "s")) as store:
        store.load(tables, DataReport(rows_in=21, loaded=21))
        assert store.tables().digest() == tables.digest()


def test_a_lost_current_never_costs_the_data(tiny):
    """Without CURRENT the one complete folder is the data; with two, or a wrong name, nothing is opened and nothing removed."""
    whole, current = read_directory(TINY)[0].digest(), tiny / "CURRENT"
    name = current.read_text().strip()
    current.unlink()
    with open_store(tiny) as store:
        assert store.tables().digest() == whole
    shutil.copytree(tiny / name, tiny / "data-other")
    for text in (None, "", "nothing", "../data-other", "data-other/..", "\0", "电"):
        current.unlink(missing_ok=True)
        if text is not None:
            current.write_text(text, encoding="utf-8")
        with pytest.raises(StoreUnavailable, match="CURRENT") as caught, open_store(tiny) as store:
            store.tables()
        assert name in caught.value.hint
        assert {path.name for path in tiny.glob("data-*")} == {name, "data-other"}
    current.write_text(name + "\n")
    with open_store(tiny) as store:
        assert store.tables().digest() == whole
    assert [path.name for path in tiny.glob("data-*")] == [name]


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limits there")
@pytest.mark.parametrize("blocks", [64, 300])
def test_a_disk_without_room_is_named_and_the_old_data_stay(tmp_path, blocks):
    """The engine's own words for it become one sentence with the folder; what was loaded before is still there."""
    with open_store(str(tmp_path)) as store:
        store.load(*read_directory(TINY))
        before = store.version()
    code = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({blocks * 1024}, {blocks * 1024}))\n{LOADER}"
    found = child(code, tmp_path, TINY)
    _, told = found.communicate(timeout=60)
    last = told.strip().splitlines()[-1]
    assert "StoreUnavailable" in last
    assert str(tmp_path) in last
    assert "file too large" in last
    assert "java" not in last
    assert "ErrorManager" not in told  # nor a trace that the engine prints by itself
    with open_store(str(tmp_path)) as store:
        assert store.version() == before
