"""Which share is in each state, at each wave and in each arm? Points with intervals; one panel a state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from increase_eval.reporting.figures.compose import compose
from increase_eval.reporting.figures.drawing import Drawing
from increase_eval.reporting.figures.panels import Panel, arrange, put_panels
from increase_eval.reporting.figures.series import NOT_ASKED, arm_series
from increase_eval.reporting.figures.trajectories import arm_keys
from increase_eval.reporting.figures.words import MISSING_ARM, TOTAL, Words, drawn_arms, only_total
from increase_eval.reporting.numbers import format_count, format_percent
from increase_eval.study import Study
from increase_eval.study.structure import State, StateVariable

PERCENT_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Shown:
    """One state of one variable that has a panel."""

    variable: StateVariable
    state: State


def paint(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw shares of states by wave and arm."""
    words = Words.of(study, language)
    shares = only_total(tables["state_shares"], but=("by_arm",))
    arms = [arm for arm in drawn_arms(study, shares) if arm != MISSING_ARM or _anybody(shares, arm)]
    waves = [wave for wave in study.wave_ids if (shares["wave"] == wave).fillna(False).any()]
    every = [(one, _panel(one, shares, arms, waves, words)) for one in shown_states(study, shares)]
    visible = [pair for pair in every if not pair[1].empty_note]
    layout = arrange([panel for _, panel in visible], n_head=words.text("figures.n_head"))
    shown = [one for one, _ in visible[: layout.count]]
    panels = [panel for _, panel in visible[: layout.count]]
    unseen = [_name(one, words) for one, panel in every if panel.empty_note]
    drawn = shares[shares["by_arm"].isin(arms) & _is_one_of(shares, shown)]
    return compose(
        words,
        figure_id="states",
        table="state_shares",
        data=drawn,
        title=_title(shown, shares, waves, words),
        subtitle=words.text("figures.states_subtitle", waves=words.waves(waves)),
        caption=words.caption(
            drawn, *_notes(panels, len(visible) - len(shown), layout.is_even and len(waves) > 2, shown, unseen, words)
        ),
        keys=arm_keys(panels, arms, words),
        height=layout.height,
        put=lambda sheet: put_panels(sheet, panels, layout),
        described=[_described(one, arm, drawn, words) for one in shown for arm in arms]
        or [words.text("figures.nothing_drawn")],
    )


def _anybody(shares: pd.DataFrame, arm: str) -> bool:
    """Whether the state of anybody of an arm is known, or would be told but for disclosure."""
    own = shares[shares["by_arm"] == arm]
    return bool((own["n"].isna() | (own["n"] > 0)).any())


def shown_states(study: Study, shares: pd.DataFrame) -> list[Shown]:
    """Give the states that have a panel: all, but of a variable with two states only one, which tells the other.

    Of two states it is the one in work, or else the second of the contract.
    """
    present = set(shares["outcome"].dropna())
    found: list[Shown] = []
    for variable in study.head.states:
        if variable.id not in present:
            continue
        states = list(variable.states)
        if len(states) == 2:
            states = [next((state for state in states if state.in_work), states[1])]
        found += [Shown(variable, state) for state in states]
    return found


def _panel(one: Shown, shares: pd.DataFrame, arms: Sequence[str], waves: Sequence[str], words: Words) -> Panel:
    rows = shares[(shares["outcome"] == one.variable.id) & (shares["term"] == one.state.id)]
    series = arm_series(rows, arms, waves, words)
    ticks = tuple((tick, format_percent(tick, words.language)) for tick in PERCENT_TICKS)
    is_empty = all(point.value is None for each in series for point in each.points)
    note = words.text("figures.nothing_drawn") if is_empty else ""
    return Panel(
        words.words(one.state.label),
        words.places(waves),
        series,
        (-0.02, 1.02),
        ticks,
        None,
        note,
        words.words(one.variable.label),
    )


def _name(one: Shown, words: Words) -> str:
    variable = words.words(one.variable.label)
    return words.text("figures.state_of", variable=variable, state=words.words(one.state.label))


def _is_one_of(shares: pd.DataFrame, shown: Sequence[Shown]) -> pd.Series:
    chosen = {(one.variable.id, one.state.id) for one in shown}
    pairs = zip(shares["outcome"], shares["term"], strict=True)
    return pd.Series([pair in chosen for pair in pairs], index=shares.index, dtype=bool)


def _notes(
    panels: Sequence[Panel], left_out: int, is_even: bool, shown: Sequence[Shown], unseen: Sequence[str], words: Words
) -> list[str]:
    text = words.text
    not_asked = any(point.n_text == NOT_ASKED for panel in panels for one in panel.series for point in one.points)
    binary = any(len(one.variable.states) == 2 for one in shown)
    return [
        text("figures.share_interval", confidence=words.confidence()),
        text("figures.two_states") if binary else "",
        text("figures.not_asked", mark=NOT_ASKED) if not_asked else "",
        text("figures.unseen_states", states=words.listed(unseen)) if unseen else "",
        text("figures.even") if is_even else "",
        text.plural("figures.more_states", left_out, number=format_count(left_out, words.language)) if left_out else "",
    ]


def _title(shown: Sequence[Shown], shares: pd.DataFrame, waves: Sequence[str], words: Words) -> str:
    """Say the first share that can be told: everybody's, at the first and the last wave that asked it."""
    ordered = sorted(shown, key=lambda one: not one.state.in_work)
    for one in ordered:
        rows = shares[
            (shares["outcome"] == one.variable.id) & (shares["term"] == one.state.id) & (shares["by_arm"] == TOTAL)
        ].set_index("wave")["estimate"]
        known = [wave for wave in waves if wave in rows.index and not pd.isna(rows[wave])]
        parts = {"state": _name(one, words)}
        if len(known) == 1:
            share = format_percent(rows[known[0]], words.language)
            return words.text("figures.state_once", **parts, wave=words.wave(known[0]), share=share)
        if known:
            start, end = (format_percent(rows[wave], words.language) for wave in (known[0], known[-1]))
            first, last = words.wave(known[0]), words.wave(known[-1])
            return words.text("figures.state_twice", **parts, first=first, last=last, start=start, end=end)
    return words.text("figures.states_plain", waves=words.waves(waves))


def _described(one: Shown, arm: str, shares: pd.DataFrame, words: Words) -> str:
    rows = shares[(shares["outcome"] == one.variable.id) & (shares["term"] == one.state.id) & (shares["by_arm"] == arm)]
    points = [words.share_point(words.wave(row["wave"]), row) for row in rows.to_dict("records")]
    return words.text(
        "figures.series", series=f"{_name(one, words)}, {words.arm(arm)}", points="; ".join(points) or NOT_ASKED
    )
