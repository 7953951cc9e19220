"""Which partners to join: fit, audience and history in one list, each part null when it was not measured.

Partners are chosen one by one (`partner_choice`) from the lists that exist: past co-operations
(`graphkit.matching.history`), fit, and reach beyond the partners already chosen. A partner's audience is who follows,
studies, buys from or subscribes to it; incremental reach counts users that neither the plan (or the promoted item's own
audience) nor the partners listed before reach.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphkit.check import positive_int, probability
from graphkit.errors import DataInvalid, UnknownName, close_matches
from graphkit.planning.history import HistoryRow, history_ranking
from graphkit.planning.inputs import known_target, people
from graphkit.planning.partner_choice import choose_partners, likeness
from graphkit.planning.partner_evidence import Lookup, reasons_of
from graphkit.planning.partner_reach import (
    AUDIENCE_TYPES,
    PartnerReach,
    audience_scores,
    audiences_of,
    own_audience,
    shown_audiences,
)
from graphkit.planning.partner_scores import CRITERIA, fit_of, fit_rank_intervals, read_partner_data, scores_of
from graphkit.planning.partners_split import split_partners
from graphkit.planning.reasons import both
from graphkit.projection.snapshot import as_snapshot
from graphkit.results import Manifest, Part, Result, make_manifest
from graphkit.rng import as_seed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from graphkit.planning.inputs import People
    from graphkit.planning.partner_scores import PartnerData
    from graphkit.planning.plan_result import ChannelPlan
    from graphkit.projection.snapshot import Snapshot
    from graphkit.rng import RandomState

    Node = tuple[str, str]
    Rows = NDArray[np.int64]

__all__ = ["Partner", "PartnerPortfolio", "partners"]

SPLIT_NOTE = "shares: Shapley values of users reached by the listed partners, before word of mouth; another partner changes all shares"
PAIRED = ("theme", "brand", "goal", "complement", "culture")
PARTIES = ("Film", "Course", "Brand")
MIN_CELL = 50
FIT_BESIDE_HISTORY = 0.25  # measured, see `partner_choice`


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
    share: float | None
    share_interval: tuple[float, float] | None
    evidence: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, eq=False, repr=False)
class PartnerPortfolio(Result):
    """Proposed partners, best first, then the lead of the split, if there is one.

    ``joint_reach`` counts the base and all of them, None without audiences. ``split`` says what the shares sum to
    (``joint``: users reached by the listed partners, before word of mouth) and whether the split is ``stable``;
    None when none was asked for or no audience is measured.
    """

    for_: str
    partners: tuple[Partner, ...]
    joint_reach: dict[str, Any] | None
    split: dict[str, Any] | None
    rejected: list[dict[str, str]]
    assumptions: list[str]
    manifest: Manifest

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON of interface.md section 3."""
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
            low, high = p.adds_interval or (None, None)
            share = p.share_interval or (None, None)
            rows.append({
                "partner": p.partner, "label": p.label, "name": p.name, "rank": p.rank, "fit": p.fit, **p.scores, "history": p.history, "adds": p.adds,
                "adds_lower": low, "adds_upper": high, "exclusive": p.exclusive, "share": p.share, "share_lower": share[0], "share_upper": share[1],
            })  # fmt: skip
        return pd.DataFrame(rows)


