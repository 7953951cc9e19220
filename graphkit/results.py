"""What every result has: frozen fields, JSON both ways, a frame, and how it was made.

A result is a frozen dataclass on :class:`Result`; a nested piece without a manifest of its
own is one on :class:`graphkit.parts.Part`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import numbers
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NoReturn, Self

from graphkit.errors import DataInvalid
from graphkit.parts import Part, jsonable
from graphkit.tabular import to_arrow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd
    import pyarrow as pa

__all__ = ["SCHEMA_VERSION", "FrameResult", "Manifest", "Result", "make_manifest", "package_versions"]

SCHEMA_VERSION = 1
_RECORDED = ("graphkit-planner", "numpy", "scipy", "numba")


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

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Hand the rows to whoever reads Arrow streams: ``pa.table(result)``, ``pd.DataFrame.from_arrow(result)``."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

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

    def __array__(self, *asked: object, **named: object) -> NoReturn:
        """Refuse: ``pd.DataFrame(result)`` asks for this and would lose the names of the columns.

        Raises
        ------
        TypeError
            Always.
        """
        del asked, named
        message = f"{type(self).__name__} is a table with named columns, no array: write result.to_frame()"
        raise TypeError(message)

    def __getattr__(self, name: str) -> Any:
        """Return the frame's attribute; private names are not looked up there."""
        if name.startswith("_") or name in type(self).__dataclass_fields__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.to_frame(), name)
