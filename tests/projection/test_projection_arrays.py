"""Projection from arrays, frames and NetworkX: merging, loops, probabilities, keys, refusals."""

from __future__ import annotations

import json

import networkx as nx
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from graphkit.errors import InvalidParameter, UnknownNode
from graphkit.projection.arrays import from_arrays
from graphkit.projection.frames import from_frames
from graphkit.projection.keys import edge_keys, node_hashes, position_hashes
from graphkit.projection.networkx_io import from_networkx
from graphkit.projection.nodes import NodeIndex
from graphkit.projection.projection import Projection
from graphkit.projection.sorting import arc_order, distinct_arcs, transposed
from graphkit.tabular import to_arrow

EDGES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.floats(0, 1)), max_size=30)


def _slow(edges, *, directed=True):
    """Return {(u, v): p} by a loop over a dictionary."""
    missed = {}
    for u, v, p in edges:
        for a, b in ((u, v),) if directed else ((u, v), (v, u)):
            if a != b:
                missed[a, b] = missed.get((a, b), 1.0) * (1 - p)
    return {pair: 1 - q for pair, q in sorted(missed.items())}


def _found(p):
    return {(int(a), int(b)): float(x) for a, b, x in zip(p.sources, p.indices, p.probability, strict=True)}


@settings(deadline=None, max_examples=150)
@given(EDGES, st.booleans())
def test_arrays_equal_a_dictionary_of_arcs(edges, directed):
    """Sorted distinct arcs, chances 1 - prod(1 - p), self-loops counted, for any order of the rows."""
    s, t, p = (np.array([e[i] for e in edges], kind) for i, kind in ((0, int), (1, int), (2, float)))
    made = from_arrays(s, t, probability=p, n_nodes=7, directed=directed)
    wanted = _slow(edges, directed=directed)
    assert list(_found(made)) == list(wanted)
    assert _found(made) == pytest.approx(wanted, abs=1e-12)
    assert made.n_self_loops == sum(u == v for u, v, _ in edges)
    again = from_arrays(s[::-1], t[::-1], probability=p[::-1], n_nodes=7, directed=directed)
    assert again.snapshot_id == made.snapshot_id
    in_degree = [sum(b == v for _, b in wanted) + any(a == b == v for a, b, _ in edges) for v in range(7)]
    assert made.with_probability("weighted_cascade").probability == pytest.approx([1 / in_degree[b] for _, b in wanted])


def test_two_chances_work_as_one():
    """.6 and .7 work as .88, given as arrays or as one number twice."""
    assert from_arrays([0, 0], [1, 1], probability=[0.6, 0.7]).probability == pytest.approx([0.88])
    assert from_arrays([0, 0], [1, 1], probability=0.3).probability == pytest.approx([0.51])
    assert from_arrays([0, 0], [1, 1], weight=[2, 3]).weight.tolist() == [5.0]


def test_reverse_names_the_forward_arc():
    """In-arcs by target, sources rising, each with the place of the same arc forward."""
    p = from_arrays([0, 1, 2, 3, 3], [3, 3, 3, 4, 0], probability=[0.1, 0.2, 0.3, 0.4, 0.5], n_nodes=5)
    assert p.reverse.indptr.tolist() == [0, 1, 1, 1, 4, 5]
    assert p.reverse.indices.tolist() == [3, 0, 1, 2, 3]
    assert p.probability[p.reverse.arc].tolist() == [0.5, 0.1, 0.2, 0.3, 0.4]


def test_self_loops_are_kept_for_walks():
    """A loop is no arc, but a walk may stay: it stands beside them with the sum of its weights."""
    p = from_arrays([0, 0, 0, 1], [0, 1, 0, 0], weight=[2.0, 1.0, 3.0, 4.0])
    assert (p.indptr.tolist(), p.indices.tolist(), p.weight.tolist()) == ([0, 1, 2], [1, 0], [1.0, 4.0])
    assert (p.loop_rows.tolist(), p.loop_weight.tolist()) == ([0], [5.0])
    assert (p.n_arcs, p.n_self_loops) == (2, 2)


