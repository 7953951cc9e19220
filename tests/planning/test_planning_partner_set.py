"""The set of partners beside exhaustive search, its bound, who may be in it, and what is refused."""

import itertools
import math

import numpy as np
import pytest
from market_fixtures import table, tie

from graphkit.errors import DataInvalid, InvalidParameter, UnknownNode
from graphkit.model.tables import GraphTables
from graphkit.planning.partner_scores import CRITERIA, fit_of, fit_rank_intervals, fit_weights
from graphkit.planning.partners import partners
from graphkit.report.spoken import chinese


def small(brands, follow=(), tags=(), *, film_tags=(), users=100, consent=None, scope=None, deals=(), **columns):
    """A film f, brands with columns, followers (user, brand), tags (brand, tag, w) of t0 to t3 (t2, t3 of values), ended deals."""
    brands = list(brands)
    nodes = [
        table("User", [f"u{i:03d}" for i in range(users)], consent=consent or [True] * users, consent_scope=scope or [None] * users),
        table("Film", ["f"], name=["F"]), table("Brand", brands, name=[b.upper() for b in brands], **columns),
        table("Tag", ["t0", "t1", "t2", "t3"], name=list("wxyz"), kind=["theme", "theme", "value", "value"]),
        table("Partnership", [f"p{i}" for i in range(len(deals))], status=["ended"] * len(deals)),
    ]  # fmt: skip
    edges = []
    if follow:
        edges.append(tie("FOLLOWS", "User", "Brand", [u for u, _ in follow], [brands.index(b) for _, b in follow]))
    if tags:
        edges.append(
            tie(
                "HAS_TAG",
                "Brand",
                "Tag",
                [brands.index(b) for b, _, _ in tags],
                [t for _, t, _ in tags],
                w=[w for _, _, w in tags],
            )
        )
    if film_tags:
        edges.append(
            tie("HAS_TAG", "Film", "Tag", [0] * len(film_tags), [t for t, _ in film_tags], w=[w for _, w in film_tags])
        )
    if deals:
        edges.append(
            tie(
                "JOINS",
                "Partnership",
                "Brand",
                [i for i, deal in enumerate(deals) for _ in deal],
                [brands.index(b) for deal in deals for b in deal],
            )
        )
    return GraphTables({n.label: n for n in nodes}, tuple(edges), "small", None, None, {})


