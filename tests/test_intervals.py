"""Intervals of shares, ratios and skewed means: against other formulas, and how often they hold the truth."""

import math

import numpy as np
import pytest
from scipy import stats

from graphkit.amounts import like_people, ratio_interval, share_of_clusters, weighted_events
from graphkit.errors import InvalidParameter
from graphkit.intervals import newcombe, percentile_tail, quantile, unskewed, wilson, wilson_of


def holds(interval, truth):
    """Whether the interval holds the truth."""
    return interval[0] <= truth <= interval[1]


def test_independent_trials_give_wilson():
    """One trial each: Wilson's interval, but for Student's quantile; none or all successes give it exactly."""
    rng = np.random.default_rng(1)
    hit = (rng.random(4000) < 0.3).astype(float)
    got, want = share_of_clusters(hit, np.ones(4000)), wilson(int(hit.sum()), 4000)
    assert got == pytest.approx(want, abs=2e-5)
    assert share_of_clusters(np.zeros(20), np.ones(20)) == pytest.approx(wilson(0, 20))
    assert share_of_clusters(np.ones(20), np.ones(20)) == pytest.approx(wilson(20, 20))


def test_no_successes_of_few_people_are_few_trials():
    """Twenty people with fifty trials each and no success: as wide as twenty trials."""
    assert share_of_clusters(np.zeros(20), np.full(20, 50.0)) == pytest.approx(wilson(0, 20))


def test_the_variance_between_people_is_that_of_statsmodels():
    """The ratio's cluster-robust error equals that of a regression of successes on trials weighted by trials."""
    sm = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(2)
    trials = rng.integers(1, 9, 60)
    hit = [rng.random(t) < rng.beta(1, 3) for t in trials]
    person = np.repeat(np.arange(60), trials)
    fit = sm.OLS(np.concatenate(hit).astype(float), np.ones(person.size)).fit(
        cov_type="cluster", cov_kwds={"groups": person, "use_correction": False}
    )
    successes, total = np.array([h.sum() for h in hit], float), float(trials.sum())
    share = successes.sum() / total
    n = share * (1 - share) / (float(fit.bse[0]) ** 2 * 60 / 59) * (quantile(0.95) / quantile(0.95, 59)) ** 2
    z2 = quantile(0.95) ** 2
    middle, half = (
        (share + z2 / (2 * n)) / (1 + z2 / n),
        math.sqrt(z2) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n),
    )
    assert share_of_clusters(successes, trials.astype(float)) == pytest.approx((middle - half, middle + half))


@pytest.mark.stat
@pytest.mark.parametrize("alike", [1e6, 20, 2])
@pytest.mark.parametrize("n", [50, 400])
def test_click_through_is_covered_though_some_click_more(n, alike):
    """600 logs with 5 % on average, people's own shares Beta: 91.5 % or more; Wilson's over all exposures fell to 78 %."""
    rng = np.random.default_rng(3)
    found = []
    for _ in range(600):
        trials = 1.0 + rng.poisson(4, n)
        hit = rng.binomial(trials.astype(int), rng.beta(0.05 * alike, 0.95 * alike, n)).astype(float)
        found.append(holds(share_of_clusters(hit, trials), 0.05))
    assert np.mean(found) >= 0.915


def test_a_symmetric_mean_has_students_interval():
    """Without skewness nothing is moved; a ratio to equal parts is the mean."""
    x = np.concatenate([np.arange(1.0, 8), -np.arange(1.0, 8)])
    half = quantile(0.95, 13) * x.std(ddof=1) / math.sqrt(14)
    assert ratio_interval(x) == pytest.approx((-half, half))
    assert ratio_interval(x + 9, np.full(14, 2.0)) == pytest.approx(((9 - half) / 2, (9 + half) / 2))


def test_the_moved_quantile_inverts_halls_transformation():
    """t + s t^2 / 3 + s^2 t^3 / 27 + s / 6 gives the quantile back."""
    for skew in (-0.8, 0.1, 1.5):
        for z in (-2.2, -0.3, 1.9):
            t = unskewed(z, skew)
            assert t + skew * t**2 / 3 + skew**2 * t**3 / 27 + skew / 6 == pytest.approx(z)
    assert unskewed(1.3, 0.0) == 1.3


@pytest.mark.parametrize("x", [np.full(50, 3.0), np.full(50, 0.1 + 0.2), np.zeros(50), np.ones(1)])
def test_amounts_all_alike_have_no_interval(x):
    """Nothing tells how far another person might differ; no width of 0."""
    assert all(math.isnan(end) for end in ratio_interval(x))


