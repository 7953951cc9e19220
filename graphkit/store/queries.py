"""Named Cypher: finding, reading and checking the files under cypher/.

The name of a query is its path without suffix (`partners/incremental_reach`). In a checkout or an editable install the folder `cypher/` stands
beside the package, next to `setup.cfg`; in a wheel it is the package `graphkit.cypher`. Only this module and `guard.py` turn text into a
`Query`, and the stores accept nothing else: no text from data or users ever becomes part of a statement.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import shlex
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from graphkit.check import refuse
from graphkit.errors import InvalidParameter, QueryNotFound, close_matches
from graphkit.store.query_header import Param, Query, parse_query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

__all__ = [
    "Param",
    "Query",
    "check_params",
    "cypher_root",
    "list_queries",
    "load_query",
    "parse_param",
    "parse_query",
    "query_command",
]

_INT64: Final = 2**63
_SPELLED: Final = {"INTEGER": "20", "FLOAT": "0.5", "BOOLEAN": "true", "LOCAL DATETIME": "2026-05-01T10:00:00"}


def cypher_root() -> Traversable:
    """Folder of the packaged queries: the checkout's when this is one, else the installed one."""
    checkout = Path(__file__).parents[2]
    if (checkout / "setup.cfg").is_file() and (checkout / "cypher").is_dir():
        return checkout / "cypher"
    return files("graphkit") / "cypher"


def load_query(name: str) -> Query:
    """Return the query of this name.

    Parameters
    ----------
    name
        Path without suffix, e.g. `channels/audience`.

    Returns
    -------
    Query
        Frozen; the same object at every call.

    Raises
    ------
    QueryNotFound
        With close matches among the known names.
    InvalidParameter
        When the file's header and statement do not fit each other.
    """
    if not isinstance(name, str):
        refuse("name", name, "the name of a query, such as channels/audience")
    return _loaded(name)


@cache
def _loaded(name: str) -> Query:
    known = _paths()
    if name not in known:
        close = close_matches(name, known)
        message = f"there is no query {name!r}"
        hint = f"did you mean {', '.join(close)}?" if close else "graphkit query --list shows all names"
        raise QueryNotFound(message, kind="query", name=name, close_matches=close, hint=hint)
    return parse_query(known[name].read_text(encoding="utf-8"), name=name, path=f"cypher/{name}.cypher")


@cache
def list_queries() -> tuple[Query, ...]:
    """All packaged queries, of every access, by name."""
    return tuple(load_query(name) for name in sorted(_paths()))


def query_command(name: str, params: Mapping[str, object]) -> str:
    """Return the command line that runs a named query, quoted for a shell."""
    words = ["graphkit", "query", name]
    for key, value in params.items():
        words += ["--param", f"{key}={json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value}"]
    return shlex.join(words)


def check_params(query: Query, given: Mapping[str, Any], *, partial: bool = False) -> dict[str, Any]:
    """Return the parameters to send: defaults filled in, every value checked against its type.

    Parameters
    ----------
    query
        The query to run.
    given
        Python values by name.
    partial
        True: a required parameter that is not given is left out, as for a line that only shows what to fill in.

    Returns
    -------
    dict
        One value for every declared parameter.

    Raises
    ------
    InvalidParameter
        For a missing, unknown or wrongly typed parameter; the hint shows the `:param` line to paste.
    """
    if not isinstance(given, Mapping):
        refuse("params", given, "a mapping of names to values")
    names = [p.name for p in query.params]
    unknown = sorted(set(given) - set(names))
    if unknown:
        message = f"{query.name} has no parameter {unknown[0]!r}; it has {', '.join(names) or 'none'}"
        raise InvalidParameter(
            message, parameter=unknown[0], value=given[unknown[0]], allowed=names, hint=query.param_line()
        )
    checked: dict[str, Any] = {}
    for param in query.params:
        if param.name not in given and param.required:
            if partial:
                continue
            message = f"{query.name} needs the parameter {param.name} ({param.type})"
            raise InvalidParameter(
                message,
                parameter=param.name,
                value=None,
                allowed=param.type,
                hint=f"--param {param.name}=...; in Browser: {query.param_line()}",
            )
        value = given.get(param.name, param.default)
        if value is None and not param.required and param.default is None:
            checked[param.name] = None
            continue
        try:
            checked[param.name] = _counted(query, param.name, _typed(value, param.type))
        except (TypeError, ValueError) as error:
            message = f"{query.name}: the parameter {param.name} must be {param.type}: got {value!r} ({error})"
            raise InvalidParameter(
                message, parameter=param.name, value=value, allowed=param.type, hint=query.param_line()
            ) from None
    return checked


