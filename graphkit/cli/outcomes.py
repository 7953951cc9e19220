"""``graphkit outcomes``: purchase, staying, lifetime value, uplift; from a table, or from the store and its events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command, Group
from graphkit.cli.options import LABEL_ID, LabelId, output_options, seed_option

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

__all__ = ["outcomes"]

DAY = 86_400
ATTRIBUTES = ("age", "gender", "occupation", "education", "region", "device")
CALIBRATION = ("bin", "n", "predicted", "observed", "lower", "upper")
IMPORTANCE = ("feature", "auc_loss", "std")
COEFFICIENTS = ("covariate", "coef", "std_error", "z", "p_value", "hazard_ratio", "lower", "upper")
STATES = ("state", "reward", "value", "lower", "upper", "periods")
CURVE = ("addressed", "incremental", "effect")

_EVENTS = click.option("--events", type=click.Path(), help="Event files, or the directory that holds events/; people come from the store, with consent.")
_EXCLUDE = click.option("--exclude", multiple=True, metavar="COLUMN", help="Leave a column out (repeat).")
_FEATURE = click.option("--feature", "features", multiple=True, metavar="COLUMN", help="Use only these columns (repeat).  [default: all others]")
_ID = click.option("--id", "id_", metavar="COLUMN", help="Column that names the person; never a feature.")


@click.group(cls=Group, examples=["graphkit outcomes propensity customers.csv --label bought", "graphkit outcomes lifetime --events data/"])
def outcomes() -> None:
    """Estimate what people do next, each figure beside what chance alone would give."""


@outcomes.command(
    cls=Command,
    examples=["graphkit outcomes propensity customers.csv --label bought --id customer", "graphkit outcomes propensity --events data/ --kind purchase --days 30"],
)
@click.argument("table", required=False, type=click.Path())
@click.option("--label", metavar="COLUMN", help="Column of yes/no: what happened after the cut-off.")
@_ID
@_FEATURE
@_EXCLUDE
@click.option("--measured-before", multiple=True, metavar="COLUMN", help="Vouch that a column that tells the label was known before (repeat).")
@_EVENTS
@click.option("--kind", default="purchase", help="With --events: the kind of event to predict.")
@click.option("--item", type=LABEL_ID, help="With --events: only events about this one, such as Course:k01.")
@click.option("--days", type=click.IntRange(min=1), default=30, help="With --events: length of the label's window.")
@click.option("--cutoff", type=float, metavar="TS", help="With --events: epoch seconds where features end.  [default: --days before the newest event]")
@click.option("--method", type=click.Choice(["logistic", "forest"]), default="logistic", help="Model.")
@click.option("--select", type=click.IntRange(min=1), help="Keep only that many encoded columns.")
@click.option("--folds", type=click.IntRange(min=2), default=5, help="Folds of the judgement on unseen people.")
@click.option("--scores", metavar="FILE", type=click.Path(dir_okay=False), help="Also write id and chance of each person there (writes ids).")
@click.option("--write", is_flag=True, help="With --events: also store User.propensity, from all events, for plan --objective purchases.")
@seed_option
@output_options
@pass_app
def propensity(app: App, /, table: str | None, label: str | None, seed: int, form: str | None, output: str | None, **more: Any) -> None:
    """Estimate everybody's chance of a yes, judged on people the model has not seen."""
    found, ids = _propensity(app, table, label, seed, more)
    _emit(app, form, output, found, found.calibration, CALIBRATION, _propensity_text(found))
    if more["scores"]:
        _write_scores(more["scores"], ids, found.probability)
    if more["write"]:
        if found.scored is None:
            raise click.UsageError("--write needs --events: a table has no users of the store")
        app.say(f"wrote the propensity of {_write_back(app, ids, 'propensity', found.scored, found):,} users")


