"""Learning: hand-counted tries, planted probabilities, order-free input, named refusals."""

import itertools

import numpy as np
import pandas as pd
import pytest

from graphkit.diffusion.calibration import _past, predict_sizes
from graphkit.diffusion.events import read_log
from graphkit.diffusion.learn import LearnedProbabilities, learn
from graphkit.diffusion.size_factor import simulated_sizes
from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.projection.build import from_arrays


def table(rows):
    """Frame of (item, node, ts)."""
    return pd.DataFrame(rows, columns=["item", "node", "ts"])


def cascades(n, count, seed, starters=(3, 3)):
    """A planted graph and independent cascades drawn by a plain loop, one time unit a step; so many start each (least, most)."""
    rng = np.random.default_rng(seed)
    key = rng.choice(n * (n - 1), 3 * n, replace=False)
    s, t = key // (n - 1), key % (n - 1)
    t = t + (t >= s)
    p, rows = rng.uniform(0.05, 0.5, s.size), []
    out = [np.flatnonzero(s == u) for u in range(n)]
    for item in range(count):
        number = starters[0] if starters[0] == starters[1] else int(rng.integers(starters[0], starters[1] + 1))
        when = dict.fromkeys(rng.choice(n, number, replace=False).tolist(), 0)
        front, step = list(when), 0
        while front:
            step += 1
            hit = {int(t[j]) for u in front for j in out[u] if rng.random() < p[j]} - set(when)
            when.update(dict.fromkeys(sorted(hit), step))
            front = sorted(hit)
        rows += [(item, u, float(k)) for u, k in when.items()]
    return s, t, p, table(rows)


@pytest.fixture(scope="module")
def planted():
    """800 cascades on 60 nodes, learned once; 200 more to predict."""
    s, t, p, log = cascades(60, 1000, 4)
    graph = from_arrays(np.r_[s, 60], np.r_[t, 61], n_nodes=62)
    learned = learn(graph, log[log.item < 800], rng=1)
    true = dict(zip(zip(s.tolist(), t.tolist(), strict=True), p, strict=True)) | {(60, 61): np.nan}
    ends = zip(graph.sources.tolist(), graph.indices.tolist(), strict=True)
    return graph, log, learned, np.array([true[e] for e in ends])


def test_tries_and_credit_counted_by_hand():
    """0 -> 1 tried 4 times, followed twice, once with 2 as a second possible cause (even credit 1 + 1/2)."""
    rows = [
        ("a", 0, 0),
        ("a", 1, 5),
        ("b", 0, 0),
        ("b", 2, 1),
        ("b", 1, 9),
        ("c", 0, 3),
        ("d", 0, 1),
        ("e", 1, 0),
        ("e", 0, 4),
    ]
    learned = learn(from_arrays([0, 2], [1, 1], n_nodes=4), table(rows), method="partial", rng=1)
    a, b = learned.prior
    assert learned.tried.tolist() == [4.0, 1.0]
    assert learned.probability.tolist() == pytest.approx([(a + 1.5) / (a + b + 4), (a + 0.5) / (a + b + 1)])
    assert learned.explained == pytest.approx(2 / 4)


def test_planted_probabilities_come_back(planted):
    """Correlation > .85 and mean within 5 % on arcs with 20 tries; 95 % intervals cover 90-99 %."""
    _, _, learned, true = planted
    often = learned.tried >= 20
    assert often.sum() > 100
    assert np.corrcoef(learned.probability[often], true[often])[0, 1] > 0.85
    assert learned.probability[often].mean() == pytest.approx(true[often].mean(), rel=0.05)
    inside = (learned.interval[:, 0] <= true) & (true <= learned.interval[:, 1])
    assert 0.90 <= inside[~np.isnan(true)].mean() <= 0.99


def test_an_arc_never_tried_keeps_the_prior(planted):
    """Its p is a / (a + b), it is named, and its interval is wider than the median by far."""
    _, _, learned, true = planted
    never = np.isnan(true)
    a, b = learned.prior
    width = np.ptp(learned.interval, axis=1)
    assert np.array_equal(learned.never_tried, never)
    assert learned.probability[never] == pytest.approx(a / (a + b))
    assert width[never].min() > 2 * np.median(width)


