"""Neighbours, factorisations and rating predictions against dense algebra, planted truth and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.linear_model import Ridge
from sklearn.metrics.pairwise import cosine_similarity

from graphkit.engine.base import Serial, Threads
from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.matching.factors import Factors, _als_kernel, _half_step, factorise
from graphkit.matching.neighbours import ItemNeighbours, choose_ridge, held_out, item_neighbours, rank_of_held
from graphkit.matching.ratings import rating_neighbours
from graphkit.matching.ridge import RidgeByUsers


def taken(seed=1, users=60, items=12, density=0.25):
    """Random users x items of 0 and 1."""
    return sparse.csr_array((np.random.default_rng(seed).random((users, items)) < density).astype(float))


def check_regressions(x):
    """Every column of the ridge's weights, which are returned, is the regression of its item on all others."""
    dense, found = x.toarray(), item_neighbours(x, ridge=3.0).weights
    for i in range(dense.shape[1]):
        others = np.delete(np.arange(dense.shape[1]), i)
        one = Ridge(alpha=3.0, fit_intercept=False).fit(dense[:, others], dense[:, i])
        assert_allclose(found[others, i], one.coef_, atol=1e-8)
        assert found[i, i] == 0
    return found


def test_cosine_equals_scikit_learn():
    """Item-item cosines with a zero diagonal; scores are the sum over the user's own items."""
    x = taken()
    true = cosine_similarity(x.toarray().T)
    np.fill_diagonal(true, 0)
    model = item_neighbours(x, method="cosine")
    assert_allclose(model.weights.toarray(), true, atol=1e-12)
    assert_allclose(model.scores(x), x.toarray() @ true, atol=1e-12)


def test_ridge_equals_one_regression_per_item():
    """Column i of the closed form is the ridge regression of item i on all others (scikit-learn)."""
    check_regressions(taken())


def test_a_ridge_that_is_not_named_is_of_twenty_users():
    """As the docstring promises: the weights on one other item are those of scikit-learn with alpha = 20."""
    x = taken()
    dense, model = x.toarray(), item_neighbours(x)
    one = Ridge(alpha=20.0, fit_intercept=False).fit(dense[:, 1:], dense[:, 0])
    assert_allclose(model.weights[1:, 0], one.coef_, atol=1e-8)
    assert model.ridge == 20.0


def test_ridge_over_users_is_the_ridge_over_items():
    """A matrix with more items than users: the same regressions, scores, parts and own cells, held without items x items."""
    x = sparse.csr_array(taken(4, 20, 60, 0.2) * 0.7)
    found = check_regressions(x)
    model = ItemNeighbours(RidgeByUsers(x, 3.0), "ridge", 3.0, None)
    new = sparse.csr_array(np.random.default_rng(1).random((5, 60)) * (np.random.default_rng(2).random((5, 60)) < 0.3))
    assert_allclose(model.scores(new), new.toarray() @ found, atol=1e-12)
    own, parts = model.parts(new[[0]], np.arange(60))
    assert_array_equal(own, new[[0]].indices)
    assert_allclose(parts, new[[0]].data[:, None] * found[own], atol=1e-12)


def test_more_items_than_a_matrix_holds_still_get_the_ridge():
    """Above 6,000 items auto goes over users; only where both sides are larger it is the cosine."""
    x = sparse.random_array((40, 6_100), density=0.01, rng=np.random.default_rng(2)).tocsr()
    model = item_neighbours(x, ridge=5.0)
    scores, item = model.scores(x), int(np.argmax(np.diff(x.tocsc().indptr)))
    one = Ridge(alpha=5.0, fit_intercept=False, solver="cholesky")
    others = np.delete(np.arange(6_100), item)
    one.fit(x.toarray()[:, others], x.toarray()[:, item])
    assert model.method == "ridge"
    assert_allclose(scores[:, item], x.toarray()[:, others] @ one.coef_, atol=1e-9)
    quality = choose_ridge(x, ridges=(1.0, 30.0))
    assert all(0 < v <= 1 for v in quality.values())
    large = sparse.csr_array((6_001, 6_001))
    assert item_neighbours(large).method == "cosine"
    with pytest.raises(InvalidParameter, match="6,001 items and 6,001 users"):
        item_neighbours(large, method="ridge")


