"""Which partners to join: fit, audience and history in one list, each part null when it was not measured.

Partners are chosen one by one, by reciprocal rank fusion (sum of 1 / (60 + rank)) of the lists that exist: past
co-operations (`graphkit.matching.history`), or fit without them, and reach beyond the partners already chosen.
A partner's audience is who follows, studies, buys from or subscribes to it; incremental reach counts users that neither
the plan (or the promoted item's own audience) nor the partners listed before reach.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from graphkit.check import positive_int
from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.influence.channel_cover import CERTAIN, Cover
from graphkit.planning.campaign import Request, prepare
from graphkit.planning.channels import JUDGING
from graphkit.planning.choose import estimate
from graphkit.planning.history import HistoryRow, history_ranking
from graphkit.planning.inputs import known_target, people
from graphkit.planning.partner_scores import CRITERIA, fit_rank_intervals, read_partner_data, scores_of
from graphkit.planning.partners_split import split_partners
from graphkit.planning.reasons import both
from graphkit.projection.snapshot import as_snapshot
from graphkit.results import Manifest, Part, Result, make_manifest
from graphkit.rng import as_seed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    import pandas as pd
    from numpy.typing import NDArray

    from graphkit.planning.inputs import People
    from graphkit.planning.plan_result import ChannelPlan
    from graphkit.projection.snapshot import Snapshot
    from graphkit.rng import RandomState

    Node = tuple[str, str]
    Rows = NDArray[np.int64]

__all__ = ["Partner", "PartnerPortfolio", "partners"]

FUSION = 60
SPLIT_NOTE = "shares: Shapley values of users reached by the listed partners, before word of mouth; another partner changes all shares"
AUDIENCE_TYPES = ("FOLLOWS", "ENROLLED", "SUBSCRIBES", "BOUGHT")
OWN_TYPES = (*AUDIENCE_TYPES, "WATCHED", "WANTS", "LIKES")
PARTIES = ("Film", "Course", "Brand")
MIN_CELL = 50


@dataclass(frozen=True, eq=False, repr=False)
class Partner(Part):
    """One proposed partner, or the lead of the split (without rank, fit and adds); None = not measured, never 0."""

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
                "adds_lower": low, "adds_upper": high, "share": p.share, "share_lower": share[0], "share_upper": share[1],
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

    Returns
    -------
    PartnerPortfolio

    Raises
    ------
    UnknownNode
        ``for_`` or ``lead`` does not exist.
    DataInvalid
        Neither history nor audiences nor tags say anything about a partner.
    """
    start, seed = time.monotonic(), as_seed(rng)
    limit = 20 if max_partners is None else positive_int("max_partners", max_partners)
    snapshot = as_snapshot(source)
    subject = known_target(snapshot, for_, PARTIES)
    owner = None if lead is None else known_target(snapshot, lead, PARTIES, parameter="lead")
    who = people(snapshot)
    assumptions: list[str] = []
    rejected: list[dict[str, str]] = []
    audiences = _audiences(snapshot, who, AUDIENCE_TYPES, ("Brand", "Course"))
    audiences = _shown(audiences, subject, min_cell, rejected)
    data = read_partner_data(snapshot)
    past = history_ranking(snapshot, data, subject, max(4 * limit, 50), seed)
    candidates = sorted((set(past) | set(audiences)) - {subject}) or _by_tags(data, subject)
    ours = {n for n in candidates if data.properties.get(n, {}).get("ours")}
    rejected += [{"partner": node, "rule": "ours", "reason": "it is our own brand"} for _, node in sorted(ours)]
    if owner in candidates:
        rejected.append({"partner": owner[1], "rule": "lead", "reason": "it leads the split and is no partner to propose"})
    candidates = [n for n in candidates if n not in ours and n != owner]
    if not candidates:
        message = f"nothing is known about partners of {subject[0]} {subject[1]}: no past partnerships, no audiences, no tags"
        raise DataInvalid(message, rule="partners", hint="load Partnership with JOINS, or FOLLOWS, ENROLLED, SUBSCRIBES of brands and courses")
    reach = _Reach(snapshot, who, subject, {n: audiences[n] for n in candidates if n in audiences}, plan, source)
    increment = reach.increments()
    scores = {n: scores_of(data, subject, n) for n in candidates}
    _percentiles(scores, increment)
    fit = {n: _mean(scores[n]) for n in candidates}
    places = fit_rank_intervals(scores, seed)
    order = _choose(candidates, past, reach, fit, limit)
    adds, joint = reach.in_order(order)
    made = split_partners(order, audiences, who.n, owner) if split or owner else None
    shares = made.shares if made else {}
    _notes(assumptions, who, audiences, past, plan)
    if split or owner:
        assumptions.append(SPLIT_NOTE if made else "no audience is measured: profit was not split")
    found = tuple(
        Partner(
            partner=n[1], label=n[0], name=str(data.properties.get(n, {}).get("name", "")), rank=i + 1, fit=fit[n], fit_rank_interval=places.get(n), scores=scores[n],
            history=past[n].score if n in past else None, history_rank_interval=past[n].rank_interval if n in past else None, adds=adds[n][0] if n in adds else None, adds_interval=adds[n][1] if n in adds else None,
            share=shares[n][0] if n in shares else None, share_interval=shares[n][1] if n in shares else None,
            evidence=_evidence(n, subject, past, audiences, scores[n]), reasons=_reasons(n, past, adds, scores[n]),
        )
        for i, n in enumerate(order)
    )
    if owner:
        found += (_lead_row(owner, str(data.properties.get(owner, {}).get("name", "")), shares.get(owner)),)
    answer: dict[str, Any] = {"for_": ":".join(subject), "partners": found, "joint_reach": joint, "split": made.to_dict(owner) if made else None, "rejected": rejected, "assumptions": assumptions}
    request = {"for": ":".join(subject), "max_partners": limit, "plan": None if plan is None else plan.manifest.digest, "lead": None if owner is None else ":".join(owner), "split": split or owner is not None, "min_cell": min_cell}
    manifest = make_manifest("partners", request=request, answer=answer, seed=seed, snapshot=snapshot.digest, seconds=time.monotonic() - start)
    return PartnerPortfolio(**answer, manifest=manifest)


