"""Ranking of partners: weights learned from what came later, evidence, spelling variants, bad input."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from graphkit.errors import DataInvalid, InvalidParameter, UnknownName
from graphkit.matching.conditional_logit import Choice, fit_conditional_logit, log_likelihood
from graphkit.matching.history import PartnerRanking, rank_partners
from graphkit.matching.names import mentions, name_variants, plain_name, surroundings
from graphkit.matching.partner_features import FEATURES, count_bigrams
from graphkit.matching.partner_roles import Roles, _axes, read_roles
from graphkit.matching.text import grams

DAY = 86_400


def test_conditional_logit_is_the_softmax_of_its_candidates():
    """Value against the written formula, gradient against differences, weights against a planted truth."""
    rng = np.random.default_rng(1)
    truth, choices = np.array([1.5, -0.7]), []
    for _ in range(600):
        z = rng.normal(size=(8, 2))
        p = np.exp(z @ truth)
        picked = rng.choice(8, p=p / p.sum())
        choices.append(Choice(z[[picked]], np.delete(z, picked, axis=0), 1.0))
    w = np.array([0.3, 0.2])
    value, gradient = log_likelihood(choices, w)
    expected = sum(float(c.chosen[0] @ w) - np.log(np.exp(np.vstack([c.chosen, c.others]) @ w).sum()) for c in choices)
    assert value == pytest.approx(expected, rel=1e-12)
    for j in range(2):
        step = 1e-5 * np.eye(2)[j]
        assert gradient[j] == pytest.approx(
            (log_likelihood(choices, w + step)[0] - log_likelihood(choices, w - step)[0]) / 2e-5, rel=1e-5
        )
    assert fit_conditional_logit(choices, 0.01) == pytest.approx(truth, abs=0.25)


def test_choices_of_several_among_few_or_many_are_each_a_softmax():
    """Each chosen one against all others of its own subject, those sampled standing for as many as their weight says."""
    rng, w = np.random.default_rng(2), np.array([0.4, -1.1, 2.0])
    choices = [Choice(rng.normal(size=(k, 3)), rng.normal(size=(m, 3)), g) for k, m, g in ((1, 9, 1.0), (4, 1, 7.5), (2, 30, 3.0))]  # fmt: skip
    expected = 0.0
    for c in choices:
        for own in c.chosen @ w:
            expected += own - np.log(np.exp(own) + c.weight * np.exp(c.others @ w).sum())
    assert log_likelihood(choices, w)[0] == pytest.approx(expected, rel=1e-12)
    assert all(np.isfinite(part).all() for part in log_likelihood(choices, 900 * w))
    steps = 1e-5 * np.eye(3)
    slope = [(log_likelihood(choices, w + e)[0] - log_likelihood(choices, w - e)[0]) / 2e-5 for e in steps]
    np.testing.assert_allclose(log_likelihood(choices, w)[1], slope, rtol=1e-6)
    apart = np.sum([log_likelihood([c], w)[1] for c in choices], axis=0)
    np.testing.assert_allclose(log_likelihood(choices, w)[1], apart, rtol=1e-10)


def test_bigrams_are_counted_as_grams_does():
    """The vectorised count has, text by text, the counts of the plain one."""
    texts = ["奶茶 联名奶茶", "", "a", "Ａb  ab🙂x", " "]
    counted = count_bigrams(texts).toarray()
    for row, text in zip(counted, texts, strict=True):
        assert sorted(row[row > 0].astype(int).tolist()) == sorted(grams(text, (2,)).values())
    assert count_bigrams(["", "a"]) is None


def test_mentions_are_whole_substrings_of_letters_and_digits():
    """Case, width and punctuation do not matter; short Latin names are not looked for."""
    found = mentions(
        ["王者荣耀 x 麦当劳", "NEW-BALANCE 新品", "monster"], ["王者荣耀", "麦当劳", "NewBalance", "ON", "茶"]
    ).toarray()
    assert found.tolist() == [[1, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]]
    assert plain_name("🙂") == "🙂"


def planted(n_days: int = 240, seed: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Brands of two sectors; drinks meet characters of the same taste, popularity says nothing."""
    rng = np.random.default_rng(seed)
    words = {"red": "辣椒火锅麻辣", "blue": "海洋清爽薄荷"}
    rows, texts = [], []
    for day in range(n_days):
        taste = ("red", "blue")[rng.integers(2)]
        a, b = f"{taste} drink {rng.integers(12)}", f"{taste} figure {rng.integers(12)}"
        rows += [(f"p{day}", name, DAY * day) for name in (a, b)]
        texts.append((f"p{day}", f"{a} {b} {words[taste]}"))
    return pd.DataFrame(rows, columns=["partnership", "member", "ts"]), pd.DataFrame(
        texts, columns=["partnership", "text"]
    )


