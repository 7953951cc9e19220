"""``graphkit path``: what to take before a course."""

from __future__ import annotations

from typing import Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.options import LabelId, output_options

__all__ = ["path"]

COLUMNS = ("step", "id", "name", "level", "depth", "needed_by")


@click.command(cls=Command, examples=["graphkit path k07", "graphkit path k07 --user u0001 --format json"])
@click.argument("course", metavar="COURSE")
@click.option("--user", metavar="ID", help="Leave out what this user completed (progress 1), and all below it.")
@click.option("--completed", multiple=True, metavar="COURSE", help="A completed course (repeat).")
@output_options
@pass_app
def path(
    app: App, course: str, user: str | None, completed: tuple[str, ...], form: str | None, output: str | None
) -> None:
    """List the courses to take before a course, in an order that can be followed (REQUIRES)."""
    from graphkit.cli.graphs import check_node
    from graphkit.cli.output import emit
    from graphkit.matching.path import learning_path

    snapshot = app.snapshot()
    goal = check_node(snapshot, LabelId("Course", course.removeprefix("Course:"))).id
    table = snapshot.nodes("Course")
    done = {check_node(snapshot, LabelId("Course", name.removeprefix("Course:"))).id for name in completed}
    if user is not None:
        done |= _completed(snapshot, check_node(snapshot, LabelId("User", user.removeprefix("User:"))).id)
    requires = [
        (table.ids[s], table.ids[t])
        for edges in snapshot.edges("REQUIRES")
        for s, t in zip(edges.source_rows, edges.target_rows, strict=True)
    ]
    found = learning_path(requires, goal, completed=done)
    names, levels = table.by_id("name"), table.by_id("level")
    rows: list[dict[str, Any]] = [
        {
            "step": i,
            "id": step,
            "name": names[step],
            "level": levels[step],
            "depth": depth,
            "needed_by": list(needed),
        }
        for i, (step, depth, needed) in enumerate(
            zip(found.steps, found.depth.tolist(), found.needed_by, strict=True), 1
        )
    ]
    emit(form=form, output=output, rows=rows, columns=COLUMNS, color=app.settings.color)
    if not rows:
        app.say(f"{goal} is completed" if goal in done else f"nothing is missing before {goal}")


def _completed(snapshot: Any, user: str) -> set[str]:
    """Return the courses a user who agreed to a profile finished."""
    from graphkit.errors import InvalidParameter
    from graphkit.projection.consent import consent_mask

    found, users = set[str](), snapshot.nodes("User")
    row = users.row_of()[user]
    if not consent_mask(users, "profile")[row]:
        message = f"User {user!r} has not agreed to a profile"
        hint = "name what is completed by --completed"
        raise InvalidParameter(
            message, parameter="user", value=user, allowed="users with consent for 'profile'", hint=hint
        )
    for edges in snapshot.edges("ENROLLED"):
        mine = edges.source_rows == row
        progress = edges.column("progress").tolist()
        rows = [row for row in mine.nonzero()[0].tolist() if (progress[row] or 0.0) >= 1.0]
        found |= {str(snapshot.nodes("Course").ids[edges.target_rows[row]]) for row in rows}
    return found
