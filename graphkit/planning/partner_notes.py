"""What a list of partners rests on, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphkit.intervals import counted

if TYPE_CHECKING:
    from graphkit.planning.partner_candidates import Asked, Known

__all__ = ["partner_notes"]

SPLIT_NOTE = "shares: Shapley values of users reached by the listed partners, before word of mouth; another partner changes all shares"
SHOWN = 5


def partner_notes(asked: Asked, known: Known, *, split: bool) -> list[str]:
    """Return the assumptions of a list; ``split`` says whether the profit could be split."""
    notes = _of_people(asked, known)
    if not known.past:
        notes.append("the past partnerships say nothing about this one: history is not measured")
    if known.same:
        notes.append(_spellings(known))
    if asked.subject[0] != "Brand":
        notes.append(
            f"goal, complement and novelty compare brands: they are not measured for a {asked.subject[0]}, but for Brand:ID"
        )
    if known.n_unknown:
        notes.append(_unknown(asked, known))
    if asked.split:
        notes.append(SPLIT_NOTE if split else "no audience is measured: profit was not split")
    return notes


def _of_people(asked: Asked, known: Known) -> list[str]:
    """Who is left out, and what the numbers of users count."""
    notes = []
    if known.who.n_dropped:
        who = counted(
            known.who.n_dropped,
            "user without consent for planning is",
            "users without consent for planning are",
        )
        notes.append(f"{who} left out")
    if not known.audiences:
        return [*notes, "no audiences of brands or courses are in the data: audience, adds and share are not measured"]
    plan = asked.plan
    base = "the promoted item's own audience" if plan is None else f"plan {plan.plan} for {plan.for_}"
    unit = "users" if plan is None or plan.objective == "reach" else f"the plan's objective ({plan.objective})"
    return [
        *notes,
        f"a partner is taken to reach each of its followers, learners, buyers and members; adds counts {unit} beyond {base}",
    ]


def _spellings(known: Known) -> str:
    """Names that are taken for one party."""
    name = known.data.name
    shown = [f"{name(n) or n[1]} = {name(m) or m[1]}" for n, m in sorted(known.same.items())]
    more = ", .." if len(shown) > SHOWN else ""
    return f"spellings counted as one name ({len(shown)}): {', '.join(shown[:SHOWN])}{more}"


def _unknown(asked: Asked, known: Known) -> str:
    """How many could not be compared with the subject at all."""
    left_out = counted(
        known.n_unknown,
        "brand or course is left out: nothing is measured of it",
        "brands and courses are left out: nothing is measured of them",
    )
    return f"{left_out} and {':'.join(asked.subject)}"
