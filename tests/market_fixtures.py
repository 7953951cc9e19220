"""Random small markets as tables, and what every purchase in them is worth, computed the plain way."""

import itertools

import numpy as np

from graphkit.model.tables import EdgeColumns, GraphTables, NodeColumns, as_column


def table(label, ids, **columns):
    """Nodes of one label."""
    return NodeColumns(label, as_column(ids), {k: as_column(v) for k, v in columns.items()})


def tie(kind, source, target, a, b, **columns):
    """Relationships of one type."""
    return EdgeColumns(
        kind,
        source,
        target,
        np.asarray(a, np.int64),
        np.asarray(b, np.int64),
        {k: as_column(v) for k, v in columns.items()},
    )


def market(chance, cost, kinds, *, channel=None, users=None, nodes=(), edges=(), film="f1", settings=None, knows=()):
    """Channels c0.. with the chance matrix (channels, users), and a film."""
    m, n = chance.shape
    c, u = np.nonzero(chance)
    every = [
        table("User", [f"u{i:02d}" for i in range(n)], **{"consent": [True] * n, **(users or {})}),
        table(
            "Channel",
            [f"c{i}" for i in range(m)],
            name=[f"C{i}" for i in range(m)],
            kind=list(kinds),
            cost=[float(x) for x in cost],
            **(channel or {}),
        ),
        table("Film", [film], name=["Film"]),
        *nodes,
    ]
    reach = tie("REACHES", "Channel", "User", c, u, p=[float(x) for x in chance[c, u]])
    ties = [tie("KNOWS", "User", "User", [a for a, _ in knows], [b for _, b in knows])] if knows else []
    return GraphTables({t.label: t for t in every}, (reach, *ties, *edges), "small", "EUR", "UTC", settings or {})


def every_purchase(m, waves, capacity, materials):
    """All {(channel, wave): (material, uses)}: each channel in each wave not at all, or some uses of one material."""
    choices = []
    for c in range(m):
        options = [None] + [(material, uses) for material in materials[c] for uses in range(1, capacity[c] + 1)]
        choices += [options] * waves
    for picks in itertools.product(*choices):
        yield {(i // waves, i % waves + 1): pick for i, pick in enumerate(picks) if pick is not None}


def reach(chance, purchase, response):
    """Exact reach without word of mouth: every use exposes anew."""
    missed = np.ones(chance.shape[1])
    for (c, _), (material, uses) in purchase.items():
        missed *= (1 - np.minimum(1.0, chance[c] * response.get(material, 1.0))) ** uses
    return float((1 - missed).sum())


def money(purchase, cost, once):
    """Price of all uses, and each material once."""
    return sum(cost[c] * uses for (c, _), (_, uses) in purchase.items()) + sum(
        once.get(m, 0) for m in {m for m, _ in purchase.values()}
    )
