"""The words that all figures share: names of arms, waves and scales, captions, n, the flag of synthetic data."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pandas as pd

from increase_eval.reporting.disclosure import SUPPRESSED
from increase_eval.reporting.figures import style as st
from increase_eval.reporting.figures.flow_counts import Step
from increase_eval.reporting.figures.panels import Places
from increase_eval.reporting.figures.sheet import Key
from increase_eval.reporting.numbers import format_count, format_number, format_percent, format_percent_interval
from increase_eval.reporting.translations import Translator, set_spaces
from increase_eval.scoring.possible_range import possible_range
from increase_eval.study import Scale, Study, Text

TOTAL = "all"
MISSING_ARM = "missing"
HIDDEN = "[c]"
"""What stands for a suppressed number, in both languages: confidential."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one study in one language."""

    study: Study
    language: str
    text: Translator

    @classmethod
    def of(cls, study: Study, language: str) -> Words:
        """Give the words of a study in a language."""
        return cls(study, language, Translator(language))

    def words(self, text: Text) -> str:
        """Give a text of the contract, with the spaces and apostrophes of its language."""
        return set_spaces(text.in_language(self.language), self.language)

    def arm(self, arm_id: str) -> str:
        """Name an arm."""
        labels = {arm.id: self.words(arm.label) for arm in self.study.head.arms}
        labels |= {TOTAL: self.text("figures.everybody"), MISSING_ARM: self.text("figures.arm_unknown")}
        return labels.get(arm_id, arm_id)

    def wave(self, wave_id: str) -> str:
        """Name a wave."""
        return self.words(self.study.wave(wave_id).label)

    def scale(self, scale: Scale) -> str:
        """Name a scale."""
        return self.words(scale.labels) if scale.labels else scale.id

    def range_and_direction(self, scale: Scale) -> str:
        """Say between which ends a scale runs, and which end is the better one."""
        whole = scale_range(self.study, scale)
        better = self.text(f"figures.{scale.direction}")
        if whole is None:
            return better
        low, high = (format_number(end, 0 if float(end).is_integer() else 1, self.language) for end in whole)
        return self.text("figures.range", low=low, high=high, better=better)

    def waves(self, wave_ids: Sequence[str]) -> str:
        """List waves by name."""
        return self.listed([self.wave(wave) for wave in wave_ids])

    def places(self, wave_ids: Sequence[str]) -> Places:
        """Give the places of waves along an axis, by their planned time."""
        times = tuple(self.study.wave(wave).time for wave in wave_ids)
        is_ordered = all(a < b for a, b in pairwise(times))
        return Places(tuple(map(self.wave, wave_ids)), times if is_ordered else None)

    def share_point(self, place: str, row: Mapping[Hashable, Any]) -> str:
        """Say one share with its interval, or that it is not shown."""
        if pd.isna(row["estimate"]):
            return self.text("figures.point_hidden", place=place, n=self.count(row["n"]))
        interval = format_percent_interval(row["conf_low"], row["conf_high"], self.language)
        value = format_percent(row["estimate"], self.language)
        return self.text("figures.point", place=place, value=value, interval=interval, n=self.count(row["n"]))

    def arms_in_all(self, count: int) -> str:
        """Say *in both arms*, or *in all three arms*."""
        return self.text("figures.in_both") if count == 2 else self.text("figures.in_all", number=count)

    def count(self, value: Any) -> str:
        """Write a count, or the mark of a suppressed one."""
        return HIDDEN if pd.isna(value) else format_count(value, self.language)

    def answered(self, step: Step, *, digits: int = 0) -> str:
        """Say who answered a wave: a number, and its share of those enrolled, or of those who reached a step."""
        if step.answered is None or step.share is None:
            return self.text("figures.answered_plain", n=self.count(step.answered))
        return self.text("figures.answered", n=self.count(step.answered), share=self.percent(step.share, digits=digits))

    def percent(self, value: Any, *, digits: int = 0) -> str:
        """Write a share, or the mark of a suppressed one."""
        return HIDDEN if pd.isna(value) else format_percent(value, self.language, digits=digits)

    def caption(self, data: pd.DataFrame, *parts: str) -> str:
        """Put the caption together: what the figure says of itself, what was suppressed, where the data are from."""
        head = self.study.head
        hidden = int((data["status"] == SUPPRESSED).fillna(False).sum()) if "status" in data else 0
        source = self.text(
            "figures.source",
            source=self.words(head.data_source).rstrip("."),
            date=self.words(head.data_date).rstrip("."),
        )
        suppressed = (
            self.text.plural(
                "figures.suppressed",
                hidden,
                number=format_count(hidden, self.language),
                below=head.privacy.threshold - 1,
                mark=HIDDEN,
            )
            if hidden
            else ""
        )
        return " ".join(part for part in (*parts, suppressed, source) if part)

    def more_panels(self, count: int) -> str:
        """Say how many panels are drawn at page width only; empty where none is."""
        number = format_count(count, self.language)
        return self.text.plural("figures.more_panels", count, number=number) if count else ""

    @property
    def flag(self) -> str:
        """What a figure of made-up data says of itself; empty for real data."""
        return self.text("figures.synthetic") if self.study.is_synthetic else ""

    def arm_keys(self, arm_ids: Sequence[str], styles: dict[str, st.SeriesStyle]) -> list[Key]:
        """Give the legend of the arms, in order."""
        return [Key(self.arm(arm), styles[arm]) for arm in arm_ids]

    def thin_key(self) -> Key:
        """Give the legend of open marks."""
        return Key(self.text("figures.thin", n=self.study.analysis.minimum_n), is_open=True)

    def listed(self, items: Sequence[str]) -> str:
        """Join texts to a list with *and* before the last."""
        if len(items) < 2:
            return "".join(items)
        return self.text("figures.and", first=", ".join(items[:-1]), last=items[-1])

    def confidence(self) -> str:
        """Write the coverage of the intervals."""
        return format_percent(self.study.analysis.confidence, self.language)


