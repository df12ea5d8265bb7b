"""How far scores can be trusted: consistency of items, agreement of waves, and change beyond error."""

from increase_eval.scoring.reliability.alpha import Alpha, cronbach_alpha
from increase_eval.scoring.reliability.change import ReliableChange, reliable_change, standard_error_of_measurement
from increase_eval.scoring.reliability.guttman import guttman_lambdas
from increase_eval.scoring.reliability.icc import intraclass_correlation
from increase_eval.scoring.reliability.items import item_distribution, item_table
from increase_eval.scoring.reliability.omega import (
    Omega,
    average_variance_extracted,
    composite_reliability,
    mcdonald_omega,
)
from increase_eval.scoring.reliability.retest import RetestReliability, retest_reliability
from increase_eval.scoring.reliability.tables import item_tables, reliability_table, reliable_change_table, retest_table

__all__ = [
    "Alpha",
    "Omega",
    "ReliableChange",
    "RetestReliability",
    "average_variance_extracted",
    "composite_reliability",
    "cronbach_alpha",
    "guttman_lambdas",
    "intraclass_correlation",
    "item_distribution",
    "item_table",
    "item_tables",
    "mcdonald_omega",
    "reliability_table",
    "reliable_change",
    "reliable_change_table",
    "retest_reliability",
    "retest_table",
    "standard_error_of_measurement",
]
