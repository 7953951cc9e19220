"""Options that name a model of diffusion, and the model they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from graphkit.cli.group import Option

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["model_of", "model_options"]


def model_options(*names: str) -> Callable[[Any], Any]:
    """Add ``--model`` with these names, ``--transmission`` and ``--recovery``."""

    def add(function: Any) -> Any:
        epidemics = [name for name in names if name not in {"ic", "lt"}]
        function = click.option(
            "--recovery",
            cls=Option,
            needs=f"--model {'|'.join(name for name in epidemics if name != 'si')}",
            type=click.FloatRange(0, 1),
            default=0.5,
            help="Chance per step to recover (epidemics but si).",
        )(function)
        function = click.option(
            "--transmission",
            cls=Option,
            needs=f"--model {'|'.join(epidemics)}",
            type=click.FloatRange(0, 1),
            default=1.0,
            help=f"Chance per step (times p) that an infectious node infects ({', '.join(epidemics)}).",
        )(function)
        return click.option(
            "--model",
            type=click.Choice(names),
            default="ic",
            help="Independent cascade, linear threshold, or epidemic.",
        )(function)

    return add


def model_of(name: str, transmission: float, recovery: float) -> Any:
    """Return the model as the library wants it."""
    if name in {"ic", "lt"}:
        return name
    from graphkit.diffusion.models import SI, SIR, SIS

    return SI(transmission) if name == "si" else {"sir": SIR, "sis": SIS}[name](transmission, recovery)
