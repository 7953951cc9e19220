"""``graphkit partners``: whom to join, and how to share."""

from __future__ import annotations

from typing import Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.cli.options import LABEL_ID, LabelId, for_option, output_options, seed_option

__all__ = ["partners", "partners_text"]

COLUMNS = ("rank", "partner", "fit", "adds", "adds_interval", "exclusive", "share", "share_interval", "scores", "reasons")
_SCORES = ("theme", "audience", "brand", "data", "will", "goal", "complement", "culture", "novelty")


@click.command(cls=Command, examples=["graphkit partners --for Film:f01 --max 5", "graphkit partners --for Film:f01 --max 3 --split --lead Film:f01 --format json"])
@for_option
@click.option("--max", "max_", type=click.IntRange(min=1), default=10, help="Partners at most.")
@click.option("--plan", "plan_id", metavar="PLAN", help="Count only what partners add to this plan.")
@click.option("--lead", type=LABEL_ID, help="A party without whom there is no profit, usually the owner of the film or course; it gets a row and a share, so --split is implied.")
@click.option("--split", is_flag=True, help="Also split the joint profit (Shapley).")
@click.option("--diversity", type=click.FloatRange(0, 1), default=0.0, help="Weight against partners like those already listed.")
@click.option("--novelty", type=click.FloatRange(0, 1), default=0.0, help="Weight of sectors that seldom work together, in the order and in the fit.")
@click.option("--conflict", "conflicts", multiple=True, metavar="TAG", help="A tag two partners must not share: sharing it sets brand to 0. Repeatable.")
@seed_option
@output_options
@pass_app
def partners(
    app: App, for_: LabelId, max_: int, plan_id: str | None, lead: LabelId | None, split: bool, diversity: float, novelty: float, conflicts: tuple[str, ...],
    seed: int, form: str | None, output: str | None,
) -> None:
    """Rank partner brands by fit, added reach and past co-operation; unmeasured parts are null."""
    from graphkit.cli.output import emit
    from graphkit.cli.plans import rebuild
    from graphkit.planning.partners import partners as choose

    plan = rebuild(app, plan_id) if plan_id else None
    with app.timed("partners"):
        found = choose(
            app.snapshot(), for_=str(for_), max_partners=max_, plan=plan, lead=str(lead) if lead else None, split=split, rng=seed,
            diversity=diversity, novelty=novelty, conflicts=conflicts,
        )  # fmt: skip
    document = found.to_dict()
    emit(form=form, output=output, rows=document["partners"], columns=COLUMNS, document=document, text=partners_text(document), color=app.settings.color)


def partners_text(found: dict[str, Any]) -> str:
    """Return the portfolio as a planner reads it; columns nobody measured are left out."""
    from graphkit.cli.output import table

    rows = []
    for partner in found["partners"]:
        scores = partner.get("scores") or {}
        row = {"rank": partner["rank"], "partner": partner["partner"], "name": _other_name(partner), "fit": partner.get("fit"),
               "fit_rank": _ranks(partner, "fit"), **{name: scores.get(name) for name in _SCORES}, "history": partner.get("history"),
               "adds": _whole(partner, "adds"), "exclusive": _whole(partner, "exclusive"), "history_rank": _ranks(partner, "history"), "share": _whole(partner, "share")}
        rows.append({name: round(value, 3) if isinstance(value, float) else value for name, value in row.items()})
    measured = [name for name in (rows[0] if rows else ()) if any(row[name] is not None for row in rows)]
    lines = [f"Partners for {found['for']}", table(rows, measured).rstrip("\n") if rows else "(none)"]
    if found.get("joint_reach") is not None:
        joint = found["joint_reach"]
        mean = joint.get("mean") if isinstance(joint, dict) else joint
        lines.append(f"joint reach {mean:,.0f}" if mean is not None else "joint reach not measured")
    if found.get("split") is not None:
        split = found["split"]
        led = f", led by {split['lead']}" if split["lead"] else ""
        stable = {True: "stable", False: "not stable", None: "stability not known"}[split["stable"]]
        lines.append(f"shares sum to {split['joint']:,.0f} users{led}; {stable}: {split['stable_reason']}")
    unmeasured = [name for name in _SCORES if name not in measured]
    lines += [f"not measured: {', '.join(unmeasured)}"] if rows and unmeasured else []
    lines += [f"rejected {len(found['rejected'])}"] if found.get("rejected") else []
    lines += [f"assumed: {text}" for text in found.get("assumptions", ())]
    return "\n".join(lines)


def _other_name(partner: dict[str, Any]) -> str | None:
    """Return the display name where it says more than the id."""
    name = partner.get("name")
    return name if name and name not in str(partner["partner"]) else None


def _whole(partner: dict[str, Any], what: str) -> str | None:
    """Return a number of people with its interval."""
    value, interval = partner.get(what), partner.get(f"{what}_interval")
    if value is None:
        return None
    if not interval or interval[0] == interval[1]:
        return f"{value:,.0f}"
    return f"{value:,.0f} ({interval[0]:,.0f} to {interval[1]:,.0f})"


def _ranks(partner: dict[str, Any], by: str) -> str | None:
    """Return the ranks that other weights would give: of the criteria for fit, of the learned features for history."""
    interval = partner.get(f"{by}_rank_interval")
    return f"{interval[0]} to {interval[1]}" if interval else None
