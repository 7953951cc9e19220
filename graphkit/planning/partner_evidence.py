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
    from collections.abc import Mapping

    from graphkit.planning.history import HistoryRow
    from graphkit.planning.partner_candidates import Asked, Known

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
    """What the evidence of every partner of one subject is read from; ``listed`` are those with a measured reach."""

    asked: Asked
    known: Known
    listed: tuple[Node, ...]

    def of(self, node: Node, scores: Scores) -> tuple[str, ...]:
        """Return past campaigns, paths, shared tags, overlap of audiences, and the query behind each measured score."""
        found = [self.known.past[node].evidence] if node in self.known.past else []
        found += self._campaigns(node) + self._paths(node) + self._tags(node) + self._overlap(node)
        if self.asked.min_evidence is not None:
            found.append(self._again())  # queries read every row
        else:
            found += self._queries(scores) + self._counts(node) + self._history(node)
        return tuple(found or [f"record of {node[0]} {node[1]}"])

    def _campaigns(self, node: Node) -> list[str]:
        """Newest past partnerships of the partner, with its own title where the data have one."""
        data = self.known.data
        deals = sorted(data.deals_of.get(node, ()), key=lambda d: (-(data.starts.get(d) or 0), d))
        named = [data.titles.get(deal) or deal for deal in deals[:SHOWN]]
        return [f"past campaigns ({len(deals)}): {'; '.join(named)}"] if deals else []

    def _paths(self, node: Node) -> list[str]:
        """Former partners in common: subject - common - partner."""
        subject = self.asked.subject
        common = self._met(subject) & self._met(node) - {node, subject}
        shown = [self._name(n) for n in sorted(common)[:SHOWN]]
        ends = (self._name(subject), self._name(node))
        return (
            [f"paths ({len(common)}): " + "; ".join(f"{ends[0]} - {name} - {ends[1]}" for name in shown)]
            if common
            else []
        )

    def _met(self, node: Node) -> set[Node]:
        data = self.known.data
        return {member for deal in data.deals_of.get(node, ()) for member in data.deals[deal]} - {node}

    def _tags(self, node: Node) -> list[str]:
        """Shared tags, the heaviest product of weights first."""
        data = self.known.data
        ours, theirs = (data.tags.get(n, {}) for n in (self.asked.subject, node))
        shared = sorted(ours.keys() & theirs.keys(), key=lambda t: (-ours[t] * theirs[t] * data.idf[t], t))
        return [f"shared tags ({len(shared)}): {', '.join(shared[:SHOWN])}"] if shared else []

    def _overlap(self, node: Node) -> list[str]:
        """Size of the audience and what it shares with the subject's own; counts below the minimum cell stay hidden."""
        known, min_cell = self.known, self.asked.min_cell
        if node not in known.audiences:
            return [f"audience below {min_cell} users: not shown"] if node in known.small else []
        rows = known.audiences[node]
        found = [f"audience of {counted(rows.size, 'user', 'users')}"]
        shared = int(np.intersect1d(rows, known.own, assume_unique=True).size)
        if shared >= min_cell and rows.size - shared >= min_cell:
            jaccard = shared / (rows.size + known.own.size - shared)
            found.append(f"overlap with its own audience: {shared} users, Jaccard {jaccard:.3f}")
        return found

    def _queries(self, scores: Scores) -> list[str]:
        """The command behind every measured score; each answers for all partners of the subject at once."""
        asked, about = self.asked, self._about()
        params: dict[str, dict[str, object]] = {
            "partners/theme": about,
            "partners/fit": about,
            "partners/data": {},
            "partners/will": {},
            "partners/brand": about | ({"conflicts": list(asked.conflicts)} if asked.conflicts else {}),
        }
        if asked.plan is None:
            left_out: dict[str, object] = {} if asked.lead is None else {"without": [":".join(asked.lead)]}
            params["partners/audience"] = about | {"minCell": asked.min_cell} | left_out
        names = dict.fromkeys(QUERY_OF.get(c, f"partners/{c}") for c in CRITERIA if scores[c] is not None)
        found = [query_command(name, params[name]) for name in names if name in params]
        if asked.plan is not None and "partners/audience" in names:
            found.append(self._again())  # counted in its worlds
        return found

    def _again(self) -> str:
        """The command that gives the list again, for what no query counts."""
        asked = self.asked
        words = ["graphkit", "partners", "--for", ":".join(asked.subject)]
        words += [] if asked.plan is None else ["--plan", asked.plan.plan]
        words += [] if asked.min_evidence is None else ["--min-evidence", asked.min_evidence]
        return shlex.join(words)

    def _counts(self, node: Node) -> list[str]:
        """The command behind adds, exclusive and share, which counts the listed partners in their order."""
        if self.asked.plan is not None or node not in self.listed:
            return []
        led: dict[str, object] = {} if self.asked.lead is None else {"led": "true"}
        partners = [":".join(n) for n in self.listed]
        return [query_command("partners/portfolio", {**self._about(), "partners": partners, **led, "minCell": 0})]

    def _history(self, node: Node) -> list[str]:
        """The query behind its past partnerships."""
        known = node in self.known.data.deals_of
        return [query_command("partners/history", {"label": node[0], "id": node[1]})] if known else []

    def _about(self) -> dict[str, object]:
        """The parameters that name the subject."""
        return {"label": self.asked.subject[0], "id": self.asked.subject[1]}

    def _name(self, node: Node) -> str:
        return self.known.data.name(node) or node[1]


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
