"""How good scores are, asked with what is no score, no label or no arm: each refused by its name."""

import math

import numpy as np
import pytest

from graphkit.errors import InvalidParameter
from graphkit.outcomes.qini import qini_coefficient, qini_curve
from graphkit.outcomes.scores import auc, auc_interval, brier_gain, calibration_table, luck_of_folds

NAN, INF = math.nan, math.inf
Y, P, T = [1, 0, 1, 0], [0.9, 0.2, 0.6, 0.4], [1, 0, 0, 1]
OF_LABEL = {
    "auc": lambda y: auc(y, P),
    "auc_interval": lambda y: auc_interval(y, P),
    "brier_gain": lambda y: brier_gain(y, P, [0.5] * 4),
    "calibration_table": lambda y: calibration_table(y, P),
}
OF_SCORE = {
    "auc": lambda p: auc(Y, p),
    "auc_interval": lambda p: auc_interval(Y, p),
    "brier_gain": lambda p: brier_gain(Y, p, [0.5] * 4),
    "calibration_table": lambda p: calibration_table(Y, p),
}
OF_QINI = {"qini_curve": qini_curve, "qini_coefficient": qini_coefficient}
NO_ROW = ["ab", None, 5.0, np.ones((2, 2)), [1j, 0, 1, 0]]


@pytest.mark.parametrize("call", OF_LABEL)
@pytest.mark.parametrize(
    ("label", "told"),
    [
        *((wrong, "label must be one number per person") for wrong in NO_ROW),
        ([], "label must be of at least one person"),
        ([1, 0, 2, 0], r"label\[2\] must be 0 or 1\. Got 2\.0"),
        ([1, -1, 1, -1], r"label\[1\] must be 0 or 1"),
        ([1, 0, NAN, 0], r"label\[2\] must be a finite number"),
        ([1, 0, 1], r"score must be of shape \(3,\)"),
    ],
)
def test_labels_are_zeros_and_ones(call, label, told):
    """Who was -1 counted as nobody, a missing label as a no."""
    with pytest.raises(InvalidParameter, match=told):
        OF_LABEL[call](label)


@pytest.mark.parametrize("call", OF_SCORE)
@pytest.mark.parametrize(
    ("score", "told"),
    [
        *((wrong, "score must be one number per person|score must be of shape") for wrong in NO_ROW),
        ([0.1, NAN, 0.2, 0.3], r"score\[1\] must be a finite number"),
        ([0.1, 0.2, INF, 0.3], r"score\[2\] must be a finite number"),
        ([0.1, 0.2], r"score must be of shape \(4,\)"),
    ],
)
def test_scores_are_finite_and_one_per_person(call, score, told):
    """A NaN sorted last, as if it were the best."""
    with pytest.raises(InvalidParameter, match=told):
        OF_SCORE[call](score)