def test_k_nearest_neighbours_break_ties_by_place():
    """Only k weights a column, the largest ones; equal ones by item."""
    x = sparse.csr_array([[1.0, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 1]])
    w = item_neighbours(x, method="cosine", k=2).weights.toarray()
    assert (np.count_nonzero(w, axis=0) == 2).all()
    assert w[0, 3] == w[1, 3] > 0
    assert w[2, 3] == 0


@pytest.mark.parametrize("method", ["ridge", "cosine"])
def test_parts_sum_to_the_score(method):
    """What each own item adds sums to the score of every item, to 1e-12."""
    x = taken(3)
    model = item_neighbours(x, method=method)
    for user in range(8):
        own, parts = model.parts(x[[user]], np.arange(x.shape[1]))
        assert_array_equal(own, x[[user]].indices)
        assert_allclose(parts.sum(axis=0), model.scores(x[[user]])[0], atol=1e-12)


def test_neighbours_survive_items_and_users_without_anything():
    """Empty rows and columns give zeros, not NaN; two equal items are no singular matrix."""
    x = sparse.csr_array([[1.0, 1, 0], [0, 0, 0], [1, 1, 0]])
    for method in ("ridge", "cosine"):
        found = item_neighbours(x, method=method).scores(x)
        assert np.isfinite(found).all()
        assert (found[:, 2] == 0).all()
        assert (found[1] == 0).all()


def test_held_out_takes_one_each_and_ranks_it():
    """One interaction of each chosen user is gone; the rank leaves own items out and breaks ties by item."""
    x = taken(5)
    rest, users, items = held_out(x, 20, 7)
    assert users.size == 20
    assert x.sum() - rest.sum() == 20
    assert all(x[u, i] == 1 and rest[u, i] == 0 for u, i in zip(users, items, strict=True))
    rows = sparse.csr_array([[1.0, 0, 0, 0]])
    assert rank_of_held(np.array([[9.0, 2, 2, 1]]), rows, np.array([2])).tolist() == [2]
    assert choose_ridge(sparse.csr_array((3, 4)), ridges=(1.0, 2.0)) == {1.0: 0.0, 2.0: 0.0}
    quality = choose_ridge(taken(2, 300), ridges=(1.0, 30.0), rng=1)
    assert quality == choose_ridge(taken(2, 300), ridges=(1.0, 30.0), rng=1)
    assert all(0 < v <= 1 for v in quality.values())


def test_withheld_diagonal_of_a_checker_board_comes_first():
    """Users of even items get the one even item taken from them (the oracle of benfred/implicit)."""
    board = np.array([[float(u % 2 == i % 2 and u != i) for i in range(16)] for u in range(16)])
    x = sparse.csr_array(board)
    for scores in (
        item_neighbours(x).scores(x),
        item_neighbours(x, method="cosine").scores(x),
        factorise(x, rank=4, iterations=30, regularisation=0.5).scores(x),
        factorise(x, method="svd", rank=2).scores(x),
    ):
        assert_array_equal(np.argmax(np.where(board > 0, -np.inf, scores), axis=1), np.arange(16))


def test_planted_rank_is_recovered():
    """A matrix of rank 3: X Y^T gives it back to 1e-8, and no fourth factor is invented."""
    rng = np.random.default_rng(2)
    r = rng.standard_normal((40, 3)) @ rng.standard_normal((3, 25))
    found = factorise(r, method="svd", rank=10)
    assert found.rank == 3
    assert_allclose(found.user_factors @ found.item_factors.T, r, atol=1e-8)


@pytest.mark.parametrize("shape", [(30, 12), (700, 450)])
def test_product_equals_the_truncated_svd(shape):
    """X Y^T = U S V^T with the k largest values, dense and by Lanczos; S is shared evenly; signs are fixed."""
    r = np.random.default_rng(4).random(shape)
    found = factorise(r, method="svd", rank=4)
    u, s, vt = np.linalg.svd(r, full_matrices=False)
    assert_allclose(found.user_factors @ found.item_factors.T, (u[:, :4] * s[:4]) @ vt[:4], atol=1e-8)
    assert_allclose(np.linalg.norm(found.user_factors, axis=0), np.sqrt(s[:4]), atol=1e-8)
    assert_allclose(np.linalg.norm(found.item_factors, axis=0), np.sqrt(s[:4]), atol=1e-8)
    assert (found.item_factors[np.argmax(np.abs(found.item_factors), axis=0), np.arange(4)] > 0).all()
    assert factorise(r, method="svd", rank=4).manifest.digest == found.manifest.digest


