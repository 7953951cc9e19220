"""Values that would change on the way in without a word: each is refused, or warned of."""

import gzip
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphkit.store.files import check_directory

CHANNEL = {"id": ["c1"], "name": ["x"], "kind": ["kol"]}


def check(root, name, data):
    """What is found in one file of a directory."""
    (root / "nodes").mkdir()
    (root / "dataset.toml").write_text('name = "t"\ncurrency = "CNY"\ntime_zone = "UTC"\n')
    place = root / "nodes" / name
    place.write_bytes(data) if isinstance(data, bytes) else pq.write_table(pa.table(data), place)
    return check_directory(root)


@pytest.mark.parametrize("cost", [2**53 + 1, -(2**53) - 1, 2**62])
def test_whole_numbers_of_parquet_that_no_float_holds_are_refused(tmp_path, cost):
    """As in a CSV: 9007199254740993 would have become 9007199254740992."""
    report = check(tmp_path, "channel.parquet", {**CHANNEL, "cost": [cost]})
    (finding,) = report.findings
    assert (finding.rule, finding.line, finding.value) == ("number", 1, str(cost))


def test_whole_numbers_of_parquet_that_a_float_holds_are_kept(tmp_path):
    """Up to 2^53 - 1 every whole number is a float."""
    assert check(tmp_path, "channel.parquet", {**CHANNEL, "cost": [2**53 - 1]}).ok


@pytest.mark.parametrize("text", ["2024-05-01T10:00:00.0000005Z", "2024-05-01T10:00:00.5Z"])
def test_fractions_of_a_second_are_refused_however_small(tmp_path, text):
    """Half a microsecond was cut off."""
    (finding,) = check(tmp_path, "user.csv", f"id,consent,registered_ts\nu1,true,{text}\n".encode()).findings
    assert "fraction of a second" in finding.message


def test_nanoseconds_of_parquet_are_refused(tmp_path):
    """One nanosecond was cut off; zeros are none."""
    whole = int(datetime(2024, 5, 1, tzinfo=UTC).timestamp()) * 10**9
    times = pa.array([whole, whole + 1], pa.timestamp("ns", "UTC"))
    report = check(tmp_path, "user.parquet", {"id": ["a", "b"], "consent": [True, True], "registered_ts": times})
    assert [(f.rule, f.line) for f in report.findings] == [("time", 2)]


@pytest.mark.parametrize(
    ("value", "warned"), [(20240501, True), (20241301, False), (20240500, False), (1714492800, False)]
)
def test_a_date_without_dashes_is_warned_of(tmp_path, value, warned):
    """20240501 is a second of August 1970, which nobody who writes it means."""
    report = check(tmp_path, "user.csv", f"id,consent,registered_ts\nu1,true,{value}\n".encode())
    assert report.ok
    assert [f.rule for f in report.findings] == ["time-odd"] * warned


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (gzip.compress(b"id,name\nb,x\n", mtime=0), "name it .csv.gz"),
        (b"PK\x03\x04rest", "unpack it"),
        (b"PAR1rest", "name it .parquet"),
    ],
    ids=["gzip", "zip", "parquet"],
)
def test_a_packed_file_is_not_taken_for_a_text(tmp_path, data, hint):
    """No encoding helps here, though one was hinted at."""
    report = check(tmp_path, "brand.csv", data)
    assert [f.hint for f in report.findings if f.rule == "encoding"] == [hint]
