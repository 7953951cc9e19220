"""Frozen pieces of results and their values as plain data, both ways.

``from_dict(to_dict(x))`` gives x again: NaN travels as null and comes back as NaN in float
arrays. Arrays become read-only at birth.
"""

from __future__ import annotations

import dataclasses
import math
import numbers
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from graphkit.errors import DataInvalid

__all__ = ["Part", "jsonable"]

_PLAIN = frozenset({type(None), bool, int, str})


@dataclass(frozen=True, eq=False, repr=False)
class Part:
    """A frozen piece of a result: JSON both ways, arrays read-only."""

    def __post_init__(self) -> None:
        """Make every array read-only."""
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray) and value.flags.writeable:
                frozen = value.view()
                frozen.flags.writeable = False
                object.__setattr__(self, name, frozen)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-ready data."""
        return {
            field.name: jsonable(getattr(self, field.name))
            for field in dataclasses.fields(self)
            if field.metadata.get("json", True)
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from :meth:`to_dict`; unknown keys are ignored, missing ones raise."""
        hints = typing.get_type_hints(cls, localns=_frame_names())
        values: dict[str, Any] = {}
        for field in dataclasses.fields(cls):
            if field.name in data:
                values[field.name] = _restore(data[field.name], hints.get(field.name), field.metadata.get("dtype"))
            elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                message = f"{cls.__name__}: the field {field.name!r} is missing"
                raise DataInvalid(message, rule="result", hint="was this JSON written by the same version?")
        return cls(**values)

    def __repr__(self) -> str:
        """Return one line: scalars as they are, arrays by their shape."""
        return f"{type(self).__name__}({', '.join(self._short_fields())})"

    def _short_fields(self) -> list[str]:
        shown = []
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                shown.append(f"{field.name}=array{value.shape}")
            elif isinstance(value, str | bool | None.__class__):
                shown.append(f"{field.name}={value!r}")
            elif isinstance(value, numbers.Real):
                shown.append(f"{field.name}={value:.6g}")
            elif isinstance(value, Part) and field.name != "manifest":
                shown.append(f"{field.name}={value!r}")
        return shown


def jsonable(value: Any) -> Any:
    """Return ``value`` built from dict, list, str, int, float, bool and None only.

    NaN and infinities become None, since JSON has no word for them.
    """
    if type(value) in _PLAIN or (type(value) is float and math.isfinite(value)):
        return value  # most values, without asking abstract classes, which takes longer than all the rest
    if isinstance(value, dict):
        return _jsonable_items(value)  # most mappings, likewise
    if isinstance(value, str):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value) if math.isfinite(float(value)) else None
    if isinstance(value, np.ndarray):
        plain = value.dtype.kind in "biu" or (value.dtype == np.float64 and bool(np.isfinite(value).all()))
        return value.tolist() if plain else [jsonable(item) for item in value.tolist()]
    if isinstance(value, Mapping):
        return _jsonable_items(value)
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return _jsonable_object(value)


def _jsonable_items(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): jsonable(item) for key, item in value.items()}


def _jsonable_object(value: Any) -> Any:
    """Turn results, frames and other dataclasses into plain data."""
    if isinstance(value, Part):
        return value.to_dict()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: jsonable(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        return {str(name): jsonable(np.asarray(value[name])) for name in value.columns}
    if isinstance(value, set | frozenset):
        return sorted(jsonable(item) for item in value)
    return str(value)


def _frame_names() -> dict[str, Any]:
    """Names that result modules import for type checking only."""
    names: dict[str, Any] = {"NDArray": np.ndarray, "ArrayLike": Any}
    try:
        import pandas as pd
    except ImportError:  # pragma: no cover - pandas is a hard dependency
        return names
    names["pd"] = pd
    return names


def _restore(value: Any, hint: Any, dtype: Any) -> Any:
    """Turn plain data back into the annotated type."""
    if value is None:
        return None
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        inner = [arg for arg in typing.get_args(hint) if arg is not type(None)]
        return _restore(value, inner[0], dtype) if len(inner) == 1 else value
    if hint is np.ndarray or origin is np.ndarray:
        return _restore_array(value, hint, dtype)
    if isinstance(hint, type) and issubclass(hint, Part):
        return hint.from_dict(value)
    if isinstance(hint, type) and hint.__name__ == "DataFrame":
        return hint(value)
    if origin is tuple:
        args = typing.get_args(hint)
        inner_hint = args[0] if args and (len(args) == 1 or args[-1] is Ellipsis) else None
        return tuple(_restore(item, inner_hint, dtype) for item in value)
    if origin is list:
        args = typing.get_args(hint)
        return [_restore(item, args[0] if args else None, dtype) for item in value]
    return value


def _restore_array(value: Any, hint: Any, dtype: Any) -> np.ndarray[Any, Any]:
    """Rebuild an array; the dtype comes from the annotation or the field's metadata."""
    if dtype is None:
        args = typing.get_args(hint)
        inner = typing.get_args(args[1]) if len(args) > 1 else ()
        dtype = inner[0] if inner and isinstance(inner[0], type) else None
    if dtype is not None and np.issubdtype(dtype, np.floating):
        value = [np.nan if item is None else item for item in value]
    return np.asarray(value, dtype=dtype)