def als_loss(r, x, y, alpha, reg):
    """The objective of Hu, Koren, Volinsky over all cells."""
    return ((1 + alpha * r) * ((r > 0) - x @ y.T) ** 2).sum() + reg * ((x**2).sum() + (y**2).sum())


def test_als_stands_at_an_optimum():
    """Many half steps: each row equals the dense normal equations; the loss falls on the way."""
    r, alpha, reg = taken(6).toarray(), 3.0, 2.0
    found = factorise(r, rank=3, alpha=alpha, regularisation=reg, iterations=400)
    x, y = found.user_factors, found.item_factors
    for u in range(r.shape[0]):
        c = 1 + alpha * r[u]
        assert_allclose(x[u], np.linalg.solve((y.T * c) @ y + reg * np.eye(3), (y.T * c) @ (r[u] > 0)), atol=1e-5)
    losses = [
        als_loss(r, f.user_factors, f.item_factors, alpha, reg)
        for n in (1, 2, 5, 20)
        for f in [factorise(r, rank=3, alpha=alpha, regularisation=reg, iterations=n)]
    ]
    assert losses == sorted(losses, reverse=True)
    assert_allclose(found.scores(sparse.csr_array(r)), x @ y.T, atol=1e-4)


def test_als_gives_the_same_bits_on_any_engine():
    """Rows are independent: serial, two workers, one or seven blocks."""
    r = taken(8)
    runs = [
        factorise(r, rank=4, engine=e, rng=3)
        for e in (Serial(), Threads(workers=2, blocks=7), Threads(workers=2, blocks=1), "threads")
    ]
    assert len({f.user_factors.tobytes() + f.item_factors.tobytes() for f in runs}) == 1
    assert len({f.manifest.digest for f in runs}) == 1


@pytest.mark.parametrize("method", ["svd", "als"])
def test_factor_parts_sum_to_the_score(method):
    """The user's own items carry the score in both factorisations; nobody owns nothing, and that gives zeros."""
    x = sparse.csr_array(np.vstack([taken(9).toarray(), np.zeros(12)]))
    found = factorise(x, method=method, rank=4)
    for user in (0, 1, 60):
        _, parts = found.parts(x[[user]], np.arange(12))
        assert_allclose(parts.sum(axis=0), found.scores(x[[user]])[0], atol=1e-10)
    assert (found.scores(x[[60]]) == 0).all()
    assert_array_equal(Factors.from_json(found.to_json()).item_factors, found.item_factors)


def test_factors_of_nothing():
    """An empty matrix has rank 0 and scores 0."""
    found = factorise(np.zeros((3, 2)), method="svd")
    assert (found.rank, found.scores(sparse.csr_array((1, 2))).tolist()) == (0, [[0.0, 0.0]])
    assert np.isfinite(factorise(np.zeros((3, 2)), rank=2).item_factors).all()


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: factorise([[np.nan]], method="svd"), DataInvalid), (lambda: factorise([[-1.0]]), DataInvalid), (lambda: factorise([[1.0]], rank=0), InvalidParameter),
        (lambda: factorise([[1.0]], regularisation=0), InvalidParameter), (lambda: factorise([[1.0]], method="nmf"), InvalidParameter),
        (lambda: item_neighbours([[-1.0]]), DataInvalid), (lambda: item_neighbours([[1.0]], ridge=0), InvalidParameter), (lambda: item_neighbours([[1.0]], method="cosine", k=0), InvalidParameter),
        (lambda: item_neighbours(sparse.csr_array((6_001, 7_000)), method="ridge"), InvalidParameter), (lambda: rating_neighbours(sparse.csr_array((2, 2))), DataInvalid),
        (lambda: rating_neighbours(sparse.csr_array([[np.inf]])), DataInvalid), (lambda: rating_neighbours(sparse.csr_array([[1.0]]), shrink=-1), InvalidParameter),
    ],
)  # fmt: skip
def test_wrong_matrices_are_named(call, error):
    """Each mistake has a named error."""
    with pytest.raises(error):
        call()


