"""Audiences of any accepted form as one table of chances, one sparse row per user or rr_set.

An *item* is a user, or, after propagation, one rr_set: the set of users whose activity would
reach its root. Chance q_c of audience c on an rr_set R is 1 - prod over R of (1 - q_cu). All
questions of this room are sums over items of a function of the q of one item.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import positive_int
from graphkit.diffusion.rr_sets import sample_rr_sets
from graphkit.errors import DataInvalid, InvalidParameter, UnknownNode
from graphkit.kernels import kernel
from graphkit.progress import Progress
from graphkit.projection.nodes import sorted_if_set
from graphkit.projection.projection import Projection, check_projection
from graphkit.rng import child_seed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import ArrayLike, NDArray

    from graphkit.progress import ProgressCallback

__all__ = ["Audiences", "Items", "audience_items", "read_audiences"]

_SETS_PER_WORLD = 32
_SETS_PER_BLOCK = 1 << 16


@dataclass(frozen=True, eq=False)
class Audiences:
    """Names in the order given, and chances by user (CSR: users x audiences, only q > 0)."""

    names: tuple[str, ...]
    n_nodes: int
    indptr: NDArray[np.int64]
    party: NDArray[np.int32]
    chance: NDArray[np.float64]

    def digest(self) -> str:
        """Hex digest of who is in which audience with which chance."""
        found = hashlib.sha256(f"{self.n_nodes};{len(self.names)};".encode())
        for values in (self.indptr, self.party, self.chance):
            found.update(np.ascontiguousarray(values).tobytes())
        return found.hexdigest()


@dataclass(frozen=True, eq=False)
class Items:
    """Chances by item, the weight of each item, and whether items were sampled."""

    indptr: NDArray[np.int64]
    party: NDArray[np.int32]
    chance: NDArray[np.float64]
    weight: NDArray[np.float64]


def read_audiences(audiences: Mapping[str, ArrayLike], n_nodes: int | None, projection: Projection | None) -> Audiences:
    """Read rows, masks or chances of any number of audiences.

    Parameters
    ----------
    audiences : mapping name -> array_like
        Int rows (any integer dtype but int8, or a set), a 0/1 int8 or bool mask of shape (n_nodes,), or float
        chances in [0, 1] of shape (n_nodes,).
    n_nodes : int, optional
        Number of users; taken from the projection or from a mask when left out.
    projection : Projection, optional

    Raises
    ------
    DataInvalid
        A chance outside [0, 1] or a mask of the wrong length.
    InvalidParameter
        No audience, or ``n_nodes`` unknown.
    UnknownNode
        A row outside 0..n_nodes-1.
    """
    if not hasattr(audiences, "items") or len(audiences) == 0:
        message = "audiences must be a mapping name -> rows, mask or chances with at least one entry"
        raise InvalidParameter(message, parameter="audiences", value=None, allowed="at least one audience")
    if projection is not None:
        check_projection(projection, "projection")
    arrays = {str(name): _array(str(name), given) for name, given in audiences.items()}
    n = _count(arrays, n_nodes, projection)
    users, parties, chances = [], [], []
    for i, (name, array) in enumerate(arrays.items()):
        rows, q = _one(name, array, n)
        users.append(rows)
        parties.append(np.full(rows.size, i, np.int32))
        chances.append(q)
    user, party, chance = np.concatenate(users), np.concatenate(parties), np.concatenate(chances)
    order = np.lexsort((party, user))
    indptr = np.concatenate(([0], np.cumsum(np.bincount(user, minlength=n)))).astype(np.int64)
    return Audiences(tuple(arrays), n, indptr, party[order], chance[order])


def _array(name: str, given: ArrayLike) -> NDArray[Any]:
    is_set = isinstance(given, set | frozenset)
    array = np.asarray(sorted_if_set(given) if is_set else given)
    if array.size == 0 and array.dtype.kind not in "iub":
        array = array.astype(np.int64) if array.ndim == 1 and array.shape[0] == 0 else array
    if array.ndim != 1 or array.dtype.kind not in ("iu" if is_set else "iufb"):  # a set has no order: rows only
        message = (
            f"audience {name!r}: give int rows, a 0/1 mask or float chances, got {array.dtype} of shape {array.shape}"
        )
        raise InvalidParameter(
            message, parameter="audiences", value=str(array.dtype), allowed="int, bool or float array"
        )
    return array


def _is_whole(array: NDArray[Any]) -> bool:
    """Whether an array has one entry per user: mask or chances."""
    return array.dtype.kind in "bf" or array.dtype == np.int8


def _count(arrays: dict[str, NDArray[Any]], n_nodes: int | None, projection: Projection | None) -> int:
    known = [projection.n_nodes] if projection is not None else []
    known += [positive_int("n_nodes", n_nodes, minimum=0)] if n_nodes is not None else []
    known += [a.size for a in arrays.values() if _is_whole(a)] if not known else []
    if not known:
        message = "n_nodes is needed when audiences are given as rows without a projection"
        raise InvalidParameter(message, parameter="n_nodes", value=None, allowed="int >= 0", hint="pass n_nodes=")
    if len(set(known)) > 1:
        message = f"audiences, n_nodes and projection disagree about the number of users: {sorted(set(known))}"
        raise InvalidParameter(message, parameter="n_nodes", value=n_nodes, allowed=known[0])
    return known[0]


def _one(name: str, array: NDArray[Any], n: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows with a chance above 0, and the chances."""
    if not _is_whole(array):
        wrong = np.flatnonzero((array < 0) | (array >= n))
        if wrong.size:
            row = int(array[wrong[0]])
            message = f"audience {name!r}: user {row} is not among the rows 0..{n - 1}"
            raise UnknownNode(message, kind="user", name=str(row))
        rows = np.unique(array.astype(np.int64))
        return rows, np.ones(rows.size)
    if array.size != n:
        message = f"audience {name!r} has {array.size} entries for {n} users"
        raise DataInvalid(
            message, rule="length", hint="a mask or chances need one entry per user; int8 is read as a mask"
        )
    q = array.astype(np.float64)
    wrong = np.flatnonzero(~((q >= 0) & (q <= 1)))
    if wrong.size:
        message = f"audience {name!r}: the chance of user {wrong[0]} is {q[wrong[0]]!r}, outside [0, 1]"
        raise DataInvalid(
            message, rule="chance", count=int(wrong.size), rows=tuple((int(i), float(q[i])) for i in wrong[:5])
        )
    rows = np.flatnonzero(q).astype(np.int64)
    return rows, q[rows]


