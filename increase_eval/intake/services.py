"""The service's own monthly counts: by unit, month and pathway step, with every row and every cell accounted for.

One file is a table with a row a unit and month, or a workbook with a sheet a unit and a row a month. Counts are whole
numbers of people, new in the month unless the contract says cumulative; cumulative counts are turned into new ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import python_calamine

from increase_eval.errors import DataError
from increase_eval.intake.cells import cell_text
from increase_eval.intake.columns import fold
from increase_eval.intake.files import find_files, relative_name, require_folder
from increase_eval.intake.findings import Rejections, quarantine_table
from increase_eval.intake.ledger import ledger_table
from increase_eval.intake.raw import RawTable
from increase_eval.intake.readers import read_file
from increase_eval.intake.remedies import REMEDIES as INTAKE_REMEDIES
from increase_eval.study.base import Text
from increase_eval.study.services import CountSource, ServiceStatistics
from increase_eval.study.sources import ReadOptions, Source
from increase_eval.study.structure import Level
from increase_eval.study.study import Study

SOURCE_ID = "service_statistics"

REMEDIES = {
    "month": Text(
        en="Write the month as the contract says, or declare `month_format`.",
        fr="Écrire le mois comme le contrat le dit, ou déclarer `month_format`.",
    ),
    "unknown_unit": Text(
        en="Correct the name of the unit, or add it to the level of the contract.",
        fr="Corriger le nom de l'unité, ou l'ajouter au niveau du contrat.",
    ),
    "count": Text(
        en="Enter a whole number of people, 0 or more.", fr="Saisir un nombre entier de personnes, 0 ou plus."
    ),
    "falling": Text(
        en="A count since the start cannot be lower than in an earlier month. Correct this month or the earlier one.",
        fr="Un cumul depuis le début ne peut pas baisser. Corriger ce mois ou le mois antérieur.",
    ),
}
"""What a field officer should do about each rule of the counts."""

LARGEST_COUNT = 10**9
"""More people than any service has; above it a cell holds something else."""


@dataclass(frozen=True, slots=True)
class ServiceRecords:
    """What the service counted.

    Attributes
    ----------
    counts
        One row per unit, month and step: unit (id), month (its first day), step (id), count (new in the month;
        missing where the cell was rejected), source_file, source_row.
    quarantine
        As in intake: file, row, column, rule, severity, allowed, value_hash, remedy.
    ledger
        As in intake; one line a file and sheet.
    """

    counts: pd.DataFrame
    quarantine: pd.DataFrame
    ledger: pd.DataFrame


def read_service_statistics(
    study: Study, raw_folder: str | Path, *, key_secret: bytes, language: str = "en"
) -> ServiceRecords:
    """Read the monthly counts of a study.

    Parameters
    ----------
    study
        The contract, with ``service_statistics.yaml``.
    raw_folder
        The folder with the raw files.
    key_secret
        What rejected values are hashed with.
    language
        Of remedies: ``"en"`` or ``"fr"``.

    Returns
    -------
    ServiceRecords
        Sorted by unit (contract order), month and step.

    Raises
    ------
    DataError
        If there is no file, one cannot be read, a column is missing, or a sheet is no known unit; all at once.
    ValueError
        If the contract has no service statistics.
    """
    if study.services is None:
        raise ValueError(f"study {study.id!r} has no service_statistics.yaml")
    folder = Path(raw_folder)
    require_folder(folder)
    level = next(level for level in study.head.levels if level.id == study.services.level)
    pages = list(_pages(study.services.source, folder))
    problems = [problem for page in pages for problem in page.problems(study.services, level)]
    if problems:
        raise DataError(f"the service statistics of {study.id!r} cannot be taken in", problems)
    read = [page.read(study.services, level, language) for page in pages]
    counts = pd.concat([frame for frame, _ in read], ignore_index=True)
    rejections = pd.concat([page.rejected(table, language) for page, (_, table) in zip(pages, read, strict=True)])
    counts, passed = _drop_repeated(counts)
    if study.services.source.cumulative:
        counts, falling = _new_in_month(counts, study.services, language)
        rejections = pd.concat([rejections, falling])
    # Of a row that a later one replaces, nothing is said but that.
    rejections = rejections[~_are_among(rejections[["file", "row"]], passed)].reset_index(drop=True)
    return ServiceRecords(
        counts=_in_order(counts, study.services, level),
        quarantine=quarantine_table(rejections, key_secret=key_secret),
        ledger=ledger_table([page.ledger_row(rejections, passed) for page in pages]),
    )


@dataclass(frozen=True, slots=True)
class _Page:
    """One file, or one sheet of a workbook."""

    name: str
    raw: RawTable
    unit: str | None

    def problems(self, services: ServiceStatistics, level: Level) -> Iterator[str]:
        """Say which columns are missing and whether the sheet is an unknown unit."""
        source = services.source
        wanted = [source.month_column, *source.step_columns.values()]
        wanted += [source.unit_column] if source.unit_column is not None and self.unit is None else []
        have = {fold(name): name for name in self.raw.frame.columns}
        for column in wanted:
            if fold(column) not in have:
                yield f"{self.name}: there is no column {column!r}; it has: {', '.join(self.raw.frame.columns)}"
        if self.unit is not None and fold(self.unit) not in unit_names(level):
            known = ", ".join(unit.id for unit in level.units)
            yield f"{self.name}: the sheet is no unit of {level.id}; known: {known}"

    def read(self, services: ServiceStatistics, level: Level, language: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Give the counts of the rows that can be read, long, and what was rejected."""
        source, frame = services.source, self.raw.frame
        have = {fold(name): name for name in frame.columns}
        rejections = Rejections(language)
        months = _months(frame[have[fold(source.month_column)]], source.month_format)
        bad_month = months.isna().to_numpy()
        self._reject(rejections, bad_month, source.month_column, "month", "row", have)
        units = self._units(frame, source, level, have)
        bad_unit = units.isna().to_numpy() & ~bad_month
        self._reject(rejections, bad_unit, source.unit_column or "", "unknown_unit", "row", have)
        keep = ~bad_month & ~bad_unit
        parts = []
        for step, column in source.step_columns.items():
            cells = frame[have[fold(column)]]
            texts = cells.map(cell_text)
            is_filled = cells.notna() & (texts != "")
            counts = pd.to_numeric(texts, errors="coerce").astype("float64")
            good = (counts >= 0) & (counts <= LARGEST_COUNT) & (counts == np.floor(counts))
            self._reject(rejections, (is_filled & ~good).to_numpy() & keep, column, "count", "value", have)
            part = pd.DataFrame({"unit": units, "month": months, "step": step, "count": counts.where(good)})
            part["source_file"], part["source_row"] = self.name, self.raw.rows
            parts.append(part[keep])
        return pd.concat(parts).astype({"count": "Int64"}), rejections.table()

    def rejected(self, rejections: pd.DataFrame, language: str) -> pd.DataFrame:
        """Name file and row of what was rejected, with the rows that could not be cut into cells."""
        rows = self.raw.rows[rejections["position"].to_numpy(dtype=int)] if len(rejections) else []
        found = rejections.assign(row=rows)
        if self.raw.broken:
            broken = pd.DataFrame([{"row": row.row, "rule": row.rule, "severity": "row"} for row in self.raw.broken])
            remedies = [INTAKE_REMEDIES[rule].in_language(language) for rule in broken["rule"]]
            broken = broken.assign(remedy=remedies).reindex(columns=found.columns)
            found = pd.concat([part.astype(object) for part in (found, broken) if len(part)])
        return found.assign(file=self.name).sort_values("row", kind="stable")

    def ledger_row(self, rejections: pd.DataFrame, passed: pd.DataFrame) -> dict[str, object]:
        """Count what became of the rows."""
        own = rejections[rejections["file"] == self.name]
        rows = own.loc[own["severity"] == "row", "row"].nunique()
        twice = int((passed["file"] == self.name).sum())
        return {
            "file": self.name,
            "source": SOURCE_ID,
            "rows_read": self.raw.rows_read,
            "accepted": self.raw.rows_read - rows - twice,
            "duplicate": twice,
            "quarantined": rows,
            "values_set_missing": int((own["severity"] == "value").sum()),
        }

    def _units(self, frame: pd.DataFrame, source: CountSource, level: Level, have: dict[str, str]) -> pd.Series:
        names = unit_names(level)
        if self.unit is not None:
            return pd.Series(names[fold(self.unit)], index=frame.index)
        if source.unit_column is None:
            raise DataError(self.name, ["the contract needs `unit_column`, or `sheet_per_unit`"])
        return frame[have[fold(source.unit_column)]].map(lambda cell: names.get(fold(cell_text(cell))))

    def _reject(
        self, rejections: Rejections, where: np.ndarray, column: str, rule: str, severity: str, have: dict[str, str]
    ) -> None:
        positions = np.flatnonzero(where)
        if len(positions):
            cells = self.raw.frame[have[fold(column)]].iloc[positions]
            rejections.add(
                positions,
                rule=rule,
                severity=severity,
                column=column,
                remedy=REMEDIES[rule],
                values=[cell_text(cell) for cell in cells],
            )


