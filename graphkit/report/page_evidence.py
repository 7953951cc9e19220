"""Claims, replays and the manifest, as the template of the page reads them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from graphkit.report.figures import Figures
from graphkit.report.page_plan import MOST_ROWS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Row = Mapping[str, Any]

__all__ = ["evidence_part"]

_MOST_CHARACTERS = 1200


def evidence_part(plan: Row) -> dict[str, Any]:
    """Return what the template needs to say where each number comes from."""
    claims = plan.get("claims") or []
    rows = claims[:MOST_ROWS]
    replays = list(dict.fromkeys(_pretty(row["replay"]) for row in rows if row.get("replay")))
    listed = [_claim(i, row, replays) for i, row in enumerate(rows, 1)]
    manifest = plan.get("manifest") or {}
    request = manifest.get("request") or plan.get("request")
    return {
        "claims": listed,
        "more_claims": max(0, len(claims) - MOST_ROWS),
        "replays": [_shortened(text) for text in replays],
        "anchors": {row["claim"]: row["anchor"] for row in reversed(listed)},
        "manifest": _manifest(manifest),
        "request": _shortened(_pretty(request)) if request else "",
    }


def _claim(i: int, row: Row, replays: Sequence[str]) -> dict[str, Any]:
    value = row.get("value")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return {
        "claim": str(row.get("claim")),
        "anchor": f"claim-{i}",
        "value": Figures.people(value) if number else Figures.text(value),
        "query": row.get("query"),
        "params": _shortened(_pretty(row.get("params") or {})),
        "replay_number": replays.index(_pretty(row["replay"])) + 1 if row.get("replay") else 0,
    }


def _manifest(manifest: Row) -> list[tuple[str, Any]]:
    """Return the rows of how the plan was made that a reader may compare."""
    rows = [(key, manifest.get(key)) for key in ("digest", "seed", "snapshot", "engine")]
    rows.append(("seconds", Figures.seconds(manifest.get("seconds"))))
    versions = manifest.get("versions") or {}
    rows.append(("versions", ", ".join(f"{name} {version}" for name, version in sorted(versions.items())) or None))
    return [(key, value) for key, value in rows if value is not None]


def _shortened(text: str) -> str:
    """Cut what nobody reads on a page; the whole text is one command away."""
    if len(text) <= _MOST_CHARACTERS:
        return text
    return f"{text[:_MOST_CHARACTERS]} … ({len(text):,} characters; whole: graphkit evidence PLAN --format json)"


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)
