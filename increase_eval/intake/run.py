"""The intake of a study: files in, conformed tables and a full account of every row out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from increase_eval.errors import DataError
from increase_eval.intake.assembly import PLACE, Assembly, apply_unique_rules, assemble
from increase_eval.intake.batches import ConformedFile, conform_file
from increase_eval.intake.columns import Wave
from increase_eval.intake.conform import Contract
from increase_eval.intake.corrections import CORRECTIONS_FILE, apply_corrections, read_corrections
from increase_eval.intake.drift import drift_table
from increase_eval.intake.files import find_files, relative_name, require_folder, unused_files
from increase_eval.intake.findings import Finding, findings_table, quarantine_table
from increase_eval.intake.ledger import ledger_table
from increase_eval.intake.linkage import malformed_rows, propose_links, quarantine_unknown
from increase_eval.intake.participants import participants_table
from increase_eval.intake.readers import BATCH_ROWS, open_file
from increase_eval.intake.remedies import REMEDIES
from increase_eval.intake.rules import effective_values
from increase_eval.intake.values import stored_dtype
from increase_eval.intake.windows import add_answer_dates, add_windows, reject_dates_out_of_order
from increase_eval.study.sources import Source
from increase_eval.study.study import Study

INPUT_COLUMNS = ("file", "source", "bytes", "sha256", "format")


@dataclass(frozen=True, slots=True, repr=False)
class Intake:
    """All tables that intake makes; participants are known by a keyed hash alone.

    Attributes
    ----------
    participants
        One row per participant: participant, arm, levels, entry_date, the other contracted columns.
    waves
        Wave id -> one row per participant in that wave: participant, source_file, source_row, contracted columns,
        and answered_on, elapsed_days, in_window where they can be derived.
    missing_reasons
        participant, wave (blank: the table of participants), column, reason.
    quarantine
        file, row, column, rule, severity (row or value), allowed, value_hash, remedy.
    duplicates
        file, row, wave, kept_file, kept_row, rule: the rows left out for another of the same participant.
    ledger
        file, source, rows_read, accepted, duplicate, quarantined, values_set_missing.
    input_files
        file, source, bytes, sha256, format.
    findings
        kind, file, row, column, wave, n, message: what costs nothing and should be known.
    drift
        column, first, second, kind, difference: codebooks that differ between waves, files and contract.
    proposed_links
        Rows under a key that nobody has and the participants' rows whose key is one slip away, as lines for
        ``corrections.csv``; neither keys nor answers.
    unresolved_rows
        The same rows, with or without a participant who is near: file, row, wave, person, answered, candidate,
        agreeing; see :class:`~increase_eval.intake.linkage.Proposals`.
    """

    participants: pd.DataFrame
    waves: dict[str, pd.DataFrame]
    missing_reasons: pd.DataFrame
    quarantine: pd.DataFrame
    duplicates: pd.DataFrame
    ledger: pd.DataFrame
    input_files: pd.DataFrame
    findings: pd.DataFrame
    drift: pd.DataFrame
    proposed_links: pd.DataFrame
    unresolved_rows: pd.DataFrame


@dataclass(frozen=True, slots=True, repr=False)
class OpenIntake:
    """An intake with what may be shown on the terminal of who asks for it, and nowhere else.

    Attributes
    ----------
    intake
        The tables.
    values
        For each row of the quarantine, the cell in the open; missing where there is none.
    """

    intake: Intake
    values: pd.Series


def run_intake(
    study: Study, raw_folder: str | Path, *, key_secret: bytes, language: str = "en", batch_rows: int = BATCH_ROWS
) -> Intake:
    """Take in the raw files of a study.

    Parameters
    ----------
    study
        The contract.
    raw_folder
        The folder with the raw files.
    key_secret
        What participants' keys are hashed with: see :func:`~increase_eval.intake.keys.load_key_secret`.
    language
        The language of remedies: ``"en"`` or ``"fr"``.
    batch_rows
        About how many rows of a file are held as text at once. It changes memory and time, and nothing else.

    Returns
    -------
    Intake
        Conformed tables, quarantine, ledger, and all else there is to say about the files.

    Raises
    ------
    DataError
        If a file is absent, unreadable or lacks a column, if a rule of severity ``stop`` is broken, or the ledger is
        off. All problems of all files are listed at once.

    Notes
    -----
    Delimited text and Parquet files are read part by part, of whatever size they are; workbooks, SPSS and Stata files
    are read whole, one after the other. What is held of all files is what is given back, the codes of each row, and
    while files are read the hash of each key; so memory grows with the number of rows and columns, by about nine bytes
    a cell, and not with the size of the text.
    """
    return run_openly(study, raw_folder, key_secret=key_secret, language=language, batch_rows=batch_rows).intake


def run_openly(
    study: Study, raw_folder: str | Path, *, key_secret: bytes, language: str = "en", batch_rows: int = BATCH_ROWS
) -> OpenIntake:
    """Take in the raw files, and keep beside the quarantine the values that it hides."""
    if language not in ("en", "fr"):
        raise ValueError(f"language is {language!r}; allowed: 'en', 'fr'")
    if batch_rows < 1:
        raise ValueError(f"batch_rows is {batch_rows}; allowed: 1 or more")
    folder = Path(raw_folder)
    require_folder(folder)
    contract = Contract(study, key_secret=key_secret, language=language)
    work, findings = _assembled(contract, folder, batch_rows)
    malformed = malformed_rows(study, work.files)
    waves = {wave: apply_unique_rules(work, wave, _table(work, wave)) for wave in study.wave_ids}
    waves = reject_dates_out_of_order(work, add_answer_dates(study, waves))
    baseline = apply_unique_rules(work, None, _table(work, None))
    waves = {wave: work.staying(frame) for wave, frame in waves.items()}
    waves, unresolved = quarantine_unknown(work, baseline, waves, malformed)
    participants, about = participants_table(work, baseline, waves)
    _stop_if_told(study, work.files, [found.table() for found in work.rejections])
    waves = add_windows(study, participants, waves)
    rejections = _rejections(work)
    proposals = propose_links(study, folder, work.files, unresolved, batch_rows=batch_rows)
    intake = Intake(
        participants=participants,
        waves={wave: frame.drop(columns=["_file", "_position"]) for wave, frame in waves.items()},
        missing_reasons=_missing_reasons(work),
        quarantine=quarantine_table(rejections, key_secret=key_secret),
        duplicates=work.duplicates,
        ledger=_ledger(work, rejections),
        input_files=_input_files(work),
        findings=findings_table([*findings, *about], language),
        drift=drift_table(study, [fact for file in work.files for fact in file.facts], language),
        proposed_links=proposals.lines,
        unresolved_rows=proposals.rows,
    )
    return OpenIntake(intake, rejections["value"].reset_index(drop=True))


def _assembled(contract: Contract, folder: Path, batch_rows: int) -> tuple[Assembly, list[Finding]]:
    """Conform all files, replay the corrections, and settle the duplicates."""
    files, findings = _conform_all(contract, folder, batch_rows)
    contract.hasher.forget()
    files, corrected = apply_corrections(files, read_corrections(folder), contract.language)
    _stop_if_told(contract.study, files, [file.rejections for file in files])
    return assemble(contract, files), [*findings, *corrected]


def _conform_all(contract: Contract, folder: Path, batch_rows: int) -> tuple[list[ConformedFile], list[Finding]]:
    """Read and conform every file of every source, gathering what is wrong with any of them."""
    problems: list[str] = []
    findings: list[Finding] = []
    conformed: list[ConformedFile] = []
    used: set[Path] = set()
    for source in contract.study.head.sources:
        paths, wrong = find_files(folder, source)
        problems += wrong
        used.update(paths)
        for path in paths:
            try:
                file, about = _conform_one(contract, source, relative_name(folder, path), path, batch_rows)
            except DataError as problem:
                problems += problem.problems or [str(problem)]
            else:
                conformed.append(file)
                findings += about
    if problems:
        raise DataError(f"the raw files of {contract.study.id!r} cannot be taken in", problems)
    records = contract.study.services.files if contract.study.services is not None else ()
    known = (*records, CORRECTIONS_FILE)
    findings += [Finding("unused_file", file=name) for name in unused_files(folder, used, known)]
    return conformed, findings


def _conform_one(
    contract: Contract, source: Source, name: str, path: Path, batch_rows: int
) -> tuple[ConformedFile, list[Finding]]:
    opened = open_file(path, source.options, source.format, name=name)
    file = conform_file(contract, source, name, opened, batch_rows=batch_rows)
    about = [Finding("unexpected_column", file=name, column=column) for column in file.columns.unexpected]
    about += [Finding(kind, file=name, n=count) for kind, count in file.notes.items()]
    return file, about + _undeclared_missing(file)


def _undeclared_missing(file: ConformedFile) -> list[Finding]:
    """Tell where a file declares codes to be missing for which the contract gives no reason."""
    unknown = file.reasons[file.reasons["reason"] == "unknown"]
    counts = unknown.groupby("column", sort=False).size()
    declared = {*file.raw.missing_ranges, *file.raw.missing_codes}
    in_file = {ours: theirs for names in file.columns.mapped.values() for ours, theirs in names.items()}
    return [
        Finding("undeclared_missing", file=file.name, column=in_file.get(str(column), str(column)), n=int(count))
        for column, count in counts.items()
        if in_file.get(str(column)) in declared
    ]


def _stop_if_told(study: Study, files: Sequence[ConformedFile], rejections: Sequence[pd.DataFrame]) -> None:
    """Raise a `DataError` where rules whose severity is ``stop`` are broken."""
    problems = []
    for file, found in zip(files, rejections, strict=True):
        stops = found[found["severity"] == "stop"]
        for (column, rule, allowed), rows in stops.groupby(["column", "rule", "allowed"], sort=False):
            first = int(file.raw.rows[rows["position"].iloc[0]])
            problems.append(
                f"{file.name}: column {column!r} breaks rule {rule!r} in {len(rows)} rows, first in row {first}; "
                f"allowed: {allowed}"
            )
    if problems:
        raise DataError(f"rules of {study.id!r} that stop the run are broken", problems)


def _table(work: Assembly, wave: Wave) -> pd.DataFrame:
    """Put together the accepted rows of a wave or of the baseline, with the right dtypes even where there is none."""
    study = work.contract.study
    columns = study.participant_columns if wave is None else study.wave_columns(wave)
    dtypes = {column.name: stored_dtype(column, effective_values(study, column)) for column in columns}
    table = work.take_table(wave).reindex(columns=[*PLACE, *dtypes])
    typed: pd.DataFrame = table.astype({"participant": "str", "source_file": "str", "source_row": "Int64", **dtypes})
    return typed


def _rejections(work: Assembly) -> pd.DataFrame:
    """Gather what is listed: rows in quarantine with what put them there, and values set missing in accepted rows."""
    parts = []
    for place, file in enumerate(work.files):
        found = pd.concat([file.rejections, work.rejections[place].table()], ignore_index=True)
        is_row = found["severity"] == "row"
        accepted = work.accepted[place][found["position"].to_numpy(dtype="int64")]
        part = found[is_row | accepted].assign(file=file.name)
        part["row"] = file.raw.rows[part["position"].to_numpy(dtype="int64")]
        broken = pd.DataFrame(
            [
                {
                    "row": row.row,
                    "rule": row.rule,
                    "severity": "row",
                    "remedy": REMEDIES[row.rule].in_language(work.contract.language),
                    "file": file.name,
                }
                for row in file.raw.broken
            ]
        )
        both = [frame.astype("object") for frame in (part, broken) if len(frame)]
        if both:
            parts.append(pd.concat(both, ignore_index=True).sort_values("row", kind="stable"))
    columns = ["file", "row", "column", "rule", "severity", "allowed", "remedy", "value"]
    if not parts:
        return pd.DataFrame(columns=columns, dtype="object")
    table: pd.DataFrame = pd.concat(parts, ignore_index=True).reindex(columns=columns)
    return table


def _ledger(work: Assembly, rejections: pd.DataFrame) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    lost = work.duplicates.groupby("file")["row"].nunique()
    is_row = rejections["severity"] == "row"
    quarantined = rejections[is_row].groupby("file")["row"].nunique()
    values = rejections[~is_row].groupby("file").size()
    for place, file in enumerate(work.files):
        rows.append(
            {
                "file": file.name,
                "source": file.source.id,
                "rows_read": len(file.quarantined) + len(file.raw.broken),
                "accepted": int(work.accepted[place].sum()),
                "duplicate": int(lost.get(file.name, 0)),
                "quarantined": int(quarantined.get(file.name, 0)),
                "values_set_missing": int(values.get(file.name, 0)),
            }
        )
    return ledger_table(rows)


def _input_files(work: Assembly) -> pd.DataFrame:
    rows = [
        {
            "file": file.name,
            "source": file.source.id,
            "bytes": file.raw.size,
            "sha256": file.raw.sha256,
            "format": file.raw.format,
        }
        for file in work.files
    ]
    table = pd.DataFrame(rows, columns=list(INPUT_COLUMNS))
    return table.astype({name: "Int64" if name == "bytes" else "str" for name in INPUT_COLUMNS})


def _missing_reasons(work: Assembly) -> pd.DataFrame:
    parts = []
    for place, file in enumerate(work.files):
        stays = work.accepted[place][file.reasons["position"].to_numpy(dtype="int64")]
        kept = file.reasons[stays]
        keys = file.participant.iloc[kept["position"].to_numpy(dtype="int64")].to_numpy()
        parts.append(kept.assign(participant=keys))
    columns = ["participant", "wave", "column", "reason"]
    filled = [part for part in parts if len(part)]
    table = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=columns)
    return table.reindex(columns=columns).astype("str")
