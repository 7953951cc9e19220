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
    found = gk("simulate", "--seeds", "a", "--estimate")[1]
    assert found["per_set"] == 0
    assert 0 <= found["processor_seconds"][0] <= found["processor_seconds"][1]
    assert "mean" not in found


@pytest.mark.parametrize(
    "command",
    [
        ["seeds", "--k", "2", "--probability", "0.3"],
        ["simulate", "--seeds", "a", "--probability", "0.3", "--model", "sir", "--max-steps", "4"],
    ],
)
def test_jobs_change_the_threads_and_nothing_else(command, gk, monkeypatch):
    """One and two threads, asked for by flag or variable, print the same; that many are started."""
    from graphkit.engine import base

    started, pool = [], base.ThreadPoolExecutor

    def watched(workers, **more):
        started.append(workers)
        return pool(workers, **more)

    monkeypatch.setattr(base, "ThreadPoolExecutor", watched)
    code, one = gk(*command, "--jobs", "1")
    assert (code, started) == (0, [])
    two = gk(*command, "--jobs", "2")[1]
    assert set(started) == {2}
    monkeypatch.setenv(f"GRAPHKIT_{command[0].upper()}_JOBS", "3")
    three = gk(*command)[1]
    assert set(started) == {2, 3}
    for found in (one, two, three):
        del found["manifest"]["seconds"], found["replay"]["command"]
    assert one == two == three


def test_jobs_need_threads(gk):
    """No job, or two in a row, is exit 2."""
    assert gk("seeds", "--k", "2", "--jobs", "0")[0] == 2
    assert gk("seeds", "--k", "2", "--jobs", "2", "--engine", "serial")[0] == 2
    assert gk("seeds", "--k", "2", "--jobs", "1", "--engine", "serial")[0] == 0


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


def test_every_step_has_its_interval(gk):
    """JSON, rows and text: each step of a simulation lies inside its own 95 % interval."""
    code, found = gk("simulate", "--seeds", "a", "--probability", "0.5", "--worlds", "400")
    assert code == 0
    assert len(found["by_step"]) == len(found["by_step_interval"])
    assert found["by_step_interval"][0] == [1.0, 1.0]
    for new, (low, high) in zip(found["by_step"][1:], found["by_step_interval"][1:], strict=True):
        assert 0 < low < new < high


def test_rows_of_a_simulation_carry_both_ends(store, capsys):
    """csv has a column for either end, the table too."""
    for form, head in (
        ("csv", "step,newly_active,lower,upper"),
        ("table", "step  newly_active  lower 95 %  upper 95 %"),
    ):
        assert run(["--store", store, "simulate", "--seeds", "a", "--probability", "0.5", "--format", form]) == 0
        assert head in capsys.readouterr().out


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("command", [["seeds", "--k"], ["simulate", "--seeds"]])
def test_one_seed_is_not_told_as_several(command, lang, store, capsys):
    """One seed reaches, two seeds reach; both in Chinese."""
    for given, english in ((("1", "a"), "1 seed reaches "), (("2", "a,b"), "2 seeds reach ")):
        asked = [*command, given[command[-1] == "--seeds"], "--probability", "0.5", "--format", "table"]
        assert run(["--lang", lang, "--store", store, *asked]) == 0
        told = capsys.readouterr().out
        assert told.startswith(english if lang == "en" else f"{given[0]} 个种子触达")


@pytest.mark.parametrize(
    "command", [["seeds", "--k", "2"], ["simulate", "--seeds", "a"], ["seeds", "--k", "1", "--estimate"]]
)
def test_an_empty_store_is_told_in_words_of_the_user(command, tmp_path, capsys, monkeypatch):
    """Nothing loaded, or nobody agreed: the sentence says so and names the next command, not how we hold a graph."""
    monkeypatch.setattr("graphkit.cli.context.install", lambda: None)
    empty = ["--store", str(tmp_path / "store")]
    assert run([*empty, "schema", "apply"]) == 0
    assert run([*empty, *command]) == 3
    err = capsys.readouterr().err
    assert "the store holds no User yet" in err
    assert "graphkit load DIR" in err
    assert run([*empty, *command, "--nodes", "Channel", "--via", "LINKED_WITH"]) == 3
    assert "holds no Channel yet" in capsys.readouterr().err
    (tmp_path / "in/nodes").mkdir(parents=True)
    (tmp_path / "in/dataset.toml").write_text('name = "x"\ncurrency = "CNY"\ntime_zone = "UTC"\n')
    (tmp_path / "in/nodes/user.csv").write_text("id,consent\na,false\n")
    assert run([*empty, "load", str(tmp_path / "in")]) == 0
    capsys.readouterr()
    assert run([*empty, *command]) == 3
    err = capsys.readouterr().err
    assert "has agreed" in err
    assert "projection" not in err


def test_a_seed_outside_the_graph_is_told_why(store, capsys):
    """Unknown ids are counted and near ones named; a label that is not in the graph is said."""
    assert run(["--store", store, "simulate", "--seeds", "aa"]) == 2
    err = capsys.readouterr().err
    assert "there is no User with id 'aa'" in err
    assert "close: a" in err
    assert "projection" not in err
