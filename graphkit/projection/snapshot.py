"""The immutable columns that every algorithm starts from, taken once from a store or from files.

On disk a snapshot is a folder named by its key (`graphkit.projection.snapshot_folder`): the digest of (store, store version,
format number). A key that exists is never rewritten; a damaged folder is made anew, with a warning.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.check import refuse
from graphkit.model.tables import EdgeColumns, GraphTables, NodeColumns
from graphkit.projection.snapshot_folder import FORMAT, forget_old, read_folder, write_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from graphkit.progress import ProgressCallback

__all__ = [
    "FORMAT",
    "Snapshot",
    "as_snapshot",
    "default_cache",
    "open_snapshot",
    "snapshot_from_directory",
    "snapshot_from_tables",
    "snapshot_key",
    "take_snapshot",
]

_log = logging.getLogger(__name__)
_ROWS = ("__source", "__target")


class Snapshot:
    """Immutable columns of a property graph, in canonical order; tables are read when first asked for.

    Parameters
    ----------
    tables : GraphTables or callable
        The columns, or a function that reads the table of a name.
    manifest : mapping
        name, currency, time_zone, settings, digest, version and the list of tables.
    """

    def __init__(self, manifest: Mapping[str, Any], read: Callable[[str], dict[str, NDArray[Any]]]) -> None:
        self._manifest = dict(manifest)
        self._read = read
        self._nodes: dict[str, NodeColumns] = {}
        self._edges: dict[str, tuple[EdgeColumns, ...]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what tables are read from; a copy reads its own, which are as immutable."""
        return Snapshot, (self._manifest, self._read)

    def __repr__(self) -> str:
        """Return one line."""
        nodes, edges = (sum(t["rows"] for t in self._manifest[k]) for k in ("nodes", "edges"))
        return f"Snapshot(nodes={nodes:,}, relationships={edges:,}, digest={self.digest[:12]})"

    @property
    def digest(self) -> str:
        """SHA-256 of the content: equal for the same data in any store, row order or format."""
        return str(self._manifest["digest"])

    @property
    def version(self) -> str:
        """Version of the store it was taken from, or the digest when it came from files."""
        return str(self._manifest["version"])

    @property
    def settings(self) -> dict[str, Any]:
        """What `dataset.toml` says beyond name, currency and time zone."""
        return dict(self._manifest["settings"])

    @property
    def name(self) -> str:
        """Name of the data set."""
        return str(self._manifest["name"])

    @property
    def currency(self) -> str | None:
        """Currency of every amount."""
        return self._manifest["currency"]  # type: ignore[no-any-return]

    @property
    def time_zone(self) -> str | None:
        """Time zone of naive times in the input."""
        return self._manifest["time_zone"]  # type: ignore[no-any-return]

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels that have nodes."""
        return tuple(t["label"] for t in self._manifest["nodes"])

    @property
    def types(self) -> tuple[str, ...]:
        """Relationship types that have rows."""
        return tuple(dict.fromkeys(t["type"] for t in self._manifest["edges"]))

    def nodes(self, label: str) -> NodeColumns:
        """Return the nodes of a label, sorted by id; an empty table when there are none."""
        if label not in self._nodes:
            entry = next((t for t in self._manifest["nodes"] if t["label"] == label), None)
            if entry is None:
                return NodeColumns.empty(label)
            columns = self._read(entry["table"])
            self._nodes[label] = NodeColumns(label, columns.pop("id"), columns)
        return self._nodes[label]

    def edges(self, type_: str) -> tuple[EdgeColumns, ...]:
        """Return the relationships of a type, one table per pair of labels."""
        if type_ not in self._edges:
            made = []
            for entry in self._manifest["edges"]:
                if entry["type"] == type_:
                    columns = self._read(entry["table"])
                    rows = [columns.pop(name) for name in _ROWS]
                    made.append(
                        EdgeColumns(type_, entry["source_label"], entry["target_label"], rows[0], rows[1], columns)
                    )
            self._edges[type_] = tuple(made)
        return self._edges[type_]

    @cached_property
    def tables(self) -> GraphTables:
        """Everything as `GraphTables`, in canonical order."""
        m = self._manifest
        edges = tuple(e for type_ in self.types for e in self.edges(type_))
        nodes = {label: self.nodes(label) for label in self.labels}
        return GraphTables(nodes, edges, m["name"], m["currency"], m["time_zone"], self.settings, _is_canonical=True)


def snapshot_from_tables(
    tables: GraphTables,
    directory: str | os.PathLike[str] | None = None,
    key: str | None = None,
    *,
    version: str | None = None,
    digest: str | None = None,
) -> Snapshot:
    """Make a snapshot of tables, in memory, or in the folder `directory/key` when a directory is given.

    Parameters
    ----------
    tables : GraphTables
        Any order; the snapshot holds the canonical one.
    directory : path, optional
        Cache folder to write into.
    key : str, optional
        Folder name; default: the content's digest.
    version : str, optional
        Version of the store; default: the content's digest.
    digest : str, optional
        Of the whole that these tables are some rows of; default: the content's.
    """
    whole = tables.canonical()
    digest = digest or whole.digest()
    content = {f"nodes_{i}": {"id": t.ids, **t.columns} for i, t in enumerate(whole.nodes.values())}
    content |= {
        f"edges_{i}": {_ROWS[0]: e.source_rows, _ROWS[1]: e.target_rows, **e.columns} for i, e in enumerate(whole.edges)
    }
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "digest": digest,
        "version": version or digest,
        "name": whole.name,
        "currency": whole.currency,
        "time_zone": whole.time_zone,
        "settings": whole.settings,
        "nodes": [
            {"table": f"nodes_{i}", "label": t.label, "rows": len(t)} for i, t in enumerate(whole.nodes.values())
        ],
        "edges": [
            {
                "table": f"edges_{i}",
                "type": e.type,
                "source_label": e.source_label,
                "target_label": e.target_label,
                "rows": len(e),
            }
            for i, e in enumerate(whole.edges)
        ],
    }
    if directory is None:
        return Snapshot(manifest, partial(_in_memory, content))
    folder = Path(directory) / (key or digest)
    found = open_snapshot(folder)
    if found is None:
        try:
            write_folder(folder, manifest, content)
            found = open_snapshot(folder)
        except OSError as error:  # a cache: a full or read-only disk costs time, never the answer
            _log.warning(
                "the snapshot is not kept in %s (%s); each command reads the graph again",
                directory,
                error.strerror or error,
            )
    return found if found is not None else snapshot_from_tables(whole, version=version)


def open_snapshot(folder: str | os.PathLike[str]) -> Snapshot | None:
    """Return the snapshot of a folder, every file checked by its SHA-256; None when it is absent, of another format or damaged."""
    found = read_folder(Path(folder))
    return None if found is None else Snapshot(*found)


def take_snapshot(
    store: Any,
    *,
    cache: str | os.PathLike[str] | None = None,
    refresh: bool = False,
    progress: ProgressCallback | None = None,
) -> Snapshot:
    """Return the store's snapshot, from the cache when the store's version has not changed.

    Parameters
    ----------
    store : GraphStore
    cache : path, optional
        Cache folder; default: `snapshots` inside an embedded store, else the user's cache folder,
        and no cache for a store in memory.
    refresh : bool
        Take it again even if the version is known (writes by other tools may keep the version).
    progress : callable, optional
        Called with `Progress` events while the store is read.
    """
    folder = Path(cache) if cache is not None else default_cache(store)
    version = store.version()
    if folder is None:
        return snapshot_from_tables(store.tables(progress=progress), version=version)
    key = snapshot_key(store.identity(), version)
    if refresh:
        shutil.rmtree(folder / key, ignore_errors=True)
    found = open_snapshot(folder / key)
    if found is not None:
        return found
    tables = store.tables(progress=progress)
    if store.version() != version:
        return snapshot_from_tables(tables, version=version)  # somebody is loading: do not keep it under either key
    made = snapshot_from_tables(tables, folder, key, version=version)
    forget_old(folder, key)
    return made


def snapshot_key(identity: str, version: str) -> str:
    """Return the folder name of a store's snapshot at a version."""
    text = json.dumps([identity, version, FORMAT])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def default_cache(store: Any) -> Path | None:
    """Return where the snapshots of a store are kept by default; None for a store in memory."""
    if not store.capabilities.cypher:
        return None
    directory = getattr(store, "directory", None)
    if directory is not None:
        return Path(directory) / "snapshots"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "graphkit" / "snapshots" / snapshot_key(store.identity(), "")[:16]


