"""Does a column mean the same in every wave and every source?

Labels, codes and ranges are compared between each file and the contract, between the waves of the contract, and, for
what was answered, between each file and the first one. Only value labels and extremes are shown, no person's answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from increase_eval.intake.cells import cell_text
from increase_eval.intake.columns import Wave, fold
from increase_eval.intake.messages import DRIFT
from increase_eval.intake.rules import effective_values
from increase_eval.intake.values import ColumnReader, Labels
from increase_eval.study.sources import Source
from increase_eval.study.study import Study
from increase_eval.study.tables import Column

Row = tuple[str, str, str, str, str]

DRIFT_COLUMNS = ("column", "first", "second", "kind", "difference")
SHARE_OUTSIDE = 0.05
"""From this share of answers outside what is allowed, it is no slip but another coding."""
FEWEST_OUTSIDE = 5
FEWEST_TO_COMPARE = 30
"""Extremes of fewer answers than this say nothing about a range."""
LONGEST_SCALE = 11
"""Steps. On longer scales the extremes differ from wave to wave by chance."""


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What one file shows about one contracted column.

    Attributes
    ----------
    column, wave, source
        Which column (its name), of which wave (None: participants), from which source.
    labels
        Code as text -> label, as the file has them.
    low, high, count
        Extremes and number of the values that are kept.
    outside
        How many cells hold something that is not allowed.
    is_coded
        Whether the numbers are codes of a short list or scale, so that their extremes are known beforehand.
    """

    column: str
    wave: Wave
    source: str
    labels: Mapping[str, str]
    low: float | None
    high: float | None
    count: int
    outside: int
    is_coded: bool


def column_facts(
    reader: ColumnReader, wave: Wave, source: Source, labels: Mapping[Any, str], kept: pd.Series, outside: int
) -> ColumnFacts:
    """Gather what one file shows about one column: the values that are kept, and how many are not allowed."""
    answered = kept.dropna()
    numbers = answered if reader.dtype in ("Int64", "Float64") else answered.iloc[:0]
    return ColumnFacts(
        column=reader.column.name,
        wave=wave,
        source=source.id,
        labels={cell_text(code): label.strip() for code, label in labels.items()},
        low=float(numbers.min()) if len(numbers) else None,
        high=float(numbers.max()) if len(numbers) else None,
        count=len(answered),
        outside=outside,
        is_coded=bool(reader.labels) or _is_short(reader.column),
    )


def _is_short(column: Column) -> bool:
    return column.type == "integer" and column.range is not None and column.range[1] - column.range[0] <= LONGEST_SCALE


def drift_table(study: Study, facts: Sequence[ColumnFacts], language: str = "en") -> pd.DataFrame:
    """Compare the codebooks of waves and sources.

    Returns
    -------
    DataFrame
        One row per difference: column, first and second (what is compared), kind (labels, codes or range), difference.
    """
    comparison = _Comparison(study, language)
    rows = [
        *comparison.between_waves_of_contract(),
        *(row for fact in facts for row in comparison.with_contract(fact)),
        *comparison.between_files(facts),
    ]
    return pd.DataFrame(rows, columns=list(DRIFT_COLUMNS)).drop_duplicates(ignore_index=True).astype("str")