def test_learned_weights_find_the_planted_taste_in_later_meetings():
    """Trained on 200 days, first meetings of the last 40 rank in the upper half far more often than chance."""
    history, texts = planted()
    early = history[history.ts < 200 * DAY]
    found = rank_partners(early, texts=texts[texts.partnership.isin(set(early.partnership))], top=100)
    assert found.method == "learned"
    assert set(found.weights) == set(FEATURES)
    assert found.validation["auc"] > found.validation["popularity_auc"]
    place = {(a, b): r for a, b, r in zip(found.subject, found.partner, found.rank, strict=True)}
    sizes = found.to_frame().groupby("subject").size()
    later = [tuple(g.member) for _, g in history[history.ts >= 200 * DAY].groupby("partnership")]
    pairs = [p for a, b in later for p in ((a, b), (b, a)) if p in place]
    auc = np.mean([1 - (place[p] - 1) / (sizes[p[0]] - 1) for p in pairs])
    assert auc > 0.65


def test_a_history_without_times_is_learned_from_in_a_drawn_order():
    """The planted taste is found as with times; no row order, no recency and no chance come from it."""
    history, texts = planted()
    early = history[history.ts < 200 * DAY].drop(columns="ts")
    own = texts[texts.partnership.isin(set(early.partnership))]
    found = rank_partners(early, texts=own, top=100)
    assert found.method == "learned"
    assert found.validation["auc"] > found.validation["popularity_auc"]
    assert np.isnan(found.recent).all()
    assert np.isnan(found.chance).all()
    near = [a.split()[0] == b.split()[0] for a, b, r in zip(found.subject, found.partner, found.rank, strict=True) if r <= 5]  # fmt: skip
    assert np.mean(near) > 0.95
    again = rank_partners(early.sample(frac=1, random_state=1), texts=own.sample(frac=1, random_state=2), top=100)
    pd.testing.assert_frame_equal(found.to_frame(), again.to_frame())


def test_what_comes_later_than_the_history_is_not_used():
    """Texts of partnerships that the history does not hold change no score."""
    history, texts = planted()
    early = history[history.ts < 200 * DAY]
    own = texts[texts.partnership.isin(set(early.partnership))]
    a, b = (rank_partners(early, texts=t, subjects=["red drink 1"]).to_frame() for t in (own, texts))
    pd.testing.assert_frame_equal(a, b)


def test_the_same_subject_gets_the_same_rows_beside_any_others():
    """Alone, among all, and with rows shuffled."""
    history, texts = planted(160)
    alone = rank_partners(history, texts=texts, subjects=["red drink 1"], rng=1).to_frame()
    among = rank_partners(
        history.sample(frac=1, random_state=1), texts=texts.sample(frac=1, random_state=2), rng=1
    ).to_frame()
    pd.testing.assert_frame_equal(alone, among[among.subject == "red drink 1"].reset_index(drop=True))


def test_a_new_brand_is_ranked_from_its_own_text_with_learned_weights():
    """Texts of partnerships and of new names in one table; the new red drink gets red figures first."""
    history, texts = planted()
    both = pd.concat([texts, pd.DataFrame({"member": ["new"], "text": ["麻辣火锅 辣椒"]})])
    found = rank_partners(history, texts=both, subjects=["new"], top=10)
    assert found.method == "learned"
    assert all(name.startswith("red") for name in found.partner)
    assert np.isnan(found.mates).all()


def test_rank_intervals_hold_the_rank_and_repeat():
    """Random weights: same seed same interval; without draws there is none."""
    history, texts = planted(160)
    found = rank_partners(history, texts=texts, subjects=["red drink 1"], draws=50, rng=4).to_frame()
    assert found.equals(rank_partners(history, texts=texts, subjects=["red drink 1"], draws=50, rng=4).to_frame())
    assert (found.rank_lower <= found.rank_upper).all()
    assert ((found.rank_lower <= found["rank"]) & (found["rank"] <= found.rank_upper)).all()
    assert "rank_lower" not in rank_partners(history, subjects=["red drink 1"]).to_frame()
    with pytest.raises(InvalidParameter):
        rank_partners(history, draws=-1)


