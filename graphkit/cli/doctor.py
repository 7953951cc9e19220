"""``graphkit doctor``: is everything in place, and where does each setting come from."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command, LazyGroup
from graphkit.cli.options import output_options
from graphkit.config import is_server

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["doctor"]

CHECKS = ("check", "ok", "value", "fix")
SETTINGS = ("setting", "value", "source")
_PACKAGES = ("click", "numpy", "scipy", "pandas", "numba", "pyarrow", "networkx", "neo4j", "jinja2", "matplotlib")
_ROOM = 1 << 30


@click.command(cls=Command, examples=["graphkit doctor", "graphkit doctor --settings"])
@click.option("--settings", is_flag=True, help="Show each setting and where it came from instead.")
@output_options
@pass_app
def doctor(app: App, settings: bool, form: str | None, output: str | None) -> None:
    """Check packages, disk and the store, each ok or with the fix; exit 4 when something is wrong."""
    from graphkit.cli.output import emit

    if settings:
        rows = list(_settings(click.get_current_context(), app))
        emit(form=form, output=output, rows=rows, columns=SETTINGS, color=app.settings.color)
        return
    rows = [*_machine(), *_disks(app.settings.store), *_store(app)]
    emit(form=form, output=output, rows=rows, columns=CHECKS, color=app.settings.color)
    wrong = [row for row in rows if not row["ok"]]
    if wrong:
        app.say(
            f"Error: {len(wrong)} of {len(rows)} checks failed; first: {wrong[0]['check']}: {wrong[0]['fix']}", level=-1
        )
        click.get_current_context().exit(4)


def _row(check: str, ok: bool, value: object, fix: str = "") -> dict[str, Any]:
    """Return one line of the report."""
    return {"check": check, "ok": ok, "value": str(value), "fix": "" if ok else fix}


def _machine() -> Iterator[dict[str, Any]]:
    """Check interpreter, packages and what shadows them."""
    from importlib.metadata import PackageNotFoundError, version

    yield _row("python", sys.version_info >= (3, 11), sys.version.split()[0], "use Python 3.11 or newer")
    home = Path(__file__).parents[1]
    yield _row("graphkit", True, home)
    yield _row(
        "shadowing package",
        not (other := _shadows(home)),
        "; ".join(other) or "none",
        "another project is called graphkit: pip uninstall graphkit, or start from another folder",
    )
    for name in _PACKAGES:
        try:
            yield _row(name, True, version(name))
        except PackageNotFoundError:
            yield _row(name, False, "missing", f"pip install {name}")
    try:
        yield _row("embedded engine", True, version("arcadedb"))
    except PackageNotFoundError:
        yield _row("embedded engine", True, "not installed here: name a server with --store neo4j+s://host:7687")
    yield _row("processors", True, os.cpu_count())


def _shadows(home: Path) -> list[str]:
    """Return what else answers to the name graphkit: a distribution, a command, a folder on the import path."""
    from importlib.metadata import PackageNotFoundError, entry_points, version

    found = []
    with suppress(PackageNotFoundError):
        found.append(f"distribution graphkit {version('graphkit')}")
    commands = entry_points(group="console_scripts", name="graphkit")
    found += [f"command graphkit = {point.value}" for point in commands if point.value != "graphkit.cli:main"]
    for entry in dict.fromkeys(sys.path):
        place = Path(entry or ".") / "graphkit" / "__init__.py"
        if place.is_file() and not place.parent.samefile(home):
            found.append(f"folder {place.parent}")
    return found


def _disks(store: str) -> Iterator[dict[str, Any]]:
    """Check the room where the store, its snapshots and temporary files go; each disk once."""
    import tempfile

    from graphkit.store.address import is_folder

    places = {
        "here": Path(),
        "temporary files": Path(tempfile.gettempdir()),
        "cache": Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"),
    }
    if is_folder(store):
        places = {"store": Path(store), **places}
    seen: set[int] = set()
    for name, wanted in places.items():
        place = next(p for p in (wanted.absolute(), *wanted.absolute().parents) if p.exists())
        if (device := place.stat().st_dev) in seen:
            continue
        seen.add(device)
        free = shutil.disk_usage(place).free
        yield _row(
            f"disk space: {name}",
            free > _ROOM,
            f"{free / (1 << 30):.1f} GiB free",
            "free some disk space: a load writes the new data beside the old",
        )
        yield _row(
            f"writable: {name}",
            os.access(place, os.W_OK),
            place,
            "give this account the right to write there, or choose another --store DIR",
        )


def _store(app: App) -> Iterator[dict[str, Any]]:
    """Check that the store opens and tell what it is; a store not yet made is no fault."""
    from graphkit.errors import GraphkitError
    from graphkit.store.address import is_folder

    where = app.settings.store
    if is_folder(where) and not Path(where).exists():
        yield _row("store", True, f"{where}: none yet; graphkit load DIR makes it")
        return
    try:
        store = app.open(timeout=15.0)
        able = store.capabilities
        yield _row("store", True, f"{_shown(where)}: {able.name}")
        yield _row(
            "reads protected by",
            able.readonly != "none",
            able.readonly,
            "analysts' texts could write: use an account with the role reader",
        )
        checks = store.diagnose()
        yield from (_row(x.name, x.ok, x.value, x.fix) for x in checks)
        if not all(x.ok for x in checks if x.name == "load"):
            return
        yield _row("store version", True, store.version())
        if not is_server(where):
            counts = store.tables(deadline=30.0).counts()
            total = ", ".join(f"{n:,} {name}" for name, n in {**counts["by_label"], **counts["by_type"]}.items())
            yield _row("content", True, total or "empty")
    except GraphkitError as error:
        yield _row(
            "store",
            False,
            f"{_shown(where)}: {error.message.removeprefix(f'{where}: ')}",
            error.hint or "is the server running, and are NEO4J_USERNAME and NEO4J_PASSWORD set?",
        )


def _shown(store: str) -> str:
    """Return the store's folder or address; what stands where a port should, or behind it, may be a password and is not repeated."""
    from graphkit.store.address import bare, is_folder

    return store if is_folder(store) else bare(store)


def _settings(ctx: click.Context, app: App) -> Iterator[dict[str, Any]]:
    """Yield the shared settings, then every option of a command that environment or file sets."""
    settings = app.settings
    config = ctx.meta.get("graphkit.config")
    yield {"setting": "config", "value": config, "source": "flag, environment or folder" if config else "none found"}
    for name in ("store", "username", "password", "database", "insecure", "verbosity", "progress", "color"):
        value = getattr(settings, name)
        if name == "password" and value:
            value = "set, not shown"
        if name == "store":
            value = _shown(settings.store)
        origin = {"verbosity": settings.sources.get("verbose"), "progress": settings.sources.get("no_progress")}.get(
            name
        ) or settings.sources.get(name)
        yield {"setting": name, "value": None if value is None else str(value), "source": origin or "default"}
    root = ctx.find_root()
    if not isinstance(root.command, LazyGroup):
        return
    for command in root.command.list_commands(root):
        found = root.command.get_command(root, command)
        table = (root.default_map or {}).get(command)
        for parameter in found.params if found is not None else ():
            variable = f"GRAPHKIT_{command}_{(parameter.name or '').rstrip('_')}".upper()
            if os.environ.get(variable):
                yield {
                    "setting": f"{command}.{parameter.name}",
                    "value": os.environ[variable],
                    "source": f"environment {variable}",
                }
            elif isinstance(table, dict) and parameter.name in table:
                yield {
                    "setting": f"{command}.{parameter.name}",
                    "value": str(table[parameter.name]),
                    "source": str(config),
                }
