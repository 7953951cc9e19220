"""Probabilities on arcs learned from an action log, scaled to real sizes and held against them.

`credit` estimates every arc, `size_factor` fits one factor on all, `topics` what items of one kind say beside all,
`calibration` tells how well sizes are predicted. Look at ``explained`` first: where few later adopters have an earlier adopting
neighbour, the graph does not carry the process.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import one_of
from graphkit.diffusion.calibration import calibration_table
from graphkit.diffusion.credit import estimate_arcs
from graphkit.diffusion.events import NOT_TOLD, Log, read_log
from graphkit.diffusion.learned import LearnedProbabilities
from graphkit.diffusion.level import level_error
from graphkit.diffusion.size_factor import Sizes, held_out_folds, size_factor
from graphkit.diffusion.topics import learn_topics, with_topics
from graphkit.errors import DataInvalid
from graphkit.progress import null_progress
from graphkit.projection.projection import Projection, check_projection
from graphkit.results import make_manifest
from graphkit.rng import as_seed, child_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.progress import ProgressCallback
    from graphkit.rng import RandomState

__all__ = ["LearnedProbabilities", "learn"]

METHODS = ("auto", "em", "partial")
N_FIRST = 3  # adopters from which sizes are simulated


def learn(
    p: Projection,
    events: Any,
    *,
    method: str = "auto",
    by: str | None = None,
    rng: RandomState = None,
    progress: ProgressCallback = null_progress,
) -> LearnedProbabilities:
    """Learn the probability of every arc from a log of adoptions.

    Parameters
    ----------
    p : Projection
        The graph; its own probabilities are not used.
    events : DataFrame
        Columns ``item``, ``node`` (row or id), ``ts`` (seconds or datetime). Nodes outside the graph are
        adopters that explain nothing; repeated rows count once, the earliest. Optional: ``parent`` (who passed it on, null where
        not known) and ``external`` (True where a channel brought it): a cause that is told has the whole credit,
        and what the other neighbours tried is not counted.
    method : {"auto", "em", "partial"}
        How credit is shared: ``"em"`` by expectation maximisation (``"auto"`` means this), ``"partial"`` evenly.
    by : str, optional
        Column of ``events`` with the topic of each item (null: none): probabilities by topic as well, shrunk to the plain ones as
        far as items left out support it, see `graphkit.diffusion.topics`; `LearnedProbabilities.for_topic` gives them.
    rng : see `graphkit.rng`
        Worlds of the calibration table.
    progress : callable
        See `graphkit.progress`: shares of the items learned without, and simulated.

    Returns
    -------
    LearnedProbabilities

    Raises
    ------
    DataInvalid
        A column is missing or empty, the log has no row, or an item has two topics.

    Examples
    --------
    >>> import pandas as pd
    >>> from graphkit.projection.arrays import from_arrays
    >>> log = pd.DataFrame({"item": ["a", "a", "b", "b", "c"], "node": [0, 1, 0, 2, 0], "ts": [0, 1, 0, 1, 0]})
    >>> learn(from_arrays([0, 1, 0], [1, 2, 2]), log, rng=1).to_frame()[["source", "target", "tried"]].values.tolist()
    [[0.0, 1.0, 3.0], [0.0, 2.0, 3.0], [1.0, 2.0, 1.0]]
    """
    begin = time.perf_counter()
    one_of("method", method, METHODS)
    check_projection(p)
    if not p.n_arcs:
        message = "the graph has no arc to learn about"
        raise DataInvalid(message, rule="arcs", hint="load relationships between the users first")
    log, seed = read_log(p, events), as_seed(rng)
    log = log if by is None else with_topics(log, events, by)
    even = method == "partial"
    found = estimate_arcs(p, log, even=even)
    folds = held_out_folds(p, log, even=even, n_first=N_FIRST, progress=progress)
    worlds = child_seed(seed, "size_factor")
    scale = size_factor(Sizes(p, log, folds, n_first=N_FIRST, seed=worlds, progress=progress))
    chance, bounds = (np.minimum(scale.factor * x, 1.0) for x in (found.mean, found.interval()))
    table = calibration_table(p, log, folds, scale, seed=seed, n_first=N_FIRST, progress=progress)
    topics, strength = learn_topics(p, log, found, folds, scale.factor, n_first=N_FIRST, seed=worlds, progress=progress)
    request = {"method": method, "events": _log_digest(log)} | ({} if by is None else {"by": by})
    answer = {"probability": _digest(chance), "prior": found.prior, "calibration": table}
    answer |= {f"topic {name}": _digest(each.probability) for name, each in topics.items()}
    manifest = make_manifest(
        "learn", request=request, answer=answer, seed=seed, snapshot=p.snapshot_id, seconds=time.perf_counter() - begin
    )
    return LearnedProbabilities(
        probability=chance,
        interval=bounds,
        tried=found.tries.tried,
        never_tried=found.tries.tried == 0,
        prior=found.prior,
        explained=found.tries.explained,
        calibration=table,
        method=method,
        size_factor=scale.factor,
        size_ratio=scale.before,
        posterior_mean=found.mean,
        projection=p.with_probability(chance),
        log=log,
        manifest=manifest,
        topics=topics,
        topic_strength=strength,
        level_error=level_error(found.tries, scale),
        by=by,
    )


def _log_digest(log: Log) -> str:
    items = np.array([str(x) for x in log.items.tolist()]).astype(str)
    causes = (log.causes,) if (log.causes != NOT_TOLD).any() else ()
    return _digest(items, log.indptr, log.rows, log.times, *causes)


def _digest(*arrays: NDArray[Any]) -> str:
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()
