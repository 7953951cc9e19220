"""The plain layout: from a file's name and header to the table it holds, neo4j-admin headers included."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from graphkit.errors import close_matches, did_you_mean
from graphkit.model.schema import LABELS, NodeLabel, RelationshipType
from graphkit.model.validate import Finding, Severity
from graphkit.store.mapping import ADMIN_HEADER, TYPE_OF_SUFFIX, End, Source, TableSpec, kept_property, kept_twice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from graphkit.model.properties import Property

_SPECIAL = {"ID", "START_ID", "END_ID", "LABEL", "TYPE", "IGNORE"}
_NAMED = 20  # unknown columns named one by one


def plain_spec(
    file: str,
    names: list[str],
    kind: NodeLabel | RelationshipType,
    pair: tuple[str | None, str | None],
    keep: Mapping[str, tuple[str, ...]],
) -> tuple[TableSpec, list[Finding]]:
    """Table of a file of the plain layout, from its header; and what is wrong with the header."""
    head = _read_header(file, names, kind, keep)
    findings = [*head.findings, *_missing(file, kind, head), *_unknown(file, kind, head.unknown)]
    checks = tuple(head.checks)
    if isinstance(kind, NodeLabel):
        return TableSpec(
            file, kind, id=head.roles.get("id", ""), columns=head.columns, kept=head.kept, checks=checks
        ), findings
    source, target, problem = _plain_ends(kind, head.roles, head.spaces, pair)
    one_pair = problem is not None and problem[0] == "labels-missing"
    if problem is not None:
        severity: Severity = "warning" if one_pair else "error"
        findings.append(Finding(problem[0], severity, file, 1, None, None, problem[1], problem[2]))
    spec = TableSpec(
        file, kind, source=source, target=target, columns=head.columns, kept=head.kept, checks=checks, one_pair=one_pair
    )
    return spec, findings


@dataclass
class _Header:
    """Columns of a file by what they are for."""

    roles: dict[str, str] = field(default_factory=dict)
    spaces: dict[str, str] = field(default_factory=dict)
    columns: dict[str, Source] = field(default_factory=dict)
    kept: dict[str, Property] = field(default_factory=dict)
    checks: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def _read_header(
    file: str, names: list[str], kind: NodeLabel | RelationshipType, keep: Mapping[str, tuple[str, ...]]
) -> _Header:
    """Say of every column what it is: an end, a property of the model, one to keep, a check, or unknown."""
    head, stem = _Header(), Path(file).name.split(".")[0]
    wanted = {*keep.get(file, ()), *keep.get(kind.name, ()), *keep.get(stem, ()), *keep.get("all", ())}
    # an entry may give the type that the header does not: "vector:string[]" keeps the column vector as a list
    typed = {
        found["name"]: entry
        for entry in wanted
        if (found := ADMIN_HEADER.match(entry)) and found["kind"] in TYPE_OF_SUFFIX
    }
    fixed = {"id"} if isinstance(kind, NodeLabel) else {"source", "target", "source_label", "target_label"}
    for column in names:
        found = ADMIN_HEADER.match(column)
        if found and found["kind"] in _SPECIAL:
            _special(head, column, found["kind"], found["space"] or "", fixed)
            continue
        name = found["name"] if found and found["kind"] in TYPE_OF_SUFFIX else column
        if name in fixed and name not in head.roles:
            head.roles[name] = column
        elif name in kind.properties and name not in head.columns and name != "id":
            if kind.properties[name].written:
                text = f"{name} is written by graphkit itself and not read"
                head.findings.append(
                    Finding("written-column", "warning", file, 1, column, None, text, "remove the column")
                )
            else:
                head.columns[name] = Source(column=column)
        elif (column in wanted or name in wanted or column in typed) and name not in kind.properties:
            head.kept[column] = kept_property(typed.get(column, column))
        else:
            head.unknown.append(column)
    doubled = kept_twice(head.kept)
    if doubled is not None:
        head.findings.append(Finding("header", "error", file, 1, None, None, doubled, "rename one of them"))
    return head


def _special(head: _Header, column: str, kind: str, space: str, fixed: set[str]) -> None:
    """Take a column of a neo4j-admin header: an id with its space, a label to check, or one to leave."""
    role = {"ID": "id", "START_ID": "source", "END_ID": "target"}.get(kind, "")
    if role in fixed and role not in head.roles:
        head.roles[role], head.spaces[role] = column, space
    elif kind in {"LABEL", "TYPE"}:
        head.checks.append(column)
    elif kind != "IGNORE":
        head.unknown.append(column)


def _missing(file: str, kind: NodeLabel | RelationshipType, head: _Header) -> Iterator[Finding]:
    """Columns the table cannot do without, each with the name it may stand under."""
    needed = ["id"] if isinstance(kind, NodeLabel) else ["source", "target"]
    needed += [p.name for p in kind.properties.values() if p.required and p.name != "id"]
    for name in needed:
        if name not in head.roles and name not in head.columns:
            near = close_matches(name, head.unknown) or tuple(c for c in head.unknown if c.lower() == name)
            hint = f"rename the column {near[0]!r}" if near else f"add the column {name}"
            yield Finding("missing-column", "error", file, 1, name, None, f"{kind.name} needs the column {name}", hint)


def _unknown(file: str, kind: NodeLabel | RelationshipType, columns: list[str]) -> Iterator[Finding]:
    """Columns that are left out, the first one by one."""
    for column in columns[:_NAMED]:
        near = did_you_mean(column, kind.properties)
        hint = f"{near} " if near else ""
        text = f"column {column[:80]!r} is not registered for {kind.name} and not kept"
        hint += "name it under [keep] in dataset.toml to keep it"
        yield Finding("unknown-column", "warning", file, 1, column[:200], None, text, hint)
    if len(columns) > _NAMED:
        text = f"{len(columns) - _NAMED} more columns are not registered for {kind.name} and not kept"
        yield Finding(
            "unknown-column",
            "warning",
            file,
            1,
            None,
            None,
            text,
            "name them under [keep] in dataset.toml to keep them",
        )


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
