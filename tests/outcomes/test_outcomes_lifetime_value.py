"""Lifetime value: closed forms, simulation, limits, intervals that cover, chains that are refused."""

import numpy as np
import pandas as pd
import pytest

from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.outcomes.lifetime_value import LifetimeValue, _influences, lifetime_value
from graphkit.outcomes.log import DAY
from graphkit.outcomes.markov import Discount, Transitions
from graphkit.outcomes.states import UserMoves, state_counts
from graphkit.report.spoken import chinese

CHAIN = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.0, 0.0, 1.0]])
PAY = np.array([12.0, 3.0, 0.0])


def test_two_states_by_hand():
    """Pays 10, stays with .8: 10 / (1 - .9 * .8); without discount 10 / .2; over two periods 10 + .9 * .8 * 10."""
    chain, pay = [[0.8, 0.2], [0, 1]], [10, 0]
    assert lifetime_value(chain, pay, discount=0.9).value == pytest.approx([10 / 0.28, 0])
    assert lifetime_value(chain, pay, discount=1).value == pytest.approx([50, 0])
    assert lifetime_value(chain, pay, discount=0.9, horizon=2).value == pytest.approx([17.2, 0])
    assert lifetime_value(chain, pay, discount=0.9).periods == pytest.approx([5, 0])


def test_equals_simulation():
    """Mean of 4,000 walks within 4 standard errors (false alarm 6e-5 a state)."""
    found = lifetime_value(CHAIN, PAY, discount=0.9)
    draw = np.random.default_rng(1)
    for first in (0, 1):
        totals, state, worth = np.zeros(4000), np.full(4000, first), 1.0
        for _ in range(150):
            totals += worth * PAY[state]
            state = (draw.random(4000)[:, None] > np.cumsum(CHAIN, axis=1)[state]).sum(axis=1)
            worth *= 0.9
        assert abs(totals.mean() - found.value[first]) < 4 * totals.std() / 4000**0.5


@pytest.mark.parametrize("discount", [0.5, 0.9, 0.99, 1.0])
def test_a_long_horizon_equals_the_inverse(discount):
    """T to infinity: the sum of gamma^t P^t r is the inverse's answer."""
    limit = lifetime_value(CHAIN, PAY, discount=discount).value
    assert lifetime_value(CHAIN, PAY, discount=discount, horizon=2000).value == pytest.approx(limit, abs=1e-8)


def test_value_obeys_its_equation_on_random_chains():
    """v = r + gamma P v to 1e-10, rewards negative too."""
    draw = np.random.default_rng(2)
    for n in (1, 2, 5, 12):
        chain, pay = draw.dirichlet(np.ones(n), size=n), draw.normal(size=n)
        value = lifetime_value(chain, pay, discount=0.95).value
        assert value == pytest.approx(pay + 0.95 * chain @ value, abs=1e-10)


@pytest.mark.stat
def test_intervals_from_counts_cover_the_truth():
    """Counts of 80 customers a state drawn from a known chain: 95 % intervals hold the true value in 88 to 99.5 % of 200 runs."""
    draw, truth, held = np.random.default_rng(3), lifetime_value(CHAIN, PAY, discount=0.9).value, np.zeros(2)
    for run in range(200):
        counts = [draw.multinomial(80, CHAIN[0]), draw.multinomial(80, CHAIN[1]), [0, 0, 0]]
        found = lifetime_value(
            counts=counts, reward=PAY, discount=0.9, states=["a", "b", "gone"], absorbing=["gone"], n_draws=400, rng=run
        )
        held += (found.lower[:2] <= truth[:2]) & (truth[:2] <= found.upper[:2])
    assert ((held >= 176) & (held <= 199)).all()


def test_more_counts_narrow_the_interval_around_the_same_value():
    """A hundred times the counts: about a tenth of the width; the reward's error widens it again."""
    counts = np.array([[60, 30, 10], [20, 50, 30], [0, 0, 0]])
    shared = {"reward": PAY, "discount": 0.9, "states": ["a", "b", "gone"], "absorbing": ["gone"], "rng": 1}
    few, many = lifetime_value(counts=counts, **shared), lifetime_value(counts=counts * 100, **shared)
    width = lambda r: r.upper[0] - r.lower[0]
    assert 7 < width(few) / width(many) < 14
    assert many.value == pytest.approx(lifetime_value(CHAIN, PAY, discount=0.9).value, rel=1e-3)
    assert width(lifetime_value(counts=counts * 100, reward_error=[2, 2, 0], **shared)) > 3 * width(many)
    assert LifetimeValue.from_json(few.to_json()).to_json() == few.to_json()


