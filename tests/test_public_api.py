"""The public names and signatures are frozen: outside programs are written against them."""

import inspect
import re
import subprocess
import sys

import pytest

import graphkit as gk
import graphkit.errors

SIGNATURES = {
    "from_arrays": "source target probability weight n_nodes directed ids",
    "estimate_spread": "p seeds model n_worlds max_steps value rng engine",
    "select_seeds": "p k budget cost model epsilon delta ratio value candidates rng engine",
    "personalised_pagerank": "p source restart_probability tolerance weight",
    "personalised_pagerank_many": "p sources top restart_probability tolerance targets",
    "communities": "p resolution effort rng",
    "learn": "p events method rng",
    "predict_sizes": "learned events n_first rng",
    "rank_partners": "history texts subjects candidates top exclude_known rng",
    "explain_score": "p ranking source target top",
    "predict_links": "p pairs_from pairs_to top",
    "overlap": "audiences n_nodes projection value n_worlds min_cell rng",
    "split_profit": "audiences n_nodes lead value own_cost common_cost projection n_worlds rng",
    "plan": "source for_ budget probability objective waves target rules robust max_steps engine rng",
    "whatif": "plan drop add price budget receptivity",
    "replan": "plan events done spent engine time_limit",
    "verify": "plan events engine",
    "partners": "source for_ max_partners plan lead split rng",
    "evaluate": "plan events",
    "match": "left right by top",
    "search": "documents query top words",
    "viral_propagation": "G seeds iterations rng",
    "recommend": "source users by to top exclude_known context events weights half_life_days probability n_worlds min_cell rng engine",
    "build_profiles": "events item_tags users tags event_weights half_life_days",
    "update_profile": "profile item response rate method",
    "cluster_profiles": "profiles k rng",
    "tag_lift": "baskets min_cell top",
    "tags_from_text": "documents top",
    "keep_learned": "store found",
    "fuse_rankings": "rankings weights method constant top",
    "learning_path": "requires course completed known",
    "context_rates": "events contexts responses shrink",
    "item_neighbours": "matrix method k ridge",
    "factorise": "matrix rank method alpha regularisation iterations rng engine",
    "rating_neighbours": "ratings damping shrink",
}


def test_every_public_name_loads():
    """Each name of __all__ exists and is listed by dir()."""
    for name in gk.__all__:
        assert getattr(gk, name) is not None
        assert name in dir(gk)


def test_signatures_keep_the_contract():
    """Every argument of the contract exists under its name."""
    for name, text in SIGNATURES.items():
        parameters = inspect.signature(getattr(gk, name)).parameters
        missing = [word for word in text.split() if word not in parameters]
        assert not missing, f"{name} lacks {missing}"


FUNCTIONS = sorted(name for name in gk.__all__ if inspect.isfunction(getattr(gk, name)))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_a_function_returns_and_raises_is_public_too(name):
    """Who keeps an answer as JSON needs its class to read it, and who catches an error needs that: neither is looked for in rooms."""
    call = getattr(gk, name)
    returned = re.findall(r"[A-Z]\w+", str(inspect.signature(call).return_annotation))
    raised = (inspect.getdoc(call) or "").partition("Raises\n------\n")[2].partition("\n\n")[0]
    named = {word for line in raised.splitlines() if not line.startswith(" ") for word in re.findall(r"\w+", line)}
    assert {*returned, *named} - {"Any", "Path", "DataFrame", "Hashable", "None"} <= set(gk.__all__)


def test_every_error_is_public():
    """The whole tree of errors stands beside the functions that raise them."""
    assert set(graphkit.errors.__all__) - {"close_matches", "did_you_mean"} <= set(gk.__all__)


def test_import_is_light():
    """Importing graphkit loads no scipy, pandas, numba or neo4j."""
    code = "import sys, graphkit; print([m for m in ('scipy','pandas','numba','neo4j') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
