"""Impute one state variable of a study at every wave, by chained equations restricted to what the contract declares.

The people are those whose first state is known (everybody asked, where the first wave does not ask it). Each wave's
state is imputed from the state at the other waves, the arm and the plan's covariates, and from nothing else; a
covariate that somebody lacks is imputed with them, so that nobody is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from increase_eval.attrition.headlines import Headline, state_headline
from increase_eval.attrition.imputation.chained import ChainedImputations, impute_chained
from increase_eval.attrition.imputation.chained.categorical import draw_levels
from increase_eval.attrition.population import is_category, register_columns
from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.moments.accumulate import BoolArray, FloatArray
from increase_eval.study import Study
from increase_eval.study.structure import StateVariable

DRAWS, ITERATIONS = 40, 5


@dataclass(frozen=True, slots=True, eq=False)
class ImputedState:
    """One state variable, imputed; ``filled`` is None where it could not be, and ``reason`` says why.

    Attributes
    ----------
    variable
        The variable.
    headline
        The people, and who was in the states that count at each wave.
    columns
        Wave -> its column in the imputed table.
    filled
        The imputations.
    reason
        Why there are none.
    """

    variable: StateVariable
    headline: Headline
    columns: dict[str, str]
    filled: ChainedImputations | None
    reason: str = ""

    def levels(self, wave: str) -> tuple[str, ...]:
        """Give the states that somebody was seen in at a wave, in the order of the imputed numbers."""
        assert self.filled is not None
        found = self.filled.plan.variables[self.columns[wave]].levels
        return tuple(str(level) for level in found or ())

    def seen(self, wave: str) -> BoolArray:
        """Give who told the state at a wave."""
        return np.asarray(~np.isnan(self.headline.values[wave]), dtype=bool)

    def counted(self, wave: str) -> BoolArray:
        """Give which of the levels count."""
        return np.asarray(np.isin(self.levels(wave), self.variable.counted), dtype=bool)

    def completed(self, wave: str, state: str | None = None, delta: float = 0.0) -> FloatArray:
        """Give who is in a state (None: one of those that count) in each draw, (draws, people).

        ``delta`` moves the log odds of the states that count, for those imputed, by the same random numbers.
        """
        assert self.filled is not None
        column, levels = self.columns[wave], self.levels(wave)
        inside = np.isin(levels, self.variable.counted if state is None else (state,)).astype(np.float64)
        own = self.filled.table[column]
        wanted = self.variable.counted if state is None else (state,)
        known = np.asarray(own.isin(wanted).to_numpy(), dtype=np.float64)
        result: FloatArray = np.tile(known, (self.filled.n_draws, 1))
        gone = ~self.seen(wave)
        if gone.any():
            shares, decided = self.filled.shares[column], self.filled.uniforms[column]
            for draw in range(self.filled.n_draws):
                tilted = shares[draw] * np.exp(delta * self.counted(wave)[: shares[draw].shape[1]])
                drawn = draw_levels(tilted / tilted.sum(axis=1, keepdims=True), decided[draw])
                result[draw, gone] = inside[drawn]
        return result


def impute_states(
    study: Study,
    participants: pd.DataFrame,
    states: pd.DataFrame,
    *,
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> list[ImputedState]:
    """Impute every state variable that a wave after the first asks, in the contract's order.

    Parameters
    ----------
    study
        State variables, waves, arms, covariates.
    participants, states
        The stored tables of those names.
    rng
        Source of randomness; each variable has a generator of its own spawned from it.
    draws
        Completed tables.

    Returns
    -------
    list
        One :class:`ImputedState` a variable.

    Notes
    -----
    :func:`.impute_chained` by a multinomial logit (a logit of two states) for states, predictive mean matching for
    numbers and the same logits for categories among the covariates.
    """
    found = []
    for variable, own in zip(study.head.states, rng.spawn(len(study.head.states)), strict=True):
        headline = state_headline(study, variable, participants, states)
        if headline is not None:
            found.append(_impute(headline, variable, states, own, draws))
    return found


def _impute(
    headline: Headline, variable: StateVariable, states: pd.DataFrame, rng: np.random.Generator, draws: int
) -> ImputedState:
    columns = {wave: f"state_{wave}" for wave in headline.study.wave_ids if wave in headline.values}
    table, methods = _table(headline, variable, states, columns)
    try:
        filled = impute_chained(table, methods=methods, draws=draws, iterations=ITERATIONS, rng=rng)
    except (InsufficientDataError, ConvergenceError, ValueError) as error:
        return ImputedState(variable, headline, columns, None, str(error))
    return ImputedState(variable, headline, columns, filled)


def _table(
    headline: Headline, variable: StateVariable, states: pd.DataFrame, columns: dict[str, str]
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Lay out people by waves with arm and covariates, and how each column is imputed."""
    people = headline.people
    own = states[(states["variable"] == variable.id) & states["state"].notna()]
    table, methods = pd.DataFrame(index=people.index), {}
    for wave, column in columns.items():
        then = own[own["wave"] == wave].set_index("participant")["state"].astype(object)
        table[column] = then.reindex(people["participant"]).to_numpy(dtype=object)
        methods[column] = "multinomial" if table[column].nunique() > 2 else "logit"
    if len(headline.arms) > 1:
        table["arm"] = people["arm"].to_numpy(dtype=object)
    categories = {one.name for one in register_columns(headline.study) if is_category(one)}
    for name in headline.study.analysis.covariates:
        if name not in people or people[name].nunique() < 2:
            continue
        table[name] = people[name].to_numpy()
        kind = "multinomial" if table[name].nunique() > 2 else "logit"
        methods[name] = kind if name in categories or table[name].dtype == object else "pmm"
    return table, methods
