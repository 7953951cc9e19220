"""Checks at the borders name what they refuse, whatever its size."""

import numpy as np
import pytest

from graphkit.check import finite, floats, non_negative, probability, probability_array
from graphkit.errors import InvalidParameter


@pytest.mark.parametrize("check", [finite, non_negative, probability])
@pytest.mark.parametrize("value", [10**400, -(10**400), 10**5000], ids=["large", "below", "too long to write"])
def test_a_whole_number_beyond_the_floats_is_refused(check, value):
    """It ended in an OverflowError; of more than 4,300 digits Python writes none."""
    with pytest.raises(InvalidParameter, match="x must be a finite number"):
        check("x", value)


@pytest.mark.parametrize(
    "value",
    [[1, 10**400], [10**5000], 10**400, np.array([10**400], object)],
    ids=["second", "too long to write", "alone", "array"],
)
def test_arrays_of_such_numbers_are_refused(value):
    """By the name of the argument."""
    with pytest.raises(InvalidParameter, match="x must be numbers"):
        floats("x", value, "numbers")
    with pytest.raises(InvalidParameter, match="x must be an array of probabilities"):
        probability_array("x", value)


def test_large_numbers_within_the_floats_pass():
    """1e308 as a whole number."""
    assert finite("x", 10**308) == 1e308
    assert floats("x", [10**308], "numbers").tolist() == [1e308]
