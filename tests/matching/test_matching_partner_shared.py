"""Who met whom tells alike names where texts do not: former partners in common count."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from graphkit.matching.history import rank_partners
from graphkit.matching.partner_features import FEATURES, Past, read_sources

DAY = 86_400


def circles(n_days: int = 900, n_circles: int = 6, size: int = 15) -> pd.DataFrame:
    """Two to four names of one circle meet each day, busy ones more often; names tell nothing of the circle."""
    rng = np.random.default_rng(5)
    names = np.array([f"n{i:03d}" for i in rng.permutation(n_circles * size)]).reshape(n_circles, size)
    chance = 1 / np.arange(2, size + 2)
    rows = []
    for day in range(n_days):
        members = rng.choice(names[rng.integers(n_circles)], rng.integers(2, 5), replace=False, p=chance / chance.sum())
        rows += [(f"p{day}", name, DAY * day) for name in members]
    return pd.DataFrame(rows, columns=["partnership", "member", "ts"])


def test_the_feature_is_the_index_of_adamic_and_adar():
    """NetworkX says the same of every pair that has not met."""
    history = circles(80)
    names = sorted(set(history.member))
    inside = pd.crosstab(history.partnership, history.member).reindex(columns=names).to_numpy()
    incidence = sparse.csr_array(inside.astype(float))
    empty = sparse.csr_array((len(names), 0))
    sources = read_sources(names, incidence, dated=True, texts=[], owner=empty, text_row=np.zeros(0, np.int64))
    everybody = np.arange(len(names))
    found = Past(sources, len(inside)).facing(everybody).features(everybody)[:, :, FEATURES.index("shared")]
    graph = nx.Graph([(names[a], names[b]) for a, b in np.argwhere(np.triu(inside.T @ inside, 1))])
    graph.add_nodes_from(names)
    pairs = [(a, b) for a in names for b in names if a != b and not graph.has_edge(a, b)]
    for a, b, index in nx.adamic_adar_index(graph, pairs):
        assert np.isclose(found[names.index(a), names.index(b)], np.log(index + 0.1)), (a, b)


def idle_talk(history: pd.DataFrame) -> pd.DataFrame:
    """A text for each partnership that names its members and tells nothing more of them."""
    words = np.random.default_rng(6).choice(["summer", "launch", "limited", "new", "joint", "box"], (900, 5))
    members = history.groupby("partnership", sort=False).member.agg(" and ".join)
    return pd.DataFrame(
        {"partnership": members.index, "text": [f"{m} {' '.join(w)}" for m, w in zip(members, words, strict=False)]}
    )


@pytest.mark.parametrize("talk", [False, True])
def test_first_meetings_inside_a_circle_are_foreseen(talk):
    """The last third's first meetings rank higher than by popularity, which knows no circles, without a word or with idle ones."""
    history = circles()
    early = history[history.ts < 600 * DAY]
    ranked = rank_partners(early, texts=idle_talk(early) if talk else None, top=1000)
    assert ranked.method == "learned"
    assert ranked.weights["shared"] > 0
    met = {pair for _, g in early.groupby("partnership") for pair in permuted(g.member)}
    later = {pair for _, g in history[history.ts >= 600 * DAY].groupby("partnership") for pair in permuted(g.member)}
    place = {(a, b): r for a, b, r in zip(ranked.subject, ranked.partner, ranked.rank, strict=True)}
    counts = early.member.value_counts()
    ours, popular = [], []
    for a, b in sorted(later - met):
        rivals = [c for c in counts.index if c != a and (a, c) not in met]
        ours.append(place[a, b])
        popular.append(1 + sum(counts[c] > counts[b] for c in rivals))
    assert len(ours) > 50
    assert np.mean(np.array(ours) <= 10) > 2 * np.mean(np.array(popular) <= 10)


def permuted(members):
    """All ordered pairs."""
    return [(a, b) for a in members for b in members if a != b]


def test_texts_of_members_keep_a_stated_weight_beside_what_is_learned():
    """They may tell of later meetings, so nothing read from them is learned; no chance is told; a new name finds the likes of its text."""
    history = circles()
    names = sorted(set(history.member))
    themes = ("火锅麻辣", "海洋清爽", "国风水墨", "星际机甲", "萌宠治愈")
    texts = [themes[i % 5] for i in range(len(names))]
    said = pd.DataFrame({"member": [*names, "new"], "text": [*texts, themes[2]]})
    ranked = rank_partners(history, texts=said, subjects=[names[0], "new"], top=len(names), draws=200, rng=1)
    assert ranked.method == "learned"
    assert ranked.weights["shared"] > 0
    assert ranked.weights["ln_text"] == 2
    told = ("text", "mates", "fans", "mentions", "peers", "kin", "roles")
    assert {ranked.weights[name] for name in told} == {0.0}
    frame = ranked.to_frame()
    assert np.isnan(ranked.chance).all()
    assert (ranked.rank_lower < ranked.rank_upper).any()
    new = frame[frame.subject == "new"]
    alike = new.partner.isin(names[2::5])
    assert (new.text[alike] > 0.99).all()
    assert new["rank"][alike].mean() < 0.6 * new["rank"][~alike].mean()
