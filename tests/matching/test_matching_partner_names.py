"""Which spellings are proposed as one brand, and what a joined ranking says about them."""

import pandas as pd
import pytest

from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.matching.history import rank_partners
from graphkit.matching.names import name_variants
from graphkit.matching.simplified import _PAIRS, simplified


def one_each(*names: str) -> pd.DataFrame:
    """Every name alone in a partnership of its own."""
    return pd.DataFrame({"partnership": [f"p{i}" for i in range(len(names))], "member": list(names)})


@pytest.mark.parametrize(
    ("names", "reason", "join"),
    [
        (("奈雪", "奈雪的茶"), "generic word", True),
        (("Seesaw", "SeesawCoffee"), "generic word", True),
        (("JNBY", "JNBY集团"), "generic word", True),
        (("BELLE", "BELLE百丽"), "two scripts", True),
        (("膳魔师", "THERMOS膳魔师"), "two scripts", True),
        (("Levi's", "LEVIS"), "same letters", True),
        (("《三体》", "三体"), "same letters", True),
        (("麥當勞", "麦当劳"), "same letters", True),
        (("奈雪の茶", "奈雪的茶"), "same letters", True),
        (("ＫＦＣ®", "kfc"), "same letters", True),
        (("星巴克", "星巴克咖啡"), "generic word", True),
        (("喬丹體育", "乔丹"), "beginning", False),
        (("故宫", "沈阳故宫"), "end", False),
        (("中国邮政", "中国邮政储蓄银行"), "beginning", False),
        (("MINI", "Minions"), "beginning", False),
        (("千百度", "百度"), "end", False),
        (("比得兔", "比得兔2"), "beginning", False),
        (("小米", "小米Civi3"), "beginning", False),
    ],
)
def test_only_what_adds_no_other_name_is_proposed(names, reason, join):
    """Real pairs of names: one brand, or two that share letters."""
    row = name_variants(one_each(*names)).to_frame().iloc[0]
    assert (row["reason"], row["join"]) == (reason, join)


def test_a_house_with_lines_of_its_own_is_left_for_review():
    """京东手机 alone may be 京东; beside 京东家电 it is one line of a house, and a second script is one too."""
    assert name_variants(one_each("京东", "京东手机")).join.tolist() == [True]
    assert not name_variants(one_each("京东", "京东手机", "京东家电")).join.any()
    assert not name_variants(one_each("天猫", "天猫IPmart", "天猫国潮")).join.any()
    several = name_variants(one_each("BELLE", "BELLE百丽", "百丽")).to_frame()
    assert several["join"].all()


def test_counts_stand_beside_every_pair_and_surest_pairs_come_first():
    """The frequent spelling is the name; partnerships of both and shared ones are counted by hand."""
    rows = [
        ("1", "奈雪"),
        ("2", "奈雪的茶"),
        ("3", "奈雪的茶"),
        ("4", "安踏"),
        ("4", "安踏儿童"),
        ("5", "VANS"),
        ("6", "Vans"),
    ]
    table = name_variants(pd.DataFrame(rows, columns=["partnership", "member"])).to_frame()
    assert table.iloc[0][["name", "variant", "covered"]].tolist() == ["VANS", "Vans", 1.0]
    tea = table[table.name == "奈雪的茶"].iloc[0]
    assert tea[["variant", "partnerships", "variant_partnerships", "together"]].tolist() == ["奈雪", 2, 1, 0]
    apart = table[table.name == "安踏"].iloc[0]
    assert (apart["together"], apart["join"]) == (1, False)
    with pytest.raises(DataInvalid, match="member"):
        name_variants(pd.DataFrame({"partnership": []}))


def test_proposals_are_joined_on_request_named_in_the_result_and_can_be_overruled():
    """aliases="proposed" joins 奈雪 into 奈雪的茶; a table with join unset keeps them apart."""
    rows = [("1", "奈雪的茶"), ("1", "王者荣耀"), ("2", "奈雪"), ("2", "乐高"), ("3", "奈雪的茶"), ("3", "安踏")]
    history = pd.DataFrame(rows, columns=["partnership", "member"])
    joined = rank_partners(history, aliases="proposed")
    assert joined.aliases == {"奈雪": "奈雪的茶"}
    assert "奈雪" not in set(joined.subject) | set(joined.partner)
    frame = rank_partners(history, aliases="proposed", subjects=["奈雪"], exclude_known=False).to_frame()
    assert set(frame[frame.together > 0].partner) == {"王者荣耀", "乐高", "安踏"}
    by_hand = history.assign(member=history.member.replace("奈雪", "奈雪的茶"))
    pd.testing.assert_frame_equal(joined.to_frame(), rank_partners(by_hand).to_frame())
    table = name_variants(history).to_frame().assign(join=False)
    apart = rank_partners(history, aliases=table)
    assert apart.aliases == {}
    pd.testing.assert_frame_equal(apart.to_frame(), rank_partners(history).to_frame())
    assert type(joined).from_json(joined.to_json()).aliases == joined.aliases
    with pytest.raises(InvalidParameter, match="proposed"):
        rank_partners(history, aliases="all")


def test_a_reviewed_table_read_back_from_a_file_says_the_same(tmp_path):
    """join comes back from CSV as booleans or as words; anything else is an error with its row."""
    history = one_each("奈雪", "奈雪的茶", "Vans", "VANS")
    table = name_variants(history).to_frame()
    table.to_csv(tmp_path / "names.csv", index=False)
    read = pd.read_csv(tmp_path / "names.csv")
    assert rank_partners(history, aliases=read).aliases == {"奈雪的茶": "奈雪", "Vans": "VANS"}
    words = read.assign(join=["no", "yes"])
    assert len(rank_partners(history, aliases=words).aliases) == 1
    with pytest.raises(InvalidParameter, match="row 1"):
        rank_partners(history, aliases=read.assign(join=["yes", "perhaps"]))
    with pytest.raises(InvalidParameter, match="row 0"):
        rank_partners(history, aliases=read.assign(join=[None, True]))
    for names in (["Vans", None], pd.array(["Vans", None], dtype="string")):
        with pytest.raises(InvalidParameter, match="name in row 1 is missing"):
            rank_partners(history, aliases=read.assign(name=names, join="yes"))


def test_traditional_characters_become_those_of_two_legacy_character_sets():
    """Every pair leads from Big5 to GB 2312 and no further; what is simplified stays."""
    assert len(_PAIRS) == 2 * 2427 == 2 * len(set(_PAIRS[::2]))
    for old, new in zip(_PAIRS[::2], _PAIRS[1::2], strict=True):
        assert old.encode("big5")
        assert new.encode("gb2312")
        assert simplified(old) == new == simplified(new)
    assert simplified("ABC 奈雪的茶 だんご 乐高 123") == "ABC 奈雪的茶 だんご 乐高 123"
    assert [simplified(name) for name in ("樂高積木", "蘭蔻", "國家寶藏", "龍與地下城")] == [
        "乐高积木",
        "兰蔻",
        "国家宝藏",
        "龙与地下城",
    ]
