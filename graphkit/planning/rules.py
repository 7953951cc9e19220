"""Rules of a campaign, read from an object, a mapping or a file. A rule that cannot be read stops the plan."""

from __future__ import annotations

import datetime as dt
import json
import math
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import DataInvalid, InvalidParameter, did_you_mean
from graphkit.planning.amounts import money
from graphkit.planning.goals import GOALS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["DAY", "Rules", "read_rules"]

DAY = 86_400


@dataclass(frozen=True)
class Rules:
    """Rules of one plan; every field may also stand in a TOML or JSON file of rules.

    Parameters
    ----------
    required, forbidden : tuple of str
        Channel ids that must, or must not, be bought.
    least, most : mapping kind -> int
        Bounds on the number of different channels of a kind.
    capacity : mapping channel -> int
        Uses per wave, instead of the channel's own number.
    days_to_start : float, optional
        Days until the first wave; a channel with a longer lead time is open only to later waves.
    gap_days : float
        Days from the start of a wave to the start of the next.
    wave_budgets : tuple of float
        Money of each wave, beside the budget of the plan. One-off costs of materials count against the latter only.
    starts_ts, ends_ts : int, optional
        Campaign period [start, end) in epoch seconds (files may hold a date and time with offset). With it rights
        are compared wave by wave, and purchases have dates.
    floors : mapping goal -> float
        Least expected reach, purchases, value or loyalty; see `graphkit.planning.goals`.
    boosts : bool
        Whether BOOSTS bonuses count. They are no coverage, so counting them switches the certificate off.
    require_code : tuple of str
        Kinds of material that may be used only with a tracking code (a Touchpoint they carry).
    """

    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    least: dict[str, int] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    capacity: dict[str, int] = field(default_factory=dict)
    days_to_start: float | None = None
    gap_days: float | None = None
    wave_budgets: tuple[float, ...] = ()
    starts_ts: int | None = None
    ends_ts: int | None = None
    floors: dict[str, float] = field(default_factory=dict)
    boosts: bool = True
    require_code: tuple[str, ...] = ()

    def wave_start(self, wave: int) -> int | None:
        """Epoch seconds at which a wave (1, 2 ..) starts, None without dates."""
        return None if self.starts_ts is None else round(self.starts_ts + (wave - 1) * (self.gap_days or 0.0) * DAY)

    def to_dict(self) -> dict[str, Any]:
        """Return the rules that differ from none at all, JSON-ready."""
        plain = Rules()
        found = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != getattr(plain, f.name)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


def read_rules(rules: Rules | Mapping[str, Any] | str | Path | None) -> Rules:
    """Return the rules from an object, a mapping or a TOML or JSON file.

    Raises
    ------
    InvalidParameter
        An unknown rule or a value of the wrong kind; nothing is ignored.
    DataInvalid
        The file cannot be read as TOML or JSON.
    """
    if rules is None or isinstance(rules, Rules):
        return rules or Rules()
    given = _from_file(Path(rules)) if isinstance(rules, str | Path) else dict(rules)
    for name in given:
        if name not in _READERS:
            hint = did_you_mean(name, _READERS)
            raise InvalidParameter(
                f"unknown rule {name!r}", parameter="rules", value=name, allowed=tuple(_READERS), hint=hint
            )
    found = Rules(**{name: _READERS[name](name, value) for name, value in given.items() if value is not None})
    if found.starts_ts is not None and found.ends_ts is not None and found.ends_ts <= found.starts_ts:
        raise _wrong("ends_ts", found.ends_ts, f"later than starts_ts {found.starts_ts}")
    return found


def _from_file(path: Path) -> dict[str, Any]:
    """Read a file of rules."""
    hint = 'write rules in TOML or JSON, such as forbidden = ["c7"]'
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise InvalidParameter(
            f"cannot read the rules file {path}: {error.strerror}", parameter="rules", value=str(path), hint=hint
        ) from error
    except (ValueError, RecursionError) as error:
        message = f"{path} is no valid TOML or JSON: {error}"
        raise DataInvalid(message, source=str(path), rule="rules file", hint=hint) from error
    if not isinstance(data, dict):
        raise DataInvalid(f"{path} must hold a table of rules", source=str(path), rule="rules file", hint=hint)
    return data


def _wrong(name: str, value: object, hint: str) -> InvalidParameter:
    return InvalidParameter(f"the rule {name} cannot be {value!r}", parameter=f"rules.{name}", value=value, hint=hint)


def _names(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple | set | frozenset) or not all(isinstance(x, str) for x in value):
        raise _wrong(name, value, "a list of ids")
    return tuple(sorted(set(value)))


def _counts(name: str, value: Any) -> dict[str, int]:
    if not isinstance(value, dict) or not all(type(x) is int and x >= 0 for x in value.values()):
        raise _wrong(name, value, "a table of name = whole number >= 0")
    return {str(k): value[k] for k in sorted(value)}


def _goals(name: str, value: Any) -> dict[str, float]:
    if not isinstance(value, dict):
        raise _wrong(name, value, "a table of goal = number")
    for goal in value:
        if goal not in GOALS:
            raise InvalidParameter(
                f"the rule {name} names {goal!r}, which is no goal",
                parameter=f"rules.{name}",
                value=goal,
                allowed=tuple(GOALS),
                hint=did_you_mean(goal, GOALS),
            )
    return {str(k): _number(f"{name}.{k}", value[k]) for k in sorted(value)}


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise _wrong(name, value, "a finite number >= 0")
    return value


def _money(name: str, value: Any) -> tuple[float, ...]:
    if not isinstance(value, list | tuple):
        raise _wrong(name, value, "a list with the money of each wave")
    return tuple(money(f"rules.{name}[{i}]", _number(f"{name}[{i}]", x)) for i, x in enumerate(value))


def _moment(name: str, value: Any) -> int:
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError as error:
            raise _wrong(name, value, "epoch seconds, or a date and time with offset") from error
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return int(value.timestamp())
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(name, value, "epoch seconds, or a date and time with offset such as 2026-12-01T00:00:00+08:00")
    return value


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(name, value, "true or false")
    return value


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "required": _names,
    "forbidden": _names,
    "least": _counts,
    "most": _counts,
    "capacity": _counts,
    "days_to_start": _number,
    "gap_days": _number,
    "wave_budgets": _money,
    "starts_ts": _moment,
    "ends_ts": _moment,
    "floors": _goals,
    "boosts": _flag,
    "require_code": _names,
}
