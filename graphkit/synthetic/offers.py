"""Offers that platforms make: to everybody who takes a course, and to the members of another brand, for an exchange of benefits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphkit.synthetic.people import DAY, START

if TYPE_CHECKING:
    from graphkit.synthetic.catalogue import Catalogue
    from graphkit.synthetic.tables import Files

__all__ = ["MEMBER_BRANDS", "make_offers"]

# Positions in the catalogue of the brands that have members: a course platform and a music platform
MEMBER_BRANDS = (1, 5)

_HEADER = "id kind name amount percent threshold days tickets unit_cost cap uptake uptake_lower uptake_upper starts_ts ends_ts"


def make_offers(files: Files, catalogue: Catalogue) -> None:
    """Add `nodes/offer`, `relationships/offers` and `applies_to`; nothing is drawn, and every uptake is an assumption with a range."""
    platform, music = (catalogue.brands[i] for i in MEMBER_BRANDS)
    film, course = catalogue.films[0], catalogue.courses[0]
    window = (START, START + 60 * DAY)
    rows = [
        ("o01", "coupon", "新课立减", 20.0, None, None, None, None, None, 400, 0.08, 0.05, 0.12, *window),
        ("o02", "discount", "影迷八折", None, 20.0, None, None, None, None, 200, 0.05, 0.03, 0.09, *window),
        ("o03", "ticket", "会员观影票", None, None, None, None, 1, 30.0, 120, 0.20, 0.12, 0.30, *window),
        ("o04", "membership_days", "音乐会员七天", None, None, None, 7.0, None, 0.5, None, 0.25, 0.15, 0.35, *window),
        ("o05", "free_trial", "课程七天试看", None, None, None, 7.0, None, 0.3, None, 0.18, 0.10, 0.28, *window),
    ]
    files.add("nodes/offer", _HEADER, rows)
    given = [
        (platform, "o01", None),
        (platform, "o02", None),
        (catalogue.brands[0], "o03", platform),
        (music, "o04", platform),
        (platform, "o05", music),
    ]
    files.add("relationships/offers", "source target to_members_of", given)
    targets = [
        ("o01", "Course", course),
        ("o02", "Course", course),
        ("o03", "Film", film),
        ("o04", "Brand", music),
        ("o05", "Course", course),
    ]
    files.add(
        "relationships/applies_to",
        "source source_label target target_label",
        [(o, "Offer", to, label) for o, label, to in targets],
    )
