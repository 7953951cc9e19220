"""Tags out of texts: the terms that set a document apart from the others.

w(t, d) = tf x idf / largest tf x idf of d, with idf = ln((1 + n) / (1 + df)) + 1, so the strongest
term of a document weighs 1. Terms are words of letters and digits. Where no blanks stand between
words (Chinese, Japanese, Korean), every run of such characters is cut in pieces of 1-6 so that the sum of
|piece|^1.5 ln AV(piece) is largest, where the accessor variety AV is the smaller of the numbers of different
characters met before and after a piece, each end of a run counted as one of its own: a fragment of a word is
always followed by the same rest. Pieces of 2 and more with AV >= 2 are terms, and whole runs of 2-4 of
which no part is one; a single character is a term where nothing longer stands beside it. Particles (的, 了, ..) and English function words end a run. A document
without any term gives its pairs of characters. Emoji and punctuation are no terms. Feelings are
not guessed: a tag of kind emotion must be given.

References
----------
Feng, Chen, Deng, Zheng: Accessor variety criteria for Chinese word extraction. Computational Linguistics
30(1), 2004. https://doi.org/10.1162/089120104773633394
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from graphkit.check import mapping_of, positive_int
from graphkit.errors import DataInvalid
from graphkit.matching.keyed import by_name, written
from graphkit.matching.text import cut, normalise
from graphkit.results import FrameResult, Manifest, make_manifest

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = ["TextTags", "tags_from_text"]

_PARTICLES = frozenset("的了是在和与及或也就都而着被把从对为以之其这那我你他她它们吗呢吧啊个一不")
_FUNCTION_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "but",
        "by",
        "can",
        "for",
        "from",
        "has",
        "have",
        "how",
        "in",
        "into",
        "is",
        "it",
        "its",
        "not",
        "of",
        "on",
        "or",
        "our",
        "she",
        "that",
        "the",
        "their",
        "they",
        "this",
        "to",
        "was",
        "we",
        "were",
        "what",
        "when",
        "which",
        "who",
        "will",
        "with",
        "you",
        "your",
        "he",
        "his",
        "her",
        "i",
    ]
)
_LONGEST, _BOUNDED = 6, 4  # characters of a piece, and of a run that is a word by itself
_POWER = 1.5


@dataclass(frozen=True, eq=False, repr=False)
class TextTags(FrameResult):
    """Tags of documents, documents by id, tags of a document by weight, ties by term.

    Parameters
    ----------
    ids, tags : tuple of str
        One pair per row.
    weights : ndarray of float64
        In (0, 1]; the strongest tag of a document weighs 1.
    without : tuple of str
        Documents in whose text there is no term.
    """

    ids: tuple[str, ...]
    tags: tuple[str, ...]
    weights: np.ndarray = field(metadata={"dtype": np.float64})
    without: tuple[str, ...]
    manifest: Manifest

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.ids)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per tag: id, tag, w."""
        import pandas as pd

        return pd.DataFrame({"id": list(self.ids), "tag": list(self.tags), "w": self.weights})

    def by_id(self) -> dict[str, dict[str, float]]:
        """Return id -> tag -> weight, as `match` and `build_profiles` take it."""
        found: dict[str, dict[str, float]] = {name: {} for name in (*self.ids, *self.without)}
        for name, tag, weight in zip(self.ids, self.tags, self.weights.tolist(), strict=True):
            found[name][tag] = weight
        return found


