"""Learned ties, kept beside the store: derived numbers never change the store's own data or version."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from graphkit.cli.interrupts import temporary
from graphkit.errors import DataInvalid

if TYPE_CHECKING:
    from graphkit.cli.context import App
    from graphkit.projection.snapshot import Snapshot

__all__ = ["keep_learned", "learned_ties", "with_learned"]

_HINT = "run graphkit learn --events DIR first"


def _place(app: App) -> Path:
    """Return the file of learned ties: inside an embedded store, else in the user's cache."""
    store = app.settings.store
    if "://" not in store:
        return Path(store) / "learned" / "ties.npz"
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "graphkit" / "learned" / (hashlib.sha256(app.open().identity().encode()).hexdigest()[:24] + ".npz")


def learned_ties(found: Any) -> Any:
    """Return the learned ties as relationships INFLUENCES by id: source, target, p, p_lower, p_upper."""
    graph, bounds = found.projection, np.asarray(found.interval)
    ids = np.array(graph.nodes.ids_of(np.arange(graph.n_nodes)), dtype=str)
    return {
        "source": ids[graph.sources], "target": ids[graph.indices], "p": np.asarray(graph.probability, float),
        "p_lower": bounds[:, 0].astype(float), "p_upper": bounds[:, 1].astype(float), "run": np.array(["learn"]),
    }


def keep_learned(app: App, found: Any) -> Path:
    """Write the learned ties, whole or not at all; an older run is replaced."""
    target = _place(app)
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    with temporary(beside):
        with beside.open("wb") as file:
            np.savez_compressed(file, **learned_ties(found))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    return target


def with_learned(app: App, snapshot: Snapshot) -> Snapshot:
    """Return the snapshot with the learned ties among its relationships.

    Raises
    ------
    DataInvalid
        Nothing was learned yet, or none of the learned ties is still in the store.
    """
    path = _place(app)
    if not path.is_file():
        raise DataInvalid("nothing was learned for this store yet", source=str(path), rule="learned", hint=_HINT)
    try:
        with np.load(path, allow_pickle=False) as file:
            ties = {name: file[name] for name in file.files}
    except (OSError, ValueError, BadZipFile) as error:
        raise DataInvalid(f"the learned ties in {path} cannot be read: {error}", source=str(path), rule="learned", hint=_HINT) from error
    return _joined(snapshot, ties, str(path))


def _joined(snapshot: Snapshot, ties: dict[str, Any], source: str) -> Snapshot:
    """Add the ties whose ends are in the snapshot."""
    from graphkit.model.tables import EdgeColumns
    from graphkit.projection.snapshot import snapshot_from_tables

    row_of = snapshot.nodes("User").row_of()
    ends = np.array([[row_of.get(str(id_), -1) for id_ in ties[name]] for name in ("source", "target")], np.int64).reshape(2, -1)
    kept = np.flatnonzero((ends >= 0).all(axis=0))
    if not kept.size:
        raise DataInvalid("none of the learned ties joins users of this store", source=source, rule="learned", hint=_HINT)
    columns = {name: ties[name][kept] for name in ("p", "p_lower", "p_upper")}
    columns["run"] = np.full(kept.size, str(ties["run"][0]), dtype=object)
    edges = EdgeColumns("INFLUENCES", "User", "User", ends[0][kept], ends[1][kept], columns)
    others = tuple(part for part in snapshot.tables.edges if part.type != "INFLUENCES")
    return snapshot_from_tables(replace(snapshot.tables, edges=(*others, edges), _is_canonical=False))
