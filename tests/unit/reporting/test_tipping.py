"""The section on tipping points: deltas in points and standard deviations, words for never, borders that are drawn."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.colors import to_hex
from matplotlib.text import Text

from increase_eval.reporting.documents.attrition.tipping import TIPPING_SECTION, tipping_content
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.figures import FIGURES
from increase_eval.reporting.figures.legibility import faults
from increase_eval.reporting.figures.style import SMALLEST_PT, STYLE
from increase_eval.reporting.figures.tipping import SHADES
from increase_eval.reporting.translations import Translator
from increase_eval.results import estimate_table
from increase_eval.study import load_study

CONTRACT = Path(__file__).resolve().parents[3] / "data_contracts" / "increase_vs"
SCALE = "life_satisfaction"
SPREAD = 2.0
CONTRAST = "integrated_parallel"


@pytest.fixture(scope="module")
def study():
    return load_study(CONTRACT)


def rows_of(contrast, arm, verdict, below, above):
    """Both directions and units of one headline; a delta of None is never found."""
    return [
        {
            "contrast": contrast, "by_arm": arm, "by_direction": direction, "by_unit": unit, "verdict": verdict,
            "estimate": np.nan if delta is None else delta / size,
            "status": "never in the range" if delta is None else "estimated",
        }
        for direction, delta in (("below", below), ("above", above))
        for unit, size in (("points", 1.0), ("sd", SPREAD))
    ]  # fmt: skip


def points():
    rows = [
        *rows_of("t1 -> t3", "parallel", "increase", -0.3, None),
        *rows_of("t1 -> t3", "integrated", "unclear", -1.0, 0.5),
        *rows_of("t1 -> t3", "collective", "decrease", None, None),
        *rows_of(CONTRAST, "parallel", "unclear", -0.9, 0.7),
        *rows_of(CONTRAST, "integrated", "unclear", -0.6, 1.1),
    ]
    return estimate_table(rows, outcome=SCALE, wave="t3", term="tipping delta", n=80, method="m")


def contours():
    """Borders parallel to the diagonal: an increase from 1 point above it, a decrease from 1.5 below."""
    rows = [
        {"by_delta_first": f"{first:.6g}", "by_verdict": verdict, "estimate": first + shift}
        for verdict, shift in (("increase", 1.0), ("decrease", -1.5))
        for first in np.linspace(-6, 6, 16)
    ]
    return estimate_table(rows, outcome=SCALE, wave="t3", term="contour", contrast=CONTRAST, n=160, method="m")


def tables_of():
    return {"tipping_points": points(), "tipping_contours": contours()}


def content_of(study, language="en", **tables):
    return tipping_content(ReportContext(study, {**tables_of(), **tables}, {}, Translator(language), None))


def cells(table):
    return [[cell.text for cell in row] for group in table.groups for row in group.rows]


def test_each_arm_has_its_deltas_in_points_and_standard_deviations_or_never(study):
    rows = cells(content_of(study)["changes"])
    assert rows[0] == ["Parallel", "80", "an increase", "−0.30 (−0.15)", "never"]
    assert rows[1] == ["Integrated", "80", "unclear", "−1.00 (−0.50)", "+0.50 (+0.25)"]
    assert rows[2][-2:] == ["never", "never"]


def test_each_comparison_has_the_deltas_of_the_arm_named_first_and_then_of_the_one_subtracted(study):
    (row,) = cells(content_of(study)["contrasts"])
    assert row[:3] == ["Integrated less Parallel", "80", "unclear"]
    assert row[3:] == ["−0.60 (−0.30)", "+1.10 (+0.55)", "−0.90 (−0.45)", "+0.70 (+0.35)"]


def test_sentences_count_what_a_small_departure_turns_and_give_the_nearer_delta(study):
    summary, scale = content_of(study)["sentences"]
    assert summary.startswith(
        "Of 3 changes (scale, wave and arm), 1 are concluded otherwise at a delta of less than 0.2"
    )
    assert "and 1 at no delta within 4 standard deviations" in summary
    assert "−0.15 in Parallel (an increase at random); +0.25 in Integrated (unclear at random)" in scale
    assert "none within 4 in Collective (a decrease at random)" in scale


def test_a_withheld_delta_is_marked_and_counts_neither_way(study):
    table = points()
    hidden = (table["by_arm"] == "parallel") & (table["contrast"] == "t1 -> t3")
    table.loc[hidden, ["estimate", "n"]] = pd.NA
    table.loc[hidden, "status"] = "suppressed"
    content = content_of(study, tipping_points=table)
    assert cells(content["changes"])[0] == ["Parallel", "[c]", "an increase", "[c]", "[c]"]
    assert content["sentences"][0].startswith("Of 2 changes")
    assert "Parallel" not in content["sentences"][1]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_section_says_what_a_delta_is_and_that_no_data_tell_which_is_true(study, language):
    content = content_of(study, language)
    text = Translator(language)
    assert "delta" in content["intro"]
    assert {"en": "cannot say which delta is true", "fr": "ne peuvent pas dire quel delta est le vrai"}[
        language
    ] in text("tipping.not_known")
    assert "signific" not in " ".join([content["intro"], *content["sentences"]]).lower()


def test_without_its_table_or_with_one_wave_the_section_says_so(study):
    assert TIPPING_SECTION.reason_against(ReportContext(study, {}, {}, Translator("en"), None))


def test_shades_lie_where_the_stored_borders_say(study):
    drawing = FIGURES["tipping"].draw(study, tables_of(), "en")
    (axes,) = drawing.figure.axes
    fills = [one for one in axes.collections if isinstance(one, FillBetweenPolyCollection)]
    shaded = {to_hex(fill.get_facecolor()[0]): fill.get_paths()[0] for fill in fills}
    for place, verdict in (((0, 1.1), "increase"), ((0, -1.6), "decrease"), ((2, 3.1), "increase")):
        holds = [colour for colour, path in shaded.items() if path.contains_point(place)]
        assert holds == [SHADES[verdict].lower()], place
    assert not any(path.contains_point(place) for path in shaded.values() for place in ((0, 0.9), (0, -1.4), (3, 3)))


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_figure_says_its_borders_and_the_nearest_delta(study, language):
    drawing = FIGURES["tipping"].draw(study, tables_of(), language)
    comma = (lambda number: number.replace(".", ",")) if language == "fr" else str
    assert comma("0.30") in drawing.title
    assert comma("+0.40") in drawing.long_description and comma("+1.40") in drawing.long_description
    assert drawing.data["outcome"].eq(SCALE).all()


def test_a_comparison_that_never_turns_says_so(study):
    never = rows_of(CONTRAST, "parallel", "unclear", None, None)
    others = points().query("contrast != @CONTRAST")
    table = estimate_table(never, outcome=SCALE, wave="t3", term="tipping delta", n=80, method="m")
    tables = tables_of() | {"tipping_points": pd.concat([others, table], ignore_index=True)}
    assert "the same up to 4 standard deviations" in FIGURES["tipping"].draw(study, tables, "en").title


@pytest.mark.parametrize("language", ["en", "fr"])
def test_with_nothing_to_draw_the_figure_says_so(study, language):
    drawing = FIGURES["tipping"].draw(study, tables_of() | {"tipping_contours": contours().iloc[:0]}, language)
    assert not drawing.figure.axes
    assert drawing.subtitle == Translator(language)("figures.nothing_drawn")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_texts_are_readable_inside_the_sheet_and_do_not_overlap(study, language):
    drawing = FIGURES["tipping"].draw(study, tables_of(), language)
    with matplotlib.rc_context(STYLE):
        drawing.figure.canvas.draw()
        renderer = drawing.figure.canvas.get_renderer()
        texts = [one for one in drawing.figure.findobj(Text) if one.get_visible() and one.get_text().strip()]
        boxes = [one.get_window_extent(renderer) for one in texts]
    width, height = drawing.figure.get_size_inches() * drawing.figure.dpi
    assert min(one.get_fontsize() for one in texts) >= SMALLEST_PT
    for number, (one, box) in enumerate(zip(texts, boxes, strict=True)):
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, one.get_text()
        for other in boxes[:number]:
            across = min(box.x1, other.x1) - max(box.x0, other.x0)
            along = min(box.y1, other.y1) - max(box.y0, other.y0)
            assert across <= 0.5 or along <= 1.0, one.get_text()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_in_a_column_the_figure_is_as_readable(study, language):
    assert faults(FIGURES["tipping"].draw(study, tables_of(), language, width="column")) == ()
