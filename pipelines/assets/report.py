"""What leaves: figures and the report, in both languages, from tables that are protected on their way.

The figures of a language are drawn once, by a step of their own; files and report show what it drew.
"""

import gc
from collections.abc import Iterator, Mapping
from functools import lru_cache

import dagster as dg
import pandas as pd

from increase_eval.reporting.documents import (
    CHAPTERS,
    ReadableTables,
    build_report,
    draw_each_figure,
    readable_tables,
    take_stamp,
)
from increase_eval.reporting.figures import FIGURES, Drawing
from increase_eval.reporting.figures.kept import keep_drawings, kept_drawings
from increase_eval.reporting.translations import LANGUAGES
from increase_eval.study import Study
from pipelines import figure_tables
from pipelines.assets.anchored import anchored_assets
from pipelines.assets.attrition import attrition_assets
from pipelines.assets.claims import claims_assets
from pipelines.assets.comparison import comparison_assets
from pipelines.assets.imputation import imputation_assets
from pipelines.assets.robustness import robustness_assets
from pipelines.assets.scoring import scoring_assets
from pipelines.assets.services import service_assets
from pipelines.catalogue import ContractKey
from pipelines.checks import run_checks
from pipelines.documents import Documents, figure_documents, page_stands_alone, preview
from pipelines.names import DRAWN, FIGURE, REPORT, SAFE
from pipelines.progress import step, working
from pipelines.provenance import code_version
from pipelines.table_assets import Results, asset_ins, asset_key, checked_tables, document_out, table_asset, table_out

RECORD_COUNTS = f"{SAFE}record_counts"
OPEN_TABLES = ("input_files", "drift")
"""Tables of intake that hold nobody's answer and no count of people, so that the report reads them as they are."""


def report_assets(study: Study) -> list[dg.AssetsDefinition]:
    """Build the layer: tables as they may leave, the figures that the study can have, and one report a language."""
    drawn = [_drawn(study, language) for language in LANGUAGES]
    return [_safe_tables(study), *drawn, _figures(study), *(_report(study, language) for language in LANGUAGES)]


def _safe_tables(study: Study) -> dg.AssetsDefinition:
    told = tables_told_of(study)
    descriptions = {
        f"{SAFE}{name}": f"One row per row of {name}, as it may leave: small cells suppressed." for name in told
    }
    descriptions[RECORD_COUNTS] = "One row per file, outcome and rule: how many raw rows, small counts suppressed."

    @dg.multi_asset(
        name=f"{study.id}__safe_tables",
        ins=asset_ins(study, (*told, "ledger", "quarantine")),
        outs={name: table_out(study, name, description) for name, description in descriptions.items()},
    )
    def safe_tables(**tables: pd.DataFrame) -> Results:
        with step("safe_tables"):
            with working("safe_tables"):
                readable = readable_tables(study, tables)
            frames = {name: readable[name.removeprefix(SAFE)] for name in descriptions}
            yield from checked_tables(study, frames, [])

    return safe_tables


def _drawn(study: Study, language: str) -> dg.AssetsDefinition:
    @table_asset(study, f"{DRAWN}{language}", inputs=safe_names(study))
    def drawn(**tables: pd.DataFrame) -> pd.DataFrame:
        """One row per figure in one language: its words, its pictures, and its numbers."""
        drawings = draw_each_figure(study, as_readable(tables), language=language)
        kept = keep_drawings(_forgetting(drawings), figure_tables.KINDS)
        previews = [None if png is None else preview(png) for png in kept["png"]]
        return kept.assign(preview=pd.Series(previews, dtype="object", index=kept.index))

    return drawn


def _forgetting(drawings: Iterator[Drawing]) -> Iterator[Drawing]:
    """Pass figures on, and let go of each before the next but one: a picture in print takes 20 MB while it is held."""
    for drawing in drawings:
        yield drawing
        del drawing
        if gc.get_freeze_count():  # in a process that was forked off little is left to look through
            gc.collect()


def _figures(study: Study) -> dg.AssetsDefinition:
    able = {f"{FIGURE}{spec.id}": spec for spec in FIGURES.values() if spec.needs <= study.capabilities}
    said = "in both languages: pictures for screen, print and Word, and its data"

    @dg.multi_asset(
        name=f"{study.id}__figures",
        ins=asset_ins(study, [f"{DRAWN}{language}" for language in LANGUAGES]),
        outs={
            name: document_out(study, name, f"The figure *{spec.id}* {said}.", "matplotlib")
            for name, spec in able.items()
        },
    )
    def figures(**tables: pd.DataFrame) -> Results:
        with step("figures"):
            with working("figures"):
                kept = {language: tables[f"{DRAWN}{language}"] for language in LANGUAGES}
                drawn = {language: kept_drawings(table) for language, table in kept.items()}
                previews = {language: table.set_index("id")["preview"] for language, table in kept.items()}
            for name, spec in able.items():
                with working("figures"):
                    there = [language for language in LANGUAGES if spec.id in drawn[language]]
                    documents, shown = figure_documents(
                        [drawn[language][spec.id] for language in there],
                        [previews[language][spec.id] for language in there],
                    )
                yield dg.MaterializeResult(asset_key=asset_key(study, name), value=documents, metadata=shown)

    return figures


def _report(study: Study, language: str) -> dg.AssetsDefinition:
    name = f"{REPORT}{language}"
    checks = [page_stands_alone(name)]
    read = (*safe_names(study), RECORD_COUNTS, *OPEN_TABLES)

    @dg.multi_asset(
        name=f"{study.id}__{name}",
        ins=asset_ins(study, (*read, f"{DRAWN}{language}")),
        outs={name: document_out(study, name, f"The report, one page that needs nothing else ({language}).", "html")},
        check_specs=[check.spec(study.id) for check in checks],
    )
    def report(**tables: pd.DataFrame) -> Results:
        with step(name):
            with working(name):
                stamp = take_stamp(code_version=code_version())
                readable = as_readable({name: tables[name] for name in read})
                figures = kept_drawings(tables[f"{DRAWN}{language}"])
                page = build_report(study, readable, figures, language=language, stamp=stamp)
                documents = Documents({f"report.{language}.html": page.encode()})
            yield from run_checks(study.id, checks, {name: documents})
            yield dg.MaterializeResult(asset_key=asset_key(study, name), value=documents)

    return report


def as_readable(tables: Mapping[str, pd.DataFrame]) -> ReadableTables:
    """Give tables that were stored as they may leave the names that chapters and figures know them by."""
    return ReadableTables({name.removeprefix(SAFE): table for name, table in tables.items()})


def safe_names(study: Study) -> tuple[str, ...]:
    """Give the names under which estimate tables are stored as they may leave."""
    return tuple(f"{SAFE}{name}" for name in tables_told_of(study))


def tables_told_of(study: Study) -> tuple[str, ...]:
    """Give the estimate tables that the study has and that a chapter or a figure draws on."""
    return _told_of(ContractKey(study))


@lru_cache(maxsize=32)
def _told_of(contract: ContractKey) -> tuple[str, ...]:
    study = contract.study
    people_left = (attrition_assets, imputation_assets, anchored_assets, robustness_assets)
    layers = (service_assets, scoring_assets, *people_left, comparison_assets, claims_assets)
    made = [spec.key.path[-1] for build in layers for asset in build(study) for spec in asset.specs]
    told = {
        *(table for chapter in CHAPTERS for table in (*chapter.tables, *chapter.optional_tables)),
        *(table for spec in FIGURES.values() for table in spec.tables),
    }
    return tuple(name for name in made if name in told)
