"""``graphkit links``: ties between two labels that are likely but missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import numpy as np

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command, Option
from graphkit.cli.link_rows import COLUMNS, link_rows, told_rows
from graphkit.cli.options import min_evidence_option, output_options, seed_option
from graphkit.cli.shares import SHARE, one_share_each
from graphkit.cli.walks import WAYS, Walked, walked_ties

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

    from graphkit.planning.links import PredictedLinks
    from graphkit.projection.snapshot import Snapshot

    Rows = NDArray[np.int64]

__all__ = ["links"]


@click.command(
    cls=Command,
    examples=[
        "graphkit links --from Brand --to Film",
        "graphkit links --from Brand:b01 --to Channel --top 10",
        "graphkit links --from Brand --to Brand --via LINKED_WITH=3 --via HAS_TAG -o links.csv",
    ],
)
@click.option(
    "--from",
    "from_",
    cls=Option,
    required=True,
    metavar="LABEL[:ID]",
    help="Label of the nodes that lack a tie, or one node of it: what counts is learned on the whole label either way.",
)
@click.option("--to", "to", required=True, metavar="LABEL", help="Label of the nodes that they may be tied with.")
@click.option(
    "--via",
    type=SHARE,
    callback=one_share_each,
    multiple=True,
    help="Relationship types to walk, each with its share of a node's chance (repeat).  [default: all that were loaded, alike]",
)
@click.option("--top", type=click.IntRange(min=1), default=5, help="How many rows a source.")
@click.option(
    "--factors",
    type=click.IntRange(min=0),
    default=64,
    help="Length of the common factors; 0 leaves them out, which takes less time.",
)
@min_evidence_option
@seed_option
@output_options
@pass_app
def links(
    app: App,
    from_: str,
    to: str,
    via: tuple[tuple[str, float], ...],
    top: int,
    factors: int,
    min_evidence: str | None,
    seed: int,
    form: str | None,
    output: str | None,
) -> None:
    """Predict ties between two labels that are likely but missing, for each source the best first.

    A tie is one of any loaded kind between the two labels. Known ties are hidden, a fifth at a time, to learn how
    much walks, numbers of ties, common factors and words of names count. Scores compare within a source only.
    Evidence: the ways by which the walks enter the target, with their shares of the walk; walk_share is the part
    of the walk in all that speaks for the tie. Users on the way are not named. The query of a row lists every
    node tied with its target, and counts them as they were counted here.
    """
    from graphkit.cli.graphs import walk_tables
    from graphkit.cli.output import emit, table
    from graphkit.store.queries import query_command

    label, only = _ends(from_, to)
    snapshot = app.strong_snapshot(
        min_evidence, reads=walk_tables([name for name, _ in via]), keep=[(label, only)] if only else ()
    )
    ties = walked_ties(snapshot, via)
    kinds, tied = np.array([kind for kind, _ in ties.names], object), np.diff(ties.graph.indptr) > 0
    teachers, targets = np.flatnonzero((kinds == label) & tied), np.flatnonzero((kinds == to) & tied)
    sources = teachers if only is None else np.intersect1d(teachers, [_row(ties, label, only)])
    rows: list[dict[str, Any]] = []
    if sources.size and targets.size:
        rows, learned = _predicted(
            app, ties, (sources, targets, teachers), top=top, factors=factors, seed=seed, whole=not via
        )
    if min_evidence is not None:
        rows = [{**row, "query": None, "params": {}} for row in rows]  # it reads every row
    text = table(
        told_rows(rows), ("source", "rank", "target", "name", "evidence"), keep=("source", "target"), lines="evidence"
    )
    emit(form=form, output=output, rows=rows, columns=COLUMNS, text=text, color=app.settings.color)
    if not rows:
        app.say(_nothing(sources, targets, from_, to, via))
        return
    asked, told = len(snapshot.nodes(label)) if only is None else 1, len({row["source"] for row in rows})
    if told < asked:
        app.say(
            f"{asked - told:,} of {asked:,} {label} get no row: no walk leads from them to a {to} they are not tied with"
        )
    app.say(learned)
    if rows[0]["query"]:
        app.say(f"look up a row: {query_command(WAYS, rows[0]['params'])}")


def _ends(from_: str, to: str) -> tuple[str, str | None]:
    """Return label and id of ``--from``; labels that do not exist are refused."""
    from graphkit.cli.graphs import check_labels

    label, _, id_ = from_.partition(":")
    check_labels([label], "--from")
    check_labels([to], "--to")
    return label, id_ or None


def _row(ties: Walked, label: str, id_: str) -> int:
    """Return the row of a node, or say which id is unknown."""
    from graphkit.cli.graphs import check_node
    from graphkit.cli.options import LabelId

    check_node(ties.snapshot, LabelId(label, id_))
    return ties.names.index((label, id_))


def _predicted(
    app: App, ties: Walked, ends: tuple[Rows, Rows, Rows], *, top: int, factors: int, seed: int, whole: bool
) -> tuple[list[dict[str, Any]], str]:
    """Return the rows, and what was learned from how many ties."""
    from graphkit.planning.links import predict_links

    sources, targets, teachers = ends
    known = _known(ties.snapshot, sources, targets) if not whole else {}
    more = max(map(len, known.values()), default=0)  # ties of kinds that are not walked are known too
    with app.working("predict links") as progress:
        found = predict_links(
            ties.graph,
            sources,
            targets,
            top=top + more,
            words=_words(ties),
            rank=factors,
            learn_from=teachers,
            rng=seed,
            progress=progress,
        )
    return link_rows(ties, found, known, top), _learned(found)


def _learned(found: PredictedLinks) -> str:
    """Say what the weights rest on."""
    if found.n_hidden:
        return f"scores compare within a source only; what counts was learned on {found.n_hidden:,} hidden ties"
    stated = ", ".join(f"{name} {value:g}" for name, value in found.weights.items() if value)
    return f"scores compare within a source only; too few known ties to learn what counts (30 needed), so it is stated: {stated}"


def _known(snapshot: Snapshot, sources: Rows, targets: Rows) -> dict[int, set[int]]:
    """Return the targets of each source by ties of every kind."""
    from graphkit.cli.graphs import typed_graph

    graph, _ = typed_graph(snapshot)
    wanted = set(targets.tolist())
    return {
        row: wanted.intersection(graph.indices[graph.indptr[row] : graph.indptr[row + 1]].tolist())
        for row in sources.tolist()
    }


def _words(ties: Walked) -> sparse.csr_array | None:
    """Return how often each pair of letters stands in names and texts; users have none."""
    from graphkit.cli.documents import documents
    from graphkit.matching.text import count_matrix, grams

    snapshot, names = ties.snapshot, ties.names
    labels = dict.fromkeys(label for label, _ in names if label != "User")
    texts, _ = documents(snapshot, [label for label in labels if "name" in snapshot.nodes(label).columns])
    counts = [grams(" ".join(texts.get(f"{label}:{id_}", ())), (2, 3)) for label, id_ in names]
    column = {gram: i for i, gram in enumerate(sorted({gram for count in counts for gram in count}))}
    return count_matrix(counts, column) if column else None


def _nothing(sources: Rows, targets: Rows, from_: str, to: str, via: tuple[tuple[str, float], ...]) -> str:
    """Say why there is no row, and what to do about it."""
    kinds = (
        f"of {', '.join(name for name, _ in via)}; leave out --via to walk all kinds"
        if via
        else "in the store; load some: graphkit load DIR"
    )
    if not sources.size or not targets.size:
        return f"no {from_ if not sources.size else to} has a tie {kinds}"
    return f"no walk leads from {from_} to a {to} it is not tied with"
