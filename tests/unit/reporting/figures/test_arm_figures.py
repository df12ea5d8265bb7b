"""Figures of the arms side by side: in both languages, readable, and saying no more than their tables."""

from __future__ import annotations

import re

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from increase_eval.comparison import collapse_transitions, state_transitions
from increase_eval.comparison.arms import (
    ArmOutcome,
    ArmPlan,
    adjusted_contrasts,
    arm_balance,
    propensity_overlap,
    satisfaction_contrasts,
    work_contrasts,
)
from increase_eval.reporting.figures import FIGURES
from increase_eval.reporting.figures.balance import largest_differences
from increase_eval.reporting.figures.style import MM_PER_INCH, SMALLEST_PT, STYLE
from increase_eval.study.instruments import Instruments

NAMES = ("moved", "moves", "adjusted", "arm_balance", "overlap", "satisfaction")
PAGE_HEIGHT_MM = 257.0  # A4 less margins of 2 cm
TOUCH = 0.5  # pixels at 100 dots an inch: boxes of neighbouring lines may share an edge
WORKING = ("working",)


@pytest.fixture(scope="module", params=[2, 4], ids=["two arms", "four arms"])
def made(request, study_of):
    study = study_of(request.param, 3, scales=4)
    joy = {"id": "joy", "items": ["j"], "range": [1, 5], "rule": "single", "role": "satisfaction"}
    joy["labels"] = {"en": "Joy", "fr": "Agrément de la formation suivie"}
    scales = [scale.model_dump() for scale in study.instruments.scales]
    study = study.model_copy(update={"instruments": Instruments.model_validate({"scales": [*scales, joy]})})
    rng = np.random.default_rng(4)
    people = pd.DataFrame({"participant": [f"p{i}" for i in range(500)], "arm": rng.choice(study.arm_ids, 500)})
    people["age"] = rng.normal(40, 10, 500) + 2.0 * (people["arm"] == "a1")
    people["country"] = people["arm"].map({arm: "here" if arm in ("a0", "a1") else "there" for arm in study.arm_ids})
    parts = [
        people[["participant"]].assign(wave=wave, scale=f"scale{k}", score=rng.integers(0, 41, 500).astype(float))
        for k in range(4)
        for wave in study.wave_ids
    ]
    parts.append(people[["participant"]].assign(wave="t1", scale="joy", score=rng.integers(1, 6, 500).astype(float)))
    scores = pd.concat(parts, ignore_index=True)
    states = pd.concat(
        people[["participant"]].assign(wave=w, variable="work", state=rng.choice(["working", "neither"], 500))
        for w in study.wave_ids
    )
    answered = pd.concat(people[["participant"]].assign(wave=w, responded=True) for w in study.wave_ids)
    plan = ArmPlan(arms=study.arm_ids, covariates=("age",))
    outcomes = [ArmOutcome(f"scale{k}", "t2", "t0") for k in range(4)]
    alike = {"scales": ("scale0",), "waves": study.wave_ids, "plan": plan, "also": ("country",)}
    names = {"work": [state.id for state in study.head.states[0].states]}
    groups = {state: "in_work" if state in WORKING else "out_of_work" for state in names["work"]}
    moves = state_transitions(states, people, waves=study.wave_ids, variables=names, levels={"arm": study.arm_ids})
    tables = {
        "moves_by_arm": collapse_transitions(moves, groups={"work": groups}),
        "adjusted_contrasts": adjusted_contrasts(scores, None, people, outcomes=outcomes, plan=plan),
        "work_contrasts": work_contrasts(states, people, variables={"work": WORKING}, waves=study.wave_ids, plan=plan),
        "satisfaction_contrasts": satisfaction_contrasts(
            scores, people, outcomes=[ArmOutcome("joy", "t1")], highest={"joy": 5.0}, plan=plan
        ),
        "arm_balance": arm_balance(scores, people, answered, **alike),
        "propensity_overlap": propensity_overlap(scores, people, answered, **alike),
    }
    return study, tables


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", NAMES)
def test_texts_are_readable_inside_the_sheet_and_do_not_overlap(made, name, language) -> None:
    drawing = FIGURES[name].draw(*made, language)
    assert drawing.figure.get_figheight() * MM_PER_INCH <= PAGE_HEIGHT_MM
    with matplotlib.rc_context(STYLE):
        drawing.figure.canvas.draw()
        renderer = drawing.figure.canvas.get_renderer()
        found = [text for text in drawing.figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
        boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in found]
    assert min(text.get_fontsize() for text in found) >= SMALLEST_PT
    width, height = drawing.figure.get_size_inches() * drawing.figure.dpi
    for i, (text, box) in enumerate(boxes):
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, text
        for other, its in boxes[i + 1 :]:
            across = min(box.x1, its.x1) - max(box.x0, its.x0) > TOUCH
            along = min(box.y1, its.y1) - max(box.y0, its.y0) > 2 * TOUCH
            assert not (across and along), f"{text!r} lies over {other!r}"
    words = (drawing.title, drawing.subtitle, drawing.caption, drawing.alt, drawing.long_description)
    assert all(part.strip() for part in words)
    assert not re.search(r"[{}]|\bnan\b|<NA>", " ".join(words))
    assert not re.search(r"signific|\bcaus|(?<!smallest )effect of", " ".join(words).lower())


def test_a_balance_figure_shows_the_largest_difference_of_any_two_arms(made) -> None:
    study, tables = made
    table = tables["arm_balance"]
    worst = largest_differences(table)
    own = table[(table["by_answered"] == "t0") & (table["by_stage"] == "before") & (table["term"] == "age")]
    pairs = own[~own["contrast"].str.contains("all")]["estimate"].abs()
    cell = worst[(worst["by_answered"] == "t0") & (worst["by_stage"] == "before") & (worst["term"] == "age")]
    assert cell["largest"].iloc[0] == pytest.approx(pairs.max())
    caption = FIGURES["arm_balance"].draw(study, tables, "en").caption
    assert ("Country" in caption) == (len(study.arm_ids) == 4)  # two arms share it


def test_shares_as_they_were_counted_are_not_drawn_of_states(made) -> None:
    drawn = FIGURES["moves"].draw(*made, "en").data
    assert set(drawn["by_method"]) == {"standardised"}


def test_differences_are_told_over_the_smallest_that_matters(made) -> None:
    study, tables = made
    drawing = FIGURES["adjusted"].draw(study, tables, "en")
    axes = drawing.figure.axes[0]
    assert [round(x, 6) for x in axes.patches[0].get_path().vertices[:, 0].tolist()][:1]  # the band is there
    assert "smallest difference that matters" in drawing.subtitle
