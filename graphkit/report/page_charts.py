"""Which chart of the page shows which numbers; a chart without numbers is None."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from graphkit.report import charts
from graphkit.report.figures import Figures
from graphkit.report.svg import BROAD, SLIM

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["charts_of"]

_FRAMES = {"broad": BROAD, "slim": SLIM}
_MOST = 24
_OVERLAP_MOST = 14


def charts_of(
    plan: Mapping[str, Any], found: Mapping[str, Any], extras: Mapping[str, Any], say: Callable[[str], str]
) -> dict[str, Markup | None]:
    """Return the charts by section name.

    Parameters
    ----------
    plan, found, extras : mapping
        As `render_page` has them, JSON-ready.
    say : callable
        Word of the registry -> text in the page's languages.
    """
    items = plan.get("items") or []
    return {
        "interval": _interval(plan, say) if items else None,
        "baselines": _baselines(plan, say) if items else None,
        "reach": _reach(items, say),
        "overlap": _overlap(extras.get("overlap") or [], items, say),
        "communities": _communities(extras.get("communities") or [], say),
        "calibration": _calibration(extras.get("calibration") or [], say),
        "pareto": _pareto(plan.get("pareto") or [], say),
        "robust": _robust(plan.get("robust"), say),
        "split": _split(found.get("partners") or [], found.get("lead_share"), say),
    }


def _drawn(chart: Callable[..., Markup], *told: Any) -> Markup:
    """Return a chart twice, for a wide screen or paper and for a telephone; the style sheet shows one."""
    both = [Markup('<div class="{}">{}</div>').format(name, chart(*told, frame)) for name, frame in _FRAMES.items()]
    return Markup("").join(both)


def _interval(plan: Mapping[str, Any], say: Callable[[str], str]) -> Markup | None:
    reach = plan.get("reach") or {}
    bands = [
        (say(name), reach[key][0], reach[key][1])
        for name, key in (("sampling_interval", "interval"), ("model_interval", "interval_with_model_uncertainty"))
        if reach.get(key) and None not in reach[key] and not Figures.exact(reach[key])
    ]
    if not bands or reach.get("mean") is None:
        return None
    return _drawn(charts.interval, reach["mean"], bands, say("interval"), Figures.people)


def _baselines(plan: Mapping[str, Any], say: Callable[[str], str]) -> Markup | None:
    reach, found = plan.get("reach") or {}, plan.get("against_baselines") or ()
    band = {row["baseline"]: Figures.band(row.get("interval")) for row in found}
    rows = [
        charts.Bar(say(name), value, band=band.get(name, ""))
        for name, value in (plan.get("baselines") or {}).items()
        if value is not None
    ]
    mean = reach.get("mean")
    if not rows or mean is None:
        return None
    rows = [charts.Bar(say("this_plan"), mean, strong=True, band=Figures.band(reach.get("interval"))), *rows]
    if plan.get("adding_up_would_have_said") is not None:
        said = Figures.band(plan.get("adding_up_interval"))
        rows.append(charts.Bar(say("adding_up"), plan["adding_up_would_have_said"], band=said))
    return _drawn(charts.bars, rows, say("baselines"), Figures.people)


def _reach(items: Sequence[Mapping[str, Any]], say: Callable[[str], str]) -> Markup | None:
    rows = [(str(i.get("name") or i["channel"]), i["adds"], i.get("alone")) for i in items if i.get("adds") is not None]
    if len(rows) > _MOST:  # the bars must end at what the plan reaches
        rest = rows[_MOST - 1 :]
        rows = [*rows[: _MOST - 1], (f"{say('others')} ({len(rest)})", sum(adds for _, adds, _ in rest), None)]
    return _drawn(charts.ladder, rows, say("reach_chart"), Figures.people) if rows else None


def _overlap(
    pairs: Sequence[Mapping[str, Any]], items: Sequence[Mapping[str, Any]], say: Callable[[str], str]
) -> Markup | None:
    called = {str(item["channel"]): str(item.get("name") or item["channel"]) for item in items}
    names = list(dict.fromkeys(str(row[end]) for end in ("a", "b") for row in pairs))
    ordered = [name for name in called if name in names] + [name for name in names if name not in called]
    names = ordered[:_OVERLAP_MOST]
    if len(names) < 2:
        return None
    value = {(str(row["a"]), str(row["b"])): row.get("jaccard") for row in pairs}
    if all(share is None for share in value.values()):
        return None
    cells = [[value.get((a, b), value.get((b, a))) for b in names] for a in names]
    labels = [f"{i + 1} {called.get(name, name)}" for i, name in enumerate(names)]
    return _drawn(charts.heatmap, labels, cells, say("overlap"), lambda share: f"{share:.2f}")


def _communities(rows: Sequence[Mapping[str, Any]], say: Callable[[str], str]) -> Markup | None:
    measured = any(row.get("reach") is not None for row in rows)
    key = "reach" if measured else "size"
    bars: list[charts.Bar] = []
    for row in rows[:_MOST]:
        if row.get(key) is None:
            continue
        share = f" ({Figures.percent(row['reach'] / row['size'])})" if measured and row.get("size") else ""
        bars.append(
            charts.Bar(
                f"{say('community')} {row.get('community', len(bars))}{share}",
                row[key],
                strong=measured,
                band=Figures.band(row.get("interval")),
            )
        )
    return _drawn(charts.bars, bars, say("communities"), Figures.people) if bars else None


def _calibration(rows: Sequence[Mapping[str, Any]], say: Callable[[str], str]) -> Markup | None:
    spots = []
    for row in rows[:_MOST]:
        name = next(
            (str(value) for key, value in row.items() if key not in {"predicted", "observed"} and value is not None), ""
        )
        if row.get("predicted") is not None or row.get("observed") is not None:
            spots.append((name, row.get("predicted"), row.get("observed")))
    return (
        _drawn(charts.dumbbells, spots, say("calibration"), (say("predicted"), say("observed")), Figures.people)
        if spots
        else None
    )


def _pareto(rows: Sequence[Mapping[str, Any]], say: Callable[[str], str]) -> Markup | None:
    """The first two goals against each other."""
    if len(rows) < 2:
        return None
    first, second = list(rows[0]["goals"])[:2]
    points = [(row["goals"][first], row["goals"][second]) for row in rows]
    return _drawn(charts.curve, points, (say(first), say(second)), say("pareto"), Figures.people)


def _robust(told: Mapping[str, Any] | None, say: Callable[[str], str]) -> Markup | None:
    """Both plans in every draw, the plain plan's worst draw first."""
    if not told or told.get("same_plan"):
        return None
    pairs = sorted(zip(told["reach_by_draw"]["plain"], told["reach_by_draw"]["robust"], strict=True))
    rows = [(str(i), plain, robust) for i, (plain, robust) in enumerate(pairs, 1)]
    return _drawn(charts.dumbbells, rows, say("robust"), (say("plain_plan"), say("robust_plan")), Figures.people)


def _split(rows: Sequence[Mapping[str, Any]], lead: float | None, say: Callable[[str], str]) -> Markup | None:
    """Shares may be parts of one or people; whichever they are, they are shown as given."""
    parts = [(str(row.get("name") or row["partner"]), float(row["share"])) for row in rows if row.get("share")]
    if lead:
        parts.insert(0, (say("lead"), float(lead)))
    if len(parts) < 2:
        return None
    return _drawn(charts.shares, parts, say("split"), Figures.share_of(value for _, value in parts))