def test_an_id_of_two_labels_needs_its_label():
    """Film x and course x: x alone is neither and says so, each pair is its own row, y needs no label."""
    names, labels = (np.array(words, dtype=object) for words in (["x", "x", "y"], ["Film", "Course", "Film"]))
    p = NodeIndex(3, names, labels)
    assert p.rows([("Film", "x"), ("Course", "x"), "y"]).tolist() == [0, 1, 2]
    with pytest.raises(UnknownNode, match="several nodes: Film, Course") as caught:
        p.row("x")
    assert caught.value.hint == "name the node by label and id: ('Film', 'x')"
    with pytest.raises(UnknownNode, match="not in the projection"):
        p.row("z")


def test_large_arrays_are_ordered_like_small_ones():
    """The counting passes equal NumPy's stable sort on 450,000 arcs."""
    rng = np.random.default_rng(1)
    s, t = rng.integers(0, 1000, 450_000), rng.integers(0, 1000, 450_000)
    assert np.array_equal(arc_order(s, t, 1000), np.argsort(s * 1000 + t, kind="stable"))


@pytest.mark.parametrize("m", [0, 1, 3000, 450_000])
@pytest.mark.parametrize("n", [30, 1000])
def test_distinct_arcs_are_those_of_a_sorted_set(m, n):
    """Few arcs are sorted, many are counted into place; repeats (nearly all, or a fifth) go; empty rows stay empty."""
    rng = np.random.default_rng(m + n)
    tail, head = (rng.integers(0, n - 1, m).astype(np.int32) for _ in range(2))
    wanted = sorted(set(zip(tail.tolist(), head.tolist(), strict=True)))
    indptr, indices = distinct_arcs(tail, head, n)
    rows = np.repeat(np.arange(n), np.diff(indptr))
    assert list(zip(rows.tolist(), indices.tolist(), strict=True)) == wanted
    assert (indptr.dtype, indices.dtype, len(indptr)) == (np.int64, np.int32, n + 1)


@pytest.mark.parametrize("m", [0, 3000, 500_000])
def test_transposing_is_what_scipy_does(m):
    """In-arcs of SciPy's compressed columns, with the place of each arc forward."""
    rng = np.random.default_rng(m)
    indptr, indices = distinct_arcs(rng.integers(0, 2000, m), rng.integers(0, 2000, m), 2000)
    back = csr_array((np.arange(len(indices)), indices, indptr), shape=(2000, 2000)).tocsc()
    found = transposed(indptr, indices, 2000)
    for mine, other in zip(found, (back.indptr, back.indices, back.data), strict=True):
        assert np.array_equal(mine, other)


@pytest.mark.parametrize(
    "call",
    [
        lambda: from_arrays([0], [1], probability=1.2),
        lambda: from_arrays([0], [1], probability=[-0.1]),
        lambda: from_arrays([0], [1], probability=[np.nan]),
        lambda: from_arrays([0, 1], [1, 2], probability=[0.1, None]),
        lambda: from_arrays([0, 1], [1, 2], probability=[0.1]),
        lambda: from_arrays([0], [1], probability="cascade"),
        lambda: from_arrays([-1], [1]),
        lambda: from_arrays([0.5], [1]),
        lambda: from_arrays(["a"], ["b"]),
        lambda: from_arrays([0], [1, 2]),
        lambda: from_arrays([0], [5], n_nodes=3),
        lambda: from_arrays([0], [1], weight=[-1]),
        lambda: from_arrays([0], [1], weight=[np.inf]),
        lambda: from_arrays(["a"], ["a"], ids=["a", "a"]),
    ],
)
def test_wrong_arrays_are_refused(call):
    """Each mistake is an `InvalidParameter` that shows the value."""
    with pytest.raises(InvalidParameter, match=r"Got|have no value"):
        call()


