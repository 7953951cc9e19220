"""Novelty and diversity of partner rankings: options against their written formulas, off unless asked for."""

from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from graphkit.errors import InvalidParameter
from graphkit.matching import partner_order
from graphkit.matching.history import rank_partners
from graphkit.matching.partner_features import FEATURES, Past
from graphkit.matching.partner_learning import Weights, stated_weights
from graphkit.matching.partner_order import HEAD, SHARE, Scorer, Taste, order_head

SEED = np.random.default_rng(5)


def history(days: int = 60) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Partnerships among thirty brands, a few of them often, with texts of three sectors."""
    words = ("奶茶 饮品 杯", "游戏 皮肤 战队", "球鞋 运动 联名")
    rows, texts = [], []
    for day in range(days):
        pair = SEED.choice(30, 2, replace=False, p=np.arange(30, 0, -1) / 465)
        rows += [(f"p{day}", f"brand {b:02d}", float(day)) for b in pair]
        texts.append((f"p{day}", " ".join(words[b % 3] for b in pair)))
    return pd.DataFrame(rows, columns=["partnership", "member", "ts"]), pd.DataFrame(
        texts, columns=["partnership", "text"]
    )


HISTORY, TEXTS = history()
LONG, LONG_TEXTS = history(400)
SUBJECT = str(HISTORY.member.iloc[0])


def test_without_the_options_the_order_is_the_score():
    """Zero weights give the plain table, whose score falls."""
    plain = rank_partners(HISTORY, texts=TEXTS).to_frame()
    pd.testing.assert_frame_equal(plain, rank_partners(HISTORY, texts=TEXTS, diversity=0, novelty=0.0).to_frame())
    assert all(group.score.is_monotonic_decreasing for _, group in plain.groupby("subject"))


def test_novelty_mixes_scaled_score_and_rarity_by_hand():
    """Order by (1 - v) scaled score + v (1 - ln(1 + n) / ln(1 + max n)); weight 1 lists the rarest first."""
    often = HISTORY.groupby("member").partnership.nunique()
    plain = rank_partners(HISTORY, texts=TEXTS, subjects=[SUBJECT], top=100).to_frame().set_index("partner")
    scaled = (plain.score - plain.score.min()) / np.ptp(plain.score)
    rare = 1 - np.log1p(often[plain.index]) / np.log1p(often.max())
    for weight in (0.3, 0.7):
        found = rank_partners(
            HISTORY, texts=TEXTS, subjects=[SUBJECT], top=100, novelty=weight, draws=40, rng=1
        ).to_frame()
        expected = ((1 - weight) * scaled + weight * rare)[found.partner]
        assert expected.is_monotonic_decreasing
        pd.testing.assert_series_equal(found.set_index("partner").score.sort_index(), plain.score.sort_index())
        assert ((found.rank_lower <= found["rank"]) & (found["rank"] <= found.rank_upper)).all()
    assert rank_partners(HISTORY, texts=TEXTS, subjects=[SUBJECT], novelty=1).popularity.tolist() == sorted(
        often[plain.index]
    )


def test_diversity_takes_the_best_by_maximal_marginal_relevance():
    """Each place is the largest (1 - d) value - d max cosine of those left, counted in full; weight 1 ignores the score."""
    rng = np.random.default_rng(1)
    rows = rng.random((12, 6)) * (rng.random((12, 6)) < 0.5)
    rows[rows.sum(axis=1) > 0] /= np.linalg.norm(rows[rows.sum(axis=1) > 0], axis=1, keepdims=True)
    score, free = rng.normal(size=12), np.arange(12)
    value = (score - score.min()) / np.ptp(score)
    for weight in (0.2, 0.5, 0.9):
        order = Taste(0.0, weight, np.zeros(12), sparse.csr_array(rows)).order(score, free, 12).tolist()
        assert sorted(order) == list(range(12))
        for place in range(12):
            gain = {
                c: (1 - weight) * value[c] - weight * max((rows[c] @ rows[b] for b in order[:place]), default=0)
                for c in order[place:]
            }
            assert gain[order[place]] == pytest.approx(max(gain.values()))


def test_diversity_spreads_sectors_and_leaves_the_score_alone():
    """The mean cosine inside the first ten falls; no interval is claimed; without texts nothing changes."""
    plain = rank_partners(HISTORY, texts=TEXTS, subjects=[SUBJECT], top=10)
    spread = rank_partners(HISTORY, texts=TEXTS, subjects=[SUBJECT], top=10, diversity=0.6, draws=10, rng=1)
    whole = rank_partners(HISTORY, texts=TEXTS, subjects=[SUBJECT], top=100).to_frame().set_index("partner").score
    assert spread.score.tolist() == whole[list(spread.partner)].tolist()
    assert np.isnan(spread.rank_lower).all()
    assert inside(spread.partner) < inside(plain.partner)
    bare = rank_partners(HISTORY, subjects=[SUBJECT], diversity=0.6).partner
    assert bare == rank_partners(HISTORY, subjects=[SUBJECT]).partner


def inside(names) -> float:
    """Mean cosine between the texts of the names listed, as the ranking itself measures it."""
    frame = rank_partners(
        HISTORY, texts=TEXTS, subjects=list(names), candidates=list(names), exclude_known=False
    ).to_frame()
    return float(frame.text.mean())


@pytest.mark.parametrize("option", ["diversity", "novelty"])
@pytest.mark.parametrize("value", [-0.1, 1.5, float("nan"), "much", True])
def test_weights_outside_their_range_are_refused(option, value):
    """The error names the option."""
    with pytest.raises(InvalidParameter, match=option):
        rank_partners(HISTORY, **{option: value})


def test_equal_candidates_share_all_their_ranks():
    """Ten pairs nobody tells apart: each of the 18 others may stand anywhere; one with two partnerships is first or last."""
    pairs = pd.DataFrame({"partnership": [str(i // 2) for i in range(20)], "member": list("abcdefghijklmnopqrst")})
    found = rank_partners(pairs, subjects=["a"], draws=40, rng=1).to_frame()
    assert (found.rank_lower == 1).all()
    assert (found.rank_upper == 18).all()
    more = pd.concat([pairs, pd.DataFrame({"partnership": ["10", "10"], "member": ["t", "b"]})])
    found = rank_partners(more, subjects=["a"], draws=40, rng=1).to_frame().set_index("partner")
    assert found.loc["t", ["rank", "rank_lower", "rank_upper"]].tolist() == [1, 1, 1]
    assert (found.drop("t").rank_lower == 2).all()
    assert (found.drop("t").rank_upper == 18).all()


def once_more(score: list[float], stated: list[float], head: int) -> list[float]:
    """The written rule, one candidate after the other: the first weighed anew, their lowest where it was."""
    edge = sorted(score, reverse=True)[min(head, len(score)) - 1]
    first = [i for i, value in enumerate(score) if value >= edge]
    mixed = {i: (1 - SHARE) * score[i] + SHARE * stated[i] for i in first}
    return [mixed[i] - min(mixed.values()) + edge if i in mixed else value for i, value in enumerate(score)]


@pytest.mark.parametrize("count", [0, 1, HEAD - 1, HEAD, HEAD + 1, 200])
def test_only_the_first_are_ordered_once_more(count):
    """The rule by hand; who is among the first and where the others stand is as before, equal ones stay equal."""
    rng = np.random.default_rng(count)
    score, stated = rng.normal(size=count), 5 * rng.normal(size=count)
    before = score.copy()
    found = order_head(score, stated)
    assert score.tolist() == before.tolist()
    assert order_head(score, None) is score
    if count:
        np.testing.assert_allclose(found, once_more(score.tolist(), stated.tolist(), HEAD), rtol=0, atol=1e-12)
    old, new = np.argsort(-score), np.argsort(-found)
    assert set(old[:HEAD]) == set(new[:HEAD])
    assert old[HEAD:].tolist() == new[HEAD:].tolist()
    twins = np.repeat(score, 3) + 1e-16
    assert all(np.ptp(part) < 1e-12 for part in order_head(twins, np.repeat(stated, 3)).reshape(-1, 3))


def test_learned_rankings_order_their_first_once_more(monkeypatch):
    """Against the table with the learned weights alone: the same first twenty in another order, then the same rows."""
    found = rank_partners(LONG, texts=LONG_TEXTS, exclude_known=False)
    assert found.method == "learned"
    monkeypatch.setattr(partner_order, "SHARE", 0.0)
    alone = rank_partners(LONG, texts=LONG_TEXTS, exclude_known=False).to_frame()
    for subject, rows in found.to_frame().groupby("subject"):
        before = alone[alone.subject == subject]
        assert len(rows) > HEAD
        assert set(rows.partner[:HEAD]) == set(before.partner[:HEAD])
        assert rows.partner[HEAD:].tolist() == before.partner[HEAD:].tolist()
        assert rows.score[HEAD:].tolist() == pytest.approx(before.score[HEAD:].tolist(), abs=1e-9)
        assert rows.score.is_monotonic_decreasing
    assert found.to_frame().partner.tolist() != alone.partner.tolist()


@pytest.mark.parametrize("method", ["stated", "learned"])
def test_rank_intervals_are_the_quantiles_of_a_plain_count(method, monkeypatch):
    """Each draw's ranks counted one by one: 1 + candidates above for the lower end, those not below for the upper."""
    monkeypatch.setattr(partner_order, "HEAD", 4)
    rng = np.random.default_rng(5)
    features, drawn = rng.normal(size=(9, len(FEATURES))), rng.normal(size=(len(FEATURES), 60))
    features[4] = features[2]
    weights = Weights(drawn.mean(axis=1), None, method, {})
    taste = Taste(0.0, 0.0, np.zeros(9), None)
    scorer = Scorer(
        cast(Past, SimpleNamespace(sources=SimpleNamespace(dated=False))), np.arange(9), weights, drawn, 9,
        exclude_known=False, taste=taste,
    )  # fmt: skip
    stated = features @ stated_weights().values
    given = stated if method == "learned" else None
    order = np.argsort(-order_head(features @ weights.values, given), kind="stable")
    low, high = scorer._interval(features, given, np.arange(9), order)
    values = [[float(features[j] @ drawn[:, k]) for j in range(9)] for k in range(60)]
    if method == "learned":
        values = [once_more([round(v, 12) for v in row], stated.tolist(), 4) for row in values]
    for place, i in enumerate(order):
        best = sorted(1 + sum(v > row[i] + 1e-9 for v in row) for row in values)
        worst = sorted(sum(v >= row[i] - 1e-9 for v in row) for row in values)
        assert low[place] == min(np.quantile(best, 0.025, method="closest_observation"), place + 1)
        assert high[place] == max(np.quantile(worst, 0.975, method="closest_observation"), place + 1)
