"""``graphkit outcomes uplift``: the effect of a randomised test, and whom it moves."""

from __future__ import annotations

from typing import Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.options import output_options, seed_option
from graphkit.cli.outcomes_shared import EXCLUDE, FEATURE, ID, MEASURED_BEFORE, emit_outcome, write_scores

__all__ = ["uplift"]

CURVE = ("addressed", "incremental", "effect")


@click.command(
    cls=Command,
    examples=[
        "graphkit outcomes uplift mail.csv --treatment segment --treated 'Womens E-Mail' --control 'No E-Mail' --outcome visit --exclude spend"
    ],
)
@click.argument("table", type=click.Path())
@click.option(
    "--treatment", metavar="COLUMN", required=True, help="Column that says who was treated: yes/no, or names of arms."
)
@click.option("--outcome", metavar="COLUMN", required=True, help="Column of yes/no: who responded.")
@click.option("--treated", metavar="ARM", help="The arm to compare ...")
@click.option("--control", metavar="ARM", help="... with this one; other arms are left out.")
@ID
@FEATURE
@EXCLUDE
@MEASURED_BEFORE
@click.option("--method", type=click.Choice(["logistic", "forest"]), default="logistic", help="The two models.")
@click.option(
    "--held-out",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.5,
    help="Share of people on whom the ranking is judged.",
)
@click.option(
    "--scores",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Also write id and uplift of each person there (writes ids).",
)
@seed_option
@output_options
@pass_app
def uplift(
    app: App, /, table: str, treatment: str, outcome: str, seed: int, form: str | None, output: str | None, **more: Any
) -> None:
    """Measure the effect of a randomised test, and rank people by whom it moves."""
    from graphkit.outcomes.tables import read_table
    from graphkit.outcomes.uplift import uplift as fit

    with app.working("fit the model"):
        found = fit(
            table,
            treatment,
            outcome,
            treated=more["treated"],
            control=more["control"],
            features=more["features"] or None,
            exclude=more["exclude"],
            id=more["id_"],
            measured_before=more["measured_before"],
            method=more["method"],
            held_out=more["held_out"],
            rng=seed,
        )
    word = "better than chance" if found.ranks_better_than_chance else "no better than chance"
    head = (
        f"effect {found.effect:+.6f} (95 %: {found.effect_interval[0]:+.6f} to {found.effect_interval[1]:+.6f}): {found.treated_rate:.6f} of {found.n_treated:,} treated, "
        f"{found.control_rate:.6f} of {found.n_control:,} others\nQini {found.qini:.4f} (95 %: {found.qini_interval[0]:.4f} to {found.qini_interval[1]:.4f}) on {found.n_held_out:,} held-out people: {word}\n"
    )
    emit_outcome(app, form, output, found, found.curve, CURVE, lambda rows: head + rows)
    if more["scores"]:
        if not more["id_"]:
            raise click.UsageError("--scores needs --id: which column names the person?")
        people = read_table(table, id=more["id_"])[0]
        if more["treated"] is not None:
            people = people[people[treatment].astype(str).isin([more["treated"], more["control"]])]
        write_scores(more["scores"], people[more["id_"]].tolist(), found.predicted, name="uplift")