def audience_items(
    audiences: Audiences,
    projection: Projection | None,
    value: NDArray[np.float64] | None,
    *,
    n_worlds: int,
    seed: int,
    progress: ProgressCallback | None = None,
) -> Iterator[Items]:
    """Users as items, weighted by their value (default 1), or with a projection the rr_sets of ``n_worlds`` worlds."""
    if projection is not None:
        return _propagated(audiences, projection, value, n_worlds, seed, progress)
    weight = np.ones(audiences.n_nodes) if value is None else value
    return iter([Items(audiences.indptr, audiences.party, audiences.chance, weight)])


def _propagated(
    audiences: Audiences,
    projection: Projection,
    value: NDArray[np.float64] | None,
    n_worlds: int,
    seed: int,
    progress: ProgressCallback | None,
) -> Iterator[Items]:
    """Rr_sets as items, block by block, each weighted by total value / number of sets.

    ``n_worlds`` forward runs tell more than ``n_worlds`` rr_sets, for a run sees every user at once.
    So each world stands for min(n_nodes, 32) sets, every one drawn in a world of its own.
    Overlap and profit split draw the same sets from the same seed.
    """
    n_sets = n_worlds * max(1, min(projection.n_nodes, _SETS_PER_WORLD))
    stream = child_seed(seed, "audience")
    for first in range(0, n_sets, _SETS_PER_BLOCK):
        count = min(_SETS_PER_BLOCK, n_sets - first)
        sets = sample_rr_sets(projection, count, seed=stream, purpose="audience", first=first, value=value)
        ends, party, chance = gather_kernel(
            sets.indptr, sets.nodes, audiences.indptr, audiences.party, audiences.chance, len(audiences.names)
        )
        yield Items(ends, party, chance, np.full(count, sets.total_value / n_sets))
        if progress is not None:
            progress(Progress("reverse sets", first + count, n_sets))


@kernel
def gather_kernel(set_indptr, set_nodes, indptr, party, chance, m):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Chances of every set: 1 - prod over its members of (1 - q), as CSR with parties rising."""
    n_sets = set_indptr.size - 1
    ends = np.zeros(n_sets + 1, np.int64)
    miss, seen = np.ones(m), np.zeros(m, np.int64)
    size = 0
    for i in range(n_sets):  # first pass: how many audiences touch each set
        for j in range(set_indptr[i], set_indptr[i + 1]):
            u = set_nodes[j]
            for k in range(indptr[u], indptr[u + 1]):
                if seen[party[k]] != i + 1:
                    seen[party[k]] = i + 1
                    size += 1
        ends[i + 1] = size
    out_party, out_chance = np.empty(size, np.int32), np.empty(size)
    for i in range(n_sets):
        for j in range(set_indptr[i], set_indptr[i + 1]):
            u = set_nodes[j]
            for k in range(indptr[u], indptr[u + 1]):
                miss[party[k]] *= 1.0 - chance[k]
                seen[party[k]] = -i - 1
        place = ends[i]
        if place < ends[i + 1]:
            for c in range(m):
                if seen[c] == -i - 1:
                    out_party[place], out_chance[place] = c, 1.0 - miss[c]
                    place += 1
                    miss[c] = 1.0
    return ends, out_party, out_chance
