"""What does each column of a study mean? The contract and the stored tables, folded into one entry a column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from increase_eval.reporting.codebook.more_tables import TABLE_NEEDS
from increase_eval.reporting.codebook.stored import (
    COLUMN_LABELS,
    DERIVED_COLUMNS,
    ESTIMATE_TABLE,
    ESTIMATE_TABLE_COLUMNS,
    PROVENANCE_COLUMNS,
    STORED_TABLES,
    StoredType,
)
from increase_eval.reporting.leaving import is_estimate_table
from increase_eval.reporting.translations import LANGUAGES, Translator
from increase_eval.study.base import Code
from increase_eval.study.study import Study
from increase_eval.study.tables import Column, ColumnType


@dataclass(frozen=True, slots=True)
class ColumnEntry:
    """One column of one stored table.

    Attributes
    ----------
    table, name
        The stored table, and the column in it.
    labels
        Language -> what the column is.
    type
        ``integer``, ``number``, ``category``, ``boolean``, ``date`` or ``text``.
    values
        Code -> language -> label.
    missing
        Reason -> the codes in the files that stand for it.
    range
        Lowest and highest allowed value, where the contract gives them.
    waves
        The waves that ask it; empty for columns that belong to no wave.
    sources
        Where files have another name for it: ``platform: name``, or the name alone.
    scales
        The scales it is an item of; ``(reversed)`` follows where the scale turns it round.
    is_required, is_unique, severity
        The rules of the contract; `severity` is what a value that is not allowed costs, or empty.
    """

    table: str
    name: str
    labels: Mapping[str, str]
    type: ColumnType | StoredType
    values: tuple[tuple[Code, Mapping[str, str]], ...] = ()
    missing: tuple[tuple[str, tuple[Code, ...]], ...] = ()
    range: tuple[float, float] | None = None
    waves: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    scales: tuple[tuple[str, bool], ...] = ()
    is_required: bool = False
    is_unique: bool = False
    severity: str = ""


@dataclass(frozen=True, slots=True)
class Codebook:
    """The data dictionary of one study.

    Attributes
    ----------
    study
        The study it describes.
    entries
        One entry a column, by table: participants, waves in order, then what is made from them.
    undocumented
        Pairs (table, column) that are stored and that neither the contract nor the library describes.
    """

    study: Study
    entries: tuple[ColumnEntry, ...]
    undocumented: tuple[tuple[str, str], ...] = ()

    def by_table(self) -> dict[str, tuple[ColumnEntry, ...]]:
        """Give the entries of each table, in order."""
        names = dict.fromkeys(entry.table for entry in self.entries)
        return {name: tuple(entry for entry in self.entries if entry.table == name) for name in names}


def build_codebook(study: Study, tables: Mapping[str, pd.DataFrame] | None = None) -> Codebook:
    """Describe every column of a study.

    Parameters
    ----------
    study
        The contract.
    tables
        The stored tables by name, where there are any. Columns that they have beyond the description (levels,
        ``by_*``) are added, those that they lack are left out, and what nobody describes is named in `undocumented`.

    Returns
    -------
    Codebook
        Entries in the order of the stored columns.
    """
    planned = tuple(_planned(study))
    if tables is None:
        return Codebook(study, planned)
    described = {(entry.table, entry.name): entry for entry in planned}
    entries: list[ColumnEntry] = []
    undocumented: list[tuple[str, str]] = []
    for table, frame in _in_order(tables, planned):
        if is_estimate_table(frame):
            continue
        for name in frame.columns:
            entry = described.get((table, name)) or _plain(table, name)
            if entry is None:
                undocumented.append((table, name))
            else:
                entries.append(entry)
    shared = tuple(entry for entry in planned if entry.table == ESTIMATE_TABLE)
    return Codebook(study, (*entries, *shared), tuple(undocumented))


def _in_order(
    tables: Mapping[str, pd.DataFrame], planned: tuple[ColumnEntry, ...]
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Tables as they are planned, then the others by name."""
    known = list(dict.fromkeys(entry.table for entry in planned))
    for name in [*(n for n in known if n in tables), *sorted(set(tables) - set(known))]:
        yield name, tables[name]


def _planned(study: Study) -> Iterator[ColumnEntry]:
    yield from _participants(study)
    for wave in study.wave_ids:
        table = f"wave_{wave}"
        yield from (_known(table, name) for name in PROVENANCE_COLUMNS)
        yield from (_contracted(study, column, table, (wave,)) for column in study.wave_columns(wave))
        if any(column.role == "answer_date" for column in study.wave_columns(wave)):
            yield from (_known(table, name) for name in DERIVED_COLUMNS)
    for table, names in STORED_TABLES.items():
        if TABLE_NEEDS.get(table, "") in ("", *study.capabilities):
            yield from (_known(table, name) for name in names)
    yield from (_known(ESTIMATE_TABLE, name) for name in ESTIMATE_TABLE_COLUMNS)


def _participants(study: Study) -> Iterator[ColumnEntry]:
    """Key and arm first, then the units, then the other contracted columns; none of them twice."""
    contracted = {column.name: column for column in study.participant_columns}
    yield _known("participants", "participant")
    yield _arm(study)
    for level in study.head.levels:
        values = tuple((unit.id, unit.label.model_dump()) for unit in level.units)
        yield ColumnEntry("participants", level.column, level.label.model_dump(), "category", values)
    given = {"arm", *(level.column for level in study.head.levels)}
    if study.head.participants.entry_date:
        given.add("entry_date")
        yield _known("participants", "entry_date")
    yield from (
        _contracted(study, column, "participants", ()) for name, column in contracted.items() if name not in given
    )


def _arm(study: Study) -> ColumnEntry:
    values = tuple((arm.id, arm.label.model_dump()) for arm in study.head.arms)
    return ColumnEntry("participants", "arm", _labels("codebook.column_arm"), "category", values)


def _contracted(study: Study, column: Column, table: str, waves: tuple[str, ...]) -> ColumnEntry:
    has_rule = bool(column.range or column.values or column.required or column.unique)
    return ColumnEntry(
        table=table,
        name=column.name,
        labels=column.label.model_dump(),
        type=column.type,
        values=tuple((value.code, value.label.model_dump()) for value in study.table_of(column).values_of(column)),
        missing=tuple(column.missing.items()),
        range=column.range,
        waves=waves,
        sources=_names_in_files(column),
        scales=tuple((s.id, column.name in s.reversed) for s in study.scales if column.name in s.items),
        is_required=column.required,
        is_unique=column.unique,
        severity=column.severity if has_rule else "",
    )


def _names_in_files(column: Column) -> tuple[str, ...]:
    own = (column.source,) if column.source and column.source != column.name else ()
    return (*own, *(f"{platform}: {name}" for platform, name in column.aliases.items()))


def _known(table: str, name: str) -> ColumnEntry:
    column_type, key = COLUMN_LABELS[name]
    return ColumnEntry(table, name, _labels(key), column_type)


def _plain(table: str, name: str) -> ColumnEntry | None:
    if table not in STORED_TABLES:
        return None
    if name.startswith("by_"):
        labels = {lang: Translator(lang)("codebook.column_by", name=name.removeprefix("by_")) for lang in LANGUAGES}
        return ColumnEntry(table, name, labels, "category")
    return _known(table, name) if name in COLUMN_LABELS else None


def _labels(key: str) -> dict[str, str]:
    return {language: Translator(language)(key) for language in LANGUAGES}
