"""Rows of one file under its contract: those that may stay, their codes, the reasons for gaps, and what was rejected.

Rows are judged first (blank, test, withdrawn, without a key), then the values of those that are left. Personal columns
are never touched here, so that nothing of them can be stored. Nothing here looks beyond the rows it is given: what a
file decides as a whole is an argument, so that it does not matter in how many parts a file comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from increase_eval.intake.columns import ColumnMap, Wave, expected_columns
from increase_eval.intake.drift import ColumnFacts, column_facts
from increase_eval.intake.duplicates import OrderValues, order_values
from increase_eval.intake.findings import Rejections
from increase_eval.intake.keys import KeyHasher
from increase_eval.intake.raw import RawTable
from increase_eval.intake.rows import judge_rows, read_keys, read_waves, rows_of
from increase_eval.intake.rules import Rule, column_rules, effective_values
from increase_eval.intake.values import REASONS, ColumnReader, Conversion
from increase_eval.study.sources import Source
from increase_eval.study.study import Study
from increase_eval.study.tables import Column

ROW_BY_ROW = ("values", "range", "required")
"""The kinds of rules that can be asked before rows of all files are together."""

KEY_RULES = ("key_missing", "key_malformed")
"""What puts a row into quarantine for its key alone. It is read all the same, since a person may say whose it is."""


@dataclass(frozen=True, slots=True, repr=False)
class Block:
    """What rows hold for one wave, or for the table of participants.

    Attributes
    ----------
    positions
        Shape (n,): their places in the file, or in the part of it.
    frame
        Shape (n, columns): the contracted columns as stored.
    """

    positions: np.ndarray
    frame: pd.DataFrame


@dataclass(frozen=True, slots=True, repr=False)
class ConformedRows:
    """Some rows of a file under its contract.

    Attributes
    ----------
    participant
        Shape (rows,): the hashed key; blank where the row is quarantined.
    order
        What orders duplicates; None where nothing is declared.
    quarantined
        Shape (rows,): which rows do not stay.
    blocks, repeated
        By wave (None: participants); and baseline columns that a later file repeats.
    rejections
        Position, column, rule, severity, allowed, remedy, value: values here are in the open and never leave.
    withheld
        The same, of rows that are in quarantine for their key: it counts once a correction has linked them.
    reasons
        Wave and contracted column -> position, wave, column, reason, for those with any.
    facts
        What the codebook of the file looks like, for the comparison between waves; one for each contracted column that
        the file has, in the order of waves and columns.
    """

    participant: pd.Series
    order: OrderValues | None
    quarantined: np.ndarray
    blocks: dict[Wave, Block]
    repeated: Block | None
    rejections: pd.DataFrame
    withheld: pd.DataFrame
    reasons: Mapping[tuple[Wave, str], pd.DataFrame]
    facts: tuple[ColumnFacts, ...]


class Contract:
    """The look-ups and rules of a study, prepared once for all files."""

    def __init__(self, study: Study, *, key_secret: bytes, language: str) -> None:
        self.study = study
        self.hasher = KeyHasher(key_secret, study.id)
        self.language = language
        self._readers: dict[int, ColumnReader] = {}
        self._rules: dict[int, dict[str, Rule]] = {}

    def reader(self, column: Column) -> ColumnReader:
        """Give the reader of a column."""
        if id(column) not in self._readers:
            self._readers[id(column)] = ColumnReader.of(column, effective_values(self.study, column))
        return self._readers[id(column)]

    def rules(self, column: Column) -> Mapping[str, Rule]:
        """Give the rules of a column by kind."""
        if id(column) not in self._rules:
            self._rules[id(column)] = {rule.kind: rule for rule in column_rules(self.study, [column])}
        return self._rules[id(column)]


def conform_rows(
    contract: Contract, source: Source, name: str, raw: RawTable, columns: ColumnMap, *, decimal: str
) -> ConformedRows:
    """Bring rows of one file under its contract.

    Parameters
    ----------
    contract
        The study, prepared.
    source, name, raw
        The file, and the rows as read.
    columns
        What each of its columns is; without problems.
    decimal
        The decimal mark of the file.
    """
    rejections = Rejections(contract.language)
    judged = judge_rows(contract.study, source, raw, columns, rejections)
    # Rows without a proper key are read like the others, and what is found there is withheld until somebody links them.
    without_key, quarantined = judged.copy(), judged.copy()
    keys = read_keys(contract.hasher, source, name, raw, columns, without_key, rejections)
    waves = read_waves(source, raw, columns, quarantined, rejections)
    work = _Rows(contract, source, raw, columns, decimal, rejections)
    blocks = {
        wave: work.block(wave, rows_of(contract.study, source, wave, waves, raw, columns, quarantined))
        for wave in columns.mapped
    }
    repeated = work.repeated_block(np.flatnonzero(~quarantined)) if columns.repeated else None
    table, withheld = _withhold(rejections.table(), without_key & ~judged)
    quarantined = quarantined | without_key
    quarantined[table.loc[table["severity"] == "row", "position"].to_numpy()] = True
    order = columns.order
    return ConformedRows(
        participant=keys.mask(quarantined, ""),
        order=None if order is None else order_values(raw, order, work.date_formats_of(order)),
        quarantined=quarantined,
        blocks=blocks,
        repeated=repeated,
        rejections=table,
        withheld=withheld,
        reasons=work.reasons,
        facts=tuple(work.facts),
    )


def _withhold(rejections: pd.DataFrame, keyless: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Set apart what was found in rows that are in quarantine for their key."""
    aside = keyless[rejections["position"].to_numpy()] & ~rejections["rule"].isin(KEY_RULES).to_numpy()
    return rejections[~aside].reset_index(drop=True), rejections[aside].reset_index(drop=True)


