"""How did mean scores go over the waves, in each arm? Points with intervals, n under every point, one panel a scale.

Means are those of the models with the first wave as an outcome, not of whoever happened to answer a wave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from increase_eval.reporting.figures import style as st
from increase_eval.reporting.figures.compose import compose
from increase_eval.reporting.figures.drawing import Drawing
from increase_eval.reporting.figures.panels import Panel, Series, arrange, even_ticks, put_panels
from increase_eval.reporting.figures.series import NOT_ASKED, arm_series
from increase_eval.reporting.figures.sheet import Key
from increase_eval.reporting.figures.words import (
    TOTAL,
    Words,
    all_arm_styles,
    drawn_arms,
    drawn_scales,
    scale_range,
)
from increase_eval.reporting.numbers import digits_for_range, format_count, format_interval, format_number
from increase_eval.study import Scale, Study

MOST_PANELS = 9
HEADROOM = 0.06
MODEL, SPREAD = "baseline_free", "pooled sd"


def paint(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw mean scores by wave and arm."""
    words = Words.of(study, language)
    summary = model_means(study, tables["score_means"])
    scales, left_out = drawn_scales(study, summary, most=MOST_PANELS)
    summary = summary[summary["outcome"].isin([scale.id for scale in scales])]
    arms = drawn_arms(study, summary)
    waves = [wave for wave in study.wave_ids if (summary["wave"] == wave).fillna(False).any()]
    means = summary[(summary["term"] == "mean") & summary["by_arm"].isin(arms)]
    panels = tuple(_panel(scale, summary, means, arms, waves, words) for scale in scales)
    layout = arrange(panels, n_head=words.text("figures.n_head"))
    left_out += len(scales) - layout.count
    scales, panels = scales[: layout.count], panels[: layout.count]
    means = means[means["outcome"].isin([scale.id for scale in scales])]
    return compose(
        words,
        figure_id="trajectories",
        table="score_means",
        data=means,
        title=title_of(scales, means, arms, waves, words),
        subtitle=words.text("figures.trajectories_subtitle", waves=words.waves(waves)),
        caption=words.caption(means, *_notes(panels, scales, left_out, layout.is_even and len(waves) > 2, words)),
        keys=arm_keys(panels, arms, words),
        height=layout.height,
        put=lambda sheet: put_panels(sheet, panels, layout),
        described=[_described(scale, arm, means, words) for scale in scales for arm in arms]
        or [words.text("figures.nothing_drawn")],
    )


