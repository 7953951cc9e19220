"""Plans on the command line: found by id or file, turned into rows, kept beside the store.

A kept plan changes neither the data of the store nor what its queries answer; `plan --write` stores it as nodes.
"""

from __future__ import annotations

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

__all__ = ["ITEM", "find_plan", "keep_plan", "made_and_printed", "rebuild", "write_plan"]

ITEM = ("number", "wave", "channel", "material", "cost", "adds", "adds_interval", "exclusive", "alone", "reasons")


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
    hint = "write it with graphkit plan --format json -o plan.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"the plan {path} cannot be read: {error.strerror}"
        raise InvalidParameter(message, parameter="plan", value=str(path), hint=hint) from error
    except (ValueError, RecursionError) as error:
        message = f"{path} is no JSON of a plan: {error}"
        raise InvalidParameter(message, parameter="plan", value=str(path), hint=hint) from error
    if not isinstance(found, dict) or not {"plan", "items", "reach"} <= found.keys():
        message = f"{path} is no plan as graphkit plan --format json writes it"
        raise InvalidParameter(message, parameter="plan", value=str(path), hint=hint)
    return check_plan(found, str(path))


def _folder(app: App) -> Path:
    """Return the folder of kept plans: inside an embedded store, else in the user's cache."""
    from graphkit.store.address import is_folder

    store = app.settings.store
    if is_folder(store):
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


def made_and_printed(
    app: App,
    phase: str,
    call: Callable[..., ChannelPlan],
    *,
    keep: bool,
    write: bool,
    dry_run: bool,
    form: str | None,
    output: str | None,
) -> None:
    """Make a plan, keep it, print it; one that was not finished in time is printed before its error goes on."""
    from graphkit.cli.language import told
    from graphkit.cli.output import emit
    from graphkit.cli.plan_text import headline, plan_text
    from graphkit.errors import Unfinished

    late: Unfinished | None = None
    with app.working(phase) as progress:
        try:
            made = call(progress=progress)
        except Unfinished as error:
            if error.best is None:
                raise
            late, made = error, error.best
    document = made.to_dict()
    if dry_run:
        _tell(app, document, keep=keep)
    else:
        _keep(app, document, keep=keep, write=write)
    rows = [{"number": number, **item} for number, item in enumerate(document["items"], 1)]
    emit(
        form=form,
        output=output,
        rows=rows,
        columns=ITEM,
        document=document,
        text=plan_text(document),
        color=app.settings.color,
    )
    if output not in (None, "-"):
        app.say(f"wrote {output}: {told(headline(document))}")
    if late is not None:
        raise late


def _keep(app: App, document: dict[str, Any], *, keep: bool, write: bool) -> None:
    """Keep a plan beside the store, and write it into it, as asked."""
    if keep:
        try:
            keep_plan(app, document)
        except OSError as error:  # what was worked out is shown all the same
            app.say(
                f"warning: the plan is not kept beside the store ({error.strerror or error}); -o FILE keeps it",
                level=-1,
            )
    if write:
        write_plan(app, document)


def _tell(app: App, document: dict[str, Any], *, keep: bool) -> None:
    """Say what would be kept and written."""
    if keep:
        app.say(f"would keep {_folder(app) / document['plan']}.json")
    app.say(f"--write would write 1 Plan and {len(document['items'])} PlanItem")