def number_columns(study: Study, source: Source, columns: ColumnMap) -> list[str]:
    """Give the columns of a file that hold numbers which may have decimals."""
    return [
        columns.mapped[wave][column.name]
        for wave, expected in expected_columns(study, source).items()
        for column in expected
        if column.type == "number" and column.name in columns.mapped[wave]
    ]


class _Rows:
    """Rows of a file at work: converts its columns, and gathers reasons and facts on the way."""

    def __init__(
        self,
        contract: Contract,
        source: Source,
        raw: RawTable,
        columns: ColumnMap,
        decimal: str,
        rejections: Rejections,
    ) -> None:
        self.contract = contract
        self.source = source
        self.raw = raw
        self.columns = columns
        self.decimal = decimal
        self.rejections = rejections
        self.facts: list[ColumnFacts] = []
        self.reasons: dict[tuple[Wave, str], pd.DataFrame] = {}
        self._expected = expected_columns(contract.study, source)
        self._converted: dict[tuple[int, str], Conversion] = {}

    def date_formats_of(self, name: str) -> tuple[str, ...]:
        """Give the date formats of the contracted column that a column of the file is, if it is one."""
        for wave, expected in self._expected.items():
            for column in expected:
                if self.columns.mapped[wave].get(column.name) == name and column.type == "date":
                    return column.date_formats
        return ()

    def block(self, wave: Wave, positions: np.ndarray) -> Block:
        """Convert the columns of one wave."""
        mapped, constants = self.columns.mapped[wave], self.columns.constants[wave]
        values: dict[str, pd.Series] = {}
        for column in self._expected[wave]:
            if column.name in constants:
                values[column.name] = self.contract.reader(column).constant(constants[column.name], len(positions))
            else:
                values[column.name] = self._column(column, mapped[column.name], wave, positions)
        return Block(positions, pd.DataFrame(values, index=pd.RangeIndex(len(positions))))

    def repeated_block(self, positions: np.ndarray) -> Block:
        """Convert the baseline columns that a later file holds once more, without judging them again."""
        by_name = {column.name: column for column in self.contract.study.participant_columns}
        values = {
            name: self._read(by_name[name], in_file, positions).values
            for name, in_file in self.columns.repeated.items()
        }
        return Block(positions, pd.DataFrame(values, index=pd.RangeIndex(len(positions))))

    def _read(self, column: Column, in_file: str, positions: np.ndarray) -> Conversion:
        """Convert a column; where several waves of a long file share it, once for all of them."""
        reader, every = self.contract.reader(column), len(self.raw.frame)
        if len(positions) == every or self.columns.wave_column is None:
            return reader.read(self.raw, in_file, positions, decimal=self.decimal, values_by=self.source.values_by)
        if (id(column), in_file) not in self._converted:
            rows = np.arange(every)
            self._converted[id(column), in_file] = reader.read(
                self.raw, in_file, rows, decimal=self.decimal, values_by=self.source.values_by
            )
        return self._converted[id(column), in_file].at(positions)

    def _column(self, column: Column, in_file: str, wave: Wave, positions: np.ndarray) -> pd.Series:
        reader = self.contract.reader(column)
        read = self._read(column, in_file, positions)
        self._note_reasons(column, wave, positions, read)
        rules = self.contract.rules(column)
        readable = "values" if "values" in rules else "type"
        self._reject(read.failed, positions, in_file, readable, rules[readable], read)
        self._reject(read.contradicted, positions, in_file, "label_contradiction", rules[readable], read)
        broken = read.failed | read.contradicted
        frame = pd.DataFrame({column.name: read.values})
        for kind in ROW_BY_ROW:
            if kind in rules:
                mask = rules[kind].mask(frame).to_numpy(dtype=bool) & ~broken
                self._reject(mask, positions, in_file, kind, rules[kind], read)
                broken = broken | mask
        kept = read.values.mask(broken) if broken.any() else read.values
        labels, outside = self.raw.value_labels.get(in_file, {}), int((broken & read.is_filled).sum())
        self.facts.append(column_facts(reader, wave, self.source, labels, kept, outside))
        return kept

    def _reject(
        self, mask: np.ndarray, positions: np.ndarray, in_file: str, kind: str, rule: Rule, read: Conversion
    ) -> None:
        if mask.any():
            self.rejections.add(
                positions[mask],
                rule=kind,
                severity=rule.severity,
                column=in_file,
                allowed=rule.allowed,
                remedy=rule.remedy if kind == rule.kind else None,
                values=read.texts(mask),
            )

    def _note_reasons(self, column: Column, wave: Wave, positions: np.ndarray, read: Conversion) -> None:
        noted = read.reasons > 0
        if noted.any():
            reasons = np.array(REASONS, dtype=object)[read.reasons[noted] - 1]
            part = {"position": positions[noted], "wave": wave, "column": column.name, "reason": reasons}
            table = pd.DataFrame(part).astype({"wave": "object", "column": "object", "reason": "object"})
            self.reasons[wave, column.name] = table
