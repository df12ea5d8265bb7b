"""Which share is in work in each arm later on: of everybody, and of those who were out of work? One row an arm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

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
from increase_eval.reporting.figures.words import Words, all_arm_styles
from increase_eval.reporting.numbers import format_percent
from increase_eval.study import Study

TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
METHOD = "standardised"

Kind = tuple[str, str, str, str]
"""Variable, first wave, later wave, and among whom."""


def paint(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw standardised shares in work by arm, pair of waves and reading."""
    words = Words.of(study, language)
    table = tables["work_contrasts"]
    shares = table[(table["term"] == "share") & (table["by_method"] == METHOD) & table["by_arm"].isin(study.arm_ids)]
    kinds = _ordered(shares)
    groups = groups_that_fit([_group(kind, shares, words) for kind in kinds]) if kinds else []
    kept = kinds[: len(groups)]
    drawn = pd.concat([_rows(shares, kind) for kind in kept]) if kept else shares
    ticks = tuple((tick, format_percent(tick, language)) for tick in TICKS)
    return compose(
        words,
        figure_id="moves",
        table="work_contrasts",
        data=drawn,
        title=_title(kept, shares, words),
        subtitle=words.text("arms.moves_subtitle"),
        caption=words.caption(
            drawn,
            words.text("arms.moves_note", confidence=words.confidence()),
            words.text("arms.people_errors"),
            words.text("arms.more_outcomes") if len(kept) < len(kinds) else "",
        ),
        keys=[words.thin_key()] if _any_thin(drawn, words) else [],
        height=forest_height(groups),
        put=lambda sheet: put_forest(sheet, groups, ForestAxis((0.0, 1.0), ticks), n_head=words.text("figures.n_head")),
        described=[_described(kind, shares, words) for kind in kept] or [words.text("figures.nothing_drawn")],
    )


def _ordered(shares: pd.DataFrame) -> list[Kind]:
    """Give the readings: those who were out of work first, each in the order of the table."""
    columns = ["outcome", "by_since", "wave", "by_among"]
    kinds = list(dict.fromkeys(shares[columns].itertuples(index=False, name=None)))
    return sorted(kinds, key=lambda kind: kind[3] != "out_of_work")


def _rows(shares: pd.DataFrame, kind: Kind) -> pd.DataFrame:
    outcome, since, wave, among = kind
    chosen = (shares["outcome"] == outcome) & (shares["wave"] == wave)
    return shares[chosen & (shares["by_since"] == since) & (shares["by_among"] == among)]


def reading(kind: Kind, words: Words) -> str:
    """Name a reading: among whom, and from which wave to which."""
    _, since, wave, among = kind
    if since == "none":
        return words.text("arms.at_wave", wave=words.wave(wave))
    return words.text(f"arms.among_{among}", first=words.wave(since), last=words.wave(wave))


def _group(kind: Kind, shares: pd.DataFrame, words: Words) -> ForestGroup:
    found = {row["by_arm"]: row for row in _rows(shares, kind).to_dict("records")}
    styles = all_arm_styles(words.study.arm_ids)
    rows = []
    for arm in words.study.arm_ids:
        row: Mapping[Any, Any] | None = found.get(arm)
        if row is None:
            rows.append(ForestRow(words.arm(arm), (), note=words.text("arms.not_estimable")))
            continue
        value, low, high = (None if pd.isna(row[c]) else float(row[c]) for c in ("estimate", "conf_low", "conf_high"))
        point = ForestPoint(value, low, high, styles[arm], is_open=_is_thin(row, words), is_hidden=is_suppressed(row))
        rows.append(ForestRow(words.arm(arm), (point,), words.count(row["n"])))
    return ForestGroup(reading(kind, words), tuple(rows))


def _is_thin(row: Mapping[Any, Any], words: Words) -> bool:
    return pd.notna(row["n"]) and int(row["n"]) < words.study.analysis.minimum_n


def _any_thin(drawn: pd.DataFrame, words: Words) -> bool:
    return any(_is_thin(row, words) and pd.notna(row["estimate"]) for row in drawn.to_dict("records"))


def _title(kept: list[Kind], shares: pd.DataFrame, words: Words) -> str:
    """Say between which shares the arms lie in the reading over the longest time."""
    whole = [kind for kind in kept if kind[1] == words.study.wave_ids[0]] or kept
    if not whole:
        return words.text("arms.moves_plain")
    kind = sorted(whole, key=lambda one: (one[3] != "out_of_work", -words.study.wave_ids.index(one[2])))[0]
    rows = _rows(shares, kind).dropna(subset="estimate")
    if len(rows) < 2:
        return words.text("arms.moves_plain")
    ordered = rows.sort_values("estimate").to_dict("records")
    low, high = ordered[0], ordered[-1]
    return words.text(
        "arms.moves_title",
        reading=reading(kind, words),
        low=format_percent(low["estimate"], words.language),
        high=format_percent(high["estimate"], words.language),
        low_arm=words.arm(low["by_arm"]),
        high_arm=words.arm(high["by_arm"]),
    )


def _described(kind: Kind, shares: pd.DataFrame, words: Words) -> str:
    points = [words.share_point(words.arm(row["by_arm"]), row) for row in _rows(shares, kind).to_dict("records")]
    told = "; ".join(points) or words.text("figures.nothing_drawn")
    return words.text("figures.series", series=reading(kind, words), points=told)
