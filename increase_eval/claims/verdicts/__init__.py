"""What may be said of contrasts, one by one, and of claims that say several things at once."""

from increase_eval.claims.verdicts.compound import Compound, intersection_union
from increase_eval.claims.verdicts.decide import decide
from increase_eval.claims.verdicts.planning import clustering_effect, minimum_detectable, smallest_margin
from increase_eval.claims.verdicts.result import VERDICTS, Verdicts

__all__ = [
    "VERDICTS",
    "Compound",
    "Verdicts",
    "clustering_effect",
    "decide",
    "intersection_union",
    "minimum_detectable",
    "smallest_margin",
]
