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


@pytest.mark.parametrize("pair", [[30.9995, 31.0], [31.0, 31.001], [145.0, 145.0]])
def test_an_exact_number_has_no_band(pair):
    """Its interval is the rounding of thousandths, whichever digits the two ends come to be written with."""
    assert Figures.band(pair) == ""
    assert Figures.exact(pair)


def test_a_sampled_number_has_its_band():
    """Also a narrow one; ends that are written alike say nothing, and are not called exact."""
    assert Figures.band([30.5, 31.0]) == "30.5 – 31"
    assert (Figures.band([1000.1, 1000.3]), Figures.exact([1000.1, 1000.3])) == ("", False)
    assert (Figures.band([None, 3.0]), Figures.exact([None, 3.0]), Figures.exact(None)) == ("", False, False)