@pytest.mark.parametrize(
    ("error", "arguments"),
    [
        (DataInvalid, {"transition": [[0.8, 0.1], [0, 1]]}), (DataInvalid, {"transition": [[1.2, -0.2], [0, 1]]}), (DataInvalid, {"transition": [[0.8, np.nan], [0, 1]]}),
        (DataInvalid, {"counts": [[5, 5], [0, 0]]}), (DataInvalid, {"counts": [[5, 5], [1, 4]], "absorbing": ["1"]}), (InvalidParameter, {"transition": [[0.8, 0.2]]}),
        (InvalidParameter, {"transition": CHAIN}), (InvalidParameter, {}), (InvalidParameter, {"transition": [[0.8, 0.2], [0, 1]], "discount": 0.0}),
        (InvalidParameter, {"transition": [[0.8, 0.2], [0, 1]], "discount": 1.01}), (InvalidParameter, {"transition": [[0.8, 0.2], [0, 1]], "absorbing": ["x"]}),
        (InvalidParameter, {"transition": [[0.8, 0.2], [0.5, 0.5]], "discount": 1}), (InvalidParameter, {"transition": [[0.8, 0.2], [0, 1]], "reward": [10, 1], "discount": 1}),
        (InvalidParameter, {"transition": [["a", "b"], [0, 1]]}), (InvalidParameter, {"transition": [[1], [0, 1]]}), (InvalidParameter, {"counts": [[1j, 1], [1, 1]]}),
        (InvalidParameter, {"counts": [[5, 5], [1, 4]], "reward": "much"}), (InvalidParameter, {"counts": [[5, 5], [1, 4]], "moves": "log"}),
        (InvalidParameter, {"counts": [[5, 5], [1, 4]], "moves": UserMoves(np.zeros((9, 3, 3)), np.zeros((9, 3)), np.zeros((9, 3)))}),
    ],
)  # fmt: skip
def test_wrong_chains_are_refused(error, arguments):
    """Rows that do not sum to 1, states never left, no absorption without discount, an absorbing state that pays."""
    with pytest.raises(error):
        lifetime_value(**{"reward": [10, 0], **arguments})


def test_states_of_a_log_by_hand():
    """Four periods of ten days, gone after two silent ones: every transition, reward and comeback counted on paper."""
    when = {"a": [(1, 20.0), (12, None), (22, 5.0), (38, None)], "b": [(2, 10.0)], "c": [(3, None), (35, 8.0)]}
    rows = [
        (int(d * DAY), u, "view" if paid is None else "purchase", paid)
        for u, moments in when.items()
        for d, paid in moments
    ]
    ends = [(0, "c", "view", None), (40 * DAY - 1, "a", "click", None)]
    found = state_counts(
        pd.DataFrame(rows + ends, columns=["ts", "user", "kind", "amount"]),
        ["a", "b", "c"],
        period_days=10,
        idle_periods=2,
    )
    assert found.states == ("buyer", "active", "idle_1", "churned")
    assert found.n_periods == 4
    assert found.counts.tolist() == [[0, 2, 1, 0], [1, 0, 1, 0], [0, 0, 0, 2], [0, 0, 0, 0]]
    assert found.reward.tolist() == [pytest.approx((20 + 5 + 10 + 8) / 4), 0, 0, 0]
    assert found.now == {"a": "active", "b": "churned", "c": "buyer"}
    assert found.n_returned == 1


def test_states_need_money_and_two_periods():
    """A log of views, or of one period, gives no lifetime value."""
    views = pd.DataFrame(
        [(0, "a", "view", None), (90 * DAY, "a", "view", None)], columns=["ts", "user", "kind", "amount"]
    )
    short = pd.DataFrame(
        [(0, "a", "purchase", 5.0), (9 * DAY, "a", "purchase", 5.0)], columns=["ts", "user", "kind", "amount"]
    )
    for events in (views, short):
        with pytest.raises(DataInvalid):
            state_counts(events, ["a"], period_days=5 if events is views else 10)


def _users(n, draw, *, alike):
    """Events of n users over ten periods; buyers and amounts differ between users unless they are ``alike``."""
    buys = np.full(n, 0.3) if alike else draw.beta(1, 2, n)
    usual = np.zeros(n) if alike else draw.normal(0, 1.0, n)
    rows = []
    for u in range(n):
        for period in range(10):
            paid = draw.random() < buys[u]
            amount = float(np.exp(usual[u] + 0.5 * draw.standard_normal())) if paid else None
            if paid or draw.random() < 0.4:
                rows.append((int((period + 0.5) * DAY), f"u{u}", "purchase" if paid else "view", amount))
    rows += [(0, "u0", "view", None), (10 * DAY - 1, "u0", "view", None)]
    return state_counts(
        pd.DataFrame(rows, columns=["ts", "user", "kind", "amount"]), [f"u{u}" for u in range(n)], period_days=1
    )


