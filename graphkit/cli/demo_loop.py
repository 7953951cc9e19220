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

__all__ = ["CAMPAIGN_EVENTS", "close_the_loop", "planted"]

CAMPAIGN_EVENTS = "events/campaign.csv"


def close_the_loop(app: App, root: Path, learned: LearnedProbabilities, first: ChannelPlan, *, seed: int) -> list[tuple[str, str]]:
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
    write_out(_csv(events), str(root / "data" / CAMPAIGN_EVENTS))
    seen = evaluate(first, events, rng=seed)
    with app.timed("learn"):
        again = learn(learned.projection, adoptions(read_events(root / "data")), rng=seed)
    app.keep_learned(again)
    second = _plan_again(app, first)
    write_out(second.to_json() + "\n", str(root / "plan-2.json"))
    true = [expected_reach(plan, truth, rng=seed) for plan in (first, second)]
    write_out(json.dumps(_chain(app, learned, first, events, seen, again, second, true), ensure_ascii=False, indent=2) + "\n", str(root / "loop.json"))
    return _told(root, first, events, seen, again, second, true)


def planted(graph: Projection, data: Path) -> Projection:
    """Return the graph with the chances that truth.json plants on its ties."""
    import numpy as np

    chance = {(source, target): p for source, target, p in json.loads((data / "truth.json").read_text(encoding="utf-8"))["arcs"]}
    ids = np.asarray(graph.nodes.ids, dtype=object)
    ends = zip(ids[graph.sources].tolist(), ids[graph.indices].tolist(), strict=True)
    return graph.with_probability(np.array([chance[pair] for pair in ends]))


def _plan_again(app: App, first: ChannelPlan) -> ChannelPlan:
    from graphkit.cli.plans import keep_plan
    from graphkit.planning.channels import plan

    label, node = first.for_.split(":", 1)
    with app.progress() as progress, app.timed("plan"):
        found = plan(app.snapshot(learned=True), for_=(label, node), budget=first.budget, probability="learned", rng=first.request["seed"], progress=progress)
    keep_plan(app, found.to_dict())
    return found


def _csv(events: pd.DataFrame) -> str:
    return str(events.to_csv(index=False, lineterminator="\n"))


def _chain(app: App, learned: Any, first: Any, events: Any, seen: Any, again: Any, second: Any, true: Any) -> dict[str, Any]:
    """One chain of manifests: what each step made, and what it was made from."""
    import hashlib

    log = hashlib.sha256(_csv(events).encode()).hexdigest()
    store = app.snapshot().digest
    steps = [
        ("learn", learned.manifest.digest, [store]), ("plan", first.manifest.digest, [store, learned.manifest.digest]), ("run", log, [first.manifest.digest]),
        ("evaluate", seen.manifest.digest, [first.manifest.digest, log]), ("learn", again.manifest.digest, [store, log]),
        ("plan", second.manifest.digest, [store, again.manifest.digest]),
    ]  # fmt: skip
    plans = [
        {"plan": plan.plan, "promised": plan.reach.mean, "interval": list(plan.reach.interval), "true": mean, "true_interval": list(interval), "error": abs(plan.reach.mean - mean) / mean}
        for plan, (mean, interval) in zip((first, second), true, strict=True)
    ]
    return {"schema_version": 1, "steps": [{"step": name, "digest": digest, "from": made} for name, digest, made in steps], "plans": plans}


def _told(root: Path, first: Any, events: Any, seen: Any, again: Any, second: Any, true: Any) -> list[tuple[str, str]]:
    shown, reached = int((events["kind"] == "exposure").sum()), int((events["kind"] == "view").sum())
    low, high = first.reach.interval
    errors = [abs(plan.reach.mean - mean) / mean for plan, (mean, _) in zip((first, second), true, strict=True)]
    return [
        ("run", f"{first.plan} played once on the planted chances: {shown:,} exposures, {reached:,} users reached (events: {root / 'data' / CAMPAIGN_EVENTS})"),
        ("evaluate", f"promised {first.reach.mean:,.0f} ({low:,.0f} to {high:,.0f}), measured {'nothing' if seen.observed is None else format(seen.observed, ',.0f')}"),
        ("learn", f"again, with these events: p averages {again.probability.mean():.3f}"),
        ("plan", f"{second.plan}: reach {second.reach.mean:,.0f} ({second.reach.interval[0]:,.0f} to {second.reach.interval[1]:,.0f})"),
        ("loop", (f"on average the first plan truly reaches {true[0][0]:,.0f} (promise off by {errors[0]:.1%}), the second {true[1][0]:,.0f} (off by {errors[1]:.1%});"
                 f" the chain of manifests: {root / 'loop.json'}")),
    ]  # fmt: skip
