"""What `partners` returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphkit.parts import Part
from graphkit.results import Manifest, Result

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    import pandas as pd

__all__ = ["Partner", "PartnerPortfolio"]


@dataclass(frozen=True, eq=False, repr=False)
class Partner(Part):
    """One proposed partner, or the lead of the split (without rank, fit and adds); None = not measured, never 0.

    ``adds`` counts users beyond the base and the partners listed before, ``exclusive`` beyond the base and all the others.
    """

    partner: str
    label: str
    name: str
    rank: int | None
    fit: float | None
    fit_rank_interval: tuple[int, int] | None
    scores: dict[str, float | None]
    history: float | None
    history_rank_interval: tuple[int, int] | None
    adds: float | None
    adds_interval: tuple[float, float] | None
    exclusive: float | None
    exclusive_interval: tuple[float, float] | None
    share: float | None
    share_interval: tuple[float, float] | None
    evidence: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, eq=False, repr=False)
class PartnerPortfolio(Result):
    """Proposed partners, best first, then the lead of the split, if there is one.

    ``joint_reach`` counts the base and all of them, None without audiences; no other set of as many candidates reaches
    more than its ``at_most``. ``certificate``: users added, each counted with the best fit among the partners that reach
    him (``fit_weighted_reach``), at least ``lower``; no set of as many candidates exceeds ``upper``, ``ratio`` = lower /
    upper. Beyond a plan these are true with chance 1 - ``delta``, at_most with .95; else delta is 0. ``split``
    says what the shares sum to (``joint``: users reached by the listed partners, before word of mouth) and whether the
    split is ``stable``; None when none was asked for or no audience is measured.
    """

    for_: str
    partners: tuple[Partner, ...]
    joint_reach: dict[str, Any] | None
    certificate: dict[str, float] | None
    split: dict[str, Any] | None
    rejected: list[dict[str, str]]
    assumptions: list[str]
    manifest: Manifest

    def to_dict(self) -> dict[str, Any]:
        """Return the partners as JSON-ready data."""
        return {("for" if key == "for_" else key): value for key, value in super().to_dict().items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from :meth:`to_dict`."""
        return super().from_dict({("for_" if key == "for" else key): value for key, value in data.items()})

    def to_frame(self) -> pd.DataFrame:
        """Return one row per partner, one column per criterion."""
        import pandas as pd

        rows = []
        for p in self.partners:
            row = {
                "partner": p.partner,
                "label": p.label,
                "name": p.name,
                "rank": p.rank,
                "fit": p.fit,
                **p.scores,
                "history": p.history,
            }
            for name in ("adds", "exclusive", "share"):
                low, high = getattr(p, f"{name}_interval") or (None, None)
                row |= {name: getattr(p, name), f"{name}_lower": low, f"{name}_upper": high}
            rows.append(row)
        return pd.DataFrame(rows)
