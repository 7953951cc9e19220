"""``graphkit offers``: what they cost, who gets which, which to exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command, Group
from graphkit.cli.options import MONEY, output_options

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["offers"]

_LISTED = (
    "offer",
    "name",
    "kind",
    "giver",
    "to_members_of",
    "applies_to",
    "cost",
    "missing",
    "eligible",
    "redemptions",
    "budget",
)
_SIDES = ("side", "gain", "worst")


@click.group(
    cls=Group,
    examples=[
        "graphkit offers list",
        "graphkit offers policy policy.csv",
        "graphkit offers exchange --acquisition-value 40 --retention-value 6",
    ],
)
def offers() -> None:
    """List offers, check a policy of offers, choose a benefit exchange."""


@offers.command(name="list", cls=Command, examples=["graphkit offers list", "graphkit offers list --format csv"])
@output_options
@pass_app
def list_(app: App, form: str | None, output: str | None) -> None:
    """Print each offer with the cost of one redemption, by its kind and fields, and what it may cost in all."""
    from graphkit.cli.output import emit, table
    from graphkit.planning.offers import OFFER_COLUMNS, list_offers

    found = list_offers(app.snapshot())
    text = table([{k: row[k] for k in _LISTED} for row in found.rows], _LISTED)
    emit(form=form, output=output, rows=found.rows, columns=OFFER_COLUMNS, document=found.to_dict(), text=text)
    _say(app, found.assumptions)


@offers.command(
    cls=Command,
    examples=[
        "graphkit offers policy policy.csv",
        "graphkit offers policy policy.csv --min-cell 10 --assignment who.csv",
    ],
)
@click.argument("table", type=click.Path())
@click.option("--min-cell", type=click.IntRange(min=1), default=50, help="Hide counts below that many users.")
@click.option(
    "--assignment",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Also write user and offer there (writes ids).",
)
@output_options
@pass_app
def policy(app: App, table: str, min_cell: int, assignment: str | None, form: str | None, output: str | None) -> None:
    """Apply a table of rules (target, offer, priority): the first match wins; overlaps, gaps and dead rules are told."""
    from graphkit.cli.output import emit
    from graphkit.cli.output import table as render
    from graphkit.planning.offer_policy import POLICY_COLUMNS, offer_policy

    frame, name = _read(table)
    with app.working("apply the rules"):
        found = offer_policy(app.snapshot(), frame, min_cell=min_cell, name=name)
    gap = "hidden" if found.n_gap is None else f"{found.n_gap:,}"
    text = render(found.rules, POLICY_COLUMNS) + f"{gap} of {found.n_users:,} users with consent are in no rule\n"
    if found.overlaps:
        text += "\nMatched by two rules (the first takes them)\n" + render(found.overlaps, ("first", "second", "users"))
    emit(form=form, output=output, rows=found.rules, columns=POLICY_COLUMNS, document=found.to_dict(), text=text)
    _say(app, found.assumptions)
    if assignment:
        from graphkit.cli.output import write_out
        from graphkit.report.records import write_records

        rows = [
            {"user": u, "offer": found.rules[k]["offer"] if k >= 0 else None}
            for u, k in zip(found.ids, found.assignment.tolist(), strict=True)
        ]
        write_out(write_records(rows, "csv"), assignment)


@offers.command(
    cls=Command,
    examples=[
        "graphkit offers exchange --acquisition-value 40 --retention-value 6 --max 3",
        "graphkit offers exchange offers.csv",
    ],
)
@click.argument("table", required=False, type=click.Path())
@click.option(
    "--acquisition-value",
    type=MONEY,
    help="Without a table: what a redemption is worth to the giver of any offer of the store.",
)
@click.option(
    "--retention-value", type=MONEY, help="Without a table: what it is worth to the platform whose member redeems."
)
@click.option("--max", "max_offers", type=click.IntRange(min=1), help="At most that many offers.")
@output_options
@pass_app
def exchange(
    app: App,
    table: str | None,
    acquisition_value: float | None,
    retention_value: float | None,
    max_offers: int | None,
    form: str | None,
    output: str | None,
) -> None:
    """Choose member benefits to exchange: the largest sum with every side at or above 0 at the worst end of its uptake.

    TABLE: offer, giver, receiver, eligible, uptake, uptake_lower, uptake_upper, acquisition_value, cost, retention_value, cap.
    """
    from graphkit.cli.output import emit
    from graphkit.cli.output import table as render
    from graphkit.planning.exchange import EXCHANGE_COLUMNS, exchange_benefits

    if table is None:
        if acquisition_value is None or retention_value is None:
            raise click.UsageError(
                "give a table, or --acquisition-value and --retention-value for the offers of the store"
            )
        frame, name = _of_store(app, acquisition_value, retention_value), "the store"
    else:
        frame, name = _read(table)
    found = exchange_benefits(frame, max_offers=max_offers, name=name)
    head = (
        found.reason
        or f"{sum(o['chosen'] for o in found.offers)} of {len(found.offers)} offers, together {found.value:,.2f}"
    )
    text = render(found.offers, EXCHANGE_COLUMNS) + head + "\n\n" + render(found.sides, _SIDES)
    emit(form=form, output=output, rows=found.offers, columns=EXCHANGE_COLUMNS, document=found.to_dict(), text=text)
    _say(app, found.assumptions)


def _read(path: str) -> tuple[pd.DataFrame, str]:
    """Read a table whose ids are texts."""
    import pandas as pd

    from graphkit.errors import DataInvalid

    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise DataInvalid(
            f"{path} cannot be read as a table: {reason}",
            source=path,
            rule="file-unreadable",
            hint="give a .csv file with a header",
        ) from error
    return frame, path


def _of_store(app: App, acquisition_value: float, retention_value: float) -> pd.DataFrame:
    """Return the offers of the store that can be judged; the others are told."""
    import pandas as pd

    from graphkit.errors import DataInvalid
    from graphkit.planning.offers import list_offers

    rows: list[dict[str, Any]] = []
    for row in list_offers(app.snapshot()).rows:
        lost = [
            k for k in ("giver", "to_members_of", "cost", "uptake", "uptake_lower", "uptake_upper") if row[k] is None
        ]
        if lost:
            app.say(
                f"{row['offer']} is left out: {', '.join(lost)} not given"
                + (f" ({row['missing']})" if row["missing"] else "")
            )
        else:
            rows.append(
                {
                    **row,
                    "receiver": row["to_members_of"],
                    "acquisition_value": acquisition_value,
                    "retention_value": retention_value,
                }
            )
    if not rows:
        raise DataInvalid(
            "no offer of the store has giver, receiver, cost and an uptake with its interval",
            rule="offers",
            hint="give a table instead",
        )
    return pd.DataFrame(rows)


def _say(app: App, notes: list[str]) -> None:
    for note in notes:
        app.say(f"note: {note}")
