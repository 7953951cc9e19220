"""Join reviewed spellings of one name in every table of a ranking of partners."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from graphkit.errors import InvalidParameter
from graphkit.matching.names import NameVariants, name_variants
from graphkit.matching.records import as_name, is_missing, require

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["apply_aliases", "read_aliases"]

_WORDS = {"true": True, "yes": True, "1": True, "1.0": True, "false": False, "no": False, "0": False, "0.0": False}


def read_aliases(aliases: Mapping[str, str] | NameVariants | pd.DataFrame) -> dict[str, str]:
    """Return variant -> name, chains followed to their end.

    A frame has ``name``, ``variant`` and, if some rows are not to be joined, ``join``; names that its rows connect are one.
    """
    if isinstance(aliases, NameVariants):
        aliases = aliases.to_frame()
    if isinstance(aliases, Mapping):
        pairs = {_name(variant, "a key"): _name(name, f"the name of {variant!r}") for variant, name in aliases.items()}
        return {variant: _end(pairs, variant) for variant in pairs}
    missing = [c for c in ("name", "variant") if c not in getattr(aliases, "columns", ())]
    if missing:
        message = f"aliases has no column {missing[0]!r}"
        raise InvalidParameter(
            message,
            parameter="aliases",
            value=type(aliases).__name__,
            allowed="'proposed', variant -> name, or columns name, variant[, join]",
        )
    twice = next((c for c in ("name", "variant", "join") if list(aliases.columns).count(c) > 1), None)
    if twice is not None:
        message = f"aliases has the column {twice!r} {list(aliases.columns).count(twice)} times"
        raise InvalidParameter(message, parameter="aliases", value=twice, hint="leave one of them")
    decided = _joined(aliases["join"].tolist()) if "join" in aliases.columns else [True] * len(aliases)
    rows = zip(aliases["name"].tolist(), aliases["variant"].tolist(), decided, strict=True)
    return _groups(
        [(_name(a, f"name in row {i}"), _name(b, f"variant in row {i}")) for i, (a, b, join) in enumerate(rows) if join]
    )


def _name(value: object, what: str) -> str:
    if is_missing(value) or not str(value).strip():
        message = f"aliases: {what} is missing"
        raise InvalidParameter(message, parameter="aliases", value=value, allowed="a name")
    name = as_name(value)
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        message = f"aliases: {what} holds half a character: {name!r}"
        raise InvalidParameter(message, parameter="aliases", value=name, hint="read the file as UTF-8")
    return name


def _groups(rows: list[tuple[str, str]]) -> dict[str, str]:
    """Return variant -> name over everything that the rows connect: the first name that is nobody's variant."""
    group: dict[str, set[str]] = {}
    for name, variant in rows:
        merged = group.get(name, {name}) | group.get(variant, {variant})
        group |= dict.fromkeys(merged, merged)
    variants = {variant for name, variant in rows if name != variant}
    found: dict[str, str] = {}
    for name, _ in rows:
        if name not in variants and name not in found:
            found |= dict.fromkeys(group[name] - {name}, name)
    lost = next((name for name in group if name in variants and name not in found), None)
    if lost is not None:
        message = f"aliases of {lost!r} lead back to it"
        raise InvalidParameter(message, parameter="aliases", value=lost, hint="let every variant lead to one name")
    return found


def _joined(column: list[Any]) -> list[bool]:
    """Read a column of decisions, as written or as it comes back from a file."""
    found = []
    for row, value in enumerate(column):
        decision = _WORDS.get(str(value).strip().lower())
        if decision is None:
            message = f"aliases row {row}: join must be true or false, got {value!r}"
            raise InvalidParameter(message, parameter="aliases", value=value, allowed=", ".join(_WORDS))
        found.append(decision)
    return found


def _end(pairs: dict[str, str], variant: str) -> str:
    seen, name = {variant}, pairs[variant]
    while name in pairs and pairs[name] != name:
        if name in seen:
            message = f"aliases of {variant!r} lead back to {name!r}"
            raise InvalidParameter(message, parameter="aliases", value=name, hint="let every variant lead to one name")
        seen.add(name)
        name = pairs[name]
    return name


def apply_aliases(
    aliases: Mapping[str, str] | NameVariants | pd.DataFrame | str | None,
    history: pd.DataFrame,
    texts: pd.DataFrame | None,
    subjects: Sequence[str] | None,
    candidates: Iterable[str] | None,
) -> tuple[dict[str, str], pd.DataFrame, pd.DataFrame | None, Sequence[str] | None, Iterable[str] | None]:
    """Return variant -> name as used, and the same tables and lists with every variant replaced by its name."""
    if aliases is None:
        return {}, history, texts, subjects, candidates
    require(history, ("partnership", "member"), "history")
    if texts is not None:
        require(texts, (), "texts")
    if isinstance(aliases, str):
        aliases = _proposed(aliases, history)
    to = {variant: name for variant, name in read_aliases(aliases).items() if variant != name}

    def renamed(frame: Any) -> Any:
        if "member" not in getattr(frame, "columns", ()):
            return frame
        return frame.assign(member=[to.get(as_name(name), name) for name in frame["member"].tolist()])

    def listed(names: Any) -> Any:
        if names is None or isinstance(names, (str, bytes)) or not isinstance(names, Iterable):
            return names  # refused by name where the lists are read
        return [to.get(as_name(name), name) for name in names]

    return to, renamed(history), None if texts is None else renamed(texts), listed(subjects), listed(candidates)


def _proposed(aliases: str, history: pd.DataFrame) -> pd.DataFrame:
    """Return the table of proposals of this history."""
    if aliases != "proposed":
        message = f"aliases must be 'proposed', a mapping or a table, got {aliases!r}"
        raise InvalidParameter(
            message,
            parameter="aliases",
            value=aliases,
            allowed="'proposed', variant -> name, or columns name, variant[, join]",
        )
    return name_variants(history).to_frame()
