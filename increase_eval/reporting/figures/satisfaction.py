"""How often is somebody of one arm more satisfied than somebody of another? One row a pair of arms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
from increase_eval.reporting.figures.series import is_suppressed
from increase_eval.reporting.figures.words import Words
from increase_eval.reporting.numbers import format_percent
from increase_eval.study import Study

TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
HALF = 0.5
POINT = st.SeriesStyle("#000000", "o", "-")


def paint(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw the probability of superiority of every pair of arms, by scale and wave."""
    words = Words.of(study, language)
    table = tables["satisfaction_contrasts"]
    own = table[table["term"] == "superiority"]
    kinds = list(dict.fromkeys(own[["outcome", "wave"]].itertuples(index=False, name=None)))
    groups = groups_that_fit([_group(kind, own, words) for kind in kinds]) if kinds else []
    kept = kinds[: len(groups)]
    drawn = own[[kind in kept for kind in zip(own["outcome"], own["wave"], strict=True)]]
    ticks = tuple((tick, format_percent(tick, language)) for tick in TICKS)
    return compose(
        words,
        figure_id="satisfaction",
        table="satisfaction_contrasts",
        data=drawn,
        title=_title(drawn, words),
        subtitle=words.text("arms.satisfaction_subtitle"),
        caption=words.caption(
            drawn,
            words.text("arms.satisfaction_note", confidence=words.confidence()),
            words.text("arms.people_errors"),
            words.text("arms.more_outcomes") if len(kept) < len(kinds) else "",
        ),
        keys=[],
        height=forest_height(groups),
        put=lambda sheet: put_forest(
            sheet, groups, ForestAxis((0.0, 1.0), ticks, HALF), n_head=words.text("figures.n_head")
        ),
        described=[_described(kind, own, words) for kind in kept] or [words.text("figures.nothing_drawn")],
    )


def above(contrast: str, words: Words) -> str:
    """Name a pair, stored as ``b > a``."""
    later, _, earlier = contrast.partition(" > ")
    return words.text("arms.above", later=words.arm(later), earlier=words.arm(earlier))


def _name(kind: tuple[str, str], words: Words) -> str:
    scale = words.study.scale(kind[0])
    return words.text("arms.outcome_at", outcome=words.scale(scale), wave=words.wave(kind[1]))


def _rows(table: pd.DataFrame, kind: tuple[str, str]) -> list[dict[Any, Any]]:
    return table[(table["outcome"] == kind[0]) & (table["wave"] == kind[1])].to_dict("records")


def _group(kind: tuple[str, str], table: pd.DataFrame, words: Words) -> ForestGroup:
    rows = []
    for row in _rows(table, kind):
        value, low, high = (None if pd.isna(row[c]) else float(row[c]) for c in ("estimate", "conf_low", "conf_high"))
        point = ForestPoint(value, low, high, POINT, is_hidden=is_suppressed(row))
        note = words.text("arms.not_estimable") if value is None and not point.is_hidden else ""
        rows.append(ForestRow(above(row["contrast"], words), (point,), words.count(row["n"]), note))
    return ForestGroup(_name(kind, words), tuple(rows))


def _title(drawn: pd.DataFrame, words: Words) -> str:
    """Say how many intervals leave out one half."""
    known = drawn.dropna(subset=["conf_low"])
    if known.empty:
        return words.text("arms.satisfaction_plain")
    clear = int(((known["conf_low"] > HALF) | (known["conf_high"] < HALF)).sum())
    return words.text("arms.satisfaction_title", clear=clear, whole=len(known))


def _described(kind: tuple[str, str], table: pd.DataFrame, words: Words) -> str:
    points = [words.share_point(above(row["contrast"], words), row) for row in _rows(table, kind)]
    return words.text("figures.series", series=_name(kind, words), points="; ".join(points))
