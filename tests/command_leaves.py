"""Every command of the command line that runs something, for tests that ask the same of each."""

import click

from graphkit.cli import cli
from graphkit.cli.commands import COMMANDS


def _leaves():
    """Every command with its words, groups resolved."""
    ctx = click.Context(cli, info_name="graphkit")
    for name in COMMANDS:
        command = cli.get_command(ctx, name)
        if isinstance(command, click.Group):
            yield from (((name, inner), found) for inner, found in command.commands.items())
        else:
            yield (name,), command


LEAVES = list(_leaves())
