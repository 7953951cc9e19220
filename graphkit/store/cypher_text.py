"""Tokens of a Cypher text: what is code, what is a string, what is a comment.

Both the reader of packaged files (`queries.py`) and the guard of analysts' texts (`guard.py`) need to know where a statement ends and which
words are code. The scanner follows the lexical rules both engines share and refuses whatever the engines could read differently: an escape
outside a string (Neo4j decodes it *before* parsing, so it may end a comment or spell a keyword), a comment inside a comment, odd line ends in
a comment, invisible characters. Nothing here knows which statements are allowed.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["CypherSyntax", "Token", "split_statements", "tokens"]

_ESCAPE = re.compile(r"\\u+([0-9a-fA-F]{4})?")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|0[oO]?[0-7]+(?![0-9.])|\d+(?:_?\d)*(?:\.\d+)?(?:[eE][+-]?\d+)?")
_OPERATORS = ("..", "<>", "<=", ">=", "=~", "+=", "||", "::")
_BLANKS = " \t\n\r"
_ODD_LINE_ENDS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]|\r(?!\n)")
_RISKY_IN_STRING = "'\"`\\\r\n\x00"


class CypherSyntax(ValueError):
    """The text cannot be read in one way only: what is wrong, and at which character."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position

    def __reduce__(self) -> tuple[type[CypherSyntax], tuple[str, int]]:
        """Rebuild from both arguments, so that the error can cross processes."""
        return type(self), (self.message, self.position)


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of a text.

    `kind` is word, name (in backticks), string, number, comment or sign; `text` is the piece as written, for a name without its backticks;
    `word` is the word in capitals, compatibility forms folded (a long s reads as S), empty for the other kinds.
    """

    kind: str
    text: str
    word: str
    start: int
    end: int


def tokens(text: str) -> tuple[Token, ...]:
    """All tokens of `text`, comments included.

    Parameters
    ----------
    text
        A Cypher text, any number of statements.

    Returns
    -------
    tuple of Token
        In order; blanks are dropped.

    Raises
    ------
    CypherSyntax
        For an unterminated string, name or comment, and for everything the engines might read differently.
    """
    found: list[Token] = []
    position = 0
    while position < len(text):
        if text[position] in _BLANKS:
            position += 1
            continue
        token = _next_token(text, position)
        if token.kind == "string" and found and found[-1].kind == "string" and found[-1].end == token.start:
            raise CypherSyntax("two strings without anything between them", position)
        found.append(token)
        position = token.end
    _check_escapes(text, found)
    return tuple(found)


def split_statements(text: str) -> tuple[str, ...]:
    """Split a file into its statements at each `;` that is code, without comments before or after them.

    Raises
    ------
    CypherSyntax
        As `tokens`.
    """
    statements: list[str] = []
    first = last = -1
    for token in tokens(text):
        if token.kind == "comment":
            continue
        if token.kind == "sign" and token.text == ";":
            if first >= 0:
                statements.append(text[first:last])
            first = last = -1
            continue
        first = token.start if first < 0 else first
        last = token.end
    if first >= 0:
        statements.append(text[first:last])
    return tuple(statements)


def _next_token(text: str, start: int) -> Token:
    sign = text[start]
    if text.startswith("//", start) or text.startswith("/*", start):
        return _comment(text, start)
    if sign in "'\"":
        return _string(text, start)
    if sign == "`":
        return _name(text, start)
    if sign.isdecimal() and sign.isascii() and (number := _NUMBER.match(text, start)):
        return Token("number", number.group(), "", start, number.end())
    if _in_word(sign):
        end = start + 1
        while end < len(text) and _in_word(text[end]):
            end += 1
        return Token("word", text[start:end], _folded(text[start:end]), start, end)
    operator = next((o for o in _OPERATORS if text.startswith(o, start)), sign)
    if not sign.isascii() or not sign.isprintable():
        raise CypherSyntax(f"the character U+{ord(sign):04X} outside a string", start)
    return Token("sign", operator, "", start, start + len(operator))


def _comment(text: str, start: int) -> Token:
    if text.startswith("//", start):
        stop = text.find("\n", start)
        end = len(text) if stop < 0 else stop
    else:
        stop = text.find("*/", start + 2)
        if stop < 0:
            raise CypherSyntax("a comment that is never closed", start)
        end = stop + 2
        if "/*" in text[start + 2 : end]:
            raise CypherSyntax("a comment opened inside a comment", start)
    body = text[start:end]
    if text.startswith("//", start) and body.endswith("\r"):
        body = body[:-1]
    if "\x00" in body or _ODD_LINE_ENDS.search(body):
        raise CypherSyntax("an unusual line end or a NUL in a comment", start)
    return Token("comment", text[start:end], "", start, end)


def _string(text: str, start: int) -> Token:
    position = start + 1
    while position < len(text):
        if text[position] == "\\":
            position += 2
            continue
        if text[position] == text[start]:
            if "\x00" in text[start:position]:
                raise CypherSyntax("a NUL in a string", start)
            return Token("string", text[start : position + 1], "", start, position + 1)
        position += 1
    raise CypherSyntax("a string that is never closed", start)


def _name(text: str, start: int) -> Token:
    position = start + 1
    while True:
        position = text.find("`", position)
        if position < 0:
            raise CypherSyntax("a name in backticks that is never closed", start)
        if text.startswith("``", position):
            position += 2
            continue
        name = text[start + 1 : position].replace("``", "`")
        if "\\" in name or not name.isprintable():
            raise CypherSyntax("a backslash or an invisible character in a name", start)
        return Token("name", name, "", start, position + 1)


@lru_cache(maxsize=4096)
def _in_word(sign: str) -> bool:
    """Letters, digits, marks and connecting signs; format characters are none of them and end up refused."""
    return sign == "_" or sign.isalnum() or unicodedata.category(sign) in ("Mn", "Mc", "Pc", "Nl")


def _folded(word: str) -> str:
    return word.upper() if word.isascii() else unicodedata.normalize("NFKC", word).upper()


def _check_escapes(text: str, found: list[Token]) -> None:
    """Refuse an escape outside a string, and one that spells a sign that could end the string."""
    if "\\u" not in text:
        return
    strings = [(t.start, t.end) for t in found if t.kind == "string"]
    for escape in _ESCAPE.finditer(text):
        at = escape.start()
        if not any(first < at < last for first, last in strings):
            raise CypherSyntax("an escape outside a string", at)
        if escape.group(1) is None or chr(int(escape.group(1), 16)) in _RISKY_IN_STRING:
            raise CypherSyntax("an escape that is broken or spells a quote, a backslash or a line end", at)
