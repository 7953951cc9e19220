"""Numbers a mapping makes up: a column times a factor, and a count of the rows of another file."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphkit.store.files import check_directory, read_directory

HEAD = 'name = "m"\ncurrency = "EUR"\ntime_zone = "UTC"\n'
TABLE = '[[nodes]]\nfile = "{file}"\nlabel = "Channel"\nid = "id"\ncolumns = {{ name = "id", {columns} }}\nconstants = {{ kind = "kol", {constants} }}\n'
ROWS = {"id": ["a", "b", "c"], "n": [5, None, 70], "x": [0.5, None, 7.5]}


def written(root, columns, constants="cost = 1", *, typed=False, extra=""):
    """Three channels of a foreign file, the second measured in nothing, as CSV or as Parquet with its own types."""
    file = "r.parquet" if typed else "r.csv"
    if typed:
        pq.write_table(pa.table(ROWS), root / file)
    else:
        (root / file).write_text("id,n,x\na,5,0.5\nb,,\nc,70,7.5\n")
    (root / "dataset.toml").write_text(HEAD + TABLE.format(file=file, columns=columns, constants=constants) + extra)
    return root


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize(
    ("name", "column", "times", "values"),
    [
        ("followers", "n", 1, [5, None, 70]),
        ("followers", "x", 10, [5, None, 75]),
        ("reach_p", "n", 0.01, [0.05, None, 0.7]),
        ("reach_p", "x", 0.1, [0.05, None, 0.75]),
    ],
)
def test_a_product_keeps_its_gaps_and_is_judged_after_the_factor(tmp_path, name, column, times, values, typed):
    """A cell that holds nothing stays null, whatever the file's type; only the product must fit the property."""
    written(tmp_path, f'{name} = {{ column = "{column}", times = {times} }}', typed=typed)
    tables, report = read_directory(tmp_path)
    assert report.rejected == 0
    found = tables.nodes_of("Channel").column(name).tolist()
    assert found == [v if v is None else pytest.approx(v, rel=1e-12) for v in values]
    assert {type(x) for x in found if x is not None} == ({int} if name == "followers" else {float})


@pytest.mark.parametrize("typed", [False, True])
def test_a_product_outside_the_range_puts_its_row_aside(tmp_path, typed):
    """7.5 of something is no chance."""
    report = check_directory(written(tmp_path, 'reach_p = { column = "x", times = 1 }', typed=typed))
    (finding,) = report.errors
    assert (finding.rule, finding.column, finding.value) == ("range", "x", "7.5")


@pytest.mark.parametrize(("name", "times"), [("followers", 1e18), ("followers", 1e16), ("capacity", -1)])
def test_a_product_that_no_column_can_hold_puts_its_row_aside(tmp_path, name, times):
    """A whole number beyond 2^53, or below the range, is not stored as another one."""
    report = check_directory(written(tmp_path, f'{name} = {{ column = "n", times = {times} }}'))
    assert {f.line for f in report.errors} == {2, 4}
    assert (report.rejected, report.loaded) == (2, 1)


@pytest.mark.parametrize(
    "column", ['platform = { column = "n", times = 2 }', 'platform = { count = "r.csv", by = "id" }']
)
def test_a_text_is_no_product_and_no_count(tmp_path, column):
    """Neither becomes the text 10.0."""
    report = check_directory(written(tmp_path, column))
    (finding,) = report.errors
    assert (finding.rule, finding.file) == ("mapping", "dataset.toml")
    assert "platform" in finding.message


@pytest.mark.parametrize(
    ("label", "column"),
    [
        ("Brand", 'name = "id", resources = { column = "n", times = 2 }'),
        ("User", 'consent = { column = "n", times = 2 }'),
    ],
)
def test_lists_and_truth_are_no_products(tmp_path, label, column):
    """A mistaken factor is named, not left out and not a crash."""
    (tmp_path / "r.csv").write_text("id,n\na,brand\n")
    table = f'[[nodes]]\nfile = "r.csv"\nlabel = "{label}"\nid = "id"\ncolumns = {{ {column} }}\n'
    (tmp_path / "dataset.toml").write_text(HEAD + table)
    assert [f.rule for f in check_directory(tmp_path).errors] == ["mapping"]


@pytest.mark.parametrize(
    ("column", "bad"),
    [
        ('reach_p = { count = "seen.csv", by = "who" }', 2),
        ('capacity = { count = "seen.csv", by = "who", times = -1 }', 2),
        ('reach_p = { count = "seen.csv", by = "who", times = 0.25 }', None),
    ],
)
def test_a_count_is_judged_like_any_number(tmp_path, column, bad):
    """Three sightings of a are no chance of 3; a quarter each is one of 0.75."""
    (tmp_path / "seen.csv").write_text("who\na\na\na\n")
    report = check_directory(written(tmp_path, column))
    assert [f.line for f in report.errors if f.rule == "range"] == ([bad] if bad else [])
    assert report.rejected == (1 if bad else 0)


def test_a_count_by_numbers_is_refused(tmp_path):
    """Ids are texts: a column of numbers would count no row of anybody."""
    pq.write_table(pa.table({"who": [1, 1, 2]}), tmp_path / "seen.parquet")
    report = check_directory(written(tmp_path, 'cost = { count = "seen.parquet", by = "who" }', 'platform = "X"'))
    (finding,) = report.errors
    assert (finding.rule, finding.file, finding.column) == ("id-type", "seen.parquet", "who")
    assert report.loaded == 0


def test_a_relationship_counts_nothing(tmp_path):
    """Its rows have no id by which to count."""
    (tmp_path / "r.csv").write_text("a,b\nx,y\n")
    ends = 'source = { column = "a", labels = ["User"] }\ntarget = { column = "b", labels = ["User"] }\n'
    table = f'[[relationships]]\nfile = "r.csv"\ntype = "SHARED_WITH"\n{ends}columns = {{ n = {{ count = "r.csv", by = "a" }} }}\n'
    (tmp_path / "dataset.toml").write_text(HEAD + table)
    (finding,) = check_directory(tmp_path).errors
    assert (finding.rule, "n of SHARED_WITH is a count" in finding.message) == ("mapping", True)


def test_rows_cannot_be_chosen_by_a_list(tmp_path):
    """Equality with a text is asked of texts, numbers, truth and dates."""
    pq.write_table(pa.table({"id": ["a"], "tags": [["x"]]}), tmp_path / "r.parquet")
    table = '[[nodes]]\nfile = "r.parquet"\nwhere = { tags = "x" }\nlabel = "User"\nid = "id"\nconstants = { consent = true }\n'
    (tmp_path / "dataset.toml").write_text(HEAD + table)
    (finding,) = check_directory(tmp_path).errors
    assert (finding.rule, finding.file, finding.column) == ("type", "r.parquet", "tags")
