"""`Query` and its header: what a file of cypher/ says about itself.

A file begins with comment lines that name its title, parameters and access, then a sentence of documentation, then the statement(s)::

    // @title 增量触达 | incremental reach
    // @param film STRING
    // @param minCell INTEGER = 50
    // @access read
    // How many people of the film each partner would add.
    MATCH ...;
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from graphkit.errors import InvalidParameter
from graphkit.store.cypher_text import CypherSyntax, split_statements, tokens

__all__ = ["ACCESS", "Param", "Query", "cypher_literal", "parse_query"]

ACCESS: Final = ("read", "write", "schema")
TYPES: Final = ("ANY", "STRING", "INTEGER", "FLOAT", "BOOLEAN", "MAP", "LOCAL DATETIME")

_TAG = re.compile(r"//\s*@(\w+)\s*(.*?)\s*$")
_PARAM = re.compile(r"(?P<name>[A-Za-z_]\w*)\s+(?P<type>[A-Z]+(?: [A-Z]+)*(?:<.+>)?)(?:\s*=\s*(?P<default>.+))?$")


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of a query: its name, its type as written in the header, its default (None when required)."""

    name: str
    type: str
    default: Any = None
    required: bool = True

    def describe(self) -> str:
        """As the header writes it, e.g. `minCell INTEGER = 50`."""
        return f"{self.name} {self.type}" + (
            "" if self.required else f" = {json.dumps(self.default, ensure_ascii=False)}"
        )


@dataclass(frozen=True, slots=True)
class Query:
    """A text that the stores accept. Only `queries.py` and `guard.py` make one.

    `statements` are the texts to send, one call each, without `;`; `title` is `zh | en`; `path` names the file in messages.
    """

    name: str
    text: str = field(repr=False)
    params: tuple[Param, ...]
    access: str
    title: str
    doc: str = field(repr=False)
    path: str
    statements: tuple[str, ...] = field(repr=False)

    def param_line(self, values: dict[str, Any] | None = None) -> str:
        """Return the line an analyst pastes into Browser or cypher-shell before the statement."""
        given = values or {}
        parts = [
            f"{p.name}: {cypher_literal(given.get(p.name, p.default if not p.required else f'<{p.type}>'))}"
            for p in self.params
        ]
        return ":param {" + ", ".join(parts) + "};"


def cypher_literal(value: Any) -> str:
    """Return a value as Cypher writes it: like JSON, but the keys of a map stand bare.

    Examples
    --------
    >>> cypher_literal([{"channel": "c1", "uses": 2, "material": None}])
    '[{channel: "c1", uses: 2, material: null}]'
    """
    if isinstance(value, dict):
        keys = (key if re.fullmatch(r"[A-Za-z]\w*", key) else f"`{key}`" for key in value)
        return (
            "{"
            + ", ".join(f"{key}: {cypher_literal(part)}" for key, part in zip(keys, value.values(), strict=True))
            + "}"
        )
    if isinstance(value, list | tuple):
        return "[" + ", ".join(cypher_literal(part) for part in value) + "]"
    return json.dumps(value, ensure_ascii=False, default=str)


def parse_query(text: str, *, name: str, path: str, declared_only: bool = True) -> Query:
    """Read header and statements of a text.

    Parameters
    ----------
    text
        The file's content.
    name, path
        Name of the query; where it stands, for messages.
    declared_only
        True for packaged files: every `$name` must be declared and every declared one used. False: an undeclared `$name` becomes a required
        parameter of type ANY.

    Returns
    -------
    Query

    Raises
    ------
    InvalidParameter
        For a header line that cannot be read, an unknown type or access, parameters that do not fit the text, or an unterminated string.
    """
    try:
        statements = split_statements(text)
        used = _used_names(text)
    except CypherSyntax as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"{path}: line {line}: {error.message}"
        raise InvalidParameter(message, parameter="text", value=name) from None
    title, access, doc = "", "read", []
    params: dict[str, Param] = {}
    for number, written in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        stripped = written.strip()
        if not stripped:
            continue
        if not stripped.startswith("//"):
            break
        tag = _TAG.match(stripped)
        if tag is None:
            doc.append(stripped.lstrip("/").strip())
        elif tag.group(1) == "param":
            param = _parse_param_line(tag.group(2), f"{path}: line {number}")
            if param.name in params:
                message = f"{path}: line {number}: parameter {param.name} declared twice"
                raise InvalidParameter(message, parameter=param.name, value=tag.group(2))
            params[param.name] = param
        elif tag.group(1) == "title":
            title = tag.group(2)
        elif tag.group(1) == "access":
            access = tag.group(2)
        else:
            message = f"{path}: line {number}: unknown header @{tag.group(1)}"
            raise InvalidParameter(message, parameter="header", value=stripped, allowed="@title, @param, @access")
    if access not in ACCESS:
        message = f"{path}: unknown access {access!r}"
        raise InvalidParameter(message, parameter="access", value=access, allowed=ACCESS)
    if not declared_only:
        params.update({n: Param(n, "ANY") for n in used if n not in params})
    elif set(params) != set(used):
        message = f"{path}: declared parameters {sorted(params)} differ from those used {sorted(used)}"
        raise InvalidParameter(message, parameter="params", value=sorted(set(params) ^ set(used)))
    return Query(name, text, tuple(params.values()), access, title, " ".join(d for d in doc if d), path, statements)


def _used_names(text: str) -> tuple[str, ...]:
    found = tokens(text)
    names = [
        b.text
        for a, b in pairwise(found)
        if a.kind == "sign" and a.text == "$" and b.kind in ("word", "name", "number")
    ]
    return tuple(dict.fromkeys(names))


def _parse_param_line(line: str, where: str) -> Param:
    found = _PARAM.match(line)
    kind = re.sub(r"LIST<(.+)>", r"\1", found["type"]) if found else ""
    while kind.startswith("LIST<"):
        kind = kind[5:-1]
    if found is None or kind not in TYPES:
        message = f"{where}: cannot read the parameter {line!r}"
        raise InvalidParameter(
            message,
            parameter="header",
            value=line,
            allowed="// @param name TYPE [= default], TYPE one of " + ", ".join(TYPES) + ", LIST<TYPE>",
        )
    if found["default"] is None:
        return Param(found["name"], found["type"])
    return Param(found["name"], found["type"], _literal(found["default"], where), required=False)


def _literal(text: str, where: str) -> Any:
    """Read a default: a JSON value, which is also a Cypher literal (objects apart)."""
    try:
        return json.loads(text)
    except ValueError:
        message = f"{where}: the default {text!r} is no JSON value"
        raise InvalidParameter(
            message, parameter="header", value=text, hint='write text in double quotes, e.g. = "promote"'
        ) from None
