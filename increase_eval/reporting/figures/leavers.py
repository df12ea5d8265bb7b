"""Do those who answered differ from those who did not? Love plots: wave by wave, and before and after weighting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from increase_eval.reporting.characteristics import Characteristics
from increase_eval.reporting.figures.compose import compose
from increase_eval.reporting.figures.dot_rows import DotRow, Mark, axis_limits, put_rows, rows_height
from increase_eval.reporting.figures.drawing import Drawing
from increase_eval.reporting.figures.series import is_suppressed
from increase_eval.reporting.figures.sheet import Key
from increase_eval.reporting.figures.style import ARM_COLOURS, ARM_DASHES, SeriesStyle, by_width, wave_styles
from increase_eval.reporting.figures.words import Words
from increase_eval.reporting.numbers import format_count, format_signed
from increase_eval.study import Study

MOST_ROWS = 26
MOST_ROWS_COLUMN = 11
SMALL = 0.1
"""A standardised difference that by convention counts as small: a band, and no test."""
WEIGHTINGS = ("none", "ipw", "raked", "ipw + raked")


def paint_leavers(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw standardised differences of those who answered and those who did not, one mark a wave."""
    words = Words.of(study, language)
    table = tables["leaver_differences"]
    rows = table[(table["outcome"] != "stayed") & (table["status"] != "no variance").fillna(True)]
    waves = [wave for wave in study.wave_ids if (rows["wave"] == wave).fillna(False).any()]
    styles = wave_styles(waves)
    return _love(
        words,
        rows,
        column="wave",
        series=waves,
        styles=styles,
        names=words.wave,
        figure_id="leavers",
        table="leaver_differences",
        subtitle=words.text("figures.leavers_subtitle", waves=words.waves(waves)),
        note=words.text("figures.leavers_note"),
    )


