"""Out-arcs in chunks of eight as one world at a time needs them: keys, limits and targets side by side.

A chunk is two cache lines: eight 64-bit keys, the upper 32 bits of eight limits, eight targets. The
first 32 bits of a coin decide all but one arc in 2**32; only where they are equal to the limit's are all
62 bits looked at, so nothing is rounded. In the linear threshold model, whose arcs own an interval of
their node's coin, both ends stand beside the chunks in full.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from graphkit.coins import EIGHT, coin, even, mixed_eight, prefetch, splat, trailing_zeros
from graphkit.diffusion.arrays import first_above
from graphkit.kernels import kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from graphkit.projection.projection import Projection

__all__ = ["PackedArcs", "Workspace", "advance", "once", "pack", "packed_bytes", "workspace"]

_WORDS = 16  # of 64 bits a chunk
_BATCH = 512  # chunks whose live targets are collected before they are looked at: 16 KB, less than a first-level cache
_AHEAD = 12  # chunks between asking for one and trying it; 10 to 16 are alike, far fewer or all at once are slower
_ONE, _HALF = np.uint64(1), np.uint64(32)
_SCALE = float(1 << 62)
_LINE = 64  # bytes
KEPT_BYTES = 1 << 30  # larger arcs are packed anew for each simulation


T = TypeVar("T")


class PackedArcs(NamedTuple):
    """Chunks of all nodes; node u has the chunks ``first[u] : first[u + 1]``.

    ``words`` holds 16 words a chunk; ``ends`` is None, or 16 words a chunk as well: where the interval of each arc
    begins and how long it is. ``indptr`` and ``probability`` are those of the arcs, for the ties.
    """

    first: NDArray[np.int32]
    words: NDArray[np.uint64]
    ends: NDArray[np.uint64] | None
    indptr: NDArray[np.int64]
    probability: NDArray[np.float64]


class Workspace(NamedTuple):
    """Room that one block uses again for each world."""

    seen: NDArray[np.uint8]
    queue: NDArray[np.int32]
    chunks: NDArray[np.int32]
    live: NDArray[np.int32]


def pack(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    key: NDArray[np.uint64],
    probability: NDArray[np.float64],
    low: NDArray[np.uint64] | None = None,
    width: NDArray[np.uint64] | None = None,
) -> PackedArcs:
    """Return the arcs in chunks; with ``low`` and ``width`` an arc is live where its coin lies in [low, low + width)."""
    first = np.zeros(indptr.size, np.int32)
    np.cumsum((np.diff(indptr) + 7) >> 3, out=first[1:])
    words, ends = _aligned(first[-1] * _WORDS), None
    _fill_kernel(indptr, indices, key, probability, first, words, words.view(np.uint32))
    if low is not None and width is not None:
        ends = _aligned(first[-1] * _WORDS)
        _ends_kernel(indptr, low, width, first, ends)
    return PackedArcs(first, words, ends, indptr, probability)


def packed_bytes(indptr: NDArray[np.int64]) -> int:
    """Return the bytes of the words of these arcs."""
    return int(((np.diff(indptr) + 7) >> 3).sum()) * _WORDS * 8


def once(projection: Projection, name: object, make: Callable[[], T]) -> T:
    """Return what ``make`` prepares; the last of a graph is kept with it, as a cached property, up to `KEPT_BYTES`."""
    kept: dict[str, Any] = projection.__dict__
    found: tuple[object, T] | None = kept.get("_packed")
    if found is None or found[0] != name:
        kept.pop("_packed", None)  # never two at a time
        found = (name, make())
        if packed_bytes(projection.indptr) <= KEPT_BYTES:
            kept["_packed"] = found
    return found[1]


def _aligned(size: int) -> NDArray[np.uint64]:
    """Return words that begin at a cache line; an empty place is safe to look at."""
    raw = np.empty(size + _LINE // 8, np.uint64)
    start = -raw.ctypes.data % _LINE // 8
    return raw[start : start + size]


@kernel
def workspace(arcs: Any) -> Any:
    """Return the room for cascades on these arcs."""
    n = arcs.first.size - 1
    # one place more than nodes: a node already seen is written and forgotten
    return Workspace(
        np.zeros(n, np.uint8),
        np.empty(n + 1, np.int32),
        np.empty(arcs.first[n] + _AHEAD + 8, np.int32),
        np.empty(8 * _BATCH + 8, np.int32),
    )


@kernel
def _fill_kernel(indptr: Any, indices: Any, key: Any, probability: Any, first: Any, words: Any, halves: Any) -> None:
    """Write the chunks; an empty place, like an arc with p = 0, has limit 0 and loses its tie."""
    for u in range(first.size - 1):
        start = indptr[u]
        many = indptr[u + 1] - start
        for i in range(8 * (first[u + 1] - first[u])):
            word, half = _WORDS * (first[u] + (i >> 3)) + (i & 7), 2 * _WORDS * (first[u] + (i >> 3)) + 16 + (i & 7)
            if i < many:
                limit: Any = np.int64(math.ceil(probability[start + i] * _SCALE))
                words[word], halves[half], halves[half + 8] = (
                    key[start + i],
                    max(limit - 1, 0) >> 30,
                    indices[start + i],
                )
            else:
                words[word], halves[half], halves[half + 8] = 0, 0, 0


@kernel
def _ends_kernel(indptr: Any, low: Any, width: Any, first: Any, ends: Any) -> None:
    """Write both ends of the intervals beside the chunks."""
    ends[:] = 0
    for u in range(first.size - 1):
        for i in range(indptr[u + 1] - indptr[u]):
            word = _WORDS * (first[u] + (i >> 3)) + (i & 7)
            ends[word], ends[word + 8] = low[indptr[u] + i], width[indptr[u] + i]


@intrinsic
def _live_of_chunk(typing_context: Any, world: Any, words: Any, ends: Any, chunk: Any, out: Any, at: Any) -> Any:  # noqa: ARG001 - numba's signature
    """Write the targets of the live arcs of a chunk to out[at:]; return their number and, from bit 32 on, who is tied."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word, byte, half = ir.IntType(64), ir.IntType(8), ir.IntType(32)
        eight_halves = ir.VectorType(half, 8)
        place = builder.mul(arguments[3], ir.Constant(word, _WORDS))

        def load(argument: int, offset: int, kind: Any) -> Any:
            data = context.make_array(signature.args[argument])(context, builder, arguments[argument]).data
            spot = builder.gep(data, [builder.add(place, ir.Constant(word, offset))])
            return builder.load(builder.bitcast(spot, kind.as_pointer()), align=32)

        x = mixed_eight(builder, builder.xor(load(1, 0, EIGHT), splat(builder, arguments[0])))
        tied = ir.Constant(word, 0)
        if isinstance(signature.args[2], types.NoneType):
            x, limit = builder.lshr(x, even(32)), builder.zext(load(1, 8, eight_halves), EIGHT)
            live = builder.icmp_unsigned("<", x, limit)
            tied = builder.zext(builder.bitcast(builder.icmp_unsigned("==", x, limit), byte), word)
        else:
            live = builder.icmp_unsigned(
                "<", builder.sub(builder.lshr(x, even(2)), load(2, 0, EIGHT)), load(2, 8, EIGHT)
            )
        data = context.make_array(signature.args[4])(context, builder, arguments[4]).data
        bits = builder.bitcast(live, byte)
        _store_chosen(context, builder, load(1, 12, eight_halves), bits, builder.gep(data, [arguments[5]]))
        return builder.or_(builder.zext(builder.ctpop(bits), word), builder.shl(tied, ir.Constant(word, 32)))

    return types.uint64(types.uint64, words, ends, types.intp, out, types.intp), code


