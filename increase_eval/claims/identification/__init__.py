"""What can a design tell apart?"""

from increase_eval.claims.identification.attribution import Assumption, Attribution
from increase_eval.claims.identification.check import ContrastCheck, Identification, check_identification
from increase_eval.claims.identification.overlap import FactorCheck

__all__ = [
    "Assumption",
    "Attribution",
    "ContrastCheck",
    "FactorCheck",
    "Identification",
    "check_identification",
]
