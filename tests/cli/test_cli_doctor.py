"""The command doctor: each check of the machine is brought to fail once, and one failure is exit 4."""

import importlib.metadata
import json
import shutil
from types import SimpleNamespace

import pytest

from graphkit.cli import run


@pytest.fixture
def doctor(tmp_path, monkeypatch, capsys):
    """Run doctor in an empty folder; return (status, rows by check, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*args):
        code = run([*args, "doctor", "--format", "json"])
        out, err = capsys.readouterr()
        return code, {row["check"]: row for row in json.loads(out)}, err

    return call


def test_all_in_order(doctor):
    """Exit 0; a store not yet made is no fault."""
    code, rows, _ = doctor()
    assert code == 0, [row for row in rows.values() if not row["ok"]]
    assert "none yet" in rows["store"]["value"]


def test_a_full_disk(doctor, monkeypatch):
    """The fix says why room is needed; the message on stderr names the check."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1 << 20))
    code, rows, err = doctor()
    assert code == 4
    assert not rows["disk space: store"]["ok"]
    assert "disk space" in err


def test_a_folder_that_shadows_the_package(doctor, tmp_path, monkeypatch):
    """Another graphkit on the import path is named."""
    (tmp_path / "elsewhere" / "graphkit").mkdir(parents=True)
    (tmp_path / "elsewhere" / "graphkit" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    code, rows, _ = doctor()
    assert code == 4
    assert str(tmp_path / "elsewhere" / "graphkit") in rows["shadowing package"]["value"]


def test_another_project_of_the_same_name(doctor, monkeypatch):
    """A distribution and a command called graphkit that are not ours are named."""
    real = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "9.9" if name == "graphkit" else real(name))
    other = importlib.metadata.EntryPoint("graphkit", "other.cli:go", "console_scripts")
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: [other])
    _, rows, _ = doctor()
    assert not rows["shadowing package"]["ok"]
    assert rows["shadowing package"]["value"] == "distribution graphkit 9.9; command graphkit = other.cli:go"


def test_a_missing_package(doctor, monkeypatch):
    """The fix installs it."""
    real = importlib.metadata.version

    def version(name):
        if name in ("scipy", "arcadedb"):
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    code, rows, _ = doctor()
    assert code == 4
    assert rows["scipy"]["fix"] == "pip install scipy"
    assert "name a server" in rows["embedded engine"]["value"]


def test_a_server_that_is_not_there(doctor, monkeypatch):
    """Its address and what to look at."""
    monkeypatch.setenv("NEO4J_PASSWORD", "gk-canary")
    code, rows, err = doctor("--store", "bolt://127.0.0.1:1")
    assert code == 4
    assert "127.0.0.1:1" in rows["store"]["value"]
    assert "gk-canary" not in json.dumps(rows) + err


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("bolt://127.0.0.1:1?password=gk-canary", "bolt://127.0.0.1:1?***"),
        ("bolt://127.0.0.1:gk-canary", "bolt://127.0.0.1:***"),
        ("neo4j+s://[::1]:gk-canary/x", "neo4j+s://[::1]:***/***"),
        ("bolt://127.0.0.1:1/gk-canary", "bolt://127.0.0.1:1/***"),
        ("neo4j:me:gk-canary", "neo4j:me:***"),
    ],
)
def test_a_password_in_an_address_is_not_repeated(doctor, capsys, address, shown):
    """Neither as the store's address nor among the settings, whatever place of the address it was written in."""
    code, rows, err = doctor("--store", address)
    assert code == (4 if rows else 2)
    assert not rows or rows["store"]["value"].startswith(f"{shown}: ")
    assert run(["--store", address, "doctor", "--settings"]) == 0
    assert "gk-canary" not in json.dumps(rows) + err + capsys.readouterr().out


def test_a_store_that_is_not_in_order(doctor, tmp_path):
    """What the store says of itself stands beside the machine; half a load hides version and content."""
    import graphkit as gk
    from graphkit.projection.load import load_directory
    from graphkit.store.deadline import Deadline

    (tmp_path / "data" / "nodes").mkdir(parents=True)
    (tmp_path / "data" / "nodes" / "film.csv").write_text("id,name,kind\nf1,x,film\n", encoding="utf-8")
    with gk.open_store(tmp_path / "store") as store:
        load_directory(store, tmp_path / "data")
    code, rows, _ = doctor("--store", str(tmp_path / "store"))
    assert (code, rows["content"]["value"], rows["schema"]["ok"], rows["clock"]["ok"]) == (0, "1 Film", True, True)
    with gk.open_store(tmp_path / "store") as store:
        store._unit(
            lambda work: work("MATCH (s:_GkStore) SET s.state = 'loading' RETURN 1 AS n"), Deadline(10), write=True
        )
    code, rows, _ = doctor("--store", str(tmp_path / "store"))
    assert code == 4
    assert not rows["load"]["ok"]
    assert "content" not in rows
