"""Target groups: a small expression over User properties, as a mask and as a Cypher condition.

Grammar (words in any case)::

    or   := and ("or" and)*          and := not ("and" not)*          not := "not" not | "(" or ")" | test
    test := name ("=" | "!=" | "<>" | "<" | "<=" | ">" | ">=") value
          | name ["not"] "in" "(" value ("," value)* ")"   | name ["not"] "between" value "and" value

A value is a number, `true`, `false` or a quoted text. As in Cypher a test on a missing property is neither true
nor false, `not` keeps it so, and only rows where the whole expression is true are taken.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import InvalidParameter, did_you_mean
from graphkit.model.schema import LABELS
from graphkit.model.tables import NodeColumns, is_missing

if TYPE_CHECKING:
    from collections.abc import Callable

Mask = NDArray[np.bool_]
Value = str | int | float | bool

_TOKEN = re.compile(
    r"\s*(?:(?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])"
    r"|(?P<text>'(?:[^'\\]|\\['\\])*'|\"(?:[^\"\\]|\\[\"\\])*\")"
    r"|(?P<op><=|>=|<>|!=|=|<|>|\(|\)|,)|(?P<name>[A-Za-z_]\w*))",
    re.ASCII,
)
_TESTS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_MAX_LENGTH, _MAX_DEPTH, _MAX_DIGITS = 10_000, 100, 40  # more digits are beyond the range of numbers anyway


@dataclass(frozen=True)
class _Node:
    """A test (op, property, values) or a junction (op, parts)."""

    op: str
    name: str = ""
    values: tuple[Value, ...] = ()
    parts: tuple[_Node, ...] = ()


@dataclass(frozen=True)
class Target:
    """A parsed target expression.

    Parameters
    ----------
    text
        The expression as given.
    root
        Its syntax tree.
    """

    text: str
    root: _Node

    @property
    def properties(self) -> tuple[str, ...]:
        """Names of the properties the expression reads."""
        return tuple(sorted(_names(self.root)))

    def to_mask(self, nodes: NodeColumns) -> Mask:
        """Mask of the nodes for which the expression is true."""
        return _evaluate(self.root, nodes)[0]

    def to_cypher(self, variable: str = "u") -> tuple[str, dict[str, Any]]:
        """Condition for a WHERE with its parameters; values never enter the text."""
        if not re.fullmatch(r"[A-Za-z_]\w{0,63}", variable, re.ASCII):
            raise InvalidParameter(f"not a variable name: {variable!r}", parameter="variable", value=variable)
        params: dict[str, Any] = {}
        return _cypher(self.root, variable, params), params


class _Parser:
    """Recursive descent over the tokens."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.tokens: list[tuple[str, str, int]] = []
        position = 0
        stripped = text.rstrip()
        while position < len(stripped):
            found = _TOKEN.match(stripped, position)
            if not found:
                raise self.error(f"cannot read {stripped[position : position + 20]!r}", position)
            self.tokens.append(
                (str(found.lastgroup), found.group(str(found.lastgroup)), found.start(str(found.lastgroup)))
            )
            position = found.end()

    def error(self, what: str, position: int | None = None) -> InvalidParameter:
        at = (
            position
            if position is not None
            else (self.tokens[self.at][2] if self.at < len(self.tokens) else len(self.text))
        )
        return InvalidParameter(
            f"target expression: {what} at character {at + 1} of {self.text[:200]!r}",
            parameter="target",
            value=self.text,
            hint="write it like: age>=18 and region='上海'",
        )

    def peek(self) -> tuple[str, str]:
        kind, text, _ = self.tokens[self.at] if self.at < len(self.tokens) else ("end", "", 0)
        return kind, text

    def word(self, *words: str) -> bool:
        """Take the next token if it is one of these words or signs."""
        kind, text = self.peek()
        if kind in {"name", "op"} and text.lower() in words:
            self.at += 1
            return True
        return False

    def expect(self, sign: str) -> None:
        if not self.word(sign):
            raise self.error(f"expected {sign!r}")

    def junction(self, depth: int, op: str = "or") -> _Node:
        if depth > _MAX_DEPTH:
            raise self.error("nested too deeply")

        def below() -> _Node:
            return self.junction(depth, "and") if op == "or" else self.negation(depth)

        parts = [below()]
        while self.word(op):
            parts.append(below())
        return parts[0] if len(parts) == 1 else _Node(op, parts=tuple(parts))

    def negation(self, depth: int) -> _Node:
        if depth > _MAX_DEPTH:
            raise self.error("nested too deeply")
        if self.word("not"):
            return _Node("not", parts=(self.negation(depth + 1),))
        if self.word("("):
            inner = self.junction(depth + 1)
            self.expect(")")
            return inner
        return self.test()

    def test(self) -> _Node:
        kind, name = self.peek()
        if kind != "name":
            raise self.error("expected a property of User")
        known = LABELS["User"].properties
        if name not in known:
            near = did_you_mean(name, known)
            raise self.error(f"User has no property {name!r}" + (f", {near}" if near else ""))
        if known[name].type == "LIST":
            raise self.error(f"{name} is a list and cannot be compared")
        self.at += 1
        kind, sign = self.peek()
        if kind == "op" and (sign in _TESTS or sign == "!="):
            self.at += 1
            return _Node("<>" if sign == "!=" else sign, name, (self.value(name),))
        negated = self.word("not")
        if self.word("in"):
            self.expect("(")
            values = [self.value(name)]
            while self.word(","):
                values.append(self.value(name))
            self.expect(")")
            found = _Node("in", name, tuple(values))
        elif self.word("between"):
            low = self.value(name)
            self.expect("and")
            found = _Node("between", name, (low, self.value(name)))
        else:
            raise self.error("expected a comparison, 'in' or 'between'")
        return _Node("not", parts=(found,)) if negated else found

    def value(self, name: str) -> Value:
        kind, text = self.peek()
        value: Value
        if kind == "number":
            value = float(text) if re.search(r"[.eE]", text) or len(text) > _MAX_DIGITS else int(text)
            if not -(2**63) <= value < 2**63:
                raise self.error(f"{text} is beyond the range of numbers")
        elif kind == "text":
            value = re.sub(r"\\(.)", r"\1", text[1:-1])
        elif kind == "name" and text.lower() in {"true", "false"}:
            value = text.lower() == "true"
        else:
            raise self.error("expected a number, a quoted text, true or false")
        wanted = LABELS["User"].properties[name].type
        fits = {"INTEGER": (int, float), "FLOAT": (int, float), "BOOLEAN": (bool,)}.get(wanted, (str,))
        if not isinstance(value, fits) or (isinstance(value, bool) and wanted != "BOOLEAN"):
            raise self.error(f"{name} is {wanted}, not {text}")
        self.at += 1
        return value


