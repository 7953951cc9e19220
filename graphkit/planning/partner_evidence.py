"""Why a partner stands where it stands, and where each part can be looked up."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.intervals import counted
from graphkit.planning.partner_scores import CRITERIA
from graphkit.planning.reasons import both
from graphkit.store.queries import query_command

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from graphkit.planning.history import HistoryRow
    from graphkit.planning.partner_scores import PartnerData
    from graphkit.planning.plan_result import ChannelPlan

    Node = tuple[str, str]
    Scores = dict[str, float | None]

__all__ = ["ZH", "Lookup", "reasons_of"]

SHOWN = 3
ZH = {
    "theme": "主题",
    "audience": "受众",
    "brand": "品牌契合",
    "data": "资料完整度",
    "will": "合作意愿",
    "goal": "目标",
    "complement": "资源互补",
    "culture": "价值观",
    "novelty": "新意",
}
QUERY_OF = dict.fromkeys(("goal", "complement", "culture", "novelty"), "partners/fit")


@dataclass(frozen=True)
class Lookup:
    """What the evidence of every partner of one subject is read from; ``small`` audiences are not shown."""

    data: PartnerData
    subject: Node
    past: Mapping[Node, HistoryRow]
    audiences: Mapping[Node, NDArray[np.int64]]
    small: Collection[Node]
    own: NDArray[np.int64]
    min_cell: int
    conflicts: tuple[str, ...]
    lead: Node | None
    plan: ChannelPlan | None
    min_evidence: str | None
    listed: tuple[Node, ...] = ()

    def of(self, node: Node, scores: Scores) -> tuple[str, ...]:
        """Return past campaigns, paths, shared tags, overlap of audiences, and the query behind each measured score."""
        found = [self.past[node].evidence] if node in self.past else []
        found += self._campaigns(node) + self._paths(node) + self._tags(node) + self._overlap(node)
        if self.min_evidence is not None:
            found.append(self._again())  # queries read every row
        else:
            found += self._queries(scores) + self._counts(node) + self._history(node)
        return tuple(found or [f"record of {node[0]} {node[1]}"])

    def _campaigns(self, node: Node) -> list[str]:
        """Newest past partnerships of the partner, with its own title where the data have one."""
        deals = sorted(self.data.deals_of.get(node, ()), key=lambda d: (-(self.data.starts.get(d) or 0), d))
        named = [self.data.titles.get(deal) or deal for deal in deals[:SHOWN]]
        return [f"past campaigns ({len(deals)}): {'; '.join(named)}"] if deals else []

    def _paths(self, node: Node) -> list[str]:
        """Former partners in common: subject - common - partner."""
        common = self._met(self.subject) & self._met(node) - {node, self.subject}
        shown = [self._name(n) for n in sorted(common)[:SHOWN]]
        ends = (self._name(self.subject), self._name(node))
        return (
            [f"paths ({len(common)}): " + "; ".join(f"{ends[0]} - {name} - {ends[1]}" for name in shown)]
            if common
            else []
        )

    def _met(self, node: Node) -> set[Node]:
        return {member for deal in self.data.deals_of.get(node, ()) for member in self.data.deals[deal]} - {node}

    def _tags(self, node: Node) -> list[str]:
        """Shared tags, the heaviest product of weights first."""
        ours, theirs = (self.data.tags.get(n, {}) for n in (self.subject, node))
        shared = sorted(ours.keys() & theirs.keys(), key=lambda t: (-ours[t] * theirs[t] * self.data.idf[t], t))
        return [f"shared tags ({len(shared)}): {', '.join(shared[:SHOWN])}"] if shared else []

    def _overlap(self, node: Node) -> list[str]:
        """Size of the audience and what it shares with the subject's own; counts below the minimum cell stay hidden."""
        if node not in self.audiences:
            return [f"audience below {self.min_cell} users: not shown"] if node in self.small else []
        rows = self.audiences[node]
        found = [f"audience of {counted(rows.size, 'user', 'users')}"]
        shared = int(np.intersect1d(rows, self.own, assume_unique=True).size)
        if shared >= self.min_cell and rows.size - shared >= self.min_cell:
            found.append(
                f"overlap with its own audience: {shared} users, Jaccard {shared / (rows.size + self.own.size - shared):.3f}"
            )
        return found

    def _queries(self, scores: Scores) -> list[str]:
        """The command behind every measured score; each answers for all partners of the subject at once."""
        about: dict[str, object] = {"label": self.subject[0], "id": self.subject[1]}
        params: dict[str, dict[str, object]] = {
            "partners/theme": about,
            "partners/fit": about,
            "partners/data": {},
            "partners/will": {},
        }
        params["partners/brand"] = about | ({"conflicts": list(self.conflicts)} if self.conflicts else {})
        if self.plan is None:
            left_out: dict[str, object] = {} if self.lead is None else {"without": [":".join(self.lead)]}
            params["partners/audience"] = about | {"minCell": self.min_cell} | left_out
        names = dict.fromkeys(QUERY_OF.get(c, f"partners/{c}") for c in CRITERIA if scores[c] is not None)
        found = [query_command(name, params[name]) for name in names if name in params]
        if self.plan is not None and "partners/audience" in names:
            found.append(self._again())  # counted in its worlds
        return found

    def _again(self) -> str:
        """The command that gives the list again, for what no query counts."""
        words = ["graphkit", "partners", "--for", ":".join(self.subject)]
        words += [] if self.plan is None else ["--plan", self.plan.plan]
        words += [] if self.min_evidence is None else ["--min-evidence", self.min_evidence]
        return shlex.join(words)

    def _counts(self, node: Node) -> list[str]:
        """The command behind adds, exclusive and share, which counts the listed partners in their order."""
        if self.plan is not None or node not in self.listed:
            return []
        about: dict[str, object] = {"label": self.subject[0], "id": self.subject[1]}
        led: dict[str, object] = {} if self.lead is None else {"led": "true"}
        partners = [":".join(n) for n in self.listed]
        return [query_command("partners/portfolio", {**about, "partners": partners, **led, "minCell": 0})]

    def _history(self, node: Node) -> list[str]:
        """The query behind its past partnerships."""
        known = node in self.data.deals_of
        return [query_command("partners/history", {"label": node[0], "id": node[1]})] if known else []

    def _name(self, node: Node) -> str:
        return self.data.name(node) or node[1]


def reasons_of(
    node: Node, past: Mapping[Node, HistoryRow], adds: Mapping[Node, Any], scores: Scores
) -> tuple[str, ...]:
    """Say in one sentence each why it stands where it stands."""
    reasons = []
    if node in past:
        reasons.append(both(f"按历史合作排第 {past[node].rank}", f"rank {past[node].rank} by past co-operations"))
    if node in adds:
        reasons.append(both(f"新增触达 {adds[node][0]:,.0f} 人", f"adds {adds[node][0]:,.0f} users"))
    best = max(
        (c for c in CRITERIA if scores[c] is not None and c != "data"), key=lambda c: scores[c] or 0.0, default=None
    )
    if best is not None:
        reasons.append(
            both(f"最高评分项 {ZH[best]} {scores[best]:.2f}", f"strongest criterion {best} {scores[best]:.2f}")
        )
    return tuple(reasons)
