"""After the campaign: what the events say, metric by metric, beside what the plan had promised.

The metrics are those of the dictionary (`planning.metrics`); window and cohort stand in every row. Shares carry Wilson intervals, means and sums those of
`graphkit.amounts.ratio_interval` by user; a cell below the minimum, or without data, is None = not measured, never 0. What the campaign *caused* needs an experiment: only then
are cost per incremental action and benefit given.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import finite, positive_int
from graphkit.errors import DataInvalid, GraphkitError
from graphkit.intervals import counted, wilson
from graphkit.matching.records import is_missing
from graphkit.model.target import parse_target
from graphkit.planning.event_log import EventLog, event_frame
from graphkit.planning.inputs import numbers
from graphkit.planning.measure import COLUMNS, Context, measure
from graphkit.planning.plan_result import ChannelPlan, checked_plan
from graphkit.planning.rules import read_rules
from graphkit.planning.subject import target_node
from graphkit.progress import null_progress, step
from graphkit.projection.consent import consent_mask
from graphkit.projection.snapshot import Snapshot, as_snapshot
from graphkit.results import Manifest, Result, make_manifest
from graphkit.rng import as_seed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from graphkit.progress import ProgressCallback
    from graphkit.rng import RandomState

__all__ = ["Evaluation", "evaluate", "wilson"]

NO_PROOF = "a reach inside the prediction interval is no proof of the chances: it allows for chances that all err in one direction"
REPEATED = ("ts", "user", "kind", "item", "channel", "code", "amount", "value", "parent_user")


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(Result):
    """Measured metrics and the promise beside them.

    Attributes
    ----------
    metrics : list of dict
        channel ("all" or a planned one), metric, zh, value, lower, upper, n (people or events it rests on), unit, cohort, window.
    observed_share : float or None
        Measured reach / promised reach; None when nothing was measured.
    prediction_interval : (float, float) or None
        Where 95 of 100 single campaigns were foreseen to end (`graphkit.planning.risk`), luck and unknown chances
        together; ``promised_interval`` is that of their mean. None for a plan that does not tell it.
    within_promise : bool or None
        Whether the measured reach lies in ``prediction_interval``. With chances learned from 20 or 200 cascades on 150
        people it held 96 % of campaigns under the true chances, 2 % under ones twice as large and 65 % under ones half
        as large: a yes is no proof of the chances. Where the plan does not tell it, in the interval of the mean with
        unknown chances, in which luck may be missing.
    unattributed : int
        Events that name a channel the plan does not have.
    """

    plan: str
    promised: float
    promised_interval: tuple[float, float]
    prediction_interval: tuple[float, float] | None
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

        return pd.DataFrame(self.metrics, columns=COLUMNS)


def evaluate(
    plan: ChannelPlan,
    events: pd.DataFrame | str | Path,
    *,
    days: int = 30,
    min_cell: int = 50,
    retention_day: int = 7,
    target: str | None = None,
    experiment: Any = None,
    margin: float | None = None,
    rng: RandomState = 0,
    progress: ProgressCallback = null_progress,
) -> Evaluation:
    """Measure a campaign from its events.

    Parameters
    ----------
    plan : ChannelPlan
    events : DataFrame with columns ts, user, kind (and channel, amount, item where known), or an input directory
        Survey events name their question in ``item``: awareness (value 1 or 0) or satisfaction (points).
    days : int
        Window of conversion after a user's first exposure.
    min_cell : int
        Figures about fewer users are None.
    retention_day : int
        Retention counts activity on days d..d+6 after a user's first event.
    target : str, optional
        Expression over user properties, for the share of the target group; default the plan's own.
    experiment : ExperimentAnalysis or its dict, optional
        Gives the incremental actions: total effect x users of the experiment.
    margin : float, optional
        Currency per incremental action, for the benefit.
    rng : int, Generator, SeedSequence or None
        Kept in the manifest; no figure is drawn by lot.
    progress : callable
        See `graphkit.progress`.

    Returns
    -------
    Evaluation

    Raises
    ------
    DataInvalid
        A needed column or amount is missing, a number is none, or the experiment holds no total effect.

    Examples
    --------
    >>> from graphkit.synthetic.campaign import write_campaign
    >>> film = ("Film", write_campaign("data", n_users=60, clips=1)["film"])
    >>> from graphkit.planning.channels import plan
    >>> made = plan("data", for_=film, budget=3_000, probability="none", rng=1)
    >>> import pandas as pd
    >>> seen = pd.DataFrame({"ts": [1_900_000_000, 1_900_000_060], "user": ["u01", "u02"], "kind": "exposure"})
    >>> seen["channel"] = made.items[0].channel
    >>> table = evaluate(made, seen, min_cell=1).to_frame()
    >>> table[(table["channel"] == "all") & (table["metric"] == "reach")]["value"].tolist()
    [2.0]
    """
    start = time.monotonic()
    asked: dict[str, Any] = {"days": days, "min_cell": min_cell, "retention_day": retention_day}
    for name, value in asked.items():
        positive_int(name, value)
    with step("read events", progress):
        frame, said = _of_the_campaign(checked_plan(plan), event_frame(events))
    log, wanted = EventLog(frame), target if target is not None else plan.request.get("target")
    incremental, n_experiment = _incremental(experiment)
    known, strangers = _known(plan, log, wanted)
    profit = None if margin is None else finite("margin", margin)
    context = Context(**asked, incremental=incremental, n_experiment=n_experiment, margin=profit, **known)
    answer = _answer(plan, log, context, [*said, *strangers], progress)
    request = {"plan": plan.manifest.digest, **asked, "target": wanted, "margin": margin, "events": len(log)}
    manifest = make_manifest(
        "evaluate",
        request=request,
        answer=answer,
        seed=as_seed(rng),
        snapshot=plan.manifest.snapshot,
        seconds=time.monotonic() - start,
    )
    return Evaluation(**answer, manifest=manifest)


def _answer(
    plan: ChannelPlan, log: EventLog, context: Context, said: list[str], progress: ProgressCallback
) -> dict[str, Any]:
    """The metrics of the log beside the promise of the plan, and what has to be said of both."""
    planned = {item.channel for item in plan.items}
    metrics = measure(log, planned, context, progress)
    reach = _beside_promise(plan, metrics)
    foreseen = reach["prediction_interval"] is not None and reach["within_promise"] is not None
    return {
        "plan": plan.plan,
        **reach,
        "metrics": metrics,
        "unattributed": sum(c is not None and c not in planned for c in log.text("channel").tolist()),
        "assumptions": [*_notes(context.days, context.incremental, foreseen=foreseen), *said],
    }


def _known(plan: ChannelPlan, log: EventLog, wanted: str | None) -> tuple[dict[str, Any], list[str]]:
    """What the plan and its data tell beside the log, and what has to be said of people they do not know."""
    known = {"cost": plan.spent, "items": _items(plan), "risk": _risk_told(plan) if len(log) else None}
    if plan.source is None:
        return known, []
    snapshot = as_snapshot(plan.source)
    known["target"] = None if wanted is None else _target_users(snapshot, wanted)
    known["ratings"] = _ratings(snapshot, plan.for_) if len(log) else None
    return known, _strangers(snapshot, log)


def _risk_of_reach(plan: ChannelPlan) -> dict[str, Any]:
    """What the plan says of single campaigns; empty where it says nothing."""
    return next((row for row in (plan.risk or {}).get("goals", ()) if row["goal"] == "reach"), {})


def _risk_told(plan: ChannelPlan) -> tuple[float, float, float] | None:
    """The 10th percentile of reach with the interval that the plan prints beside it."""
    row = _risk_of_reach(plan)
    return (row["p10"], *row["interval"]) if row else None


def _beside_promise(plan: ChannelPlan, metrics: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the measured reach beside the promised one, compared only where the plan was made for reach."""
    reached = next(m["value"] for m in metrics if m["channel"] == "all" and m["metric"] == "reach")
    promised, foreseen = plan.reach.mean, _risk_of_reach(plan).get("prediction_interval")
    band = foreseen or plan.reach.interval_with_model_uncertainty or plan.reach.interval
    comparable = plan.objective == "reach" and reached is not None
    return {
        "promised": promised,
        "promised_interval": tuple(plan.reach.interval),
        "prediction_interval": None if foreseen is None else (float(foreseen[0]), float(foreseen[1])),
        "observed": reached,
        "observed_share": reached / promised if comparable and promised > 0 else None,
        "within_promise": band[0] <= reached <= band[1] if comparable else None,
    }


