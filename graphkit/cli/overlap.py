"""``graphkit overlap``: who reaches the same people."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command, Option
from graphkit.cli.options import (
    LABEL_ID,
    LabelId,
    min_evidence_option,
    output_options,
    probability_option,
    seed_option,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graphkit.projection.snapshot import Snapshot

__all__ = ["overlap"]

COLUMNS = ("name", "reach", "exclusive", "incremental")
OVERLAP = "evaluate/overlap"


@click.command(
    cls=Command,
    examples=[
        "graphkit overlap Channel:c01 Channel:c02",
        "graphkit overlap Channel:c01 Brand:b01 --spread --probability 0.05 --format json",
    ],
)
@click.argument("audiences", nargs=-1, required=True, type=LABEL_ID, metavar="LABEL:ID...")
@click.option("--spread", is_flag=True, help="Count those reached by word of mouth too.")
@probability_option("weighted_cascade", needs="--spread")
@click.option(
    "--worlds",
    cls=Option,
    needs="--spread",
    type=click.IntRange(min=1),
    default=10_000,
    help="Simulated worlds, with --spread.",
)
@click.option("--min-cell", type=click.IntRange(min=0), default=0, help="Hide counts below that many users.")
@min_evidence_option
@seed_option
@output_options
@pass_app
def overlap(
    app: App,
    audiences: tuple[LabelId, ...],
    spread: bool,
    probability: str | float,
    worlds: int,
    min_cell: int,
    min_evidence: str | None,
    seed: int,
    form: str | None,
    output: str | None,
) -> None:
    """Shared, exclusive and added reach of channels, brands, films or courses, in the order given."""
    from graphkit.audience.overlap import overlap as count
    from graphkit.cli.audiences import audience_tables, audiences_of
    from graphkit.cli.graphs import check_node, propagation_graph
    from graphkit.cli.output import emit, frame_rows
    from graphkit.cli.replay import replay
    from graphkit.store.queries import query_command

    _refuse_twice(audiences)
    snapshot = app.strong_snapshot(
        min_evidence, reads=audience_tables(audiences, spread=spread), keep=audiences, learned=probability == "learned"
    )
    for node in audiences:
        check_node(snapshot, node)
    arrays, n_users = audiences_of(snapshot, audiences)
    more: dict[str, Any] = {"n_nodes": n_users}
    if spread:
        more = {"projection": propagation_graph(snapshot, (), (), probability), "n_worlds": worlds, "rng": seed}
    with app.working("count overlaps") as progress:
        found = count(arrays, min_cell=min_cell, progress=progress, **more)
    rows = frame_rows(found.to_frame())
    document = {
        "schema_version": 1,
        "audiences": rows,
        "joint": found.joint,
        "shared": found.shared,
        "frequency": found.frequency,
        "pairs": frame_rows(found.pairs),
        "n_users": n_users,
        **_looked_up(snapshot, audiences, counted=not spread and min_evidence is None, min_cell=min_cell),
        "assumptions": app.assumptions,
        "replay": replay(found.manifest, worlds=worlds) if spread else None,
        "intervals": None if found.intervals is None else frame_rows(found.intervals),
        "manifest": found.manifest,
    }
    emit(form=form, output=output, rows=rows, columns=COLUMNS, document=document, text=_text(document))
    if document["query"]:
        app.say(f"look up: {query_command(OVERLAP, document['params'])}")


def _refuse_twice(audiences: Sequence[LabelId]) -> None:
    """Refuse an audience that is named a second time."""
    twice = next((node for place, node in enumerate(audiences) if node in audiences[:place]), None)
    if twice is not None:
        raise click.BadParameter(f"{twice} is given twice", param_hint="LABEL:ID")


def _text(document: Mapping[str, Any]) -> str:
    """Return what a person reads: each audience, all of them together, each pair, and how to run it again."""
    from graphkit.cli.output import table

    near = {(row["quantity"], row["name"]): (row["lower"], row["upper"]) for row in document["intervals"] or ()}
    text = table([_rounded(row) | _near(row, near) for row in document["audiences"]], COLUMNS)
    text += f"together {_count(document['joint'])} of {document['n_users']:,} users; reached by all {_count(document['shared'])}\n"
    times = ", ".join(f"{times}: {_count(value)}" for times, value in enumerate(document["frequency"].tolist()))
    text += f"reached by exactly {times} of them\n"
    if document["pairs"]:
        pairs = [_rounded(row) | _shared(row) for row in document["pairs"]]
        text += "\n" + table(pairs, ("a", "b", "shared", "jaccard", "lift"))
    if document["replay"]:
        text = f"{text.rstrip()}\nreplay: {document['replay']['command']}\n"
    return text


def _looked_up(snapshot: Snapshot, audiences: Sequence[LabelId], *, counted: bool, min_cell: int) -> dict[str, Any]:
    """Return the query behind the numbers; none where no count of all rows gives them, and for channels whose audience no REACHES rows list."""
    if not counted:
        return {"query": None, "params": {}}
    channels = {node.id for node in audiences if node.label == "Channel"}
    listed = {
        str(id_)
        for edges in (snapshot.edges("REACHES") if channels else ())
        for id_ in snapshot.nodes(edges.source_label).ids[np.unique(edges.source_rows)].tolist()
    }
    if channels - listed:
        return {"query": None, "params": {}}
    return {"query": OVERLAP, "params": {"audiences": [str(node) for node in audiences], "minCell": min_cell}}


def _rounded(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Round numbers for people; a hidden one shows as nothing."""
    return {
        name: None if _hidden(value) else round(value, 3) if isinstance(value, float) else value
        for name, value in row.items()
    }


def _near(row: Mapping[Any, Any], intervals: Mapping[tuple[str, str], tuple[float, float]]) -> dict[str, Any]:
    """Sampled numbers with half of their interval."""
    from graphkit.intervals import give_or_take

    return {
        c: give_or_take(row[c], intervals[c, row["name"]])
        for c in COLUMNS[1:]
        if (c, row["name"]) in intervals and not _hidden(row[c])
    }


def _shared(row: Mapping[Any, Any]) -> dict[str, Any]:
    """The number shared by a pair, with half of its interval where it is sampled."""
    from graphkit.intervals import give_or_take

    ends = (row.get("shared_lower"), row.get("shared_upper"))
    return {} if any(_hidden(x) for x in (*ends, row["shared"])) else {"shared": give_or_take(row["shared"], ends)}


def _count(value: Any) -> str:
    """Return a count, or say that it is hidden."""
    return "hidden" if _hidden(value) else f"{value:,.1f}"


def _hidden(value: Any) -> bool:
    """Whether a cell below the minimum was left empty."""
    return value is None or (isinstance(value, float) and math.isnan(value))