def model_means(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """Keep the means of the model with the first wave as an outcome; a lone arm is everybody."""
    own = table[(table["by_model"] == MODEL).fillna(False)].drop(columns="by_model")
    if len(study.arm_ids) > 1:
        return own
    alone = own[own["term"] == "mean"].assign(by_arm=study.arm_ids[0])
    return pd.concat([own, alone.astype({"by_arm": own["by_arm"].dtype})], ignore_index=True)


def _panel(
    scale: Scale, summary: pd.DataFrame, means: pd.DataFrame, arms: Sequence[str], waves: Sequence[str], words: Words
) -> Panel:
    series = arm_series(means[means["outcome"] == scale.id], arms, waves, words)
    band = _band(scale, summary[summary["outcome"] == scale.id], waves)
    limits, digits = _limits(scale, series, band, words.study)
    ticks = tuple((tick, format_number(tick, digits, words.language)) for tick in even_ticks(*limits))
    is_empty = all(point.value is None for one in series for point in one.points)
    note = words.text("figures.nothing_drawn") if is_empty else ""
    return Panel(
        words.scale(scale),
        words.places(waves),
        series,
        limits,
        ticks,
        None if is_empty else band,
        note,
        words.range_and_direction(scale),
    )


def _limits(
    scale: Scale, series: Sequence[Series], band: tuple[float, float] | None, study: Study
) -> tuple[tuple[float, float], int]:
    """Choose the limits of the axis, what is drawn with some air, inside the scale's range; and the ticks' digits."""
    whole = scale_range(study, scale)
    values = [
        value
        for one in series
        for point in one.points
        for value in (point.value, point.low, point.high)
        if value is not None
    ]
    values += list(band or ()) if values else []
    if not values:
        return whole or (0.0, 1.0), 0
    low, high = min(values), max(values)
    air = HEADROOM * (high - low) or 0.5 * (abs(high) or 1.0)
    low, high = low - air, high + air
    if whole is not None:
        # Air is kept around the ends of the scale, so that a mark there is not cut in half.
        spare = 0.02 * (whole[1] - whole[0])
        low, high = max(low, whole[0] - spare), min(high, whole[1] + spare)
    ticks = even_ticks(low, high)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else high - low
    return (low, high), next((digits for digits in range(4) if abs(round(step, digits) - step) < step * 1e-6), 4)


def _band(scale: Scale, rows: pd.DataFrame, waves: Sequence[str]) -> tuple[float, float] | None:
    """Give the smallest effect of interest around everybody's mean at the first of several waves."""
    effect = scale.smallest_effect
    total = rows[rows["by_arm"] == TOTAL]
    if effect is None or total["wave"].nunique() < 2:
        return None
    first = next((wave for wave in waves if (total["wave"] == wave).fillna(False).any()), None)
    start = total[total["wave"] == first].set_index("term")["estimate"]
    if first is None or pd.isna(start.get("mean")) or (effect.unit == "sd" and pd.isna(start.get(SPREAD))):
        return None
    half = effect.value * (float(start[SPREAD]) if effect.unit == "sd" else 1.0)
    return float(start["mean"]) - half, float(start["mean"]) + half


def arm_keys(panels: Sequence[Panel], arms: Sequence[str], words: Words) -> list[Key]:
    """Give the legend of panels by arm: the arms, the band and the open marks, as far as they occur."""
    keys = words.arm_keys(arms, all_arm_styles(arms))
    if any(panel.band for panel in panels):
        keys.append(Key(words.text("figures.band"), band=st.BAND))
    if any(
        point.is_thin and point.value is not None for panel in panels for one in panel.series for point in one.points
    ):
        keys.append(words.thin_key())
    return keys


def _sources(effects: Mapping[str, Sequence[str]], words: Words) -> str:
    """Say where the smallest effects are from; of several, for which scales each is."""
    if len(effects) < 2:
        return "".join(words.text("figures.band_source", source=source) for source in effects)
    told = (
        words.text("figures.band_source_of", scales=", ".join(names), source=source)
        for source, names in effects.items()
    )
    return words.text("figures.band_sources", sources=" ".join(told))


def _notes(panels: Sequence[Panel], scales: Sequence[Scale], left_out: int, is_even: bool, words: Words) -> list[str]:
    text = words.text
    effects: dict[str, list[str]] = {}
    for scale, panel in zip(scales, panels, strict=True):
        if scale.smallest_effect and panel.band:
            source = words.words(scale.smallest_effect.source).rstrip(".")
            effects.setdefault(source, []).append(words.scale(scale))
    not_asked = any(point.n_text == NOT_ASKED for panel in panels for one in panel.series for point in one.points)
    return [
        text("figures.mean_interval", confidence=words.confidence()),
        text("figures.cut_axes"),
        _sources(effects, words),
        text("figures.not_asked", mark=NOT_ASKED) if not_asked else "",
        text("figures.even") if is_even else "",
        text.plural("figures.more_scales", left_out, number=format_count(left_out, words.language)) if left_out else "",
    ]


def title_of(
    scales: Sequence[Scale], means: pd.DataFrame, arms: Sequence[str], waves: Sequence[str], words: Words
) -> str:
    """Say what is seen of the first outcome: in how many arms the mean was lower, higher or the same at the end.

    Means are compared as they are printed. Nothing is said of causes, nor of what chance could do.
    """
    for scale in scales:
        rows = means[means["outcome"] == scale.id]
        asked = [wave for wave in waves if (rows["wave"] == wave).fillna(False).any()]
        if len(asked) < 2:
            continue
        value = rows.set_index(["by_arm", "wave"])["estimate"]
        pairs = [(value.get((arm, asked[0])), value.get((arm, asked[-1]))) for arm in arms]
        known = [(float(a), float(b)) for a, b in pairs if not pd.isna(a) and not pd.isna(b)]
        if known:
            return _direction(scale, known, asked, words)
    return words.text("figures.trajectories_plain", waves=words.waves(waves))


def _direction(scale: Scale, pairs: Sequence[tuple[float, float]], asked: Sequence[str], words: Words) -> str:
    digits = scale_digits(words.study, scale, [value for pair in pairs for value in pair])
    steps = [round(b, digits) - round(a, digits) for a, b in pairs]
    lower, higher = sum(step < 0 for step in steps), sum(step > 0 for step in steps)
    parts = {
        "scale": words.scale(scale),
        "first": words.wave(asked[0]),
        "last": words.wave(asked[-1]),
    }
    many = len(pairs)
    if many == 1:
        kind = "lower" if lower else "higher" if higher else "same"
        a, b = (format_number(value, digits, words.language) for value in pairs[0])
        return words.text(f"figures.mean_{kind}_one", **parts, start=a, end=b)
    if many in (lower, higher) or not (lower or higher):
        kind = "lower" if lower else "higher" if higher else "same"
        return words.text(f"figures.mean_{kind}_all", **parts, arms=words.arms_in_all(many))
    counts = {"lower": lower, "higher": higher, "arms": many}
    return words.text("figures.mean_mixed", **parts, **counts)


def scale_digits(study: Study, scale: Scale, values: Sequence[float]) -> int:
    """Say how many digits the means of a scale deserve: by its range, or by the spread of the values."""
    whole = scale_range(study, scale)
    if whole is None:
        spread = max(values, default=1.0) - min(values, default=0.0)
        whole = (0.0, 10 * spread) if spread > 0 else (0.0, 10.0)
    return digits_for_range(*whole)


def _described(scale: Scale, arm: str, means: pd.DataFrame, words: Words) -> str:
    rows = means[(means["outcome"] == scale.id) & (means["by_arm"] == arm)]
    digits = scale_digits(words.study, scale, rows["estimate"].dropna().tolist())
    parts = []
    for row in rows.to_dict("records"):
        if pd.isna(row["estimate"]):
            parts.append(words.text("figures.point_hidden", place=words.wave(row["wave"]), n=words.count(row["n"])))
            continue
        parts.append(
            words.text(
                "figures.point",
                place=words.wave(row["wave"]),
                value=format_number(row["estimate"], digits, words.language),
                interval=format_interval(row["conf_low"], row["conf_high"], digits, words.language),
                n=words.count(row["n"]),
            )
        )
    return words.text(
        "figures.series", series=f"{words.scale(scale)}, {words.arm(arm)}", points="; ".join(parts) or NOT_ASKED
    )