def parse_param(text: str, type: str, name: str = "") -> Any:  # noqa: A002 - the name of the joint between store and command line
    """Read a parameter's value from the command line.

    A STRING is taken as it stands, whatever it looks like; numbers and booleans must be spelled plainly; LIST and MAP are JSON. For ANY (an
    undeclared parameter) JSON is tried first, other text is a string.

    Raises
    ------
    InvalidParameter
        When the text does not spell a value of the type.
    """
    try:
        return _parsed(text, type)
    except (TypeError, ValueError, RecursionError):
        hint = f"write it like: --param {name or 'name'}={_SPELLED.get(type, '...')}"
        if type.startswith(("LIST", "MAP")):
            hint = f"""lists and maps are JSON, e.g. '{name or "have"}=["b02"]'"""
        message = f"{f'the parameter {name} is {type}: ' if name else ''}{text!r} is no {type}"
        raise InvalidParameter(message, parameter="param", value=text, allowed=type, hint=hint) from None


@cache
def _paths() -> dict[str, Traversable]:
    return dict(_walk(cypher_root(), ""))


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".cypher"):
            yield prefix + entry.name.removesuffix(".cypher"), entry


def _parsed(text: str, kind: str) -> Any:
    if kind == "STRING":
        return text
    if kind == "BOOLEAN":
        return (
            {"true": True, "false": False}[text.strip().lower()]
            if text.strip().lower() in ("true", "false")
            else _fail("true or false")
        )
    if kind == "INTEGER":
        return _typed(int(text), kind) if re.fullmatch(r"\s*[+-]?[0-9]+\s*", text) else _fail("a whole number")
    if kind == "FLOAT":
        return (
            _typed(float(text), kind)
            if re.fullmatch(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*", text)
            else _fail("a number")
        )
    if kind == "ANY":
        try:
            return _typed(json.loads(text), kind)
        except ValueError:
            return text
    return _typed(json.loads(text) if kind != "LOCAL DATETIME" else text, kind)


def _counted(query: Query, name: str, value: Any) -> Any:
    """Return the value of a parameter; a number of rows is never below 0."""
    limits = any(re.search(rf"\b(?:LIMIT|SKIP)\s+(?:toInteger\()?\${name}\b", text) for text in query.statements)
    return _fail("a number of at least 0") if limits and isinstance(value, int) and value < 0 else value


def _typed(value: Any, kind: str) -> Any:
    """Return the value as this type, or ValueError with what was expected."""
    if kind.startswith("LIST<"):
        if not isinstance(value, (list, tuple)):
            _fail("a list")
        return [_typed(v, kind[5:-1]) for v in value]
    if kind == "STRING":
        return value if isinstance(value, str) else _fail("a text")
    if kind == "BOOLEAN":
        return value if isinstance(value, bool) else _fail("true or false")
    if kind == "INTEGER":
        whole = value if isinstance(value, int) and not isinstance(value, bool) else _fail("a whole number")
        return whole if -_INT64 <= whole < _INT64 else _fail("a 64-bit whole number")
    if kind == "FLOAT":
        number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else _fail("a number")
        return number if math.isfinite(number) else _fail("a finite number")
    if kind == "MAP":
        return (
            {_typed(k, "STRING"): _typed(v, "ANY") for k, v in value.items()}
            if isinstance(value, dict)
            else _fail("a map")
        )
    if kind == "LOCAL DATETIME":
        return _local_datetime(value)
    return _any(value)


def _any(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_any(v) for v in value]
    if isinstance(value, dict):
        return _typed(value, "MAP")
    if isinstance(value, bool) or value is None or isinstance(value, (str, dt.datetime)):
        return value
    return _typed(value, "INTEGER" if isinstance(value, int) else "FLOAT")


def _local_datetime(value: Any) -> dt.datetime:
    moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(moment, dt.datetime) or moment.tzinfo is not None:
        _fail("a date and time without offset, e.g. 2027-01-31T08:00:00")
    return moment


def _fail(expected: str) -> Any:
    message = f"expected {expected}"
    raise ValueError(message)
