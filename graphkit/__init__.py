"""graphkit: which channels to buy, which partners to join, how sure, and how wrong we were.

Everything public is reachable from here and loaded on first use (PEP 562), so that
``import graphkit`` costs no scipy, pandas, numba or neo4j::

    import graphkit as gk

    p = gk.from_arrays([0, 1], [1, 2], probability=0.5)
    gk.estimate_spread(p, [0], n_worlds=1000, rng=7).mean
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from graphkit.kernel_cache import provide_kernel_cache

if TYPE_CHECKING:
    from graphkit.audience.overlap import Overlap, overlap
    from graphkit.audience.split import ProfitSplit, split_profit
    from graphkit.community.flattening import Flattening
    from graphkit.community.leiden import Communities, communities
    from graphkit.diffusion.alias import viral_propagation
    from graphkit.diffusion.calibration import predict_sizes
    from graphkit.diffusion.learn import LearnedProbabilities, learn
    from graphkit.diffusion.models import SI, SIR, SIS
    from graphkit.diffusion.spread import SpreadEstimate, estimate_spread
    from graphkit.engine.base import Serial, Threads
    from graphkit.errors import (
        DataInvalid,
        DeadlineExceeded,
        EngineError,
        GraphkitError,
        Infeasible,
        InvalidParameter,
        MissingExtra,
        NotConverged,
        QueryNotFound,
        SchemaMissing,
        StoreError,
        StoreUnavailable,
        TimeLimit,
        Unfinished,
        UnknownName,
        UnknownNode,
        WriteRefused,
    )
    from graphkit.experiment.analyse import ExperimentAnalysis, analyse_experiment
    from graphkit.experiment.design import ExperimentDesign, design_experiment
    from graphkit.influence.certificate import Certificate
    from graphkit.influence.greedy import SeedSelection, select_seeds
    from graphkit.influence.memory import MemoryEstimate, estimate_memory
    from graphkit.matching.clusters import Clusters, adjusted_rand_index, cluster_profiles
    from graphkit.matching.context import ContextRates, context_rates
    from graphkit.matching.factors import Factors, factorise
    from graphkit.matching.fuse import FusedRanking, fuse_rankings
    from graphkit.matching.history import PartnerRanking, rank_partners
    from graphkit.matching.lift import TagLift, tag_lift
    from graphkit.matching.names import NameVariants, name_variants
    from graphkit.matching.neighbours import ItemNeighbours, item_neighbours
    from graphkit.matching.path import LearningPath, learning_path
    from graphkit.matching.profiles import Profiles, build_profiles
    from graphkit.matching.ratings import RatingNeighbours, rating_neighbours
    from graphkit.matching.similarity import Matches, match
    from graphkit.matching.tags import TextTags, tags_from_text
    from graphkit.matching.text import SearchResult, search
    from graphkit.matching.update import update_profile
    from graphkit.outcomes.lifetime_value import LifetimeValue, lifetime_value
    from graphkit.outcomes.propensity import Propensity, propensity
    from graphkit.outcomes.retention import Retention, retention
    from graphkit.outcomes.states import UserMoves
    from graphkit.outcomes.uplift import Uplift, uplift
    from graphkit.planning.channels import ChannelPlan, plan
    from graphkit.planning.evaluate import Evaluation, evaluate
    from graphkit.planning.exchange import BenefitExchange, exchange_benefits
    from graphkit.planning.funnel import Funnel, funnel
    from graphkit.planning.links import PredictedLinks, predict_links
    from graphkit.planning.offer_policy import OfferPolicy, offer_policy
    from graphkit.planning.offers import OfferList, list_offers
    from graphkit.planning.partners import PartnerPortfolio, partners
    from graphkit.planning.recommend import Recommendations, recommend
    from graphkit.planning.replan import replan
    from graphkit.planning.rules import Rules
    from graphkit.planning.verify import Verification, verify
    from graphkit.planning.whatif import WhatIf, whatif
    from graphkit.projection.build import from_arrays, from_frames
    from graphkit.projection.learned import keep_learned
    from graphkit.projection.networkx_io import from_networkx
    from graphkit.projection.projection import Projection
    from graphkit.projection.read_files import read_files
    from graphkit.ranking.evidence import Walk, explain_score
    from graphkit.ranking.many_sources import ManyRankings, personalised_pagerank_many
    from graphkit.ranking.pagerank import Ranking, personalised_pagerank
    from graphkit.store.base import GraphStore
    from graphkit.store.open import open_store

_HOMES = {
    "BenefitExchange": "planning.exchange",
    "Certificate": "influence.certificate",
    "ChannelPlan": "planning.channels",
    "Clusters": "matching.clusters",
    "Communities": "community.leiden",
    "ContextRates": "matching.context",
    "DataInvalid": "errors",
    "DeadlineExceeded": "errors",
    "EngineError": "errors",
    "Evaluation": "planning.evaluate",
    "ExperimentAnalysis": "experiment.analyse",
    "ExperimentDesign": "experiment.design",
    "Factors": "matching.factors",
    "Flattening": "community.flattening",
    "Funnel": "planning.funnel",
    "FusedRanking": "matching.fuse",
    "GraphStore": "store.base",
    "GraphkitError": "errors",
    "Infeasible": "errors",
    "InvalidParameter": "errors",
    "ItemNeighbours": "matching.neighbours",
    "LearnedProbabilities": "diffusion.learn",
    "LearningPath": "matching.path",
    "LifetimeValue": "outcomes.lifetime_value",
    "ManyRankings": "ranking.many_sources",
    "Matches": "matching.similarity",
    "MemoryEstimate": "influence.memory",
    "MissingExtra": "errors",
    "NameVariants": "matching.names",
    "NotConverged": "errors",
    "OfferList": "planning.offers",
    "OfferPolicy": "planning.offer_policy",
    "Overlap": "audience.overlap",
    "PartnerPortfolio": "planning.partners",
    "PartnerRanking": "matching.history",
    "PredictedLinks": "planning.links",
    "Profiles": "matching.profiles",
    "ProfitSplit": "audience.split",
    "Projection": "projection.projection",
    "Propensity": "outcomes.propensity",
    "QueryNotFound": "errors",
    "Ranking": "ranking.pagerank",
    "RatingNeighbours": "matching.ratings",
    "Recommendations": "planning.recommend",
    "Retention": "outcomes.retention",
    "Rules": "planning.rules",
    "SI": "diffusion.models",
    "SIR": "diffusion.models",
    "SIS": "diffusion.models",
    "SchemaMissing": "errors",
    "SearchResult": "matching.text",
    "SeedSelection": "influence.greedy",
    "Serial": "engine.base",
    "SpreadEstimate": "diffusion.spread",
    "StoreError": "errors",
    "StoreUnavailable": "errors",
    "TagLift": "matching.lift",
    "TextTags": "matching.tags",
    "Threads": "engine.base",
    "TimeLimit": "errors",
    "Unfinished": "errors",
    "UnknownName": "errors",
    "UnknownNode": "errors",
    "Uplift": "outcomes.uplift",
    "UserMoves": "outcomes.states",
    "Verification": "planning.verify",
    "Walk": "ranking.evidence",
    "WhatIf": "planning.whatif",
    "WriteRefused": "errors",
    "adjusted_rand_index": "matching.clusters",
    "analyse_experiment": "experiment.analyse",
    "build_profiles": "matching.profiles",
    "cluster_profiles": "matching.clusters",
    "communities": "community.leiden",
    "context_rates": "matching.context",
    "design_experiment": "experiment.design",
    "estimate_memory": "influence.memory",
    "estimate_spread": "diffusion.spread",
    "evaluate": "planning.evaluate",
    "exchange_benefits": "planning.exchange",
    "explain_score": "ranking.evidence",
    "factorise": "matching.factors",
    "from_arrays": "projection.build",
    "from_frames": "projection.build",
    "from_networkx": "projection.networkx_io",
    "funnel": "planning.funnel",
    "fuse_rankings": "matching.fuse",
    "item_neighbours": "matching.neighbours",
    "keep_learned": "projection.learned",
    "learn": "diffusion.learn",
    "learning_path": "matching.path",
    "lifetime_value": "outcomes.lifetime_value",
    "list_offers": "planning.offers",
    "match": "matching.similarity",
    "name_variants": "matching.names",
    "offer_policy": "planning.offer_policy",
    "open_store": "store.open",
    "overlap": "audience.overlap",
    "partners": "planning.partners",
    "personalised_pagerank": "ranking.pagerank",
    "personalised_pagerank_many": "ranking.many_sources",
    "plan": "planning.channels",
    "predict_links": "planning.links",
    "predict_sizes": "diffusion.calibration",
    "propensity": "outcomes.propensity",
    "rank_partners": "matching.history",
    "rating_neighbours": "matching.ratings",
    "read_files": "projection.read_files",
    "recommend": "planning.recommend",
    "replan": "planning.replan",
    "retention": "outcomes.retention",
    "search": "matching.text",
    "select_seeds": "influence.greedy",
    "split_profit": "audience.split",
    "tag_lift": "matching.lift",
    "tags_from_text": "matching.tags",
    "update_profile": "matching.update",
    "uplift": "outcomes.uplift",
    "verify": "planning.verify",
    "viral_propagation": "diffusion.alias",
    "whatif": "planning.whatif",
}

__all__ = [  # noqa: PLE0604 - one list, made from the table above
    *sorted(_HOMES),
    "__version__",
]

provide_kernel_cache(__path__[0])


def __getattr__(name: str) -> Any:
    """Load a public name from its home on first use."""
    if name == "__version__":
        return _version()
    if name not in _HOMES:
        message = f"module 'graphkit' has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(importlib.import_module(f"graphkit.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})


def _version() -> str:
    """Return the installed version, or a marker in a checkout that is not installed."""
    from importlib import metadata  # costs 40 ms, and few ask

    try:
        return metadata.version("graphkit-planner")
    except metadata.PackageNotFoundError:
        return "0+checkout"
