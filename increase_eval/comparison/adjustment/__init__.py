"""Comparison without randomisation: weights, clusters, mediation, and how much hidden bias would matter."""

from increase_eval.comparison.adjustment.e_values import EValue, e_value
from increase_eval.comparison.adjustment.few_clusters import ClusterRobust, ClusterTest, cluster_robust
from increase_eval.comparison.adjustment.mediation import Mediation, mediation
from increase_eval.comparison.adjustment.propensity import overlap_weights
from increase_eval.comparison.adjustment.weights import Weights
from increase_eval.comparison.adjustment.wild_bootstrap import WildBootstrap, wild_cluster_bootstrap

__all__ = [
    "ClusterRobust",
    "ClusterTest",
    "EValue",
    "Mediation",
    "Weights",
    "WildBootstrap",
    "cluster_robust",
    "e_value",
    "mediation",
    "overlap_weights",
    "wild_cluster_bootstrap",
]