def _store_chosen(context: Any, builder: Any, values: Any, bits: Any, pointer: Any) -> None:
    """Write the values whose bit is set, one after the other, and something in what remains of eight places."""
    word, byte, half = ir.IntType(64), ir.IntType(8), ir.IntType(32)
    eight_halves = ir.VectorType(half, 8)
    if (
        "+avx2" in context.codegen().magic_tuple()[2]
    ):  # one shuffle by a table; 1.7 times faster than one after the other
        order = [[i for i in range(8) if b >> i & 1] for b in range(256)]
        rows = ir.ArrayType(ir.VectorType(byte, 8), 256)
        table = cgutils.global_constant(  # type: ignore[no-untyped-call]
            builder, "chosen_of_eight", ir.Constant(rows, [ir.Constant(rows.element, (x + [0] * 8)[:8]) for x in order])
        )
        row = builder.load(builder.gep(table, [ir.Constant(word, 0), builder.zext(bits, word)]))
        kind = ir.FunctionType(eight_halves, [eight_halves, eight_halves])
        shuffle = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.avx2.permd")  # type: ignore[no-untyped-call]
        packed = builder.call(shuffle, [values, builder.zext(row, eight_halves)])
        builder.store(packed, builder.bitcast(pointer, eight_halves.as_pointer()), align=4)
        return
    at: Any = ir.Constant(word, 0)
    for i in range(8):
        builder.store(builder.extract_element(values, ir.Constant(half, i)), builder.gep(pointer, [at]), align=4)
        bit = builder.and_(builder.lshr(bits, ir.Constant(byte, i)), ir.Constant(byte, 1))
        at = builder.add(at, builder.zext(bit, word))