@outcomes.command(cls=Command, examples=["graphkit outcomes profile users.csv --label likes_science_fiction --select 10 --method forest"])
@click.argument("table", type=click.Path())
@click.option("--label", metavar="COLUMN", required=True, help="Column of yes/no: the group to recognise.")
@_ID
@_FEATURE
@_EXCLUDE
@click.option("--measured-before", multiple=True, metavar="COLUMN", help="Vouch that a column that tells the label was known before (repeat).")
@click.option("--method", type=click.Choice(["logistic", "forest"]), default="forest", help="Model.")
@click.option("--select", type=click.IntRange(min=1), help="Keep only that many encoded columns.")
@click.option("--folds", type=click.IntRange(min=2), default=5, help="Folds of the judgement on unseen people.")
@seed_option
@output_options
@pass_app
def profile(app: App, /, table: str, label: str, seed: int, form: str | None, output: str | None, **more: Any) -> None:
    """Tell which columns recognise a group of people, and how well."""
    found, _ = _propensity(app, table, label, seed, {**more, "events": None})
    _emit(app, form, output, found, found.importance, IMPORTANCE, _propensity_text(found))


@outcomes.command(
    cls=Command,
    examples=["graphkit outcomes retention members.csv --duration months --event cancelled", "graphkit outcomes retention --events data/ --inactive-days 14"],
)
@click.argument("table", required=False, type=click.Path())
@click.option("--duration", metavar="COLUMN", help="Column of the time observed, above 0.")
@click.option("--event", metavar="COLUMN", help="Column of yes/no: left at that time.")
@_ID
@_FEATURE
@_EXCLUDE
@_EVENTS
@click.option("--first-days", type=click.IntRange(min=1), default=7, help="With --events: days that give the covariates, before the clock starts.")
@click.option("--inactive-days", type=click.IntRange(min=1), default=30, help="With --events: silence of that many days means that the user left.")
@click.option("--ties", type=click.Choice(["efron", "breslow"]), default="efron", help="Treatment of equal times.")
@output_options
@pass_app
def retention(app: App, /, table: str | None, duration: str | None, event: str | None, form: str | None, output: str | None, **more: Any) -> None:
    """Fit Cox's proportional hazards to the time until people leave; hazard ratios above 1 leave sooner."""
    from graphkit.outcomes.retention import retention as fit

    source: Any = table
    if (more["events"] is None) == (table is None):
        raise click.UsageError("give a table, or --events with a store")
    if more["events"]:
        from graphkit.outcomes.activity import staying_table

        events, users = _events_of_users(app, more["events"])
        source, left_out = staying_table(events, users["user"].tolist(), first_days=more["first_days"], inactive_days=more["inactive_days"])
        for why, n in left_out.items():
            if n:
                app.say(f"{n:,} users {why}")
        duration, event, more["id_"] = "days", "left", "user"
    if not duration or not event:
        raise click.UsageError("name the columns: --duration and --event")
    found = fit(source, duration, event, covariates=more["features"] or None, exclude=more["exclude"], id=more["id_"], ties=more["ties"])
    head = (
        f"{found.n:,} people, {found.n_events:,} left; partial log likelihood {found.log_likelihood:.3f}, likelihood ratio {found.likelihood_ratio:.2f} "
        f"on {found.degrees_of_freedom} df (p {found.p_value:.2g}), concordance {found.concordance:.3f}, ties {found.ties}\n"
    )
    _emit(app, form, output, found, found.coefficients, COEFFICIENTS, lambda rows: head + rows + "\nIs each ratio the same all the time? (a small p says no)\n" + _table(found.proportional))


