"""Which column of a file is which column of the contract.

Every column of a file ends as exactly one of: mapped, used (the key, the wave, a rule), ignored with a reason,
personal, or unexpected. A column that the contract expects and the file lacks is a problem, with the nearest name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from increase_eval.study.base import Code
from increase_eval.study.sources import Source
from increase_eval.study.structure import RowRule
from increase_eval.study.study import Study
from increase_eval.study.tables import Column

Wave = str | None
"""A wave id; None stands for the table of participants."""


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """What each column of one file is.

    Attributes
    ----------
    key, wave_column, order
        The columns with the key, the wave and the order of duplicates, as the file has them; None where there is none.
    mapped
        Wave (None: participants) -> contracted column -> column of the file.
    constants
        Wave -> contracted column -> the value that all rows share.
    repeated
        Contracted column of participants -> column of a later file that holds it again, to be compared.
    row_rules
        Id of a row rule -> the column of the file it reads.
    unexpected, personal
        Columns of the file.
    problems
        One line each; the file cannot be taken unless there is none.
    """

    key: str | None
    wave_column: str | None
    order: str | None
    mapped: Mapping[Wave, Mapping[str, str]]
    constants: Mapping[Wave, Mapping[str, Code]]
    repeated: Mapping[str, str]
    row_rules: Mapping[str, str]
    unexpected: tuple[str, ...]
    personal: tuple[str, ...]
    problems: tuple[str, ...]


def fold(text: str) -> str:
    """Bring a name or label to a form in which case, kinds of blanks and apostrophes do not matter."""
    text = unicodedata.normalize("NFKC", text).replace("\u2019", "'").replace("\u02bc", "'")
    return re.sub(r"\s+", " ", text).strip().casefold()


class _Names:
    """The column names of one file, found exactly, or by their folded form where that is unambiguous."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self.exact = set(names)
        self.folded: dict[str, list[str]] = {}
        for name in names:
            self.folded.setdefault(self._squeeze(name), []).append(name)
        self.claimed: set[str] = set()
        self.problems: list[str] = []
        self.absent: list[tuple[str, str]] = []

    @staticmethod
    def _squeeze(name: str) -> str:
        return fold(name).replace(" ", "")

    def look_up(self, candidates: Sequence[str]) -> str | None:
        """Find the first candidate there is, without a word where there is none."""
        for candidate in candidates:
            if candidate in self.exact:
                return candidate
        for candidate in candidates:
            near = self.folded.get(self._squeeze(candidate), [])
            if len(near) == 1:
                return near[0]
        return None

    def find(self, candidates: Sequence[str], what: str) -> str | None:
        """Find and claim the first candidate there is, or note a problem."""
        found = self.look_up(candidates)
        if found is not None:
            self.claimed.add(found)
            return found
        several = next((names for c in candidates if len(names := self.folded.get(self._squeeze(c), [])) > 1), None)
        expected = " or ".join(repr(candidate) for candidate in candidates)
        if several:
            self.problems.append(f"{what}: {expected} could be {' or '.join(map(repr, several))}; name it exactly")
            return None
        self.absent.append((f"{what}: no column {expected}", candidates[0]))
        return None

    def absences(self) -> list[str]:
        """Describe the columns that were not found, each with the nearest name that is nothing else."""
        free = [self._squeeze(name) for name in self.free()]
        lines = []
        for line, candidate in self.absent:
            near = get_close_matches(self._squeeze(candidate), free, n=1, cutoff=0.7)
            lines.append(f"{line}; did you mean {self.folded[near[0]][0]!r}?" if near else line)
        return lines

    def free(self) -> list[str]:
        return [name for name in self.names if name not in self.claimed]