class _Comparison:
    """Finds differences and says them in one language."""

    def __init__(self, study: Study, language: str) -> None:
        self.study = study
        self.language = language
        waves: list[Wave] = [None, *study.wave_ids]
        self._columns = {
            (wave, column.name): column
            for wave in waves
            for column in (study.participant_columns if wave is None else study.wave_columns(wave))
        }
        self._values = {id(column): effective_values(study, column) for column in self._columns.values()}

    def _say(self, key: str, **values: object) -> str:
        return DRIFT[key].in_language(self.language).format(**values)

    def _place(self, wave: Wave, source: str | None = None) -> str:
        return self._say("place", wave=wave or self._say("participants"), source=source or self._say("contract"))

    def between_waves_of_contract(self) -> Iterator[Row]:
        """Compare the codebooks of a column that several waves ask under one name."""
        first: dict[str, tuple[str, Column]] = {}
        for wave in self.study.wave_ids:
            for column in self.study.wave_columns(wave):
                where, other = first.setdefault(column.name, (wave, column))
                if other is not column:
                    for kind, difference in self._differences(other, column):
                        yield column.name, self._place(where), self._place(wave), kind, difference

    def _differences(self, first: Column, second: Column) -> Iterator[tuple[str, str]]:
        ours, theirs = self._labels(first), self._labels(second)
        for code in [code for code in ours if code in theirs and ours[code] != theirs[code]]:
            yield "labels", self._say("labels", code=code, first=repr(ours[code]), second=repr(theirs[code]))
        if set(ours) != set(theirs):
            yield "codes", self._say("only_one", codes=", ".join(sorted(set(ours) ^ set(theirs))))
        if first.range != second.range:
            yield "range", self._say("ranges", first=self._range(first.range), second=self._range(second.range))

    def _labels(self, column: Column) -> dict[str, str]:
        return {cell_text(value.code): value.label.in_language(self.language) for value in self._values[id(column)]}

    def _range(self, pair: tuple[float, float] | None) -> str:
        return self._say("no_range") if pair is None else self._say("range", low=pair[0], high=pair[1])

    def with_contract(self, fact: ColumnFacts) -> Iterator[Row]:
        """Compare one column of one file with the contract."""
        column = self._columns[fact.wave, fact.column]
        place, contract = self._place(fact.wave, fact.source), self._say("contract")
        for kind, difference in self._label_differences(fact, column):
            yield fact.column, place, contract, kind, difference
        answered = fact.count + fact.outside
        if fact.outside >= FEWEST_OUTSIDE and fact.outside >= SHARE_OUTSIDE * answered:
            kind = "range" if column.range else "codes"
            yield fact.column, place, contract, kind, self._say("outside", n=fact.outside, total=answered)

    def _label_differences(self, fact: ColumnFacts, column: Column) -> Iterator[tuple[str, str]]:
        known = {cell_text(value.code): value for value in self._values[id(column)]}
        if not known:
            return
        missing = {fold(cell_text(code)) for codes in column.missing.values() for code in codes}
        for code, label in fact.labels.items():
            if fold(code) in missing or fold(label) in missing:
                continue
            if code not in known:
                yield "codes", self._say("unknown_code", code=code, first=repr(label))
                continue
            value = known[code]
            spellings = {fold(text) for text in (value.label.en, value.label.fr, *map(cell_text, value.aliases))}
            if fold(label) not in spellings:
                expected = repr(value.label.in_language(self.language))
                yield "labels", self._say("labels", code=code, first=repr(label), second=expected)

    def between_files(self, facts: Sequence[ColumnFacts]) -> Iterator[Row]:
        """Compare each file with the first that has the column: labels of codes, both ends of what was answered."""
        first: dict[str, ColumnFacts] = {}
        for fact in facts:
            start = first.setdefault(fact.column, fact)
            if start is fact:
                continue
            places = self._place(start.wave, start.source), self._place(fact.wave, fact.source)
            for code, label in start.labels.items():
                other = fact.labels.get(code, label)
                if fold(label) != fold(other) and not self._same_code(fact, label, other):
                    said = self._say("labels", code=code, first=repr(label), second=repr(other))
                    yield fact.column, *places, "labels", said
            if _has_moved(start, fact):
                ranges = {
                    "first": self._say("range", low=start.low, high=start.high),
                    "second": self._say("range", low=fact.low, high=fact.high),
                }
                yield fact.column, *places, "range", self._say("moved", **ranges)

    def _same_code(self, fact: ColumnFacts, label: str, other: str) -> bool:
        """Say whether two labels are one code of the contract, as in two languages."""
        column = self._columns[fact.wave, fact.column]
        labels = Labels(self._values[id(column)])
        code = labels.by_label(label)
        return code is not None and code == labels.by_label(other)


def _has_moved(start: ColumnFacts, fact: ColumnFacts) -> bool:
    """Say whether both ends of the answers moved the same way, as where codes start at 0 here and at 1 there."""
    if not start.is_coded or min(start.count, fact.count) < FEWEST_TO_COMPARE:
        return False
    if start.low is None or start.high is None or fact.low is None or fact.high is None:
        return False
    return (fact.low - start.low) * (fact.high - start.high) > 0
