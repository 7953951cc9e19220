"""Whatever a public function is given: it answers, or it refuses by an error of graphkit's own that says what was wrong."""

import inspect

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import graphkit as gk
from graphkit.errors import GraphkitError


def _odd():
    """Values that nobody means: made anew for each call, since some can be used up."""
    return [
        None, float("nan"), -1, 0, 1.5, True, 10**30, "", "x", b"x", [], [None], [[1], [2, 3]], ["a", 1], {"a": None}, set(),
        object(), (n for n in [1]), np.array(1), np.array([[1, 2], [3, 4]]), pd.NA, pd.Series([1, 2]), pd.DataFrame({"x": [1]}),
        nx.path_graph(3),
    ]  # fmt: skip


def _cases():
    """A call of each function that works, on data small enough to try every argument."""
    p = gk.from_arrays([0, 1, 2, 3, 0], [1, 2, 3, 4, 2], probability=0.3)
    tie = nx.DiGraph()
    tie.add_edge(0, 1, p=0.5)
    log = pd.DataFrame({"item": ["x", "x", "y", "y"], "node": [0, 1, 1, 2], "ts": [1, 2, 3, 4]})
    seen = pd.DataFrame({"user": "u", "item": ["f", "k"], "kind": ["exposure", "click"], "ts": [1, 2], "region": "n"})
    history = pd.DataFrame({"partnership": ["a", "a", "b", "b"], "member": ["x", "y", "y", "z"]})
    texts = pd.DataFrame({"member": ["x", "y"], "text": ["red car", "tea"]})
    taken = np.array([[1.0, 1, 0], [0, 1, 1], [1, 0, 0]])
    audiences = {"a": [0, 1], "b": [1, 2]}
    return {
        gk.SI: {"transmission": 0.5},
        gk.SIR: {"transmission": 0.5, "recovery": 0.5},
        gk.Serial: {"blocks": None},
        gk.Threads: {"workers": None, "blocks": None},
        gk.adjusted_rand_index: {"a": [0, 0, 1], "b": [1, 1, 0]},
        gk.build_profiles: {
            "events": seen, "item_tags": {"f": {"a": 1.0}}, "users": ["u"], "tags": ["a"], "event_weights": {"click": 1}, "half_life_days": 9,
        },
        gk.cluster_profiles: {"profiles": taken, "k": 2, "rng": 1},
        gk.communities: {
            "p": p, "resolution": 1.0, "objective": "modularity", "effort": "fast", "rng": 1, "flattening": None, "finer": False,
        },
        gk.context_rates: {"events": seen, "contexts": ["region"], "responses": ["click"], "shrink": 5.0},
        gk.estimate_memory: {"p": p, "work": "spread", "model": "ic", "max_steps": 2, "value": None, "memory_limit": None, "rng": 1},
        gk.estimate_spread: {
            "p": p, "seeds": [0], "model": "ic", "n_worlds": 64, "max_steps": 2, "value": None, "rng": 1,
            "generator": "splitmix64", "engine": "serial",
        },
        gk.explain_score: {
            "p": p, "ranking": gk.personalised_pagerank(p, 0), "source": 0, "target": 2, "top": 3, "restart_probability": 0.15, "weight": None,
        },
        gk.from_arrays: {
            "source": ["a"], "target": ["b"], "probability": 0.5, "weight": [1.0], "n_nodes": 2, "directed": True, "ids": ["a", "b"],
        },
        gk.from_frames: {
            "nodes": pd.DataFrame({"id": ["a", "b"]}), "edges": pd.DataFrame({"source": ["a"], "target": ["b"], "w": [1.0]}),
            "probability": 0.5, "weight": "w", "directed": True,
        },
        gk.from_networkx: {
            "G": tie, "label": "labels", "rel_type": None, "types": None, "probability": "p", "weight": None, "default_probability": None,
        },
        gk.funnel: {"events": seen, "steps": ["exposure", "click"], "days": 9, "by": None, "reference": None, "min_cell": 1},
        gk.fuse_rankings: {"rankings": {"a": ["x", "y"]}, "weights": {"a": 1}, "method": "reciprocal", "constant": 60.0, "top": 1},
        gk.item_neighbours: {"matrix": taken, "method": "cosine", "k": None, "ridge": 20.0},
        gk.learn: {"p": p, "events": log, "method": "auto", "by": None, "rng": 1},
        gk.learning_path: {"requires": {"b": ["a"]}, "course": "b", "completed": (), "known": None},
        gk.lifetime_value: {
            "transition": None, "reward": [1.0, 0.0], "counts": [[5, 5], [0, 0]], "discount": 0.9, "horizon": None,
            "states": ["a", "b"], "absorbing": ["b"], "reward_error": None, "n_draws": 100, "rng": 1,
        },
        gk.match: {"left": {"a": ["x"]}, "right": {"c": ["x"]}, "by": "cosine", "top": 2},
        gk.name_variants: {"history": history},
        gk.overlap: {"audiences": audiences, "n_nodes": 5, "projection": None, "value": None, "n_worlds": 9, "min_cell": 0, "rng": 1},
        gk.personalised_pagerank: {"p": p, "source": 0, "restart_probability": 0.15, "tolerance": 1e-8, "weight": None},
        gk.personalised_pagerank_many: {
            "p": p, "sources": [0], "top": 3, "restart_probability": 0.15, "tolerance": 1e-6, "targets": None,
        },
        gk.predict_links: {
            "p": p, "pairs_from": [0], "pairs_to": [3], "top": 2, "beta": 0.0, "weights": {"walk": 1}, "words": None, "rank": 0,
            "exclude_known": True, "learn_from": None, "restart_probability": 0.15, "tolerance": 1e-6, "rng": 1,
        },
        gk.rank_partners: {
            "history": history, "texts": texts, "subjects": ["x"], "candidates": None, "top": 2, "exclude_known": True, "aliases": None,
            "draws": 0, "diversity": 0.0, "novelty": 0.0, "rng": 1,
        },
        gk.rating_neighbours: {"ratings": taken, "damping": 5.0, "shrink": 50.0},
        gk.search: {"documents": {"a": "red car"}, "query": "car", "top": 2, "words": False},
        gk.split_profit: {
            "audiences": audiences, "n_nodes": 5, "lead": None, "value": None, "own_cost": {"a": 1}, "common_cost": 0.0,
            "projection": None, "n_worlds": 9, "rng": 1,
        },
        gk.tag_lift: {"baskets": {"u": ["a", "b"]}, "min_cell": 1, "top": None},
        gk.tags_from_text: {"documents": {"a": "red car"}, "top": 2},
        gk.update_profile: {"profile": {"a": 0.1}, "item": {"a": 1.0}, "response": 1.0, "rate": 0.1, "method": "lms"},
        gk.viral_propagation: {"G": tie, "seeds": [0], "iterations": 2, "rng": 1},
    }  # fmt: skip


