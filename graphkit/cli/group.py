"""click classes of ours: a group that loads commands late, help with examples, forgiving names."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from graphkit.cli.commands import COMMANDS, SECTIONS
from graphkit.cli.help import Context

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["PROMOTED", "Command", "Group", "LazyGroup", "Option", "suggestion", "unknown_word"]

_TOO_LARGE = 2**63
PROMOTED = ("Film", "Course", "Brand")
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100, "show_default": True}


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'plan'?`` when a known name looks like ``name``, else nothing."""
    import difflib

    spelt = {word.casefold(): word for word in known}  # knows is near KNOWS
    close = difflib.get_close_matches(name.casefold(), spelt, n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(repr(spelt[word]) for word in close)}?" if close else ""


def unknown_word(name: str, what: str, known: Iterable[str]) -> str:
    """Return the refusal of a label or relationship type that does not exist: what looks like it, or where all are listed."""
    return f"{name!r} is no {what}." + (suggestion(name, known) or " graphkit schema describe lists them all.")


class Option(click.Option):
    """An option that may need another, whose variable carries no trailing underscore: ``GRAPHKIT_PLAN_FOR``, not ``..._FOR_``.

    ``needs`` names what it counts beside, as a user writes it: ``--budget``, ``--model sir|si`` for one of some
    values, ``--lift|--audience`` for one of some options, ``TABLE`` for an argument.
    """

    def __init__(self, *args: Any, needs: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.needs = needs

    def refuse_alone(self, ctx: click.Context) -> None:
        """Raise when it was typed without what it needs; a default of the settings file or a variable may wait for its day."""
        if not self.needs or ctx.get_parameter_source(self.name or "") is not click.core.ParameterSource.COMMANDLINE:
            return
        names, _, values = self.needs.partition(" ")
        beside = [
            ctx.params.get(parameter.name)
            for parameter in ctx.command.params
            for name in names.split("|")
            if parameter.name and name in (*parameter.opts, parameter.name.upper())
        ]
        if not any(str(value) in values.split("|") if values else _given(value) for value in beside):
            message = f"{max(self.opts, key=len)} needs {self.needs}: else it changes nothing"
            raise click.UsageError(message, ctx)

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Read the variable named after the option."""
        found = super().resolve_envvar_value(ctx)
        if found is None and self.name and self.name.endswith("_") and ctx.auto_envvar_prefix:
            found = os.environ.get(f"{ctx.auto_envvar_prefix}_{self.name.rstrip('_').upper()}") or None
        return found


class _Examples:
    """Examples of a command, shown before its options."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        kwargs["context_settings"] = {**CONTEXT, **kwargs.get("context_settings", {})}
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, then refuse what says nothing: an empty text, as of a shell variable that is not set, nan, or too many digits."""
        rest = super().parse_args(ctx, args)  # type: ignore[misc]
        for parameter in () if ctx.resilient_parsing else self.params:  # type: ignore[attr-defined]
            value = ctx.params.get(parameter.name)
            for one in value if isinstance(value, tuple) else (value,):
                _refuse_unusable(one, parameter, ctx)
            if isinstance(parameter, Option):
                parameter.refuse_alone(ctx)
        return list(rest)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, then the description."""
        if self.examples:
            with formatter.section("Examples"):
                for line in self.examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
        super().format_help_text(ctx, formatter)  # type: ignore[misc]


def _given(value: Any) -> bool:
    """Whether an option or argument has a value; 0 is one, a flag that is off none."""
    return value is not None and value is not False and value != ()


def _refuse_unusable(value: Any, parameter: click.Parameter, ctx: click.Context) -> None:
    """Raise for an empty text of an option or a path, which would stand for "not given" or for this folder, for nan, and for what is no 64-bit integer."""
    if isinstance(value, str) and not value.strip():
        if isinstance(parameter, click.Option):
            raise click.BadParameter(f"{value!r} is empty; leave the option out, or give it a value", ctx, parameter)
        if isinstance(parameter.type, click.Path):
            raise click.BadParameter(f"{value!r} is empty; . is the current folder", ctx, parameter)
    elif isinstance(value, float) and value != value:  # noqa: PLR0124  nan, without importing math for every --help
        raise click.BadParameter(f"{value!r} is not a number", ctx, parameter)
    elif isinstance(value, int) and value >= _TOO_LARGE:
        raise click.BadParameter(f"{value} is not below 2**63", ctx, parameter)


class Command(_Examples, click.Command):
    """A command with examples that checks its table in the settings file."""

    context_class = Context

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Refuse keys of the settings file that no option bears, then parse."""
        table = (parent.default_map or {}).get(info_name or "") if parent is not None else None
        known = [parameter.name for parameter in self.params if parameter.name]
        for key in table if isinstance(table, dict) else ():
            if key not in known:
                message = f"the settings file gives [{info_name}] {key}, which is no option of this command."
                raise click.UsageError(message + suggestion(str(key), known))
        given = tuple(args)  # click empties the list
        try:
            ctx = super().make_context(info_name, args, parent, **extra)
        except click.NoSuchOption as error:
            top = () if parent is None else parent.command.params
            if any(error.option_name in parameter.opts for parameter in top):
                message = (
                    f"{error.option_name} stands before the command: graphkit {error.option_name} ... {info_name} ..."
                )
                raise click.UsageError(message, error.ctx) from None
            label = error.option_name.lstrip("-").capitalize()
            if label in PROMOTED and any("--for" in parameter.opts for parameter in self.params):
                message = f"No such option '{error.option_name}'. What is promoted stands in --for {label}:ID."
                raise click.UsageError(message, error.ctx) from None
            raise
        ctx.meta["graphkit.given"] = given
        return ctx

    def invoke(self, ctx: click.Context) -> Any:
        """Refuse to fill a terminal with bytes before any work is done, then run."""
        if ctx.params.get("form") == "parquet" and ctx.params.get("output") in (None, "-") and sys.stdout.isatty():
            raise click.UsageError("parquet is bytes, not text: give -o FILE, or pipe it to a program.", ctx)
        return super().invoke(ctx)


class Group(_Examples, click.Group):
    """A group of commands with examples."""

    context_class = Context
    command_class = Command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, each with its whole first sentence."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, found.get_short_help_str(limit=200)) for name, found in self.commands.items()])


class LazyGroup(_Examples, click.Group):
    """The top group: names and short helps are data, a command's module is imported when it runs."""

    context_class = Context

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name every command, in the order of the help."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of this command."""
        del ctx
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module = importlib.import_module(f"graphkit.cli.{entry.module}")
        command = getattr(module, cmd_name)
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown name lists the close ones."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            raise click.UsageError(f"No such command {name!r}.{suggestion(name, COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by section without importing any."""
        del ctx
        width = max(map(len, COMMANDS))
        for section, entries in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(name.ljust(width), entry.help) for name, entry in entries.items()])
