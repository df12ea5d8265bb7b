"""What does the layer on attrition store of a study? Its tables, from the stored tables that they rest on.

Every function takes the contract and the tables by name, and gives tables by name: it reads the people asked once and
hands them on. A study whose files hold complete cases only has none of these: attrition is unknown there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from increase_eval.attrition.leaver_tables import dropout_tables, leaver_differences, mcar_table
from increase_eval.attrition.population import AskedPeople, asked_people
from increase_eval.attrition.representativeness_table import representativeness_table
from increase_eval.attrition.state_occupancy import state_occupancy
from increase_eval.attrition.weight_tables import (
    answering_chances,
    response_weights_table,
    weight_balance,
    weight_diagnostics,
)
from increase_eval.attrition.weighted_changes import weighted_changes
from increase_eval.attrition.weighting import weigh_waves
from increase_eval.attrition.worst_cases import Ranges, bounds_table, dials_table, selection_models
from increase_eval.results import estimate_table
from increase_eval.study.study import Study

Tables = Mapping[str, pd.DataFrame]


def _people(study: Study, tables: Tables) -> AskedPeople:
    return asked_people(
        study, tables["participants"], tables["responses"], scores=tables.get("scores"), states=tables.get("states")
    )


def tested_scales(study: Study) -> tuple[str, ...]:
    """Give the scales that an estimand of the plan is about."""
    outcomes = {estimand.outcome for estimand in study.analysis.estimands}
    return tuple(scale.id for scale in study.scales if scale.id in outcomes)


def leaver_tables(study: Study, tables: Tables) -> dict[str, pd.DataFrame]:
    """Who left: differences and joint tests, response models and hazards, their calibration, Little's test.

    Parameters
    ----------
    study
        The contract.
    tables
        ``participants``, ``responses``, and where the study has them ``scores`` and ``states``.

    Returns
    -------
    dict
        ``leaver_differences``, ``dropout_model``, ``dropout_calibration``, ``mcar``.
    """
    people, confidence = _people(study, tables), study.analysis.confidence
    model, calibration = dropout_tables(people, confidence=confidence)
    scores = tables.get("scores")
    little = (
        estimate_table([], by_arm="", status="")
        if scores is None
        else mcar_table(people, scores, scales=tested_scales(study))
    )
    return {
        "leaver_differences": leaver_differences(people, least=study.head.privacy.threshold, confidence=confidence),
        "dropout_model": model,
        "dropout_calibration": calibration,
        "mcar": little,
    }


def representativeness_of(study: Study, tables: Tables, *, rng: np.random.Generator) -> pd.DataFrame:
    """Do those who answered each wave stand for all who were asked: the table `representativeness`."""
    return representativeness_table(
        _people(study, tables),
        draws=study.analysis.draws.get("bootstrap", DRAWS),
        rng=rng,
        least=study.head.privacy.threshold,
        confidence=study.analysis.confidence,
    )


DRAWS = 500
"""Bootstrap draws of a study whose plan says nothing of them."""


def weight_tables(study: Study, tables: Tables, *, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Weights of every wave, what they cost and balance, and the plan's outcomes under each of them.

    Parameters
    ----------
    study, tables
        As for :func:`leaver_tables`.
    rng
        Parts people into the groups of the jackknife.

    Returns
    -------
    dict
        ``response_weights`` (people: stays inside), ``weight_diagnostics``, ``weight_balance``,
        ``answering_chances``, ``weighted_changes``.
    """
    people = _people(study, tables)
    weights = list(weigh_waves(people))
    return {
        "response_weights": response_weights_table(people, weights),
        "weight_diagnostics": weight_diagnostics(weights),
        "weight_balance": weight_balance(people, weights, least=study.head.privacy.threshold),
        "answering_chances": answering_chances(weights),
        "weighted_changes": weighted_changes(
            study, people, weights, scores=tables.get("scores"), states=tables.get("states"), rng=rng
        ),
    }


def occupancy_of(study: Study, tables: Tables) -> pd.DataFrame:
    """Which share is in each state, as observed, weighted, and imputed where ``imputed_states`` is there."""
    people = _people(study, tables)
    weights = list(weigh_waves(people))
    return state_occupancy(study, people, weights, tables["states"], imputed=tables.get("imputed_states"))


def worst_case_tables(
    study: Study, tables: Tables, *, ranges: Ranges, rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    """Bounds, selection models and dials: the tables ``bounds``, ``selection_models`` and ``dials``.

    Parameters
    ----------
    study, tables, rng
        As for :func:`weight_tables`.
    ranges
        Scale -> lowest and highest possible score.
    """
    people = _people(study, tables)
    scores, states = tables.get("scores"), tables.get("states")
    return {
        "bounds": bounds_table(study, people, scores=scores, states=states, ranges=ranges),
        "selection_models": selection_models(study, people, scores=scores, states=states),
        "dials": dials_table(study, people, scores=scores, states=states, rng=rng),
    }


def inputs_of(study: Study) -> Sequence[str]:
    """Give the names of the stored tables that these rest on."""
    optional = {"scores": "scales", "states": "states"}
    return ("participants", "responses", *(name for name, able in optional.items() if able in study.capabilities))
