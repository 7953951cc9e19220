"""What a search for partners starts from: the request, the candidates of whom anything is measured, and who is left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphkit.errors import DataInvalid, UnknownName, close_matches
from graphkit.planning.history import history_ranking
from graphkit.planning.partner_reach import AUDIENCE_TYPES, audiences_of, own_audience
from graphkit.planning.partner_scores import PAIRED, scores_of
from graphkit.planning.people import people

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from graphkit.planning.history import HistoryRow
    from graphkit.planning.partner_scores import PartnerData
    from graphkit.planning.people import People
    from graphkit.planning.plan_result import ChannelPlan
    from graphkit.projection.snapshot import Snapshot

    Node = tuple[str, str]
    Rows = NDArray[np.int64]
    Scores = dict[str, float | None]

__all__ = ["Asked", "Known", "known_tags", "read_known", "refused"]


@dataclass(frozen=True)
class Asked:
    """A checked request."""

    subject: Node
    lead: Node | None
    limit: int
    split: bool
    plan: ChannelPlan | None
    min_cell: int
    diversity: float
    novelty: float
    conflicts: tuple[str, ...]
    weights: dict[str, float]
    seed: int
    min_evidence: str | None

    def request(self) -> dict[str, Any]:
        """What the manifest keeps."""
        return {
            "for": ":".join(self.subject), "max_partners": self.limit, "plan": None if self.plan is None else self.plan.manifest.digest,
            "lead": None if self.lead is None else ":".join(self.lead), "split": self.split, "min_cell": self.min_cell,
            "diversity": self.diversity, "novelty": self.novelty, "conflicts": list(self.conflicts), "weights": self.weights,
            **({} if self.min_evidence is None else {"min_evidence": self.min_evidence}),
        }  # fmt: skip


@dataclass(frozen=True)
class Known:
    """What the data say; ``audiences`` of candidates that are large enough to be shown, ``small`` are those that are not."""

    data: PartnerData
    who: People
    audiences: dict[Node, Rows]
    small: set[Node]
    own: Rows
    past: dict[Node, HistoryRow]
    scores: dict[Node, Scores]
    rejected: list[dict[str, str]]
    n_unknown: int
    same: dict[Node, Node]


def read_known(snapshot: Snapshot, asked: Asked, data: PartnerData, same: dict[Node, Node]) -> Known:
    """Collect audiences, history and scores; candidates are those of whom any of these is measured.

    Raises
    ------
    DataInvalid
        Nothing that is measured says anything about a partner.
    """
    who = people(snapshot)
    every = audiences_of(snapshot, who, AUDIENCE_TYPES, ("Brand", "Course"))
    small = {n for n, rows in every.items() if rows.size < max(1, asked.min_cell)}
    past = history_ranking(snapshot, data, asked.subject, max(4 * asked.limit, 50), asked.seed, same)
    parties = [n for n in sorted(data.properties) if n != asked.subject and (n[0] != "Film" or n in past)]
    scores = {n: scores_of(data, asked.subject, n, asked.conflicts) for n in parties}
    known = [
        n for n in parties if n in past or n in every.keys() - small or any(scores[n][c] is not None for c in PAIRED)
    ]
    ours = {n for n in known if data.properties[n].get("ours")}
    candidates = [n for n in known if n not in ours and n != asked.lead and n not in same]
    hidden = sorted(small - {asked.subject, *known})
    rejected = [refused(n, "min_cell", f"its audience is below {asked.min_cell} users and not shown") for n in hidden]
    rejected += [refused(n, "alias", f"another spelling of {':'.join(same[n])}") for n in known if n in same]
    rejected += [refused(n, "ours", "it is our own brand") for n in sorted(ours)]
    if asked.lead in known:
        rejected.append(refused(asked.lead, "lead", "it leads the split and is no partner to propose"))
    if not candidates:
        raise _nobody(asked, data, who, len(hidden))
    audiences = {n: every[n] for n in candidates if n in every and n not in small}
    own, n_unknown = own_audience(snapshot, who, asked.subject), len({*parties} - {*known} - same.keys()) - len(hidden)
    return Known(data, who, audiences, small, own, past, {n: scores[n] for n in candidates}, rejected, n_unknown, same)


def known_tags(snapshot: Snapshot, conflicts: Sequence[str]) -> tuple[str, ...]:
    """Return the conflict tags, each of which must exist: a misspelt one would silently forbid nothing."""
    known = {str(i) for i in snapshot.nodes("Tag").ids.tolist()}
    for tag in conflicts:
        if tag not in known:
            raise UnknownName(
                f"there is no tag {tag!r} to be a conflict",
                kind="tag",
                name=tag,
                close_matches=close_matches(tag, sorted(known)),
            )
    return tuple(dict.fromkeys(conflicts))


def refused(node: Node, rule: str, reason: str) -> dict[str, str]:
    """Return a row of the list of those not proposed."""
    return {"partner": node[1], "label": node[0], "rule": rule, "reason": reason}


def _nobody(asked: Asked, data: PartnerData, who: People, hidden: int) -> DataInvalid:
    """Say why there is no candidate, and what to load."""
    past = "no past partnerships"
    if any(asked.subject in members for members in data.deals.values()):
        past = "its past partnerships name nobody else it could join"
    elif data.deals:
        past = "it is in none of the past partnerships"
    message = f"nothing is known about partners of {asked.subject[0]} {asked.subject[1]}: {past}, no audiences, no tags, goals or resources to compare"
    if hidden:
        message += f"; {hidden} audiences are below {asked.min_cell} users with consent and not shown"
    if who.n_dropped:
        message += f"; {who.n_dropped} of {who.n + who.n_dropped} users gave no consent for planning"
    return DataInvalid(
        message,
        rule="partners",
        hint="load Partnership with JOINS, or FOLLOWS, ENROLLED, SUBSCRIBES or BOUGHT of brands and courses, or HAS_TAG",
    )
