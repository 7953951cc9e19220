"""``graphkit recommend``: what to offer a user next, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command, Option
from graphkit.cli.options import (
    engine_option,
    min_evidence_option,
    output_options,
    probability_option,
    seed_option,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from graphkit.planning.recommend import Recommendations
    from graphkit.projection.snapshot import Snapshot

__all__ = ["pairs", "recommend"]

COLUMNS = ("user", "rank", "label", "id", "name", "score", "cold", "evidence")
# Kinds of reason that name nothing of the data.
_SENTENCES = frozenset({"popularity", "baseline", "limit", "own", "people", "list"})
# Those of the library, which a help page does not load.
WAYS = ("cf", "cosine", "factors", "als", "svd", "content", "ppr", "cascade", "ratings", "popularity", "fused")


@click.command(
    cls=Command,
    examples=[
        "graphkit recommend u0001",
        "graphkit recommend u0001 --to Film --by fused --weight ppr=2 --top 5",
        "graphkit recommend u0001 --by popularity --context region=上海 --events DIR",
    ],
)
@click.argument("users", nargs=-1, required=True, metavar="USER...")
@click.option(
    "--by",
    type=click.Choice(WAYS),
    default="cf",
    help="Way: what people like him took (cf, cosine, als, svd), tags (content), ties (ppr), word of mouth (cascade), expected rating (ratings), all together (fused).",
)
@click.option("--to", type=click.Choice(["Course", "Film"]), default="Course", help="What to recommend.")
@click.option("--top", type=click.IntRange(min=1), default=10, help="How many rows a user.")
@click.option("--include-known", is_flag=True, help="Also what the user already took.")
@click.option(
    "--weight",
    "weights",
    multiple=True,
    metavar="LIST=NUMBER",
    help="Weight of cf, content or ppr in fused (repeat); 0 leaves it out.",
)
@click.option(
    "--blend",
    cls=Option,
    needs="--by fused",
    type=click.Choice(["reciprocal", "z"]),
    default="reciprocal",
    help="How fused joins lists: by ranks, or by standardised scores.",
)
@click.option(
    "--context",
    multiple=True,
    metavar="KEY=VALUE",
    help="Rank for region=.., device=.. or hour=.. (repeat); needs --events with exposures.",
)
@click.option(
    "--events",
    type=click.Path(),
    metavar="DIR",
    help="Event log: content weighs events by kind and age, --context measures response.",
)
@click.option(
    "--half-life",
    cls=Option,
    needs="--events",
    type=click.FloatRange(min=0, min_open=True),
    default=90.0,
    metavar="DAYS",
    help="Age at which an event counts half (content with --events).",
)
@click.option(
    "--worlds",
    cls=Option,
    needs="--by cascade",
    type=click.IntRange(min=1),
    default=2_000,
    help="Simulated worlds a user (cascade).",
)
@click.option(
    "--min-cell",
    type=click.IntRange(min=1),
    default=50,
    help="Smaller numbers of people appear in reasons only as fewer than that.",
)
@probability_option("weighted_cascade")
@min_evidence_option
@seed_option
@engine_option
@output_options
@pass_app
def recommend(
    app: App,
    users: tuple[str, ...],
    by: str,
    to: str,
    top: int,
    include_known: bool,
    weights: tuple[str, ...],
    blend: str,
    context: tuple[str, ...],
    events: str | None,
    half_life: float,
    worlds: int,
    min_cell: int,
    probability: str | float,
    min_evidence: str | None,
    seed: int,
    engine: str,
    form: str | None,
    output: str | None,
) -> None:
    """Recommend courses or films to users, each with the items, tags or ties that carry its score.

    A user the chosen way knows nothing about gets the most popular items, marked cold.
    """
    from graphkit.cli.graphs import check_node
    from graphkit.cli.options import LabelId
    from graphkit.cli.output import emit, table
    from graphkit.planning.recommend import recommend as choose

    there = pairs(context, "context")
    if there and events is None:
        message = "--context needs --events DIR: a log with exposures says how items do there"
        raise click.UsageError(message)
    if weights and by != "fused":
        message = "--weight needs --by fused: only that joins several lists"
        raise click.UsageError(message)
    given = {name: _number(value) for name, value in pairs(weights, "weight").items()}
    snapshot = app.snapshot(learned=by == "cascade" and probability == "learned")
    names = [user.removeprefix("User:") for user in users]
    for name in names:
        check_node(snapshot, LabelId("User", name))
    log = _log(events)
    with app.working("recommend items") as progress:
        found = choose(
            snapshot,
            names,
            by=by,
            to=to,
            top=top,
            exclude_known=not include_known,
            context=there,
            events=log,
            weights=given,
            blend=blend,
            half_life_days=half_life,
            probability=0.0 if probability == "none" else probability,
            n_worlds=worlds,
            min_cell=min_cell,
            min_evidence=min_evidence,
            rng=seed,
            engine=engine,
            progress=progress,
        )
    rows = _rows(snapshot, found)
    people = [{**row, "score": f"{row['score']:.4g}", "evidence": _told(row["evidence"][:3])} for row in rows]
    emit(form=form, output=output, rows=rows, columns=COLUMNS, text=table(people, COLUMNS), color=app.settings.color)
    for note in found.assumptions:
        app.say(note)
    _tell(app, names, rows, context, to)
    if not (include_known or context or events or min_evidence):
        _look_up(app, by, to, next((row["user"] for row in rows if not row["cold"]), None), top)


def pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """Read repeated ``KEY=VALUE`` options."""
    found = {}
    for text in texts:
        key, mark, value = text.partition("=")
        if not mark or not key or not value:
            message = f"{text!r} is not KEY=VALUE"
            raise click.BadParameter(message, param_hint=f"--{option}")
        found[key] = value
    return found


def _number(text: str) -> float:
    """Read the number of ``--weight``."""
    try:
        return float(text)
    except ValueError:
        message = f"{text!r} is no number"
        raise click.BadParameter(message, param_hint="--weight") from None


def _log(events: str | None) -> pd.DataFrame | None:
    """Read the events of ``--events``, where it is given."""
    if events is None:
        return None
    from graphkit.store.files_events import read_events

    return read_events(events)


def _rows(snapshot: Snapshot, found: Recommendations) -> list[dict[str, Any]]:
    """Return a row per recommendation, items and reasons with the names they have in the graph."""
    to, reasons = found.to, [(reason.kind, reason.name) for own in found.reasons for reason in own]
    shown = _shown_names(snapshot, [(to, item) for item in found.items] + reasons)
    return [
        {
            "user": user,
            "rank": rank,
            "label": to,
            "id": item,
            "name": shown.get((to, item)),
            "score": score,
            "cold": cold,
            "evidence": [
                {"kind": r.kind, "name": r.name, "shown": shown.get((r.kind, r.name)), "part": r.part} for r in own
            ],
        }
        for user, rank, item, score, cold, own in zip(
            found.users, found.rank.tolist(), found.items, found.score.tolist(), found.cold, found.reasons, strict=True
        )
    ]


def _shown_names(snapshot: Snapshot, nodes: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str | None]:
    """Return the display name of the nodes among kinds and names; words are no nodes."""
    from graphkit.model.schema import LABELS

    names = {label: snapshot.nodes(label).by_id("name") for label in {label for label, _ in nodes} & set(LABELS)}
    return {(label, id_): names[label][id_] for label, id_ in nodes if id_ in names.get(label, ())}


def _told(evidence: Sequence[dict[str, Any]]) -> str:
    """Write reasons for people: names where there are any, sentences of ours in the reader's language."""
    from graphkit.cli.language import spoken

    names = (
        spoken(reason["name"]) if reason["kind"] in _SENTENCES else reason["shown"] or reason["name"]
        for reason in evidence
    )
    return ", ".join(f"{name} {reason['part']:.3g}" for name, reason in zip(names, evidence, strict=True))


