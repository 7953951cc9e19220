"""Who may be looked at: users who agreed, for this purpose. Everyone else is never in a projection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphkit import check

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.model.tables import NodeColumns

__all__ = ["PURPOSES", "consent_mask"]

PURPOSES = ("plan", "profile", "experiment")


def consent_mask(nodes: NodeColumns, purpose: str = "plan") -> NDArray[np.bool_]:
    """Return which nodes may enter a projection made for `purpose`.

    Parameters
    ----------
    nodes : NodeColumns
        Of any label; only users are ever left out.
    purpose : str
        plan, profile or experiment.

    Returns
    -------
    ndarray of bool, shape (n,)
        For users: `consent` is true and `consent_scope`, where present, contains the purpose.
        A missing `consent` is no consent.
    """
    check.one_of("purpose", purpose, PURPOSES)
    if nodes.label != "User":
        return np.ones(len(nodes), np.bool_)
    agreed = np.fromiter((value is True for value in nodes.column("consent").tolist()), np.bool_, len(nodes))
    if "consent_scope" in nodes.columns:
        scopes = nodes.columns["consent_scope"].tolist()
        agreed &= np.fromiter((scope is None or purpose in scope for scope in scopes), np.bool_, len(nodes))
    return agreed
