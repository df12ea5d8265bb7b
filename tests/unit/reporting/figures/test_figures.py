"""Every figure, in both languages and many shapes: nothing clipped, nothing on top of anything, nothing given away."""

from __future__ import annotations

import re

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from increase_eval.errors import DisclosureError
from increase_eval.reporting.disclosure import protect_tables
from increase_eval.reporting.figures import FIGURES, Drawing, data_csv, render, write_drawing
from increase_eval.reporting.figures.flow_counts import read_columns
from increase_eval.reporting.figures.legibility import faults
from increase_eval.reporting.figures.style import COLUMN_MM, MM_PER_INCH, PAGE_MM, SMALLEST_PT, STYLE, font

SHAPES = [(2, 2, "fr"), (2, 5, "en"), (3, 3, "fr"), (4, 3, "fr"), (7, 6, "fr")]
OTHERS = ("reliability", "pathway", "published")  # drawn from items, service counts and published figures
OTHERS += ("leavers", "representativeness", "chances", "balance", "weighted")  # of who left: see test_attrition.py
OTHERS += ("moved", "moves", "adjusted", "arm_balance", "overlap", "satisfaction")  # of arms: see test_arm_figures.py
OTHERS += ("verdicts",)  # see test_verdicts_figure.py
OTHERS += ("anchored", "robustness")  # of what holds: see test_anchored_and_robustness.py
OTHERS += ("tipping",)  # of deltas: see test_tipping.py
DRAWN = [name for name in FIGURES if name not in OTHERS]
PAGE_HEIGHT_MM = 257.0  # A4 less margins of 2 cm
TOUCH = 0.5  # pixels at 100 dots an inch: boxes of neighbouring lines may share an edge


