"""Propensity: planted rules are found, noise is called noise, and nothing may see the future."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.outcomes.activity import features_before, label_after
from graphkit.outcomes.log import DAY
from graphkit.outcomes.propensity import Propensity, propensity
from graphkit.outcomes.scores import auc, auc_interval, brier_gain, calibration_table


def planted(n=1500, seed=3):
    """Buying depends on age and city, not on the other columns."""
    draw = np.random.default_rng(seed)
    age, city, noise = draw.integers(18, 60, n), draw.choice(["北京", "上海", "成都"], n), draw.normal(size=n)
    chance = 1 / (1 + np.exp(-(-2.2 + 0.06 * (age - 40) + 1.8 * (city == "上海"))))
    table = pd.DataFrame(
        {"id": [f"u{i}" for i in range(n)], "age": age, "city": city, "noise": noise, "bought": draw.random(n) < chance}
    )
    return table, chance


@pytest.mark.parametrize("method", ["logistic", "forest"])
def test_a_planted_rule_is_recovered(method):
    """The two columns of the rule carry the importance; chances are calibrated and near the truth's AUC."""
    table, chance = planted(n=1500 if method == "logistic" else 700)
    found = propensity(table, "bought", id="id", method=method, rng=1)
    assert found.better_than_base_rate
    assert found.verdict == "better than the base rate"
    assert set(found.importance.feature[:2]) == {"age", "city"}
    assert found.importance.auc_loss[2] < 0.01
    assert abs(found.auc - auc(table.bought.to_numpy(np.int64), chance)) < (0.03 if method == "logistic" else 0.06)
    assert found.base_rate == table.bought.mean()
    inside = (found.calibration.lower <= found.calibration.predicted) & (
        found.calibration.predicted <= found.calibration.upper
    )
    assert len(found.calibration) == 10
    assert inside.sum() >= 7


def test_noise_is_no_better_than_the_base_rate():
    """Of 8 tables of noise at most one passes: two doors at 2.5 % each (P(> 1) < 2 % even for one door)."""
    draw = np.random.default_rng(0)
    passed = 0
    for seed in range(8):
        table = pd.DataFrame(draw.normal(size=(200, 3)), columns=list("abc")).assign(y=draw.random(200) < 0.3)
        passed += propensity(table, "y", rng=seed).better_than_base_rate
    assert passed <= 1


def test_same_seed_same_numbers_and_json_both_ways():
    """The result repeats, its JSON comes back, nothing global is drawn from."""
    table, _ = planted(300)
    before = np.random.get_state()[1].tobytes()  # noqa: NPY002 - the global state must stay
    a, b = propensity(table, "bought", id="id", rng=5), propensity(table, "bought", id="id", rng=5)
    assert a.manifest.digest == b.manifest.digest
    assert np.random.get_state()[1].tobytes() == before  # noqa: NPY002
    assert Propensity.from_json(a.to_json()).to_json() == a.to_json()


def test_the_order_of_columns_of_the_frame_index_is_irrelevant():
    """An index left over from a filter changes nothing."""
    table, _ = planted(300)
    shifted = table.set_index(np.arange(300) + 17)
    assert propensity(table, "bought", id="id", rng=1).auc == propensity(shifted, "bought", id="id", rng=1).auc


def test_further_people_are_scored_by_the_model_of_all_rows():
    """Scores of a second table follow the rule; a missing column is named."""
    table, _ = planted()
    new = pd.DataFrame({"age": [20, 59], "city": ["成都", "上海"], "noise": [0.0, 0.0]})
    found = propensity(table, "bought", id="id", score=new, rng=1)
    assert found.scored[0] < 0.1
    assert found.scored[1] > 0.5
    with pytest.raises(DataInvalid, match="'city'"):
        propensity(table, "bought", id="id", score=new.drop(columns="city"), rng=1)


def test_selection_keeps_the_columns_of_the_rule():
    """With two encoded columns kept, noise has no say."""
    table, _ = planted()
    found = propensity(table, "bought", id="id", select=2, rng=1)
    assert found.importance.set_index("feature")["auc_loss"]["noise"] == 0