def _tell(app: App, asked: Sequence[str], rows: Sequence[dict[str, Any]], context: tuple[str, ...], to: str) -> None:
    """Say who got nothing, or only what is popular, and when the context made no difference."""
    if context and not any(reason["kind"] == "context" for row in rows for reason in row["evidence"]):
        app.say(f"{', '.join(context)} changes no score here: nothing was shown there, or it does as everywhere")
    answered, cold = {row["user"] for row in rows}, {row["user"] for row in rows if row["cold"]}
    empty = [user for user in asked if user not in answered]
    if empty:
        who = asked[0] if len(asked) == 1 else f"{len(empty)} of {len(asked)} users"
        app.say(f"{who} already took every {to}")
    if cold and len(asked) == 1:
        app.say(f"{asked[0]} is unknown to this way and gets what is popular")
    elif cold:
        app.say(f"{len(cold)} of {len(asked)} users are unknown to this way: they get what is popular")


def _look_up(app: App, by: str, to: str, user: str | None, top: int) -> None:
    """Name the query that gives the scores of one user from the graph, where there is one."""
    from graphkit.store.queries import query_command

    files = {"cosine": ("recommend/also_took", {"minCell": 1}), "content": ("recommend/by_tags", {})}
    if user is not None and to == "Course" and by in files:
        name, more = files[by]
        app.say(f"look up: {query_command(name, {'user': user, 'top': top, **more})}")
