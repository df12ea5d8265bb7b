"""Every published figure comes out again, is out of reach for a stated reason, or differs; nothing in between."""

import shutil

import numpy as np
import pandas as pd
import pytest

from increase_eval.claims.published import NO_NUMBER, compare_published, read_published
from increase_eval.errors import ContractError
from increase_eval.study.claims import Recipe


def statuses(table):
    return table[table["term"] == "published"].set_index("outcome")["status"]


def with_tables(tables, **changed):
    return {**tables, **changed}


def test_every_computable_figure_is_reproduced(study, tables):
    found = statuses(compare_published(study, study.published, tables))
    assert set(found[list(study.published.recomputed)]) == {"reproduced by construction"}


def test_every_row_has_a_status(study, tables):
    published = pd.read_csv(study.folder / "published.csv")
    found = statuses(compare_published(study, study.published, tables))
    assert list(found.index) == list(published["id"])
    words = published.loc[published["value_type"].isin(NO_NUMBER), "id"]
    assert set(found[words]) == {"not a number"}
    reasons = [figure for group in study.published.not_computable for figure in group.ids]
    assert set(found[reasons]) == {"not computable"}


def test_real_data_are_not_called_reproduced_by_construction(study, tables):
    head = study.head.model_copy(update={"provenance": "real"})
    real = study.model_copy(update={"head": head})
    assert "reproduced" in set(statuses(compare_published(real, study.published, tables)))


def changed(before, after):
    return {figure for figure in before.index if before[figure] != after[figure]}


def drop_answers(tables, wave, rows, rng):
    responses = tables["responses"].copy()
    answered = responses.index[(responses["wave"] == wave) & responses["responded"]]
    gone = rng.choice(answered, size=rows, replace=False)
    people = set(responses.loc[gone, "participant"])
    responses.loc[gone, "responded"] = False
    states = tables["states"]
    states = states[~((states["wave"] == wave) & states["participant"].isin(people))]
    return with_tables(tables, responses=responses, states=states)


@pytest.mark.parametrize("seed", range(4))
def test_twenty_answers_less_change_the_status_of_a_published_figure(study, tables, seed):
    before = statuses(compare_published(study, study.published, tables))
    for wave in study.wave_ids:
        fewer = drop_answers(tables, wave, 20, np.random.default_rng(seed))
        assert changed(before, statuses(compare_published(study, study.published, fewer)))


PERTURBED = ["business", "job", "education", "completed", "started", "engaged"]


@pytest.mark.parametrize("step", PERTURBED)
def test_a_changed_count_turns_exactly_the_figures_that_rest_on_it(study, tables, step):
    counts = tables["service_statistics"].copy()
    first = counts.index[counts["step"] == step][0]
    counts.loc[first, "count"] = counts.loc[first, "count"] + 900
    before = statuses(compare_published(study, study.published, tables))
    after = statuses(compare_published(study, study.published, with_tables(tables, service_statistics=counts)))
    rests = {
        figure for figure, recipe in study.published.recomputed.items() if step in recipe.steps or recipe.among == step
    }
    assert changed(before, after) <= rests
    exact = pd.read_csv(study.folder / "published.csv").set_index("id")
    bounded = {figure for figure in rests if np.isfinite(exact.loc[figure, "high"])}
    unit = counts.loc[first, "unit"]
    country = {u.id: u.attributes.get("country") for level in study.head.levels for u in level.units}[unit]
    here = {f for f in bounded if study.published.recomputed[f].where.get("country", country) == country}
    assert changed(before, after) == here


def test_other_sexes_turn_exactly_the_shares_of_women(study, tables):
    people = tables["participants"].copy()
    people["sex"] = "M"
    before = statuses(compare_published(study, study.published, tables))
    after = statuses(compare_published(study, study.published, with_tables(tables, participants=people)))
    expected = {f for f, recipe in study.published.recomputed.items() if recipe.column == "sex"}
    assert changed(before, after) == expected


def test_other_costs_turn_exactly_the_figures_of_the_budget(study, tables):
    costs = tables["costs"].assign(amount=tables["costs"]["amount"] * 1.1)
    before = statuses(compare_published(study, study.published, tables))
    after = statuses(compare_published(study, study.published, with_tables(tables, costs=costs)))
    expected = {figure for figure, recipe in study.published.recomputed.items() if recipe.kind == "cost_total"}
    assert expected
    assert changed(before, after) == expected


def test_costs_in_a_currency_without_a_rate_are_refused(study, tables):
    costs = tables["costs"].assign(currency="CHF")
    with pytest.raises(ContractError, match="wants CHF in EUR"):
        compare_published(study, study.published, with_tables(tables, costs=costs))


@pytest.mark.parametrize("position", [1, 2])
def test_other_states_turn_exactly_the_figures_of_that_wave(study, tables, position):
    wave = study.wave_ids[position]
    first = study.wave_ids[0]
    states = tables["states"].copy()
    there = states["wave"] == wave
    at_first = states[states["wave"] == first].set_index("participant")["state"]
    # Nobody moves: each state at the wave is that at the first.
    states.loc[there, "state"] = states.loc[there, "participant"].map(at_first)
    before = statuses(compare_published(study, study.published, tables))
    after = statuses(compare_published(study, study.published, with_tables(tables, states=states)))
    expected = {f for f, r in study.published.recomputed.items() if r.kind.startswith("state_") and r.wave == wave}
    assert changed(before, after) == expected


def test_a_figure_without_recipe_or_reason_is_refused(study):
    recomputed = dict(study.published.recomputed)
    removed = next(iter(recomputed))
    del recomputed[removed]
    with pytest.raises(ContractError, match=f"'{removed}' has neither a recipe nor a reason"):
        read_published(study, study.published.model_copy(update={"recomputed": recomputed}))


def test_a_recipe_for_nothing_is_refused(study):
    recomputed = {**study.published.recomputed, "not_there": Recipe(kind="arms")}
    with pytest.raises(ContractError, match=r"'not_there' is not in published\.csv"):
        read_published(study, study.published.model_copy(update={"recomputed": recomputed}))


def test_a_figure_published_twice_is_refused(study, tmp_path):
    shutil.copytree(study.folder, tmp_path / "copy")
    path = tmp_path / "copy" / "published.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    pd.concat([table, table.head(1)]).to_csv(path, index=False)
    with pytest.raises(ContractError, match="stands twice"):
        read_published(study.model_copy(update={"folder": tmp_path / "copy"}), study.published)


@pytest.mark.parametrize(("printed", "status"), [("6", "reproduced by construction"), ("7", "differs")])
def test_a_figure_printed_without_an_interval_has_to_come_out_as_printed(study, tables, tmp_path, printed, status):
    folder = shutil.copytree(study.folder, tmp_path / "study")
    published = pd.read_csv(folder / "published.csv", dtype=str)
    published.loc[published["id"] == "sh_pathway_steps", ["value", "low", "high"]] = [printed, None, None]
    published.to_csv(folder / "published.csv", index=False)
    found = statuses(compare_published(study.model_copy(update={"folder": folder}), study.published, tables))
    assert found["sh_pathway_steps"] == status