def test_a_window_that_touches_the_label_is_refused_by_name():
    """Features until the cut-off pass; one second later they are refused, and named."""
    table, _ = planted(300)
    columns = {"age": (0, 100), "city": (0, 100), "noise": (0, 100)}
    assert propensity(table, "bought", id="id", windows=columns, label_window=(100, 200), rng=1).n == 300
    with pytest.raises(DataInvalid, match="noise") as caught:
        propensity(table, "bought", id="id", windows={**columns, "noise": (0, 101)}, label_window=(100, 200), rng=1)
    assert caught.value.rule == "leakage"
    with pytest.raises(InvalidParameter):
        propensity(table, "bought", id="id", windows=columns, rng=1)


@pytest.mark.parametrize("disguise", ["count", "two_sided", "word"])
def test_a_column_that_is_the_label_in_disguise_is_refused_by_name(disguise):
    """Also when the relation is not monotone, or the column is a text; vouching for it lets it through."""
    table, _ = planted(400)
    y = table.bought.to_numpy()
    draw = np.random.default_rng(1)
    table["late"] = {
        "count": np.where(y, draw.integers(1, 5, 400), 0),
        "two_sided": np.where(y, 0.0, draw.choice([-1.0, 1.0], 400)),
        "word": np.where(y, "会员", "访客"),
    }[disguise]
    with pytest.raises(DataInvalid, match="late") as caught:
        propensity(table, "bought", id="id", rng=1)
    assert caught.value.rule == "leakage"
    assert propensity(table, "bought", id="id", measured_before=["late"], method="forest", rng=1).auc > 0.99


def test_wrong_tables_are_named(tmp_path):
    """One class, missing labels, odd words, lost files and columns: rule and line are told."""
    table, _ = planted(60)
    file = tmp_path / "people.csv"
    cases = [
        ("one-class", table.assign(bought=1)),
        ("too-few", table.assign(bought=[1] + [0] * 59)),
        ("not-binary", table.assign(bought=[None] + [0, 1] * 29 + [1])),
        ("not-binary", table.assign(bought=["maybe"] + ["yes", "no"] * 29 + ["no"])),
        ("missing-column", table.drop(columns="bought")),
    ]
    for rule, wrong in cases:
        wrong.to_csv(file, index=False)
        with pytest.raises(DataInvalid) as caught:
            propensity(file, "bought", id="id", rng=1)
        assert caught.value.rule == rule
        assert str(file) in caught.value.message
    with pytest.raises(DataInvalid) as caught:
        propensity(tmp_path / "lost.csv", "bought")
    assert caught.value.rule == "file-unreadable"


def test_texts_that_look_like_names_are_left_out_or_named():
    """Chosen by us they are noted, chosen by the caller they are refused."""
    table, _ = planted(300)
    found = propensity(table, "bought", rng=1)
    assert any(note.startswith("id left out: 300 different texts") for note in found.assumptions)
    with pytest.raises(DataInvalid, match="id has 300 different texts"):
        propensity(table, "bought", features=["age", "id"], rng=1)


def test_auc_and_its_interval_equal_brute_force():
    """The share of ordered pairs; DeLong's variance by definition and Newcombe's ends by trying every AUC, ties included."""
    draw = np.random.default_rng(4)
    y, score = draw.integers(0, 2, 80), np.round(draw.random(80), 1)
    yes, no = score[y == 1], score[y == 0]
    wins = np.array([[(a > b) + 0.5 * (a == b) for b in no] for a in yes])
    variance = wins.mean(axis=1).var(ddof=1) / yes.size + wins.mean(axis=0).var(ddof=1) / no.size
    value, (lower, upper) = auc_interval(y, score)
    assert value == pytest.approx(wins.mean(), abs=1e-12)
    half = stats.t.ppf(0.975, yes.size - 1) * variance**0.5 / (value * (1 - value))
    delong = [1 / (1 + np.exp(-np.log(value / (1 - value)) + side * half)) for side in (1, -1)]
    a, n = np.linspace(0, 1, 2_000_001), y.size / 2
    spread = a * (1 - a) * (1 + (n - 1) * ((1 - a) / (2 - a) + a / (1 + a))) / (yes.size * no.size)
    near = a[np.abs(value - a) <= 1.959963984540054 * spread**0.5]
    assert lower == pytest.approx(min(delong[0], near[0]), abs=1e-6)
    assert upper == pytest.approx(max(delong[1], near[-1]), abs=1e-6)


