"""What are published figures called, and how are their values written? Read from ``published.csv``, by language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from increase_eval.claims.published import NO_NUMBER, read_published
from increase_eval.reporting import numbers
from increase_eval.reporting.tables import records
from increase_eval.reporting.translations import Translator, set_spaces
from increase_eval.study.study import Study

UNIT_KEYS = {
    "percent": "published.percent",
    "years": "published.years",
    "months": "published.months",
    "ratio": "published.ratio",
    "gbp": "published.gbp",
    "eur": "published.eur",
}
"""Unit of ``published.csv`` -> the key of the words around a value; values in other units stand alone."""

PLAIN_UNITS = ("year",)
"""Units whose values are written without marks between thousands."""


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """One published statement.

    Attributes
    ----------
    id, name
        Its id, and its name in the language of the reader, with the arm that it is worked out for.
    value
        As ``published.csv`` has it.
    unit, value_type, source
        Of the value, how exact it is, and the document it comes from.
    """

    id: str
    name: str
    value: str
    unit: str
    value_type: str
    source: str

    @property
    def is_number(self) -> bool:
        """Whether it is a figure that could be recomputed."""
        return self.value_type not in NO_NUMBER

    def said(self, value: Any, text: Translator) -> str:
        """Write a value in the unit of this figure; whole where it is whole, else with one decimal."""
        if pd.isna(value):
            return numbers.MISSING
        written = (
            str(int(value))
            if self.unit in PLAIN_UNITS
            else numbers.format_number(value, 0 if value == round(value) else 1, text.language)
        )
        key = UNIT_KEYS.get(self.unit)
        return written if key is None else text(key, value=written)


def published_figures(study: Study, language: str) -> dict[str, PublishedFigure]:
    """Give every published statement of a study by id, in the order of ``published.csv``.

    Parameters
    ----------
    study
        The study, with ``published.yaml``.
    language
        ``"en"`` or ``"fr"``. Names come from the column `quantity`, or `quantity_fr` where there is one.

    Returns
    -------
    dict
        Id -> figure; empty where the study has no plan for published figures.
    """
    if study.published is None:
        return {}
    text, table = Translator(language), read_published(study, study.published)
    own = f"quantity_{language}"
    arms = {arm.id: arm.label.in_language(language) for arm in study.head.arms}
    found = {}
    for row in records(table):
        name = str(row[own] if own in row and pd.notna(row[own]) else row["quantity"])
        name = set_spaces(name[0].upper() + name[1:], language)
        recipe = study.published.recomputed.get(str(row["id"]))
        arm = arms.get(recipe.arm) if recipe is not None and recipe.arm else None
        found[str(row["id"])] = PublishedFigure(
            id=str(row["id"]),
            name=name if arm is None or arm in name else text("published.in_arm", figure=name, arm=arm),
            value=str(row["value"]),
            unit=str(row["unit"]),
            value_type=str(row["value_type"]),
            source=str(row["source"]),
        )
    return found
