"""Command ``learn``: what the factor on p is, told in a sentence."""

import json

import pytest

import graphkit as gk
from graphkit.cli import run
from graphkit.cli.learn import sizes_sentence
from graphkit.synthetic.campaign import write_campaign

BINS = [
    {"size_bin": "3-4", "items": 30, "predicted": 4.0, "simulated": 5.0, "observed": 3.0},
    {"size_bin": "5-9", "items": 10, "predicted": 8.0, "simulated": 9.0, "observed": 11.0},
]


def test_the_factor_and_the_means_over_items_are_told():
    """Bins weigh by their items: observed (90 + 110) / 40 = 5, simulated 6, predicted 5."""
    text = sizes_sentence({"calibration": BINS, "size_ratio": 0.5, "size_factor": 1.75})
    assert "gain 0.50 of the real later adopters, so every p is multiplied by 1.750" in text
    assert (
        "have 5.0 adopters on average; simulated with p they have 6.0, predicted from the first adopters' tempo as well 5.0"
        in text
    )


def test_a_factor_of_one_is_no_scaling():
    """Where sizes agree within chance nothing is multiplied."""
    text = sizes_sentence({"calibration": BINS, "size_ratio": 1.02, "size_factor": 1.0})
    assert "left as it is" in text
    assert "multiplied" not in text


@pytest.mark.parametrize(
    "document",
    [
        {"calibration": [], "size_ratio": None, "size_factor": 1.0},
        {"calibration": BINS, "size_ratio": None, "size_factor": 1.0},
    ],
)
def test_sizes_that_cannot_be_compared_are_not_told(document):
    """A log too small, or of items that never spread, gives no figure."""
    assert "could not be compared" in sizes_sentence(document)


def test_a_plan_takes_the_chances_of_its_films_own_tag(tmp_path, monkeypatch, capsys):
    """Clips of two tags, one of which never travels: a film of the other reaches more people, and each plan says whose chances it used."""
    monkeypatch.setattr("graphkit.cli.context.install", lambda: None)
    data = tmp_path / "data"
    write_campaign(data, n_users=300, seed=2, clips=80)
    tags = data / "relationships" / "has_tag.csv"
    clips = [f"m{n:03d},Material,{'t01' if n % 2 else 't02'},Tag,1,editor" for n in range(1, 81)]
    kept = [row for row in tags.read_text(encoding="utf-8").splitlines() if not row.startswith(("f01,", "f02,"))]
    tags.write_text(
        "\n".join([*kept, "f01,Film,t01,Tag,1,editor", "f02,Film,t02,Tag,1,editor", *clips]) + "\n", encoding="utf-8"
    )
    views = data / "events" / "views.csv"
    rows = views.read_text(encoding="utf-8").splitlines()
    quiet = [row for row in rows[1:] if int(row.split(",")[4][1:]) % 2 or not row.split(",")[5]]
    views.write_text("\n".join([rows[0], *quiet]) + "\n", encoding="utf-8")
    ask = ["-q", "--store", str(tmp_path / "store")]
    assert run([*ask, "load", str(data)]) == 0
    capsys.readouterr()
    assert run([*ask, "learn", "--events", str(data), "--by", "tag", "--format", "json"]) == 0
    told = {row["tag"]: row for row in json.loads(capsys.readouterr().out)["topics"]}
    assert told["t02"]["p_mean"] < told["t02"]["p_mean_plain"] < told["t01"]["p_mean"]
    plans = {}
    for film in ("f01", "f02"):
        assert run(
            [
                *ask,
                "plan",
                "--for",
                f"Film:{film}",
                "--budget",
                "1000",
                "--probability",
                "learned",
                "--format",
                "json",
                "-o",
                str(tmp_path / film),
            ]
        ) in (0, 6)
        plans[film] = json.loads((tmp_path / film).read_text(encoding="utf-8"))
    assert any("items of tag t01" in note for note in plans["f01"]["assumptions"])
    assert any("items of tag t02" in note for note in plans["f02"]["assumptions"])
    assert plans["f02"]["reach"]["mean"] < plans["f01"]["reach"]["mean"]
    assert run([*ask, "verify", str(tmp_path / "f01")]) == 0
    with gk.open_store(str(tmp_path / "store")) as store:
        again = gk.plan(
            store, for_=("Film", "f01"), budget=1000, probability="learned", rng=plans["f01"]["request"]["seed"]
        )
    assert again.reach.mean == plans["f01"]["reach"]["mean"]
