"""One file under its contract: rows that may stay, their codes, the reasons for gaps, and what was rejected.

Rows are judged first (blank, test, withdrawn, without a key), then the values of those that are left. Personal columns
are never touched here, so that nothing of them can be stored.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.intake.columns import ColumnMap, Wave, expected_columns, fold, row_rules_of
from increase_eval.intake.drift import ColumnFacts, column_facts
from increase_eval.intake.duplicates import order_values
from increase_eval.intake.findings import Rejections
from increase_eval.intake.keys import hash_keys, is_well_formed, normalise_keys
from increase_eval.intake.raw import RawTable
from increase_eval.intake.rules import Rule, column_rules, effective_values
from increase_eval.intake.values import REASONS, ColumnReader, Conversion, cell_text, find_decimal
from increase_eval.study.base import Text
from increase_eval.study.sources import Source
from increase_eval.study.structure import KeyRule
from increase_eval.study.study import Study
from increase_eval.study.tables import Column

PREVIEW_STATUS = frozenset(
    {"survey preview", "survey test", "preview spam", "offline survey preview", "preview", "1", "2", "9", "17"}
)
"""What Qualtrics writes in its column Status for answers that are no answers (4 is imported, 8 spam, 16 offline)."""

ROW_BY_ROW = ("values", "range", "required")
"""The kinds of rules that can be asked before rows of all files are together."""

_ROW_NUMBER = KeyRule(column=None)


@dataclass(frozen=True, slots=True)
class Block:
    """What one file holds for one wave, or for the table of participants.

    Attributes
    ----------
    positions
        Shape (n,): the places of its rows in the file.
    frame
        Shape (n, columns): the contracted columns as stored.
    """

    positions: np.ndarray
    frame: pd.DataFrame


@dataclass(frozen=True, slots=True)
class ConformedFile:
    """One file under its contract.

    Attributes
    ----------
    name, source, raw
        Which file, of which source, as read (its `frame` is empty: cells are not kept).
    participant
        Shape (rows,): the hashed key; blank where the row is quarantined.
    order
        Shape (rows,): what orders duplicates; NaN where nothing is declared.
    quarantined
        Shape (rows,): which rows do not stay.
    blocks, repeated
        By wave (None: participants); and baseline columns that a later file repeats.
    rejections
        Position, column, rule, severity, allowed, remedy, value: values here are in the open and never leave.
    reasons
        Position, wave, column, reason.
    facts
        What the codebook of the file looks like, for the comparison between waves.
    column_names
        Wave -> contracted column -> column of the file.
    notes
        Kind of finding -> how many cells it is about.
    """

    name: str
    source: Source
    raw: RawTable
    participant: pd.Series
    order: np.ndarray
    quarantined: np.ndarray
    blocks: Mapping[Wave, Block]
    repeated: Block | None
    rejections: pd.DataFrame
    reasons: pd.DataFrame
    facts: tuple[ColumnFacts, ...]
    column_names: Mapping[Wave, Mapping[str, str]]
    notes: Mapping[str, int]


class Contract:
    """The look-ups and rules of a study, prepared once for all files."""

    def __init__(self, study: Study, *, key_secret: bytes, language: str) -> None:
        self.study = study
        self.key_secret = key_secret
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


def conform_file(contract: Contract, source: Source, name: str, raw: RawTable, columns: ColumnMap) -> ConformedFile:
    """Bring one file under its contract.

    Parameters
    ----------
    contract
        The study, prepared.
    source, name, raw
        The file, as read.
    columns
        What each of its columns is; without problems.
    """
    rejections = Rejections(contract.language)
    quarantined = _judge_rows(contract.study, source, raw, columns, rejections)
    keys = _keys(contract, source, name, raw, columns, quarantined, rejections)
    waves = _waves(source, raw, columns, quarantined, rejections)
    decimal = find_decimal(raw, _number_columns(contract.study, source, columns))
    work = _File(contract, source, raw, columns, decimal, rejections)
    blocks = {
        wave: work.block(wave, _rows_of(contract.study, source, wave, waves, raw, columns, quarantined))
        for wave in columns.mapped
    }
    repeated = work.repeated_block(np.flatnonzero(~quarantined)) if columns.repeated else None
    table = rejections.table()
    quarantined = quarantined.copy()
    quarantined[table.loc[table["severity"] == "row", "position"].to_numpy()] = True
    order, unread = _order(raw, columns, work)
    return ConformedFile(
        name=name,
        source=source,
        raw=dataclasses.replace(raw, frame=raw.frame.iloc[:, :0]),
        participant=keys.mask(quarantined, ""),
        order=order,
        quarantined=quarantined,
        blocks=blocks,
        repeated=repeated,
        rejections=table,
        reasons=work.reasons(),
        facts=tuple(work.facts),
        column_names=columns.mapped,
        notes={**raw.notes, **({"order_unreadable": unread} if unread else {})},
    )


def _judge_rows(study: Study, source: Source, raw: RawTable, columns: ColumnMap, rejections: Rejections) -> np.ndarray:
    """Find the rows that are no answers; each is quarantined by the first rule it breaks."""
    gone = np.zeros(len(raw.frame), dtype=bool)
    rules = sorted(row_rules_of(study, source), key=lambda rule: rule.kind != "consent_withdrawn")
    for rule in rules:
        column = columns.row_rules[rule.id]
        wanted = {fold(cell_text(value)) for value in rule.values}
        hit = _matches(raw, column, wanted) & ~gone
        withdrawn = rule.kind == "consent_withdrawn"
        rejections.add(
            np.flatnonzero(hit),
            rule=rule.id,
            severity="row",
            column=None if withdrawn else column,
            remedy=rule.remedy,
        )
        gone |= hit
    if raw.format == "qualtrics" and "Status" in raw.frame:
        hit = _matches(raw, "Status", PREVIEW_STATUS) & ~gone
        rejections.add(np.flatnonzero(hit), rule="preview", severity="row", column="Status")
        gone |= hit
    blank = _blank_rows(raw.frame) & ~gone
    rejections.add(np.flatnonzero(blank), rule="empty_row", severity="row")
    return gone | blank


def _matches(raw: RawTable, column: str, wanted: Iterable[str]) -> np.ndarray:
    """Find the cells whose code or label is one of those wanted."""
    codes, unique = pd.factorize(raw.frame[column])
    labels = {cell_text(code): fold(label) for code, label in raw.value_labels.get(column, {}).items()}
    wanted = set(wanted)
    texts = [cell_text(cell) for cell in unique]
    hits = np.array([fold(text) in wanted or labels.get(text) in wanted for text in texts] + [False], dtype=bool)
    return hits[codes]


def _blank_rows(frame: pd.DataFrame) -> np.ndarray:
    blank = np.ones(len(frame), dtype=bool)
    for name in frame.columns:
        candidates = np.flatnonzero(blank)
        if not len(candidates):
            break
        cells = frame[name].iloc[candidates]
        empty = cells.isna().to_numpy()
        if not pd.api.types.is_numeric_dtype(cells.dtype) and not empty.all():
            empty = empty | np.array([isinstance(cell, str) and not cell.strip() for cell in cells], dtype=bool)
        blank[candidates[~empty]] = False
    return blank


def _keys(
    contract: Contract,
    source: Source,
    name: str,
    raw: RawTable,
    columns: ColumnMap,
    quarantined: np.ndarray,
    rejections: Rejections,
) -> pd.Series:
    """Hash the keys of the rows that are left; rows without a proper one are quarantined."""
    rule = source.key or _ROW_NUMBER
    if columns.key is None:
        prefix = f"{source.id}\0{name}\0" if len(source.files) > 1 or "*" in source.files[0] else ""
        texts = [f"{prefix}{row}" for row in raw.rows]
        return hash_keys(texts, key_secret=contract.key_secret, study_id=contract.study.id)
    codes, unique = pd.factorize(raw.frame[columns.key])
    texts = [*normalise_keys([cell_text(cell) for cell in unique], rule), ""]
    formed = np.array([*is_well_formed(texts[:-1], rule), False], dtype=bool)
    present = np.array([bool(text) for text in texts], dtype=bool)
    open_rows = ~quarantined
    missing, malformed = open_rows & ~present[codes], open_rows & present[codes] & ~formed[codes]
    rejections.add(np.flatnonzero(missing), rule="key_missing", severity="row", column=columns.key)
    rejections.add(
        np.flatnonzero(malformed),
        rule="key_malformed",
        severity="row",
        column=columns.key,
        allowed=Text(en=f"a key that matches {rule.pattern}", fr=f"un identifiant conforme à {rule.pattern}"),
        values=[texts[code] for code in codes[malformed]],
    )
    quarantined |= missing | malformed
    hashed = hash_keys(texts, key_secret=contract.key_secret, study_id=contract.study.id)
    return hashed.iloc[codes].reset_index(drop=True)


def _waves(
    source: Source, raw: RawTable, columns: ColumnMap, quarantined: np.ndarray, rejections: Rejections
) -> np.ndarray | None:
    """In a long file, say which wave each row belongs to; a row of none is quarantined."""
    if columns.wave_column is None:
        return None
    codes, unique = pd.factorize(raw.frame[columns.wave_column])
    by_text = {fold(written): wave for written, wave in source.wave_values.items()}
    labels = {cell_text(c): fold(label) for c, label in raw.value_labels.get(columns.wave_column, {}).items()}
    texts = [cell_text(cell) for cell in unique]
    spellings = [(fold(text), labels.get(text, ""), _whole(text)) for text in texts]
    found = [next((by_text[s] for s in several if s in by_text), None) for several in spellings]
    waves = np.array([*found, None], dtype=object)[codes]
    unknown = ~quarantined & np.array([wave is None for wave in waves], dtype=bool)
    rejections.add(
        np.flatnonzero(unknown),
        rule="unknown_wave",
        severity="row",
        column=columns.wave_column,
        allowed=Text(en=", ".join(source.wave_values), fr=", ".join(source.wave_values)),
        values=[texts[code] if code >= 0 else "" for code in codes[unknown]],
    )
    quarantined |= unknown
    return waves


def _whole(text: str) -> str:
    """Write 6.0 as 6."""
    try:
        return cell_text(float(text))
    except (ValueError, OverflowError):
        return text


def _rows_of(
    study: Study,
    source: Source,
    wave: Wave,
    waves: np.ndarray | None,
    raw: RawTable,
    columns: ColumnMap,
    quarantined: np.ndarray,
) -> np.ndarray:
    """Give the places of the rows that belong to a wave, or to the baseline."""
    keep = ~quarantined
    if source.shape == "long" and waves is not None:
        wanted = wave if wave is not None else study.head.participants.wave
        if wanted is not None:
            keep = keep & (waves == wanted)
    elif source.shape == "wide" and wave is not None:
        filled = raw.frame[list(columns.mapped[wave].values())].notna().any(axis=1)
        keep = keep & filled.to_numpy()
    return np.flatnonzero(keep)


def _number_columns(study: Study, source: Source, columns: ColumnMap) -> list[str]:
    return [
        columns.mapped[wave][column.name]
        for wave, expected in expected_columns(study, source).items()
        for column in expected
        if column.type == "number" and column.name in columns.mapped[wave]
    ]


def _order(raw: RawTable, columns: ColumnMap, work: _File) -> tuple[np.ndarray, int]:
    """Read the column that orders duplicates, as numbers or as dates; rows without a value come first."""
    if columns.order is None:
        return np.full(len(raw.frame), np.nan), 0
    return order_values(raw, columns.order, work.date_formats_of(columns.order))


class _File:
    """One file at work: converts its columns, and gathers reasons and facts on the way."""

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
        self._expected = expected_columns(contract.study, source)
        self._reasons: list[pd.DataFrame] = []

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
        return self.contract.reader(column).read(
            self.raw, in_file, positions, decimal=self.decimal, values_by=self.source.values_by
        )

    def _column(self, column: Column, in_file: str, wave: Wave, positions: np.ndarray) -> pd.Series:
        reader = self.contract.reader(column)
        read = self._read(column, in_file, positions)
        self._note_reasons(column, wave, positions, read)
        self.facts.append(column_facts(column, wave, self.source, self.raw, in_file, reader, read))
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
        return read.values.mask(broken) if broken.any() else read.values

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
                values=read.texts(mask),
            )

    def _note_reasons(self, column: Column, wave: Wave, positions: np.ndarray, read: Conversion) -> None:
        noted = read.reasons > 0
        if noted.any():
            reasons = np.array(REASONS, dtype=object)[read.reasons[noted] - 1]
            part: dict[str, Any] = {"position": positions[noted], "column": column.name, "reason": reasons}
            self._reasons.append(pd.DataFrame(part).assign(wave=wave))

    def reasons(self) -> pd.DataFrame:
        """Give the reasons of all declared gaps."""
        columns = ["position", "wave", "column", "reason"]
        if not self._reasons:
            return pd.DataFrame({column: pd.Series(dtype="object") for column in columns}).astype({"position": "int64"})
        parts = [part.astype({"wave": "object"}) for part in self._reasons]
        return pd.concat(parts, ignore_index=True)[columns]
