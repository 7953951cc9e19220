"""Whom each possible partner reaches, and what that adds to a plan or to the promoted item's own audience."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from graphkit.errors import InvalidParameter
from graphkit.influence.channel_cover import CERTAIN, Cover
from graphkit.planning.campaign import prepare
from graphkit.planning.choose import estimate
from graphkit.planning.request import Request
from graphkit.planning.search import JUDGING
from graphkit.planning.whatif import plan_rows, uses_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from graphkit.planning.campaign import Campaign
    from graphkit.planning.inputs import People
    from graphkit.planning.plan_result import ChannelPlan
    from graphkit.projection.snapshot import Snapshot

    Node = tuple[str, str]
    Rows = NDArray[np.int64]
    Number = tuple[float, tuple[float, float]]

__all__ = ["FitReach", "PartnerReach", "audience_scores", "audiences_of", "certificate", "own_audience"]

AUDIENCE_TYPES = ("FOLLOWS", "ENROLLED", "SUBSCRIBES", "BOUGHT")
OWN_TYPES = (*AUDIENCE_TYPES, "WATCHED", "WANTS", "LIKES")


def audiences_of(snapshot: Snapshot, who: People, types: tuple[str, ...], labels: tuple[str, ...]) -> dict[Node, Rows]:
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


def own_audience(snapshot: Snapshot, who: People, subject: Node) -> Rows:
    """Consenting users who follow, study, buy, watch, want or like the subject itself."""
    return audiences_of(snapshot, who, OWN_TYPES, (subject[0],)).get(subject, np.empty(0, np.int64))


class PartnerReach:
    """Incremental reach beyond a base, static or in the worlds of a plan."""

    def __init__(
        self, who: People, own: Rows, audiences: dict[Node, Rows], plan: ChannelPlan | None, source: Any
    ) -> None:
        self.nodes = sorted(audiences)
        self.place = {node: i for i, node in enumerate(self.nodes)}
        rows = [audiences[n] for n in self.nodes]
        indptr = np.concatenate(([0], np.cumsum([r.size for r in rows]))).astype(np.int64)
        index = np.concatenate(rows) if rows else np.empty(0, np.int64)
        hazard = sp.csc_matrix((np.full(index.size, CERTAIN), index, indptr), shape=(who.n, len(rows)))
        if plan is None:
            self.cover, self.exact = Cover(sp.csr_matrix(hazard), np.ones(who.n), 1.0), True
            self.base = np.ones(who.n)
            self.base[own] = 0.0
            return
        campaign = _planned(plan, source)
        if campaign.who.ids != who.ids:
            message = f"plan {plan.plan} was made for {campaign.who.n} users, the data of the partners hold {who.n}, or others"
            raise InvalidParameter(
                message, parameter="plan", value=plan.plan, hint="make the plan on the same data, then ask"
            )
        sets = campaign.worlds.sets(plan.sample["judge"], JUDGING)
        self.cover, self.exact = campaign.worlds.cover(sets, hazard), campaign.worlds.exact
        bought = campaign.hazard[:, plan_rows(campaign, plan)]
        self.base = campaign.worlds.cover(sets, bought).missed(range(bought.shape[1]))

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

    def joint(self, order: list[Node]) -> dict[str, Any] | None:
        """Reach of base and all listed partners; ``at_most`` bounds that of any set of as many. None without audiences."""
        listed = [n for n in order if n in self.place]
        if not listed:
            return None
        missed = self.base * self.cover.missed([self.place[n] for n in listed])
        mean, interval = estimate(self.cover, None, 1.0 - missed, exact=self.exact)
        alone = estimate(self.cover, None, 1.0 - self.base, exact=self.exact)[0]
        _, upper = certificate(FitReach(self, dict.fromkeys(self.nodes, 1.0)), order)
        return {"mean": mean, "interval": list(interval), "at_most": max(mean, alone + upper)}

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


def certificate(worth: FitReach, order: Sequence[Node]) -> tuple[float, float]:
    """Return F of the partners in ``order`` and the least bound on F of any set of as many, from an untouched ``worth``."""
    value, upper = 0.0, float("inf")
    for node in (*order, None):
        gains = worth.gains()
        upper = min(upper, value + float(np.sort(list(gains.values()))[::-1][: len(order)].sum()))
        if node in gains:
            value += gains[node]
            worth.take(node)
    return value, max(value, upper)


def _planned(plan: ChannelPlan, source: Any) -> Campaign:
    """The campaign of a plan again, from the data it was made from where it knows them."""
    request = Request.from_dict(plan.request)
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
    if campaign.snapshot.digest != plan.manifest.snapshot:
        message = f"the data changed since plan {plan.plan} was made"
        raise InvalidParameter(message, parameter="plan", value=plan.plan, hint="make the plan again, then ask")
    return campaign


def audience_scores(scores: dict[Node, dict[str, float | None]], increment: dict[Node, float]) -> None:
    """Audience score: share of the candidates with an audience that add no more than this one, itself included."""
    ordered = np.sort(np.array(list(increment.values())))
    for node, value in increment.items():
        scores[node]["audience"] = float(np.searchsorted(ordered, value, side="right")) / ordered.size