def test_variants_are_listed_for_review_and_joined_on_request():
    """奈雪 and 奈雪的茶 are proposed; two names in one partnership are not; joined counts add up."""
    rows = [
        ("1", "奈雪的茶"),
        ("1", "王者荣耀"),
        ("2", "奈雪"),
        ("2", "乐高"),
        ("3", "奈雪的茶"),
        ("3", "安踏"),
        ("4", "安踏"),
        ("4", "安踏儿童"),
        ("5", "Vans"),
        ("5", "VANS"),
    ]
    history = pd.DataFrame(rows, columns=["partnership", "member"])
    table = name_variants(history).to_frame().set_index(["name", "variant"])
    assert table["join"].to_dict() == {("奈雪的茶", "奈雪"): True, ("安踏", "安踏儿童"): False, ("VANS", "Vans"): True}
    joined = rank_partners(history, subjects=["奈雪"], aliases=table.reset_index(), exclude_known=False).to_frame()
    assert set(joined[joined.together > 0].partner) == {"王者荣耀", "乐高", "安踏"}
    assert set(joined.subject) == {"奈雪的茶"}
    plain = rank_partners(history, subjects=["奈雪"], exclude_known=False).to_frame().set_index("partner")
    assert plain.variant["王者荣耀"] == 1
    assert rank_partners(history, aliases={"奈雪": "奈雪的茶"}).to_frame().partner.ne("奈雪").all()
    with pytest.raises(InvalidParameter, match="lead back"):
        rank_partners(history, aliases={"a": "b", "b": "a"})
    with pytest.raises(InvalidParameter):
        rank_partners(history, aliases=pd.DataFrame({"x": []}))


def test_odd_histories_give_a_right_answer_or_a_named_error():
    """One member, repeated members, missing times, empty and emoji texts, infinite times."""
    one = pd.DataFrame(
        {"partnership": ["1", "2", "2", "2"], "member": ["a", "b", "b", "c"], "ts": [1.0, np.nan, np.nan, 5.0]}
    )
    frame = rank_partners(one, texts=pd.DataFrame({"partnership": ["1", "2"], "text": ["", "🙂🙂"]})).to_frame()
    assert frame.set_index(["subject", "partner"]).popularity["a", "b"] == 1
    assert ("b", "c") not in set(zip(frame.subject, frame.partner, strict=True))
    assert list(frame[frame.subject == "a"].partner) == ["b", "c"]
    for ts in ([np.nan] * 4, [1.0, np.inf, 1.0, 1.0]):
        assert rank_partners(one.assign(ts=ts)).to_frame().recent.isna().all()
    for texts in (
        pd.DataFrame({"partnership": [None], "text": ["x"]}),
        pd.DataFrame({"text": ["x"]}),
        pd.DataFrame({"member": ["a"]}),
    ):
        with pytest.raises(DataInvalid):
            rank_partners(one, texts=texts)
    with pytest.raises(UnknownName):
        rank_partners(one, texts=pd.DataFrame({"member": ["new"], "text": ["🙂"]}), subjects=["new"])
    alone = rank_partners(pd.DataFrame({"partnership": ["1"], "member": ["a"]}))
    assert len(alone.to_frame()) == 0


def test_one_word_texts_unknown_words_and_brands_without_history_are_ranked_or_refused():
    """A new brand of one known word finds it; one whose words nobody uses is refused by name, as is a stranger."""
    history = pd.DataFrame({"partnership": ["1", "1", "2", "2"], "member": ["a", "b", "c", "d"]})
    texts = pd.DataFrame(
        {
            "partnership": ["1", "2", None, None],
            "member": [None, None, "new", "odd"],
            "text": ["奶茶", "游戏", "奶茶", "🛸"],
        }
    )
    frame = rank_partners(history, texts=texts, subjects=["new"]).to_frame()
    assert set(frame.partner[:2]) == {"a", "b"}
    assert frame.recent.isna().all()
    assert frame.mates.isna().all()
    for subject in ("odd", "stranger"):
        with pytest.raises(UnknownName, match=subject):
            rank_partners(history, texts=texts, subjects=[subject])


def test_table_survives_json_with_weights_and_validation():
    """from_json(to_json(x)) holds the same table, weights and validation."""
    history, texts = planted(160)
    found = rank_partners(history, texts=texts, subjects=["red drink 1"], draws=5, rng=1)
    again = PartnerRanking.from_json(found.to_json())
    pd.testing.assert_frame_equal(again.to_frame(), found.to_frame())
    assert again.weights == found.weights
    assert again.validation == found.validation


