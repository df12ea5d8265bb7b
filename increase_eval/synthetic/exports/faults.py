"""Faults as partners' files have them, planted one by one and written down in a manifest.

No fault takes an answer of a respondent away from the published counts: rows that intake must reject are further rows
(a second submission, a preview, a test), and values that it must reject are single answers. Each fault says what intake
should make of it; intake never opens the manifest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd
from numpy.random import Generator

from increase_eval.study.cohort import CohortPlan, PlatformPlan
from increase_eval.study.sources import Source
from increase_eval.study.structure import RowRule
from increase_eval.study.study import Study
from increase_eval.study.tables import Column

MANIFEST_COLUMNS = ("kind", "file", "row", "column", "expected")
IMPOSSIBLE = "9999"
"""A code that no item has and that is not a code for missing."""

HEADER_ROWS = {"qualtrics": 3}
"""Rows above the answers; one for every other format."""


@dataclass(slots=True)
class Faulty:
    """One table on its way into a file, with the faults planted so far.

    Attributes
    ----------
    table
        The rows, in order.
    marks
        Index label of the row (None: the whole file), kind, column, what intake should make of it.
    """

    table: pd.DataFrame
    marks: list[tuple[int | None, str, str, str]] = field(default_factory=list)

    def mark(self, label: int | None, kind: str, column: str, expected: str) -> None:
        """Note a fault."""
        self.marks.append((label, kind, column, expected))

    def row(self, label: int) -> pd.Series:
        """Give a copy of one row."""
        return pd.Series({name: self.table.loc[label, name] for name in self.table.columns}, dtype=object)

    def day(self, label: int, column: str, date_format: str) -> pd.Timestamp:
        """Read the date that one row has."""
        return pd.Timestamp(datetime.strptime(str(self.table.loc[label, column]), date_format))

    def add_row(self, row: pd.Series, rng: Generator) -> int:
        """Put a further row at a random place, and give its index label."""
        label = int(self.table.index.max()) + 1 if len(self.table) else 0
        place = int(rng.integers(len(self.table) + 1))
        new = pd.DataFrame([row.to_numpy()], columns=self.table.columns, index=[label], dtype=object)
        self.table = pd.concat([self.table.iloc[:place].astype(object), new, self.table.iloc[place:].astype(object)])
        return label

    def manifest(self, file: str, header_rows: int = 1) -> pd.DataFrame:
        """Give the faults with the row numbers that a spreadsheet shows."""
        places = {label: place for place, label in enumerate(self.table.index)}
        rows = [
            (kind, file, None if label is None else places[label] + header_rows + 1, column, expected)
            for label, kind, column, expected in self.marks
        ]
        return pd.DataFrame(rows, columns=list(MANIFEST_COLUMNS)).astype({"row": "Int64"})


@dataclass(frozen=True, slots=True)
class SurveyFile:
    """What the planting of faults in one file of answers needs to know."""

    study: Study
    plan: CohortPlan
    platform: PlatformPlan
    source: Source
    key: str
    date: str
    keys: frozenset[str]
    spare_keys: tuple[str, ...]
    first_days: dict[int, pd.Timestamp]
    has_first: bool

    @property
    def items(self) -> list[Column]:
        """The columns with coded items of the wave."""
        items = {item for scale in self.study.scales for item in scale.items}
        return [column for column in self.study.wave_columns(self.source.wave or "") if column.name in items]

    def name_of(self, column: Column) -> str:
        """Give a column's name in the file."""
        return column.names_in_files(self.source.platform)[0]


def plant_in_answers(table: pd.DataFrame, file: SurveyFile, rng: Generator) -> Faulty:
    """Plant every kind of fault that a file of answers can have."""
    faulty = Faulty(table.astype(object))
    originals = list(table.index)
    free = [int(label) for label in rng.permutation(originals)]
    steps: list[tuple[Callable[[Faulty, SurveyFile, int, Generator], None], int]] = [
        (_loosely_written_key, 3),
        (_impossible_value, 2),
        (_impossible_date, 1),
        (_resubmission, 3),
        (_mistyped_key, 2),
        (_shortened_key, 1),
        (_withdrawn, 1),
        (_test_row, 1),
        (_empty_row, 1),
    ]
    if file.source.format == "qualtrics":
        steps.append((_preview, 1))
    for plant, times in steps:
        for _ in range(times):
            plant(faulty, file, free.pop(), rng)
    if not file.has_first:
        _dates_before_the_first_wave(faulty, file, free)
    return faulty


def _loosely_written_key(faulty: Faulty, file: SurveyFile, label: int, _: Generator) -> None:
    """Write a key in small letters, with spaces, with dashes: in each way as often as in the others."""
    key = str(faulty.table.loc[label, file.key])
    loose = [key.lower(), f" {key[:2]} {key[2:]} ", f"{key[:2]}-{key[2:5]}-{key[5:]}"]
    so_far = sum(kind == "loosely_written_key" for _, kind, _, _ in faulty.marks)
    faulty.table.loc[label, file.key] = loose[so_far % len(loose)]
    faulty.mark(label, "loosely_written_key", file.key, "repaired")