def partners(
    source: Any,
    *,
    for_: tuple[str, str] | str,
    max_partners: int | None = None,
    plan: ChannelPlan | None = None,
    lead: tuple[str, str] | str | None = None,
    split: bool = False,
    rng: RandomState = None,
    min_cell: int = MIN_CELL,
    diversity: float = 0.0,
    novelty: float = 0.0,
    conflicts: Sequence[str] = (),
) -> PartnerPortfolio:
    """Rank brands and courses as partners of a film, course or brand.

    Parameters
    ----------
    source : GraphStore, path of an input directory, Snapshot or Projection made from one
    for_ : (label, id) or "LABEL:ID"
    max_partners : int, optional
        How many to propose; default 20.
    plan : ChannelPlan, optional
        Incremental reach is then counted beyond this plan, in its worlds; else beyond the item's own audience.
    lead : (label, id) or "LABEL:ID", optional
        Owner without whom there is no profit: a film, course or brand. It takes part in the split (asking for a
        lead asks for the split), gets the last row, and is not proposed as a partner.
    split : bool
        Also split the joint reach fairly (exact Shapley values over the partners' audiences); the shares sum to ``split["joint"]``.
    rng : int, Generator, SeedSequence or None
    min_cell : int
        Audiences smaller than this are not shown.
    diversity : float in [0, 1], default 0
        Weight against partners that are like those already chosen (maximal marginal relevance over shared tags and
        audiences); 0 leaves the order alone.
    novelty : float in [0, 1], default 0
        Weight of the novelty criterion in the order and in the fit; 0 keeps it out of both.
    conflicts : sequence of tag ids
        Tags that two partners must not share, such as one market segment: sharing one sets the criterion brand to 0.

    Returns
    -------
    PartnerPortfolio

    Raises
    ------
    UnknownNode
        ``for_`` or ``lead`` does not exist.
    UnknownName
        No tag has the id of a conflict.
    InvalidParameter
        A weight is outside [0, 1].
    DataInvalid
        Neither history nor audiences nor tags say anything about a partner.
    """
    start, seed = time.monotonic(), as_seed(rng)
    limit = 20 if max_partners is None else positive_int("max_partners", max_partners)
    diversity, novelty = probability("diversity", diversity), probability("novelty", novelty)
    snapshot = as_snapshot(source)
    subject = known_target(snapshot, for_, PARTIES)
    owner = None if lead is None else known_target(snapshot, lead, PARTIES, parameter="lead")
    against = _known_tags(snapshot, conflicts)
    who = people(snapshot)
    rejected: list[dict[str, str]] = []
    audiences = shown_audiences(audiences_of(snapshot, who, AUDIENCE_TYPES, ("Brand", "Course")), subject, min_cell, rejected)
    data = read_partner_data(snapshot)
    past = history_ranking(snapshot, data, subject, max(4 * limit, 50), seed)
    candidates = _candidates(data, subject, owner, set(past) | set(audiences), rejected)
    own = own_audience(snapshot, who, subject)
    reach = PartnerReach(who, own, {n: audiences[n] for n in candidates if n in audiences}, plan, source)
    scores = {n: scores_of(data, subject, n, against) for n in candidates}
    audience_scores(scores, reach.increments())
    fit = {n: fit_of(scores[n], novelty) for n in candidates}
    places = fit_rank_intervals(scores, seed, novelty=novelty)
    order = choose_partners(
        candidates, _lists(candidates, past, scores, fit), reach, limit,
        novelty=(novelty, {n: scores[n]["novelty"] for n in candidates}), diversity=(diversity, likeness(data, audiences)),
    )  # fmt: skip
    (adds, joint), exclusive = reach.in_order(order), reach.exclusive(order)
    made = split_partners(order, audiences, who.n, owner) if split or owner else None
    shares = made.shares if made else {}
    assumptions = _notes(who, audiences, past, plan)
    if split or owner:
        assumptions.append(SPLIT_NOTE if made else "no audience is measured: profit was not split")
    lookup = Lookup(data, subject, past, audiences, own, min_cell, against, counted=plan is None)
    found = tuple(
        Partner(
            partner=n[1], label=n[0], name=str(data.properties.get(n, {}).get("name", "")), rank=i + 1, fit=fit[n], fit_rank_interval=places.get(n), scores=scores[n],
            history=past[n].score if n in past else None, history_rank_interval=past[n].rank_interval if n in past else None, adds=adds[n][0] if n in adds else None, adds_interval=adds[n][1] if n in adds else None,
            exclusive=exclusive[n][0] if n in exclusive else None, share=shares[n][0] if n in shares else None, share_interval=shares[n][1] if n in shares else None,
            evidence=lookup.of(n, scores[n]), reasons=reasons_of(n, past, adds, scores[n]),
        )
        for i, n in enumerate(order)
    )
    if owner:
        found += (_lead_row(owner, str(data.properties.get(owner, {}).get("name", "")), shares.get(owner)),)
    answer: dict[str, Any] = {"for_": ":".join(subject), "partners": found, "joint_reach": joint, "split": made.to_dict(owner) if made else None, "rejected": rejected, "assumptions": assumptions}
    request = {"for": ":".join(subject), "max_partners": limit, "plan": None if plan is None else plan.manifest.digest, "lead": None if owner is None else ":".join(owner), "split": split or owner is not None, "min_cell": min_cell,
               "diversity": diversity, "novelty": novelty, "conflicts": list(against)}  # fmt: skip
    manifest = make_manifest("partners", request=request, answer=answer, seed=seed, snapshot=snapshot.digest, seconds=time.monotonic() - start)
    return PartnerPortfolio(**answer, manifest=manifest)


