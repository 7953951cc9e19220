"""Which partners to join: fit, audience and history in one list, each part null when it was not measured.

Partners are chosen one by one (`partner_choice`) by fit-weighted reach beyond the partners already chosen and by past
co-operations (`graphkit.matching.history`). A partner's audience is who follows, studies, buys from or subscribes to it;
incremental reach counts users that neither the plan (or the promoted item's own audience) nor the partners listed before
reach.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from graphkit.check import flag, positive_int, probability
from graphkit.planning.history import same_party
from graphkit.planning.partner_bound import joint_reach, partner_certificate
from graphkit.planning.partner_candidates import Asked, known_tags, read_known, refused
from graphkit.planning.partner_choice import Taste, choose_partners, likeness
from graphkit.planning.partner_notes import partner_notes
from graphkit.planning.partner_reach import OWN_TYPES, FitReach, audience_scores, partner_samples
from graphkit.planning.partner_result import Partner, PartnerPortfolio
from graphkit.planning.partner_rows import partner_rows
from graphkit.planning.partner_scores import PAIRED, fit_of, fit_weights, read_partner_data
from graphkit.planning.partners_split import split_partners
from graphkit.planning.subject import known_target
from graphkit.progress import null_progress, step
from graphkit.projection.evidence import evidence_note, with_evidence
from graphkit.projection.snapshot import as_snapshot
from graphkit.results import make_manifest
from graphkit.rng import as_seed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from graphkit.planning.partner_candidates import Known
    from graphkit.planning.plan_result import ChannelPlan
    from graphkit.progress import ProgressCallback
    from graphkit.rng import RandomState

    Node = tuple[str, str]

__all__ = ["Partner", "PartnerPortfolio", "partners"]

PARTIES = ("Film", "Course", "Brand")
READS = (*PARTIES, "Tag", "Partnership", *OWN_TYPES, "HAS_TAG", "JOINS")
MIN_CELL = 50
BESIDE = 0.25  # weight of the list by fit beside a history or audiences, see `partner_choice`


def partners(
    source: Any,
    *,
    for_: tuple[str, str] | str,
    max_partners: int | None = None,
    plan: ChannelPlan | None = None,
    lead: tuple[str, str] | str | None = None,
    split: bool = False,
    rng: RandomState = None,
    min_cell: int = MIN_CELL,
    diversity: float = 0.0,
    novelty: float = 0.0,
    conflicts: Sequence[str] = (),
    weights: Mapping[str, float] | None = None,
    aliases: Mapping[str, str] | pd.DataFrame | str | None = "proposed",
    min_evidence: str | None = None,
    progress: ProgressCallback = null_progress,
) -> PartnerPortfolio:
    """Propose a set of brands and courses as partners of a film, course or brand.

    A brand with a history may be offered the films it shares one with, too.

    Parameters
    ----------
    source : GraphStore, path of an input directory, Snapshot or Projection made from one
    for_ : (label, id) or "LABEL:ID"
    max_partners : int, optional
        How many to propose; default 20.
    plan : ChannelPlan, optional
        Incremental reach is then counted beyond this plan, in its worlds; else beyond the item's own audience.
    lead : (label, id) or "LABEL:ID", optional
        Owner without whom there is no profit: a film, course or brand. It takes part in the split (asking for a
        lead asks for the split), gets the last row, and is not proposed as a partner.
    split : bool
        Also split the joint reach fairly (exact Shapley values over the partners' audiences); the shares sum to ``split["joint"]``.
    rng : int, Generator, SeedSequence or None
    min_cell : int
        Audiences smaller than this are not shown.
    diversity : float in [0, 1], default 0
        Weight against partners that are like those already chosen (maximal marginal relevance over shared tags and
        audiences); 0 leaves the order alone.
    novelty : float in [0, 1], default 0
        Weight of the novelty criterion in the order and in the fit; 0 keeps it out of both.
    conflicts : sequence of tag ids
        Tags that two partners must not share, such as one market segment: sharing one with the item sets the criterion
        brand to 0, and of two candidates that share one only the better is proposed.
    weights : mapping criterion -> weight >= 0, optional
        Weights of the criteria in the fit, 1 where not given, re-normalised over the measured ones; novelty has its own option.
    aliases : "proposed", mapping variant -> name, DataFrame or None
        Spellings that are one party in the history: the proposals of `name_variants`, a reviewed table of it, or none.
    min_evidence : {"real", "match", "inferred", "assumed"}, optional
        Leave out relationships, and nodes that are no users, of weaker evidence; the item and the lead stay. A plan
        keeps what it was made on. Default: all count, and the assumptions say how many are not real.
    progress : callable
        See `graphkit.progress`.

    Returns
    -------
    PartnerPortfolio

    Raises
    ------
    UnknownNode
        ``for_`` or ``lead`` does not exist.
    UnknownName
        No tag has the id of a conflict.
    InvalidParameter
        A weight is out of range, or the plan was made for pages, after a wave or on other data.
    DataInvalid
        Nothing that is measured says anything about a partner.

    Examples
    --------
    >>> from graphkit.synthetic.campaign import write_campaign
    >>> film = ("Film", write_campaign("data", n_users=60, clips=1)["film"])
    >>> partners("data", for_=film, max_partners=2, min_cell=1).to_frame()[["partner", "label"]].values.tolist()
    [['b11', 'Brand'], ['b10', 'Brand']]
    """
    start, whole = time.monotonic(), as_snapshot(source)
    subject = known_target(whole, for_, PARTIES)
    led = None if lead is None else known_target(whole, lead, PARTIES, parameter="lead")
    named = [subject] if led is None else [subject, led]
    snapshot = with_evidence(whole, min_evidence, keep=named)
    asked = Asked(
        subject=subject,
        lead=led,
        limit=20 if max_partners is None else positive_int("max_partners", max_partners),
        split=flag("split", split) or lead is not None,
        plan=plan,
        min_cell=positive_int("min_cell", min_cell, minimum=0),
        diversity=probability("diversity", diversity),
        novelty=probability("novelty", novelty),
        conflicts=known_tags(snapshot, conflicts),
        weights=fit_weights(weights, novelty),
        seed=as_seed(rng),
        min_evidence=min_evidence,
    )
    with step("learn from past partnerships", progress):
        data = read_partner_data(snapshot)
        same = same_party(data, asked.subject, aliases)
        known = read_known(snapshot, asked, data, same)
    answer = _answer(asked, known, source, progress)
    answer["assumptions"] += evidence_note(whole, min_evidence, READS, keep=named)
    manifest = make_manifest(
        "partners",
        request=asked.request() | {"aliases": {":".join(n): ":".join(m) for n, m in sorted(same.items())}},
        answer=answer,
        seed=asked.seed,
        snapshot=snapshot.digest,
        seconds=time.monotonic() - start,
    )
    return PartnerPortfolio(**answer, manifest=manifest)


def _answer(asked: Asked, known: Known, source: Any, progress: ProgressCallback) -> dict[str, Any]:
    """Choose the set, and say what it reaches and why."""
    with step("measure audiences", progress):
        reach = partner_samples(known.who, known.own, known.audiences, asked.plan, source)
        audience_scores(known.scores, reach.rating.increments())
    fit = {n: fit_of(scores, asked.weights) for n, scores in known.scores.items()}
    order, apart = choose_partners(
        list(fit), _lists(known, fit), FitReach(reach.choosing, fit), asked.limit, _taste(asked, known)
    )
    made = split_partners(order, known.audiences, known.who.n, asked.lead) if asked.split else None
    rows = partner_rows(asked, known, fit, order, reach.judging, made, progress)
    with step("compare with every other set", progress):
        joint, certificate = joint_reach(reach, order), partner_certificate(reach, fit, order)
    return {
        "for_": ":".join(asked.subject),
        "partners": rows,
        "joint_reach": joint,
        "certificate": certificate,
        "split": made.to_dict(asked.lead) if made else None,
        "rejected": known.rejected
        + [
            refused(n, "conflict", f"it shares the tag {tag} with {taken[1]}, listed before it")
            for n, (tag, taken) in sorted(apart.items())
        ],
        "assumptions": partner_notes(asked, known, split=made is not None),
    }


def _lists(known: Known, fit: dict[Node, float | None]) -> list[tuple[float, list[Node]]]:
    """Candidates by history, and those without a measured audience by fit, with the weights of the lists.

    Beside a history only those count by fit that are measured against the subject: a fit of completeness and willingness
    alone says nothing about the pair, so it would only disturb the history.
    """
    by_history = [n for n in sorted(known.past, key=lambda n: known.past[n].rank) if n in known.scores]
    paired = [n for n in known.scores if not known.past or any(known.scores[n][c] is not None for c in PAIRED)]
    fitting = sorted(
        (n for n in paired if n not in known.audiences and fit[n] is not None),
        key=lambda n: (-(fit[n] or 0.0), n[1], n[0]),
    )
    return [(1.0, by_history), (BESIDE if known.past or known.audiences else 1.0, fitting)]


def _taste(asked: Asked, known: Known) -> Taste:
    """What is asked of the set beside fit and reach."""
    new = {n: scores["novelty"] for n, scores in known.scores.items()}
    return Taste(
        asked.novelty, new, asked.diversity, likeness(known.data, known.audiences), asked.conflicts, known.data.tags
    )
