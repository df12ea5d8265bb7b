"""Do register, counts and survey fit? The part of the chapter on the service that says where they do not."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, records

_NO_MORE = re.compile(r"(\w+) <= (\w+)")
_REGISTER = re.compile(r"register (\w+) = counts")
_RESPONDENTS = re.compile(r"respondents (\w+) <= (\w+)")


def reconciled_sentence(context: ReportContext) -> str:
    """Say in how many months of units the counts do not fit."""
    rules = context.tables["reconciliation"]
    off = int(rules["exceptions"].sum())
    if off == 0:
        return context.text("services.reconciliation_clean")
    return context.text.plural(
        "services.reconciliation_off",
        off,
        number=context.count(off),
        compared=context.count(int(rules["compared"].sum())),
    )


def rules_table(context: ReportContext) -> DisplayTable:
    """List what was compared, and how often it does not hold."""
    rules, text = context.tables["reconciliation"], context.text
    rows = tuple(
        (
            Cell(rule_in_words(context, row["rule"])),
            context.cells.count(row["compared"]),
            context.cells.count(row["exceptions"]),
        )
        for row in records(rules)
    )
    unit = text("services.unit_comparisons")
    return DisplayTable(
        id="reconciliation",
        title=text("services.rules_table_title"),
        subtitle=text("services.rules_subtitle"),
        columns=(
            TableColumn(text("services.rule_head"), "head"),
            TableColumn(text("services.compared_head"), unit=unit),
            TableColumn(text("services.exceptions_head"), unit=unit),
        ),
        groups=(RowGroup(None, rows),),
        asset="reconciliation",
        data=rules,
    )


def exceptions_table(context: ReportContext) -> DisplayTable | None:
    """List where the counts do not fit, by rule and unit; None where they fit."""
    gaps, text = context.table("reconciliation_exceptions"), context.text
    if gaps is None:
        return None
    level = context.study.services.level if context.study.services is not None else ""
    groups = []
    for rule, own in gaps.groupby("rule", sort=False):
        rows = tuple(
            (
                Cell(context.unit(level, row["unit"])),
                context.cells.count(row["months"]),
                Cell(_month(row["first"])),
                Cell(_month(row["last"])),
                _gap(context, row["largest_gap"]),
            )
            for row in records(own)
        )
        groups.append(RowGroup(rule_in_words(context, str(rule)), rows))
    return DisplayTable(
        id="reconciliation_exceptions",
        title=text("services.exceptions_table_title"),
        subtitle=text("services.exceptions_subtitle"),
        columns=(
            TableColumn(text("services.rule_head"), "head"),
            TableColumn(text("services.unit_head"), "head"),
            TableColumn(text("services.months_head"), unit=text("services.unit_months")),
            TableColumn(text("services.first_head"), "text"),
            TableColumn(text("services.last_head"), "text"),
            TableColumn(text("services.gap_head"), unit=text("common.unit_people")),
        ),
        groups=tuple(groups),
        asset="reconciliation_exceptions",
        data=gaps,
    )


def rule_in_words(context: ReportContext, rule: str) -> str:
    """Say a rule as :func:`~increase_eval.claims.reconciliation.reconcile` names it in words; else as it is."""
    steps = {
        step.id: context.words(step.label) for step in (context.study.services.steps if context.study.services else ())
    }
    if match := _RESPONDENTS.fullmatch(rule):
        return context.text(
            "services.rule_respondents", wave=context.wave(match[1]), step=steps.get(match[2], match[2])
        )
    if match := _REGISTER.fullmatch(rule):
        return context.text("services.rule_register", step=steps.get(match[1], match[1]))
    if match := _NO_MORE.fullmatch(rule):
        names = {"after": steps.get(match[1], match[1]), "before": steps.get(match[2], match[2])}
        return context.text("services.rule_no_more", **names)
    return rule


def _month(value: pd.Timestamp) -> str:
    return f"{value:%Y-%m}"


def _gap(context: ReportContext, gap: Any) -> Cell:
    """Write by how many people counts differ; a small difference is not told exactly."""
    if pd.isna(gap):
        return Cell(context.text("services.gap_small", threshold=context.study.head.privacy.threshold))
    return context.cells.count(gap)