def map_columns(study: Study, source: Source, names: Sequence[str], *, blank: Sequence[str] = ()) -> ColumnMap:
    """Say what each column of a file is.

    Parameters
    ----------
    study, source
        The contract, and the source that the file belongs to.
    names
        The columns of the file.
    blank
        Those of them that hold nothing and have no name: they are no columns.
    """
    table = _Names([name for name in names if name not in set(blank)])
    key = source.key.column if source.key is not None else None
    key = table.find([key], "the participants' key") if key is not None else None
    wave = table.find([str(source.wave_column)], "the wave") if source.shape == "long" else None
    order = source.duplicates.order_by
    order = table.find([order], "the order of duplicates") if order is not None else None
    rules = {rule.id: table.find([rule.column], f"row rule {rule.id!r}") for rule in row_rules_of(study, source)}
    mapped: dict[Wave, dict[str, str]] = {}
    constants: dict[Wave, dict[str, Code]] = {}
    for block, columns in expected_columns(study, source).items():
        mapped[block], constants[block] = _map_block(table, source, block, columns)
    repeated = {} if None in mapped else _repeated(study, source, table, mapped)
    personal = _claim_all(table, study.head.privacy.personal_columns)
    for name in sorted({name for columns in mapped.values() for name in columns.values()} & set(personal)):
        table.problems.append(f"column {name!r} is personal and cannot be stored; the contract maps it all the same")
    _claim_all(table, [name for t in study.tables.values() for ignored in t.ignored for name in ignored.columns])
    return ColumnMap(
        key=key,
        wave_column=wave,
        order=order,
        mapped=mapped,
        constants=constants,
        repeated=repeated,
        row_rules={rule: column for rule, column in rules.items() if column is not None},
        unexpected=tuple(table.free()),
        personal=tuple(personal),
        problems=_summed_up(table),
    )


def expected_columns(study: Study, source: Source) -> dict[Wave, tuple[Column, ...]]:
    """Give the contracted columns that the files of a source hold, by wave (None: participants)."""
    if source.shape == "participants":
        waves: tuple[str, ...] = ()
    elif source.shape == "per_wave":
        waves = (str(source.wave),)
    elif source.shape == "long":
        waves = tuple(wave for wave in study.wave_ids if wave in source.wave_values.values())
    else:
        named = {wave for by_wave in source.columns_by_wave.values() for wave in by_wave}
        waves = tuple(wave for wave in study.wave_ids if wave in named)
    blocks: dict[Wave, tuple[Column, ...]] = {wave: study.wave_columns(wave) for wave in waves}
    if feeds_participants(study, source):
        blocks[None] = study.participant_columns
    return {
        wave: tuple(column for column in columns if not column.sources or source.id in column.sources)
        for wave, columns in blocks.items()
    }


def feeds_participants(study: Study, source: Source) -> bool:
    """Say whether the baseline columns are read from a source: the one named, and all others of the same wave."""
    named = next(other for other in study.head.sources if other.id == study.head.participants.source)
    if source.id == named.id:
        return True
    if named.shape in ("participants", "wide"):
        return False
    baseline = study.head.participants.wave or named.wave
    if baseline is None:
        return False
    return source.wave == baseline or (source.shape == "long" and baseline in source.wave_values.values())


def row_rules_of(study: Study, source: Source) -> tuple[RowRule, ...]:
    """Give the rules of the contract that send rows of a source to quarantine."""
    return tuple(rule for rule in study.head.quarantine if not rule.sources or source.id in rule.sources)


def _map_block(
    table: _Names, source: Source, wave: Wave, columns: Sequence[Column]
) -> tuple[dict[str, str], dict[str, Code]]:
    mapped: dict[str, str] = {}
    constants: dict[str, Code] = {}
    for column in columns:
        if column.name in source.constants:
            constants[column.name] = source.constants[column.name]
            continue
        by_wave = source.columns_by_wave.get(column.name, {}) if wave is not None else {}
        if wave is not None and by_wave and wave not in by_wave:
            table.problems.append(f"column {column.name!r}: `columns_by_wave` names none for wave {wave!r}")
            continue
        candidates = (by_wave[wave],) if wave is not None and by_wave else column.names_in_files(source.platform)
        found = table.find(candidates, f"column {column.name!r}")
        if found is not None:
            mapped[column.name] = found
    return mapped, constants


def _repeated(study: Study, source: Source, table: _Names, mapped: Mapping[Wave, Mapping[str, str]]) -> dict[str, str]:
    """Find baseline columns that a later file holds once more."""
    own = {name for columns in mapped.values() for name in columns}
    repeated = {}
    for column in study.participant_columns:
        found = table.look_up(column.names_in_files(source.platform)) if column.name not in own else None
        if found is not None and found not in table.claimed:
            table.claimed.add(found)
            repeated[column.name] = found
    return repeated


def _claim_all(table: _Names, names: Sequence[str]) -> list[str]:
    found = [hit for name in names if (hit := table.look_up([name])) is not None]
    table.claimed.update(found)
    return list(dict.fromkeys(found))


def _summed_up(table: _Names) -> tuple[str, ...]:
    """Where nothing at all is found, say that once: the likely reason is a file without a header."""
    if len(table.absent) > 1 and not table.claimed:
        return (f"none of the {len(table.absent)} expected columns is in the first row: has the file lost its header?",)
    return (*table.problems, *table.absences())
