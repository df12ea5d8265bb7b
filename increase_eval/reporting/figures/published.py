"""Do published shares come out again? One row a share: what the printed rounding allows, and what is recomputed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from increase_eval.reporting.disclosure import SUPPRESSED
from increase_eval.reporting.figures import style as st
from increase_eval.reporting.figures.compose import compose
from increase_eval.reporting.figures.drawing import Drawing
from increase_eval.reporting.figures.sheet import Key, Sheet, marker_look
from increase_eval.reporting.figures.words import HIDDEN, Words
from increase_eval.reporting.numbers import format_count, format_interval, format_number, format_percent
from increase_eval.reporting.published_figures import PublishedFigure, published_figures
from increase_eval.study import Study

MOST_ROWS = 36
MOST_ROWS_COLUMN = 12
LEAST_ROW = 5.0
NAME_WIDTH = 84.0
NAME_WIDTH_COLUMN = 36.0
N_WIDTH = 13.0
AXIS = 7.0
BAND_HEIGHT = 2.6
LEAST_BAND = 0.8
"""So that the band of a figure printed with decimals can still be seen, in millimetres."""

POINT = st.SeriesStyle(st.ARM_COLOURS[0], "o", "-")
APART = st.SeriesStyle(st.ARM_COLOURS[4], "X", "-")
LIMITS = (0.0, 100.0)
TICKS: tuple[int, ...] = (0, 25, 50, 75, 100)
TICKS_COLUMN: tuple[int, ...] = (0, 50, 100)


def _name_width() -> float:
    return st.by_width(NAME_WIDTH, NAME_WIDTH_COLUMN)


@dataclass(frozen=True, slots=True)
class Row:
    """One published share: its name, the printed and the recomputed row, and whether they differ."""

    name: str
    lines: tuple[str, ...]
    printed: Mapping[str, Any]
    again: Mapping[str, Any]

    @property
    def height(self) -> float:
        """How much room it needs, in millimetres."""
        return max(LEAST_ROW, len(self.lines) * st.line_height() + 1.2)

    @property
    def differs(self) -> bool:
        """Whether the recomputed share lies outside what the rounding allows."""
        return bool(self.printed["status"] == "differs")

    @property
    def is_hidden(self) -> bool:
        """Whether the recomputed share may not be shown."""
        return bool(pd.notna(self.again["status"]) and self.again["status"] == SUPPRESSED)


def paint(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw published shares beside recomputed ones; counts are left to the table."""
    words = Words.of(study, language)
    table = tables["published_comparison"]
    every = _rows(table, published_figures(study, language))
    rows = every[: st.by_width(MOST_ROWS, MOST_ROWS_COLUMN)]
    others = int((table["term"] == "recomputed").sum()) - len(rows)
    drawn = table[table["outcome"].isin([row.printed["outcome"] for row in rows])]
    return compose(
        words,
        figure_id="published",
        table="published_comparison",
        data=drawn,
        title=_title(rows, words),
        subtitle=words.text("figures.published_subtitle"),
        caption=words.caption(
            drawn,
            words.text("figures.published_note"),
            words.text.plural("figures.published_others", others, number=format_count(others, language))
            if others
            else "",
        ),
        keys=_keys(rows, words),
        height=AXIS + max(LEAST_ROW, sum(row.height for row in rows)) + st.line_height(),
        put=lambda sheet: _put(sheet, rows, words),
        described=[_described(row, words) for row in rows] or [words.text("figures.nothing_drawn")],
    )


def _rows(table: pd.DataFrame, figures: Mapping[str, PublishedFigure]) -> list[Row]:
    printed = {row["outcome"]: row for row in table[table["term"] == "published"].to_dict("records")}
    again = {row["outcome"]: row for row in table[table["term"] == "recomputed"].to_dict("records")}
    return [
        Row(
            figures[own_id].name,
            tuple(st.wrap(figures[own_id].name, _name_width() - 3.0)),
            _named(printed[own_id]),
            _named(row),
        )
        for own_id, row in again.items()
        if figures[own_id].unit == "percent" and pd.notna(printed[own_id]["estimate"])
    ]


def _named(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(column): value for column, value in row.items()}


