"""Cross and appeal of predicted links, chosen on links of the given graph that are hidden for it.

A fifth of the arcs from sources to targets is hidden; for up to 64 sources each pair of options ranks the targets
without them, by the mean of 1 / log2(1 + rank of a hidden target). The best pair is taken if its paired gain over
the stated one (3, .4) is more than two standard errors, else the stated one: a hundred hidden links cannot tell
neighbours of the grid apart, and the best of twenty noisy means is no better than a fair guess. Nothing but the
given arcs is looked at, so the choice can be judged on links hidden from all of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.ranking.pagerank import personalised_pagerank
from graphkit.rng import as_generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.projection.projection import Projection

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int64]

__all__ = ["APPEAL", "CROSS", "LinkOptions", "choose_options", "crossing_weighted", "neighbours_beside"]

CROSS, APPEAL = 3.0, 0.4
_CROSSES, _APPEALS = (3.0, 1.0, 2.0, 5.0), (0.4, 0.0, 0.2, 0.6, 0.8)
_HIDDEN, _SOURCES, _ENOUGH, _ERRORS = 0.2, 64, 30, 2.0


@dataclass(frozen=True)
class LinkOptions:
    """The options, and the number of hidden links they were judged on (0: given, or too few)."""

    cross: float
    appeal: float
    n_hidden: int = 0


def choose_options(
    p: Projection, sources: Rows, targets: Rows, *, cross: float | None, appeal: float | None, beta: float, restart_probability: float, seed: int
) -> LinkOptions:
    """Choose the options that are None; with fewer than 30 links to hide they are 3 and .4.

    Parameters
    ----------
    p : Projection
    sources, targets : ndarray of int64
        Rows.
    cross, appeal : float or None
        None = to be chosen.
    beta, restart_probability : float
        As in :func:`graphkit.ranking.links.predict_links`.
    seed : int
        Of the hidden arcs.
    """
    stated = LinkOptions(CROSS if cross is None else cross, APPEAL if appeal is None else appeal)
    if cross is not None and appeal is not None:
        return stated
    rng = as_generator(seed, "hidden links")
    known = np.flatnonzero(_member(p, sources)[p.sources] & _member(p, targets)[p.indices])
    hidden = np.sort(rng.permutation(known)[: int(known.size * _HIDDEN)])
    judged = np.unique(p.sources[hidden])
    judged = np.sort(rng.permutation(judged)[:_SOURCES])
    of = {int(s): p.indices[hidden[p.sources[hidden] == s]].astype(np.int64) for s in judged}
    n_hidden = sum(rows.size for rows in of.values())
    if n_hidden < _ENOUGH:
        return stated
    crosses, appeals = (_CROSSES if cross is None else (cross,)), (_APPEALS if appeal is None else (appeal,))
    seen = _without(p, hidden)
    gains = {(c, a): g for c in crosses for a, g in zip(appeals, _gains(seen, sources, targets, of, c, appeals, beta, restart_probability), strict=True)}
    usual = gains[stated.cross, stated.appeal]
    best = max(gains, key=lambda pair: float(gains[pair].mean()))
    better = gains[best] - usual
    chosen = best if better.mean() > _ERRORS * better.std(ddof=1) / np.sqrt(n_hidden) else (stated.cross, stated.appeal)
    return LinkOptions(*chosen, n_hidden)


def _gains(
    p: Projection, sources: Rows, targets: Rows, of: dict[int, Rows], cross: float, appeals: Sequence[float], beta: float, restart: float
) -> Floats:
    """1 / log2(1 + rank) of each hidden target, shape (n_appeals, n_hidden); ties share the mean rank."""
    options: dict[str, Any] = {"restart_probability": restart, "tolerance": 1e-6}
    liked = neighbours_beside(p, sources, targets) + 0.5
    p = crossing_weighted(p, targets, cross)
    general = personalised_pagerank(p, np.arange(p.n_nodes), **options).scores[targets] ** beta if beta else np.ones(targets.size)
    total: list[list[Floats]] = [[] for _ in appeals]
    for row, missing in of.items():
        walk = personalised_pagerank(p, row, **options).scores[targets] / general
        free = (targets != row) & ~np.isin(targets, p.indices[p.indptr[row] : p.indptr[row + 1]])
        place = np.flatnonzero(np.isin(targets[free], missing))
        for i, appeal in enumerate(appeals):
            score = (walk * liked**appeal)[free]
            ordered = np.sort(score)
            above = ordered.size - np.searchsorted(ordered, score[place], side="right")
            level = ordered.size - np.searchsorted(ordered, score[place], side="left")
            total[i].append(1 / np.log2(1 + (above + 1 + level) / 2))
    return np.array([np.concatenate(parts) for parts in total])


def crossing_weighted(p: Projection, targets: Rows, factor: float) -> Projection:
    """Return the graph whose arcs between a target and another node weigh ``factor`` times more."""
    if factor == 1:
        return p
    inside = _member(p, targets)
    crossing = inside[p.sources] != inside[p.indices]
    if not crossing.any():
        return p
    weight = np.ones(p.n_arcs) if p.weight is None else p.weight
    return replace(p, weight=np.where(crossing, factor * weight, weight))


def neighbours_beside(p: Projection, sources: Rows, targets: Rows) -> Floats:
    """Return how many in-neighbours of each target are of the sources' labels (without labels: are sources)."""
    beside = _member(p, sources)
    if p.nodes.labels is not None:
        beside = np.isin(p.nodes.labels, np.unique(p.nodes.labels[sources]))
    counted = np.bincount(p.indices[beside[p.sources]], minlength=p.n_nodes)
    return np.asarray(counted[targets], dtype=np.float64)


def _member(p: Projection, rows: Rows) -> NDArray[np.bool_]:
    mask = np.zeros(p.n_nodes, np.bool_)
    mask[rows] = True
    return mask


def _without(p: Projection, arcs: Rows) -> Projection:
    """Return the graph without these arcs and without those back."""
    start, end = p.sources.astype(np.int64), p.indices.astype(np.int64)
    n = p.n_nodes
    gone = np.concatenate((start[arcs] * n + end[arcs], end[arcs] * n + start[arcs]))
    keep = ~np.isin(start * n + end, gone)
    indptr = np.concatenate(([0], np.cumsum(np.bincount(start[keep], minlength=n)))).astype(np.int64)
    probability, weight = (None if values is None else values[keep] for values in (p.probability, p.weight))
    return replace(p, indptr=indptr, indices=p.indices[keep], probability=probability, weight=weight)
