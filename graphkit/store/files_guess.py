"""Which encoding a text is in that is not UTF-8: told as a guess in a refusal, never used to read anything.

Nearly all characters of real Chinese and Japanese texts stand in the first level of their standards, the 3,755 to 5,401
most used ones; bytes read in a wrong encoding land mostly among rare ones. The share of used characters parts gb18030,
Big5 and Shift-JIS (measured on files of made-up names: 600 of 600 right with five names each, 598 with two, 543 with
one). Korean EUC-KR and Japanese EUC-JP are told from gb18030 in `files_guess_euc`.
"""

from __future__ import annotations

import codecs
import re
from functools import cache

from graphkit.store.files_guess_euc import guess_euc, is_euc

__all__ = ["decodes", "guess_encoding", "improbable", "is_text"]

_LOOKED_AT = 100_000  # bytes of a file that tell whether it is text
_LIKELY = 0.75  # share of used characters from which a text is taken for one of an encoding
_FEW = 3  # used characters that letters with accents make up by chance
_ENOUGH = 50  # characters beyond ASCII from which a text may speak against the encoding that somebody named
_LEVELS = {  # encoding -> first bytes of punctuation and of the characters of the first level
    "gb2312": (range(0xA1, 0xA4), range(0xB0, 0xD8)),
    "big5": (range(0xA1, 0xC7),),
    "shift_jis": (range(0x81, 0x99),),
}
_CANDIDATES = {  # encoding -> the standards whose characters its texts use; gb18030 holds traditional Chinese too
    "gb18030": ("gb2312", "big5"),
    "big5": ("big5",),
    "cp950": ("big5",),
    "shift_jis": ("shift_jis",),
    "cp932": ("shift_jis",),
}
_FAMILIES = {
    **dict.fromkeys(("gb18030", "gbk", "gb2312"), "gb18030"),
    **dict.fromkeys(("big5", "cp950", "big5hkscs"), "big5"),
    **dict.fromkeys(("shift_jis", "cp932", "shift_jis_2004", "shift_jisx0213"), "shift_jis"),
    **dict.fromkeys(("euc_kr", "cp949"), "euc_kr"),
    **dict.fromkeys(("euc_jp", "euc_jis_2004", "euc_jisx0213"), "euc_jp"),
    **dict.fromkeys(("latin-1", "iso8859-1", "cp1252", "iso8859-15"), "latin-1"),
    **dict.fromkeys(("utf-16-le", "utf-16-be"), "utf-16"),
}
_EUC = {"gb18030": ("gb18030",), "euc_kr": ("euc_kr", "cp949"), "euc_jp": ("euc_jp",)}  # the narrower one first
_RARE = re.compile(
    "[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\ue000-\uf8ff\uff61-\uff9f]"
)  # ideographs, private use, half-width kana


def guess_encoding(data: bytes) -> str | None:
    """Guess the encoding that a text which is not UTF-8 most likely has; None when it is none of those known here.

    Examples
    --------
    >>> [guess_encoding("海角七號,臺北".encode(name)) for name in ("big5", "gb18030")]
    ['big5', 'gb18030']
    """
    sample = data[:_LOOKED_AT]
    if b"\0" in sample and sample[:2000].count(b"\0") * 4 >= len(sample[:2000]):
        wide = _utf_16(sample)
        return wide if _reads(sample, wide) else None
    runs = re.findall(rb"[\x80-\xff]+", sample)
    lone = 2 * sum(len(run) == 1 for run in runs) >= len(runs)  # é between letters, where Chinese takes bytes in pairs
    if not lone and is_euc(sample):
        return next((name for name in _EUC.get(guess_euc(sample) or "", ()) if decodes(data, name)), None)
    counts = {name: _count(data, name) for name in _CANDIDATES}
    best = max(counts, key=lambda name: _share(*counts[name]))
    if _share(*counts[best]) >= _LIKELY and not (lone and counts[best][0] < _FEW) and _reads(sample, best):
        return best
    return "latin-1" if lone and _reads(sample, "latin-1") else None


def improbable(data: bytes, text: str, encoding: str) -> str | None:
    """Why a text is hardly of the encoding that somebody named for many files; None when nothing speaks against it."""
    family = _FAMILIES.get(codecs.lookup(encoding).name)
    if family is None or sum(not c.isascii() for c in text[:_LOOKED_AT]) < _ENOUGH:
        return None
    guess = guess_encoding(data)
    if guess is not None:
        return None if _FAMILIES[guess] == family else f"it looks like {guess}"
    common, rare = _count(data, family) if family in _CANDIDATES else (0, 0)
    return "most characters beyond ASCII are rare ones" if rare > common else None


def is_text(data: bytes) -> bool:
    """Whether bytes read as text in any encoding: next to no control characters, or UTF-16."""
    sample = data[:_LOOKED_AT]
    return _reads(sample, "latin-1") or (b"\0" in sample and _reads(sample, _utf_16(sample)))


def decodes(data: bytes, encoding: str) -> bool:
    """Whether all bytes are text of an encoding."""
    try:
        data.decode(encoding)
    except UnicodeError:
        return False
    return True


def _count(data: bytes, encoding: str) -> tuple[int, int]:
    """Number of different used characters, and of rare ones; kana, letters and emoji amid Chinese are neither, bytes of no text none."""
    try:
        text = data.decode(encoding)
    except UnicodeError:
        return 0, 0
    used = frozenset[str]().union(*map(_used, _CANDIDATES[encoding]))
    beyond = {c for c in text[:_LOOKED_AT] if not c.isascii()}
    common = sum(c in used for c in beyond)
    return common, sum(c not in used and _RARE.match(c) is not None for c in beyond)


def _share(common: int, rare: int) -> float:
    """Share of used characters among those and the rare ones."""
    return common / max(1, common + rare)


@cache
def _used(encoding: str) -> frozenset[str]:
    """Punctuation and the most used characters of a standard."""
    pairs = (bytes((first, second)) for rows in _LEVELS[encoding] for first in rows for second in range(0x40, 0xFF))
    return frozenset("".join(pair.decode(encoding, "ignore") for pair in pairs)) - frozenset(map(chr, range(128)))


def _reads(sample: bytes, encoding: str) -> bool:
    """Whether next to nothing in a text is a control character or no character at all; random bytes hold one in ten."""
    text = sample.decode(encoding, "replace")
    odd = sum((c < " " and c not in "\t\n\r\x0b\x0c") or c == "\ufffd" for c in text)
    return odd <= 1 + len(text) // 100


def _utf_16(data: bytes) -> str:
    """Guess which half of each pair of bytes comes first in UTF-16 without a mark; by itself `utf-16` takes the lower one."""
    return "utf-16-be" if data[::2].count(0) > data[1::2].count(0) else "utf-16-le"
