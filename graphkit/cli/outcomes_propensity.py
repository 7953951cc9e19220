"""``graphkit outcomes propensity`` and ``profile``: who will say yes, and which columns tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command, Option
from graphkit.cli.options import LABEL_ID, LabelId, output_options, seed_option
from graphkit.cli.outcomes_shared import (
    EVENTS,
    EXCLUDE,
    FEATURE,
    ID,
    MEASURED_BEFORE,
    emit_outcome,
    events_of_users,
    one_source,
    outcome_table,
    write_back,
    write_scores,
)
from graphkit.errors import DataInvalid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["profile", "propensity"]

DAY = 86_400
CALIBRATION = ("bin", "n", "predicted", "observed", "lower", "upper")
IMPORTANCE = ("feature", "auc_loss", "std")

SELECT = click.option("--select", type=click.IntRange(min=1), help="Keep only that many encoded columns.")
FOLDS = click.option("--folds", type=click.IntRange(min=2), default=5, help="Folds of the judgement on unseen people.")


@click.command(
    cls=Command,
    examples=[
        "graphkit outcomes propensity customers.csv --label bought --id customer",
        "graphkit outcomes propensity --events data/ --kind purchase --days 30",
    ],
)
@click.argument("table", required=False, type=click.Path())
@click.option(
    "--label", cls=Option, needs="TABLE", metavar="COLUMN", help="Column of yes/no: what happened after the cut-off."
)
@ID
@FEATURE
@EXCLUDE
@MEASURED_BEFORE
@EVENTS
@click.option(
    "--kind", cls=Option, needs="--events", default="purchase", help="With --events: the kind of event to predict."
)
@click.option(
    "--item",
    cls=Option,
    needs="--events",
    type=LABEL_ID,
    help="With --events: only events about this one, such as Course:k01.",
)
@click.option(
    "--days",
    cls=Option,
    needs="--events",
    type=click.IntRange(min=1),
    default=30,
    help="With --events: length of the label's window.",
)
@click.option(
    "--cutoff",
    cls=Option,
    needs="--events",
    type=float,
    metavar="TS",
    help="With --events: epoch seconds where features end.  [default: --days before the end of the log]",
)
@click.option(
    "--log-end",
    cls=Option,
    needs="--events",
    type=float,
    metavar="TS",
    help="With --events: epoch seconds until which the log was kept; say so when nothing happened after its newest event.  [default: the newest event]",
)
@click.option("--method", type=click.Choice(["logistic", "forest"]), default="logistic", help="Model.")
@SELECT
@FOLDS
@click.option(
    "--scores",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Also write id and chance of each person there (writes ids).",
)
@click.option(
    "--write",
    is_flag=True,
    help="With --events: also store User.propensity, from all events, for plan --objective purchases.",
)
@seed_option
@output_options
@pass_app
def propensity(
    app: App, /, table: str | None, label: str | None, seed: int, form: str | None, output: str | None, **more: Any
) -> None:
    """Estimate everybody's chance of a yes, judged on people the model has not seen."""
    with app.working("fit the model"):
        found, ids = _propensity(app, table, label, seed, more)
    emit_outcome(app, form, output, found, found.calibration, CALIBRATION, _propensity_text(found))
    if more["scores"]:
        write_scores(more["scores"], ids, found.probability)
    if more["write"]:
        if found.scored is None:
            raise click.UsageError("--write needs --events: a table has no users of the store")
        app.say(f"wrote the propensity of {write_back(app, ids, 'propensity', found.scored, found):,} users")


@click.command(
    cls=Command,
    examples=["graphkit outcomes profile users.csv --label likes_science_fiction --select 10 --method forest"],
)
@click.argument("table", type=click.Path())
@click.option("--label", metavar="COLUMN", required=True, help="Column of yes/no: the group to recognise.")
@ID
@FEATURE
@EXCLUDE
@MEASURED_BEFORE
@click.option("--method", type=click.Choice(["logistic", "forest"]), default="forest", help="Model.")
@SELECT
@FOLDS
@seed_option
@output_options
@pass_app
def profile(app: App, /, table: str, label: str, seed: int, form: str | None, output: str | None, **more: Any) -> None:
    """Tell which columns recognise a group of people, and how well."""
    with app.working("fit the model"):
        found, _ = _propensity(app, table, label, seed, {**more, "events": None})
    emit_outcome(app, form, output, found, found.importance, IMPORTANCE, _propensity_text(found))


