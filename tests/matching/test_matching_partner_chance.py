"""The chance of a first co-operation: a Poisson pace shared out by the scores, against scikit-learn, by hand and in a simulated trade."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import PoissonRegressor

from graphkit.matching import partner_order
from graphkit.matching.history import PartnerRanking, rank_partners
from graphkit.matching.partner_chance import chances, fit_pace

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


def test_chances_share_the_pace_by_the_scores():
    """1 - exp(-pace x share) by hand, other names beside; any unit of the score's zero; small ones add up to the pace."""
    score = np.array([1.0, 0.0, -2.0])
    share = np.exp(score) / (np.exp(score).sum() + np.exp(0.5))
    np.testing.assert_allclose(chances(0.8, score, [0.5]), 1 - np.exp(-0.8 * share), rtol=1e-12)
    np.testing.assert_allclose(chances(0.8, score + 900.0, [900.5]), chances(0.8, score, [0.5]), rtol=1e-9)
    assert chances(1e-6, score).sum() == pytest.approx(1e-6, rel=1e-5)
    assert chances(1e9, score).tolist() == [1.0, 1.0, 1.0]
    assert chances(1.0, np.empty(0)).size == 0


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


def test_fewer_candidates_do_not_make_a_meeting_likelier(monkeypatch):
    """The names nobody asks for keep their share; only the order of the first would differ."""
    monkeypatch.setattr(partner_order, "SHARE", 0.0)
    past, texts = trade(3, 300)
    whole = rank_partners(past, texts=texts, subjects=["brand 03", "brand 05"], top=1000).to_frame()
    some = sorted(set(whole.partner))[::7]
    part = rank_partners(past, texts=texts, subjects=["brand 03", "brand 05"], candidates=some, top=1000).to_frame()
    both = part.merge(whole, on=["subject", "partner"], suffixes=("", "_whole"))
    assert len(both) == len(part) > 10
    np.testing.assert_allclose(both.chance, both.chance_whole, rtol=1e-9)


def test_what_has_no_history_has_no_chance():
    """Former partners, new subjects and new candidates are not measured; without learned weights nobody is."""
    past, texts = trade(4, 300)
    told = pd.concat([texts.assign(member=None), pd.DataFrame([(None, "new", "brand 03 and brand 05 with the new")], columns=["partnership", "member", "text"])])  # fmt: skip
    found = rank_partners(past, texts=told, subjects=["brand 03", "new"], exclude_known=False, top=1000, candidates=[*sorted(set(past.member)), "new"]).to_frame()  # fmt: skip
    unknown = (found.subject == "new") | (found.partner == "new") | (found.together > 0)
    assert found.chance.isna().tolist() == unknown.tolist()
    assert 0 < unknown.sum() < len(found)
    assert found.chance.dropna().between(0, 1).all()
    stated = rank_partners(past.drop(columns="ts"), subjects=["brand 03"])
    assert np.isnan(stated.chance).all()
    assert "chance" not in stated.to_frame()


def test_the_chance_falls_with_the_rank_and_survives_json():
    """It is read off the score, so the list keeps its order; the table comes back from its text."""
    past, texts = trade(5, 300)
    found = rank_partners(past, texts=texts, subjects=["brand 05"], top=60)
    assert found.to_frame().chance.is_monotonic_decreasing
    assert PartnerRanking.from_json(found.to_json()).chance.tolist() == found.chance.tolist()
