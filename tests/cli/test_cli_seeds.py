"""Commands ``seeds`` and ``simulate``: memory told beforehand, rules in pairs, properties by name."""

import json

import pytest

from graphkit.cli import run


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Four users, loaded."""
    folder = tmp_path_factory.mktemp("seeds")
    for name in ("nodes", "relationships"):
        (folder / "in" / name).mkdir(parents=True)
    (folder / "in/dataset.toml").write_text('name = "four"\ncurrency = "CNY"\ntime_zone = "UTC"\n')
    (folder / "in/nodes/user.csv").write_text("id,consent,region\na,true,n\nb,true,n\nc,true,s\nd,true,s\n")
    (folder / "in/relationships/knows.csv").write_text("source,target\na,b\nb,c\nc,d\n")
    path = str(folder / "store")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("graphkit.cli.context.install", lambda: None)
        assert run(["--store", path, "load", str(folder / "in")]) == 0
        yield path


@pytest.fixture
def gk(store, capsys):
    """Run a command on the store; return the exit code and the JSON printed, or None."""

    def call(*arguments):
        capsys.readouterr()
        code = run(["--store", store, *arguments, "--format", "json"])
        return code, json.loads(capsys.readouterr().out) if code == 0 else None

    return call


def test_estimate_tells_memory_and_runs_nothing(gk):
    """Rounds rise; a simulation has no reverse sets."""
    code, found = gk("seeds", "--k", "1", "--estimate")
    assert code == 0
    assert "seeds" not in found
    assert [row["n_rr_sets"] for row in found["rounds"]][:2] == [8192, 16384]
    assert gk("simulate", "--seeds", "a", "--estimate")[1]["per_set"] == 0


def test_groups_and_properties(gk):
    """One seed a region; half a rule is exit 2, an unknown property exit 3."""
    code, found = gk("seeds", "--k", "4", "--probability", "0.1", "--group", "region", "--per-group", "1")
    assert code == 0
    assert len(found["seeds"]) == 2
    assert gk("seeds", "--k", "1", "--group", "region")[0] == 2
    assert gk("seeds", "--k", "1", "--value", "wealth")[0] == 3


def test_seeds_of_an_epidemic(gk):
    """With certain transmission the head of the path reaches all four in time; without recovery steps are needed (exit 2)."""
    law = ("--k", "1", "--probability", "1.0", "--model")
    code, found = gk("seeds", *law, "sir", "--transmission", "1", "--recovery", "0.5", "--max-steps", "3")
    assert (code, found["seeds"]) == (0, ["a"])
    assert found["spread"] == pytest.approx(4.0)
    assert gk("seeds", *law, "si", "--transmission", "0.5", "--max-steps", "2")[1]["spread"] < 4
    assert gk("seeds", *law, "si", "--transmission", "0.5")[0] == 2
