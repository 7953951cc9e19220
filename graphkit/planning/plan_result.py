"""The channel plan as a result, field by field."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from graphkit.check import refuse
from graphkit.errors import InvalidParameter
from graphkit.influence.certificate import Certificate  # noqa: TC001 - from_dict resolves it
from graphkit.model.plan_document import check_plan
from graphkit.parts import Part, jsonable
from graphkit.results import Manifest, Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from graphkit.projection.snapshot import Snapshot

__all__ = ["ChannelPlan", "PlanItem", "Reach", "check_source", "check_unchanged", "checked_plan"]


@dataclass(frozen=True, eq=False, repr=False)
class PlanItem(Part):
    """One purchase: what it costs and what it adds after those listed before it.

    ``exclusive`` is lost when it is dropped from the whole plan, ``alone`` is its reach by itself; all in units of the
    objective. ``audience`` counts people it can expose. ``cost`` covers all ``uses`` and, in ``one_off_cost``, making
    the material where it is first used; ``starts_ts`` is the wave's start, ``code`` the material's tracking code.
    """

    channel: str
    name: str
    kind: str
    wave: int
    material: str | None
    cost: float
    adds: float
    adds_interval: tuple[float, float]
    exclusive: float
    exclusive_interval: tuple[float, float]
    alone: float
    alone_interval: tuple[float, float]
    audience: int
    evidence: str
    reasons: tuple[str, ...]
    uses: int = 1
    one_off_cost: float = 0.0
    starts_ts: int | None = None
    code: str | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Reach(Part):
    """Expected reach of the plan: ``interval`` from sampling (95 %), the other one also from unknown chances."""

    mean: float
    interval: tuple[float, float]
    interval_with_model_uncertainty: tuple[float, float] | None


@dataclass(frozen=True, eq=False, repr=False)
class ChannelPlan(Result):
    """Which channels to buy, what they reach, how sure that is, and why the others are not in it.

    Parameters
    ----------
    plan, for_, for_name : str
        Id of the plan; ``Label:id`` and name of what is promoted (None where it has none).
    objective : str
        What is maximised and what every ``adds``, ``reach`` and ``certificate`` counts: people, or their value.
    budget, spent : float
        Money in ``currency`` (None where the data do not say).
    items : tuple of PlanItem
        One per channel, wave and material: wave by wave, the one that adds most first.
    reach : Reach
        Expected reach after word of mouth with its interval.
    certificate : Certificate
        With chance 1 - ``delta`` the plan is worth ``lower`` or more and no plan under the rules more than ``upper``.
    adding_up_would_have_said : float
        Sum of what each item reaches alone: people reached twice count twice.
    baselines : dict
        The same objective for plans made without a graph; they keep the budget and the rules, not the floors.
    adding_up_interval : tuple of float
        Of ``adding_up_would_have_said``, 95 %, from sampling.
    against_baselines : list of dict
        baseline, mean with ``interval``, and ``difference``: the plan minus the baseline on the same samples, with
        ``difference_interval``. 95 %, from sampling, at the chances as given.
    unspent_because : str
    rejected : list of dict
        channel, rule, reason of those left out; of the best that could be bought also cost, adds, adds_interval.
    assumptions : list of str
    claims : list of dict
        Query or replay behind each printed number.
    request, sample : dict
        All that is needed to make the same numbers again.
    waves : list of dict
        Start, budget, spending of each wave, and what it adds to those before it with ``adds_interval``.
    synergy, goals, pareto, robust, replanned, risk : optional
        BOOSTS bonuses earned; worth under each goal with its floor; plans between goals; the plan and the plain one in
        draws of unknown chances; what was bought before; percentiles of reach over worlds. None where not asked for.
    source
        The data the plan was made from; not part of the JSON.
    """

    plan: str
    for_: str
    objective: str
    budget: float
    spent: float
    items: tuple[PlanItem, ...]
    reach: Reach
    certificate: Certificate
    adding_up_would_have_said: float
    baselines: dict[str, float]
    unspent_because: str
    rejected: list[dict[str, Any]]
    assumptions: list[str]
    claims: list[dict[str, Any]]
    request: dict[str, Any]
    sample: dict[str, Any]
    manifest: Manifest
    waves: list[dict[str, Any]] = field(default_factory=list)
    synergy: dict[str, Any] | None = None
    goals: list[dict[str, Any]] | None = None
    pareto: list[dict[str, Any]] | None = None
    robust: dict[str, Any] | None = None
    replanned: dict[str, Any] | None = None
    risk: dict[str, Any] | None = None
    for_name: str | None = None
    currency: str | None = None
    adding_up_interval: tuple[float, float] | None = None
    against_baselines: list[dict[str, Any]] = field(default_factory=list)
    source: Any = field(default=None, repr=False, kw_only=True, metadata={"json": False})

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON-ready data; whole amounts of money as integers."""
        data = super().to_dict()
        out = {("for" if key == "for_" else key): value for key, value in data.items()}
        for holder, key in (
            (out, "budget"),
            (out, "spent"),
            *((row, key) for row in out["items"] for key in ("cost", "one_off_cost")),
        ):
            holder[key] = whole(holder[key])
        for name in ("synergy", "goals", "pareto", "robust", "replanned", "risk"):
            if out[name] is None:
                del out[name]
        return out

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], source: Any = None) -> Self:
        """Rebuild from :meth:`to_dict`; ``source`` gives it data for what-if questions.

        Raises
        ------
        DataInvalid
            Naming the first field that is missing or of another kind.
        """
        checked = check_plan(jsonable(data), "the document")
        plain = {("for_" if key == "for" else key): value for key, value in checked.items()}
        made = super().from_dict(plain)
        object.__setattr__(made, "source", source)
        return made

    def to_frame(self) -> pd.DataFrame:
        """Return one row per purchase, in listed order."""
        import pandas as pd

        rows = []
        for item in self.items:
            row = {k: v for k, v in item.to_dict().items() if not k.endswith("_interval") and k != "reasons"}
            row["adds_lower"], row["adds_upper"] = item.adds_interval
            rows.append(row)
        names = [
            "channel",
            "name",
            "kind",
            "wave",
            "material",
            "cost",
            "adds",
            "adds_lower",
            "adds_upper",
            "exclusive",
            "alone",
            "uses",
            "one_off_cost",
            "starts_ts",
            "code",
        ]
        return pd.DataFrame(rows, columns=[*names, "audience", "evidence"])


def whole(amount: float) -> float | int:
    """Return an amount of money without a needless ``.0``."""
    return int(amount) if float(amount).is_integer() else amount


def checked_plan(plan: Any) -> ChannelPlan:
    """Return the plan; a document or anything else in its place is refused."""
    if not isinstance(plan, ChannelPlan):
        refuse(
            "plan",
            type(plan).__name__,
            "a ChannelPlan",
            hint="ChannelPlan.from_dict(data, source=store)",
        )
    return plan


def check_source(plan: ChannelPlan) -> None:
    """Refuse a plan that does not know the data it was made from."""
    if plan.source is None:
        message = f"plan {plan.plan} does not know its data"
        hint = "ChannelPlan.from_dict(data, source=store)"
        raise InvalidParameter(message, parameter="plan", value=plan.plan, hint=hint)


def check_unchanged(plan: ChannelPlan, snapshot: Snapshot) -> None:
    """Refuse a plan made from other data than a snapshot holds."""
    if snapshot.digest != plan.manifest.snapshot:
        message = f"the data changed since plan {plan.plan} was made"
        raise InvalidParameter(message, parameter="plan", value=plan.plan, hint="make the plan again, then ask")
