"""Tables of people as pandas hands them over: dates with gaps, columns twice, names that scikit-learn keeps for itself."""

import numpy as np
import pandas as pd
import pytest

from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.outcomes.features import prepare
from graphkit.outcomes.propensity import propensity
from graphkit.outcomes.retention import retention
from graphkit.outcomes.tables import numeric, read_table
from graphkit.outcomes.uplift import uplift

DAYS = pd.to_datetime(["2020-01-01", None, "2020-01-03", "2020-01-03"])


def people(n=300):
    """A feature that tells, a treatment by lot, an outcome."""
    draw = np.random.default_rng(3)
    x, t = draw.normal(size=n), draw.integers(0, 2, n)
    return pd.DataFrame({"x": x, "t": t, "y": (draw.random(n) < 0.3 + 0.2 * (x > 0)).astype(int)})


@pytest.mark.parametrize("cells", [DAYS, DAYS.tz_localize("Asia/Shanghai"), DAYS - DAYS[0]])
def test_a_missing_date_is_missing(cells):
    """pandas counts dates in whole numbers, and a missing one as the least of them: 292,000 years ago."""
    values = prepare(pd.DataFrame({"since": cells}), None, [], "t").frame["since"].to_numpy()
    assert np.isnan(values).tolist() == [False, True, False, False]
    assert values[3] == values[2] > values[0] == np.nanmin(values)


@pytest.mark.parametrize("cells", [DAYS[[0, 2, 3]], DAYS[[0, 2, 3]].tz_localize("UTC")])
def test_a_date_is_no_amount(cells):
    """A duration or a reward that is a date would be taken for microseconds since 1970."""
    with pytest.raises(DataInvalid, match=r"a is Timestamp.*not a finite number") as caught:
        numeric(pd.DataFrame({"a": cells}), "a", "t")
    assert "number" in caught.value.hint


def test_a_column_twice_is_refused():
    """Two columns of one name: nobody says which one is meant."""
    twice = pd.concat([people(), people()[["x"]]], axis=1)
    with pytest.raises(DataInvalid, match="2 columns of the name 'x'") as caught:
        propensity(twice, "y", features=["x"], rng=1)
    assert caught.value.rule == "duplicate-column"


def test_a_feature_named_twice_counts_once():
    """As if it had been named once."""
    once, twice = (propensity(people(), "y", features=["x"] * k, rng=1) for k in (1, 2))
    assert once.auc == twice.auc


@pytest.mark.parametrize("name", ["n__plays", "verbose", "remainder", "x"])
def test_any_column_may_be_a_feature(name):
    """scikit-learn keeps some names of parts to itself: the figures are those of the column by another name."""
    frame = people().rename(columns={"x": name})
    found = propensity(frame, "y", features=[name], rng=1)
    assert found.auc == propensity(people(), "y", features=["x"], rng=1).auc
    assert found.importance["feature"].tolist() == [name]
    assert np.isfinite(uplift(frame, "t", "y", features=[name], n_bootstrap=100, rng=1).qini)


def test_an_arm_that_is_missing_is_named_beside_empty_cells():
    """A treatment that is empty for some: the arms there are can still be told."""
    frame = people().assign(t=pd.array(np.where(people().t == 1, "a", None), dtype="string"))
    with pytest.raises(DataInvalid, match="no row has t 'b'") as caught:
        uplift(frame, "t", "y", treated="a", control="b", rng=1)
    assert caught.value.hint == "its arms: a"


@pytest.mark.parametrize("held_out", ["half", None, float("nan")])
def test_a_share_that_is_no_number_is_refused(held_out):
    """By its name."""
    with pytest.raises(InvalidParameter, match="held_out must be"):
        uplift(people(), "t", "y", held_out=held_out)


@pytest.mark.parametrize("table", [None, {"x": [1]}, people()["x"], 3])
def test_what_is_no_table_is_refused(table):
    """A mapping or a single column: say what is wanted."""
    with pytest.raises(InvalidParameter, match="table must be"):
        read_table(table)
    with pytest.raises(InvalidParameter, match="table must be"):
        retention(table, "x", "y")


@pytest.mark.parametrize(
    ("cells", "rule", "told"),
    [
        ([1e308, -1e308, 3.0, 4.0], "scale", "x is 1e\\+308"),
        ([0.0, 2e-300, 3e-300, None], "scale", "line 4: x is 3e-300"),
        ([1 + 2j, 2, 3, 4], "not-a-number", "x holds complex numbers"),
    ],
)
def test_numbers_no_model_can_use_are_refused(cells, rule, told):
    """Forests hold 32 bits, squares below 1e-308 are 0, and the imaginary part was dropped without a word."""
    table = pd.DataFrame({"x": cells, "y": [1.0, 2.0, 3.0, 5.0]})
    with pytest.raises(DataInvalid, match=told) as caught:
        prepare(table, None, [], "t")
    assert caught.value.rule == rule
    assert caught.value.hint


def test_only_large_and_complex_numbers_cannot_be_scored():
    """Who is scored may all be near 0."""
    fitted = prepare(pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]}), None, [], "t")
    for cells in ([1e308, 0.0], [1j, 2.0]):
        with pytest.raises(DataInvalid, match=r"x (is 1e|holds complex)"):
            fitted.same(pd.DataFrame({"x": cells}), "t")
    assert fitted.same(pd.DataFrame({"x": [1e-40, 0.0]}), "t").x.tolist() == [1e-40, 0.0]


def test_complex_numbers_are_no_durations():
    """Only their real part was taken."""
    with pytest.raises(DataInvalid, match="days holds complex numbers") as caught:
        numeric(pd.DataFrame({"days": [1j, 2.0]}), "days", "t")
    assert caught.value.hint


def test_large_and_small_features_are_told_apart_within_the_limits():
    """1e29 and 1e-29 are learned from as 1 is; 0 everywhere is still the same for everyone."""
    cells = np.array([1.0, 2.0, 3.0, 4.0])
    found = prepare(pd.DataFrame({"a": cells * 1e29, "b": cells * 1e-29, "c": cells * 0}), None, [], "t")
    assert found.numbers == ("a", "b")
    assert found.notes == ("c left out: it is the same for everyone",)
    encoded = found.transformer().fit_transform(found.frame)
    assert encoded[:, 0] == pytest.approx(encoded[:, 1])
    assert encoded[:, 0] == pytest.approx((cells - 2.5) / cells.std())


@pytest.mark.parametrize("name", ["x.json", "x.NDJSON", "x.jsonl.gz", "x.xlsx"])
def test_files_that_are_no_tables_are_told_by_their_name(tmp_path, name):
    """JSON was read as CSV: no column 't', its columns were the first person."""
    people().to_json(tmp_path / name, orient="records")
    with pytest.raises(DataInvalid, match=r"cannot be read as a table: a file of kind .[a-z]+ is not read") as caught:
        uplift(tmp_path / name, "t", "y", rng=1)
    assert caught.value.rule == "file-unreadable"
    assert ".csv" in caught.value.hint
