"""Outcome models of the source texts that are wrong: each one a test of what graphkit does instead."""

import numpy as np
import pandas as pd
import pytest

from graphkit.errors import DataInvalid
from graphkit.outcomes.lifetime_value import lifetime_value
from graphkit.outcomes.propensity import propensity
from graphkit.outcomes.retention import retention


def campaign_table(n=1000):
    """The text's table: everything is drawn at random, and the number of purchases is to predict whether there was one."""
    draw = np.random.default_rng(0)
    purchases = draw.integers(0, 10, n)
    return pd.DataFrame({
        "age": draw.integers(18, 60, n), "gender": draw.choice(["男", "女"], n), "watching_time": draw.integers(0, 100, n),
        "purchasing_count": purchases, "purchased_course": (purchases >= 3).astype(int),
    })  # fmt: skip


def test_the_count_of_purchases_may_not_predict_a_purchase():
    """The text reaches accuracy and AUC 1.00 on noise; the leaking column is refused by name."""
    with pytest.raises(DataInvalid, match="purchasing_count") as caught:
        propensity(campaign_table(), "purchased_course", rng=1)
    assert caught.value.rule == "leakage"
    assert caught.value.rows == ("purchasing_count",)


def test_without_the_leak_the_text_predicts_nothing():
    """AUC about .5, Brier no better than the base rate's, and the text column "gender" is encoded instead of crashing."""
    found = propensity(campaign_table(), "purchased_course", exclude=["purchasing_count"], rng=1)
    assert found.verdict == "no better than the base rate"
    assert found.auc_interval[0] < 0.5 < found.auc_interval[1] + 0.03
    assert found.brier > found.brier_base - 0.002
    assert "gender" in found.importance.feature.tolist()


def test_random_labels_are_no_better_than_the_base_rate():
    """A model of float noise and random labels has nothing to learn, and says so."""
    draw = np.random.default_rng(1)
    table = pd.DataFrame(draw.normal(size=(200, 6)), columns=[f"x{i}" for i in range(6)]).assign(
        y=draw.integers(0, 2, 200)
    )
    for method in ("logistic", "forest"):
        assert propensity(table, "y", method=method, rng=1).verdict == "no better than the base rate"


def test_a_cox_model_has_no_intercept():
    """The text adds one; the baseline hazard takes it up, so a constant column is refused."""
    draw = np.random.default_rng(2)
    table = pd.DataFrame({"x": draw.normal(size=100), "t": draw.exponential(size=100), "left": True})
    with pytest.raises(DataInvalid, match="intercept") as caught:
        retention(table.assign(intercept=1.0), "t", "left")
    assert caught.value.rule == "constant"


def test_the_partial_likelihood_is_maximised():
    """The text minimises it, which has no end; the truth .7 lies in our interval and the likelihood rises above b = 0."""
    draw = np.random.default_rng(3)
    x = draw.normal(size=400)
    found = retention(pd.DataFrame({"x": x, "t": draw.exponential(np.exp(-0.7 * x)), "left": True}), "t", "left")
    row = found.coefficients.iloc[0]
    assert np.log(row.lower) < 0.7 < np.log(row.upper)
    assert found.log_likelihood > found.log_likelihood_null


def test_lifetime_value_uses_rows_of_p_and_a_discount():
    """The text multiplies stationary by transition chances, indices swapped: pi_0 p_00 10 + pi_1 p_10 0 = 0 here, since all ends in churn."""
    chain, pay = np.array([[0.8, 0.2], [0.0, 1.0]]), np.array([10.0, 0.0])
    stationary = np.array([0.0, 1.0])
    assert stationary @ chain == pytest.approx(stationary)
    assert (stationary * chain[:, 0]) @ pay == 0
    assert lifetime_value(chain, pay, discount=0.9).value[0] == pytest.approx(10 / (1 - 0.9 * 0.8))
