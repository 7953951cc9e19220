"""Counter-based coins: every random decision is a pure function of (seed, purpose, world, key).

Nothing is drawn in sequence, so workers, blocks and retries cannot change a result, and an
arc keeps its coin when other arcs come or go. A coin has 62 bits and is live iff
``coin < limit`` with ``limit = ceil(p * 2**62)``: p = 0 never works, p = 1 always does, and
both numbers fit a signed 64-bit integer. No logarithm or power lies on that path, since
their last bit differs between math libraries.

The default generator is the finaliser of splitmix64; Philox4x32-10 (Salmon et al., SC'11) is the
slow reference with published known answers.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from graphkit.kernels import kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "ALWAYS",
    "EIGHT",
    "coin",
    "even",
    "fraction",
    "limits",
    "live_eight",
    "mix64",
    "mixed_eight",
    "philox4x32",
    "prefetch",
    "splat",
    "stream",
    "trailing_zeros",
    "world_key",
    "world_keys",
]

ALWAYS = np.uint64(1 << 62)  # the limit of p = 1: above every coin
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S2, _S27, _S30, _S31, _S32 = (np.uint64(x) for x in (2, 27, 30, 31, 32))
_LOW = np.uint64(0xFFFFFFFF)
_ONE = np.uint64(1)


def stream(seed: int, purpose: str) -> np.uint64:
    """Return the 64-bit name of one purpose under one seed; the start of every world key.

    Parameters
    ----------
    seed : int in [0, 2**63)
    purpose : str
        What the coins decide, such as ``"arc"`` or ``"root"``. Different purposes are independent.
    """
    digest = hashlib.blake2b(f"{seed}\x1f{purpose}".encode(), digest_size=8, person=b"graphkit-coin").digest()
    return np.uint64(int.from_bytes(digest, "little"))


def limits(probability: ArrayLike) -> NDArray[np.uint64]:
    """Return the coin limits ``ceil(p * 2**62)`` of probabilities in [0, 1].

    The product is exact, since 2**62 is a power of two: nothing is rounded but the last unit.
    """
    p = np.asarray(probability, dtype=np.float64)
    return np.ceil(p * float(1 << 62)).astype(np.uint64)


@kernel
def mix64(x: Any) -> Any:
    """Finalise one uint64 with the steps of splitmix64."""
    z = (x ^ (x >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@kernel
def world_key(base: Any, world: Any) -> Any:
    """Return the key of one world of a `stream`; compute it once per world."""
    return mix64(base + (np.uint64(world) + _ONE) * _GOLDEN)


@kernel
def coin(world: Any, key: Any) -> Any:
    """Return the 62-bit coin of a key (arc, node) in the world whose `world_key` is given."""
    return mix64(world ^ key) >> _S2


@kernel
def fraction(bits: Any, n: Any) -> Any:
    """Return ``floor(bits * n / 2**64)`` for uint64 ``bits``: an even draw from 0..n-1."""
    a, b = bits >> _S32, bits & _LOW
    m = np.uint64(n)
    c, d = m >> _S32, m & _LOW
    middle = a * d + ((b * d) >> _S32)
    return np.int64(a * c + (middle >> _S32) + (((middle & _LOW) + b * c) >> _S32))


@kernel
def world_keys(base: Any, first: int, count: int) -> Any:
    """Return the world keys of worlds first..first+count-1 as a uint64 array."""
    keys = np.empty(count, np.uint64)
    for i in range(count):
        keys[i] = world_key(base, first + i)
    return keys


@intrinsic
def _trailing_zeros(typing_context: Any, x: Any) -> Any:  # noqa: ARG001 - numba's signature
    """Return the number of zero bits below the lowest one of a nonzero uint64."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), code


@intrinsic
def _ones(typing_context: Any, x: Any) -> Any:  # noqa: ARG001 - numba's signature
    """Return the number of one bits of a uint64."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), code


_WORD, _BYTE, _HALF = ir.IntType(64), ir.IntType(8), ir.IntType(32)
EIGHT = ir.VectorType(_WORD, 8)


def splat(builder: Any, word: Any) -> Any:
    """Copy a word into all eight places (code of a kernel, not run by it)."""
    empty = ir.Constant(EIGHT, ir.Undefined)
    one = builder.insert_element(empty, word, ir.Constant(_HALF, 0))
    return builder.shuffle_vector(one, empty, ir.Constant(ir.VectorType(_HALF, 8), [0] * 8))


def even(number: int) -> Any:
    """Eight times the same constant."""
    return ir.Constant(EIGHT, [number] * 8)


def mixed_eight(builder: Any, x: Any) -> Any:
    """Finalise eight words as `mix64` does one."""
    x = builder.mul(builder.xor(x, builder.lshr(x, even(30))), even(int(_M1)))
    x = builder.mul(builder.xor(x, builder.lshr(x, even(27))), even(int(_M2)))
    return builder.xor(x, builder.lshr(x, even(31)))


def _load(context: Any, builder: Any, kind: Any, array: Any, j: Any) -> Any:
    """Load array[j : j + 8]."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.load(builder.bitcast(builder.gep(data, [j]), EIGHT.as_pointer()), align=8)


@intrinsic
def _live_eight(typing_context: Any, world: Any, keys: Any, low: Any, width: Any, j: Any) -> Any:  # noqa: ARG001 - numba's signature
    """Return eight bits: bit t says low[j + t] <= coin(world, keys[j + t]) < low[j + t] + width[j + t]."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        key, least, size = (
            partial(_load, context, builder, signature.args[i], arguments[i], arguments[4]) for i in (1, 2, 3)
        )
        x = builder.lshr(mixed_eight(builder, builder.xor(key(), splat(builder, arguments[0]))), even(2))
        if not isinstance(signature.args[2], types.NoneType):
            x = builder.sub(x, least())
        return builder.zext(builder.bitcast(builder.icmp_unsigned("<", x, size()), _BYTE), _WORD)

    return types.uint64(types.uint64, keys, low, width, types.intp), code


@intrinsic
def _prefetch(typing_context: Any, array: Any, j: Any) -> Any:  # noqa: ARG001 - numba's signature
    """Ask for the cache line of array[j]; changes no value."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        place = builder.bitcast(builder.gep(data, [arguments[1]]), _BYTE.as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [_BYTE.as_pointer(), _HALF, _HALF, _HALF])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")  # type: ignore[no-untyped-call]
        builder.call(function, [place, ir.Constant(_HALF, 0), ir.Constant(_HALF, 3), ir.Constant(_HALF, 1)])
        return context.get_dummy_value()

    return types.void(array, types.intp), code


trailing_zeros = cast("Callable[[Any], Any]", _trailing_zeros)
ones = cast("Callable[[Any], Any]", _ones)
live_eight = cast("Callable[[Any, Any, Any, Any, Any], Any]", _live_eight)
prefetch = cast("Callable[[Any, Any], None]", _prefetch)


@kernel
def philox4x32(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    """Philox4x32-10: four 32-bit counters and two 32-bit keys (as uint64) to four 32-bit words."""
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
        c0, c1, c2, c3 = (p1 >> _S32) ^ c1 ^ k0, p1 & _LOW, (p0 >> _S32) ^ c3 ^ k1, p0 & _LOW
        k0, k1 = (k0 + np.uint64(0x9E3779B9)) & _LOW, (k1 + np.uint64(0xBB67AE85)) & _LOW
    return c0, c1, c2, c3