def _audiences(snapshot: Snapshot, who: People, types: tuple[str, ...], labels: tuple[str, ...]) -> dict[Node, Rows]:
    """Consenting users tied to each node of these labels by one of these types."""
    parts: dict[tuple[str, str], list[Any]] = {}
    for kind in types:
        for edges in snapshot.edges(kind):
            if edges.source_label != "User" or edges.target_label not in labels:
                continue
            ids, order = snapshot.nodes(edges.target_label).ids, np.argsort(edges.target_rows, kind="stable")
            targets, users = np.asarray(edges.target_rows)[order], who.of_table[edges.source_rows][order]
            first = np.flatnonzero(np.diff(targets, prepend=-1))
            for place, rows in zip(first, np.split(users, first[1:]), strict=True):
                parts.setdefault((edges.target_label, str(ids[targets[place]])), []).append(rows)
    joined = {node: np.unique(np.concatenate(rows)) for node, rows in parts.items()}
    return {node: rows[rows >= 0] for node, rows in joined.items()}


def _shown(audiences: dict[Node, Rows], subject: Node, min_cell: int, rejected: list[dict[str, str]]) -> dict[Node, Rows]:
    """Audiences large enough to be shown."""
    small = sorted(n for n, rows in audiences.items() if rows.size < min_cell and n != subject)
    rejected += [{"partner": node, "rule": "min_cell", "reason": f"its audience is below {min_cell} users and not shown"} for _, node in small]
    return {n: rows for n, rows in audiences.items() if rows.size >= min_cell}