def drawn_arms(study: Study, table: pd.DataFrame) -> list[str]:
    """Give the arms in the order of the contract, and people without an arm last where there are any."""
    return [*study.arm_ids, *([MISSING_ARM] if (table["by_arm"] == MISSING_ARM).fillna(False).any() else [])]


def all_arm_styles(arms: Sequence[str]) -> dict[str, st.SeriesStyle]:
    """Give the arms their looks, and people without an arm a grey one."""
    known = st.arm_styles([arm for arm in arms if arm != MISSING_ARM])
    return known | {MISSING_ARM: st.SeriesStyle("#8c8c8c", "*", (0, (1, 3)))}


def drawn_scales(study: Study, table: pd.DataFrame, *, most: int) -> tuple[list[Scale], int]:
    """Give the scales that a figure shows, outcomes or else all, and how many are left to the tables."""
    present = set(table["outcome"].dropna())
    asked = [scale for scale in _contract_order(study) if scale.id in present]
    outcomes = [scale for scale in asked if scale.role == "outcome"] or asked
    return outcomes[:most], len(asked) - len(outcomes[:most])


def _contract_order(study: Study) -> list[Scale]:
    """Put the outcomes that the plan names first, and keep the contract's order else."""
    planned = [estimand.outcome for estimand in sorted(study.analysis.estimands, key=lambda e: not e.headline)]
    place = {outcome: i for i, outcome in reversed(list(enumerate(planned)))}
    return sorted(study.scales, key=lambda scale: place.get(scale.id, len(planned)))


def scale_range(study: Study, scale: Scale) -> tuple[float, float] | None:
    """Between which two numbers the scores of a scale lie, where the contract tells."""
    return possible_range(scale, {other.id: other for other in study.scales})


def only_total(table: pd.DataFrame, *, but: Sequence[str] = ()) -> pd.DataFrame:
    """Keep the rows that are totals over everything they could be split by, save for some columns."""
    kept = table
    for column in table.columns:
        if column.startswith("by_") and column not in but:
            kept = kept[kept[column].isna() | (kept[column] == TOTAL)]
    return kept
