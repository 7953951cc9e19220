"""After the campaign: what the events say, metric by metric, beside what the plan had promised.

Window and cohort are stated in every row. Shares carry Wilson intervals; a cell below the minimum, or without data,
is None = not measured, never 0 (mission 3.1). Effects need an experiment and are not claimed here.
"""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.check import positive_int
from graphkit.errors import DataInvalid
from graphkit.results import Manifest, Result, make_manifest

if TYPE_CHECKING:
    import pandas as pd

    from graphkit.planning.channels import ChannelPlan

__all__ = ["Evaluation", "evaluate", "wilson"]

Z95 = 1.959963984540054
DAY = 86_400
NEEDED = ("ts", "user", "kind")
TOOK_PART = frozenset({"click", "comment", "like", "share", "redeem"})


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(Result):
    """Measured metrics (rows: channel or "all", metric, value, lower, upper, n, unit) and the promise beside them.

    ``observed_share`` = measured reach / promised reach; None when nothing was measured.
    """

    plan: str
    promised: float
    promised_interval: tuple[float, float]
    observed: float | None
    observed_share: float | None
    within_promise: bool | None
    metrics: list[dict[str, Any]]
    unattributed: int
    assumptions: list[str]
    manifest: Manifest

    def to_frame(self) -> pd.DataFrame:
        """Return one row per channel and metric."""
        import pandas as pd

        return pd.DataFrame(self.metrics, columns=["channel", "metric", "value", "lower", "upper", "n", "unit"])


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share of ``successes`` in ``n`` > 0 (Wilson 1927)."""
    share, z2 = successes / n, Z95 * Z95
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def evaluate(plan: ChannelPlan, events: pd.DataFrame | str | Path, *, days: int = 30, min_cell: int = 50) -> Evaluation:
    """Measure a campaign from its events.

    Parameters
    ----------
    plan : ChannelPlan
    events : DataFrame with columns ts, user, kind (and channel, amount, item where known), or an input directory
    days : int
        Window of conversion after a user's first exposure.
    min_cell : int
        Figures about fewer users are None.

    Returns
    -------
    Evaluation

    Raises
    ------
    DataInvalid
        A needed column is missing.
    """
    start = time.monotonic()
    positive_int("days", days)
    positive_int("min_cell", min_cell)
    rows = _rows(events)
    planned = {item.channel for item in plan.items}
    groups: dict[str, list[dict[str, Any]]] = {"all": rows}
    for row in rows:
        if row.get("channel") in planned:
            groups.setdefault(str(row["channel"]), []).append(row)
    metrics: list[dict[str, Any]] = []
    for name in ("all", *sorted(planned)):
        metrics += _metrics(name, groups.get(name, []), rows, days * DAY, min_cell)
    unknown = sum(row.get("channel") is not None and row.get("channel") not in planned for row in rows)
    reached = next(m["value"] for m in metrics if m["channel"] == "all" and m["metric"] == "reach")
    promised = plan.reach.mean
    band = plan.reach.interval_with_model_uncertainty or plan.reach.interval
    comparable = plan.objective == "reach" and reached is not None
    answer: dict[str, Any] = {
        "plan": plan.plan, "promised": promised, "promised_interval": tuple(plan.reach.interval), "observed": reached,
        "observed_share": reached / promised if comparable and promised > 0 else None,
        "within_promise": band[0] <= reached <= band[1] if comparable else None, "metrics": metrics, "unattributed": unknown,
        "assumptions": [
            f"conversion counts purchases within {days} days of a user's first exposure; exposure events stand for reach",
            "events of users who were only told by friends carry no exposure: measured reach is then a lower bound of the promise",
            "no experiment: incremental effect is not measured",
        ],
    }  # fmt: skip
    request = {"plan": plan.manifest.digest, "days": days, "min_cell": min_cell, "events": len(rows)}
    manifest = make_manifest("evaluate", request=request, answer=answer, snapshot=plan.manifest.snapshot, seconds=time.monotonic() - start)
    return Evaluation(**answer, manifest=manifest)


def _rows(events: Any) -> list[dict[str, Any]]:
    """Events as dictionaries; missing cells are None."""
    if isinstance(events, str | Path):
        from graphkit.store.files import read_events

        events = read_events(Path(events))
    missing = [c for c in NEEDED if c not in events.columns]
    if missing:
        raise DataInvalid(f"events lack the columns {', '.join(missing)}", rule="events columns", rows=tuple(missing), hint="ts, user, kind")
    rows: list[dict[str, Any]] = events.to_dict("records")
    return [{k: None if v is None or v != v else v for k, v in row.items()} for row in rows]  # noqa: PLR0124 - NaN differs from itself


def _metrics(name: str, rows: list[dict[str, Any]], every: list[dict[str, Any]], window: float, min_cell: int) -> list[dict[str, Any]]:
    """The metrics of one channel, or of all."""
    kinds = Counter(str(row["kind"]) for row in rows)
    first: dict[str, float] = {}
    for row in rows:
        if row["kind"] == "exposure":
            user = str(row["user"])
            first[user] = min(first.get(user, math.inf), float(row["ts"]))
    n = len(first)
    shown = n >= min_cell
    active = {str(row["user"]) for row in rows if row["kind"] in TOOK_PART} & first.keys()
    bought = _buyers(every, first, window)
    sales = math.fsum(_amount(row) for row in rows) if kinds["purchase"] + kinds["refund"] else None
    out = [
        _row(name, "exposures", kinds["exposure"] if shown else None, n, "events"),
        _row(name, "reach", n if shown else None, n, "users"),
        _row(name, "frequency", kinds["exposure"] / n if shown else None, n, "events per exposed user"),
        _share(name, "participation", len(active), n, shown=shown),
        _share(name, "click_through", kinds["click"], kinds["exposure"], shown=shown and kinds["click"] <= kinds["exposure"]),
        _share(name, "conversion", len(bought), n, shown=shown),
        _row(name, "sales", sales if shown else None, n, "currency"),
    ]
    for row in out:
        row["n"] = row["n"] if shown else None
    return out


def _buyers(every: list[dict[str, Any]], first: dict[str, float], window: float) -> set[str]:
    """Exposed users with a purchase within the window of their first exposure."""
    times: dict[str, list[float]] = defaultdict(list)
    for row in every:
        if row["kind"] == "purchase":
            times[str(row["user"])].append(float(row["ts"]))
    return {user for user, begin in first.items() if any(begin <= t < begin + window for t in times.get(user, ()))}


def _amount(row: dict[str, Any]) -> float:
    """Purchases minus refunds."""
    amount = float(row.get("amount") or 0.0)
    return amount if row["kind"] == "purchase" else -amount if row["kind"] == "refund" else 0.0


def _row(channel: str, metric: str, value: float | None, n: int, unit: str, interval: tuple[float | None, float | None] = (None, None)) -> dict[str, Any]:
    return {"channel": channel, "metric": metric, "value": value, "lower": interval[0], "upper": interval[1], "n": n, "unit": unit}


def _share(channel: str, metric: str, successes: int, n: int, *, shown: bool) -> dict[str, Any]:
    """A share with Wilson's interval, None without a denominator."""
    if not shown or not n:
        return _row(channel, metric, None, n, "share")
    return _row(channel, metric, successes / n, n, "share", wilson(successes, n))
