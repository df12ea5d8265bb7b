"""The stored tables that the table of robustness reads, made of small ones."""

from __future__ import annotations

import numpy as np
import pytest

from increase_eval.attrition.imputed_scales import impute_scales, imputed_change_table, imputed_draws
from increase_eval.attrition.imputed_states import impute_states, imputed_state_table


def make(study, people, scores, states, scale=None, draws=6):
    """The stored tables of imputations that the table reads."""
    rng = np.random.default_rng(3)
    found = {}
    if states is not None:
        variables = impute_states(study, people, states, rng=rng, draws=draws)
        found["imputed_states"] = imputed_state_table(study, variables)
    if scores is not None:
        found["imputed_changes"] = imputed_change_table(study, impute_scales(study, scores, people))
        if scale is not None:
            found["draws"] = {scale: imputed_draws(study, scores, people, scale, rng=rng, draws=draws)}
    return found


@pytest.fixture(scope="session")
def imputed_tables():
    """Give what makes the stored tables of imputations of a study's people."""
    return make
