"""Past partnerships of a snapshot, ranked for one subject by `graphkit.matching.history`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphkit.errors import UnknownName

if TYPE_CHECKING:
    import pandas as pd

    from graphkit.planning.partner_scores import PartnerData
    from graphkit.projection.snapshot import Snapshot

    Node = tuple[str, str]

__all__ = ["HistoryRow", "history_ranking"]


@dataclass(frozen=True)
class HistoryRow:
    """One partner in the ranking by history."""

    rank: int
    score: float
    evidence: str


def history_ranking(snapshot: Snapshot, data: PartnerData, subject: Node, top: int, seed: int) -> dict[Node, HistoryRow]:
    """Return node -> place by past co-operations; empty when the history knows neither the subject nor its text.

    Former partners stay out: the question is whom to join next.
    """
    import pandas as pd

    from graphkit.matching.history import rank_partners

    rows = [(deal, ":".join(member)) for deal, members in sorted(data.deals.items()) for member in members]
    if not rows:
        return {}
    history = pd.DataFrame(rows, columns=["partnership", "member"])
    table = snapshot.nodes("Partnership")
    starts = dict(zip(table.ids.tolist(), table.column("starts_ts").tolist(), strict=True))
    if all(starts.get(deal) is not None for deal, _ in rows):
        history["ts"] = [starts[deal] for deal, _ in rows]
    name = ":".join(subject)
    known = name in set(history.member)
    texts = _texts(snapshot, data, None if known else subject)
    if not known and (texts is None or name not in set(texts.member)):
        return {}
    try:
        frame = rank_partners(history, texts=texts, subjects=[name], top=top, rng=seed).to_frame()
    except UnknownName:
        return {}  # its words share nothing with the history: not measured
    parts = [c for c in frame.columns if c not in {"subject", "partner", "rank", "score"}]
    found = {}
    for row in frame.to_dict("records"):
        label, _, node = str(row["partner"]).partition(":")
        shown = ", ".join(f"{c} {row[c]:.3g}" if isinstance(row[c], float) else f"{c} {row[c]}" for c in parts if row[c] == row[c])
        found[label, node] = HistoryRow(int(row["rank"]), float(row["score"]), f"history: {shown or 'score'}")
    return found


def _texts(snapshot: Snapshot, data: PartnerData, newcomer: Node | None) -> pd.DataFrame | None:
    """Texts of past partnerships, or of every member when the subject itself is new."""
    import pandas as pd

    table = snapshot.nodes("Partnership")
    columns = [table.column(c).tolist() for c in ("title", "summary")]
    text = {str(d): " ".join(str(x) for x in cells if x) for d, *cells in zip(table.ids.tolist(), *columns, strict=True)}
    if newcomer is None:
        rows = [(deal, text[deal]) for deal in sorted(data.deals) if text.get(deal)]
        return pd.DataFrame(rows, columns=["partnership", "text"]) if rows else None
    collected: dict[str, list[str]] = {}
    for deal, members in sorted(data.deals.items()):
        for member in members:
            collected.setdefault(":".join(member), []).append(text.get(deal, ""))
    own = data.properties.get(newcomer, {})
    said = " ".join(str(own[c]) for c in ("name", "summary") if own.get(c))
    rows = [(member, " ".join(x).strip()) for member, x in collected.items()] + [(":".join(newcomer), said)]
    rows = [(member, words) for member, words in rows if words]
    return pd.DataFrame(rows, columns=["member", "text"]) if rows else None
