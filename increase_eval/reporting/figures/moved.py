"""Of those who were out of work, which share was in work later on, in each arm? As counted; one row an arm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from increase_eval.comparison.descriptive import IN_WORK, OUT_OF_WORK
from increase_eval.reporting.figures import style as st
from increase_eval.reporting.figures.compose import compose
from increase_eval.reporting.figures.drawing import Drawing
from increase_eval.reporting.figures.forest import (
    ForestAxis,
    ForestGroup,
    ForestPoint,
    ForestRow,
    forest_height,
    groups_that_fit,
    put_forest,
)
from increase_eval.reporting.figures.series import is_suppressed
from increase_eval.reporting.figures.words import TOTAL, Words, all_arm_styles
from increase_eval.reporting.numbers import format_percent
from increase_eval.reporting.told_moves import told_pairs
from increase_eval.study import Study

TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
EVERYBODY = st.SeriesStyle("#000000", "o", "-")

READINGS: Mapping[str, str] = {
    OUT_OF_WORK: "moved.out_of_work",
    IN_WORK: "moved.in_work",
    TOTAL: "moved.everybody",
}
"""What was left (``by_from``) -> the key of its name."""

Kind = tuple[str, str, str]
"""Variable, first wave, later wave."""


def paint(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw the shares of those out of work who were in work later, by pair of waves and arm."""
    words = Words.of(study, language)
    table = tables["moves_by_arm"]
    moved = table[(table["term"] == IN_WORK) & (table["by_from"] == OUT_OF_WORK)]
    moved = moved[moved["by_arm"].isin([*study.arm_ids, TOTAL])]
    kinds = [
        (variable.id, *pair)
        for variable in study.head.states
        for pair in told_pairs(study.wave_ids)
        if len(_rows(moved, (variable.id, *pair)))
    ]
    groups = groups_that_fit([_group(kind, moved, words) for kind in kinds]) if kinds else []
    kept = kinds[: len(groups)]
    drawn = pd.concat([_rows(moved, kind) for kind in kept]) if kept else moved
    ticks = tuple((tick, format_percent(tick, language)) for tick in TICKS)
    return compose(
        words,
        figure_id="moved",
        table="moves_by_arm",
        data=drawn,
        title=_title(kept, moved, words),
        subtitle=words.text("moved.subtitle"),
        caption=words.caption(
            drawn,
            words.text("moved.note", confidence=words.confidence()),
            words.text("arms.more_outcomes") if len(kept) < len(kinds) else "",
        ),
        keys=[words.thin_key()] if any(_is_thin(row, words) for row in drawn.to_dict("records")) else [],
        height=forest_height(groups),
        put=lambda sheet: put_forest(sheet, groups, ForestAxis((0.0, 1.0), ticks), n_head=words.text("figures.n_head")),
        described=[_described(kind, moved, words) for kind in kept] or [words.text("figures.nothing_drawn")],
    )


def _rows(moved: pd.DataFrame, kind: Kind) -> pd.DataFrame:
    variable, first, last = kind
    return moved[(moved["outcome"] == variable) & (moved["contrast"] == f"{first} -> {last}")]


def _name(kind: Kind, words: Words) -> str:
    return words.text("arms.among_out_of_work", first=words.wave(kind[1]), last=words.wave(kind[2]))


def _arms(words: Words) -> tuple[str, ...]:
    return (*words.study.arm_ids, TOTAL)


def _group(kind: Kind, moved: pd.DataFrame, words: Words) -> ForestGroup:
    found = {row["by_arm"]: row for row in _rows(moved, kind).to_dict("records")}
    styles = all_arm_styles(words.study.arm_ids) | {TOTAL: EVERYBODY}
    rows = []
    for arm in _arms(words):
        row = found.get(arm)
        if row is None:
            continue
        value, low, high = (None if pd.isna(row[c]) else float(row[c]) for c in ("estimate", "conf_low", "conf_high"))
        point = ForestPoint(value, low, high, styles[arm], is_open=_is_thin(row, words), is_hidden=is_suppressed(row))
        rows.append(ForestRow(words.arm(arm), (point,), words.count(row["n"])))
    return ForestGroup(_name(kind, words), tuple(rows))


def _is_thin(row: Mapping[Any, Any], words: Words) -> bool:
    return pd.notna(row["estimate"]) and pd.notna(row["n"]) and int(row["n"]) < words.study.analysis.minimum_n


def _title(kept: list[Kind], moved: pd.DataFrame, words: Words) -> str:
    """Say which share of everybody moved over the longest time that is shown."""
    shown = [
        (words.study.wave_ids.index(kind[2]) - words.study.wave_ids.index(kind[1]), kind, row)
        for kind in kept
        for row in _rows(moved, kind).to_dict("records")
        if row["by_arm"] == TOTAL and pd.notna(row["estimate"])
    ]
    if not shown:
        return words.text("moved.plain")
    _, kind, row = max(shown, key=lambda one: one[0])
    share = format_percent(row["estimate"], words.language)
    return words.text("moved.title", share=share, first=words.wave(kind[1]), last=words.wave(kind[2]))


def _described(kind: Kind, moved: pd.DataFrame, words: Words) -> str:
    found = {row["by_arm"]: row for row in _rows(moved, kind).to_dict("records")}
    points = [words.share_point(words.arm(arm), found[arm]) for arm in _arms(words) if arm in found]
    return words.text("figures.series", series=_name(kind, words), points="; ".join(points))
