"""How are the scores spread? One row a scale, one panel a wave: the share of the scored in each bin, bars from 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from increase_eval.reporting.figures import style as st
from increase_eval.reporting.figures.compose import compose
from increase_eval.reporting.figures.drawing import Drawing
from increase_eval.reporting.figures.panels import HIDDEN_MARK
from increase_eval.reporting.figures.series import is_suppressed
from increase_eval.reporting.figures.sheet import Sheet
from increase_eval.reporting.figures.words import Words, drawn_scales, only_total
from increase_eval.reporting.numbers import format_count, format_number, format_percent
from increase_eval.study import Scale, Study

MOST_ROWS = 5
MOST_ROWS_COLUMN = 4
LEFT = 10.0
GUTTER = 4.0
PLOT_HEIGHT = 16.0
BETWEEN = 3.0
UPTO = ".."


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin: its ends, its share of the scored, and whether it may not be shown."""

    low: float
    high: float
    share: float | None
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """One panel: the bins of a scale at a wave, and n; None where the scale was not asked."""

    bins: tuple[Bin, ...]
    n: object


def paint(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw how scores are spread, by scale and wave."""
    words = Words.of(study, language)
    table = only_total(tables["score_distribution"])
    scales, left_out = drawn_scales(study, table, most=st.by_width(MOST_ROWS, MOST_ROWS_COLUMN))
    drawn = table[table["outcome"].isin([scale.id for scale in scales])]
    waves = [wave for wave in study.wave_ids if (drawn["wave"] == wave).fillna(False).any()]
    cells = {(scale.id, wave): _cell(drawn, scale, wave) for scale in scales for wave in waves}
    plot_width = (st.sheet_width() - 3.0 - LEFT - GUTTER * (len(waves) - 1)) / max(1, len(waves))
    wave_lines = [st.wrap(words.wave(wave), plot_width, bold=True) for wave in waves]
    head = max(map(len, wave_lines), default=0) * st.line_height() + 1.0
    row_height = st.line_height(st.HEADING_PT) + 2 * st.line_height() + PLOT_HEIGHT + 3.0

    def put(sheet: Sheet) -> None:
        lefts = [1.5 + LEFT + column * (plot_width + GUTTER) for column in range(len(waves))]
        for left, lines in zip(lefts, wave_lines, strict=True):
            for i, line in enumerate(lines):
                sheet.text(left, sheet.ceiling - (i + 1) * st.line_height() + 0.8, line, bold=True)
        for row, scale in enumerate(scales):
            top = sheet.ceiling - head - row * (row_height + BETWEEN)
            _put_heading(sheet, scale, top, words)
            shares = [one.share for wave in waves for one in cells[(scale.id, wave)].bins if one.share is not None]
            bottom = top - st.line_height(st.HEADING_PT) - st.line_height() - 1.5 - PLOT_HEIGHT
            for column, wave in enumerate(waves):
                place = (lefts[column], bottom, plot_width)
                _put_cell(sheet, cells[(scale.id, wave)], place, max(shares, default=0.1), column == 0, words)

    return compose(
        words,
        figure_id="distributions",
        table="score_distribution",
        data=drawn,
        title=_title(scales, cells, waves, words),
        subtitle=words.text("figures.distributions_subtitle", waves=words.waves(waves)),
        caption=words.caption(
            drawn,
            words.text("figures.distributions_note"),
            words.text.plural("figures.more_scales", left_out, number=format_count(left_out, language))
            if left_out
            else "",
        ),
        keys=(),
        height=head + max(1, len(scales)) * (row_height + BETWEEN) - BETWEEN,
        put=put,
        described=[_described(scale, wave, cells[(scale.id, wave)], words) for scale in scales for wave in waves]
        or [words.text("figures.nothing_drawn")],
    )


def _cell(drawn: pd.DataFrame, scale: Scale, wave: str) -> Cell:
    rows = drawn[(drawn["outcome"] == scale.id) & (drawn["wave"] == wave)].to_dict("records")
    bins = []
    for row in rows:
        low, _, high = str(row["term"]).partition(UPTO)
        ends = (float(low), float(high)) if high else (float(low) - 0.5, float(low) + 0.5)
        n = row["n"]
        known = not pd.isna(row["estimate"]) and not pd.isna(n) and n > 0
        bins.append(Bin(*ends, float(row["estimate"]) / float(n) if known else None, is_suppressed(row)))
    return Cell(tuple(bins), rows[0]["n"] if rows else None)


def _put_heading(sheet: Sheet, scale: Scale, top: float, words: Words) -> None:
    name = words.scale(scale)
    sheet.text(1.5, top - 3.0, name, size=st.HEADING_PT, bold=True)
    remark = words.range_and_direction(scale)
    start = 1.5 + st.text_width(name, st.HEADING_PT, bold=True) + 3.0
    if start + st.text_width(remark) < sheet.width - 1.5:
        sheet.text(start, top - 3.0, remark, color=st.SOFT_INK)


def _put_cell(
    sheet: Sheet, cell: Cell, place: tuple[float, float, float], tallest: float, is_first: bool, words: Words
) -> None:
    left, bottom, width = place
    axes = sheet.axes(left, bottom, width, PLOT_HEIGHT)
    bins = cell.bins
    low, high = (bins[0].low, bins[-1].high) if bins else (0.0, 1.0)
    axes.set(xlim=(low, high), ylim=(0, tallest * 1.15))
    axes.set_xticks([])
    step = 0.1 if tallest <= 0.45 else 0.25
    ticks = [i * step for i in range(int(tallest * 1.15 / step + 1e-9) + 1)]
    axes.set_yticks(ticks, labels=[format_percent(tick, words.language) if is_first else "" for tick in ticks])
    axes.grid(axis="y")
    for one in bins:
        if one.share is not None:
            axes.bar(
                one.low,
                one.share,
                one.high - one.low,
                align="edge",
                facecolor=st.BAR,
                edgecolor=st.PAPER,
                linewidth=0.6,
            )
        elif one.is_hidden:
            x = left + width * ((one.low + one.high) / 2 - low) / (high - low)
            sheet.text(x, bottom + 0.7, HIDDEN_MARK, ha="center", color=st.SOFT_INK)
    if not any(one.share is not None for one in bins):
        note = words.text("figures.nothing_drawn" if bins else "figures.not_asked_here")
        for i, line in enumerate(st.wrap(note, width - 1)):
            sheet.text(left + width / 2, bottom + PLOT_HEIGHT * 0.6 - i * st.line_height(), line, ha="center")
    if bins:
        shift = 0.5 if _is_one_score(bins[0]) else 0.0
        digits = 0 if float(low + shift).is_integer() and float(high - shift).is_integer() else 1
        y = bottom - 1.0 - st.line_height() + 0.6
        sheet.text(left, y, format_number(low + shift, digits, words.language))
        sheet.text(left + width, y, format_number(high - shift, digits, words.language), ha="right")
        n_text = words.text("figures.n_is", n=words.count(cell.n))
        sheet.text(left, bottom + PLOT_HEIGHT + 1.2, n_text, color=st.SOFT_INK)


def _title(scales: Sequence[Scale], cells: Mapping[tuple[str, str], Cell], waves: Sequence[str], words: Words) -> str:
    """Say between which ends the middle score lay at the first and the last wave, where the bins tell."""
    for scale in scales:
        found = [(wave, middle_bin(cells[(scale.id, wave)].bins)) for wave in waves]
        known = [(wave, one) for wave, one in found if one is not None]
        if known:
            parts = {"scale": words.scale(scale), "first": words.wave(known[0][0]), "start": _ends(known[0][1], words)}
            if len(known) == 1:
                return words.text("figures.middle_once", **parts)
            parts |= {"last": words.wave(known[-1][0]), "end": _ends(known[-1][1], words)}
            return words.text("figures.middle_twice", **parts)
    return words.text("figures.distributions_plain", waves=words.waves(waves))


def middle_bin(bins: Sequence[Bin]) -> Bin | None:
    """Give the bin with the middle score, or None where suppressed bins leave that open."""
    known = [one.share for one in bins if one.share is not None]
    hidden = 1.0 - sum(known)
    if not known or any(one.share is None and not one.is_hidden for one in bins):
        return None
    below = below_hidden = 0.0
    for one in bins:
        if one.share is None:
            below_hidden = max(hidden, 0.0)
        elif below + below_hidden < 0.5 and below + one.share > 0.5:
            return one
        else:
            below += one.share
    return None


def _is_one_score(one: Bin) -> bool:
    """Whether a bin stands for one whole score, and runs from half below it to half above."""
    return one.high - one.low == 1 and one.low % 1 == 0.5


def _ends(one: Bin, words: Words) -> str:
    if _is_one_score(one):
        return words.text("figures.at_score", score=format_number(one.low + 0.5, 0, words.language))
    digits = 0 if one.low.is_integer() and one.high.is_integer() else 1
    low, high = (format_number(end, digits, words.language) for end in (one.low, one.high))
    return words.text("figures.between_scores", low=low, high=high)


def _described(scale: Scale, wave: str, cell: Cell, words: Words) -> str:
    parts = []
    for one in cell.bins:
        share = words.text("figures.hidden") if one.share is None else format_percent(one.share, words.language)
        parts.append(f"{_ends(one, words)} {share}")
    series = f"{words.scale(scale)}, {words.wave(wave)}, {words.text('figures.n_is', n=words.count(cell.n))}"
    points = "; ".join(parts) or words.text("figures.not_asked_here")
    return words.text("figures.series", series=series, points=points)
