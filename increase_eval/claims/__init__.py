"""What may be said: which counts fit what was printed, what a design can tell apart, and verdicts with their words."""

from increase_eval.claims.feasible import (
    Conflict,
    Count,
    FeasibleCounts,
    Figure,
    Printed,
    Relation,
    Share,
    feasible_counts,
    printed,
)
from increase_eval.claims.identification import (
    Assumption,
    Attribution,
    FactorCheck,
    Identification,
    check_identification,
)
from increase_eval.claims.verdicts import (
    Compound,
    Verdicts,
    clustering_effect,
    decide,
    intersection_union,
    minimum_detectable,
    smallest_margin,
)

__all__ = [
    "Assumption",
    "Attribution",
    "Compound",
    "Conflict",
    "Count",
    "FactorCheck",
    "FeasibleCounts",
    "Figure",
    "Identification",
    "Printed",
    "Relation",
    "Share",
    "Verdicts",
    "check_identification",
    "clustering_effect",
    "decide",
    "feasible_counts",
    "intersection_union",
    "minimum_detectable",
    "printed",
    "smallest_margin",
]
