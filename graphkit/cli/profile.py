"""``graphkit profile``: what users are interested in, as tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command, Option
from graphkit.cli.options import TAKEN_ID, LabelId, output_options, seed_option
from graphkit.cli.profile_rows import (
    AUDIENCE_COLUMNS,
    CLUSTER_COLUMNS,
    COLUMNS,
    LIFT_COLUMNS,
    audience_rows,
    cluster_rows,
    lift_rows,
    user_rows,
)
from graphkit.progress import step

if TYPE_CHECKING:
    from graphkit.matching.clusters import Clusters
    from graphkit.progress import ProgressCallback
    from graphkit.projection.snapshot import Snapshot

__all__ = ["profile"]


@click.command(
    cls=Command,
    examples=[
        "graphkit profile u0001",
        "graphkit profile u0001 --events DIR --half-life 30",
        "graphkit profile --clusters 4",
        "graphkit profile --lift --min-cell 20",
        "graphkit profile --audience Film:f01",
    ],
)
@click.argument("users", nargs=-1, metavar="[USER...]")
@click.option("--events", type=click.Path(), metavar="DIR", help="Event log; default the ties of the store, each once.")
@click.option(
    "--half-life",
    cls=Option,
    needs="--events",
    type=click.FloatRange(min=0, min_open=True),
    default=90.0,
    metavar="DAYS",
    help="Age at which an event counts half (with --events).",
)
@click.option(
    "--clusters",
    type=click.IntRange(min=0),
    metavar="K",
    help="Group users into K clusters instead (0 = best silhouette), beside the communities.",
)
@click.option("--lift", is_flag=True, help="Show pairs of tags that people combine instead.")
@click.option("--audience", type=TAKEN_ID, help="Show the tags of the people of a film or course instead.")
@click.option(
    "--min-cell",
    cls=Option,
    needs="--clusters|--lift|--audience",
    type=click.IntRange(min=1),
    default=50,
    help="Hide rows that speak of fewer users (--clusters, --lift, --audience).",
)
@click.option("--top", type=click.IntRange(min=1), default=20, help="How many rows (with --clusters: tags a cluster).")
@seed_option
@output_options
@pass_app
def profile(
    app: App,
    users: tuple[str, ...],
    events: str | None,
    half_life: float,
    clusters: int | None,
    lift: bool,
    audience: LabelId | None,
    min_cell: int,
    top: int,
    seed: int,
    form: str | None,
    output: str | None,
) -> None:
    """Show users' interests: tags of what they took, newer and stronger events weighing more.

    Only users who agreed to a profile are looked at.
    """
    from graphkit.cli.graphs import check_node
    from graphkit.cli.output import emit

    asked = [bool(users), clusters is not None, lift, audience is not None]
    if sum(asked) != 1:
        message = "give USER..., or one of --clusters, --lift and --audience"
        raise click.UsageError(message)
    snapshot = app.snapshot()
    people = [LabelId("User", name.removeprefix("User:")) for name in users]
    for node in [*people, *([] if audience is None else [audience])]:
        check_node(snapshot, node)  # before minutes of work, not behind them
    _check_clusters(snapshot, clusters or 0)
    names = snapshot.nodes("Tag").by_id("name")
    columns: tuple[str, ...]
    with app.working("build profiles") as progress:
        if lift:
            columns, rows = LIFT_COLUMNS, lift_rows(snapshot, names, min_cell, top)
        else:
            found = _profiles(app, snapshot, events, half_life)
            if clusters is not None:
                groups = _clustered(app, snapshot, found, clusters or None, seed, progress)
                columns, rows = CLUSTER_COLUMNS, cluster_rows(groups, names, min_cell, top, found)
            elif audience is not None:
                columns, rows = AUDIENCE_COLUMNS, audience_rows(snapshot, names, audience, min_cell, top, found)
            else:
                columns, rows = COLUMNS, user_rows(names, people, top, found)
    emit(form=form, output=output, rows=rows, columns=columns, color=app.settings.color)
    if not rows:
        app.say("no rows: nothing tagged was taken" if users else f"no rows of at least {min_cell} users")
    elif clusters is None and (lift or events is None):
        _look_up(app, people, audience, min_cell, top)


def _check_clusters(snapshot: Snapshot, clusters: int) -> None:
    """Refuse more clusters than people who can be in one; that some of them are alike only their profiles show."""
    from graphkit.check import refuse
    from graphkit.projection.consent import consent_mask

    people = int(consent_mask(snapshot.nodes("User"), "profile").sum())
    if clusters > people:
        refuse("--clusters", clusters, f"at most the number of users who agreed to a profile, {people}")


def _look_up(app: App, people: list[LabelId], audience: LabelId | None, min_cell: int, top: int) -> None:
    """Name the query that gives the numbers from the graph: those of the first user, of the audience, or of the pairs."""
    from graphkit.store.queries import query_command

    params: dict[str, Any] = {"top": top}
    if people:
        name, params = "profiles/user", {"user": people[0].id, **params}
    elif audience is not None:
        name, params = "profiles/audience", {"label": audience.label, "id": audience.id, **params, "minCell": min_cell}
    else:
        name, params = "profiles/lift", {**params, "minCell": min_cell}
    app.say(f"look up: {query_command(name, params)}")


def _profiles(app: App, snapshot: Snapshot, events: str | None, half_life: float) -> Any:
    """Profiles of everybody with consent, items named ``Label:id``; what says nothing is counted in a message."""
    from graphkit.intervals import counted
    from graphkit.planning.tastes import item_names, profiles_of, read_tastes

    log, other = None, 0
    with app.progress() as progress:
        with step("read who took what", progress):
            tastes = read_tastes(snapshot)
        if events is not None:
            from graphkit.store.files_events import read_events

            with step("read events", progress):
                log = read_events(events)
            other = item_names(tastes, log).count("")
        with step("weigh tags", progress):
            found = profiles_of(
                tastes, log, half_life_days=half_life, event_weights=snapshot.settings.get("event_weights")
            )
    told = [
        counted(n, f"{one} {what}", f"{many} {what}")
        for n, one, many, what in (
            (found.without_events, f"of {len(found):,} users has", f"of {len(found):,} users have", "an empty profile"),
            (other, "event is", "events are", "of no film or course of the store"),
            (found.without_tags, "event is", "events are", "of items without tags"),
            (found.ignored_users, "event is", "events are", "of people who did not agree to a profile: left out"),
        )
        if n
    ]
    if told:
        app.say("; ".join(told))
    return found


def _clustered(
    app: App, snapshot: Snapshot, found: Any, k: int | None, seed: int, progress: ProgressCallback
) -> Clusters:
    """Group the users; how far clusters and communities agree goes to the messages."""
    from graphkit.check import refuse
    from graphkit.community.leiden import communities
    from graphkit.errors import InvalidParameter
    from graphkit.matching.clusters import adjusted_rand_index, cluster_profiles
    from graphkit.projection.build import project

    try:
        groups = cluster_profiles(found.matrix, k=k, rng=seed, progress=progress)
    except InvalidParameter as error:
        refuse("--clusters", k, str(error.fields["allowed"]))  # k is the library's name of it
    graph = project(snapshot, label="User", purpose="profile")
    if graph.n_arcs:
        others = communities(graph, rng=seed, effort="fast", finer=False, progress=progress)
        index = adjusted_rand_index(groups.labels, others.labels)
        app.say(f"agreement of clusters with communities of the graph: adjusted Rand index {index:.3f}")
    if groups.silhouette is not None:
        app.say(f"{groups.n_clusters} clusters, silhouette {groups.silhouette:.3f}")
    return groups
