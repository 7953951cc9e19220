"""The data of a request whose chances on ties are learned: kept beside the store, or learned from a directory's events."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.diffusion.adoptions import adoptions
from graphkit.diffusion.learn import learn
from graphkit.errors import DataInvalid
from graphkit.model.schema import USER_TIES
from graphkit.projection.build import project
from graphkit.projection.learned import join_learned, learned_ties, with_learned
from graphkit.projection.snapshot import as_snapshot, take_snapshot
from graphkit.projection.tags import item_tags, ranked_tags

if TYPE_CHECKING:
    from graphkit.projection.snapshot import Snapshot

__all__ = ["heaviest_tags", "learned_snapshot"]


def learned_snapshot(source: Any, *, seed: int, about: str) -> Snapshot:
    """Return the columns of a source with its learned ties among them.

    Parameters
    ----------
    source
        A `GraphStore` gives the ties that `graphkit learn` or `gk.keep_learned` kept beside it; an input directory is
        learned from its `events/`; the result of `gk.learn` brings its own; any other source must already hold
        relationships INFLUENCES.
    seed
        For learning from a directory.
    about
        What is promoted, as "Label:id": where chances were learned by tag, those of its heaviest tag count.

    Raises
    ------
    DataInvalid
        Nothing was learned for the store, the directory has no events, or the source holds no learned ties.
    """
    if hasattr(source, "projection") and hasattr(source, "interval"):
        return join_learned(as_snapshot(source.projection), learned_ties(source), "the learned probabilities", about)
    if isinstance(source, str | os.PathLike):
        return _from_directory(Path(source), seed)
    if all(hasattr(source, name) for name in ("tables", "version", "identity")):
        return with_learned(take_snapshot(source), source, about)
    return as_snapshot(source)


def heaviest_tags(snapshot: Snapshot) -> dict[str, str]:
    """Return the heaviest tag of every item that has one, as "Label:id" -> tag; ties by id."""
    return {f"{label}:{id_}": ranked_tags(weights)[0] for (label, id_), weights in item_tags(snapshot).items()}


def _from_directory(path: Path, seed: int) -> Snapshot:
    snapshot = as_snapshot(path)
    if not (path / "events").is_dir():
        message = f"{path} has no events/ to learn chances from"
        raise DataInvalid(
            message,
            source=str(path),
            rule="learned",
            hint="add events/events.csv with ts, user, kind and item, or choose another probability",
        )
    from graphkit.store.files import read_events

    found = learn(project(snapshot, types=USER_TIES), adoptions(read_events(path)), rng=seed)
    return join_learned(snapshot, learned_ties(found), str(path))
