"""Which counts are consistent with all that was printed?"""

from increase_eval.claims.feasible.conflicts import Conflict
from increase_eval.claims.feasible.printed import Printed, printed
from increase_eval.claims.feasible.result import FeasibleCounts
from increase_eval.claims.feasible.solver import feasible_counts
from increase_eval.claims.feasible.statements import Count, Figure, Relation, Share, Statement

__all__ = [
    "Conflict",
    "Count",
    "FeasibleCounts",
    "Figure",
    "Printed",
    "Relation",
    "Share",
    "Statement",
    "feasible_counts",
    "printed",
]
