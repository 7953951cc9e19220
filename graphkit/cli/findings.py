"""Findings of a check told to people: every cause of an error, with its first example and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FINDING", "findings_text", "first_error", "place"]

FINDING = ("rule", "severity", "file", "line", "column", "value", "message", "hint")
_SHOWN = 20
_ALIKE = 3
_VALUE = 60


def findings_text(findings: Sequence[dict[str, Any]], shown: int = _SHOWN) -> str:
    """Return every cause of an error with its first example and count, then other findings and examples while there is room."""
    from graphkit.model.validate import Finding, by_cause, count_all

    found = [Finding(**finding) for finding in findings]
    alike = by_cause(found)
    causes = alike[: max(shown, sum(group[0].severity == "error" for group in alike))]
    most = shown if len(alike) == 1 or len(findings) <= shown else _ALIKE
    lines, room, left = list[str](), max(0, shown - len(causes)), len(findings)
    for group in causes:
        more = min(len(group) - 1, most - 1, room)
        room -= more
        left -= 1 + more
        lines += [line for finding in group[: 1 + more] for line in _lines(finding.to_dict())]
        if len(group) > 1 + more and len(alike) > 1:
            lines.append(f"    ... and {count_all(group) - 1 - more:,} more like this")
    if left:
        lines.append(f"... {count_all(found):,} findings in all; --format json lists them")
    return "\n".join(lines)


def first_error(findings: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the first finding of severity error, a cause rather than what follows from it."""
    from graphkit.model.validate import Finding, by_cause

    return by_cause(Finding(**finding) for finding in findings)[0][0].to_dict()


def place(finding: dict[str, Any]) -> str:
    """Return ``file line 3 column p`` as far as known."""
    parts = [str(finding["file"] or "")]
    parts += [f"{name} {finding[name]}" for name in ("line", "column") if finding.get(name) not in (None, "")]
    return " ".join(part for part in parts if part)


def _lines(finding: dict[str, Any]) -> list[str]:
    """Return what a finding says, and what to do about it."""
    value = finding.get("value")
    quoted = "" if value in (None, "") else f" (value {str(value)[:_VALUE]!r})"
    said = f"{finding['severity']}: {place(finding)}: {finding['message']}{quoted}"
    return [said, f"    {finding['hint']}"] if finding.get("hint") else [said]
