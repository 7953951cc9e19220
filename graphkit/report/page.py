"""A plan as one HTML file: nothing from outside, no script, every value escaped, Chinese and English.

Nothing is computed here beyond ratios of printed numbers; a section without data is left out and
named at the end as not measured.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from graphkit.check import one_of
from graphkit.report.figures import Figures
from graphkit.report.page_charts import charts_of
from graphkit.report.page_parts import more_parts
from graphkit.report.page_style import STYLE
from graphkit.report.page_template import TEMPLATE
from graphkit.report.sentences import sentence, term
from graphkit.report.spoken import both_of
from graphkit.report.text_width import visible
from graphkit.results import jsonable

__all__ = ["LANGUAGES", "render_page"]

LANGUAGES = ("zh+en", "zh", "en")
_SCORES = ("theme", "audience", "brand", "data", "will", "goal", "complement", "culture", "novelty")
_MOST_REJECTED = 60
_MOST_CHARACTERS = 1200
_MOST_ROWS = 300
_ROUNDING = 1e-9  # relative: a difference that a sum of shares may leave

Row = Mapping[str, Any]


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
        **_plan_part(plan),
        **more_parts(plan),
        **_partner_part(found),
        **_evidence_part(plan),
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
    """Show the control and direction characters of data, which could turn a line around; lines stay lines."""
    return (
        "\n".join(map(visible, value.split("\n")))
        if isinstance(value, str) and not isinstance(value, Markup)
        else value
    )


def _words(lang: str) -> Callable[[str], Markup]:
    """Return the function that writes a word of the registry in the page's languages."""

    def write(key: str) -> Markup:
        zh, en = term(key)
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


def _plan_part(plan: Row) -> dict[str, Any]:
    reach = plan.get("reach") or {}
    mean, added = reach.get("mean"), plan.get("adding_up_would_have_said")
    certificate = plan.get("certificate") or {}
    objective = str(plan.get("objective", "reach"))
    expected = f"expected_{objective}" if "=" not in objective else "expected_sum"
    zh, en = term(expected)
    left = (plan.get("budget") or 0) - (plan.get("spent") or 0)
    because = plan.get("unspent_because") if left > 0 else None
    interval = reach.get("interval") or [None, None]
    rejected = list(plan.get("rejected") or [])
    return {
        "plan": plan,
        "title": f"graphkit · {plan.get('for_name') or plan.get('for', '')} · {plan.get('plan', '')}",
        "target": plan.get("for_name") or plan.get("for", ""),
        "target_id": plan.get("for") if plan.get("for_name") else None,
        "currency": plan.get("currency"),
        "items": [_item(item) for item in plan.get("items", [])[:_MOST_ROWS]],
        "more_items": max(0, len(plan.get("items", [])) - _MOST_ROWS),
        "has_material": any(item.get("material") for item in plan.get("items", [])),
        "reach": {"mean": mean},
        "expected": expected,
        "interval_text": Figures.band(interval),
        "total_band": _sampled(interval),
        "model_interval": reach.get("interval_with_model_uncertainty"),
        "certificate": certificate if certificate.get("ratio") else None,
        "per_head": plan["spent"] / mean if mean and plan.get("spent") else None,
        "overstated": _overstated(added, mean),
        "answer": {
            "n": len(plan.get("items", [])),
            "spent": Figures.money(plan.get("spent"), plan.get("currency")),
            "budget": Figures.money(plan.get("budget"), plan.get("currency")),
            "mean": Figures.people(mean),
            "lower": Figures.people(interval[0]),
            "upper": Figures.people(interval[1]),
            "objective_zh": zh,
            "objective_en": en,
        },
        "unspent": both_of(str(because)) if because else None,
        "rejected": [
            {
                "candidate": next((row[k] for k in ("channel", "partner", "candidate") if k in row), ""),
                "name": row.get("name"),
                "rule": str(row.get("rule", "")),
                "reason": both_of(str(row.get("reason", ""))),
            }
            for row in rejected[:_MOST_REJECTED]
        ],
        "more_rejected": max(0, len(rejected) - _MOST_REJECTED),
        "assumptions": [both_of(str(text)) for text in plan.get("assumptions") or []],
    }


def _item(item: Row) -> dict[str, Any]:
    wave = item.get("wave") or 1
    return {
        **item,
        "name": item.get("name") or item["channel"],
        "key": f"items.{item['channel']}" + ("" if wave == 1 else f"@{wave}"),
        "bands": {part: _sampled(item.get(f"{part}_interval")) for part in ("adds", "exclusive", "alone")},
        "reasons": [both_of(str(reason)) for reason in item.get("reasons") or []],
    }


