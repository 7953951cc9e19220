"""Parquet files whose cells no Python value stands for: refused with their row, like any cell that does not fit."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphkit.store.files import check_directory

HEAD = 'name = "m"\ncurrency = "EUR"\ntime_zone = "UTC"\n'


def users(root, **columns):
    """Four users with these columns besides, written in two groups of rows."""
    (root / "nodes").mkdir()
    table = pa.table({"id": ["u1", "u2", "u3", "u4"], "consent": [True] * 4, **columns})
    pq.write_table(table, root / "nodes" / "user.parquet", row_group_size=2)
    (root / "dataset.toml").write_text(HEAD)
    return root


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        (pa.array([0, 1, 2, 2**50], pa.timestamp("s")), "1125899906842624"),
        (pa.array([0, 1, None, 2**30], pa.date32()), "1073741824"),
        (pa.array([0, 1, 2, 2**50], pa.timestamp("s", "Asia/Shanghai")), "1125899906842624"),
    ],
)
def test_a_time_beyond_the_calendar_puts_its_row_aside(tmp_path, cells, shown):
    """The year 35,680,000 is no moment of a log; the other rows stay good."""
    report = check_directory(users(tmp_path, registered_ts=cells))
    (finding,) = report.errors
    assert (finding.rule, finding.line, finding.column) == ("time", 4, "registered_ts")
    assert shown in finding.value
    assert (report.rejected, report.loaded) == (1, 3)


def test_text_that_is_no_utf_8_refuses_the_file(tmp_path):
    """Parquet promises UTF-8 and does not check it; what does not keep to it is named by column and row."""
    offsets = np.array([0, 1, 2, 3, 5], dtype=np.int32)
    cells = pa.Array.from_buffers(pa.string(), 4, [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(b"xyz\xff\xfe")])
    report = check_directory(users(tmp_path, region=cells))
    (finding,) = report.errors
    assert (finding.rule, finding.file) == ("encoding", "nodes/user.parquet")
    assert (finding.line, finding.column) == (4, "region")
    assert (report.rejected, report.rows_in) == (4, 4)