class _Reach:
    """Incremental reach beyond a base, static or in the worlds of a plan."""

    def __init__(self, snapshot: Snapshot, who: People, subject: Node, audiences: dict[Node, Rows], plan: ChannelPlan | None, source: Any) -> None:
        self.nodes = sorted(audiences)
        self.place = {node: i for i, node in enumerate(self.nodes)}
        rows = [audiences[n] for n in self.nodes]
        indptr = np.concatenate(([0], np.cumsum([r.size for r in rows]))).astype(np.int64)
        index = np.concatenate(rows) if rows else np.empty(0, np.int64)
        hazard = sp.csc_matrix((np.full(index.size, CERTAIN), index, indptr), shape=(who.n, len(rows)))
        if plan is None:
            own = _audiences(snapshot, who, OWN_TYPES, (subject[0],)).get(subject, np.empty(0, np.int64))
            self.cover, self.exact = Cover(sp.csr_matrix(hazard), np.ones(who.n), 1.0), True
            self.base = np.ones(who.n)
            self.base[own] = 0.0
            return
        request = Request.from_dict(plan.request)
        if request.page_level:
            raise InvalidParameter("a page-level plan has no users to count partners' audiences in", parameter="plan", value=plan.plan)
        campaign = prepare(source, request, open_menu=True)
        sets = campaign.worlds.sets(plan.sample["judge"], JUDGING)
        self.cover, self.exact = campaign.worlds.cover(sets, hazard), campaign.worlds.exact
        bought = {(item.channel, item.wave, item.material) for item in plan.items}
        options = campaign.options
        mine = [i for i in range(options.n) if (campaign.label(i), int(options.wave[i]), options.material[i]) in bought]
        self.base = campaign.worlds.cover(sets, campaign.hazard[:, mine]).missed(range(len(mine)))

    def increments(self, missed: NDArray[np.float64] | None = None) -> dict[Node, float]:
        """What each candidate adds to the base alone, or to what leaves ``missed`` unreached."""
        start = self.base if missed is None else missed
        return dict(zip(self.nodes, self.cover.gains(start).tolist(), strict=True)) if self.nodes else {}

    def take(self, missed: NDArray[np.float64], node: Node) -> None:
        """Count a partner's audience as reached, in place."""
        if node in self.place:
            rows, seen = self.cover.seen(self.place[node])
            missed[rows] *= 1.0 - seen

    def in_order(self, order: list[Node]) -> tuple[dict[Node, tuple[float, tuple[float, float]]], dict[str, Any] | None]:
        """What each listed partner adds after those before it, and the joint reach of base and all."""
        missed, adds = self.base.copy(), {}
        for node in order:
            if node in self.place:
                rows, seen = self.cover.seen(self.place[node])
                adds[node] = estimate(self.cover, rows, seen * missed[rows], exact=self.exact)
                missed[rows] *= 1.0 - seen
        if not adds:
            return {}, None
        mean, interval = estimate(self.cover, None, 1.0 - missed, exact=self.exact)
        return adds, {"mean": mean, "interval": list(interval)}


def _percentiles(scores: dict[Node, dict[str, float | None]], increment: dict[Node, float]) -> None:
    """Audience score: share of the candidates with an audience that add no more than this one, itself included."""
    ordered = np.sort(np.array(list(increment.values())))
    for node, value in increment.items():
        scores[node]["audience"] = float(np.searchsorted(ordered, value, side="right")) / ordered.size


def _mean(scores: dict[str, float | None]) -> float | None:
    """Fit: mean over the measured criteria."""
    measured = [x for x in scores.values() if x is not None]
    return float(np.mean(measured)) if measured else None


