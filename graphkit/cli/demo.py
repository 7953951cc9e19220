"""``graphkit demo``: from nothing to a plan, on made-up data with a known truth."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphkit.cli.context import App, pass_app
from graphkit.cli.group import Command
from graphkit.errors import InvalidParameter

if TYPE_CHECKING:
    from graphkit.diffusion.learn import LearnedProbabilities
    from graphkit.planning.channels import ChannelPlan
    from graphkit.projection.snapshot import Snapshot

__all__ = ["demo"]

_MARK = "truth.json"
_PARTNERS = 5
_MARGIN = 10  # cells of the name of a step
_CLIPS, _FEW_CLIPS = 600, 12


@click.command(
    cls=Command, examples=["graphkit demo", "graphkit demo my-demo --users 5000 --seed 3", "graphkit demo --loop"]
)
@click.argument("directory", default="graphkit-demo", type=click.Path(file_okay=False))
@click.option("--users", type=click.IntRange(200, 1_000_000), default=3000, help="Made-up users.")
@click.option(
    "--budget-share",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.15,
    help="Budget as a share of the price of all channels.",
)
@click.option("--seed", type=click.IntRange(min=0), default=7, help="Seed of all randomness: same seed, same demo.")
@click.option(
    "--loop",
    is_flag=True,
    help=f"Know little at first ({_FEW_CLIPS} past clips), run the plan on the planted truth, evaluate, learn again, plan again.",
)
@pass_app
def demo(app: App, directory: str, users: int, budget_share: float, seed: int, *, loop: bool) -> None:
    """Make a synthetic campaign in DIRECTORY, load, learn, plan, choose partners; write plan.json and plan.html.

    Running it again makes the same files again.
    """
    root = Path(directory)
    data = root / "data"
    if data.exists() and not (data / _MARK).exists():
        message = f"{data} exists and is no demo of graphkit"
        raise InvalidParameter(
            message, parameter="directory", value=directory, hint="give another folder: graphkit demo OTHER"
        )
    own = App(replace(app.settings, store=str(root / ".graphkit")))
    try:
        _run(own, root, users=users, budget_share=budget_share, seed=seed, loop=loop)
    finally:
        own.close()


def _run(app: App, root: Path, *, users: int, budget_share: float, seed: int, loop: bool) -> None:
    """Do one step after the other and say what was done."""
    from graphkit.cli.demo_loop import CAMPAIGN_EVENTS, close_the_loop
    from graphkit.cli.language import told
    from graphkit.projection.load import load_directory
    from graphkit.synthetic.campaign import write_campaign

    data = root / "data"
    with app.timed("write data"):
        (data / CAMPAIGN_EVENTS).unlink(missing_ok=True)
        made = write_campaign(data, n_users=users, seed=seed, clips=_FEW_CLIPS if loop else _CLIPS)
    _say("data", f"{sum(made['rows'].values()):,} rows of a made-up campaign in {data} (truth: {data / _MARK})")
    with app.progress() as progress, app.timed("load"):
        loaded = load_directory(app.open(create=True), data, progress=progress)
    _say(
        "load",
        f"{loaded.rows_in:,} rows into {root / '.graphkit'}: {sum(loaded.created.values()):,} created, {sum(loaded.unchanged.values()):,} unchanged",
    )
    learned, calibration = _learn(app, data, seed)
    film, budget = str(made["film"]), _budget(app.snapshot(), budget_share)
    planned = _plan(app, film, budget, seed)
    plan = planned.to_dict()
    found = _partners(app, film, seed)
    _write(app, root, plan, found, calibration)
    if loop:
        for step, text in close_the_loop(app, root, learned, planned, seed=seed):
            _say(step, text)
    click.echo(told("\nNext, try:"))
    for line in _next(root, film, budget, plan):
        click.echo(f"  {line}")


def _say(step: str, text: str) -> None:
    """Tell one step: this is the result of the command."""
    from graphkit.cli.language import language, shown_word, told, width_on
    from graphkit.report.text_width import pad, wrap

    name = step if language() == "en" else shown_word(f"demo {step}")
    width = width_on(sys.stdout)
    lines = [told(text)] if width is None else wrap(told(text), max(width - _MARGIN, 1))
    click.echo(pad(name, _MARGIN) + f"\n{' ' * _MARGIN}".join(lines))


def _learn(app: App, data: Path, seed: int) -> tuple[LearnedProbabilities, list[dict[str, Any]]]:
    """Learn the ties from the events of past campaigns and keep them."""
    from graphkit.cli.graphs import propagation_graph
    from graphkit.cli.learn import learned_document
    from graphkit.diffusion.adoptions import adoptions
    from graphkit.diffusion.learn import learn
    from graphkit.store.files import read_events

    with app.timed("learn"):
        found = learn(propagation_graph(app.snapshot(), (), (), None), adoptions(read_events(data)), rng=seed)
    app.keep_learned(found)
    told = learned_document(found)
    _say(
        "learn",
        f"{told['n_arcs']:,} ties, p median {told['p_median']:.3f} (90 % of them {told['p_90'][0]:.3f} to {told['p_90'][1]:.3f})",
    )
    _say("truth", _against_truth(found, data))
    return found, told["calibration"]


def _against_truth(found: LearnedProbabilities, data: Path) -> str:
    """Say how far the learned chances are from the planted ones: this is made-up data, so the truth is known."""
    import numpy as np

    from graphkit.cli.demo_loop import planted

    truth = np.asarray(planted(found.projection, data).probability)
    inside = (found.interval[:, 0] <= truth) & (truth <= found.interval[:, 1])
    return (
        f"planted chances average {truth.mean():.3f}, learned ones {found.probability.mean():.3f};"
        f" {inside.mean():.0%} of the 95 % intervals hold the planted chance"
    )


def _budget(snapshot: Snapshot, share: float) -> int:
    """Return a budget in round thousands that buys something."""
    import numpy as np

    costs = np.array([float(cost) for cost in snapshot.nodes("Channel").column("cost").tolist() if cost is not None])
    return int(round(share * float(costs.sum()), -3)) or int(costs.max())


def _plan(app: App, film: str, budget: float, seed: int) -> ChannelPlan:
    """Plan with the learned ties and say what was found."""
    from graphkit.cli.demo_loop import plan_learned
    from graphkit.cli.plan_text import rounded_down, within

    planned = plan_learned(app, f"Film:{film}", int(budget), seed=seed)
    made = planned.to_dict()
    reach = made["reach"]
    materials = {item["material"] for item in made["items"]} - {None}
    _say(
        "plan",
        f"{made['plan']}: {len(made['items'])} channels with {len(materials)} materials for {made['spent']:,.0f} of {budget:,.0f} reach {reach['mean']:,.0f}"
        f" ({within(reach['interval'])}); adding up would say {made['adding_up_would_have_said']:,.0f};"
        f" at least {rounded_down(made['certificate']['ratio'])} of the best plan",
    )
    return planned


def _partners(app: App, film: str, seed: int) -> dict[str, Any] | None:
    """Choose partners for the film; say why when these data allow none."""
    from graphkit.errors import DataInvalid, UnknownName
    from graphkit.planning.partners import partners

    try:
        with app.timed("partners"):
            found: dict[str, Any] = partners(
                app.snapshot(), for_=("Film", film), max_partners=_PARTNERS, rng=seed
            ).to_dict()
    except (DataInvalid, UnknownName) as error:
        _say("partners", f"none: {error.message}")
        return None
    brands = app.snapshot().nodes("Brand")
    named = dict(zip(brands.ids.tolist(), brands.column("name").tolist(), strict=True))
    told = [
        f"{row['partner']} {named.get(row['partner']) or ''} (fit {row['fit']:.2f})"
        for row in found["partners"][:3]
        if row.get("fit") is not None
    ]
    _say("partners", ", ".join(told) or "none")
    return found


def _write(
    app: App, root: Path, plan: dict[str, Any], found: dict[str, Any] | None, calibration: list[dict[str, Any]]
) -> None:
    """Write plan.json and plan.html."""
    from graphkit.cli.output import write_out
    from graphkit.cli.report import page

    write_out(json.dumps(plan, ensure_ascii=False, indent=2) + "\n", str(root / "plan.json"))
    with app.timed("report"):
        write_out(page(app, plan, found=found, extras={"calibration": calibration}), str(root / "plan.html"))
    _say("report", f"{root / 'plan.html'} and {root / 'plan.json'}")


def _next(root: Path, film: str, budget: float, plan: dict[str, Any]) -> list[str]:
    """Return commands to try next."""
    first = plan["items"][0]["channel"] if plan["items"] else "c01"
    return [
        f"cd {shlex.quote(str(root))}",
        f"graphkit plan --for Film:{film} --budget {budget / 2:.0f} --probability learned",
        f"graphkit whatif {plan['plan']} --drop {first}",
        f"graphkit partners --for Film:{film} --max 3",
    ]
