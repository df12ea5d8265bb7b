"""Corrections that a person has confirmed: replayed on every run, so that raw files are never changed.

``corrections.csv`` lies in the raw folder. Each line says, of one row of one file (by the SHA-256 of the file, so that
a correction never hits another version of it): ``link`` it to the participant of another row, or ``drop`` it. It holds
no key and no answer.
"""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from increase_eval.errors import DataError
from increase_eval.intake.batches import ConformedFile
from increase_eval.intake.conform import KEY_RULES
from increase_eval.intake.findings import Finding, Rejections

CORRECTIONS_FILE = "corrections.csv"
CORRECTION_COLUMNS = ("file", "sha256", "row", "action", "to_file", "to_sha256", "to_row", "note")
"""`file`, `to_file` and `note` are for the reader; rows are found by hash and number."""

ACTIONS = ("link", "drop")

Place = tuple[str, int]
"""The SHA-256 of a file, and a row of it as a spreadsheet shows it."""


@dataclass(frozen=True, slots=True)
class Correction:
    """One confirmed correction: what to do with a row, and for a link the row whose participant it belongs to."""

    place: Place
    action: str
    target: Place | None


def read_corrections(raw_folder: Path) -> tuple[Correction, ...]:
    """Read the confirmed corrections of a study; none where there is no file.

    Raises
    ------
    DataError
        If the file lacks a column, a line has an unknown action or no row, or two lines say different things of one
        row; all lines at once.
    """
    path = raw_folder / CORRECTIONS_FILE
    if not path.is_file():
        return ()
    lines = _lines(path)
    problems: list[str] = []
    found: dict[Place, tuple[int, Correction]] = {}
    for number, line in lines:
        correction = _read_line(number, line, problems)
        if correction is None:
            continue
        before, known = found.setdefault(correction.place, (number, correction))
        if known != correction:
            problems.append(f"line {number}: line {before} says something else of the same row; keep one of the two")
    links = _links(correction for _, correction in found.values())
    problems += [f"line {number}: its links run in a circle" for number, one in found.values() if _circles(links, one)]
    if problems:
        raise DataError(f"{CORRECTIONS_FILE} cannot be applied", problems)
    return tuple(correction for _, correction in found.values())


def _lines(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Give the lines by column, each with its number."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{CORRECTIONS_FILE} is not UTF-8; save it as CSV UTF-8") from None
    header = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if header.count(";") > header.count(",") else ",")
    try:
        records = [(reader.line_num, record) for record in reader]
    except csv.Error as problem:
        raise DataError(f"{CORRECTIONS_FILE}: line {reader.line_num} cannot be cut into columns ({problem})") from None
    names = [name.strip() for name in records[0][1]] if records else []
    absent = [name for name in ("sha256", "row", "action") if name not in names]
    if absent:
        raise DataError(f"{CORRECTIONS_FILE} lacks the columns {', '.join(absent)}")
    repeated = [name for name in CORRECTION_COLUMNS if names.count(name) > 1]
    if repeated:
        raise DataError(f"{CORRECTIONS_FILE} has the columns {', '.join(repeated)} more than once")
    return [(number, dict(zip(names, record, strict=False))) for number, record in records[1:]]


def _read_line(number: int, line: Mapping[str, str], problems: list[str]) -> Correction | None:
    cells = {name: line.get(name, "").strip() for name in CORRECTION_COLUMNS}
    if not any(cells.values()):
        return None
    at, to = _place(cells["sha256"], cells["row"]), _place(cells["to_sha256"], cells["to_row"])
    if cells["action"] not in ACTIONS:
        problems.append(f"line {number}: action is {cells['action']!r}; allowed: {', '.join(ACTIONS)}")
    elif at is None:
        problems.append(f"line {number}: `sha256` and `row` say which row is meant, and one of them is missing")
    elif cells["action"] == "link" and to is None:
        problems.append(f"line {number}: a link needs `to_sha256` and `to_row`")
    elif cells["action"] == "link" and to == at:
        problems.append(f"line {number}: the row is linked to itself")
    else:
        return Correction(at, cells["action"], to if cells["action"] == "link" else None)
    return None


