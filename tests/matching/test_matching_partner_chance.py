"""The chance of a first co-operation: a Poisson pace shared out by the scores, against scikit-learn, by hand and in a simulated trade."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import PoissonRegressor

from graphkit.matching import partner_order
from graphkit.matching.conditional_logit import Choice
from graphkit.matching.history import PartnerRanking, rank_partners
from graphkit.matching.partner_chance import Outlook, Pace, Steps, fit_outlook, fit_pace, fit_steps, shares

DAY = 86_400


def trade(seed, days, names=70):
    """One pair a day, drawn by fixed rates that differ: who met whom, with a text each."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(0.7, size=names)
    rows, texts = [], []
    for day in range(days):
        a, b = rng.choice(names, 2, replace=False, p=rate / rate.sum())
        rows += [(f"d{day}", f"brand {name:02d}", DAY * day) for name in (a, b)]
        texts.append((f"d{day}", f"brand {a:02d} with brand {b:02d}"))
    return pd.DataFrame(rows, columns=["partnership", "member", "ts"]), pd.DataFrame(
        texts, columns=["partnership", "text"]
    )


def test_the_pace_is_a_ridge_poisson_regression():
    """Against scikit-learn's on standardised columns, its penalty a mean over the rows; a column without spread does nothing."""
    rng = np.random.default_rng(1)
    rows = np.column_stack([rng.normal(3, 2, (400, 4)), np.ones(400)])
    found = rng.poisson(np.exp(0.3 * rows[:, 0] - 0.2 * rows[:, 2] - 1)).astype(float)
    pace = fit_pace(rows, found)
    scaled = (rows - rows.mean(axis=0)) / np.where(rows.std(axis=0) > 0, rows.std(axis=0), 1)
    other = PoissonRegressor(alpha=1 / 400, tol=1e-10, max_iter=2000).fit(scaled, found)
    np.testing.assert_allclose(pace.of(rows), other.predict(scaled), rtol=1e-3)
    assert pace.of(rows).sum() == pytest.approx(found.sum(), rel=1e-4)


def test_shares_are_a_softmax_over_all_who_could_be_met():
    """By hand, with names beside and names that stand for several; any unit of the score's zero."""
    score = np.array([1.0, 0.0, -2.0])
    part = np.exp(score)
    np.testing.assert_allclose(shares(score, ln_rest=0.5), part / (part.sum() + np.exp(0.5)), rtol=1e-12)
    np.testing.assert_allclose(shares(score + 900.0, ln_rest=900.5), shares(score, ln_rest=0.5), rtol=1e-9)
    count = np.array([1.0, 1.0, 7.0])
    np.testing.assert_allclose(shares(score, count), part / (count * part).sum(), rtol=1e-12)
    assert shares(np.empty(0)).size == 0


def too_sure(seed, subjects=4000):
    """Choices by scores whose largest say too much: whoever is above 2 is chosen as if at 2."""
    rng, choices = np.random.default_rng(seed), []
    for _ in range(subjects):
        z = rng.normal(0, 1, 60)
        z[:2] += 4 * (rng.random(2) < 0.3)
        p = np.exp(np.minimum(z, 2.0))
        picked = rng.choice(60, p=p / p.sum())
        choices.append(Choice(z[[picked], None], np.delete(z, picked)[:, None], 1.0))
    return choices


