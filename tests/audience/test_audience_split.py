"""Overlap and profit split against enumeration."""

import itertools
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import linprog

from graphkit.audience.overlap import Overlap, overlap
from graphkit.audience.split import ProfitSplit, split_profit
from graphkit.errors import DataInvalid, InvalidParameter, UnknownName, UnknownNode
from graphkit.projection.arrays import from_arrays


def union(q, value):
    """Expected value reached by at least one of the rows of q."""
    return float(value @ (1 - np.prod(1 - q, axis=0)))


def shapley(game, m):
    """Shapley values by full enumeration of 2^m coalitions."""
    share = np.zeros(m)
    for r in range(m):
        for s in itertools.combinations(range(m), r):
            for i in set(range(m)) - set(s):
                gain = game(tuple(sorted((*s, i)))) - game(s)
                share[i] += gain * math.factorial(r) * math.factorial(m - r - 1) / math.factorial(m)
    return share


def random_chances(seed, kind):
    """Chances of 2 to 7 partners over 60 users, 0/1 or soft."""
    rng = np.random.default_rng(seed)
    q = (rng.random((int(rng.integers(2, 8)), 60)) < 0.4) * (rng.uniform(0.05, 1, 60) if kind == "soft" else 1.0)
    return q, rng.integers(0, 5, 60) * 0.5


@pytest.mark.parametrize("kind", ["sets", "soft"])
@pytest.mark.parametrize("number", range(6))
def test_shares_equal_enumeration(kind, number):
    """Shares are the Shapley values to 1e-12 and sum to the joint value."""
    q, value = random_chances(number, kind)
    found = split_profit({f"p{i}": row for i, row in enumerate(q)}, value=value)
    assert_allclose(found.share, shapley(lambda s: union(q[list(s)], value), len(q)), atol=1e-12)
    assert_allclose([found.share.sum(), found.joint], union(q, value), rtol=1e-12)
    assert (found.exclusive <= found.share + 1e-12).all()
    assert (found.share <= found.alone + 1e-12).all()


@pytest.mark.parametrize("number", range(6))
def test_shares_with_a_lead_equal_enumeration_and_the_core_rule(number):
    """Without the lead nobody earns; stable iff no partner gets more than his exclusive value."""
    q, value = random_chances(number, "soft")
    m = len(q)
    found = split_profit({f"p{i}": row for i, row in enumerate(q)}, value=value, lead="film")
    true = shapley(lambda s: union(q[[i for i in s if i < m]], value) if m in s else 0.0, m + 1)
    assert_allclose(found.share, true, atol=1e-12)
    lost = [union(q, value) - union(np.delete(q, i, 0), value) for i in range(m)]
    assert found.stable == bool((true[:m] <= np.array(lost) + 1e-9).all())


def test_split_by_hand():
    """4 users against 1 of them: 3.5 and .5; costs come off, a common one in equal parts."""
    audiences = {"a": [0, 1, 2, 3], "b": [3]}
    found = split_profit(audiences, n_nodes=5, own_cost={"b": 0.25}, common_cost=1.0)
    assert_allclose(found.share, [3.0, -0.25])
    assert found.joint == 4.0


def test_overlapping_partners_without_a_lead_are_never_called_stable():
    """The core is empty once audiences overlap; disjoint ones are stable."""
    assert split_profit({"a": [0, 1], "b": [1]}, n_nodes=3).stable is False
    assert split_profit({"a": [0], "b": [1]}, n_nodes=3).stable is True
    assert split_profit({"a": [0], "b": [1]}, n_nodes=3, common_cost=0.1).stable is None


@pytest.mark.parametrize("number", range(4))
def test_overlap_equals_enumeration(number):
    """Every figure of the overlap from its definition."""
    q, _ = random_chances(number, "soft")
    m, n = q.shape
    found = overlap({f"p{i}": row for i, row in enumerate(q)})
    one = np.ones(n)
    assert_allclose(found.joint, union(q, one))
    assert_allclose(found.shared, np.prod(q, axis=0).sum())
    assert_allclose(found.incremental, np.diff([union(q[:i], one) for i in range(m + 1)]), atol=1e-12)
    assert_allclose(found.exclusive, [union(q, one) - union(np.delete(q, i, 0), one) for i in range(m)], atol=1e-12)
    frequency = np.zeros(m + 1)
    for hit in itertools.product([0, 1], repeat=m):
        chosen = np.array(hit, bool)[:, None]
        frequency[sum(hit)] += np.prod(np.where(chosen, q, 1 - q), axis=0).sum()
    assert_allclose(found.frequency, frequency, atol=1e-12)
    a, b = (found.pairs[c].str[1:].astype(int).to_numpy() for c in "ab")
    both = (q[a] * q[b]).sum(1)
    assert_allclose(found.pairs["shared"], both)
    assert_allclose(found.pairs.jaccard, both / (q[a] + q[b] - q[a] * q[b]).sum(1))
    assert_allclose(found.pairs.lift, both * n / (q[a].sum(1) * q[b].sum(1)))


