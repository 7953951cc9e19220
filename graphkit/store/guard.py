r"""Which analysts' texts are plain reads: the first layer of the read-only mode.

Block-lists of words fail both ways: FOREACH, CALL {} and LOAD CSV slip through, while `n.load` or `AS set` are refused. This guard works on
tokens (`cypher_text.py`), so strings, comments and names in backticks never count, escapes hide nothing, and a word counts as a clause only
where a clause can stand. It allows what it can prove: one statement that begins with a reading clause, no writing clause anywhere, no file or
network access, no procedure or dotted function outside a short list. The engines refuse writes once more on their own (see the stores); files
and procedures are refused *only* here on the embedded engine.

Where a clause can stand
------------------------
A word such as SET is harmless when the token after it cannot follow that clause (`{set: 1}`, `set.age`, `set,`), when the token before it
makes it a name (`u.set`, `:Set`, `$set`) or demands an operand (`, set`, `= set`), and after AS, RETURN, WHERE ... as long as the text never
uses that very keyword as a name. In every other place it is a clause, and the text is refused.
"""

from __future__ import annotations

from typing import Final

from graphkit.errors import InvalidParameter, WriteRefused
from graphkit.store.cypher_text import CypherSyntax, Token, tokens
from graphkit.store.query_header import Query, parse_query

__all__ = ["ALLOWED_PROCEDURES", "guard_text"]

ALLOWED_PROCEDURES: Final = frozenset(
    {"db.labels", "db.relationshiptypes", "db.propertykeys", "db.schema.visualization"}
)
MAX_CHARACTERS: Final = 200_000

_FIRST_WORDS = frozenset({"MATCH", "OPTIONAL", "WITH", "UNWIND", "RETURN", "CALL"})
_CLAUSES = frozenset(
    [
        "CREATE",
        "MERGE",
        "SET",
        "DELETE",
        "DETACH",
        "NODETACH",
        "REMOVE",
        "FOREACH",
        "INSERT",
        "DROP",
        "USE",
        "ALTER",
        "GRANT",
        "DENY",
        "REVOKE",
    ]
)
_FUNCTION_ROOTS = frozenset(["date", "datetime", "localdatetime", "localtime", "time", "duration", "point", "vector"])
# After one of these the word before cannot be a clause: no clause starts with a comma, a closing bracket, a comparison ...
_CANNOT_FOLLOW = frozenset(
    [
        ",",
        ")",
        "]",
        "}",
        ":",
        ".",
        "=",
        "<",
        ">",
        "<=",
        ">=",
        "<>",
        "=~",
        "+=",
        "..",
        "|",
        "||",
        "*",
        "/",
        "%",
        "^",
        "&",
        ";",
        "::",
    ]
)
# After one of these comes a name or an operand, never a clause.
_NAME_BEFORE = frozenset([".", ":", "$", "::"])
# Not here, since a pattern, a label expression or a type may end with them: * + % > ) ] }
_OPERAND_BEFORE = frozenset([",", "(", "[", "=", "<", "<=", ">=", "<>", "=~", "+=", "-", "/", "^", "||", ".."])
_OPERAND_WORDS = frozenset(
    ["AS", "RETURN", "WITH", "WHERE", "BY", "AND", "OR", "XOR", "IN", "WHEN", "THEN", "ELSE", "UNWIND", "CONTAINS"]
)
# A variable or label called like a keyword is introduced after one of these.
_INTRODUCES = frozenset(["(", "[", ",", "|", "&", "!", "%", ".", ":", "$", "::", "AS", "YIELD", "MATCH"])


def guard_text(text: str, *, name: str = "analyst") -> Query:
    """Turn an analyst's own text into a `Query`, if it provably only reads.

    Parameters
    ----------
    text
        One Cypher statement, with or without `;`. Header comments (`// @param id STRING`) are understood as in packaged files; a `$name`
        without a header becomes a parameter of any type.
    name
        What messages call the text, for example its file name.

    Returns
    -------
    Query
        With access `read`.

    Raises
    ------
    WriteRefused
        When the text writes, reads files, calls procedures or functions outside the allow-list, administers, holds more than one statement,
        or cannot be read in one way only. The message names the reason and the line.
    InvalidParameter
        When the text is empty, too long, or a header line is wrong.

    Notes
    -----
    Whether names and types exist is not checked here; the engine says so.

    Examples
    --------
    >>> guard_text("MATCH (u:User) RETURN u.set AS set").access
    'read'
    """
    if len(text) > MAX_CHARACTERS:
        message = f"{name}: a text of {len(text):,} characters; at most {MAX_CHARACTERS:,} are read"
        raise InvalidParameter(message, parameter="text", value=len(text), allowed=f"<= {MAX_CHARACTERS}")
    text = text.removeprefix("\ufeff")
    try:
        found = tokens(text)
    except CypherSyntax as error:
        raise _refusal(name, text, error.position, error.message) from None
    code = [t for t in found if t.kind != "comment"]
    while code and code[-1].text == ";" and code[-1].kind == "sign":
        code.pop()
    if not code:
        message = f"{name}: no statement in the text"
        raise InvalidParameter(
            message,
            parameter="text",
            value="",
            hint="write one reading statement, e.g. MATCH (u:User) RETURN count(u) AS n;",
        )
    offence = _first_offence(code)
    if offence is not None:
        at, reason = offence
        raise _refusal(name, text, code[at].start, reason)
    query = parse_query(text, name=name, path=name, declared_only=False)
    if query.access != "read":
        raise _refusal(name, text, 0, f"its header says @access {query.access}")
    return query