def ratings(seed=1):
    """60 users, 10 items, ratings 1..5 with user and item effects, 60 % seen."""
    rng = np.random.default_rng(seed)
    full = np.clip(3 + rng.normal(0, 0.7, (60, 1)) + rng.normal(0, 0.7, (1, 10)) + rng.normal(0, 0.4, (60, 10)), 1, 5)
    return full, rng.random((60, 10)) < 0.6


def test_rating_baselines_solve_their_equations_together():
    """The shrunk means of users and of items hold at once: one dense linear system has the same solution."""
    full, seen = ratings()
    model = rating_neighbours(sparse.csr_array(np.where(seen, full, 0.0)), damping=2, shrink=10)
    system = np.block([[np.diag(seen.sum(axis=1) + 2.0), seen], [seen.T, np.diag(seen.sum(axis=0) + 2.0)]])
    rest = np.where(seen, full - full[seen].mean(), 0.0)
    wanted = np.linalg.solve(system, np.concatenate([rest.sum(axis=1), rest.sum(axis=0)]))
    assert_allclose(np.concatenate([model.user_bias, model.item_bias]), wanted, atol=1e-6)


def test_ratings_by_the_formula_cell_by_cell():
    """Prediction = baseline + weighted residuals, by loops over a dense copy; parts sum to the deviation."""
    full, seen = ratings()
    rows, cols = np.nonzero(seen)
    model = rating_neighbours(sparse.csr_array((full[seen], (rows, cols)), shape=full.shape), damping=2, shrink=10)
    e = np.where(seen, full - model.mean - model.user_bias[:, None] - model.item_bias, 0)
    s = np.zeros((10, 10))
    for i in range(10):
        for j in range(10):
            both = seen[:, i] & seen[:, j]
            if i != j:
                s[i, j] = (
                    (e[both, i] @ e[both, j])
                    / np.sqrt((e[both, i] ** 2).sum() * (e[both, j] ** 2).sum())
                    * both.sum()
                    / (both.sum() + 10)
                )
    assert_allclose(model.similarity, s, atol=1e-12)
    found = model.predict(np.arange(5))
    for u in range(5):
        deviation = s[:, seen[u]] @ e[u, seen[u]] / (np.abs(s[:, seen[u]]).sum(axis=1) + 1)
        assert_allclose(
            found[u],
            np.clip(model.mean + model.user_bias[u] + model.item_bias + deviation, model.low, model.high),
            atol=1e-12,
        )
        assert_allclose(model.parts(u, np.arange(10))[1].sum(axis=0), deviation, atol=1e-12)


def test_baselines_stand_at_their_fixed_point():
    """Each deviation is the shrunk mean of what the other side leaves."""
    full, seen = ratings(2)
    rows, cols = np.nonzero(seen)
    model = rating_neighbours(sparse.csr_array((full[seen], (rows, cols)), shape=full.shape), damping=5)
    for u in range(60):
        rest = full[u, seen[u]] - model.mean - model.item_bias[seen[u]]
        assert model.user_bias[u] == pytest.approx(rest.sum() / (rest.size + 5), abs=1e-6)


def test_similar_items_help_where_tastes_are_planted():
    """Two camps that love and hate two groups of items: neighbours beat the baseline on cells kept back."""
    rng = np.random.default_rng(3)
    camp, group = rng.integers(0, 2, 120), np.arange(14) % 2
    full = 3 + np.where(camp[:, None] == group, 1.0, -1.0) + rng.normal(0, 0.3, (120, 14))
    seen = rng.random(full.shape) < 0.7
    rows, cols = np.nonzero(seen)
    model = rating_neighbours(sparse.csr_array((full[seen], (rows, cols)), shape=full.shape))
    base = model.mean + model.user_bias[:, None] + model.item_bias
    error = lambda p: np.sqrt(((p - full)[~seen] ** 2).mean())
    assert error(model.predict(np.arange(120))) < 0.5 * error(base)


@given(st.integers(0, 500))
def test_permuting_users_and_items_permutes_the_answer(seed):
    """Row and column numbers mean nothing."""
    rng, x = np.random.default_rng(seed), taken(seed, 20, 6).toarray()
    rows, cols = rng.permutation(20), rng.permutation(6)
    for method in ("ridge", "cosine"):
        a = item_neighbours(x, method=method).scores(sparse.csr_array(x))
        b = item_neighbours(x[rows][:, cols], method=method).scores(sparse.csr_array(x[rows][:, cols]))
        assert_allclose(a[rows][:, cols], b, atol=1e-12)


