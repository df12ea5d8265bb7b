"""Tables with ways of their own to leave: what they withhold, and what they keep."""

from __future__ import annotations

import pandas as pd
import pytest

from increase_eval.claims.pathway import outcome_overlap, pathway_counts, service_outcomes, target_achievement
from increase_eval.claims.places import pathway_by_place
from increase_eval.reporting.leaving import tables_that_leave
from increase_eval.reporting.special_tables import (
    gaps_that_leave,
    items_that_leave,
    published_that_leaves,
    targets_that_leave,
    unresolved_that_leave,
)
from increase_eval.results import estimate_table
from increase_eval.study.services import ServiceStatistics
from increase_eval.study.study import Study

STEPS = ("asked", "began", "ended")
SERVICES = {
    "level": "site",
    "steps": [
        *({"id": step, "label": {"en": step, "fr": step}, "register_column": f"{step}_on"} for step in STEPS),
        *(
            {"id": step, "label": {"en": step, "fr": step}, "kind": "outcome", "register_column": f"{step}_on"}
            for step in ("job", "course")
        ),
    ],
    "source": {"files": ["counts.csv"], "month_column": "month", "step_columns": {}},
    "targets": [
        {
            "id": "ended",
            "label": {"en": "Ended", "fr": "Fini"},
            "steps": ["ended"],
            "value": 50,
            "source": "the plan",
            "readings": [{"id": "began", "label": {"en": "began", "fr": "b"}, "steps": ["began"]}],
        }
    ],
}


def counts(north: tuple[int, ...], south: tuple[int, ...]) -> pd.DataFrame:
    rows = [
        (unit, pd.Timestamp("2020-01-01"), step, count)
        for unit, values in (("north", north), ("south", south))
        for step, count in zip((*STEPS, "job", "course"), values, strict=True)
    ]
    return pd.DataFrame(rows, columns=["unit", "month", "step", "count"])


@pytest.fixture
def served(study: Study) -> Study:
    return study.model_copy(update={"services": ServiceStatistics.model_validate(SERVICES)})


def leaving(study: Study, north: tuple[int, ...], south: tuple[int, ...]) -> dict[str, pd.DataFrame]:
    assert study.services is not None
    table = counts(north, south)
    tables = {
        "pathway": pathway_counts(table, study.services, by="site"),
        "service_outcomes": service_outcomes(table, study.services, denominators=("began", "ended"), by="site"),
        "targets": target_achievement(table, study.services),
    }
    return tables_that_leave(study, tables)


def hidden(table: pd.DataFrame, term: str, contrast: str, site: str) -> bool:
    row = table[(table["term"] == term) & (table["contrast"] == contrast) & (table["by_site"] == site)].iloc[0]
    return bool(pd.isna(row["estimate"]))


def test_a_small_count_is_gone_with_its_shares_and_with_what_would_give_it_away(served: Study) -> None:
    safe = leaving(served, (90, 70, 50, 4, 20), (80, 60, 40, 25, 20))["service_outcomes"]
    assert hidden(safe, "job", "count", "north")
    assert hidden(safe, "job", "of began", "north")
    assert hidden(safe, "job", "of ended", "north")
    # 29 jobs in all less 25 in the south are the 4 in the north: one of the two has to go, and totals stay.
    assert hidden(safe, "job", "count", "south")
    assert not hidden(safe, "job", "count", "all")
    assert not hidden(safe, "course", "count", "all")
    # All outcomes of the north less its courses would be its jobs.
    assert hidden(safe, "any", "count", "north") or hidden(safe, "course", "count", "north")


def test_a_large_pathway_is_shown_whole(served: Study) -> None:
    safe = leaving(served, (90, 70, 50, 30, 20), (80, 60, 40, 25, 20))
    assert not safe["pathway"]["estimate"].isna().any()
    assert safe["targets"]["estimate"].tolist() == [90.0, 130.0]
    assert safe["targets"]["verdict"].tolist() == ["met", "met"]


def test_a_target_is_not_told_where_its_step_is_not(served: Study) -> None:
    assert served.services is not None
    targets = target_achievement(counts((90, 70, 3, 30, 20), (80, 60, 4, 25, 20)), served.services)
    safe = targets_that_leave(served, targets, {})
    assert safe["estimate"].isna().tolist() == [True, False]  # 7 of 50 who ended, 130 who began
    assert safe["verdict"].isna().tolist() == [True, False]
    assert safe["n"].tolist() == [50, 50]
    pathway = estimate_table([{"term": "began", "contrast": "count", "by_site": "all", "status": "suppressed"}])
    assert targets_that_leave(served, targets, {"pathway": pathway})["estimate"].isna().tolist() == [True, True]


