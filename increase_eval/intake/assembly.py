"""From conformed files to one table a wave: duplicates settled across files, every row accounted for.

A row of a file ends as exactly one of accepted, duplicate, quarantined. This module decides between the first two, and
applies the rules that need all rows of a wave together.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from increase_eval.errors import DataError
from increase_eval.intake.batches import ConformedFile
from increase_eval.intake.columns import Wave
from increase_eval.intake.conform import Block, Contract
from increase_eval.intake.duplicates import Candidates, kept_rows, rule_of
from increase_eval.intake.findings import Rejections
from increase_eval.intake.rules import column_rules

DUPLICATE_COLUMNS = ("file", "row", "wave", "kept_file", "kept_row", "rule")
PLACE = ["participant", "source_file", "source_row", "_file", "_position"]
"""Where each row of an assembled table comes from; the last two are for this module and leave before storing."""


@dataclass(slots=True)
class Assembly:
    """All files of a study at work.

    Attributes
    ----------
    files
        The conformed files, in the order of their names; a block leaves them when its table is put together.
    accepted
        For each file, shape (rows,): the rows that stay.
    duplicates
        File, row, wave, kept file, kept row, rule.
    rejections
        For each file, what is found once rows are together.
    """

    contract: Contract
    files: list[ConformedFile]
    accepted: list[np.ndarray]
    duplicates: pd.DataFrame
    rejections: list[Rejections]

    def take_table(self, wave: Wave) -> pd.DataFrame:
        """Put together the accepted rows of a wave (None: participants), by file and row, and let their blocks go."""
        parts = []
        for place, file in enumerate(self.files):
            blocks = dict(file.blocks)
            parts.append(self.part(place, blocks.pop(wave, None)))
            self.files[place] = dataclasses.replace(file, blocks=blocks)
        return stack(parts)

    def staying(self, table: pd.DataFrame) -> pd.DataFrame:
        """Give the rows of an assembled table that are still accepted."""
        stays = np.ones(len(table), dtype=bool)
        files, positions = table["_file"].to_numpy(), table["_position"].to_numpy()
        for place, accepted in enumerate(self.accepted):
            own = files == place
            stays[own] = accepted[positions[own].astype("int64")]
        return table if stays.all() else table.loc[stays].reset_index(drop=True)

    def part(self, place: int, block: Block | None) -> pd.DataFrame | None:
        """Give the accepted rows of one block, each with where it comes from."""
        if block is None:
            return None
        file = self.files[place]
        stays = self.accepted[place][block.positions]
        positions = block.positions[stays]
        origin = pd.DataFrame(
            {
                "participant": file.participant.iloc[positions].to_numpy(),
                "source_file": file.name,
                "source_row": file.raw.rows[positions],
                "_file": place,
                "_position": positions,
            }
        ).astype({"participant": "str", "source_file": "str", "source_row": "Int64"})
        own = block.frame if stays.all() else block.frame.loc[stays].reset_index(drop=True)
        whole: pd.DataFrame = pd.concat([origin, own], axis=1)
        return whole


def stack(parts: Sequence[pd.DataFrame | None]) -> pd.DataFrame:
    """Put frames with the same columns below each other."""
    present = [part for part in parts if part is not None]
    filled = [part for part in present if len(part)] or present[:1]
    if len(filled) == 1:
        return filled[0]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=PLACE)


def assemble(contract: Contract, files: Sequence[ConformedFile]) -> Assembly:
    """Settle the duplicates and apply the rules that need all rows of a wave."""
    files = sorted(files, key=lambda file: file.name)
    accepted = [~file.quarantined for file in files]
    work = Assembly(contract, files, accepted, pd.DataFrame(), [Rejections(contract.language) for _ in files])
    listed = [_settle(work, group, members) for group, members in _groups(files).items()]
    listed = [part for part in listed if len(part)]
    columns = list(DUPLICATE_COLUMNS)
    work.duplicates = pd.concat(listed, ignore_index=True) if listed else pd.DataFrame(columns=columns)
    work.duplicates = work.duplicates.astype(
        {column: "Int64" if column.endswith("row") else "str" for column in columns}
    ).sort_values(["file", "row"], ignore_index=True)
    return work


def _groups(files: Sequence[ConformedFile]) -> dict[tuple[Wave, ...], list[int]]:
    """Group files by what one row of them stands for: a participant in a wave, in several waves, or as such."""
    groups: dict[tuple[Wave, ...], list[int]] = {}
    for place, file in enumerate(files):
        waves: list[Wave] = [wave for wave in file.blocks if wave is not None]
        keys = [(wave,) for wave in waves] if file.source.shape == "long" else [tuple(waves) or (None,)]
        for key in keys:
            groups.setdefault(key, []).append(place)
    return groups


def _settle(work: Assembly, group: tuple[Wave, ...], members: Sequence[int]) -> pd.DataFrame:
    keep = rule_of({work.files[place].source.id: work.files[place].source.duplicates for place in members})
    frame = pd.concat([_candidates(work, place, group) for place in members], ignore_index=True)
    if not frame["participant"].duplicated().any():
        return pd.DataFrame()
    kept = kept_rows(Candidates(frame, keep))
    lost = np.flatnonzero(kept != np.arange(len(frame)))
    for place in members:
        own = lost[frame["file"].to_numpy()[lost] == place]
        work.accepted[place] = work.accepted[place].copy()
        work.accepted[place][frame["position"].to_numpy()[own]] = False
    return pd.DataFrame(
        {
            "file": _names(work, frame, lost),
            "row": _rows(work, frame, lost),
            "wave": "+".join(wave or "participants" for wave in group),
            "kept_file": _names(work, frame, kept[lost]),
            "kept_row": _rows(work, frame, kept[lost]),
            "rule": keep,
        }
    )


def _candidates(work: Assembly, place: int, group: tuple[Wave, ...]) -> pd.DataFrame:
    file = work.files[place]
    is_wide = file.source.shape == "wide"
    positions = np.flatnonzero(work.accepted[place]) if is_wide else file.blocks[group[0]].positions
    positions = positions[work.accepted[place][positions]]
    filled = np.zeros(len(file.quarantined), dtype="int64")
    for wave, block in file.blocks.items():
        if wave in group or wave is None:
            np.add.at(filled, block.positions, block.frame.notna().sum(axis=1).to_numpy())
    return pd.DataFrame(
        {
            "file": place,
            "position": positions,
            "participant": file.participant.iloc[positions].to_numpy(),
            "order": file.order[positions],
            "filled": filled[positions],
        }
    )


def _names(work: Assembly, frame: pd.DataFrame, places: np.ndarray) -> list[str]:
    return [work.files[place].name for place in frame["file"].to_numpy()[places]]


def _rows(work: Assembly, frame: pd.DataFrame, places: np.ndarray) -> list[int]:
    files, positions = frame["file"].to_numpy()[places], frame["position"].to_numpy()[places]
    return [int(work.files[file].raw.rows[position]) for file, position in zip(files, positions, strict=True)]


def apply_unique_rules(work: Assembly, wave: Wave, table: pd.DataFrame) -> pd.DataFrame:
    """Apply the rules that a value is in one row only, and check that a participant is."""
    study = work.contract.study
    columns = study.participant_columns if wave is None else study.wave_columns(wave)
    for rule in column_rules(study, columns):
        if rule.kind != "unique" or rule.column not in table:
            continue
        mask = rule.mask(table).to_numpy(dtype=bool)
        if mask.any():
            reject_rows(work, table.loc[mask], wave, rule.column, rule.kind, rule.severity, allowed=rule.allowed)
            table = work.staying(table.assign(**{rule.column: table[rule.column].mask(mask)}))
    if wave is not None and table["participant"].duplicated().any():
        count = int(table["participant"].duplicated(keep=False).sum())
        raise DataError(
            f"wave {wave!r}: {count} rows of different sources are of the same participants, and one of the sources is "
            "wide, so that none can be left out; leave the wave out of one of them"
        )
    return table


def reject_rows(
    work: Assembly, rows: pd.DataFrame, wave: Wave, column: str, kind: str, severity: str, **more: object
) -> None:
    """Note that a rule is broken by rows of an assembled table; those of severity row stop being accepted."""
    for place, group in rows.groupby("_file", sort=True):
        positions = group["_position"].to_numpy(dtype="int64")
        texts = [str(value) for value in group[column]] if column in group else None
        work.rejections[int(place)].add(  # type: ignore[arg-type]
            positions,
            rule=kind,
            severity=severity,
            column=column_in_file(work, int(place), wave, column),  # type: ignore[arg-type]
            values=texts,
            **more,  # type: ignore[arg-type]
        )
        if severity == "row":
            work.accepted[int(place)] = work.accepted[int(place)].copy()  # type: ignore[arg-type]
            work.accepted[int(place)][positions] = False  # type: ignore[arg-type]


def column_in_file(work: Assembly, place: int, wave: Wave, column: str) -> str:
    """Give the name that a file has for a contracted column."""
    names: Mapping[str, str] = work.files[place].columns.mapped.get(wave, {})
    return names.get(column, column)