@pytest.mark.parametrize("method", ["em", "partial"])
def test_order_of_rows_changes_nothing(planted, method):
    """The same log shuffled, with repeated later rows, gives the same bytes."""
    graph, log, _, _ = planted
    log = log[log.item < 100]
    again = pd.concat([log, log.iloc[:50].assign(ts=99.0)]).sample(frac=1, random_state=1)
    assert (
        learn(graph, again, method=method, rng=1).probability.tobytes()
        == learn(graph, log, method=method, rng=1).probability.tobytes()
    )


def test_sizes_of_unseen_items_are_calibrated(planted):
    """Mean within 15 % (about 3 standard errors), the 95 % interval holds 90 % or more, observed is the count."""
    _, log, learned, _ = planted
    test = log[log.item >= 800]
    frame = predict_sizes(learned, test, rng=1)
    real = test.groupby("item").node.nunique()
    assert frame["observed"].tolist() == real.tolist()
    assert frame["predicted"].mean() == pytest.approx(real.mean(), rel=0.15)
    assert ((frame["lower"] <= frame["observed"]) & (frame["observed"] <= frame["upper"])).mean() >= 0.90
    assert ((frame["lower"] <= frame["predicted"]) & (frame["predicted"] <= frame["upper"])).all()


def test_prediction_uses_the_first_adopters_only(planted):
    """Changing everything after the third adopter changes no prediction."""
    _, log, learned, _ = planted
    test = log[log.item >= 990].sort_values(["item", "ts", "node"])
    later = test.groupby("item").cumcount() >= 3
    cut = predict_sizes(learned, test[~later], rng=1)
    full = predict_sizes(learned, test, rng=1)
    assert cut["predicted"].tolist() == full["predicted"].tolist()


def test_who_starts_large_items_is_expected_to_start_large_ones_again():
    """Ties, tempo, degree and activity tell nothing of the size here; the first half of the starters starts the large items."""
    rng, rows, large = np.random.default_rng(3), [], np.arange(160) % 3 == 0
    for item, big in enumerate(large):
        starters = rng.choice(40, 3, replace=False) + (0 if big else 40)
        others = rng.choice(400, rng.poisson(24 if big else 6) + 1, replace=False) + 80
        rows += [(item, node, 60 * step) for step, node in enumerate([*starters, *others])]
    log, ring = table(rows), np.arange(480)
    p = from_arrays(ring, (ring + 1) % 480)
    frame = predict_sizes(learn(p, log[log.item < 120], rng=1), log[log.item >= 120], rng=1)
    assert np.array_equal(frame.predicted > 3 + 15, large[120:])
    assert ((frame.lower <= frame.observed) & (frame.observed <= frame.upper)).mean() >= 0.85
    newcomers = table([("new", node, 60 * step) for step, node in enumerate([477, 478, 479])])
    assert 3 + 6 < predict_sizes(learn(p, log, rng=1), newcomers, rng=1).predicted[0] < 3 + 24


def test_what_other_items_tell_of_users_by_hand():
    """Sizes 1 and 4: 0 took up both, 1 the large one, 5 none; a stranger counts as an adopter, but nobody is told of him."""
    log = read_log(from_arrays([0], [1], n_nodes=6), table([("a", 0, 0), *(("b", node, 0) for node in (0, 1, 2, 77))]))
    past, off = _past(log, 6), np.log(4) / 2
    assert past.activity.tolist() == [100, 50, 50, 0, 0, 0]
    assert past.company.tolist() == pytest.approx([0, off / 3, off / 3, 0, 0, 0])


def test_calibration_table_sums_to_the_training_items(planted):
    """Bins hold all items; their means rise with the prediction."""
    _, _, learned, _ = planted
    frame = learned.calibration
    assert frame["items"].sum() == 800
    assert frame["predicted"].is_monotonic_increasing
    assert frame["observed"].iloc[-1] > frame["observed"].iloc[0]


def test_strangers_and_string_ids_do_no_harm():
    """Adopters outside the graph count as adopters; ids are strings; unseen users still get a prediction."""
    graph = from_arrays(["a", "b"], ["b", "c"], ids=["a", "b", "c"])
    rows = [(f"i{i}", who, t) for i in range(40) for t, who in enumerate(("a", "stranger", "b"))]
    learned = learn(graph, table(rows), rng=1)
    assert learned.tried.tolist() == [40.0, 40.0]
    assert learned.probability[0] > learned.probability[1]
    frame = predict_sizes(learned, table([("new", "x", 0), ("new", "y", 1), ("new", "z", 2), ("new", "w", 3)]), rng=1)
    assert frame["observed"].tolist() == [4]
    assert np.isfinite(frame["predicted"]).all()
    assert (frame["predicted"] >= 3).all()


