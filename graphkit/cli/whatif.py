"""``graphkit whatif``: a plan against a changed one, on the same worlds."""

from __future__ import annotations

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.options import MONEY, output_options

__all__ = ["whatif"]

COLUMNS = ("difference", "lower", "upper", "best_replacement")


@click.command(
    cls=Command,
    examples=["graphkit whatif plan.json --drop c01", "graphkit whatif plan.json --budget 1000 --format json"],
)
@click.argument("plan")
@click.option("--drop", multiple=True, metavar="CHANNEL", help="Leave this channel out (repeat).")
@click.option("--add", multiple=True, metavar="CHANNEL", help="Buy this channel too (repeat).")
@click.option("--price", multiple=True, metavar="CHANNEL=AMOUNT", help="Another price for a channel (repeat).")
@click.option("--budget", type=MONEY, help="Plan anew with this budget.")
@click.option("--receptivity", type=click.FloatRange(min=0), help="Multiply how receptive users are, such as 0.5.")
@click.option("--events", type=click.Path(), help="Events a replanned plan was made from.")
@output_options
@pass_app
def whatif(
    app: App,
    plan: str,
    drop: tuple[str, ...],
    add: tuple[str, ...],
    price: tuple[str, ...],
    budget: float | None,
    receptivity: float | None,
    events: str | None,
    form: str | None,
    output: str | None,
) -> None:
    """Say what changes in a plan (an id of the store, or a file) would do to its reach.

    Nothing is re-optimised unless --budget changes.
    """
    from graphkit.cli.output import emit
    from graphkit.cli.plans import rebuild
    from graphkit.cli.replay import replay
    from graphkit.planning.whatif import whatif as compare

    if not (drop or add or price or budget is not None or receptivity is not None):
        raise click.UsageError("Say what to change: --drop, --add, --price, --budget or --receptivity.")
    prices = _prices(price)
    with app.working("compare plans") as progress:
        made = rebuild(app, plan)
        found = compare(
            made, drop=drop, add=add, price=prices, budget=budget, receptivity=receptivity, events=events, progress=progress,
        )  # fmt: skip
    document = found.to_dict()
    document["replay"] = replay(found.manifest)
    reach, replacement = document["reach"], document.get("best_replacement")
    low, high = reach["interval"]
    named = replacement["channel"] if replacement else None
    row = {"difference": reach["difference"], "lower": low, "upper": high, "best_replacement": named}
    text = f"reach {reach['difference']:+,.1f} (95 %: {low:+,.1f} to {high:+,.1f}) against plan {made.plan}"
    if replacement:
        from graphkit.intervals import give_or_take

        text += f"; best replacement: {named}, +{give_or_take(replacement['adds'], replacement['adds_interval'])} for {replacement['cost']:,.2f}".removesuffix(
            ".00"
        )
    text += f"; spends {document['spent']:,.0f}" + ("" if document["within_budget"] else ", more than the budget")
    if document.get("channels_kept") is not None:
        text += f"; planned anew it keeps {document['channels_kept']:.0%} of the channels"
    idle = sorted(set(drop) - {item.channel for item in made.items})
    if idle:
        text += f"; the plan does not buy {', '.join(idle)}"
    text += f"\nreplay: {document['replay']['command']}"
    emit(form=form, output=output, rows=[row], columns=COLUMNS, document=document, text=text)


def _prices(pairs: tuple[str, ...]) -> dict[str, float] | None:
    """Read ``channel=amount`` pairs."""
    prices = {}
    for pair in pairs:
        channel, mark, amount = pair.rpartition("=")
        if not mark or not channel:
            raise click.BadParameter(f"{pair!r} is not CHANNEL=AMOUNT", param_hint="--price")
        prices[channel] = MONEY.convert(amount, None, None)
    return prices or None
