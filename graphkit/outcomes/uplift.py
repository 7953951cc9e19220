"""Whom a measure moves: the effect of a randomised test, and people ranked by what it does to them.

Two models (one for the treated, one for the others); a person's uplift is the difference of the two chances. The ranking is judged by
the Qini coefficient on people neither model has seen, with a bootstrap interval: a model whose interval holds 0 ranks no better than chance.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphkit.check import finite, one_of, positive_int, refuse
from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.intervals import newcombe, percentile_tail
from graphkit.outcomes.features import Features, prepare
from graphkit.outcomes.leakage import refuse_leaking_columns
from graphkit.outcomes.qini import qini_coefficient, qini_curve
from graphkit.outcomes.scores import auc_interval
from graphkit.outcomes.tables import binary, columns_of, kept_out, read_table
from graphkit.results import Manifest, Result, make_manifest
from graphkit.rng import as_generator, as_seed, child_seed

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.rng import RandomState

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["METHODS", "Uplift", "uplift"]

METHODS = ("logistic", "forest")


@dataclass(frozen=True, eq=False, repr=False)
class Uplift(Result):
    """Effect of a treatment, and whom it moves.

    Attributes
    ----------
    effect, effect_interval
        Difference of the two response rates over everybody, 95 % (Newcombe's score interval: right for few responses).
    treated_rate, control_rate : float
    n_treated, n_control : int
    qini, qini_interval
        Coefficient on the held-out people, bootstrap over them; 0 is chance.
    ranks_better_than_chance : bool
        The Qini interval lies above 0.
    curve : DataFrame
        addressed (share of the held-out people, best first), incremental (responses per held-out person), effect (among those addressed).
    predicted : ndarray, shape (n,)
        Uplift of each row, from models that did not see it (cross-fitted).
    """

    treatment: str
    outcome: str
    n: int
    n_treated: int
    n_control: int
    treated_rate: float
    control_rate: float
    effect: float
    effect_interval: tuple[float, float]
    n_held_out: int
    qini: float
    qini_interval: tuple[float, float]
    ranks_better_than_chance: bool
    curve: pd.DataFrame
    predicted: NDArray[np.float64] = field(metadata={"dtype": np.float64})
    assumptions: list[str]
    manifest: Manifest


def uplift(
    table: pd.DataFrame | str | os.PathLike[str],
    treatment: str,
    outcome: str,
    *,
    treated: object = None,
    control: object = None,
    features: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    id: str | None = None,  # noqa: A002 - the column's usual name
    measured_before: Sequence[str] = (),
    method: str = "logistic",
    held_out: float = 0.5,
    n_bootstrap: int = 500,
    rng: RandomState = None,
) -> Uplift:
    """Measure the effect of a randomised treatment and rank people by it.

    effect = mean(y | treated) - mean(y | control); uplift(x) = P(y | x, treated) - P(y | x, control), one model each.

    Parameters
    ----------
    table : DataFrame or path of .csv, .csv.gz, .parquet
        One row per person.
    treatment : str
        Column that says who was treated: yes/no, or names of arms together with ``treated`` and ``control``.
    outcome : str
        Column of yes/no.
    treated, control : optional
        The two arms to compare; rows of other arms are left out and counted.
    features, exclude, id
        As in `propensity`; features must have been known before the treatment.
    measured_before : sequence of str
        Columns you vouch for, although one alone tells the outcome.
    method : {"logistic", "forest"}
    held_out : float in (0, 1)
        Share of people on whom the ranking is judged.
    n_bootstrap : int >= 100
    rng : int, Generator, SeedSequence or None

    Returns
    -------
    Uplift

    Raises
    ------
    DataInvalid
        An arm is missing or too small, or has one outcome only; a column gives the outcome away (rule ``leakage``).
    InvalidParameter
        A parameter outside its range.

    Notes
    -----
    Of 95 % intervals of Qini 93 to 95 % hold what the models would have on everybody, from no effect to a strong one, with
    28 to 265 responses among the held-out people (seven worlds, 400 draws each). Orders that are given are held by 94 to 97 %
    with 12 to 135 responses (five worlds, 300 to 1,000 draws each), without an effect and 6 responses by 92 %.

    References
    ----------
    Radcliffe (2007). Using control groups to target on predicted lift. Direct Marketing Analytics Journal 3, 14-21;
    of the interval `graphkit.intervals.percentile_tail`.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> draw = np.random.default_rng(1)
    >>> x, t = draw.integers(0, 2, 4000), draw.integers(0, 2, 4000)
    >>> y = draw.random(4000) < 0.2 + 0.2 * x * t
    >>> found = uplift(pd.DataFrame({"x": x, "t": t, "y": y}), "t", "y", rng=1)
    >>> found.ranks_better_than_chance
    True
    """
    start = time.monotonic()
    one_of("method", method, METHODS)
    if not 0 < finite("held_out", held_out) < 1:
        refuse("held_out", held_out, "a share in (0, 1)")
    positive_int("n_bootstrap", n_bootstrap, minimum=100)
    seed = as_seed(rng)
    frame, name = read_table(table, id=id)
    frame, t, notes = _two_arms(frame, treatment, treated, control, name)
    y = binary(frame, outcome, name)
    _enough(y, t, name)
    chosen = prepare(frame, features, kept_out(exclude, treatment, outcome, id), name)
    refuse_leaking_columns(chosen, y, measured_before, [str(c) for c in frame.columns], name)
    trial = _Trial(chosen, y, t)
    learn, test = _halves(trial, held_out, seed, name)
    predicted = np.empty(y.size)
    predicted[test] = trial.uplift_of(test, learn, method, seed)
    predicted[learn] = trial.uplift_of(learn, test, method, seed)
    answer = {
        "treatment": treatment,
        "outcome": outcome,
        **_effect(y, t),
        "n_held_out": int(test.size),
        **_ranking(y[test], predicted[test], t[test], n_bootstrap, seed),
        "curve": _curve(y[test], predicted[test], t[test]),
        "predicted": predicted,
    }
    notes += [
        *chosen.notes,
        *_balance(chosen, t, seed),
        "who was treated was drawn by lot, and nobody's treatment changes another's outcome",
    ]
    request = {
        "features": list(chosen.frame.columns),
        "method": method,
        "held_out": held_out,
        "n_bootstrap": n_bootstrap,
    }
    manifest = make_manifest("uplift", request=request, answer=answer, seed=seed, seconds=time.monotonic() - start)
    return Uplift(n=int(y.size), **answer, assumptions=notes, manifest=manifest)


def _two_arms(
    frame: pd.DataFrame, treatment: str, treated: object, control: object, name: str
) -> tuple[pd.DataFrame, Ints, list[str]]:
    """Rows of the two arms, 1 for the treated, and a note on the others."""
    given = columns_of(frame, [treatment], name)[treatment]
    if (treated is None) != (control is None):
        raise InvalidParameter(
            "treated and control name the two arms together",
            parameter="treated",
            hint="give both, or neither for a yes/no column",
        )
    if treated is None:
        return frame, binary(frame, treatment, name), []
    arms = pd.Series([str(x) for x in given.tolist()])
    for arm in (str(treated), str(control)):
        if not bool((arms == arm).any()):
            known = sorted(arms[given.notna()].unique())[:10]
            raise DataInvalid(
                f"{name}: no row has {treatment} {arm!r}",
                source=name,
                rule="arm-missing",
                hint=f"its arms: {', '.join(known)}",
            )
    if str(treated) == str(control):
        raise InvalidParameter("treated and control are the same arm", parameter="control", value=control)
    keep = ((arms == str(treated)) | (arms == str(control))).to_numpy()
    others = int((~keep).sum())
    notes = [f"{others} rows of other arms were left out"] if others else []
    return frame[keep].reset_index(drop=True), np.asarray(arms[keep] == str(treated), np.int64), notes


def _enough(y: Ints, t: Ints, name: str) -> None:
    """Refuse an arm without people, or without both outcomes."""
    for arm, word in ((1, "treated"), (0, "control")):
        n, yes = int((t == arm).sum()), int(y[t == arm].sum())
        if n < 2 or yes in (0, n):
            raise DataInvalid(
                f"{name}: the {word} arm has {n} people and {yes} responses; both outcomes must occur",
                source=name,
                rule="arm-too-small",
                count=n,
            )


def _effect(y: Ints, t: Ints) -> dict[str, Any]:
    """Difference of the response rates and its interval."""
    n1, n0 = int(t.sum()), int(t.size - t.sum())
    r1, r0 = float(y[t == 1].sum()) / n1, float(y[t == 0].sum()) / n0
    return {
        "n_treated": n1,
        "n_control": n0,
        "treated_rate": r1,
        "control_rate": r0,
        "effect": r1 - r0,
        "effect_interval": newcombe((r1, n1), (r0, n0)),
    }


@dataclass(frozen=True, eq=False)
class _Trial:
    """Who was treated (1) or not (0), what became of them, and what was known before."""

    features: Features
    outcome: Ints
    treated: Ints

    def uplift_of(self, rows: Ints, known: Ints, method: str, seed: int) -> Floats:
        """Return the uplift of some rows from two models of the rows ``known``."""
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        chance = []
        for arm in (1, 0):
            inside = known[self.treated[known] == arm]
            number = child_seed(seed, "uplift", arm) % 2**32
            last = (
                LogisticRegression(max_iter=2000)
                if method == "logistic"
                else RandomForestClassifier(200, min_samples_leaf=20, random_state=number)
            )
            model = make_pipeline(self.features.transformer(), last)
            model.fit(self.features.frame.iloc[inside], self.outcome[inside])
            chance.append(model.predict_proba(self.features.frame.iloc[rows])[:, 1])
        return np.asarray(chance[0] - chance[1], np.float64)


def _halves(trial: _Trial, held_out: float, seed: int, name: str) -> tuple[Ints, Ints]:
    """Rows to learn from and rows to judge on, by lot; both arms of either must show both outcomes."""
    out = as_generator(seed, "uplift", "split").random(trial.outcome.size) < held_out
    learn, test = np.flatnonzero(~out), np.flatnonzero(out)
    for rows, part in ((test, "held-out part"), (learn, "learning part")):
        _enough(trial.outcome[rows], trial.treated[rows], f"{name}, {part}")
    return learn, test


def _ranking(y: Ints, predicted: Floats, t: Ints, n_bootstrap: int, seed: int) -> dict[str, Any]:
    """Qini on unseen people, and its interval from resampling them; it rests on those who respond, where these are few."""
    order = np.argsort(-predicted, kind="stable")  # sorted once: resampling is a change of weights
    y, predicted, t = y[order], predicted[order], t[order]
    value, draw, values = qini_coefficient(y, predicted, t), as_generator(seed, "uplift", "bootstrap"), []
    for _ in range(n_bootstrap):
        weight = np.bincount(draw.integers(0, y.size, y.size), minlength=y.size).astype(np.float64)
        values.append(qini_coefficient(y, predicted, t, weight))
    tail = percentile_tail(int(min(y.sum(), y.size - y.sum())))
    lower, upper = np.nanquantile(values, [tail, 1 - tail])
    return {"qini": value, "qini_interval": (float(lower), float(upper)), "ranks_better_than_chance": bool(lower > 0)}


def _curve(y: Ints, predicted: Floats, t: Ints) -> pd.DataFrame:
    """Ten steps of addressing the held-out people, best first."""
    people, gained = qini_curve(y, predicted, t)
    order = np.argsort(-predicted, kind="stable")
    rows = []
    for share in np.arange(1, 11) / 10:
        inside = order[: max(1, round(share * y.size))]
        a, b = y[inside][t[inside] == 1], y[inside][t[inside] == 0]
        effect = float(a.mean() - b.mean()) if a.size and b.size else math.nan
        rows.append((float(share), float(np.interp(inside.size, people, gained)) / y.size, effect))
    return pd.DataFrame(rows, columns=["addressed", "incremental", "effect"])


def _balance(features: Features, t: Ints, seed: int) -> list[str]:
    """Say so when the features tell who was treated: then it was not drawn by lot."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline

    split = StratifiedKFold(2, shuffle=True, random_state=child_seed(seed, "balance") % 2**32)
    model = make_pipeline(features.transformer(), LogisticRegression(max_iter=2000))
    score = cross_val_predict(model, features.frame, t, cv=split, method="predict_proba")[:, 1]
    value, (lower, _) = auc_interval(t, np.asarray(score, np.float64), confidence=0.999)
    if lower <= 0.5:
        return []
    return [
        f"WARNING: the features tell who was treated (AUC {value:.3f}); this was no draw by lot, the effect is confounded"
    ]