def _pages(source: CountSource, folder: Path) -> Iterator[_Page]:
    """Read every file, and every sheet where a sheet is a unit."""
    paths, problems = find_files(folder, Source.model_construct(id=SOURCE_ID, files=source.files, optional=False))
    if problems:
        raise DataError("the service statistics cannot be found", problems)
    for path in paths:
        name = relative_name(folder, path)
        if not source.sheet_per_unit:
            yield _Page(name, read_file(path, source.options, source.format, name=name), None)
            continue
        for sheet in _sheets(path, name):
            page = f"{name}#{sheet}"
            yield _Page(page, read_file(path, ReadOptions(sheet=sheet), "xlsx", name=page), sheet)


def _sheets(path: Path, name: str) -> list[str]:
    try:
        return list(python_calamine.load_workbook(str(path)).sheet_names)
    except (python_calamine.CalamineError, python_calamine.ZipError, python_calamine.XmlError, OSError):
        raise DataError(f"{name}: the workbook cannot be read; save it as .xlsx without a password") from None


def unit_names(level: Level) -> dict[str, str]:
    """Map every spelling of a unit to its id."""
    return {
        fold(str(spelling)): unit.id
        for unit in level.units
        for spelling in (*unit.aliases, unit.label.fr, unit.label.en, unit.id)
    }


