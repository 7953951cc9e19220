"""The typed walk: from every node the types share the chance equally, whatever their number of ties and their directions."""

import numpy as np
import pytest

from graphkit.model.tables import EdgeColumns, GraphTables, NodeColumns, as_column
from graphkit.projection.snapshot import as_snapshot
from graphkit.projection.typed import typed_graph

USERS = ["a", "b", "c"]


def small_graph():
    """KNOWS a-b and b-c, each stored once; b follows c and the brand x; b watched the films f and g."""
    nodes = [
        NodeColumns("User", as_column(USERS), {"consent": as_column([True] * 3)}),
        NodeColumns("Brand", as_column(["x"]), {"name": as_column(["X"])}),
        NodeColumns("Film", as_column(["f", "g"]), {"name": as_column(["F", "G"])}),
    ]
    ties = [("KNOWS", "User", "User", [0, 1], [1, 2]), ("FOLLOWS", "User", "User", [1], [2]), ("FOLLOWS", "User", "Brand", [1], [0]),
            ("WATCHED", "User", "Film", [1, 1], [0, 1])]  # fmt: skip
    edges = tuple(EdgeColumns(t, s, e, np.array(a, np.int64), np.array(b, np.int64), {}) for t, s, e, a, b in ties)
    return as_snapshot(GraphTables({n.label: n for n in nodes}, edges, "small", None, None, {}))


def chances(**options):
    """(from, to) -> chance of the step, from the weights of the walk."""
    p, names = typed_graph(small_graph(), **options)
    total = np.bincount(p.sources, weights=p.weight, minlength=p.n_nodes)
    return {
        (names[s][1], names[t][1]): w / total[s]
        for s, t, w in zip(p.sources.tolist(), p.indices.tolist(), p.weight.tolist(), strict=True)
    }


def test_types_share_the_chance_equally_by_hand():
    """b: KNOWS 1/3 over a and c, FOLLOWS 1/3 over c and x, WATCHED 1/3 over f and g, though b stands on both ends of KNOWS."""
    step = chances()
    assert {to: w for (start, to), w in step.items() if start == "b"} == pytest.approx(
        {"a": 1 / 6, "c": 1 / 3, "x": 1 / 6, "f": 1 / 6, "g": 1 / 6}
    )
    assert {to: w for (start, to), w in step.items() if start == "c"} == pytest.approx({"b": 1.0})
    assert step["a", "b"] == step["x", "b"] == step["f", "b"] == 1.0


def test_shares_weigh_the_types():
    """KNOWS with share 2 has 2/4 of the chance of b, spread over both friends."""
    step = chances(shares={"KNOWS": 2.0})
    assert {to: w for (start, to), w in step.items() if start == "b"} == pytest.approx(
        {"a": 1 / 4, "c": 3 / 8, "x": 1 / 8, "f": 1 / 8, "g": 1 / 8}
    )


def test_a_type_named_twice_counts_once():
    """Said again it is no second kind of tie: b gives KNOWS 1/2 and WATCHED 1/2, not 2/3 and 1/3."""
    step = chances(types=["KNOWS", "WATCHED", "KNOWS"])
    assert {to: w for (start, to), w in step.items() if start == "b"} == pytest.approx(dict.fromkeys("acfg", 1 / 4))
    assert step == chances(types=["KNOWS", "WATCHED"])
