"""Who gets which offer: a table of rules, the first that matches wins, and what the table leaves open is said.

Hard-coded thresholds hide two mistakes: rules that take people from each other, and people no rule speaks of. Both are counted here. Whether a policy does any
good is for an experiment to say.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import positive_int
from graphkit.errors import DataInvalid, InvalidParameter, UnknownNode, close_matches
from graphkit.matching.records import is_missing
from graphkit.model.target import parse_target
from graphkit.projection.consent import consent_mask
from graphkit.projection.snapshot import as_snapshot
from graphkit.results import Manifest, Result, make_manifest

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["POLICY_COLUMNS", "OfferPolicy", "offer_policy"]

POLICY_COLUMNS = ["priority", "offer", "target", "matched", "assigned", "taken_before", "note"]


@dataclass(frozen=True, eq=False, repr=False)
class OfferPolicy(Result):
    """What a policy does to the users with consent.

    Attributes
    ----------
    rules : list of dict
        priority, offer, target, matched (users the expression holds for), assigned (those no earlier rule took), taken_before, note ("never reached",
        "matches nobody"). Counts below ``min_cell`` are None.
    overlaps : list of dict
        first, second (priorities), users matched by both.
    n_users, n_covered, n_gap : int
        Users with consent; those some rule speaks of; those none does (None when hidden).
    assignment : ndarray of int, shape (n_users,)
        Position of the rule of each user in ``rules``, -1 = none; rows are users with consent, by id. Not in the JSON.
    """

    rules: list[dict[str, Any]]
    overlaps: list[dict[str, Any]]
    n_users: int
    n_covered: int | None
    n_gap: int | None
    coverage: float | None
    min_cell: int
    assignment: NDArray[np.int64]
    ids: list[str]
    assumptions: list[str]
    manifest: Manifest

    def to_dict(self) -> dict[str, Any]:
        """Return the counts; who got what stays out."""
        return {k: v for k, v in super().to_dict().items() if k not in ("assignment", "ids")}

    def to_frame(self) -> pd.DataFrame:
        """Return one row per rule."""
        import pandas as pd

        return pd.DataFrame(self.rules, columns=POLICY_COLUMNS)


def offer_policy(source: Any, policy: pd.DataFrame, *, min_cell: int = 50, name: str = "policy") -> OfferPolicy:
    """Apply a table of rules to the users with consent; the first match by priority wins.

    Parameters
    ----------
    source : GraphStore, directory or Snapshot
    policy : DataFrame
        Columns ``target`` (an expression over user properties, as in `plan --target`), ``offer`` (id of an Offer), ``priority`` (whole number, the
        smallest first, each once).
    min_cell : int >= 1
        Counts below it, and differences that would reveal one, are hidden.
    name : str
        Of the table, for messages.

    Returns
    -------
    OfferPolicy

    Raises
    ------
    DataInvalid
        A column or cell is missing, a priority is no whole number or occurs twice, an expression is wrong: each with its line.
    UnknownNode
        An offer that does not exist.

    Examples
    --------
    >>> from graphkit.synthetic.campaign import write_campaign
    >>> _ = write_campaign("data", n_users=60, clips=1)
    >>> import pandas as pd
    >>> rules = pd.DataFrame({"target": ["age >= 30", "age >= 20"], "offer": "o01", "priority": [1, 2]})
    >>> offer_policy("data", rules, min_cell=1).to_frame()[["matched", "assigned"]].values.tolist()
    [[28, 28], [47, 19]]
    """
    start = time.monotonic()
    positive_int("min_cell", min_cell)
    snapshot = as_snapshot(source)
    table = snapshot.nodes("User")
    agreed = consent_mask(table, "plan")
    rules = _rules(policy, snapshot.nodes("Offer").row_of(), name)
    masks = [np.asarray(_target(rule, name).to_mask(table), bool)[agreed] for rule in rules]
    n = int(agreed.sum())
    assignment, rows = _assigned(rules, masks, n, min_cell)
    covered = int((assignment >= 0).sum())
    untold = covered - sum(row["assigned"] or 0 for row in rows)
    seen, gap, _ = _shown((covered, n - covered, untold), min_cell)
    answer: dict[str, Any] = {
        "rules": rows,
        "overlaps": _overlaps(rules, masks, min_cell),
        "n_users": n,
        "n_covered": seen,
        "n_gap": gap,
        "coverage": None if seen is None or not n else covered / n,
        "min_cell": min_cell,
    }
    notes = [
        "a property that is missing matches no comparison, so such users fall into the gap",
        "whether the policy works is for an experiment to say",
    ]
    request = {"rules": [{k: r[k] for k in ("priority", "offer", "target")} for r in rules]}
    manifest = make_manifest(
        "offer_policy",
        request=request,
        answer=[answer, assignment],
        snapshot=snapshot.digest,
        seconds=time.monotonic() - start,
    )
    ids = [str(x) for x in table.ids[agreed].tolist()]
    return OfferPolicy(**answer, assignment=assignment, ids=ids, assumptions=notes, manifest=manifest)


def _assigned(
    rules: list[dict[str, Any]], masks: list[NDArray[np.bool_]], n: int, min_cell: int
) -> tuple[NDArray[np.int64], list[dict[str, Any]]]:
    """Number of the rule that each user falls to, -1 for none; and the rules with how many they match and get."""
    assignment, rows = np.full(n, -1, np.int64), []
    for number, (rule, mask) in enumerate(zip(rules, masks, strict=True)):
        free, before = mask & (assignment < 0), int((assignment >= 0).sum())
        assignment[free] = number
        matched, assigned = int(mask.sum()), int(free.sum())
        taken = matched - assigned
        *seen, _ = _shown((matched, assigned, taken, before - taken if taken else 0), min_cell)
        note = None if assigned else "never reached: earlier rules take everyone it matches"
        rows.append(
            {
                **{key: rule[key] for key in ("priority", "offer", "target")},
                **dict(zip(("matched", "assigned", "taken_before"), seen, strict=True)),
                "note": note if matched else "matches nobody",
            }
        )
    return assignment, rows


def _overlaps(rules: list[dict[str, Any]], masks: list[NDArray[np.bool_]], min_cell: int) -> list[dict[str, Any]]:
    """Pairs of rules that match the same users, and how many."""
    found = []
    for (one, own), (other, theirs) in combinations(zip(rules, masks, strict=True), 2):
        if both := int((own & theirs).sum()):
            users, *_ = _shown((both, int(own.sum()) - both, int(theirs.sum()) - both), min_cell)
            found.append({"first": one["priority"], "second": other["priority"], "users": users})
    return found


def _shown(counts: tuple[int, ...], min_cell: int) -> list[int | None]:
    """Counts of one group and its parts: when any is small but not zero, all but the whole of a single rule would tell it; hide all."""
    if any(0 < c < min_cell for c in counts):
        return [None] * len(counts)
    return list(counts)


def _rules(policy: pd.DataFrame, offers: dict[str, int], name: str) -> list[dict[str, Any]]:
    """Rows of the policy by priority, checked cell by cell."""
    for column in ("target", "offer", "priority"):
        if column not in policy.columns:
            raise DataInvalid(
                f"{name} has no column {column!r}",
                source=name,
                rule="missing-column",
                hint="columns: target, offer, priority",
            )
    cells = policy[["target", "offer", "priority"]].to_dict("records")
    if not cells:
        raise DataInvalid(f"{name} has no rules", source=name, rule="file-empty")
    rows = [_rule(row, line, offers, name) for line, row in enumerate(cells, start=2)]
    rows.sort(key=lambda r: r["priority"])
    for first, second in pairwise(rows):
        if first["priority"] == second["priority"]:
            raise DataInvalid(
                f"{name} line {second['line']}: priority {second['priority']} occurs twice; which rule wins would be an accident",
                source=name, rule="priority", rows=((second["line"], second["priority"]),),
            )  # fmt: skip
    return rows


def _rule(row: dict[Any, Any], line: int, offers: dict[str, int], name: str) -> dict[str, Any]:
    """One row of the policy: no cell missing, an offer that exists, a whole number as priority."""
    for cell, value in row.items():
        if is_missing(value) or not str(value).strip():
            raise DataInvalid(
                f"{name} line {line}: {cell} is missing", source=name, rule="missing-value", rows=((line, None),)
            )
    priority, offer = _priority(row["priority"], line, name), str(row["offer"])
    if offer not in offers:
        near = close_matches(offer, list(offers))
        raise UnknownNode(
            f"{name} line {line}: there is no offer {offer!r}", kind="Offer", name=offer, close_matches=near
        )
    return {"target": str(row["target"]), "offer": offer, "priority": priority, "line": line}


def _priority(value: object, line: int, name: str) -> int:
    """The whole number of a cell."""
    try:
        number = float(str(value))
    except ValueError:
        number = np.nan
    if not number.is_integer():
        raise DataInvalid(
            f"{name} line {line}: priority {value!r} is no whole number",
            source=name,
            rule="priority",
            rows=((line, value),),
        )
    return int(number)


def _target(rule: dict[str, Any], name: str) -> Any:
    """The rule's expression, or an error with its line."""
    try:
        return parse_target(rule["target"])
    except InvalidParameter as error:
        raise DataInvalid(
            f"{name} line {rule['line']}: {error.message}",
            source=name,
            rule="target",
            rows=((rule["line"], rule["target"]),),
            hint=error.hint,
        ) from error
