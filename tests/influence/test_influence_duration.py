"""Time told beforehand: the truth lies between its ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphkit.influence.duration import estimate_seconds


class Machine:
    """Runs that cost a + b n seconds on a clock of their own, the first one what compiling takes as well."""

    def __init__(self, once, each, compiling=0.0):
        self.now, self.once, self.each, self.compiling, self.worlds = 0.0, once, each, compiling, 0

    def run(self, n):
        """Let the time pass."""
        self.now += self.once + self.each * n + self.compiling
        self.compiling = 0.0
        self.worlds += n


@given(st.floats(0, 10), st.floats(0, 1), st.integers(1, 10**6), st.floats(0, 100))
def test_the_truth_lies_between(once, each, n, compiling):
    """Whatever is set up once and whatever a world costs; compiling is not counted."""
    machine = Machine(once, each, compiling)
    low, high = estimate_seconds(machine.run, n, clock=lambda: machine.now)
    truth = once + each * n
    assert 0 <= low <= truth + 1e-6 * (1 + truth + compiling)
    assert high >= truth - 1e-6 * (1 + truth + compiling)


def test_trials_are_a_part_of_the_run():
    """Less than a quarter of the worlds, however little one takes; without set-up the two ends are one, and compiling is in neither."""
    machine = Machine(0.0, 0.5, compiling=1e6)
    assert estimate_seconds(machine.run, 100_000, clock=lambda: machine.now) == pytest.approx((50_000, 50_000))
    assert machine.worlds < 25_000
    quick = Machine(0.0, 1e-9)
    estimate_seconds(quick.run, 100_000, clock=lambda: quick.now)
    assert quick.worlds < 25_000


@pytest.mark.parametrize("each", [1e-6, 1e-4, 1e-2])
def test_trials_of_a_long_run_take_seconds(each):
    """A run of hours is told in seconds: the trials stop growing once they last."""
    machine = Machine(0.001, each, compiling=5.0)
    low, high = estimate_seconds(machine.run, 10**10, clock=lambda: machine.now)
    assert low == pytest.approx(each * 10**10, rel=1e-3)
    assert low <= high < 1.05 * low
    assert machine.now < 20