@pytest.mark.parametrize("call", [auc, auc_interval])
@pytest.mark.parametrize("label", [[0, 0, 0, 0], [1, 1, 1, 1]])
def test_an_auc_needs_a_yes_and_a_no(call, label):
    """It divided by 0 pairs."""
    with pytest.raises(InvalidParameter, match="label must be 1 for some and 0 for others") as caught:
        call(label, P)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("call", "told"),
    [
        *((lambda w=w: brier_gain(Y, w, [0.5] * 4), r"score\[3\] must be a chance in \[0, 1\]") for w in ([0, 1, 0, 1.5], [0, 1, 0, -0.5])),
        *((lambda w=w: calibration_table(Y, w), r"score\[3\] must be a chance in \[0, 1\]") for w in ([0, 1, 0, 1.5], [0, 1, 0, -0.5])),
        (lambda: brier_gain(Y, P, [0.5, 0.5, 0.5, 50]), r"base\[3\] must be a chance in \[0, 1\]"),
        (lambda: brier_gain(Y, P, [0.5] * 3), r"base must be of shape \(4,\)"),
        (lambda: brier_gain(Y, P, [0.5] * 4, confidence=95), "confidence must be a number in"),
        *((lambda b=b: calibration_table(Y, P, bins=b), "bins must be an integer >= 1") for b in (0, -1, 2.5, "2", None)),
        *((lambda x=x: auc_interval(Y, P, luck=x), "luck must be a") for x in (-1, NAN, "0", None)),
        *((lambda f=f: auc_interval(Y, P, fold=f), "fold must be of shape") for f in ([0, 1], [0] * 5)),
        *((lambda f=f: auc_interval(Y, P, fold=f), r"fold\[3\] must be the number of a fold") for f in ([0, 0, 0, -1], [0, 0, 0, 0.5])),
        (lambda: auc_interval(Y, P, fold=[0, 0, 1, 0]), "fold must be one with a 1 and a 0 in it, for each"),
        (lambda: auc_interval(Y, P, fold=[0, 0, 2, 2]), "fold must be one with a 1 and a 0 in it, for each"),
        (lambda: auc_interval(Y, P, fold=[10**9] * 4), r"fold\[0\] must be the number of a fold"),
        *((lambda s=s: luck_of_folds(s), "scores must be one row per fold") for s in ("ab", None, [0.1, 0.2], [[0.1, 0.2]], [[], []])),
        (lambda: luck_of_folds([[0.1, NAN], [0.1, 0.2]]), r"scores\[1\] must be a finite number"),
    ],
)  # fmt: skip
def test_chances_bins_and_folds_out_of_range(call, told):
    """Chances of 150 % were judged, a fold without a yes gave NaN or an empty mean."""
    with pytest.raises(InvalidParameter, match=told):
        call()


@pytest.mark.parametrize("call", OF_QINI)
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        *(((wrong, P, T), "outcome must be one number per person") for wrong in NO_ROW),
        (([], [], []), "outcome must be of at least one person"),
        (([1, 0, 3, 0], P, T), r"outcome\[2\] must be 0 or 1"),
        ((Y, P, [1, 0, -1, 0]), r"treatment\[2\] must be 0 or 1"),
        ((Y, P, [1, 0, 1]), r"treatment must be of shape \(4,\)"),
        ((Y, P, [1, 1, 1, 1]), "treatment must be 1 for some and 0 for others"),
        ((Y, P, [0, 0, 0, 0]), "treatment must be 1 for some and 0 for others"),
        ((Y, P[:3], T), r"uplift must be of shape \(4,\)"),
        ((Y, [0.1, NAN, 0.2, 0.3], T), r"uplift\[1\] must be a finite number"),
        ((Y, [0.1, INF, 0.2, 0.3], T), r"uplift\[1\] must be a finite number"),
        ((Y, P, T, [1, 1, 1]), r"weight must be of shape \(4,\)"),
        ((Y, P, T, [1, 1, 1, -1]), r"weight\[3\] must be a finite number >= 0"),
        ((Y, P, T, [1, 1, 1, NAN]), r"weight\[3\] must be a finite number >= 0"),
    ],
)
def test_qini_refuses_what_is_out_of_range(call, arguments, told):
    """Without an arm there is no effect to find; a negative weight ran the curve backwards."""
    with pytest.raises(InvalidParameter, match=told):
        OF_QINI[call](*arguments)


def test_lists_and_truths_are_labels_as_arrays_are():
    """The same figures, by hand: three of four pairs in order."""
    y, p = np.array([True, False, True, False]), np.array([0.9, 0.2, 0.3, 0.4])
    assert auc(y, p) == auc([1, 0, 1, 0], p.tolist()) == 0.75
    assert auc_interval(y, p) == auc_interval([1.0, 0.0, 1.0, 0.0], p.tolist())
    assert brier_gain(y, p, np.full(4, 0.5)) == brier_gain([1, 0, 1, 0], p.tolist(), [0.5] * 4)
    assert calibration_table(y, p).equals(calibration_table([1, 0, 1, 0], p.tolist()))
    assert qini_coefficient(y, p, ~y) == qini_coefficient([1, 0, 1, 0], p.tolist(), [0, 1, 0, 1])
