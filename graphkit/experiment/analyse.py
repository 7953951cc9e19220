"""Analyse an experiment with spillover: direct, spillover and total effect, each with its interval, and the naive number beside them.

Two estimators: *hajek* compares classes of exposure (own arm, friends all or none treated) and assumes nothing about how friends work;
*linear* uses every user and holds when friends work in proportion. Where they disagree, believe hajek's total and doubt the proportion.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import finite, floats, positive_int, refuse
from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.experiment.design import FLOOR, ExperimentDesign
from graphkit.experiment.estimate import EFFECTS, Difference, difference, linear_effects
from graphkit.experiment.exposure import CLASSES, Influence, Redraws, redraw
from graphkit.intervals import quantile
from graphkit.progress import null_progress
from graphkit.projection.projection import Projection, check_projection
from graphkit.results import Manifest, Result, make_manifest

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from graphkit.progress import ProgressCallback

    Floats = NDArray[np.float64]

__all__ = ["ExperimentAnalysis", "analyse_experiment"]

FEW_EVENTS = 5  # in an exposure: with fewer its mean is little more than a rumour
ALL = 0.95  # of the influence: a total that compares less says so
COLUMNS = ["effect", "estimator", "value", "lower", "upper", "std_error", "n_users", "n_clusters", "excluded"]


@dataclass(frozen=True, eq=False, repr=False)
class ExperimentAnalysis(Result):
    """What the treatment did.

    Attributes
    ----------
    effects : DataFrame
        effect (total, direct, spillover), estimator (hajek, linear, naive), value, lower, upper, std_error, n_users, n_clusters, excluded.
        total = everybody treated against nobody; direct = the own treatment, friends treated alike; spillover = the friends' treatment
        alone. NaN = not measured. ``excluded`` users could not have been in one of the classes.
    exposure : DataFrame
        exposure, users, mean (Hajek), fraction (mean treated share of the influencers).
    p_value : float
        Randomisation inference: share of redraws whose total effect is as large as the one seen, if nothing had any effect.
    n_missing : int
        Users whose outcome was not measured.
    """

    effects: pd.DataFrame
    exposure: pd.DataFrame
    p_value: float
    theta: float
    n_users: int
    n_missing: int
    assumptions: list[str]
    manifest: Manifest

    def to_frame(self) -> pd.DataFrame:
        """Return the effects."""
        return self.effects


def analyse_experiment(
    design: ExperimentDesign,
    p: Projection,
    outcome: ArrayLike,
    *,
    theta: float | None = None,
    n_redraws: int = 1000,
    confidence: float = 0.95,
    progress: ProgressCallback = null_progress,
) -> ExperimentAnalysis:
    """Estimate direct, spillover and total effect.

    mu_c = sum over class c of y/pi divided by sum of 1/pi, pi from ``n_redraws`` redraws of the design; effects are differences of
    these means over users who could have been in both classes, with t intervals over clusters, no narrower than users who seldom act allow
    (`graphkit.experiment.estimate.Difference.interval`).

    Parameters
    ----------
    design : ExperimentDesign
    p : Projection
        The graph it was designed on.
    outcome : array, shape (n_users,)
        Of each user, any number; NaN = not measured, never 0.
    theta : float in (0.5, 1], optional
        Default that of the design.
    n_redraws : int
    confidence : float in (0, 1)
    progress : callable
        See `graphkit.progress`.

    Returns
    -------
    ExperimentAnalysis

    Raises
    ------
    DataInvalid
        Another graph than that of the design, or nothing measured.
    InvalidParameter
        A parameter outside its range.

    References
    ----------
    Aronow, Samii (2017). https://doi.org/10.1214/16-AOAS1005 ; Hajek (1971), in Foundations of Statistical Inference, p. 236.

    Examples
    --------
    Forty groups of ten friends:

    >>> from itertools import combinations
    >>> import numpy as np
    >>> from graphkit.projection.arrays import from_arrays
    >>> ties = np.array([(10 * g + a, 10 * g + b) for g in range(40) for a, b in combinations(range(10), 2)])
    >>> p = from_arrays(*ties.T, probability=0.1, directed=False)
    >>> from graphkit.experiment.design import design_experiment
    >>> design = design_experiment(p, mde=0.2, baseline=0.2, n_clusters=40, n_redraws=100, n_runs=50, rng=1)
    >>> outcome = np.where(design.treated, 0.5, 0.2)
    >>> effects = analyse_experiment(design, p, outcome, n_redraws=100).to_frame()
    >>> effects.loc[0, ["effect", "estimator"]].tolist(), round(float(effects.loc[0, "value"]), 3)
    (['total', 'hajek'], 0.3)
    """
    start = time.monotonic()
    if not isinstance(design, ExperimentDesign):
        refuse("design", type(design).__name__, "an ExperimentDesign", hint="design_experiment(...) makes one")
    check_projection(p)
    positive_int("n_redraws", n_redraws, minimum=100)
    quantile(confidence)
    limit = design.theta if theta is None else finite("theta", theta)
    if not 0.5 < limit <= 1:
        refuse("theta", theta, "a share in (0.5, 1]")
    y = _outcome(design, p, outcome)
    influence = Influence(p, limit)
    again = redraw(influence, design.draws(), n_redraws, keep=EFFECTS["total"], progress=progress)
    pi = again.pi
    fraction = influence.fraction(design.treated)
    member = influence.classes(design.treated, fraction)
    hajek = {
        e: difference(e, y, member, pi, design.cluster, design.treated_clusters, design.stratum, FLOOR) for e in EFFECTS
    }
    linear = linear_effects(
        y, design.treated, fraction, design.share * design.saturation, design.cluster, design.n_clusters
    )
    rows = [
        _row(e, name, found[e], confidence) for name, found in (("hajek", hajek), ("linear", linear)) for e in EFFECTS
    ]
    rows.append(_naive(y, design.treated, confidence))
    answer: dict[str, Any] = {
        "effects": _frame(rows, COLUMNS), "exposure": _exposure(y, member, pi, fraction), "theta": limit, "n_users": design.n_users,
        "p_value": _randomisation(y, again, hajek["total"].value, progress), "n_missing": int(np.isnan(y).sum()),
    }  # fmt: skip
    request = {"design": design.manifest.digest, "theta": limit, "n_redraws": n_redraws, "confidence": confidence}
    manifest = make_manifest(
        "analyse_experiment",
        request=request,
        answer=answer,
        seed=design.seed,
        snapshot=p.snapshot_id,
        seconds=time.monotonic() - start,
    )
    return ExperimentAnalysis(**answer, assumptions=_notes(hajek, limit, answer["exposure"]), manifest=manifest)


def _outcome(design: ExperimentDesign, p: Projection, outcome: ArrayLike) -> Floats:
    """One measured number or NaN per user of the design's own graph."""
    if p.n_nodes != design.n_users or (
        design.manifest.snapshot is not None and p.snapshot_id != design.manifest.snapshot
    ):
        raise DataInvalid(
            f"the graph differs from the one of the design ({p.n_nodes:,} users, designed for {design.n_users:,})", rule="graph-changed",
            hint="analyse on the same data the experiment was designed on",
        )  # fmt: skip
    y = floats("outcome", outcome, f"{design.n_users} numbers, NaN where not measured")
    if y.shape != (design.n_users,) or np.isinf(y).any():
        raise InvalidParameter(
            f"outcome must hold one finite number or NaN per user ({design.n_users}). Got shape {y.shape}.",
            parameter="outcome",
            value=y.shape,
        )
    if np.isnan(y).all():
        raise DataInvalid(
            "no outcome was measured", rule="nothing-measured", hint="a user without an outcome is not a zero"
        )
    return y


