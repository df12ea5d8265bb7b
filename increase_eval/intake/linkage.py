"""Answers under a key that nobody has: quarantined, and proposed as a link where the key is near one that is known.

Keys are compared before they are hashed, and only for the rows in question; what is stored are pairs of file and row. A
person decides, in ``corrections.csv``; nothing is linked by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from increase_eval.intake.assembly import Assembly, reject_rows
from increase_eval.intake.cells import cell_text
from increase_eval.intake.columns import ColumnMap, map_columns
from increase_eval.intake.conform import ConformedFile
from increase_eval.intake.corrections import CORRECTION_COLUMNS
from increase_eval.intake.keys import normalise_keys
from increase_eval.intake.near_misses import near_keys
from increase_eval.intake.readers import read_file
from increase_eval.intake.responses import among, answer_columns
from increase_eval.study.structure import KeyRule
from increase_eval.study.study import Study

LINK_COLUMNS = (*CORRECTION_COLUMNS, "wave", "slip", "agrees", "candidates")
"""The columns of ``corrections.csv``, so that a line can be copied there; then what speaks for the link."""

_NUMBERS = ("row", "to_row", "candidates")

UNRESOLVED_COLUMNS = {
    "file": "str", "row": "Int64", "wave": "str", "person": "str", "answered": "bool", "candidate": "str",
    "agreeing": "Int64",
}  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class Proposals:
    """What could become of the rows under a key that nobody has.

    Attributes
    ----------
    lines
        One row a proposal, the columns of :data:`LINK_COLUMNS`: the row, the participant's row, the slip, which
        declared columns agree, and how many candidates the row has. Neither keys nor answers.
    rows
        One row per unresolved row, wave and candidate (one with no candidate where there is none): file, row, wave;
        person (the hash of the unknown key, so that two rows of one stranger are known to be one; missing where the
        key is not well formed); answered (whether the row counts as a response); candidate (a participant); agreeing
        (how many declared columns agree).
    """

    lines: pd.DataFrame
    rows: pd.DataFrame


@dataclass(frozen=True, slots=True, repr=False)
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
        The waves without these rows; and the rows, with those whose key is malformed: file, row, wave, person,
        answered.
    """
    study = work.contract.study
    if not study.head.participants.is_complete:
        return dict(waves), _unresolved([])
    left: dict[str, pd.DataFrame] = {}
    unresolved: list[pd.DataFrame] = []
    for wave, frame in waves.items():
        strange = ~among(frame["participant"], baseline["participant"])
        for place, group in frame.loc[strange].groupby("_file", sort=True):
            source = work.files[int(str(place))].source
            column = source.key.column if source.key is not None and source.key.column is not None else "key"
            reject_rows(work, group, wave, column, "unknown_participant", "row")
            names = {"source_file": "file", "source_row": "row", "participant": "person"}
            answered = group[answer_columns(study, wave)].notna().any(axis=1)
            unresolved.append(group.rename(columns=names).assign(wave=wave, answered=answered))
        left[wave] = frame.loc[~strange].reset_index(drop=True)
        unresolved += [_malformed(study, file, wave) for file in work.files]
    return left, _unresolved(unresolved)


def _malformed(study: Study, file: ConformedFile, wave: str) -> pd.DataFrame:
    """Give the rows of a wave that are in quarantine because no key has the form of theirs."""
    block = file.blocks.get(wave)
    broken = file.rejections.loc[file.rejections["rule"] == "key_malformed", "position"]
    if block is None or broken.empty:
        return _unresolved([])
    at = np.flatnonzero(np.isin(block.positions, broken.to_numpy(dtype="int64")))
    answered = block.frame.iloc[at][answer_columns(study, wave)].notna().any(axis=1)
    rows = {"file": file.name, "row": file.raw.rows[block.positions[at]], "wave": wave, "answered": answered.to_numpy()}
    return pd.DataFrame(rows)


