"""Tables -> Projection. (Arrays of integers: `graphkit.projection.arrays`.)"""

from __future__ import annotations

from graphkit.projection.arrays import from_arrays

__all__ = ["from_arrays"]
