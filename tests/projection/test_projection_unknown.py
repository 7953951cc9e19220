"""What an unknown id is answered with: what is close, else some ids and the query that lists them."""

import numpy as np
import pytest

from graphkit.model.tables import NodeColumns, as_column, object_array
from graphkit.projection.unknown import unknown_node
from graphkit.report.spoken import chinese
from graphkit.store.queries import check_params, load_query


def films(n=12):
    """Films f01.. with names."""
    names = ["流浪者", "山海", None, "Light of Data", *[f"剧集{i}" for i in range(5, n + 1)]][:n]
    return NodeColumns("Film", object_array([f"f{i:02d}" for i in range(1, n + 1)]), {"name": as_column(names)})


@pytest.mark.parametrize(
    ("asked", "near", "hint"),
    [
        ("f1", ("f01", "f12", "f11"), "close: f01 (流浪者), f12 (剧集12), f11 (剧集11)"),
        ("F007", ("f07",), "close: f07 (剧集7)"),
        ("f010", ("f10", "f01"), "close: f10 (剧集10), f01 (流浪者)"),
        ("流浪", ("f01",), "close: f01 (流浪者)"),
        ("light of", ("f04",), "close: f04 (Light of Data)"),
        ("Ligth of Data", ("f04",), "close: f04 (Light of Data)"),
        (
            "zzzz",
            (),
            "the data hold 12 Film nodes, such as f01 (流浪者), f02 (山海), f03: graphkit query browser/nodes --param label=Film",
        ),
        (
            "",
            (),
            "the data hold 12 Film nodes, such as f01 (流浪者), f02 (山海), f03: graphkit query browser/nodes --param label=Film",
        ),
    ],
)
def test_the_hint_names_what_there_is(asked, near, hint):
    """Ids like it, names that hold it or look like it, else the first ones and the query; all of it in Chinese too."""
    error = unknown_node(films(), asked)
    assert (error.close_matches, error.hint) == (near, hint)
    assert error.message == f"there is no Film with id {asked!r}"
    assert chinese(error.hint) != error.hint


def test_the_query_of_the_hint_exists():
    """The hint can be pasted."""
    check_params(load_query("browser/nodes"), {"label": "Film"})


def test_of_users_only_ids_like_the_one_typed_are_named():
    """A typing error is helped; ids of people picked at random have no place in the message of an error."""
    users = NodeColumns("User", object_array([f"u{i}" for i in range(1500)]), {})
    error = unknown_node(users, "u15000")
    assert error.hint == f"close: {', '.join(error.close_matches)}"
    assert set(error.close_matches) <= set(users.ids.tolist())
    far = unknown_node(users, "somebody")
    assert (far.close_matches, far.hint) == (
        (),
        "the data hold 1,500 User nodes: graphkit query browser/nodes --param label=User",
    )


def test_one_node_is_one_node():
    """No plural for a single one, in either language."""
    one = NodeColumns("Film", object_array(["f1"]), {"name": as_column(["流浪者"])})
    hint = unknown_node(one, "zzz").hint
    assert hint == "the data hold 1 Film node, such as f1 (流浪者): graphkit query browser/nodes --param label=Film"
    assert chinese(hint).startswith("数据中有 1 个 Film 节点，例如 f1 (流浪者)；")


def test_an_empty_store_says_to_load():
    """Nothing to choose from."""
    empty = NodeColumns("Brand", np.empty(0, dtype=object), {})
    assert unknown_node(empty, "b1").hint == "graphkit load DIR first"
