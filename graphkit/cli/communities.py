"""``graphkit communities``: groups of users or pages."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from graphkit.cli.community_rows import COLUMNS, MEMBERS, communities_text, community_rows, member_rows
from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.options import dry_run_option, graph_options, min_evidence_option, output_options, seed_option
from graphkit.cli.shares import SHARE, one_share_each

if TYPE_CHECKING:
    from graphkit.community.flattening import Flattening
    from graphkit.projection.projection import Projection

__all__ = ["communities"]


class _Resolution(click.ParamType["float | str"]):
    """A number above 0, or ``auto``."""

    name = "NUMBER|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | str:
        """Read the number or the word."""
        if value == "auto":
            return "auto"
        try:
            number = float(value)
        except (TypeError, ValueError):
            self.fail(f"{value!r} is neither a number above 0 nor auto", param, ctx)
        if not (math.isfinite(number) and number > 0):
            self.fail(f"{value!r} must be a number above 0, or auto", param, ctx)
        return number


@click.command(
    cls=Command,
    examples=[
        "graphkit communities",
        "graphkit communities --nodes Brand --nodes Channel --via LINKED_WITH --effort fast",
        "graphkit communities --types KNOWS=2 --types FOLLOWS --resolution auto",
        "graphkit communities --nodes Channel --bipartite User --via REACHES",
        "graphkit communities --objective block_model --write",
    ],
)
@click.option(
    "--effort",
    type=click.Choice(["fast", "balanced", "thorough"]),
    default="balanced",
    help="Time spent on a better partition.",
)
@click.option(
    "--resolution",
    type=_Resolution(),
    default=1.0,
    help="Above 1: more and smaller communities; auto: the one that describes the ties best, none if nothing does.",
)
@click.option(
    "--objective",
    type=click.Choice(["modularity", "map_equation", "block_model"]),
    default="modularity",
    help="What is best: more ties inside than degrees explain (groups of like size, some in any graph); the shortest description of a random walk; or the shortest of the ties themselves (finds small groups beside large ones, and none where there are none).",
)
@click.option(
    "--types",
    type=SHARE,
    callback=one_share_each,
    multiple=True,
    help="Lay these ties on top of each other, each with its share of the weight (repeat).",
)
@click.option(
    "--bipartite",
    metavar="LABEL",
    help="Tie nodes that share nodes of this label, by 1 / (d - 1) each, instead of ties between them.",
)
@click.option("--members", is_flag=True, help="One row per node instead of one per community (writes ids).")
@click.option(
    "--write",
    is_flag=True,
    help="Also store the number of the community on each node, and users as members of Community nodes, for queries such as communities/sizes.",
)
@dry_run_option
@graph_options
@min_evidence_option
@seed_option
@output_options
@pass_app
def communities(
    app: App,
    effort: str,
    resolution: float | str,
    objective: str,
    types: tuple[tuple[str, float], ...],
    bipartite: str | None,
    members: bool,
    write: bool,
    dry_run: bool,
    nodes: tuple[str, ...],
    via: tuple[str, ...],
    min_evidence: str | None,
    seed: int,
    form: str | None,
    output: str | None,
) -> None:
    """Find communities: every one connected, the same for any number of workers."""
    from graphkit.cli.output import choose_format, emit
    from graphkit.community.leiden import communities as find

    graph, flattening = _graph(app, nodes, via, dict(types), bipartite, min_evidence)
    if flattening is not None:
        app.say(f"one graph: {flattening}")
    with app.working("find communities") as progress:
        found = find(
            graph,
            resolution=resolution,
            objective=objective,
            effort=effort,
            rng=seed,
            flattening=flattening,
            progress=progress,
        )
    _remark(app, found)
    run = f"communities-{seed}-{found.manifest.digest[:8]}"
    rows = member_rows(graph, found) if members else community_rows(graph, found)
    rows = [{**row, "run": run} for row in rows]
    wanted = choose_format(form, output) == "table" and not members
    text = communities_text(rows, found, color=bool(app.settings.color)) if wanted else None
    emit(
        form=form,
        output=output,
        rows=rows,
        columns=MEMBERS if members else COLUMNS,
        text=text,
        color=app.settings.color,
    )
    if dry_run:
        app.say(f"--write would write the community of {graph.n_nodes:,} nodes")
    elif write:
        record = _record(graph, found, via, min_evidence)
        count, again = _write(app, graph, found, run, record), f"--param run={run}"
        app.say(
            f"wrote the community of {count:,} nodes; users are MEMBER_OF it: graphkit query communities/sizes {again}"
        )
        if "resolution" in record:
            app.say(f"the modularity counted again in the store: graphkit query communities/modularity {again}")


def _remark(app: App, found: Any) -> None:
    """Say where the resolution limit was met, and where no groups describe the ties."""
    if found.finer_objective is not None:
        who = (
            "the block model" if found.objective == "block_model" else f"modularity at resolution {found.resolution:g}"
        )
        app.say(
            f"{who} joins groups here: smaller ones describe the ties in at least {found.finer_gain:,.0f} nats less; try --objective {found.finer_objective}"
        )
    elif found.n_starts and found.description_gain <= 0 and found.objective != "block_model":
        app.say(
            "these communities do not shorten the description of the ties: a graph without groups could look like this; --objective block_model reports only groups that do"
        )


def _graph(
    app: App,
    nodes: tuple[str, ...],
    via: tuple[str, ...],
    shares: dict[str, float],
    bipartite: str | None,
    min_evidence: str | None,
) -> tuple[Projection, Flattening | None]:
    """Return the graph asked for, and how it was made of several kinds of ties."""
    from graphkit.cli.graphs import check_labels, check_types, graph_tables, propagation_graph

    if shares and (bipartite or via):
        message = f"--types says which ties count; leave out {'--bipartite' if bipartite else '--via'}"
        raise click.UsageError(message)
    many = (*nodes, bipartite) if bipartite else nodes
    snapshot = app.strong_snapshot(min_evidence, reads=graph_tables(many, (*via, *shares)))
    if not (bipartite or shares):
        return propagation_graph(snapshot, nodes, via, None), None
    from graphkit.community.flatten import flatten_bipartite, flatten_types

    if bipartite:
        labels = (*(check_labels(nodes) or ("User",)), *check_labels([bipartite], "--bipartite"))
        if len(labels) > 2:
            message = "--bipartite ties nodes of one label: give --nodes once"
            raise click.UsageError(message)
        return flatten_bipartite(snapshot, labels[0], bipartite, check_types(via))
    check_types(shares, "--types")
    return flatten_types(snapshot, check_labels(nodes) or ("User",), shares)


def _record(graph: Projection, found: Any, via: tuple[str, ...], min_evidence: str | None) -> dict[str, Any]:
    """Say what the communities were found on, and what the store, which counts every tie, needs to count their modularity again."""
    from graphkit.model.schema import USER_TIES
    from graphkit.store.communities import counted_over

    labels, made = (
        sorted({"User"} if graph.nodes.labels is None else set(graph.nodes.labels.tolist())),
        found.flattening,
    )
    types = via or (USER_TIES if labels == ["User"] else ())
    ties = str(made) if made is not None else f"{', '.join(types) or 'every type'} between {', '.join(labels)}"
    if min_evidence is not None:
        return {"modularity": float(found.modularity), "ties": f"{ties}, evidence {min_evidence} or stronger"}
    record = {"modularity": float(found.modularity), "ties": ties}
    if labels != ["User"] or (made is not None and made.kind != "types"):
        return record
    weights = dict.fromkeys(types, 1.0) if made is None else dict(zip(made.types, made.weights, strict=True))
    return record | counted_over(weights, found.resolution, add=made is not None)


def _write(app: App, graph: Projection, found: Any, run: str, record: dict[str, Any]) -> int:
    """Store the community of each node, users as members of Community nodes too; return how many nodes have one."""
    from graphkit.store.communities import save_communities

    kinds, labels, store, written = graph.nodes.labels, np.asarray(found.labels), app.open(), 0
    for label in dict.fromkeys(kinds.tolist() if kinds is not None else ["User"]):
        rows = np.flatnonzero(kinds == label) if kinds is not None else np.arange(graph.n_nodes)
        ids = graph.nodes.ids_of(rows)
        written += store.write_back(str(label), ids, {"community": labels[rows].astype(np.int64)}, run)
        if label == "User":
            save_communities(store, run, ids, labels[rows].tolist(), properties=record)
    return written