def texts_of(drawing: Drawing) -> list[tuple[str, object]]:
    with matplotlib.rc_context(STYLE):
        drawing.figure.canvas.draw()
        renderer = drawing.figure.canvas.get_renderer()
        found = [text for text in drawing.figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
        return [(text.get_text(), text.get_window_extent(renderer)) for text in found]


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize(("arms", "waves", "language"), SHAPES)
def test_texts_are_readable_inside_the_sheet_and_do_not_overlap(case, name, language, arms, waves):
    drawing = FIGURES[name].draw(*case(arms, waves), language)
    assert drawing.figure.get_figwidth() * MM_PER_INCH == pytest.approx(PAGE_MM)
    assert drawing.figure.get_figheight() * MM_PER_INCH <= PAGE_HEIGHT_MM
    assert min(text.get_fontsize() for text in drawing.figure.findobj(Text) if text.get_text()) >= SMALLEST_PT
    width, height = drawing.figure.get_size_inches() * drawing.figure.dpi
    boxes = texts_of(drawing)
    for text, box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0, text
        assert box.x1 <= width and box.y1 <= height, text
    edges = np.array([[box.x0, box.y0, box.x1, box.y1] for _, box in boxes])
    for i, (text, box) in enumerate(boxes):
        over = (
            (np.minimum(edges[:, 2], box.x1) - np.maximum(edges[:, 0], box.x0) > TOUCH)
            & (np.minimum(edges[:, 3], box.y1) - np.maximum(edges[:, 1], box.y0) > 2 * TOUCH)
        )  # fmt: skip
        over[i] = False
        assert not over.any(), f"{text!r} lies over {[boxes[j][0] for j in np.flatnonzero(over)]}"


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize(("arms", "waves", "language"), [SHAPES[0], SHAPES[2]])
def test_in_a_column_a_figure_is_as_readable_or_says_that_it_is_too_high(case, name, language, arms, waves):
    spec = FIGURES[name]
    if spec.page_only:
        with pytest.raises(ValueError, match="page width only"):
            spec.draw(*case(arms, waves), language, width="column")
        return
    drawing = spec.draw(*case(arms, waves), language, width="column")
    assert drawing.figure.get_figwidth() * MM_PER_INCH == pytest.approx(COLUMN_MM)
    assert [fault for fault in faults(drawing) if "mm high" not in fault] == []
    again = spec.draw(*case(arms, waves), language)
    assert again.figure.get_figwidth() * MM_PER_INCH == pytest.approx(PAGE_MM)


def test_what_is_clipped_or_lies_over_something_is_found(case):
    drawing = FIGURES["retention"].draw(*case(2, 3), "en", width="column")
    assert faults(drawing) == ()
    drawing.figure.text(0.9, 0.5, "a text that runs out of the sheet", fontproperties=font())
    for _ in range(2):
        drawing.figure.text(0.1, 0.5, "twice at one place", fontproperties=font())
    drawing.figure.text(0.1, 0.01, "x", fontproperties=font(5.0))
    drawing.figure.add_axes((0.1, 0.1, 0.1, 0.1))
    found = " ".join(faults(drawing))
    for said in (
        "would be clipped",
        "'twice at one place' would lie over",
        "smaller than 8 pt",
        "an axis would be",
    ):
        assert said in found


@pytest.mark.parametrize("name", DRAWN)
def test_the_words_are_there_in_both_languages(case, name):
    english, french = (FIGURES[name].draw(*case(2, 3), language) for language in ("en", "fr"))
    for drawing in (english, french):
        words = (drawing.title, drawing.subtitle, drawing.caption, drawing.alt, drawing.long_description)
        assert all(part.strip() for part in words)
        assert not re.search(r"[{}]|\bnan\b|<NA>", " ".join(words))
        assert drawing.title in drawing.alt
        assert "signific" not in " ".join(words).lower()
    assert english.title != french.title
    assert "2024" in english.caption


@pytest.mark.parametrize(
    ("name", "kind"), [*((name, "svg") for name in DRAWN), ("flow", "png"), ("trajectories", "pdf")]
)
def test_the_same_figure_gives_the_same_bytes(case, name, kind):
    study, tables = case(2, 3)
    assert render(FIGURES[name].draw(study, tables, "fr"), kind) == render(
        FIGURES[name].draw(study, tables, "fr"), kind
    )


@pytest.mark.parametrize("name", DRAWN)
def test_no_small_number_is_drawn_written_or_told(case, name, tmp_path):
    study, tables = case(4, 3, people=120)  # arms of thirty: much is small
    drawing = FIGURES[name].draw(study, tables, "en")
    data = drawing.data
    assert (data["status"] == "suppressed").any() or name in ("retention", "trajectories")  # groups of twenty and more
    assert not data["n"].between(1, 9).any()
    hidden = data[(data["status"] == "suppressed").fillna(False)]
    assert hidden[["estimate", "conf_low", "conf_high"]].isna().all(axis=None)
    small = re.compile(r"\bn = [1-9]\b|\bn [1-9]\)")
    assert not small.search(drawing.long_description)
    assert not any(small.search(text) for text, _ in texts_of(drawing))
    files = write_drawing(drawing, tmp_path, name)
    read = pd.read_csv(files.data)
    assert read["estimate"].isna().tolist() == data["estimate"].isna().tolist()
    if len(hidden):
        assert "suppressed" in drawing.caption


def test_flow_shows_every_box_zeros_included(case):
    study, tables = case(2, 3)
    drawing = FIGURES["flow"].draw(study, tables, "en")
    shown = [text for text, _ in texts_of(drawing)]
    assert shown.count("0 left") == 2  # everybody answered the first wave, in both arms
    flow = tables["response_flow"].set_index(["by_arm", "wave", "term"])
    row = flow.loc[("a0", "t2", "enrolled")]
    assert any(text.startswith(f"{round(row['estimate'] * row['n'])} answered") for text in shown)
    both = flow.loc[("a0", "t2", "previous wave")]
    assert f"{both['n'] - round(both['estimate'] * both['n'])} left" in shown


def test_points_stand_where_the_data_say(case):
    drawing = FIGURES["trajectories"].draw(*case(2, 3), "en")
    axes = drawing.figure.axes[0]
    rows = drawing.data[(drawing.data["outcome"] == "scale0") & (drawing.data["by_arm"] == "a0")]
    longest = next(line for line in axes.lines if len(line.get_xdata()) == 3)
    np.testing.assert_allclose(longest.get_ydata(), rows["estimate"])
    intervals = [sorted(line.get_ydata()) for line in axes.lines if len(line.get_xdata()) == 2]
    for low, high in zip(rows["conf_low"], rows["conf_high"], strict=True):
        assert any(np.allclose(pair, [low, high]) for pair in intervals)
    shown = [text for text, _ in texts_of(drawing)]
    assert {str(n) for n in rows["n"]} <= set(shown)


def test_few_people_have_open_marks(case):
    drawing = FIGURES["trajectories"].draw(*case(7, 3, people=200), "en")
    axes = drawing.figure.axes[0]
    points = [line for line in axes.lines if len(line.get_xdata()) == 1]
    thin = drawing.data[
        (drawing.data["outcome"] == "scale0") & drawing.data["estimate"].notna() & (drawing.data["n"] < 30)
    ]
    assert sum(line.get_markerfacecolor() == "#ffffff" for line in points) == len(thin) > 0
    assert "Fewer than 30 people" in [text for text, _ in texts_of(drawing)]


def test_bars_begin_at_zero_and_add_up(case):
    drawing = FIGURES["distributions"].draw(*case(2, 2), "en")
    axes = drawing.figure.axes[0]
    assert axes.get_ylim()[0] == 0
    assert all(bar.get_y() == 0 for bar in axes.patches)
    assert sum(bar.get_height() for bar in axes.patches) == pytest.approx(1)


def test_an_empty_arm_and_a_scale_nobody_scored_are_said_not_hidden(case):
    study, tables = case(3, 3, empty_arm="a1", unscored="scale1")
    for name, spec in ((name, FIGURES[name]) for name in DRAWN):
        for language in ("en", "fr"):
            drawing = spec.draw(study, tables, language)
            assert drawing.long_description, name
    shown = [text for text, _ in texts_of(FIGURES["trajectories"].draw(study, tables, "en"))]
    assert "Nothing that can be shown" in shown
    assert "0" in shown
    assert "enrolled: 0" in [text for text, _ in texts_of(FIGURES["flow"].draw(study, tables, "en"))]


def test_nothing_at_all_can_still_be_drawn(case):
    study, tables = case(2, 3, people=8)  # every number is small
    for spec in (FIGURES[name] for name in DRAWN):
        drawing = spec.draw(study, tables, "en")
        assert drawing.data["estimate"].isna().all() or (drawing.data["estimate"] == 0).any()
        render(drawing, "png")


@pytest.mark.parametrize("name", DRAWN)
def test_made_up_data_say_so_in_the_picture(case, name):
    drawing = FIGURES[name].draw(*case(2, 3, provenance="synthetic"), "en")
    assert any(text.startswith("SYNTHETIC DATA") for text, _ in texts_of(drawing))
    assert drawing.alt.startswith("SYNTHETIC DATA")
    real = FIGURES[name].draw(*case(2, 3), "en")
    assert not any("SYNTHETIC" in text for text, _ in texts_of(real))


def test_titles_follow_the_numbers(case):
    study, tables = case(2, 3)
    summary = tables["score_means"].copy()
    first = (summary["wave"] == "t0") & (summary["term"] == "mean")

    def title(changes):
        return FIGURES["trajectories"].draw(study, {"score_means": summary.assign(estimate=changes)}, "en").title

    assert "lower" in title(summary["estimate"].mask(first, 39.0))
    assert "higher" in title(summary["estimate"].mask(first, 1.0))
    mixed = summary["estimate"].mask(first & (summary["by_arm"] == "a0"), 39.0)
    assert "lower at “6 months after” than at “0 months after” in 1 of 2 arms, higher in 1" in title(
        mixed.mask(first & (summary["by_arm"] == "a1"), 1.0)
    )


def test_files_carry_the_alternative_text_and_safe_cells(case, tmp_path):
    study, tables = case(2, 3)
    drawing = FIGURES["flow"].draw(study, tables, "fr")
    files = write_drawing(drawing, tmp_path, "flow")
    svg = files.svg.read_text(encoding="utf-8")
    assert 'role="img"' in svg and "<title id=" in svg and drawing.title.split("«")[0].strip() in svg
    assert files.png.read_bytes().startswith(b"\x89PNG") and files.pdf.read_bytes().startswith(b"%PDF")
    pd.testing.assert_frame_equal(
        pd.read_csv(files.data, dtype={"estimate": float})[["by_arm", "wave"]].astype("string"),
        drawing.data[["by_arm", "wave"]].astype("string"),
        check_dtype=False,
    )
    assert not list(tmp_path.glob(".*"))
    assert write_drawing(drawing, tmp_path, "only", formats=("png",)).svg is None
    injected = Drawing(
        **{**{f: getattr(drawing, f) for f in drawing.__slots__}, "data": drawing.data.assign(method="=A1")}
    )
    assert b"'=A1" in data_csv(injected)


def test_what_is_not_protected_is_not_written(case, tmp_path):
    study, tables = case(2, 3, people=120)
    drawing = FIGURES["flow"].draw(study, tables, "en")
    parts = {field: getattr(drawing, field) for field in drawing.__slots__}
    leaking = drawing.data.assign(n=pd.array([4] * len(drawing.data), dtype="Int64"))
    with pytest.raises(DisclosureError):
        write_drawing(Drawing(**{**parts, "data": leaking}), tmp_path, "leak")
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="alt"):
        Drawing(**{**parts, "alt": " "})
    with pytest.raises(ValueError, match="formats"):
        write_drawing(drawing, tmp_path, "x", formats=("gif",))