def tags_from_text(documents: Mapping[str, str | None], *, top: int = 10) -> TextTags:
    """Return the ``top`` terms of every document.

    Parameters
    ----------
    documents : mapping id -> text
        A missing text (None) counts as an empty one.
    top : int, default 10

    Returns
    -------
    TextTags

    Raises
    ------
    InvalidParameter
        ``documents`` is no mapping, ``top`` below 1.
    DataInvalid
        A document is no text.

    Examples
    --------
    >>> tags_from_text({"a": "robot robot love", "b": "love story"}, top=1).by_id()
    {'a': {'robot': 1.0}, 'b': {'story': 1.0}}
    """
    start, keep = time.perf_counter(), positive_int("top", top)
    named = by_name(mapping_of("documents", documents, "a mapping id -> text"), "documents")
    texts = {name: _text(name, named[name]) for name in sorted(named)}
    counts = _grams(texts)
    df = Counter(term for count in counts.values() for term in count)
    idf = {term: float(np.log((1 + len(texts)) / (1 + n)) + 1) for term, n in df.items()}
    rows: list[tuple[str, str, float]] = []
    for name, count in counts.items():
        value = {term: n * idf[term] for term, n in count.items()}
        largest = max(value.values(), default=1.0)
        best = sorted(value, key=lambda term: (-value[term], term))[:keep]
        rows += [(name, term, value[term] / largest) for term in best]
    ids, tags = tuple(row[0] for row in rows), tuple(row[1] for row in rows)
    weights = np.array([row[2] for row in rows])
    request = {"top": keep, "documents": texts}
    manifest = make_manifest(
        "tags_from_text", request=request, answer=[ids, tags, weights], seconds=time.perf_counter() - start
    )
    return TextTags(ids, tags, weights, tuple(name for name, count in counts.items() if not count), manifest)


def _text(name: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        message = f"document {name!r} is no text: {value!r}"
        raise DataInvalid(message, rule="text", rows=((name, repr(value)[:80]),))
    return normalise(written(value, f"document {name!r}"))


def _runs(text: str) -> tuple[list[str], list[str]]:
    """Return (words that say something, ideograph runs) of a normalised text."""
    words, runs = cut(text, _PARTICLES)
    return [word for word in words if word not in _FUNCTION_WORDS and (len(word) > 1 or word.isdigit())], runs


def _grams(texts: Mapping[str, str]) -> dict[str, Counter[str]]:
    """Words, and the pieces of runs that are terms; a document without any gives pairs, or single characters."""
    parts = {name: _runs(text) for name, text in texts.items()}
    variety = _accessor_variety(Counter(run for _, runs in parts.values() for run in runs))
    terms = {run: _terms(run, variety) for run in {run for _, runs in parts.values() for run in runs}}
    found = {}
    for name, (words, runs) in parts.items():
        own = [term for run in runs for term in terms[run]] or [run for run in runs if len(run) == 1]
        found[name] = Counter([*words, *own]) or Counter(pair for run in runs for pair in _of_length(run, 2))
    return found


def _accessor_variety(runs: Counter[str]) -> dict[str, int]:
    """Return for each piece met twice or more, or a whole run, the smaller number of different neighbours on either side."""
    before, after = dict[str, set[str]](), dict[str, set[str]]()
    ends, starts = Counter[str](), Counter[str]()
    for run, times in runs.items():
        for i in range(len(run)):
            for n in range(2, min(_LONGEST, len(run) - i) + 1):
                piece = run[i : i + n]
                if i:
                    before.setdefault(piece, set()).add(run[i - 1])
                else:
                    starts[piece] += times
                if i + n < len(run):
                    after.setdefault(piece, set()).add(run[i + n])
                else:
                    ends[piece] += times
    return {
        piece: min(len(before.get(piece, ())) + starts[piece], len(after.get(piece, ())) + ends[piece])
        for piece in {*before, *starts}
    }


def _terms(run: str, variety: Mapping[str, int]) -> list[str]:
    """Cut a run so that the sum of its pieces' worth is largest; longer pieces where it is the same."""
    best = [(0.0, 0)]
    for end in range(1, len(run) + 1):
        ways = ((best[i][0] + _worth(run[i:end], variety), i) for i in range(max(0, end - _LONGEST), end))
        best.append(max(ways, key=lambda way: (way[0], -way[1])))
    pieces, end = list[str](), len(run)
    while end:
        pieces.append(run[best[end][1] : end])
        end = best[end][1]
    terms = [piece for piece in reversed(pieces) if len(piece) > 1 and variety[piece] > 1]
    return terms or ([run] if 2 <= len(run) <= _BOUNDED else [])


def _worth(piece: str, variety: Mapping[str, int]) -> float:
    return float(len(piece) ** _POWER * np.log(variety[piece])) if len(piece) > 1 else 0.0


def _of_length(run: str, n: int) -> list[str]:
    return [run[i : i + n] for i in range(len(run) - n + 1)]
