"""Rows as cypher-shell prints them (`--format plain`), read back into Python values."""

import re

_PLAIN = {"NULL": None, "TRUE": True, "FALSE": False}
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}


def shell_tables(output, mark="=="):
    """Tables by number: each begins after a row `"==number"` and has a line of names, then one line a row."""
    tables, number = {}, None
    for line in filter(None, output.splitlines()):
        found = re.fullmatch(f'"{re.escape(mark)}(\\d+)"', line)
        if found:
            number = int(found[1])
            tables[number] = []
        elif number is not None and line != "mark":
            tables[number].append(line)
    return {number: _rows(lines) for number, lines in tables.items()}


def _rows(lines):
    names = lines[0].split(", ") if lines else []
    return [dict(zip(names, _values(line, 0, "")[0], strict=True)) for line in lines[1:]]


def _values(text, at, end):
    """Values from a place up to the end of the text or of the list, and where they end."""
    found = []
    while at < len(text) and text[at] != end:
        value, at = _value(text, at)
        found.append(value)
        while at < len(text) and text[at] in ", ":
            at += 1
    return found, at


def _value(text, at):
    if text[at] == "[":
        found, end = _values(text, at + 1, "]")
        return found, end + 1
    if text[at] == '"':
        found = re.compile(r'"((?:[^"\\]|\\.)*)"').match(text, at)
        return re.sub(r"\\(.)", lambda m: _ESCAPED.get(m[1], m[1]), found[1]), found.end()
    found = re.compile(r"[^,\]]+").match(text, at)
    word = found[0].strip()
    if word in _PLAIN:
        return _PLAIN[word], found.end()
    return (int(word) if re.fullmatch(r"-?\d+", word) else float(word)), found.end()
