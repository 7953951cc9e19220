"""``graphkit partners``: whom to join, and how to share."""

from __future__ import annotations

import math
from typing import Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.options import PROMOTED_ID, LabelId, for_option, min_evidence_option, output_options, seed_option
from graphkit.errors import InvalidParameter

__all__ = ["partners", "partners_text"]

COLUMNS = (
    "rank",
    "partner",
    "fit",
    "fit_rank_interval",
    "adds",
    "adds_interval",
    "exclusive",
    "exclusive_interval",
    "share",
    "share_interval",
    "scores",
    "reasons",
)
_SCORES = ("theme", "audience", "brand", "data", "will", "goal", "complement", "culture", "novelty")
_MOST_REJECTED = 5
_EVERYBODY = ("rank", "partner")


@click.command(
    cls=Command,
    examples=[
        "graphkit partners --for Film:f01 --max 5",
        "graphkit partners --for Film:f01 --max 3 --split --lead Film:f01 --format json",
    ],
)
@for_option
@click.option("--max", "max_", type=click.IntRange(min=1), default=10, help="Partners at most.")
@click.option("--plan", "plan_id", metavar="PLAN", help="Count only what partners add to this plan.")
@click.option(
    "--lead",
    type=PROMOTED_ID,
    help="A party without whom there is no profit, usually the owner of the film or course; it gets a row and a share, so --split is implied.",
)
@click.option("--split", is_flag=True, help="Also split the joint profit (Shapley).")
@click.option(
    "--diversity", type=click.FloatRange(0, 1), default=0.0, help="Weight against partners like those already listed."
)
@click.option(
    "--novelty",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Weight of sectors that seldom work together, in the order and in the fit.",
)
@click.option(
    "--conflict",
    "conflicts",
    multiple=True,
    metavar="TAG",
    help="A tag two partners must not share: sharing it with the item sets brand to 0, of two partners only one is listed. Repeatable.",
)
@click.option(
    "--weight",
    "weights",
    multiple=True,
    metavar="CRITERION=W",
    help="Weight of a criterion in the fit (repeat).  [default: 1 each]",
)
@click.option("--min-cell", type=click.IntRange(min=0), default=50, help="Smallest audience shown.")
@click.option(
    "--aliases",
    metavar="FILE|none",
    default="proposed",
    show_default=False,
    help="Spellings counted as one name: a reviewed table (CSV with name, variant[, join]), or none.  [default: those proposed]",
)
@click.option(
    "--write-aliases",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Also write the spellings considered as CSV: edit join and give it back by --aliases.",
)
@min_evidence_option
@seed_option
@output_options
@pass_app
def partners(
    app: App,
    for_: LabelId,
    max_: int,
    plan_id: str | None,
    lead: LabelId | None,
    split: bool,
    diversity: float,
    novelty: float,
    conflicts: tuple[str, ...],
    weights: tuple[str, ...],
    min_cell: int,
    aliases: str,
    write_aliases: str | None,
    min_evidence: str | None,
    seed: int,
    form: str | None,
    output: str | None,
) -> None:
    """Propose partners as a set, by fit, added reach and past co-operation; unmeasured parts are null."""
    from graphkit.cli.output import emit
    from graphkit.cli.plans import rebuild
    from graphkit.planning.partners import partners as choose

    plan = rebuild(app, plan_id) if plan_id else None
    with app.working("choose partners") as progress:
        found = choose(
            app.snapshot(), for_=str(for_), max_partners=max_, plan=plan, lead=str(lead) if lead else None, split=split, rng=seed,
            diversity=diversity, novelty=novelty, conflicts=conflicts, weights=_weights(weights), min_cell=min_cell,
            aliases=_aliases(aliases), min_evidence=min_evidence, progress=progress,
        )  # fmt: skip
    if write_aliases:
        _write_aliases(app, write_aliases)
    document = found.to_dict()
    emit(
        form=form,
        output=output,
        rows=document["partners"],
        columns=COLUMNS,
        document=document,
        text=partners_text(document),
        color=app.settings.color,
    )


def _weights(pairs: tuple[str, ...]) -> dict[str, float]:
    """Read CRITERION=W pairs."""
    found = {}
    for pair in pairs:
        name, _, number = pair.partition("=")
        try:
            found[name] = float(number)
        except ValueError:
            raise click.BadParameter(f"{pair!r} is not CRITERION=W, such as theme=2", param_hint="--weight") from None
    return found


def _aliases(given: str) -> Any:
    """Return the proposals, nothing, or the table in a file."""
    if given in ("proposed", "none"):
        return None if given == "none" else given
    import pandas as pd

    try:
        return pd.read_csv(given, dtype=str, keep_default_na=False, na_values=[""])
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        message = f"--aliases {given} cannot be read as CSV: {error}"
        raise InvalidParameter(
            message, parameter="aliases", value=given, hint="write one by --write-aliases FILE"
        ) from error


