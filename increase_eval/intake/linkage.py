"""Answers under a key that nobody has: quarantined, and proposed as a link where the key is near one that is known.

Keys are compared before they are hashed, and only for the rows in question; what is stored are pairs of file and row. A
person decides, in ``corrections.csv``; nothing is linked by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from increase_eval.intake.assembly import Assembly, reject_rows
from increase_eval.intake.cells import cell_text
from increase_eval.intake.columns import ColumnMap, map_columns
from increase_eval.intake.conform import ConformedFile
from increase_eval.intake.keys import normalise_keys
from increase_eval.intake.near_misses import near_keys
from increase_eval.intake.readers import read_file
from increase_eval.study.structure import KeyRule
from increase_eval.study.study import Study

LINK_COLUMNS = (
    "file", "sha256", "row", "action", "to_file", "to_sha256", "to_row", "note", "wave", "slip", "agrees", "candidates",
)  # fmt: skip
"""The columns of ``corrections.csv``, so that a line can be copied there; then what speaks for the link."""


@dataclass(frozen=True, slots=True)
class _Records:
    """The keys of one file in the open, with the columns that should agree; it never leaves this module.

    Attributes
    ----------
    file
        Which file.
    table
        Index: row as a spreadsheet shows it. Columns: key (normalised), and the columns that should agree, as text.
    """

    file: ConformedFile
    table: pd.DataFrame


def quarantine_unknown(
    work: Assembly, baseline: pd.DataFrame, waves: Mapping[str, pd.DataFrame]
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Quarantine answers under keys that the participants' file does not have, where it is complete.

    Returns
    -------
    tuple
        The waves without these rows; and the rows: file, row, wave.
    """
    study = work.contract.study
    nobody = pd.DataFrame(
        {"file": pd.Series(dtype="str"), "row": pd.Series(dtype="int64"), "wave": pd.Series(dtype="str")}
    )
    if not study.head.participants.is_complete:
        return dict(waves), nobody
    known = set(baseline["participant"])
    left, unknown = {}, [nobody]
    for wave, frame in waves.items():
        strange = ~frame["participant"].isin(known)
        if strange.any():
            rows = frame.loc[strange]
            for place, group in rows.groupby("_file", sort=True):
                source = work.files[int(str(place))].source
                column = source.key.column if source.key is not None and source.key.column is not None else "key"
                reject_rows(work, group, wave, column, "unknown_participant", "row")
            found = rows[["source_file", "source_row"]].set_axis(["file", "row"], axis=1)
            unknown.append(found.assign(wave=wave).astype({"file": "str", "row": "int64"}))
        left[wave] = frame.loc[~strange].reset_index(drop=True)
    return left, pd.concat([part for part in unknown if len(part)] or unknown, ignore_index=True)


def propose_links(study: Study, raw_folder: Path, files: list[ConformedFile], unknown: pd.DataFrame) -> pd.DataFrame:
    """Propose, for each row under an unknown key, the participants whose key is one slip away.

    Parameters
    ----------
    study, raw_folder, files
        The contract, and the files as taken in.
    unknown
        As :func:`quarantine_unknown` gives them.

    Returns
    -------
    DataFrame
        One row a proposal, the columns of :data:`LINK_COLUMNS`: the row, the participant's row, the slip, which
        declared columns agree, and how many candidates the row has. Neither keys nor answers.
    """
    if not len(unknown):
        return pd.DataFrame({name: pd.Series(dtype="str") for name in LINK_COLUMNS})
    pairs = study.head.participants.link_on
    register = [
        _records(study, raw_folder, file, list(pairs.values()))
        for file in files
        if file.source.id == study.head.participants.source
    ]
    people = pd.concat([part.table.assign(_file=number) for number, part in enumerate(register)]).reset_index(
        names="_row"
    )
    people = people.drop_duplicates("key", keep="last").set_index("key")
    by_name = {file.name: file for file in files}
    proposals: list[dict[str, object]] = []
    for name, rows in unknown.groupby("file", sort=True):
        strange = _records(study, raw_folder, by_name[str(name)], list(pairs))
        for row, wave in zip(rows["row"], rows["wave"], strict=True):
            answer = strange.table.loc[row]
            near = near_keys([str(answer["key"])], people.index)[str(answer["key"])]
            for key, slip in near.items():
                person = people.loc[key]
                target = register[int(str(person["_file"]))].file
                agrees = [ours for ours, theirs in pairs.items() if answer[ours] and answer[ours] == person[theirs]]
                proposals.append(
                    {
                        "file": name,
                        "sha256": strange.file.raw.sha256,
                        "row": row,
                        "action": "link",
                        "to_file": target.name,
                        "to_sha256": target.raw.sha256,
                        "to_row": person["_row"],
                        "note": "",
                        "wave": wave,
                        "slip": slip,
                        "agrees": " ".join(agrees),
                        "candidates": len(near),
                    }
                )
    return pd.DataFrame(proposals, columns=list(LINK_COLUMNS)).astype(str)


def _records(study: Study, raw_folder: Path, file: ConformedFile, columns: list[str]) -> _Records:
    """Read a file again for its keys and the columns that should agree."""
    raw = read_file(raw_folder / file.name, file.source.options, file.source.format, name=file.name)
    found: ColumnMap = map_columns(study, file.source, list(raw.frame.columns), blank=[])
    rule = file.source.key or KeyRule(column=found.key)
    names = {ours: theirs for mapped in found.mapped.values() for ours, theirs in mapped.items()}
    cells = raw.frame[found.key] if found.key is not None else pd.Series(raw.rows)
    table = pd.DataFrame(
        {"key": normalise_keys([cell_text(cell) if not pd.isna(cell) else "" for cell in cells], rule)}
    )
    for column in columns:
        there = raw.frame[names[column]] if column in names else pd.Series("", index=raw.frame.index)
        table[column] = [cell_text(cell).casefold() if not pd.isna(cell) else "" for cell in there]
    return _Records(file, table.set_axis(raw.rows, axis=0))
