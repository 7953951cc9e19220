"""A plan as one HTML file: nothing from outside, no script, every value escaped, Chinese and English.

Nothing is computed here beyond ratios of printed numbers; a section without data is left out and
named at the end as not measured.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from graphkit.check import one_of
from graphkit.parts import jsonable
from graphkit.report.figures import Figures
from graphkit.report.page_charts import charts_of
from graphkit.report.page_evidence import evidence_part
from graphkit.report.page_partners import partner_part
from graphkit.report.page_parts import more_parts
from graphkit.report.page_plan import plan_part
from graphkit.report.page_style import STYLE
from graphkit.report.page_template import TEMPLATE
from graphkit.report.sentences import sentence, term
from graphkit.report.text_width import visible

__all__ = ["LANGUAGES", "render_page"]

LANGUAGES = ("zh+en", "zh", "en")

Row = Mapping[str, Any]

_PERCENT = re.compile(r"(?<=\d) (?=%)")  # "5 %" must not be broken before its sign


def render_page(
    plan: Row, *, partners: Row | None = None, extras: Mapping[str, Sequence[Row]] | None = None, lang: str = "zh+en"
) -> str:
    """Return the HTML page of a plan.

    Parameters
    ----------
    plan : mapping
        What `ChannelPlan.to_dict()` returns (`graphkit plan --format json`).
    partners : mapping, optional
        What `PartnerPortfolio.to_dict()` returns.
    extras : mapping, optional
        Rows by section: `communities` (community, size, share, optionally reach and interval), `overlap`
        (a, b, jaccard, optionally min_cell and query), `calibration` (size bin, predicted, observed).
    lang : str
        zh+en (side by side), zh or en.

    Returns
    -------
    str
        A whole HTML document.
    """
    one_of("lang", lang, LANGUAGES)
    plan = jsonable(plan)
    found = jsonable(partners) if partners else {}
    parts = jsonable(extras or {})
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, finalize=_plain_text)
    words = _words(lang)
    said = partial(_said, lang=lang)
    charts = charts_of(plan, found, parts, said)
    context = {
        **plan_part(plan),
        **more_parts(plan),
        **partner_part(found),
        **evidence_part(plan),
        **_community_part(parts.get("communities") or []),
        "overlap_hidden": _hidden(parts.get("overlap") or []),
        "overlap_query": next((row["query"] for row in parts.get("overlap") or [] if row.get("query")), None),
        "lang": lang,
        "f": Figures,
        "words": words,
        "said": said,
        "sentence": sentence,
        "style": Markup(STYLE),  # noqa: S704 - our own constant, the only text not escaped
        "charts": charts,
        "missing": _missing(charts, parts, found, plan),
    }
    return environment.from_string(TEMPLATE).render(context)


def _plain_text(value: Any) -> Any:
    """Show the control and direction characters of data, which could turn a line around; lines stay lines, a number keeps its %."""
    if not isinstance(value, str):
        return value
    if isinstance(value, Markup):
        return Markup(_PERCENT.sub("\u00a0", value))  # noqa: S704  safe before: one space becomes another
    return _PERCENT.sub("\u00a0", "\n".join(map(visible, value.split("\n"))))


def _words(lang: str) -> Callable[[str], Markup]:
    """Return the function that writes a word of the registry in the page's languages."""

    def write(key: str) -> Markup:
        zh, en = map(visible, term(key))  # a rule or a goal of the data stands for itself
        if lang == "zh":
            return Markup("{}").format(zh)
        if lang == "en" or zh == en:
            return Markup("{}").format(en)
        return Markup('<span class="zh" lang="zh-CN">{}</span> <span class="en" lang="en">{}</span>').format(zh, en)

    return write


def _said(key: str, lang: str) -> str:
    """Return a word as plain text, for charts; what both languages begin with stands once."""
    zh, en = term(key)
    same = (a for a, b in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(zh, en, strict=False)))
    return {"zh": zh, "en": en}.get(lang, zh if zh == en else f"{zh} {en.removeprefix(''.join(same))}")


def _community_part(rows: Sequence[Row]) -> dict[str, Any]:
    first = rows[0] if rows else {}
    known = first.get("modularity") is not None and first.get("n_communities") is not None
    return {
        "community_reach": any(row.get("reach") is not None for row in rows),
        "modularity": {"q": Figures.score(first["modularity"]), "n": Figures.people(first["n_communities"])}
        if known
        else None,
    }


def _hidden(pairs: Sequence[Row]) -> int | None:
    """Return the minimum cell that hides a pair of audiences, None where it hides none."""
    return next((row["min_cell"] for row in pairs if row.get("min_cell") and row.get("jaccard") is None), None)


def _missing(charts: Mapping[str, Any], parts: Row, found: Row, plan: Row) -> list[str]:
    """Return the sections that have no data."""
    empty = [key for key in ("overlap", "communities", "calibration") if not (charts.get(key) or parts.get(key))]
    empty += [] if found.get("partners") else ["partners"]
    empty += [] if (plan.get("reach") or {}).get("interval_with_model_uncertainty") else ["model_interval"]
    return empty + [key for key in ("baselines",) if not charts.get(key)]
