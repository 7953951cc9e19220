"""The result of `learn`: probabilities on arcs, their intervals and how well sizes come out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - from_dict reads the annotation

from graphkit.check import refuse
from graphkit.diffusion.topics import TopicEstimate  # noqa: TC001 - from_dict reads the annotation
from graphkit.errors import UnknownName, close_matches
from graphkit.results import Manifest, Result

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd


__all__ = ["LearnedProbabilities"]


@dataclass(frozen=True, eq=False, repr=False)
class LearnedProbabilities(Result):
    """Probabilities learned from a log.

    Attributes
    ----------
    probability : float64 ndarray, shape (n_arcs,)
        min(1, ``size_factor`` * posterior mean) per arc in CSR order.
    interval : float64 ndarray, shape (n_arcs, 2)
        95 % interval (lower, upper) of the posterior, times the factor.
    tried : float64 ndarray, shape (n_arcs,)
        Number of tries; arcs with 0 keep the prior.
    never_tried : bool ndarray, shape (n_arcs,)
    prior : tuple of float
        a and b of the Beta prior.
    explained : float
        Share of the later adoptions with an earlier adopting neighbour.
    calibration : DataFrame
        ``size_bin``, ``items``, ``predicted``, ``simulated``, ``observed``: sizes of training items predicted (with the
        tempo of the first adopters), and simulated with p times the factor, by models that did not see them; empty
        for logs too small.
    size_factor : float
        Overall factor on p that makes simulated sizes match real ones, see `size_factor`; 1 where they do. Topics have their own,
        see `graphkit.diffusion.topic_factor`.
    size_ratio : float
        Mean simulated over mean real number of later adopters before the factor; nan for logs too small.
    level_error : float
        Standard error of the logarithm of what the chances on all arcs have in common, for a new item, see
        `graphkit.diffusion.level`; nan for logs too small. ``interval`` tells the errors of single arcs.
    posterior_mean : float64 ndarray, shape (n_arcs,)
        p before the factor.
    projection : Projection
        The graph with the learned probabilities (not part of the JSON).
    log : Log
        The training log, for `predict_sizes` (not part of the JSON).
    topics : dict of str to TopicEstimate
        What items of each topic say about the arcs they tried; empty unless asked for (not part of the JSON).
    topic_strength : float or None
        How many tries of other topics count at most for a topic; infinite when topics do not differ
        (not part of the JSON).
    """

    probability: NDArray[np.float64]
    interval: NDArray[np.float64]
    tried: NDArray[np.float64]
    never_tried: NDArray[np.bool_]
    prior: tuple[float, ...]
    explained: float
    calibration: pd.DataFrame
    method: str
    size_factor: float
    size_ratio: float
    posterior_mean: NDArray[np.float64]
    projection: Any = field(default=None, metadata={"json": False})
    log: Any = field(default=None, metadata={"json": False})
    manifest: Manifest = field(default=None)  # type: ignore[assignment]
    topics: dict[str, TopicEstimate] = field(default_factory=dict, metadata={"json": False})
    topic_strength: float | None = field(default=None, metadata={"json": False})
    level_error: float = float("nan")
    by: str | None = field(default=None, metadata={"json": False})
    topic: str | None = field(default=None, metadata={"json": False})

    def for_topic(self, topic: str) -> LearnedProbabilities:
        """Return the probabilities for items of one topic; arcs it never tried keep what others say, at the topic's level.

        Raises
        ------
        UnknownName
            No item of the topic was learned from.
        """
        if topic not in self.topics:
            message = f"nothing was learned for the topic {topic!r}"
            raise UnknownName(
                message, kind="topic", name=topic, close_matches=close_matches(topic, sorted(self.topics))
            )
        found = self.topics[topic]
        chance, bounds, tried = self.probability.copy(), self.interval.copy(), np.zeros_like(self.tried)
        chance[found.arc], bounds[found.arc], tried[found.arc] = found.probability, found.interval, found.tried
        return replace(
            self,
            topic=topic,
            probability=chance,
            interval=bounds,
            tried=tried,
            never_tried=tried == 0,
            projection=self.projection.with_probability(chance),
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per arc: ``probability``, ``lower``, ``upper``, ``tried``, and its ends where the graph is at hand."""
        import pandas as pd

        frame = pd.DataFrame(
            {
                "probability": self.probability,
                "lower": self.interval[:, 0],
                "upper": self.interval[:, 1],
                "tried": self.tried,
            }
        )
        if self.projection is not None:
            ends = self.projection.to_frame()[["source", "target"]]
            frame.insert(0, "source", ends["source"].to_numpy())
            frame.insert(1, "target", ends["target"].to_numpy())
        return frame

    def to_networkx(self) -> nx.MultiDiGraph[Any]:
        """Return the graph with ``p``, ``lower``, ``upper`` and ``tried`` on every arc.

        Raises
        ------
        InvalidParameter
            The result came back from JSON, which keeps the chances and not the graph.
        """
        from graphkit.projection.networkx_out import to_networkx

        if self.projection is None:
            refuse("projection", None, "at hand: JSON keeps the chances, not the graph", hint="learn again")
        lower, upper = self.interval.T
        return to_networkx(self.projection, arcs={"lower": lower, "upper": upper, "tried": self.tried})
