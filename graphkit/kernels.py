"""The one place where kernels are compiled: without the interpreter lock and kept on disk.

Importing it costs numba (0.3 s) and one look at the sources, which `import graphkit` alone does not pay.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from numba import njit

from graphkit.kernel_cache import drop_outdated_kernels

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["kernel"]

F = TypeVar("F", bound="Callable[..., Any]")

drop_outdated_kernels(str(Path(__file__).parent))


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
    compiled = njit(nogil=True, cache=True, **options)
    return cast("F | Callable[[F], F]", compiled if function is None else compiled(function))