def _known_tags(snapshot: Snapshot, conflicts: Sequence[str]) -> tuple[str, ...]:
    """Return the conflict tags, each of which must exist: a misspelt one would silently forbid nothing."""
    known = {str(i) for i in snapshot.nodes("Tag").ids.tolist()}
    for tag in conflicts:
        if tag not in known:
            raise UnknownName(f"there is no tag {tag!r} to be a conflict", kind="tag", name=tag, close_matches=close_matches(tag, sorted(known)))
    return tuple(dict.fromkeys(conflicts))


def _candidates(data: PartnerData, subject: Node, owner: Node | None, known: set[Node], rejected: list[dict[str, str]]) -> list[Node]:
    """Everyone with a history or an audience, else with a shared tag; our own brands and the lead are said to be left out."""
    candidates = sorted(known - {subject}) or _by_tags(data, subject)
    ours = {n for n in candidates if data.properties.get(n, {}).get("ours")}
    rejected += [{"partner": node, "rule": "ours", "reason": "it is our own brand"} for _, node in sorted(ours)]
    if owner in candidates:
        rejected.append({"partner": owner[1], "rule": "lead", "reason": "it leads the split and is no partner to propose"})
    candidates = [n for n in candidates if n not in ours and n != owner]
    if not candidates:
        message = f"nothing is known about partners of {subject[0]} {subject[1]}: no past partnerships, no audiences, no tags"
        raise DataInvalid(message, rule="partners", hint="load Partnership with JOINS, or FOLLOWS, ENROLLED, SUBSCRIBES of brands and courses")
    return candidates


def _lists(candidates: list[Node], past: dict[Node, HistoryRow], scores: dict[Node, dict[str, float | None]], fit: dict[Node, float | None]) -> list[tuple[float, list[Node]]]:
    """Candidates by history, and by fit, with their weights. Beside a history only those count by fit that are measured against the subject.

    A fit of completeness and willingness alone says nothing about the pair, so it would only disturb the history.
    """
    by_history = [n for n in sorted(past, key=lambda n: past[n].rank) if n in scores]
    fitting = [n for n in candidates if fit[n] is not None and (not past or any(scores[n][c] is not None for c in PAIRED))]
    return [(1.0, by_history), (FIT_BESIDE_HISTORY if past else 1.0, sorted(fitting, key=lambda n: (-(fit[n] or 0.0), n[1])))]


def _by_tags(data: PartnerData, subject: Node) -> list[Node]:
    """Brands and courses that share a tag with the subject, when nothing else is known."""
    own = data.tags.get(subject, {}).keys()
    return sorted(n for n, tags in data.tags.items() if n[0] in {"Brand", "Course"} and n != subject and own & tags.keys())


def _lead_row(lead: Node, name: str, share: tuple[float, tuple[float, float]] | None) -> Partner:
    """Row of the owner: its share of the split, nothing else of it is measured."""
    value, interval = share or (None, None)
    return Partner(
        partner=lead[1], label=lead[0], name=name, rank=None, fit=None, fit_rank_interval=None, scores=dict.fromkeys(CRITERIA), history=None, history_rank_interval=None,
        adds=None, adds_interval=None, exclusive=None, share=value, share_interval=interval, evidence=(f"record of {lead[0]} {lead[1]}",),
        reasons=(both("主导方: 没有它就没有利润", "lead: without it there is no profit"),),
    )  # fmt: skip


def _notes(who: People, audiences: dict[Node, Rows], past: dict[Node, HistoryRow], plan: ChannelPlan | None) -> list[str]:
    """What the list rests on."""
    assumptions: list[str] = []
    if who.n_dropped:
        assumptions.append(f"{who.n_dropped} users without consent for planning are left out")
    if audiences:
        base = "the plan" if plan is not None else "the promoted item's own audience"
        assumptions.append(f"a partner is taken to reach each of its followers, learners, buyers and members; adds counts users beyond {base}")
    else:
        assumptions.append("no audiences of brands or courses are in the data: audience, adds and share are not measured")
    if not past:
        assumptions.append("the past partnerships say nothing about this one: history is not measured")
    return assumptions
