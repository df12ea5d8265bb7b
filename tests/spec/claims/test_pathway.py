"""What the service's counts say: small tables in, counts and shares out."""

import pandas as pd
import pytest

from increase_eval.claims.pathway import outcome_overlap, pathway_counts, service_outcomes, target_achievement

TWO = (("north", "2020-01", 10, 6, 3, 1, 0), ("north", "2020-02", 2, 2, 1, 1, 1), ("south", "2020-01", 8, 0, 0, 0, 0))


def value(table, term, contrast, unit="all"):
    [row] = table[(table["term"] == term) & (table["contrast"] == contrast) & (table["by_unit"] == unit)].itertuples()
    return (None if pd.isna(row.estimate) else row.estimate), int(row.n)


def test_each_step_is_counted_over_all_months_and_units(services, counted):
    table = pathway_counts(counted(*TWO), services)
    assert value(table, "met", "count") == (20, 20)
    assert value(table, "met", "count", "north") == (12, 12)
    assert value(table, "ended", "count", "south") == (0, 0)
    assert set(table["outcome"]) == {"pathway"}
    assert "job" not in set(table["term"])


def test_each_step_is_a_share_of_the_step_before(services, counted):
    table = pathway_counts(counted(*TWO), services)
    assert value(table, "began", "of met") == (8 / 20, 20)
    assert value(table, "ended", "of began", "north") == (4 / 8, 8)
    assert not len(table[(table["term"] == "ended") & (table["contrast"] == "of met")])


def test_a_denominator_of_nobody_gives_no_share_and_says_so(services, counted):
    table = pathway_counts(counted(*TWO), services)
    assert value(table, "ended", "of began", "south") == (None, 0)
    empty = table[(table["by_unit"] == "south") & (table["contrast"] == "of began")]
    assert empty["status"].tolist() == ["nobody in the denominator"]


def test_a_complete_count_has_no_interval(services, counted):
    table = pathway_counts(counted(*TWO), services)
    assert table[["conf_low", "conf_high", "std_error", "p_value"]].isna().all(axis=None)


def test_outcomes_are_shares_of_each_denominator_and_add_up_to_any(services, counted):
    table = service_outcomes(counted(*TWO), services, denominators=("began", "ended"))
    assert value(table, "job", "count") == (2, 2)
    assert value(table, "job", "of began") == (2 / 8, 8)
    assert value(table, "job", "of ended") == (2 / 4, 4)
    assert value(table, "any", "of ended", "north") == (3 / 4, 4)


def test_the_order_of_rows_does_not_matter(services, counted):
    rows = counted(*TWO)
    for table in (pathway_counts, target_achievement):
        one = table(rows, services).sort_values(["term", "contrast"], ignore_index=True)
        other = table(rows.sort_values(["step", "unit"], ignore_index=True), services)
        pd.testing.assert_frame_equal(one, other.sort_values(["term", "contrast"], ignore_index=True))


@pytest.mark.parametrize(("ended", "verdict"), [(5, "met"), (4, "not met")])
def test_a_target_is_met_where_it_is_reached_under_each_reading(services, counted, ended, verdict):
    table = target_achievement(counted(("north", "2020-01", 9, 6, ended, 0, 0)), services)
    stated = table[(table["outcome"] == "trained") & (table["term"] == "as stated")].iloc[0]
    assert (stated["estimate"], stated["n"], stated["statistic"], stated["verdict"]) == (ended, 5, ended / 5, verdict)
    other = table[(table["outcome"] == "trained") & (table["term"] == "any")].iloc[0]
    assert (other["estimate"], other["verdict"]) == (6 + ended, "met")


def test_a_target_of_nobody_has_no_share(services, counted):
    table = target_achievement(counted(*TWO), services)
    free = table[table["outcome"] == "free"].iloc[0]
    assert pd.isna(free["statistic"])
    assert free["verdict"] == "met"


def test_overlap_counts_people_with_both_among_people_with_either(services):
    day = pd.Timestamp("2020-05-01")
    people = pd.DataFrame({"job_on": [day, day, None, None], "shop_on": [day, None, day, None]})
    [row] = outcome_overlap(people, services).itertuples()
    assert (row.term, row.estimate, row.n) == ("job and shop", 1, 3)


def test_overlap_is_empty_where_the_register_has_no_dates(services):
    assert len(outcome_overlap(pd.DataFrame({"participant": ["p"]}), services)) == 0


def test_counts_are_left_alone(services, counted):
    rows = counted(*TWO)
    before = rows.copy()
    pathway_counts(rows, services)
    service_outcomes(rows, services, denominators=("began",))
    target_achievement(rows, services)
    pd.testing.assert_frame_equal(rows, before)
