"""The figure of verdicts: one row a comparison with a margin, in multiples of it, with its verdict in words."""

import pandas as pd
import pytest
from matplotlib.text import Text

from increase_eval.claims import decide
from increase_eval.reporting.figures import FIGURES
from increase_eval.reporting.figures.words import Words
from increase_eval.reporting.translations import LANGUAGES
from increase_eval.results import estimate_table
from increase_eval.study import find_studies, load_study

SHOWN = {"different": (3.0, 0.5), "equivalent": (0.1, 0.5), "inconclusive": (1.0, 0.9)}


@pytest.fixture(scope="module")
def study():
    return load_study(next(path for path in find_studies().values() if (path / "published.yaml").is_file()))


@pytest.fixture(scope="module")
def table(study):
    """Every comparison of a headline scale at its last wave: different, equivalent and inconclusive in turn."""
    last = study.wave_ids[-1]
    estimands = [one for one in study.analysis.estimands if one.headline and one.wave == last]
    scales = [one for one in estimands if one.summary == "mean_change"]
    rows = [
        {
            "outcome": estimand.outcome, "contrast": contrast.id, "wave": last, "by_family": "f", "n": 90,
            "by_estimand": estimand.id, "by_unit": "points", "estimate": estimate, "std_error": error,
        }
        for estimand in scales
        for contrast, (estimate, error) in zip(study.analysis.contrasts, list(SHOWN.values()) * 2, strict=True)
    ]  # fmt: skip
    return decide(pd.DataFrame(rows), margin=2.0, family_size=len(rows)).to_frame()


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_comparison_is_drawn_and_told(study, table, language):
    drawing = FIGURES["verdicts"].draw(study, {"verdicts": table}, language)
    said = table[table["term"] == "difference"]
    assert len(drawing.data) == min(len(said), 34)
    assert "{" not in drawing.long_description
    assert str((said["verdict"] == "inconclusive").sum()) in drawing.title


def test_differences_are_told_in_multiples_of_the_margin(study, table):
    drawing = FIGURES["verdicts"].draw(study, {"verdicts": table}, "en")
    assert "1.50 (" in drawing.long_description  # 3 points at a margin of 2


def test_the_same_comparison_in_two_families_is_drawn_under_two_headings(study, table):
    late = study.analysis.families[0].model_copy(update={"id": "late", "exploratory": True})
    plan = study.analysis.model_copy(update={"families": (*study.analysis.families, late)})
    study = study.model_copy(update={"analysis": plan})
    own = table[table["outcome"] == table["outcome"].iloc[0]]
    both = pd.concat([own, own.assign(by_family="late")], ignore_index=True)
    drawing = FIGURES["verdicts"].draw(study, {"verdicts": estimate_table(both)}, "en")
    name = Words.of(study, "en").wave(study.wave_ids[-1])
    heads = [one.get_text() for one in drawing.figure.findobj(Text) if f", {name}" in one.get_text()]
    assert len(drawing.data) == 2 * len(study.analysis.contrasts)
    assert [text.endswith("(exploratory)") for text in heads] == [False, True]


def test_every_comparison_says_on_how_many_people_it_stands(study, table):
    drawing = FIGURES["verdicts"].draw(study, {"verdicts": table}, "en")
    written = [one.get_text() for one in drawing.figure.findobj(Text)]
    assert written.count("90") == len(drawing.data)


def test_outcomes_without_a_margin_are_left_to_the_table(study, table):
    bare = table[table["term"] != "margin"]
    drawing = FIGURES["verdicts"].draw(study, {"verdicts": estimate_table(bare)}, "en")
    assert drawing.data.empty


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("times", [1.0, 20.0])
def test_texts_lie_inside_the_sheet_and_not_over_each_other(study, table, language, times):
    ends = ["estimate", "conf_low", "conf_high"]
    wide = table.assign(**{name: table[name].where(table["term"] == "margin", table[name] * times) for name in ends})
    figure = FIGURES["verdicts"].draw(study, {"verdicts": wide}, language).figure
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    texts = [one for one in figure.findobj(Text) if one.get_visible() and one.get_text().strip()]
    boxes = [one.get_window_extent(renderer) for one in texts]
    width, height = figure.get_size_inches() * figure.dpi
    for at, box in enumerate(boxes):
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, texts[at]
        for other, its in zip(texts[at + 1 :], boxes[at + 1 :], strict=True):
            across, along = min(box.x1, its.x1) - max(box.x0, its.x0), min(box.y1, its.y1) - max(box.y0, its.y0)
            assert not (across > 1 and along > 2), f"{texts[at]} lies over {other}"