def _impossible_value(faulty: Faulty, file: SurveyFile, label: int, rng: Generator) -> None:
    column = file.items[int(rng.integers(len(file.items)))]
    number = file.source.format == "spss"
    faulty.table.loc[label, file.name_of(column)] = int(IMPOSSIBLE) if number else IMPOSSIBLE
    faulty.mark(label, "impossible_value", column.name, "value:values")


def _impossible_date(faulty: Faulty, file: SurveyFile, label: int, _: Generator) -> None:
    written = faulty.day(label, file.date, file.platform.date_format)
    impossible = written.replace(day=28, month=2).strftime(file.platform.date_format)
    faulty.table.loc[label, file.date] = impossible.replace("28", "31", 1)
    faulty.mark(label, "impossible_date", _date_column(file), "value:type")


def _resubmission(faulty: Faulty, file: SurveyFile, label: int, rng: Generator) -> None:
    """Put in an earlier, half-filled submission of somebody; the later one counts."""
    row = faulty.row(label)
    earlier = faulty.day(label, file.date, file.platform.date_format) - pd.Timedelta(days=1)
    row[file.date] = earlier.strftime(file.platform.date_format)
    for column in file.items[len(file.items) // 2 :]:
        row[file.name_of(column)] = None
    faulty.mark(faulty.add_row(row, rng), "resubmission", "", "duplicate")


def _mistyped_key(faulty: Faulty, file: SurveyFile, label: int, rng: Generator) -> None:
    """Put in a second submission under a key with one slip that is nobody's."""
    row = faulty.row(label)
    key = "".join(character for character in str(row[file.key]).upper() if character.isalnum())
    row[file.key] = _slip(key, file.keys, rng)
    faulty.mark(faulty.add_row(row, rng), "mistyped_key", file.key, "row:unknown_participant")


def _shortened_key(faulty: Faulty, file: SurveyFile, label: int, rng: Generator) -> None:
    """Put in a second submission under a key with one digit left out, which no key can have."""
    row = faulty.row(label)
    key = "".join(character for character in str(row[file.key]).upper() if character.isalnum())
    place = int(rng.integers(2, len(key)))
    row[file.key] = key[:place] + key[place + 1 :]
    faulty.mark(faulty.add_row(row, rng), "shortened_key", file.key, "row:key_malformed")


def _slip(key: str, taken: frozenset[str], rng: Generator) -> str:
    """Change one digit, or exchange two neighbours, so that nobody has the key."""
    while True:
        digits = list(key)
        place = int(rng.integers(2, len(key) - 1))
        if rng.random() < 0.5 and digits[place] != digits[place + 1]:
            digits[place], digits[place + 1] = digits[place + 1], digits[place]
        else:
            digits[place] = str((int(digits[place]) + int(rng.integers(1, 10))) % 10)
        slipped = "".join(digits)
        if slipped != key and slipped not in taken:
            return slipped


def _withdrawn(faulty: Faulty, file: SurveyFile, label: int, rng: Generator) -> None:
    rule = _rule(file, "consent_withdrawn")
    row = faulty.row(label)
    row[file.key] = file.spare_keys[int(rng.integers(len(file.spare_keys)))]
    row[rule.column] = rule.values[0]
    faulty.mark(faulty.add_row(row, rng), "withdrawn_consent", "", f"row:{rule.id}")


def _test_row(faulty: Faulty, file: SurveyFile, label: int, rng: Generator) -> None:
    rule = _rule(file, "test_row")
    row = faulty.row(label)
    row[rule.column] = rule.values[0]
    faulty.mark(faulty.add_row(row, rng), "test_row", "", f"row:{rule.id}")


def _preview(faulty: Faulty, file: SurveyFile, label: int, rng: Generator) -> None:
    rule = _rule(file, "preview")
    row = faulty.row(label)
    row[rule.column] = rule.values[0]
    faulty.mark(faulty.add_row(row, rng), "preview", "", f"row:{rule.id}")


def _empty_row(faulty: Faulty, _: SurveyFile, __: int, rng: Generator) -> None:
    nothing = pd.Series(None, index=faulty.table.columns, dtype=object)
    faulty.mark(faulty.add_row(nothing, rng), "empty_row", "", "row:empty_row")


def _dates_before_the_first_wave(faulty: Faulty, file: SurveyFile, free: list[int]) -> None:
    """Write one date with day and month exchanged, and one a month before the first wave."""
    exchanged = None
    for label in free:
        written = faulty.day(label, file.date, file.platform.date_format)
        if written.day <= 12:
            turned = written.replace(day=written.month, month=written.day)
            if turned < file.first_days[label]:
                exchanged = label
                faulty.table.loc[label, file.date] = turned.strftime(file.platform.date_format)
                faulty.mark(label, "exchanged_date", _date_column(file), "value:waves_out_of_order")
                break
    for label in free:
        if label != exchanged:
            early = file.first_days[label] - pd.Timedelta(days=30)
            faulty.table.loc[label, file.date] = early.strftime(file.platform.date_format)
            faulty.mark(label, "before_first_wave", _date_column(file), "value:waves_out_of_order")
            return


def _date_column(file: SurveyFile) -> str:
    return next(
        column.name for column in file.study.wave_columns(file.source.wave or "") if column.role == "answer_date"
    )


def _rule(file: SurveyFile, kind: str) -> RowRule:
    return next(
        rule
        for rule in file.study.head.quarantine
        if rule.kind == kind and (not rule.sources or file.source.id in rule.sources)
    )
