"""Spelling variants of one name, and names mentioned in texts."""

from __future__ import annotations

import re
import time
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from graphkit.matching.records import name_column, require
from graphkit.matching.simplified import simplified
from graphkit.results import Manifest, Result, make_manifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd

__all__ = ["NameVariants", "contained_pairs", "mentions", "name_variants", "plain_name", "surroundings"]

_OTHER = re.compile(r"[\W_]+")
_LATIN = re.compile("[a-z]")
_SHORTEST = 2  # characters of a name that may be looked for inside other text
_LATIN_SHORTEST = 4  # short Latin names (ER, CU) sit inside other words by accident
# What is added to a name without naming another brand: legal forms, lines of business, media.
_LINES = """
公司 集团 有限公司 品牌 中国 官方 ip app 客户端 工程 频道 科技 网络 出行 旅行 酒店 照相馆 食品 乳业 牛奶 果汁 汽水 咖啡 茶 啤酒 火锅
披萨 积木 坚果 文具 美妆 汽车 手机 co inc ltd llc gmbh corp corporation company group brand official china coffee cafe tea beer
pictures films studios entertainment productions
"""
_GENERIC = frozenset(_LINES.split())
_HOUSE = 2  # kinds of additions from which a name is a house with lines of its own (京东: 手机, 家电, ..)


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
    partnerships, variant_partnerships : ndarray of int64
        How many list each.
    covered : ndarray of float64
        Length of the shorter plain name / the longer one; 1 = same letters and digits.
    together : ndarray of int64
        Partnerships that list both: two names side by side are rarely one brand.
    reason : tuple of str
        ``same letters`` (and digits; any case, punctuation, and traditional or simplified), ``generic word`` (one adds 集团, 的茶, Coffee, ..), ``two
        scripts`` (one adds the name in the other script: BELLE, BELLE百丽), or only ``beginning`` or ``end`` of the other.
    join : ndarray of bool
        The proposal. The same letters always; a generic word or a second script when they were never listed together and
        the shorter name has no other additions, which would make it a house with lines (天猫: 国潮, 超市, IPmart).
    """

    name: tuple[str, ...]
    variant: tuple[str, ...]
    partnerships: np.ndarray = field(metadata={"dtype": np.int64})
    variant_partnerships: np.ndarray = field(metadata={"dtype": np.int64})
    covered: np.ndarray = field(metadata={"dtype": np.float64})
    together: np.ndarray = field(metadata={"dtype": np.int64})
    reason: tuple[str, ...]
    join: np.ndarray = field(metadata={"dtype": np.bool_})
    manifest: Manifest

    def to_frame(self) -> pd.DataFrame:
        """Return one row per pair; edit ``join`` and hand the frame to ``rank_partners(aliases=...)``."""
        import pandas as pd

        columns = ("name", "variant", "partnerships", "variant_partnerships", "covered", "together", "reason", "join")
        return pd.DataFrame({name: getattr(self, name) for name in columns})


def name_variants(history: pd.DataFrame) -> NameVariants:
    """List spellings that may mean one brand (奈雪 and 奈雪的茶) for review.

    Case, width (ＡＢＣ, ABC), punctuation, and traditional or simplified characters (麥當勞, 麦当劳) make no difference.

    Parameters
    ----------
    history : DataFrame
        ``partnership``, ``member``.

    Returns
    -------
    NameVariants

    Raises
    ------
    DataInvalid
        A column is missing or there twice, a name is missing or no text.

    Examples
    --------
    >>> import pandas as pd
    >>> h = pd.DataFrame({"partnership": ["1", "2", "2"], "member": ["奈雪", "奈雪的茶", "王者荣耀"]})
    >>> name_variants(h).to_frame().variant.tolist()
    ['奈雪的茶']
    """
    start = time.perf_counter()
    require(history, ("partnership", "member"), "history")
    groups: dict[str, set[str]] = defaultdict(set)
    rows_of = (name_column(history, column, "history") for column in ("member", "partnership"))
    for member, partnership in zip(*rows_of, strict=True):
        groups[member].add(partnership)
    rows = _judged(sorted(groups), groups)
    name, variant, often, seldom, covered, together, reason, join = list(zip(*rows, strict=True)) or [()] * 8
    counts = [np.array(column, np.int64) for column in (often, seldom, together)]
    manifest = make_manifest(
        "name_variants", request={"names": sorted(groups)}, answer=rows, seconds=time.perf_counter() - start
    )
    return NameVariants(
        name, variant, counts[0], counts[1], np.array(covered, np.float64), counts[2], reason, np.array(join, np.bool_), manifest
    )  # fmt: skip


def _judged(names: Sequence[str], groups: Mapping[str, set[str]]) -> list[tuple[Any, ...]]:
    """Rows of the table, the surest pairs first."""
    plain = [simplified(plain_name(name)) for name in names]
    pairs = contained_pairs(plain)
    added = {(i, j): _added(plain[i], plain[j], reason) for i, j, reason in pairs}
    lines: dict[str, set[str]] = defaultdict(set)
    for (i, _), rest in added.items():
        if rest and _kind(plain[i], rest, "") != "generic word":
            lines[plain[i]].add(rest)
    rows = []
    for i, j, reason in pairs:
        a, b = sorted((names[i], names[j]), key=lambda name: (-len(groups[name]), name))
        covered, together = len(plain[i]) / len(plain[j]), len(groups[a] & groups[b])
        kind = _kind(plain[i], added[i, j], reason)
        alone = together == 0 and len(lines[plain[i]] | {added[i, j]}) < _HOUSE
        join = kind == "same letters" or (alone and kind in ("generic word", "two scripts"))
        rows.append((a, b, len(groups[a]), len(groups[b]), covered, together, kind, join))
    return sorted(rows, key=lambda row: (-row[7], -row[4], row[0], row[1]))


def _added(short: str, long: str, reason: str) -> str:
    """What the longer plain name has beside the shorter one."""
    return long[len(short) :] if reason == "beginning" else long[: len(long) - len(short)]


def _kind(short: str, rest: str, reason: str) -> str:
    """Say what the addition is: nothing, a generic word, the name in another script, or only more letters."""
    if not rest:
        return "same letters"
    if rest.removeprefix("的") in _GENERIC and not (rest.isascii() and len(rest) < _LATIN_SHORTEST and short.isascii()):
        return "generic word"
    apart = (short.isascii(), rest.isascii()) in ((True, False), (False, True))
    pure = all(part.isascii() or not _LATIN.search(part) for part in (short, rest))
    return "two scripts" if apart and pure and len(rest) >= _SHORTEST and not any(c.isdigit() for c in rest) else reason


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
        yield (
            clean,
            [
                (at, at + len(plain), column)
                for at in range(len(clean) - 1)
                for plain, column in heads.get(clean[at : at + 2], ())
                if clean.startswith(plain, at)
            ],
        )
