"""The plain layout: from a file's name and header to the table it holds, neo4j-admin headers included."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from graphkit.errors import close_matches
from graphkit.model.schema import LABELS, NodeLabel, RelationshipType
from graphkit.model.validate import Finding, Severity
from graphkit.store.mapping import ADMIN_HEADER, TYPE_OF_SUFFIX, End, Source, TableSpec, kept_property

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphkit.model.properties import Property

_SPECIAL = {"ID", "START_ID", "END_ID", "LABEL", "TYPE", "IGNORE"}


def plain_spec(
    file: str,
    names: list[str],
    kind: NodeLabel | RelationshipType,
    pair: tuple[str | None, str | None],
    keep: Mapping[str, tuple[str, ...]],
) -> tuple[TableSpec, list[Finding]]:
    """Table of a file of the plain layout, from its header; and what is wrong with the header."""
    findings: list[Finding] = []
    roles: dict[str, str] = {}
    columns, checks = {}, []
    spaces: dict[str, str] = {}
    stem = Path(file).name.split(".")[0]
    wanted_keep = {*keep.get(file, ()), *keep.get(kind.name, ()), *keep.get(stem, ()), *keep.get("all", ())}
    # an entry may give the type that the header does not: "vector:string[]" keeps the column vector as a list
    typed = {found["name"]: head for head in wanted_keep if (found := ADMIN_HEADER.match(head)) and found["kind"] in TYPE_OF_SUFFIX}
    kept: dict[str, Property] = {}
    fixed = {"id"} if isinstance(kind, NodeLabel) else {"source", "target", "source_label", "target_label"}
    unknown = []
    for column in names:
        found = ADMIN_HEADER.match(column)
        name = column
        if found and found["kind"] in _SPECIAL:
            role = {"ID": "id", "START_ID": "source", "END_ID": "target"}.get(found["kind"])
            if role in fixed and role not in roles:
                roles[str(role)] = column
                spaces[str(role)] = found["space"] or ""
            elif found["kind"] in {"LABEL", "TYPE"}:
                checks.append(column)
            elif found["kind"] != "IGNORE":
                unknown.append(column)
            continue
        if found and found["kind"] in TYPE_OF_SUFFIX:
            name = found["name"]
        if name in fixed and name not in roles:
            roles[name] = column
        elif name in kind.properties and name not in columns and name != "id":
            prop = kind.properties[name]
            if prop.written:
                text = f"{name} is written by graphkit itself and not read"
                findings.append(Finding("written-column", "warning", file, 1, column, None, text, "remove the column"))
            else:
                columns[name] = Source(column=column)
        elif column in wanted_keep or name in wanted_keep or column in typed:
            kept[column] = kept_property(typed.get(column, column))
        else:
            unknown.append(column)
    needed = ["id"] if isinstance(kind, NodeLabel) else ["source", "target"]
    needed += [p.name for p in kind.properties.values() if p.required and p.name != "id"]
    for name in needed:
        if name not in roles and name not in columns:
            near = close_matches(name, unknown) or tuple(c for c in unknown if c.lower() == name)
            hint = f"rename the column {near[0]!r}" if near else f"add the column {name}"
            findings.append(
                Finding("missing-column", "error", file, 1, name, None, f"{kind.name} needs the column {name}", hint)
            )
    for column in unknown[:20]:
        near = close_matches(column, kind.properties)
        hint = f"did you mean {near[0]!r}? " if near else ""
        text = f"column {column[:80]!r} is not registered for {kind.name} and not kept"
        findings.append(
            Finding(
                "unknown-column",
                "warning",
                file,
                1,
                column[:200],
                None,
                text,
                f"{hint}name it under [keep] in dataset.toml to keep it",
            )
        )
    if len(unknown) > 20:
        text = f"{len(unknown) - 20} more columns are not registered for {kind.name} and not kept"
        findings.append(
            Finding(
                "unknown-column",
                "warning",
                file,
                1,
                None,
                None,
                text,
                "name them under [keep] in dataset.toml to keep them",
            )
        )
    if isinstance(kind, NodeLabel):
        return TableSpec(file, kind, id=roles.get("id", ""), columns=columns, kept=kept, checks=tuple(checks)), findings
    source, target, problem = _plain_ends(kind, roles, spaces, pair)
    if problem:
        severity: Severity = "warning" if problem[0] == "labels-missing" else "error"
        findings.append(Finding(problem[0], severity, file, 1, None, None, problem[1], problem[2]))
    one_pair = bool(problem) and problem is not None and problem[0] == "labels-missing"
    spec = TableSpec(
        file, kind, source=source, target=target, columns=columns, kept=kept, checks=tuple(checks), one_pair=one_pair
    )
    return spec, findings


def _plain_ends(
    kind: RelationshipType, roles: Mapping[str, str], spaces: Mapping[str, str], pair: tuple[str | None, str | None]
) -> tuple[End, End, tuple[str, str, str] | None]:
    """Labels of the two ends: from the file name, the header's id spaces, the label columns, or the only legal pair."""
    labels: list[str | None] = [pair[0], pair[1]]
    for i, side in enumerate(("source", "target")):
        if labels[i] is None and spaces.get(side) in LABELS:
            labels[i] = spaces[side]
        legal = {p[i] for p in kind.pairs}
        if labels[i] is None and f"{side}_label" not in roles and len(legal) == 1:
            labels[i] = next(iter(legal))
    ends = []
    for label, side in zip(labels, ("source", "target"), strict=True):
        column = roles.get(f"{side}_label")
        legal_here = tuple(sorted({p[("source", "target").index(side)] for p in kind.pairs}))
        ends.append(End(roles.get(side, ""), (label,) if label else legal_here, column if not label else None))
    problem = None
    if labels[0] and labels[1] and (labels[0], labels[1]) not in kind.pairs:
        problem = (
            "label-pair",
            f"{kind.name} does not join {labels[0]} to {labels[1]}",
            "legal: " + ", ".join(f"{a}-{b}" for a, b in kind.pairs[:8]),
        )
    elif any(label is None and not e.label_column for label, e in zip(labels, ends, strict=True)):
        text = f"{kind.name} has several legal end pairs and the labels are not given: all rows must join one pair"
        name = f"{kind.name.lower()}__{kind.pairs[0][0].lower()}__{kind.pairs[0][1].lower()}.csv"
        problem = ("labels-missing", text, f"add the columns, or name the file like {name}")
    return ends[0], ends[1], problem
