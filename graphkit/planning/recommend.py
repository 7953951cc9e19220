"""What to offer a user next, by one of several ways, each with its evidence.

A user a way knows nothing about gets the most popular items and is flagged ``cold``: never an empty
or a made-up answer. Items already taken are left out unless asked for; ties go by id.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import flag, list_of, one_of, positive_int, refuse
from graphkit.errors import DataInvalid
from graphkit.matching.context import context_rates
from graphkit.matching.fuse import METHODS
from graphkit.planning.picker import Picker, Reason
from graphkit.planning.recommend_result import Recommendations
from graphkit.planning.recommend_ways import WAYS, Asked, Ways, reads_of
from graphkit.planning.tastes import ITEM_LABELS, item_names, read_tastes
from graphkit.progress import each, null_progress, step
from graphkit.projection.evidence import evidence_note, with_evidence
from graphkit.projection.snapshot import as_snapshot
from graphkit.results import make_manifest
from graphkit.rng import as_seed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from graphkit.engine.base import Engine
    from graphkit.planning.picker import Found
    from graphkit.planning.tastes import Tastes
    from graphkit.progress import ProgressCallback
    from graphkit.rng import RandomState

__all__ = ["WAYS", "Reason", "Recommendations", "recommend"]


def recommend(
    source: Any,
    users: str | Sequence[str],
    *,
    by: str = "cf",
    to: str = "Course",
    top: int = 10,
    exclude_known: bool = True,
    context: Mapping[str, str] | None = None,
    events: pd.DataFrame | None = None,
    weights: Mapping[str, float] | None = None,
    blend: str = "reciprocal",
    half_life_days: float | None = 90.0,
    probability: float | str = "weighted_cascade",
    n_worlds: int = 2_000,
    min_cell: int = 50,
    min_evidence: str | None = None,
    rng: RandomState = 1,
    engine: str | Engine = "threads",
    progress: ProgressCallback = null_progress,
) -> Recommendations:
    """Recommend courses or films to users of a graph.

    Parameters
    ----------
    source : GraphStore, Snapshot, Projection of one, or input directory
    users : id or sequence of ids
    by : str, default "cf"
        cf: ridge between items (`item_neighbours`; up to 1,500 items or users and from 200 users the ridge is
        chosen on held-out interactions) · cosine: item-item cosine · als (= factors), svd:
        `factorise` · content: tags · ppr: personalised PageRank over all ties · cascade: word of mouth ·
        ratings: expected rating · popularity · fused: cf, content and ppr together (`fuse_rankings`).
    to : {"Course", "Film"}
    top : int, default 10
    exclude_known : bool, default True
        Leave out what the user already took.
    context : mapping, optional
        For example ``{"region": "上海"}``: each score is multiplied by how much better than usual the item
        does there (`context_rates`); needs ``events`` with exposures.
    events : DataFrame, optional
        As `build_profiles` takes it (user, item, kind, ts; item_label where ids repeat): content then weighs
        events by kind and age. Without it every tie counts once.
    weights : mapping list -> number >= 0, optional
        Of fused: cf, content, ppr; 0 leaves a list out.
    blend : {"reciprocal", "z"}
        Of fused: sum of weight / (60 + rank), or of weight x (score - mean) / standard deviation of the list.
    half_life_days : float or None
        Of content with events.
    probability, n_worlds : float or str, int
        Of cascade: chance that a user passes something on, as in `plan`; worlds a user.
    min_cell : int, default 50
        Smaller numbers of people are named in reasons only as "fewer than".
    min_evidence : {"real", "match", "inferred", "assumed"}, optional
        Leave out relationships, and nodes that are no users, of weaker evidence. Default: all count.
    rng, engine, progress
        See `graphkit.rng`, `graphkit.engine.base` and `graphkit.progress`.

    Returns
    -------
    Recommendations

    Raises
    ------
    UnknownNode
        A user who is not in the graph.
    InvalidParameter
        A user without consent to a profile; an unknown way, label, context, list or blend; no list with weight.
    DataInvalid
        Nothing to learn from: no items, no ratings (ratings), no exposures (context).

    Examples
    --------
    >>> from graphkit.synthetic.campaign import write_campaign
    >>> _ = write_campaign("data", n_users=60, clips=1)
    >>> recommend("data", "u01", by="cosine", top=2).items
    ('k27', 'k03')
    """
    start = time.perf_counter()
    asked = Asked(
        users=_ids(users),
        by=one_of("by", by, WAYS),
        to=one_of("to", to, ITEM_LABELS),
        top=positive_int("top", top),
        exclude_known=flag("exclude_known", exclude_known),
        context=context,
        events=events,
        weights=weights,
        blend=one_of("blend", blend, METHODS),
        half_life=half_life_days,
        probability=probability,
        n_worlds=positive_int("n_worlds", n_worlds),
        min_cell=positive_int("min_cell", min_cell),
        seed=as_seed(rng),
        min_evidence=min_evidence,
    )
    if weights and by != "fused":
        refuse("weights", dict(weights), "left out: only by='fused' weighs lists")
    whole = as_snapshot(source)
    snapshot = with_evidence(whole, min_evidence)
    with step("read who took what", progress):
        tastes = read_tastes(snapshot)
    rows, columns = tastes.rows_of(asked.users, snapshot), tastes.columns_of(to)
    if not columns.size:
        raise DataInvalid(f"the graph has no {to}", source=to, rule="empty", hint=f"load nodes/{to.lower()}.csv")
    factor = _factor(events, tastes, context)
    pick = Picker(tastes, columns, factor, asked.top, exclude=asked.exclude_known, context=context)
    ways = Ways(snapshot, tastes, asked, engine, progress)

    def found_for(row: int) -> list[Found]:
        if by == "fused":
            return pick.fused(ways, row, weights, blend)
        return pick.best(ways(by), ways("popularity"), row)

    found = [one for row in each(rows.tolist(), "users", progress) for one in found_for(row)]
    notes = evidence_note(whole, min_evidence, reads_of(by))
    return _recommendations(found, ways, notes, time.perf_counter() - start)


def _ids(users: str | Sequence[str]) -> list[str]:
    """Ids of the users, one or many."""
    allowed = "an id or a sequence of at least one id"
    asked = [users] if isinstance(users, str) else [str(user) for user in list_of("users", users, allowed)]
    return asked or refuse("users", users, allowed)


def _recommendations(found: Sequence[Found], ways: Ways, notes: Sequence[str], seconds: float) -> Recommendations:
    """Return what was picked as the result, with ids in place of rows."""
    users, items = ways.tastes.users, ways.tastes.items
    who, what = [users[one.user] for one in found], [items[one.item][1] for one in found]
    score = np.array([one.score for one in found])
    manifest = make_manifest(
        "recommend",
        request=ways.asked.request(),
        answer=[who, what, np.round(score, 10)],
        seed=ways.asked.seed,
        snapshot=ways.snapshot.digest,
        seconds=seconds,
    )
    return Recommendations(
        by=ways.asked.by,
        to=ways.asked.to,
        users=tuple(who),
        items=tuple(what),
        rank=np.array([one.rank for one in found], np.int64),
        score=score,
        cold=tuple(one.cold for one in found),
        reasons=tuple(one.reasons for one in found),
        manifest=manifest,
        assumptions=tuple(notes),
    )


def _factor(events: pd.DataFrame | None, tastes: Tastes, context: Mapping[str, str] | None) -> NDArray[np.float64]:
    """Factor of each item in the context, shape (n_items,)."""
    if not context:
        return np.ones(len(tastes.items))
    if events is None:
        refuse(
            "events",
            None,
            "an event log with exposures, to know how items do in a context",
            hint="give --events DIR, or leave the context out",
        )
    rates = context_rates(events.assign(item=item_names(tastes, events)), contexts=tuple(context))
    return rates.multiplier_of([":".join(item) for item in tastes.items], context)
