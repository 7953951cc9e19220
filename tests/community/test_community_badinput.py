"""Weights and graphs at the edge: a named error, or the right answer from every objective."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from graphkit.community.leiden import communities
from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.projection.arrays import from_arrays

ASKED = [{}, {"resolution": "auto"}, {"objective": "map_equation"}, {"objective": "block_model"}, {"effort": "fast"}]
TWO = ([0, 1, 2, 3, 4, 5, 2], [1, 2, 0, 4, 5, 3, 3])  # two triangles and a tie between them
NONE = np.array([], int)


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_none_are_refused(value):
    """When the graph is made, and by the search itself for a graph that came from elsewhere."""
    with pytest.raises(InvalidParameter, match="weight"):
        from_arrays([0, 1], [1, 2], weight=[1.0, value], n_nodes=3)
    p = from_arrays([0, 1], [1, 2], weight=[1.0, 1.0], n_nodes=3)
    with pytest.raises(DataInvalid, match="weight"):
        communities(replace(p, weight=np.array([1.0, value])), rng=1)


@pytest.mark.parametrize("asked", ASKED, ids=str)
@pytest.mark.parametrize(
    ("source", "target", "n", "true"),
    [
        (NONE, NONE, 0, []), (NONE, NONE, 1, [0]), (NONE, NONE, 3, [0, 1, 2]), ([0], [0], 1, [0]), ([0, 1, 2], [0, 1, 2], 3, [0, 1, 2]),
        ([0], [1], 2, [0, 0]), ([0, 2], [1, 2], 5, [0, 0, 1, 2, 3]), ([0, 0, 0, 1], [1, 1, 1, 0], 2, [0, 0]),
    ],
    ids=["no_node", "one_node", "no_arcs", "one_loop", "loops", "one_tie", "isolated", "duplicates"],
)  # fmt: skip
def test_small_graphs_have_one_right_answer(asked, source, target, n, true):
    """Nothing, single nodes, loops, one tie: alone or together; no number is undefined."""
    found = communities(from_arrays(source, target, n_nodes=n, directed=False), rng=1, **asked)
    assert found.labels.tolist() == true
    assert found.n_communities == len(set(true))
    assert np.isfinite([found.modularity, found.description_gain]).all()
    assert found.inside.shape == (found.n_communities,)


@pytest.mark.parametrize("unit", [1e-320, 1e-150, 1.0, 1e150, 1.7e308 / 2])
def test_the_unit_of_weights_does_not_matter(unit):
    """From the smallest numbers a computer has to the largest: two triangles stay two."""
    found = communities(from_arrays(*TWO, weight=np.full(7, unit), n_nodes=6, directed=False), rng=1)
    assert found.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.modularity == pytest.approx(6 / 7 - 0.5)


@pytest.mark.parametrize("asked", ASKED, ids=str)
@pytest.mark.parametrize(("low", "high"), [(-300, 300), (-323, -300)])
@pytest.mark.filterwarnings("error")
def test_weights_over_all_powers_of_ten(asked, low, high):
    """Parallel arcs both ways whose weights differ by hundreds of powers: numbers are finite, communities hang together."""
    rng = np.random.default_rng(0)
    ends, weight = rng.integers(0, 40, (2, 200)), 10.0 ** rng.uniform(low, high, 200)
    found = communities(from_arrays(*ends, weight=weight, n_nodes=40), rng=3, **asked)
    assert np.isfinite([found.modularity, found.description_gain]).all()
    graph = nx.Graph(ends.T.tolist())
    assert all(
        nx.is_connected(graph.subgraph(np.flatnonzero(found.labels == c).tolist()))
        for c in np.unique(found.labels)
        if (found.labels == c).sum() > 1
    )


def test_a_tie_of_no_weight_is_no_tie_and_parallel_ties_add_up():
    """The bridge is laid five times: now it holds its ends more firmly than the triangles do."""
    gone = communities(from_arrays(*TWO, weight=[1, 1, 1, 1, 1, 1, 0], n_nodes=6, directed=False), rng=1)
    assert gone.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert gone.modularity == pytest.approx(0.5)
    source, target = TWO[0] + [2] * 4, TWO[1] + [3] * 4
    laid = communities(from_arrays(source, target, weight=np.ones(11), n_nodes=6, directed=False), rng=1)
    five = communities(from_arrays(*TWO, weight=[1, 1, 1, 1, 1, 1, 5], n_nodes=6, directed=False), rng=1)
    assert laid.labels.tolist() == five.labels.tolist()
    assert laid.modularity == pytest.approx(five.modularity)
    assert laid.labels[2] == laid.labels[3]


def test_nodes_without_ties_do_not_change_what_describes_the_ties():
    """Twenty strangers beside a ring of cliques: the same resolution, gain and groups."""
    graph = nx.ring_of_cliques(20, 5)
    ends = np.array(graph.edges).T
    alone, beside = (
        communities(from_arrays(*ends, n_nodes=n, directed=False), resolution="auto", rng=1) for n in (100, 120)
    )
    assert np.array_equal(alone.labels, beside.labels[:100])
    assert beside.n_communities == alone.n_communities + 20
    assert beside.description_gain == pytest.approx(alone.description_gain)
    assert beside.resolution == alone.resolution
