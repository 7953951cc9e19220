"""Which channels to buy with a budget: the plan, its interval, its certificate and its reasons.

Independent samples: R1 chooses the plan and bounds every other plan, a third one compares it with the baselines, R2
judges it (`graphkit.planning.search`). Money is counted in minor units.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from graphkit.errors import NotConverged, TimeLimit
from graphkit.model.schema import USER_TIES
from graphkit.planning.campaign import prepare
from graphkit.planning.floors import goal_rows, meet_floors
from graphkit.planning.goals import GOALS, goal_text, goal_weights
from graphkit.planning.pareto import pareto_goals, pareto_plans
from graphkit.planning.plan_report import against_fixed, report_plan
from graphkit.planning.plan_result import ChannelPlan
from graphkit.planning.request import Request
from graphkit.planning.robust import robust_plan
from graphkit.planning.rules import read_rules
from graphkit.planning.search import JUDGING, ROUNDS, options_of, recertified, search
from graphkit.planning.subject import target_node
from graphkit.rng import as_seed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from graphkit.engine.base import Engine
    from graphkit.planning.rules import Rules
    from graphkit.progress import ProgressCallback
    from graphkit.rng import RandomState

__all__ = ["JUDGING", "ChannelPlan", "make_plan", "plan"]


def plan(
    source: Any,
    *,
    for_: tuple[str, str] | str,
    budget: float,
    probability: float | str = "weighted_cascade",
    objective: str | Mapping[str, float] = "reach",
    waves: int = 1,
    target: str | None = None,
    rules: Rules | Mapping[str, Any] | str | Path | None = None,
    robust: float | None = None,
    pareto: str | Sequence[str] = (),
    max_steps: int | None = None,
    engine: str | Engine = "threads",
    rng: RandomState = None,
    ratio: float | None = None,
    delta: float = 0.05,
    nodes: str | Sequence[str] = "User",
    via: str | Sequence[str] | None = None,
    min_evidence: str | None = None,
    min_cell: int = 0,
    time_limit: float | None = None,
    progress: ProgressCallback | None = None,
) -> ChannelPlan:
    """Choose promotion channels under a budget by expected reach after word of mouth.

    A plan S exposes user u with chance 1 - prod(1 - r_cu); exposed users are active at step 0, then the independent
    cascade runs over the ties. Maximised is the expected number (or value) of active users under sum of costs <= budget.

    Parameters
    ----------
    source : GraphStore, path of an input directory, Snapshot or Projection made from one
    for_ : (label, id) or "LABEL:ID"
        The film, course or brand to promote.
    budget : float
        Money in the currency of the data, >= 0.
    probability : float in [0, 1], "weighted_cascade", "trivalency", "learned" or "none"
        Chance that an active user activates a neighbour. "learned" reads INFLUENCES.p; "none" switches word of mouth
        off, and all numbers are then exact.
    objective : {"reach", "purchases", "value", "loyalty"} or mapping goal -> weight
        Users count 1, their propensity, propensity x lifetime value, or lifetime value; ``{"reach": 1, "value": 0.02}``
        or ``"reach=1,value=0.02"`` is a weighted sum, and the certificate then refers to the sum.
    waves : int
        Each channel may be used `capacity` times per wave.
    target : str, optional
        Target expression over users; others count nothing but pass messages on.
    rules : Rules, mapping or file, optional
        See `graphkit.planning.rules.Rules`.
    robust : float in (0, 1), optional
        Plan for this quantile of reach over draws of unknown chances, see `graphkit.planning.robust`.
    pareto : sequence of goals, or "reach,value"
        Also list plans between these goals, see `graphkit.planning.pareto`.
    max_steps : int, optional
        Only that many hops of word of mouth.
    engine, rng, progress
        See `graphkit.engine.base`, `graphkit.rng` and `graphkit.progress`.
    ratio : float, optional
        Sample until the certificate reaches it, or raise. Default: aim at 0.9, report what was reached.
    delta : float
        Chance that the certificate is wrong.
    nodes, via : str or sequence of str
        Labels and relationship types of the propagation graph. With ``nodes="Channel", via="LINKED_WITH"`` a bought
        channel is itself active at step 0.
    min_evidence : {"real", "match", "inferred", "assumed"}, optional
        Leave out relationships, channels, materials and placements of weaker evidence. Default: all count, and the
        assumptions say how many are not real.
    min_cell : int, default 0
        Leave out channels and placements with fewer users with consent in their audience, under the rule `min_cell`.
        It changes which plan is best, so it is asked for: 50 is the smallest number that other results print.
    time_limit : float, optional
        Seconds; when they pass before the certificate is reached, TimeLimit carries the best plan so far.

    Returns
    -------
    ChannelPlan

    Raises
    ------
    InvalidParameter
        A value outside its range, or a feature that is not supported.
    UnknownNode
        The film, or a channel named by a rule, does not exist.
    DataInvalid
        Values, chances or consent that the request needs are missing.
    Infeasible
        The budget is below the cheapest channel, or rules contradict each other.
    TimeLimit, NotConverged
        ``best`` is the plan so far.

    Examples
    --------
    >>> plan("data/", for_=("Film", "f1"), budget=30_000, rng=7)  # doctest: +SKIP
    """
    label, node = target_node(for_)
    level = (nodes,) if isinstance(nodes, str) else tuple(nodes)
    ties = (
        (via,)
        if isinstance(via, str)
        else tuple(via)
        if via is not None
        else (USER_TIES if level == ("User",) else ("LINKED_WITH",))
    )
    request = Request(
        for_=f"{label}:{node}",
        budget=budget,
        probability=probability,
        objective=goal_text(goal_weights(objective)),
        waves=waves,
        target=target,
        rules=read_rules(rules).to_dict(),
        max_steps=max_steps,
        nodes=level,
        via=ties,
        aim=0.9 if ratio is None else ratio,
        delta=delta,
        seed=as_seed(rng),
        robust=robust,
        pareto=pareto_goals(pareto) if pareto else (),
        min_evidence=min_evidence,
        min_cell=min_cell,
    )
    return make_plan(
        source, request, promised=ratio is not None, engine=engine, time_limit=time_limit, progress=progress
    )


def make_plan(
    source: Any,
    request: Request,
    *,
    promised: bool = False,
    engine: str | Engine = "threads",
    time_limit: float | None = None,
    progress: ProgressCallback | None = None,
    active: NDArray[np.bool_] | None = None,
    keep: Sequence[Any] = (),
) -> ChannelPlan:
    """Answer a request; see :func:`plan`. ``keep``: purchases (channel, wave, material, use) that may stand (`replan`)."""
    start = time.monotonic()
    campaign = prepare(source, request, engine=engine, progress=progress, active=active)
    fixed = options_of(campaign, keep)
    found = search(campaign, deadline=None if time_limit is None else start + time_limit, first=fixed)
    floors = campaign.rules.floors
    more: dict[str, Any] = {}
    goals = sorted({*goal_weights(request.objective), *floors, *request.pareto}, key=list(GOALS).index)
    if floors:
        found = meet_floors(campaign, found, floors)
    if request.robust is not None:
        found, more["robust"] = robust_plan(campaign, found, request.robust)
        found = recertified(campaign, found)
    if len(goals) > 1 or floors:
        more["goals"] = goal_rows(campaign, found, goals, floors)
    if request.pareto:
        more["pareto"] = pareto_plans(campaign, found, request.pareto, found.judged.weight.size)
    if request.done is not None:
        more["replanned"] = {**request.done, **against_fixed(campaign, found, fixed)}
    made = report_plan(source, campaign, found, time.monotonic() - start, goals, **more)
    ratio = found.certificate.ratio
    if ratio < request.aim and found.late and time_limit is not None:
        message = f"{time_limit:g} s passed before the certificate reached {request.aim:g}; it stands at {ratio:.3f}"
        raise TimeLimit(message, best=made, seconds=time_limit, hint="the best plan so far is kept")
    if promised and not ratio >= request.aim:
        stands = "there is none with BOOSTS bonuses" if math.isnan(ratio) else f"it stays at {ratio:.3f}"
        message = f"no certificate of the {request.aim:g} asked for: {stands}"
        raise NotConverged(
            message, best=made, iterations=ROUNDS, residual=request.aim if math.isnan(ratio) else request.aim - ratio
        )
    return made
