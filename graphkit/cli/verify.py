"""``graphkit verify``: a plan made again, number by number."""

from __future__ import annotations

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.options import engine_option, output_options

__all__ = ["verify"]

COLUMNS = ("claim", "printed", "again", "same")


@click.command(
    cls=Command, examples=["graphkit verify plan.json", "graphkit verify P-7f3a --engine serial --format json"]
)
@click.argument("plan")
@click.option("--events", type=click.Path(), help="Events a replanned plan was made from.")
@engine_option
@output_options
@pass_app
def verify(app: App, plan: str, events: str | None, engine: str, form: str | None, output: str | None) -> None:
    """Make a plan (an id of the store, or a file) again from its request and compare every claim bit by bit.

    Ends with exit code 3 when a number differs.
    """
    from graphkit.cli.output import emit, frame_rows
    from graphkit.cli.plans import rebuild
    from graphkit.errors import DataInvalid
    from graphkit.planning.verify import verify as again

    with app.working("verify the plan") as progress:
        found = again(rebuild(app, plan), events, engine=engine, progress=progress)
    rows = frame_rows(found.to_frame())
    wrong = [row["claim"] for row in rows if not row["same"]]
    told = "; ".join(found.differs) or "same data, same versions"
    text = f"plan {found.plan}: {len(rows) - len(wrong)} of {len(rows)} claims are the same, digest {'equal' if found.same_digest else 'different'} ({told})"
    text += "".join(
        f"\n{row['claim']}: printed {row['printed']}, again {row['again']}" for row in rows if not row["same"]
    )
    emit(
        form=form,
        output=output,
        rows=rows,
        columns=COLUMNS,
        document=found.to_dict(),
        text=text,
        color=app.settings.color,
    )
    if not found.same:
        other = "its document" if found.same_digest else "its digest"
        message = f"plan {found.plan} does not come out again: {', '.join(wrong[:5]) or other}"
        raise DataInvalid(message, rule="verify", count=len(wrong), hint=told)
