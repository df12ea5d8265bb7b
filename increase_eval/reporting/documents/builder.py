"""How do tables, figures and strings become one page? Chapters in order, exhibits numbered, all inside the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup

from increase_eval.reporting.disclosure import require_protected
from increase_eval.reporting.documents.capabilities import reasons
from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.documents.exhibits import Exhibits
from increase_eval.reporting.documents.records import record_counts
from increase_eval.reporting.documents.registry import CHAPTERS
from increase_eval.reporting.documents.stamp import Stamp
from increase_eval.reporting.figures import FIGURES, Drawing
from increase_eval.reporting.leaving import is_estimate_table, tables_that_leave
from increase_eval.reporting.pages import page_environment
from increase_eval.reporting.special_tables import SPECIAL_TABLES
from increase_eval.reporting.translations import Translator
from increase_eval.study.study import Study

CLAIMS_TABLES = ("feasible_counts", "identification", "analysis_plan")
"""Rules, readings and labels: they hold no number of people of the study's files."""

OPEN_TABLES = ("input_files", "drift", "reconciliation", "service_ledger", "cost_ledger", *CLAIMS_TABLES)
"""Stored tables that chapters may read as they are: they hold no count of people and nobody's answer."""


class ReadableTables(dict[str, pd.DataFrame]):
    """Tables as :func:`readable_tables` gives them: what is one of these is not protected a second time."""


def build_report(
    study: Study,
    tables: Mapping[str, pd.DataFrame],
    figures: Mapping[str, Drawing] | None = None,
    *,
    language: str,
    stamp: Stamp,
    chapters: tuple[Chapter, ...] = CHAPTERS,
) -> str:
    """Write the report of a study.

    Parameters
    ----------
    study
        The contract.
    tables
        The stored tables by name, unprotected, or what :func:`readable_tables` made of them. Estimates are protected
        here, all of them together; of the ledger and the quarantine only protected counts reach the page, and tables
        of people do not reach it at all.
    figures
        Figures by id, already drawn in this language by :func:`draw_figures`; by default they are drawn here.
    language
        ``"en"`` or ``"fr"``.
    stamp
        What the report is made with.
    chapters
        The chapters in order.

    Returns
    -------
    str
        One HTML page that needs nothing else. The same inputs give the same text.

    Raises
    ------
    ValueError
        If a chapter's needs are met and a stored table of it is missing, or a permalink is given twice.
    """
    readable = readable_tables(study, tables)
    drawn = draw_figures(study, readable, language=language) if figures is None else figures
    context = ReportContext(study, _at_hand(readable), drawn, Translator(language), stamp)
    exhibits = Exhibits(context)
    environment = page_environment(language)
    environment.globals.update(exhibits.template_functions(environment))
    sections = [_section(chapter, context, environment) for chapter in chapters]
    page = environment.get_template("report.html.j2").render(
        study_title=context.words(study.head.title),
        is_synthetic=study.is_synthetic,
        sections=sections,
    )
    return exhibits.resolve_references(page).strip() + "\n"


def draw_figures(study: Study, tables: Mapping[str, pd.DataFrame], *, language: str) -> dict[str, Drawing]:
    """Draw every figure that a study can have, from what leaves of its tables.

    Parameters
    ----------
    study
        The contract.
    tables
        The stored tables by name, unprotected.
    language
        ``"en"`` or ``"fr"``.

    Returns
    -------
    dict
        Id -> drawing, in the order of the registry; figures whose capability or table is not there are left out.
    """
    return {drawing.id: drawing for drawing in draw_each_figure(study, tables, language=language)}


def draw_each_figure(study: Study, tables: Mapping[str, pd.DataFrame], *, language: str) -> Iterator[Drawing]:
    """Draw what :func:`draw_figures` draws, one figure after the other, so that none need be kept.

    Parameters
    ----------
    study, tables, language
        As for :func:`draw_figures`.

    Returns
    -------
    iterator of Drawing
        In the order of the registry.
    """
    safe = readable_tables(study, tables)
    for spec in FIGURES.values():
        is_able = spec.needs <= study.capabilities
        if is_able and all(table in safe and len(safe[table]) for table in spec.tables):
            yield spec.draw(study, safe, language)


def readable_tables(study: Study, tables: Mapping[str, pd.DataFrame]) -> ReadableTables:
    """Give what a chapter may read of the stored tables: protected estimates, protected counts, and open tables.

    Parameters
    ----------
    study
        The contract, for the threshold.
    tables
        The stored tables by name.

    Returns
    -------
    ReadableTables
        Name -> table. `ledger` and `quarantine` are replaced by ``record_counts``
        (see :mod:`increase_eval.reporting.documents.records`). Tables that are readable already
        pass the gate again and are given back.
    """
    threshold = study.head.privacy.threshold
    if isinstance(tables, ReadableTables):
        for name, table in tables.items():
            if is_estimate_table(table):
                require_protected(table, threshold=threshold, name=name)
        return tables
    safe = tables_that_leave(study, tables)
    opened = {name: tables[name] for name in OPEN_TABLES if name in tables}
    counted = {name: make(study, tables[name]) for name, make in SPECIAL_TABLES.items() if name in tables}
    if "ledger" in tables:
        quarantine = tables.get("quarantine", pd.DataFrame(columns=["file", "rule", "severity"]))
        counted["record_counts"] = record_counts(tables["ledger"], quarantine, threshold=threshold)
    return ReadableTables({**safe, **opened, **counted})


def _at_hand(tables: ReadableTables) -> ReadableTables:
    """Keep texts as Python has them: chapters pick a few rows thousands of times, and Arrow is slow at that."""
    return ReadableTables(
        {
            name: table.astype(
                {
                    column: pd.StringDtype("python", na_value=dtype.na_value)
                    for column, dtype in table.dtypes.items()
                    if isinstance(dtype, pd.StringDtype)
                }
            )
            for name, table in tables.items()
        }
    )


def _section(chapter: Chapter, context: ReportContext, environment: jinja2.Environment) -> dict[str, Any]:
    text = context.text
    head = {"id": chapter.id, "title": text(chapter.title)}
    lacking = chapter.missing_capabilities(context.study.capabilities)
    if lacking:
        return {**head, "body": None, "reasons": reasons(lacking, text)}
    absent = [name for name in chapter.tables if name not in context.tables]
    if absent:
        there = ", ".join(sorted(context.tables)) or "none"
        raise ValueError(f"chapter {chapter.id!r} needs the stored tables {absent}; there are: {there}")
    body = environment.get_template(chapter.template).render(chapter.content(context))
    # The environment escaped every value when this part was rendered.
    return {**head, "body": Markup(body), "reasons": ""}