def test_row_numbers_as_times_are_no_steps():
    """Equal gaps without simultaneous adopters: any earlier neighbour may be the cause, not only the one before."""
    rows = [(i, who, 3 * i + t) for i in range(10) for t, who in enumerate((0, 2, 1))]
    learned = learn(from_arrays([0, 2], [1, 1], n_nodes=3), table(rows), method="partial", rng=1)
    a, b = learned.prior
    assert learned.probability.tolist() == pytest.approx([(a + 5) / (a + b + 10)] * 2)


def test_result_travels_through_json(planted):
    """Probabilities, intervals and the table come back."""
    learned = planted[2]
    back = LearnedProbabilities.from_json(learned.to_json())
    assert np.array_equal(back.probability, learned.probability)
    assert np.array_equal(back.interval, learned.interval)
    assert back.calibration["items"].tolist() == learned.calibration["items"].tolist()
    assert len(learned.to_frame()) == learned.projection.n_arcs


@pytest.mark.parametrize(
    ("frame", "word"),
    [
        (pd.DataFrame({"item": [1], "node": [1]}), "'ts'"),
        (table([(1, 0, np.nan)]), "ts is missing"),
        (table([]), "empty"),
        (table([(1, 0, "soon")]), "no time"),
        (None, "missing"),
    ],
)
def test_wrong_tables_are_named(frame, word):
    """Column missing, null, empty, text as time, no table at all."""
    with pytest.raises(DataInvalid, match=word):
        learn(from_arrays([0], [1]), frame, rng=1)


@pytest.mark.parametrize(
    "kind", ["datetime64[s]", "datetime64[ms]", "datetime64[us]", "datetime64[ns]", "zone", "delta"]
)
def test_times_are_seconds_in_any_unit(kind):
    """A minute is 60 seconds, whatever pandas counts in: its datetimes are of microseconds by default, once of nanoseconds."""
    since = pd.to_timedelta([0, 60], unit="s")
    begin = pd.Timestamp("2020-01-01", tz="Asia/Shanghai" if kind == "zone" else None)
    ts = since if kind == "delta" else begin + since
    ts = ts.astype(kind) if kind.startswith("datetime64") else ts
    log = read_log(from_arrays([0], [1]), pd.DataFrame({"item": [1, 1], "node": [0, 1], "ts": ts}))
    assert np.diff(log.times).tolist() == [60.0]
    if kind.startswith("datetime64"):
        assert log.times[0] == 1577836800.0


@pytest.mark.parametrize(
    ("told", "pushed"),
    [([True, False], [True, False]), ([1, 0], [True, False]), ([1.0, np.nan], [True, False]),
     (pd.array([True, None], "boolean"), [True, False]), ([True, None], [True, False])],
)  # fmt: skip
def test_who_was_brought_by_a_channel_is_yes_or_no(told, pushed):
    """Booleans, 0 and 1, empty means no."""
    log = read_log(from_arrays([0], [1]), table([(1, 0, 0), (1, 1, 1)]).assign(external=told))
    assert (log.causes == -1).tolist() == pushed


@pytest.mark.parametrize("told", [["False", "True"], [2, 0], ["no", "no"]])
def test_a_word_is_no_yes_or_no(told):
    """The text False is not empty, so NumPy would take it for a yes."""
    with pytest.raises(DataInvalid, match="external") as caught:
        read_log(from_arrays([0], [1]), table([(1, 0, 0), (1, 1, 1)]).assign(external=told))
    assert (caught.value.rule, caught.value.rows[0][0]) == ("external", 0)


@pytest.mark.parametrize("organic", [0, 3, 11])
def test_a_traced_log_in_which_channels_brought_nearly_all_has_no_calibration(organic):
    """Fewer than 12 items of which the first adopters tell the size: the table is empty, and predictions still come."""
    rows = [
        (item, node, 60 * step, None if step == 0 else node - 1, step == 0 and item >= organic)
        for item in range(20)
        for step, node in enumerate(range(item % 3, item % 3 + 4))
    ]
    log = pd.DataFrame(rows, columns=["item", "node", "ts", "parent", "external"])
    learned = learn(from_arrays(range(6), range(1, 7)), log, rng=1)
    assert learned.log.traced
    assert not len(learned.calibration)
    assert len(predict_sizes(learned, log[log.item < 4], rng=1)) == 4


