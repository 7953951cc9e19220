"""`dataset.toml` and mapping files: bytes to a `Dataset`, every value of the wrong kind refused with its line."""

from __future__ import annotations

import codecs
import math
import re
import tomllib
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from graphkit.errors import did_you_mean
from graphkit.model.properties import EPOCH_UNITS
from graphkit.model.vocabulary import CHANNEL_KIND, EVENT_KIND, PLACEMENT
from graphkit.store.mapping import Dataset, MappingWrong
from graphkit.store.mapping_tables import edge_table, node_table, texts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

__all__ = ["KEYS", "line_of", "parse_dataset"]

KEYS: dict[str, type] = {
    "name": str,
    "currency": str,
    "time_zone": str,
    "event_time_unit": str,
    "ends_in_store": bool,
    "keep": dict,
    "encoding": dict,
    "reach_p": dict,
    "event_weights": dict,
    "notes": dict,
    "nodes": list,
    "relationships": list,
}
_SETTINGS = ("reach_p", "event_weights", "notes")  # what a store keeps of them, beside keys that nothing reads
_NUMBERS: dict[str, tuple[frozenset[str], float, str, str]] = {
    "reach_p": (
        frozenset({*CHANNEL_KIND, *PLACEMENT, "placement"}),
        1.0,
        "numbers in [0, 1] per channel kind",
        "kol = 0.1",
    ),
    "event_weights": (frozenset(EVENT_KIND), 2.0**63, "numbers of at least 0 per kind of event", "view = 1.0"),
}
_FORMS: dict[type, tuple[str, str]] = {
    str: ("one text", '{} = "..."'),
    bool: ("true or false", "{} = true"),
    dict: ("a table", "[{}]"),
    list: ("an array of tables", "[[{}]]"),
}


def parse_dataset(data: bytes, default_name: str) -> Dataset:
    """Read `dataset.toml` or a mapping file.

    Raises
    ------
    MappingWrong
        Not UTF-8, not TOML, or with a value of the wrong kind.

    Examples
    --------
    >>> parse_dataset(b'name = "autumn"', "folder").name, parse_dataset(b"", "folder").name
    ('autumn', 'folder')
    """
    text, raw = _toml(data)
    _check_kinds(raw, text)
    for name in _NUMBERS:
        _check_numbers(name, raw.get(name, {}), text)
    zone = _zone(raw.get("time_zone"), text)
    keep = {str(k): tuple(texts(v, f"keep.{k}")) for k, v in raw.get("keep", {}).items()}
    tables = [node_table(t, keep) for t in raw.get("nodes", [])]
    tables += [edge_table(t, keep) for t in raw.get("relationships", [])]
    return Dataset(
        raw.get("name", default_name),
        raw.get("currency"),
        raw.get("time_zone"),
        zone,
        keep,
        tuple(tables),
        {k: _setting(k, v, text) for k, v in raw.items() if k in _SETTINGS or k not in KEYS},
        _encodings(raw.get("encoding", {})),
        _unit(raw.get("event_time_unit"), text),
        raw.get("ends_in_store", False),
        text,
    )


def line_of(text: str, key: str) -> int | None:
    r"""Return the line of a file where a key, or the head of its table, stands first.

    Examples
    --------
    >>> line_of('name = "x"\n[keep]\n"nodes/user.csv" = ["age"]', "nodes/user.csv")
    3
    """
    found = re.search(rf"""(?m)(?:^|[{{,])[ \t]*(?:\[+[ \t]*)?["']?{re.escape(key)}["']?[ \t]*[\]=.]""", text)
    return text.count("\n", 0, found.start()) + 1 if found else None


def _toml(data: bytes) -> tuple[str, dict[str, Any]]:
    """Return the text and what it says."""
    try:
        text = data.decode("utf-8-sig")
        return text, tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MappingWrong("the text is not UTF-8", rule="encoding", line=line, hint="save it as UTF-8") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a plain ValueError
        found = re.search(r"line (\d+)", str(error))
        line = int(found[1]) if found else 1
        raise MappingWrong(
            f"not TOML: {error}", rule="dataset", line=line, hint="texts stand in double quotes"
        ) from error


def _unit(name: str | None, text: str) -> str | None:
    if name is None or name in EPOCH_UNITS:
        return name
    hint = f"known: {', '.join(EPOCH_UNITS)}"
    raise MappingWrong(
        f"unknown unit of time {name!r}", rule="dataset", line=line_of(text, "event_time_unit"), hint=hint
    )


def _known(key: str, known: Iterable[str], text: str, table: str) -> None:
    """Refuse a key that nothing reads: it would change nothing, without a word."""
    if key in known:
        return
    hint = did_you_mean(key, known, f"known: {', '.join(sorted(known))}")
    if key in KEYS:
        hint = f"write {key} above the first [table]"
    raise MappingWrong(f"unknown key {key!r} in [{table}]", rule="dataset", line=line_of(text, key), hint=hint)


def _check_numbers(name: str, given: dict[str, Any], text: str) -> None:
    """Refuse a word that is no kind, and a value that is no number in its range."""
    known, high, what, example = _NUMBERS[name]
    for key, value in given.items():
        _known(key, known, text, name)
        if type(value) not in (int, float) or not 0 <= value <= high:
            raise MappingWrong(
                f"{name} must hold {what}, not {given!r}",
                rule="dataset",
                line=line_of(text, key),
                hint=f"write it like: {name} = {{ {example} }}",
            )


def _check_kinds(raw: dict[str, Any], text: str) -> None:
    """Refuse a key of ours that holds another kind of value."""
    for name, wanted in KEYS.items():
        if name in raw and not isinstance(raw[name], wanted):
            what, form = _FORMS[wanted]
            hint = f"write it like: {form.format(name)}"
            if name == "currency":
                hint = "one currency per data directory"
            raise MappingWrong(
                f"{name} must be {what}, not {raw[name]!r}", rule="dataset", line=line_of(text, name), hint=hint
            )


def _zone(name: str | None, text: str) -> tzinfo | None:
    """Return the declared time zone."""
    try:
        return None if name is None else ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise MappingWrong(
            f"unknown time zone {name!r}",
            rule="dataset",
            line=line_of(text, "time_zone"),
            hint='for example "Asia/Shanghai" or "UTC"',
        ) from error


def _encodings(given: dict[str, Any]) -> dict[str, str]:
    """Return the encoding of each file that is not in that of the others, after checking that Python knows it."""
    for file, name in given.items():
        try:
            codecs.lookup(name)
        except (LookupError, TypeError) as error:
            raise MappingWrong(
                f"encoding of {file!r} is {name!r}, no text encoding",
                rule="dataset",
                hint="utf-8, gb18030, big5, utf-16, latin-1, ...",
            ) from error
    return dict(given)


def _setting(key: str, value: Any, text: str) -> Any:
    """Return a further key as JSON knows it: a store keeps the settings, so dates become texts."""
    if isinstance(value, dict):
        return {k: _setting(k, v, text) for k, v in value.items()}
    if isinstance(value, list):
        return [_setting(key, v, text) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        line = line_of(text, key)
        raise MappingWrong(
            f"{key} must be finite, not {value!r}", rule="dataset", line=line, hint=f"write it like: {key} = 0.5"
        )
    return value if isinstance(value, str | bool | int | float) else value.isoformat()