def test_the_auc_within_folds_is_that_of_the_pairs_within_them():
    """Pairs across folds do not count; noise without any effect has .5 within folds, and less across them."""
    draw = np.random.default_rng(5)
    y, score, fold = draw.integers(0, 2, 90), np.round(draw.random(90), 1), np.arange(90) % 3
    wins = [
        np.mean([(a > b) + 0.5 * (a == b) for b in score[(y == 0) & (fold == fold[i])]])
        for i, a in enumerate(score)
        if y[i]
    ]
    assert auc_interval(y, score, fold=fold)[0] == pytest.approx(np.mean(wins), abs=1e-12)
    frame = lambda: pd.DataFrame({"x": draw.normal(size=300), "y": draw.permutation(np.arange(300) < 10).astype(int)})
    found = [propensity(frame(), "y", rng=1).auc for _ in range(60)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.06)


def test_brier_gain_and_calibration_by_hand():
    """Four people, written out."""
    y, p = np.array([1, 0, 1, 0]), np.array([0.9, 0.2, 0.6, 0.4])
    gain, _ = brier_gain(y, p, np.full(4, 0.5))
    assert gain == pytest.approx(0.25 - (0.01 + 0.04 + 0.16 + 0.16) / 4)
    table = calibration_table(y, p, bins=2)
    assert table[["n", "predicted", "observed"]].to_numpy().tolist() == [
        [2, pytest.approx(0.3), 0.0],
        [2, pytest.approx(0.75), 1.0],
    ]


def log():
    """A log by hand: a buys after the cut-off at day 10, b before, c never did anything."""
    rows = [
        ("a", 1, "view", None),
        ("a", 1.5, "view", None),
        ("a", 9, "click", None),
        ("a", 12, "purchase", 30.0),
        ("b", 4, "purchase", 50.0),
        ("b", 5, "refund", 20.0),
    ]
    return pd.DataFrame(
        [{"ts": int(day * DAY), "user": u, "kind": k, "amount": amount, "item_label": "Film", "item": "f1"} for u, day, k, amount in rows]
    )  # fmt: skip


def test_features_come_from_before_and_the_label_from_after():
    """Each number by hand; an event at the cut-off itself belongs to the label."""
    table = features_before(log(), 10 * DAY, ["b", "a", "c"]).set_index("user")
    assert list(table.index) == ["b", "a", "c"]
    assert table.loc["a", ["n_view", "n_click", "active_days", "days_since_last", "amount"]].tolist() == [2, 1, 2, 1, 0]
    assert table.loc["b", ["n_purchase", "n_refund", "amount", "days_since_last"]].tolist() == [1, 1, 30.0, 5.0]
    assert table.loc["c", "n_view"] == 0
    assert np.isnan(table.loc["c", "days_since_last"])
    assert label_after(log(), ["a", "b", "c"], "purchase", 10 * DAY, 12 * DAY + 1).tolist() == [1, 0, 0]
    assert label_after(log(), ["a", "b"], "purchase", 12 * DAY, 12 * DAY + 1, item=("Film", "f1")).tolist() == [1, 0]
    assert label_after(log(), ["a"], "purchase", 10 * DAY, 12 * DAY).tolist() == [0]
    assert label_after(log(), ["a"], "purchase", 10 * DAY, 12 * DAY, item=("Film", "f2")).tolist() == [0]


