"""Do register, counts and survey tell one story? Small tables in, exceptions out."""

import pandas as pd
import pytest

from increase_eval.claims.reconciliation import RECONCILIATION_COLUMNS, reconcile


@pytest.fixture
def compare(services, counted):
    """Compare counts given as (unit, month, met, began, ended) with register rows and answers."""

    def comparing(counts, clients=(), answers=(), within="ended"):
        frame = pd.DataFrame(list(clients), columns=["participant", "area", "met_on", "began_on"])
        frame = frame.assign(met_on=pd.to_datetime(frame["met_on"]), began_on=pd.to_datetime(frame["began_on"]))
        answered = pd.DataFrame(list(answers), columns=["participant", "answered_on"])
        answered["answered_on"] = pd.to_datetime(answered["answered_on"])
        return reconcile(
            counted(*((*row, 0, 0) for row in counts)), services, frame, {"t2": answered} if answers else {},
            unit_column="area", waves_within={"t2": within},
        )  # fmt: skip

    return comparing


def exceptions(result, rule):
    found = result.exceptions[result.exceptions["rule"] == rule]
    return [(row.unit, row.month.strftime("%Y-%m"), row.smaller, row.larger) for row in found.itertuples()]


def test_a_step_with_more_people_than_the_one_before_is_an_exception(compare):
    result = compare([("north", "2020-01", 5, 6, 1), ("south", "2020-01", 5, 5, 5)])
    assert exceptions(result, "began <= met") == [("north", "2020-01", 6, 5)]
    assert exceptions(result, "ended <= began") == []


def test_steps_are_compared_cumulatively_to_the_end_of_each_month(compare):
    result = compare([("north", "2020-01", 5, 1, 0), ("north", "2020-02", 0, 4, 0), ("north", "2020-03", 0, 1, 0)])
    assert exceptions(result, "began <= met") == [("north", "2020-03", 6, 5)]
    rules = result.rules.set_index("rule")
    assert rules.loc["began <= met", ["compared", "exceptions"]].tolist() == [3, 1]


def test_dates_of_the_register_give_the_counts(compare):
    clients = [("p", "north", "2020-01-03", None), ("q", "north", "2020-02-29", None)]
    counts = [("north", "2020-01", 1, 0, 0), ("north", "2020-02", 1, 0, 0)]
    assert len(compare(counts, clients).exceptions) == 0
    result = compare(counts, clients[:1])
    assert exceptions(result, "register met = counts") == [("north", "2020-02", 1, 2)]


def test_steps_without_dates_in_the_register_are_not_compared_with_it(compare):
    rules = compare([("north", "2020-01", 1, 1, 1)]).rules["rule"].tolist()
    assert "register ended = counts" not in rules
    assert "register met = counts" in rules


def test_clients_of_a_unit_that_counts_nobody_are_an_exception_and_not_passed_over(compare):
    result = compare([("north", "2020-01", 0, 0, 0)], [("p", "south", "2020-01-03", None)])
    assert exceptions(result, "register met = counts") == [("south", "2020-01", 1, 0)]


def test_clients_without_a_unit_are_an_exception_and_not_passed_over(compare):
    result = compare([("north", "2020-01", 0, 0, 0)], [("p", None, "2020-01-03", None)])
    assert exceptions(result, "register met = counts") == [("missing", "2020-01", 1, 0)]


def test_dates_before_the_first_counted_month_count_with_it(compare):
    result = compare([("north", "2020-02", 1, 0, 0)], [("p", "north", "2019-12-31", None)])
    assert len(result.exceptions) == 0


def test_respondents_are_among_the_people_of_their_step(compare):
    clients = [(name, "north", "2020-01-01", None) for name in "pqr"]
    answers = [(name, "2020-02-01") for name in "pqr"]
    counts = [("north", "2020-01", 3, 3, 0), ("north", "2020-02", 0, 0, 2)]
    result = compare(counts, clients, answers)
    assert exceptions(result, "respondents t2 <= ended") == [("north", "2020-02", 3, 2)]
    assert exceptions(compare(counts, clients, answers[:2]), "respondents t2 <= ended") == []


def test_a_wave_that_nobody_has_answered_is_not_compared(compare):
    assert "respondents t2 <= ended" not in compare([("north", "2020-01", 1, 1, 1)]).rules["rule"].tolist()


def test_answers_without_a_date_are_not_compared(compare):
    result = compare([("north", "2020-01", 1, 0, 0)], [("p", "north", "2020-01-01", None)], [("p", None)])
    assert exceptions(result, "respondents t2 <= ended") == []


def test_a_step_that_is_not_counted_is_refused(compare):
    with pytest.raises(ValueError, match=r"waves_within names \['finished'\]; allowed: met, began, ended, job, shop"):
        compare([("north", "2020-01", 1, 1, 1)], within="finished")


def test_without_exceptions_the_table_has_its_columns(compare):
    result = compare([("north", "2020-01", 1, 1, 1)], [("p", "north", "2020-01-01", "2020-01-02")])
    assert list(result.exceptions.columns) == list(RECONCILIATION_COLUMNS)
    assert (result.rules["exceptions"] == 0).all()
