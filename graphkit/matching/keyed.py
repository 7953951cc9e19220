"""Ids and tags as callers give them: each a text, none missing, none twice, never a bare text for a collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphkit.check import list_of
from graphkit.errors import DataInvalid
from graphkit.matching.records import as_name, is_missing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["by_name", "collection", "name_of", "once", "written"]


def name_of(value: Any, source: str) -> str:
    """Return an id or a tag as text.

    Raises
    ------
    DataInvalid
        It is missing, or holds half a character (a lone surrogate).
    """
    if is_missing(value):
        message = f"{source}: a name is missing ({value!r})"
        raise DataInvalid(message, source=source, rule="missing", hint="leave the entry out, or name it")
    name = as_name(value)
    if not name.isascii():
        written(name, source)
    return name


def written(text: str, source: str) -> str:
    """Return a text; half a character, which no file can hold, is an error."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        message = f"{source} holds half a character at place {error.start}: {text[:20]!a}"
        raise DataInvalid(message, source=source, rule="text", hint="read the file as UTF-8") from error
    return text


def by_name(given: Mapping[Any, Any], source: str) -> dict[str, Any]:
    """Return a mapping with its ids as texts, in its order; 1 and '1' are the same id, and one that is there twice is an error."""
    found: dict[str, Any] = {}
    for key, value in given.items():
        name = name_of(key, source)
        if name in found:
            message = f"{source} holds {name!r} twice: ids are texts, and 1 and '1' are the same one"
            raise DataInvalid(message, source=source, rule="duplicate-id", rows=((name, repr(key)),))
        found[name] = value
    return found


def once(values: Iterable[Any], source: str) -> list[str]:
    """Return names of which none may be there twice."""
    names = [name_of(value, source) for value in values]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        message = f"{source} holds {twice!r} twice"
        raise DataInvalid(message, source=source, rule="duplicate-id", rows=((twice, None),))
    return names


def collection(parameter: str, values: Any) -> list[str]:
    """Return several names; a bare text would be read letter by letter and is refused."""
    return [name_of(value, parameter) for value in list_of(parameter, values, "a collection of names")]
