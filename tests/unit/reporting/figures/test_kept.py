"""Figures that were drawn before: what is kept of them, and letters that are put into a PDF the quick way."""

from __future__ import annotations

import contextlib

import pytest
from pandas.testing import assert_frame_equal

from increase_eval.reporting.figures import FIGURES, Drawing, data_csv, embedding, render, writing
from increase_eval.reporting.figures import style as st
from increase_eval.reporting.figures.kept import KEPT_COLUMNS, WORDS, keep_drawings, kept_drawings
from increase_eval.reporting.figures.legibility import faults


@pytest.fixture
def drawing(study, tables) -> Drawing:
    return FIGURES["flow"].draw(study, tables, "fr")


@pytest.fixture
def kept(drawing):
    return keep_drawings([drawing], formats=("svg", "png"))


def test_what_was_kept_is_the_figure(drawing, kept):
    assert tuple(kept.columns) == KEPT_COLUMNS
    again = kept_drawings(kept)["flow"]
    assert {name: getattr(again, name) for name in WORDS} == {name: getattr(drawing, name) for name in WORDS}
    assert again.threshold == drawing.threshold
    assert_frame_equal(again.data, drawing.data)
    assert data_csv(again) == data_csv(drawing)
    assert [render(again, kind) for kind in ("svg", "png")] == [render(drawing, kind) for kind in ("svg", "png")]


def test_a_picture_that_was_not_made_is_refused(kept):
    again = kept_drawings(kept)["flow"]
    with pytest.raises(ValueError, match="'flow' was drawn before and has no 'pdf'; there are: svg, png"):
        render(again, "pdf")
    with pytest.raises(TypeError, match="'flow' was drawn before"):
        faults(again)


def test_no_figures_are_a_table_too():
    assert kept_drawings(keep_drawings([])) == {}


def test_letters_from_a_cut_font_make_the_same_pdf(study, tables, monkeypatch):
    quick = render(FIGURES["flow"].draw(study, tables, "fr"), "pdf")
    monkeypatch.setattr(writing, "quick_subsets", contextlib.nullcontext)
    assert render(FIGURES["flow"].draw(study, tables, "fr"), "pdf") == quick


def test_a_letter_that_the_cut_font_lacks_comes_from_the_whole_one(study, tables, monkeypatch):
    def with_other_letters() -> bytes:
        drawn = FIGURES["flow"].draw(study, tables, "en")
        drawn.figure.text(0.5, 0.5, "fin, \N{CYRILLIC SMALL LETTER ZHE}", fontproperties=st.font())
        return render(drawn, "pdf")

    quick = with_other_letters()
    monkeypatch.setattr(writing, "quick_subsets", contextlib.nullcontext)
    assert with_other_letters() == quick


def test_a_font_is_put_back_after_a_picture(drawing):
    render(drawing, "pdf")
    assert embedding._backend_pdf_ps.get_glyphs_subset is embedding._whole


def wrapped_word_by_word(text: str, width: float) -> list[str]:
    """Take words one by one as long as the line fits: the rule, without a guess."""
    lines: list[str] = []
    width *= 1 - st.SPARE
    for word in text.split(" "):
        candidate = f"{lines[-1]} {word}" if lines else word
        if lines and st.text_width(candidate) <= width:
            lines[-1] = candidate
        else:
            lines.extend(st._cut(word, width, st.SMALLEST_PT, False))
    return lines


@pytest.mark.parametrize("width", [4.0, 11.0, 23.0, 60.0, 150.0])
def test_lines_are_filled_word_by_word(width):
    text = (
        "To AVATAR WAVE 1  Vous avez répondu à 1\u202f234 questions, difficilement, fi\N{EN DASH}ff: "
        "T1 T2 ... Total (%) anticonstitutionnellement l'efficacité  "
    )
    for start in range(len(text)):
        assert st.wrap(text[start:], width) == wrapped_word_by_word(text[start:], width)
