"""Learned ties, kept beside a store: derived numbers never change the store's own data or version.

In the folder of an embedded store they lie in `learned/ties.npz`, for a server in the user's cache folder under the
store's identity, for a store in memory on the store itself. They are joined to a snapshot as relationships INFLUENCES,
by the ids of their users, so they survive a load that adds to the store; one that was learned from other content is
used with a warning.
"""

from __future__ import annotations

import hashlib
import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from graphkit.errors import DataInvalid
from graphkit.model.tables import EdgeColumns
from graphkit.projection.snapshot import Snapshot, snapshot_from_tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graphkit.store.base import GraphStore

__all__ = ["join_learned", "keep_learned", "learned_place", "learned_ties", "with_learned"]

_HINT = "run graphkit learn --events DIR first, or call gk.keep_learned(store, gk.learn(...))"
_log = logging.getLogger(__name__)


def learned_place(store: GraphStore) -> Path | None:
    """Return the file of a store's learned ties; None for a store in memory."""
    directory = getattr(store, "directory", None)
    if directory is not None:
        return Path(directory) / "learned" / "ties.npz"
    if not store.capabilities.cypher:
        return None
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "graphkit" / "learned" / (hashlib.sha256(store.identity().encode()).hexdigest()[:24] + ".npz")


def learned_ties(found: Any) -> dict[str, Any]:
    """Return the ties of `LearnedProbabilities` by id.

    Returns
    -------
    dict
        source, target (ids), p, p_lower, p_upper (0..1), run, the digest of the snapshot they were learned on, and by topic
        what differs: ``topics`` (names), ``topic0_row``, ``topic0_p``, ...
    """
    graph, bounds = found.projection, np.asarray(found.interval)
    if graph.nodes.ids is None:
        message = "ties between numbered rows cannot be kept: the graph has no ids"
        raise DataInvalid(message, rule="learned", hint="learn on a graph read from files, from a store, or made with ids")
    ids = np.array(graph.nodes.ids_of(np.arange(graph.n_nodes)), dtype=str)
    topics = found.topics
    return {
        "source": ids[graph.sources], "target": ids[graph.indices], "p": np.asarray(graph.probability, float),
        "p_lower": bounds[:, 0].astype(float), "p_upper": bounds[:, 1].astype(float), "run": np.array(["learn"]),
        "snapshot": np.array([graph.snapshot_id or ""]), "topics": np.array(sorted(topics), dtype=str),
        **{f"topic{i}_{name}": column for i, topic in enumerate(sorted(topics)) for name, column in _topic_columns(topics[topic])},
    }  # fmt: skip


def _topic_columns(found: Any) -> list[tuple[str, Any]]:
    """Rows of the ties that a topic tried, and its own chances on them."""
    return [("row", found.arc), ("p", found.probability), ("p_lower", found.interval[:, 0]), ("p_upper", found.interval[:, 1])]


def keep_learned(store: GraphStore, found: Any) -> Path | None:
    """Keep learned ties beside a store, whole or not at all; an older run is replaced.

    Parameters
    ----------
    store : GraphStore
        The store whose users they join.
    found : LearnedProbabilities
        As `gk.learn` returns it, for a graph whose nodes have ids.

    Returns
    -------
    pathlib.Path or None
        The file; None for a store in memory, which keeps them itself.

    Raises
    ------
    DataInvalid
        The graph has no ids.

    Examples
    --------
    >>> keep_learned(store, gk.learn(projection, events))  # doctest: +SKIP
    >>> gk.plan(store, for_=("Film", "f1"), budget=30_000, probability="learned")  # doctest: +SKIP
    """
    ties, target = learned_ties(found), learned_place(store)
    if target is None:
        store.learned = ties  # type: ignore[attr-defined]
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = aside(target)
    try:
        with beside.open("wb") as file:
            np.savez_compressed(file, **ties)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return target


def aside(target: Path) -> Path:
    """Return where this process writes before it renames."""
    return target.with_name(f".{target.name}.{os.getpid()}")


def with_learned(snapshot: Snapshot, store: GraphStore, topics: Sequence[str] = ()) -> Snapshot:
    """Return a snapshot of the store with its learned ties among the relationships.

    ``topics`` names topics by preference: the first one that was learned gives its own chances (INFLUENCES.tag says which).

    Raises
    ------
    DataInvalid
        Nothing was learned yet, or none of the learned ties is still in the store.
    """
    path = learned_place(store)
    source = str(path or "the store in memory")
    ties = _read(path) if path is not None else getattr(store, "learned", None)
    if ties is None:
        raise DataInvalid("nothing was learned for this store yet", source=source, rule="learned", hint=_HINT)
    before = str(ties["snapshot"][0]) if "snapshot" in ties else ""
    if before and before != snapshot.digest:
        _log.warning("the learned ties were learned before the data changed: graphkit learn --events DIR renews them")
    return join_learned(snapshot, ties, source, topics)


def _read(path: Path) -> dict[str, Any] | None:
    """Read kept ties; None when there are none."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, BadZipFile) as error:
        raise DataInvalid(f"the learned ties in {path} cannot be read: {error}", source=str(path), rule="learned", hint=_HINT) from error


def join_learned(snapshot: Snapshot, ties: Mapping[str, Any], source: str, topics: Sequence[str] = ()) -> Snapshot:
    """Add the ties whose ends are in the snapshot, in place of learned ones it may hold.

    Parameters
    ----------
    snapshot : Snapshot
    ties : mapping
        As :func:`learned_ties` returns them.
    source : str
        Where they come from, for the message.
    topics : sequence of str
        Topics by preference; with none of them learned, or none given, the plain chances count.

    Raises
    ------
    DataInvalid
        None of them joins users of the snapshot.
    """
    row_of = snapshot.nodes("User").row_of()
    ends = np.array([[row_of.get(str(id_), -1) for id_ in ties[name]] for name in ("source", "target")], np.int64).reshape(2, -1)
    kept = np.flatnonzero((ends >= 0).all(axis=0))
    if not kept.size:
        raise DataInvalid("none of the learned ties joins users of this store", source=source, rule="learned", hint=_HINT)
    known = ties["topics"].tolist() if "topics" in ties else []
    topic = next((name for name in topics if name in known), None)
    columns = {name: _of_topic(ties, name, known, topic)[kept] for name in ("p", "p_lower", "p_upper")}
    columns["run"] = np.full(kept.size, str(ties["run"][0]), dtype=object)
    if topic is not None:
        columns["tag"] = np.full(kept.size, topic, dtype=object)
    edges = EdgeColumns("INFLUENCES", "User", "User", ends[0][kept], ends[1][kept], columns)
    others = tuple(part for part in snapshot.tables.edges if part.type != "INFLUENCES")
    return snapshot_from_tables(replace(snapshot.tables, edges=(*others, edges), _is_canonical=False))


def _of_topic(ties: Mapping[str, Any], name: str, known: list[str], topic: str | None) -> Any:
    """A column of the ties, with a topic's own values where it has some."""
    if topic is None:
        return ties[name]
    column, place = np.array(ties[name]), known.index(topic)
    column[ties[f"topic{place}_row"]] = ties[f"topic{place}_{name}"]
    return column