def test_an_overlap_takes_those_with_either_along(served: Study) -> None:
    assert served.services is not None
    dates = pd.Series(pd.Timestamp("2020-01-01"), index=range(60))
    people = pd.DataFrame({"job_on": dates.where(dates.index < 33), "course_on": dates.where(dates.index >= 30)})
    table = outcome_overlap(people, served.services)
    assert table["estimate"].tolist() == [3.0]
    safe = tables_that_leave(served, {"outcome_overlap": table})["outcome_overlap"]
    assert safe["estimate"].isna().all() and safe["n"].isna().all()


def test_places_of_each_level_add_up_to_the_register(served: Study) -> None:
    assert served.services is not None
    day = pd.Timestamp("2020-01-01")
    people = pd.DataFrame({"site": ["north", "south", None], "house": ["x", "x", "y"], "asked_on": [day, None, day]})
    table = pathway_by_place(people, served.services, columns=["site", "house"])
    found = {(row["by_site"], row["by_house"]): row["estimate"] for row in table.to_dict("records")}
    assert found == {
        ("all", "all"): 2.0,
        ("missing", "all"): 1.0,
        ("north", "all"): 1.0,
        ("south", "all"): 0.0,
        ("all", "x"): 1.0,
        ("all", "y"): 1.0,
    }
    with pytest.raises(ValueError, match="street"):
        pathway_by_place(people, served.services, columns=["street"])


def test_gaps_tell_months_and_no_small_difference(study: Study) -> None:
    months = pd.to_datetime(["2020-01-01", "2020-03-01", "2020-02-01"])
    exceptions = pd.DataFrame(
        {
            "rule": "a <= b",
            "unit": ["north", "north", "south"],
            "month": months,
            "smaller": [5, 9, 40],
            "larger": [3, 1, 20],
        }
    )
    safe = gaps_that_leave(study, exceptions)
    assert safe["months"].tolist() == [2, 1]
    assert safe["largest_gap"].tolist() == [pd.NA, 20]
    assert safe["last"].tolist() == [months[1], months[2]]
    assert gaps_that_leave(study, exceptions.head(0)).empty


def test_item_tables_lose_small_ends_and_few_missing_answers(study: Study, tables: dict[str, pd.DataFrame]) -> None:
    safe = items_that_leave(study, tables["item_table"]).set_index("item")
    assert safe["floor"].isna().tolist() == [False, True, False]  # 34, 4 and 0 of 170
    assert safe["n_missing"].tolist() == [pd.NA, 12, 0]
    assert safe["share_missing"].isna().tolist() == [True, False, False]
    assert safe["mean"].notna().all()
    thin = items_that_leave(study, tables["item_table"].assign(n=5, floor=0.2, ceiling=0.2))
    assert thin["status"].eq("suppressed").all()
    assert thin[["n", "mean", "item_rest"]].isna().all(axis=None)


def test_a_study_without_published_figures_has_nothing_to_withhold_of_them(study: Study) -> None:
    table = estimate_table([{"outcome": "a", "term": "published", "estimate": 4.0}])
    pd.testing.assert_frame_equal(published_that_leaves(study, table, {}), table)


def readings(counts: dict[tuple[str, str], tuple[int, int, int]]) -> pd.DataFrame:
    rows = [
        {"term": term, "wave": wave, "contrast": reading, "estimate": count / n, "n": n, "n_dropped": further}
        for (wave, term), (counted, further, n) in counts.items()
        for reading, count in (("as counted", counted), ("each a further respondent", counted + further))
    ]
    return estimate_table(rows, outcome="responded")


def test_readings_of_unresolved_rows_leave_where_the_flow_shows_the_share(study: Study) -> None:
    table = readings({("t1", "enrolled"): (60, 3, 100), ("t2", "enrolled"): (40, 20, 100)})
    flow = estimate_table(
        [
            {"term": "enrolled", "wave": "t1", "by_arm": "all", "estimate": 0.6, "n": 100},
            {"term": "enrolled", "wave": "t2", "by_arm": "all", "n": 100, "status": "suppressed"},
        ],
        outcome="responded",
    )
    left = unresolved_that_leave(study, table, {"response_flow": flow})
    assert left["estimate"].notna().tolist() == [True, True, False, False]
    assert left["n_dropped"].isna().all()
    assert left.loc[2:, "n"].isna().all()
    alone = unresolved_that_leave(study, table, {})
    assert alone["estimate"].notna().all()
    assert alone["n_dropped"].tolist()[2:] == [20, 20]


@pytest.mark.parametrize("cell", [(4, 20, 100), (60, 35, 100), (4, 0, 6)])
def test_a_reading_of_few_people_takes_the_others_of_its_share_with_it(
    study: Study, cell: tuple[int, int, int]
) -> None:
    left = unresolved_that_leave(study, readings({("t1", "enrolled"): cell}), {})
    assert left["estimate"].isna().all()
    assert (left["status"] == "suppressed").all()
