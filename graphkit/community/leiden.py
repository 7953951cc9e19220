"""Communities of a graph: groups that hold more edges inside than the degrees explain, or in which a random walk stays.

Modularity at a resolution says how good a partition is; :mod:`graphkit.community.search` looks for a
good one. ``resolution=1`` is the classical question, but it cannot see groups much smaller than
sqrt(2m) edges (Fortunato, Barthelemy 2007). ``resolution="auto"`` asks the data: of all
resolutions, take the one whose communities describe the edges in the fewest nats, which is the most likely
degree-corrected planted partition (Newman 2016), a block model; groups that are not worth their description
are not reported. That model makes all groups equally dense: ``objective="block_model"`` gives each a density of its own
(:mod:`graphkit.community.block_model`) and is the one to ask for groups of unequal size, and for those that are there at all.
``objective="map_equation"`` asks for the shortest description of a random walk instead (:mod:`graphkit.community.map_equation`).
Whether groups were joined, and what to ask next, is measured on the way: ``finer_gain``, ``finer_objective``.

References
----------
Fortunato, Barthelemy (2007), https://doi.org/10.1073/pnas.0605965104;
Newman (2016), https://doi.org/10.1103/PhysRevE.94.052315;
Zhang, Peixoto (2020), https://doi.org/10.1103/PhysRevResearch.2.043271
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphkit.check import finite, flag, one_of, refuse
from graphkit.community.blocks import components, search_blocks
from graphkit.community.finer import look_for_finer, walk
from graphkit.community.flattening import Flattening
from graphkit.community.objectives import OBJECTIVES, MapEquation, Modularity
from graphkit.community.quality import (
    Undirected,
    canonical_labels,
    description_gain,
    inside_shares,
    modularity,
    undirected,
)
from graphkit.community.search import EFFORTS, LARGE, Search, best_resolution
from graphkit.community.stability import recovery
from graphkit.errors import DataInvalid
from graphkit.progress import null_progress
from graphkit.projection.projection import Projection, check_projection
from graphkit.results import Manifest, Result, make_manifest
from graphkit.rng import as_seed

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    from numpy.typing import NDArray

    from graphkit.progress import ProgressCallback

    Labels = NDArray[np.int64]

__all__ = ["EFFORTS", "Communities", "communities"]

_LISTED = 20_000  # nodes below which the digest covers every label


@dataclass(frozen=True, eq=False, repr=False)
class Communities(Result):
    """A partition of the nodes.

    Parameters
    ----------
    labels : ndarray of int64, shape (n_nodes,)
        0, 1, .. by size down, ties by the smallest id, or row without ids. Every community is connected.
    n_communities : int
    modularity : float
        At this resolution, self-loops left out; 0 without edges.
    description_gain : float
        Nats by which the communities shorten the description of the edges, their own
        description paid (:func:`graphkit.community.quality.description_gain`; for the block model the larger of it and
        :func:`graphkit.community.block_model.block_gain`); at most 0 says that the graph shows no groups.
    finer_gain : float or None
        Nats by which finer groups describe the edges better than these do (others may save more), or at most 0. Above 0 groups
        were joined that the edges tell apart. None where nobody looked: with the map equation, without `finer`, and for effort fast, ``"auto"`` and the block model
        on more than two million edges.
    finer_objective : str or None
        The objective to ask next where `finer_gain` is above 0: ``"block_model"``, or ``"map_equation"`` where that finds groups
        too small for blocks (:mod:`graphkit.community.finer`).
    resolution : float
        As asked for, or as found by ``"auto"``.
    objective : str
    code_length : float or None
        Bits a step of a random walk, where the map equation was the objective.
    effort : str
    inside : ndarray of float64, shape (n_communities,)
        Share of each community's weight of ties that stays inside.
    stability : ndarray of float64, shape (n_communities,), or None
        How well independent starts of the search find each community again: mean over them of the largest
        Jaccard index (:func:`graphkit.community.stability.recovery`). None without edges.
    stability_range : ndarray of float64, shape (n_communities, 2), or None
        Lowest and highest of the starts.
    n_starts : int
        Independent starts.
    flattening : Flattening or None
        How the graph was made, if it was made of several kinds of ties.
    ids : ndarray of str, shape (n_nodes,), or None
        Node ids of the rows; None when rows are their own names.
    weight_power : float
        1, or the power of the weights by which the block model tells most: .5 or, where they tell less than the bare edges, 0.
    """

    labels: np.ndarray = field(metadata={"dtype": np.int64})
    n_communities: int
    modularity: float
    description_gain: float
    finer_gain: float | None
    finer_objective: str | None
    resolution: float
    objective: str
    code_length: float | None
    effort: str
    inside: np.ndarray = field(metadata={"dtype": np.float64})
    stability: np.ndarray | None = field(metadata={"dtype": np.float64})
    stability_range: np.ndarray | None = field(metadata={"dtype": np.float64})
    n_starts: int
    flattening: Flattening | None
    ids: np.ndarray | None = field(metadata={"dtype": object})
    manifest: Manifest
    weight_power: float = 1.0

    def to_frame(self) -> pd.DataFrame:
        """Return one row per node: node, community, size of the community."""
        import pandas as pd

        names = np.arange(self.labels.size) if self.ids is None else self.ids
        size = np.bincount(self.labels, minlength=self.n_communities)
        return pd.DataFrame({"node": names, "community": self.labels, "size": size[self.labels]})

    def to_networkx(self, projection: Projection) -> nx.MultiDiGraph[Any]:
        """Return the graph it was made on with the node attribute ``community``."""
        from graphkit.projection.networkx_out import scored_nodes

        return scored_nodes(projection, self.ids, community=self.labels)


def communities(
    p: Projection, *, resolution: float | str = 1.0, objective: str = "modularity", effort: str = "balanced", rng: Any = None,
    flattening: Flattening | None = None, finer: bool = True, progress: ProgressCallback = null_progress,
) -> Communities:  # fmt: skip
    """Find groups that hold more edges inside than their degrees explain.

    Parameters
    ----------
    p : Projection
        Read as undirected: (A + A^T) / 2 with its weights, self-loops left out.
    resolution : float or "auto", default 1.0
        > 0; higher gives more and smaller communities. ``"auto"`` takes the one that describes the
        edges best, and a single community a component where none is worth its description.
    objective : {"modularity", "map_equation", "block_model"}
        Modularity, the default, gives communities of like size, some in any graph. The block model gives those that
        shorten the description of the edges, small and dense beside large and loose, and one a component where none do: for
        groups that are there, such as departments in e-mails. The map equation finds places where a random walk
        stays, some in most sparse graphs, none where groups are weakly planted. The resolution of both stays 1.
    effort : {"fast", "balanced", "thorough"}
        How long to look for a better partition. Each goes on from the one before: with the same `rng` more effort never lowers the
        modularity at a given resolution, nor lengthens the code of the map equation.
    rng : int, Generator, SeedSequence or None
    flattening : Flattening, optional
        How `p` was made, from :mod:`graphkit.community.flatten`; kept in the result and the digest.
    finer : bool, default True
        Whether to look for groups that were joined. Who only wants the labels saves the look, and the compiling of two more searches.
    progress : callable, optional
        See `graphkit.progress`: runs of the search, batch by batch.

    Returns
    -------
    Communities
        The same bytes for any number of cores; with ids on the nodes, for any order of the rows.

    Raises
    ------
    InvalidParameter
        Resolution not positive, unknown objective or effort, a resolution for the map equation.
    DataInvalid
        A weight is negative or not a number.

    Examples
    --------
    >>> from graphkit.projection.arrays import from_arrays
    >>> two = from_arrays([0, 1, 2, 3, 4, 5, 2], [1, 2, 0, 4, 5, 3, 3], n_nodes=6, directed=False)
    >>> communities(two, rng=1).labels.tolist()
    [0, 0, 0, 1, 1, 1]
    """
    check_projection(p)
    if flattening is not None and not isinstance(flattening, Flattening):
        refuse("flattening", type(flattening).__name__, "a Flattening, or None")
    start, gamma = time.perf_counter(), _resolution(resolution)
    aim, work, seed = one_of("objective", objective, OBJECTIVES), one_of("effort", effort, EFFORTS), as_seed(rng)
    if aim != "modularity" and gamma != 1.0:
        refuse("resolution", resolution, f"1 with the {aim.replace('_', ' ')}, which has none; leave it out")
    if p.weight is not None and not (np.isfinite(p.weight) & (p.weight >= 0)).all():
        message = "the projection has a weight that is negative or not a number: modularity needs weights >= 0"
        raise DataInvalid(message, rule="weight")
    order = _by_name(p)
    graph = undirected(p, order)
    with ThreadPoolExecutor(1) as side:
        looks = flag("finer", finer) and graph.indices.size > 0 and _looks_for_finer(graph, gamma, aim, work)
        walked = side.submit(walk, graph, seed) if looks else None
        found = _search(graph, gamma, aim, work, seed, progress, weighted=p.weight is not None)
    hidden = None if walked is None else look_for_finer(graph, found.labels, found.met, walked.result(), seed)
    again = recovery(found.labels, found.starts) if len(found.starts) > 1 else None
    labels = np.empty(p.n_nodes, np.int64)
    labels[order] = found.labels
    quality = modularity(graph, found.labels, found.resolution)
    manifest = make_manifest(
        "communities",
        request={
            "resolution": "auto" if resolution == "auto" else found.resolution,
            "objective": aim,
            "effort": work,
            "flattening": None if flattening is None else flattening.to_dict(),
        },
        answer=[labels.tolist() if labels.size < _LISTED else int(labels.size), quality],
        seed=seed,
        snapshot=p.snapshot_id,
        seconds=time.perf_counter() - start,
    )
    return Communities(
        labels=labels,
        n_communities=int(labels.max(initial=-1) + 1),
        modularity=quality,
        description_gain=found.gain,
        finer_gain=None if hidden is None else hidden.gain,
        finer_objective=None if hidden is None else hidden.objective,
        resolution=found.resolution,
        objective=aim,
        code_length=-MapEquation().quality(graph, found.labels) if aim == "map_equation" else None,
        effort=work,
        inside=inside_shares(graph, found.labels),
        stability=None if again is None else again.mean(axis=0),
        stability_range=None if again is None else np.column_stack([again.min(axis=0), again.max(axis=0)]),
        n_starts=len(found.starts),
        flattening=flattening,
        ids=p.nodes.ids,
        manifest=manifest,
        weight_power=found.power,
    )


class _Found(NamedTuple):
    """A partition numbered by size, and how it was found.

    ``met`` is what a start at twice the resolution cooled down to, ``gain`` the nats saved with this power of the weights.
    """

    resolution: float
    labels: Labels
    starts: list[Labels]
    met: Labels | None
    gain: float
    power: float = 1.0


def _resolution(value: float | str) -> float | None:
    """Return a positive number, None for "auto"."""
    if isinstance(value, str):
        if value != "auto":
            refuse("resolution", value, 'a number > 0 or "auto"')
        return None
    gamma = finite("resolution", value)
    if gamma <= 0:
        refuse("resolution", value, 'a number > 0 or "auto"')
    return gamma


def _by_name(p: Projection) -> NDArray[np.int64]:
    """Rows in the order of (label, id): what a search finds does not depend on the order of a file."""
    if p.nodes.ids is None:
        return np.arange(p.n_nodes, dtype=np.int64)
    labels = p.nodes.labels
    names = [("" if labels is None else str(labels[i]), str(id_), i) for i, id_ in enumerate(p.nodes.ids.tolist())]
    return np.array([i for *_, i in sorted(names)], dtype=np.int64)


def _search(
    graph: Undirected,
    gamma: float | None,
    aim: str,
    effort: str,
    seed: int,
    progress: ProgressCallback,
    *,
    weighted: bool,
) -> _Found:
    """Search by the objective; the whole components, if nothing describes the graph better."""
    if not graph.indices.size:
        labels = np.arange(graph.n_nodes, dtype=np.int64)
        return _Found(gamma or 1.0, labels, [], None, 0.0)
    if aim == "block_model":
        blocks = search_blocks(graph, effort, seed, progress, weighted=weighted)
        return _Found(1.0, canonical_labels(blocks.labels), blocks.starts, None, blocks.gain, blocks.power)
    if aim == "map_equation":
        search = Search(graph, MapEquation(), seed, progress)
        search.run(effort)
        search.keep([components(graph)])
        best, met = search.best, None
    elif gamma is not None:
        search = Search(graph, Modularity(gamma), seed, progress)
        best, met = search.run(effort), search.finer
    else:
        gamma, probe = best_resolution(graph, seed)
        search = Search(graph, Modularity(gamma), seed, progress)
        found = components(graph), search.run(effort), probe
        best, met = max(found, key=lambda labels: description_gain(graph, labels)), None
    labels = canonical_labels(best)
    return _Found(gamma or 1.0, labels, search.starts, met, description_gain(graph, labels))


def _looks_for_finer(graph: Undirected, gamma: float | None, aim: str, effort: str) -> bool:
    """Whether to look for groups that were joined; not where the map equation is asked, nor on a large graph if none are met."""
    meets = aim == "modularity" and gamma is not None and effort != "fast"
    return aim != "map_equation" and (meets or graph.indices.size <= LARGE)
