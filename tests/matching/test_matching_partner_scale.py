"""Likeness of texts and names of one kind where there are many names: against dense formulas, and in how much memory."""

import tracemalloc

import numpy as np
import pytest
from scipy import sparse

from graphkit.matching import partner_texts
from graphkit.matching.partner_features import FEATURES, Past, read_sources
from graphkit.matching.partner_learning import _sample
from graphkit.matching.partner_roles import _GROUPS, _PEERS, _largest
from graphkit.matching.partner_texts import Texts


def world(n_names: int, n_partnerships: int, seed: int) -> Past:
    """Partnerships of three, popular names in many; texts of 120 letters out of 2,000."""
    rng = np.random.default_rng(seed)
    chance = 1 / (np.arange(n_names) + 5)
    chance /= chance.sum()
    members = np.array([rng.choice(n_names, 3, replace=False, p=chance) for _ in range(n_partnerships)])
    rows = np.repeat(np.arange(n_partnerships), 3)
    inside = sparse.csr_array((np.ones(rows.size), (rows, members.ravel())), shape=(n_partnerships, n_names))
    texts = ["".join(map(chr, 0x4E00 + rng.integers(0, 2000, 120))) for _ in range(n_partnerships)]
    sources = read_sources(
        [f"brand{i:04d}" for i in range(n_names)], inside, dated=True, texts=texts, owner=sparse.csr_array(inside.T),
        text_row=np.arange(n_partnerships),
    )  # fmt: skip
    return Past(sources, n_partnerships)


def test_cosines_with_former_partners_equal_the_dense_formula():
    """S = met x rows with rows of length 1 against rows; a name without a text or without partners has 0."""
    rng = np.random.default_rng(3)
    rows = rng.random((30, 50)) * (rng.random((30, 50)) < 0.3)
    rows[4] = 0
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    met = np.triu(rng.random((30, 30)) < 0.1, 1).astype(float)
    met += met.T
    met[7] = met[:, 7] = 0
    spread = met @ rows
    spread /= np.maximum(np.linalg.norm(spread, axis=1, keepdims=True), 1e-12)
    block, seats = np.array([7, 2, 4, 9]), np.array([11, 7, 4, 3, 0])
    found = Texts.of(sparse.csr_array(rows), sparse.csr_array(met)).cosines(block, seats)
    for mine, theirs, cosine in zip((rows, spread, rows), (rows, rows, spread), found, strict=True):
        np.testing.assert_allclose(cosine, mine[block] @ theirs[seats].T, atol=1e-14)


