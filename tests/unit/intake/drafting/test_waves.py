"""Names that say which wave a column, or a file, belongs to."""

import pytest

from increase_eval.intake.drafting.profiles import Profile
from increase_eval.intake.drafting.waves import mark_in, mark_of_file, wide_waves

MARKED = {
    "t1_calm": ("calm", 1.0), "calm_t2": ("calm", 2.0), "calm_w10": ("calm", 10.0), "calm.wave3": ("calm", 3.0),
    "wave2_calm": ("calm", 2.0), "pre_calm": ("calm", -1.0), "calm_post": ("calm", 2.0), "calm.followup": ("calm", 3.0),
    "bdi.2m": ("bdi", 2.0), "T2.calm": ("calm", 2.0), "month6_calm": ("calm", 6.0),
}  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), MARKED.items(), ids=MARKED)
def test_marks_are_cut_from_names(name, expected):
    base, mark = mark_in(name)
    assert (base, mark.order) == expected


@pytest.mark.parametrize("name", ["calm", "calm2", "calm_2", "t1", "posture", "x_total", "w2"])
def test_other_names_have_no_mark(name):
    assert mark_in(name) is None


FILES = {"survey_t2": 2.0, "T1": 1.0, "wave 3": 3.0, "baseline_fr": -1.0, "2024_followup": 3.0, "vague1": 1.0}


@pytest.mark.parametrize(("stem", "order"), FILES.items(), ids=FILES)
def test_file_names_have_marks(stem, order):
    assert mark_of_file(stem).order == order


def test_other_file_names_have_none():
    assert mark_of_file("participants_2024") is None


def column(name, kind="integer", codes=(1, 2, 3, 4, 5)):
    return Profile(name=name, label=name, kind=kind, filled=9, rows=9, distinct=5, repeated=5, codes=codes)


def wide(*columns):
    return {base: sorted(marks.values()) for base, marks in wide_waves(columns).items()}


def test_one_thing_at_two_waves_is_found():
    found = wide(column("t1_calm"), column("t2_calm"), column("t2_useful"), column("age"))
    assert found == {"calm": ["t1_calm", "t2_calm"], "useful": ["t2_useful"]}


def test_a_mark_that_nothing_repeats_is_none():
    assert wide(column("t1_calm"), column("age"), column("x_post")) == {}


def test_a_word_for_the_start_goes_with_months():
    marks = wide_waves([column("bdi.pre"), column("bdi.2m"), column("bdi.4m")])["bdi"]
    assert [marks[mark] for mark in sorted(marks)] == ["bdi.pre", "bdi.2m", "bdi.4m"]


def test_pairs_without_a_separator_are_found_and_single_words_are_not():
    assert wide(column("Prewt"), column("Postwt"), column("Postcode")) == {"wt": ["Postwt", "Prewt"]}


def test_bare_numbers_are_waves_for_scores_and_items_for_codes():
    scores = [column("mood1", "number", ()), column("mood2", "number", ())]
    items = [column("hope1"), column("hope2"), column("hope3")]
    assert wide(*scores, *items) == {"mood": ["mood1", "mood2"]}
