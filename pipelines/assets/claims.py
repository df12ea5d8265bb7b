"""What may be said beside the survey: the service's own counts, whether they fit, and what others published."""

from collections.abc import Iterable

import dagster as dg
import pandas as pd

from increase_eval.claims.pathway import outcome_overlap, pathway_counts, service_outcomes, target_achievement
from increase_eval.claims.places import pathway_by_place
from increase_eval.claims.printed_counts import published_counts
from increase_eval.claims.published import compare_published
from increase_eval.claims.reconciliation import reconcile
from increase_eval.study import Study
from increase_eval.study.claims import PublishedPlan
from increase_eval.study.counts import CountSystem
from increase_eval.study.services import ServiceStatistics
from increase_eval.study.structure import Level
from pipelines.assets.attrition import attrition_assets
from pipelines.assets.comparison import comparison_assets
from pipelines.assets.money import money_assets
from pipelines.assets.robustness import robustness_assets
from pipelines.assets.verdicts import ledger_assets, verdict_assets
from pipelines.claims_checks import (
    counts_reconcile,
    every_published_row_has_a_status,
    published_figures_come_out_again,
    units_add_up,
)
from pipelines.names import by_wave, wave_tables
from pipelines.progress import step, working
from pipelines.table_assets import Results, asset_ins, checked_tables, table_asset, table_out

RECONCILIATION = {
    "reconciliation": "One row per rule: in how many months of units it was compared, in how many it fails.",
    "reconciliation_exceptions": "One row per month of a unit in which a rule does not hold, with both counts.",
}


def claims_assets(study: Study) -> list[dg.AssetsDefinition]:
    """Build the layer, without what the study has no service counts, register dates or published figures for."""
    services = [] if study.services is None else _of_services(study, study.services)
    published = [] if study.published is None else _of_published(study, study.published)
    own = [*services, *published, *money_assets(study), *verdict_assets(study)]
    return [
        *own,
        *ledger_assets(
            study, _names([*own, *attrition_assets(study), *comparison_assets(study), *robustness_assets(study)])
        ),
    ]


def _of_services(study: Study, services: ServiceStatistics) -> list[dg.AssetsDefinition]:
    site = study.site_level
    counted = [_pathway(study, services), _outcomes(study, services), _reconciliation(study, services)]
    targets = [_targets(study, services)] if services.targets else []
    dated = [_overlap(study, services), *([] if site is None else [_by_place(study, services, site)])]
    return [*counted, *targets, *(dated if has_dates(services) else [])]


def _of_published(study: Study, published: PublishedPlan) -> list[dg.AssetsDefinition]:
    compared = [_published(study, published)] if "published" in study.capabilities else []
    return [*compared, *([] if published.counts is None else [_feasible(study, published.counts)])]


def _names(assets: Iterable[dg.AssetsDefinition]) -> set[str]:
    return {spec.key.path[-1] for asset in assets for spec in asset.specs}


def _pathway(study: Study, services: ServiceStatistics) -> dg.AssetsDefinition:
    column = service_level(study, services).column
    checks = [units_add_up("pathway", f"by_{column}")]

    @table_asset(study, "pathway", inputs=("service_statistics",), checks=checks)
    def pathway(service_statistics: pd.DataFrame) -> pd.DataFrame:
        """One row per step of the pathway, unit and denominator: how many reached it, of how many the step before."""
        return pathway_counts(service_statistics, services, by=column)

    return pathway


def _outcomes(study: Study, services: ServiceStatistics) -> dg.AssetsDefinition:
    column = service_level(study, services).column
    checks = [units_add_up("service_outcomes", f"by_{column}")]

    @table_asset(study, "service_outcomes", inputs=("service_statistics",), checks=checks)
    def outcomes(service_statistics: pd.DataFrame) -> pd.DataFrame:
        """One row per outcome, unit and denominator: how many reached it, and of how many."""
        return service_outcomes(
            service_statistics, services, denominators=outcome_denominators(study, services), by=column
        )

    return outcomes


