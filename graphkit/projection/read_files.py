"""An input directory straight into a projection, without a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphkit.projection.build import DEFAULT_TYPES, project
from graphkit.projection.snapshot import snapshot_from_directory

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from graphkit.projection.projection import Projection

__all__ = ["read_files"]


def read_files(
    directory: str | os.PathLike[str],
    *,
    mapping: str | os.PathLike[str] | None = None,
    label: str | Sequence[str] = "User",
    types: str | Sequence[str] | None = None,
    probability: float | str | None = None,
    weight: str | Mapping[str, str | float] | None = None,
    min_evidence: str | None = None,
) -> Projection:
    """Read an input directory into a projection of its users (or of other labels).

    Parameters
    ----------
    directory : path
        `dataset.toml`, `nodes/`, `relationships/`, as `graphkit load` reads them.
    mapping : path, optional
        A mapping file for foreign layouts.
    label, types, probability, weight, min_evidence
        As in :func:`graphkit.projection.build.project`; default types: every way users influence users.

    Returns
    -------
    Projection
        Its `snapshot` keeps the other columns, so it can be given to `plan` and `partners` as well.

    Raises
    ------
    DataInvalid
        A row breaks a rule; `report` lists every finding.

    Examples
    --------
    >>> from graphkit.synthetic.campaign import write_campaign
    >>> _ = write_campaign("data", n_users=60, clips=1)
    >>> read_files("data", probability=0.1)
    Projection(n_nodes=53, n_arcs=328, probability=mean 0.1, self_loops=0)
    """
    snapshot = snapshot_from_directory(directory, mapping=mapping)
    return project(
        snapshot,
        label=label,
        types=DEFAULT_TYPES if types is None else types,
        probability=probability,
        weight=weight,
        min_evidence=min_evidence,
    )
