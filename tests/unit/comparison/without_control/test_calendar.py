"""Later answers beside first answers of the same months: by hand, under a trend, and where it cannot be done."""

import numpy as np
import pandas as pd
import pytest

from increase_eval.comparison.without_control import compare_in_calendar, secular_trend
from increase_eval.errors import InsufficientDataError

EXACT = 1e-12  # closed form


def frame(rows):
    table = pd.DataFrame(rows, columns=["day", "later", "score", "arm"])
    return table.assign(day=pd.to_datetime(table["day"]))


def compare(table, **options):
    return compare_in_calendar(table, score="score", date="day", is_later="later", **options)


TWO_QUARTERS = frame(
    [
        ("2020-01-05", False, 1.0, "a"),
        ("2020-02-05", False, 3.0, "a"),
        ("2020-03-05", True, 4.0, "a"),
        ("2020-03-06", True, 6.0, "a"),
        ("2020-04-05", False, 0.0, "b"),
        ("2020-04-06", False, 2.0, "b"),
        ("2020-05-05", False, 4.0, "b"),
        ("2020-05-06", True, 2.0, "b"),
        ("2020-06-06", True, 4.0, "b"),
        ("2020-12-06", True, 9.0, "b"),
    ]
)


def test_differences_within_cells_are_put_together_by_their_sizes():
    found = compare(TWO_QUARTERS, strata=("arm",))
    # First quarter, a: 5 - 2 = 3, h = 2*2/4 = 1. Second, b: 3 - 2 = 1, h = 3*2/5 = 1.2.
    shares = np.array([1.0, 1.2]) / 2.2
    assert found.estimate == pytest.approx(shares @ [3.0, 1.0], abs=EXACT)
    # Variances: 2/2 + 2/2 = 2, and 4/3 + 2/2 = 7/3.
    assert found.std_error == pytest.approx(np.sqrt(shares**2 @ [2.0, 7 / 3]), abs=EXACT)
    assert (found.cells, found.n_first, found.n_later, found.n_dropped) == (2, 5, 4, 1)


def test_whole_number_weights_repeat_answers_in_the_mean():
    weighted = TWO_QUARTERS.assign(w=[1, 1, 1, 3, 1, 1, 1, 1, 1, 1])
    found = compare(weighted, strata=("arm",), weights="w")
    # The first later mean is (4 + 3 x 6) / 4 = 5.5; its effective size 16 / 10 = 1.6.
    sizes = np.array([2 * 1.6 / 3.6, 1.2])
    assert found.estimate == pytest.approx(sizes @ [3.5, 1.0] / sizes.sum(), abs=EXACT)


def test_weights_of_one_change_nothing():
    plain, weighted = compare(TWO_QUARTERS), compare(TWO_QUARTERS.assign(w=1.0), weights="w")
    assert weighted.std_error == pytest.approx(plain.std_error, abs=EXACT)


def test_strata_keep_arms_apart():
    mixed = TWO_QUARTERS.assign(arm=["a", "a", "b", "b"] * 2 + ["a", "b"])
    with pytest.raises(InsufficientDataError, match="same stratum"):
        compare(mixed.iloc[:4], strata=("arm",))


@pytest.mark.parametrize("column", ["score", "day", "later"])
def test_an_absent_column_is_named(column):
    with pytest.raises(ValueError, match=column):
        compare(TWO_QUARTERS.drop(columns=column))


def test_negative_weights_and_unknown_periods_are_refused():
    with pytest.raises(ValueError, match="negative"):
        compare(TWO_QUARTERS.assign(w=-1.0), weights="w")
    with pytest.raises(ValueError, match="allowed: 'M', 'Q'"):
        compare(TWO_QUARTERS, period="Y")


def cohort(rng, *, people, effect, secular, cohort_trend):
    """Draw people who enter over four years and answer again half a year later."""
    entry = rng.uniform(0, 4, people)
    trait = rng.normal(size=people) + cohort_trend * entry
    rows = []
    for elapsed, later in ((0.0, False), (0.5, True)):
        when = entry + elapsed
        score = trait + secular * when + effect * later + rng.normal(size=people) * 0.5
        day = pd.Timestamp("2018-01-01") + pd.to_timedelta(np.round(when * 365.25), unit="D")
        person = np.arange(people)
        rows.append(pd.DataFrame({"day": day, "later": later, "score": score, "arm": "a", "person": person}))
    return pd.concat(rows, ignore_index=True)


def test_a_secular_trend_is_taken_out_and_a_trend_of_entrants_is_seen():
    rng = np.random.default_rng(11)
    table = cohort(rng, people=4000, effect=0.3, secular=0.4, cohort_trend=0.0)
    naive = table.loc[table["later"], "score"].mean() - table.loc[~table["later"], "score"].mean()
    found = compare(table, period="M")
    assert naive > 0.3 + 0.5 * 0.4 - 0.1  # the plain gain holds half a year of the trend
    assert abs(found.estimate - 0.3) < 3 * found.std_error
    # Dates of entry and of answer run together: first scores rise by the secular trend.
    assert abs(found.cohort_trend - 0.4) < 3 * found.cohort_trend_error


def test_a_trend_of_those_who_enter_biases_it_by_what_the_assumption_says():
    rng = np.random.default_rng(12)
    table = cohort(rng, people=6000, effect=0.3, secular=0.0, cohort_trend=0.4)
    found = compare(table, period="M")
    # Later answers are of people who entered half a year before those they are compared with: 0.3 - 0.5 x 0.4.
    assert abs(found.estimate - 0.1) < 3 * found.std_error


def test_two_answers_of_one_person_go_together():
    # One cell: first answers 1, 3 and later ones 4, 6 of the same two people. Residuals -1, 1 on both sides, each
    # halved and times sqrt(2): apart 4 x 0.5; of one person they cancel.
    table = TWO_QUARTERS.iloc[:4].assign(person=["p", "q", "p", "q"])
    assert compare(table).std_error == pytest.approx(np.sqrt(2.0), abs=EXACT)
    assert compare(table, participant="person").std_error == pytest.approx(0.0, abs=EXACT)
    crossed = table.assign(person=["p", "q", "q", "p"])
    assert compare(crossed, participant="person").std_error == pytest.approx(2.0, abs=EXACT)


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(13)
    hits = []
    for _ in range(600):
        table = cohort(rng, people=600, effect=0.3, secular=0.4, cohort_trend=0.0)
        found = compare(table, participant="person", period="M")
        hits.append(found.conf_low <= 0.3 <= found.conf_high)
    # 600 runs: three Monte Carlo errors of 0.95 are 0.027.
    assert 0.923 < np.mean(hits) < 0.977


def test_a_secular_trend_that_makes_the_gain_is_the_gain_by_the_year():
    assert secular_trend(0.5, 0.8) == pytest.approx(0.625, abs=EXACT)
    with pytest.raises(ValueError, match="more than 0"):
        secular_trend(0.5, 0.0)
