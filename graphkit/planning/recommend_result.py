"""What `graphkit.planning.recommend` found: ranked items of each user, each with what carries its score."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from graphkit.planning.picker import Reason  # noqa: TC001 - from_dict resolves it
from graphkit.results import FrameResult, Manifest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Recommendations"]


@dataclass(frozen=True, eq=False, repr=False)
class Recommendations(FrameResult):
    """Ranked items per user.

    Parameters
    ----------
    by, to : str
    users, items : tuple of str
        One row per recommendation, users in the order asked.
    rank : ndarray of int64
    score : ndarray of float64
        Comparable within one user and way only.
    cold : tuple of bool
        Whether the user is unknown to this way, so that popularity answered.
    reasons : tuple of tuple of Reason
        Strongest first; the last one, ``rest``, makes the parts sum to the score.
    assumptions : tuple of str
        How many rows of weaker evidence were left out, or, without a floor, are not real.
    """

    by: str
    to: str
    users: tuple[str, ...]
    items: tuple[str, ...]
    rank: np.ndarray = field(metadata={"dtype": np.int64})
    score: np.ndarray = field(metadata={"dtype": np.float64})
    cold: tuple[bool, ...]
    reasons: tuple[tuple[Reason, ...], ...]
    manifest: Manifest
    assumptions: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of recommendations."""
        return len(self.items)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per recommendation: user, item, rank, score, cold, evidence."""
        import pandas as pd

        evidence = [" · ".join(map(str, own)) for own in self.reasons]
        columns = {"user": list(self.users), "item": list(self.items), "rank": self.rank, "score": self.score}
        return pd.DataFrame({**columns, "cold": list(self.cold), "evidence": evidence})