def _place(sha256: str, row: str) -> Place | None:
    is_number = row.isascii() and row.isdigit()
    return (sha256.lower(), int(row)) if sha256 and is_number else None


def apply_corrections(
    files: Sequence[ConformedFile], corrections: Sequence[Correction], language: str
) -> tuple[list[ConformedFile], list[Finding]]:
    """Replay confirmed corrections on conformed files.

    Returns
    -------
    tuple
        The files, with rows linked or dropped; and what was applied, or could not be. A row that was in quarantine
        for its key alone leaves it when it is linked; one that is there for another reason stays.
    """
    changed = list(files)
    links = _links(corrections)
    findings: list[Finding] = []
    for correction in corrections:
        rows = _rows_at(files, correction.place)
        people = _people_at(files, links, correction.target)
        if not rows or not people:
            name = next((file.name for file in files if file.raw.sha256 == correction.place[0]), None)
            findings.append(Finding("stale_correction", file=name, row=correction.place[1]))
            continue
        for place, row in rows:
            file = changed[place]
            after = _dropped(file, row, language) if correction.action == "drop" else _linked(file, row, people[0])
            changed[place] = after or file
            kind = "idle_correction" if after is None else "correction"
            findings.append(Finding(kind, file=file.name, row=correction.place[1]))
    return changed, findings


def _links(corrections: Iterable[Correction]) -> dict[Place, Place]:
    return {one.place: one.target for one in corrections if one.target is not None}


def _end_of(links: Mapping[Place, Place], place: Place) -> Place | None:
    """Follow links from row to row to the participant's own; None where they run in a circle."""
    seen = {place}
    while place in links:
        place = links[place]
        if place in seen:
            return None
        seen.add(place)
    return place


def _circles(links: Mapping[Place, Place], correction: Correction) -> bool:
    return correction.target is not None and _end_of(links, correction.place) is None


def _rows_at(files: Sequence[ConformedFile], place: Place) -> list[tuple[int, int]]:
    """Give file and position of a row; several where one file is there under two names."""
    found = [(number, np.flatnonzero(file.raw.rows == place[1])) for number, file in enumerate(files)]
    return [(number, int(rows[0])) for number, rows in found if files[number].raw.sha256 == place[0] and len(rows)]


def _people_at(files: Sequence[ConformedFile], links: Mapping[Place, Place], target: Place | None) -> list[str]:
    """Give the participant of the row that a link leads to in the end; nobody in particular where nothing is linked."""
    if target is None:
        return [""]
    end = _end_of(links, target)
    return [files[file].participant.iloc[row] for file, row in _rows_at(files, end)] if end is not None else []


def _linked(file: ConformedFile, row: int, participant: str) -> ConformedFile | None:
    """Give a row to a participant; None where either is in quarantine for another reason than the row's key."""
    found = pd.concat([file.rejections, file.withheld], ignore_index=True) if len(file.withheld) else file.rejections
    is_here, is_row = found["position"] == row, found["severity"] == "row"
    is_of_key = found["rule"].isin(KEY_RULES)
    if not participant or (is_here & is_row & ~is_of_key).any():
        return None
    people, quarantined = file.participant.copy(), file.quarantined.copy()
    people.iloc[row] = participant
    quarantined[row] = False
    is_elsewhere = found.index >= len(file.rejections)
    stays = np.where(is_here, ~is_of_key, ~is_elsewhere)
    return dataclasses.replace(
        file,
        participant=people,
        quarantined=quarantined,
        rejections=found[stays].reset_index(drop=True),
        withheld=file.withheld[file.withheld["position"] != row].reset_index(drop=True),
    )


def _dropped(file: ConformedFile, row: int, language: str) -> ConformedFile | None:
    """Quarantine one row; None where it is there already."""
    if file.quarantined[row]:
        return None
    quarantined = file.quarantined.copy()
    quarantined[row] = True
    rejections = Rejections(language)
    rejections.add(np.array([row]), rule="dropped_by_correction", severity="row")
    both = pd.concat([file.rejections, rejections.table()], ignore_index=True)
    return dataclasses.replace(file, quarantined=quarantined, rejections=both)