def _months(cells: pd.Series, month_format: str) -> pd.Series:
    """Give the first day of each month; cells may hold text or dates."""
    text = cells.map(lambda cell: cell.strftime(month_format) if hasattr(cell, "strftime") else cell_text(cell))
    return pd.Series(pd.to_datetime(text, format=month_format, errors="coerce").dt.to_period("M").dt.to_timestamp())


def _drop_repeated(counts: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep the last row of each unit and month, in order of file and row; give file and row of the others."""
    rows = counts[["unit", "month", "source_file", "source_row"]].drop_duplicates()
    twice = rows.loc[rows.duplicated(["unit", "month"], keep="last"), ["source_file", "source_row"]]
    return counts[~_are_among(counts[["source_file", "source_row"]], twice)], twice.set_axis(["file", "row"], axis=1)


def _are_among(rows: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
    """Say which pairs of file and row are among others."""
    known = set(others.itertuples(index=False, name=None))
    return np.array([row in known for row in rows.itertuples(index=False, name=None)], dtype=bool)


def _new_in_month(
    counts: pd.DataFrame, services: ServiceStatistics, language: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Turn cumulative counts into those new in each month; a count below an earlier one is set missing and listed.

    After a gap, the month that is counted again holds all that are new since the last count.
    """
    counts = counts.sort_values("month", kind="stable")
    series = [counts["unit"], counts["step"]]
    before = counts.groupby(series)["count"].cummax().groupby(series).ffill().groupby(series).shift().fillna(0)
    falls = (counts["count"] < before).fillna(False).to_numpy(dtype=bool)
    fallen = counts[falls]
    listed = pd.DataFrame(
        {
            "file": fallen["source_file"],
            "row": fallen["source_row"],
            "column": fallen["step"].map(services.source.step_columns),
            "rule": "falling",
            "severity": "value",
            "allowed": None,
            "remedy": REMEDIES["falling"].in_language(language),
            "value": fallen["count"].astype(str),
        }
    ).astype(object)
    return counts.assign(count=(counts["count"] - before).mask(falls)), listed


def _in_order(counts: pd.DataFrame, services: ServiceStatistics, level: Level) -> pd.DataFrame:
    unit = {unit.id: place for place, unit in enumerate(level.units)}
    step = {step.id: place for place, step in enumerate(services.steps)}
    order = counts.assign(_unit=counts["unit"].map(unit), _step=counts["step"].map(step))
    order = order.sort_values(["_unit", "month", "_step"], kind="stable").drop(columns=["_unit", "_step"])
    return order.astype({"unit": "str", "step": "str", "source_file": "str"}).reset_index(drop=True)
