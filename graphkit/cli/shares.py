"""Relationship types with a share: ``KNOWS=2``."""

from __future__ import annotations

import math
from typing import Any

import click

__all__ = ["SHARE", "one_share_each"]


class _Share(click.ParamType[tuple[str, float]]):
    """A relationship type and its share: ``KNOWS=2``; alone it counts 1."""

    name = "TYPE[=SHARE]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, float]:
        """Split at the equals sign."""
        if isinstance(value, tuple):
            return value
        name, mark, share = str(value).partition("=")
        try:
            number = float(share) if mark else 1.0
        except ValueError:
            self.fail(f"{value!r}: {share!r} is not a number", param, ctx)
        if not (math.isfinite(number) and number > 0):
            self.fail(f"{value!r}: a share must be a number above 0", param, ctx)
        return name, number


SHARE = _Share()


def one_share_each(
    ctx: click.Context, param: click.Parameter, pairs: tuple[tuple[str, float], ...]
) -> tuple[tuple[str, float], ...]:
    """Return each type with its share once; two shares of one type are refused."""
    shares: dict[str, float] = {}
    for name, share in pairs:
        if shares.setdefault(name, share) != share:
            raise click.BadParameter(f"{name} has two shares: {shares[name]:g} and {share:g}", ctx, param)
    return tuple(shares.items())
