"""The table of participants: from a file of their own, or from the baseline columns of a wave.

Nobody is lost: somebody who is only in a later wave, or in a wave but not in the participants' file, is kept with a
missing baseline, and listed. Where records of one participant disagree, the first is taken and the others are listed.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from increase_eval.intake.assembly import PLACE, Assembly, reject_rows, stack
from increase_eval.intake.findings import Finding
from increase_eval.intake.levels import add_levels, arms
from increase_eval.intake.responses import among
from increase_eval.intake.rules import effective_values
from increase_eval.intake.values import stored_dtype
from increase_eval.study.structure import Participants
from increase_eval.study.study import Study


def participants_table(
    work: Assembly, baseline: pd.DataFrame, waves: Mapping[str, pd.DataFrame]
) -> tuple[pd.DataFrame, list[Finding]]:
    """Build the table of participants.

    Parameters
    ----------
    work
        The assembled files.
    baseline
        The accepted rows that hold the baseline columns.
    waves
        The assembled tables of the waves.

    Returns
    -------
    tuple
        One row per participant, by file and row of where they are first met; and what there is to say about them.
    """
    study = work.contract.study
    columns = [column.name for column in study.participant_columns]
    findings: list[Finding] = []
    table = _in_wave_order(study, baseline, waves)
    if table["participant"].duplicated().any():
        first = table.groupby("participant", sort=False, as_index=False).first()[[*PLACE, *columns]]
        first = first.astype({name: table[name].dtype for name in columns})
        findings += _conflicts(table, first, columns)
        table = first
    repeated = stack([work.part(place, file.repeated) for place, file in enumerate(work.files)])
    if len(repeated) and len(table):
        findings += _conflicts(repeated, table, [name for name in columns if name in repeated])
    late = _met_later(study, table, waves)
    findings += _about_late(late) + _about_silent(study, table, waves)
    table = _with_late(study, table, late)
    table, nesting = add_levels(study, table)
    table, about_arms = _with_arm(work, table)
    return _in_order(study, table, columns), [*findings, *nesting, *about_arms]


def _in_wave_order(study: Study, baseline: pd.DataFrame, waves: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Where a long file gives a baseline from all its rows, the rows of earlier waves come first."""
    named = next(source for source in study.head.sources if source.id == study.head.participants.source)
    if named.shape != "long" or study.head.participants.wave is not None:
        return baseline
    ranks = [frame[["_file", "_position"]].assign(_rank=study.wave_ids.index(wave)) for wave, frame in waves.items()]
    ranked = baseline.merge(pd.concat(ranks), on=["_file", "_position"], how="left", validate="one_to_one")
    return ranked.sort_values(["_rank", "_file", "_position"], ignore_index=True).drop(columns="_rank")


def _conflicts(rows: pd.DataFrame, first: pd.DataFrame, columns: list[str]) -> list[Finding]:
    """List where a further record of a participant holds another baseline value than the one that is kept."""
    kept = first.set_index("participant")
    keys = rows["participant"]
    found: list[Finding] = []
    for name in columns:
        expected = keys.map(kept[name])
        differs = (rows[name].notna() & expected.notna() & (rows[name] != expected)).fillna(False).to_numpy(dtype=bool)
        found += [
            Finding("baseline_conflict", file=file, row=int(row), column=name)
            for file, row in zip(rows["source_file"][differs], rows["source_row"][differs], strict=True)
        ]
    return found


def _met_later(study: Study, table: pd.DataFrame, waves: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Give the participants that have no baseline, with the row in which they are first met."""
    met = [waves[wave][PLACE].assign(wave=wave) for wave in study.wave_ids if wave in waves and len(waves[wave])]
    if not met:
        return pd.DataFrame(columns=[*PLACE, "wave"])
    every = pd.concat(met, ignore_index=True)
    return every[~among(every["participant"], table["participant"])].drop_duplicates("participant", ignore_index=True)


def _about_late(late: pd.DataFrame) -> list[Finding]:
    return [
        Finding("no_baseline", file=file, row=int(row), wave=wave)
        for file, row, wave in zip(late["source_file"], late["source_row"], late["wave"], strict=True)
    ]


def _about_silent(study: Study, table: pd.DataFrame, waves: Mapping[str, pd.DataFrame]) -> list[Finding]:
    """Say how many of a participants' file are in no wave; that is no fault, and where keys slip it is a sign."""
    named = next(source for source in study.head.sources if source.id == study.head.participants.source)
    if named.shape != "participants":
        return []
    answered = pd.concat([frame["participant"] for frame in waves.values()]) if waves else pd.Series(dtype="str")
    count = int((~among(table["participant"], answered)).sum())
    if not count:
        return []
    return [Finding("in_no_wave", n=count, total=len(table))]


def _with_late(study: Study, table: pd.DataFrame, late: pd.DataFrame) -> pd.DataFrame:
    if not len(late):
        return table
    dtypes = {
        column.name: stored_dtype(column, effective_values(study, column)) for column in study.participant_columns
    }
    blank = pd.DataFrame({name: pd.Series(index=late.index, dtype=dtype) for name, dtype in dtypes.items()})
    added = pd.concat([late[PLACE], blank], axis=1)
    return pd.concat([table.astype(dtypes), added], ignore_index=True) if len(table) else added


def _with_arm(work: Assembly, table: pd.DataFrame) -> tuple[pd.DataFrame, list[Finding]]:
    """Add the arm; a value that is no arm is set missing and listed."""
    study = work.contract.study
    found, unknown = arms(study, table)
    if unknown.any():
        column = str(study.head.participants.arm.column)
        reject_rows(work, table.loc[unknown], None, column, "arm", "value")
        table = table.assign(**{column: table[column].mask(unknown)})
    count = int(found.isna().sum())
    table = table.drop(columns="arm", errors="ignore").assign(arm=found)
    if not count:
        return table, []
    return table, [Finding("no_arm", n=count, total=len(table))]


def _in_order(study: Study, table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    head: Participants = study.head.participants
    if head.entry_date is not None and head.entry_date != "entry_date":
        table = table.assign(entry_date=table[head.entry_date])
    levels = [level.column for level in study.head.levels if level.column in table]
    dates = ["entry_date"] if head.entry_date is not None else []
    others = [name for name in table.columns if name not in PLACE]
    return table[list(dict.fromkeys(["participant", "arm", *levels, *dates, *columns, *others]))]
