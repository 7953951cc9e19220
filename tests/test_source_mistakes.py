"""Formulas of the source texts that are wrong: each one a test of what graphkit does instead."""

import itertools

import networkx as nx
import pytest
from reference import live_edge

from graphkit.diffusion.alias import viral_propagation
from graphkit.errors import DataInvalid, GraphkitError, InvalidParameter, UnknownNode

EDGES = [(1, 2), (1, 3), (2, 4), (3, 4), (4, 5)]


def five_nodes(order=(1, 2, 3, 4, 5), p=0.4):
    """The text's graph of five nodes, its nodes added in any order."""
    graph = nx.Graph()
    graph.add_nodes_from(order)
    graph.add_edges_from(EDGES, p=p)
    return graph


@pytest.mark.parametrize("hops", [0, 1, 3, 10, 30, 100])
def test_viral_propagation_stays_a_probability(hops):
    """The text's score is 1, 7, 1023, 1.07e9, 1.27e30 after 1, 3, 10, 30, 100 rounds; ours lies in [0, 1]."""
    values = viral_propagation(five_nodes(), [1, 4], hops, rng=7)
    assert list(values) == [1, 2, 3, 4, 5]
    assert all(0 <= x <= 1 for x in values.values())


def test_viral_propagation_starts_every_seed_at_one():
    """The text sets only the first seed; here each seed is 1 from the start."""
    assert viral_propagation(five_nodes(), [1, 4], 0, rng=7) == {1: 1.0, 2: 0.0, 3: 0.0, 4: 1.0, 5: 0.0}
    assert viral_propagation(five_nodes(), [5, 3], 4, rng=7)[5] == 1.0


def test_viral_propagation_ignores_the_order_of_seeds_and_nodes():
    """The text gives 10/11/10 for 7/7/7 with swapped seeds, and node 5 is 7 or 3; here all orders agree."""
    expected = viral_propagation(five_nodes(), [1, 4], 3, rng=7)
    for order in itertools.permutations((1, 2, 3, 4, 5)):
        if order[0] > 2:
            continue
        assert viral_propagation(five_nodes(order), (4, 1), 3, rng=7) == expected


def test_viral_propagation_never_falls_with_more_hops():
    """The same worlds at every hop limit."""
    runs = [viral_propagation(five_nodes(), [1], hops, rng=7) for hops in range(6)]
    for fewer, more in itertools.pairwise(runs):
        assert all(more[v] >= fewer[v] for v in fewer)


@pytest.mark.parametrize("hops", [1, 2, 4])
def test_viral_propagation_equals_enumeration(hops):
    """Each node within 4.5 standard errors of the exact chance over all 2^10 worlds (false alarm 7e-6 a node)."""
    arcs = [(u, v, 0.4) for a, b in EDGES for u, v in ((a, b), (b, a))]
    values, exact = viral_propagation(five_nodes(), [1], hops, rng=7), dict.fromkeys(range(1, 6), 0.0)
    for chance, live in live_edge.worlds(arcs):
        for v in live_edge.reached(live, [1], hops):
            exact[v] += chance
    for v, p in exact.items():
        assert abs(values[v] - p) <= 4.5 * (max(p * (1 - p), 0) / 10_000) ** 0.5 + 1e-9


def test_viral_propagation_follows_directions_and_joins_parallel_edges():
    """A directed edge works one way; .6 and .7 in parallel work as .88."""
    graph = nx.MultiDiGraph()
    graph.add_edge("a", "b", p=0.6)
    graph.add_edge("a", "b", p=0.7)
    assert viral_propagation(graph, "b", 5, rng=1) == {"a": 0.0, "b": 1.0}
    assert viral_propagation(graph, "a", 5, rng=1)["b"] == pytest.approx(0.88, abs=4.5 * (0.88 * 0.12 / 10_000) ** 0.5)


@pytest.mark.parametrize(
    ("error", "change"),
    [(UnknownNode, {"seeds": [9]}), (InvalidParameter, {"seeds": []}), (InvalidParameter, {"iterations": -1}), (InvalidParameter, {"iterations": 1.5}), (InvalidParameter, {"G": five_nodes(p=1.2)}), (DataInvalid, {"G": nx.path_graph(3), "seeds": [0]})],
)
def test_viral_propagation_names_wrong_arguments(error, change):
    """Unknown or no seed, broken hop numbers, p outside [0, 1], no p."""
    with pytest.raises(error) as caught:
        viral_propagation(**{"G": five_nodes(), "seeds": [1], "iterations": 2, **change})
    assert isinstance(caught.value, GraphkitError)
