"""Spelling variants of one name, and names mentioned in texts."""

from __future__ import annotations

import re
import time
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from graphkit.errors import DataInvalid
from graphkit.results import Manifest, Result, make_manifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd

__all__ = ["NameVariants", "contained_pairs", "mentions", "name_variants", "plain_name", "surroundings"]

_OTHER = re.compile(r"[\W_]+")
_SHORTEST = 2  # characters of a name that may be looked for inside other text
_LATIN_SHORTEST = 4  # short Latin names (ER, CU) sit inside other words by accident
_COVERED = 0.5  # share of the longer name that the shorter one must cover


def plain_name(name: str) -> str:
    """Return the letters and digits of a name, NFKC and case folded; a name without any stays as it is."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return _OTHER.sub("", folded) or folded.strip()


@dataclass(frozen=True, eq=False, repr=False)
class NameVariants(Result):
    """Pairs of names that may be one brand, for a person to review.

    Parameters
    ----------
    name, variant : tuple of str
        The more frequent spelling and the other one.
    covered : ndarray of float64
        Length of the shorter plain name / the longer one; 1 = same letters and digits.
    together : ndarray of int64
        Partnerships that list both: two names side by side are rarely one brand.
    reason : tuple of str
        ``same letters``, ``beginning`` or ``end``.
    join : ndarray of bool
        The proposal: same letters, or at least half covered and never listed together.
    """

    name: tuple[str, ...]
    variant: tuple[str, ...]
    covered: np.ndarray = field(metadata={"dtype": np.float64})
    together: np.ndarray = field(metadata={"dtype": np.int64})
    reason: tuple[str, ...]
    join: np.ndarray = field(metadata={"dtype": np.bool_})
    manifest: Manifest

    def to_frame(self) -> pd.DataFrame:
        """Return one row per pair; edit ``join`` and hand the frame to ``rank_partners(aliases=...)``."""
        import pandas as pd

        columns = {"covered": self.covered, "together": self.together, "reason": list(self.reason), "join": self.join}
        return pd.DataFrame({"name": list(self.name), "variant": list(self.variant), **columns})


def name_variants(history: pd.DataFrame) -> NameVariants:
    """List spellings that may mean one brand (奈雪 and 奈雪的茶) for review.

    Parameters
    ----------
    history : DataFrame
        ``partnership``, ``member``.

    Returns
    -------
    NameVariants

    Examples
    --------
    >>> import pandas as pd
    >>> h = pd.DataFrame({"partnership": ["1", "2", "2"], "member": ["奈雪", "奈雪的茶", "王者荣耀"]})
    >>> name_variants(h).to_frame().variant.tolist()
    ['奈雪的茶']
    """
    start = time.perf_counter()
    for column in ("partnership", "member"):
        if column not in history.columns:
            message = f"history has no column {column!r}"
            raise DataInvalid(
                message, source="history", rule="column", hint="history needs the columns partnership, member"
            )
    known = history[["partnership", "member"]].dropna().astype(str).drop_duplicates()
    groups = {str(name): set(rows) for name, rows in known.groupby("member").partnership}
    names = sorted(groups)
    plain = [plain_name(name) for name in names]
    rows = []
    for i, j, reason in contained_pairs(plain):
        a, b = sorted((names[i], names[j]), key=lambda name: (-len(groups[name]), name))
        sizes = sorted((len(plain[i]), len(plain[j])))
        covered, together = sizes[0] / sizes[1], len(groups[a] & groups[b])
        rows.append(
            (a, b, covered, together, reason, reason == "same letters" or (covered >= _COVERED and together == 0))
        )
    rows.sort(key=lambda row: (-row[2], row[0], row[1]))
    columns = list(zip(*rows, strict=True)) or [()] * 6
    manifest = make_manifest(
        "name_variants", request={"names": names}, answer=rows, seconds=time.perf_counter() - start
    )
    arrays = [np.array(columns[k], dtype) for k, dtype in ((2, np.float64), (3, np.int64), (5, np.bool_))]
    return NameVariants(columns[0], columns[1], arrays[0], arrays[1], columns[4], arrays[2], manifest)


def contained_pairs(plain: Sequence[str]) -> list[tuple[int, int, str]]:
    """Return (shorter, longer, reason) of plain names that equal, begin or end another one."""
    place: dict[str, list[int]] = defaultdict(list)
    for i, name in enumerate(plain):
        place[name].append(i)
    found = []
    for j, name in enumerate(plain):
        found += [(i, j, "same letters") for i in place[name] if i < j]
        for k in range(_SHORTEST, len(name)):
            for part, reason in ((name[:k], "beginning"), (name[-k:], "end")):
                if len(part) >= _least(part):
                    found += [(i, j, reason) for i in place.get(part, ())]
    first = {(i, j): reason for i, j, reason in reversed(found)}
    return [(i, j, reason) for (i, j), reason in sorted(first.items())]


def _least(plain: str) -> int:
    return _LATIN_SHORTEST if plain.isascii() else _SHORTEST


def mentions(texts: Iterable[str], names: Sequence[str]) -> sparse.csr_array:
    """Return which text mentions which name, (n_texts, n_names): letters and digits only, any case."""
    indptr, indices = [0], list[int]()
    for _, hits in _found(texts, names):
        indices += sorted({column for _, _, column in hits})
        indptr.append(len(indices))
    shape = (len(indptr) - 1, len(names))
    return sparse.csr_array(
        (np.ones(len(indices)), np.array(indices, np.int64), np.array(indptr, np.int64)), shape=shape
    )


def surroundings(texts: Iterable[str], names: Sequence[str], width: int) -> tuple[list[str], list[int], list[int]]:
    """Return what is written around each mention of a name, and whose and which text's it is.

    ``width`` letters and digits on each side, "|" where the name stood, blanks where any name stands: what remains
    says what kind of name it is (a drink, a game, a museum), not with whom it was.
    """
    around, column, row = list[str](), list[int](), list[int]()
    for t, (clean, hits) in enumerate(_found(texts, names)):
        letters = list(clean)
        for start, end, _ in hits:
            letters[start:end] = " " * (end - start)
        blank = "".join(letters)
        for start, end, name in hits:
            around.append(f"{blank[max(0, start - width) : start]}|{blank[end : end + width]}")
            column.append(name)
            row.append(t)
    return around, column, row


def _found(texts: Iterable[str], names: Sequence[str]) -> Iterator[tuple[str, list[tuple[int, int, int]]]]:
    """Yield each plain text with (start, end, column) of the names in it.

    A name is looked for only at the places where a text has its first two characters.
    """
    heads: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for column, name in enumerate(names):
        plain = plain_name(name)
        if len(plain) >= _least(plain):
            heads[plain[:2]].append((plain, column))
    for text in texts:
        clean = plain_name(text)
        yield clean, [
            (at, at + len(plain), column)
            for at in range(len(clean) - 1)
            for plain, column in heads.get(clean[at : at + 2], ())
            if clean.startswith(plain, at)
        ]
