"""What does a chapter have at hand? The study, its protected tables, its figures, and words and numbers by locale."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from increase_eval.reporting import numbers
from increase_eval.reporting.documents.stamp import Stamp
from increase_eval.reporting.figures import Drawing
from increase_eval.reporting.tables import SUPPRESSED_MARK, CellWriter, is_suppressed
from increase_eval.reporting.translations import Translator, set_spaces
from increase_eval.scoring.possible_range import possible_range
from increase_eval.study.base import Text
from increase_eval.study.instruments import Scale
from increase_eval.study.study import Study

TOTAL = "all"
UNKNOWN = "missing"


@dataclass(frozen=True, slots=True)
class ReportContext:
    """What the chapters of one report are written from.

    Attributes
    ----------
    study
        The contract.
    tables
        Stored tables by name, estimates protected. Tables of people are not among them.
    figures
        Figures by id.
    text
        The strings of the report's language.
    stamp
        What the report was made with.
    """

    study: Study
    tables: Mapping[str, pd.DataFrame]
    figures: Mapping[str, Drawing]
    text: Translator
    stamp: Stamp

    @property
    def language(self) -> str:
        """The report's language."""
        return self.text.language

    @property
    def cells(self) -> CellWriter:
        """The writer of cells in the report's language."""
        return CellWriter(self.language)

    def table(self, name: str) -> pd.DataFrame | None:
        """Give a stored table, or None where it is not there or has no row."""
        table = self.tables.get(name)
        return table if table is not None and len(table) else None

    # -- words -------------------------------------------------------------------------------------------------------

    def words(self, text: Text) -> str:
        """Give a text of the contract, with the spaces of its language."""
        return set_spaces(text.in_language(self.language), self.language)

    def listed(self, names: Iterable[str]) -> str:
        """Set names one after the other, parted by semicolons: a name can hold a comma."""
        return set_spaces(" ; ", "fr").join(names) if self.language == "fr" else "; ".join(names)

    # -- names of things ---------------------------------------------------------------------------------------------

    def arm(self, arm_id: str) -> str:
        """Give the name of an arm, of everybody, or of those whose arm is not known."""
        return self._named(arm_id, {arm.id: self.words(arm.label) for arm in self.study.head.arms})

    def wave(self, wave_id: str) -> str:
        """Give the name of a wave."""
        return self.words(self.study.wave(wave_id).label)

    def scale(self, scale: Scale) -> str:
        """Give the name of a scale."""
        return self.words(scale.labels) if scale.labels else scale.id

    def unit(self, level_id: str, unit_id: str) -> str:
        """Give the name of a unit of a level, such as a site."""
        units = next((level.units for level in self.study.head.levels if level.id == level_id), ())
        return self._named(unit_id, {unit.id: self.words(unit.label) for unit in units})

    def state(self, variable_id: str, state_id: str) -> str:
        """Give the name of a state of a state variable."""
        states = next((v.states for v in self.study.head.states if v.id == variable_id), ())
        return self._named(state_id, {state.id: self.words(state.label) for state in states})

    def _named(self, own_id: str, labels: Mapping[str, str]) -> str:
        extra = {TOTAL: self.text("common.everybody"), UNKNOWN: self.text("common.not_known")}
        return labels.get(own_id) or extra.get(own_id, own_id)

    @property
    def arms(self) -> tuple[str, ...]:
        """The ids of the arms in order, and of everybody together where there are several arms."""
        arms = self.study.arm_ids
        return (*arms, TOTAL) if len(arms) > 1 else (TOTAL,)

    # -- numbers in sentences ----------------------------------------------------------------------------------------

    @property
    def confidence(self) -> str:
        """The coverage of the intervals, as a percentage."""
        return numbers.format_percent(self.study.analysis.confidence, self.language)

    def count(self, value: Any) -> str:
        """Write a number of people in a sentence."""
        return SUPPRESSED_MARK if pd.isna(value) else numbers.format_count(value, self.language)

    def mean_in_words(self, row: Mapping[str, Any], digits: int) -> str:
        """Say a mean with its interval and n, or that it cannot be shown."""
        if is_suppressed(row) or pd.isna(row["estimate"]):
            return self.text("common.not_shown")
        return self.text(
            "common.mean_in_words",
            mean=numbers.format_number(row["estimate"], digits, self.language),
            confidence=self.confidence,
            interval=numbers.format_interval(row["conf_low"], row["conf_high"], digits, self.language),
            n=self.count(row["n"]),
        )

    def share_in_words(self, row: Mapping[str, Any]) -> str:
        """Say a share with its interval and n, or that it cannot be shown."""
        if is_suppressed(row) or pd.isna(row["estimate"]):
            return self.text("common.not_shown")
        return self.text(
            "common.share_in_words",
            share=numbers.format_percent(row["estimate"], self.language, digits=1),
            confidence=self.confidence,
            interval=numbers.format_percent_interval(row["conf_low"], row["conf_high"], self.language, digits=1),
            n=self.count(row["n"]),
        )

    def limit(self, end: float) -> str:
        """Write an end of a range: whole where it is, else with one decimal."""
        return numbers.format_number(end, 0 if end == round(end) else 1, self.language)

    def digits(self, scale: Scale) -> int:
        """Say how many decimals a mean of a scale deserves."""
        limits = self.score_range(scale)
        return numbers.digits_for_range(*limits) if limits else self._digits_by_spread(scale)

    def _digits_by_spread(self, scale: Scale) -> int:
        """Without a declared range: so many decimals that the standard deviation has two significant digits."""
        table = self.tables.get("score_summary", pd.DataFrame(columns=["outcome", "term", "estimate"]))
        spread = table.loc[(table["outcome"] == scale.id) & (table["term"] == "sd"), "estimate"].max()
        if pd.isna(spread) or spread <= 0:
            return 1
        return min(3, max(0, 1 - math.floor(math.log10(spread))))

    def score_range(self, scale: Scale) -> tuple[float, float] | None:
        """Give the lowest and highest score that a scale can have, or None where its contract does not say."""
        return possible_range(scale, {other.id: other for other in self.study.scales})