def test_what_was_read_from_a_file_has_no_log_to_predict_from(planted):
    """JSON carries neither graph nor log: said so, with what to do."""
    _, log, learned, _ = planted
    with pytest.raises(InvalidParameter, match="log") as caught:
        predict_sizes(LearnedProbabilities.from_json(learned.to_json()), log, rng=1)
    assert "learn" in caught.value.hint


def test_wrong_arguments_are_named(planted):
    """Unknown method, no first adopter, no arc."""
    with pytest.raises(InvalidParameter, match="method"):
        learn(planted[0], planted[1], method="magic")
    with pytest.raises(InvalidParameter, match="n_first"):
        predict_sizes(planted[2], planted[1], n_first=0)
    with pytest.raises(InvalidParameter, match="learned must be LearnedProbabilities"):
        predict_sizes(planted[0], planted[1])
    with pytest.raises(DataInvalid, match="no arc"):
        learn(from_arrays([], [], n_nodes=2), planted[1])


def test_a_full_log_keeps_its_probabilities(planted):
    """Where the graph carries the process, simulated sizes agree within two errors or the factor stays within 5 %."""
    _, _, learned, _ = planted
    assert learned.size_factor == pytest.approx(1.0, abs=0.05)
    assert learned.size_ratio == pytest.approx(1.0, abs=0.15)
    assert np.allclose(learned.probability, np.minimum(learned.size_factor * learned.posterior_mean, 1.0))


STARTERS = [(2, 2), (6, 6), (12, 12), (1, 8)]  # one alone cannot be told from his first followers without steps


@pytest.mark.parametrize(("starters", "steps"), [((1, 1), True), *itertools.product(STARTERS, (True, False))])
def test_the_level_is_right_whatever_number_started(starters, steps):
    """Those who start together are no followers: with the first three as the start, p of twelve starters was 1.4 times too large."""
    s, t, p, log = cascades(150, 400, 8, starters=starters)
    if not steps:
        log["ts"] += np.where(log["ts"] > 0, np.random.default_rng(3).random(len(log)) * 0.9, 0.0)
    learned = learn(from_arrays(s, t, n_nodes=150), log, rng=1)
    true = dict(zip(zip(s.tolist(), t.tolist(), strict=True), p, strict=True))
    ends = zip(learned.projection.sources.tolist(), learned.projection.indices.tolist(), strict=True)
    tried = learned.tried >= 10
    assert learned.probability[tried].mean() / np.array([true[e] for e in ends])[tried].mean() == pytest.approx(
        1.0, abs=0.1
    )


