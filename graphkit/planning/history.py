"""Past partnerships of a snapshot, ranked for one subject by `graphkit.matching.history`."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphkit.errors import UnknownName
from graphkit.matching.aliases import apply_aliases

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from graphkit.matching.history import PartnerRanking
    from graphkit.planning.partner_scores import PartnerData
    from graphkit.projection.snapshot import Snapshot

    Node = tuple[str, str]

__all__ = ["HistoryRow", "history_ranking", "past_members", "same_party"]


DRAWS = 100


@dataclass(frozen=True)
class HistoryRow:
    """One partner in the ranking by history; ``rank_interval`` holds 95 % of the ranks under random weights."""

    rank: int
    rank_interval: tuple[int, int]
    score: float
    evidence: str


def past_members(data: PartnerData, subject: Node | None = None) -> pd.DataFrame:
    """Return the past partnerships as ``partnership``, ``member``, members under the names that texts use."""
    import pandas as pd

    called = _called(data, subject)
    rows = [(deal, called[member]) for deal, members in sorted(data.deals.items()) for member in members]
    return pd.DataFrame(rows, columns=["partnership", "member"])


def same_party(
    data: PartnerData, subject: Node, aliases: Mapping[str, str] | pd.DataFrame | str | None
) -> dict[Node, Node]:
    """Return node -> node it is another spelling of; the subject stands for its own spellings."""
    called = _called(data, subject)
    node_of = {text: node for node, text in called.items()}
    to = apply_aliases(aliases, past_members(data, subject), None, None, None)[0]
    same = {node_of[variant]: node_of[name] for variant, name in to.items() if variant in node_of and name in node_of}
    first = same.get(subject)
    if first is not None:
        same = {node: subject if name == first else name for node, name in same.items() if node != subject} | {
            first: subject
        }
    return same


def history_ranking(
    snapshot: Snapshot, data: PartnerData, subject: Node, top: int, seed: int, same: Mapping[Node, Node]
) -> dict[Node, HistoryRow]:
    """Return node -> place by past co-operations; empty when the history knows neither the subject nor its text.

    Former partners stay out: the question is whom to join next. Nodes that are the ``same`` party count as one.
    """
    from graphkit.matching.history import rank_partners
    from graphkit.matching.partner_order import CHANCE

    called = _called(data, subject)
    history = past_members(data, subject)
    if history.empty:
        return {}
    starts = snapshot.nodes("Partnership").by_id("starts_ts")
    history["ts"] = [math.nan if starts.get(deal) is None else float(starts[deal]) for deal in history.partnership]
    history["member"] = history.member.replace({called[node]: called[name] for node, name in same.items()})
    written = defaultdict[str, list[str]](list)
    for node, other in sorted(same.items()):
        written[called[other]].append(called[node])
    name, node_of = called[subject], {text: node for node, text in called.items()}
    known = name in set(history.member)
    texts = _texts(snapshot, data, None if known else subject, name)
    if not known and (texts is None or name not in set(texts.member)):
        return {}
    try:
        ranking = rank_partners(history, texts=texts, subjects=[name], top=top, draws=DRAWS, rng=seed)
    except UnknownName:
        return {}  # its words share nothing with the history: not measured
    frame = ranking.to_frame()
    apart = {"subject", "partner", "rank", "rank_lower", "rank_upper", "score", *CHANCE}
    parts = [c for c in frame.columns if c not in apart]
    found = {}
    for row in frame.to_dict("records"):
        partner = str(row["partner"])
        interval = (int(row["rank_lower"]), int(row["rank_upper"]))
        told = _told(row, parts, ranking, written.get(partner, ()))
        found[node_of[partner]] = HistoryRow(
            int(row["rank"]), interval, float(row["score"]), f"history: {told or 'score'}"
        )
    return found


def _told(row: Mapping[Any, Any], parts: Sequence[str], ranking: PartnerRanking, variants: Sequence[str]) -> str:
    """Write what carries the place of a partner: its chance, the parts of its score, other spellings of its name."""
    shown = ", ".join(
        f"{c} {row[c]:.3g}" if isinstance(row[c], float) else f"{c} {row[c]}" for c in parts if row[c] == row[c]
    )
    if not math.isnan(chance := row.get("chance", math.nan)):
        ends = f"{row['chance_lower']:.2g} to {row['chance_upper']:.2g}"
        shown = f"chance {chance:.2g} ({ends}) of a first one within the next {ranking.horizon} partnerships ({_kept(ranking)}), {shown}"
    return f"{shown}, also written {', '.join(variants)}" if variants else shown


def _kept(ranking: PartnerRanking) -> str:
    """Return how all such chances together came true on the last cuts of the history, which is how far their level is known."""
    came = ranking.validation
    return f"on the last two tenths {came['new_partners_expected']:.0f} first ones were expected, {came['new_partners']:.0f} came"


def _called(data: PartnerData, subject: Node | None) -> dict[Node, str]:
    """Node -> the name that texts use; label and id are added where two nodes share a name."""
    nodes = sorted(
        {*([subject] if subject else []), *(member for members in data.deals.values() for member in members)}
    )
    names = {node: str(data.properties.get(node, {}).get("name") or node[1]) for node in nodes}
    often = Counter(names.values())
    return {node: name if often[name] == 1 else f"{name} ({node[0]}:{node[1]})" for node, name in names.items()}


def _texts(snapshot: Snapshot, data: PartnerData, newcomer: Node | None, name: str) -> pd.DataFrame | None:
    """Texts of past partnerships, and the subject's own when it is new to them."""
    import pandas as pd

    table = snapshot.nodes("Partnership")
    columns = [table.column(c).tolist() for c in ("title", "summary")]
    text = {
        str(d): " ".join(str(x) for x in cells if x) for d, *cells in zip(table.ids.tolist(), *columns, strict=True)
    }
    rows: list[tuple[str | None, str | None, str]] = [
        (deal, None, text[deal]) for deal in sorted(data.deals) if text.get(deal)
    ]
    if newcomer is not None:
        own = data.properties.get(newcomer, {})
        said = " ".join(str(own[c]) for c in ("name", "summary") if own.get(c))
        rows += [(None, name, said)] if said else []
    return pd.DataFrame(rows, columns=["partnership", "member", "text"]) if rows else None
