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

__all__ = [
    "Conflict",
    "Count",
    "FeasibleCounts",
    "Figure",
    "Printed",
    "Relation",
    "Share",
    "feasible_counts",
    "printed",
]
