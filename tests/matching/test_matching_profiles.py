"""Profiles from events, their online update, clusters and lift, against hand examples and scikit-learn."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import adjusted_rand_score

from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.matching.clusters import Clusters, adjusted_rand_index, cluster_profiles
from graphkit.matching.lift import TagLift, tag_lift
from graphkit.matching.profiles import EVENT_WEIGHTS, Profiles, build_profiles
from graphkit.matching.update import update_profile

DAY = 86_400
TAGS = {"f1": {"space": 1.0}, "f2": {"love": 1.0, "space": 0.5}, "k1": {"code": 1.0}}
LOG = pd.DataFrame(
    [
        ("u2", "f2", "like", 90 * DAY),
        ("u1", "f1", "view", 0),
        ("u1", "f2", "like", 90 * DAY),
        ("u1", "x", "view", 0),
        ("u3", "k1", "purchase", 45 * DAY),
        ("u9", "k1", "view", 0),
    ],
    columns=["user", "item", "kind", "ts"],
)


def test_profile_by_hand():
    """u1: one view half a life old (.5) of f1 and one like (2) of f2: space .5 + 1, love 2, at length 1."""
    found = build_profiles(LOG, TAGS, users=["u1", "u2", "u3", "u4"])
    norm = math.hypot(1.5, 2)
    assert found.of("u1") == pytest.approx({"love": 2 / norm, "space": 1.5 / norm})
    assert list(found.of("u1")) == ["love", "space"]
    assert found.of("u4") == {}
    assert (found.without_events, found.without_tags, found.ignored_users) == (1, 1, 1)
    assert "u9" not in found.to_frame().user.to_numpy()


def test_audience_is_the_weighted_mean_of_its_people():
    """f2 is liked by u1 and u2 with the same weight: the mean of the two profiles; f1 has u1 alone."""
    found = build_profiles(LOG, TAGS)
    x, y = found.matrix.toarray(), found.audience.toarray()
    row = {name: i for i, name in enumerate(found.items)}
    assert_allclose(y[row["f2"]], (x[found.users.index("u1")] + x[found.users.index("u2")]) / 2, atol=1e-15)
    assert_allclose(y[row["f1"]], x[found.users.index("u1")], atol=1e-15)


def test_order_of_rows_gives_the_same_bytes():
    """Shuffled events: the same arrays bit for bit, and the same digest."""
    rng = np.random.default_rng(3)
    log = pd.DataFrame(
        {
            "user": rng.integers(0, 9, 300).astype(str),
            "item": rng.choice(list(TAGS), 300),
            "kind": rng.choice(["view", "like", "complete"], 300),
            "ts": rng.integers(0, 400 * DAY, 300),
        }
    )
    one, other = (build_profiles(log.sample(frac=1, random_state=s), TAGS) for s in (1, 2))
    for name in ("indptr", "indices", "values", "audience_values"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()
    assert one.manifest.digest == other.manifest.digest
    again = Profiles.from_json(one.to_json())
    assert_array_equal(again.values, one.values)


def test_time_is_relative_to_the_newest_event():
    """All times later by a year: the same profiles; no half-life: nothing ages; rows have length 1."""
    later = LOG.assign(ts=LOG.ts + 365 * DAY)
    assert_array_equal(build_profiles(LOG, TAGS).values, build_profiles(later, TAGS).values)
    still = build_profiles(LOG, TAGS, half_life_days=None).of("u1")
    assert still == pytest.approx({"space": 2 / math.hypot(2, 2), "love": 2 / math.hypot(2, 2)})
    norms = np.sqrt((build_profiles(LOG, TAGS).matrix.toarray() ** 2).sum(axis=1))
    assert_allclose(norms, 1, atol=1e-12)


def test_weights_of_kinds_can_be_declared():
    """A like at weight 0 says nothing; exposure says nothing by default."""
    assert EVENT_WEIGHTS["exposure"] == 0
    found = build_profiles(LOG, TAGS, event_weights={"like": 0})
    assert found.of("u1") == {"space": 1.0}
    assert found.of("u2") == {}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"events": LOG.drop(columns="item")}, "missing-column"), ({"events": LOG.assign(kind="vieww")}, "kind"), ({"events": LOG.assign(user=None)}, "missing"),
        ({"events": LOG.assign(ts=[0, 1, 2, np.nan, 4, 5])}, "ts"), ({"item_tags": {"f1": {"space": -1.0}}}, "weight"), ({"item_tags": {"f1": {"space": math.nan}}}, "weight"),
        ({"tags": ["space", "love"]}, "unknown-tag"), ({"events": LOG.assign(n=-1)}, "n"), ({"events": LOG.assign(ts="soon")}, "ts"),
    ],
)  # fmt: skip
def test_wrong_events_are_named(change, rule):
    """Each mistake names its rule."""
    arguments = {"events": LOG, "item_tags": TAGS, **change}
    with pytest.raises(DataInvalid) as caught:
        build_profiles(arguments.pop("events"), arguments.pop("item_tags"), **arguments)
    assert caught.value.rule == rule


def test_no_events_at_all():
    """An empty log gives zero rows, not NaN; a wrong half-life is refused."""
    found = build_profiles(LOG.head(0), TAGS, users=["u1"])
    assert (len(found), found.without_events, found.values.size) == (1, 1, 0)
    with pytest.raises(InvalidParameter):
        build_profiles(LOG, TAGS, half_life_days=0)
    with pytest.raises(InvalidParameter):
        found.of("u7")


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=6), st.floats(0.01, 0.99), st.floats(0, 1), st.integers(0, 25))
def test_lms_residual_follows_the_power_law(v, share, wanted, steps):
    """Residual after k steps = (1 - alpha v.v)^k x the first one, to 1e-12."""
    v = np.array(v)
    if v @ v < 1e-6:
        return
    alpha, u = 2 * share / (v @ v), np.linspace(-1, 1, v.size)
    first = wanted - u @ v
    for _ in range(steps):
        u = update_profile(u, v, wanted, rate=alpha)
    assert wanted - u @ v == pytest.approx(
        (1 - alpha * (v @ v)) ** steps * first, abs=1e-12 * max(1, abs(first)) * max(1, v @ v)
    )


def test_ema_and_mappings():
    """EMA by hand; tags missing on one side count 0; the item without weight changes nothing."""
    assert update_profile({"a": 1.0}, {"b": 1.0}, 1.0, rate=0.25, method="ema") == {"a": 0.75, "b": 0.25}
    assert update_profile({"a": 1.0}, {"b": 1.0}, 1.0, rate=0.5) == {"a": 1.0, "b": 0.5}
    assert update_profile({"a": 1.0}, {}, 1.0, rate=0.5) == {"a": 1.0}
    assert update_profile({"a": 1.0}, {}, 1.0, rate=0.5, method="ema") == {"a": 1.0}


@pytest.mark.parametrize(
    "change",
    [
        {"rate": 1.0},
        {"rate": 0.0},
        {"rate": -1},
        {"rate": math.nan},
        {"response": 1.5},
        {"item": [1.0]},
        {"item": [1, math.inf]},
        {"item": {"a": 1.0}},
        {"method": "sgd"},
        {"method": "ema", "rate": 1.5},
    ],
)
def test_update_refuses_what_diverges(change):
    """v.v = 2, so the bound is 1; shapes, responses and methods are checked."""
    arguments = {"profile": np.zeros(2), "item": np.ones(2), "response": 1.0, "rate": 0.5, **change}
    with pytest.raises(InvalidParameter):
        update_profile(
            arguments["profile"],
            arguments["item"],
            arguments["response"],
            rate=arguments["rate"],
            method=arguments.get("method", "lms"),
        )


def planted(n=60, seed=1):
    """Three tight groups of unequal size in four columns."""
    rng = np.random.default_rng(seed)
    truth = np.repeat([0, 1, 2], [n // 2, n // 3, n - n // 2 - n // 3])
    return np.eye(4)[truth] + 0.05 * rng.random((n, 4)), truth


def test_planted_clusters_are_found_and_counted():
    """Three groups, chosen by silhouette, labelled by size; ARI 1 against the truth."""
    x, truth = planted()
    found = cluster_profiles(x)
    assert found.n_clusters == 3
    assert_array_equal(found.labels, truth)
    assert found.silhouette > 0.8
    assert found.compared["3"] == found.silhouette
    assert Clusters.from_json(found.to_json()).n_clusters == 3


@pytest.mark.parametrize("kinds", [2, 3, 5])
def test_people_of_a_few_exact_kinds_are_grouped_by_kind(kinds):
    """Where everybody is like some others, as many clusters as kinds have the best silhouette there is, 1."""
    truth = np.repeat(range(kinds), range(9, 9 - kinds, -1))
    found = cluster_profiles(np.eye(kinds)[truth])
    assert_array_equal(found.labels, truth)
    assert found.silhouette == 1


def test_permuting_rows_permutes_the_clusters():
    """Row order plays no part, not even among sizes that tie."""
    rng = np.random.default_rng(5)
    x = rng.random((80, 5))
    order = rng.permutation(80)
    assert_array_equal(cluster_profiles(x, k=7).labels[order], cluster_profiles(x[order], k=7).labels)


def test_one_column_empty_rows_and_refusals():
    """One column works, a zero row belongs nowhere, k above the number of different rows is refused."""
    assert_array_equal(cluster_profiles(pd.Series([1.0, 1.1, 9.0, 0.0, 1.05]), k=2).labels, [0, 0, 1, -1, 0])
    with pytest.raises(InvalidParameter):
        cluster_profiles([1.0, 1.0, 2.0], k=3)
    assert cluster_profiles([3.0, 3.0]).n_clusters == 1
    for wrong in (np.zeros((3, 2)), [1.0, math.nan], ["a", "b"]):
        with pytest.raises(DataInvalid):
            cluster_profiles(wrong)


def test_ari_by_formula_and_scikit_learn():
    """Published example of Hubert and Arabie's formula by hand, -1 left out, relabelling changes nothing."""
    a, b = [0, 0, 0, 1, 1, 1, -1], [0, 0, 1, 1, 2, 2, 0]
    # pairs together in both 2, in a 6, in b 3, of 15: (2 - 6*3/15) / ((6+3)/2 - 6*3/15)
    assert adjusted_rand_index(a, b) == pytest.approx((2 - 1.2) / (4.5 - 1.2))
    assert adjusted_rand_index(a[:6], b[:6]) == pytest.approx(adjusted_rand_score(a[:6], b[:6]))
    with pytest.raises(InvalidParameter):
        adjusted_rand_index([0], [0, 1])
    with pytest.raises(InvalidParameter):
        adjusted_rand_index([-1], [0])