def _row(effect: str, estimator: str, found: Difference, confidence: float) -> tuple[Any, ...]:
    lower, upper = found.interval(confidence)
    return (
        effect,
        estimator,
        found.value,
        lower,
        upper,
        found.std_error,
        found.n_users,
        found.n_clusters,
        found.excluded,
    )


def _naive(y: Floats, treated: NDArray[np.bool_], confidence: float) -> tuple[Any, ...]:
    """What a test that forgets friends would print: difference of the arms, users taken as independent."""
    a, b = y[treated & ~np.isnan(y)], y[~treated & ~np.isnan(y)]
    if a.size < 2 or b.size < 2:
        return "total", "naive", math.nan, math.nan, math.nan, math.nan, 0, 0, 0
    value, error = float(a.mean() - b.mean()), math.sqrt(a.var(ddof=1) / a.size + b.var(ddof=1) / b.size)
    half = quantile(confidence) * error
    return "total", "naive", value, value - half, value + half, error, int(a.size + b.size), 0, 0


def _exposure(y: Floats, member: NDArray[np.bool_], pi: Floats, fraction: Floats) -> pd.DataFrame:
    """Users, Hajek mean and mean treated share of the influencers of each class."""
    rows = []
    for name, inside, chance in zip(CLASSES, member, pi, strict=True):
        pick = inside & (chance > FLOOR) & ~np.isnan(y)
        weight = 1 / chance[pick]
        heard = fraction[pick][~np.isnan(fraction[pick])]
        mean = float(weight @ y[pick] / weight.sum()) if pick.any() else math.nan
        rows.append((name, int(pick.sum()), mean, float(heard.mean()) if heard.size else math.nan))
    return _frame(rows, ["exposure", "users", "mean", "fraction"])


