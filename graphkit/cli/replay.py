"""What makes a simulated number again: the command as it was given, without where it printed to."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from graphkit.results import Manifest

__all__ = ["replay"]

GIVEN = "graphkit.given"
_PRINTING = ("--format", "--output", "-o")


def replay(manifest: Manifest, **more: Any) -> dict[str, Any]:
    """Return the command line that gives the same numbers, with the seed and the data they rest on.

    As in the claims of a plan, ``seed`` and ``snapshot`` say what is fixed, so a number that cannot be counted by a
    query can be made again.

    Parameters
    ----------
    manifest : Manifest
        Of the result that was printed.
    **more
        Further facts, such as the number of worlds.
    """
    ctx = click.get_current_context()
    words = list(_asked(ctx.meta.get(GIVEN, ())))
    if "seed" in ctx.params and not any(word.split("=")[0] == "--seed" for word in words):
        words += ["--seed", str(manifest.seed)]
    command = shlex.join(["graphkit", ctx.info_name or "", *words])
    return {"command": command, "seed": manifest.seed, "snapshot": (manifest.snapshot or "")[:16] or None, **more}


def _asked(words: Sequence[str]) -> Iterator[str]:
    """Yield the words of a command line but those that say how and where to print."""
    skip = False
    for word in words:
        if skip or word in _PRINTING:
            skip = not skip
        elif not (word.startswith(("--format=", "--output=")) or (word.startswith("-o") and not word.startswith("--"))):
            yield word