def _refusal(name: str, text: str, position: int, reason: str) -> WriteRefused:
    line = text.count("\n", 0, position) + 1
    message = f"{name}: line {line}: refused, {reason}"
    hint = "analysts' texts are one reading statement: MATCH, WITH, UNWIND, CALL { } and RETURN; see graphkit query --list for ready ones"
    return WriteRefused(message, hint=hint)


def _first_offence(code: list[Token]) -> tuple[int, str] | None:
    """Position in `code` and reason of the first thing that is no read."""
    if code[0].word not in _FIRST_WORDS:
        return 0, f"it begins with {code[0].text[:30]!r}, not with a reading clause"
    spoiled = _keywords_used_as_names(code)
    for at, token in enumerate(code):
        reason = _offence(code, at, token, spoiled)
        if reason is not None:
            return at, reason
    return None


def _offence(code: list[Token], at: int, token: Token, spoiled: frozenset[str]) -> str | None:
    if token.kind == "sign":
        return "more than one statement" if token.text == ";" else None
    if token.kind not in ("word", "name"):
        return None
    if (function := _foreign_function(code, at)) is not None:
        return f"the function {function} is not on the list"
    if token.kind == "name":
        return None
    following = code[at + 1] if at + 1 < len(code) else None
    word = following.word if following else ""
    if token.word == "LOAD" and word == "CSV":
        return "LOAD CSV reads files"
    if (
        token.word == "IN"
        and at
        and code[at - 1].text == "}"
        and any(t.word == "TRANSACTIONS" for t in code[at + 1 : at + 4])
    ):
        return "CALL { } IN TRANSACTIONS writes in batches"
    if token.word == "UNION" and not _is_name(code, at, spoiled):
        after = next((t for t in code[at + 1 : at + 3] if t.word not in ("ALL", "DISTINCT")), None)
        return None if after is None or after.word in _FIRST_WORDS else f"UNION followed by {after.text[:30]!r}"
    if token.word == "CALL" and not _is_name(code, at, spoiled):
        return _foreign_procedure(code, at)
    if token.word in _CLAUSES and not _is_name(code, at, spoiled):
        return f"{token.word} is no reading clause"
    return None


def _is_name(code: list[Token], at: int, spoiled: frozenset[str]) -> bool:
    """Whether the word at this place is a property, label, alias or variable rather than a clause."""
    before = code[at - 1] if at else None
    after = code[at + 1] if at + 1 < len(code) else None
    if before is not None and before.kind == "sign":
        after_number = before.text == "." and at >= 2 and code[at - 2].kind == "number"
        if (before.text in _NAME_BEFORE and not after_number) or before.text in _OPERAND_BEFORE:
            return True
    if after is None or (after.kind == "sign" and after.text in _CANNOT_FOLLOW):
        return True
    return before is not None and before.word in _OPERAND_WORDS and before.word not in spoiled


def _keywords_used_as_names(code: list[Token]) -> frozenset[str]:
    """Keywords that this text also uses as a variable, label or property: after them nothing is taken for granted."""
    spoiled = set()
    for at, token in enumerate(code):
        if token.word not in _OPERAND_WORDS or not at:
            continue
        before, after = code[at - 1], code[at + 1] if at + 1 < len(code) else None
        if (before.word or before.text) in _INTRODUCES or (
            after is not None and after.kind == "sign" and after.text in ("=", ".")
        ):
            spoiled.add(token.word)
    return frozenset(spoiled)


def _dotted(code: list[Token], at: int) -> tuple[str, int]:
    """Return the dotted name that begins here and the position after it."""
    parts = [code[at].text]
    at += 1
    while (
        at + 1 < len(code)
        and code[at].text == "."
        and code[at].kind == "sign"
        and code[at + 1].kind in ("word", "name")
    ):
        parts.append(code[at + 1].text)
        at += 2
    return ".".join(parts), at


def _foreign_procedure(code: list[Token], at: int) -> str | None:
    following = code[at + 1] if at + 1 < len(code) else None
    if following is None or (following.kind == "sign" and following.text in "{("):
        return None  # a subquery; its clauses are checked like all others
    if following.kind not in ("word", "name"):
        return f"CALL followed by {following.text[:30]!r}"
    procedure, _ = _dotted(code, at + 1)
    return None if procedure.lower() in ALLOWED_PROCEDURES else f"the procedure {procedure} is not on the list"


def _foreign_function(code: list[Token], at: int) -> str | None:
    """Name the library function called here, if any: a dotted name and a bracket; time, point and vector functions are plain."""
    if at and code[at - 1].kind == "sign" and code[at - 1].text == ".":
        return None
    if at and code[at - 1].word == "CALL":
        return None
    function, end = _dotted(code, at)
    if end == at + 1 or end >= len(code) or code[end].text != "(" or code[end].kind != "sign":
        return None
    return None if code[at].text.lower() in _FUNCTION_ROOTS else function
