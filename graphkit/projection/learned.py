"""Learned ties, kept beside a store: derived numbers never change the store's own data or version.

In the folder of an embedded store they lie in `learned/ties.npz`, for a store in memory on the store itself. On a
server they are relationships INFLUENCES, the same for everybody who plans there; a copy in the user's cache folder spares
reading them each time. They are joined to a snapshot by the ids of their users, so they survive a load that adds to the
store; one that was learned from other content is used with a warning.
"""

from __future__ import annotations

import hashlib
import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from zipfile import BadZipFile

import numpy as np

from graphkit.errors import DataInvalid
from graphkit.model.tables import EdgeColumns
from graphkit.projection.snapshot import Snapshot, snapshot_from_tables
from graphkit.projection.tags import item_tags, ranked_tags
from graphkit.store.ties import load_ties, save_ties, ties_run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from graphkit.store.base import GraphStore
    from graphkit.store.cypher_store import CypherStore

__all__ = ["join_learned", "keep_learned", "learned_place", "learned_ties", "with_learned"]

_HINT = "run graphkit learn --events DIR first, or call gk.keep_learned(store, gk.learn(...))"
_log = logging.getLogger(__name__)


def learned_place(store: GraphStore) -> Path | None:
    """Return the file of a store's learned ties, for a server that of their copy; None for a store in memory."""
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
        source, target (ids), p, p_lower, p_upper (0..1), run (a digest of these), the digest of the snapshot they were learned
        on, level_error (one number, where it is known), and by topic what differs: ``topics`` (names), ``topic0_row``, ``topic0_p``, ...
    """
    graph, bounds = found.projection, np.asarray(found.interval)
    if graph.nodes.ids is None:
        message = "ties between numbered rows cannot be kept: the graph has no ids"
        raise DataInvalid(
            message, rule="learned", hint="learn on a graph read from files, from a store, or made with ids"
        )
    ids = np.array(graph.nodes.ids_of(np.arange(graph.n_nodes)), dtype=str)
    topics = found.topics
    ties = {
        "source": ids[graph.sources], "target": ids[graph.indices], "p": np.asarray(graph.probability, float),
        "p_lower": bounds[:, 0].astype(float), "p_upper": bounds[:, 1].astype(float), "topics": np.array(sorted(topics), dtype=str),
        **{f"topic{i}_{name}": column for i, topic in enumerate(sorted(topics)) for name, column in _topic_columns(topics[topic])},
    }  # fmt: skip
    if np.isfinite(found.level_error):  # else unknown: all ties may err together by their whole intervals
        ties["level_error"] = np.array([float(found.level_error)])
    return {**ties, "run": np.array([_run_of(ties)]), "snapshot": np.array([graph.snapshot_id or ""])}


def _topic_columns(found: Any) -> list[tuple[str, Any]]:
    """Rows of the ties that a topic tried, and its own chances on them."""
    return [
        ("row", found.arc),
        ("p", found.probability),
        ("p_lower", found.interval[:, 0]),
        ("p_upper", found.interval[:, 1]),
    ]


def _run_of(ties: Mapping[str, NDArray[Any]]) -> str:
    """Return the name of a run: the same ties have the same, wherever they were learned."""
    digest = hashlib.sha256()
    for name, column in ties.items():
        digest.update(
            name.encode() + ("\0".join(column.tolist()).encode() if column.dtype.kind == "U" else column.tobytes())
        )
    return f"learn-{digest.hexdigest()[:16]}"


def keep_learned(store: GraphStore, found: Any, *, write: bool | None = None) -> Path | None:
    """Keep learned ties beside a store, whole or not at all; an older run is replaced.

    Parameters
    ----------
    store : GraphStore
        The store whose users they join.
    found : LearnedProbabilities
        As `gk.learn` returns it, for a graph whose nodes have ids.
    write : bool, optional
        Also write them into the store as relationships INFLUENCES, for analysts' queries. Default: on a server, where
        they belong to everybody, and where older ones were written; an embedded store keeps them in its folder.

    Returns
    -------
    pathlib.Path or None
        The file; None for a store in memory, which keeps them itself.

    Raises
    ------
    DataInvalid
        The graph has no ids.
    StoreError
        The ties cannot be written into the server, for instance because the account may only read; then the copy of this
        user is kept all the same.

    Examples
    --------
    >>> keep_learned(store, gk.learn(projection, events))  # doctest: +SKIP
    >>> gk.plan(store, for_=("Film", "f1"), budget=30_000, probability="learned")  # doctest: +SKIP
    """
    ties, target = learned_ties(found), learned_place(store)
    if target is None:
        store.learned = ties  # type: ignore[attr-defined]
        return None
    _write(target, ties)
    cypher = cast("CypherStore", store)
    if (_on_server(store) or ties_run(cypher) is not None) if write is None else write:
        save_ties(cypher, ties)
    return target


def _write(target: Path, ties: Mapping[str, Any]) -> None:
    """Write a file of ties aside, then rename it."""
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


def aside(target: Path) -> Path:
    """Return where this process writes before it renames."""
    return target.with_name(f".{target.name}.{os.getpid()}")


def with_learned(snapshot: Snapshot, store: GraphStore, about: str | None = None) -> Snapshot:
    """Return a snapshot of the store with its learned ties among the relationships.

    ``about`` names what is promoted, as "Label:id", see `join_learned`.

    Raises
    ------
    DataInvalid
        Nothing was learned yet, or none of the learned ties is still in the store.
    """
    path = learned_place(store)
    source = str(path or "the store in memory")
    ties = _of_store(store, path) if path is not None else getattr(store, "learned", None)
    if ties is None:
        raise DataInvalid("nothing was learned for this store yet", source=source, rule="learned", hint=_HINT)
    before = str(ties["snapshot"][0]) if "snapshot" in ties else ""
    if before and before != snapshot.digest:
        _log.warning("the learned ties were learned before the data changed: graphkit learn --events DIR renews them")
    return join_learned(snapshot, ties, source, about)


def _on_server(store: GraphStore) -> bool:
    """Whether a store has no folder of its own that others find too."""
    return store.capabilities.cypher and getattr(store, "directory", None) is None


def _of_store(store: GraphStore, path: Path) -> dict[str, Any] | None:
    """Return a store's ties: on a server those of its complete run, from the copy when that is the same run."""
    if not _on_server(store) or (written := ties_run(cast("CypherStore", store))) is None:
        return _read(path)
    try:
        copy = _read(path)
    except DataInvalid:
        copy = None
    if copy is not None and str(copy["run"][0]) == written[0]:
        return copy
    ties = load_ties(cast("CypherStore", store))
    if ties is not None:
        try:
            _write(path, ties)
        except OSError as error:
            _log.warning("the learned ties are not copied to %s (%s)", path, error.strerror or error)
    return ties