@pytest.mark.stat
@pytest.mark.parametrize(("draw", "mean", "least"), [
    (lambda rng, n: rng.lognormal(0, 1, n), math.exp(0.5), 0.925),
    (lambda rng, n: rng.lognormal(0, 2, n), math.exp(2), 0.87),
    (lambda rng, n: (rng.random(n) < 0.1) * rng.lognormal(0, 1, n), 0.1 * math.exp(0.5), 0.91),
    (lambda rng, n: rng.normal(10, 2, n), 10, 0.93),
])  # fmt: skip
def test_skewed_amounts_are_covered(draw, mean, least):
    """800 samples of 80 people: percentiles of a bootstrap hold .92, .77, .83 and .94 of them."""
    rng = np.random.default_rng(4)
    assert np.mean([holds(ratio_interval(draw(rng, 80)), mean) for _ in range(800)]) >= least


def test_weighted_events_equal_the_published_interval():
    """Children with Down's syndrome of mothers with five and more, by age: the mid-p gamma interval printed by R's dsrTest 1.0.0."""
    cases = np.array([0, 8, 63, 112, 262, 295])
    births = np.array([327, 30666, 123419, 149919, 104088, 34392])
    standard = np.array([319933, 931318, 786511, 488235, 237863, 61313])
    weight = 1e5 * standard / standard.sum() / births
    got = weighted_events(np.repeat(weight, cases), weight.max())
    assert got == pytest.approx((59.71632, 173.08170), abs=2e-5)  # R stops its search there


@pytest.mark.parametrize("n", [0, 1, 7, 60])
def test_events_of_equal_weight_are_a_poisson_count(n):
    """The mid-p ends: the means under which a count as far out, half of n itself counted, has chance .025."""
    lower, upper = weighted_events(np.full(n, 3.0), 3.0)
    assert stats.poisson.cdf(n, upper / 3) - stats.poisson.pmf(n, upper / 3) / 2 == pytest.approx(0.025, abs=1e-9)
    if n:
        assert stats.poisson.sf(n, lower / 3) + stats.poisson.pmf(n, lower / 3) / 2 == pytest.approx(0.025, abs=1e-9)
    assert weighted_events(np.zeros(n), 0.0) == (0.0, 0.0)


@pytest.mark.parametrize("confidence", ["x", None, True, float("nan"), 0, 1, -0.5])
def test_a_confidence_that_is_no_share_is_refused(confidence):
    """By its name."""
    with pytest.raises(InvalidParameter, match="confidence"):
        quantile(confidence)


def test_nobody_and_one_person_have_no_interval():
    """Nothing tells how far another person might differ."""
    for amounts in ([], [3.0]):
        assert np.isnan(ratio_interval(np.array(amounts))).all()
    with pytest.raises(InvalidParameter, match="n must be"):
        percentile_tail(1)


NAN = float("nan")


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: wilson_of(1.2, 10, 1.96), "share must be a share in"),
        (lambda: wilson_of(NAN, 10, 1.96), "share must be a share in"),
        (lambda: wilson_of(0.5, 0, 1.96), "n must be a number of trials above 0"),
        (lambda: wilson_of(0.5, -3, 1.96), "n must be a number of trials above 0"),
        (lambda: newcombe((0.5, 10), (-0.2, 10)), "share must be a share in"),
        (lambda: newcombe((0.5, 10), (0.5, NAN)), "n must be a number of trials above 0"),
        (lambda: share_of_clusters(np.zeros(2), np.zeros(2)), "trials must be above 0 for somebody"),
        (lambda: share_of_clusters(np.array([3.0, 5.0]), np.array([2.0, 2.0])), "share must be a share in"),
        (lambda: share_of_clusters(np.array([1.0, -1.0]), np.full(2, 2.0)), r"successes\[1\] must be a finite number"),
        (lambda: share_of_clusters(np.array([1.0, 1.0]), np.array([NAN, 2.0])), r"trials\[0\] must be a finite number"),
        (lambda: share_of_clusters(np.ones(3), np.ones(2)), "trials must be of shape"),
        (lambda: weighted_events(np.array([1.0, NAN]), 2.0), r"weight\[1\] must be a finite number"),
        (lambda: weighted_events(np.array([-1.0]), 1.0), r"weight\[0\] must be a finite number"),
        (lambda: weighted_events(np.array([5.0]), 1.0), "largest must be at least the largest weight"),
    ],
)
def test_what_is_no_count_and_no_share_is_refused_by_name(call, told):
    """Some of these were answered, with (0, 1) or an interval upside down; the others ended in errors of arithmetic."""
    with pytest.raises(InvalidParameter, match=told) as caught:
        call()
    assert caught.value.hint


