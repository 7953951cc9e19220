"""Nine criteria of a partner, each in [0, 1] or None = not measured, and the fit they make.

theme: idf-weighted cosine of tags. brand: cosine of value tags, 0 where both carry a tag that the caller names as one
two partners must not share. culture: cosine of value tags. data: how complete the record is. will: (accepted + 1) /
(asked + 2), else the declared willingness. goal: cosine of goal vectors. complement: 1 - shared resources / the
smaller set. novelty: 1 - (pairs of these sectors + 1) / (largest pair count + 1), None while no two sectors ever worked
together. audience: percentile of incremental reach, filled in by the caller. A missing score changes no other one.

Fit is the weighted mean of what is measured, every weight 1 unless given; novelty weighs in it only as much as the caller
asks (0 unless told). Without named conflict tags brand equals culture: values then count twice.

The files cypher/partners/{theme, audience, brand, data, will} give the same numbers, partners/fit goal, complement, culture
and novelty (audience for the promoted item's own audience as the base, not for a plan).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import non_negative, one_of, refuse
from graphkit.model.schema import LABELS
from graphkit.projection.tags import item_tags
from graphkit.rng import as_generator

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from graphkit.projection.snapshot import Snapshot

    Node = tuple[str, str]

__all__ = [
    "CRITERIA",
    "PAIRED",
    "PartnerData",
    "fit_of",
    "fit_rank_intervals",
    "fit_weights",
    "read_partner_data",
    "scores_of",
    "tag_cosine",
]

CRITERIA = ("theme", "audience", "brand", "data", "will", "goal", "complement", "culture", "novelty")
# What is measured of the two together, audiences and novelty apart
PAIRED = ("theme", "brand", "goal", "complement", "culture")
GOALS = ("goal_awareness", "goal_conversion", "goal_loyalty", "goal_revenue")
ACCEPTED = frozenset({"accepted", "running", "ended"})
TAGS_ENOUGH = 5


@dataclass(frozen=True)
class PartnerData:
    """Tags, deals and properties of everyone who could be a partner."""

    tags: dict[Node, dict[str, float]]
    idf: dict[str, float]
    value_tags: frozenset[str]
    asked: Counter[Node]
    accepted: Counter[Node]
    deals: dict[str, list[Node]]
    sector_pairs: Counter[tuple[str, str]]
    properties: dict[Node, dict[str, Any]]
    titles: dict[str, str] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)

    @cached_property
    def deals_of(self) -> dict[Node, list[str]]:
        """Member -> its past partnerships."""
        found: dict[Node, list[str]] = defaultdict(list)
        for deal, members in self.deals.items():
            for member in members:
                found[member].append(deal)
        return dict(found)

    def name(self, node: Node) -> str:
        """Display name, empty where there is none."""
        return str(self.properties.get(node, {}).get("name") or "")


def read_partner_data(snapshot: Snapshot) -> PartnerData:
    """Collect what the criteria need, once."""
    properties: dict[tuple[str, str], dict[str, Any]] = {}
    for label in ("Brand", "Film", "Course"):
        table = snapshot.nodes(label)
        names = list(table.columns)
        columns = [table.columns[name].tolist() for name in names]
        for i, node in enumerate(table.ids.tolist()):
            properties[label, str(node)] = {
                name: cells[i] for name, cells in zip(names, columns, strict=True) if cells[i] is not None
            }
    tags = item_tags(snapshot)
    counts = Counter(tag for own in tags.values() for tag in own)
    idf = {tag: math.log((1 + len(tags)) / (1 + n)) + 1 for tag, n in counts.items()}
    kinds = zip(snapshot.nodes("Tag").ids.tolist(), snapshot.nodes("Tag").column("kind").tolist(), strict=True)
    deals, asked, accepted = _deals(snapshot)
    pairs: Counter[tuple[str, str]] = Counter()
    for members in deals.values():
        sectors = [properties.get(m, {}).get("sector") for m in members]
        pairs.update(_pair(a, b) for a, b in combinations([s for s in sectors if s], 2))
    table = snapshot.nodes("Partnership")
    titles, starts = (
        {str(i): x for i, x in zip(table.ids.tolist(), table.column(c).tolist(), strict=True) if x is not None}
        for c in ("title", "starts_ts")
    )
    return PartnerData(
        tags,
        idf,
        frozenset(t for t, k in kinds if k == "value"),
        asked,
        accepted,
        deals,
        pairs,
        properties,
        titles,
        starts,
    )


def _pair(a: str, b: str) -> tuple[str, str]:
    return (a, b) if a <= b else (b, a)


def _deals(snapshot: Snapshot) -> tuple[dict[str, list[Node]], Counter[Node], Counter[Node]]:
    """Past partnerships with their members; how often each member was asked, and accepted."""
    table = snapshot.nodes("Partnership")
    status, ids = table.column("status").tolist(), table.ids.tolist()
    deals: dict[str, list[tuple[str, str]]] = defaultdict(list)
    asked: Counter[tuple[str, str]] = Counter()
    accepted: Counter[tuple[str, str]] = Counter()
    for edges in snapshot.edges("JOINS"):
        members = snapshot.nodes(edges.target_label).ids
        for deal, member in zip(edges.source_rows.tolist(), edges.target_rows.tolist(), strict=True):
            node = (edges.target_label, str(members[member]))
            if status[deal] != "proposed":
                asked[node] += 1
            if status[deal] in ACCEPTED:
                accepted[node] += 1
                deals[str(ids[deal])].append(node)
    return dict(deals), asked, accepted


def scores_of(
    data: PartnerData, subject: Node, partner: Node, conflicts: Collection[str] = ()
) -> dict[str, float | None]:
    """Return the nine scores; ``audience`` is left None here. ``conflicts`` are tags two partners must not share."""
    own, other = data.properties.get(subject, {}), data.properties.get(partner, {})
    values = _cosine(_values(data, subject), _values(data, partner))
    shared = data.tags.get(subject, {}).keys() & data.tags.get(partner, {}).keys()
    return {
        "theme": tag_cosine(data, subject, partner),
        "audience": None,
        "brand": 0.0 if shared & set(conflicts) else values,
        "data": _completeness(data, partner, other),
        "will": _will(data, partner, other),
        "goal": _cosine(_goals(own), _goals(other)),
        "complement": _complement(own.get("resources"), other.get("resources")),
        "culture": values,
        "novelty": _novelty(data, own.get("sector"), other.get("sector")),
    }


def tag_cosine(data: PartnerData, a: Node, b: Node) -> float | None:
    """Cosine of the idf-weighted tags of two nodes."""
    return _cosine(_weighted(data, a), _weighted(data, b))


def fit_weights(weights: Mapping[str, float] | None, novelty: float) -> dict[str, float]:
    """Weight of every criterion in the fit: 1, or as given; novelty by its own option.

    Raises
    ------
    InvalidParameter
        An unknown criterion, a weight that is no finite number >= 0, or only zeros.
    """
    given = dict(weights or {})
    for name, weight in given.items():
        if one_of("weights", name, CRITERIA) == "novelty":
            refuse(
                "weights", name, "a criterion other than novelty", hint="novelty weighs by its own option, novelty=V"
            )
        given[name] = non_negative(f"weight of {name}", weight)
    found = {**dict.fromkeys(CRITERIA, 1.0), **given, "novelty": novelty}
    if not any(found.values()):
        refuse("weights", weights, "above 0 for at least one criterion")
    return found


def fit_of(scores: Mapping[str, float | None], weights: Mapping[str, float]) -> float | None:
    """Weighted mean over the measured criteria, the weights re-normalised; None when nothing measured weighs."""
    weighted = [(x, weights[c]) for c, x in scores.items() if x is not None]
    total = math.fsum(w for _, w in weighted)
    return math.fsum(x * w for x, w in weighted) / total if total else None


def fit_rank_intervals(
    scores: Mapping[Node, Mapping[str, float | None]], seed: int, weights: Mapping[str, float], draws: int = 200
) -> dict[Node, tuple[int, int]]:
    """Return node -> 95 % interval of its rank by fit when the weights of the criteria are random.

    Weights are uniform on the simplex (Dirichlet(1, .., 1)) of the criteria that weigh in the fit, re-normalised over those
    measured for a node; ties share the better place. A node without any measured criterion is left out.
    """
    criteria = [c for c in CRITERIA if weights[c]]
    nodes = [node for node in sorted(scores) if any(scores[node][c] is not None for c in criteria)]
    if not nodes:
        return {}
    values = np.array([[np.nan if scores[n][c] is None else scores[n][c] for c in criteria] for n in nodes], np.float64)
    measured = ~np.isnan(values)
    drawn = as_generator(seed, "criteria weights").dirichlet(np.ones(len(criteria)), draws).T
    fits = (np.nan_to_num(values) @ drawn) / (measured @ drawn)
    ordered = np.sort(fits, axis=0)
    places = np.stack(
        [1 + len(nodes) - np.searchsorted(ordered[:, k], fits[:, k] + 1e-12, side="right") for k in range(draws)]
    )
    low, high = np.quantile(places, (0.025, 0.975), axis=0, method="closest_observation")
    return {node: (int(low[i]), int(high[i])) for i, node in enumerate(nodes)}


def _weighted(data: PartnerData, node: Node) -> dict[str, float]:
    return {tag: w * data.idf[tag] for tag, w in data.tags.get(node, {}).items()}


def _values(data: PartnerData, node: Node) -> dict[str, float]:
    return {tag: w for tag, w in data.tags.get(node, {}).items() if tag in data.value_tags}


def _goals(properties: dict[str, Any]) -> dict[str, float]:
    return {name: float(properties[name]) for name in GOALS if name in properties}


def _cosine(a: dict[str, float], b: dict[str, float]) -> float | None:
    """Cosine of two sparse vectors; None when one of them is empty or zero."""
    norm = math.sqrt(math.fsum(x * x for x in a.values()) * math.fsum(x * x for x in b.values()))
    if norm == 0:
        return None
    return min(1.0, math.fsum(a[k] * b[k] for k in sorted(a.keys() & b.keys())) / norm)


def _completeness(data: PartnerData, node: Node, properties: dict[str, Any]) -> float:
    """Mean of the share of optional fields filled, tags / 5 and whether the record is real."""
    optional = [p.name for p in LABELS[node[0]].properties.values() if not p.required and p.name != "evidence"]
    filled = sum(name in properties for name in optional) / len(optional) if optional else 1.0
    tags = min(1.0, len(data.tags.get(node, {})) / TAGS_ENOUGH)
    return (filled + tags + float(properties.get("evidence", "real") == "real")) / 3


def _will(data: PartnerData, node: Node, properties: dict[str, Any]) -> float | None:
    if data.asked[node]:
        return (data.accepted[node] + 1) / (data.asked[node] + 2)
    declared = properties.get("willingness")
    return None if declared is None else float(declared)


def _complement(a: list[str] | None, b: list[str] | None) -> float | None:
    if not a or not b:
        return None
    return 1 - len(set(a) & set(b)) / min(len(set(a)), len(set(b)))


def _novelty(data: PartnerData, a: str | None, b: str | None) -> float | None:
    if not a or not b or not data.sector_pairs:
        return None
    return 1 - (data.sector_pairs[_pair(a, b)] + 1) / (max(data.sector_pairs.values()) + 1)
