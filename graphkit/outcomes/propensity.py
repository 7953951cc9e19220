"""Who will buy: chances from what was known before the cut-off, judged on people the model has not seen.

The judgement is the point: AUC, Brier score and calibration stand beside what the base rate alone gives, and a model
that does not beat it says so. A propensity pays for people who buy anyway; measured uplift is the better weight.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphkit.check import one_of, positive_int
from graphkit.errors import DataInvalid
from graphkit.outcomes.features import Features, prepare
from graphkit.outcomes.leakage import refuse_leaking_columns, refuse_leaking_windows
from graphkit.outcomes.scores import auc, auc_interval, brier_gain, calibration_table, luck_of_folds
from graphkit.outcomes.tables import binary, kept_out, read_table
from graphkit.results import Manifest, Result, make_manifest
from graphkit.rng import as_seed, child_seed

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from graphkit.rng import RandomState

__all__ = ["METHODS", "Propensity", "propensity"]

METHODS = ("logistic", "forest")
_SHUFFLES = 3
NO_BETTER = "no better than the base rate"


@dataclass(frozen=True, eq=False, repr=False)
class Propensity(Result):
    """Chances of a yes and how far to trust them.

    Attributes
    ----------
    label, method : str
    n, n_features : int
    base_rate : float
        Share of yes; what everybody's chance would be without a model.
    auc, auc_interval
        Out of fold, each yes against the noes of its fold, see `graphkit.outcomes.scores.auc_interval`; 0.5 is chance.
    brier, brier_base : float
        Mean squared error of the chances, and of the base rate of the other folds.
    brier_gain_interval : (float, float)
        Of ``brier_base - brier``.
    better_than_base_rate : bool
        AUC interval above 0.5 and Brier gain interval above 0.
    verdict : str
    calibration : DataFrame
        bin, n, predicted, observed, lower, upper: ten groups of equal size.
    importance : DataFrame
        feature, auc_loss, std: loss of AUC when the column is shuffled among unseen people.
    probability : ndarray, shape (n,)
        Out-of-fold chance of each row.
    scored : ndarray or None
        Chances of the rows of ``score``, from the model of all rows.
    """

    label: str
    method: str
    n: int
    n_features: int
    base_rate: float
    auc: float
    auc_interval: tuple[float, float]
    brier: float
    brier_base: float
    brier_gain_interval: tuple[float, float]
    better_than_base_rate: bool
    verdict: str
    calibration: pd.DataFrame
    importance: pd.DataFrame
    probability: NDArray[np.float64] = field(metadata={"dtype": np.float64})
    scored: NDArray[np.float64] | None = field(metadata={"dtype": np.float64})
    assumptions: list[str]
    manifest: Manifest


def propensity(
    table: pd.DataFrame | str | os.PathLike[str],
    label: str,
    *,
    features: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    id: str | None = None,  # noqa: A002 - the column's usual name
    windows: Mapping[str, tuple[float, float]] | None = None,
    label_window: tuple[float, float] | None = None,
    measured_before: Sequence[str] = (),
    method: str = "logistic",
    select: int | None = None,
    folds: int = 5,
    score: pd.DataFrame | str | os.PathLike[str] | None = None,
    rng: RandomState = None,
) -> Propensity:
    """Estimate everybody's chance of a yes.

    P(y = 1 | x) = 1 / (1 + exp(-(a + b.x))) after encoding; every printed figure comes from people outside the
    fold the model was fitted on.

    Parameters
    ----------
    table : DataFrame or path of .csv, .csv.gz, .parquet
        One row per person.
    label : str
        Column of 0/1, true/false or yes/no: what happened after the cut-off.
    features : sequence of str, optional
        Columns known before the cut-off; default all but label, id and ``exclude``. Texts become one column per value.
    exclude : sequence of str
        Columns to leave out.
    id : str, optional
        Column that names the person; never a feature.
    windows, label_window : optional
        When each feature and the label were measured, half open; a feature that reaches into the label's window is refused.
    measured_before : sequence of str
        Columns you vouch for, although one alone tells the label.
    method : {"logistic", "forest"}
    select : int, optional
        Keep only the encoded columns with the largest F statistic, chosen inside each fold.
    folds : int >= 2
    score : table, optional
        Further people, to be scored by the model of all rows.
    rng : int, Generator, SeedSequence or None

    Returns
    -------
    Propensity

    Raises
    ------
    DataInvalid
        One class only, too few of a class for the folds, a leaking column or window (rule ``leakage``), missing labels.
    InvalidParameter
        A parameter outside its range.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> draw = np.random.default_rng(1)
    >>> age = draw.integers(18, 60, 500)
    >>> bought = draw.random(500) < 1 / (1 + np.exp(-(age - 40) / 8))
    >>> propensity(pd.DataFrame({"age": age, "bought": bought}), "bought", rng=1).verdict
    'better than the base rate'
    """
    start = time.monotonic()
    one_of("method", method, METHODS)
    positive_int("folds", folds, minimum=2)
    if select is not None:
        positive_int("select", select)
    seed = as_seed(rng)
    frame, name = read_table(table, id=id)
    y = binary(frame, label, name)
    chosen = prepare(frame, features, kept_out(exclude, label, id), name)
    refuse_leaking_windows(windows, label_window, [str(c) for c in frame.columns])
    _enough(y, folds, label, name)
    refuse_leaking_columns(chosen, y, measured_before, [str(c) for c in frame.columns], name)
    unseen, importance = _out_of_fold(chosen, y, method, select, folds, seed)
    answer = _judge(y, unseen, importance)
    scored = None if score is None else _score(chosen, y, score, method, select, seed)
    notes = [
        *chosen.notes,
        "propensity pays for people who buy anyway; prefer measured uplift (outcomes uplift) where a test exists",
    ]
    if windows is None:
        notes.append(
            "the columns are taken as known before the cut-off; only a column that alone tells the label was looked for"
        )
    request = {
        "label": label, "features": list(chosen.frame.columns), "method": method, "select": select, "folds": folds, "n": int(y.size),
    }  # fmt: skip
    covered = {**answer, "probability": unseen.probability, "scored": scored}
    manifest = make_manifest("propensity", request=request, answer=covered, seed=seed, seconds=time.monotonic() - start)
    return Propensity(
        label=label, method=method, n=int(y.size), n_features=chosen.frame.shape[1], **answer, probability=unseen.probability,
        scored=scored, assumptions=notes, manifest=manifest,
    )  # fmt: skip


def _enough(y: NDArray[np.int64], folds: int, label: str, name: str) -> None:
    """Refuse one class, or a class smaller than the folds."""
    yes = int(y.sum())
    if yes in (0, y.size):
        raise DataInvalid(
            f"{name}: {label} is {'yes' if yes else 'no'} in all {y.size} rows; there is nothing to tell apart",
            source=name,
            rule="one-class",
        )
    if min(yes, y.size - yes) < folds:
        raise DataInvalid(
            f"{name}: {label} has {yes} yes and {y.size - yes} no, fewer than the {folds} folds",
            source=name, rule="too-few", count=min(yes, y.size - yes), hint="gather more rows, or use fewer folds",
        )  # fmt: skip


def _model(features: Features, method: str, select: int | None, seed: int) -> Any:
    """The unfitted pipeline: encode, select, estimate."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.feature_selection import SelectKBest, f_classif
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    steps: list[Any] = [features.transformer()]
    if select is not None:
        steps.append(SelectKBest(f_classif, k=min(select, len(features.numbers) + len(features.texts))))
    if method == "logistic":
        steps.append(LogisticRegression(max_iter=2000))
    else:
        steps.append(
            RandomForestClassifier(
                n_estimators=200, min_samples_leaf=5, random_state=child_seed(seed, "forest") % 2**32
            )
        )
    return make_pipeline(*steps)


