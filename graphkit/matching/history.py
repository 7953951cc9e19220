"""Partners from past co-operations, weighed as they came true before.

Plain personalised PageRank ranks never-met partners worse than popularity does, and text alone is
worse too. The score of a candidate is therefore a weighted sum of features (`partner_features`)
whose weights are learned from the history's own later first meetings (`partner_learning`), so it
is fitted on nothing that came after the history ends. Most of who meets whom next is not in such
data: ``validation`` says how well the learned weights ranked the history's last two tenths.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from graphkit.check import flag, list_of, positive_int, probability
from graphkit.errors import InvalidParameter, UnknownName, close_matches
from graphkit.matching.aliases import apply_aliases
from graphkit.matching.partner_features import FEATURES, Past, read_sources
from graphkit.matching.partner_learning import TENTH, Weights, learn_weights
from graphkit.matching.partner_order import CHANCE, EVIDENCE, Scorer, Taste
from graphkit.matching.records import NEW, as_name, is_missing, read_history, read_texts
from graphkit.results import Manifest, Result, make_manifest
from graphkit.rng import as_generator, as_seed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import networkx as nx
    import pandas as pd
    from numpy.typing import NDArray

    from graphkit.matching.names import NameVariants
    from graphkit.matching.records import History

__all__ = ["PartnerRanking", "rank_partners"]

_COLUMNS = ("rank", "rank_lower", "rank_upper", "score", *CHANCE, *EVIDENCE)


@dataclass(frozen=True, eq=False, repr=False)
class PartnerRanking(Result):
    """Ranked partners per subject, with the evidence of each. NaN = not measured.

    Parameters
    ----------
    subject, partner : tuple of str
    rank : ndarray of int64
        1, 2, .. within a subject; ties by name.
    rank_lower, rank_upper : ndarray of float64
        95 % interval of the rank over random weights, equal scores sharing their ranks; it holds ``rank``. NaN without
        ``draws`` or with ``diversity``.
    score : ndarray of float64
        Weighted sum of the features (log scale); comparable within a subject only. With learned weights the first 20
        candidates of a subject are weighed by 3/4 of these and 1/4 of the stated ones, plus a constant (`partner_order`).
    chance : ndarray of float64
        Probability that the two work together for the first time within the next ``horizon`` partnerships, from the
        score, from how many new partners names like the subject found, and from how such chances came true
        (:mod:`graphkit.matching.partner_chance`). NaN for former partners, names without a history, stated weights and texts of members.
    chance_lower, chance_upper : ndarray of float64
        95 % interval of the chance: how much the level varied from tenth to tenth, and how many meetings are behind it.
    popularity, recent : ndarray of float64
        Partnerships of the partner; the same with weight 2^(-age / quarter of the history).
    text, mates, fans : ndarray of float64
        Cosine of the two texts; of the partner's text with those of the subject's former partners;
        of the subject's text with those of the partner's former partners.
    name : ndarray of float64
        Cosine of character 1-2-grams of the names.
    mentions, variant, common, together : ndarray of int64
        Texts that name both; partnerships of one with a spelling variant of the other; former
        partners in common; past partnerships of the two.
    horizon : int
        A tenth of the past partnerships.
    method : str
        ``learned`` or ``stated`` (too little history). Texts of members keep a stated weight beside learned ones.
    weights : dict
        Feature -> weight.
    validation : dict
        How the weights ranked the history's last first meetings, see `Weights`; empty when stated.
    aliases : dict
        Spelling -> name it was joined into.
    """

    subject: tuple[str, ...]
    partner: tuple[str, ...]
    rank: np.ndarray = field(metadata={"dtype": np.int64})
    rank_lower: np.ndarray = field(metadata={"dtype": np.float64})
    rank_upper: np.ndarray = field(metadata={"dtype": np.float64})
    score: np.ndarray = field(metadata={"dtype": np.float64})
    chance: np.ndarray = field(metadata={"dtype": np.float64})
    chance_lower: np.ndarray = field(metadata={"dtype": np.float64})
    chance_upper: np.ndarray = field(metadata={"dtype": np.float64})
    popularity: np.ndarray = field(metadata={"dtype": np.float64})
    recent: np.ndarray = field(metadata={"dtype": np.float64})
    text: np.ndarray = field(metadata={"dtype": np.float64})
    mates: np.ndarray = field(metadata={"dtype": np.float64})
    fans: np.ndarray = field(metadata={"dtype": np.float64})
    name: np.ndarray = field(metadata={"dtype": np.float64})
    mentions: np.ndarray = field(metadata={"dtype": np.int64})
    variant: np.ndarray = field(metadata={"dtype": np.int64})
    common: np.ndarray = field(metadata={"dtype": np.int64})
    together: np.ndarray = field(metadata={"dtype": np.int64})
    horizon: int
    method: str
    weights: dict[str, float]
    validation: dict[str, float]
    aliases: dict[str, str]
    manifest: Manifest

    def to_frame(self) -> pd.DataFrame:
        """Return one row per subject and partner: subject, partner, rank, score, chance and its ends where any was measured, and the evidence."""
        import pandas as pd

        interval = () if np.isnan(self.rank_lower).all() else ("rank_lower", "rank_upper")
        chance = () if np.isnan(self.chance).all() else CHANCE
        columns = {name: getattr(self, name) for name in ("rank", *interval, "score", *chance, *EVIDENCE)}
        return pd.DataFrame({"subject": list(self.subject), "partner": list(self.partner), **columns})

    def to_networkx(self) -> nx.DiGraph[Any]:
        """Return an arc from subject to partner for every row of the frame, with its other columns."""
        from graphkit.projection.networkx_out import proposals

        return proposals(self.to_frame())


def rank_partners(
    history: pd.DataFrame,
    *,
    texts: pd.DataFrame | None = None,
    subjects: Sequence[str] | None = None,
    candidates: Iterable[str] | None = None,
    top: int = 50,
    exclude_known: bool = True,
    aliases: Mapping[str, str] | NameVariants | pd.DataFrame | str | None = None,
    draws: int = 0,
    diversity: float = 0.0,
    novelty: float = 0.0,
    rng: Any = None,
) -> PartnerRanking:
    """Rank partners for each subject from past co-operations and texts.

    Parameters
    ----------
    history : DataFrame
        ``partnership``, ``member``, optionally ``ts`` (seconds or dates): who worked together. A
        partnership without a time counts as older than all others. Where most have none, the weights are learned in an
        order drawn for them: nothing is recent then, and no pair has a chance.
    texts : DataFrame, optional
        ``partnership``, ``text`` or ``member``, ``text``, or all three with one of the two names per
        row. Only texts of partnerships can be dated, so only of them the weight is learned.
    subjects : sequence of str, optional
        Default: every member of the history. One who is new to it is ranked from his text.
    candidates : iterable of str, optional
        Default: every member of the history. A new name needs a text.
    top : int, default 50
        Partners per subject.
    exclude_known : bool, default True
        Leave out former partners.
    aliases : mapping variant -> name, NameVariants, DataFrame or "proposed", optional
        Spellings to join before anything is counted: a reviewed `name_variants` frame, or its proposals as they are.
    draws : int, default 0
        Random weights for the interval of each rank: from the learned weights' uncertainty, or
        stated weights times exp(N(0, 1/4)).
    diversity : float in [0, 1], default 0
        Weight against partners whose texts are like those listed before (`partner_order`); ``score`` stays as it is, so
        it no longer falls with the rank, and the rank has no interval.
    novelty : float in [0, 1], default 0
        Weight of partners with few past partnerships; ``score`` stays as it is.
    rng : int, Generator, SeedSequence or None
        Used by ``draws`` alone.

    Returns
    -------
    PartnerRanking

    Raises
    ------
    DataInvalid
        A column is missing, the history is empty, a name is null.
    UnknownName
        A subject or candidate has neither history nor text.
    InvalidParameter
        An option is outside its range, or a table of spellings leads nowhere.

    Examples
    --------
    >>> import pandas as pd
    >>> h = pd.DataFrame({"partnership": ["1", "1", "2", "2"], "member": ["tea", "game", "tea", "film"]})
    >>> rank_partners(h, subjects=["game"]).partner
    ('film',)
    """
    start, options = time.perf_counter(), _options(top, exclude_known, draws, diversity, novelty)
    seed = None if rng is None else as_seed(rng)
    joined, history, texts, subjects, candidates = apply_aliases(aliases, history, texts, subjects, candidates)
    known = read_history(history)
    wanted = _names("subjects", subjects, known.members)
    pool = sorted(set(_names("candidates", candidates, known.members)))
    names = [*known.members, *sorted((set(wanted) | set(pool)) - set(known.members))]
    past, weights = _learn(known, names, texts)
    _known_or_worded(past, names, len(known.members))
    place = {name: i for i, name in enumerate(names)}
    rows, seats = (np.array([place[name] for name in part], np.int64) for part in (wanted, pool))
    scorer = Scorer(
        past, seats, weights, _draw(weights, options["draws"], seed), options["top"],
        exclude_known=exclude_known, taste=Taste.of(past, seats, options["novelty"], options["diversity"]),
    )  # fmt: skip
    parts = scorer.all(rows)
    subject, partner = (tuple(names[int(i)] for i in parts[end]) for end in ("subject", "partner"))
    text_rows = None if texts is None else len(texts)
    request = {"subjects": wanted, "candidates": pool, **options}
    request |= {"history_rows": len(history), "aliases": joined, "text_rows": text_rows}
    manifest = make_manifest(
        "rank_partners", request=request, answer=[subject, partner, parts["score"].tolist()], seed=seed,
        seconds=time.perf_counter() - start,
    )  # fmt: skip
    return PartnerRanking(
        subject, partner, **{key: parts[key] for key in _COLUMNS},
        horizon=round(TENTH * len(known.partnerships)), method=weights.method,
        weights=dict(zip(FEATURES, weights.values.tolist(), strict=True)), validation=weights.validation,
        aliases=joined, manifest=manifest,
    )  # fmt: skip


def _options(top: Any, exclude_known: Any, draws: Any, diversity: Any, novelty: Any) -> dict[str, Any]:
    """Return the options that are no names, checked, as they are told in the manifest."""
    return {
        "top": positive_int("top", top),
        "exclude_known": flag("exclude_known", exclude_known),
        "draws": positive_int("draws", draws, minimum=0),
        "diversity": probability("diversity", diversity),
        "novelty": probability("novelty", novelty),
    }


def _learn(known: History, names: list[str], texts: pd.DataFrame | None) -> tuple[Past, Weights]:
    """Put the history into time order, without times into a drawn one, learn the weights on it, and return all that is known at its end."""
    n = len(known.partnerships)
    if known.when is None:
        order = as_generator(0, "order without times").permutation(n)
    else:
        order = np.lexsort((np.arange(n), known.when))
    place = np.argsort(order)
    written, owner, about = read_texts(known, texts, names)
    rows = sparse.csr_array(known.incidence[order])
    inside = sparse.csr_array((rows.data, rows.indices, rows.indptr), shape=(n, len(names)))
    text_row = np.where(about == NEW, n - 1, about)
    dated = (about >= 0) & (about < n)
    text_row[dated] = place[about[dated]]
    sources = read_sources(names, inside, dated=known.when is not None, texts=written, owner=owner, text_row=text_row)
    return Past(sources, n), learn_weights(sources)


def _known_or_worded(past: Past, names: list[str], n_members: int) -> None:
    """Refuse a name about which nothing is known."""
    worded = past.has_text
    for i, name in enumerate(names[n_members:], n_members):
        if not worded[i]:
            message = f"{name!r} is neither in the history nor has a text with two letters in a row from its texts"
            raise UnknownName(message, kind="member", name=name, close_matches=close_matches(name, names[:n_members]))


def _draw(weights: Weights, draws: int, seed: int | None) -> NDArray[np.float64]:
    """Random weights, shape (n_features, draws)."""
    if draws == 0:
        return np.empty((weights.values.size, 0))
    rng = as_generator(seed, "partner weights")
    if weights.covariance is None:
        return np.asarray(weights.values[:, None] * np.exp(rng.normal(0, 0.5, (weights.values.size, draws))))
    return np.asarray(rng.multivariate_normal(weights.values, weights.covariance, draws, method="eigh").T)


def _names(parameter: str, given: Iterable[str] | None, members: Sequence[str]) -> list[str]:
    if given is None:
        return list(members)
    listed = list_of(parameter, given, "a list of names")
    gap = next((place for place, name in enumerate(listed) if is_missing(name)), None)
    if gap is not None:
        message = f"{parameter} holds a missing name at place {gap}"
        raise InvalidParameter(message, parameter=parameter, value=None, allowed="names")
    names = list(dict.fromkeys(as_name(name) for name in listed))
    if not names:
        message = f"{parameter} is empty"
        raise InvalidParameter(message, parameter=parameter, value=[], allowed="at least one name")
    return names