CASES = _cases()


def _foreign(call, given):
    """The error of one call, as text; None where it answered or refused in graphkit's own words."""
    try:
        call(**given)
    except GraphkitError as error:
        return None if len(str(error)) < 1_000 else f"a message of {len(str(error))} characters"
    except Exception as error:  # noqa: BLE001  what is looked for
        return f"{type(error).__name__}: {error}"
    return None


@pytest.mark.parametrize("call", CASES, ids=lambda call: call.__name__)
def test_no_argument_ends_in_an_error_of_something_else(call):
    """Each argument in turn is replaced by each odd value: no AttributeError or the like from somewhere inside."""
    given = CASES[call]
    assert set(given) <= set(inspect.signature(call).parameters)
    call(**given)  # answers, or what it is given instead of one argument might be refused for another
    found = []
    for name in given:
        for odd in _odd():
            told = _foreign(call, {**given, name: odd})
            found += [f"{name}={odd!r:.40}: {told:.120}"] if told else []
    assert not found


TABLES = [
    (call, name) for call, given in CASES.items() for name, value in given.items() if isinstance(value, pd.DataFrame)
]


@pytest.mark.parametrize(("call", "name"), TABLES, ids=lambda part: getattr(part, "__name__", part))
def test_no_column_of_a_table_ends_in_an_error_of_something_else(call, name):
    """Columns that are missing, empty, twice there, of other types or with gaps of another kind than NaN."""
    table = CASES[call][name]
    found = []
    for column in table.columns:
        odd = {
            "missing": table.drop(columns=column),
            "twice": pd.concat([table, table[[column]]], axis=1),
            "gaps": table.assign(**{column: table[column].convert_dtypes().mask([True] + [False] * (len(table) - 1))}),
            **{
                str(value): table.assign(**{column: value})
                for value in (np.nan, None, "12x", -1, 10**30, True, np.inf, 1j, pd.NaT)
            },
            "lists": table.assign(**{column: [[1]] * len(table)}),
            "categories": table.assign(**{column: table[column].astype("category")}),
        }
        for kind, given in odd.items():
            told = _foreign(call, {**CASES[call], name: given})
            found += [f"{column} {kind}: {told:.120}"] if told else []
    assert not found
