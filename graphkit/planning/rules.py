"""Rules of a campaign: which channels may be bought at all, and which sets of them.

Hard filters run before sampling and leave a row (channel, rule, reason) for everything they drop; counts per
kind, required channels and the budget travel on as a `Menu`. A rule that cannot be read stops the plan.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import DataInvalid, Infeasible, InvalidParameter, UnknownNode, close_matches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphkit.planning.inputs import Market
    from graphkit.projection.snapshot import Snapshot

__all__ = ["Rules", "filter_market", "read_rules"]

OPEN_STATUS = frozenset({"active", "approved"})


@dataclass(frozen=True)
class Rules:
    """Rules of one plan; every field may also stand in a TOML or JSON file of rules.

    Parameters
    ----------
    required, forbidden : tuple of str
        Channel ids that must, or must not, be bought.
    least, most : mapping kind -> int
        Bounds on the number of purchases of a channel kind.
    days_to_start : int, optional
        Channels with a longer lead time are dropped.
    starts_ts, ends_ts : int, optional
        Campaign period [start, end) in epoch seconds, compared with the period of rights.
    """

    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    least: dict[str, int] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    days_to_start: float | None = None
    starts_ts: int | None = None
    ends_ts: int | None = None


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
    known = [f.name for f in fields(Rules)]
    for name in given:
        if name not in known:
            near = close_matches(name, known)
            hint = f"did you mean {near[0]!r}?" if near else None
            raise InvalidParameter(f"unknown rule {name!r}", parameter="rules", value=name, allowed=tuple(known), hint=hint)
    values: dict[str, Any] = {}
    for name, value in given.items():
        values[name] = _checked(name, value)
    return Rules(**values)


def _from_file(path: Path) -> dict[str, Any]:
    """Read a file of rules."""
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise InvalidParameter(f"cannot read the rules file {path}: {error.strerror}", parameter="rules", value=str(path)) from error
    except ValueError as error:
        raise DataInvalid(f"{path} is no valid TOML or JSON: {error}", source=str(path), rule="rules file") from error
    if not isinstance(data, dict):
        raise DataInvalid(f"{path} must hold a table of rules", source=str(path), rule="rules file")
    return data


def _checked(name: str, value: Any) -> Any:
    """One rule's value in its own type."""
    bad = InvalidParameter(f"rule {name!r} has the value {value!r}", parameter=f"rules.{name}", value=value)
    if name in {"required", "forbidden"}:
        if not isinstance(value, list | tuple | set | frozenset) or not all(isinstance(x, str) for x in value):
            bad.hint = "a list of channel ids"
            raise bad
        return tuple(sorted(set(value)))
    if name in {"least", "most"}:
        if not isinstance(value, dict) or not all(type(x) is int and x >= 0 for x in value.values()):
            bad.hint = "a table of channel kind = whole number"
            raise bad
        return dict(value)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        bad.hint = "a number"
        raise bad
    return value


def filter_market(snapshot: Snapshot, market: Market, rules: Rules, target: tuple[str, str]) -> list[int]:
    """Return the channels (positions in the market) that may be bought; the others enter ``market.rejected``.

    Raises
    ------
    UnknownNode
        A required or forbidden channel does not exist.
    Infeasible
        A required channel is blocked by another rule.
    """
    table = snapshot.nodes("Channel")
    for name in (*rules.required, *rules.forbidden):
        if name not in table.row_of():
            near = close_matches(name, table.ids.tolist())
            raise UnknownNode(f"the rules name a channel {name!r} that does not exist", kind="Channel", name=name, close_matches=near)
    allowed = _rights(snapshot, market, rules, target)
    status = dict(zip(table.ids.tolist(), table.column("status").tolist(), strict=True))
    kept, why = [], {row["channel"]: row["reason"] for row in market.rejected}
    for i, channel in enumerate(market.ids):
        reason = _reason(market, i, rules, status[channel])
        if reason is None and allowed is not None:
            reason = allowed(market.regions[i])
        if reason is None:
            kept.append(i)
        else:
            market.rejected.append({"channel": channel, "rule": reason[0], "reason": reason[1]})
            why[channel] = reason[1]
    for name in rules.required:
        if name in why:
            raise Infeasible(f"channel {name} is required, but {why[name]}", rule="required")
    market.rejected.sort(key=lambda row: row["channel"])
    return kept