def hubs(n_names: int, n_grams: int, n_hubs: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of length 1 and who met: the first names met nearly everybody and wrote long texts, the last wrote nothing."""
    rng = np.random.default_rng(8)
    rows = rng.random((n_names, n_grams)) * (rng.random((n_names, n_grams)) < 0.05)
    rows[:n_hubs] = rng.random((n_hubs, n_grams))
    rows[-1] = 0
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    met = np.triu(rng.random((n_names, n_names)) < 2 / n_names, 1).astype(float)
    met[:n_hubs, n_hubs:] = rng.random((n_hubs, n_names - n_hubs)) < 0.9
    met[0, 1:n_hubs] = 1
    met = np.triu(met, 1)
    met[:-1, -1] = met[0, -2] = 0
    met[-2, -1] = 1
    return rows, met + met.T


@pytest.mark.parametrize("kept", [0, 2, 3])
def test_cosines_around_hubs_equal_the_dense_formula_however_many_products_are_kept(monkeypatch, kept):
    """Subjects that met hubs, hubs themselves, one whose only partner has no text; the hubs of most partners are kept."""
    monkeypatch.setattr(partner_texts, "_KEPT", 60 * kept)
    rows, met = hubs(60, 200, 3)
    met[5] = met[:, 5] = 0
    met[5, -1] = met[-1, 5] = 1
    texts = Texts.of(sparse.csr_array(rows), sparse.csr_array(met))
    degree = met.sum(axis=1)[texts.hubs]
    assert texts.hubs.size == kept
    assert (degree == np.sort(met.sum(axis=1)[:3])[::-1][:kept]).all()
    spread = met @ rows
    spread /= np.maximum(np.linalg.norm(spread, axis=1, keepdims=True), 1e-12)
    block, seats = np.array([0, 7, 5, 30, 59]), np.array([59, 2, 41, 1])
    _, mates, fans = texts.cosines(block, seats)
    np.testing.assert_allclose(mates, spread[block] @ rows[seats].T, atol=1e-14)
    np.testing.assert_allclose(fans, rows[block] @ spread[seats].T, atol=1e-14)
    assert (mates[2] == 0).all()


def test_former_partners_texts_are_not_spread_over_all_grams_for_each_subject():
    """Nearly every subject met a hub with a text of all grams; there was a number for each subject and gram before."""
    rows, met = (sparse.csr_array(part) for part in hubs(300, 8000, 3))
    texts, block = Texts.of(rows, met), np.arange(100, 200)
    tracemalloc.start()
    try:
        texts.cosines(block, np.arange(300))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * block.size * rows.shape[1]


@pytest.mark.parametrize("cells", [1, 4_000_000])
def test_lengths_around_names_who_met_nearly_everybody_equal_the_dense_formula(monkeypatch, cells):
    """Hubs that met each other or did not, together or one at a time; who met nobody with a text has exactly 0."""
    monkeypatch.setattr(partner_texts, "_CELLS", cells)
    rows, met = hubs(60, 200, 3)
    met[5] = met[:, 5] = 0
    met[5, -1] = met[-1, 5] = 1
    found = Texts.of(sparse.csr_array(rows), sparse.csr_array(met)).length
    np.testing.assert_allclose(found, np.linalg.norm(met @ rows, axis=1), rtol=1e-14)
    assert found[5] == 0


def test_a_long_text_is_not_added_for_every_partner_of_its_name(monkeypatch):
    """With hubs, fewer than a tenth of the numbers in all former partners' texts are added; they were all added before."""
    added, squares = [], partner_texts._squares

    def count(indptr, indices, starts, *rest):
        added.append(np.diff(starts)[indices].sum())
        return squares(indptr, indices, starts, *rest)

    monkeypatch.setattr(partner_texts, "_squares", count)
    rows, met = (sparse.csr_array(part) for part in hubs(600, 2000, 4))
    Texts.of(rows, met)
    assert added[0] < 0.1 * np.diff(rows.indptr)[met.indices].sum()


def test_a_few_candidates_have_the_features_they_have_among_all():
    """What is computed for some subjects and seats is the part of the whole table, to the bit where nothing is summed anew."""
    past = world(60, 80, 4)
    every = np.arange(60)
    whole = past.facing(every).features(every)
    part = past.facing(np.array([50, 3, 17])).features(np.array([8, 3]))
    np.testing.assert_allclose(part, whole[[8, 3]][:, [50, 3, 17]], atol=1e-12)
    assert whole.shape == (60, 60, len(FEATURES))


def test_the_past_holds_no_table_of_former_partners_texts():
    """All features of two subjects need less than 8 bytes for each gram around the former partners of each name."""
    past = world(600, 1200, 5)
    assert past.texts is not None
    spread = sparse.csr_array(past.met @ past.texts.rows).nnz
    tracemalloc.start()
    try:
        again = Past(past.sources, past.rows)
        again.facing(np.arange(600)).features(np.arange(2))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * spread


def test_the_sample_of_what_was_not_chosen_leaves_out_chosen_met_and_oneself():
    """A grid over the order given, first and last in it, and how many it stands for."""
    past = world(400, 300, 6)
    order = np.argsort(-past.popularity, kind="stable")
    order = order[past.popularity[order] > 0]
    place = np.full(400, -1)
    place[order] = np.arange(order.size)
    subject = int(order[0])
    met = set(past.met.indices[past.met.indptr[subject] : past.met.indptr[subject + 1]].tolist())
    mine = [int(b) for b in order if b != subject and b not in met][:3]
    free = [b for b in order.tolist() if b not in met | {subject, *mine}]
    sampled, count = _sample(past, subject, mine, order, place)
    assert count == len(free)
    assert sampled.tolist() == [free[i] for i in np.linspace(0, len(free) - 1, 150).round().astype(int)]


@pytest.mark.parametrize("n", [1, _PEERS - 1, _PEERS, 7 * _GROUPS + 3])
def test_the_largest_of_each_row_are_those_of_a_full_sort(n):
    """Values, places, all ties at the last place, nothing that is not above 0."""
    rng = np.random.default_rng(n)
    values = np.stack([rng.normal(size=n), rng.integers(-2, 9, n), np.zeros(n), -np.ones(n)]).astype(float)
    row, column, found = _largest(values)
    assert (found == values[row, column]).all()
    for k, line in enumerate(values):
        edge = np.sort(line)[-min(n, _PEERS)]
        assert sorted(column[row == k].tolist()) == np.flatnonzero((line >= edge) & (line > 0)).tolist()