def _read(path: Path) -> dict[str, Any] | None:
    """Read kept ties; None when there are none."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, BadZipFile) as error:
        raise DataInvalid(
            f"the learned ties in {path} cannot be read: {error}", source=str(path), rule="learned", hint=_HINT
        ) from error


def join_learned(snapshot: Snapshot, ties: Mapping[str, Any], source: str, about: str | None = None) -> Snapshot:
    """Add the ties whose ends are in the snapshot, in place of learned ones it may hold.

    Parameters
    ----------
    snapshot : Snapshot
    ties : mapping
        As :func:`learned_ties` returns them.
    source : str
        Where they come from, for the message.
    about : str, optional
        What is promoted, as "Label:id": where ties were learned by topic, its heaviest tag that was learned gives its own chances
        (INFLUENCES.tag says which); without one the plain chances count.

    Raises
    ------
    DataInvalid
        None of them joins users of the snapshot.
    """
    row_of = snapshot.nodes("User").row_of()
    ends = np.array(
        [[row_of.get(str(id_), -1) for id_ in ties[name]] for name in ("source", "target")], np.int64
    ).reshape(2, -1)
    kept = np.flatnonzero((ends >= 0).all(axis=0))
    if not kept.size:
        raise DataInvalid(
            "none of the learned ties joins users of this store", source=source, rule="learned", hint=_HINT
        )
    known = ties["topics"].tolist() if "topics" in ties else []
    topic = next((tag for tag in _tags_of(snapshot, about) if tag in known), None) if known and about else None
    columns = {name: _of_topic(ties, name, known, topic)[kept] for name in ("p", "p_lower", "p_upper")}
    if "level_error" in ties:
        columns["level_error"] = np.full(kept.size, float(ties["level_error"][0]))
    columns["run"] = np.full(kept.size, str(ties["run"][0]), dtype=object)
    if topic is not None:
        columns["tag"] = np.full(kept.size, topic, dtype=object)
    edges = EdgeColumns("INFLUENCES", "User", "User", ends[0][kept], ends[1][kept], columns)
    others = tuple(part for part in snapshot.tables.edges if part.type != "INFLUENCES")
    return snapshot_from_tables(replace(snapshot.tables, edges=(*others, edges), _is_canonical=False))


def _tags_of(snapshot: Snapshot, about: str) -> list[str]:
    """The tags of one item from the heaviest; none for an item that is unknown."""
    label, _, name = about.partition(":")
    return ranked_tags(item_tags(snapshot).get((label, name), {}))


def _of_topic(ties: Mapping[str, Any], name: str, known: list[str], topic: str | None) -> Any:
    """A column of the ties, with a topic's own values where it has some."""
    if topic is None:
        return ties[name]
    column, place = np.array(ties[name]), known.index(topic)
    column[ties[f"topic{place}_row"]] = ties[f"topic{place}_{name}"]
    return column
