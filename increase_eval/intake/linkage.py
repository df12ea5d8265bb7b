"""Answers under a key that nobody has: quarantined, and proposed as a link where the key is near one that is known.

Keys are compared before they are hashed, and only for the rows in question; what is stored are pairs of file and row. A
person decides, in ``corrections.csv``; nothing is linked by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from increase_eval.intake.assembly import Assembly, reject_rows
from increase_eval.intake.batches import ConformedFile
from increase_eval.intake.cells import cell_text
from increase_eval.intake.corrections import CORRECTION_COLUMNS
from increase_eval.intake.keys import normalise_keys
from increase_eval.intake.near_misses import near_keys
from increase_eval.intake.readers import BATCH_ROWS, open_file
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


def quarantine_unknown(
    work: Assembly, baseline: pd.DataFrame, waves: Mapping[str, pd.DataFrame], malformed: Mapping[str, pd.DataFrame]
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Quarantine answers under keys that the participants' file does not have, where it is complete.

    Parameters
    ----------
    work, baseline, waves
        The files, the accepted rows of the participants' file, and those of the waves.
    malformed
        As :func:`malformed_rows` gives them.

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
        unresolved.append(malformed[wave])
    return left, _unresolved(unresolved)


def malformed_rows(study: Study, files: Sequence[ConformedFile]) -> dict[str, pd.DataFrame]:
    """Give, wave by wave, the rows that are in quarantine because no key has the form of theirs."""
    found = {wave: [_malformed(study, file, wave) for file in files] for wave in study.wave_ids}
    return {wave: _unresolved([rows for rows in of_wave if rows is not None]) for wave, of_wave in found.items()}


def _malformed(study: Study, file: ConformedFile, wave: str) -> pd.DataFrame | None:
    block = file.blocks.get(wave)
    broken = file.rejections.loc[file.rejections["rule"] == "key_malformed", "position"]
    if block is None or broken.empty:
        return None
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


def propose_links(
    study: Study,
    raw_folder: Path,
    files: Sequence[ConformedFile],
    unresolved: pd.DataFrame,
    *,
    batch_rows: int = BATCH_ROWS,
) -> Proposals:
    """Propose, for each row under a key that nobody has, the participants whose key is one slip away.

    Parameters
    ----------
    study, raw_folder, files
        The contract, and the files as taken in.
    unresolved
        As :func:`quarantine_unknown` gives them.
    batch_rows
        About how many rows of a file are held at once.

    Returns
    -------
    Proposals
        The candidates of each row: those with more agreeing columns first.
    """
    if not len(unresolved):
        return Proposals(_proposed([]), unresolved)
    pairs = study.head.participants.link_on
    by_name = {file.name: file for file in files}
    groups = [(by_name[str(name)], group) for name, group in unresolved.groupby("file", sort=True)]
    strangers = [_strange(raw_folder, file, list(pairs), group["row"], batch_rows) for file, group in groups]
    keys = [key for strange in strangers for key in strange["key"]]
    people = _people(study, raw_folder, files, keys, batch_rows)
    near = near_keys(keys, people.index)
    lines: list[dict[str, object]] = []
    rows: list[pd.DataFrame] = []
    for (file, group), strange in zip(groups, strangers, strict=True):
        for row, of_row in group.groupby("row", sort=True):
            found = _candidates(strange.loc[[row]].iloc[0], near, people, pairs)
            lines += [_line(file, int(str(row)), of_row, found, place) for place in range(len(found))]
            rows.append(of_row.drop(columns=["candidate", "agreeing"]).merge(_persons(found), how="cross"))
    return Proposals(_proposed(lines), _unresolved(rows))


def _proposed(lines: list[dict[str, object]]) -> pd.DataFrame:
    table = pd.DataFrame(lines, columns=list(LINK_COLUMNS))
    return table.astype({name: "Int64" if name in _NUMBERS else "str" for name in LINK_COLUMNS})


def _strange(raw_folder: Path, file: ConformedFile, columns: list[str], rows: pd.Series, batch: int) -> pd.DataFrame:
    """Give the records of the rows in question, by row."""
    parts = [table[table["row"].isin(rows)] for table in _records(raw_folder, file, columns, batch)]
    return pd.concat(parts).set_index("row")


def _people(
    study: Study, raw_folder: Path, files: Sequence[ConformedFile], keys: list[str], batch_rows: int
) -> pd.DataFrame:
    """Give the participants' own rows near any of some keys by key, the last of each, without those in quarantine."""
    wanted = list(study.head.participants.link_on.values())
    parts = []
    for file in files:
        if file.source.id != study.head.participants.source:
            continue
        start = 0
        for table in _records(raw_folder, file, wanted, batch_rows):
            end = start + len(table)
            stays = ~file.quarantined[start:end]
            table = table.assign(_participant=file.participant.iloc[start:end].to_numpy())[stays]
            near = {word for found in near_keys(keys, table["key"]).values() for word in found}
            parts.append(table[table["key"].isin(near)].assign(_name=file.name, _sha256=file.raw.sha256))
            start = end
    people = pd.concat(parts).rename(columns={"row": "_row"})
    return people.drop_duplicates("key", keep="last").set_index("key")


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


def _records(raw_folder: Path, file: ConformedFile, columns: list[str], batch_rows: int) -> Iterator[pd.DataFrame]:
    """Read a file again, part by part: row, key (normalised, in the open) and the columns that should agree, as text.

    It never leaves this module.
    """
    rule = file.source.key or KeyRule(column=file.columns.key)
    names = {ours: theirs for mapped in file.columns.mapped.values() for ours, theirs in mapped.items()}
    opened = open_file(raw_folder / file.name, file.source.options, file.source.format, name=file.name)
    for raw in opened.parts(batch_rows):
        cells = raw.frame[file.columns.key] if file.columns.key is not None else pd.Series(raw.rows)
        table = pd.DataFrame({"row": raw.rows, "key": normalise_keys(list(_texts(cells)), rule)})
        for column in columns:
            there = raw.frame[names[column]] if column in names else pd.Series("", index=raw.frame.index)
            table[column] = [text.casefold() for text in _texts(there)]
        yield table


def _texts(cells: pd.Series) -> Iterator[str]:
    return ("" if pd.isna(cell) else cell_text(cell) for cell in cells)
