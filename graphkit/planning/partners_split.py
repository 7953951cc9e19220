"""The joint reach of the listed partners, shared among them and a lead by Shapley's rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphkit.audience.split import split_profit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Node = tuple[str, str]

__all__ = ["PartnerSplit", "split_partners"]


@dataclass(frozen=True)
class PartnerSplit:
    """Party -> (share, its interval), and the value they sum to; a party without a measured audience is not in it."""

    shares: dict[Node, tuple[float, tuple[float, float]]]
    joint: float
    stable: bool | None
    stable_reason: str

    def to_dict(self, lead: Node | None) -> dict[str, object]:
        """Return what JSON says of the split as a whole."""
        return {
            "joint": self.joint,
            "lead": None if lead is None else ":".join(lead),
            "stable": self.stable,
            "stable_reason": self.stable_reason,
        }


def split_partners(
    order: Sequence[Node], audiences: Mapping[Node, NDArray[np.int64]], n_users: int, lead: Node | None
) -> PartnerSplit | None:
    """Split the users reached by the partners in ``order``, before word of mouth; None when no audience is measured."""
    named = {":".join(node): audiences[node] for node in order if node in audiences}
    if not named:
        return None
    made = split_profit(named, n_nodes=n_users, lead=None if lead is None else ":".join(lead))
    party = {":".join(node): node for node in [*order, *([] if lead is None else [lead])]}
    columns = zip(made.names, made.share.tolist(), made.lower.tolist(), made.upper.tolist(), strict=True)
    shares = {party[name]: (share, (lower, upper)) for name, share, lower, upper in columns}
    return PartnerSplit(shares, made.joint, made.stable, made.stable_reason)