def _unresolved(parts: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [part.reindex(columns=list(UNRESOLVED_COLUMNS)) for part in parts if len(part)]
    table = (
        pd.concat([part.astype(object) for part in filled]) if filled else pd.DataFrame(columns=[*UNRESOLVED_COLUMNS])
    )
    return table.astype(UNRESOLVED_COLUMNS).sort_values(["file", "row", "wave"], kind="stable", ignore_index=True)


def propose_links(study: Study, raw_folder: Path, files: list[ConformedFile], unresolved: pd.DataFrame) -> Proposals:
    """Propose, for each row under a key that nobody has, the participants whose key is one slip away.

    Parameters
    ----------
    study, raw_folder, files
        The contract, and the files as taken in.
    unresolved
        As :func:`quarantine_unknown` gives them.

    Returns
    -------
    Proposals
        The candidates of each row: those with more agreeing columns first.
    """
    if not len(unresolved):
        return Proposals(_proposed([]), unresolved)
    pairs = study.head.participants.link_on
    people = _people(study, raw_folder, files)
    by_name = {file.name: file for file in files}
    lines: list[dict[str, object]] = []
    rows: list[pd.DataFrame] = []
    for name, group in unresolved.groupby("file", sort=True):
        file = by_name[str(name)]
        strange = _records(study, raw_folder, file, list(pairs), group["row"].to_numpy(dtype="int64"))
        near = near_keys(strange.table["key"], people.index)
        for row, of_row in group.groupby("row", sort=True):
            found = _candidates(strange.table.loc[[row]].iloc[0], near, people, pairs)
            lines += [_line(file, int(str(row)), of_row, found, place) for place in range(len(found))]
            rows.append(of_row.drop(columns=["candidate", "agreeing"]).merge(_persons(found), how="cross"))
    return Proposals(_proposed(lines), _unresolved(rows))


def _proposed(lines: list[dict[str, object]]) -> pd.DataFrame:
    table = pd.DataFrame(lines, columns=list(LINK_COLUMNS))
    return table.astype({name: "Int64" if name in _NUMBERS else "str" for name in LINK_COLUMNS})


def _people(study: Study, raw_folder: Path, files: list[ConformedFile]) -> pd.DataFrame:
    """Give the participants' own rows by key, the last of each, without those in quarantine."""
    wanted = list(study.head.participants.link_on.values())
    parts = []
    for file in files:
        if file.source.id == study.head.participants.source:
            stays = ~file.quarantined
            table = _records(study, raw_folder, file, wanted, file.raw.rows[stays]).table
            table = table.assign(_row=table.index, _participant=file.participant[stays].to_numpy())
            parts.append(table.assign(_name=file.name, _sha256=file.raw.sha256))
    return pd.concat(parts).drop_duplicates("key", keep="last").set_index("key")


def _candidates(
    answer: pd.Series, near: Mapping[str, Mapping[str, str]], people: pd.DataFrame, pairs: Mapping[str, str]
) -> pd.DataFrame:
    """Give the participants whose key is one slip from that of a row, those who agree in more first."""
    slips = near[str(answer["key"])]
    found = people.loc[list(slips)].assign(slip=list(slips.values()))
    agrees = [
        [ours for ours, theirs in pairs.items() if answer[ours] and answer[ours] == person[theirs]]
        for _, person in found.iterrows()
    ]
    found = found.assign(agrees=[" ".join(names) for names in agrees], agreeing=[len(names) for names in agrees])
    order = ["_name", "_row"]
    return found.sort_values(order).sort_values("agreeing", ascending=False, kind="stable", ignore_index=True)


def _line(file: ConformedFile, row: int, of_row: pd.DataFrame, found: pd.DataFrame, place: int) -> dict[str, object]:
    person = found.iloc[place]
    return {
        "file": file.name,
        "sha256": file.raw.sha256,
        "row": row,
        "action": "link",
        "to_file": person["_name"],
        "to_sha256": person["_sha256"],
        "to_row": person["_row"],
        "note": "",
        "wave": " ".join(of_row["wave"]),
        "slip": person["slip"],
        "agrees": person["agrees"],
        "candidates": len(found),
    }


def _persons(found: pd.DataFrame) -> pd.DataFrame:
    """Give the candidates as stored; one row that holds nobody where there is none."""
    stored = found[["_participant", "agreeing"]].set_axis(["candidate", "agreeing"], axis=1)
    return stored if len(stored) else pd.DataFrame({"candidate": [None], "agreeing": [None]}, dtype=object)


def _records(study: Study, raw_folder: Path, file: ConformedFile, columns: list[str], rows: np.ndarray) -> _Records:
    """Read rows of a file again for their keys and the columns that should agree."""
    raw = read_file(raw_folder / file.name, file.source.options, file.source.format, name=file.name)
    found: ColumnMap = map_columns(study, file.source, list(raw.frame.columns), blank=[])
    rule = file.source.key or KeyRule(column=found.key)
    names = {ours: theirs for mapped in found.mapped.values() for ours, theirs in mapped.items()}
    wanted = np.flatnonzero(np.isin(raw.rows, rows))
    frame = raw.frame.iloc[wanted]
    cells = frame[found.key] if found.key is not None else pd.Series(raw.rows[wanted])
    table = pd.DataFrame({"key": normalise_keys(list(_texts(cells)), rule)})
    for column in columns:
        there = frame[names[column]] if column in names else pd.Series("", index=frame.index)
        table[column] = [text.casefold() for text in _texts(there)]
    return _Records(file, table.set_axis(raw.rows[wanted], axis=0))


def _texts(cells: pd.Series) -> Iterator[str]:
    return ("" if pd.isna(cell) else cell_text(cell) for cell in cells)
