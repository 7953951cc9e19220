"""What the outcome models are asked with: names, horizons, infinite cells and times that are none, each refused by its name."""

import numpy as np
import pandas as pd
import pytest

from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.outcomes.lifetime_value import lifetime_value
from graphkit.outcomes.propensity import propensity
from graphkit.outcomes.retention import retention
from graphkit.outcomes.survival import concordance, kaplan_meier
from graphkit.outcomes.uplift import uplift

COUNTS = {"counts": [[8, 2], [0, 0]], "reward": [10, 0], "rng": 1}


def people(n=80):
    """A feature, a treatment by lot, an outcome, days watched."""
    draw = np.random.default_rng(3)
    return pd.DataFrame({"x": draw.normal(size=n), "t": draw.integers(0, 2, n), "y": draw.integers(0, 2, n), "days": draw.exponential(9, n) + 0.1})  # fmt: skip


MODELS = {
    "propensity": lambda table, **more: propensity(table, "y", rng=1, **more),
    "retention": lambda table, **more: retention(table, "days", "y", **more),
    "uplift": lambda table, **more: uplift(table, "t", "y", n_bootstrap=100, rng=1, **more),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("wrong", ["days", 5, float("nan"), True, pd.Timestamp("2020-01-01")])
def test_columns_to_leave_out_are_a_list(model, wrong):
    """exclude="days" left out the columns d, a, y and s, and days stayed in."""
    with pytest.raises(InvalidParameter, match="exclude must be a list of names"):
        MODELS[model](people(), exclude=wrong)


@pytest.mark.parametrize("wrong", ["x", 5, float("nan"), True])
def test_columns_to_use_are_a_list(wrong):
    """By the name of each argument."""
    with pytest.raises(InvalidParameter, match="features must be a list of names"):
        propensity(people(), "y", features=wrong, rng=1)
    with pytest.raises(InvalidParameter, match="covariates must be a list of names"):
        retention(people(), "days", "y", covariates=wrong)
    with pytest.raises(InvalidParameter, match="measured_before must be a list of names"):
        propensity(people(), "y", features=["x"], measured_before=wrong, rng=1)


@pytest.mark.parametrize("wrong", ["gone", 5, float("nan"), True, 1j])
def test_states_are_a_list(wrong):
    """A text was taken for the list of its characters; numbers ended in a TypeError."""
    with pytest.raises(InvalidParameter, match="states must be a list of names"):
        lifetime_value(**COUNTS, states=wrong, absorbing=["1"])
    with pytest.raises(InvalidParameter, match="absorbing must be a list of names"):
        lifetime_value(**COUNTS, absorbing=wrong)


@pytest.mark.parametrize("horizon", [10**400, 10_001, np.int64(10_001)])
def test_a_horizon_that_would_never_end_is_refused(horizon):
    """Periods are gone through one by one; 10^400 of them did not come back."""
    with pytest.raises(InvalidParameter, match=r"horizon must be at most 10,000 periods") as caught:
        lifetime_value(**COUNTS, absorbing=["1"], horizon=horizon)
    assert "leave it out" in caught.value.hint
    far = lifetime_value(**COUNTS, absorbing=["1"], horizon=2_000, n_draws=100).value
    assert far == pytest.approx(lifetime_value(**COUNTS, absorbing=["1"]).value)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("cell", [np.inf, -np.inf, 10**400])
def test_an_infinite_cell_is_no_missing_one(model, cell):
    """The median stood in for it without a word; Cox's model ended in an error of linear algebra."""
    table = people().assign(x=pd.Series([0.5, cell, *people().x[2:]], dtype=object))
    with pytest.raises(DataInvalid, match=r"line 3: x is -?inf, too large") as caught:
        MODELS[model](table, **({"covariates": ["x"]} if model == "retention" else {"features": ["x"]}))
    assert caught.value.rule == "scale"


@pytest.mark.parametrize(
    ("observed", "left", "told"),
    [
        ([1.0, float("nan"), 3.0], [1, 0, 1], r"observed\[1\] must be a finite time"),
        ([1.0, float("inf"), 3.0], [1, 0, 1], r"observed\[1\] must be a finite time"),
        ([1.0, -2.0, 3.0], [1, 0, 1], r"observed\[1\] must be a finite time"),
        ([1.0, 2.0, 3.0], [1, 2, 1], r"left\[1\] must be 0 or 1"),
        ([1.0, 2.0, 3.0], [1, float("nan"), 1], r"left\[1\] must be 0 or 1"),
        ([1.0, 2.0, 3.0], [1, 0], "left must be of shape"),
        ([[1.0, 2.0, 3.0]], [[1, 0, 1]], "observed must be one time per person"),
        (None, [1, 0, 1], "observed must be one time per person"),
        (["a", "b", "c"], [1, 0, 1], "observed must be one time per person"),
    ],
)
def test_times_are_finite_and_leaving_is_yes_or_no(observed, left, told):
    """With a NaN among the times Harrell's C never came back, and the curve stepped on without a word."""
    with pytest.raises(InvalidParameter, match=told):
        kaplan_meier(observed, left)
    with pytest.raises(InvalidParameter, match=told):
        concordance(observed, left, [0.1, 0.2, 0.3])


@pytest.mark.parametrize("risk", [[0.1, float("nan"), 0.3], [0.1, 0.2], None, ["a", "b", "c"]])
def test_risks_are_finite(risk):
    """One for each person."""
    with pytest.raises(InvalidParameter, match="risk must be"):
        concordance([1.0, 2.0, 3.0], [1, 0, 1], risk)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("cell", [lambda k: np.array([k, 1]), lambda k: [] if k else [1], lambda k: pd.Series([k])])
def test_lists_in_cells_are_texts_as_tuples_are(model, cell):
    """Each is a group of its own: the figures are those of the same column of words; arrays and empty lists ended in a ValueError."""
    group = np.arange(80) % 2
    lists = people().assign(group=pd.Series([cell(k) for k in group], dtype=object))
    words = people().assign(group=[str(cell(k)) for k in group])
    of = lambda found: next(getattr(found, name) for name in ("auc", "qini", "concordance") if hasattr(found, name))
    assert of(MODELS[model](lists)) == of(MODELS[model](words))


def odd_name(name):
    """Return the people with x under another name, which pandas would otherwise take for levels."""
    names = np.empty(4, object)
    names[:] = [name, "t", "y", "days"]
    return people().set_axis(pd.Index(names, dtype=object, tupleize_cols=False), axis=1)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", [5, 2.5, None, ("x", "y"), b"x", "\ud800"], ids=ascii)
def test_columns_are_named_by_texts(model, name):
    """Five ended in "no column '5' (did you mean '5'?)" or a KeyError, the sixth in an error of the encoding."""
    with pytest.raises(DataInvalid, match="cannot be the name of a column") as caught:
        MODELS[model](odd_name(name))
    assert caught.value.rule == "column-name"
    assert "map(str)" in caught.value.hint
    str(caught.value).encode()
    used = {"covariates" if model == "retention" else "features": ["z"]}
    MODELS[model](odd_name(name).assign(z=people().x), **used)  # what is not used may be named anyhow


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("wrong", [[["x"]], [{}], b"x"])
def test_names_to_leave_out_are_names(model, wrong):
    """A list in the list ended in an unhashable type; bytes were taken for the list of their numbers."""
    with pytest.raises(InvalidParameter, match="exclude must be a list of names"):
        MODELS[model](people(), exclude=wrong)


@pytest.mark.parametrize("model", MODELS)
def test_a_name_to_leave_out_that_is_no_column_is_told(model):
    """A slip of the pen left the column in that should be out."""
    with pytest.raises(DataInvalid, match="table has no column 'dayz'") as caught:
        MODELS[model](people().assign(z=people().x), exclude=["dayz"])
    assert "'days'" in caught.value.hint
    MODELS[model](odd_name(5).assign(z=people().x), exclude=[5])


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_too_long_to_print_is_infinite(model, sign):
    """As a feature, a duration or an answer it ended in "Exceeds the limit (4300 digits)"."""
    cell = sign * 10**5000
    cells = pd.Series([cell, *people().x[1:]], dtype=object)
    with pytest.raises(DataInvalid, match=r"line 2: x is -?inf, too large"):
        MODELS[model](people().assign(x=cells))
    with pytest.raises(DataInvalid, match=r"line 2: y is -?inf; it must be 0 or 1"):
        MODELS[model](people().assign(y=pd.Series([cell, *people().y[1:]], dtype=object)))
    with pytest.raises(DataInvalid, match=r"line 2: days is -?inf, "):
        MODELS[model](people().assign(days=cells))


@pytest.mark.parametrize("model", MODELS)
def test_half_a_character_in_a_cell_is_told(model):
    """Arrow cannot hold a lone surrogate: an error of the encoding without column or row."""
    table = people().assign(x=pd.Series(["a", "\ud800"] * 40, dtype=object))
    with pytest.raises(DataInvalid, match="line 3: x holds half a character") as caught:
        MODELS[model](table)
    assert caught.value.rule == "encoding"
    str(caught.value).encode()
    MODELS[model](table.assign(z=people().x), exclude=["x"])


@pytest.mark.parametrize("model", MODELS)
def test_a_list_in_a_cell_is_no_answer(model):
    """Whether an array is missing has no single answer: a ValueError of NumPy."""
    table = people().assign(y=pd.Series([np.arange(2)] * 80))
    with pytest.raises(DataInvalid, match="line 2: y is array"):
        MODELS[model](table)


def test_names_of_numpy_are_texts():
    """scikit-learn takes an array's texts for no texts."""
    names = np.array(["x", "days"])
    assert propensity(people(), "y", features=names, rng=1).n_features == 2
    assert np.isfinite(uplift(people(), "t", "y", features=names, n_bootstrap=100, rng=1).qini)
