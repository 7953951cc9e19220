"""Who stays: Cox's proportional hazards, with the check of its assumption and the Kaplan-Meier curve beside it.

h(t; x) = h0(t) exp(b.x). There is no intercept, the baseline hazard h0 takes it up, so a constant column is
refused. The partial likelihood is *maximised*; tied times are Efron's unless told otherwise.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphkit.check import one_of
from graphkit.errors import DataInvalid, NotConverged
from graphkit.intervals import quantile
from graphkit.outcomes.hazards import proportional_hazards_test
from graphkit.outcomes.tables import binary, numeric, prepare, read_table
from graphkit.results import Manifest, Result, make_manifest

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["TIES", "Retention", "retention"]

TIES = ("efron", "breslow")
# Largest slope of the log likelihood per event, in units of one standard deviation, that counts as its top
_FLAT = 1e-6


@dataclass(frozen=True, eq=False, repr=False)
class Retention(Result):
    """A fitted Cox model.

    Attributes
    ----------
    n, n_events : int
        People, and those who were seen to leave.
    coefficients : DataFrame
        covariate, coef, std_error, z, p_value, hazard_ratio, lower, upper (95 %, of the ratio).
    log_likelihood, log_likelihood_null : float
        Partial, at the maximum and at b = 0.
    likelihood_ratio, degrees_of_freedom, p_value
        Test of all coefficients together.
    aic, concordance : float
        Harrell's C, 0.5 is chance; on the data fitted, so a little high.
    proportional : DataFrame
        covariate, chi2, p_value of Grambsch and Therneau's test: a small p says that the ratio changes over time.
    survival : DataFrame
        time, at_risk, events, survival, lower, upper (`kaplan_meier`), without covariates.
    """

    n: int
    n_events: int
    ties: str
    coefficients: pd.DataFrame
    log_likelihood: float
    log_likelihood_null: float
    likelihood_ratio: float
    degrees_of_freedom: int
    p_value: float
    aic: float
    concordance: float
    proportional: pd.DataFrame
    survival: pd.DataFrame
    assumptions: list[str]
    manifest: Manifest

    def to_frame(self) -> pd.DataFrame:
        """Return the coefficients."""
        return self.coefficients


def retention(
    table: pd.DataFrame | str | os.PathLike[str],
    duration: str,
    event: str,
    *,
    covariates: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    id: str | None = None,  # noqa: A002 - the column's usual name
    ties: str = "efron",
) -> Retention:
    """Fit Cox's model of the time until people leave.

    Maximises sum over leavers of b.x_i - log(sum over those still there of exp(b.x_j)), ties as Efron (1977).

    Parameters
    ----------
    table : DataFrame or path of .csv, .csv.gz, .parquet
        One row per person.
    duration : str
        Column of the time observed, > 0, any unit.
    event : str
        Column of yes/no: left at that time; no = still there (censored).
    covariates : sequence of str, optional
        Known at the start; default every other column. Texts become one column per value against the commonest.
    exclude, id
        Columns that are no covariates.
    ties : {"efron", "breslow"}

    Returns
    -------
    Retention

    Raises
    ------
    DataInvalid
        A constant column (rule ``constant``), columns that add up to another (``collinear``), a missing cell, a duration that is
        not above 0, nobody who left.
    NotConverged
        The likelihood has no top: some column separates leavers from stayers.

    References
    ----------
    Cox (1972) https://doi.org/10.1111/j.2517-6161.1972.tb00899.x ; Efron (1977) https://doi.org/10.1080/01621459.1977.10480613 ;
    Grambsch, Therneau (1994) https://doi.org/10.1093/biomet/81.3.515

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> draw = np.random.default_rng(1)
    >>> x = draw.integers(0, 2, 400)
    >>> t = draw.exponential(np.exp(-0.7 * x))
    >>> found = retention(pd.DataFrame({"x": x, "t": np.minimum(t, 2) + 1e-9, "left": t < 2}), "t", "left")
    >>> bool(found.coefficients.coef[0] > 0.4)
    True
    """
    start = time.monotonic()
    one_of("ties", ties, TIES)
    frame, name = read_table(table, id=id)
    observed, left = numeric(frame, duration, name, low=0.0, positive=True), binary(frame, event, name)
    if not left.any():
        raise DataInvalid(f"{name}: nobody left ({event} is no in all {left.size} rows)", source=name, rule="no-events")
    design = _design(frame, covariates, [duration, event, *exclude, *([id] if id is not None else [])], name)
    coef, cov, top, null = _fit(design, observed, left, ties)
    k = coef.size
    error, ratio = np.sqrt(np.diag(cov)), 2 * (top - null)
    z, two_sided = coef / error, quantile(0.95)
    from scipy.stats import chi2, norm

    answer: dict[str, Any] = {
        "n": int(left.size),
        "n_events": int(left.sum()),
        "ties": ties,
        "coefficients": pd.DataFrame(
            {
                "covariate": list(design.columns),
                "coef": coef,
                "std_error": error,
                "z": z,
                "p_value": 2 * norm.sf(np.abs(z)),
                "hazard_ratio": np.exp(coef),
                "lower": np.exp(coef - two_sided * error),
                "upper": np.exp(coef + two_sided * error),
            }
        ),
        "log_likelihood": top,
        "log_likelihood_null": null,
        "likelihood_ratio": ratio,
        "degrees_of_freedom": k,
        "p_value": float(chi2.sf(ratio, k)),
        "aic": 2 * k - 2 * top,
        "concordance": concordance(observed, left, design.to_numpy() @ coef),
        "proportional": proportional_hazards_test(design, observed, left, coef, cov, ties=ties),
        "survival": kaplan_meier(observed, left),
        "assumptions": [
            "leaving is independent of being censored, given the covariates",
            "covariates were known at the start of each person's time",
        ],
    }
    request = {"duration": duration, "event": event, "covariates": list(design.columns), "ties": ties}
    return Retention(
        **answer, manifest=make_manifest("retention", request=request, answer=answer, seconds=time.monotonic() - start)
    )


def _design(frame: pd.DataFrame, covariates: Sequence[str] | None, others: list[str], name: str) -> pd.DataFrame:
    """The covariates as numbers, texts against their commonest value; refuses what the model cannot carry."""
    wanted = [c for c in frame.columns if c not in others] if covariates is None else list(covariates)
    for column in wanted:
        if column in frame.columns and len(set(frame[column].astype(str))) == 1:
            raise DataInvalid(
                f"{name}: {column} is the same for everyone; the baseline hazard takes it up, it has no coefficient",
                source=name, rule="constant", hint=f"leave {column} out (a Cox model has no intercept)",
            )  # fmt: skip
    chosen = prepare(frame, wanted, others, name)
    columns: dict[str, Any] = {}
    for column in chosen.frame.columns:
        cells = frame[column]
        empty = cells.isna() | cells.astype(str).str.strip().eq("")
        if bool(empty.any()):
            line = int(np.flatnonzero(empty)[0]) + 2
            raise DataInvalid(
                f"{name} line {line}: {column} is missing ({int(empty.sum())} such rows)",
                source=name,
                rule="missing-value",
                count=int(empty.sum()),
                rows=((line, None),),
                hint=f"drop those rows, fill them on purpose, or leave {column} out",
            )
        if column in chosen.numbers:
            columns[column] = chosen.frame[column].to_numpy(np.float64)
            continue
        words = chosen.frame[column]
        sizes = Counter(words.tolist())
        commonest, *rest = sorted(sizes, key=partial(_by_size, sizes))
        columns.update(
            {f"{column}={word} (against {commonest})": (words == word).to_numpy(np.float64) for word in rest}
        )
    design = pd.DataFrame(columns)
    matrix = design.to_numpy()
    scaled = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)
    for k in range(1, matrix.shape[1] + 1):
        if np.linalg.matrix_rank(scaled[:, :k], tol=1e-8 * math.sqrt(matrix.size)) < k:
            lost = design.columns[k - 1]
            raise DataInvalid(
                f"{name}: {lost} follows from the columns before it",
                source=name,
                rule="collinear",
                hint=f"leave {lost} out",
            )
    return design


def _by_size(sizes: Counter[str], word: str) -> tuple[int, str]:
    return -sizes[word], word


def _fit(design: pd.DataFrame, observed: Floats, left: Ints, ties: str) -> tuple[Floats, Floats, float, float]:
    """Coefficients, their covariance, log likelihood at the top and at zero; fitted on columns of unit variance."""
    from statsmodels.duration.hazard_regression import PHReg

    matrix = design.to_numpy()
    scale = matrix.std(axis=0)
    model = PHReg(observed, (matrix - matrix.mean(axis=0)) / scale, status=left, ties=ties)
    try:
        with np.errstate(all="ignore"):
            found = model.fit(disp=False, warn_convergence=False, skip_hessian=False)
            slope = np.abs(model.score(found.params)).max() / left.sum()
            cov = np.asarray(found.cov_params(), np.float64)
    except (np.linalg.LinAlgError, ValueError, FloatingPointError) as error:
        raise NotConverged(
            f"the partial likelihood has no top: {error}",
            hint="leave out the column that separates leavers from stayers",
        ) from error
    variance = np.diag(cov)
    if (
        not np.isfinite(found.params).all()
        or not slope <= _FLAT
        or not (variance > 0).all()
        or np.sqrt(variance).max() > 1e2
    ):
        worst = design.columns[int(np.argmax(np.where(np.isfinite(found.params), np.abs(found.params), np.inf)))]
        raise NotConverged(
            f"the partial likelihood has no top: the coefficient of {worst} grows without end", residual=float(slope),
            hint=f"{worst} separates leavers from stayers; leave it out or group its values",
        )  # fmt: skip
    coef = np.asarray(found.params, np.float64) / scale
    return coef, cov / np.outer(scale, scale), float(found.llf), float(model.loglike(np.zeros(scale.size)))


def concordance(observed: Floats, left: Ints, risk: Floats) -> float:
    """Return Harrell's C: of the pairs where one is seen to leave first, the share where the model says so; equal risks count half."""
    order = np.lexsort((left, -observed))  # latest first; at one time the censored before the leavers: they stay longer
    later: list[float] = []
    agree = ties = pairs = 0
    i = 0
    while i < order.size:
        j = i
        while j < order.size and observed[order[j]] == observed[order[i]]:
            j += 1
        for row in order[i:j]:
            if not left[row]:
                insort(later, float(risk[row]))
        for row in order[i:j]:
            if left[row]:
                low, high = bisect_left(later, float(risk[row])), bisect_right(later, float(risk[row]))
                agree, ties, pairs = agree + low, ties + high - low, pairs + len(later)
        for row in order[i:j]:
            if left[row]:
                insort(later, float(risk[row]))
        i = j
    return (agree + ties / 2) / pairs if pairs else math.nan