def _keys(rows: Sequence[Row], words: Words) -> list[Key]:
    keys = [Key(words.text("figures.published_band"), band=st.RULE), Key(words.text("figures.published_again"), POINT)]
    return [*keys, Key(words.text("figures.published_apart"), APART)] if any(row.differs for row in rows) else keys


def _put(sheet: Sheet, rows: Sequence[Row], words: Words) -> None:
    left, right = 1.5 + _name_width(), sheet.width - 1.5 - N_WIDTH - 3.0
    bottom = sheet.floor + AXIS
    whole = sum(row.height for row in rows)
    axes = sheet.axes(left, bottom, right - left, max(LEAST_ROW, whole))
    axes.set(xlim=LIMITS, ylim=(0, max(LEAST_ROW, whole)))
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    ticks = st.by_width(TICKS, TICKS_COLUMN)
    axes.set_xticks(ticks, labels=[format_percent(tick / 100, words.language) for tick in ticks])
    axes.grid(axis="x")
    sheet.text(sheet.width - 1.5, sheet.ceiling - 3.0, words.text("figures.n_head"), ha="right", color=st.SOFT_INK)
    per_mm = (LIMITS[1] - LIMITS[0]) / (right - left)
    top = whole
    for row in rows:
        place = top - row.height / 2
        top -= row.height
        middle = bottom + place
        for order, line in enumerate(row.lines):
            shift = ((len(row.lines) - 1) / 2 - order) * st.line_height()
            sheet.text(left - 3.0, middle + shift, line, ha="right", va="center_baseline")
        sheet.text(sheet.width - 1.5, middle, words.count(row.again["n"]), ha="right", va="center_baseline")
        low, high = _band(row, per_mm)
        axes.barh(place, high - low, left=low, height=BAND_HEIGHT, color=st.RULE, linewidth=0, zorder=2)
        if row.is_hidden:
            sheet.text(right + 1.0, middle, HIDDEN, va="center_baseline", color=st.SOFT_INK)
        elif pd.notna(row.again["estimate"]):
            style = APART if row.differs else POINT
            if pd.notna(row.again["conf_low"]):
                ends = [row.again["conf_low"], row.again["conf_high"]]
                axes.plot(ends, [place, place], color=style.colour, linewidth=1.1, zorder=2.2)
            axes.plot([row.again["estimate"]], [place], zorder=3, clip_on=False, **_small(style))


def _small(style: st.SeriesStyle) -> dict[str, Any]:
    return marker_look(style, is_open=False) | {"markersize": 4.0}


def _band(row: Row, per_mm: float) -> tuple[float, float]:
    """Give the ends of what the rounding allows, cut to the axis and wide enough to be seen."""
    low, high = row.printed["conf_low"], row.printed["conf_high"]
    low = LIMITS[0] if pd.isna(low) else float(low)
    high = LIMITS[1] if pd.isna(high) else float(high)
    spare = max(0.0, LEAST_BAND * per_mm - (high - low)) / 2
    return max(LIMITS[0], low - spare), min(LIMITS[1], high + spare)


def _title(rows: Sequence[Row], words: Words) -> str:
    """Say how many of the shares that can be recomputed come out again."""
    if not rows:
        return words.text("figures.published_plain")
    again = sum(not row.differs for row in rows)
    values = {"all": format_count(len(rows), words.language), "again": format_count(again, words.language)}
    if words.study.is_synthetic:
        return words.text("figures.published_constructed", **values)
    return words.text("figures.published_title", **values)


def _described(row: Row, words: Words) -> str:
    printed = format_number(row.printed["estimate"], 1, words.language)
    if row.is_hidden or pd.isna(row.again["estimate"]):
        return words.text("figures.published_row_hidden", name=row.name, printed=printed)
    values = {"name": row.name, "printed": printed, "n": words.count(row.again["n"])}
    values["again"] = format_number(row.again["estimate"], 1, words.language)
    if pd.isna(row.again["conf_low"]):
        return words.text("figures.published_row", **values)
    interval = format_interval(row.again["conf_low"], row.again["conf_high"], 1, words.language)
    return words.text("figures.published_row_interval", interval=interval, **values)