def test_lift_by_hand_and_minimum_cell():
    """4 baskets, a in 3, b in 2, both in 2: lift 2 x 4 / (3 x 2); rarer pairs are hidden and counted."""
    baskets = {"u1": ["a", "b", "b"], "u2": {"a": 1.0, "b": 0.5}, "u3": ["a", "c"], "u4": ["c"], "u5": []}
    found = tag_lift(baskets, min_cell=2)
    assert (found.tag_a, found.tag_b, found.users.tolist(), found.hidden, found.n_baskets) == (
        ("a",),
        ("b",),
        [2],
        1,
        4,
    )
    assert found.lift[0] == pytest.approx(8 / 6)
    assert len(tag_lift(baskets, min_cell=1)) == 2
    assert len(tag_lift({}, min_cell=1)) == 0
    assert TagLift.from_json(found.to_json()).to_frame().equals(found.to_frame())


def test_lift_of_independent_tags_is_one():
    """20,000 baskets, two independent tags at .3 and .4: lift within 4.5 standard errors of 1."""
    rng = np.random.default_rng(11)
    a, b = rng.random(20_000) < 0.3, rng.random(20_000) < 0.4
    found = tag_lift(
        {str(i): [t for t, on in (("a", a[i]), ("b", b[i]), ("x", not (a[i] or b[i]))) if on] for i in range(20_000)}
    )
    assert abs(found.to_frame().set_index(["tag_a", "tag_b"]).lift["a", "b"] - 1) < 4.5 * math.sqrt(
        (1 - 0.3) * (1 - 0.4) / (0.3 * 0.4 * 20_000)
    )


def test_lift_refuses_bare_texts():
    """A basket that is a text would be cut into letters."""
    with pytest.raises(DataInvalid):
        tag_lift({"u": "ab"}, min_cell=1)
    with pytest.raises(InvalidParameter):
        tag_lift([["a"]])
    with pytest.raises(InvalidParameter):
        tag_lift({}, min_cell=0)
