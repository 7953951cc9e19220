"""The data of a request whose chances on ties are learned: kept beside the store, or learned from a directory's events."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from graphkit.diffusion.adoptions import adoptions
from graphkit.diffusion.learn import learn
from graphkit.errors import DataInvalid
from graphkit.projection.build import project
from graphkit.projection.learned import join_learned, learned_ties, with_learned
from graphkit.projection.snapshot import as_snapshot, take_snapshot
from graphkit.store.files import read_events

if TYPE_CHECKING:
    from graphkit.projection.snapshot import Snapshot

__all__ = ["learned_snapshot"]

TIES: Final = ("KNOWS", "FOLLOWS", "SHARED_WITH")  # what learning may put a chance on


def learned_snapshot(source: Any, *, seed: int) -> Snapshot:
    """Return the columns of a source with its learned ties among them.

    Parameters
    ----------
    source
        A `GraphStore` gives the ties that `graphkit learn` or `gk.keep_learned` kept beside it; an input directory is
        learned from its `events/`; the result of `gk.learn` brings its own; any other source must already hold
        relationships INFLUENCES.
    seed
        For learning from a directory.

    Raises
    ------
    DataInvalid
        Nothing was learned for the store, the directory has no events, or the source holds no learned ties.
    """
    if hasattr(source, "projection") and hasattr(source, "interval"):
        return join_learned(as_snapshot(source.projection), learned_ties(source), "the learned probabilities")
    if isinstance(source, str | os.PathLike):
        return _from_directory(Path(source), seed)
    if all(hasattr(source, name) for name in ("tables", "version", "identity")):
        return with_learned(take_snapshot(source), source)
    return as_snapshot(source)


def _from_directory(path: Path, seed: int) -> Snapshot:
    snapshot = as_snapshot(path)
    if not (path / "events").is_dir():
        message = f"{path} has no events/ to learn chances from"
        raise DataInvalid(message, source=str(path), rule="learned", hint="add events/events.csv with ts, user, kind and item, or choose another probability")
    found = learn(project(snapshot, types=TIES), adoptions(read_events(path)), rng=seed)
    return join_learned(snapshot, learned_ties(found), str(path))
