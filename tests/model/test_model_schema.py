"""The schema is complete, bilingual and free of clashes."""

import re

from graphkit.model.schema import LABELS, NAME, TYPES, constraint_statements, display_name, label_of_file, type_of_file


def test_numbers_of_labels_and_types_are_those_of_the_model():
    """The model has 18 labels and 42 types, and no name is both."""
    assert len(LABELS) == 18
    assert len(TYPES) == 42
    assert not {x.lower() for x in LABELS} & {x.lower() for x in TYPES}


def test_every_name_is_bilingual():
    """Each label, type, property and word of a vocabulary has a Chinese and an English name."""
    for thing in (*LABELS.values(), *TYPES.values()):
        assert re.search("[\u4e00-\u9fff]", thing.zh)
        assert thing.en.isascii()
        for prop in thing.properties.values():
            assert re.search("[\u4e00-\u9fff]", prop.zh), (thing.name, prop.name)
            assert prop.en
            assert prop.en.isascii()
            assert all(w.isascii() and re.search("[\u4e00-\u9fffA-Z]", zh) for w, zh in (prop.vocabulary or {}).items())


def test_names_may_enter_cypher():
    """Each name fits the pattern of names, and pairs name known labels."""
    for thing in (*LABELS.values(), *TYPES.values()):
        assert NAME.match(thing.name)
        assert all(NAME.match(p) for p in thing.properties)
    assert all(a in LABELS and b in LABELS for t in TYPES.values() for a, b in t.pairs)
    assert all(set(t.wider_key) <= set(t.properties) for t in TYPES.values())


def test_mandatory_properties_are_those_of_the_model():
    """The bold properties of the model's tables, read off by hand."""
    wanted = {
        "User": {"consent"},
        "Film": {"name"},
        "Course": {"name"},
        "Brand": {"name"},
        "Channel": {"name", "kind", "cost"},
        "Tag": {"name", "kind"},
        "Material": {"kind", "status"},
        "CoProduction": {"form", "status"},
        "Touchpoint": {"kind", "code"},
        "Offer": {"kind"},
        "Partnership": {"status"},
        "Campaign": {"starts_ts"},
    }
    for name, properties in wanted.items():
        assert {p.name for p in LABELS[name].properties.values() if p.required} == {"id", *properties}
    ties = {
        "SHARED_WITH": {"n"}, "INFLUENCES": {"p"}, "RATED": {"rating"}, "REACHES": {"p"}, "BOOSTS": {"bonus"}, "HAS_TAG": {"w"},
        "HOLDS_RIGHTS": {"uses", "territory", "from_ts", "to_ts"}, "REJECTS": {"reason"},
    }  # fmt: skip
    for name, kind in TYPES.items():
        assert {p.name for p in kind.properties.values() if p.required} == ties.get(name, set())


def test_file_names_and_constraints():
    """File names lead to labels and types; one constraint per label."""
    assert label_of_file("coproduction") == "CoProduction"
    assert label_of_file("CoProduction") is None
    assert type_of_file("knows") == ("KNOWS", None, None)
    assert type_of_file("follows__user__brand") == ("FOLLOWS", "User", "Brand")
    assert type_of_file("follows__user") is None
    assert type_of_file("hates") is None
    assert "CREATE CONSTRAINT user_id IF NOT EXISTS FOR (n:User) REQUIRE n.id IS UNIQUE" in constraint_statements()
    assert len(constraint_statements()) == 18
    assert display_name("REACHES", "zh") == "触达"
    assert display_name("cost", "zh", owner="Channel") == "单次费用"
    assert display_name("colour") == "colour"