@pytest.mark.parametrize("chance", [0.02, 0.03, 0.05])
def test_an_interval_after_few_tries_holds_a_rare_chance(chance):
    """Ten arcs with 50 tries each: p lies in at least 92 % of their intervals (.64 at .02 and .78 at .03 without the half success)."""
    inside = []
    for seed in range(30):
        took = np.random.default_rng(seed).random(500) < chance
        first = [(i, 2 * (i // 50), 0.0) for i in range(500)]
        after = [(i, 2 * (i // 50) + 1, 9.0) for i in np.flatnonzero(took).tolist()]
        learned = learn(from_arrays(np.arange(0, 20, 2), np.arange(1, 20, 2)), table(first + after), rng=1)
        inside += ((learned.interval[:, 0] <= chance) & (chance <= learned.interval[:, 1])).tolist()
    assert np.mean(inside) >= 0.92


def test_a_graph_that_lacks_arcs_is_scaled_to_real_sizes():
    """With a third of the arcs unknown, simulated sizes of unseen items are far too small before the factor and within 20 % after it."""
    s, t, _, log = cascades(60, 1000, 4)
    known = np.random.default_rng(1).random(s.size) > 0.35
    graph = from_arrays(s[known], t[known], n_nodes=60)
    learned = learn(graph, log[log.item < 800], rng=1)
    unseen = read_log(graph, log[log.item >= 800])
    real = (unseen.sizes - 3).mean()
    before, after = (
        simulated_sizes(graph.with_probability(p), unseen, 3, 9, worlds=256).mean() / real
        for p in (learned.posterior_mean, learned.probability)
    )
    assert before < 0.8
    assert after == pytest.approx(1.0, abs=0.2)
    assert learned.size_factor > 1.1
    held_out = learned.calibration
    assert (held_out["simulated"] * held_out["items"]).sum() / (
        held_out["observed"] * held_out["items"]
    ).sum() == pytest.approx(1.0, abs=0.1)


def test_the_factor_never_leaves_its_range():
    """A graph that explains nothing is scaled at most 4 times, and p stays a probability."""
    _, _, _, log = cascades(60, 300, 5)
    learned = learn(from_arrays([0, 1], [1, 2], n_nodes=60), log, rng=1)
    assert 1 <= learned.size_factor <= 4
    assert learned.probability.max() <= 1


def test_a_told_cause_has_the_whole_credit_and_others_are_not_counted():
    """0 and 2 point at 1. Passed on by 0 after 5: 2 had 4 of the 5 that the one told cause needed, so its try counts for nothing; 0 had all 5 in b and c."""
    rows = [
        ("a", 0, 0),
        ("a", 2, 1),
        ("a", 1, 5),
        ("b", 0, 0),
        ("b", 2, 1),
        ("b", 1, 5),
        ("c", 0, 0),
        ("c", 1, 5),
        ("d", 2, 0),
        ("d", 1, 9),
    ]
    parent = [None, None, 0, None, None, None, None, "stranger", None, None]
    external = [False] * 5 + [True] + [False] * 4
    frame = table(rows).assign(parent=parent, external=external)
    learned = learn(from_arrays([0, 2], [1, 1], n_nodes=4), frame, method="partial", rng=1)
    a, b = learned.prior
    assert learned.tried.tolist() == [3.0, 1.0]  # 0 in a, b, c; 2 in d
    assert learned.probability.tolist() == pytest.approx([(a + 1) / (a + b + 3), (a + 1) / (a + b + 1)])
    assert not learned.log.traced


def test_a_traced_log_knows_who_started_on_his_own():
    """Many start at once, so first adopters say little about sizes; told causes bring back the planted mean and need no factor."""
    rng, n = np.random.default_rng(8), 500
    key = rng.choice(n * (n - 1), 4 * n, replace=False)
    s, t = key // (n - 1), key % (n - 1)
    t = t + (t >= s)
    p, rows = rng.uniform(0.02, 0.25, s.size), []
    for item in range(300):
        when = {int(u): (float(i), None) for i, u in enumerate(rng.choice(n, 8, replace=False))}
        front = list(when)
        while front:
            u = front.pop()
            for j in np.flatnonzero(s == u):
                if int(t[j]) not in when and rng.random() < p[j]:
                    when[int(t[j])] = (when[u][0] + 1 + float(rng.exponential(3)), u)
                    front.append(int(t[j]))
        rows += [(item, u, ts, parent) for u, (ts, parent) in when.items()]
    frame = pd.DataFrame(rows, columns=["item", "node", "ts", "parent"])
    graph = from_arrays(s, t, n_nodes=n)
    traced, blind = learn(graph, frame, rng=1), learn(graph, frame.drop(columns="parent"), rng=1)
    assert traced.log.traced
    assert not blind.log.traced
    assert traced.size_ratio == pytest.approx(1.0, abs=0.1)
    truth = dict(zip(zip(s.tolist(), t.tolist(), strict=True), p, strict=True))
    planted = np.array([truth[e] for e in zip(graph.sources.tolist(), graph.indices.tolist(), strict=True)])
    assert abs(traced.probability.mean() - planted.mean()) < 0.1 * planted.mean()
    assert abs(traced.probability.mean() - planted.mean()) < abs(blind.probability.mean() - planted.mean())
    assert np.corrcoef(traced.probability, planted)[0, 1] > np.corrcoef(blind.probability, planted)[0, 1]


def test_a_log_that_tells_some_causes_only_is_not_traced(planted):
    """Three told parents in ten: a missing one means "not told", so other neighbours still share the credit."""
    graph, log, learned, _ = planted
    some = log[log.item < 800]
    told = some.assign(parent=[None] * len(some))
    assert learn(graph, told, rng=1).manifest.digest == learned.manifest.digest
    first = {(int(a), int(b)) for a, b in zip(graph.sources.tolist(), graph.indices.tolist(), strict=True)}
    parent = [
        next((int(u) for u in some.node[(some.item == item) & (some.ts == ts - 1)] if (int(u), node) in first), None)
        if i % 3 == 0
        else None
        for i, (item, node, ts) in enumerate(
            zip(some.item.tolist()[:3000], some.node.tolist()[:3000], some.ts.tolist()[:3000], strict=True)
        )
    ]
    part = some.iloc[:3000].assign(parent=parent)
    assert not learn(graph, part, rng=1).log.traced
