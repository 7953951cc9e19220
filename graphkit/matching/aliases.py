"""Join reviewed spellings of one name in every table of a ranking of partners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphkit.errors import InvalidParameter
from graphkit.matching.names import name_variants

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

__all__ = ["apply_aliases", "read_aliases"]

_WORDS = {"true": True, "yes": True, "1": True, "1.0": True, "false": False, "no": False, "0": False, "0.0": False}


def read_aliases(aliases: Mapping[str, str] | pd.DataFrame) -> dict[str, str]:
    """Return variant -> name, chains followed to their end.

    A frame has ``name``, ``variant`` and, if some rows are not to be joined, ``join``.
    """
    if isinstance(aliases, Mapping):
        pairs = {str(variant): str(name) for variant, name in aliases.items()}
    else:
        missing = [c for c in ("name", "variant") if c not in getattr(aliases, "columns", ())]
        if missing:
            message = f"aliases has no column {missing[0]!r}"
            raise InvalidParameter(
                message,
                parameter="aliases",
                value=type(aliases).__name__,
                allowed="variant -> name, or columns name, variant[, join]",
            )
        kept = aliases[_joined(aliases["join"].tolist())] if "join" in aliases.columns else aliases
        pairs = {}
        for name, variant in zip(kept["name"].astype(str), kept["variant"].astype(str), strict=True):
            pairs.setdefault(variant, name)
    return {variant: _end(pairs, variant) for variant in pairs}


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
    aliases: Mapping[str, str] | pd.DataFrame | str | None,
    history: pd.DataFrame,
    texts: pd.DataFrame | None,
    subjects: Sequence[str] | None,
    candidates: Iterable[str] | None,
) -> tuple[dict[str, str], pd.DataFrame, pd.DataFrame | None, Sequence[str] | None, Iterable[str] | None]:
    """Return variant -> name as used, and the same tables and lists with every variant replaced by its name."""
    if aliases is None:
        return {}, history, texts, subjects, candidates
    if isinstance(aliases, str):
        aliases = _proposed(aliases, history)
    to = {variant: name for variant, name in read_aliases(aliases).items() if variant != name}

    def renamed(frame: Any) -> Any:
        if "member" not in getattr(frame, "columns", ()):
            return frame
        return frame.assign(member=[to.get(str(name), name) for name in frame["member"].tolist()])

    def listed(names: Any) -> Any:
        return names if names is None or isinstance(names, str) else [to.get(str(name), str(name)) for name in names]

    return to, renamed(history), None if texts is None else renamed(texts), listed(subjects), listed(candidates)


def _proposed(aliases: str, history: pd.DataFrame) -> pd.DataFrame:
    """Return the table of proposals of this history."""
    if aliases != "proposed":
        message = f"aliases must be 'proposed', a mapping or a table, got {aliases!r}"
        raise InvalidParameter(message, parameter="aliases", value=aliases, allowed="'proposed', variant -> name, or columns name, variant[, join]")
    return name_variants(history).to_frame()