def _incremental(experiment: Any) -> tuple[tuple[float, float, float] | None, int]:
    """Extra actions of an experiment with their interval, and its users."""
    if experiment is None:
        return None, 0
    try:
        data: Mapping[str, Any] = experiment if isinstance(experiment, dict) else experiment.to_dict()
        table, n = data["effects"], positive_int("n_users", data["n_users"])
        rows = zip(table["effect"], table["estimator"], table["value"], table["lower"], table["upper"], strict=True)
        value, low, high = next(
            (v, a, b) for effect, estimator, v, a, b in rows if (effect, estimator) == ("total", "hajek")
        )
        if is_missing(value) or is_missing(low) or is_missing(high):
            return None, 0
        value, low, high = (finite("the total effect and its interval", x) for x in (value, low, high))
    except (AttributeError, KeyError, TypeError, StopIteration, GraphkitError) as error:
        raise DataInvalid(
            "the experiment holds no total effect",
            rule="experiment",
            hint="give the result of graphkit experiment analyse --format json",
        ) from error
    return (n * value, n * low, n * high), n


def _of_the_campaign(plan: ChannelPlan, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The events since the plan's first day, where it has one, and what has to be said of the others and of copies."""
    said, starts = [], read_rules(plan.request.get("rules")).starts_ts
    if starts is not None and len(frame):
        early = (frame["ts"] < starts).to_numpy(bool)
        if early.any():
            said.append(
                counted(
                    int(early.sum()), "event before the campaign's start is", "events before the campaign's start are"
                )
                + " left out"
            )
            frame = frame[~early]
    copies = int(frame.duplicated([c for c in REPEATED if c in frame.columns]).sum())
    if copies:
        said.append(
            f"{counted(copies, 'event repeats another: it counts as it stands', 'events repeat another: they count as they stand')}; a log read twice counts sales and contacts twice"
        )
    return frame, said


def _strangers(snapshot: Snapshot, log: EventLog) -> list[str]:
    """Users of the log whom the plan could not count, for they are not among its people."""
    users = snapshot.nodes("User")
    known = {str(x) for x in users.ids[consent_mask(users, "plan")].tolist()}
    n = sum(name not in known for name in log.names)
    return [
        counted(n, f"of {log.n_users} users in the events is", f"of {log.n_users} users in the events are")
        + " not among the people of the plan: measured, but not promised"
    ] * bool(n)


def _items(plan: ChannelPlan) -> set[str]:
    """Ids of what the plan promotes and of its materials: being told of something else is not this campaign's reach."""
    return {target_node(plan.for_)[1], *(item.material for item in plan.items if item.material is not None)}


def _target_users(snapshot: Snapshot, expression: str) -> list[str]:
    """Ids of users with consent whom the expression holds for."""
    users = snapshot.nodes("User")
    mask = np.asarray(parse_target(expression).to_mask(users), dtype=bool) & consent_mask(users, "plan")
    return [str(x) for x in users.ids[mask].tolist()]


def _ratings(snapshot: Snapshot, for_: str) -> tuple[int, int] | None:
    """Ratings of what is promoted by users with consent: those in the top two fifths of their scale (5 when not stated), and all."""
    label, node = target_node(for_)
    agreed = consent_mask(snapshot.nodes("User"), "plan")
    high = total = 0
    for edges in snapshot.edges("RATED"):
        row = snapshot.nodes(edges.target_label).row_of().get(node) if edges.target_label == label else None
        if row is None:
            continue
        mine = (np.asarray(edges.target_rows) == row) & agreed[np.asarray(edges.source_rows)]
        share = numbers(edges.column("rating"))[mine] / np.nan_to_num(numbers(edges.column("scale_max"))[mine], nan=5.0)
        high, total = high + int((share > 0.6).sum()), total + int((~np.isnan(share)).sum())
    return (high, total) if total else None


def _notes(days: int, incremental: tuple[float, float, float] | None, *, foreseen: bool) -> list[str]:
    notes = [
        f"conversion counts purchases within {counted(days, 'day', 'days')} of a user's first exposure",
        "reach counts users with an exposure event, or told of it by another user; who was told without an event is not seen: a lower bound of the promise",
    ]
    if foreseen:
        notes.append(NO_PROOF)
    if incremental is None:
        notes.append("no experiment: incremental effect is not measured")
    return notes
