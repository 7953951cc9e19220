"""``graphkit outcomes retention`` and ``lifetime``: who stays, and what a customer is worth."""

from __future__ import annotations

from typing import Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command, Option
from graphkit.cli.options import output_options, seed_option
from graphkit.cli.outcomes_shared import (
    EVENTS,
    EXCLUDE,
    FEATURE,
    ID,
    emit_outcome,
    events_of_users,
    one_source,
    outcome_table,
    write_back,
)

__all__ = ["lifetime", "retention"]

COEFFICIENTS = ("covariate", "coef", "std_error", "z", "p_value", "hazard_ratio", "lower", "upper")
STATES = ("state", "reward", "value", "lower", "upper", "periods")


@click.command(
    cls=Command,
    examples=[
        "graphkit outcomes retention members.csv --duration months --event cancelled",
        "graphkit outcomes retention --events data/ --inactive-days 14",
    ],
)
@click.argument("table", required=False, type=click.Path())
@click.option("--duration", cls=Option, needs="TABLE", metavar="COLUMN", help="Column of the time observed, above 0.")
@click.option("--event", cls=Option, needs="TABLE", metavar="COLUMN", help="Column of yes/no: left at that time.")
@ID
@FEATURE
@EXCLUDE
@EVENTS
@click.option(
    "--first-days",
    cls=Option,
    needs="--events",
    type=click.IntRange(min=1),
    default=7,
    help="With --events: days that give the covariates, before the clock starts.",
)
@click.option(
    "--inactive-days",
    cls=Option,
    needs="--events",
    type=click.IntRange(min=1),
    default=30,
    help="With --events: silence of that many days means that the user left.",
)
@click.option("--ties", type=click.Choice(["efron", "breslow"]), default="efron", help="Treatment of equal times.")
@output_options
@pass_app
def retention(
    app: App,
    /,
    table: str | None,
    duration: str | None,
    event: str | None,
    form: str | None,
    output: str | None,
    **more: Any,
) -> None:
    """Fit Cox's proportional hazards to the time until people leave; hazard ratios above 1 leave sooner."""
    from graphkit.outcomes.retention import retention as fit

    source: Any = table
    one_source(table, more["events"])
    if more["events"]:
        from graphkit.outcomes.activity import staying_table

        events, users = events_of_users(app, more["events"])
        source, left_out = staying_table(
            events, users["user"].tolist(), first_days=more["first_days"], inactive_days=more["inactive_days"]
        )
        for why, n in left_out.items():
            if n:
                app.say(f"{n:,} users {why}")
        duration, event, more["id_"] = "days", "left", "user"
        more["exclude"] = [c for c in more["exclude"] if c in source]  # what nobody did in this log has no column
    if not duration or not event:
        raise click.UsageError("name the columns: --duration and --event")
    with app.working("fit the model"):
        found = fit(
            source,
            duration,
            event,
            covariates=more["features"] or None,
            exclude=more["exclude"],
            id=more["id_"],
            ties=more["ties"],
        )
    head = (
        f"{found.n:,} people, {found.n_events:,} left; partial log likelihood {found.log_likelihood:.3f}, likelihood ratio {found.likelihood_ratio:.2f} "
        f"on {found.degrees_of_freedom} df (p {found.p_value:.2g}), concordance {found.concordance:.3f}, ties {found.ties}\n"
    )
    emit_outcome(
        app,
        form,
        output,
        found,
        found.coefficients,
        COEFFICIENTS,
        lambda rows: (
            head
            + rows
            + "\nIs each ratio the same all the time? (a small p says no)\n"
            + outcome_table(found.proportional)
        ),
    )


@click.command(
    cls=Command,
    examples=[
        "graphkit outcomes lifetime counts.csv --discount 0.95 --absorbing churned",
        "graphkit outcomes lifetime --events data/ --period-days 30 --discount 0.95",
    ],
)
@click.argument("table", required=False, type=click.Path())
@EVENTS
@click.option(
    "--discount",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.9,
    help="Worth today of 1 a period later; 1 only with certain churn.",
)
@click.option("--horizon", type=click.IntRange(min=1), help="Number of periods that count.  [default: all]")
@click.option(
    "--absorbing",
    cls=Option,
    needs="TABLE",
    multiple=True,
    metavar="STATE",
    help="With a table: a state that is never left (repeat).",
)
@click.option(
    "--period-days",
    cls=Option,
    needs="--events",
    type=click.IntRange(min=1),
    default=30,
    help="With --events: length of a period.",
)
@click.option(
    "--idle-periods",
    cls=Option,
    needs="--events",
    type=click.IntRange(min=1),
    default=3,
    help="With --events: periods of silence after which a user is gone.",
)
@click.option(
    "--write", is_flag=True, help="With --events: also store User.lifetime_value, for plan --objective value."
)
@seed_option
@output_options
@pass_app
def lifetime(
    app: App,
    /,
    table: str | None,
    discount: float,
    horizon: int | None,
    seed: int,
    form: str | None,
    output: str | None,
    **more: Any,
) -> None:
    """Compute the value of a customer in each state: (I - gamma P)^-1 r.

    TABLE holds a row per state: state, reward, then one column per state with the transitions counted (or chances that sum to 1).
    """
    from graphkit.outcomes.lifetime_value import lifetime_value

    one_source(table, more["events"])
    now: dict[str, str] = {}
    if table is not None:
        given = _chain(table)
        found = lifetime_value(**given, discount=discount, horizon=horizon, absorbing=more["absorbing"], rng=seed)
    else:
        from graphkit.outcomes.states import state_counts

        events, users = events_of_users(app, more["events"])
        with app.working("read events"):
            seen = state_counts(
                events, users["user"].tolist(), period_days=more["period_days"], idle_periods=more["idle_periods"]
            )
        app.say(
            f"{len(seen.now):,} users over {seen.n_periods} periods; {seen.n_returned:,} came back after being counted as gone"
        )
        counts, states, now = _seen_states(seen)
        found = lifetime_value(
            **counts,
            states=states,
            discount=discount,
            horizon=horizon,
            absorbing=["churned"] if "churned" in states else [],
            rng=seed,
        )
    emit_outcome(
        app,
        form,
        output,
        found,
        found.to_frame(),
        STATES,
        lambda rows: f"discount {found.discount:g} a period, horizon {found.horizon or 'none'}\n" + rows,
    )
    if more["write"]:
        if not now:
            raise click.UsageError("--write needs --events: a table has no users of the store")
        value = dict(zip(found.states, found.value.tolist(), strict=True))
        ids = [u for u, s in now.items() if s in value]
        app.say(
            f"wrote the lifetime value of {write_back(app, ids, 'lifetime_value', [value[now[u]] for u in ids], found):,} users"
        )


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
    counts = {
        "counts": seen.counts[keep][:, keep],
        "reward": seen.reward[keep],
        "reward_error": seen.reward_error[keep],
        "moves": seen.moves.of_states(keep),
    }
    return counts, states, seen.now
