"""Parquet: the rows of ndjson with their types, never on a terminal."""

import json
import os
import subprocess
import sys

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphkit.cli import run
from graphkit.cli.output import choose_format, emit

LISTED = [sys.executable, "-m", "graphkit", "query", "--list"]
ROWS = [
    {"id": "007", "n": 3, "x": 0.5, "ok": True, "tags": ["甲", "b"], "adds": 2.0, "adds_interval": [1.5, 2.5]},
    {"id": "=1+1", "n": None, "x": None, "ok": None, "tags": [], "adds": None, "adds_interval": None},
    {"id": "", "n": 2**53 + 1, "x": 2, "ok": False, "tags": None, "adds": 1, "adds_interval": [None, 2.5]},
]


def written(place, rows, columns=None):
    """Write rows as a command does and read them as pyarrow does."""
    emit(form="parquet", output=str(place), rows=rows, columns=columns or list(rows[0]))
    return pq.read_table(place)


def test_the_suffix_asks_for_parquet():
    """-o plan.parquet needs no --format."""
    assert choose_format(None, "a.Parquet") == "parquet"


def test_values_keep_their_types(tmp_path):
    """Ids stay text, integers stay integers though some are missing, missing stays null, an interval is two numbers."""
    table = written(tmp_path / "a.parquet", ROWS)
    types = {
        "id": pa.string(), "n": pa.int64(), "x": pa.float64(), "ok": pa.bool_(), "tags": pa.list_(pa.string()),
        "adds": pa.float64(), "adds_lower": pa.float64(), "adds_upper": pa.float64(),
    }  # fmt: skip
    assert {field.name: field.type for field in table.schema} == types
    assert table.to_pylist() == [
        {name: value for name, value in row.items() if name != "adds_interval"}
        | dict(zip(("adds_lower", "adds_upper"), row["adds_interval"] or (None, None), strict=True))
        for row in ROWS
    ]


def test_pandas_reads_what_json_says(tmp_path):
    """The frame of the file holds the same values, an absent number not as 0 and an absent text not as ''."""
    rows = [{"name": "a", "score": 1.5}, {"name": None, "score": None}]
    written(tmp_path / "a.parquet", rows)
    frame = pd.read_parquet(tmp_path / "a.parquet")
    assert json.loads(frame.to_json(orient="records")) == rows


def test_objects_are_json_text(tmp_path):
    """Objects whose keys differ, and cells of several kinds, are text that JSON reads; no number is rounded."""
    rows = [
        {"params": {"film": "f1"}, "paths": [{"tag": "t1", "part": 0.5}], "value": 1, "many": 2**64, "range": [1, 2, 3]},
        {"params": {"k": 3}, "paths": [], "value": "half", "many": 1, "range": None},
    ]  # fmt: skip
    table = written(tmp_path / "a.parquet", rows)
    assert [json.loads(text) for text in table["params"].to_pylist()] == [row["params"] for row in rows]
    assert [json.loads(text) for text in table["paths"].to_pylist()] == [row["paths"] for row in rows]
    assert table["value"].to_pylist() == ["1", "half"]
    assert table["many"].to_pylist() == [str(2**64), "1"]
    assert table["range"].to_pylist() == [[1, 2, 3], None]


def test_an_interval_takes_no_name_from_another_column(tmp_path):
    """Where the two columns are there already, the pair stays a list."""
    rows = [{"adds_interval": [1, 2], "adds_lower": 7}]
    assert written(tmp_path / "a.parquet", rows).to_pylist() == rows


def test_no_rows_keep_their_columns(tmp_path):
    """An empty answer is a table without rows, not a broken file; a column that no row names is null, one that only rows name is kept."""
    empty = written(tmp_path / "a.parquet", [], ("id", "adds_interval")).schema
    assert empty.names == ["id", "adds_lower", "adds_upper"]
    assert empty.types[1:] == [pa.float64(), pa.float64()]
    sparse = written(tmp_path / "b.parquet", [{"id": "a", "more": 1}], ("id", "score"))
    assert sparse.to_pylist() == [{"id": "a", "score": None, "more": 1}]


def test_a_name_that_is_no_utf8_is_spelt_as_json_spells_it(tmp_path):
    """A path may hold any bytes; one of them is no reason to lose the report."""
    name = os.fsdecode(b"nodes/\xff.csv")
    assert written(tmp_path / "a.parquet", [{"file": name}]).to_pylist() == [{"file": "nodes/\\udcff.csv"}]


@pytest.mark.parametrize("dash", [[], ["-o", "-"]])
def test_a_pipe_gets_the_bytes(dash, tmp_path):
    """Piped, the file comes out byte for byte; it holds the rows of ndjson."""
    piped = subprocess.run([*LISTED, "--format", "parquet", *dash], capture_output=True, check=True)
    lines = subprocess.run([*LISTED, "--format", "ndjson"], capture_output=True, check=True).stdout.splitlines()
    found = pq.read_table(pa.BufferReader(piped.stdout)).to_pylist()
    assert [row["name"] for row in found] == [json.loads(line)["name"] for line in lines]
    (tmp_path / "x").write_bytes(piped.stdout)
    assert pq.read_metadata(tmp_path / "x").num_rows == len(lines)


@pytest.mark.parametrize("dash", [[], ["-o", "-"]])
def test_a_terminal_is_refused(dash, monkeypatch, capfd):
    """Before anything runs, with the way out."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("graphkit.cli.context.install", lambda: None)
    assert run(["query", "--list", "--format", "parquet", *dash]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert "-o FILE" in err