def kaplan_meier(observed: Floats, left: Ints) -> pd.DataFrame:
    """Return time, at_risk, events, survival (Kaplan and Meier), its 95 % interval, and lower_before_next.

    ``lower`` is the end at ``time`` itself. Until the next row survival is told as the same, but people are watched no
    longer: there, and after the last row up to the longest watch, the end is ``lower_before_next``.

    The interval is the beta product's: the upper end that of the product of Beta(at_risk - events + 1, events) over the times so far, the
    lower one that of this product times Beta(still there, 1), both as the beta of the same mean and variance. Where nobody is censored it is
    Clopper and Pearson's. It holds where few are left, and has an end above where nobody is, unlike the interval by Greenwood's variance.

    References
    ----------
    Fay, Brittain, Proschan (2013). Pointwise confidence intervals for a survival distribution with small samples or heavy censoring.
    https://doi.org/10.1093/biostatistics/kxt016
    """
    times = np.unique(observed[left == 1])
    at_risk = observed.size - np.searchsorted(np.sort(observed), times, "left")
    events = np.diff(np.searchsorted(np.sort(observed[left == 1]), times, "right"), prepend=0)
    stays = at_risk - events + 1.0
    mean = np.cumsum(np.log(stays / (at_risk + 1)))
    spread = np.cumsum(np.log1p(events / (stays * (at_risk + 2))))  # of the square's mean over the mean's square
    tail, after = (1 - 0.95) / 2, at_risk - events
    return pd.DataFrame({
        "time": times, "at_risk": at_risk, "events": events, "survival": np.cumprod(1 - events / at_risk),
        "lower": _lower(mean, spread, after, tail), "upper": _beta_quantile(mean, spread, 1 - tail),
        "lower_before_next": _lower(mean, spread, _before_next(observed, times, at_risk, after), tail),
    })  # fmt: skip


def _before_next(observed: Floats, times: Floats, at_risk: Ints, after: Ints) -> Ints:
    """How many are watched just before the next row, and after the last one to the very end."""
    if not times.size:
        return after
    end = observed.max()
    return np.append(at_risk[1:], (observed == end).sum() if end > times[-1] else after[-1])


def _lower(log_mean: Floats, log_spread: Floats, there: Ints, tail: float) -> Floats:
    """The lower end where so many are still there: the quantile of the product times Beta(there, 1), 0 where nobody is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, spread = np.log(there / (there + 1.0)), np.log1p(1 / np.maximum(there * (there + 2.0), 1e-300))
    return np.where(there > 0, _beta_quantile(log_mean + mean, log_spread + spread, tail), 0.0)


def _beta_quantile(log_mean: Floats, log_spread: Floats, q: float) -> Floats:
    """Quantile of the beta with this mean m and with mean square exp(``log_spread``) m^2."""
    from scipy.special import betaincinv

    m, rest = np.exp(log_mean), -np.expm1(log_mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = rest / (m * np.expm1(log_spread)) - 1
        return np.asarray(betaincinv(m * size, rest * size, q), np.float64)
