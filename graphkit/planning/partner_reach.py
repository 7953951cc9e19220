"""Whom each possible partner reaches, and what that adds to a plan or to the promoted item's own audience."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from graphkit.errors import InvalidParameter
from graphkit.influence.channel_cover import CERTAIN, Cover
from graphkit.planning.campaign import prepare
from graphkit.planning.estimates import estimate
from graphkit.planning.inputs import sources_by_target
from graphkit.planning.plan_result import check_unchanged
from graphkit.planning.plan_rows import plan_rows, uses_of
from graphkit.planning.request import Request
from graphkit.planning.search import JUDGING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from graphkit.planning.campaign import Campaign
    from graphkit.planning.people import People
    from graphkit.planning.plan_result import ChannelPlan
    from graphkit.projection.snapshot import Snapshot

    Node = tuple[str, str]
    Rows = NDArray[np.int64]
    Number = tuple[float, tuple[float, float]]

__all__ = [
    "AUDIENCE_TYPES",
    "OWN_TYPES",
    "FitReach",
    "PartnerReach",
    "Samples",
    "audience_scores",
    "audiences_of",
    "own_audience",
    "partner_samples",
]

AUDIENCE_TYPES = ("FOLLOWS", "ENROLLED", "SUBSCRIBES", "BOUGHT")
RATING, CHOOSING = "partners:rate", "partners:choose"
SETS_TO_RATE, SETS_TO_CHOOSE = 8_192, 32_768
OWN_TYPES = (*AUDIENCE_TYPES, "WATCHED", "WANTS", "LIKES")


def audiences_of(snapshot: Snapshot, who: People, types: tuple[str, ...], labels: tuple[str, ...]) -> dict[Node, Rows]:
    """Consenting users tied to each node of these labels by one of these types."""
    parts: dict[tuple[str, str], list[Any]] = {}
    for kind in types:
        for edges in snapshot.edges(kind):
            if edges.source_label != "User" or edges.target_label not in labels:
                continue
            ids = snapshot.nodes(edges.target_label).ids
            for target, rows in sources_by_target(who.of_table[edges.source_rows], edges.target_rows).items():
                parts.setdefault((edges.target_label, str(ids[target])), []).append(rows)
    joined = {node: np.unique(np.concatenate(rows)) for node, rows in parts.items()}
    return {node: rows[rows >= 0] for node, rows in joined.items()}


def own_audience(snapshot: Snapshot, who: People, subject: Node) -> Rows:
    """Consenting users who follow, study, buy, watch, want or like the subject itself."""
    return audiences_of(snapshot, who, OWN_TYPES, (subject[0],)).get(subject, np.empty(0, np.int64))


@dataclass(frozen=True)
class Samples:
    """Partners' reach on independent sets: to rate partners, to choose and bound, to judge; one and the same if exact."""

    rating: PartnerReach
    choosing: PartnerReach
    judging: PartnerReach


def partner_samples(
    who: People, own: Rows, audiences: dict[Node, Rows], plan: ChannelPlan | None, source: Any
) -> Samples:
    """Return the reach of these audiences beyond a plan, in its worlds, or beyond the item's own audience."""
    nodes = sorted(audiences)
    rows = [audiences[n] for n in nodes]
    indptr = np.concatenate(([0], np.cumsum([r.size for r in rows]))).astype(np.int64)
    index = np.concatenate(rows) if rows else np.empty(0, np.int64)
    hazard = sp.csc_matrix((np.full(index.size, CERTAIN), index, indptr), shape=(who.n, len(rows)))
    if plan is None:
        base = np.ones(who.n)
        base[own] = 0.0
        static = PartnerReach(nodes, Cover(sp.csr_matrix(hazard), np.ones(who.n), 1.0), base, exact=True)
        return Samples(static, static, static)
    campaign = _planned(plan, source)
    if campaign.who.ids != who.ids:
        message = (
            f"plan {plan.plan} was made for {campaign.who.n} users, the data of the partners hold {who.n}, or others"
        )
        raise InvalidParameter(
            message, parameter="plan", value=plan.plan, hint="make the plan on the same data, then ask"
        )
    bought, worlds = campaign.hazard[:, plan_rows(campaign, plan)], campaign.worlds

    def sampled(n_sets: int, purpose: str) -> PartnerReach:
        sets = worlds.sets(n_sets, purpose)
        base = worlds.cover(sets, bought).missed(range(bought.shape[1]))
        return PartnerReach(nodes, worlds.cover(sets, hazard), base, exact=worlds.exact)

    n = plan.sample["judge"]
    judging = sampled(n, JUDGING)
    if worlds.exact:
        return Samples(judging, judging, judging)
    return Samples(sampled(min(n, SETS_TO_RATE), RATING), sampled(min(n, SETS_TO_CHOOSE), CHOOSING), judging)


