"""--dry-run: what would be kept or written is said with its number, and nothing in the store or beside it changes."""

import itertools
import json
import re

import pytest

import graphkit

WRITTEN = ("Plan", "PlanItem", "Community", "Experiment", "Arm")


@pytest.fixture(scope="module")
def home(tmp_path_factory, write_tables, load):
    """Twenty-four circles of eight friends, two channels, a film, and events in every circle."""
    root = tmp_path_factory.mktemp("dry")
    users = [f"u{i:03d}" for i in range(192)]
    ties = [pair for g in range(24) for pair in itertools.combinations(users[8 * g : 8 * g + 8], 2)]
    tables = {
        "nodes/user.csv": ("id,consent", [f"{u},true" for u in users]),
        "nodes/film.csv": ("id,name,kind", ["f0,甲,film"]),
        "nodes/channel.csv": ("id,name,kind,cost", ["c0,C0,kol,10", "c1,C1,kol,20"]),
        "relationships/knows.csv": ("source,target", [f"{a},{b}" for a, b in ties]),
        "relationships/reaches.csv": ("source,target,p", [f"c{i % 2},{u},0.5" for i, u in enumerate(users)]),
        "events/e.csv": (
            "ts,user,kind,item",
            [
                f"{1_700_000_000 + 60 * i},{u},share,i{g}"
                for g in range(24)
                for i, u in enumerate(users[8 * g : 8 * g + 5])
            ],
        ),
    }
    write_tables(root / "data", tables)
    return load(root)


@pytest.fixture
def there(home):
    """What stands in the store, and which plans and learned ties lie beside it."""

    def look():
        with graphkit.open_store(str(home / "store")) as store:
            ids = {label: store.ids(label) for label in WRITTEN}
            tagged = sum((store.node("User", user) or {}).get("community") is not None for user in store.ids("User"))
        beside = sorted(
            str(path.relative_to(home))
            for path in (home / "store").rglob("*")
            if {"plans", "learned"} & {path.parent.name, path.stem}
        )
        return ids, tagged, beside

    return look


COMMANDS = {
    "plan": ["plan", "--for", "Film:f0", "--budget", "30"],
    "communities": ["communities"],
    "experiment design": ["experiment", "design", "--resolution", "1"],
    "learn": ["learn", "--events", "{home}/data"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_dry_run_says_what_the_same_command_then_writes(gk, home, there, name):
    """The answer is the same; the numbers said are those of what then stands in the store."""
    command = [word.format(home=home) for word in COMMANDS[name]]
    before = there()
    code, dry, said = gk(*command, "--write", "--dry-run", "--format", "json")
    assert code == 0, said
    assert there() == before
    code, real, err = gk(*command, "--write", "--format", "json")
    assert code == 0, err
    after = there()
    assert after != before
    (ids, tagged, _), told = after, [int(n.replace(",", "")) for n in re.findall(r"\b\d[\d,]*\b", said)]
    if name == "plan":
        assert (len(ids["Plan"]), len(ids["PlanItem"])) == (told[-2], told[-1]) == (1, 2)
        assert f"{json.loads(real)['plan']}.json" in said
    elif name == "communities":
        assert tagged == told[-1] == 192
    elif name == "experiment design":
        own = [x for x in ids["Community"] if x not in before[0]["Community"]]
        assert [len(ids["Experiment"]), len(ids["Arm"]), len(own)] == told[-3:]
    else:
        assert told == [json.loads(real)["n_arcs"]]
    keep = {"manifest", "seconds", "tests"}
    first, second = (json.loads(text) for text in (dry, real))
    if isinstance(first, dict):
        first, second = ({k: v for k, v in d.items() if k not in keep} for d in (first, second))
    assert first == second
