"""What can be said of each comparison of the plan: verdicts, what they can be put down to, and what could be seen."""

from __future__ import annotations

from typing import Any

import pandas as pd

from increase_eval.claims.plan import DECLARED, NOT_RECORDED, POST_HOC
from increase_eval.claims.verdicts.result import (
    DIFFERENT,
    EQUIVALENT,
    INCONCLUSIVE,
    NOT_ESTIMABLE,
    SMALLER,
)
from increase_eval.reporting import numbers
from increase_eval.reporting.documents.change_verdicts import CHANGE_VERDICTS, change_sentence, change_verdicts_table
from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.documents.verdict_tables import (
    Row,
    attribution_of,
    attributions,
    comparison_rows,
    comparison_table,
    family_tables,
    p_cells,
    p_heads,
    seen_cells,
    seen_heads,
)
from increase_eval.reporting.documents.verdict_words import (
    attribution_sentence,
    attribution_words,
    contrast_words,
    outcome_words,
    verdict_sentence,
)
from increase_eval.reporting.tables import (
    DisplayTable,
    TableColumn,
    plain_rows,
    records,
)
from increase_eval.reporting.translations import day_in_words

DIGEST_SHOWN = 12
MOST_SENTENCES = 4
"""So many headline comparisons are told one by one on the first page; more are counted."""


def verdicts_content(context: ReportContext) -> dict[str, Any]:
    """Give what the chapter on verdicts says."""
    comparisons = list(comparison_rows(context))
    return {
        "comparisons": bool(comparisons),
        "is_drawn": "verdicts" in context.figures,
        "plan": _plan_sentences(context),
        "design": _design_table(context),
        "summary": count_sentence(context, [parts["difference"] for parts in comparisons]) if comparisons else "",
        "verdicts": list(family_tables(context, comparisons)),
        "changes": change_verdicts_table(context),
        "changes_summary": change_sentence(context),
        "seen": comparison_table(context, comparisons, "could_be_seen", seen_heads, seen_cells),
        "p_values": comparison_table(context, comparisons, "verdict_p_values", p_heads, p_cells),
    }


def headline_sentences(context: ReportContext) -> list[str]:
    """Give what the first page may say of the arms: a few comparisons one by one, more of them counted."""
    headline = {one.id for one in context.study.analysis.estimands if one.headline}
    claims = {family.id for family in context.study.analysis.families if not family.exploratory}
    found = [
        parts
        for parts in comparison_rows(context)
        if parts["difference"]["by_estimand"] in headline and parts["difference"]["by_family"] in claims
    ]
    known = attributions(context)
    if not found:
        return []
    if len(found) <= MOST_SENTENCES:
        return [verdict_sentence(context, parts, attribution_of(known, parts)) for parts in found]
    rows = [parts["difference"] for parts in found]
    same: dict[str, dict[str, None]] = {}
    for parts in found:
        name = contrast_words(context, str(parts["difference"]["contrast"]))
        same.setdefault(attribution_sentence(context, attribution_of(known, parts)), {})[name] = None
    due = [
        context.text("verdicts.of_contrasts", contrasts=context.listed(names), sentence=sentence)
        for sentence, names in same.items()
    ]
    return [count_sentence(context, rows), *due]


def count_sentence(context: ReportContext, rows: list[Row]) -> str:
    """Count the verdicts of some comparisons, and those withheld, so that they add up to the plan."""
    words = {
        "different": DIFFERENT,
        "equivalent": EQUIVALENT,
        "smaller": SMALLER,
        "inconclusive": INCONCLUSIVE,
        "not_estimable": NOT_ESTIMABLE,
    }
    told = [row for row in rows if pd.notna(row["verdict"])]
    counts = {name: context.count(sum(row["verdict"] == word for row in told)) for name, word in words.items()}
    said = context.text("verdicts.count_summary", count=context.count(len(told)), **counts)
    withheld = len(rows) - len(told)
    if not withheld:
        return said
    return f"{said} {context.text.plural('verdicts.count_withheld', withheld, count=context.count(withheld))}"


def _plan_sentences(context: ReportContext) -> list[str]:
    plan = context.table("analysis_plan")
    if plan is None:
        return []
    count = context.count(len(plan))
    if (plan["status"] == NOT_RECORDED).all():
        return [context.text("verdicts.plan_unrecorded", count=count)]
    declared = plan[plan["status"] == DECLARED]
    days = declared["recorded_on"].dropna()
    digest = str(plan["plan_hash"].iloc[0])[:DIGEST_SHOWN]
    day = day_in_words(context.text, str(days.min())[:10]) if len(days) else numbers.MISSING
    sentences = [context.text("verdicts.plan_recorded", count=count, day=day, digest=digest)]
    late = plan[plan["status"] == POST_HOC]
    if len(late):
        names = [
            f"{outcome_words(context, row['outcome'])}, {context.wave(row['wave'])}, "
            f"{contrast_words(context, row['contrast'])}"
            for row in records(late)
        ]
        sentences.append(context.text("verdicts.plan_post_hoc", comparisons=context.listed(names)))
    return sentences


def _design_table(context: ReportContext) -> DisplayTable | None:
    table, known = context.table("identification"), attributions(context)
    if table is None or not known:
        return None
    rows = [[contrast_words(context, name), attribution_words(context, one)] for name, one in known.items()]
    return DisplayTable(
        id="identification",
        title=context.text("verdicts.design_title"),
        columns=(
            TableColumn(context.text("verdicts.comparison_head"), "head"),
            TableColumn(context.text("verdicts.design_head"), "text"),
        ),
        groups=plain_rows(rows),
        asset="identification",
        data=table,
    )


VERDICTS_CHAPTER = Chapter(
    id="verdicts",
    title="verdicts.title",
    template="verdicts.html.j2",
    content=verdicts_content,
    optional_tables=("verdicts", "identification", "analysis_plan", CHANGE_VERDICTS),
    figures=("verdicts",),
)