@outcomes.command(
    cls=Command,
    examples=["graphkit outcomes lifetime counts.csv --discount 0.95 --absorbing churned", "graphkit outcomes lifetime --events data/ --period-days 30 --discount 0.95"],
)
@click.argument("table", required=False, type=click.Path())
@_EVENTS
@click.option("--discount", type=click.FloatRange(0, 1, min_open=True), default=0.9, help="Worth today of 1 a period later; 1 only with certain churn.")
@click.option("--horizon", type=click.IntRange(min=1), help="Number of periods that count.  [default: all]")
@click.option("--absorbing", multiple=True, metavar="STATE", help="With a table: a state that is never left (repeat).")
@click.option("--period-days", type=click.IntRange(min=1), default=30, help="With --events: length of a period.")
@click.option("--idle-periods", type=click.IntRange(min=1), default=3, help="With --events: periods of silence after which a user is gone.")
@click.option("--write", is_flag=True, help="With --events: also store User.lifetime_value, for plan --objective value.")
@seed_option
@output_options
@pass_app
def lifetime(app: App, /, table: str | None, discount: float, horizon: int | None, seed: int, form: str | None, output: str | None, **more: Any) -> None:
    """Compute the value of a customer in each state: (I - gamma P)^-1 r.

    TABLE holds a row per state: state, reward, then one column per state with the transitions counted (or chances that sum to 1).
    """
    from graphkit.outcomes.lifetime_value import lifetime_value

    if (more["events"] is None) == (table is None):
        raise click.UsageError("give a table, or --events with a store")
    now: dict[str, str] = {}
    if table is not None:
        given = _chain(table)
        found = lifetime_value(**given, discount=discount, horizon=horizon, absorbing=more["absorbing"], rng=seed)
    else:
        from graphkit.outcomes.activity import state_counts

        events, users = _events_of_users(app, more["events"])
        seen = state_counts(events, users["user"].tolist(), period_days=more["period_days"], idle_periods=more["idle_periods"])
        app.say(f"{len(seen.now):,} users over {seen.n_periods} periods; {seen.n_returned:,} came back after being counted as gone")
        counts, states, now = _seen_states(seen)
        found = lifetime_value(**counts, states=states, discount=discount, horizon=horizon, absorbing=["churned"] if "churned" in states else [], rng=seed)
    _emit(app, form, output, found, found.to_frame(), STATES, lambda rows: f"discount {found.discount:g} a period, horizon {found.horizon or 'none'}\n" + rows)
    if more["write"]:
        if not now:
            raise click.UsageError("--write needs --events: a table has no users of the store")
        value = dict(zip(found.states, found.value.tolist(), strict=True))
        ids = [u for u, s in now.items() if s in value]
        app.say(f"wrote the lifetime value of {_write_back(app, ids, 'lifetime_value', [value[now[u]] for u in ids], found):,} users")


@outcomes.command(
    cls=Command,
    examples=["graphkit outcomes uplift mail.csv --treatment segment --treated 'Womens E-Mail' --control 'No E-Mail' --outcome visit --exclude spend"],
)
@click.argument("table", type=click.Path())
@click.option("--treatment", metavar="COLUMN", required=True, help="Column that says who was treated: yes/no, or names of arms.")
@click.option("--outcome", metavar="COLUMN", required=True, help="Column of yes/no: who responded.")
@click.option("--treated", metavar="ARM", help="The arm to compare ...")
@click.option("--control", metavar="ARM", help="... with this one; other arms are left out.")
@_ID
@_FEATURE
@_EXCLUDE
@click.option("--method", type=click.Choice(["logistic", "forest"]), default="logistic", help="The two models.")
@click.option("--held-out", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.5, help="Share of people on whom the ranking is judged.")
@click.option("--scores", metavar="FILE", type=click.Path(dir_okay=False), help="Also write id and uplift of each person there (writes ids).")
@seed_option
@output_options
@pass_app
def uplift(app: App, /, table: str, treatment: str, outcome: str, seed: int, form: str | None, output: str | None, **more: Any) -> None:
    """Measure the effect of a randomised test, and rank people by whom it moves."""
    from graphkit.outcomes.tables import read_table
    from graphkit.outcomes.uplift import uplift as fit

    found = fit(
        table, treatment, outcome, treated=more["treated"], control=more["control"], features=more["features"] or None, exclude=more["exclude"],
        id=more["id_"], method=more["method"], held_out=more["held_out"], rng=seed,
    )  # fmt: skip
    word = "better than chance" if found.ranks_better_than_chance else "no better than chance"
    head = (
        f"effect {found.effect:+.6f} ({found.effect_interval[0]:+.6f} to {found.effect_interval[1]:+.6f}): {found.treated_rate:.6f} of {found.n_treated:,} treated, "
        f"{found.control_rate:.6f} of {found.n_control:,} others\nQini {found.qini:.4f} ({found.qini_interval[0]:.4f} to {found.qini_interval[1]:.4f}) on {found.n_held_out:,} held-out people: {word}\n"
    )
    _emit(app, form, output, found, found.curve, CURVE, lambda rows: head + rows)
    if more["scores"]:
        if not more["id_"]:
            raise click.UsageError("--scores needs --id: which column names the person?")
        people = read_table(table, id=more["id_"])[0]
        if more["treated"] is not None:
            people = people[people[treatment].astype(str).isin([more["treated"], more["control"]])]
        _write_scores(more["scores"], people[more["id_"]].tolist(), found.predicted, name="uplift")


