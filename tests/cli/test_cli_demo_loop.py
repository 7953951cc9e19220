"""The demo's second half: one chain of manifests, events that are sound input, and plans judged on the planted truth."""

import json

import pytest

from graphkit.cli import run
from graphkit.store.files import check_directory


@pytest.fixture(scope="module")
def loop(tmp_path_factory):
    """A small demo folder after one loop."""
    root = tmp_path_factory.mktemp("loop") / "graphkit-demo"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("graphkit.cli.context.install", lambda: None)
        assert run(["-q", "demo", str(root), "--users", "600", "--loop"]) == 0
    return root


def test_every_step_is_made_from_earlier_ones(loop):
    """Learn, plan, run, evaluate, learn, plan: what a step was made from is the store, or an earlier step's digest."""
    steps = json.loads((loop / "loop.json").read_text(encoding="utf-8"))["steps"]
    assert [step["step"] for step in steps] == ["learn", "plan", "run", "evaluate", "learn", "plan"]
    known = {steps[0]["from"][0]}
    for step in steps:
        assert set(step["from"]) <= known
        known.add(step["digest"])
    assert len(known) == 7


def test_the_second_plan_is_kept_and_its_promise_judged(loop):
    """`plan-2.json` is a plan; both promises stand beside the reach on the planted chances with its interval."""
    plans = json.loads((loop / "loop.json").read_text(encoding="utf-8"))["plans"]
    for name, told in zip(("plan", "plan-2"), plans, strict=True):
        made = json.loads((loop / f"{name}.json").read_text(encoding="utf-8"))
        assert (made["plan"], made["reach"]["mean"]) == (told["plan"], told["promised"])
        assert told["true_interval"][0] < told["true"] < told["true_interval"][1]
        assert told["error"] == pytest.approx(abs(told["promised"] - told["true"]) / told["true"])
    assert plans[0]["plan"] != plans[1]["plan"]


def test_its_events_are_sound_input_and_go_with_the_next_demo(loop):
    """`check` finds nothing wrong with the campaign's events; a demo without the loop starts without them."""
    assert (loop / "data" / "events" / "campaign.csv").exists()
    assert check_directory(loop / "data").ok
    assert run(["-q", "demo", str(loop), "--users", "600"]) == 0
    assert not (loop / "data" / "events" / "campaign.csv").exists()
