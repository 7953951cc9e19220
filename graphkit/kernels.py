"""The one place where kernels are compiled: without the interpreter lock and kept on disk.

Importing it costs numba (0.3 s) and one look at the sources, which `import graphkit` alone does not pay.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from graphkit.kernel_cache import KernelFiles, checksum_of_sources

_PACKAGE = str(Path(__file__).parent)
_SOURCES = checksum_of_sources(_PACKAGE)  # before numba, which takes a while: what is compiled is what was read here

from numba import __version__ as numba_version  # noqa: E402  see above
from numba import njit  # noqa: E402
from numba.core.caching import FunctionCache  # noqa: E402
from numba.core.serialize import dumps, loads  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["kernel"]

F = TypeVar("F", bound="Callable[..., Any]")


@overload
def kernel(function: F) -> F: ...


@overload
def kernel(*, fastmath: set[str] = ..., error_model: str = ..., inline: str = ...) -> Callable[[F], F]: ...


def kernel(function: F | None = None, **options: Any) -> F | Callable[[F], F]:
    """Compile a function without the interpreter lock, cached on disk; never ``parallel=True``.

    Blocks of worlds run on a thread pool instead: that compiles in 0.41 s against 1.94 s and
    runs equally fast.

    Parameters
    ----------
    function : callable, optional
        Given when this stands as ``@kernel``; with options it stands as ``@kernel(error_model="numpy")``.
    fastmath : set of str, optional
        Liberties with floats, such as ``{"contract"}``; none by default.
    error_model : "python" or "numpy", optional
        What a division by zero does: raise (default), or give infinity.
    inline : "never" or "always", optional
        Whether the function is written into those that call it.
    """
    options["no_cfunc_wrapper"] = True  # an entry for C takes a twentieth of the time to compile, and nobody takes it
    compiled = njit(nogil=True, **options)
    if function is None:
        return lambda given: cast("F", _kept(compiled(given)))
    return cast("F", _kept(compiled(function)))


def _kept(compiled: Any) -> Any:
    """Have a kernel kept on disk; under ``NUMBA_DISABLE_JIT`` there is none."""
    if hasattr(compiled, "py_func"):
        compiled._cache = _KernelCache(compiled.py_func)  # noqa: SLF001  numba lets nobody choose the files
    return compiled


class _KernelCache(FunctionCache):
    """numba's cache of one kernel, on files of our own; it looks for their folder when the kernel is first called."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._py_func = function

    @cached_property
    def _impl(self) -> Any:
        return self._impl_class(self._py_func)

    @cached_property
    def _files(self) -> KernelFiles | None:
        """Where the kernel is kept; None where no folder may be written to, and every process compiles it."""
        try:
            return KernelFiles(str(self._impl.locator.get_cache_path()), self._impl.filename_base, _SOURCES)
        except RuntimeError:
            return None

    @property
    def cache_path(self) -> str:
        return self._files.folder if self._files else ""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        target_context.refresh()
        kept = self._files and self._files.load(self._key(sig, target_context.codegen()))
        return kept and self._impl.rebuild(target_context, loads(kept))

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled, unless a source has changed since it was read: then nobody knows of which text it is."""
        if not self._files or not self._impl.check_cachable(data):
            return
        with suppress(OSError):  # a full disk costs the time to compile, not the answer
            if checksum_of_sources(_PACKAGE) == _SOURCES:
                self._files.save(self._key(sig, data.codegen), dumps(self._impl.reduce(data)))  # type: ignore[no-untyped-call]

    def flush(self) -> None:
        """Forget nothing: a file cannot be out of date."""

    def _key(self, sig: Any, codegen: Any) -> str:
        return repr((numba_version, self._index_key(sig, codegen)))
