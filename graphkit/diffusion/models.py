"""Models with parameters; the independent cascade and the linear threshold are the words "ic" and "lt"."""

from __future__ import annotations

from dataclasses import dataclass

from graphkit.check import probability, refuse

__all__ = ["SI", "SIR", "SIS", "check_model"]


@dataclass(frozen=True)
class SIR:
    """Susceptible, infectious, recovered for good.

    In each step an infectious node tries every out-arc with chance ``transmission * p`` (p = 1 on
    a projection without probabilities), then recovers with chance ``recovery``. With recovery 1
    it is the independent cascade.

    Parameters
    ----------
    transmission, recovery : float in [0, 1], per step
    """

    transmission: float
    recovery: float

    def __post_init__(self) -> None:
        """Check the ranges."""
        probability("transmission", self.transmission)
        probability("recovery", self.recovery)


@dataclass(frozen=True)
class SIS:
    """As SIR, but a recovered node is susceptible again; needs ``max_steps``.

    The spread counts nodes infected at least once.

    Parameters
    ----------
    transmission, recovery : float in [0, 1], per step
    """

    transmission: float
    recovery: float

    def __post_init__(self) -> None:
        """Check the ranges."""
        probability("transmission", self.transmission)
        probability("recovery", self.recovery)


@dataclass(frozen=True)
class SI:
    """Infectious for ever; needs ``max_steps``.

    Parameters
    ----------
    transmission : float in [0, 1], per step
    """

    transmission: float

    def __post_init__(self) -> None:
        """Check the range."""
        probability("transmission", self.transmission)


def check_model(model: object) -> None:
    """Refuse what is no model of how things spread."""
    if not isinstance(model, SI | SIS | SIR) and not (isinstance(model, str) and model in ("ic", "lt")):
        refuse("model", model, "'ic', 'lt', SIR(...), SIS(...) or SI(...)")
