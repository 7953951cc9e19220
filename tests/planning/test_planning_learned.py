"""Chances on ties that were learned: kept beside each kind of store, joined by id, and learned from a directory's events."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import graphkit as gk
from graphkit.diffusion.adoptions import adoptions
from graphkit.errors import DataInvalid, StoreError
from graphkit.model.schema import USER_TIES
from graphkit.planning.campaign import prepare
from graphkit.planning.chances import Z95, tie_bounds
from graphkit.planning.draws import believed
from graphkit.planning.learned import learned_snapshot
from graphkit.planning.request import Request
from graphkit.projection.build import project
from graphkit.projection.learned import learned_ties
from graphkit.projection.load import load_directory
from graphkit.projection.snapshot import as_snapshot, take_snapshot
from graphkit.store.files import read_events
from graphkit.store.guard import guard_text
from graphkit.store.ties import load_ties

USERS = [f"u{i:02d}" for i in range(24)]
PLAN = {"for_": ("Film", "f1"), "budget": 250, "probability": "learned", "rng": 7}


@pytest.fixture
def data(tmp_path):
    """A ring of friends, three channels, one film, and cascades that always run clockwise to the next friend."""
    root = tmp_path / "data"
    for part in ("nodes", "relationships", "events"):
        (root / part).mkdir(parents=True)
    write = lambda name, head, rows: (root / name).write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    (root / "dataset.toml").write_text('name = "ring"\ncurrency = "CNY"\ntime_zone = "UTC"\n')
    write("nodes/user.csv", "id,consent", [f"{u},true" for u in USERS])
    write("nodes/film.csv", "id,name,kind", ["f1,流浪者,film"])
    write("nodes/channel.csv", "id,name,kind,cost", [f"c{i},渠道{i},kol,100" for i in range(3)])
    write(
        "relationships/knows.csv",
        "source,target",
        [",".join(sorted(pair)) for pair in zip(USERS, USERS[1:] + USERS[:1], strict=True)],
    )
    write(
        "relationships/reaches.csv",
        "source,target,p",
        [f"c{c},{USERS[8 * c + i]},0.5" for c in range(3) for i in range(2)],
    )
    rows = [
        f"{1_700_000_000 + 1000 * item + 10 * step},{USERS[(item + step) % 24]},like,post{item}"
        for item in range(24)
        for step in range(3)
    ]
    write("events/likes.csv", "ts,user,kind,item", rows)
    return root


def learned(source, data):
    """What `gk.learn` says about the ring."""
    return gk.learn(project(as_snapshot(source), types=USER_TIES), adoptions(read_events(data)), rng=7)


def test_a_plan_on_a_store_sees_the_ties_that_were_kept(store, data):
    """Before learning it says so; after it, the plan is the one on the same columns with the same ties, on every store."""
    load_directory(store, data)
    with pytest.raises(DataInvalid, match="nothing was learned") as error:
        gk.plan(store, **PLAN)
    assert "graphkit learn" in error.value.hint
    found = learned(take_snapshot(store), data)
    gk.keep_learned(store, found)
    plan, direct = gk.plan(store, **PLAN), gk.plan(found, **PLAN)
    assert plan.manifest.digest == direct.manifest.digest
    assert plan.reach.mean == direct.reach.mean
    assert plan.manifest.digest != gk.plan(store, **{**PLAN, "probability": "none"}).manifest.digest
    assert gk.whatif(plan, drop=[plan.items[0].channel]).reach.difference < 0
    assert (
        learned_snapshot(store, seed=0, about="Film:f1").edges("INFLUENCES")[0].column("p").tolist()
        == found.projection.probability.tolist()
    )


def test_ties_written_into_a_store_are_those_of_one_whole_run(store, data, tmp_path, monkeypatch):
    """As relationships: the same ones after writing twice, replaced by a newer run, found from another machine, no new version."""
    if not store.capabilities.cypher:
        pytest.skip("no Cypher")
    load_directory(store, data)
    version, found = store.version(), learned(take_snapshot(store), data)
    count = lambda: (
        store.read(
            guard_text("MATCH (:User)-[r:INFLUENCES]->(:User) RETURN count(r) AS n, count(DISTINCT r.run) AS runs")
        ).rows
    )
    for _ in range(2):
        gk.keep_learned(store, found, write=True)
        assert count() == [(found.projection.n_arcs, 1)]
    other = replace(found, projection=found.projection.with_probability(found.projection.probability / 2))
    gk.keep_learned(store, other)
    assert count() == [(found.projection.n_arcs, 1)]
    assert store.version() == version
    topic = SimpleNamespace(
        arc=np.array([1, 4]), probability=np.array([0.5, 0.25]), interval=np.array([[0.4, 0.6], [0.1, 0.3]])
    )
    other = replace(other, topics={"t1": topic})
    gk.keep_learned(store, other)
    assert count() == [(found.projection.n_arcs + 2, 1)]
    ties, given = load_ties(store), learned_ties(other)
    assert (ties["topics"].tolist(), ties["topic0_p"].tolist(), ties["run"].tolist()) == (
        ["t1"],
        [0.5, 0.25],
        given["run"].tolist(),
    )
    assert ties["level_error"].tolist() == [found.level_error]
    assert [ties["source"][i] for i in ties["topic0_row"]] == [given["source"][i] for i in (1, 4)]
    assert dict(
        zip(zip(ties["source"].tolist(), ties["target"].tolist(), strict=True), ties["p"].tolist(), strict=True)
    ) == named(learned_snapshot(store, seed=0, about="Film:f1"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert gk.plan(store, **PLAN).manifest.digest == gk.plan(other, **PLAN).manifest.digest


def test_a_cut_off_writing_leaves_the_ties_of_the_run_before(store, data, monkeypatch):
    """Ties of a run that was never marked complete are not read, and go with the next run."""
    if not store.capabilities.cypher:
        pytest.skip("no Cypher")
    load_directory(store, data)
    found = learned(take_snapshot(store), data)
    gk.keep_learned(store, found, write=True)
    whole = load_ties(store)
    half = replace(found, projection=found.projection.with_probability(0.25))
    monkeypatch.setattr("graphkit.store.ties._MARK", "RETURN 1 / 0 AS n LIMIT oops")
    with pytest.raises(StoreError):
        gk.keep_learned(store, half, write=True)
    monkeypatch.undo()
    assert {k: v.tolist() for k, v in load_ties(store).items()} == {k: v.tolist() for k, v in whole.items()}
    gk.keep_learned(store, half, write=True)
    assert set(load_ties(store)["p"].tolist()) == {0.25}


def test_a_directory_is_learned_from_its_events(data):
    """The same chances as learning by hand; without events it says what is missing."""
    ties = learned_snapshot(data, seed=7, about="Film:f1").edges("INFLUENCES")[0]
    found = learned(data, data)
    np.testing.assert_allclose(ties.column("p"), found.projection.probability)
    assert gk.plan(data, **PLAN).items
    (data / "events" / "likes.csv").unlink()
    (data / "events").rmdir()
    with pytest.raises(DataInvalid, match="no events/ to learn"):
        gk.plan(data, **PLAN)


def test_learned_ties_err_together_by_the_error_of_their_level(data):
    """Half a draw of 1.96 each way is a factor of exp(1.96 error); ties kept before it was known err by their whole intervals."""
    found = replace(learned(data, data), level_error=0.3)
    request = Request(for_="Film:f1", budget=250, probability="learned", seed=7)
    campaign = prepare(found, request, engine="serial")
    p = np.asarray(campaign.base.probability)
    low, high = tie_bounds(campaign.snapshot, request)
    np.testing.assert_allclose(low, p * np.exp(-0.3 * Z95))
    np.testing.assert_allclose(high, np.minimum(p * np.exp(0.3 * Z95), 1))
    assert "the error of their level" in believed(campaign)["ties"]
    before = prepare(replace(found, level_error=float("nan")), request, engine="serial")
    np.testing.assert_allclose(np.stack(tie_bounds(before.snapshot, request), axis=1), found.interval)
    assert "95 % intervals" in believed(before)["ties"]


def test_learning_follows_the_cascades(data):
    """Every cascade runs clockwise, so a clockwise tie is learned to be stronger than its reverse."""
    found = learned(data, data)
    ids = found.projection.nodes.ids.tolist()
    p = dict(
        zip(
            zip(found.projection.sources.tolist(), found.projection.indices.tolist(), strict=True),
            found.projection.probability.tolist(),
            strict=True,
        )
    )
    clockwise = [p[ids.index(USERS[i]), ids.index(USERS[(i + 1) % 24])] for i in range(24)]
    back = [p[ids.index(USERS[(i + 1) % 24]), ids.index(USERS[i])] for i in range(24)]
    assert min(clockwise) > max(back)


def test_ties_survive_a_load_and_the_change_is_said(tmp_path, data, caplog):
    """They are joined by id: a user added before all others moves rows, not chances; a warning says the data changed."""
    with gk.open_store(tmp_path / "store") as store:
        load_directory(store, data)
        gk.keep_learned(store, learned(take_snapshot(store), data))
        was = named(learned_snapshot(store, seed=0, about="Film:f1"))
        assert not caplog.records
        with (data / "nodes" / "user.csv").open("a", encoding="utf-8") as file:
            file.write("a00,true\n")
        load_directory(store, data)
        assert named(learned_snapshot(store, seed=0, about="Film:f1")) == was
        assert "before the data changed" in caplog.text


def named(snapshot):
    """Learned chances by the ids of their ends."""
    ties, ids = snapshot.edges("INFLUENCES")[0], snapshot.nodes("User").ids
    return dict(
        zip(
            zip(ids[ties.source_rows].tolist(), ids[ties.target_rows].tolist(), strict=True),
            ties.column("p").tolist(),
            strict=True,
        )
    )


def test_a_damaged_file_is_said(tmp_path, data):
    """Never a traceback, never a silent default."""
    with gk.open_store(tmp_path / "store") as store:
        load_directory(store, data)
        place = gk.keep_learned(store, learned(take_snapshot(store), data))
        place.write_bytes(place.read_bytes()[:200])
        with pytest.raises(DataInvalid, match="cannot be read"):
            gk.plan(store, **PLAN)


def test_ties_between_numbered_rows_cannot_be_kept(data):
    """Rows without ids mean nothing to a store."""
    graph = gk.from_arrays([0, 1, 2], [1, 2, 0], n_nodes=3)
    events = json.loads(
        '[{"item": "a", "node": 0, "ts": 1}, {"item": "a", "node": 1, "ts": 2}, {"item": "b", "node": 1, "ts": 1}, {"item": "b", "node": 2, "ts": 2}]'
    )
    import pandas as pd

    with gk.open_store("memory://") as store, pytest.raises(DataInvalid, match="no ids"):
        gk.keep_learned(store, gk.learn(graph, pd.DataFrame(events), rng=1))