def test_ids_name_the_rows():
    """With ids the ends are ids; 1 and 001 are two nodes; an unknown one has close matches."""
    p = from_arrays(["alice", "001"], ["bob", "1"], ids=["alice", "bob", "1", "001"], probability=0.5)
    assert _found(p) == {(0, 1): 0.5, (3, 2): 0.5}
    assert p.rows(["bob", "001"]).tolist() == [1, 3]
    assert p.rows(np.array([0, 2])).tolist() == [0, 2]
    for wrong in ("alic", 7, -1, ["bob", "x"]):
        with pytest.raises(UnknownNode):
            p.rows(wrong)
    with pytest.raises(UnknownNode) as error:
        from_arrays(["alic"], ["bob"], ids=["alice", "bob"])
    assert error.value.close_matches == ("alice",)


def test_keys_depend_on_ids_alone():
    """Adding nodes and arcs changes no other key; direction and label do matter; no two of 20,000 meet."""
    small = from_arrays(["a", "b"], ["b", "c"], ids=["a", "b", "c"])
    large = from_arrays(["z", "a", "b"], ["a", "b", "c"], ids=["z", "c", "b", "a"])
    keys = {
        (large.id_of(a), large.id_of(b)): k
        for a, b, k in zip(large.sources, large.indices, large.edge_key, strict=True)
    }
    assert [keys["a", "b"], keys["b", "c"]] == small.edge_key.tolist()
    one, other = node_hashes(None, ["a"]), node_hashes(None, ["b"])
    assert edge_keys(one, other) != edge_keys(other, one)
    assert node_hashes(["User"], ["a"]) != node_hashes(["Brand"], ["a"])
    assert np.array_equal(position_hashes(20_000), node_hashes(None, [str(i) for i in range(20_000)]))
    names = [f"用户{i}" * (1 + i % 40) for i in range(20_000)]
    assert np.unique(node_hashes(None, names)).size == 20_000
    assert node_hashes(None, names)[39] == node_hashes(None, [names[39]])[0]


def test_keys_stable_across_code_changes():
    """Frozen output of this code: stored plans replay only while these numbers stay."""
    a, b = node_hashes(["User", "User"], ["u1", "u2"])
    assert [int(a), int(b), int(edge_keys(np.array([a]), np.array([b]))[0])] == KEYS


KEYS = [2870886820987914874, 14911224174457796716, 7522919758327740688]


def test_trivalency_belongs_to_the_arc():
    """Every p is .1, .01 or .001, about a third each, the same for an arc in any graph (4 standard errors)."""
    rng = np.random.default_rng(3)
    s, t = rng.integers(0, 500, 9000), rng.integers(0, 500, 9000)
    p = from_arrays(s, t, n_nodes=500, probability="trivalency")
    share = [(p.probability == level).mean() for level in (0.1, 0.01, 0.001)]
    assert sum(share) == 1
    assert np.abs(np.array(share) - 1 / 3).max() < 4 * np.sqrt(2 / 9 / p.n_arcs)
    half = _found(from_arrays(s[:4500], t[:4500], n_nodes=500, probability="trivalency"))
    whole = _found(p)
    assert all(whole[arc] == chance for arc, chance in half.items())


def test_projection_is_frozen_and_travels_as_json():
    """Arrays refuse writing, and JSON gives the same projection back."""
    p = from_arrays(["a", "b"], ["b", "b"], ids=["a", "b"], probability=0.25, weight=[1, 2])
    with pytest.raises(ValueError, match="read-only"):
        p.probability[0] = 1
    back = Projection.from_dict(json.loads(json.dumps(p.to_dict())))
    assert back.snapshot_id == p.snapshot_id
    assert np.array_equal(back.edge_key, p.edge_key)


