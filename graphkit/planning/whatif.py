"""What if: the plan and a variant of it in the same worlds, so that the difference is paired."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from graphkit.check import non_negative
from graphkit.errors import InvalidParameter
from graphkit.influence.channel_cover import dot
from graphkit.parts import Part
from graphkit.planning.amounts import minor, money, spendable
from graphkit.planning.campaign import Campaign, prepare
from graphkit.planning.channels import make_plan
from graphkit.planning.estimates import estimate
from graphkit.planning.plan_result import check_source, check_unchanged
from graphkit.planning.plan_rows import plan_rows, uses_of
from graphkit.planning.reached import happened
from graphkit.planning.replacement import added_purchase, best_replacement
from graphkit.planning.request import Request
from graphkit.planning.search import JUDGING
from graphkit.projection.unknown import unknown_node
from graphkit.results import Manifest, Result, make_manifest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from graphkit.engine.base import Engine
    from graphkit.influence.channel_cover import Cover
    from graphkit.planning.channels import ChannelPlan
    from graphkit.progress import ProgressCallback

    Floats = NDArray[np.float64]

__all__ = ["ReachDifference", "WhatIf", "whatif"]


@dataclass(frozen=True, eq=False, repr=False)
class ReachDifference(Part):
    """Reach of plan and variant on the same worlds; ``difference`` = variant - plan with its paired 95 % interval."""

    difference: float
    interval: tuple[float, float]
    plan: float
    variant: float


@dataclass(frozen=True, eq=False, repr=False)
class WhatIf(Result):
    """A variant of a plan; nothing is re-optimised unless the budget changed.

    Parameters
    ----------
    plan : str
        Id of the plan.
    reach : ReachDifference
        Variant minus plan, paired on the same worlds.
    spent : float
        What the variant costs, in the currency of the data; ``within_budget`` says whether the budget pays for it.
    channels : tuple of str
        Channels of the variant.
    best_replacement : dict or None
        The purchase that would regain most for the money that dropping freed, under the plan's rules.
    change : dict
        What was asked for.
    channels_kept : float or None
        With ``receptivity``: share of the plan's channels that a plan made anew for it would buy too.
    """

    plan: str
    reach: ReachDifference
    spent: float
    within_budget: bool
    channels: tuple[str, ...]
    best_replacement: dict[str, Any] | None
    change: dict[str, Any]
    manifest: Manifest
    channels_kept: float | None = None


def whatif(
    plan: ChannelPlan,
    *,
    drop: Iterable[str] = (),
    add: Iterable[str] = (),
    price: Mapping[str, float] | None = None,
    budget: float | None = None,
    receptivity: float | None = None,
    events: Any = None,
    engine: str | Engine = "threads",
    progress: ProgressCallback | None = None,
) -> WhatIf:
    """Compare a variant with a plan in the same worlds.

    Parameters
    ----------
    plan : ChannelPlan
        With its ``source`` (as made by `plan`, or given to `ChannelPlan.from_dict`).
    drop, add : iterable of str
        Channel ids to leave out (all waves) and to buy in the first wave that is left, where they are not bought then.
    price : mapping channel -> price, optional
        Other prices; reach stays, the money changes.
    budget : float, optional
        Another budget: the plan is made again for it, in the same worlds.
    receptivity : float, optional
        Every chance of exposure times this factor.
    events : as for `graphkit.planning.replan.replan`
        Needed for a plan that `replan` made, since a plan names no users.
    engine, progress
        See `graphkit.engine.base` and `graphkit.progress`.

    Returns
    -------
    WhatIf
        Dropping a channel that was not bought gives a difference of exactly 0.

    Raises
    ------
    InvalidParameter
        The plan has no source, the data changed since, an added channel may not be bought, or events are needed.
    UnknownNode
        A channel that does not exist.

    Examples
    --------
    >>> from graphkit.synthetic.campaign import write_campaign
    >>> film = ("Film", write_campaign("data", n_users=60, clips=1)["film"])
    >>> from graphkit.planning.channels import plan
    >>> made = plan("data", for_=film, budget=3_000, probability="none", rng=1)
    >>> less = whatif(made, drop=[made.items[0].channel])
    >>> less.reach.difference < 0, less.spent < made.spent
    (True, True)
    """
    start, change = time.monotonic(), _change(drop, add, price, budget, receptivity)
    request = Request.of(plan)
    run = _Run.of(plan, request, events, engine, progress)
    again = plan
    if budget is not None:
        prices = {**request.price, **change["price"]}
        again = run.plan(plan.source, replace(request, budget=budget, price=prices, pareto=()))
    campaign = _campaign(plan, request, change["price"], run, again)
    base, variant = _compared(campaign, plan, again, change)
    sets = campaign.worlds.sets(plan.sample["judge"], JUDGING)
    judged = campaign.worlds.cover(sets, campaign.hazard)
    other, kept = judged, None
    if receptivity is not None:
        factor = non_negative("receptivity", receptivity)
        kept = _kept(plan, replace(request, receptivity=request.receptivity * factor, pareto=()), run)
        other = campaign.worlds.cover(sets, campaign.with_factor(factor))
    reach = _difference(judged, base, other, variant, same=other is judged, exact=campaign.worlds.exact)
    limit, spent = _limit(plan, budget), campaign.menu.money(variant)
    best = None
    if len(variant) < len(base):
        best = best_replacement(campaign, plan, variant, other, limit, (*change["drop"], *change["add"]))
    answer: dict[str, Any] = {
        "plan": plan.plan, "reach": reach, "spent": spent / 100, "within_budget": spent <= limit,
        "channels": tuple(campaign.label(x) for x in variant), "best_replacement": best, "change": change, "channels_kept": kept,
    }  # fmt: skip
    manifest = make_manifest(
        "whatif", request={"plan": plan.manifest.digest, **change}, answer=answer, seed=request.seed,
        snapshot=campaign.snapshot.digest, engine=campaign.worlds.engine.name, seconds=time.monotonic() - start,
    )  # fmt: skip
    return WhatIf(**answer, manifest=manifest)


@dataclass(frozen=True)
class _Run:
    """How plans are made for the comparison: where, who watches, who was reached before, which purchases may stand."""

    engine: str | Engine
    progress: ProgressCallback | None
    active: NDArray[np.bool_] | None
    keep: list[Any]

    @classmethod
    def of(
        cls, plan: ChannelPlan, request: Request, events: Any, engine: str | Engine, progress: ProgressCallback | None
    ) -> _Run:
        """Take up what had happened when the plan was made; a plan without data is refused later."""
        active, keep = happened(plan, request, events) if plan.source is not None else (None, [])
        return cls(engine, progress, active, keep)

    def plan(self, source: Any, request: Request) -> ChannelPlan:
        """Answer a request as the plan was."""
        return make_plan(
            source, request, engine=self.engine, progress=self.progress, active=self.active, keep=self.keep
        )


def _change(
    drop: Iterable[str],
    add: Iterable[str],
    price: Mapping[str, float] | None,
    budget: float | None,
    receptivity: float | None,
) -> dict[str, Any]:
    """What is asked for, as the result says it."""
    dropped, added = _names("drop", drop), _names("add", add)
    if price is not None and not isinstance(price, Mapping):
        raise InvalidParameter("price must be a table channel -> price", parameter="price", value=price)
    return {"drop": dropped, "add": added, "price": dict(price or {}), "budget": budget, "receptivity": receptivity}


def _compared(
    campaign: Campaign, plan: ChannelPlan, again: ChannelPlan, change: Mapping[str, Any]
) -> tuple[list[int], list[int]]:
    """Options of the plan, and of the variant."""
    _known(campaign, (*change["drop"], *change["add"], *change["price"]))
    base = plan_rows(campaign, plan)
    variant = base if again is plan else plan_rows(campaign, again)
    variant = [x for x in variant if campaign.label(x) not in change["drop"]]
    taken = set(campaign.menu.group[variant].tolist())  # a channel carries one material in a wave
    added = [added_purchase(campaign, name) for name in change["add"]]
    return base, variant + [x for x in added if int(campaign.menu.group[x]) not in taken]


def _kept(plan: ChannelPlan, request: Request, run: _Run) -> float | None:
    """Share of the plan's channels that are bought again when every chance of exposure is multiplied."""
    mine = {item.channel for item in plan.items}
    if not mine or request.receptivity == 0:
        return None
    again = run.plan(plan.source, request)
    return len(mine & {item.channel for item in again.items}) / len(mine)