_live = cast("Callable[[Any, Any, Any, Any, Any, Any], Any]", _live_of_chunk)


@kernel
def _tied(world: Any, arcs: Any, chunk: Any, place: Any) -> Any:
    """Whether the arc at a place of a chunk, whose coin and limit share 32 bits, is live by all 62."""
    u = first_above(arcs.first, np.int64(0), arcs.first.size, chunk) - 1
    j = arcs.indptr[u] + 8 * np.int64(chunk - arcs.first[u]) + place
    if j >= arcs.indptr[u + 1]:
        return False
    key = arcs.words[_WORDS * np.int64(chunk) + place]
    return np.int64(coin(world, key)) < np.int64(math.ceil(arcs.probability[j] * _SCALE))


@kernel
def _ask(words: Any, chunk: Any) -> None:
    """Ask for both cache lines of a chunk."""
    prefetch(words, np.int64(chunk) * _WORDS)
    prefetch(words, np.int64(chunk) * _WORDS + 8)


@kernel
def advance(world: Any, arcs: Any, room: Any, head: Any, end: Any, tail: Any) -> Any:
    """Try the out-arcs of queue[head:end]; append the targets not yet seen at ``tail`` and return the new tail.

    Each chunk is asked for a fixed number of chunks before it is tried, so that waiting for memory and coins overlap.
    """
    first, words, queue, seen, chunks, live = arcs.first, arcs.words, room.queue, room.seen, room.chunks, room.live
    many: Any = np.int64(0)
    for i in range(head, end):
        u = np.uint64(queue[np.uint64(i)])
        chunk = first[u]
        more = np.int64(first[u + _ONE]) - chunk
        for t in range(4):  # without a branch: most nodes have few
            chunks[np.uint64(many + t)] = chunk + t
        for t in range(4, more):
            chunks[np.uint64(many + t)] = chunk + t
        many += more
    for i in range(_AHEAD):  # behind the last chunk the first stands again: asked for in vain, but there
        if i < many:
            _ask(words, chunks[i])
        chunks[np.uint64(many + i)] = chunks[0]
    for start in range(0, many, _BATCH):
        n_live: Any = np.int64(0)
        for i in range(start, min(start + _BATCH, many)):
            _ask(words, chunks[np.uint64(i + _AHEAD)])
            chunk = chunks[np.uint64(i)]
            found = _live(world, words, arcs.ends, chunk, live, n_live)
            n_live += np.int64(found & np.uint64(15))
            tied = found >> _HALF
            while tied != 0:
                place = np.int64(trailing_zeros(tied))
                tied &= tied - _ONE
                if _tied(world, arcs, chunk, place):
                    live[n_live] = words.view(np.uint32)[2 * _WORDS * np.int64(chunk) + 24 + place]
                    n_live += 1
        for k in range(n_live):
            v = np.uint64(live[np.uint64(k)])
            queue[np.uint64(tail)] = v
            tail += 1 - np.int64(seen[v])
            seen[v] = 1
    return tail