def test_forms_of_an_audience_agree():
    """Rows, a set of rows, int8 mask, bool mask and chances of the same users give the same numbers."""
    rows = [1, 4, 5]
    mask = np.zeros(8, np.int8)
    mask[rows] = 1
    reach = [
        overlap({"a": form}, n_nodes=8).joint
        for form in (rows, np.array(rows, np.uint16), set(rows), frozenset(rows), mask, mask.astype(bool), mask * 1.0)
    ]
    assert reach == [3.0] * 7
    assert overlap({"a": set()}, n_nodes=8).joint == 0


def test_after_propagation_reach_equals_the_exact_spread():
    """A path 0 -> 1 -> 2 at p = .5: 1.75 from its start, 1 from its end; within 4 standard errors."""
    p = from_arrays([0, 1], [1, 2], probability=0.5, n_nodes=3)
    both = overlap({"start": [0], "end": [2]}, projection=p, n_worlds=20_000, rng=1)
    assert_allclose(both.reach, [1.75, 1.0], atol=4 * 1.5 / np.sqrt(60_000))
    split = split_profit({"start": [0], "end": [2]}, projection=p, n_worlds=20_000, rng=1)
    assert_allclose(split.share, [1.625, 0.875], atol=4 * 1.5 / np.sqrt(60_000))
    assert_allclose([split.joint, split.share.sum()], both.joint, rtol=1e-9)
    assert ((split.lower <= split.share) & (split.share <= split.upper)).all()


def test_small_cells_and_what_would_reveal_them_are_hidden():
    """Shared 3 of 100 users is hidden, and so is everything that gives it away by a difference."""
    a, b = np.arange(0, 60), np.arange(57, 120)
    found = overlap({"a": a, "b": b}, n_nodes=300, min_cell=10)
    assert list(found.reach) == [60, 63]
    hidden = [found.joint, found.shared, *found.exclusive, *found.incremental, *found.frequency, *found.pairs["shared"]]
    assert np.isnan(hidden).all()
    assert overlap({"a": a, "b": b}, n_nodes=300, min_cell=3).shared == 3


@pytest.mark.parametrize(
    ("audiences", "n", "error"),
    [
        ({"a": np.full(9, 1.5)}, 9, DataInvalid),
        ({"a": [0, 99]}, 9, UnknownNode),
        ({"a": [-1]}, 9, UnknownNode),
        ({}, 9, InvalidParameter),
        ({"a": [1]}, None, InvalidParameter),
        ({"a": np.ones(3, bool)}, 9, DataInvalid),
        ({"a": {0.25, 0.5}}, 2, InvalidParameter),  # chances in a set would have lost their users
    ],
)
def test_bad_audiences_are_refused(audiences, n, error):
    """Each mistake has its own error."""
    with pytest.raises(error):
        overlap(audiences, n_nodes=n)


def test_bad_parties_are_refused():
    """A cost for a stranger; a lead with an audience of its own."""
    with pytest.raises(UnknownName):
        split_profit({"a": [0]}, n_nodes=1, own_cost={"b": 1.0})
    with pytest.raises(InvalidParameter):
        split_profit({"a": [0]}, n_nodes=1, lead="a")
    with pytest.raises(InvalidParameter, match="own_cost"):
        split_profit({"a": [0]}, n_nodes=1, own_cost=[1.0])


@pytest.mark.parametrize("ask", [overlap, split_profit])
@pytest.mark.parametrize(
    "wrong", [{"value": "x"}, {"value": [1, 2]}, {"value": [-1.0]}, {"value": [np.nan]}, {"projection": "users"}]
)
def test_bad_values_are_refused(ask, wrong):
    """Value by value, and what is no graph."""
    with pytest.raises(InvalidParameter, match=next(iter(wrong))):
        ask({"a": [0]}, n_nodes=1, **wrong)


def test_results_survive_json():
    """from_json(to_json(x)) holds the same numbers and frames."""
    split = split_profit({"a": [0, 1], "b": [1]}, n_nodes=3)
    assert ProfitSplit.from_json(split.to_json()).to_frame().equals(split.to_frame())
    both = overlap({"a": [0, 1], "b": [1]}, n_nodes=3)
    again = Overlap.from_json(both.to_json())
    assert again.to_frame().equals(both.to_frame())
    assert list(again.pairs["shared"]) == [1.0]


