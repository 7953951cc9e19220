"""How single figures are written."""

import numpy as np
import pytest

from graphkit.report.figures import Figures


@pytest.mark.parametrize("value", [-1.4e-15, -0.0, np.float64(-1e-9)])
def test_what_rounds_to_zero_has_no_sign(value):
    """Rounding leaves a modularity of -1.4e-15 where there is one community: 0.00, not -0.00."""
    assert Figures.score(value) == "0.00"
    assert Figures.money(value) == "0"
    assert Figures.people(value).startswith("0")


def test_signs_and_whole_numbers_stay():
    """Losses keep their sign; counts may be whole numbers."""
    assert Figures.score(-0.004) == "0.00"
    assert Figures.score(-0.006) == "-0.01"
    assert Figures.money(-1234.5, "CNY") == "-1,234.50 CNY"
    assert [Figures.people(x) for x in (5, 1234, -0.06, -150.0)] == ["5", "1,234", "-0.1", "-150"]