def _names(parameter: str, channels: Iterable[str] | None) -> list[str]:
    """Channel ids in the order given, one string being one id, None being none."""
    if channels is None:
        return []
    if not isinstance(channels, Iterable):
        raise InvalidParameter(f"{parameter} must hold ids of channels", parameter=parameter, value=channels)
    return [channels] if isinstance(channels, str) else list(dict.fromkeys(str(x) for x in channels))


def _limit(plan: ChannelPlan, budget: float | None) -> int:
    """Money the variant may spend, in minor units; what is gone is gone."""
    gone = float((plan.request.get("done") or {}).get("spent", 0))
    return spendable(plan.budget if budget is None else budget) - minor(gone)


def _campaign(
    plan: ChannelPlan, request: Request, price: Mapping[str, float], run: _Run, again: ChannelPlan
) -> Campaign:
    """The plan's campaign again, every allowed channel open."""
    check_source(plan)
    prices = {**request.price, **{k: money(f"price of {k}", v) for k, v in price.items()}}
    campaign = prepare(
        plan.source,
        replace(request, price=prices),
        engine=run.engine,
        progress=run.progress,
        open_menu=True,
        active=run.active,
        bought=uses_of(plan, again),
    )
    check_unchanged(plan, campaign.snapshot)
    return campaign


def _known(campaign: Campaign, names: Iterable[str]) -> None:
    """Every channel must exist."""
    left = (row["channel"] for row in campaign.market.rejected)  # one of weaker evidence is not among the nodes
    known = {*campaign.snapshot.nodes("Channel").ids.tolist(), *campaign.market.ids, *left}
    for name in names:
        if name not in known:
            raise unknown_node(campaign.snapshot.nodes("Channel"), name)


def _difference(
    judged: Cover, base: list[int], other: Cover, variant: list[int], *, same: bool, exact: bool
) -> ReachDifference:
    """Paired difference set by set; equal plans give exactly 0."""
    before = 1.0 - judged.missed(base)
    if same and sorted(base) == sorted(variant):
        value = judged.scale * dot(judged.weight, before)
        return ReachDifference(0.0, (0.0, 0.0), value, value)
    after = 1.0 - other.missed(variant)
    difference, interval = estimate(judged, None, after - before, exact=exact)
    weigh = judged.scale * judged.weight
    return ReachDifference(difference, interval, dot(weigh, before), dot(weigh, after))
