"""Stable 64-bit names of nodes and arcs: pure functions of the ids, never of row numbers.

A coin is ``hash(seed, world, edge_key, purpose)``. Because the key of an arc depends only on the
labels and ids of its two ends, adding or removing an arc changes no other coin, and the order of
the input rows is irrelevant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_PRIME = np.uint64(0x00000100000001B3)
_BASIS = 0xCBF29CE484222325
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MASK = (1 << 64) - 1
_WIDE = 48  # ids longer than this are hashed one by one: a matrix of their width would be mostly empty


def mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Finalise 64-bit values with the mixing steps of splitmix64 (a bijection).

    Parameters
    ----------
    x : ndarray of uint64

    Returns
    -------
    ndarray of uint64, same shape
    """
    z = x + _GOLDEN
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z


def node_hashes(
    labels: Sequence[str] | NDArray[np.object_] | None, ids: Sequence[str] | NDArray[np.object_]
) -> NDArray[np.uint64]:
    """Return one stable 64-bit hash per node, from its label and its id.

    Parameters
    ----------
    labels : sequence of str, shape (n,), or None
        None stands for nodes without a label (bare arrays); it equals the empty label.
    ids : sequence of str, shape (n,)

    Returns
    -------
    ndarray of uint64, shape (n,)
        FNV-1a over the code points, started from the label's hash, then mixed. Every step is a
        bijection of the state, so ids that differ in one place never collide.
    """
    names = np.asarray(ids, dtype=object)
    if labels is None:
        return _text_hashes(names, np.full(names.size, _label_hash(""), np.uint64))
    kinds = np.asarray(labels, dtype=object)
    seen = {str(label): _label_hash(str(label)) for label in set(kinds.tolist())}
    start = np.fromiter((seen[str(label)] for label in kinds), np.uint64, kinds.size)
    return _text_hashes(names, start)


def position_hashes(n: int) -> NDArray[np.uint64]:
    """Return the hashes of the unlabelled ids "0", "1", .. of bare arrays.

    Parameters
    ----------
    n : int
        Number of nodes.

    Returns
    -------
    ndarray of uint64, shape (n,)
        Equal to ``node_hashes(None, [str(i) for i in range(n)])``, without making the strings.
    """
    result = np.full(n, _label_hash(""), np.uint64)
    low, digits = 0, 1
    while low < n:
        high = min(n, 10**digits)
        number, state = np.arange(low, high, dtype=np.uint64), result[low:high]
        for place in range(digits - 1, -1, -1):
            _step(state, number // np.uint64(10**place) % np.uint64(10) + np.uint64(ord("0")))
        result[low:high] = mix(state ^ np.uint64(digits))
        low, digits = high, digits + 1
    return result


def edge_keys(source_hash: NDArray[np.uint64], target_hash: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the key of each arc from the hashes of its two ends; direction matters.

    Parameters
    ----------
    source_hash, target_hash : ndarray of uint64, shape (m,)

    Returns
    -------
    ndarray of uint64, shape (m,)
    """
    key = mix(source_hash)
    key += target_hash
    return mix(key)


def _step(state: NDArray[np.uint64], code: NDArray[np.uint64]) -> None:
    """One FNV-1a step in place, with a shift that spreads the high bits downwards."""
    state ^= code
    state *= _PRIME
    state ^= state >> np.uint64(29)


def _scalar(text: str, state: int) -> int:
    """Twin of `_step` for one text; the caller mixes in the length."""
    for letter in text:
        state = ((state ^ ord(letter)) * int(_PRIME)) & _MASK
        state ^= state >> 29
    return state


def _label_hash(label: str) -> int:
    state = _scalar(label, _BASIS)
    return int(mix(np.array([state ^ len(label)], np.uint64))[0])


def _text_hashes(names: NDArray[np.object_], start: NDArray[np.uint64]) -> NDArray[np.uint64]:
    length = np.fromiter((len(name) for name in names), np.int64, names.size)
    state = start.copy()
    short = np.flatnonzero(length <= _WIDE)
    if short.size:
        width = int(length[short].max(initial=0))
        if width:
            letters = names[short].astype(f"U{width}").view(np.uint32).reshape(short.size, width)
            inner = state[short]
            for place in range(width):
                alive = length[short] > place
                if alive.all():
                    _step(inner, letters[:, place].astype(np.uint64))
                else:
                    part = inner[alive]
                    _step(part, letters[alive, place].astype(np.uint64))
                    inner[alive] = part
            state[short] = inner
    for i in np.flatnonzero(length > _WIDE):
        state[i] = _scalar(names[i], int(state[i]))
    return mix(state ^ length.astype(np.uint64))
