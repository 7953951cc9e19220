"""Plans on the command line: found by id or file, turned into rows, kept beside the store.

A kept plan changes neither the data of the store nor what its queries answer; `plan --write` stores it as nodes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import InvalidParameter, UnknownName, close_matches
from graphkit.model.plan_document import check_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphkit.cli.context import App
    from graphkit.planning.channels import ChannelPlan

__all__ = ["ITEM", "find_plan", "keep_plan", "made_and_printed", "plan_text", "rebuild", "write_plan"]

ITEM = ("number", "wave", "channel", "material", "cost", "adds", "adds_interval", "exclusive", "alone", "reasons")
_SHOWN = ("wave", "channel", "name", "material", "cost", "adds", "adds_interval", "exclusive", "alone")


def find_plan(app: App, name: str) -> dict[str, Any]:
    """Return a plan from a file of JSON, or by its id among those kept beside the store or written into it."""
    path = Path(name)
    if path.suffix == ".json" or path.is_file():
        return _read(path)
    from graphkit.store.plans import list_plans, load_plan

    store = app.open()
    kept = {file.stem: file for file in _folder(app).glob("*.json")}
    if name in kept:
        return _read(kept[name])
    written = list_plans(store)
    if name not in written and (close := close_matches(name, sorted({*kept, *written}))):
        raise UnknownName(f"there is no plan {name!r} in the store", kind="plan", name=name, close_matches=close)
    return load_plan(store, name)


def _read(path: Path) -> dict[str, Any]:
    """Return the plan in a file of JSON."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"the plan {path} cannot be read: {error.strerror}"
        raise InvalidParameter(message, parameter="plan", value=str(path)) from error
    except (ValueError, RecursionError) as error:
        message = f"{path} is no JSON of a plan: {error}"
        raise InvalidParameter(message, parameter="plan", value=str(path)) from error
    if not isinstance(found, dict) or not {"plan", "items", "reach"} <= found.keys():
        message = f"{path} is no plan as graphkit plan --format json writes it"
        raise InvalidParameter(message, parameter="plan", value=str(path))
    return check_plan(found, str(path))


def _folder(app: App) -> Path:
    """Return the folder of kept plans: inside an embedded store, else in the user's cache."""
    store = app.settings.store
    if "://" not in store:
        return Path(store) / "plans"
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "graphkit" / "plans" / hashlib.sha256(app.open().identity().encode()).hexdigest()[:24]


def rebuild(app: App, name: str) -> ChannelPlan:
    """Return the plan as an object that can be re-run on the data of the store."""
    from graphkit.planning.channels import ChannelPlan

    found = find_plan(app, name)
    learned = (found.get("request") or {}).get("probability") == "learned"
    return ChannelPlan.from_dict(found, source=app.snapshot(learned=learned, about=found["for"]))


def keep_plan(app: App, plan: dict[str, Any]) -> None:
    """Keep a plan beside the store under its id, whole or not at all."""
    from graphkit.cli.interrupts import temporary

    target = _folder(app) / f"{plan['plan']}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    with temporary(beside):
        with beside.open("w", encoding="utf-8") as file:
            json.dump(plan, file, ensure_ascii=False, allow_nan=False)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)


def write_plan(app: App, plan: dict[str, Any]) -> None:
    """Write a plan into the store as nodes, for analysts' queries."""
    from graphkit.store.plans import save_plan

    save_plan(app.open(), plan)


def made_and_printed(app: App, phase: str, call: Callable[..., ChannelPlan], *, keep: bool, write: bool, form: str | None, output: str | None) -> None:
    """Make a plan, keep it, print it; one that was not finished in time is printed before its error goes on."""
    from graphkit.cli.output import emit
    from graphkit.errors import Unfinished

    late: Unfinished | None = None
    with app.progress() as progress, app.timed(phase):
        try:
            made = call(progress=progress)
        except Unfinished as error:
            if error.best is None:
                raise
            late, made = error, error.best
    document = made.to_dict()
    if keep:
        try:
            keep_plan(app, document)
        except OSError as error:  # what was worked out is shown all the same
            app.say(f"warning: the plan is not kept beside the store ({error.strerror or error}); -o FILE keeps it", level=-1)
    if write:
        write_plan(app, document)
    rows = [{"number": number, **item} for number, item in enumerate(document["items"], 1)]
    emit(form=form, output=output, rows=rows, columns=ITEM, document=document, text=plan_text(document), color=app.settings.color)
    if late is not None:
        raise late