def test_progress_counts_the_half_steps():
    """Each half step is told with the whole number, in order; svd tells nothing."""
    events = []
    factorise(np.eye(6), rank=2, iterations=4, progress=events.append)
    assert [(e.phase, e.done, e.total) for e in events] == [("factors", i, 8) for i in range(1, 9)]
    factorise(np.eye(6), rank=2, method="svd", progress=events.append)
    assert len(events) == 8


@pytest.mark.parametrize("rank", [1, 3, 8, 13])
def test_one_row_is_solved_as_its_equation_says(rank):
    """After as many steps of conjugate gradients as unknowns a row is the solution of its written normal equations."""
    rng = np.random.default_rng(rank)
    x = sparse.csr_array((rng.random((9, 14)) < 0.4) * rng.integers(1, 5, (9, 14)).astype(float))
    other, alpha, reg = rng.standard_normal((14, rank)), 2.5, 0.7
    gram = other.T @ other + reg * np.eye(rank)
    flat = x.indptr.astype(np.int64), x.indices.astype(np.int64), x.data
    found = _als_kernel(0, 9, *flat, rng.standard_normal((9, rank)), other, gram, alpha, 3 * rank)
    for u in range(9):
        c = 1 + alpha * x[[u]].toarray().ravel()
        left = (other.T * c) @ other + reg * np.eye(rank)
        right = other.T @ (c * (x[[u]].toarray().ravel() > 0))
        np.testing.assert_allclose(found[u], np.linalg.solve(left, right) if right.any() else 0, atol=1e-8)


def test_a_half_step_is_the_best_point_of_three_directions():
    """Three steps of conjugate gradients end where r, A r and A^2 r reach the least of their quadratic: by a dense basis of the three."""
    rng, rank, alpha, reg = np.random.default_rng(4), 8, 2.5, 0.7
    x = sparse.csr_array((rng.random((9, 14)) < 0.6) * rng.integers(1, 5, (9, 14)).astype(float))
    old, other = rng.standard_normal((9, rank)), rng.standard_normal((14, rank))
    flat = x.indptr.astype(np.int64), x.indices.astype(np.int64), x.data
    found = _half_step(flat, old, other, alpha, reg, Serial())
    for u in range(9):
        row = x[[u]].toarray().ravel()
        left = (other.T * (1 + alpha * row)) @ other + reg * np.eye(rank)
        rest = other.T @ ((1 + alpha * row) * (row > 0)) - left @ old[u]
        basis = np.linalg.qr(np.column_stack([rest, left @ rest, left @ left @ rest]))[0]
        true = old[u] + basis @ np.linalg.solve(basis.T @ left @ basis, basis.T @ rest)
        assert_allclose(found[u], true, rtol=0, atol=1e-9)


def test_items_beyond_what_a_matrix_holds_have_their_baseline(monkeypatch):
    """Only the items with the most ratings, ties by column, have neighbours; their numbers are those of a table of them alone."""
    full, seen = ratings()
    seen[3:, [1, 4]] = False
    rows, cols = np.nonzero(seen)
    table = sparse.csr_array((full[seen], (rows, cols)), shape=full.shape)
    whole = rating_neighbours(table)
    monkeypatch.setattr("graphkit.matching.ratings._DENSE", 7)
    model = rating_neighbours(table)
    count = seen.sum(axis=0)
    kept = np.array(sorted(sorted(range(10), key=lambda i: (-count[i], i))[:7]))
    assert_array_equal(model.items, kept)
    assert_allclose(model.similarity, whole.similarity[np.ix_(kept, kept)], atol=1e-12)
    base = model.mean + model.user_bias[:, None] + model.item_bias
    found, others = model.predict(np.arange(len(full))), np.setdiff1d(np.arange(10), kept)
    assert_allclose(found[:, others], np.clip(base, model.low, model.high)[:, others], atol=1e-12)
    for user in (0, 5):
        own, parts = model.parts(user, np.arange(10))
        assert_array_equal(own, np.flatnonzero(seen[user] & np.isin(np.arange(10), kept)))
        assert_allclose(np.clip(base[user] + parts.sum(axis=0), model.low, model.high), found[user], atol=1e-12)
