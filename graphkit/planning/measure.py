"""Measures every metric of the dictionary on one event log: shares with Wilson's interval, means and sums by user."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.amounts import ratio_interval, share_of_clusters
from graphkit.intervals import wilson
from graphkit.planning.event_log import DAY, EventLog
from graphkit.planning.metrics import BY_CHANNEL, METRICS
from graphkit.progress import each, null_progress

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from graphkit.progress import ProgressCallback

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

__all__ = ["COLUMNS", "Context", "measure"]

COLUMNS = ["channel", "metric", "zh", "value", "lower", "upper", "n", "unit", "cohort", "window"]
TOOK_PART = ("click", "comment", "like", "share", "redeem")
MONTH = 30

Values = tuple[float | None, float | None, float | None, int | None]
_NOTHING: Values = (None, None, None, None)


@dataclass(frozen=True)
class Context:
    """What the log alone does not tell.

    ``cost`` in currency; ``incremental`` = (value, lower, upper) of the extra actions of an experiment and its number of users; ``margin``
    per action; ``target`` = ids of the target users with consent; ``items`` = what the campaign is about (None: everything in the log); ``ratings`` = (high ones, all) of what is promoted; ``risk`` = (10th percentile, lower, upper) of the plan.
    """

    days: int = 30
    retention_day: int = 7
    min_cell: int = 50
    cost: float | None = None
    incremental: tuple[float, float, float] | None = None
    n_experiment: int = 0
    margin: float | None = None
    target: Collection[str] | None = None
    items: Collection[str] | None = None
    ratings: tuple[int, int] | None = None
    risk: tuple[float, float, float] | None = None


def measure(
    log: EventLog, channels: Collection[str], context: Context, progress: ProgressCallback = null_progress
) -> list[dict[str, Any]]:
    """Return one row per metric for all events, then the channels' own, in the order of the dictionary.

    Parameters
    ----------
    log : EventLog
    channels : collection of str
        Channels that get rows of their own.
    context : Context
    progress : callable
        See `graphkit.progress`.
    """
    known = log.text("channel")
    rows = _all(log, context)
    for channel in each(sorted(channels), "channels", progress):
        mine = known == channel
        rows += _of_exposed(channel, log, mine, context, exposed=mine & log.is_kind("exposure"))
    return rows


def _all(log: EventLog, context: Context) -> list[dict[str, Any]]:
    """Every metric once, over the whole log."""
    every = np.ones(len(log), np.bool_)
    told = np.array([p is not None for p in log.text("parent_user")], np.bool_) & _about(log, context.items)
    rows = _of_exposed("all", log, every, context, exposed=log.is_kind("exposure"), told=told)
    found = {
        "new_registrations": _registrations(log, context),
        "paid_share": _paid(log, context),
        "target_share": _target(log, told, context),
        "cost_per_incremental_action": _cost_per_action(context),
        "retention": _retention(log, context),
        "stickiness": _stickiness(log, context),
        "dwell": _dwell(log, context),
        **_survey(log, context),
        "reputation": _share(*(context.ratings or (0, 0)), context),
        "loyalty": _loyalty(log, context),
        "learning_gain": _learning(log, context),
        "completion": _completion(log, context),
        "enterprise_benefit": _benefit(context),
        "risk": (*context.risk, None) if context.risk else _NOTHING,
    }
    return rows + [_row("all", name, found[name], context) for name in METRICS if name in found]


def _about(log: EventLog, items: Collection[str] | None) -> Bools:
    """Events about one of the items; one that names no item may be about any."""
    if items is None:
        return np.ones(len(log), np.bool_)
    return np.array([item is None or item in items for item in log.text("item")], np.bool_)


def _row(channel: str, name: str, values: Values, context: Context) -> dict[str, Any]:
    """One row with what it means."""
    entry = METRICS[name]
    window = (
        f"{context.days} days from first exposure"
        if name == "conversion"
        else f"day {context.retention_day} to {context.retention_day + 6}"
        if name == "retention"
        else "the whole log"
    )
    if name == "stickiness":
        window = f"the last {MONTH} days of the log"
    value, lower, upper, n = values
    return {
        "channel": channel,
        "metric": name,
        "zh": entry.zh,
        "value": value,
        "lower": lower,
        "upper": upper,
        "n": n,
        "unit": entry.unit,
        "cohort": entry.cohort,
        "window": window,
    }


def _of_exposed(
    channel: str, log: EventLog, mine: Bools, context: Context, *, exposed: Bools, told: Bools | None = None
) -> list[dict[str, Any]]:
    """The seven metrics of contact, for one channel or for all."""
    first = log.first(exposed)
    people = np.isfinite(first)
    n = int(people.sum())
    met = people if told is None else people | (log.count(told) > 0)
    found: dict[str, Values] = dict.fromkeys(BY_CHANNEL, _NOTHING)
    if int(met.sum()) >= context.min_cell:
        found["reach"] = (float(met.sum()), None, None, int(met.sum()))
    if n >= context.min_cell:
        contacts = log.count(exposed)[people].astype(np.float64)
        # a kind of event that the whole log does not hold was not recorded: that is no zero
        took_part, clicked, bought = log.is_kind(*TOOK_PART), log.is_kind("click"), log.is_kind("purchase")
        acted, shows = log.count(mine & took_part) > 0, int(exposed.sum())
        in_time = bought & (log.ts >= first[log.user]) & (log.ts < first[log.user] + context.days * DAY)
        found["exposures"] = (float(shows), *_interval(contacts, total=True), n)
        found["frequency"] = (shows / n, *_interval(contacts), n)
        if took_part.any():
            found["participation"] = _share(int((acted & people).sum()), n, context)
        if clicked.any():
            found["click_through"] = _clicks(log.count(mine & clicked), log.count(exposed), context)
        if bought.any():
            found["conversion"] = _share(int((log.count(in_time) > 0).sum()), n, context)
    found["sales"] = _sales(log, mine, context)
    return [_row(channel, name, found[name], context) for name in BY_CHANNEL]


def _clicks(clicks: Ints, shows: Ints, context: Context) -> Values:
    """Clicks by exposures: those of one user are not independent.

    Of 95 % intervals 94 to 96 % hold the rate (1,000 logs of each of eight kinds, 60 to 3,000 users); of four expected clicks 92 %.
    """
    total, times = int(shows.sum()), int(clicks.sum())
    if total < context.min_cell or times > total:
        return _NOTHING
    return times / total, *share_of_clusters(clicks.astype(np.float64), shows.astype(np.float64)), total


def _sales(log: EventLog, mine: Bools, context: Context) -> Values:
    """Net amount over the users in the log; nothing without a purchase or refund."""
    seen = mine & log.is_kind("purchase", "refund")
    present = log.count(mine) > 0
    n = int(present.sum())
    if not seen.any() or n < context.min_cell:
        return _NOTHING
    net = log.total(log.money, seen)[present]
    return math.fsum(net), *_interval(net, total=True), n


def _interval(top: Floats, bottom: Floats | None = None, *, total: bool = False) -> tuple[float | None, float | None]:
    """Of a mean, ratio or total over users; none where all are alike."""
    low, high = ratio_interval(top, bottom)
    if math.isnan(low):
        return None, None
    times = top.size if total else 1
    return low * times, high * times


def _share(successes: int, n: int, context: Context) -> Values:
    """A share with Wilson's interval; nothing below the minimum cell."""
    if not n or n < context.min_cell:
        return _NOTHING
    return successes / n, *wilson(successes, n), n