@pytest.mark.parametrize(
    ("call", "told"),
    [
        *((lambda f=f: quantile(0.95, f), "freedom must be a") for f in (-1, NAN, "9", None, 1j, math.inf)),
        *((lambda c=c: quantile(c), "confidence must be a") for c in (0, 1, 95, NAN, "0.95", None)),
        *((lambda s=s: wilson(s, 10), "successes must be a") for s in (-1, 11, NAN, "8", None, 1j)),
        *((lambda n=n: wilson(0, n), "n must be an integer >= 1") for n in (0, -1, 2.5, NAN, "8", None)),
        *((lambda s=s: wilson_of(s, 10, 1.96), "share must be a share in") for s in ("half", None, 1j, True)),
        *((lambda n=n: wilson_of(0.5, n, 1.96), "n must be a number of trials") for n in ("ten", None, math.inf)),
        *((lambda z=z: wilson_of(0.5, 10, z), "z must be a") for z in (-1, NAN, "2", None)),
        *((lambda x=x: newcombe(x, (0.5, 10)), "first must be a share and its number") for x in (0.5, None, (0.5,))),
        *((lambda x=x: newcombe((0.5, 10), x), "second must be a share and its number") for x in ([0.5, 10], "ab")),
        *((lambda z=z: unskewed(z, 0.5), "z must be a quantile") for z in (NAN, "2", None)),
        *((lambda x=x: unskewed(1.96, x), "skewness must be a finite number") for x in (NAN, math.inf, "2", None)),
        *((lambda x=x: ratio_interval(x), "top must be one number per person") for x in ("ab", None, 5.0, np.ones((2, 2)), [1j])),
        (lambda: ratio_interval([1.0, NAN]), r"top\[1\] must be a finite number"),
        (lambda: ratio_interval([1.0, 2.0], [1.0, math.inf]), r"bottom\[1\] must be a finite number"),
        (lambda: ratio_interval([1.0, 2.0], [1.0, 2.0, 3.0]), r"bottom must be of shape \(2,\)"),
        *((lambda b=b: ratio_interval([1.0, 2.0], b), "bottom must be above 0 in sum") for b in ([0.0, 0.0], [1.0, -3.0])),
        *((lambda x=x: like_people(x), "amount must be one number per person") for x in ("ab", None, 5.0, np.ones((2, 2)))),
        *((lambda x=x: like_people([1.0, x]), r"amount\[1\] must be a finite number") for x in (NAN, math.inf)),
        *((lambda x=x: weighted_events(x, 1.0), "weight must be one number per person") for x in ("ab", None, 5.0)),
        *((lambda x=x: weighted_events([], x), "largest must be a") for x in (-1.0, NAN, None, "1")),
        *((lambda x=x: share_of_clusters(x, [1.0]), "successes must be one number") for x in ("ab", None, 5.0)),
        *((lambda n=n: percentile_tail(n), "n must be an integer >= 2") for n in (1, 2.5, NAN, "9", None)),
    ],
)  # fmt: skip
def test_every_argument_out_of_range_is_refused_by_name(call, told):
    """Minus one degree of freedom gave NaN, amounts with a NaN an interval of NaN, a negative sum one upside down; texts ended in a TypeError."""
    with pytest.raises(InvalidParameter, match=told):
        call()


def test_lists_are_amounts_as_arrays_are():
    """The same interval."""
    assert ratio_interval([0, 1, 2, 9]) == ratio_interval(np.array([0.0, 1.0, 2.0, 9.0]))
    assert share_of_clusters([1, 0], [2, 2]) == share_of_clusters(np.array([1.0, 0.0]), np.array([2.0, 2.0]))
    assert weighted_events([1, 2], 3) == weighted_events(np.array([1.0, 2.0]), 3.0)
    assert like_people([5, 5, 0]) == 2


def test_a_share_above_one_by_rounding_alone_is_one():
    """0.1 ten times over 1.0 - 1e-16: sums of floats."""
    assert wilson_of(1 + 1e-12, 10, 1.96) == pytest.approx(wilson_of(1.0, 10, 1.96))
