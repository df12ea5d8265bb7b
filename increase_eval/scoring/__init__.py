"""From items to scores, and how far the scores can be trusted."""

from increase_eval.scoring.agreement import compare_with_shipped
from increase_eval.scoring.reliability import (
    Alpha,
    Omega,
    ReliableChange,
    RetestReliability,
    average_variance_extracted,
    composite_reliability,
    cronbach_alpha,
    guttman_lambdas,
    intraclass_correlation,
    item_distribution,
    item_table,
    item_tables,
    mcdonald_omega,
    reliability_table,
    reliable_change,
    reliable_change_table,
    retest_reliability,
    retest_table,
    standard_error_of_measurement,
)
from increase_eval.scoring.scale import score_scale
from increase_eval.scoring.waves import score_waves

__all__ = [
    "Alpha",
    "Omega",
    "ReliableChange",
    "RetestReliability",
    "average_variance_extracted",
    "compare_with_shipped",
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
    "score_scale",
    "score_waves",
    "standard_error_of_measurement",
]
