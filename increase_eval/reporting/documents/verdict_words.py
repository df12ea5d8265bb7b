"""What does a verdict say in words? Sentences made from its two labels, which can say no more than these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from increase_eval.claims.identification import Attribution
from increase_eval.claims.identification.attribution import ASSUMED, IDENTIFIED, NOT_SEPARABLE
from increase_eval.claims.verdicts.result import (
    DIFFERENT,
    EQUIVALENT,
    INCONCLUSIVE,
    NOT_ESTIMABLE,
    SMALLER,
)
from increase_eval.reporting import numbers
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.study.study import Study

WORDS = {
    DIFFERENT: "verdicts.word_different",
    EQUIVALENT: "verdicts.word_equivalent",
    SMALLER: "verdicts.word_smaller",
    INCONCLUSIVE: "verdicts.word_inconclusive",
    NOT_ESTIMABLE: "verdicts.word_not_estimable",
}
SAID = {
    DIFFERENT: "verdicts.said_different",
    EQUIVALENT: "verdicts.said_equivalent",
    SMALLER: "verdicts.said_smaller",
    INCONCLUSIVE: "verdicts.said_inconclusive",
    NOT_ESTIMABLE: "verdicts.said_not_estimable",
}
UNITS = {"sd": "verdicts.unit_sd", "points": "verdicts.unit_points", "share": "verdicts.unit_share"}
ASSUMPTIONS = {
    "unconfounded": "verdicts.assume_unconfounded",
    "additive": "verdicts.assume_additive",
    "indirect": "verdicts.assume_indirect",
    "exchangeable": "verdicts.assume_exchangeable",
    "unknown": "verdicts.assume_unknown",
}
FACTORS = {
    "quarter": "verdicts.factor_quarter",
    "country": "verdicts.factor_country",
    "area": "verdicts.factor_area",
}
PERCENT, DIGITS = 100.0, 2


def arms_of(study: Study, contrast: str) -> tuple[str, str]:
    """Give first and second arm of a contrast of the plan."""
    found = next(one for one in study.analysis.contrasts if one.id == contrast)
    return found.first, found.second


def contrast_words(context: ReportContext, contrast: str) -> str:
    """Name a contrast: second arm less first."""
    first, second = arms_of(context.study, contrast)
    return context.text("verdicts.contrast_name", first=context.arm(first), second=context.arm(second))


def outcome_words(context: ReportContext, outcome: str) -> str:
    """Name a scale or a state variable."""
    for variable in context.study.head.states:
        if variable.id == outcome:
            return context.words(variable.label)
    return context.scale(context.study.scale(outcome))


def amount(context: ReportContext, value: Any, unit: Any) -> str:
    """Write a difference in its unit, with its sign."""
    if pd.isna(value):
        return numbers.MISSING
    return numbers.format_signed(_scaled(value, unit), _digits(unit), context.language)


def size(context: ReportContext, value: Any, unit: Any) -> str:
    """Write how large a difference is, without a sign."""
    if pd.isna(value):
        return numbers.MISSING
    return numbers.format_number(_scaled(value, unit), _digits(unit), context.language)


def interval(context: ReportContext, low: Any, high: Any, unit: Any, *, in_table: bool = False) -> str:
    """Write an interval of differences, in a sentence or in a cell of a table."""
    if pd.isna(low):
        return numbers.MISSING
    ends = _scaled(low, unit), _scaled(high, unit)
    return numbers.format_interval(*ends, _digits(unit), context.language, in_table=in_table)


def _scaled(value: Any, unit: Any) -> float:
    return float(value) * (PERCENT if unit == "share" else 1.0)


def _digits(unit: Any) -> int:
    return 1 if unit == "share" else DIGITS


def verdict_sentence(context: ReportContext, parts: Mapping[str, Mapping[str, Any]], attribution: Attribution) -> str:
    """Say what may be said of one comparison, in two sentences: one a label.

    Parameters
    ----------
    context
        Names and words.
    parts
        The rows of one comparison in the table `verdicts`, by term, protected.
    attribution
        To what a difference can be put down.

    Returns
    -------
    str
        Nothing in it depends on anything but the two labels and the numbers they were read from.
    """
    row = parts["difference"]
    first, second = arms_of(context.study, str(row["contrast"]))
    named = {
        "outcome": outcome_words(context, str(row["outcome"])),
        "wave": context.wave(str(row["wave"])),
        "first": context.arm(first),
        "second": context.arm(second),
    }
    if pd.isna(row["verdict"]):
        return context.text("verdicts.said_withheld", **named)
    unit = row["by_unit"]
    read = parts["equivalence"] if row["verdict"] == EQUIVALENT else row
    margin = parts["margin"]["estimate"] if "margin" in parts else float("nan")
    values = {
        "estimate": amount(context, row["estimate"], unit),
        "interval": interval(context, read["conf_low"], read["conf_high"], unit),
        "margin": size(context, margin, unit),
        "unit": context.text(UNITS[unit]),
    }
    said = context.text(SAID[str(row["verdict"])], **_used(str(row["verdict"]), {**named, **values}))
    if row["verdict"] == NOT_ESTIMABLE:
        return said
    return f"{said} {attribution_sentence(context, attribution)}"


def _used(verdict: str, values: Mapping[str, str]) -> dict[str, str]:
    """Keep the values that the sentence of a verdict names."""
    names = {"outcome", "wave", "first", "second"}
    if verdict != NOT_ESTIMABLE:
        names |= {"estimate", "interval", "unit"}
    if verdict in (EQUIVALENT, SMALLER):
        names |= {"margin"}
    return {name: value for name, value in values.items() if name in names}


def attribution_sentence(context: ReportContext, attribution: Attribution) -> str:
    """Say to what a difference can be put down, in a sentence."""
    return _attributed(context, attribution, "due")


def attribution_words(context: ReportContext, attribution: Attribution) -> str:
    """Say to what a difference can be put down, in a table."""
    return _attributed(context, attribution, "short")


def _attributed(context: ReportContext, attribution: Attribution, form: str) -> str:
    if attribution.label == IDENTIFIED:
        return context.text(f"verdicts.{form}_identified")
    if attribution.label == ASSUMED:
        words = [
            context.text(ASSUMPTIONS[one.kind], **({"factor": factor_words(context, one.factor)} if one.factor else {}))
            for one in attribution.assumptions
        ]
        return context.text(f"verdicts.{form}_assumed", assumptions=context.listed(words))
    if attribution.label == NOT_SEPARABLE:
        factors = ", ".join(factor_words(context, name) for name in attribution.factors)
        return context.text(f"verdicts.{form}_not_separable", factors=factors)
    return context.text(f"verdicts.{form}_not_estimable")


def factor_words(context: ReportContext, factor: str) -> str:
    """Name what people are grouped by: a level or column by its label, an attribute by its word, else by its id."""
    study = context.study
    labels = {level.column: level.label for level in study.head.levels}
    labels |= {c.name: c.label for wave in study.wave_ids for c in study.wave_columns(wave) if c.label is not None}
    if factor in labels:
        return _lowered(context.words(labels[factor]))
    return context.text(FACTORS[factor]) if factor in FACTORS else factor.replace("_", " ")


def _lowered(name: str) -> str:
    return name[:1].lower() + name[1:]
