"""Optional packages: the module, or an error that names the install line."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from graphkit.errors import MissingExtra

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["need"]


def need(package: str, *, extra: str) -> ModuleType:
    """Import ``package`` or raise :class:`MissingExtra` naming the extra that brings it."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        message = f"the package {package!r} is needed here and could not be imported: {error}"
        hint = f'pip install "graphkit-planner[{extra}]"'
        raise MissingExtra(message, package=package, extra=extra, hint=hint) from error
