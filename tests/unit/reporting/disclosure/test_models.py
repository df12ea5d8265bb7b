"""Tables of model estimates: small n is withheld, counts are followed, differences tell nothing, the rest leaves."""

import pandas as pd
import pytest

from increase_eval.errors import DisclosureError
from increase_eval.reporting.disclosure import (
    MODEL_TABLES,
    SUPPRESSED,
    protect,
    protect_models,
    require_protected,
    withhold_told_responses,
)
from increase_eval.results import estimate_table

ARMS, WAVES, THRESHOLD = ("a", "b", "c"), ("t1", "t2"), 10


def models(*rows, measure="amount", counted=(), **constants):
    """Protect one table; rows are (by_arm, contrast, wave, estimate, n)."""
    columns = ("by_arm", "contrast", "wave", "estimate", "n")
    table = estimate_table([dict(zip(columns, row, strict=True)) for row in rows], outcome="mood", **constants)
    return protect_models(
        {"adjusted": table},
        dict(counted),
        threshold=THRESHOLD,
        arms=ARMS,
        waves=WAVES,
        measures={"adjusted": measure},
    )["adjusted"]


def shown(table):
    return table["n"].notna().tolist()


def test_rows_on_enough_people_leave_as_they_are():
    rows = [("a", "", "t1", 2.5, 40), ("b", "", "t1", 2.0, 30), ("all", "b - a", "t1", -0.5, 70)]
    table = estimate_table(
        [dict(zip(("by_arm", "contrast", "wave", "estimate", "n"), row, strict=True)) for row in rows], outcome="mood"
    )
    safe = models(*rows)
    pd.testing.assert_frame_equal(safe.drop(columns="status"), table)
    assert safe["status"].isna().all()


def test_a_row_on_few_people_loses_every_number_and_says_so():
    safe = models(("a", "", "t1", 2.5, 9), std_error=0.1, p_value=0.04, n_dropped=30, verdict="different")
    assert safe.loc[0, ["estimate", "std_error", "p_value", "n", "n_dropped", "verdict"]].isna().all()
    assert safe.loc[0, "status"] == SUPPRESSED
    require_protected(safe, threshold=THRESHOLD, measure="amount")


def test_a_contrast_goes_with_the_arm_that_it_compares_and_others_stay():
    means = [("a", "", "t2", 2.5, 4), ("b", "", "t2", 2.0, 30), ("c", "", "t2", 2.1, 40)]
    contrasts = [("all", "b - a", "t2", 0.5, 34), ("all", "c - b", "t2", 0.1, 70), ("all", "b - a", "t1", 0.2, 90)]
    assert shown(models(*means, *contrasts)) == [False, True, True, False, True, True]


def test_a_change_goes_with_either_wave_that_it_compares():
    rows = [("a", "", "t1", 2.5, 4), ("a", "t2 - t1", "t2", 0.4, 12), ("a", "", "t2", 2.9, 12)]
    assert shown(models(*rows)) == [False, False, True]


def test_an_n_that_a_table_of_means_withholds_is_withheld_here_too():
    counts = estimate_table(
        [{"by_arm": arm, "estimate": 3.3, "n": n} for arm, n in (("a", 4), ("b", 30), ("c", 40), ("all", 74))],
        outcome="mood",
        term="mean",
        wave="t2",
    )
    safe = protect(counts, threshold=THRESHOLD)
    assert shown(safe) == [False, False, True, True]
    # The model has more people of arm a than gave this score, yet neither n may come out by the other table.
    rows = [(arm, "", "t2", 3.3, n) for arm, n in (("a", 12), ("b", 30), ("c", 40), ("all", 82))]
    assert shown(models(*rows, counted={"score_summary": safe}.items())) == [False, False, True, True]


