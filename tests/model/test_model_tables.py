"""Column tables: canonical order, digests by content, counts."""

import numpy as np

from graphkit.model.tables import EdgeColumns, GraphTables, NodeColumns, as_column, is_missing, object_array


def graph(order, edge_order, ages):
    """Three users and three friendships in any order of rows."""
    ids = np.array(["a", "b", "c"], dtype=object)[order]
    place = {name: i for i, name in enumerate(ids.tolist())}
    edges = [("a", "b", 1.5), ("a", "c", None), ("b", "c", 2.0)]
    rows = [edges[i] for i in edge_order]
    users = NodeColumns("User", ids, {"age": as_column([ages[i] for i in order]), "gender": as_column([None] * 3)})
    knows = EdgeColumns(
        "KNOWS",
        "User",
        "User",
        np.array([place[s] for s, _, _ in rows]),
        np.array([place[t] for _, t, _ in rows]),
        {"weight": as_column([w for *_, w in rows])},
    )
    return GraphTables({"User": users, "Film": NodeColumns.empty("Film")}, (knows,), currency="CNY")


def test_digest_is_that_of_the_content():
    """The order of rows, an empty label and a column of nulls change nothing; one value changes it."""
    one = graph([0, 1, 2], [0, 1, 2], [20, None, 40])
    two = graph([2, 0, 1], [2, 0, 1], [20, None, 40])
    assert one.digest() == two.digest() == two.canonical().digest()
    assert graph([0, 1, 2], [0, 1, 2], [20, None, 41]).digest() != one.digest()
    assert graph([0, 1, 2], [0, 1, 2], [20, 0, 40]).digest() != one.digest()


def test_canonical_order():
    """Nodes by id, relationships by rows; columns without a value are gone."""
    whole = graph([2, 0, 1], [2, 1, 0], [20, None, 40]).canonical()
    assert whole.nodes["User"].ids.tolist() == ["a", "b", "c"]
    assert whole.nodes["User"].columns["age"].tolist() == [20, None, 40]
    assert set(whole.nodes) == {"User"}
    assert set(whole.nodes["User"].columns) == {"age"}
    edges = whole.edges[0]
    assert list(
        zip(edges.source_rows.tolist(), edges.target_rows.tolist(), edges.columns["weight"].tolist(), strict=True)
    ) == [(0, 1, 1.5), (0, 2, None), (1, 2, 2.0)]
    assert whole.counts() == {"by_label": {"User": 3}, "by_type": {"KNOWS": 3}}


def test_wider_keys_order_parallel_relationships():
    """Two links of one pair are ordered by their basis, missing first."""
    nodes = {"Brand": NodeColumns("Brand", object_array(["x", "y"]))}
    for order in ([0, 1, 2], [2, 1, 0]):
        basis = as_column([["ip", None, "same_name"][i] for i in order])
        links = EdgeColumns(
            "LINKED_WITH", "Brand", "Brand", np.zeros(3, np.int64), np.ones(3, np.int64), {"basis": basis}
        )
        assert GraphTables(nodes, (links,)).canonical().edges[0].columns["basis"].tolist() == [None, "ip", "same_name"]


def test_columns_are_tight():
    """Integers, floats and booleans without nulls are typed; lists stay lists."""
    assert as_column([1, 2]).dtype == np.int64
    assert as_column([1.0, 2.5]).dtype == np.float64
    assert as_column([True]).dtype == np.bool_
    assert as_column([1, None]).tolist() == [1, None]
    assert as_column([["a"], ["b"]]).tolist() == [["a"], ["b"]]
    assert is_missing(as_column([1, None])).tolist() == [False, True]
    assert NodeColumns("User", object_array("ab")).column("age", 3).tolist() == [3, 3]
    assert NodeColumns("User", object_array("ab")).row_of() == {"a": 0, "b": 1}