def parse_target(text: str) -> Target:
    """Read a target expression.

    Raises
    ------
    InvalidParameter
        Not of the grammar, an unknown property, or a value of another type than the property's.
    """
    if not text.strip() or len(text) > _MAX_LENGTH:
        raise InvalidParameter(
            f"a target expression has 1 to {_MAX_LENGTH} characters",
            parameter="target",
            value=text[:50],
            hint="leave it out to take everyone",
        )
    parser = _Parser(text)
    root = parser.junction(0)
    if parser.at < len(parser.tokens):
        raise parser.error("unexpected text")
    return Target(text, root)


def _names(node: _Node) -> set[str]:
    return ({node.name} if node.name else set()).union(*map(_names, node.parts))


def _evaluate(node: _Node, nodes: NodeColumns) -> tuple[Mask, Mask]:
    """(certainly true, certainly false) per row: Cypher's three-valued logic."""
    if node.op in {"and", "or"}:
        sides = [_evaluate(p, nodes) for p in node.parts]
        every, some = (np.logical_and.reduce, np.logical_or.reduce)
        true, false = [s[0] for s in sides], [s[1] for s in sides]
        return (every(true), some(false)) if node.op == "and" else (some(true), every(false))
    if node.op == "not":
        true_, false_ = _evaluate(node.parts[0], nodes)
        return false_, true_
    column = nodes.ids if node.name == "id" else nodes.column(node.name)
    known = ~is_missing(column)
    holds = np.zeros(len(column), dtype=np.bool_)
    cells = column[known]
    if node.op == "in":
        holds[known] = np.fromiter((x in node.values for x in cells.tolist()), dtype=np.bool_, count=len(cells))
    elif node.op == "between":
        low, high = node.values
        holds[known] = np.fromiter((low <= x <= high for x in cells.tolist()), dtype=np.bool_, count=len(cells))
    else:
        test, value = _TESTS[node.op], node.values[0]
        holds[known] = np.fromiter((test(x, value) for x in cells.tolist()), dtype=np.bool_, count=len(cells))
    return holds, known & ~holds


def _cypher(node: _Node, variable: str, params: dict[str, Any]) -> str:
    """Text of a node; each value goes to a parameter of its own."""
    if node.parts and node.op != "not":
        return "(" + f" {node.op.upper()} ".join(_cypher(p, variable, params) for p in node.parts) + ")"
    if node.op == "not":
        return f"(NOT {_cypher(node.parts[0], variable, params)})"

    def param(value: object) -> str:
        params[f"target{len(params)}"] = value
        return f"$target{len(params) - 1}"

    place = f"{variable}.{node.name}"
    if node.op == "in":
        return f"({place} IN {param(list(node.values))})"
    if node.op == "between":
        return f"(({place} >= {param(node.values[0])}) AND ({place} <= {param(node.values[1])}))"
    return f"({place} {node.op} {param(node.values[0])})"