def test_frames_and_arrays_agree():
    """A frame with p and weight gives what the arrays give; gaps are refused with their count."""
    nodes = pd.DataFrame({"id": ["a", "b", "c"], "label": ["User", "User", "Brand"]})
    edges = pd.DataFrame(
        {"source": ["a", "b", "a"], "target": ["b", "c", "b"], "p": [0.6, 0.5, 0.7], "weight": [1, 2, 3]}
    )
    p = from_frames(nodes, edges)
    assert _found(p) == pytest.approx({(0, 1): 0.88, (1, 2): 0.5})
    assert p.weight.tolist() == [4, 2]
    assert p.row(("Brand", "c")) == 2
    assert from_frames(None, edges, probability="weighted_cascade").probability.tolist() == [1, 1]
    assert from_frames(nodes, edges.assign(p=0.1), directed=False).n_arcs == 4
    with pytest.raises(InvalidParameter, match="1 of 3"):
        from_frames(nodes, edges.assign(p=[0.1, None, 0.2]))
    with pytest.raises(UnknownNode, match="'d'"):
        from_frames(nodes, edges.assign(target=["b", "d", "b"]))
    with pytest.raises(InvalidParameter, match="distinct"):
        from_frames(pd.concat([nodes, nodes]), edges)


@settings(deadline=None, max_examples=60)
@given(EDGES, st.booleans())
def test_networkx_round_trip(edges, directed):
    """Graph -> projection -> graph -> projection changes nothing; parallel edges combine."""
    graph = nx.MultiDiGraph() if directed else nx.MultiGraph()
    graph.add_nodes_from(range(7))
    for u, v, p in edges:
        graph.add_edge(u, v, p=p)
    made = from_networkx(graph)
    proper = [e for e in edges if e[0] != e[1]]
    assert made.n_arcs == len(_slow(edges, directed=directed))
    if proper:
        assert _found(made) == pytest.approx(_slow(edges, directed=directed), abs=1e-12)
    assert from_networkx(made.to_networkx()).snapshot_id == made.snapshot_id


def test_partial_networkx_attributes_raise():
    """One edge of three without p is an error with its count, unless a default is given."""
    graph = nx.path_graph(4)
    assert from_networkx(graph).probability is None
    nx.set_edge_attributes(graph, {(0, 1): 0.3, (1, 2): 0.4}, "p")
    with pytest.raises(InvalidParameter, match="1 of 3"):
        from_networkx(graph)
    assert from_networkx(graph, default_probability=0.1).probability.tolist() == [0.3, 0.3, 0.4, 0.4, 0.1, 0.1]
    with pytest.raises(InvalidParameter, match="3 of 3"):
        from_networkx(nx.path_graph(4), probability="p")
    with pytest.raises(InvalidParameter, match="text"):
        from_networkx(nx.Graph([(1, "1")]))


def test_arrow_tables_go_in_and_come_out():
    """An Arrow table of edges makes the projection its frame makes, and comes back as it was put in."""
    edges = pa.table({"source": ["a", "b", "c"], "target": ["b", "c", "a"], "probability": [0.1, 0.2, 0.3]})
    p = from_frames(pa.table({"id": ["a", "b", "c"]}), edges)
    pd.testing.assert_frame_equal(
        p.to_frame(), from_frames(pd.DataFrame({"id": ["a", "b", "c"]}), edges.to_pandas()).to_frame()
    )
    back = p.to_arrow()
    assert back.schema.names == ["source", "target", "probability"]
    assert pa.types.is_string(back.schema.field("source").type) or pa.types.is_large_string(
        back.schema.field("source").type
    )
    assert back.to_pydict() == edges.to_pydict()


def test_results_come_out_as_arrow():
    """Columns of numbers keep their type, missing values are null, lists become JSON text."""
    table = to_arrow(pd.DataFrame({"n": [1, 2], "x": [0.5, np.nan], "why": [["a", 1], None], "mixed": [1, "b"]}))
    assert table.schema.field("n").type == pa.int64()
    assert table.to_pydict() == {"n": [1, 2], "x": [0.5, None], "why": ['["a", 1]', None], "mixed": ["1", "b"]}


@pytest.mark.parametrize("weight", [[1, -1], np.array([1.0, -1.0]), np.array([1, -1], np.int32)])
def test_a_refused_number_is_shown_as_it_was_written(weight):
    """Without the name of the type that NumPy keeps it in."""
    with pytest.raises(InvalidParameter, match=r"Got -1(\.0)? instead"):
        from_arrays([0, 1], [1, 2], weight=weight)
