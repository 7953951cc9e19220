"""``graphkit learn``: who passes things on to whom, from events."""

from __future__ import annotations

from typing import Any

import click
import numpy as np

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.options import dry_run_option, output_options, seed_option
from graphkit.diffusion.adoptions import ADOPTING

__all__ = ["learn", "learned_document"]

COLUMNS = ("size_bin", "items", "predicted", "simulated", "observed")


@click.command(
    cls=Command,
    examples=[
        "graphkit learn --events data/",
        "graphkit learn --events data/ --format json",
        "graphkit learn --events data/ --by tag",
    ],
)
@click.option(
    "--events",
    required=True,
    type=click.Path(),
    help="Event files, or the directory that holds events/: item, user, ts.",
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    metavar="KIND",
    help=f"Kinds of event that count as taking an item up (repeat).  [default: {', '.join(ADOPTING)}]",
)
@click.option("--method", type=click.Choice(["auto"]), default="auto", help="How credit for an adoption is shared.")
@click.option(
    "--by",
    type=click.Choice(["tag"]),
    help="Learn chances by the heaviest tag of the items as well; a plan then takes those of what it promotes.",
)
@click.option(
    "--keep/--no-keep",
    default=True,
    help="Keep the learned ties beside the store, so that plan --probability learned finds them.",
)
@click.option(
    "--write",
    is_flag=True,
    help="Also write them into an embedded store as relationships INFLUENCES, for queries; a server always gets them.",
)
@dry_run_option
@seed_option
@output_options
@pass_app
def learn(
    app: App,
    events: str,
    kinds: tuple[str, ...],
    method: str,
    by: str | None,
    keep: bool,
    write: bool,
    dry_run: bool,
    seed: int,
    form: str | None,
    output: str | None,
) -> None:
    """Learn the chance of every tie between users from who adopted what and when.

    Prints how the sizes it predicts compare with those observed.
    """
    from graphkit.cli.graphs import propagation_graph
    from graphkit.cli.output import emit, table
    from graphkit.diffusion.adoptions import adoptions
    from graphkit.diffusion.learn import learn as fit
    from graphkit.store.files import read_events

    graph, log = propagation_graph(app.snapshot(), (), (), None), adoptions(read_events(events), kinds)
    if by is not None:
        from graphkit.planning.learned import heaviest_tags

        log = log.assign(tag=log["item"].map(heaviest_tags(app.snapshot())))
    with app.working("learn chances") as progress:
        found = fit(graph, log, method=method, by=by, rng=seed, progress=progress)
    document = learned_document(found)
    if keep and dry_run:
        app.say(f"would keep {document['n_arcs']:,} learned ties")
    elif keep:
        app.keep_learned(found, write=write or None)
    rows = document["calibration"]
    columns = list(rows[0]) if rows else list(COLUMNS)
    text = f"{document['n_arcs']:,} ties, p median {document['p_median']:.4f} (90 % of them {document['p_90'][0]:.4f} to {document['p_90'][1]:.4f})\n"
    text += sizes_sentence(document) + "\n" + table(rows, columns)
    if found.topics:
        text += topics_sentence(found) + "\n" + table(document["topics"], list(document["topics"][0]))
    emit(form=form, output=output, rows=rows, columns=columns, document=document, text=text)


def sizes_sentence(document: dict[str, Any]) -> str:
    """Say what the factor on p is, and what p then gives for items it has not seen."""
    rows, ratio, factor = document["calibration"], document["size_ratio"], document["size_factor"]
    if ratio is None or not rows:
        return "Sizes could not be compared (too few items with three adopters, or none that spreads): p is as estimated tie by tie."
    items = sum(row["items"] for row in rows)
    simulated, predicted, observed = (
        sum(row["items"] * row[name] for row in rows) / items for name in ("simulated", "predicted", "observed")
    )
    done = "within chance of all: p is left as it is" if factor == 1 else f"so every p is multiplied by {factor:.3f}"
    return (
        f"Before scaling, cascades simulated from their first adopters gain {ratio:.2f} of the real later adopters, {done}. "
        f"Items left out have {observed:,.1f} adopters on average; simulated with p they have {simulated:,.1f}, "
        f"predicted from the first adopters' tempo as well {predicted:,.1f}."
    )


def topics_sentence(found: Any) -> str:
    """Say how much topics differ."""
    weight = found.topic_strength
    if np.isinf(weight):
        return "Items left out do not show that tags differ tie by tie: each has the plain chances, at its own level."
    return f"Tags differ: for each, items of other tags count as at most {weight:g} tries a tie."


def learned_document(found: Any) -> dict[str, Any]:
    """Return a summary of learned probabilities; no user is named."""
    from graphkit.cli.output import frame_rows

    p = np.asarray(found.projection.probability)
    low, middle, high = np.quantile(p, [0.05, 0.5, 0.95]) if p.size else (0.0, 0.0, 0.0)
    return {
        "schema_version": 1,
        "n_arcs": int(p.size),
        "p_median": float(middle),
        "p_90": [float(low), float(high)],
        "size_factor": found.size_factor,
        "size_ratio": found.size_ratio if np.isfinite(found.size_ratio) else None,
        "calibration": frame_rows(found.calibration),
        "manifest": found.manifest,
        "topics": [
            {
                "tag": name,
                "n_arcs_tried": int((each.tried > 0).sum()),
                "p_mean": float(each.probability.mean()) if each.arc.size else None,
                "p_mean_plain": float(p[each.arc].mean()) if each.arc.size else None,
            }
            for name, each in sorted(found.topics.items())
        ],
    }
