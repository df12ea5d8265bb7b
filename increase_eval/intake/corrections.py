"""Corrections that a person has confirmed: replayed on every run, so that raw files are never changed.

``corrections.csv`` lies in the raw folder. Each line says, of one row of one file (by the SHA-256 of the file, so that
a correction never hits another version of it): ``link`` it to the participant of another row, or ``drop`` it. It holds
no key and no answer.
"""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from increase_eval.errors import DataError
from increase_eval.intake.conform import ConformedFile
from increase_eval.intake.findings import Finding, Rejections

CORRECTIONS_FILE = "corrections.csv"
CORRECTION_COLUMNS = ("file", "sha256", "row", "action", "to_file", "to_sha256", "to_row", "note")
"""`file`, `to_file` and `note` are for the reader; rows are found by hash and number."""

ACTIONS = ("link", "drop")


@dataclass(frozen=True, slots=True)
class Correction:
    """One confirmed correction: what to do with a row, and the row whose participant it belongs to."""

    sha256: str
    row: int
    action: str
    to_sha256: str
    to_row: int | None


def read_corrections(raw_folder: Path) -> tuple[Correction, ...]:
    """Read the confirmed corrections of a study; none where there is no file.

    Raises
    ------
    DataError
        If the file lacks a column, or a line has an unknown action or no row; all lines at once.
    """
    path = raw_folder / CORRECTIONS_FILE
    if not path.is_file():
        return ()
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{CORRECTIONS_FILE} is not UTF-8; save it as CSV UTF-8") from None
    dialect = ";" if text.split("\n", 1)[0].count(";") > text.split("\n", 1)[0].count(",") else ","
    lines = list(csv.DictReader(io.StringIO(text), delimiter=dialect))
    have = set(lines[0]) if lines else set(CORRECTION_COLUMNS)
    absent = [name for name in ("sha256", "row", "action") if name not in have]
    if absent:
        raise DataError(f"{CORRECTIONS_FILE} lacks the columns {', '.join(absent)}")
    problems: list[str] = []
    read = [_read_line(number, line, problems) for number, line in enumerate(lines, start=2)]
    if problems:
        raise DataError(f"{CORRECTIONS_FILE} cannot be applied", problems)
    return tuple(correction for correction in read if correction is not None)


def _read_line(number: int, line: dict[str, str], problems: list[str]) -> Correction | None:
    cells = {name: (line.get(name) or "").strip() for name in CORRECTION_COLUMNS}
    if not any(cells.values()):
        return None
    if cells["action"] not in ACTIONS:
        problems.append(f"line {number}: action is {cells['action']!r}; allowed: {', '.join(ACTIONS)}")
    elif not cells["row"].isdigit() or not cells["sha256"]:
        problems.append(f"line {number}: `sha256` and `row` say which row is meant, and one of them is missing")
    elif cells["action"] == "link" and not (cells["to_sha256"] and cells["to_row"].isdigit()):
        problems.append(f"line {number}: a link needs `to_sha256` and `to_row`")
    else:
        to_row = int(cells["to_row"]) if cells["to_row"].isdigit() else None
        return Correction(cells["sha256"], int(cells["row"]), cells["action"], cells["to_sha256"], to_row)
    return None


def apply_corrections(
    files: Sequence[ConformedFile], corrections: Sequence[Correction], language: str
) -> tuple[list[ConformedFile], list[Finding]]:
    """Replay confirmed corrections on conformed files.

    Returns
    -------
    tuple
        The files, with rows linked or dropped; and what was applied or could not be.
    """
    if not corrections:
        return list(files), []
    changed = {file.raw.sha256: file for file in files}
    findings: list[Finding] = []
    for correction in corrections:
        file = changed.get(correction.sha256)
        place = _place(file, correction.row)
        target = changed.get(correction.to_sha256)
        to_place = _place(target, correction.to_row)
        is_link = correction.action == "link"
        if file is None or place is None or (is_link and (target is None or to_place is None)):
            findings.append(Finding("stale_correction", row=correction.row, file=file.name if file else None))
            continue
        if is_link and target is not None and to_place is not None:
            participant = file.participant.copy()
            participant.iloc[place] = target.participant.iloc[to_place]
            changed[correction.sha256] = dataclasses.replace(file, participant=participant)
        else:
            changed[correction.sha256] = _without(file, place, language)
        findings.append(Finding("correction", file=file.name, row=correction.row))
    return [changed[file.raw.sha256] for file in files], findings


def _place(file: ConformedFile | None, row: int | None) -> int | None:
    if file is None or row is None:
        return None
    found = np.flatnonzero(file.raw.rows == row)
    return int(found[0]) if len(found) else None


def _without(file: ConformedFile, place: int, language: str) -> ConformedFile:
    """Quarantine one row."""
    quarantined = file.quarantined.copy()
    quarantined[place] = True
    rejections = Rejections(language)
    rejections.add(np.array([place]), rule="dropped_by_correction", severity="row")
    return dataclasses.replace(
        file, quarantined=quarantined, rejections=pd.concat([file.rejections, rejections.table()], ignore_index=True)
    )
