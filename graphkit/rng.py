"""Randomness is an argument: one seed at the border, named children inside.

``rng`` means the same everywhere: an int, a ``numpy.random.Generator``, a
``SeedSequence`` or None. None draws fresh entropy, which the manifest records, so the
result can still be repeated. No function touches the global state of ``random`` or NumPy.
"""

from __future__ import annotations

import hashlib
import numbers
import secrets
from typing import Any, TypeAlias

import numpy as np

from graphkit.check import refuse

__all__ = ["SEED_LIMIT", "RandomState", "as_generator", "as_seed", "child_seed"]

RandomState: TypeAlias = int | np.random.Generator | np.random.SeedSequence | None

SEED_LIMIT = 2**63


def as_seed(rng: Any) -> int:
    """Return the seed of ``rng``, an int in [0, 2**63).

    A ``Generator`` is advanced by one draw, so two calls with the same object differ, as
    they would with any other use of it.
    """
    if rng is None:
        return secrets.randbelow(SEED_LIMIT)
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(SEED_LIMIT, dtype=np.uint64))
    if isinstance(rng, np.random.SeedSequence):
        return int(rng.generate_state(1, np.uint64)[0] >> np.uint64(1))
    if isinstance(rng, bool | np.bool_) or not isinstance(rng, numbers.Integral) or not 0 <= int(rng) < SEED_LIMIT:
        refuse("rng", rng, "an int in [0, 2**63), a numpy Generator, a SeedSequence or None")
    return int(rng)


def child_seed(seed: int, *purpose: str | int) -> int:
    """Return the seed of a named child stream, a pure function of seed and purpose."""
    text = "\x1f".join([str(seed), *(f"{type(part).__name__}:{part}" for part in purpose)])
    digest = hashlib.blake2b(text.encode(), digest_size=8, person=b"graphkit-rng").digest()
    return int.from_bytes(digest, "little") >> 1


def as_generator(rng: RandomState, *purpose: str | int) -> np.random.Generator:
    """Return a NumPy generator for one purpose; equal arguments give equal streams."""
    return np.random.default_rng(child_seed(as_seed(rng), *purpose))
