"""Comparison without randomisation: weights, clusters, mediation, and how much hidden bias would matter."""

from increase_eval.comparison.adjustment.adjusted_means import AdjustedMeans
from increase_eval.comparison.adjustment.doubly_robust import doubly_robust
from increase_eval.comparison.adjustment.e_values import EValue, e_value
from increase_eval.comparison.adjustment.exchangeability import Exchangeability, exchangeability_check
from increase_eval.comparison.adjustment.few_clusters import ClusterRobust, ClusterTest, cluster_robust
from increase_eval.comparison.adjustment.leave_one_out import leave_one_out
from increase_eval.comparison.adjustment.mediation import Mediation, mediation
from increase_eval.comparison.adjustment.propensity import overlap_weights
from increase_eval.comparison.adjustment.standardisation import standardise
from increase_eval.comparison.adjustment.unit_ranks import UnitRanks, rank_units
from increase_eval.comparison.adjustment.weights import Weights
from increase_eval.comparison.adjustment.wild_bootstrap import WildBootstrap, wild_cluster_bootstrap

__all__ = [
    "AdjustedMeans",
    "ClusterRobust",
    "ClusterTest",
    "EValue",
    "Exchangeability",
    "Mediation",
    "UnitRanks",
    "Weights",
    "WildBootstrap",
    "cluster_robust",
    "doubly_robust",
    "e_value",
    "exchangeability_check",
    "leave_one_out",
    "mediation",
    "overlap_weights",
    "rank_units",
    "standardise",
    "wild_cluster_bootstrap",
]