def _propensity(app: App, table: str | None, label: str | None, seed: int, more: dict[str, Any]) -> tuple[Any, Sequence[str]]:
    """Fit on a table, or on features and labels made from events; return the result and the people's ids."""
    from graphkit.outcomes.propensity import propensity as fit
    from graphkit.outcomes.tables import read_table

    if (more["events"] is None) == (table is None):
        raise click.UsageError("give a table, or --events with a store")
    shared = {"features": more["features"] or None, "exclude": more["exclude"], "measured_before": more["measured_before"], "method": more["method"]}
    shared |= {"select": more["select"], "folds": more["folds"], "rng": seed}
    if table is not None:
        if not label:
            raise click.UsageError("name the column to predict: --label")
        frame, _ = read_table(table, id=more["id_"])
        found = fit(table, label, id=more["id_"], **shared)
        ids = [str(x) for x in frame[more["id_"]]] if more["id_"] else [str(i) for i in range(found.n)]
        return found, ids
    return _propensity_of_events(app, more, shared)


def _propensity_of_events(app: App, more: dict[str, Any], shared: dict[str, Any]) -> tuple[Any, Sequence[str]]:
    """Features of consenting users before the cut-off, the label after it."""
    from graphkit.outcomes.activity import features_before, label_after
    from graphkit.outcomes.propensity import propensity as fit

    events, users = _events_of_users(app, more["events"])
    newest = float(events["ts"].max()) + 1
    cutoff = newest - more["days"] * DAY if more["cutoff"] is None else more["cutoff"]
    ids = users["user"].tolist()
    item: LabelId | None = more["item"]
    train = features_before(events, cutoff, ids).merge(users, on="user")
    train["label"] = label_after(events, ids, more["kind"], cutoff, cutoff + more["days"] * DAY, item=None if item is None else (item.label, item.id))
    now = features_before(events, newest, ids).merge(users, on="user")
    for column in train.columns:
        if column not in now and column != "label":
            now[column] = 0.0
    oldest = float(events["ts"].min())
    columns = [c for c in train.columns if c not in ("user", "label", *shared["exclude"]) and (not shared["features"] or c in shared["features"])]
    windows = {c: (min(oldest, cutoff - 1), cutoff) for c in columns}
    shared = {**shared, "features": columns, "measured_before": columns}  # built from events before the cut-off, or attributes of the store
    found = fit(train, "label", id="user", windows=windows, label_window=(cutoff, cutoff + more["days"] * DAY), score=now, **shared)
    return found, ids


