"""How alike are the people of the arms, before and after weighting? The largest difference of any two (love plot)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

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
from increase_eval.reporting.figures.sheet import Key
from increase_eval.reporting.figures.words import TOTAL, Words
from increase_eval.reporting.numbers import format_number
from increase_eval.study import Study
from increase_eval.study.tables import ValueLabel

STAGES: Mapping[str, st.SeriesStyle] = {
    "before": st.SeriesStyle("#8c8c8c", "o", "-"),
    "overlap": st.SeriesStyle("#000000", "^", "-"),
    "inverse_probability": st.SeriesStyle("#4d4d4d", "D", "-"),
}
CUSTOMARY = 0.1
"""Differences under a tenth of a standard deviation are customarily called small."""


def paint(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw the largest standardised difference of any two arms, by column, wave and weight."""
    words = Words.of(study, language)
    table = tables["arm_balance"]
    worst = largest_differences(table)
    waves = [wave for wave in study.wave_ids if wave in set(worst["by_answered"])]
    shown_waves = waves[:1] if len(waves) < 2 else [waves[0], waves[-1]]
    groups = groups_that_fit([_group(wave, worst, words) for wave in shown_waves]) if len(worst) else []
    top = max([0.25, *worst["largest"].dropna()]) * 1.06
    drawn = table[table["by_answered"].isin(shown_waves)]
    left_out = list(dict.fromkeys(table.loc[table["contrast"] == TOTAL, "term"].dropna()))
    return compose(
        words,
        figure_id="arm_balance",
        table="arm_balance",
        data=drawn,
        title=_title(worst, shown_waves, words),
        subtitle=words.text("arms.balance_subtitle"),
        caption=words.caption(
            drawn,
            words.text("arms.balance_note", size=format_number(CUSTOMARY, 1, language)),
            words.text("arms.left_out", columns=words.listed([column_name(c, words) for c in left_out]))
            if left_out
            else "",
        ),
        keys=[Key(words.text(f"arms.stage_{stage}"), style) for stage, style in STAGES.items()],
        height=forest_height(groups),
        put=lambda sheet: put_forest(sheet, groups, _axis(top, words), n_head=""),
        described=[_described(wave, worst, words) for wave in shown_waves] or [words.text("figures.nothing_drawn")],
    )


def largest_differences(table: pd.DataFrame) -> pd.DataFrame:
    """Give the largest difference in size of any two arms, by wave, column and weight."""
    pairs = table[~table["contrast"].str.endswith(" - all") & ~table["contrast"].str.startswith("all - ")]
    pairs = pairs[pairs["contrast"] != TOTAL]
    sizes = pairs.assign(largest=pairs["estimate"].abs())
    keys = ["by_answered", "term", "by_stage"]
    return sizes.groupby(keys, sort=False, as_index=False)[["largest"]].max()


def column_name(term: str, words: Words) -> str:
    """Name a column of the balance table, stored as ``column`` or ``column: code``."""
    name, _, code = str(term).partition(": ")
    scale = next((scale for scale in words.study.scales if scale.id == name), None)
    if scale is not None:
        return words.scale(scale)
    column = next((column for column in words.study.participant_columns if column.name == name), None)
    if column is None:
        wave_columns = (c for wave in words.study.wave_ids for c in words.study.wave_columns(wave))
        column = next((column for column in wave_columns if column.name == name), None)
    if column is None:
        key = f"arms.column_{name}"
        return words.text(key) if words.text.has(key) else str(term)
    label = words.words(column.label)
    values: tuple[ValueLabel, ...] = words.study.table_of(column).values_of(column)
    value = next((words.words(one.label) for one in values if str(one.code) == code), code)
    return words.text("arms.column_value", column=label, value=value) if code else label


def _group(wave: str, worst: pd.DataFrame, words: Words) -> ForestGroup:
    own = worst[worst["by_answered"] == wave]
    rows = []
    for term in dict.fromkeys(own["term"]):
        sizes = own[own["term"] == term].set_index("by_stage")["largest"]
        points = tuple(
            ForestPoint(float(sizes[stage]), None, None, style, is_open=stage == "before")
            for stage, style in STAGES.items()
            if stage in sizes and pd.notna(sizes[stage])
        )
        note = "" if points else words.text("figures.nothing_drawn")
        rows.append(ForestRow(column_name(term, words), points, note=note, is_flat=True))
    return ForestGroup(words.text("arms.answered", wave=words.wave(wave)), tuple(rows))


def _axis(top: float, words: Words) -> ForestAxis:
    step = 0.1 if top < 0.65 else 0.25
    count = int(top / step) + 1
    ticks = tuple((step * k, format_number(step * k, 2 if step == 0.25 else 1, words.language)) for k in range(count))
    return ForestAxis((0.0, top), ticks, CUSTOMARY)


def _title(worst: pd.DataFrame, waves: list[str], words: Words) -> str:
    """Say the largest difference at the last wave before weighting and after."""
    own = worst[worst["by_answered"] == waves[-1]] if waves else worst
    sizes = own.groupby("by_stage")["largest"].max()
    if not {"before", "overlap"} <= set(sizes.dropna().index):
        return words.text("arms.balance_plain")
    before, after = (format_number(sizes[stage], 2, words.language) for stage in ("before", "overlap"))
    return words.text("arms.balance_title", wave=words.wave(waves[-1]), before=before, after=after)


def _described(wave: str, worst: pd.DataFrame, words: Words) -> str:
    own = worst[(worst["by_answered"] == wave)]
    points = []
    for term in dict.fromkeys(own["term"]):
        sizes = own[own["term"] == term].set_index("by_stage")["largest"]
        said = [f"{words.text(f'arms.stage_{s}')} {format_number(sizes.get(s), 2, words.language)}" for s in STAGES]
        points.append(f"{column_name(term, words)}: {', '.join(said)}")
    series = words.text("arms.answered", wave=words.wave(wave))
    return words.text("figures.series", series=series, points="; ".join(points) or words.text("figures.nothing_drawn"))