def test_a_withheld_number_of_respondents_is_withheld_whatever_the_outcome_is():
    flow = estimate_table(
        [
            {"by_arm": arm, "estimate": share, "n": 100, "status": status}
            for arm, share, status in (("a", 0.95, SUPPRESSED), ("b", 0.6, pd.NA), ("c", 0.5, pd.NA))
        ],
        outcome="responded",
        term="enrolled",
        wave="t2",
    )
    assert withhold_told_responses({}, flow) == {}
    rows = [("a", "", "t2", 3.3, 95), ("b", "", "t2", 3.3, 60), ("all", "a - b", "t2", 0.0, 155)]
    assert shown(models(*rows, counted={"response_flow": flow}.items())) == [False, True, False]
    # A share of those who answered the wave before has their n, and tells nothing of who answered this one.
    before = flow.assign(term="previous wave", n=pd.NA)
    assert shown(models(*rows, counted={"response_flow": before}.items())) == [True, True, True]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"a": 4, "b": 30, "c": 40, "all": 74}, [False, False, True, True]),  # 74 - 30 - 40 would be 4
        ({"a": 4, "b": 5, "c": 40, "all": 49}, [False, False, False, True]),  # 49 - 40 would be 9 people of two arms
        ({"b": 30, "c": 40, "all": 76}, [False, True, True]),  # 76 - 30 - 40: six people of no known arm
        ({"a": 4, "b": 3, "c": 2, "all": 9}, [False, False, False, False]),
        ({"a": 0, "b": 30, "c": 40, "all": 70}, [True, True, True, True]),  # nobody is no secret
    ],
)
def test_no_total_less_its_shown_parts_is_a_small_number(parts, expected):
    safe = models(*((arm, "", "t1", 2.5, n) for arm, n in parts.items()))
    assert shown(safe) == expected
    require_protected(safe, threshold=THRESHOLD, measure="amount")


def test_leaving_one_group_out_does_not_tell_how_many_it_had():
    rows = [("all", "", "t1", 2.5, 100), ("a", "", "t1", 2.4, 60), ("b", "", "t1", 2.6, 97)]
    assert shown(models(*rows)) == [True, True, False]


def test_an_expected_share_of_few_people_is_withheld_and_a_difference_of_shares_is_not():
    rows = [("a", "", "t1", 0.05, 100), ("b", "", "t1", 0.931, 100), ("c", "", "t1", 0.5, 100)]
    contrasts = [("all", "c - b", "t1", 0.05, 100), ("a", "", "t2", 0.0, 100)]
    assert shown(models(*rows, *contrasts, measure="share")) == [False, False, True, True, True]


def test_a_model_that_gives_back_the_share_of_few_people_is_found_under_any_name():
    assert shown(models(("a", "", "t1", 3 / 120, 120), ("b", "", "t1", 0.0257, 120))) == [False, True]


def test_a_row_that_is_called_a_share_is_one_among_amounts_too():
    rows = [("a", "", "t1", 0.0517, 100), ("b", "", "t1", 0.5, 100)]
    assert shown(models(*rows, term="share")) == [False, True]
    assert shown(models(*rows, term="change")) == [True, True]


def test_an_estimate_without_n_is_refused():
    with pytest.raises(DisclosureError, match=r"adjusted, row 1: an estimate without n"):
        models(("a", "", "t1", 2.5, pd.NA))


def test_the_declared_tables_are_sorted_and_declared_as_what_they_can_be():
    assert list(MODEL_TABLES) == sorted(MODEL_TABLES)
    assert set(MODEL_TABLES.values()) <= {"amount", "share"}


def test_a_contrast_that_is_named_by_the_plan_goes_with_its_arms_and_with_the_wave_it_starts_from():
    means = [("a", "", "t2", 2.5, 4), ("b", "", "t2", 2.0, 30), ("c", "", "t1", 2.1, 9)]
    table = estimate_table(
        [dict(zip(("by_arm", "contrast", "wave", "estimate", "n"), row, strict=True)) for row in means], outcome="mood"
    )
    rows = [("first", "t2", None, 34), ("second", "t2", None, 70), ("second", "t2", "t1", 70)]
    contrasts = estimate_table(
        [dict(zip(("contrast", "wave", "by_since", "n"), row, strict=True)) for row in rows],
        outcome="mood",
        estimate=0.3,
    )
    safe = protect_models(
        {"means": table, "contrasts": contrasts},
        {},
        threshold=THRESHOLD,
        arms=ARMS,
        waves=WAVES,
        compared={"first": ("a", "b"), "second": ("b", "c")},
    )
    assert safe["contrasts"]["estimate"].notna().tolist() == [False, True, False]


def test_a_row_that_leaves_a_unit_out_loses_its_n_and_is_withheld_where_the_unit_is_small():
    rows = [(None, 80), ("north", 60), ("south", 74)]
    table = estimate_table(
        [dict(zip(("by_without", "n"), row, strict=True)) for row in rows],
        outcome="mood",
        contrast="b - a",
        wave="t2",
        estimate=0.3,
    )
    safe = protect_models({"sensitivity": table}, {}, threshold=THRESHOLD, arms=ARMS, waves=WAVES)["sensitivity"]
    assert safe["n"].fillna(0).tolist() == [80, 0, 0]
    assert safe["estimate"].notna().tolist() == [True, True, False]
    require_protected(safe, threshold=THRESHOLD, measure="amount")
    with pytest.raises(DisclosureError, match="without n"):
        require_protected(safe.assign(by_without=pd.NA), threshold=THRESHOLD, measure="amount")
