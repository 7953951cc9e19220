"""Results as NetworkX graphs: NetworkX reads the same numbers, on the right arcs and in the right direction."""

import dataclasses

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from graphkit.community.leiden import communities
from graphkit.diffusion.learn import learn
from graphkit.diffusion.spread import estimate_spread
from graphkit.errors import InvalidParameter
from graphkit.matching.history import rank_partners
from graphkit.planning.links import predict_links
from graphkit.projection.build import from_arrays
from graphkit.projection.nodes import NodeIndex
from graphkit.ranking.pagerank import personalised_pagerank

IDS = ["001", "1", "甲", "c", "d", "e"]


def ring(**more):
    """Two directed triangles with one arc between them, a self-loop at the end; ids that look like numbers."""
    source, target = [0, 1, 2, 3, 4, 5, 2, 5], [1, 2, 0, 4, 5, 3, 3, 5]
    return from_arrays([IDS[i] for i in source], [IDS[i] for i in target], ids=IDS, probability=0.5, **more)


def test_learned_chances_stand_on_their_arcs():
    """p, its interval and the tries of u -> v are those of the frame's row u, v; the other direction is not there."""
    graph = from_arrays(["a", "b", "c"], ["b", "c", "a"], ids=["a", "b", "c"])
    items = [(f"i{i}", node, ts) for i in range(9) for ts, node in enumerate(["a", "b"] if i % 3 else ["a"])]
    found = learn(graph, pd.DataFrame(items, columns=["item", "node", "ts"]), rng=1)
    made = found.to_networkx()
    rows = found.to_frame().rename(columns={"probability": "p"}).to_dict("records")
    assert sorted(made.edges()) == [("a", "b"), ("b", "c"), ("c", "a")]
    assert [{"source": u, "target": v, **data} for u, v, data in made.edges(data=True)] == rows
    assert made["a"]["b"][0]["tried"] == 9
    assert made["a"]["b"][0]["p"] > made["c"]["a"][0]["p"]


def test_learned_chances_without_their_graph_say_so():
    """JSON keeps the chances, not the graph."""
    found = learn(ring(), pd.DataFrame({"item": ["i"], "node": ["c"], "ts": [0]}), rng=1)
    with pytest.raises(InvalidParameter, match="projection"):
        dataclasses.replace(found, projection=None).to_networkx()


def test_networkx_counts_the_same_modularity():
    """The attribute ``community`` is the partition whose modularity the result tells."""
    p = from_arrays([0, 1, 2, 3, 4, 5, 2], [1, 2, 0, 4, 5, 3, 3], directed=False)
    found = communities(p, rng=1)
    made = found.to_networkx(p)
    groups = [{n for n, c in made.nodes(data="community") if c == number} for number in range(found.n_communities)]
    assert nx.community.modularity(nx.Graph(made), groups) == pytest.approx(found.modularity, abs=1e-12)
    assert all(isinstance(number, int) for _, number in made.nodes(data="community"))


def test_networkx_ranks_alike():
    """The attribute ``score`` is NetworkX' own PageRank of the graph that comes with it."""
    p = ring()
    found = personalised_pagerank(p, "001", tolerance=1e-13)
    made = found.to_networkx(p)
    wanted = nx.pagerank(made, alpha=0.85, personalization={"001": 1}, dangling={"001": 1}, tol=1e-13, max_iter=500)
    assert dict(made.nodes(data="score")) == pytest.approx(wanted, abs=1e-10)


def test_activation_stands_on_the_nodes():
    """A seed is always active, who cannot be reached never."""
    p = ring()
    made = estimate_spread(p, [3], n_worlds=50, rng=1).to_networkx(p)
    share = dict(made.nodes(data="activation"))
    assert share["c"] == 1
    assert 0 < share["d"] < 1
    assert [share[name] for name in IDS[:3]] == [0, 0, 0]


def test_another_graph_is_refused():
    """Scores of six nodes do not fit five; nor six others."""
    found = personalised_pagerank(ring(), "001")
    with pytest.raises(InvalidParameter, match="projection"):
        found.to_networkx(from_arrays([0], [1], n_nodes=5))
    with pytest.raises(InvalidParameter, match="projection"):
        found.to_networkx(from_arrays(["x"], ["y"], ids=["x", "y", *IDS[2:]]))


def test_proposed_ties_point_at_the_proposal():
    """Links and partners are arcs from whom was asked about to what is proposed, with the columns of their row."""
    p = from_arrays([0, 1, 2, 3, 4, 5, 2], [1, 2, 0, 4, 5, 3, 3], directed=False)
    links = predict_links(p, [0], [3, 4, 5], top=2, rng=1)
    history = pd.DataFrame({"partnership": [1, 1, 2, 2, 3, 3], "member": ["a", "b", "b", "c", "c", "d"]})
    partners = rank_partners(history, subjects=["a"], top=2)
    drawn = (
        (links, links.to_networkx(p), ["source", "target"]),
        (partners, partners.to_networkx(), ["subject", "partner"]),
    )
    for found, made, ends in drawn:
        frame = found.to_frame()
        assert isinstance(made, nx.DiGraph)
        assert len(frame) == 2
        assert list(made.edges()) == list(frame[ends].itertuples(index=False, name=None))
        assert [score for *_, score in made.edges(data="score")] == frame["score"].tolist()


def test_one_id_under_two_labels_is_two_ends_of_a_link():
    """User 1 and Film 1 are no self-loop; the nodes are those of the graph."""
    names = np.array([["User", "1"], ["User", "2"], ["Film", "1"], ["Film", "2"]], object)
    bare = from_arrays([0, 1, 1], [2, 2, 3], n_nodes=4, directed=False)
    p = dataclasses.replace(bare, nodes=NodeIndex(4, names[:, 1], names[:, 0]))
    links = predict_links(p, [0], [2, 3], top=2, rng=1)
    made = links.to_networkx(p)
    assert list(made.edges()) == [(("User", "1"), ("Film", "2"))]
    assert set(made) <= set(p.to_networkx())
