"""Do those who answered each wave stand for all who were asked? One list of covariates, the same at every wave."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from increase_eval.attrition.leaver_tables import join_small
from increase_eval.attrition.population import AskedPeople
from increase_eval.attrition.representativeness import representativeness
from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.results import estimate_table

NO_COVARIATE = "the plan declares no covariate that the register has"
ALL_ALIKE = "no covariate varies enough to compare by"


def representativeness_table(
    people: AskedPeople, *, draws: int, rng: np.random.Generator, least: int = 1, confidence: float = 0.95
) -> pd.DataFrame:
    """Do those who answered each wave stand for all who were asked, by the declared covariates and the arm?

    Parameters
    ----------
    people
        Everybody asked.
    draws, rng
        Bootstrap draws behind the intervals, and where they come from.
    least
        Categories that fewer people have, among those who answered some wave or those who did not, are joined to the
        next smallest one, at every wave.
    confidence
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        The table of :meth:`~increase_eval.attrition.Representativeness.to_frame` for every wave. A wave without
        anybody, and a study without covariates, have one row with a status.
    """
    columns = fixed_categories(people, least)
    names = [str(name) for name in columns if len(columns[name].unique()) > 1]
    frames = []
    for wave in people.waves:
        reason = "" if names else ALL_ALIKE if people.register else NO_COVARIATE
        if not reason:
            data = columns[names].assign(answered__=people.at(wave))
            try:
                found = representativeness(
                    data, answered="answered__", covariates=names, draws=draws, rng=rng, confidence=confidence
                )
                frames.append(found.to_frame().assign(wave=wave))
                continue
            except (InsufficientDataError, ConvergenceError) as error:
                reason = str(error)
        row: dict[str, Any] = {"outcome": "responded", "term": "largest_bias", "wave": wave, "by_category": "all"}
        frames.append(estimate_table([{**row, "n": len(people.data), "status": reason}], method="logit"))
    return estimate_table(pd.concat(frames, ignore_index=True))


def fixed_categories(people: AskedPeople, least: int) -> pd.DataFrame:
    """Give the arm and the declared covariates as categories that no wave has too few of."""
    everybody = np.ones(len(people.data), dtype=bool)
    columns = people.grouped(everybody, people.register)
    columns.insert(0, "arm", people.data["arm"].to_numpy(dtype=object))
    for wave in people.waves:
        answered = people.at(wave)
        if answered.any() and not answered.all():
            columns = columns.apply(lambda values, inside=answered: join_small(values, inside, least))
    return columns
