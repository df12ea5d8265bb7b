"""Predictors throughout a study: which pairs there are, what rows say, and what is refused by pair."""

import numpy as np
import pandas as pd
import pytest

from increase_eval.comparison.predictor.tables import (
    cross_lagged_table,
    indirect_table,
    predicted_scales,
    prediction_table,
    predictors_of,
)
from increase_eval.study import find_studies, load_study


@pytest.fixture(scope="module")
def study():
    studies = (load_study(folder) for folder in find_studies().values())
    return next(study for study in studies if len(study.wave_ids) == 3 and study.head.states and predictors_of(study))


@pytest.fixture(scope="module")
def tables(study):
    rng = np.random.default_rng(40)
    n, (first, second, last) = 500, study.wave_ids
    people = [f"p{number:03d}" for number in range(n)]
    trait = rng.normal(size=n)
    wanted = [*predictors_of(study), *predicted_scales(study)]
    scores = [
        pd.DataFrame({"participant": people, "wave": wave, "scale": scale.id, "score": 3 + trait + rng.normal(size=n)})
        for scale in wanted
        for wave in study.wave_ids
    ]
    variable = study.head.states[0]
    working = next(state.id for state in variable.states if state.in_work)
    idle = next(state.id for state in variable.states if not state.in_work)
    works = rng.random(n) < 1 / (1 + np.exp(1.5 - trait))
    states = pd.DataFrame(
        {
            "participant": people * 3,
            "wave": np.repeat([first, second, last], n),
            "variable": variable.id,
            "state": [idle] * n + [working if one else idle for one in works] * 2,
        }
    )
    codes = {column.name for column in study.participant_columns if column.values}
    covariates = {
        name: rng.integers(1, 4, n) if name in codes else rng.normal(size=n) for name in study.analysis.covariates
    }
    participants = pd.DataFrame({"participant": people, "arm": study.arm_ids[0], **covariates})
    reliability = pd.DataFrame(
        [
            {"outcome": s.id, "wave": first, "term": "omega", "estimate": 0.8, "by_arm": "all"}
            for s in predictors_of(study)
        ]
    )
    return {"scores": pd.concat(scores), "states": states, "participants": participants, "reliability": reliability}


def pick(tables, *names):
    return [tables[name] for name in names]


def test_each_predictor_is_asked_of_each_later_wave_with_and_without_error(study, tables):
    table = prediction_table(study, *pick(tables, "scores", "states", "participants", "reliability"))
    assert len(table) == 2 * 2 * len(predictors_of(study))
    measured, calibrated = (table[table["term"] == term].reset_index() for term in ("as measured", "without error"))
    assert (calibrated["estimate"] > measured["estimate"]).all()
    assert (measured["conf_low"] > 0).all()  # drawn with a slope of about two thirds
    assert (table["n"] == 500).all()


def test_codes_of_categories_enter_as_levels_whatever_the_codes(study, tables):
    """Numbers given to categories carry no order or distance: others in their place change nothing."""
    coded = [c.name for c in study.participant_columns if c.values and c.name in study.analysis.covariates]
    assert coded
    people = tables["participants"]
    other = people.assign(**{name: people[name].map({1: 2, 2: 9, 3: 1}) for name in coded})
    one, two = (
        prediction_table(study, *pick(tables, "scores", "states"), table, tables["reliability"])
        for table in (people, other)
    )
    own = one["term"] == "as measured"
    np.testing.assert_allclose(one.loc[own, "estimate"], two.loc[own, "estimate"], rtol=1e-6)


def test_a_scale_without_a_known_reliability_says_so(study, tables):
    none = tables["reliability"].iloc[:0]
    table = prediction_table(study, *pick(tables, "scores", "states", "participants"), none)
    assert set(table["status"]) == {"no reliability known"}


def test_pairs_are_fitted_over_the_waves_that_ask_both(study, tables):
    table = cross_lagged_table(study, tables["scores"])
    pairs = table[["by_predictor", "outcome"]].drop_duplicates()
    assert len(pairs) == len(predictors_of(study)) * len(predicted_scales(study))
    between = table[table["term"] == "between: predictor with outcome"]
    assert (between["estimate"] > 0.5).all()  # one trait drives them all


def test_a_pair_with_few_people_is_refused_in_words(study, tables):
    few = tables["scores"][tables["scores"]["participant"] < "p100"]
    table = cross_lagged_table(study, few)
    assert set(table["status"]) == {"not estimable"}
    assert table["method"].str.contains("refused under 200").all()


def test_the_way_by_work_has_its_sensitivity_beside_it(study, tables):
    table = indirect_table(study, *pick(tables, "scores", "states", "participants"))
    terms = ["indirect", "direct", "total", "residual correlation at nought"]
    own = table[
        (table["outcome"] == predicted_scales(study)[0].id) & (table["by_predictor"] == predictors_of(study)[0].id)
    ]
    assert own["term"].tolist() == terms
    numbers = own.set_index("term")["estimate"]
    assert numbers["indirect"] + numbers["direct"] == pytest.approx(numbers["total"], abs=1e-9)
