"""Weights of the signals of a missing link as a caller states them, checked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from graphkit.check import finite, mapping_of, refuse
from graphkit.planning.link_signals import FEATURES, SLOPES
from graphkit.planning.link_weights import LinkWeights

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["stated_weights"]

KNOWN = (*FEATURES, *SLOPES, "cross", "hub", "middle")
ASKED_FOR = FEATURES[FEATURES.index("factors") :]  # there only with a rank above 0, or with words


def stated_weights(weights: Mapping[str, float], *, rank: int, worded: bool) -> LinkWeights:
    """Return the weights that `predict_links` was given by name: a signal that is not there can not weigh anything."""
    for name in mapping_of("weights", weights, "a mapping signal -> weight"):
        if name not in KNOWN:
            refuse("weights", name, f"names among {', '.join(KNOWN)}")

    def number(name: str, usual: float = 0.0) -> float:
        return finite(f"weights[{name!r}]", weights.get(name, usual))

    values, slopes = tuple(map(number, FEATURES)), tuple(map(number, SLOPES))
    used = LinkWeights(1.0, 0.0, values, slopes if any(slopes) else (), number("middle"))
    for name in ASKED_FOR:
        if used.weighs(name) and not (rank if name == "factors" else worded):
            refuse(
                "weights",
                name,
                "the name of a signal that is there",
                hint="give words, or a rank above 0, or leave the weight out",
            )
    cross, hub = number("cross", 1.0), number("hub")
    if cross <= 0 or hub < 0:
        refuse("weights", {"cross": cross, "hub": hub}, "cross > 0 and hub >= 0")
    return replace(used, cross=cross, hub=hub)
