"""Who stayed, arm by arm: the share that answered each wave, of those enrolled and of those of the first wave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from increase_eval.reporting.figures.compose import compose
from increase_eval.reporting.figures.drawing import Drawing
from increase_eval.reporting.figures.panels import Panel, arrange, put_panels
from increase_eval.reporting.figures.series import arm_series
from increase_eval.reporting.figures.states import PERCENT_TICKS
from increase_eval.reporting.figures.trajectories import arm_keys
from increase_eval.reporting.figures.words import Words, drawn_arms, only_total
from increase_eval.reporting.numbers import format_percent
from increase_eval.study import Study

ENROLLED, FIRST, PREVIOUS = "enrolled", "first wave", "previous wave"


def paint(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw retention curves by arm."""
    words = Words.of(study, language)
    flow = only_total(tables["response_flow"], but=("by_arm",))
    arms = drawn_arms(study, flow)
    whole = _whole(flow)
    drawn = flow[flow["term"].isin([whole, FIRST]) & flow["by_arm"].isin(arms)]
    # People outside the arms of whom nobody could answer would be a line along nought.
    arms = [arm for arm in arms if drawn.loc[drawn["by_arm"] == arm, "estimate"].fillna(1.0).max() > 0]
    drawn = drawn[drawn["by_arm"].isin(arms)]
    panels = tuple(
        _panel(term, drawn[drawn["term"] == term], arms, words)
        for term in (FIRST, whole)
        if (drawn["term"] == term).any()
    )
    layout = arrange(panels, n_head=words.text("figures.n_head"))
    return compose(
        words,
        figure_id="staying",
        table="response_flow",
        data=drawn,
        title=_title(drawn, arms, words),
        subtitle=words.text("figures.staying_subtitle", waves=words.waves(study.wave_ids)),
        caption=words.caption(
            drawn,
            words.text("figures.share_interval", confidence=words.confidence()),
            words.text("figures.staying_note"),
        ),
        keys=arm_keys(panels, arms, words),
        height=layout.height,
        put=lambda sheet: put_panels(sheet, panels, layout),
        described=[_described(term, arm, drawn, words) for term in (FIRST, whole) for arm in arms],
    )


def _panel(term: str, rows: pd.DataFrame, arms: Sequence[str], words: Words) -> Panel:
    waves = [wave for wave in words.study.wave_ids if (rows["wave"] == wave).fillna(False).any()]
    ticks = tuple((tick, format_percent(tick, words.language)) for tick in PERCENT_TICKS)
    return Panel(_heading(term, words), words.places(waves), arm_series(rows, arms, waves, words), (-0.02, 1.02), ticks)


def _whole(flow: pd.DataFrame) -> str:
    """Give the widest denominator that every wave is about: the step whose people are asked, or everybody enrolled."""
    waves = set(flow["wave"].dropna())
    others = [term for term in dict.fromkeys(flow["term"]) if term not in (ENROLLED, FIRST, PREVIOUS)]
    return next((term for term in others if set(flow.loc[flow["term"] == term, "wave"]) == waves), ENROLLED)


def _heading(term: str, words: Words) -> str:
    if term == ENROLLED:
        return words.text("figures.staying_enrolled")
    if term != FIRST:
        steps = words.study.services.steps if words.study.services is not None else ()
        names = {step.id: words.words(step.label) for step in steps}
        return words.text("figures.staying_step", step=names.get(term, term))
    return words.text("figures.staying_first", wave=words.wave(words.study.wave_ids[0]))


def _title(drawn: pd.DataFrame, arms: Sequence[str], words: Words) -> str:
    """Say between which shares of the first wave's people the arms lie at the last wave."""
    waves = words.study.wave_ids
    last = drawn[(drawn["term"] == FIRST) & (drawn["wave"] == waves[-1])].set_index("by_arm")["estimate"]
    known = [(float(last[arm]), words.arm(arm)) for arm in arms if arm in last.index and pd.notna(last[arm])]
    if len(known) < 2:
        return words.text("figures.staying_plain")
    (low, low_arm), (high, high_arm) = min(known), max(known)
    return words.text(
        "figures.staying_title",
        first=words.wave(waves[0]),
        last=words.wave(waves[-1]),
        low=words.percent(low),
        low_arm=low_arm,
        high=words.percent(high),
        high_arm=high_arm,
    )


def _described(term: str, arm: str, drawn: pd.DataFrame, words: Words) -> str:
    rows = drawn[(drawn["term"] == term) & (drawn["by_arm"] == arm)]
    points = "; ".join(words.share_point(words.wave(row["wave"]), row) for row in rows.to_dict("records"))
    return words.text(
        "figures.series",
        series=f"{_heading(term, words)}, {words.arm(arm)}",
        points=points or words.text("figures.nothing_drawn"),
    )
