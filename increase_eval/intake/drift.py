"""Does a column mean the same in every wave and every source?

Labels, codes and ranges are compared between each file and the contract, between the waves of the contract, and, for
what was answered, between each file and the first one. Only value labels and extremes are shown, no person's answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from increase_eval.intake.columns import Wave, fold
from increase_eval.intake.raw import RawTable
from increase_eval.intake.values import ColumnReader, Conversion, cell_text
from increase_eval.study.sources import Source
from increase_eval.study.study import Study
from increase_eval.study.tables import Column, ValueLabel

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
        Extremes and number of the numbers answered, before any rule.
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

    @property
    def place(self) -> str:
        """Name the place: wave, and source."""
        return f"{self.wave or 'participants'} ({self.source})"


def column_facts(
    column: Column, wave: Wave, source: Source, raw: RawTable, in_file: str, reader: ColumnReader, read: Conversion
) -> ColumnFacts:
    """Gather what one file shows about one column."""
    is_number = reader.dtype in ("Int64", "Float64")
    answered = read.values.dropna() if is_number else read.values.iloc[:0]
    outside = int(read.failed.sum())
    if len(answered) and column.range is not None:
        outside += int(((answered < column.range[0]) | (answered > column.range[1])).sum())
    return ColumnFacts(
        column=column.name,
        wave=wave,
        source=source.id,
        labels={cell_text(code): label.strip() for code, label in raw.value_labels.get(in_file, {}).items()},
        low=float(answered.min()) if len(answered) else None,
        high=float(answered.max()) if len(answered) else None,
        count=int(read.values.notna().sum()),
        outside=outside,
        is_coded=bool(reader.labels) or _is_short(column),
    )


def _is_short(column: Column) -> bool:
    return column.type == "integer" and column.range is not None and column.range[1] - column.range[0] <= LONGEST_SCALE


def drift_table(study: Study, facts: Sequence[ColumnFacts]) -> pd.DataFrame:
    """Compare the codebooks of waves and sources.

    Returns
    -------
    DataFrame
        One row per difference: column, first and second (what is compared), kind (labels, codes or range), difference.
    """
    rows = [*_between_waves_of_contract(study), *_files_with_contract(study, facts), *_between_files(facts)]
    table = pd.DataFrame(rows, columns=list(DRIFT_COLUMNS)).drop_duplicates(ignore_index=True)
    return table.astype("str")


def _between_waves_of_contract(study: Study) -> Iterator[tuple[str, ...]]:
    """Compare the codebooks of a column that several waves ask under one name."""
    first: dict[str, tuple[str, Column]] = {}
    for wave in study.wave_ids:
        for column in study.wave_columns(wave):
            where, other = first.setdefault(column.name, (wave, column))
            if other is column:
                continue
            ours, theirs = _labels(study, column), _labels(study, other)
            for code in [code for code in theirs if code in ours and theirs[code] != ours[code]]:
                difference = f"code {code} is {theirs[code][0]!r} and {ours[code][0]!r}"
                yield column.name, f"{where} (contract)", f"{wave} (contract)", "labels", difference
            if set(ours) != set(theirs):
                only = ", ".join(sorted(set(ours) ^ set(theirs)))
                yield column.name, f"{where} (contract)", f"{wave} (contract)", "codes", f"only one of them has {only}"
            if column.range != other.range:
                difference = f"{_shown(other.range)} and {_shown(column.range)}"
                yield column.name, f"{where} (contract)", f"{wave} (contract)", "range", difference


def _labels(study: Study, column: Column) -> dict[str, tuple[str, str]]:
    values = study.table_of(column).values_of(column)
    return {cell_text(value.code): (value.label.en, value.label.fr) for value in values}


def _shown(pair: tuple[float, float] | None) -> str:
    return "no range" if pair is None else f"{pair[0]:g} to {pair[1]:g}"


def _files_with_contract(study: Study, facts: Sequence[ColumnFacts]) -> Iterator[tuple[str, ...]]:
    for fact in facts:
        column = _column_of(study, fact)
        values = study.table_of(column).values_of(column)
        if values and fact.labels:
            yield from _label_differences(fact, column, values)
        answered = fact.count + fact.outside
        if fact.outside >= FEWEST_OUTSIDE and fact.outside >= SHARE_OUTSIDE * answered:
            difference = f"{fact.outside} of {answered} answers are not allowed"
            yield fact.column, fact.place, "contract", "range" if column.range else "codes", difference


def _column_of(study: Study, fact: ColumnFacts) -> Column:
    columns = study.participant_columns if fact.wave is None else study.wave_columns(fact.wave)
    return next(column for column in columns if column.name == fact.column)


def _label_differences(fact: ColumnFacts, column: Column, values: Sequence[ValueLabel]) -> Iterator[tuple[str, ...]]:
    known = {cell_text(value.code): value for value in values}
    missing = {fold(cell_text(code)) for codes in column.missing.values() for code in codes}
    for code, label in fact.labels.items():
        if fold(code) in missing or fold(label) in missing:
            continue
        if code not in known:
            yield (
                fact.column,
                fact.place,
                "contract",
                "codes",
                f"code {code}, labelled {label!r}, is not in the contract",
            )
            continue
        value = known[code]
        spellings = {fold(text) for text in (value.label.en, value.label.fr, *map(cell_text, value.aliases))}
        if fold(label) not in spellings:
            difference = f"code {code} is labelled {label!r}; the contract has {value.label.en!r} / {value.label.fr!r}"
            yield fact.column, fact.place, "contract", "labels", difference


def _between_files(facts: Sequence[ColumnFacts]) -> Iterator[tuple[str, ...]]:
    """Compare each file with the first that has the column: labels of codes, and both ends of what was answered."""
    first: dict[str, ColumnFacts] = {}
    for fact in facts:
        start = first.setdefault(fact.column, fact)
        if start is fact:
            continue
        for code in [code for code in start.labels if code in fact.labels]:
            if fold(start.labels[code]) != fold(fact.labels[code]):
                difference = f"code {code} is labelled {start.labels[code]!r} and {fact.labels[code]!r}"
                yield fact.column, start.place, fact.place, "labels", difference
        if _has_moved(start, fact):
            difference = f"answers run from {start.low:g} to {start.high:g}, and from {fact.low:g} to {fact.high:g}"
            yield fact.column, start.place, fact.place, "range", difference


def _has_moved(start: ColumnFacts, fact: ColumnFacts) -> bool:
    """Say whether both ends of the answers moved the same way, as where codes start at 0 here and at 1 there."""
    if not start.is_coded or min(start.count, fact.count) < FEWEST_TO_COMPARE:
        return False
    if start.low is None or start.high is None or fact.low is None or fact.high is None:
        return False
    return (fact.low - start.low) * (fact.high - start.high) > 0