def _events_of_users(app: App, path: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the events of users with consent, and those users with their attributes."""
    import pandas as pd

    from graphkit.errors import DataInvalid
    from graphkit.projection.consent import consent_mask
    from graphkit.store.files import read_events

    people = app.snapshot().nodes("User")
    agreed = consent_mask(people, "profile")
    users = pd.DataFrame({"user": people.ids[agreed].astype(object)})
    for name in ATTRIBUTES:
        if name in people.columns:
            users[name] = people.columns[name][agreed]
    events = read_events(path)
    mine = events[events["user"].isin(set(users["user"]))]
    if not len(mine):
        raise DataInvalid(f"none of the {len(events):,} events in {path} belongs to a user of the store with consent", source=path, rule="events")
    return mine.reset_index(drop=True), users


def _chain(path: str) -> dict[str, Any]:
    """Read a chain from a table: state, reward, one column per state."""
    import numpy as np

    from graphkit.outcomes.tables import check_columns, numeric, read_table

    frame, name = read_table(path, id="state")
    check_columns(frame, ["state", "reward"], name)
    states = [str(s) for s in frame["state"]]
    check_columns(frame, states, name)
    matrix = np.column_stack([numeric(frame, s, name, low=0.0) for s in states])
    chances = bool(np.all((matrix <= 1).all(axis=1) & (np.abs(matrix.sum(axis=1) - 1) < 1e-9)))
    whole = bool(np.all(matrix == np.round(matrix)))
    key = "transition" if chances or not whole else "counts"
    return {key: matrix, "reward": numeric(frame, "reward", name), "states": states}


def _seen_states(seen: Any) -> tuple[dict[str, Any], list[str], dict[str, str]]:
    """Drop states nobody was ever seen to leave, churned apart."""
    keep = [i for i, s in enumerate(seen.states) if s == "churned" or seen.counts[i].sum()]
    states = [seen.states[i] for i in keep]
    counts = {"counts": seen.counts[keep][:, keep], "reward": seen.reward[keep], "reward_error": seen.reward_error[keep]}
    return counts, states, seen.now


def _propensity_text(found: Any) -> Callable[[str], str]:
    """Return the head of what a person reads."""
    head = (
        f"{found.verdict}: AUC {found.auc:.3f} ({found.auc_interval[0]:.3f} to {found.auc_interval[1]:.3f}), Brier {found.brier:.4f} against {found.brier_base:.4f} "
        f"of the base rate {found.base_rate:.4f}; {found.n:,} people, {found.n_features} columns, {found.method}\n"
    )
    tail = "" if not len(found.importance) else "\nLoss of AUC when a column is shuffled\n" + _table(found.importance.head(10))
    return lambda rows: head + rows + (tail if "auc_loss" not in rows else "")


def _emit(app: App, form: str | None, output: str | None, found: Any, frame: pd.DataFrame, columns: Sequence[str], text: Callable[[str], str]) -> None:
    """Print one outcome: rows, the whole result as json, a text for people; notes go to stderr."""
    from graphkit.cli.output import emit, frame_rows

    document = found.to_dict()
    for private in ("probability", "scored", "predicted"):
        document.pop(private, None)  # one number per person: --scores writes them when asked
    emit(form=form, output=output, rows=frame_rows(frame), columns=list(columns), document=document, text=text(_table(frame)))
    for note in found.assumptions:
        app.say(f"note: {note}")


def _table(frame: pd.DataFrame) -> str:
    """Render a frame with numbers short enough to read."""
    from graphkit.cli.output import frame_rows, table

    rows = [{k: float(f"{v:.4g}") if isinstance(v, float) and v == v else None if v != v else v for k, v in row.items()} for row in frame_rows(frame)]  # noqa: PLR0124
    return table(rows, list(frame.columns))


def _write_scores(path: str, ids: Sequence[str], values: Any, *, name: str = "probability") -> None:
    """Write one line per person, as asked for."""
    from graphkit.cli.output import write_out
    from graphkit.report.records import write_records

    rows = [{"id": i, name: float(v)} for i, v in zip(ids, values, strict=True)]
    write_out(write_records(rows, "csv"), path)


def _write_back(app: App, ids: Sequence[str], name: str, values: Any, found: Any) -> int:
    """Store one number per user under the run's name."""
    import numpy as np

    return app.open().write_back("User", list(ids), {name: np.asarray(values, np.float64)}, f"{name}-{found.manifest.digest[:8]}")
