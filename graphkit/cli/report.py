"""``graphkit report``: a plan as one HTML page."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphkit.projection.snapshot import Snapshot

__all__ = ["page", "report"]

_MOST = 12
_CHEAP = 200_000  # users up to which reach by community is worked out for the page
_MIN_CELL = 50


@click.command(
    cls=Command,
    examples=["graphkit report plan.json -o plan.html", "graphkit report plan.json --lang zh -o plan-zh.html"],
)
@click.argument("plan")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    default="plan.html",
    type=click.Path(dir_okay=False),
    help="The page; - is stdout.",
)
@click.option(
    "--lang", type=click.Choice(["zh+en", "zh", "en"]), default="zh+en", help="Language of labels and sentences."
)
@click.option(
    "--partners",
    "with_partners",
    type=click.IntRange(min=0),
    default=5,
    help="Partners shown at most; 0 leaves them out.",
)
@pass_app
def report(app: App, plan: str, output: str, lang: str, with_partners: int) -> None:
    """Write a plan (an id of the store, or a file) as one offline HTML page with charts and evidence."""
    from graphkit.cli.output import write_out
    from graphkit.cli.plans import find_plan

    with app.working("make the page"):
        made = page(app, find_plan(app, plan), lang=lang, with_partners=with_partners)
    write_out(made, output)
    if output != "-":
        app.say(f"wrote {output}")


def page(
    app: App,
    plan: dict[str, Any],
    *,
    lang: str = "zh+en",
    with_partners: int = 5,
    found: dict[str, Any] | None = None,
    extras: dict[str, Any] | None = None,
) -> str:
    """Return the page of a plan with what the data of the store allow beside it.

    A part that cannot be made from these data (no partners, no ties) is left out and said with ``-v``.
    """
    from graphkit.errors import GraphkitError
    from graphkit.progress import each
    from graphkit.report.page import render_page

    snapshot = app.snapshot()
    parts: dict[str, Any] = {"partners": found, **(extras or {})}
    makers: dict[str, Callable[[], Any]] = {
        "communities": lambda: _communities(app, snapshot, plan),
        "overlap": lambda: _overlap(snapshot, plan),
        "partners": lambda: _partners(snapshot, plan, with_partners) if with_partners else None,
    }
    with app.progress() as progress:
        for name, maker in each(list(makers.items()), "parts of the page", progress):
            try:
                parts[name] = parts.get(name) or maker()
            except GraphkitError as error:
                app.say(f"no {name} on the page: {error.message}", level=1)
    found = parts.pop("partners")
    return render_page(plan, partners=found, extras={name: rows for name, rows in parts.items() if rows}, lang=lang)


def _communities(app: App, snapshot: Snapshot, plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the largest communities of the users, with the plan's reach in each where that is cheap."""
    from graphkit.cli.community_rows import community_rows
    from graphkit.cli.graphs import propagation_graph
    from graphkit.community.leiden import communities
    from graphkit.errors import GraphkitError
    from graphkit.planning.channels import ChannelPlan
    from graphkit.planning.communities import reach_by_group

    graph = propagation_graph(snapshot, (), (), None)
    if not graph.n_arcs:
        return []
    with app.progress() as progress:
        found = communities(graph, effort="fast", rng=1, finer=False, progress=progress)
    rows = community_rows(graph, found)[:_MOST]
    if graph.n_nodes > _CHEAP:
        return rows
    learned = (plan.get("request") or {}).get("probability") == "learned"
    try:
        made = ChannelPlan.from_dict(
            plan, source=app.snapshot(learned=True, about=plan["for"]) if learned else snapshot
        )
        with app.progress() as progress:
            reach = reach_by_group(made, found.labels, progress=progress)
    except GraphkitError as error:
        app.say(f"no reach by community on the page: {error.message}", level=1)
        return rows
    return [
        {**row, "reach": float(reach.mean[row["community"]]), "interval": reach.interval[row["community"]].tolist()}
        for row in rows
    ]


def _overlap(snapshot: Snapshot, plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Return how much each two channels of the plan share."""
    from graphkit.audience.overlap import overlap
    from graphkit.cli.audiences import channel_audiences
    from graphkit.cli.output import frame_rows

    bought = list(dict.fromkeys(item["channel"] for item in plan["items"]))[:_MOST]
    audiences, n_users = channel_audiences(snapshot, bought)
    if len(audiences) < 2:
        return []
    pairs = frame_rows(overlap(audiences, n_nodes=n_users, min_cell=_MIN_CELL).pairs)
    again = " ".join(["graphkit overlap", *(shlex.quote(f"Channel:{name}") for name in audiences)])
    return [{**row, "min_cell": _MIN_CELL, "query": f"{again} --min-cell {_MIN_CELL}"} for row in pairs]


def _partners(snapshot: Snapshot, plan: dict[str, Any], most: int) -> dict[str, Any]:
    """Return the partners of what the plan promotes."""
    from graphkit.planning.partners import partners

    found: dict[str, Any] = partners(snapshot, for_=str(plan["for"]), max_partners=most, rng=1).to_dict()
    return found
