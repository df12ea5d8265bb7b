"""Every scale of a study, imputed: changes by assumption, tipping points, draws."""

from increase_eval.attrition.imputed_scales.changes import imputed_change_table
from increase_eval.attrition.imputed_scales.draws import imputed_draws
from increase_eval.attrition.imputed_scales.scale import ImputedScale, impute_scale, impute_scales
from increase_eval.attrition.imputed_scales.tipping import TippingTables, tipping_tables

__all__ = [
    "ImputedScale",
    "TippingTables",
    "impute_scale",
    "impute_scales",
    "imputed_change_table",
    "imputed_draws",
    "tipping_tables",
]