def _choose(candidates: list[Node], past: dict[Node, HistoryRow], reach: _Reach, fit: dict[Node, float | None], limit: int) -> list[Node]:
    """Partners one by one: best fused place, the list of reach counted anew beyond those already chosen.

    Reciprocal rank fusion of the lists that exist; absent = 0, ties by increment, then id. Two partners
    with the same audience therefore do not both stand high for it.
    """
    lists: list[list[Node]] = [sorted(past, key=lambda n: past[n].rank)]
    if not past:
        lists.append(sorted((n for n in candidates if fit[n] is not None), key=lambda n: (-(fit[n] or 0.0), n[1])))
    fixed = dict.fromkeys(candidates, 0.0)
    for ranked in lists:
        for place, node in enumerate(n for n in ranked if n in fixed):
            fixed[node] += 1.0 / (FUSION + place + 1)
    order: list[Node] = []
    left, missed = set(candidates), reach.base.copy()
    while left and len(order) < limit:
        increment = {n: x for n, x in reach.increments(missed).items() if n in left}
        total = {n: fixed[n] for n in left}
        for place, node in enumerate(sorted(increment, key=lambda n: (-increment[n], n[1]))):
            total[node] += 1.0 / (FUSION + place + 1)
        by_place = sorted(left, key=lambda n: (-total[n], -increment.get(n, 0.0), n[1], n[0]))
        taken = by_place[:1] if increment else by_place[: limit - len(order)]
        order += taken
        left -= set(taken)
        reach.take(missed, taken[0])
    return order


def _by_tags(data: Any, subject: Node) -> list[Node]:
    """Brands and courses that share a tag with the subject, when nothing else is known."""
    own = data.tags.get(subject, {}).keys()
    return sorted(n for n, tags in data.tags.items() if n[0] in {"Brand", "Course"} and n != subject and own & tags.keys())


def _lead_row(lead: Node, name: str, share: tuple[float, tuple[float, float]] | None) -> Partner:
    """Row of the owner: its share of the split, nothing else of it is measured."""
    value, interval = share or (None, None)
    return Partner(
        partner=lead[1], label=lead[0], name=name, rank=None, fit=None, fit_rank_interval=None, scores=dict.fromkeys(CRITERIA), history=None, history_rank_interval=None,
        adds=None, adds_interval=None, share=value, share_interval=interval, evidence=(f"record of {lead[0]} {lead[1]}",),
        reasons=(both("主导方: 没有它就没有利润", "lead: without it there is no profit"),),
    )  # fmt: skip


def _notes(assumptions: list[str], who: People, audiences: dict[Node, Rows], past: dict[Node, HistoryRow], plan: ChannelPlan | None) -> None:
    """What the list rests on."""
    if who.n_dropped:
        assumptions.append(f"{who.n_dropped} users without consent for planning are left out")
    if audiences:
        base = "the plan" if plan is not None else "the promoted item's own audience"
        assumptions.append(f"a partner is taken to reach each of its followers, learners, buyers and members; adds counts users beyond {base}")
    else:
        assumptions.append("no audiences of brands or courses are in the data: audience, adds and share are not measured")
    if not past:
        assumptions.append("the past partnerships say nothing about this one: history is not measured")


def _evidence(node: Node, subject: Node, past: dict[Node, HistoryRow], audiences: dict[Node, Rows], scores: dict[str, float | None]) -> tuple[str, ...]:
    """Where each measured part can be looked up."""
    found = [f"partners/history brand={node[1]}"] if node in past and node[0] == "Brand" else []
    found += [past[node].evidence] if node in past else []
    found += [f"audience of {audiences[node].size} users"] if node in audiences else []
    found += [f"partners/theme label={subject[0]} id={subject[1]}"] if scores["theme"] is not None else []
    found += [f"partners/will: {scores['will']:.3f}"] if scores["will"] is not None else []
    return tuple(found or [f"record of {node[0]} {node[1]}"])


def _reasons(node: Node, past: dict[Node, HistoryRow], adds: dict[Node, Any], scores: dict[str, float | None]) -> tuple[str, ...]:
    """Why it stands where it stands."""
    reasons = []
    if node in past:
        reasons.append(both(f"按历史合作排第 {past[node].rank}", f"rank {past[node].rank} by past co-operations"))
    if node in adds:
        reasons.append(both(f"新增触达 {adds[node][0]:,.0f} 人", f"adds {adds[node][0]:,.0f} users"))
    best = max((c for c in CRITERIA if scores[c] is not None), key=lambda c: scores[c] or 0.0, default=None)
    if best is not None:
        reasons.append(both(f"最高评分项 {best} {scores[best]:.2f}", f"strongest criterion {best} {scores[best]:.2f}"))
    return tuple(reasons)
