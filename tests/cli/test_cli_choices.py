"""Words to choose from are written twice, so that a help page loads no library: both must say the same."""

from typing import get_args

import pytest
from command_leaves import LEAVES

from graphkit.community.objectives import OBJECTIVES
from graphkit.community.search import EFFORTS
from graphkit.matching.fuse import METHODS as BLENDS
from graphkit.matching.similarity import MEASURES
from graphkit.model.vocabulary import EVIDENCE
from graphkit.outcomes import propensity, retention, uplift
from graphkit.planning.recommend import WAYS
from graphkit.planning.tastes import ITEM_LABELS
from graphkit.store.base import ExportFormat

OPTIONS = {words: {option.name: option for option in command.params} for words, command in LEAVES}


@pytest.mark.parametrize(
    ("words", "option", "known"),
    [
        (("recommend",), "by", WAYS),
        (("recommend",), "blend", BLENDS),
        (("recommend",), "to", ITEM_LABELS),
        (("communities",), "effort", EFFORTS),
        (("communities",), "objective", OBJECTIVES),
        (("match",), "by", MEASURES),
        (("export",), "as_", get_args(ExportFormat)),
        (("outcomes", "propensity"), "method", propensity.METHODS),
        (("outcomes", "uplift"), "method", uplift.METHODS),
        (("outcomes", "retention"), "ties", retention.TIES),
    ],
)
def test_a_command_offers_what_the_library_knows(words, option, known):
    """Neither a word that the library refuses, nor one less than it takes."""
    assert sorted(OPTIONS[words][option].type.choices) == sorted(known)


def test_every_floor_of_evidence_is_that_of_the_data():
    """Whoever takes --min-evidence takes the words of the property, strongest first."""
    asked = [options["min_evidence"] for options in OPTIONS.values() if "min_evidence" in options]
    assert len(asked) > 5
    assert {tuple(option.type.choices) for option in asked} == {tuple(EVIDENCE)}