def plan_text(plan: dict[str, Any]) -> str:
    """Return a plan as a planner reads it: the rows, then what they come to."""
    from graphkit.cli.language import spoken
    from graphkit.cli.output import table

    rows = [{name: _short(item.get(name)) for name in _SHOWN} for item in plan["items"]]
    reach, sure = plan["reach"], plan.get("certificate") or {}
    lines = [f"Plan {plan['plan']} for {plan['for']}: {plan['objective']}, budget {plan['budget']:,.0f}, spent {plan['spent']:,.0f}"]
    lines.append(table(rows, _SHOWN).rstrip("\n") if rows else "(nothing bought)")
    lines.append(f"reach {reach['mean']:,.0f} ({_interval(reach.get('interval'))})" + _uncertain(reach))
    if sure.get("ratio"):
        lines.append(f"guarantee: at least {sure['ratio']:.3f} of the best plan under these rules, wrong with chance {sure.get('delta', 0):.2g}, within the model")
    lines += _risk(plan) + _again(plan) + _waves(plan) + _goals(plan) + _robust(plan)
    if plan.get("adding_up_would_have_said") is not None:
        lines.append(f"adding up the channels would have said {plan['adding_up_would_have_said']:,.0f}")
    best = ", ".join(f"{name} {value:,.0f}" for name, value in (plan.get("baselines") or {}).items() if value is not None)
    lines += [f"other ways to choose would reach: {best}"] if best else []
    lines += [f"not spent: {spoken(plan['unspent_because'])}"] if plan.get("unspent_because") else []
    lines += [f"rejected {len(plan['rejected'])}: graphkit explain {plan['plan']} says why"] if plan.get("rejected") else []
    lines += [f"assumed: {spoken(text)}" for text in plan.get("assumptions", ())]
    return "\n".join(lines)


def _risk(plan: dict[str, Any]) -> list[str]:
    """Return what the plan comes to at least, with chance 9 in 10."""
    told = plan.get("risk")
    if not told:
        return []
    lines = [f"with chance 9 in 10 {r['goal']} at least {r['p10']:,.0f} ({_interval(r['interval'])}); were the chances as given {r['p10_chances_as_given']:,.0f}" for r in told["goals"]]
    drawn = "; ".join(f"{name}: {text}" for name, text in told["believed"].items() if text)
    return [*lines, f"drawn in {told['draws']} draws of {told['worlds']:,} worlds: {drawn}"]


def _again(plan: dict[str, Any]) -> list[str]:
    """Return what a plan of the waves left starts from."""
    told = plan.get("replanned")
    if not told:
        return []
    text = f"after wave {told['waves']} of plan {told['plan']}: {told['reached']:,} users reached, {told['spent']:,.0f} gone"
    return [text if told.get("gain") is None else f"{text}; {told['gain']:+,.1f} ({_interval(told['gain_interval'])}) against the purchases planned before"]


def _waves(plan: dict[str, Any]) -> list[str]:
    """Return one line per wave when there are several."""
    rows = plan.get("waves") or []
    lines = []
    for row in rows if len(rows) > 1 else []:
        start = "" if row["starts_ts"] is None else f", starts {_day(row['starts_ts'])}"
        of, once = "" if row["budget"] is None else f" of {row['budget']:,.0f}", row.get("one_off") or 0
        making = f" and {once:,.0f} once for materials" if once else ""
        lines.append(f"wave {row['wave']}{start}: {row['purchases']} purchases for {row['spent'] - once:,.0f}{of}{making}, adds {row['adds']:,.0f}")
    return lines


def _goals(plan: dict[str, Any]) -> list[str]:
    """Return what the plan is worth under each goal, and the plans between goals."""
    lines = []
    for row in plan.get("goals") or ():
        floor = "" if row["floor"] is None else f", floor {row['floor']:,.0f}"
        lines.append(f"{row['goal']} {row['mean']:,.1f} ({_interval(row['interval'])}){floor}")
    for row in plan.get("pareto") or ():
        worth = ", ".join(f"{goal} {value:,.1f}" for goal, value in row["goals"].items())
        lines.append(f"between goals: {worth} for {row['spent']:,.0f} ({len(row['channels'])} channels)")
    if plan.get("synergy"):
        lines.append(f"bonuses beside the reach: {plan['synergy']['bonus']:,.1f} from {len(plan['synergy']['pairs'])} pairs")
    return lines


def _robust(plan: dict[str, Any]) -> list[str]:
    """Return how the plan fares when chances are not as given."""
    told = plan.get("robust")
    if not told:
        return []
    mine, plain = told["robust"], told["plain"]
    text = (
        f"over {told['draws']} draws of unknown chances: {told['q']:g}-quantile {mine['quantile']:,.0f} (plain plan {plain['quantile']:,.0f}), "
        f"mean {mine['mean']:,.0f} ({plain['mean']:,.0f}), worst {mine['worst']:,.0f} ({plain['worst']:,.0f})"
    )
    fresh = told.get("fresh")
    if not fresh:
        return [text]
    return [text, f"in {fresh['draws']} fresh draws the plain plan loses {fresh['regret_of_plain']:,.1f} ({_interval(fresh['interval'])}) at that quantile"]


def _day(ts: int) -> str:
    """Return a moment as date and time in UTC."""
    return dt.datetime.fromtimestamp(ts, tz=dt.UTC).strftime("%Y-%m-%d %H:%M UTC")


def _interval(pair: Any) -> str:
    """Return ``a to b``."""
    return "no interval" if not pair else f"{pair[0]:,.0f} to {pair[1]:,.0f}"


def _uncertain(reach: dict[str, Any]) -> str:
    """Return the wider interval when it is known."""
    wide = reach.get("interval_with_model_uncertainty")
    return f"; with unknown p {_interval(wide)}" if wide else ""


def _short(value: Any) -> Any:
    """Round numbers for people."""
    if isinstance(value, float):
        return round(value, 1)
    if isinstance(value, list) and all(isinstance(part, int | float) for part in value):
        return _interval(value) if value else None
    return value
