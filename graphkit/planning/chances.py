"""What is believed about chances: the declared bands, learned intervals, and what waves that are over have taught."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.intervals import counted
from graphkit.projection.build import project

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.planning.market import Market
    from graphkit.planning.request import Request
    from graphkit.projection.snapshot import Snapshot

    Floats = NDArray[np.float64]

__all__ = ["BAND", "Z95", "level_known", "moved", "scale_of", "tie_bounds", "with_learned_channels"]

# Declared chances: a channel's is even in the band, 95 % of all ties' within the factor
BAND, TIE_FACTOR = (0.5, 1.5), 2.0
Z95 = 1.959963984540054


def tie_bounds(snapshot: Snapshot, request: Request) -> tuple[Floats, Floats] | None:
    """Return between which ends 95 % of the draws move every learned chance, None when chances are declared.

    That is the error their level has in common (`graphkit.diffusion.level`); the own errors of single ties average out.
    Where it is not known, all ties err together by their whole intervals: the worst case.
    """
    if request.probability != "learned":
        return None

    def column(name: str) -> Floats:
        return np.asarray(project(snapshot, label=request.nodes, types=("INFLUENCES",), weight=name).weight, np.float64)

    if not level_known(snapshot):
        return column("p_lower"), column("p_upper")
    p, factor = column("p"), np.exp(Z95 * column("level_error"))
    return p / factor, np.minimum(p * factor, 1.0)


def level_known(snapshot: Snapshot) -> bool:
    """Whether the learned ties say how far they err together."""
    return all("level_error" in ties.columns for ties in snapshot.edges("INFLUENCES"))


def scale_of(z: float) -> float:
    """Return the factor of declared chances on ties at the place z: 95 % lie within TIE_FACTOR."""
    return float(TIE_FACTOR ** (z / Z95))


def moved(p: Floats, bounds: tuple[Floats, Floats] | None, z: float) -> Floats:
    """Return chances on ties that are all z standard errors away from p; 0 stays 0."""
    if bounds is None:
        return np.asarray(np.minimum(1.0, p * scale_of(z)))
    error = (bounds[1] - p if z > 0 else p - bounds[0]) / Z95
    return np.where(p > 0, np.clip(p + z * error, 0.0, 1.0), 0.0)


def with_learned_channels(market: Market, learned: dict[str, Any], wave: int) -> None:
    """Multiply the chances of watched channels by what was learned, and say so; repeated notes stay one."""
    chance = market.chance
    for name, told in learned["channels"].items():
        if name in market.ids:
            column = market.ids.index(name)
            part = slice(chance.indptr[column], chance.indptr[column + 1])
            chance.data[part] = chance.data[part] * (told["posterior"] / told["prior"])
            low, high = told["interval"]
            market.assumptions.append(
                f"after wave {wave} the mean chance of channel {name} is {told['posterior']:.3f} ({low:.3f} to {high:.3f}), planned {told['prior']:.3f}: "
                f"{counted(told['exposed'], 'exposure', 'exposures')} in {counted(told['tries'], 'try', 'tries')}"
            )
    ties = learned["ties"]
    if ties is not None:
        low, high = ties["factor_interval"]
        market.assumptions.append(
            f"after wave {wave} the chances on ties are multiplied by {ties['factor']:.3f} ({low:.3f} to {high:.3f}): {counted(ties['told'], 'user was', 'users were')} told over {counted(ties['tried'], 'tie', 'ties')} tried"
        )
    market.assumptions.extend(f"after wave {wave}: {note}" for note in learned["notes"])