def test_features_do_not_move_when_the_future_changes():
    """Any event at or after the cut-off may change without changing a feature."""
    later = pd.concat([log(), log().assign(ts=lambda t: t.ts + 10 * DAY, kind="click")], ignore_index=True)
    pd.testing.assert_frame_equal(
        features_before(log(), 10 * DAY, ["a", "b", "c"]), features_before(later, 10 * DAY, ["a", "b", "c"])
    )


def test_a_purchase_without_an_amount_is_an_error():
    """Missing money is never 0."""
    wrong = log()
    wrong.loc[4, "amount"] = np.nan
    with pytest.raises(DataInvalid) as caught:
        features_before(wrong, 10 * DAY, ["a", "b"])
    assert caught.value.rule == "amount-missing"


def test_a_window_beyond_the_log_is_refused():
    """Who could not be seen buying did not "not buy"."""
    with pytest.raises(DataInvalid) as caught:
        label_after(log(), ["a"], "purchase", 30 * DAY, 40 * DAY)
    assert caught.value.rule == "label-window"


def test_every_pair_of_arguments_out_of_range_is_refused():
    """Method, folds and selection outside their range."""
    table, _ = planted(60)
    for wrong in itertools.chain(
        [{"method": "tree"}, {"folds": 1}, {"select": 0}, {"measured_before": ["nobody"]}, {"features": ["bought"]}]
    ):
        with pytest.raises(InvalidParameter):
            propensity(table, "bought", id="id", rng=1, **wrong)


@pytest.mark.parametrize(("n_yes", "n_no", "true"), [(5, 20, 0.9), (10, 90, 0.95), (60, 60, 0.98), (50, 450, 0.8)])
def test_the_interval_of_the_auc_holds_it_where_yeses_are_few(n_yes, n_no, true):
    """Two normal samples with a known AUC, 400 draws: DeLong's own interval covers .77, .79, .87 and .93 of them."""
    from statistics import NormalDist

    draw = np.random.default_rng(n_yes)
    apart = 2**0.5 * NormalDist().inv_cdf(true)
    label = np.repeat([1, 0], [n_yes, n_no])
    held = 0
    for _ in range(400):
        value, (lower, upper) = auc_interval(label, draw.normal(size=label.size) + apart * label)
        held += lower <= true <= upper
        assert lower < value <= upper or value == 0
    assert 0.92 * 400 <= held


def test_the_interval_of_the_auc_where_all_are_apart():
    """3 yeses above 4 noes: the AUC is 1, but not for certain; the other way round it mirrors."""
    label = np.array([1, 1, 1, 0, 0, 0, 0])
    value, (lower, upper) = auc_interval(label, np.arange(7.0)[::-1])
    assert (value, upper) == (1, 1)
    assert 0.3 < lower < 0.8
    assert auc_interval(label, np.arange(7.0))[1] == pytest.approx((0.0, 1 - lower))


@pytest.mark.parametrize("call", ["propensity", "uplift", "retention"])
def test_a_person_in_several_rows_is_refused(call):
    """Five rows a person: what has learned from four of them is not judged on somebody it has not seen."""
    import graphkit as gk

    draw = np.random.default_rng(1)
    once = pd.DataFrame({"who": [f"p{i}" for i in range(60)], "x": draw.normal(size=60), "t": draw.random(60) < 0.5})
    once["y"], once["days"] = draw.random(60) < 0.5, draw.exponential(5, 60) + 0.1
    arguments = {
        "propensity": (("y",), {"features": ["x"]}),
        "uplift": (("t", "y"), {"features": ["x"]}),
        "retention": (("days", "y"), {"covariates": ["x"]}),
    }[call]
    function = getattr(gk, call)
    function(once, *arguments[0], **arguments[1], id="who")
    many = pd.concat([once] * 5, ignore_index=True)
    with pytest.raises(DataInvalid, match="line 62: who 'p0'") as caught:
        function(many, *arguments[0], **arguments[1], id="who")
    assert (caught.value.rule, caught.value.count) == ("duplicate-id", 240)
    with pytest.raises(DataInvalid, match="no column 'whom'"):
        function(once, *arguments[0], **arguments[1], id="whom")
