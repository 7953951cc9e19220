"""Features that already know the answer: refused by name, since no later step can repair them.

Two doors. *Time*: a feature measured up to a moment inside the label's window sees part of the outcome. *Content*: a single
column that by itself tells yes from no almost without error (a count of the very purchases to be predicted) is the
label in disguise; real features do not do that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.outcomes.scores import auc
from graphkit.outcomes.tables import names_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from graphkit.outcomes.features import Features

__all__ = ["LEAKING", "refuse_leaking_columns", "refuse_leaking_windows"]

LEAKING = 0.99  # AUC of one column alone, on rows it was not fitted to
_FEWEST = 30  # rows below which one column may separate by luck


def refuse_leaking_windows(
    windows: Mapping[str, tuple[float, float]] | None, label_window: tuple[float, float] | None, columns: Sequence[str]
) -> None:
    """Refuse features whose time of measurement reaches into the label's.

    Parameters
    ----------
    windows : mapping feature -> (from, to), optional
        Half-open, in the unit of ``label_window`` (epoch seconds).
    label_window : (from, to), optional
    columns : sequence of str
        Columns of the table.

    Raises
    ------
    InvalidParameter
        A window without label window, an empty window, or an unknown feature.
    DataInvalid
        Rule ``leakage``, naming every feature that touches the window of the label.
    """
    if not windows:
        return
    if label_window is None:
        raise InvalidParameter(
            "windows of features need the window of the label",
            parameter="label_window",
            hint="give label_window=(from, to)",
        )
    begin, end = label_window
    if not begin < end:
        raise InvalidParameter(
            f"the label's window [{begin}, {end}) is empty", parameter="label_window", value=label_window
        )
    late = []
    for name, (first, last) in windows.items():
        if name not in columns:
            raise InvalidParameter(
                f"windows name {name!r}, which is no column here",
                parameter="windows",
                value=name,
                allowed=tuple(columns),
            )
        if not first < last:
            raise InvalidParameter(
                f"the window [{first}, {last}) of {name} is empty", parameter="windows", value=(first, last)
            )
        if last > begin:
            late.append(name)
    if late:
        raise DataInvalid(
            f"{', '.join(late)}: measured until after the label's window opens at {begin:g}; a feature may not see the outcome",
            rule="leakage",
            count=len(late),
            rows=tuple((n, *windows[n]) for n in late),
            hint="measure features before the cut-off, or leave them out",
        )


def refuse_leaking_columns(
    features: Features, label: NDArray[np.int64], measured_before: Sequence[str], columns: Sequence[str], name: str
) -> None:
    """Refuse single columns that tell the label almost without error.

    Raises
    ------
    InvalidParameter
        ``measured_before`` names a column that the table does not have.
    DataInvalid
        Rule ``leakage``, naming the columns.
    """
    known = (*features.numbers, *features.texts)
    vouched = names_in("measured_before", measured_before)
    for column in vouched:
        if column not in columns:
            raise InvalidParameter(
                f"{column!r} is no column here", parameter="measured_before", value=column, allowed=tuple(columns)
            )
    if label.size < _FEWEST or min(label.sum(), label.size - label.sum()) < 2:
        return
    found = {c: a for c in known if c not in vouched and (a := _alone(features, c, label)) >= LEAKING}
    if found:
        listed = ", ".join(f"{c} (AUC {a:.3f} alone)" for c, a in found.items())
        raise DataInvalid(
            f"{name}: {listed} gives the label away; it was probably measured after the cut-off or counts the outcome itself",
            source=name,
            rule="leakage",
            count=len(found),
            rows=tuple(found),
            hint="leave the column out, or say that it was measured before the cut-off",
        )


def _alone(features: Features, column: str, label: NDArray[np.int64]) -> float:
    """AUC of one column by itself: a small tree fitted on every other row, judged on the rest, both ways."""
    from sklearn.tree import DecisionTreeClassifier

    values = np.asarray(features.frame[column])
    if column in features.texts:
        groups = np.unique(values.astype(str), return_inverse=True)[1]
        matrix = np.eye(int(groups.max()) + 1)[groups]
    else:
        matrix = np.column_stack([np.nan_to_num(values, nan=0.0), np.isnan(values)])
    score = np.empty(label.size)
    position = np.empty(label.size, np.int64)  # halves alternate within each class, so that both hold yes and no
    for value in (0, 1):
        position[label == value] = np.arange(int((label == value).sum())) % 2
    leaf = max(1, min(5, int(min(label.sum(), label.size - label.sum()) // 4)))
    for half in (0, 1):
        inside = position == half
        tree = DecisionTreeClassifier(max_depth=4, min_samples_leaf=leaf, random_state=0).fit(
            matrix[~inside], label[~inside]
        )
        score[inside] = tree.predict_proba(matrix[inside])[:, 1]
    return auc(label, score)