def random_market(seed, n=8, users=100):
    """Audiences that overlap in four corners of the users, tags and willingness at random; also the audiences as sets."""
    draw = np.random.default_rng(seed)
    follow, tags = [], []
    for b in range(n):
        chance = np.where(np.arange(users) // (users // 4) == draw.integers(4), 4.0, 1.0)
        follow += [
            (int(u), f"b{b}") for u in draw.choice(users, draw.integers(10, 45), replace=False, p=chance / chance.sum())
        ]
        tags += [(f"b{b}", t, float(draw.uniform(0.1, 1))) for t in range(4) if draw.random() < 0.5]
    data = small(
        [f"b{b}" for b in range(n)],
        follow,
        tags,
        film_tags=[(0, 1.0), (2, 0.5), (3, 0.5)],
        users=users,
        willingness=draw.uniform(size=n).tolist(),
    )
    sets = {f"b{b}": {u for u, x in follow if x == f"b{b}"} for b in range(n)}
    return data, sets


def worth(chosen, sets, fit):
    """Sum over users of the best fit among the chosen who reach them."""
    users = set().union(*(sets[b] for b in chosen))
    return sum(max(fit[b] for b in chosen if u in sets[b]) for u in users)


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_sets_beside_exhaustive_search(limit):
    """Ten markets, every set of so many of eight: the bounds are the best ones, the set keeps 98 % of the best and 1 - 1/e always, reach and shares are set counts."""
    ratios = []
    for seed in range(10):
        data, sets = random_market(seed)
        every = partners(data, for_="Film:f", max_partners=8, min_cell=5, rng=1)
        fit = {p.partner: p.fit for p in every.partners}
        found = partners(data, for_="Film:f", max_partners=limit, min_cell=5, split=True, rng=1)
        chosen = [p.partner for p in found.partners]
        best = max(worth(c, sets, fit) for c in itertools.combinations(sorted(sets), limit))
        most = max(len(set().union(*(sets[b] for b in c))) for c in itertools.combinations(sorted(sets), limit))
        sure = found.certificate
        assert sure["fit_weighted_reach"] == pytest.approx(worth(chosen, sets, fit))
        assert sure["upper"] == pytest.approx(best)
        assert sure["ratio"] == pytest.approx(worth(chosen, sets, fit) / best)
        assert (sure["lower"], sure["delta"]) == (sure["fit_weighted_reach"], 0.0)
        assert found.joint_reach["mean"] == pytest.approx(len(set().union(*(sets[b] for b in chosen))))
        assert found.joint_reach["at_most"] == pytest.approx(most)
        for i, p in enumerate(found.partners):
            others = set().union(*(sets[b] for b in chosen if b != p.partner))
            assert p.adds == pytest.approx(len(sets[p.partner] - set().union(*(sets[b] for b in chosen[:i]))))
            assert p.exclusive == pytest.approx(len(sets[p.partner] - others))
            assert p.exclusive_interval[0] <= p.exclusive <= p.exclusive_interval[1]
            assert p.share == pytest.approx(sum(1 / sum(u in sets[b] for b in chosen) for u in sets[p.partner]))
        ratios.append(worth(chosen, sets, fit) / best)
        assert ratios[-1] >= 1 - 1 / math.e
    assert np.mean(ratios) >= 0.98
    assert limit > 1 or ratios == pytest.approx([1.0] * 10)


def test_with_equal_fit_the_set_is_plain_greedy_reach():
    """Only the weight of data counts and all records are alike: the largest first, then who adds most, though c is larger than b."""
    follow = [(u, "a") for u in range(40)] + [(u, "b") for u in range(50, 70)] + [(u, "c") for u in range(5, 40)]
    data = small(["a", "b", "c"], follow)
    found = partners(
        data, for_="Film:f", min_cell=5, weights=dict.fromkeys(set(CRITERIA) - {"data", "novelty"}, 0.0), rng=1
    )
    assert [p.partner for p in found.partners] == ["a", "b", "c"]
    assert [p.adds for p in found.partners] == pytest.approx([40, 20, 0])
    assert len({p.fit for p in found.partners}) == 1
    assert found.certificate["ratio"] == pytest.approx(1.0)


def test_a_partner_that_fits_and_adds_goes_before_a_larger_one_that_does_not():
    """Theme alone: 30 people at cosine 1 outweigh 50 at cosine 0; weights turn it round when reach alone counts."""
    follow = [(u, "a") for u in range(50)] + [(u, "b") for u in range(60, 90)]
    data = small(["a", "b"], follow, [("a", 1, 1.0), ("b", 0, 1.0)], film_tags=[(0, 1.0)])
    theme = dict.fromkeys(set(CRITERIA) - {"theme", "novelty"}, 0.0)
    audience = dict.fromkeys(set(CRITERIA) - {"audience", "novelty"}, 0.0)
    assert [p.partner for p in partners(data, for_="Film:f", min_cell=5, weights=theme, rng=1).partners] == ["b", "a"]
    assert [p.partner for p in partners(data, for_="Film:f", min_cell=5, weights=audience, rng=1).partners] == [
        "a",
        "b",
    ]


def test_weights_are_renormalised_over_what_is_measured():
    """(2 x .4 + 1 x 1) / 3; without a theme 1 alone; nothing weighed is measured: no fit. A missing score changes no other."""
    weights = fit_weights({"theme": 2.0, "data": 0.0}, 0.0)
    scores = dict.fromkeys(CRITERIA) | {"theme": 0.4, "will": 1.0, "data": 0.1}
    assert fit_of(scores, weights) == pytest.approx(1.8 / 3)
    assert fit_of(scores | {"theme": None}, weights) == 1.0
    assert fit_of(dict.fromkeys(CRITERIA) | {"data": 0.5}, weights) is None
    full = small(["a", "b"], tags=[("a", 0, 1.0), ("b", 0, 1.0)], film_tags=[(0, 1.0)], willingness=[0.3, 0.7])
    less = small(["a", "b"], tags=[("a", 0, 1.0), ("b", 0, 1.0)], film_tags=[(0, 1.0)], willingness=[None, 0.7])
    before, after = ({p.partner: p.scores for p in partners(x, for_="Film:f", rng=1).partners} for x in (full, less))
    assert after["b"] == before["b"]
    assert after["a"] == before["a"] | {
        "will": None,
        "data": pytest.approx(before["a"]["data"] - 1 / 33),
    }  # one of 11 optional fields less


def test_rank_intervals_agree_with_the_whole_simplex():
    """Two weights w, 1 - w: a leads b iff w > .9 (a tenth of the draws), c is last but for w < .01; the 95 % ends follow from that."""
    scores = {
        ("Brand", n): dict.fromkeys(CRITERIA) | {"theme": x, "will": y}
        for n, x, y in (("a", 1.0, 0.0), ("b", 0.9, 0.9), ("c", 0.0, 0.009))
    }
    weights = fit_weights(dict.fromkeys(set(CRITERIA) - {"theme", "will", "novelty"}, 0.0), 0.0)
    grid = np.linspace(0, 1, 100_001)
    fits = np.array([[s["theme"] * w + s["will"] * (1 - w) for w in grid] for s in scores.values()])
    places = 1 + (fits[:, None, :] > fits[None, :, :] + 1e-12).sum(axis=0)
    want = {
        n: tuple(np.quantile(p, (0.025, 0.975), method="closest_observation").astype(int))
        for n, p in zip(scores, places, strict=True)
    }
    assert (
        fit_rank_intervals(scores, 7, weights)
        == want
        == {("Brand", "a"): (1, 2), ("Brand", "b"): (1, 2), ("Brand", "c"): (3, 3)}
    )


def test_two_candidates_that_share_a_conflict_tag_are_not_both_proposed():
    """a and b carry t1, the film does not: only the larger is listed, and the other says whose place it cannot share."""
    follow = [(u, "a") for u in range(40)] + [(u, "b") for u in range(50, 80)] + [(u, "c") for u in range(90, 100)]
    data = small(["a", "b", "c"], follow, [("a", 1, 1.0), ("b", 1, 1.0), ("c", 0, 1.0)])
    free, bound = (partners(data, for_="Film:f", min_cell=5, conflicts=c, rng=1) for c in ((), ("t1",)))
    assert [p.partner for p in free.partners] == ["a", "b", "c"]
    assert [p.partner for p in bound.partners] == ["a", "c"]
    assert [(r["partner"], r["rule"]) for r in bound.rejected] == [("b", "conflict")]
    assert "shares the tag t1 with a" in bound.rejected[0]["reason"]
    assert all(p.scores["brand"] is None for p in bound.partners)


@pytest.mark.parametrize("known", ["history", "audiences", "tags", "goals", "resources", "all"])
def test_each_kind_of_data_ranks_partners_alone(known):
    """What is not loaded is null in every row, and what is loaded is not."""
    follow = [(u, b) for b, span in (("s", range(20)), ("a", range(10, 40)), ("b", range(30, 60))) for u in span]
    parts = {
        "history": {"deals": [("s", "a"), ("a", "b"), ("s", "c"), ("c", "b")]}, "audiences": {"follow": follow},
        "tags": {"tags": [("s", 0, 1.0), ("a", 0, 1.0), ("b", 1, 1.0)]},
        "goals": {"goal_loyalty": [0.5, 0.5, 1.0, None]}, "resources": {"resources": [["users"], ["users"], ["money"], None]},
    }  # fmt: skip
    given = {k: v for name, part in parts.items() if known in (name, "all") for k, v in part.items()}
    found = partners(small(["s", "a", "b", "c"], **given), for_="Brand:s", max_partners=20, min_cell=5, rng=1)
    rows = {p.partner: p for p in found.partners}
    has = lambda *names: known in (*names, "all")
    assert "b" in rows
    assert "s" not in rows
    assert (rows["b"].history is not None) == has("history")
    assert (rows["b"].scores["audience"] is not None) == (rows["b"].adds is not None) == has("audiences")
    assert (rows["b"].scores["theme"] is not None) == has("tags")
    assert (rows["b"].scores["goal"] is not None) == has("goals")
    assert (rows["b"].scores["complement"] is not None) == has("resources")
    assert (found.joint_reach is not None) == (found.certificate is not None) == has("audiences")
    if known in ("goals", "resources"):
        assert rows["a"].scores["goal"] == (1.0 if known == "goals" else None)
        assert rows["a"].scores["complement"] == (0.0 if known == "resources" else None)
        assert "c" not in rows
        assert any("1 brand or course is left out" in text for text in found.assumptions)


def test_a_small_audience_is_hidden_but_its_brand_still_ranked_by_its_tags():
    """b has 9 followers and the film's tag: null instead of a count, no line among the refused; c has 9 and nothing else."""
    follow = [(u, "a") for u in range(50)] + [(u, b) for b in "bc" for u in range(9)]
    found = partners(
        small(["a", "b", "c"], follow, [("b", 0, 1.0)], film_tags=[(0, 1.0)]), for_="Film:f", min_cell=10, rng=1
    )
    row = {p.partner: p for p in found.partners}["b"]
    assert (row.scores["audience"], row.adds, row.scores["theme"]) == (None, None, 1.0)
    assert "audience below 10 users: not shown" in row.evidence
    assert [(r["partner"], r["rule"]) for r in found.rejected] == [("c", "min_cell")]


def test_users_count_only_with_consent_for_plans():
    """Of 30 followers ten said no and five agreed to a profile alone: 15 are added."""
    data = small(
        ["a"],
        [(u, "a") for u in range(30)],
        consent=[u >= 10 for u in range(100)],
        scope=[["profile"] if u < 15 else ["plan", "profile"] for u in range(100)],
    )
    found = partners(data, for_="Film:f", min_cell=5, rng=1)
    assert found.partners[0].adds == pytest.approx(15)
    assert "15 users without consent for planning are left out" in found.assumptions
    nobody = small(["a"], [(u, "a") for u in range(30)], consent=[False] * 100)
    with pytest.raises(DataInvalid, match=r"1 audiences are below 50 .* 100 of 100 users gave no consent"):
        partners(nobody, for_="Film:f", rng=1)


def test_what_cannot_be_answered_is_refused_by_name():
    """Unknown nodes, labels, numbers and weights; a limit above the number of candidates lists them all."""
    data = small(["abc", "b"], [(u, b) for b in ("abc", "b") for u in range(60)])
    for for_, error, said in [
        ("Film:g", UnknownNode, "no Film with id 'g'"),
        ("Brand:abd", UnknownNode, "abd"),
        ("User:u001", InvalidParameter, "one of Film, Course, Brand"),
        ("film f", InvalidParameter, "film f"),
    ]:
        with pytest.raises(error, match=said):
            partners(data, for_=for_)
    for wrong in (
        {"max_partners": 0},
        {"max_partners": 2.5},
        {"min_cell": -1},
        {"weights": {"them": 1}},
        {"weights": {"theme": -1}},
        {"weights": {"novelty": 1}},
        {"weights": {"theme": float("nan")}},
        {"weights": dict.fromkeys(CRITERIA[:-1], 0)},
        {"diversity": 2},
    ):
        with pytest.raises(InvalidParameter):
            partners(data, for_="Film:f", **wrong)
    assert len(partners(data, for_="Film:f", max_partners=1000, rng=1).partners) == 2
    with pytest.raises(
        DataInvalid, match="nothing is known about partners of Film f: no past partnerships, no audiences"
    ):
        partners(small(["a"]), for_="Film:f")


@pytest.mark.parametrize(
    ("subject", "said", "zh"),
    [
        ("a", "its past partnerships name nobody else it could join", "其以往合作中没有其他可合作的对象"),
        ("c", "it is in none of the past partnerships", "它不在任何以往合作之中"),
    ],
)
def test_a_history_that_names_nobody_new_is_not_called_missing(subject, said, zh):
    """One partnership of a and b: a has met everybody in it, c is in none and has no text."""
    with pytest.raises(DataInvalid) as error:
        partners(small(["a", "b", "c"], deals=[["a", "b"]]), for_=f"Brand:{subject}")
    assert said in error.value.message
    assert zh in chinese(error.value.message)


def test_zero_vectors_and_ends_of_the_scale():
    """All goals 0 or only opposite ones: null and 0; one brand alone as a candidate: percentile 1."""
    zero = small(
        ["s", "a", "b"],
        goal_awareness=[1.0, 0.0, None],
        goal_loyalty=[0.0, 0.0, 1.0],
        resources=[["users"], [], ["users", "users"]],
    )
    rows = {p.partner: p.scores for p in partners(zero, for_="Brand:s", rng=1).partners}
    assert rows["b"]["goal"] == 0.0
    assert rows["b"]["complement"] == 0.0
    assert "a" not in rows
    one = partners(small(["a"], [(u, "a") for u in range(60)]), for_="Film:f", rng=1)
    assert [p.scores["audience"] for p in one.partners] == [1.0]
