"""The record of how one graph was made of several kinds of ties."""

from __future__ import annotations

from dataclasses import dataclass

from graphkit.parts import Part

__all__ = ["Flattening"]


@dataclass(frozen=True)
class Flattening(Part):
    """How one graph was made of several kinds of ties.

    Parameters
    ----------
    kind : str
        ``"types"`` or ``"bipartite"``.
    types : tuple of str
        Relationship types that went in.
    ties : tuple of int
        Relationships of each type between the nodes taken.
    weights : tuple of float
        Types: weight of one tie, share / ties x total ties. Bipartite: 1, before division by d - 1.
    through : str or None
        Label whose nodes were replaced by ties between those that share them.
    """

    kind: str
    types: tuple[str, ...]
    ties: tuple[int, ...]
    weights: tuple[float, ...]
    through: str | None

    def __str__(self) -> str:
        """Return one line for a reader."""
        if self.through is not None:
            return f"tied by shared {self.through} over {', '.join(self.types)} ({sum(self.ties):,} relationships), each counting 1 / (d - 1)"
        parts = (
            f"{name} {count:,} ties x {weight:.3g}"
            for name, count, weight in zip(self.types, self.ties, self.weights, strict=True)
        )
        return "; ".join(parts)
