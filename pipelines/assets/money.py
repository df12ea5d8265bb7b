"""What it cost for each person reached, and what the gains would have to be worth."""

import dagster as dg
import pandas as pd

from increase_eval.claims.money import change_scenarios, elapsed_years, people_reached, unit_costs, wellbeing_value
from increase_eval.study import Study
from pipelines.assets.robustness import NAME as ROBUSTNESS
from pipelines.assets.robustness import robustness_assets
from pipelines.hand_checks import intervals_hold_their_estimates
from pipelines.names import by_wave, has_states, wave_tables
from pipelines.table_assets import table_asset


def money_assets(study: Study) -> list[dg.AssetsDefinition]:
    """Build what a study with costs and a plan for them has; gains where the plan says what they are worth."""
    plan = study.analysis.value_for_money
    if plan is None or "value_for_money" not in study.capabilities:
        return []
    valued = [_wellbeing_value(study)] if plan.point_year is not None and "repeated" in study.capabilities else []
    return [_unit_costs(study), *valued]


def _unit_costs(study: Study) -> dg.AssetsDefinition:
    name = "unit_costs"
    inputs = ("costs", "service_statistics", "participants", *(("states",) if has_states(study) else ()))

    @table_asset(study, name, inputs=inputs, checks=[intervals_hold_their_estimates(name)])
    def costs_each(
        costs: pd.DataFrame,
        service_statistics: pd.DataFrame,
        participants: pd.DataFrame,
        states: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """One row per step or outcome, arm, unit and price year: what each person who reached it cost."""
        return unit_costs(study, costs, service_statistics, states, participants)

    return costs_each


def _wellbeing_value(study: Study) -> dg.AssetsDefinition:
    name = "wellbeing_value"
    others = (ROBUSTNESS,) if robustness_assets(study) else ()
    inputs = ("score_changes", "unit_costs", "service_statistics", "participants", *others, *wave_tables(study))

    @table_asset(study, name, inputs=inputs, checks=[intervals_hold_their_estimates(name)])
    def value(
        score_changes: pd.DataFrame,
        unit_costs: pd.DataFrame,
        service_statistics: pd.DataFrame,
        participants: pd.DataFrame,
        robustness: pd.DataFrame | None = None,
        **waves: pd.DataFrame,
    ) -> pd.DataFrame:
        """One row per arm, way to treat leavers, value of a point-year and term: gain, worth, share to break even."""
        return wellbeing_value(
            study,
            change_scenarios(study, score_changes, robustness),
            elapsed_years(study, by_wave(study, waves), participants),
            people_reached(study, service_statistics),
            unit_costs,
        )

    return value
