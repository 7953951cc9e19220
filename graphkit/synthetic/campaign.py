"""A made-up campaign as an input directory, with its truth beside it.

Everything is drawn from one seed, one named stream per subject, so the same seed gives the same bytes on every machine. What a planner would
like to know and never does stands in `truth.json`: the chance of every tie, the communities, the circles of brands, the sizes of the cascades.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import InvalidParameter
from graphkit.rng import as_seed
from graphkit.synthetic.behaviour import make_behaviour, make_partnerships
from graphkit.synthetic.cascades import make_cascades
from graphkit.synthetic.catalogue import make_catalogue
from graphkit.synthetic.channels import make_channels
from graphkit.synthetic.materials import make_materials
from graphkit.synthetic.offers import make_offers
from graphkit.synthetic.people import make_people
from graphkit.synthetic.tables import Files

if TYPE_CHECKING:
    import os

    from graphkit.rng import RandomState

__all__ = ["write_campaign"]

_DATASET = """name = "graphkit demo"
currency = "CNY"
time_zone = "Asia/Shanghai"

[reach_p]
cinema = 0.1
out_of_home = 0.06
tv = 0.08

[event_weights]
view = 1.0
like = 2.0
share = 3.0
purchase = 5.0
"""
_SMALLEST = 50


def write_campaign(
    directory: str | os.PathLike[str], *, n_users: int = 3000, seed: RandomState = 7, clips: int = 600
) -> dict[str, Any]:
    """Write a campaign with known truth.

    Parameters
    ----------
    directory : path
        Created when missing; files of an earlier campaign are overwritten.
    n_users : int, default 3000
        Users, >= 50; about 92 % of them with consent.
    seed : int or Generator, default 7
        Seed of everything.
    clips : int, default 600
        Past clips whose cascades become events, >= 1.

    Returns
    -------
    dict
        `directory`, `seed`, `rows` (file -> rows), `film` (the one to promote), `cost` (one use of every channel), `n_arcs`,
        `mean_probability`, `communities`.

    Raises
    ------
    InvalidParameter
        For fewer than 50 users or no clip.

    Notes
    -----
    `truth.json` holds `arcs` as [source, target, p], `community` per user, `circle` per brand and `cascade_sizes`. Prices, audiences and
    people are invented; nothing is sampled from real data.
    """
    for name, value, low in (("n_users", n_users, _SMALLEST), ("clips", clips, 1)):
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            message = f"{name} must be a whole number >= {low}. Got {value!r} instead."
            raise InvalidParameter(message, parameter=name, value=value, allowed=f">= {low}")
    root, number, files = Path(directory), as_seed(seed), Files()
    people = make_people(files, n_users, number)
    catalogue = make_catalogue(files, number)
    make_channels(files, people, number)
    make_materials(files, [(str(row[0]), str(row[3])) for row in files.rows("nodes/channel")], n_users)
    make_behaviour(files, people, catalogue, number)
    make_offers(files, catalogue)
    circle = make_partnerships(files, catalogue, number)
    sizes = make_cascades(files, people, catalogue, number, clips=clips)
    rows = files.write(root)
    (root / "dataset.toml").write_text(_DATASET, encoding="utf-8")
    truth = {
        "seed": number,
        "arcs": [
            [people.ids[u], people.ids[v], p]
            for (u, v), p in zip(people.arcs.tolist(), people.chance.tolist(), strict=True)
        ],
        "community": dict(zip(people.ids, people.community.tolist(), strict=True)),
        "circle": circle,
        "cascade_sizes": sizes,
    }
    (root / "truth.json").write_text(
        json.dumps(truth, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8"
    )
    return {
        "directory": str(root),
        "seed": number,
        "rows": rows,
        "film": catalogue.films[0],
        "cost": float(sum(row[6] for row in files.rows("nodes/channel"))),
        "n_arcs": len(people.arcs),
        "mean_probability": float(np.mean(people.chance)),
        "communities": people.n_communities,
    }
