"""Who stays: Cox's proportional hazards, with the check of its assumption and the Kaplan-Meier curve beside it.

h(t; x) = h0(t) exp(b.x). There is no intercept, the baseline hazard h0 takes it up, so a constant column is
refused. The partial likelihood is *maximised*; tied times are Efron's unless told otherwise.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from graphkit.check import one_of
from graphkit.errors import DataInvalid, NotConverged
from graphkit.intervals import quantile
from graphkit.outcomes.features import prepare
from graphkit.outcomes.hazards import proportional_hazards_test
from graphkit.outcomes.survival import concordance, kaplan_meier
from graphkit.outcomes.tables import binary, columns_of, kept_out, names_in, numeric, read_table
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
    design = _design(frame, covariates, kept_out(exclude, duration, event, id), name)
    fit = _fit(design, observed, left, ties)
    answer: dict[str, Any] = {
        "n": int(left.size),
        "n_events": int(left.sum()),
        "ties": ties,
        "coefficients": _coefficients(list(design.columns), fit),
        **_likelihoods(fit),
        "concordance": concordance(observed, left, design.to_numpy() @ fit.coef),
        "proportional": proportional_hazards_test(design, observed, left, fit.coef, fit.cov, ties=ties),
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


class _Fit(NamedTuple):
    """Coefficients and their covariance, log likelihood at the top and at zero."""

    coef: Floats
    cov: Floats
    top: float
    null: float


def _coefficients(names: list[str], fit: _Fit) -> pd.DataFrame:
    """Every covariate's coefficient and ratio, each with its error or interval."""
    from scipy.stats import norm

    error, two_sided = np.sqrt(np.diag(fit.cov)), quantile(0.95)
    z = fit.coef / error
    return pd.DataFrame(
        {
            "covariate": names,
            "coef": fit.coef,
            "std_error": error,
            "z": z,
            "p_value": 2 * norm.sf(np.abs(z)),
            "hazard_ratio": np.exp(fit.coef),
            "lower": np.exp(fit.coef - two_sided * error),
            "upper": np.exp(fit.coef + two_sided * error),
        }
    )


def _likelihoods(fit: _Fit) -> dict[str, Any]:
    """Log likelihoods and the test of all coefficients together."""
    from scipy.stats import chi2

    k, ratio = fit.coef.size, 2 * (fit.top - fit.null)
    return {
        "log_likelihood": fit.top,
        "log_likelihood_null": fit.null,
        "likelihood_ratio": ratio,
        "degrees_of_freedom": k,
        "p_value": float(chi2.sf(ratio, k)),
        "aic": 2 * k - 2 * fit.top,
    }


def _design(frame: pd.DataFrame, covariates: Sequence[str] | None, others: list[str], name: str) -> pd.DataFrame:
    """The covariates as numbers, texts against their commonest value; refuses what the model cannot carry."""
    wanted = [c for c in frame.columns if c not in others] if covariates is None else names_in("covariates", covariates)
    used = columns_of(frame, wanted, name)
    for column in wanted:
        if len(set(used[column].astype(str))) == 1:
            raise DataInvalid(
                f"{name}: {column} is the same for everyone; the baseline hazard takes it up, it has no coefficient",
                source=name, rule="constant", hint=f"leave {column} out (a Cox model has no intercept)",
            )  # fmt: skip
    chosen = prepare(frame, wanted, others, name)
    columns: dict[str, Any] = {}
    for column in chosen.frame.columns:
        _refuse_missing(used[column], column, name)
        if column in chosen.numbers:
            columns[column] = chosen.frame[column].to_numpy(np.float64)
        else:
            columns |= _against_commonest(column, chosen.frame[column])
    design = pd.DataFrame(columns)
    _refuse_collinear(design, name)
    return design


def _refuse_missing(cells: pd.Series[Any], column: str, name: str) -> None:
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


def _against_commonest(column: str, words: pd.Series[Any]) -> dict[str, Floats]:
    """One column of 0 and 1 for each text but the commonest; ties by the text."""
    sizes = Counter(words.tolist())
    commonest, *rest = sorted(sizes, key=partial(_by_size, sizes))
    return {f"{column}={word} (against {commonest})": (words == word).to_numpy(np.float64) for word in rest}


def _by_size(sizes: Counter[str], word: str) -> tuple[int, str]:
    return -sizes[word], word


def _refuse_collinear(design: pd.DataFrame, name: str) -> None:
    """Refuse a column that the ones before it tell, on unit variance."""
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


def _fit(design: pd.DataFrame, observed: Floats, left: Ints, ties: str) -> _Fit:
    """Maximise the partial likelihood, on columns of unit variance."""
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
    return _Fit(coef, cov / np.outer(scale, scale), float(found.llf), float(model.loglike(np.zeros(scale.size))))
