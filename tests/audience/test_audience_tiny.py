"""Chances so small that 1 - (1 - q) has no digits left."""

import numpy as np
import pytest

from graphkit.audience.overlap import overlap
from graphkit.audience.split import split_profit


@pytest.mark.parametrize("size", [1e-6, 1e-10, 1e-14])
@pytest.mark.parametrize("lead", [None, "film"])
def test_joint_and_shares_of_tiny_chances(size, lead):
    """Joint value by expm1 of log1p; shares sum to it, and without overlap in reach each partner keeps (half of) his own."""
    rng = np.random.default_rng(3)
    q = rng.random((4, 50)) * size
    audiences = {f"p{i}": row for i, row in enumerate(q)}
    joint = -np.expm1(np.log1p(-q).sum(axis=0)).sum()
    split = split_profit(audiences, n_nodes=50, lead=lead)
    assert split.joint == pytest.approx(joint, rel=1e-12)
    assert split.share.sum() == pytest.approx(joint, rel=1e-12)
    own = q.sum(axis=1) / (1 if lead is None else 2)
    assert split.share[:4] == pytest.approx(own, rel=10 * size)
    assert overlap(audiences, n_nodes=50).joint == pytest.approx(joint, rel=1e-12)