def _targets(study: Study, services: ServiceStatistics) -> dg.AssetsDefinition:
    @table_asset(study, "targets", inputs=("service_statistics",))
    def targets(service_statistics: pd.DataFrame) -> pd.DataFrame:
        """One row per target and reading of it: how many were reached, and whether it was met."""
        return target_achievement(service_statistics, services)

    return targets


def _overlap(study: Study, services: ServiceStatistics) -> dg.AssetsDefinition:
    @table_asset(study, "outcome_overlap", inputs=("participants",))
    def overlap(participants: pd.DataFrame) -> pd.DataFrame:
        """One row per pair of outcomes: how many people of the register have both."""
        return outcome_overlap(participants, services)

    return overlap


def _by_place(study: Study, services: ServiceStatistics, site: Level) -> dg.AssetsDefinition:
    columns = list(dict.fromkeys((service_level(study, services).column, site.column)))
    names = {column: f"by_{column}" for column in columns}
    checks = [
        units_add_up(
            "pathway_by_place", own, beside=[name for name in names.values() if name != own], name=f"{column}_adds_up"
        )
        for column, own in names.items()
    ]

    @table_asset(study, "pathway_by_place", inputs=("participants",), checks=checks)
    def by_place(participants: pd.DataFrame) -> pd.DataFrame:
        """One row per step or outcome and place: how many people of the register reached it."""
        return pathway_by_place(participants, services, columns=columns)

    return by_place


def _reconciliation(study: Study, services: ServiceStatistics) -> dg.AssetsDefinition:
    checks = [counts_reconcile()]

    @dg.multi_asset(
        name=f"{study.id}__reconciliation",
        ins=asset_ins(study, ("service_statistics", "participants", *wave_tables(study))),
        outs={name: table_out(study, name, description) for name, description in RECONCILIATION.items()},
        check_specs=[check.spec(study.id) for check in checks],
    )
    def reconciliation(service_statistics: pd.DataFrame, participants: pd.DataFrame, **waves: pd.DataFrame) -> Results:
        with step("reconciliation"):
            with working("reconciliation"):
                result = reconcile(
                    service_statistics,
                    services,
                    participants,
                    by_wave(study, waves),
                    unit_column=service_level(study, services).column,
                    waves_within={wave.id: wave.among_step for wave in study.head.waves if wave.among_step},
                )
            frames = {"reconciliation": result.rules, "reconciliation_exceptions": result.exceptions}
            yield from checked_tables(study, frames, checks)

    return reconciliation


def _published(study: Study, published: PublishedPlan) -> dg.AssetsDefinition:
    checks = [every_published_row_has_a_status(study), published_figures_come_out_again()]

    @table_asset(study, "published_comparison", inputs=published_inputs(study), checks=checks)
    def compared(**tables: pd.DataFrame) -> pd.DataFrame:
        """One or two rows per published figure: as printed and as recomputed, with what came of it."""
        return compare_published(study, published, tables)

    return compared


def _feasible(study: Study, counts: CountSystem) -> dg.AssetsDefinition:
    @table_asset(study, "feasible_counts", inputs=())
    def feasible() -> pd.DataFrame:
        """One row per count, reading and contradiction: which numbers of people fit all that was published."""
        return published_counts(study, counts)

    return feasible


def published_inputs(study: Study) -> tuple[str, ...]:
    """Give the tables that published figures are worked out from, those that the study has."""
    optional = {"states": "states", "service_statistics": "services", "costs": "costs"}
    return ("participants", "responses", *(name for name, able in optional.items() if able in study.capabilities))


def service_level(study: Study, services: ServiceStatistics) -> Level:
    """Give the level whose units the service counts by."""
    return next(level for level in study.head.levels if level.id == services.level)


def outcome_denominators(study: Study, services: ServiceStatistics) -> tuple[str, ...]:
    """Give the steps that outcomes are shares of: those whose people the waves of the survey are among."""
    named = [wave.among_step for wave in study.head.waves if wave.among_step]
    steps = [step.id for step in services.steps if step.kind == "funnel"]
    return tuple(dict.fromkeys(step for step in steps if step in named)) or tuple(steps[:1])


def has_dates(services: ServiceStatistics) -> bool:
    """Whether the register dates any step that the service counts."""
    return any(step.register_column for step in services.steps)