def _registrations(log: EventLog, context: Context) -> Values:
    new = np.isfinite(log.first(log.is_kind("register")))
    n = int(new.sum())
    return (float(n), None, None, n) if n >= max(1, context.min_cell) else _NOTHING


def _paid(log: EventLog, context: Context) -> Values:
    begin = log.first(log.is_kind("register"))
    new = np.isfinite(begin)
    after = log.is_kind("purchase") & (log.ts >= begin[log.user])
    return _share(int(((log.count(after) > 0) & new).sum()), int(new.sum()), context)


def _target(log: EventLog, told: Bools, context: Context) -> Values:
    if context.target is None:
        return _NOTHING
    wanted = set(context.target)
    met = {log.names[u] for u in np.unique(log.user[log.is_kind("exposure") | told]).tolist()}
    return _share(len(met & wanted), len(wanted), context)


def _retention(log: EventLog, context: Context) -> Values:
    """Active in the week from day d on, among users whose week lies inside the log."""
    if not len(log):
        return _NOTHING
    begin = log.first(np.ones(len(log), np.bool_))
    low, high = begin + context.retention_day * DAY, begin + (context.retention_day + 7) * DAY
    seen = high <= log.ts[-1] + 1
    back = log.count((log.ts >= low[log.user]) & (log.ts < high[log.user])) > 0
    return _share(int((back & seen).sum()), int(seen.sum()), context)