def _reason(market: Market, i: int, rules: Rules, status: str | None) -> tuple[str, str] | None:
    """Rule and reason that keep one channel out, or None."""
    if market.ids[i] in rules.forbidden:
        return "forbidden", "forbidden by the rules"
    if status is not None and status not in OPEN_STATUS:
        return "approved", f"its status is {status!r}, not approved or active"
    if market.capacity[i] < 1:
        return "capacity", f"its capacity is {market.capacity[i]:g} uses per wave"
    if rules.days_to_start is not None and market.lead_days[i] > rules.days_to_start:
        return "lead_days", f"needs {market.lead_days[i]:g} days, the campaign starts in {rules.days_to_start:g}"
    return None


def _rights(snapshot: Snapshot, market: Market, rules: Rules, target: tuple[str, str]) -> Any:
    """Return None when the data state no rights at all, else a function region -> blocking reason or None.

    Closed world: once rights are stated anywhere, what is not stated is not allowed.
    """
    tables = snapshot.edges("HOLDS_RIGHTS")
    if not sum(len(e) for e in tables):
        market.assumptions.append("the data state no rights: rights were not checked")
        return None
    holders = _holders(snapshot)
    grants: list[dict[str, Any]] = []
    for edges in tables:
        if edges.target_label != target[0]:
            continue
        wanted = snapshot.nodes(target[0]).row_of()[target[1]]
        columns = {name: edges.column(name) for name in ("uses", "territory", "from_ts", "to_ts")}
        mine = [i for i in range(len(edges)) if edges.target_rows[i] == wanted and int(edges.source_rows[i]) in holders]
        grants.extend({name: cells[i] for name, cells in columns.items()} for i in mine)
    grants = [g for g in grants if "promote" in (g["uses"] or ())]
    if rules.starts_ts is None:
        market.assumptions.append("no campaign dates were given: the period of rights was not checked")

    def reason(region: str | None) -> tuple[str, str] | None:
        if not grants:
            return "rights", f"no right to promote {target[0]} {target[1]} is stated for us or a running partner"
        here = [g for g in grants if _covers(g["territory"], region)]
        if not here:
            return "rights", f"no right to promote {target[0]} {target[1]} covers the region {region or '(none stated)'}"
        if rules.starts_ts is not None and not any(_in_period(g, rules) for g in here):
            last = max(int(g["to_ts"]) for g in here)
            return "rights", f"the rights do not cover the campaign's period (they end at {last})"
        return None

    return reason


def _holders(snapshot: Snapshot) -> set[int]:
    """Rows of our own brand and of brands in a running partnership."""
    ours = snapshot.nodes("Brand").column("ours").tolist()
    rows = {i for i, flag in enumerate(ours) if flag is True or flag == 1}
    status = snapshot.nodes("Partnership").column("status").tolist()
    for edges in snapshot.edges("JOINS"):
        if edges.target_label == "Brand":
            pairs = zip(edges.source_rows.tolist(), edges.target_rows.tolist(), strict=True)
            rows |= {brand for deal, brand in pairs if status[deal] == "running"}
    return rows


def _covers(territory: list[str] | None, region: str | None) -> bool:
    """ALL covers everything; a channel without region needs ALL."""
    places = territory or []
    return "ALL" in places or (region is not None and region in places)


def _in_period(grant: dict[str, Any], rules: Rules) -> bool:
    """[start, end) within [from, to); without an end the start must lie inside."""
    start = int(rules.starts_ts or 0)
    end = start + 1 if rules.ends_ts is None else int(rules.ends_ts)
    return int(grant["from_ts"]) <= start and end <= int(grant["to_ts"])
