"""One file under its contract, part by part, so that no more of its text is held than one part.

What a file decides as a whole (its decimal mark, and which columns without a name hold nothing) is taken from the
first part and checked over all of them; where the whole decides otherwise, the file is read once more. So the result
is the same however the file is cut into parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from increase_eval.errors import DataError
from increase_eval.intake.columns import ColumnMap, Wave, map_columns
from increase_eval.intake.conform import Block, ConformedRows, Contract, conform_rows, number_columns
from increase_eval.intake.drift import ColumnFacts
from increase_eval.intake.duplicates import settle_order
from increase_eval.intake.raw import BrokenRow, RawFile, RawTable, UnreadableFileError
from increase_eval.intake.values import decimal_marks
from increase_eval.study.sources import Source


@dataclass(frozen=True, slots=True, repr=False)
class ConformedFile:
    """One file under its contract.

    Attributes
    ----------
    name, source, raw
        Which file, of which source, as read (its `frame` is empty: cells are not kept).
    columns
        What each of its columns is.
    participant
        Shape (rows,): the hashed key; blank where the row is quarantined.
    order
        Shape (rows,): what orders duplicates; NaN where nothing is declared.
    quarantined
        Shape (rows,): which rows do not stay.
    blocks, repeated, rejections, withheld, reasons, facts
        As in :class:`~increase_eval.intake.conform.ConformedRows`, of all rows.
    notes
        Kind of finding -> how many cells it is about.
    """

    name: str
    source: Source
    raw: RawTable
    columns: ColumnMap
    participant: pd.Series
    order: np.ndarray
    quarantined: np.ndarray
    blocks: Mapping[Wave, Block]
    repeated: Block | None
    rejections: pd.DataFrame
    withheld: pd.DataFrame
    reasons: pd.DataFrame
    facts: tuple[ColumnFacts, ...]
    notes: Mapping[str, int]


def conform_file(contract: Contract, source: Source, name: str, file: RawFile, *, batch_rows: int) -> ConformedFile:
    """Bring one file under its contract.

    Parameters
    ----------
    contract
        The study, prepared.
    source, name, file
        The file, opened.
    batch_rows
        About how many rows are held as text at once; it changes nothing but memory and time.

    Raises
    ------
    DataError
        If the file cannot be read to its end, lacks a column, or has an order of duplicates that cannot be read.
    """
    decided: _Decisions | None = None
    while True:
        work = _Parts(contract, source, name, file.head, decided)
        for raw in file.parts(batch_rows):
            work.take(raw)
        if work.decided == work.found:
            break
        decided = work.found
    if work.columns.problems:
        raise DataError(name, [f"{name}: {problem}" for problem in work.columns.problems])
    try:
        return work.whole()
    except UnreadableFileError as problem:
        raise DataError(f"{name}: {problem}") from None


@dataclass(frozen=True, slots=True)
class _Decisions:
    """What a file decides as a whole: which columns without a name hold nothing, and its decimal mark."""

    blank: tuple[str, ...]
    decimal: str


class _Parts:
    """The parts of a file as they come, conformed by what is decided; without a decision, by what the first shows."""

    def __init__(
        self, contract: Contract, source: Source, name: str, head: RawTable, decided: _Decisions | None
    ) -> None:
        self._contract, self._source, self._name, self._head = contract, source, name, head
        self._conformed: list[ConformedRows] = []
        self._rows: list[np.ndarray] = []
        self._broken: list[BrokenRow] = []
        self._marks = np.zeros(2, dtype="int64")
        self._blank = [column for column in head.frame.columns if column.startswith("(column ")]
        self.decided = decided
        self.columns = self._map(self._blank if decided is None else decided.blank)

    def _map(self, blank: Sequence[str]) -> ColumnMap:
        return map_columns(self._contract.study, self._source, list(self._head.frame.columns), blank=blank)

    @property
    def found(self) -> _Decisions:
        """What the parts taken so far decide."""
        commas, points = self._marks
        decimal = self._head.decimal or ("," if commas > points else ".")
        return _Decisions(tuple(self._blank), decimal)

    def take(self, raw: RawTable) -> None:
        """Conform a part; where columns are missing, only look at it."""
        self._broken += raw.broken
        if not len(raw.frame):
            return
        self._blank = [column for column in self._blank if raw.frame[column].isna().all()]
        if self.decided is None:
            self.columns = self._map(self._blank)
        if self._head.decimal is None:
            self._marks += decimal_marks(raw, number_columns(self._contract.study, self._source, self.columns))
        if self.decided is None:
            self.decided = self.found
        if not self.columns.problems:
            self._rows.append(raw.rows)
            self._conform(raw, self.decided.decimal)

    def _conform(self, raw: RawTable, decimal: str) -> None:
        self._conformed.append(
            conform_rows(self._contract, self._source, self._name, raw, self.columns, decimal=decimal)
        )

    def whole(self) -> ConformedFile:
        """Put the parts together. They are used up: each column leaves them as it is taken over."""
        if not self._conformed:
            self._conform(self._head, self.found.decimal)
        parts = self._conformed
        counts = [len(part.quarantined) for part in parts]
        starts = np.cumsum([0, *counts[:-1]])
        order, unread = self._order(sum(counts))
        repeated = [part.repeated for part in parts if part.repeated is not None]
        rows = np.concatenate([self._head.rows, *self._rows])
        return ConformedFile(
            name=self._name,
            source=self._source,
            raw=replace(self._head, frame=self._head.frame.iloc[:, :0], rows=rows, broken=tuple(self._broken)),
            columns=self.columns,
            participant=pd.concat([part.participant for part in parts], ignore_index=True),
            order=order,
            quarantined=np.concatenate([part.quarantined for part in parts]),
            blocks={wave: _joined([part.blocks.pop(wave) for part in parts], starts) for wave in self.columns.mapped},
            repeated=_joined(repeated, starts) if repeated else None,
            rejections=_stacked([part.rejections for part in parts], starts),
            withheld=_stacked([part.withheld for part in parts], starts),
            reasons=_reasons(parts, starts),
            facts=tuple(map(_joined_facts, zip(*(part.facts for part in parts), strict=True))),
            notes={**self._head.notes, **({"order_unreadable": unread} if unread else {})},
        )

    def _order(self, count: int) -> tuple[np.ndarray, int]:
        """Settle what orders duplicates; rows without a value come first."""
        if self.columns.order is None:
            return np.full(count, np.nan), 0
        return settle_order([part.order for part in self._conformed if part.order is not None], self.columns.order)


def _joined(blocks: Sequence[Block], starts: np.ndarray) -> Block:
    """Put blocks below each other, column by column, so that no more than one column is held twice."""
    if len(blocks) == 1:
        return blocks[0]
    positions = np.concatenate([block.positions + start for block, start in zip(blocks, starts, strict=True)])
    frames = [block.frame for block in blocks]
    columns = {
        name: pd.concat([frame.pop(name) for frame in frames], ignore_index=True) for name in list(frames[0].columns)
    }
    return Block(positions, pd.DataFrame(columns, index=pd.RangeIndex(len(positions)), copy=False))


def _stacked(tables: Sequence[pd.DataFrame], starts: np.ndarray) -> pd.DataFrame:
    """Put tables with positions below each other; those of the parts become those of the file."""
    moved = [
        table.assign(position=table["position"] + start)
        for table, start in zip(tables, starts, strict=True)
        if len(table)
    ]
    return pd.concat(moved, ignore_index=True) if moved else tables[0]


def _reasons(parts: Sequence[ConformedRows], starts: np.ndarray) -> pd.DataFrame:
    """Give the reasons of all gaps column by column, as if the file had been one part."""
    filled = []
    for fact in parts[0].facts:
        own = [(part.reasons.get((fact.wave, fact.column)), start) for part, start in zip(parts, starts, strict=True)]
        filled += [table.assign(position=table["position"] + start) for table, start in own if table is not None]
    columns = {"position": "int64", "wave": "object", "column": "object", "reason": "object"}
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(columns)).astype(columns)


def _joined_facts(facts: Sequence[ColumnFacts]) -> ColumnFacts:
    """Give the facts of a column from those of the parts of a file."""
    lows = [fact.low for fact in facts if fact.low is not None]
    highs = [fact.high for fact in facts if fact.high is not None]
    return replace(
        facts[0],
        low=min(lows, default=None),
        high=max(highs, default=None),
        count=sum(fact.count for fact in facts),
        outside=sum(fact.outside for fact in facts),
    )
