"""The counts behind the figures of a programme: the contradictions that its documents hold are found and named."""

import pytest

from increase_eval.claims.printed_counts import COUNT_TABLE, published_counts
from increase_eval.errors import ContractError


@pytest.fixture(scope="module")
def table(study):
    return published_counts(study, study.published.counts)


def rows(table, item):
    return table[table["item"] == item]


def test_the_table_has_its_columns_and_every_count_twice(study, table):
    assert tuple(table.columns) == COUNT_TABLE
    found = rows(table, "count")
    assert sorted(found["id"]) == sorted(2 * [count.id for count in study.published.counts.unknowns])
    assert not (found["status"] == "contradiction").any()


@pytest.mark.parametrize(
    ("choice", "option", "needed"),
    [
        ("reached_means", "to_nearest", {"pp_reached", "pp_reached_share"}),
        ("response_base", "of_respondents", {"er_resp_overall", "er_resp_t3", "er_t3_selfemp"}),
        ("mix_of", "of_t2", {"er_resp_t2", "er_sample_collab", "er_sample_collect"}),
        ("mix_of", "of_t3", {"er_sample_collab", "er_t3_work_collab"}),
        ("parts_2022", "are_whole", {"pp_businesses", "pp_fr_outcomes"}),
        ("into_work_means", "with_study", {"er_into_work", "pp_job_or_educ"}),
        ("businesses_at", "in_2023", {"er_businesses", "pp_businesses"}),
    ],
)
def test_readings_that_fail_are_named_with_what_refutes_them(table, choice, option, needed):
    found = rows(table, "option")
    row = found[(found["id"] == choice) & (found["option"] == option)].iloc[0]
    assert row["status"] == "impossible"
    assert needed <= set(row["statements"].split(", "))


def test_the_first_option_of_every_choice_is_possible(study, table):
    found = rows(table, "option").set_index(["id", "option"])["status"]
    taken = [(choice.id, choice.options[0].id) for choice in study.published.counts.choices]
    assert {found[one] for one in taken} == {"possible"}


def test_the_mix_of_the_first_wave_contradicts_the_moves_whatever_the_number_of_respondents(table):
    found = [set(names.split(", ")) for names in rows(table, "conflict")["statements"]]
    moves = {"er_moved_t2_paral", "er_moved_t2_integr", "er_moved_t2_collab", "er_moved_t2_collect", "er_nochange_t2"}
    assert any(moves <= names and not names & {"er_resp_t2", "er_resp_overall"} for names in found)


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [
        ("at_t1", 1247, 1251), ("at_t2", 428, 432), ("at_t3", 288, 291), ("collaborative_t1", 194, 195),
        ("collective_t1", 164, 165), ("changed_t2", 63, 66), ("education", 407, 441), ("reached_2022", 4055, 4099),
        ("work_t3", 45, 48), ("own_t3", 48, 50), ("completed", 4526, 4526),
    ],
)  # fmt: skip
def test_ranges_are_those_worked_out_by_hand(table, count, low, high):
    found = rows(table, "count")
    row = found[(found["id"] == count) & (found["reading"] == "taken")].iloc[0]
    assert (row["low"], row["high"]) == (low, high)


def test_a_figure_that_is_not_published_is_refused(study):
    system = study.published.counts
    wrong = system.statements[0].model_copy(update={"figure": "nowhere"})
    with pytest.raises(ContractError, match=r"'nowhere' is not in published\.csv"):
        published_counts(study, system.model_copy(update={"statements": (wrong,)}))