class PartnerReach:
    """Incremental reach beyond a base on one sample: ``base`` is the chance that the base misses a set."""

    def __init__(self, nodes: list[Node], cover: Cover, base: NDArray[np.float64], *, exact: bool) -> None:
        self.nodes, self.cover, self.base, self.exact = nodes, cover, base, exact
        self.place = {node: i for i, node in enumerate(nodes)}
        self.everybody = cover.scale * float(cover.weight.sum())

    def increments(self) -> dict[Node, float]:
        """What each candidate adds to the base alone."""
        return dict(zip(self.nodes, self.cover.gains(self.base).tolist(), strict=True)) if self.nodes else {}

    def in_order(self, order: list[Node]) -> dict[Node, Number]:
        """What each listed partner adds after those before it."""
        missed, adds = self.base.copy(), {}
        for node in order:
            if node in self.place:
                rows, seen = self.cover.seen(self.place[node])
                adds[node] = estimate(self.cover, rows, seen * missed[rows], exact=self.exact)
                missed[rows] *= 1.0 - seen
        return adds

    def joint(self, order: Sequence[Node]) -> Number:
        """Reach of the base and all listed partners."""
        missed = self.base * self.cover.missed([self.place[n] for n in order if n in self.place])
        return estimate(self.cover, None, 1.0 - missed, exact=self.exact)

    def exclusive(self, order: list[Node]) -> dict[Node, Number]:
        """What each listed partner adds given the base and all the others: joint reach minus joint reach without it.

        Contacts with a partner's audience are certain, so only those touched by no other listed partner count.
        """
        touched, listed = np.zeros(self.base.size, np.int64), [n for n in order if n in self.place]
        for node in listed:
            touched[self.cover.seen(self.place[node])[0]] += 1
        found = {}
        for node in listed:
            rows, seen = self.cover.seen(self.place[node])
            found[node] = estimate(self.cover, rows, seen * self.base[rows] * (touched[rows] == 1), exact=self.exact)
        return found


class FitReach:
    """Users that chosen partners add to the base, each counted with the best fit among those who reach him.

    Only partners with a measured audience and a fit have a gain. A contact with a partner's audience is certain.
    """

    def __init__(self, reach: PartnerReach, fit: Mapping[Node, float | None]) -> None:
        self._reach = reach
        self._fit = np.array([fit[n] or 0.0 for n in reach.nodes], np.float64)
        self._rated = [n for n in reach.nodes if fit[n] is not None]
        seen = reach.cover.seen_by_option
        self._column = np.repeat(np.arange(len(reach.nodes)), np.diff(seen.indptr))
        self._row = seen.indices
        self._weight = reach.cover.scale * (reach.cover.weight * reach.base)[self._row] * seen.data
        self._best = np.zeros(reach.base.size)

    def fit_of(self, node: Node) -> float:
        """Fit of a partner with a measured audience; 0 where it is not measured."""
        return float(self._fit[self._reach.place[node]])

    def gains(self) -> dict[Node, float]:
        """What each rated partner, chosen or not, would add."""
        more = np.maximum(self._fit[self._column] - self._best[self._row], 0.0) * self._weight
        gained = np.bincount(self._column, weights=more, minlength=len(self._reach.nodes))
        return {n: float(gained[self._reach.place[n]]) for n in self._rated}

    def take(self, node: Node) -> None:
        """Count a partner as chosen."""
        if node in self._reach.place:
            rows, _ = self._reach.cover.seen(self._reach.place[node])
            self._best[rows] = np.maximum(self._best[rows], self.fit_of(node))

    def total(self, order: Sequence[Node]) -> float:
        """Worth of these partners, taken one after the other."""
        value = 0.0
        for node in order:
            value += self.gains().get(node, 0.0)
            self.take(node)
        return value


def _planned(plan: ChannelPlan, source: Any) -> Campaign:
    """The campaign of a plan again, from the data it was made from where it knows them."""
    request = Request.of(plan)
    if request.page_level:
        raise InvalidParameter(
            "a page-level plan has no users to count partners' audiences in", parameter="plan", value=plan.plan
        )
    if request.done is not None:
        message = f"plan {plan.plan} was made after wave {request.done['waves']}; who was reached before is not in it"
        raise InvalidParameter(
            message, parameter="plan", value=plan.plan, hint="give the plan made before the first wave"
        )
    campaign = prepare(source if plan.source is None else plan.source, request, open_menu=True, bought=uses_of(plan))
    check_unchanged(plan, campaign.snapshot)
    return campaign


def audience_scores(scores: dict[Node, dict[str, float | None]], increment: dict[Node, float]) -> None:
    """Audience score: share of the candidates with an audience that add no more than this one, itself included."""
    ordered = np.sort(np.array(list(increment.values())))
    for node, value in increment.items():
        scores[node]["audience"] = float(np.searchsorted(ordered, value, side="right")) / ordered.size
