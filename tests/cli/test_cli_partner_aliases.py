"""partners from history: spellings of one brand count as one, the table of them can be written, edited and given back."""

import json

import pandas as pd
import pytest

NAMES = {"b1": "王者荣耀", "b2": "奈雪的茶", "b3": "奈雪", "b4": "乐高", "b5": "安踏", "b6": "泡泡玛特", "b7": "POP"}
DEALS = [("b2", "b1"), ("b3", "b4"), ("b2", "b5"), ("b4", "b5"), ("b6", "b1"), ("b6", "b5"), ("b7", "b4")]


@pytest.fixture(scope="module")
def home(tmp_path_factory, write_tables, load):
    """Seven ended partnerships of seven brands, two of which are spellings of one."""
    root = tmp_path_factory.mktemp("aliases")
    tables = {
        "nodes/brand.csv": ("id,name", [f"{i},{name}" for i, name in NAMES.items()]),
        "nodes/partnership.csv": (
            "id,status,starts_ts",
            [f"p{k},ended,{1_600_000_000 + k if k else ''}" for k in range(len(DEALS))],
        ),
        "relationships/joins__partnership__brand.csv": (
            "source,target,role",
            [f"p{k},{b},partner" for k, pair in enumerate(DEALS) for b in pair],
        ),
    }
    write_tables(root / "data", tables)
    return load(root)


@pytest.fixture
def asked(gk):
    """Run partners for a brand; return (status, document or None, stderr)."""

    def call(brand, *args):
        words = f"partners --for Brand:{brand} --max 20 --seed 1 --format json".split()
        code, out, err = gk(*words, *args)
        return code, json.loads(out) if code == 0 else None, err

    return call


def listed(document):
    """Ids in order."""
    return [row["partner"] for row in document["partners"]]


def test_a_brand_is_not_offered_twice_under_two_spellings(asked):
    """奈雪 is left to 奈雪的茶 with what both did; without joining both stand in the list."""
    code, found, err = asked("b6")
    assert code == 0, err
    assert "b2" in listed(found)
    assert "b3" not in listed(found)
    tea = next(row for row in found["partners"] if row["partner"] == "b2")
    history = next(text for text in tea["evidence"] if text.startswith("history"))
    assert "popularity 3" in history
    assert history.endswith("also written 奈雪")
    assert any("奈雪 = 奈雪的茶" in text for text in found["assumptions"])
    apart = asked("b6", "--aliases", "none")[1]
    assert {"b2", "b3"} <= set(listed(apart))


def test_former_partners_of_any_spelling_stay_out_and_nobody_joins_himself(asked):
    """奈雪 met 乐高, so 奈雪的茶 is not offered 乐高, nor 奈雪; asked under the rarer spelling the same partners come."""
    assert set(listed(asked("b2")[1])) == {"b6", "b7"}
    assert set(listed(asked("b3")[1])) == {"b6", "b7"}
    assert "b4" in listed(asked("b2", "--aliases", "none")[1])


def test_the_table_is_written_reviewed_and_given_back(asked, tmp_path):
    """The file has the pair with its reason; join set to false keeps the two apart; a bad file is named."""
    path = tmp_path / "names.csv"
    code, _, err = asked("b6", "--write-aliases", str(path))
    assert code == 0, err
    table = pd.read_csv(path)
    assert table[["name", "variant", "reason", "join"]].to_numpy().tolist() == [
        ["奈雪的茶", "奈雪", "generic word", True]
    ]
    table.assign(join=False).to_csv(path, index=False)
    assert {"b2", "b3"} <= set(listed(asked("b6", "--aliases", str(path))[1]))
    pd.DataFrame({"name": ["泡泡玛特"], "variant": ["POP"]}).to_csv(path, index=False)
    assert "b7" not in listed(asked("b2", "--aliases", str(path))[1])
    path.write_text("x\n1\n")
    code, _, err = asked("b6", "--aliases", str(path))
    assert code != 0
    assert "'name'" in err
    code, _, err = asked("b6", "--aliases", str(tmp_path / "none.csv"))
    assert code != 0
    assert "none.csv" in err
    code, _, err = asked("b6", "--write-aliases", str(tmp_path / "no" / "names.csv"))
    assert code != 0
    assert "write-aliases" in err