class _Unseen(NamedTuple):
    """What models that have not seen a row make of it: its chance, the base rate of the other folds, its fold; and their luck."""

    probability: NDArray[np.float64]
    base: NDArray[np.float64]
    fold: NDArray[np.int64]
    luck: float


def _out_of_fold(
    features: Features, y: NDArray[np.int64], method: str, select: int | None, folds: int, seed: int
) -> tuple[_Unseen, pd.DataFrame]:
    """Each row by the model of the other folds, and what each column is worth there."""
    import pandas as pd
    from sklearn.model_selection import StratifiedKFold

    names, noes = list(features.frame.columns), features.frame[y == 0]
    probability, base, fold = np.empty(y.size), np.empty(y.size), np.empty(y.size, np.int64)
    drops, of_noes = [], []
    split = StratifiedKFold(folds, shuffle=True, random_state=child_seed(seed, "folds") % 2**32)
    for number, (learn, test) in enumerate(split.split(features.frame, y)):
        model = _model(features, method, select, seed).fit(features.frame.iloc[learn], y[learn])
        encoder, rest = model[0], model[1:]
        unseen = np.asarray(encoder.transform(features.frame.iloc[test]), np.float64)
        probability[test] = rest.predict_proba(unseen)[:, 1]
        base[test], fold[test] = y[learn].mean(), number
        of_noes.append(model.predict_proba(noes)[:, 1])
        whole = auc(y[test], probability[test])
        draw = np.random.default_rng(child_seed(seed, "importance", number))
        for _ in range(_SHUFFLES):
            lost = []
            for name in names:
                part, other = encoder.output_indices_[features.part(name)], unseen.copy()
                other[:, part] = unseen[draw.permutation(test.size)][:, part]
                lost.append(whole - auc(y[test], rest.predict_proba(other)[:, 1]))
            drops.append(lost)
    drop = np.array(drops)
    table = pd.DataFrame({"feature": names, "auc_loss": drop.mean(axis=0), "std": drop.std(axis=0, ddof=1)})
    table = table.sort_values(["auc_loss", "feature"], ascending=[False, True], ignore_index=True)
    return _Unseen(probability, base, fold, luck_of_folds(np.array(of_noes))), table


def _judge(y: NDArray[np.int64], unseen: _Unseen, importance: pd.DataFrame) -> dict[str, Any]:
    """Every figure beside the base rate's."""
    probability = unseen.probability
    value, interval = auc_interval(y, probability, fold=unseen.fold, luck=unseen.luck)
    gain, gain_interval = brier_gain(y, probability, unseen.base)
    better = interval[0] > 0.5 and gain_interval[0] > 0
    brier = float(((probability - y) ** 2).mean())
    return {
        "base_rate": float(y.mean()),
        "auc": value,
        "auc_interval": interval,
        "brier": brier,
        "brier_base": brier + gain,
        "brier_gain_interval": gain_interval,
        "better_than_base_rate": better,
        "verdict": "better than the base rate" if better else NO_BETTER,
        "calibration": calibration_table(y, probability),
        "importance": importance,
    }


def _score(
    features: Features, y: NDArray[np.int64], score: Any, method: str, select: int | None, seed: int
) -> NDArray[np.float64]:
    """Chances of further people from the model of all rows."""
    other, name = read_table(score)
    model = _model(features, method, select, seed).fit(features.frame, y)
    return np.asarray(model.predict_proba(features.same(other, name))[:, 1], np.float64)
