"""What may be said of the comparisons of the plan: when each was declared, what identifies it, and its verdict."""

from collections.abc import Collection

import dagster as dg
import pandas as pd

from increase_eval.claims.change_verdicts import change_verdict_table
from increase_eval.claims.joint import joint_estimates
from increase_eval.claims.ledger import claims_ledger
from increase_eval.claims.plan import plan_table
from increase_eval.claims.study_design import attributions_of, study_identification
from increase_eval.claims.study_verdicts import verdict_table
from increase_eval.comparison.score_models.clustered_changes import arm_changes
from increase_eval.study import Study
from pipelines.assets.arms import arm_outcomes
from pipelines.claims_checks import every_claim_has_a_status, every_comparison_has_a_verdict, plan_is_recorded
from pipelines.hand_checks import intervals_hold_their_estimates
from pipelines.names import by_wave, has_states, wave_tables
from pipelines.table_assets import table_asset

PLAN, DESIGN, VERDICTS, LEDGER = "analysis_plan", "identification", "verdicts", "claims_ledger"
CHANGES = "change_verdicts"


def verdict_assets(study: Study) -> list[dg.AssetsDefinition]:
    """Build what a study has whose plan compares arms; verdicts where it declares families of comparisons."""
    if not study.analysis.contrasts:
        return []
    families = [_plan(study), _verdicts(study)] if study.analysis.families else []
    changes = [_changes(study)] if families and judged_changes(study) else []
    return [_identification(study), *families, *changes]


def judged_changes(study: Study) -> bool:
    """Whether a family of the plan is about a mean change, and scores of two waves are there to tell it."""
    about = {estimand.id for estimand in study.analysis.estimands if estimand.summary == "mean_change"}
    named = {name for family in study.analysis.families for name in family.estimands}
    return {"scales", "repeated"} <= study.capabilities and bool(about & named)


def _plan(study: Study) -> dg.AssetsDefinition:
    @table_asset(study, PLAN, inputs=(), checks=[plan_is_recorded()])
    def plan() -> pd.DataFrame:
        """One row per comparison of the plan: its rules, and the day on which it was recorded."""
        return plan_table(study)

    return plan


def _identification(study: Study) -> dg.AssetsDefinition:
    @table_asset(study, DESIGN, inputs=("participants", "responses", *wave_tables(study)))
    def identification(participants: pd.DataFrame, responses: pd.DataFrame, **waves: pd.DataFrame) -> pd.DataFrame:
        """One row per contrast and factor: whether the difference between two arms can be told from the factor."""
        return study_identification(study, participants, responses, by_wave(study, waves)).to_frame()

    return identification


def _components(study: Study) -> tuple[str, ...]:
    """Give the table of variance components, where people belong to something."""
    return ("variance_components",) if study.head.levels else ()


def _verdicts(study: Study) -> dg.AssetsDefinition:
    scores = ("scores", "score_contrasts", "score_sensitivity", *_components(study)) if study.scales else ()
    states = ("states",) if has_states(study) else ()
    adjusted = ("adjusted_contrasts",) if any(one.states for one in arm_outcomes(study)) else ()
    checks = [intervals_hold_their_estimates(VERDICTS), every_comparison_has_a_verdict()]

    @table_asset(study, VERDICTS, inputs=(PLAN, DESIGN, "participants", *scores, *states, *adjusted), checks=checks)
    def verdicts(
        analysis_plan: pd.DataFrame,
        identification: pd.DataFrame,
        participants: pd.DataFrame,
        scores: pd.DataFrame | None = None,
        score_contrasts: pd.DataFrame | None = None,
        score_sensitivity: pd.DataFrame | None = None,
        variance_components: pd.DataFrame | None = None,
        states: pd.DataFrame | None = None,
        adjusted_contrasts: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """One row per comparison of the plan and term: intervals with the verdict, p values, what could be seen."""
        return verdict_table(
            study,
            analysis_plan,
            contrasts=score_contrasts,
            states=states,
            participants=participants,
            attributions=attributions_of(identification),
            clustered=score_sensitivity,
            adjusted=adjusted_contrasts,
            components=variance_components,
            joint=None if scores is None else joint_estimates(study, scores, participants),
        )

    return verdicts


def _changes(study: Study) -> dg.AssetsDefinition:
    checks = [intervals_hold_their_estimates(CHANGES)]
    inputs = (PLAN, "scores", "participants", "score_changes", *_components(study))

    @table_asset(study, CHANGES, inputs=inputs, checks=checks)
    def changes(
        analysis_plan: pd.DataFrame,
        scores: pd.DataFrame,
        participants: pd.DataFrame,
        score_changes: pd.DataFrame,
        variance_components: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """One row per change of an arm that the plan is about and term: intervals with the verdict, p values."""
        return change_verdict_table(
            study,
            analysis_plan,
            changes=score_changes,
            arm_changes=arm_changes(study, scores, participants),
            components=variance_components,
        )

    return changes


def ledger_assets(study: Study, made: Collection[str]) -> list[dg.AssetsDefinition]:
    """Build the ledger of published claims from those of its tables that the study has."""
    published = study.published
    if published is None or "published_comparison" not in made:
        return []
    read = ("published_comparison", "feasible_counts", "score_changes", "score_means", VERDICTS, DESIGN, "robustness")

    @table_asset(
        study, LEDGER, inputs=[name for name in read if name in made], checks=[every_claim_has_a_status(study)]
    )
    def ledger(**tables: pd.DataFrame) -> pd.DataFrame:
        """One row per published claim: what came of it, by which test, and where the numbers stand."""
        return claims_ledger(study, published, tables)

    return [ledger]
