"""Which tags people combine: lift of tag pairs, with a minimum cell.

lift(a, b) = n_ab N / (n_a n_b): 1 when a and b occur together as often as by chance. Pairs of fewer
than ``min_cell`` baskets are left out, so no row speaks of few people and none is divided by 0.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from graphkit.check import mapping_of, positive_int
from graphkit.errors import DataInvalid
from graphkit.matching.keyed import name_of
from graphkit.results import FrameResult, Manifest, make_manifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

__all__ = ["TagLift", "tag_lift"]


@dataclass(frozen=True, eq=False, repr=False)
class TagLift(FrameResult):
    """Pairs of tags by lift, highest first, ties by tag.

    Parameters
    ----------
    n_baskets : int
        Baskets with at least one tag.
    tag_a, tag_b : tuple of str
        ``tag_a < tag_b``.
    users : ndarray of int64
        Baskets with both.
    lift : ndarray of float64
    hidden : int
        Pairs that occur, but in fewer than ``min_cell`` baskets.
    """

    n_baskets: int
    tag_a: tuple[str, ...]
    tag_b: tuple[str, ...]
    users: np.ndarray = field(metadata={"dtype": np.int64})
    lift: np.ndarray = field(metadata={"dtype": np.float64})
    hidden: int
    manifest: Manifest

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.tag_a)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per pair: tag_a, tag_b, users, lift."""
        import pandas as pd

        return pd.DataFrame(
            {"tag_a": list(self.tag_a), "tag_b": list(self.tag_b), "users": self.users, "lift": self.lift}
        )


def tag_lift(baskets: Mapping[str, Iterable[str]], *, min_cell: int = 50, top: int | None = None) -> TagLift:
    """Return the lift of every pair of tags that enough baskets hold.

    Parameters
    ----------
    baskets : mapping id -> tags
        For example user -> tags of what the user took. A tag counts once per basket; empty baskets do not count.
    min_cell : int, default 50
        Smallest number of baskets a row may speak of.
    top : int, optional
        Keep that many pairs.

    Returns
    -------
    TagLift

    Raises
    ------
    InvalidParameter
        ``baskets`` is no mapping, ``min_cell`` or ``top`` below 1.
    DataInvalid
        The tags of a basket are a bare text.

    Examples
    --------
    >>> found = tag_lift({"u1": "ab", "u2": ["a", "b"], "u3": ["c"]}, min_cell=1)  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    DataInvalid: tags of 'u1' must be a collection
    >>> tag_lift({"u1": ["a", "b"], "u2": ["a", "b"], "u3": ["c"]}, min_cell=1).lift.tolist()
    [1.5]
    """
    start, least = time.perf_counter(), positive_int("min_cell", min_cell)
    kept = None if top is None else positive_int("top", top)
    matrix, tags = _matrix(baskets)
    together = sparse.triu(matrix.T @ matrix, k=1).tocoo()
    single = np.asarray(matrix.sum(axis=0), np.float64).ravel()
    a, b, users = together.coords[0], together.coords[1], together.data.astype(np.int64)
    enough = users >= least
    a, b, users, hidden = a[enough], b[enough], users[enough], int(np.count_nonzero(~enough))
    lift = users * (matrix.shape[0] / (single[a] * single[b]))
    order = np.lexsort((b, a, -np.round(lift, 12)))[:kept]
    a, b, users, lift = a[order], b[order], users[order], lift[order]
    names = tuple(tags[i] for i in a), tuple(tags[i] for i in b)
    request = {"min_cell": least, "top": kept, "tags": tags, "n_baskets": matrix.shape[0], "single": single}
    answer = [names, users, lift]
    manifest = make_manifest("tag_lift", request=request, answer=answer, seconds=time.perf_counter() - start)
    return TagLift(int(matrix.shape[0]), *names, users, lift, hidden, manifest)


def _matrix(baskets: object) -> tuple[sparse.csr_array, list[str]]:
    """Baskets x tags as 0/1, empty baskets left out, tags sorted."""
    sets = []
    for name, tags in mapping_of("baskets", baskets, "a mapping id -> tags").items():
        if isinstance(tags, str) or not hasattr(tags, "__iter__"):
            message = f"tags of {name!r} must be a collection, got {tags!r}"
            raise DataInvalid(message, rule="tags", rows=((name, repr(tags)[:80]),), hint="wrap a single tag in a list")
        own = sorted({name_of(tag, f"tags of {name!r}") for tag in tags})
        if own:
            sets.append(own)
    tags = sorted({tag for own in sets for tag in own})
    column = {tag: i for i, tag in enumerate(tags)}
    ends = np.concatenate((np.zeros(1, np.int64), np.cumsum([len(own) for own in sets], dtype=np.int64)))
    places = np.array([column[tag] for own in sets for tag in own], np.int64)
    return sparse.csr_array((np.ones(places.size), places, ends), shape=(len(sets), len(tags))), tags
