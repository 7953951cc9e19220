"""The second half of ``graphkit demo --loop``: run the plan on the planted truth, evaluate it, learn again, plan again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from graphkit.cli.context import App
    from graphkit.diffusion.learn import LearnedProbabilities
    from graphkit.planning.channels import ChannelPlan
    from graphkit.projection.projection import Projection

__all__ = ["CAMPAIGN_EVENTS", "close_the_loop", "plan_learned", "planted"]

CAMPAIGN_EVENTS = "events/campaign.csv"


def close_the_loop(
    app: App, root: Path, learned: LearnedProbabilities, first: ChannelPlan, *, seed: int
) -> list[tuple[str, str]]:
    """Run, evaluate, learn and plan once more; write the campaign's events and ``loop.json``; return what to tell, step by step."""
    from graphkit.cli.output import write_out
    from graphkit.diffusion.adoptions import adoptions
    from graphkit.diffusion.learn import learn
    from graphkit.planning.evaluate import evaluate
    from graphkit.planning.rehearsal import expected_reach, rehearse
    from graphkit.store.files import read_events
    from graphkit.synthetic.people import START

    truth = planted(learned.projection, root / "data")
    with app.timed("run"):
        events = rehearse(first, truth, starts_ts=START, rng=seed)
    log = str(events.to_csv(index=False, lineterminator="\n"))
    write_out(log, str(root / "data" / CAMPAIGN_EVENTS))
    seen = evaluate(first, events, rng=seed)
    with app.timed("learn"):
        again = learn(learned.projection, adoptions(read_events(root / "data")), rng=seed)
    app.keep_learned(again)
    second = plan_learned(app, first.for_, first.budget, seed=first.request["seed"])
    write_out(second.to_json() + "\n", str(root / "plan-2.json"))
    judged = [_judged(plan, *expected_reach(plan, truth, rng=seed)) for plan in (first, second)]
    chain = {
        "schema_version": 1,
        "steps": _steps(app.snapshot().digest, learned, first, log, seen, again, second),
        "plans": judged,
    }
    write_out(json.dumps(chain, ensure_ascii=False, indent=2) + "\n", str(root / "loop.json"))
    return _told(root, events, seen, again, judged)


def planted(graph: Projection, data: Path) -> Projection:
    """Return the graph with the chances that truth.json plants on its ties."""
    import numpy as np

    chance = {
        (source, target): p
        for source, target, p in json.loads((data / "truth.json").read_text(encoding="utf-8"))["arcs"]
    }
    ids = np.asarray(graph.nodes.ids, dtype=object)
    ends = zip(ids[graph.sources].tolist(), ids[graph.indices].tolist(), strict=True)
    return graph.with_probability(np.array([chance[pair] for pair in ends]))


def plan_learned(app: App, for_: str, budget: float, *, seed: int) -> ChannelPlan:
    """Plan with the learned ties and keep the plan."""
    from graphkit.cli.plans import keep_plan
    from graphkit.planning.channels import plan

    with app.progress() as progress, app.timed("plan"):
        found = plan(
            app.snapshot(learned=True, about=for_),
            for_=for_,
            budget=budget,
            probability="learned",
            rng=seed,
            progress=progress,
        )
    keep_plan(app, found.to_dict())
    return found


def _judged(plan: ChannelPlan, true: float, interval: tuple[float, float]) -> dict[str, Any]:
    """A plan's promise beside what it truly reaches on average."""
    promised = plan.reach.mean
    return {
        "plan": plan.plan,
        "promised": promised,
        "interval": list(plan.reach.interval),
        "true": true,
        "true_interval": list(interval),
        "error": abs(promised - true) / true,
    }


def _steps(store: str, learned: Any, first: Any, log: str, seen: Any, again: Any, second: Any) -> list[dict[str, Any]]:
    """One chain of manifests: what each step made, and what it was made from."""
    import hashlib

    run = hashlib.sha256(log.encode()).hexdigest()
    steps = [
        ("learn", learned.manifest.digest, [store]),
        ("plan", first.manifest.digest, [store, learned.manifest.digest]),
        ("run", run, [first.manifest.digest]),
        ("evaluate", seen.manifest.digest, [first.manifest.digest, run]),
        ("learn", again.manifest.digest, [store, run]),
        ("plan", second.manifest.digest, [store, again.manifest.digest]),
    ]
    return [{"step": name, "digest": digest, "from": made} for name, digest, made in steps]


def _told(
    root: Path, events: pd.DataFrame, seen: Any, again: Any, judged: list[dict[str, Any]]
) -> list[tuple[str, str]]:
    shown, reached = int((events["kind"] == "exposure").sum()), int((events["kind"] == "view").sum())
    first, second = judged
    from graphkit.cli.plan_text import within

    promises = [f"{row['promised']:,.0f} ({within(row['interval'])})" for row in judged]
    return [
        (
            "run",
            f"{first['plan']} played once on the planted chances: {shown:,} exposures, {reached:,} users reached (events: {root / 'data' / CAMPAIGN_EVENTS})",
        ),
        (
            "evaluate",
            f"promised {promises[0]}, measured {'nothing' if seen.observed is None else format(seen.observed, ',.0f')}",
        ),
        ("learn", f"again, with these events: p averages {again.probability.mean():.3f}"),
        ("plan", f"{second['plan']}: reach {promises[1]}"),
        (
            "loop",
            (
                f"on average the first plan truly reaches {first['true']:,.0f} (promise off by {first['error']:.1%}), the second {second['true']:,.0f}"
                f" (off by {second['error']:.1%}); the chain of manifests: {root / 'loop.json'}"
            ),
        ),
    ]
