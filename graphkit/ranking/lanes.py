"""Sums of rows of 16 values, one vector instruction an arc.

A compiled loop over 16 accumulators in an array stores and reloads them at every arc (10 ns); 16
values held in vector registers cost one load and one addition (about 1 ns). NumPy arrays cannot say
that, so the two sums are written in the compiler's own language; it cuts the vectors of 16 to
whatever the processor has. Terms are added in the order of the arcs, two running sums, so the bits
do not depend on the processor either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["LANES", "aligned_rows", "relax_row", "sum_rows", "sum_weighted_rows"]

LANES = 16
_LINE = 64  # bytes of a cache line: a row that begins on one is fetched once, not twice


def aligned_rows(n: int, dtype: type[np.floating[Any]]) -> NDArray[Any]:
    """Return zeros of shape (n, 16) whose rows begin on cache lines."""
    item = np.dtype(dtype).itemsize
    flat = np.zeros(n * LANES + _LINE // item, dtype)
    skip = -flat.ctypes.data % _LINE // item
    return flat[skip : skip + n * LANES].reshape(n, LANES)


def _sum_code(context: Any, builder: Any, signature: Any, arguments: Any, *, weighted: bool) -> Any:
    """Emit total[:] = sum over j in first..last-1 of (weight[j] x) table[indices[j], :]."""
    kinds = signature.args
    table, indices, total = (context.make_array(kinds[i])(context, builder, arguments[i]) for i in (0, 1, -1))
    first, last = arguments[-3], arguments[-2]
    narrow, wide = (context.get_value_type(kinds[i].dtype) for i in (0, -1))
    row_type, sum_type = ir.VectorType(narrow, LANES), ir.VectorType(wide, LANES)
    rows = builder.bitcast(table.data, row_type.as_pointer())
    integer = ir.IntType(64)
    sums = [cgutils.alloca_once_value(builder, ir.Constant(sum_type, [0.0] * LANES)) for _ in range(2)]  # type: ignore[no-untyped-call]

    def add(j: Any, total: Any) -> None:
        index = builder.load(builder.gep(indices.data, [j]))
        index = builder.zext(index, integer) if index.type.width < integer.width else index
        row = builder.load(builder.gep(rows, [index]), align=narrow_bytes)
        if wide != narrow:
            row = builder.fpext(row, sum_type)
        if weighted:
            weights = context.make_array(kinds[2])(context, builder, arguments[2])
            number = builder.load(builder.gep(weights.data, [j]))
            row = builder.fmul(row, _spread(builder, number, sum_type))
        builder.store(builder.fadd(builder.load(total), row), total)

    narrow_bytes = kinds[0].dtype.bitwidth // 8
    one, two = ir.Constant(integer, 1), ir.Constant(integer, 2)
    pairs = builder.sub(last, builder.and_(builder.sub(last, first), one))
    with cgutils.for_range_slice(builder, first, pairs, two, intp=integer) as (j, _):
        add(j, sums[0])
        add(builder.add(j, one), sums[1])
    with builder.if_then(builder.icmp_signed("<", pairs, last)):
        add(pairs, sums[0])
    answer = builder.bitcast(total.data, sum_type.as_pointer())
    builder.store(
        builder.fadd(builder.load(sums[0]), builder.load(sums[1])), answer, align=kinds[-1].dtype.bitwidth // 8
    )
    return context.get_dummy_value()


@intrinsic
def _sum_rows(
    typing_context: Any,  # noqa: ARG001 - numba's signature
    table: Any,
    indices: Any,
    first: Any,  # noqa: ARG001
    last: Any,  # noqa: ARG001
    total: Any,
) -> Any:
    """total[:] = sum of table[indices[j], :] over j in first..last-1."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _sum_code(context, builder, signature, arguments, weighted=False)

    return types.none(table, indices, types.int64, types.int64, total), code


@intrinsic
def _sum_weighted_rows(
    typing_context: Any,  # noqa: ARG001 - numba's signature
    table: Any,
    indices: Any,
    weight: Any,
    first: Any,  # noqa: ARG001
    last: Any,  # noqa: ARG001
    total: Any,
) -> Any:
    """total[:] = sum of weight[j] table[indices[j], :] over j in first..last-1; weights as precise as the total."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _sum_code(context, builder, signature, arguments, weighted=True)

    return types.none(table, indices, weight, types.int64, types.int64, total), code


@intrinsic
def _relax_row(
    typing_context: Any,  # noqa: ARG001 - numba's signature
    table: Any,
    row: Any,  # noqa: ARG001
    total: Any,
    part: Any,  # noqa: ARG001
    extra: Any,
    omega: Any,  # noqa: ARG001
    weight: Any,  # noqa: ARG001
    moved: Any,
) -> Any:
    """step = omega (part total + extra - table[row]); table[row] += step; moved += weight |step|; one dtype throughout."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        arrays = {i: context.make_array(signature.args[i])(context, builder, arguments[i]).data for i in (0, 2, 4, 7)}
        number = context.get_value_type(signature.args[0].dtype)
        vector, size = ir.VectorType(number, LANES), signature.args[0].dtype.bitwidth // 8

        def place(i: int, at: Any = None) -> Any:
            rows = builder.bitcast(arrays[i], vector.as_pointer())
            return rows if at is None else builder.gep(rows, [at])

        def load(pointer: Any) -> Any:
            return builder.load(pointer, align=size)

        seat, have = place(0, arguments[1]), place(7)
        old = load(seat)
        fresh = builder.fadd(builder.fmul(_spread(builder, arguments[3], vector), load(place(2))), load(place(4)))
        step = builder.fmul(_spread(builder, arguments[5], vector), builder.fsub(fresh, old))
        builder.store(builder.fadd(old, step), seat, align=size)
        zero = ir.Constant(vector, [0.0] * LANES)
        length = builder.select(builder.fcmp_ordered("<", step, zero), builder.fsub(zero, step), step)
        builder.store(
            builder.fadd(load(have), builder.fmul(_spread(builder, arguments[6], vector), length)), have, align=size
        )
        return context.get_dummy_value()

    same = table.dtype
    return types.none(table, types.int64, total, same, extra, same, same, moved), code


def _spread(builder: Any, number: Any, vector: Any) -> Any:
    """Emit a vector with the same number in every lane."""
    empty = ir.Constant(vector, ir.Undefined)
    seat = builder.insert_element(empty, number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(seat, empty, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


relax_row = cast("Callable[..., None]", _relax_row)
sum_rows = cast("Callable[..., None]", _sum_rows)
sum_weighted_rows = cast("Callable[..., None]", _sum_weighted_rows)
