"""What every result has: frozen fields, JSON both ways, a frame, and how it was made.

A result is a frozen dataclass on :class:`Result`; a nested piece without a manifest of its
own is one on :class:`Part`. Arrays become read-only at birth. ``from_json(to_json(x))``
gives x again: NaN travels as null and comes back as NaN in float arrays.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import numbers
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from graphkit.errors import DataInvalid

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = [
    "SCHEMA_VERSION",
    "FrameResult",
    "Manifest",
    "Part",
    "Result",
    "jsonable",
    "make_manifest",
    "package_versions",
    "to_arrow",
]

SCHEMA_VERSION = 1
_PLAIN = frozenset({type(None), bool, int, str})
_RECORDED = ("graphkit-planner", "numpy", "scipy", "numba")


def jsonable(value: Any) -> Any:
    """Return ``value`` built from dict, list, str, int, float, bool and None only.

    NaN and infinities become None, since JSON has no word for them.
    """
    if type(value) in _PLAIN or (type(value) is float and math.isfinite(value)):
        return value  # most values, without asking abstract classes, which takes longer than all the rest
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
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return _jsonable_object(value)


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


@cache
def package_versions() -> dict[str, str]:
    """Return the versions that can change a number; absent packages are left out."""
    from importlib import metadata

    versions = {}
    for name in _RECORDED:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def to_arrow(frame: pd.DataFrame) -> pa.Table:
    """Return a frame as an Arrow table; a column of mixed values becomes text, lists and mappings JSON."""
    import pyarrow as pa

    columns: dict[str, Any] = {}
    for name in frame.columns:
        values = frame[name].array if frame[name].dtype != object else [_plain_cell(item) for item in frame[name]]
        try:
            columns[str(name)] = pa.array(values, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            columns[str(name)] = pa.array([None if item is None else str(item) for item in values], pa.string())
    return pa.table(columns)


def _plain_cell(value: Any) -> Any:
    """Return a cell of an object column as Arrow knows it."""
    if isinstance(value, list | tuple | dict | np.ndarray):
        return json.dumps(jsonable(value), ensure_ascii=False)
    return jsonable(value)


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
            elif isinstance(value, Part) and not isinstance(value, Manifest):
                shown.append(f"{field.name}={value!r}")
        return shown


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


@dataclass(frozen=True, eq=False, repr=False)
class Manifest(Part):
    """How a result was made.

    ``digest`` covers function, request, answer, seed, versions and the content of the
    snapshot: the same digest means the same numbers. Engine, time and the store's identity
    stay outside it. It is made when it is first asked for, since it costs a small graph
    as much as its ranking.
    """

    function: str
    request: dict[str, Any]
    seed: int | None
    snapshot: str | None
    versions: dict[str, str]
    engine: str | None
    seconds: float | None
    digest: str

    def __post_init__(self) -> None:
        """Put a digest aside that has yet to be made."""
        if callable(self.digest):
            object.__setattr__(self, "_make_digest", self.digest)
            object.__delattr__(self, "digest")

    def __getattr__(self, name: str) -> Any:
        """Make the digest and keep it."""
        told, make = vars(self), vars(self).get("_make_digest")
        if name == "digest" and make is not None:
            object.__setattr__(self, "digest", make())
            told.pop("_make_digest", None)  # and the numbers with it
        if name in told:  # made here, or by another thread since it was missed
            return told[name]
        message = f"{type(self).__name__!r} object has no attribute {name!r}"
        raise AttributeError(message)

    def __getstate__(self) -> dict[str, Any]:
        """Travel with the digest instead of the numbers it is made of."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


def make_manifest(
    function: str,
    *,
    request: Mapping[str, Any],
    answer: object | Callable[[], object],
    seed: int | None = None,
    snapshot: str | None = None,
    engine: str | None = None,
    seconds: float | None = None,
) -> Manifest:
    """Return the manifest of a result whose numbers are ``answer``; where that is a call, it waits until the digest is read."""
    plain, versions = jsonable(request), package_versions()
    covered = partial(_digest, [function, plain, seed, snapshot, versions], answer)
    digest: Any = covered if callable(answer) else covered()
    return Manifest(function, plain, seed, snapshot, dict(versions), engine, seconds, digest)


def _digest(others: list[Any], answer: object | Callable[[], object]) -> str:
    """Digest what a result covers."""
    covered = [*others[:2], jsonable(answer() if callable(answer) else answer), *others[2:]]
    text = json.dumps(covered, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, eq=False, repr=False)
class Result(Part):
    """Base of every result: JSON with a schema version, a frame, a manifest."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-ready data, with ``schema_version`` first."""
        return {"schema_version": SCHEMA_VERSION, **Part.to_dict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from :meth:`to_dict`; another schema version raises ``DataInvalid``."""
        version = data.get("schema_version")
        if version != SCHEMA_VERSION:
            message = f"{cls.__name__}: schema_version {version!r} is not {SCHEMA_VERSION}"
            raise DataInvalid(message, rule="schema_version", hint="write the JSON again with this version")
        return super().from_dict(data)

    def to_json(self) -> str:
        """Return :meth:`to_dict` as one line of JSON, Chinese text readable."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Rebuild from :meth:`to_json`."""
        return cls.from_dict(json.loads(text))

    def to_frame(self) -> pd.DataFrame:
        """Return one row of scalars; results with rows of their own override this."""
        import pandas as pd

        row = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if isinstance(getattr(self, field.name), str | bool | numbers.Real | None.__class__)
        }
        return pd.DataFrame([row])

    def to_arrow(self) -> pa.Table:
        """Return :meth:`to_frame` as an Arrow table."""
        return to_arrow(self.to_frame())

    def _repr_html_(self) -> str:
        """Return the frame as an escaped HTML table for notebooks."""
        return str(self.to_frame().to_html(index=False, escape=True))


@dataclass(frozen=True, eq=False, repr=False)
class FrameResult(Result):
    """A result that is a table: it reads like its frame.

    ``result["score"]``, ``len(result)`` and pandas' own methods (``result.set_index(...)``,
    ``result.iloc``) work on :meth:`to_frame`, a fresh frame at each call, so the result
    itself stays frozen. Fields of the result come before names of the frame.
    """

    def __getitem__(self, key: Any) -> Any:
        """Return what the frame holds under ``key``."""
        return self.to_frame()[key]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.to_frame())

    def __bool__(self) -> bool:
        """Return True: an empty ranking is an answer too."""
        return True

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the names of the columns, as a frame does."""
        return iter(self.to_frame())

    def __getattr__(self, name: str) -> Any:
        """Return the frame's attribute; private names are not looked up there."""
        if name.startswith("_") or name in type(self).__dataclass_fields__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.to_frame(), name)
