"""Figures of who left: inside the sheet, nothing on top of anything, in both languages, what is withheld marked."""

from __future__ import annotations

import re

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from increase_eval.reporting.figures import FIGURES, render
from increase_eval.reporting.figures.style import MM_PER_INCH, PAGE_MM, SMALLEST_PT, STYLE
from increase_eval.results import estimate_table

NAMES = ("leavers", "representativeness", "chances", "balance", "weighted")
PAGE_HEIGHT_MM = 257.0
TOUCH = 0.5
WEIGHTINGS = ("none", "ipw", "raked", "ipw + raked")


def tables(study, *, rows: int = 12, n: int = 200) -> dict[str, pd.DataFrame]:
    """Make the tables of a study of so many waves by hand, with numbers that run through their ranges."""
    waves, scales = study.wave_ids, [scale.id for scale in study.scales]
    things = [(f"score_{scales[0]}", "mean"), *((f"thing_{i}", "a + b" if i % 2 else "mean") for i in range(rows))]
    leavers = [
        {"outcome": name, "term": term, "wave": wave, "by_among": "first wave", "estimate": 0.3 * np.sin(i + j), "n": n}
        for i, (name, term) in enumerate(things)
        for j, wave in enumerate(waves)
    ]
    balance = [
        {**row, "by_weights": name, "estimate": row["estimate"] / (place + 1)}
        for row in leavers
        for place, name in enumerate(WEIGHTINGS)
    ]
    indicators = [
        {
            "outcome": "responded", "term": term, "wave": wave, "by_category": "all", "n": n,
            "estimate": value + j / 50, "conf_low": value, "conf_high": value + 0.2,
        }
        for j, wave in enumerate(waves)
        for term, value in (("largest_bias", 0.2), ("s_rho", 0.1), ("r_indicator", 0.7), ("lowest_possible", 0.3))
    ]  # fmt: skip
    chances = [
        {"outcome": "probability", "term": f"p{p}", "wave": wave, "by_answered": side, "estimate": p / 130, "n": n}
        for wave in waves
        for side in ("yes", "no")
        for p in (10, 25, 50, 75, 90)
    ]
    changes = [
        {
            "outcome": scale, "term": "change", "wave": wave, "by_arm": "all", "by_weights": name, "n": n,
            "estimate": 2.0 + place / 3, "conf_low": 1.0, "conf_high": 3.5,
        }
        for scale in scales
        for wave in waves[1:]
        for place, name in enumerate(WEIGHTINGS)
    ]  # fmt: skip
    made = {
        "leaver_differences": leavers,
        "weight_balance": [{k: v for k, v in row.items() if k != "by_among"} for row in balance],
        "representativeness": indicators,
        "answering_chances": chances,
        "weighted_changes": changes,
    }
    return {name: estimate_table(rows_, status="ok") for name, rows_ in made.items()}


def texts_of(drawing) -> list[tuple[str, object]]:
    with matplotlib.rc_context(STYLE):
        drawing.figure.canvas.draw()
        renderer = drawing.figure.canvas.get_renderer()
        found = [text for text in drawing.figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
        return [(text.get_text(), text.get_window_extent(renderer)) for text in found]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("waves", "rows", "language"), [(2, 3, "en"), (3, 12, "fr"), (6, 60, "fr")])
def test_texts_are_readable_inside_the_sheet_and_do_not_overlap(study_of, name, waves, rows, language) -> None:
    study = study_of(2, waves)
    drawing = FIGURES[name].draw(study, tables(study, rows=rows), language)
    assert drawing.figure.get_figwidth() * MM_PER_INCH == pytest.approx(PAGE_MM)
    assert drawing.figure.get_figheight() * MM_PER_INCH <= PAGE_HEIGHT_MM
    assert min(text.get_fontsize() for text in drawing.figure.findobj(Text) if text.get_text()) >= SMALLEST_PT
    width, height = drawing.figure.get_size_inches() * drawing.figure.dpi
    boxes = texts_of(drawing)
    for text, box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, text
    edges = np.array([[box.x0, box.y0, box.x1, box.y1] for _, box in boxes])
    for i, (text, box) in enumerate(boxes):
        wide = np.minimum(edges[:, 2], box.x1) - np.maximum(edges[:, 0], box.x0) > TOUCH
        over = wide & (np.minimum(edges[:, 3], box.y1) - np.maximum(edges[:, 1], box.y0) > 2 * TOUCH)
        over[i] = False
        assert not over.any(), f"{text!r} lies over {[boxes[j][0] for j in np.flatnonzero(over)]}"


@pytest.mark.parametrize("name", NAMES)
def test_the_words_are_there_in_both_languages(study_of, name) -> None:
    study = study_of(2, 3)
    english, french = (FIGURES[name].draw(study, tables(study), language) for language in ("en", "fr"))
    for drawing in (english, french):
        words = " ".join((drawing.title, drawing.subtitle, drawing.caption, drawing.alt, drawing.long_description))
        assert not re.search(r"[{}]|\bnan\b|<NA>", words)
        assert drawing.title in drawing.alt
    assert english.title != french.title


@pytest.mark.parametrize("name", NAMES)
def test_the_same_figure_gives_the_same_bytes(study_of, name) -> None:
    study = study_of(2, 3)
    first, second = (render(FIGURES[name].draw(study, tables(study), "fr"), "svg") for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_few_people_is_drawn(study_of, name) -> None:
    study = study_of(2, 3)
    drawing = FIGURES[name].draw(study, tables(study, n=9), "en")
    assert drawing.data["estimate"].isna().all()
    assert not drawing.data["n"].between(1, 9).any()
    assert "uppressed" in drawing.caption


def test_a_love_plot_keeps_the_largest_differences_and_says_how_many_are_left(study_of) -> None:
    study = study_of(2, 3)
    own = tables(study, rows=60)
    drawing = FIGURES["leavers"].draw(study, own, "en")
    size = own["leaver_differences"].assign(size=lambda t: t["estimate"].abs()).groupby("outcome")["size"].max()
    shown = set(drawing.data["outcome"])
    assert size[list(shown)].min() >= size.drop(list(shown)).max()
    assert f"{61 - len(shown)} characteristics with smaller differences" in drawing.caption