def _partner_part(found: Row) -> dict[str, Any]:
    rows, joint = found.get("partners") or [], found.get("joint_reach")
    form = Figures.share_of(row.get("share") for row in rows)
    listed = [
        {
            "id": row["partner"],
            "name": row.get("name") or row["partner"],
            "rank": row.get("rank"),
            "fit": row.get("fit"),
            "fit_rank": row.get("fit_rank_interval"),
            "scores": row.get("scores") or {},
            "adds": row.get("adds"),
            "band": _sampled(row.get("adds_interval")),
            "exclusive": row.get("exclusive"),
            "exclusive_band": _sampled(row.get("exclusive_interval")),
            "share": row.get("share"),
            "share_band": _shares(row.get("share_interval"), form),
            "reasons": [both_of(str(reason)) for reason in row.get("reasons") or []],
            "evidence": [str(text) for text in row.get("evidence") or [] if not str(text).startswith("graphkit ")],
        }
        for row in rows
    ]
    commands = dict.fromkeys(
        str(text) for row in rows for text in row.get("evidence") or [] if str(text).startswith("graphkit ")
    )
    return {
        "partners": listed,
        "score_names": [name for name in _SCORES if any(row["scores"].get(name) is not None for row in listed)],
        "has_share": any(row["share"] is not None for row in listed),
        "share_form": form,
        "has_exclusive": any(row["exclusive"] is not None for row in listed),
        "joint_reach": joint.get("mean") if isinstance(joint, dict) else joint,
        "joint_band": _sampled(joint.get("interval")) if isinstance(joint, dict) else "",
        "joint_at_most": joint.get("at_most") if isinstance(joint, dict) else None,
        "partner_commands": list(commands),
        "partner_notes": [both_of(str(text)) for text in found.get("assumptions") or []],
        "partners_rejected": [
            {"name": row["partner"], "rule": row["rule"], "reason": both_of(str(row["reason"]))}
            for row in (found.get("rejected") or [])[:_MOST_REJECTED]
        ],
    }


def _overstated(added: float | None, mean: float | None) -> float | None:
    """Return by how much adding up says more than the plan reaches; what is left of rounding is nothing."""
    if not mean or added is None:
        return None
    share = added / mean - 1
    return share if abs(share) > _ROUNDING else 0.0


def _sampled(pair: Any) -> str:
    """Return an interval that chance made; an exact number has none to show."""
    said = Figures.band(pair)
    return "" if pair and Figures.people(pair[0]) == Figures.people(pair[1]) else said


def _shares(pair: Any, form: Callable[[Any], str]) -> str:
    """Return the interval of a share in the form of the shares."""
    low, high = (form(end) for end in pair or (None, None))
    return "" if low == high else f"{low} – {high}"


def _shortened(text: str) -> str:
    """Cut what nobody reads on a page; the whole text is one command away."""
    if len(text) <= _MOST_CHARACTERS:
        return text
    return f"{text[:_MOST_CHARACTERS]} … ({len(text):,} characters; whole: graphkit evidence PLAN --format json)"


def _evidence_part(plan: Row) -> dict[str, Any]:
    claims: list[dict[str, Any]] = []
    replays: list[str] = []
    anchors: dict[str, str] = {}
    for i, row in enumerate((plan.get("claims") or [])[:_MOST_ROWS]):
        name, number = str(row.get("claim")), 0
        if row.get("replay"):
            text = _pretty(row["replay"])
            if text not in replays:
                replays.append(text)
            number = replays.index(text) + 1
        anchors.setdefault(name, f"claim-{i + 1}")
        value = row.get("value")
        shown = (
            Figures.people(value)
            if isinstance(value, int | float) and not isinstance(value, bool)
            else Figures.text(value)
        )
        claims.append(
            {
                "claim": name,
                "anchor": f"claim-{i + 1}",
                "value": shown,
                "query": row.get("query"),
                "params": _shortened(_pretty(row.get("params") or {})),
                "replay_number": number,
            }
        )
    manifest = plan.get("manifest") or {}
    rows = [
        (key, manifest[key])
        for key in ("digest", "seed", "snapshot", "engine", "seconds")
        if manifest.get(key) is not None
    ]
    versions = manifest.get("versions") or {}
    if versions:
        rows.append(("versions", ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))))
    request = manifest.get("request") or plan.get("request")
    shown_replays = [_shortened(text) for text in replays]
    more = max(0, len(plan.get("claims") or []) - _MOST_ROWS)
    return {
        "claims": claims,
        "more_claims": more,
        "replays": shown_replays,
        "anchors": anchors,
        "manifest": rows,
        "request": _shortened(_pretty(request)) if request else "",
    }


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


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)
