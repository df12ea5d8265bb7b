"""What is seen in one column: its type, its codes, its missing codes."""

import numpy as np
import pandas as pd
import pytest

from increase_eval.intake.drafting.profiles import merge, profile, reason_of
from increase_eval.intake.drafting.roles import guess_arm, guess_key, personal_reason, plain
from increase_eval.intake.raw import RawTable


def raw(values, name="x", **about):
    frame = pd.DataFrame({name: pd.Series(values)})
    return RawTable(frame=frame, rows=np.arange(2, len(frame) + 2), format="csv", **about)


def seen(values, name="x", **about):
    return profile(raw(values, name, **about), name)


KINDS = {
    "integer": ["1", "2", "3", "2", "1", "3"],
    "number": ["1.5", "2", "3.25", "2", "1", "3"],
    "category": ["yes", "no", "yes", "no", "yes", "no"],
    "date": ["2024-01-31", "2024-02-28", "2024-02-28", None, "2024-01-31", "2024-01-31"],
    "text": ["one thing", "another", "a third", "a fourth", "a fifth", "a sixth"],
    "empty": [None, "", " ", "NA", "n/a", "."],
}


@pytest.mark.parametrize(("kind", "values"), KINDS.items(), ids=KINDS)
def test_the_type_is_seen(kind, values):
    assert seen(values).kind == kind


def test_decimal_commas_are_numbers():
    one = seen(["1,5", "2,25", "3"])
    assert (one.kind, one.low, one.high) == ("number", 1.5, 3.0)


def test_leading_zeros_are_no_numbers():
    assert seen(["007", "008", "007", "008", "008", "007"]).kind == "category"


def test_days_before_months_where_some_day_is_past_the_twelfth():
    assert seen(["31/01/2024", "01/02/2024"]).date_formats == ("%d/%m/%Y",)
    assert seen(["01/31/2024", "02/01/2024"]).date_formats == ("%m/%d/%Y",)


def test_negative_and_far_codes_stand_for_no_answer_and_are_marked_as_guessed():
    one = seen(["1", "2", "3", "-9", "99", "2"])
    assert (one.low, one.high) == (1, 3)
    assert one.missing == {"unknown": (-9, 99)}
    assert one.guessed_missing


def test_a_far_code_that_could_be_an_answer_stays():
    assert seen(["17", "98", "64", "80", "99"]).high == 99


def test_labels_say_what_is_missing_and_why():
    labels = {"x": {1.0: "Agree", 2.0: "Rather not", 3.0: "Left", 8.0: "Refused to say", 9.0: "Not applicable"}}
    one = seen([1.0, 2.0, 3.0, 8.0, 9.0], value_labels=labels)
    assert one.missing == {"refused": (8,), "not_asked": (9,)}
    assert one.codes == (1, 2, 3)


def test_codes_that_the_file_declares_missing_are_no_range():
    one = seen([1.0, 2.0, -9.0], missing_ranges={"x": ((-9.0, -9.0),)}, value_labels={"x": {-9.0: "Refused"}})
    assert (one.low, one.missing) == (1, {"refused": (-9,)})


def test_a_word_among_numbers_is_a_missing_code():
    one = seen([*["1", "2", "3"] * 10, "refused"])
    assert (one.kind, one.missing) == ("integer", {"refused": ("refused",)})


@pytest.mark.parametrize("label", ["Declining health", "Left", "Rather not", "Answered"])
def test_answers_that_sound_like_none_stay_answers(label):
    assert reason_of(label) is None


def test_two_files_show_one_column():
    one = merge([seen(["1", "2", "2"]), seen(["2", "5", "5"]), seen([None, None])])
    assert (one.kind, one.low, one.high, one.codes) == ("integer", 1, 5, (1, 2, 5))
    assert merge([seen(["1", "2"]), seen(["1.5", "2"])]).kind == "number"
    assert merge([seen(["1", "2", "1", "2"]), seen(["a", "b", "a", "b"])]).kind == "category"


PERSONAL = ["first_name", "LastName", "e-mail", "PhoneNumber", "IPAddress", "home address", "prénom", "date_of_birth"]


@pytest.mark.parametrize("name", PERSONAL)
def test_names_that_say_who_somebody_is(name):
    table = raw(["a1", "b2", "c3"], name)
    assert personal_reason(table, profile(table, name))


@pytest.mark.parametrize("name", ["file_name", "scale name", "birth_year", "total", "mailing_wanted", "shipping"])
def test_names_that_do_not(name):
    table = raw(["a", "b", "a", "b", "a", "b"], name)
    assert personal_reason(table, profile(table, name)) is None


@pytest.mark.parametrize("cell", ["p{}@example.org", "10.0.0.{}", "06 12 34 56 1{}", "+44 7700 90012{}"])
def test_cells_that_say_who_somebody_is(cell):
    table = raw([cell.format(i) for i in range(9)])
    assert personal_reason(table, profile(table, "x"))


def test_names_are_cut_into_words():
    assert plain("IPAddress_2") == "ip address 2"


def test_the_key_is_unique_and_called_so():
    frame = pd.DataFrame({"n": [5, 6, 9], "PID": ["a", "b", "c"], "score": [1.5, 2.5, 3.5]})
    table = RawTable(frame=frame, rows=np.arange(2, 5), format="csv")
    profiles = [profile(table, name) for name in frame]
    assert guess_key(table, profiles) == "PID"
    assert guess_key(table, profiles[2:]) is None


def test_the_arm_that_says_control_comes_before_one_that_is_only_called_arm():
    treat, control = seen(["0", "1"] * 5, "treat"), seen(["control", "treat"] * 5, "control")
    assert guess_arm([treat, control]) is control
    assert guess_arm([treat]) is treat
    assert guess_arm([seen(["a", "b"] * 5, "colour")]) is None


def test_dates_may_be_written_in_two_ways_unless_day_and_month_change_places():
    assert seen(["31/01/2024", "2024-02-01", "02/02/2024"]).date_formats == ("%Y-%m-%d", "%d/%m/%Y")
    assert seen(["31.01.2024", "01/31/2024"]).date_formats == ("%m/%d/%Y", "%d.%m.%Y")
    assert seen(["31/01/2024", "01/31/2024"]).kind != "date"
    assert seen(["31/01/2024", "2024-02-01", "soon"]).kind != "date"
