"""What holds on any graph: connected communities, one numbering, the same bytes for any cores and any order of rows."""

import os

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.community.leiden import communities
from graphkit.community.moves import leiden
from graphkit.community.quality import undirected
from graphkit.projection.arrays import from_arrays

ASKED = [
    {},
    {"resolution": 0.2},
    {"resolution": 3.0},
    {"resolution": "auto"},
    {"objective": "map_equation"},
    {"objective": "block_model"},
]


@st.composite
def edge_lists(draw):
    """Source, target, weight, number of nodes: loops, duplicates, weights of zero and isolated nodes included."""
    n = draw(st.integers(1, 24))
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.sampled_from([0.0, 0.3, 1.0, 1.0, 7.5])),
            max_size=60,
        )
    )
    source, target, weight = np.array(rows, float).reshape(-1, 3).T
    return source.astype(int), target.astype(int), weight, n


def check(labels, source, target, weight, n):
    """Sound labels of connected communities."""
    graph = nx.Graph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from((int(u), int(v)) for u, v, w in zip(source, target, weight, strict=True) if w > 0)
    size = np.bincount(labels)
    assert labels.shape == (n,)
    assert (np.diff(size) <= 0).all()
    assert size.min() > 0
    for c in range(size.size):
        assert nx.is_connected(graph.subgraph(np.flatnonzero(labels == c).tolist()))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(edges=edge_lists(), asked=st.sampled_from(ASKED), directed=st.booleans(), seed=st.integers(0, 3))
def test_communities_hang_together_on_any_graph(edges, asked, directed, seed):
    """Whatever the objective, the resolution and the direction of the arcs; numbers are finite and in range."""
    source, target, weight, n = edges
    found = communities(
        from_arrays(source, target, weight=weight, n_nodes=n, directed=directed), effort="fast", rng=seed, **asked
    )
    check(found.labels, source, target, weight, n)
    assert np.isfinite([found.modularity, found.description_gain]).all()
    assert ((found.inside >= 0) & (found.inside <= 1 + 1e-12)).all()
    assert found.stability is None or ((found.stability > 0) & (found.stability <= 1)).all()


@pytest.mark.parametrize("number", range(4))
def test_every_run_of_the_kernel_gives_connected_communities(number):
    """After one iteration already, on larger graphs that fall apart easily: hubs, and weights over six powers of ten."""
    graph = nx.barabasi_albert_graph(800, 1 + number % 2, seed=number)
    source, target = np.array(graph.edges).T
    weight = 10.0 ** np.random.default_rng(number).uniform(-3, 3, source.size)
    flat = undirected(from_arrays(source, target, weight=weight, n_nodes=800, directed=False))
    for resolution in (0.5, 1.0, 4.0):
        labels = leiden(flat, np.arange(800), resolution=resolution, iterations=1, seed=number)
        for c in range(labels.max() + 1):
            assert nx.is_connected(graph.subgraph(np.flatnonzero(labels == c).tolist()))


@pytest.mark.parametrize("asked", [*ASKED, {"effort": "fast"}, {"effort": "thorough"}], ids=str)
def test_same_bytes_for_any_cores_and_order_of_rows(monkeypatch, asked):
    """1, 2 and 7 workers; rows shuffled, ends swapped, ids listed in another order."""
    graph = nx.powerlaw_cluster_graph(160, 3, 0.4, seed=6)
    source, target = np.array(graph.edges).T
    weight, names = np.random.default_rng(2).uniform(0.5, 2, source.size), [f"n{i:03d}" for i in range(160)]
    found = []
    for cores in (1, 2, 7):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        found.append(
            communities(
                from_arrays(source, target, weight=weight, n_nodes=160, directed=False), rng=4, **asked
            ).labels.tobytes()
        )
    rng = np.random.default_rng(cores)
    order, swap, listed = rng.permutation(source.size), rng.random(source.size) < 0.5, rng.permutation(160)
    s, t = np.where(swap, target, source)[order], np.where(swap, source, target)[order]
    found.append(
        communities(
            from_arrays(s, t, weight=weight[order], n_nodes=160, directed=False), rng=4, **asked
        ).labels.tobytes()
    )
    ids = np.array(names)
    named = from_arrays(ids[s], ids[t], weight=weight[order], ids=[names[i] for i in listed], directed=False)
    again = np.empty(160, np.int64)
    again[listed] = communities(named, rng=4, **asked).labels
    found.append(again.tobytes())
    assert len(set(found)) == 1
