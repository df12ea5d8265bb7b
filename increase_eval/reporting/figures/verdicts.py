"""How do the arms compare, against what matters? One row a comparison: its interval, the margins, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from increase_eval.claims.verdicts.result import DIFFERENT, EQUIVALENT, INCONCLUSIVE, NOT_ESTIMABLE, SMALLER
from increase_eval.reporting.disclosure import SUPPRESSED
from increase_eval.reporting.figures import style as st
from increase_eval.reporting.figures.compose import compose
from increase_eval.reporting.figures.drawing import Drawing
from increase_eval.reporting.figures.sheet import Key, Sheet
from increase_eval.reporting.figures.words import Words
from increase_eval.reporting.numbers import MISSING, format_count, format_number
from increase_eval.study import Study

ROW, HEAD, FOOT = 4.3, 5.0, 10.5
"""Heights of a row, of the heading of an outcome, and of the axis with its title, in millimetres."""
MOST_ROWS = 34
MOST_MARGINS = 8.0
"""Up to so many margins on either side the labels of one margin have room beside 0."""
LABEL_WIDTH, COUNT_WIDTH, WORD_WIDTH = 56.0, 11.0, 30.0
WORDS = {
    DIFFERENT: "verdicts.word_different",
    EQUIVALENT: "verdicts.word_equivalent",
    SMALLER: "verdicts.word_smaller_short",
    INCONCLUSIVE: "verdicts.word_inconclusive",
    NOT_ESTIMABLE: "verdicts.word_not_estimable",
}


def paint(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw the comparisons of headline outcomes at their last wave, in multiples of what matters."""
    words = Words.of(study, language)
    rows = _rows(study, tables["verdicts"])
    shown = rows.head(MOST_ROWS)
    groups = shown[["outcome", "by_family"]].drop_duplicates()
    height = len(shown) * ROW + len(groups) * HEAD + FOOT
    counts = shown["verdict"].value_counts()
    title = words.text(
        "figures.verdicts_title",
        open=format_count(int(counts.get(INCONCLUSIVE, 0)), language),
        all=format_count(len(shown), language),
    )
    return compose(
        words,
        figure_id="verdicts",
        table="verdicts",
        data=shown.drop(columns=["margin"]),
        title=title,
        subtitle=words.text("figures.verdicts_subtitle"),
        caption=words.caption(shown, words.text("figures.verdicts_note")),
        keys=[Key(words.text("figures.verdicts_band"), band=st.BAND)],
        height=height,
        put=lambda sheet: _put(sheet, shown, words),
        described=[_described(row, words) for row in shown.to_dict("records")] or [words.text("figures.nothing_drawn")],
    )


def _rows(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """Give the comparisons that have a margin, of headline estimands, each outcome at its last wave."""
    headline = [one for one in study.analysis.estimands if one.headline]
    last = {one.outcome: one.wave for one in sorted(headline, key=lambda one: study.wave_ids.index(one.wave))}
    margins = table[table["term"] == "margin"].set_index(["by_family", "by_estimand", "contrast"])["estimate"]
    own = table[(table["term"] == "difference") & table["by_estimand"].isin([one.id for one in headline])]
    own = own[[last.get(str(o)) == w for o, w in zip(own["outcome"], own["wave"], strict=True)]]
    keys = pd.MultiIndex.from_frame(own[["by_family", "by_estimand", "contrast"]])
    own = own.assign(margin=margins.reindex(keys).to_numpy(dtype=float, na_value=float("nan")))
    return own[own["margin"].notna()].reset_index(drop=True)


def _put(sheet: Sheet, rows: pd.DataFrame, words: Words) -> None:
    if rows.empty:
        sheet.text(1.5, sheet.floor + 1.0, words.text("figures.nothing_drawn"))
        return
    left, width = LABEL_WIDTH, sheet.width - LABEL_WIDTH - COUNT_WIDTH - WORD_WIDTH
    count_at, word_at = left + width + COUNT_WIDTH - 1.5, left + width + COUNT_WIDTH + 1.5
    axes = sheet.axes(left, sheet.floor + FOOT, width, sheet.body - FOOT)
    ends = (rows[["conf_low", "conf_high"]].abs().max(axis="columns") / rows["margin"]).dropna()
    reach = max(1.5, float(ends.max()) * 1.05 if len(ends) else 1.5)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(0, sheet.body - FOOT)
    axes.axvspan(-1, 1, color=st.BAND, linewidth=0, zorder=0)
    axes.axvline(0, color=st.SOFT_INK, linewidth=0.7, zorder=1)
    axes.set_yticks([])
    ticks = (-1, 0, 1) if reach <= MOST_MARGINS else (0,)
    axes.set_xticks(ticks, [format_number(tick, 0, words.language) for tick in ticks])
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    sheet.text(left + width / 2, sheet.floor + 1.0, words.text("figures.verdicts_axis"), ha="center")
    sheet.text(count_at, sheet.floor + sheet.body - HEAD + 1.0, words.text("figures.n_head"), ha="right")
    y, group = sheet.body - FOOT, None
    for row in rows.to_dict("records"):
        if (row["outcome"], row["by_family"]) != group:
            group = (row["outcome"], row["by_family"])
            y -= HEAD
            sheet.text(1.5, sheet.floor + FOOT + y + 1.0, _outcome(row, words), bold=True)
        y -= ROW
        sheet.text(3.5, sheet.floor + FOOT + y + 1.0, _contrast(row, words))
        if pd.notna(row["estimate"]):
            scale, middle = float(row["margin"]), y + ROW / 2
            axes.plot([row["conf_low"] / scale, row["conf_high"] / scale], [middle] * 2, color=st.INK, linewidth=1.0)
            axes.plot([row["estimate"] / scale], [middle], marker="o", markersize=4.0, color=st.INK)
        sheet.text(count_at, sheet.floor + FOOT + y + 1.0, _count(row, words), ha="right")
        sheet.text(word_at, sheet.floor + FOOT + y + 1.0, _verdict(row, words))


def _outcome(row: Mapping[Any, Any], words: Words) -> str:
    scale = words.scale(words.study.scale(str(row["outcome"])))
    exploratory = {family.id for family in words.study.analysis.families if family.exploratory}
    late = f" ({words.text('verdicts.exploratory')})" if row["by_family"] in exploratory else ""
    return f"{scale}, {words.wave(str(row['wave']))}{late}"


def _contrast(row: Mapping[Any, Any], words: Words) -> str:
    one = next(each for each in words.study.analysis.contrasts if each.id == row["contrast"])
    return words.text("verdicts.contrast_name", first=words.arm(one.first), second=words.arm(one.second))


def _count(row: Mapping[Any, Any], words: Words) -> str:
    """Write how many people a comparison stands on: withheld, or none where it cannot be made."""
    if pd.isna(row["n"]) and row["status"] != SUPPRESSED:
        return MISSING
    return words.count(row["n"])


def _verdict(row: Mapping[Any, Any], words: Words) -> str:
    return words.count(float("nan")) if pd.isna(row["verdict"]) else words.text(WORDS[str(row["verdict"])])


def _described(row: Mapping[Any, Any], words: Words) -> str:
    scale = row["margin"]
    low, value, high = (
        format_number(row[name] / scale if pd.notna(row[name]) else float("nan"), 2, words.language)
        for name in ("conf_low", "estimate", "conf_high")
    )
    return words.text(
        "figures.verdicts_row",
        outcome=_outcome(row, words),
        contrast=_contrast(row, words),
        value=value,
        low=low,
        high=high,
        verdict=_verdict(row, words),
    )
