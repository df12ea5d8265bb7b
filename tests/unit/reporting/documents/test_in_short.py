"""The head of the chapter on attrition: the answers of its sections, each leading to where it stands."""

from increase_eval.reporting.documents.attrition.chapter import SECTIONS
from increase_eval.reporting.documents.attrition.in_short import TAKEN, in_short


def section(own_id, sentences):
    values = None if sentences is None else {"sentences": sentences}
    return {"id": f"attrition-{own_id}", "title": own_id.title(), "values": values}


def test_what_holds_comes_first_and_of_each_wave_the_last_one_is_told():
    filled = [
        section("staying", ["stayed", "by arm"]),
        section("who-left", ["at T2", "at T3"]),
        section("standing", ["bias at T2", "bias at T3"]),
        section("tipping", ["of all", "of one scale"]),
        section("robustness", ["of 9 headlines", "against", "another size"]),
    ]
    assert [(line["id"], line["sentences"]) for line in in_short(filled)] == [
        ("attrition-robustness", ["of 9 headlines", "against"]),
        ("attrition-staying", ["stayed"]),
        ("attrition-who-left", ["at T3"]),
        ("attrition-standing", ["bias at T3"]),
        ("attrition-tipping", ["of all"]),
    ]


def test_a_section_that_is_not_there_or_says_nothing_has_no_line():
    assert list(in_short([section("robustness", None), section("tipping", [])])) == []


def test_every_section_that_is_taken_from_exists():
    assert set(TAKEN) <= {one.id for one in SECTIONS}