def _value_of(seen, **more):
    """Lifetime value of all states that were left."""
    keep = [i for i, s in enumerate(seen.states) if s == "churned" or seen.counts[i].sum()]
    given = {"counts": seen.counts[keep][:, keep], "reward": seen.reward[keep], "reward_error": seen.reward_error[keep]}
    return lifetime_value(
        **given,
        states=[seen.states[i] for i in keep],
        absorbing=["churned"],
        moves=seen.moves.of_states(keep),
        n_draws=400,
        rng=1,
        **more,
    )


@pytest.mark.parametrize("more", [{"discount": 0.9}, {"discount": 0.9, "horizon": 4}, {"discount": 1.0}])
def test_influences_are_the_effect_of_counting_a_user_a_little_more(more):
    """Derivative of the value by each user's weight, by finite differences of the whole computation without prior."""
    seen = _users(25, np.random.default_rng(1), alike=False)
    moves, ends = seen.moves, frozenset([len(seen.states) - 1])

    def value(weight):
        counts = np.tensordot(weight, moves.transitions, 1)
        chain = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-12)
        chain[-1] = np.eye(len(seen.states))[-1]
        pay = weight @ moves.amount / np.maximum(weight @ moves.periods, 1e-12)
        if more["discount"] == 1:
            pay[-1] = 0.0
        return chain, pay, lifetime_value(chain, pay, absorbing=["3"] if len(pay) == 4 else ["4"], **more).value

    chain, pay, whole = value(np.ones(25))
    known = Transitions([str(s) for s in seen.states], ends, chain)
    got = _influences(moves, known, pay, whole, Discount(more["discount"], more.get("horizon")))
    for u in range(25):
        step = 1e-6 * np.eye(25)[u]
        np.testing.assert_allclose(got[u], (value(1 + step)[2] - value(1 - step)[2]) / 2e-6, atol=1e-6)


@pytest.mark.stat
def test_the_spread_between_users_is_covered():
    """150 logs of 80 users whose habits and amounts differ: 89 % and more hold the value of 20,000 such users."""
    draw = np.random.default_rng(2)
    truth = _value_of(_users(20_000, draw, alike=False)).value
    held = np.zeros(truth.size)
    for _ in range(150):
        found = _value_of(_users(80, draw, alike=False))
        held += (found.lower <= truth) & (truth <= found.upper)
    assert (held / 150 >= 0.89).all()


def test_users_who_are_alike_keep_their_intervals():
    """Without a difference between users the intervals hardly widen: by less than a fifth."""
    seen = _users(400, np.random.default_rng(3), alike=True)
    width = lambda r: r.upper[:2] - r.lower[:2]
    plain = {
        "counts": seen.counts,
        "reward": seen.reward,
        "reward_error": seen.reward_error,
        "states": list(seen.states),
    }
    before = lifetime_value(**plain, absorbing=["churned"], rng=1)
    after = lifetime_value(**plain, absorbing=["churned"], moves=seen.moves, rng=1)
    assert (width(after) >= width(before)).all()
    assert (width(after) < 1.2 * width(before)).all()
    assert after.value.tolist() == before.value.tolist()


def test_amounts_that_few_users_bring_are_named():
    """60 users weigh like 60 where all pay alike, like 2.3 where two bring most: only then the assumptions warn of the upper ends."""
    states = ["active", "churned"]

    def notes(amounts):
        n = amounts.size
        moves = UserMoves(
            np.tile(np.array([[4, 1], [0, 0]], np.int32), (n, 1, 1)),
            np.tile(np.array([5, 0], np.int32), (n, 1)),
            np.column_stack([amounts, np.zeros(n)]),
        )
        given = {"counts": moves.transitions.sum(axis=0), "reward": [amounts.sum() / (5 * n), 0], "states": states}
        return lifetime_value(**given, absorbing=["churned"], moves=moves, n_draws=100, rng=1).assumptions

    uneven = np.ones(60)
    uneven[:2] = 400
    told = [note for note in notes(uneven) if note.startswith("the amounts of 60 users weigh like those of 2.3 who")]
    assert len(told) == 1
    assert chinese(told[0]).startswith("60 名用户的金额只相当于 2.3 名付费相同的用户")
    assert not [note for note in notes(np.linspace(1, 3, 60)) if "weigh like" in note]
    assert not [note for note in notes(np.zeros(60)) if "weigh like" in note]
    (rough,) = [note for note in notes(np.ones(60)) if note.startswith("intervals of 60 users are rough")]
    assert chinese(rough).startswith("60 名用户的区间较粗略")
    assert not [note for note in notes(np.ones(250)) if "rough" in note]
