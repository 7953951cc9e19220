"""Floors, several goals and unknown chances together with waves, uses and counts, against all purchases of small markets."""

import numpy as np
import pytest
from market_fixtures import every_purchase, market, money

from graphkit.errors import Infeasible
from graphkit.planning.channels import plan

GOALS = ("reach", "purchases", "value", "loyalty")


def random_request(seed):
    """A market of three channels, two waves and up to two uses, its budget and rules, and what every purchase under them is worth."""
    rng = np.random.default_rng(seed)
    chance = np.round(rng.random((3, 9)) * (rng.random((3, 9)) < 0.5), 2)
    chance[:, 0] = 0.3
    cost, capacity = rng.integers(1, 6, 3) * 10, [int(x) for x in rng.integers(1, 3, 3)]
    users = {"propensity": (rng.random(9) + 0.01).tolist(), "lifetime_value": rng.exponential(50, 9).tolist()}
    data = market(chance, cost, ["kol", "kol", "app"], channel={"capacity": capacity}, users=users)
    rules = {"wave_budgets": (rng.integers(5, 9, 2) * 10).tolist(), "most": {"kol": int(rng.integers(1, 3))}}
    budget = int(rng.integers(5, 13)) * 10
    weight = {"reach": np.ones(9), "purchases": np.array(users["propensity"])}
    weight["loyalty"] = np.array(users["lifetime_value"])
    weight["value"] = weight["purchases"] * weight["loyalty"]
    worth = {}
    for bought in filter(None, every_purchase(3, 2, capacity, [[None]] * 3)):
        parts = [{at: use for at, use in bought.items() if at[1] == wave} for wave in (1, 2)]
        fits = all(money(part, cost, {}) <= most for part, most in zip(parts, rules["wave_budgets"], strict=True))
        if fits and money(bought, cost, {}) <= budget and len({c for c, _ in bought} & {0, 1}) <= rules["most"]["kol"]:
            missed = np.prod([(1 - chance[c]) ** uses for (c, _), (_, uses) in bought.items()], axis=0)
            name = tuple(sorted((c, wave, uses) for (c, wave), (_, uses) in bought.items()))
            worth[name] = {goal: float(weight[goal] @ (1 - missed)) for goal in GOALS}
    one, other = (str(x) for x in rng.choice(GOALS, 2, replace=False))
    able = sorted(worth.values(), key=lambda w: -w[one])[int(rng.integers(0, 12)) % len(worth)]
    floors = {one: able[one], other: able[other] * (1.3 if seed % 4 == 0 else 1.0)}
    return data, budget, {**rules, "floors": floors}, worth


@pytest.mark.parametrize("case", range(12))
@pytest.mark.parametrize("more", [{}, {"robust": 0.3}, {"pareto": ("reach", "value")}])
def test_floors_hold_with_everything_else(case, more):
    """Refused only where no purchase reaches the floors; else the plan keeps all rules, its ratio is true and no listed plan is passed by more than said."""
    data, budget, rules, worth = random_request(case)
    good = [w for w in worth.values() if all(w[g] >= f * (1 - 1e-9) for g, f in rules["floors"].items())]
    asked = {"for_": "Film:f1", "budget": budget, "waves": 2, "probability": "none", "rules": rules, "rng": 1, **more}
    if not good:
        with pytest.raises(Infeasible):
            plan(data, **asked)
        return
    made = plan(data, **asked)
    mine = worth[tuple(sorted((int(i.channel[1:]), i.wave, i.uses) for i in made.items))]
    assert any(mine is w for w in good)
    best = max(w["reach"] for w in good)
    assert made.reach.mean == pytest.approx(mine["reach"])
    assert made.certificate.ratio <= mine["reach"] / best + 1e-9
    assert "robust" in more or mine["reach"] == pytest.approx(best)
    for row in made.pareto or ():
        listed = [row["goals"][g] for g in ("reach", "value")]
        assert any([w["reach"], w["value"]] == pytest.approx(listed) for w in good)
        passed = max(min(w["reach"] / listed[0], w["value"] / listed[1]) for w in worth.values())
        assert passed <= 1 / row["ratio"] + 1e-9
