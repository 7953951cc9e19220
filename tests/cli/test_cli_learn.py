"""Command ``learn``: what the factor on p is, told in a sentence."""

import pytest

from graphkit.cli.learn import sizes_sentence

BINS = [
    {"size_bin": "3-4", "items": 30, "predicted": 4.0, "simulated": 5.0, "observed": 3.0},
    {"size_bin": "5-9", "items": 10, "predicted": 8.0, "simulated": 9.0, "observed": 11.0},
]


def test_the_factor_and_the_means_over_items_are_told():
    """Bins weigh by their items: observed (90 + 110) / 40 = 5, simulated 6, predicted 5."""
    text = sizes_sentence({"calibration": BINS, "size_ratio": 0.5, "size_factor": 1.75})
    assert "gain 0.50 of the real later adopters, so every p is multiplied by 1.750" in text
    assert "have 5.0 adopters on average; simulated with p they have 6.0, predicted from the first adopters' tempo as well 5.0" in text


def test_a_factor_of_one_is_no_scaling():
    """Where sizes agree within chance nothing is multiplied."""
    text = sizes_sentence({"calibration": BINS, "size_ratio": 1.02, "size_factor": 1.0})
    assert "left as it is" in text
    assert "multiplied" not in text


@pytest.mark.parametrize("document", [{"calibration": [], "size_ratio": None, "size_factor": 1.0}, {"calibration": BINS, "size_ratio": None, "size_factor": 1.0}])
def test_sizes_that_cannot_be_compared_are_not_told(document):
    """A log too small, or of items that never spread, gives no figure."""
    assert "could not be compared" in sizes_sentence(document)
