"""The sections on anchored non-response and on robustness: words from results, figures that say every number."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from increase_eval.reporting.documents.attrition.anchored import ANCHORED, anchored_content
from increase_eval.reporting.documents.attrition.robustness import ROBUSTNESS, robustness_content
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.figures import FIGURES
from increase_eval.reporting.figures.legibility import faults
from increase_eval.reporting.figures.style import SMALLEST_PT, STYLE
from increase_eval.reporting.translations import Translator
from increase_eval.results import estimate_table
from increase_eval.study import load_study

CONTRACT = Path(__file__).resolve().parents[3] / "data_contracts" / "increase_vs"
SCALE = "life_satisfaction"


@pytest.fixture(scope="module")
def study():
    return load_study(CONTRACT)


def robustness(study):
    """Two arms: one keeps its direction everywhere but for bounds, one turns under delta."""
    values = {
        "parallel": {"mmrm": (0.6, "better"), "delta": (0.2, "slightly better"), "bounds_lower": (-4.0, "worse"),
                     "bounds_upper": (3.0, "better")},
        "integrated": {"mmrm": (0.3, "slightly better"), "delta": (-0.1, "slightly worse"),
                       "bounds_lower": (-4.0, "worse"), "bounds_upper": (3.0, "better")},
    }  # fmt: skip
    rows = [
        {
            "by_arm": arm, "by_method": method, "estimate": value, "verdict": verdict, "n": 60,
            "conf_low": value - 0.3 if "bounds" not in method else np.nan,
            "conf_high": value + 0.3 if "bounds" not in method else np.nan,
        }
        for arm, methods in values.items()
        for method, (value, verdict) in methods.items()
    ]  # fmt: skip
    constants = {"outcome": SCALE, "term": "change", "wave": "t3", "by_population": "first wave", "status": "estimated"}
    return estimate_table(rows, **constants, method="m")


def anchored(study):
    changes = [
        {"by_arm": arm, "by_gamma": gamma, "estimate": 0.5 + float(gamma) + shift, "conf_low": 0.0, "conf_high": 1.0}
        for arm, shift in (("parallel", 1.0), ("integrated", 0.0))
        for gamma in ("-0.8", "0.0", "0.8")
    ]
    own = {"outcome": SCALE, "wave": "t3", "n": 60, "status": "estimated"}
    first = estimate_table(changes, **own, term="change", by_gamma_entry="", verdict=None)
    cuts = [("parallel", 0.2, "helps"), ("integrated", 0.02, "does not help")]
    rows = [{"by_arm": arm, "estimate": cut, "verdict": verdict} for arm, cut, verdict in cuts]
    second = estimate_table(rows, **own, term="leverage cut", by_gamma="", by_gamma_entry="")
    return estimate_table(pd.concat([first, second], ignore_index=True))


def contrasts(study):
    dials = ("-0.8", "0.0", "0.8")
    surface = [
        {"by_gamma_first": one, "by_gamma_second": other, "estimate": float(other) - float(one) + 0.5,
         "verdict": "higher" if float(other) - float(one) > -0.5 else "inconclusive"}
        for one in dials for other in dials
    ]  # fmt: skip
    own = {"outcome": SCALE, "wave": "t3", "contrast": "integrated - parallel", "n": 120, "status": "estimated"}
    first = estimate_table(surface, **own, term="difference in change")
    row = {"estimate": 0.55, "verdict": "higher -> inconclusive", "by_gamma_first": "", "by_gamma_second": ""}
    second = estimate_table([row], **own, term="smallest difference")
    return estimate_table(pd.concat([first, second], ignore_index=True))


def tables_of(study):
    return {
        "robustness": robustness(study),
        "anchored_changes": anchored(study),
        "anchored_contrasts": contrasts(study),
    }


def context_of(study, language="en", **tables):
    return ReportContext(study, {**tables_of(study), **tables}, {}, Translator(language), None)


def cells(table):
    return [[cell.text for cell in row] for group in table.groups for row in group.rows]


def test_the_summary_counts_what_survives(study):
    said = robustness_content(context_of(study))["sentences"]
    assert said[0].startswith(
        "Of 2 headlines (an outcome at a wave, of an arm, of all arms together or of a comparison), 1 keep"
    )
    assert said[0].endswith("leave 0 standing.")
    assert said[1] == "Assumptions under which headlines point the other way: Delta (1)."
    assert said[2] == "Assumptions under which headlines keep their direction and are of another size: Delta (1)."


def test_each_arm_says_what_it_is_and_under_what_it_turns(study):
    (grid,) = robustness_content(context_of(study))["survival"]
    assert [column.head for column in grid.columns[2:]] == ["It says", "Model", "Delta", "Bounds"]
    assert cells(grid) == [
        ["Parallel", "better", "main", "size", "turns"],
        ["Integrated", "slightly better", "main", "turns", "turns"],
    ]
    assert [group.head for group in grid.groups] == ["Life satisfaction, “Six months later (T3)”"]


def test_a_withheld_estimate_counts_neither_way(study):
    table = robustness(study)
    hidden = (table["by_arm"] == "integrated") & (table["by_method"] == "delta")
    table.loc[hidden, ["estimate", "conf_low", "conf_high", "n"]] = pd.NA
    table.loc[hidden, "status"] = "suppressed"
    content = robustness_content(context_of(study, robustness=table))
    assert content["sentences"][1] == "No assumption but the bounds turns a headline the other way."
    assert content["sentences"][-1].startswith("1 estimate cannot be made or shown")
    assert cells(content["tables"][1])[1][2] == "[c]"
    assert cells(content["survival"][0])[1][3] == "\u2013"


def test_the_table_has_a_row_a_method_and_a_column_an_arm(study):
    assumptions, table = robustness_content(context_of(study))["tables"]
    assert cells(assumptions)[0] == ["Model for repeated measures", "At random, given their earlier scores"]
    rows = cells(table)
    assert rows[0] == ["Model for repeated measures", "+0.60 (0.30 to 0.90)", "+0.30 (0.00 to 0.60)"]
    assert rows[2][1:] == ["\u22124.00", "\u22124.00"]


def test_no_word_of_the_section_speaks_of_significance(study):
    for language in ("en", "fr"):
        content = robustness_content(context_of(study, language))
        grid = content["survival"][0]
        said = " ".join(
            [*content["sentences"], *(cell for row in cells(grid) for cell in row), grid.subtitle, *grid.notes]
        ).lower()
        assert "signific" not in said


def test_the_anchored_section_says_range_gain_and_what_turns(study):
    content = anchored_content(context_of(study))
    said = content["sentences"]
    assert "from \u22120.80 to +0.80" in said[0]
    assert said[1].startswith("The anchor earns its place in 1 of 2 scales and arms")
    assert "in Parallel from +0.70 to +2.30 and keeps its direction" in said[2]
    assert "in Integrated from \u22120.30 to +1.30 and turns" in said[2]
    assert cells(content["changes"])[0][-1] == "20"
    assert cells(content["contrasts"])[0] == ["Integrated less Parallel", "120", "higher", "0.55", "inconclusive"]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("figure", ["robustness", "anchored"])
def test_figures_are_drawn_and_describe_every_number(study, figure, language):
    drawing = FIGURES[figure].draw(study, tables_of(study), language)
    assert drawing.data["outcome"].eq(SCALE).all()
    wanted = {"robustness": ("0.60", "\u22124.00"), "anchored": ("+0.50", "\u22121.10", "+2.10")}[figure]
    for number in wanted:
        assert (number.replace(".", ",") if language == "fr" else number) in drawing.long_description
    if figure == "robustness":
        assert "1" in drawing.title
        assert "2" in drawing.title


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("figure", ["robustness", "anchored"])
def test_texts_are_readable_inside_the_sheet_and_do_not_overlap(study, figure, language):
    drawing = FIGURES[figure].draw(study, tables_of(study), language)
    with matplotlib.rc_context(STYLE):
        drawing.figure.canvas.draw()
        renderer = drawing.figure.canvas.get_renderer()
        texts = [one for one in drawing.figure.findobj(Text) if one.get_visible() and one.get_text().strip()]
        # Labels on lines of equal difference lie aslant, and their boxes are larger than they are.
        texts = [one for one in texts if one.get_rotation() in (0.0, 90.0)]
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
@pytest.mark.parametrize("figure", ["robustness", "anchored"])
def test_in_a_column_the_figures_are_as_readable(study, figure, language):
    assert faults(FIGURES[figure].draw(study, tables_of(study), language, width="column")) == ()


@pytest.mark.parametrize("section", [ANCHORED, ROBUSTNESS])
def test_without_its_table_a_section_says_so(study, section):
    bare = ReportContext(study, {}, {}, Translator("en"), None)
    assert section.reason_against(bare)


def test_a_study_without_services_has_no_anchor():
    study = load_study(CONTRACT.parent / "help")
    assert "services" in ANCHORED.needs - study.capabilities
