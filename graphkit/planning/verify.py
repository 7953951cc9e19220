"""A plan made again from its own request: every claim must come out as the same number."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphkit.parts import jsonable
from graphkit.planning.channels import make_plan
from graphkit.planning.plan_result import check_source
from graphkit.planning.reached import happened
from graphkit.planning.request import Request
from graphkit.results import Manifest, Result, make_manifest

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from graphkit.engine.base import Engine
    from graphkit.planning.plan_result import ChannelPlan
    from graphkit.progress import ProgressCallback

__all__ = ["Verification", "verify"]

_NAMED = 5  # claims that are told one by one


@dataclass(frozen=True, eq=False, repr=False)
class Verification(Result):
    """Each claim of a plan beside the number that came out again.

    ``same`` is True when every claim, every other field and the digest agree. ``differs`` says what changed when not:
    the data, the versions of the software, or, where neither did, the fields of the document that were edited.
    """

    plan: str
    same: bool
    same_digest: bool
    claims: list[dict[str, Any]]
    differs: list[str]
    manifest: Manifest

    def to_frame(self) -> pd.DataFrame:
        """Return one row per claim: claim, printed, again, same."""
        import pandas as pd

        return pd.DataFrame(self.claims, columns=["claim", "printed", "again", "same"])


def verify(
    plan: ChannelPlan,
    events: Any = None,
    *,
    engine: str | Engine = "threads",
    progress: ProgressCallback | None = None,
) -> Verification:
    """Make a plan again from its request, seed and data, and compare every number bit by bit.

    Parameters
    ----------
    plan : ChannelPlan
        With its ``source``.
    events : as for `graphkit.planning.replan.replan`
        Needed for a plan that `replan` made, since a plan names no users.
    engine : str or Engine
        Any engine must give the same numbers.
    progress : callable, optional
        See `graphkit.progress`.

    Returns
    -------
    Verification

    Raises
    ------
    InvalidParameter
        The plan has no source, or events are needed or are not those of the plan.

    Examples
    --------
    >>> from graphkit.synthetic.campaign import write_campaign
    >>> film = ("Film", write_campaign("data", n_users=60, clips=1)["film"])
    >>> from graphkit.planning.channels import plan
    >>> made = plan("data", for_=film, budget=3_000, probability="none", rng=1)
    >>> verify(made).same
    True
    """
    start = time.monotonic()
    request = Request.of(plan)
    check_source(plan)
    active, keep = happened(plan, request, events)
    again = make_plan(plan.source, request, engine=engine, progress=progress, active=active, keep=keep)
    new = {row["claim"]: row["value"] for row in jsonable(again.claims)}
    rows = [
        {
            "claim": row["claim"],
            "printed": row["value"],
            "again": new.get(row["claim"]),
            "same": row["value"] == new.get(row["claim"]),
        }
        for row in jsonable(plan.claims)
    ]
    printed = {item.channel for item in plan.items}
    rows.append(
        {
            "claim": "channels",
            "printed": len(printed),
            "again": len({i.channel for i in again.items}),
            "same": printed == {i.channel for i in again.items},
        }
    )
    same_digest = plan.manifest.digest == again.manifest.digest
    differs = _differs(plan.manifest, again.manifest) or _edited(jsonable(plan.to_dict()), jsonable(again.to_dict()))
    answer: dict[str, Any] = {
        "plan": plan.plan,
        "same": same_digest and not differs and all(row["same"] for row in rows),
        "same_digest": same_digest,
        "claims": rows,
        "differs": differs,
    }
    manifest = make_manifest(
        "verify", request={"plan": plan.manifest.digest}, answer=answer, seed=request.seed, snapshot=again.manifest.snapshot,
        engine=again.manifest.engine, seconds=time.monotonic() - start,
    )  # fmt: skip
    return Verification(**answer, manifest=manifest)


def _edited(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Fields of a document that are not those of the plan made again; engine and time may differ, the digest is told apart."""
    names = _unlike(old, new, ("manifest", "claims"))
    before, after = ({row["claim"]: row for row in document["claims"]} for document in (old, new))
    wrong = [f"claims.{name}" for name in _unlike(before, after)]
    if (
        old["claims"] != new["claims"]
    ):  # most of them after an edit of the request; none where a row is doubled or moved
        names += wrong if 0 < len(wrong) <= _NAMED else ["claims"]
    names += [f"manifest.{k}" for k in _unlike(old["manifest"], new["manifest"], ("engine", "seconds", "digest"))]
    return [f"the document was edited: {', '.join(names)}"] if names else []


def _unlike(old: dict[str, Any], new: dict[str, Any], left_out: Sequence[str] = ()) -> list[str]:
    """Keys under which two tables do not hold the same."""
    return [k for k in {**old, **new} if k not in left_out and old.get(k) != new.get(k)]


def _differs(old: Manifest, new: Manifest) -> list[str]:
    """What is not as it was when the plan was made."""
    found = []
    if old.snapshot != new.snapshot:
        found.append("the data changed")
    if old.versions != new.versions:
        names = sorted(k for k in {*old.versions, *new.versions} if old.versions.get(k) != new.versions.get(k))
        found.append(f"other versions of {', '.join(names)}")
    return found
