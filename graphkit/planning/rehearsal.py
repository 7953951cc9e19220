"""A plan played once on given chances, and what it reaches on average under them.

Where the truth is known, as in the demo, a campaign can be run without anybody being addressed: every use of a channel exposes each
user by his own chance, whoever is exposed takes the item up, and it travels along the ties in continuous time. The events have the
columns of real event files, so that `evaluate`, `learn` and `replan` read them like any other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from graphkit.errors import InvalidParameter
from graphkit.planning.campaign import prepare
from graphkit.planning.estimates import estimate
from graphkit.planning.plan_rows import plan_rows
from graphkit.planning.request import Request
from graphkit.rng import as_generator, as_seed
from graphkit.synthetic.cascades import travel

if TYPE_CHECKING:
    import pandas as pd

    from graphkit.planning.campaign import Campaign
    from graphkit.planning.channels import ChannelPlan
    from graphkit.projection.projection import Projection
    from graphkit.rng import RandomState

__all__ = ["EVENT_HEADER", "expected_reach", "rehearse"]

EVENT_HEADER: Final = ("ts", "user", "kind", "item_label", "item", "channel", "parent_user")
_DAY, _WEEK, _MINUTE = 86_400, 7 * 86_400, 60
_TRUTH: Final = "rehearsal"


def rehearse(plan: ChannelPlan, chances: Projection, *, starts_ts: int, rng: RandomState = None) -> pd.DataFrame:
    """Play the plan once and return its events.

    Parameters
    ----------
    plan : ChannelPlan
        With its ``source``; of users, not of pages.
    chances : Projection
        The users with consent and the chance on every tie: what is true, not what the plan believed.
    starts_ts : int
        Start of wave 1 in epoch seconds; later waves keep the plan's distance, or follow week by week where it has no dates.
    rng : int, Generator or SeedSequence
        Of everything that happens.

    Returns
    -------
    DataFrame
        Columns of `EVENT_HEADER`, by time: an ``exposure`` for every use that was seen, a ``view`` for everyone reached, with the
        channel or the user it came from.

    Raises
    ------
    InvalidParameter
        The plan is one of pages, knows no data, or the graph has other users.
    """
    import pandas as pd

    campaign, draw = _opened(plan, chances), as_generator(as_seed(rng), _TRUTH)
    (label, item), users = campaign.target, campaign.who.ids
    shown = _exposures(campaign, plan, starts_ts, draw)
    rows: list[tuple[Any, ...]] = [(ts, users[u], "exposure", label, item, channel, None) for ts, u, channel in shown]
    brought = {u: channel for _, u, channel in sorted(shown, reverse=True)}  # the earliest stays
    for ts, u, parent in travel([(when + _MINUTE, u, -1) for when, u, _ in shown], _ties(chances), draw):
        cause = (brought[u], None) if parent < 0 else (None, users[parent])
        rows.append((int(ts), users[u], "view", label, item, *cause))
    rows.sort(key=lambda row: row[:3])
    return pd.DataFrame(rows, columns=list(EVENT_HEADER))


def _exposures(
    campaign: Campaign, plan: ChannelPlan, starts_ts: int, draw: np.random.Generator
) -> list[tuple[int, int, str]]:
    """(time, user, channel) of every use that somebody saw: within a day of the start of its wave."""
    waves = {(item.channel, item.wave): item.starts_ts for item in plan.items}
    first = min((ts for ts in waves.values() if ts is not None), default=0)
    found = []
    for x in plan_rows(campaign, plan):
        channel, wave = campaign.label(x), int(campaign.options.wave[x])
        planned = waves[channel, wave]
        begin = starts_ts + ((wave - 1) * _WEEK if planned is None else planned - first)
        column = campaign.hazard[:, [x]].tocoo()
        seen = column.row[draw.random(column.nnz) < -np.expm1(-column.data)]
        found += [
            (int(begin + ts), int(u), channel) for u, ts in zip(seen, draw.integers(0, _DAY, seen.size), strict=True)
        ]
    return found


def expected_reach(
    plan: ChannelPlan, chances: Projection, *, n_sets: int = 65_536, rng: RandomState = None
) -> tuple[float, tuple[float, float]]:
    """Return what the plan reaches on average under given chances, and the 95 % interval of the sampling.

    Parameters
    ----------
    plan, chances
        As for `rehearse`.
    n_sets : int
        Reverse reachable sets, >= 1.
    rng : int, Generator or SeedSequence
    """
    campaign = _opened(plan, chances)
    worlds = replace(campaign.worlds, seed=as_seed(rng))
    cover = worlds.cover(worlds.sets(n_sets, _TRUTH), campaign.hazard)
    return estimate(cover, None, 1.0 - cover.missed(plan_rows(campaign, plan)), exact=worlds.exact)


def _opened(plan: ChannelPlan, chances: Projection) -> Campaign:
    """The plan's options on the given chances."""
    request = Request.of(plan)
    if request.page_level or plan.source is None:
        message = f"plan {plan.plan} cannot be rehearsed: {'it is one of pages' if request.page_level else 'it does not know its data'}"
        raise InvalidParameter(message, parameter="plan", value=plan.plan, hint="make a plan of users from a store")
    campaign = prepare(plan.source, replace(request, probability="none", objective="reach", done=None), open_menu=True)
    if chances.nodes.ids is None or chances.nodes.ids.tolist() != campaign.who.ids:
        message = f"the graph has {chances.n_nodes} nodes that are not the {campaign.who.n} users of the plan"
        raise InvalidParameter(
            message, parameter="chances", value=chances.n_nodes, hint="project the users of the plan's own store"
        )
    return campaign.with_chances(campaign.hazard, chances)


def _ties(chances: Projection) -> dict[int, list[tuple[int, float]]]:
    found: dict[int, list[tuple[int, float]]] = {}
    for u, v, p in zip(
        chances.sources.tolist(), chances.indices.tolist(), np.asarray(chances.probability).tolist(), strict=True
    ):
        found.setdefault(u, []).append((v, p))
    return found