def _stickiness(log: EventLog, context: Context) -> Values:
    """Mean over the month's users of the share of its days on which they were active."""
    if not len(log) or log.ts[-1] - log.ts[0] < (MONTH - 1) * DAY:
        return _NOTHING
    back = np.floor((log.ts[-1] - log.ts) / DAY).astype(np.int64)
    inside = back < MONTH
    pairs = np.unique(np.column_stack([log.user[inside], back[inside]]), axis=0)
    days = np.bincount(pairs[:, 0], minlength=log.n_users)
    active = days[days > 0] / MONTH
    if active.size < context.min_cell:
        return _NOTHING
    return float(active.mean()), *_interval(active), int(active.size)


def _dwell(log: EventLog, context: Context) -> Values:
    seconds = log.number("seconds")
    timed = ~np.isnan(seconds)
    if not timed.any():
        return _NOTHING
    pairs = np.unique(np.column_stack([log.user[timed], np.floor(log.ts[timed] / DAY).astype(np.int64)]), axis=0)
    days = np.bincount(pairs[:, 0], minlength=log.n_users).astype(np.float64)
    inside = days > 0
    if int(inside.sum()) < context.min_cell:
        return _NOTHING
    total = log.total(seconds, timed)[inside]
    return (
        float(total.sum() / days[inside].sum()),
        *_interval(total, days[inside]),
        int(inside.sum()),
    )


def _survey(log: EventLog, context: Context) -> dict[str, Values]:
    """Awareness (1 or 0) and satisfaction (points), asked in survey events whose item names the question; each user's last answer counts."""
    asked, value = log.is_kind("survey"), log.number("value")
    item = log.text("item")
    answers: dict[str, Floats] = {}
    for question in ("awareness", "satisfaction"):
        mine = asked & (item == question) & ~np.isnan(value)
        last = np.full(log.n_users, math.nan)
        last[log.user[mine]] = value[mine]  # by time, so the last one stays
        answers[question] = last
    aware, happy = answers["awareness"], answers["satisfaction"]
    exposed = np.isfinite(log.first(log.is_kind("exposure")))
    answered = ~np.isnan(aware)
    points = happy[~np.isnan(happy)]
    return {
        "awareness": _share(int((aware[answered] >= 0.5).sum()), int(answered.sum()), context),
        "response_rate": _share(int((answered & exposed).sum()), int(exposed.sum()), context)
        if answered.any()
        else _NOTHING,
        "satisfaction": (
            float(points.mean()),
            *_interval(points),
            int(points.size),
        )
        if points.size >= max(1, context.min_cell)
        else _NOTHING,
    }


def _loyalty(log: EventLog, context: Context) -> Values:
    bought = log.count(log.is_kind("purchase"))
    return _share(int((bought >= 2).sum()), int((bought >= 1).sum()), context)


def _learning(log: EventLog, context: Context) -> Values:
    """Gain of users with two tests at different times, in standard deviations of the first.

    Each user moves the mean and, by the square of his first score, the standard deviation; the interval counts both. Of
    95 % intervals of 60 to 1,000 users 94 to 96 % hold the gain (1,000 logs of each of five kinds).
    """
    value = log.number("value")
    rows = np.flatnonzero(log.is_kind("test_score") & ~np.isnan(value))
    first, last = np.full(log.n_users, math.nan), np.full(log.n_users, math.nan)
    first[log.user[rows[::-1]]] = value[rows[::-1]]
    last[log.user[rows]] = value[rows]
    twice = np.bincount(log.user[rows], minlength=log.n_users) >= 2
    if int(twice.sum()) < max(2, context.min_cell):
        return _NOTHING
    spread = float(first[twice].std(ddof=1))
    if spread == 0:
        return _NOTHING
    gain = (last - first)[twice] / spread
    mean, square = float(gain.mean()), ((first[twice] - first[twice].mean()) / spread) ** 2
    return mean, *_interval(gain - mean * (square - square.mean()) / 2), int(gain.size)


def _completion(log: EventLog, context: Context) -> Values:
    about = np.array([label == "Course" for label in log.text("item_label")], np.bool_)
    learners = log.count(about & ~log.is_kind("exposure", "click", "survey")) > 0
    done = log.count(about & log.is_kind("complete")) > 0
    return _share(int(done.sum()), int(learners.sum()), context)


def _cost_per_action(context: Context) -> Values:
    """Cost by incremental actions; without an upper end where the experiment does not rule out none."""
    if context.incremental is None or context.cost is None or context.incremental[0] <= 0:
        return _NOTHING
    value, low, high = context.incremental
    return context.cost / value, context.cost / high, context.cost / low if low > 0 else None, context.n_experiment


def _benefit(context: Context) -> Values:
    if context.incremental is None or not context.cost or context.margin is None:
        return _NOTHING
    value, low, high = ((x * context.margin - context.cost) / context.cost for x in context.incremental)
    return value, min(low, high), max(low, high), context.n_experiment