def snapshot_from_directory(
    path: str | os.PathLike[str],
    *,
    mapping: str | os.PathLike[str] | None = None,
    progress: ProgressCallback | None = None,
) -> Snapshot:
    """Read, check and snapshot an input directory; a bad row raises `DataInvalid` with its report."""
    from graphkit.store.files import read_directory

    tables, _ = read_directory(path, mapping=mapping, progress=progress)
    return snapshot_from_tables(tables)


def as_snapshot(source: Any) -> Snapshot:
    """Return the snapshot of a `GraphStore`, an input directory, `GraphTables`, a projection made from one, or itself."""
    if isinstance(source, Snapshot):
        return source
    if isinstance(getattr(source, "snapshot", None), Snapshot):
        return source.snapshot  # type: ignore[no-any-return]
    if isinstance(source, GraphTables):
        return snapshot_from_tables(source)
    if isinstance(source, str | os.PathLike):
        return snapshot_from_directory(source)
    if all(hasattr(source, name) for name in ("tables", "version", "identity")):
        return take_snapshot(source)
    return refuse("source", type(source).__name__, "a GraphStore, an input directory, a Snapshot or GraphTables")


def _in_memory(content: Mapping[str, dict[str, NDArray[Any]]], table: str) -> dict[str, NDArray[Any]]:
    return {name: _frozen(column) for name, column in content[table].items()}


def _frozen(column: NDArray[Any]) -> NDArray[Any]:
    view = column.view()
    view.flags.writeable = False
    return view