def _randomisation(y: Floats, again: Redraws, seen: float, progress: ProgressCallback) -> float:
    """Share of redraws, this one included, whose total difference of Hajek means is at least as large, outcomes held fixed."""
    if math.isnan(seen):
        return math.nan
    pi = again.pi[[CLASSES.index(name) for name in EFFECTS["total"]]]
    able = (pi > FLOOR).all(axis=0) & ~np.isnan(y)
    inverse = np.where(able, 1 / np.where(pi > 0, pi, 1.0), 0.0)
    filled = np.where(able, y, 0.0)
    larger = defined = 0
    for inside in again.kept("redraws without an effect", progress):
        with np.errstate(invalid="ignore", divide="ignore"):
            high, low = (
                (weight * filled) @ member / (weight @ member)
                for weight, member in zip(inverse, inside.astype(np.float64), strict=True)
            )
        apart = np.abs(
            high - low
        )  # NaN where a redraw leaves a class empty: as little an answer as the draw itself would be then
        larger, defined = larger + int((apart >= abs(seen) - 1e-12).sum()), defined + int((~np.isnan(apart)).sum())
    return (larger + 1) / (defined + 1)


def _notes(hajek: dict[str, Difference], theta: float, exposure: pd.DataFrame) -> list[str]:
    notes = [
        f"a user's friends count as treated from a share of {theta:g} of the influence on, as untreated up to {1 - theta:.2g}; linear assumes they work in proportion"
    ]
    heard = dict(zip(exposure["exposure"], exposure["fraction"], strict=True))
    high, low = (heard[name] for name in EFFECTS["total"])
    if hajek["total"].n_users and high - low < ALL:
        notes.append(
            f"total (hajek): its users have {high:.0%} and {low:.0%} of their influence treated, not all against none; what friends do beyond that is not in it"
        )
    for effect, found in hajek.items():
        if not found.n_users:
            notes.append(
                f"{effect} (hajek): not measured, its exposures occur in too few clusters; a saturation below 1 or a lower theta would show it"
            )
        elif found.excluded:
            notes.append(
                f"{effect} (hajek): {found.excluded:,} users could not have been in one of its exposures and are left out"
            )
        if found.n_users and found.sides and found.events < FEW_EVENTS:
            notes.append(
                f"{effect} (hajek): too few to say much, {found.events} users of one of its exposures have an outcome other than 0"
            )
    return [*notes, "who was treated was drawn by lot as designed, and influence runs along the graph's arcs only"]


def _frame(rows: list[tuple[Any, ...]], columns: list[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=columns)