def test_meetings_counted_by_hand():
    """together, common and popularity against a plain count over all pairs."""
    history, _ = planted(60)
    groups = [set(g.member) for _, g in history.groupby("partnership")]
    frame = rank_partners(history, exclude_known=False, top=1000).to_frame()
    met = {frozenset(p) for g in groups for p in itertools.combinations(g, 2)}
    names = sorted(set(history.member))
    for row in frame.sample(80, random_state=1).itertuples():
        assert row.together == sum({row.subject, row.partner} <= g for g in groups)
        assert row.popularity == sum(row.partner in g for g in groups)
        assert row.common == sum(
            frozenset((row.subject, n)) in met and frozenset((row.partner, n)) in met for n in names
        )


def test_what_stands_around_a_name_is_cut_out_with_other_names_blanked():
    """Twelve letters each side, the mark where the name stood, blanks for every name, no punctuation."""
    around, column, row = surroundings(["新茶饮「喜茶」联名 Vans!", "没有名字"], ["喜茶", "Vans"], 4)
    assert around == ["新茶饮|联名  ", "  联名|"]
    assert (column, row) == ([0, 1], [0, 0])
    assert mentions(["新茶饮「喜茶」联名 Vans!", "没有名字"], ["喜茶", "Vans"]).toarray().tolist() == [[1, 1], [0, 0]]


def kinds() -> tuple[list[str], list[str], np.ndarray]:
    """Six tea shops, six games and one nobody writes about; shops meet games 0-4, texts say who is what."""
    names = [f"shop{c}" for c in "abcdef"] + [f"game{c}" for c in "abcdef"] + ["silent"]
    texts = [f"brewed leaves in a cup at {n} with milk foam" for n in names[:6]]
    texts += [f"players log in to {n} and level up heroes" for n in names[6:12]]
    met = np.zeros((13, 13))
    for i in range(5):
        met[i, 6 + i] = met[6 + i, i] = 1
    return names, texts, met


def test_peers_are_names_of_one_kind_and_rates_are_sums_over_them():
    """Rows sum to 1 inside the kind, never oneself; the three rates against triple loops; a silent name has none."""
    names, texts, met = kinds()
    source = read_roles(texts, names, count_bigrams)
    roles = Roles(source, np.ones(12, bool), sparse.csr_array(met), np.ones(13, bool))
    k = roles.peers.toarray()
    assert k[:12].sum(axis=1) == pytest.approx(1)
    assert k[:6, :6].sum(axis=1) == pytest.approx(1, abs=1e-3)
    assert np.diag(k) == pytest.approx(0)
    assert k[12].sum() == k[:, 12].sum() == 0
    degree = np.maximum(met.sum(axis=0), 1)
    every = np.arange(13)
    found = roles.rates(every, every, sparse.csr_array(roles.peers.T))
    expected = np.zeros((3, 13, 13))
    for a, b in itertools.product(range(13), repeat=2):
        expected[0, a, b] = sum(k[a, c] * met[c, b] for c in range(13))
        expected[1, a, b] = sum(met[a, c] * k[b, c] for c in range(13))
        expected[2, a, b] = sum(k[a, c] * met[c, d] / degree[d] ** 0.5 * k[b, d] for c in range(13) for d in range(13))
    np.testing.assert_allclose(np.stack(found), expected, atol=1e-12)
    assert found[2][5, 11] > 10 * found[2][5, 4]  # the shop that met nobody: a game before another shop


def test_peers_know_nothing_of_later_texts_and_need_words():
    """Mentions in texts that are not dated yet place nobody; texts without any name have no roles."""
    names, texts, met = kinds()
    early = Roles(read_roles(texts, names, count_bigrams), np.arange(12) < 11, sparse.csr_array(met), np.ones(13, bool))
    assert early.peers.toarray()[11].sum() == early.peers.toarray()[:, 11].sum() == 0
    assert read_roles(["nothing here"], names, count_bigrams) is None
    assert read_roles([], names, count_bigrams) is None
    assert read_roles(["shopa"], names, count_bigrams) is None


def test_role_axes_are_the_leading_singular_vectors():
    """The projector on them equals that of a full SVD; fewer axes than asked where the rank is lower."""
    rng = np.random.default_rng(2)
    dense = rng.normal(size=(90, 60)) @ np.diag(0.8 ** np.arange(60)) @ rng.normal(size=(60, 120))
    found = _axes(sparse.csr_array(dense))
    _, _, right = np.linalg.svd(dense, full_matrices=False)
    assert found.shape == (120, 48)
    assert np.linalg.norm((found.T @ right[:40].T), axis=0) == pytest.approx(1, abs=1e-3)
    assert _axes(sparse.csr_array(dense[:, :1] @ dense[:1])).shape == (120, 1)