def test_intervals_after_propagation_hold_the_exact_values():
    """A path with p = .4, 120 seeds: each printed interval holds the exact value in 88 to 100 % of them (false alarm 1e-3)."""
    p = from_arrays([0, 1, 2], [1, 2, 3], probability=0.4, n_nodes=4)
    # a starts at 0, b at 1; live arcs i -> i + 1 decide alone
    worlds = [(w, np.prod([0.4 if x else 0.6 for x in w])) for w in itertools.product([0, 1], repeat=3)]

    def reached(start, world):
        out = {start}
        for i in range(start, 3):
            if not world[i]:
                break
            out.add(i + 1)
        return out

    exact = dict.fromkeys(("a", "b", "joint", "exclusive", "twice", "shared", "incremental", "difference"), 0.0)
    for world, chance in worlds:
        a, b = reached(0, world), reached(1, world)
        for name, value in (
            ("a", a),
            ("b", b),
            ("joint", a | b),
            ("exclusive", a - b),
            ("twice", a & b),
            ("shared", a & b),
            ("incremental", b - a),
        ):
            exact[name] += chance * len(value)
        exact["difference"] += chance * (len(a) - len(b))
    held = dict.fromkeys(exact, 0)
    for seed in range(120):
        found = overlap({"a": [0], "b": [1]}, projection=p, n_worlds=60, rng=seed)
        row = {(r.quantity, r.name): (r.lower, r.upper) for r in found.intervals.itertuples()}
        pair = found.pairs.iloc[0]
        told = {
            "a": row["reach", "a"],
            "b": row["reach", "b"],
            "joint": row["joint", "all"],
            "exclusive": row["exclusive", "a"],
            "twice": row["frequency", "2"],
            "shared": (pair.shared_lower, pair.shared_upper),
            "incremental": row["incremental", "b"],
            "difference": (pair.lower, pair.upper),
        }
        for name, (low, high) in told.items():
            held[name] += low <= exact[name] <= high
    assert min(held.values()) >= 0.88 * 120, held
    assert overlap({"a": [0], "b": [1]}, n_nodes=4).intervals is None


def test_what_is_shown_never_gives_a_small_cell_away():
    """60 random triples: whoever solves the shown numbers as equations cannot tell any cell of 1 to 9 users (HiGHS, largest and smallest fit)."""
    rng = np.random.default_rng(0)
    cells = np.array(list(itertools.product([0, 1], repeat=3)), bool)  # the Venn diagram; its first cell is nobody
    tried = 0
    for _ in range(60):
        count = rng.choice([0, 3, 7, 12, 40, 90], 8)
        member = np.repeat(cells, count, axis=0)
        if not len(member):
            continue
        found = overlap({f"s{i}": member[:, i] for i in range(3)}, min_cell=10)
        rows, told = [np.ones(8)], [float(len(member))]
        times = cells.sum(axis=1)
        shown = [(found.reach[i], cells[:, i]) for i in range(3)]
        shown += [(r.shared, cells[:, int(r.a[1])] & cells[:, int(r.b[1])]) for r in found.pairs.itertuples()]
        shown += [(found.joint, times > 0), (found.shared, times == 3)] + [
            (found.frequency[k], times == k) for k in range(4)
        ]
        shown += [(found.exclusive[i], cells[:, i] & (times == 1)) for i in range(3)]
        shown += [(found.incremental[i], cells[:, i] & ~cells[:, :i].any(axis=1)) for i in range(3)]
        for value, inside in shown:
            if not np.isnan(value):
                rows.append(inside.astype(float))
                told.append(value)
        for cell in np.flatnonzero((count > 0) & (count < 10)):
            ends = [
                linprog(sign * np.eye(8)[cell], A_eq=np.array(rows), b_eq=told, bounds=(0, None)).fun * sign
                for sign in (1, -1)
            ]
            assert ends[1] - ends[0] > 0.5, (count, cell, found.to_frame())
            tried += 1
    assert tried > 40


def test_hidden_numbers_have_no_interval():
    """A small cell hides its intervals and its paired difference too."""
    p = from_arrays(list(range(99)), list(range(1, 100)), probability=0.1, n_nodes=100)
    found = overlap({"a": list(range(60)), "b": list(range(57, 99))}, projection=p, n_worlds=20, min_cell=10, rng=1)
    hidden = found.intervals[found.intervals.quantity != "reach"]
    assert hidden[["value", "lower", "upper"]].isna().all(axis=None)
    assert found.pairs[["difference", "lower", "upper", "shared_lower", "shared_upper"]].isna().all(axis=None)
