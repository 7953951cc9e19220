"""Past partnerships of a snapshot, ranked for one subject by `graphkit.matching.history`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphkit.errors import UnknownName

if TYPE_CHECKING:
    import pandas as pd

    from graphkit.planning.partner_scores import PartnerData
    from graphkit.projection.snapshot import Snapshot

    Node = tuple[str, str]

__all__ = ["HistoryRow", "history_ranking"]


DRAWS = 100


@dataclass(frozen=True)
class HistoryRow:
    """One partner in the ranking by history; ``rank_interval`` holds 95 % of the ranks under random weights."""

    rank: int
    rank_interval: tuple[int, int]
    score: float
    evidence: str


def history_ranking(snapshot: Snapshot, data: PartnerData, subject: Node, top: int, seed: int) -> dict[Node, HistoryRow]:
    """Return node -> place by past co-operations; empty when the history knows neither the subject nor its text.

    Former partners stay out: the question is whom to join next.
    """
    import pandas as pd

    from graphkit.matching.history import rank_partners

    called = _called(data, subject)
    rows = [(deal, called[member]) for deal, members in sorted(data.deals.items()) for member in members]
    if not rows:
        return {}
    history = pd.DataFrame(rows, columns=["partnership", "member"])
    table = snapshot.nodes("Partnership")
    starts = dict(zip(table.ids.tolist(), table.column("starts_ts").tolist(), strict=True))
    if all(starts.get(deal) is not None for deal, _ in rows):
        history["ts"] = [starts[deal] for deal, _ in rows]
    name, node_of = called[subject], {text: node for node, text in called.items()}
    known = name in set(history.member)
    texts = _texts(snapshot, data, None if known else subject, name)
    if not known and (texts is None or name not in set(texts.member)):
        return {}
    try:
        frame = rank_partners(history, texts=texts, subjects=[name], top=top, draws=DRAWS, rng=seed).to_frame()
    except UnknownName:
        return {}  # its words share nothing with the history: not measured
    parts = [c for c in frame.columns if c not in {"subject", "partner", "rank", "rank_lower", "rank_upper", "score"}]
    found = {}
    for row in frame.to_dict("records"):
        shown = ", ".join(f"{c} {row[c]:.3g}" if isinstance(row[c], float) else f"{c} {row[c]}" for c in parts if row[c] == row[c])
        interval = (int(row["rank_lower"]), int(row["rank_upper"]))
        found[node_of[str(row["partner"])]] = HistoryRow(int(row["rank"]), interval, float(row["score"]), f"history: {shown or 'score'}")
    return found


def _called(data: PartnerData, subject: Node) -> dict[Node, str]:
    """Node -> the name that texts use; label and id are added where two nodes share a name."""
    nodes = sorted({subject, *(member for members in data.deals.values() for member in members)})
    names = {node: str(data.properties.get(node, {}).get("name") or node[1]) for node in nodes}
    often = Counter(names.values())
    return {node: name if often[name] == 1 else f"{name} ({node[0]}:{node[1]})" for node, name in names.items()}


def _texts(snapshot: Snapshot, data: PartnerData, newcomer: Node | None, name: str) -> pd.DataFrame | None:
    """Texts of past partnerships, and the subject's own when it is new to them."""
    import pandas as pd

    table = snapshot.nodes("Partnership")
    columns = [table.column(c).tolist() for c in ("title", "summary")]
    text = {str(d): " ".join(str(x) for x in cells if x) for d, *cells in zip(table.ids.tolist(), *columns, strict=True)}
    rows: list[tuple[str | None, str | None, str]] = [(deal, None, text[deal]) for deal in sorted(data.deals) if text.get(deal)]
    if newcomer is not None:
        own = data.properties.get(newcomer, {})
        said = " ".join(str(own[c]) for c in ("name", "summary") if own.get(c))
        rows += [(None, name, said)] if said else []
    return pd.DataFrame(rows, columns=["partnership", "member", "text"]) if rows else None
