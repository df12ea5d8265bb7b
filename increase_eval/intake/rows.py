"""Which rows of a file may stay, whose they are, and which wave they belong to.

A row is judged by the first of these that applies: consent withdrawn, another rule of the contract, a trial answer of
the survey platform, nothing in it, no proper key, no known wave.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from increase_eval.intake.cells import cell_text, plain_code
from increase_eval.intake.columns import ColumnMap, Wave, fold, row_rules_of
from increase_eval.intake.findings import Rejections
from increase_eval.intake.keys import KeyHasher, is_well_formed, normalise_keys
from increase_eval.intake.raw import RawTable
from increase_eval.study.base import Text
from increase_eval.study.sources import Source
from increase_eval.study.structure import KeyRule
from increase_eval.study.study import Study

PREVIEW_STATUS = frozenset(
    {"survey preview", "survey test", "preview spam", "offline survey preview", "preview", "1", "2", "9", "17"}
)
"""What Qualtrics writes in its column Status for answers that are no answers (4 is imported, 8 spam, 16 offline)."""

_ROW_NUMBER = KeyRule(column=None)


def judge_rows(study: Study, source: Source, raw: RawTable, columns: ColumnMap, rejections: Rejections) -> np.ndarray:
    """Find the rows that are no answers; each is quarantined by the first rule it breaks."""
    gone = np.zeros(len(raw.frame), dtype=bool)
    rules = sorted(row_rules_of(study, source), key=lambda rule: rule.kind != "consent_withdrawn")
    for rule in rules:
        column = columns.row_rules[rule.id]
        wanted = {fold(cell_text(value)) for value in rule.values}
        hit = _matches(raw, column, wanted) & ~gone
        withdrawn = rule.kind == "consent_withdrawn"
        rejections.add(
            np.flatnonzero(hit),
            rule=rule.id,
            severity="row",
            column=None if withdrawn else column,
            remedy=rule.remedy,
        )
        gone |= hit
    if raw.format == "qualtrics" and "Status" in raw.frame:
        hit = _matches(raw, "Status", PREVIEW_STATUS) & ~gone
        rejections.add(np.flatnonzero(hit), rule="preview", severity="row", column="Status")
        gone |= hit
    blank = _blank_rows(raw.frame) & ~gone
    rejections.add(np.flatnonzero(blank), rule="empty_row", severity="row")
    return gone | blank


def _matches(raw: RawTable, column: str, wanted: Iterable[str]) -> np.ndarray:
    """Find the cells whose code or label is one of those wanted."""
    codes, unique = pd.factorize(raw.frame[column])
    labels = {cell_text(code): fold(label) for code, label in raw.value_labels.get(column, {}).items()}
    wanted = set(wanted)
    texts = [cell_text(cell) for cell in unique]
    hits = np.array(
        [fold(plain_code(text)) in wanted or labels.get(text) in wanted for text in texts] + [False], dtype=bool
    )
    return hits[codes]


def _blank_rows(frame: pd.DataFrame) -> np.ndarray:
    blank = np.ones(len(frame), dtype=bool)
    for name in frame.columns:
        candidates = np.flatnonzero(blank)
        if not len(candidates):
            break
        cells = frame[name].iloc[candidates]
        empty = cells.isna().to_numpy()
        if isinstance(cells.dtype, pd.StringDtype):
            empty = empty | (cells.str.strip() == "").to_numpy(dtype=bool)
        elif not pd.api.types.is_numeric_dtype(cells.dtype) and not empty.all():
            empty = empty | np.array([isinstance(cell, str) and not cell.strip() for cell in cells], dtype=bool)
        blank[candidates[~empty]] = False
    return blank


def read_keys(
    hasher: KeyHasher,
    source: Source,
    name: str,
    raw: RawTable,
    columns: ColumnMap,
    quarantined: np.ndarray,
    rejections: Rejections,
) -> pd.Series:
    """Hash the keys of the rows that are left; rows without a proper one are quarantined."""
    rule = source.key or _ROW_NUMBER
    if columns.key is None:
        prefix = f"{source.id}\0{name}\0" if len(source.files) > 1 or "*" in source.files[0] else ""
        texts = [f"{prefix}{row}" for row in raw.rows]
        return pd.Series(hasher.hashes(texts), dtype="str")
    codes, unique = pd.factorize(raw.frame[columns.key])
    texts = [*normalise_keys([cell_text(cell) for cell in unique], rule), ""]
    formed = np.array([*is_well_formed(texts[:-1], rule), False], dtype=bool)
    present = np.array([bool(text) for text in texts], dtype=bool)
    open_rows = ~quarantined
    missing, malformed = open_rows & ~present[codes], open_rows & present[codes] & ~formed[codes]
    rejections.add(np.flatnonzero(missing), rule="key_missing", severity="row", column=columns.key)
    rejections.add(
        np.flatnonzero(malformed),
        rule="key_malformed",
        severity="row",
        column=columns.key,
        allowed=Text(en=f"a key that matches {rule.pattern}", fr=f"un identifiant conforme à {rule.pattern}"),
        values=[texts[code] for code in codes[malformed]],
    )
    quarantined |= missing | malformed
    return pd.Series(np.append(hasher.hashes(texts[:-1]), "")[codes], dtype="str")


def read_waves(
    source: Source, raw: RawTable, columns: ColumnMap, quarantined: np.ndarray, rejections: Rejections
) -> np.ndarray | None:
    """In a long file, say which wave each row belongs to; a row of none is quarantined."""
    if columns.wave_column is None:
        return None
    codes, unique = pd.factorize(raw.frame[columns.wave_column])
    by_text = {fold(written): wave for written, wave in source.wave_values.items()}
    labels = {cell_text(c): fold(label) for c, label in raw.value_labels.get(columns.wave_column, {}).items()}
    texts = [cell_text(cell) for cell in unique]
    spellings = [(fold(text), labels.get(text, ""), plain_code(text)) for text in texts]
    found = [next((by_text[s] for s in several if s in by_text), None) for several in spellings]
    waves = np.array([*found, None], dtype=object)[codes]
    unknown = ~quarantined & np.array([wave is None for wave in waves], dtype=bool)
    rejections.add(
        np.flatnonzero(unknown),
        rule="unknown_wave",
        severity="row",
        column=columns.wave_column,
        allowed=Text(en=", ".join(source.wave_values), fr=", ".join(source.wave_values)),
        values=[texts[code] if code >= 0 else "" for code in codes[unknown]],
    )
    quarantined |= unknown
    return waves


def rows_of(
    study: Study,
    source: Source,
    wave: Wave,
    waves: np.ndarray | None,
    raw: RawTable,
    columns: ColumnMap,
    quarantined: np.ndarray,
) -> np.ndarray:
    """Give the places of the rows that belong to a wave, or to the baseline."""
    keep = ~quarantined
    if source.shape == "long" and waves is not None:
        wanted = wave if wave is not None else study.head.participants.wave
        if wanted is not None:
            keep = keep & (waves == wanted)
    elif source.shape == "wide" and wave is not None:
        filled = raw.frame[list(columns.mapped[wave].values())].notna().any(axis=1)
        keep = keep & filled.to_numpy()
    return np.flatnonzero(keep)
