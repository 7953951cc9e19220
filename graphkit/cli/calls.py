"""Small help for calling the library: pass a time limit where the function takes one."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["accepts", "limited"]


def accepts(function: Callable[..., Any], name: str) -> bool:
    """Say whether a function has an argument of this name."""
    return name in inspect.signature(function).parameters


def limited(function: Callable[..., Any], seconds: float | None) -> Callable[..., Any]:
    """Return the function with its time limit set, under whichever name it bears."""
    if seconds is None:
        return function
    for name in ("time_limit", "deadline"):
        if accepts(function, name):
            return functools.partial(function, **{name: seconds})
    message = f"{function.__name__} takes no time limit"
    raise TypeError(message)
