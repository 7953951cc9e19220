"""Plans that reach few: certified as well as large ones, and honest in every round."""

from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from graphkit.planning import search as searching
from graphkit.planning.channels import plan
from graphkit.planning.market import _followers

USERS, CHANNELS, AUDIENCE = 3_000, 60, 60


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """A market in which any channel that fits reaches about 1 user in 500."""
    folder = tmp_path_factory.mktemp("crowd")
    (folder / "nodes").mkdir()
    (folder / "relationships").mkdir()
    (folder / "dataset.toml").write_text('name = "crowd"\ncurrency = "EUR"\ntime_zone = "UTC"\n')
    rng = np.random.default_rng(4)
    users = np.array([f"u{i:04d}" for i in range(USERS)])
    channels = np.array([f"c{i:02d}" for i in range(CHANNELS)])
    a, b = rng.integers(0, USERS, (2, 2 * USERS))
    ties = np.unique(np.sort(np.column_stack((a, b))[a != b], axis=1), axis=0)
    reach = np.unique(
        np.column_stack((np.repeat(np.arange(CHANNELS), AUDIENCE), rng.integers(0, USERS, CHANNELS * AUDIENCE))), axis=0
    )
    frames = {
        "nodes/user": {"id": users, "consent": "true"},
        "nodes/film": {"id": ["f1"], "name": ["Film"]},
        "nodes/channel": {"id": channels, "name": channels, "kind": "kol", "cost": rng.integers(50, 150, CHANNELS)},
        "relationships/knows": {"source": users[ties[:, 0]], "target": users[ties[:, 1]]},
        "relationships/reaches": {"source": channels[reach[:, 0]], "target": users[reach[:, 1]], "p": 0.1},
    }
    for name, columns in frames.items():
        pd.DataFrame(columns).to_csv(folder / f"{name}.csv", index=False)
    return folder


def certified(crowd):
    """The certificate of a plan for two or three channels."""
    return plan(crowd, for_=("Film", "f1"), budget=170, probability=0.05, rng=2).to_dict()["certificate"]


def test_a_small_plan_is_judged_by_more_sets(crowd, monkeypatch):
    """A plan seen by 1 set in 150 is certified at .9; with the number of sets that large plans need it would not be."""
    assert certified(crowd)["ratio"] >= 0.9
    monkeypatch.setattr(searching, "HITS_TO_JUDGE", 0)
    assert certified(crowd)["ratio"] < 0.9


def test_more_sets_judge_than_choose(crowd, monkeypatch):
    """Judging is cheap: the certified reach lies higher than with as many sets as chose, for the same plan and bound."""
    found = certified(crowd)
    monkeypatch.setattr(searching, "MORE_TO_JUDGE", 1)
    fewer = certified(crowd)
    assert fewer["upper"] == found["upper"]
    assert found["lower"] > 1.005 * fewer["lower"]


def test_the_bound_of_an_earlier_round_counts(crowd, monkeypatch):
    """Every round has a share of delta, so the upper end is the least of all rounds, though the later ones found a far looser one."""
    plain = searching.closed
    calls = []

    def only_once(*arguments):
        calls.append(1)
        return plain(*arguments) if len(calls) == 1 else replace(arguments[2], bound=2 * arguments[2].bound)

    found = []
    certify = searching.certify

    def noted(*arguments, **named):
        found.append(certify(*arguments, **named))
        return found[-1]

    monkeypatch.setattr(searching, "closed", only_once)
    monkeypatch.setattr(searching, "certify", noted)
    monkeypatch.setattr(searching, "HITS_TO_JUDGE", 0)
    printed = certified(crowd)
    assert printed["upper"] == min(x.upper for x in found) < found[-1].upper
    assert printed["lower"] == found[-1].lower
    assert printed["ratio"] == pytest.approx(printed["lower"] / printed["upper"])


@pytest.mark.parametrize(("asked", "gap"), [(None, 0.02), (0.999, 0.001)])
def test_a_plan_without_word_of_mouth_is_near_the_best_of_all(crowd, asked, gap):
    """Where nothing is sampled, the plan is within the gap of the best pair or triple, found by trying all, and says so."""
    budget = 190
    found = plan(crowd, for_=("Film", "f1"), budget=budget, probability="none", ratio=asked, rng=1)
    cost = pd.read_csv(crowd / "nodes" / "channel.csv")["cost"].to_numpy()
    reach = pd.read_csv(crowd / "relationships" / "reaches.csv")
    missed = np.ones((CHANNELS, USERS))
    missed[reach["source"].str[1:].astype(int), reach["target"].str[1:].astype(int)] = 0.9
    best = 0.0
    for a, b in combinations(range(CHANNELS), 2):
        if cost[a] + cost[b] > budget:
            continue
        two = missed[a] * missed[b]
        third = np.flatnonzero(cost[a] + cost[b] + cost <= budget)
        third = third[third > b]
        left = np.append((missed[third] @ two), two.sum())
        best = max(best, USERS - float(left.min()))
    assert cost[np.argsort(cost)[:4]].sum() > budget  # no four fit
    assert best / (1 + gap) <= found.reach.mean <= best * (1 + 1e-9)
    assert found.certificate.ratio >= 1 / (1 + gap) - 1e-4
    assert best * (1 - 1e-9) <= found.certificate.upper <= found.reach.mean * (1 + gap) * (1 + 1e-4)


def test_the_gap_is_closed_where_the_certificate_would_do(crowd):
    """Without word of mouth the relaxation alone stood at .904, .976 and .986 here, above the .9 aimed at, and stopped."""
    for budget in (300, 400, 600):
        found = plan(crowd, for_=("Film", "f1"), budget=budget, probability="none", rng=1)
        assert found.certificate.ratio >= 1 / 1.02 - 1e-9


def test_followers_are_grouped_as_a_plain_loop_groups_them():
    """Channels by number, each with its distinct followers, or those of accounts that run it, who agreed; rows ascending."""
    rng = np.random.default_rng(8)
    users, channels = rng.integers(0, 40, 300), rng.integers(0, 25, 300)
    fans, idols = rng.integers(0, 40, (2, 200))
    accounts, run = rng.integers(0, 60, 12), rng.integers(20, 30, 12)  # some of whom nobody follows
    agreed = np.where(rng.random(40) < 0.8, np.arange(40), -1)
    ties = {
        "FOLLOWS": [tie("User", "Channel", users, channels), tie("User", "User", fans, idols)],
        "RUNS": [tie("User", "Channel", accounts, run)],
    }
    found = _followers(SimpleNamespace(edges=ties.__getitem__), SimpleNamespace(of_table=agreed))
    plain = {c: set(users[channels == c].tolist()) for c in channels.tolist()}
    for account, channel in zip(accounts.tolist(), run.tolist(), strict=True):
        plain.setdefault(channel, set()).update(fans[idols == account].tolist())
    assert {c: rows.tolist() for c, rows in found.items()} == {
        c: [u for u in sorted(them) if agreed[u] >= 0] for c, them in plain.items()
    }
    none = _followers(SimpleNamespace(edges={**ties, "FOLLOWS": []}.__getitem__), SimpleNamespace(of_table=agreed))
    assert none == {}


def tie(source, target, sources, targets):
    """Ties of one kind as a snapshot holds them."""
    return SimpleNamespace(source_label=source, target_label=target, source_rows=sources, target_rows=targets)