def _propensity(
    app: App, table: str | None, label: str | None, seed: int, more: dict[str, Any]
) -> tuple[Any, Sequence[str]]:
    """Fit on a table, or on features and labels made from events; return the result and the people's ids."""
    from graphkit.outcomes.propensity import propensity as fit
    from graphkit.outcomes.tables import read_table

    one_source(table, more["events"])
    shared = {
        "features": more["features"] or None,
        "exclude": more["exclude"],
        "measured_before": more["measured_before"],
        "method": more["method"],
    }
    shared |= {"select": more["select"], "folds": more["folds"], "rng": seed}
    if table is not None:
        if not label:
            raise click.UsageError("name the column to predict: --label")
        frame, _ = read_table(table, id=more["id_"])
        found = fit(table, label, id=more["id_"], **shared)
        ids = [str(x) for x in frame[more["id_"]]] if more["id_"] else [str(i) for i in range(found.n)]
        return found, ids
    return _propensity_of_events(app, more, shared)


def _refuse_silence(kinds: Any, more: dict[str, Any], cutoff: float) -> NoReturn:
    """Say that nobody did what should be predicted, and what people of the log did."""
    about = "" if more["item"] is None else f" about {more['item']}"
    seen = ", ".join(f"{kind} {n:,}" for kind, n in kinds.value_counts().items())
    message = f"no event of kind {more['kind']}{about} in the {more['days']} days from {cutoff:.0f} on: nobody is a yes"
    raise DataInvalid(
        message,
        source=str(more["events"]),
        rule="one-class",
        hint=f"choose by --kind, --cutoff or --days; kinds of this log: {seen}",
    )


def _labels(events: pd.DataFrame, ids: Sequence[str], more: dict[str, Any], cutoff: float) -> NDArray[np.int64]:
    """Who did after the cut-off what should be predicted; refuses a log in which nobody did."""
    from graphkit.outcomes.activity import label_after

    item: LabelId | None = more["item"]
    about = None if item is None else (item.label, item.id)
    end = cutoff + more["days"] * DAY
    label = label_after(events, ids, more["kind"], cutoff, end, item=about, log_end=more["log_end"])
    if not label.any():
        _refuse_silence(events["kind"], more, cutoff)
    return label


def _propensity_of_events(app: App, more: dict[str, Any], shared: dict[str, Any]) -> tuple[Any, Sequence[str]]:
    """Features of consenting users before the cut-off, the label after it."""
    from graphkit.check import finite
    from graphkit.outcomes.activity import features_before
    from graphkit.outcomes.propensity import propensity as fit

    events, users = events_of_users(app, more["events"])
    log_end = float(events["ts"].max()) + 1 if more["log_end"] is None else finite("log_end", more["log_end"])
    cutoff = log_end - more["days"] * DAY if more["cutoff"] is None else more["cutoff"]
    ids = users["user"].tolist()
    train = features_before(events, cutoff, ids).merge(users, on="user")
    train["label"] = _labels(events, ids, more, cutoff)
    now = features_before(events, log_end, ids).merge(users, on="user")
    for column in train.columns:
        if column not in now and column != "label":
            now[column] = 0.0
    oldest = float(events["ts"].min())
    columns = [
        c
        for c in train.columns
        if c not in ("user", "label", *shared["exclude"]) and (not shared["features"] or c in shared["features"])
    ]
    windows = {c: (min(oldest, cutoff - 1), cutoff) for c in columns}
    shared = {
        **shared,
        "features": columns,
        "exclude": (),
        "measured_before": columns,
    }  # built from events before the cut-off, or attributes of the store
    found = fit(
        train,
        "label",
        id="user",
        windows=windows,
        label_window=(cutoff, cutoff + more["days"] * DAY),
        score=now,
        **shared,
    )
    return found, ids


def _propensity_text(found: Any) -> Callable[[str], str]:
    """Return the head of what a person reads."""
    head = (
        f"{found.verdict}: AUC {found.auc:.3f} (95 %: {found.auc_interval[0]:.3f} to {found.auc_interval[1]:.3f}), Brier {found.brier:.4f} against {found.brier_base:.4f} "
        f"of the base rate {found.base_rate:.4f}; {found.n:,} people, {found.n_features} columns, {found.method}\n"
    )
    tail = (
        ""
        if not len(found.importance)
        else "\nLoss of AUC when a column is shuffled\n" + outcome_table(found.importance.head(10))
    )
    return lambda rows: head + rows + (tail if "auc_loss" not in rows else "")