def _write_aliases(app: App, path: str) -> None:
    """Write every pair of spellings considered, the surest first."""
    from graphkit.matching.names import name_variants
    from graphkit.planning.history import past_members
    from graphkit.planning.partner_scores import read_partner_data

    table = name_variants(past_members(read_partner_data(app.snapshot()))).to_frame()
    try:
        table.to_csv(path, index=False)
    except OSError as error:
        message = f"--write-aliases {path}: {error.strerror or error}"
        raise InvalidParameter(
            message, parameter="write-aliases", value=path, hint="name a file in a folder that exists"
        ) from error


def partners_text(found: dict[str, Any]) -> str:
    """Return the portfolio as a planner reads it: who and how many, the scores, what it rests on; what nobody measured is left out."""
    rows = found["partners"]
    counts = [
        {
            "rank": r["rank"],
            "partner": r["partner"],
            "name": _other_name(r),
            "fit": _short(r["fit"]),
            "fit_rank": _ranks(r, "fit"),
            "history": _ranks(r, "history"),
            **{name: _near(r, name) for name in ("adds", "exclusive", "share")},
        }
        for r in rows
    ]
    scores = [
        {"partner": r["partner"], **{name: _short(r["scores"].get(name)) for name in _SCORES}}
        for r in rows
        if r["rank"] is not None
    ]
    lines = [f"Partners for {found['for']}", _measured(counts)] + (
        [_measured(scores)] if any(len(r) > 1 for r in scores) else []
    )
    if any(row.get(name) for row in counts for name in ("fit_rank", "history")):
        lines[1] = f"{lines[1].rstrip()}\nranks a to b: where 95 % of other weights put a partner\n"
    lines += _whole(found)
    unmeasured = [name for name in _SCORES if all(row[name] is None for row in scores)]
    lines += [f"not measured: {', '.join(unmeasured)}"] if scores and unmeasured else []
    lines += _refused(found.get("rejected") or [])
    lines += [f"assumed: {text}" for text in found.get("assumptions", ())]
    queries = dict.fromkeys(
        line
        for row in rows
        for line in row["evidence"]
        if line.startswith("graphkit ") and "partners/history" not in line
    )
    return "\n".join([*lines, *(f"look up: {line}" for line in queries)])


def _refused(rows: list[dict[str, str]]) -> list[str]:
    """Return who is out, and why; a long list ends with where the rest stands."""
    from graphkit.cli.language import spoken

    lines = [f"rejected: {row['label']}:{row['partner']}: {spoken(row['reason'])}" for row in rows[:_MOST_REJECTED]]
    more = len(rows) - len(lines)
    return [*lines, f"rejected {more} more: --format json lists all"] if more else lines


def _measured(rows: list[dict[str, Any]]) -> str:
    """Return a table of the columns that somebody has."""
    from graphkit.cli.output import table

    return table(rows, [name for name in rows[0] if name in _EVERYBODY or any(row[name] is not None for row in rows)])


def _whole(found: dict[str, Any]) -> list[str]:
    """Return what the set reaches together, how good that is, and what the shares sum to."""
    from graphkit.intervals import give_or_take

    joint, sure, split, lines = found.get("joint_reach"), found.get("certificate"), found.get("split"), []
    listed = sum(row["rank"] is not None for row in found["partners"])
    if joint is not None:
        lines.append(
            f"joint reach {give_or_take(joint['mean'], joint['interval'])}; no {listed} of the candidates reach more than {math.ceil(joint['at_most'] - 1e-6):,d}"
        )
    if sure is not None:
        share = math.floor(sure["ratio"] * 1000 + 1e-9) / 10  # a guarantee must not grow by printing it
        lines.append(f"this set has at least {share:g}% of the fit-weighted reach of the best {listed}")
    if split is not None:
        led = f", led by {split['lead']}" if split["lead"] else ""
        stable = {True: "stable", False: "not stable", None: "stability not known"}[split["stable"]]
        lines.append(f"shares sum to {split['joint']:,.0f} users{led}; {stable}: {split['stable_reason']}")
    return lines


def _other_name(partner: dict[str, Any]) -> str | None:
    """Return the display name where it says more than the id."""
    name = partner.get("name")
    return name if name and name not in str(partner["partner"]) else None


def _near(partner: dict[str, Any], what: str) -> str | None:
    """Return a number of people with half of its interval."""
    from graphkit.intervals import give_or_take

    return None if partner[what] is None else give_or_take(partner[what], partner[f"{what}_interval"])


def _short(score: float | None) -> float | None:
    return None if score is None else round(score, 2)


def _ranks(partner: dict[str, Any], by: str) -> str | None:
    """Return the ranks that other weights would give: of the criteria for fit, of the learned features for history."""
    interval = partner.get(f"{by}_rank_interval")
    return f"{interval[0]} to {interval[1]}" if interval else None
