"""The command line: a translator from flags to one call of the library and one printed result."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import NoReturn

import click

from graphkit.cli.group import LazyGroup, Option
from graphkit.config import CONFIG_FILE, DEFAULT_STORE, read_config
from graphkit.errors import InvalidParameter

__all__ = ["cli", "main"]


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    """Print name and version, nothing else."""
    if not value or ctx.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version("graphkit-planner")
    except PackageNotFoundError:
        number = "0.0+checkout"
    click.echo(f"graphkit {number}")
    ctx.exit()


def _config(ctx: click.Context, _: click.Parameter, value: str | None) -> str | None:
    """Read the settings file before any other option looks for its default; its faults are told once the language is known."""
    path = CONFIG_FILE if value is None and os.path.isfile(CONFIG_FILE) else value  # noqa: PTH113  pathlib costs start-up time
    if path:
        try:
            ctx.default_map = {**read_config(path), **(ctx.default_map or {})}
        except InvalidParameter as error:
            ctx.meta["graphkit.config_error"] = error
        ctx.meta["graphkit.config"] = path
    return path


@click.command(
    cls=LazyGroup,
    context_settings={"auto_envvar_prefix": "GRAPHKIT"},
    examples=["graphkit demo && cd graphkit-demo", "graphkit plan --for Film:f01 --budget 2000"],
)
@click.option(
    "--store",
    cls=Option,
    default=DEFAULT_STORE,
    envvar=["GRAPHKIT_STORE", "NEO4J_URI"],
    metavar="URI",
    help="Directory of the embedded store, or neo4j:// or bolt:// of a server (NEO4J_USERNAME, NEO4J_PASSWORD).",
)
@click.option(
    "--config",
    is_eager=True,
    callback=_config,
    metavar="FILE",
    help="Settings file.  [default: graphkit.toml if it is there]",
)
@click.option("--insecure", is_flag=True, help="Allow an unencrypted connection to another machine.")
@click.option("-v", "--verbose", count=True, show_default=False, help="Say more on stderr.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("--no-progress", is_flag=True, help="No progress bars.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours; NO_COLOR counts too."
)
@click.option(
    "--lang",
    type=click.Choice(["auto", "zh", "en", "both"]),
    default="auto",
    is_eager=True,  # --help is eager: it must know the language by then
    help="Language of tables, notes and errors; data stay as they are.  [default: the terminal's]",
    show_default=False,
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
@click.pass_context
def cli(ctx: click.Context, /, **options: object) -> None:
    """Plan promotion channels and brand partners on a graph of users, films, courses and brands.

    Data goes to stdout, messages and progress to stderr. Exit codes: 0 ok, 1 bug, 2 usage,
    3 data, 4 store, 5 infeasible, 6 promised guarantee or time not reached, 130 interrupt.
    """
    from graphkit.cli.context import App

    if error := ctx.meta.get("graphkit.config_error"):
        raise error
    ctx.obj = App.from_click(ctx, options)


def run(args: list[str]) -> int:
    """Run one command line inside another program and return its exit status; its signal handlers and loggers stay as they were."""
    from graphkit.cli.logs import logs_kept

    try:
        with logs_kept():
            return _run(args)
    finally:
        interrupts = sys.modules.get("graphkit.cli.interrupts")
        if interrupts is not None:
            interrupts.uninstall()


def _run(args: list[str]) -> int:
    """Run one command line and return its exit status."""
    cli._main_shell_completion({}, "graphkit")  # noqa: SLF001  click offers no public door to it
    ctx: click.Context | None = None
    try:
        with (ctx := cli.make_context("graphkit", list(args))):
            cli.invoke(ctx)
    except click.exceptions.Exit as left:
        return left.exit_code
    except KeyboardInterrupt as stop:
        from graphkit.cli.language import told

        code = 143 if type(stop).__name__ == "Terminated" else 130
        with _scope(ctx):
            click.echo(told("Interrupted; nothing half written. Run the same command again to resume."), err=True)
        return code
    except BrokenPipeError:
        return 0
    except click.Abort:
        return 130
    except Exception as error:  # noqa: BLE001  the last door: no traceback leaves the program
        from graphkit.cli.errors import report_error

        with _scope(ctx or getattr(error, "ctx", None)):
            return report_error(error)
    return 0


def _scope(ctx: click.Context | None) -> AbstractContextManager[object]:
    """Make the options of the program known once more, for what is told after its end."""
    return nullcontext() if ctx is None else ctx.scope(cleanup=False)


def _occupy_streams() -> None:
    """Put /dev/null in the place of a standard stream that the caller closed: the next file opened would take its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115  open for the life of the process


def main() -> NoReturn:
    """Run the command line: the entry point ``graphkit``."""
    _occupy_streams()
    code = _run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        from graphkit.cli.interrupts import mute_stdout

        mute_stdout()
    sys.exit(code)