def test_steps_are_an_isotonic_regression_of_what_came():
    """Against scikit-learn's on the same steps; monotone; as many meetings as in the data; shares that say too much are cut."""
    steps = fit_steps(too_sure(1), np.ones(1))
    assert (np.diff(steps.share) > 0).all()
    assert (np.diff(steps.rate) >= 0).all()
    share, met = (np.concatenate(x) for x in zip(*[
        (shares(np.concatenate([c.chosen, c.others])[:, 0]), np.arange(60) < 1) for c in too_sure(1)
    ], strict=True))  # fmt: skip
    order = np.argsort(share, kind="stable")
    grown = np.cumsum(share[order])
    step = np.minimum((grown / grown[-1] * (grown[-1] // 25)).astype(int), int(grown[-1] // 25) - 1)
    tried, came, expected = (np.bincount(step, x[order]) for x in (np.ones(share.size), met * 1.0, share))
    rate = expected / tried * (came + 0.5) / (expected + 0.5)
    other = IsotonicRegression().fit(np.arange(rate.size), rate, sample_weight=tried)
    np.testing.assert_allclose(steps.rate, other.predict(np.arange(rate.size)), rtol=1e-9)
    for level in np.unique(steps.rate):
        assert (steps.came[steps.rate == level] == came[steps.rate == level].sum()).all()
    new_share, new_met = (np.concatenate(x) for x in zip(*[
        (shares(np.concatenate([c.chosen, c.others])[:, 0]), np.arange(60) < 1) for c in too_sure(2)
    ], strict=True))  # fmt: skip
    high = new_share > 0.3
    rate, _ = steps.of(new_share)
    assert rate.sum() == pytest.approx(new_met.sum(), rel=0.05)
    assert new_share[high].sum() > 2 * new_met[high].sum()
    assert rate[high].sum() == pytest.approx(new_met[high].sum(), rel=0.1)


def test_a_sampled_choice_stands_for_as_many_as_its_weight_says():
    """Each of the others written seven times, or once with weight 7: the same steps."""
    rng = np.random.default_rng(3)
    z = [(rng.normal(size=(1, 1)), rng.normal(size=(30, 1))) for _ in range(200)]
    whole = fit_steps([Choice(a, np.repeat(b, 7, axis=0), 1.0) for a, b in z], np.ones(1))
    part = fit_steps([Choice(a, b, 7.0) for a, b in z], np.ones(1))
    at = np.array([1e-4, 1e-3, 5e-3, 0.02])
    np.testing.assert_allclose(part.of(at)[0], whole.of(at)[0], rtol=0.2)


def test_a_chance_and_its_ends_by_hand():
    """Between steps straight on a log-log scale, level beyond the last, in proportion below the first."""
    steps = Steps(np.array([0.001, 0.1]), np.array([0.002, 0.02]), np.array([100.0, 4.0]))
    missed = np.log([1.5, 0.8, 1.1])
    found = Outlook(Pace(np.zeros(1), 0.0, np.zeros(1), np.ones(1)), steps, missed).chances(0.5, np.array([0.0005, 0.01, 0.1, 0.9]))  # fmt: skip
    rate = np.array([0.001, np.sqrt(0.002 * 0.02), 0.02, 0.02])
    half = student.ppf(0.975, 3) * np.sqrt((missed**2).mean() + 1 / (np.array([100, 52, 4, 4]) + 0.5))
    np.testing.assert_allclose(found[0], 1 - np.exp(-0.5 * rate), rtol=1e-9)
    np.testing.assert_allclose(found[1], 1 - np.exp(-0.5 * rate * np.exp(-half)), rtol=1e-9)
    np.testing.assert_allclose(found[2], 1 - np.exp(-0.5 * rate * np.exp(half)), rtol=1e-9)


def test_the_ends_hold_how_far_the_level_was_out_before():
    """Three quiet cuts and a surge of twice as many: the error of the last, seen from those before it, is ln 2."""
    rows = [np.tile(np.arange(50.0)[:, None] % 5, (1, 5))] * 4
    found = [np.ones(50), np.ones(50), np.ones(50), np.full(50, 2.0)]
    outlook = fit_outlook(rows, found, too_sure(1, 300), np.ones(1))
    np.testing.assert_allclose(outlook.missed, [0.0, np.log(2)], atol=1e-3)
    np.testing.assert_allclose(outlook.pace.of(rows[0]), 1.25, rtol=1e-3)


def test_as_many_meet_as_the_chances_say():
    """Four trades of 300 days: all chances together against the first meetings of the next 30; more where the chance is larger."""
    expected = observed = high_expected = high_observed = 0.0
    for seed in range(4):
        rows, texts = trade(seed, 330)
        past, later = rows[rows.ts < 300 * DAY], rows[rows.ts >= 300 * DAY]
        found = rank_partners(past, texts=texts[texts.partnership.isin(set(past.partnership))], top=1000)
        assert found.method == "learned"
        assert found.horizon == 30
        pairs = {tuple(group) for _, group in later.groupby("partnership").member}
        frame = found.to_frame()
        met = np.array([(a, b) in pairs or (b, a) in pairs for a, b in zip(frame.subject, frame.partner, strict=True)])
        top = frame.chance >= frame.chance.quantile(0.9)
        expected, observed = expected + frame.chance.sum(), observed + met.sum()
        high_expected, high_observed = high_expected + frame.chance[top].sum(), high_observed + met[top].sum()
        assert found.validation["new_partners"] == pytest.approx(found.validation["new_partners_expected"], rel=0.5)
    assert observed > 60
    assert abs(expected - observed) < 3 * np.sqrt(2 * observed)  # each meeting counts from both sides
    assert abs(high_expected - high_observed) < 3 * np.sqrt(2 * high_observed)
    assert high_observed > 0.25 * observed


@pytest.mark.parametrize(("scored", "apart"), [(1000, 1e-9), (30, 0.6)])
def test_fewer_candidates_do_not_make_a_meeting_likelier(scored, apart, monkeypatch):
    """The names nobody asks for keep their share, about as much when some stand for all; only the order of the first would differ."""
    monkeypatch.setattr(partner_order, "SHARE", 0.0)
    monkeypatch.setattr(partner_order, "_BESIDE", scored)
    past, texts = trade(3, 300)
    whole = rank_partners(past, texts=texts, subjects=["brand 03", "brand 05"], top=1000).to_frame()
    some = sorted(set(whole.partner))[::7]
    part = rank_partners(past, texts=texts, subjects=["brand 03", "brand 05"], candidates=some, top=1000).to_frame()
    both = part.merge(whole, on=["subject", "partner"], suffixes=("", "_whole"))
    assert len(both) == len(part) > 10
    np.testing.assert_allclose(both.chance, both.chance_whole, rtol=apart)
    assert (abs(both.chance / both.chance_whole - 1) > 1e-6).any() == (scored == 30)


def test_what_has_no_history_has_no_chance():
    """Former partners, new subjects and new candidates are not measured; without learned weights nobody is."""
    past, texts = trade(4, 300)
    told = pd.concat([texts.assign(member=None), pd.DataFrame([(None, "new", "brand 03 and brand 05 with the new")], columns=["partnership", "member", "text"])])  # fmt: skip
    found = rank_partners(past, texts=told, subjects=["brand 03", "new"], exclude_known=False, top=1000, candidates=[*sorted(set(past.member)), "new"]).to_frame()  # fmt: skip
    unknown = (found.subject == "new") | (found.partner == "new") | (found.together > 0)
    assert found.chance.isna().tolist() == unknown.tolist()
    assert 0 < unknown.sum() < len(found)
    assert found.chance.dropna().between(0, 1).all()
    assert found.chance_lower.isna().tolist() == found.chance_upper.isna().tolist() == unknown.tolist()
    measured = found[~unknown]
    assert ((measured.chance_lower < measured.chance) & (measured.chance < measured.chance_upper)).all()
    stated = rank_partners(past.drop(columns="ts"), subjects=["brand 03"])
    assert np.isnan(stated.chance).all()
    assert "chance" not in stated.to_frame()


def test_the_chance_falls_with_the_rank_and_survives_json():
    """It is read off the score, so the list keeps its order; the table comes back from its text."""
    past, texts = trade(5, 300)
    found = rank_partners(past, texts=texts, subjects=["brand 05"], top=60)
    assert found.to_frame().chance.is_monotonic_decreasing
    for name in ("chance", "chance_lower", "chance_upper"):
        assert getattr(PartnerRanking.from_json(found.to_json()), name).tolist() == getattr(found, name).tolist()
