"""Snapshots: the same columns back from disk, keys, damage, consent."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

from graphkit.errors import InvalidParameter
from graphkit.model.tables import EdgeColumns, GraphTables, NodeColumns, object_array
from graphkit.projection.consent import consent_mask
from graphkit.projection.read_files import read_files
from graphkit.projection.snapshot import as_snapshot, open_snapshot, snapshot_from_tables, snapshot_key, take_snapshot
from graphkit.store.open import open_store


def _tables(*, shuffled: bool = False) -> GraphTables:
    users = ["u1", "u2", "u3", "u4"]
    order = [2, 0, 3, 1] if shuffled else [0, 1, 2, 3]
    place = {old: new for new, old in enumerate(order)}
    columns = {
        "consent": np.array([True, True, False, True])[order],
        "age": object_array([30, None, 41, 9007199254740993])[order],
        "receptivity": np.array([0.5, 1.0, 0.25, 0.0])[order],
        "region": object_array(["上海", None, "NA", "</script>"])[order],
        "consent_scope": object_array([["plan", "profile"], None, None, ["profile"]])[order],
    }
    nodes = {
        "User": NodeColumns("User", object_array(users)[order], columns),
        "Channel": NodeColumns("Channel", object_array(["c1"]), {"cost": np.array([12.5])}),
    }
    knows = [(0, 1), (1, 2), (0, 3)]
    pairs = knows[::-1] if shuffled else knows
    edges = (
        EdgeColumns(
            "KNOWS", "User", "User", np.array([place[a] for a, _ in pairs]), np.array([place[b] for _, b in pairs])
        ),
        EdgeColumns(
            "REACHES", "Channel", "User", np.array([0, 0]), np.array([place[0], place[2]]), {"p": np.array([0.4, 0.5])}
        ),
    )
    return GraphTables(nodes, edges, "t", "CNY", "UTC", {"reach_p": {"kol": 0.1}})


def _plain(snapshot) -> dict:
    return {
        "nodes": {
            t.label: [t.ids.tolist(), {k: v.tolist() for k, v in t.columns.items()}]
            for t in snapshot.tables.nodes.values()
        },
        "edges": [
            [e.type, e.source_rows.tolist(), e.target_rows.tolist(), {k: v.tolist() for k, v in e.columns.items()}]
            for e in snapshot.tables.edges
        ],
        "settings": snapshot.settings,
    }


def test_snapshot_on_disk_equals_snapshot_in_memory(tmp_path):
    """Every value, null, list and big integer survives the trip through the files."""
    memory, disk = snapshot_from_tables(_tables()), snapshot_from_tables(_tables(), tmp_path)
    again = snapshot_from_tables(_tables(), tmp_path)
    assert _plain(memory) == _plain(disk) == _plain(again)
    assert disk.nodes("User").columns["age"].tolist() == [30, None, 41, 9007199254740993]
    assert disk.nodes("User").columns["consent"].dtype == np.bool_
    assert not disk.edges("REACHES")[0].columns["p"].flags.writeable
    assert len(disk.nodes("Film")) == 0
    assert disk.edges("LIKES") == ()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
@pytest.mark.parametrize("on_disk", [False, True])
def test_a_copied_snapshot_is_the_same_and_as_immutable(tmp_path, copied, on_disk):
    """Also after its tables were read, from memory and from a folder."""
    snapshot = snapshot_from_tables(_tables(), tmp_path if on_disk else None)
    assert _plain(copied(snapshot)) == _plain(snapshot) == _plain(copied(snapshot))
    assert not copied(snapshot).edges("REACHES")[0].columns["p"].flags.writeable


def test_row_order_changes_nothing(tmp_path):
    """Shuffled rows give the same digest and the same bytes of every table."""
    first, second = (
        snapshot_from_tables(_tables(), tmp_path / "a"),
        snapshot_from_tables(_tables(shuffled=True), tmp_path / "b"),
    )
    assert first.digest == second.digest
    sums = [
        json.loads((tmp_path / x / s.digest / "manifest.json").read_text())["sha256"]
        for x, s in (("a", first), ("b", second))
    ]
    assert sums[0] == sums[1]


def test_damaged_file_is_noticed_and_made_again(tmp_path, caplog):
    """One flipped byte makes the snapshot new, with a warning that names the folder."""
    snapshot = snapshot_from_tables(_tables(), tmp_path)
    file = tmp_path / snapshot.digest / "edges_1.arrow"
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 1
    file.write_bytes(bytes(raw))
    again = snapshot_from_tables(_tables(), tmp_path)
    assert "made again" in caplog.text
    assert again.edges("REACHES")[0].columns["p"].tolist() == [0.4, 0.5]
    assert not [p.name for p in tmp_path.iterdir() if p.name.startswith(".making")]


@pytest.mark.parametrize("change", ["cut", "label", "list", "other"])
def test_damaged_manifest_is_noticed_and_made_again(tmp_path, caplog, change):
    """The manifest names the tables, so it carries a digest of its own: no wrong label is ever read."""
    snapshot = snapshot_from_tables(_tables(), tmp_path)
    place = tmp_path / snapshot.digest / "manifest.json"
    text = place.read_text()
    place.write_text(
        {
            "cut": text[:-20],
            "label": text.replace('"Film"', '"Tag"').replace('"Channel"', '"Film"'),
            "list": "[1]",
            "other": "{}",
        }[change]
    )
    assert open_snapshot(place.parent) is None
    assert "made again" in caplog.text
    assert _plain(snapshot_from_tables(_tables(), tmp_path)) == _plain(snapshot)


def test_a_cache_that_cannot_be_written_costs_no_answer(tmp_path, caplog):
    """A file where the cache folder should be: the snapshot lives in memory, with a warning."""
    (tmp_path / "file").write_text("")
    found = take_snapshot(_Store(tmp_path), cache=tmp_path / "file" / "cache")
    assert _plain(found) == _plain(snapshot_from_tables(_tables()))
    assert "is not kept" in caplog.text


def test_consent_has_a_scope():
    """u3 said no and u4 agreed to profiles only: two of four may be planned for."""
    users = snapshot_from_tables(_tables()).nodes("User")
    assert consent_mask(users, "plan").tolist() == [True, True, False, False]
    assert consent_mask(users, "profile").tolist() == [True, True, False, True]


class _Store:
    """A store that counts how often it is read."""

    class capabilities:  # noqa: N801 - stands in for an attribute
        cypher = True

    def __init__(self, directory):
        self.directory, self.reads, self.now = directory, 0, "v1"

    def version(self):
        return self.now

    def identity(self):
        return "store-1"

    def tables(self, *, progress=None):
        self.reads += 1
        return _tables()


def test_store_is_read_once_per_version(tmp_path):
    """A second snapshot of the same version costs no read; a new version or refresh does."""
    store = _Store(tmp_path)
    for version, reads in (("v1", 1), ("v1", 1), ("v2", 2), ("v1", 2)):
        store.now = version
        assert as_snapshot(store).version == version
        assert store.reads == reads
    take_snapshot(store, refresh=True)
    assert store.reads == 3
    for i in range(6):
        store.now = f"w{i}"
        take_snapshot(store)
    assert len(list((tmp_path / "snapshots").iterdir())) == 3
    assert (tmp_path / "snapshots" / snapshot_key("store-1", "w5")).exists()


def test_a_foreign_source_is_refused():
    """Anything else is named in the message."""
    with pytest.raises(ValueError, match="GraphStore"):
        as_snapshot(3)


@pytest.mark.parametrize("thing", [None, 5, b"data", ["data"]])
def test_what_is_no_path_is_refused(thing):
    """Files and stores are opened by a text or a path; None opens the default store only."""
    with pytest.raises(InvalidParameter, match=r"directory must be .* Got"):
        read_files(thing)
    if thing is not None:
        with pytest.raises(InvalidParameter, match=r"uri must be .* Got"):
            open_store(thing)