def paint_balance(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw how far those who answered the last wave lie from all who were asked, before and after weighting."""
    words = Words.of(study, language)
    table = tables["weight_balance"]
    own = table[table["wave"] == study.wave_ids[-1]]
    series = [name for name in WEIGHTINGS if (own["by_weights"] == name).fillna(False).any()]
    return _love(
        words,
        own,
        column="by_weights",
        series=series,
        styles=weighting_styles(),
        names=lambda name: weighting_name(words, name),
        figure_id="balance",
        table="weight_balance",
        subtitle=words.text("figures.balance_subtitle", wave=words.wave(study.wave_ids[-1])),
        note=words.text("figures.balance_note"),
    )


def weighting_styles() -> dict[str, SeriesStyle]:
    """Give each weighting its look: grey and open-ended before, colours after."""
    looks = (("#8c8c8c", "o"), (ARM_COLOURS[0], "s"), (ARM_COLOURS[1], "^"), (ARM_COLOURS[4], "D"))
    return {
        name: SeriesStyle(colour, marker, ARM_DASHES[place])
        for place, (name, (colour, marker)) in enumerate(zip(WEIGHTINGS, looks, strict=True))
    }


def weighting_name(words: Words, name: str) -> str:
    """Name a weighting."""
    return words.text(f"figures.weights_{name.replace(' + ', '_')}")


def _love(
    words: Words,
    rows: pd.DataFrame,
    *,
    column: str,
    series: Sequence[str],
    styles: Mapping[str, SeriesStyle],
    names: Callable[[str], str],
    figure_id: str,
    table: str,
    subtitle: str,
    note: str,
) -> Drawing:
    """Draw a love plot: one row a characteristic, one mark a series, largest differences where there are too many."""
    kept, left_out = _kept(rows)
    is_kept = [pair in kept for pair in zip(rows["outcome"], rows["term"], strict=True)]
    drawn = rows[np.array(is_kept, dtype=bool)]
    called = Characteristics(words.study, words.text)
    lines = [_row(drawn, pair, column, series, styles, called) for pair in kept]
    limits = axis_limits(lines)
    text = words.text
    return compose(
        words,
        figure_id=figure_id,
        table=table,
        data=drawn,
        title=_title(figure_id, drawn, column, series, called, words),
        subtitle=subtitle,
        caption=words.caption(
            drawn,
            note,
            text("figures.love_band", small=format_signed(SMALL, 1, words.language).lstrip("+")),
            text.plural("figures.love_more", left_out, number=format_count(left_out, words.language))
            if left_out
            else "",
        ),
        keys=[Key(names(one), styles[one]) for one in series] + [Key(text("figures.love_small"), band="#e6e6e6")],
        height=rows_height(lines),
        put=lambda sheet: put_rows(sheet, lines, limits, language=words.language, side_head="", band=(-SMALL, SMALL)),
        described=[_described(drawn, pair, column, series, names, called, words) for pair in kept]
        or [text("figures.nothing_drawn")],
    )


def _kept(rows: pd.DataFrame) -> tuple[list[tuple[str, str]], int]:
    """Choose rows: one of two categories, and the largest differences where there are too many; in their order."""
    pairs = list(dict.fromkeys(zip(rows["outcome"], rows["term"], strict=True)))
    terms: dict[str, list[str]] = {}
    for outcome, term in pairs:
        terms.setdefault(outcome, []).append(term)
    told = [pair for pair in pairs if len(terms[pair[0]]) != 2 or pair[1] == terms[pair[0]][1]]
    size = rows.assign(size=rows["estimate"].abs()).groupby(["outcome", "term"])["size"].max()
    largest = sorted(told, key=lambda pair: -(size.get(pair, 0.0) if pd.notna(size.get(pair, 0.0)) else 0.0))
    kept = set(largest[: by_width(MOST_ROWS, MOST_ROWS_COLUMN)])
    return [pair for pair in told if pair in kept], len(told) - len(kept)


def _row(
    drawn: pd.DataFrame,
    pair: tuple[str, str],
    column: str,
    series: Sequence[str],
    styles: Mapping[str, SeriesStyle],
    called: Characteristics,
) -> DotRow:
    own = drawn[(drawn["outcome"] == pair[0]) & (drawn["term"] == pair[1])]
    found = {row[column]: row for row in own.to_dict("records")}
    marks = []
    for one in series:
        row = found.get(one)
        if row is not None:
            value = None if pd.isna(row["estimate"]) else float(row["estimate"])
            marks.append(Mark(value, styles[one], is_hidden=is_suppressed(row)))
    return DotRow(called.full(*pair), tuple(marks))


def _title(
    figure_id: str,
    drawn: pd.DataFrame,
    column: str,
    series: Sequence[str],
    called: Characteristics,
    words: Words,
) -> str:
    """Say the largest difference: at the last wave, or before and after the last weighting."""
    if not series:
        return words.text(f"figures.{figure_id}_plain")
    if figure_id == "leavers":
        own = drawn[drawn[column] == series[-1]].dropna(subset=["estimate"])
        if own.empty:
            return words.text("figures.leavers_plain")
        row = own.assign(size=own["estimate"].abs()).nlargest(1, "size").iloc[0]
        return words.text(
            "figures.leavers_title",
            name=called.full(row["outcome"], row["term"]),
            value=format_signed(row["estimate"], 2, words.language),
            wave=words.wave(series[-1]),
        )
    size = drawn.assign(size=drawn["estimate"].abs()).groupby(column)["size"].max()
    if "none" not in size or "ipw" not in size or size[["none", "ipw"]].isna().any():
        return words.text("figures.balance_plain")
    before, after = (format_signed(size[name], 2, words.language).lstrip("+") for name in ("none", "ipw"))
    return words.text("figures.balance_title", before=before, after=after)


def _described(
    drawn: pd.DataFrame,
    pair: tuple[str, str],
    column: str,
    series: Sequence[str],
    names: Callable[[str], str],
    called: Characteristics,
    words: Words,
) -> str:
    own = drawn[(drawn["outcome"] == pair[0]) & (drawn["term"] == pair[1])]
    found = {row[column]: row for row in own.to_dict("records")}
    points = [
        words.text(
            "figures.love_point", place=names(one), value=format_signed(found[one]["estimate"], 2, words.language)
        )
        for one in series
        if one in found and pd.notna(found[one]["estimate"])
    ]
    return words.text(
        "figures.series", series=called.full(*pair), points="; ".join(points) or words.text("figures.nothing_drawn")
    )
