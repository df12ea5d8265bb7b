"""Every state of a study, imputed by chained equations: who is in which state had nobody left, and tipping points."""

from increase_eval.attrition.imputed_states.state import ImputedState, impute_states
from increase_eval.attrition.imputed_states.table import imputed_state_table
from increase_eval.attrition.imputed_states.tipping import state_tipping_table

__all__ = ["ImputedState", "impute_states", "imputed_state_table", "state_tipping_table"]
