"""What the past says about two names: the features that the ranking of partners weighs.

Everything is computed from the partnerships before a cut in time, so the weights can be learned on
what came after it. Names are columns; those new at the cut have popularity 0.

==========  =====================================================================================
popularity  ln(partnerships of the candidate + 1/2)
recent      the same, partnerships weighing 2^(-age / half life), half life 1/8 of the history
lasting     the same with half of the history; age counts newer partnerships
once        1 when the candidate has one partnership or none
company     ln(mean members of the candidate's partnerships)
text        cosine of sublinear character-bigram tf-idf over all texts of a name
ln_text     ln(text + .01)
mates       cosine of the candidate's text with the texts of the subject's former partners
fans        cosine of the subject's text with the texts of the candidate's former partners
name        cosine of character 1-2-grams of the names
script      1 when both names, or neither, are written in ASCII
length      ln(characters of the candidate's name)
mentions    ln(1 + texts that name both)
variant     ln(1 + partnerships of the subject with a spelling variant of the candidate, and reverse)
peers       ln(share of the subject's peers (names of its kind, `partner_roles`) who met the candidate + .003)
kin         ln(share of the candidate's peers whom the subject met + .003)
roles       ln(share of the pairs of peers of both who met, hubs damped, + .0003)
shared      ln(former partners in common, each 1 / ln(its partners), + .1) (Adamic and Adar)
==========  =====================================================================================

References
----------
Adamic, Adar: Friends and neighbors on the web. Social Networks 25 (2003) 211-230.
https://doi.org/10.1016/S0378-8733(03)00009-1
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from graphkit.matching.names import contained_pairs, mentions, plain_name
from graphkit.matching.partner_roles import Roles, read_roles
from graphkit.matching.partner_texts import Texts
from graphkit.matching.text import count_matrix, grams, normalise, weigh

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.matching.partner_roles import RoleTexts

__all__ = ["FEATURES", "Facing", "Past", "Sources", "read_sources"]

FEATURES = (
    "popularity",
    "recent",
    "lasting",
    "once",
    "company",
    "text",
    "ln_text",
    "mates",
    "fans",
    "name",
    "script",
    "length",
    "mentions",
    "variant",
    "peers",
    "kin",
    "roles",
    "shared",
)
_HALF_LIVES = (1 / 8, 1 / 2)
_RARE, _MANY = 3, 50  # with at least _MANY names, grams of fewer than _RARE of them are noise
_BLANK = ord(" ")
_FLOORS = (0.003, 0.003, 0.0003)  # added to peers, kin, roles before the logarithm
_NONE_SHARED = 0.1
_COVERED = 0.4  # share of the longer name a spelling variant covers


@dataclass(frozen=True, eq=False)
class Sources:
    """History in time order and texts, as matrices over all names.

    Parameters
    ----------
    incidence : csr_array, shape (n_partnerships, n_names)
        Oldest partnership first, or in a drawn order.
    dated : bool
        Whether the order means time.
    counted : csr_array, shape (n_texts, n_grams), or None
    owner : csr_array, shape (n_names, n_texts)
        Whose text it is.
    text_row : ndarray of int64, shape (n_texts,)
        Partnership a text is about; -1 = about a name at any time.
    """

    names: tuple[str, ...]
    incidence: sparse.csr_array
    dated: bool
    counted: sparse.csr_array | None
    owner: sparse.csr_array
    named: sparse.csr_array
    text_row: NDArray[np.int64]
    name_rows: sparse.csr_array
    ascii: NDArray[np.bool_]
    length: NDArray[np.float64]
    variants: sparse.csr_array
    roles: RoleTexts | None

    @property
    def timeless(self) -> bool:
        """Whether texts are about a name at any time: they may tell of what came later."""
        return bool((self.text_row < 0).any())


def read_sources(
    names: Sequence[str],
    incidence: sparse.csr_array,
    *,
    dated: bool,
    texts: Sequence[str],
    owner: sparse.csr_array,
    text_row: NDArray[np.int64],
) -> Sources:
    """Count grams, mentions and spelling variants once for all cuts."""
    counted = count_bigrams(texts)
    named = mentions(texts, names)
    spelled = [grams(name) for name in names]
    parts = {gram: i for i, gram in enumerate(sorted({gram for count in spelled for gram in count}))}
    matrix = count_matrix(spelled, parts)
    df = np.bincount(matrix.indices, minlength=len(parts))
    plain = [plain_name(name) for name in names]
    near = [(i, j) for i, j, _ in contained_pairs(plain) if len(plain[i]) >= _COVERED * len(plain[j])]
    flat = np.array(near, np.int64).reshape(-1, 2)
    ones = np.ones(2 * len(flat))
    variants = sparse.csr_array((ones, (flat.ravel("F"), flat[:, ::-1].ravel("F"))), shape=(len(names), len(names)))
    return Sources(
        tuple(names), incidence, dated, counted, owner, named, text_row,
        weigh(matrix, np.log((1 + len(names)) / (1 + df)) + 1),
        np.array([name.isascii() for name in names], np.bool_),
        np.log(np.array([max(1, len(name)) for name in names], dtype=np.float64)),
        variants, read_roles(texts, names, count_bigrams),
    )  # fmt: skip


class Past:
    """Everything known when the first ``rows`` partnerships have happened."""

    def __init__(self, sources: Sources, rows: int) -> None:
        self.sources, self.rows = sources, rows
        incidence = sparse.csr_array(sources.incidence[:rows])
        self.popularity = np.asarray(incidence.sum(axis=0), dtype=np.float64).ravel()
        age = (rows - 1.0 - np.arange(rows)) * sources.dated
        span = sources.incidence.shape[0]
        self.recent = [incidence.T @ np.exp2(-age / max(1.0, share * span)) for share in _HALF_LIVES]
        members = np.asarray(incidence.sum(axis=1), dtype=np.float64).ravel()
        self.company = np.log(np.maximum(incidence.T @ members, 1) / np.maximum(self.popularity, 1))
        together = sparse.csr_array(incidence.T @ incidence)
        together.setdiag(0)
        together.eliminate_zeros()
        self.together = together
        met = together.copy()
        met.data = np.ones_like(met.data)
        self.met = met
        known = (sources.text_row < rows).astype(np.float64)
        self.owner = sparse.csr_array(sources.owner.multiply(known[None, :]))
        self.profiles = self._profiles()
        near = sparse.csr_array(self.owner + sources.named.multiply(known[:, None]).T)
        near.data = np.ones_like(near.data)
        self.near = near
        self.variant_met = sparse.csr_array(sources.variants @ together + together @ sources.variants)
        self.roles = None if sources.roles is None else Roles(sources.roles, known > 0, met, self.popularity > 0)
        damped = sparse.diags_array(1 / np.log(np.maximum(np.diff(met.indptr), 2)))
        self.near_met = sparse.csr_array(met @ damped)
        self.texts = None if self.profiles is None else Texts.of(self.profiles, met)

    def _profiles(self) -> sparse.csr_array | None:
        """Tf-idf rows of all names from the texts known so far."""
        if self.sources.counted is None:
            return None
        counted = sparse.csr_array(self.owner @ self.sources.counted)
        active = np.flatnonzero(self.popularity > 0)
        documents = np.bincount(counted[active].indices, minlength=counted.shape[1])
        kept = np.flatnonzero(documents >= (_RARE if active.size >= _MANY else 1))
        df = documents[kept].astype(np.float64)
        return weigh(sparse.csr_array(counted[:, kept]), np.log((1 + active.size) / (1 + df)) + 1, sublinear=True)

    @property
    def has_text(self) -> NDArray[np.bool_]:
        """Names with a gram of the vocabulary."""
        if self.profiles is None:
            return np.zeros(len(self.sources.names), np.bool_)
        return np.asarray(np.diff(self.profiles.indptr) > 0)

    def facing(self, seats: NDArray[np.int64]) -> Facing:
        """Look at these candidates: what all subjects share is read once."""
        return Facing(self, seats)


class Facing:
    """The past as seen from some candidates."""

    def __init__(self, past: Past, seats: NDArray[np.int64]) -> None:
        self.past, self.seats = past, seats
        self.spelled = sparse.csr_array(past.sources.name_rows[seats].T)
        self.named = sparse.csr_array(past.near[seats].T)
        self.kin = None if past.roles is None else sparse.csr_array(past.roles.peers[seats].T)
        self.met = sparse.csr_array(past.met[seats].T)
        own = [np.log(past.popularity[seats] + 0.5), *(np.log(recent[seats] + 0.02) for recent in past.recent)]
        self.own = [*own, (past.popularity[seats] <= 1).astype(np.float64), past.company[seats]]

    def features(self, block: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the features of subjects x candidates, shape (n_block, n_seats, n_features)."""
        past, seats, s, shape = self.past, self.seats, self.past.sources, (block.size, self.seats.size)
        text, mates, fans = [np.zeros(shape)] * 3 if past.texts is None else past.texts.cosines(block, seats)
        columns = [
            *(np.broadcast_to(column, shape) for column in self.own),
            text,
            np.log(text + 0.01),
            mates,
            fans,
            _dense(s.name_rows[block] @ self.spelled, shape),
            (s.ascii[block][:, None] == s.ascii[seats][None, :]).astype(np.float64),
            np.broadcast_to(s.length[seats], shape),
            np.log1p(_dense(past.near[block] @ self.named, shape)),
            np.log1p(_dense(past.variant_met[block][:, seats], shape)),
            *(np.log(rate + floor) for rate, floor in zip(self._rates(block), _FLOORS, strict=True)),
            self._shared(block),
        ]
        return np.stack(columns, axis=-1)

    def _rates(self, block: NDArray[np.int64]) -> list[NDArray[np.float64]]:
        if self.past.roles is None or self.kin is None:
            return [np.zeros((block.size, self.seats.size))] * len(_FLOORS)
        return self.past.roles.rates(block, self.seats, self.kin)

    def _shared(self, block: NDArray[np.int64]) -> NDArray[np.float64]:
        shape = (block.size, self.seats.size)
        return np.asarray(np.log(_dense(self.past.near_met[block] @ self.met, shape) + _NONE_SHARED))


def count_bigrams(texts: Sequence[str]) -> sparse.csr_array | None:
    """Count character bigrams as `grams` does, (n_texts, n_bigrams) in code order; None without any."""
    clean = [normalise(text) for text in texts]
    codes = np.frombuffer("".join(clean).encode("utf-32-le"), dtype=np.uint32).astype(np.int64)
    row = np.repeat(np.arange(len(clean)), [len(text) for text in clean])
    if codes.size < 2:
        return None
    inside = (row[1:] == row[:-1]) & ((codes[1:] != _BLANK) | (codes[:-1] != _BLANK))
    found, column = np.unique((codes[:-1] << 21 | codes[1:])[inside], return_inverse=True)
    if found.size == 0:
        return None
    counted = sparse.coo_array((np.ones(column.size), (row[:-1][inside], column)), shape=(len(clean), found.size))
    return sparse.csr_array(counted)


def _dense(matrix: Any, shape: tuple[int, int]) -> NDArray[np.float64]:
    return np.asarray(matrix.todense(), dtype=np.float64).reshape(shape)
