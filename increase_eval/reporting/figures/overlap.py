"""Are there people like those of one arm in the others? The spread of the probability of each arm, arm by arm."""

from __future__ import annotations

from collections.abc import Mapping

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
from increase_eval.reporting.figures.words import Words, all_arm_styles
from increase_eval.reporting.numbers import format_percent
from increase_eval.study import Study

TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def paint(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw quantiles of the probability of each arm among the people of each arm, at the first wave."""
    words = Words.of(study, language)
    table = tables["propensity_overlap"]
    wave = study.wave_ids[0]
    own = table[(table["by_answered"] == wave) & table["by_probability_of"].isin(study.arm_ids)]
    found = {(row["by_probability_of"], row["by_arm"], row["term"]): row["estimate"] for row in own.to_dict("records")}
    sizes = {row["by_arm"]: words.count(row["n"]) for row in own.to_dict("records")}
    # Two probabilities add up to one: that of the second arm tells both.
    asked = study.arm_ids[1:] if len(study.arm_ids) == 2 else study.arm_ids
    groups = groups_that_fit([_group(of, found, sizes, words) for of in asked])
    ticks = tuple((tick, format_percent(tick, language)) for tick in TICKS)
    return compose(
        words,
        figure_id="overlap",
        table="propensity_overlap",
        data=own,
        title=_title(found, words),
        subtitle=words.text("arms.overlap_subtitle", wave=words.wave(wave)),
        caption=words.caption(own, words.text("arms.overlap_note")),
        keys=[],
        height=forest_height(groups),
        put=lambda sheet: put_forest(sheet, groups, ForestAxis((0.0, 1.0), ticks), n_head=words.text("figures.n_head")),
        described=[_described(of, found, sizes, words) for of in asked],
    )


def _group(of: str, found: Mapping[tuple[str, str, str], float], sizes: Mapping[str, str], words: Words) -> ForestGroup:
    styles = all_arm_styles(words.study.arm_ids)
    rows = []
    for arm in words.study.arm_ids:
        p = [found.get((of, arm, f"p{share}"), float("nan")) for share in ("05", "25", "50", "75", "95")]
        is_known = all(pd.notna(value) for value in p)
        point = ForestPoint(p[2], p[0], p[4], styles[arm], inner=(p[1], p[3])) if is_known else None
        note = "" if is_known else words.text("figures.nothing_drawn")
        rows.append(ForestRow(words.arm(arm), (point,) if point else (), sizes.get(arm, ""), note))
    return ForestGroup(words.text("arms.probability_of", arm=words.arm(of)), tuple(rows))


def _title(found: Mapping[tuple[str, str, str], float], words: Words) -> str:
    """Say whether the middle halves of all arms overlap for each probability."""
    arms = words.study.arm_ids
    apart = 0
    known = 0
    for of in arms:
        ends = [(found.get((of, arm, "p05")), found.get((of, arm, "p95"))) for arm in arms]
        if any(low is None or high is None or pd.isna(low) or pd.isna(high) for low, high in ends):
            continue
        known += 1
        apart += max(low for low, _ in ends if low is not None) > min(high for _, high in ends if high is not None)
    if not known:
        return words.text("arms.overlap_plain")
    return words.text("arms.overlap_apart") if apart else words.text("arms.overlap_title")


def _described(of: str, found: Mapping[tuple[str, str, str], float], sizes: Mapping[str, str], words: Words) -> str:
    points = []
    for arm in words.study.arm_ids:
        p = [found.get((of, arm, f"p{share}"), float("nan")) for share in ("50", "05", "95")]
        if any(pd.isna(value) for value in p):
            continue
        value, low, high = (format_percent(one, words.language) for one in p)
        n = sizes.get(arm, "")
        points.append(words.text("figures.point", place=words.arm(arm), value=value, interval=f"{low}–{high}", n=n))
    series = words.text("arms.probability_of", arm=words.arm(of))
    return words.text("figures.series", series=series, points="; ".join(points) or words.text("figures.nothing_drawn"))
