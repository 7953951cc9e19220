"""Partners from past co-operations: popularity, text and the co-operation graph together.

Plain personalised PageRank ranks never-met partners worse than popularity does, and text alone
is worse too; their product is better than either. For a subject s and a candidate c

    score = (n_c + 2 r_c) * (cos(s, c) + .02)^3 * (ppr_s(c) + .0001)^.1

n_c counts c's partnerships, r_c counts them with weight 2^(-age / half life), the half life being a
sixth of the history's span; cos is the cosine of sublinear character-bigram tf-idf over all texts of
a name and its partnerships; ppr_s is the walk with restart .15 over co-operations. A part
that is not measured (no times, no texts, a subject new to the history) drops out of the
product and is null in the table. The exponents were chosen on four consecutive periods of
one real log of co-branding campaigns, all older than the periods it is reported on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from graphkit.check import positive_int
from graphkit.errors import InvalidParameter, UnknownName, close_matches
from graphkit.matching.records import History, read_history, text_profiles
from graphkit.results import Manifest, Result, make_manifest
from graphkit.rng import as_seed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["PartnerRanking", "rank_partners"]

_BLOCK = 256
_RECENT, _TEXT_FLOOR, _TEXT_POWER, _WALK_FLOOR, _WALK_POWER = 2.0, 0.02, 3.0, 1e-4, 0.1
_NEW = 0.5  # partnerships credited to a candidate that has a text but no history
_DAMPING, _WALK_STEPS = 0.85, 60


@dataclass(frozen=True, eq=False, repr=False)
class PartnerRanking(Result):
    """Ranked partners per subject, with the parts of each score. NaN = not measured.

    Parameters
    ----------
    subject, partner : tuple of str
    rank : ndarray of int64
        1, 2, .. within a subject; ties by name.
    score : ndarray of float64
        Product of the parts (see the module's text); comparable within a subject only.
    popularity, recent, text, walk : ndarray of float64
        Partnerships of the partner; the same with recent ones weighing more; text cosine;
        personalised PageRank from the subject.
    together : ndarray of int64
        Past partnerships of the two.
    """

    subject: tuple[str, ...]
    partner: tuple[str, ...]
    rank: np.ndarray = field(metadata={"dtype": np.int64})
    score: np.ndarray = field(metadata={"dtype": np.float64})
    popularity: np.ndarray = field(metadata={"dtype": np.float64})
    recent: np.ndarray = field(metadata={"dtype": np.float64})
    text: np.ndarray = field(metadata={"dtype": np.float64})
    walk: np.ndarray = field(metadata={"dtype": np.float64})
    together: np.ndarray = field(metadata={"dtype": np.int64})
    manifest: Manifest

    def to_frame(self) -> pd.DataFrame:
        """Return one row per subject and partner: subject, partner, rank, score and the evidence."""
        import pandas as pd

        names = ("rank", "score", "popularity", "recent", "text", "walk", "together")
        columns = {name: getattr(self, name) for name in names}
        return pd.DataFrame({"subject": list(self.subject), "partner": list(self.partner), **columns})


def rank_partners(
    history: pd.DataFrame,
    *,
    texts: pd.DataFrame | None = None,
    subjects: Sequence[str] | None = None,
    candidates: Iterable[str] | None = None,
    top: int = 50,
    exclude_known: bool = True,
    rng: Any = None,
) -> PartnerRanking:
    """Rank partners for each subject from past co-operations and texts.

    Parameters
    ----------
    history : DataFrame
        ``partnership``, ``member``, optionally ``ts`` (seconds or dates): who worked together.
    texts : DataFrame, optional
        ``member``, ``text`` or ``partnership``, ``text``.
    subjects : sequence of str, optional
        Default: every member of the history. One who is new to it is ranked from his text.
    candidates : iterable of str, optional
        Default: every member of the history. A new name needs a text.
    top : int, default 50
        Partners per subject.
    exclude_known : bool, default True
        Leave out former partners.
    rng : int, Generator, SeedSequence or None
        Recorded only: nothing here is random.

    Returns
    -------
    PartnerRanking

    Raises
    ------
    DataInvalid
        A column is missing, the history is empty, a name is null.
    UnknownName
        A subject or candidate has neither history nor text.
    """
    start, count = time.perf_counter(), positive_int("top", top)
    seed = None if rng is None else as_seed(rng)
    known = read_history(history)
    wanted = _names("subjects", subjects, known.members)
    pool = sorted(set(_names("candidates", candidates, known.members)))
    extra = sorted((set(wanted) | set(pool)) - set(known.members))
    profiles, has_text = text_profiles(known, texts, extra)
    names = [*known.members, *extra]
    place = {name: i for i, name in enumerate(names)}
    for name in extra:
        if not has_text[place[name]]:
            message = f"{name!r} is neither in the history nor has a text"
            raise UnknownName(message, kind="member", name=name, close_matches=close_matches(name, known.members))
    parts = _Parts(known, profiles, has_text, len(names))
    seats = np.array([place[name] for name in pool], np.int64)
    rows: list[_Rows] = []
    for first in range(0, len(wanted), _BLOCK):
        block = np.array([place[name] for name in wanted[first : first + _BLOCK]], np.int64)
        rows.extend(parts.rank(block, seats, count, exclude_known=exclude_known))
    return _result(wanted, names, rows, history, texts, count, pool, seed, start, exclude_known=exclude_known)


def _names(parameter: str, given: Iterable[str] | None, members: Sequence[str]) -> list[str]:
    if given is None:
        return list(members)
    if isinstance(given, str):
        message = f"{parameter} must be a list of names, got the text {given!r}"
        raise InvalidParameter(message, parameter=parameter, value=given, hint=f"write [{given!r}]")
    names = list(dict.fromkeys(str(name) for name in given))
    if not names:
        message = f"{parameter} is empty"
        raise InvalidParameter(message, parameter=parameter, value=[], allowed="at least one name")
    return names


@dataclass(frozen=True, eq=False)
class _Rows:
    """The ranked partners of one subject, and the columns of their parts."""

    partner: NDArray[np.int64]
    columns: dict[str, NDArray[np.float64]]


class _Parts:
    """Everything a score is made of, for all names (members first, new names behind)."""

    def __init__(self, known: History, profiles: sparse.csr_array | None, has_text: NDArray[np.bool_], n: int) -> None:
        self.n_members, self.n = len(known.members), n
        self.profiles, self.has_text = profiles, has_text
        self.popularity = np.full(n, np.nan)
        self.popularity[: self.n_members] = known.incidence.sum(axis=0)
        self.recent = np.full(n, np.nan)
        if known.age is not None:
            self.recent[: self.n_members] = known.incidence.T @ np.exp2(-known.age)
        together = sparse.csr_array(known.incidence.T @ known.incidence)
        together.setdiag(0)
        together.eliminate_zeros()
        self.together = sparse.csr_array(together)
        degree = np.asarray(together.sum(axis=1)).ravel()
        scale = np.divide(1.0, degree, out=np.zeros_like(degree), where=degree > 0)
        self.step = sparse.csr_array(sparse.csr_array(together.multiply(scale[:, None])).T)

    def walk(self, block: NDArray[np.int64]) -> NDArray[np.float64]:
        """Personalised PageRank from each member of the block, (block, n); NaN rows for new names."""
        result = np.full((block.size, self.n), np.nan)
        inside = np.flatnonzero(block < self.n_members)
        x = np.zeros((self.n_members, inside.size))
        x[block[inside], np.arange(inside.size)] = 1.0
        restart = x.copy()
        for _ in range(_WALK_STEPS):
            x = _DAMPING * (self.step @ x)
            x += restart * (1 - x.sum(axis=0))
        result[inside, : self.n_members] = x.T
        return result

    def text(self, block: NDArray[np.int64]) -> NDArray[np.float64]:
        """Cosine of texts, (block, n); NaN where either side has none."""
        if self.profiles is None:
            return np.full((block.size, self.n), np.nan)
        cosine = np.asarray((self.profiles[block] @ self.profiles.T).todense()).reshape(block.size, self.n)
        cosine[:, ~self.has_text] = np.nan
        cosine[~self.has_text[block]] = np.nan
        return cosine

    def rank(self, block: NDArray[np.int64], seats: NDArray[np.int64], top: int, *, exclude_known: bool) -> list[_Rows]:
        """Ranked partners of each subject of the block."""
        walk, text = self.walk(block)[:, seats], self.text(block)[:, seats]
        credit = np.fmax(np.nan_to_num(self.popularity) + _RECENT * np.nan_to_num(self.recent), _NEW)[seats]
        worded, walked = ~np.isnan(text).all(axis=1), ~np.isnan(walk).all(axis=1)
        score = np.broadcast_to(credit, text.shape).copy()
        score[worded] *= (np.nan_to_num(text[worded]) + _TEXT_FLOOR) ** _TEXT_POWER
        score[walked] *= (np.nan_to_num(walk[walked]) + _WALK_FLOOR) ** _WALK_POWER
        rows = []
        for i, subject in enumerate(block):
            met = np.zeros(self.n, np.int64)
            if subject < self.n_members:
                own = slice(self.together.indptr[subject], self.together.indptr[subject + 1])
                met[self.together.indices[own]] = self.together.data[own]
            allowed = seats != subject
            if exclude_known:
                allowed &= met[seats] == 0
            free = np.flatnonzero(allowed)
            best = free[np.argsort(-score[i, free], kind="stable")[:top]]
            partner = seats[best]
            rows.append(
                _Rows(
                    partner,
                    {
                        "score": score[i, best],
                        "popularity": self.popularity[partner],
                        "recent": self.recent[partner],
                        "text": text[i, best],
                        "walk": walk[i, best],
                        "together": met[partner].astype(np.float64),
                    },
                )
            )
        return rows


def _result(
    wanted: list[str],
    names: list[str],
    rows: list[_Rows],
    history: pd.DataFrame,
    texts: pd.DataFrame | None,
    top: int,
    pool: list[str],
    seed: int | None,
    start: float,
    *,
    exclude_known: bool,
) -> PartnerRanking:
    subject = tuple(name for name, row in zip(wanted, rows, strict=True) for _ in row.partner)
    partner = tuple(names[i] for row in rows for i in row.partner)
    columns = {key: np.concatenate([row.columns[key] for row in rows]) for key in rows[0].columns}
    rank = np.concatenate([np.arange(1, row.partner.size + 1) for row in rows])
    request = {
        "subjects": wanted,
        "candidates": pool,
        "top": top,
        "exclude_known": exclude_known,
        "history_rows": len(history),
        "text_rows": None if texts is None else len(texts),
    }
    manifest = make_manifest(
        "rank_partners",
        request=request,
        answer=[subject, partner, columns["score"].tolist()],
        seed=seed,
        seconds=time.perf_counter() - start,
    )
    together = columns.pop("together").astype(np.int64)
    return PartnerRanking(subject, partner, rank, together=together, manifest=manifest, **columns)
