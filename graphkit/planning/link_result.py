"""What `graphkit.planning.links` found: ranked missing links, each with the walks that carry its score."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.ranking.evidence import Walk  # noqa: TC001 - from_dict resolves it
from graphkit.results import FrameResult, Manifest

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    from numpy.typing import NDArray

    from graphkit.projection.projection import Projection

__all__ = ["PredictedLinks"]


@dataclass(frozen=True, eq=False, repr=False)
class PredictedLinks(FrameResult):
    """Ranked missing links.

    Parameters
    ----------
    source, target : ndarray of int64
        Rows of the two ends; targets best first within a source, ties by row.
    score : ndarray of float64
        Comparable within a source only.
    ways : tuple of tuple of Walk
        Per link the endings of walks by which the walk enters the target (rows, the target last) and the share of
        the walk's score that each carries: three where there are so many, more until half is told, none where no
        walk leads there.
    parts : ndarray of float64, shape (n_links, n_signals)
        How far each signal lifts ln score above its mean over the source's candidates, in the order of ``FEATURES``;
        a row sums to ln score less the mean ln score, popularity divided out with ``beta`` aside.
    ids : ndarray of str, shape (n_nodes,), or None
        Node ids of the rows; None when rows are their own names.
    weights : dict
        Of the signals, by name; and cross and hub of the walk's arcs.
    n_hidden : int
        Hidden links that they were learned on; 0 = given, or too few to learn from.
    """

    source: np.ndarray = field(metadata={"dtype": np.int64})
    target: np.ndarray = field(metadata={"dtype": np.int64})
    score: np.ndarray = field(metadata={"dtype": np.float64})
    ways: tuple[tuple[Walk, ...], ...]
    parts: np.ndarray = field(metadata={"dtype": np.float64})
    ids: np.ndarray | None = field(metadata={"dtype": object})
    weights: dict[str, float]
    n_hidden: int
    manifest: Manifest

    @property
    def evidence(self) -> tuple[str, ...]:
        """The ways as ``via a > u (share)``, how much of the walk they carry together, and what the walk weighs."""
        whole = zip(self.source.tolist(), self.ways, self.walk_share.tolist(), strict=True)
        return tuple(self._told(source, ways, share) for source, ways, share in whole)

    @property
    def walk_share(self) -> NDArray[np.float64]:
        """Part of the walk in all that lifts the link above the mean candidate, in [0, 1]; NaN where nothing does."""
        lift = np.maximum(self.parts, 0.0)
        total = lift.sum(axis=1)
        found: NDArray[np.float64] = np.divide(lift[:, 0], total, out=np.full(total.size, np.nan), where=total > 0)
        return found

    def to_frame(self) -> pd.DataFrame:
        """Return one row per link: source, target, score, evidence, walk_share."""
        import pandas as pd

        ends = (self.source, self.target) if self.ids is None else (self.ids[self.source], self.ids[self.target])
        columns = {
            "source": ends[0],
            "target": ends[1],
            "score": self.score,
            "evidence": list(self.evidence),
            "walk_share": self.walk_share,
        }
        return pd.DataFrame(columns)

    def to_networkx(self, projection: Projection) -> nx.DiGraph[Any]:
        """Return an arc from source to target for every row of the frame, with its other columns.

        Nodes are named as in ``projection.to_networkx()`` of the graph it was made on: by label and id where
        one id stands under two labels.
        """
        from graphkit.projection.networkx_out import named_ends, proposals

        source, target = named_ends(projection, self.ids, self.source, self.target)
        return proposals(self.to_frame().assign(source=source, target=target))

    def _told(self, source: int, ways: tuple[Walk, ...], walk_share: float) -> str:
        """Write the ways a target is entered; the source itself goes without saying."""
        if not ways:
            return "out of the walk's reach"
        steps = []
        for way in ways:
            between = [str(row if self.ids is None else self.ids[row]) for row in way.nodes[:-1] if row != source]
            steps.append(f"{'via ' + ' > '.join(between) if between else 'directly'} ({way.share:.0%})")
        text = f"{', '.join(steps)}; {sum(way.share for way in ways):.0%} of the walk"
        return text if np.isnan(walk_share) else f"{text}, which is {walk_share:.0%} of what speaks for it"
