"""Loading directories: rows rejected from a load are kept beside the store."""

from __future__ import annotations

import base64
import json

import pytest

from graphkit.errors import DataInvalid
from graphkit.projection.load import dead_letter_folder, load_directory
from graphkit.store.embedded import EmbeddedStore
from graphkit.store.memory import MemoryStore


def _directory(root):
    (root / "nodes").mkdir(parents=True)
    (root / "dataset.toml").write_text('name = "t"\ncurrency = "CNY"\ntime_zone = "Asia/Shanghai"\n', encoding="utf-8")
    (root / "nodes" / "user.csv").write_text("id,consent\nu1,true\nu2,maybe\nu3,false\n", encoding="utf-8")
    return root


def test_rejected_rows_are_kept_with_the_store(tmp_path):
    """A load that rejects a row writes it to `<store>/reports`, once, and beside it to correct; a dry run and a refused load write nothing."""
    data, home = _directory(tmp_path / "d"), tmp_path / "store"
    with EmbeddedStore(home) as store:
        assert dead_letter_folder(store) == home / "reports"
        load_directory(store, data, max_bad=1, dry_run=True)
        with pytest.raises(DataInvalid):
            load_directory(store, data)
        assert not (home / "reports").exists()
        for _ in range(2):
            assert load_directory(store, data, max_bad=1).rejected == 1
    folder, place = sorted((home / "reports").iterdir())
    (row,) = [json.loads(line) for line in place.read_text(encoding="utf-8").splitlines()]
    assert (row["file"], row["line"], base64.b64decode(row["raw"])) == ("nodes/user.csv", 3, b"u2,maybe")
    assert (folder.name, place.name) == (f"dead-{row['run']}", f"dead-{row['run']}.ndjson")
    assert (folder / "nodes" / "user.csv").read_bytes() == b"id,consent\nu2,maybe\n"


def test_a_store_in_memory_keeps_no_files(tmp_path):
    """Nowhere to keep rejected rows is no reason to fail."""
    with MemoryStore() as store:
        assert dead_letter_folder(store) is None
        assert load_directory(store, _directory(tmp_path / "d"), max_bad=1).rejected == 1