def test_protecting_before_drawing_changes_nothing(case):
    study, tables = case(4, 3, people=400)
    safe = protect_tables(tables, threshold=study.head.privacy.threshold)
    for spec in (FIGURES[name] for name in DRAWN):
        once, twice = spec.draw(study, safe, "en"), spec.draw(study, protect_tables(safe, threshold=10), "en")
        pd.testing.assert_frame_equal(once.data, twice.data)


def test_a_figure_refuses_what_it_cannot_be_drawn_from(case, study_of):
    study, tables = case(2, 3)
    with pytest.raises(ValueError, match="not given: response_flow"):
        FIGURES["flow"].draw(study, {}, "en")
    without = study_of(2, 3, states=[])
    with pytest.raises(ValueError, match="states"):
        FIGURES["states"].draw(without, tables, "en")
    with pytest.raises(ValueError, match="language"):
        FIGURES["flow"].draw(study, tables, "de")


def test_rendering_leaves_the_settings_of_others_alone(case):
    before = dict(matplotlib.rcParams)
    render(FIGURES["flow"].draw(*case(2, 2), "en"), "svg")
    assert dict(matplotlib.rcParams) == before


def test_shares_of_a_flow_can_be_of_those_who_reached_a_step():
    cells = [("enrolled", "t0", 60, 200), ("done", "t0", 58, 120), ("enrolled", "t1", 40, 200), ("done", "t1", 39, 120),
             ("previous wave", "t1", 35, 60)]  # fmt: skip
    flow = pd.DataFrame(
        [{"by_arm": "all", "term": term, "wave": wave, "estimate": count / n, "n": n} for term, wave, count, n in cells]
    )
    [column] = read_columns(flow, ["all"], ["t0", "t1"], base="done")
    assert (column.enrolled, column.reached, column.not_reached) == (200, 120, 80)
    first, second = column.steps
    # 58 of the 120 answered: 62 left, and 2 answered who had not reached the step.
    assert (first.answered, first.left, first.came_back) == (60, 62, 2)
    assert first.share == pytest.approx(58 / 120)
    assert (second.answered, second.left, second.came_back) == (40, 25, 5)
    assert second.share == pytest.approx(39 / 120)
