"""Impute one state variable of a study at every wave, by chained equations restricted to what the contract declares.

The people are those whose first state is known (everybody asked, where the first wave does not ask it). Whether
somebody is in one of the states that count (work) is imputed at each wave from the same at the other waves, the arm and
the plan's covariates, and from nothing else; a covariate that somebody lacks is imputed with them, so that nobody is
left out. Which of these states, or of the others, is drawn from people of the same arm and kind who told theirs. One
multinomial logit of all states at once would need as many coefficients as there are people in the rarer ones: it was
tried, and lost the share in work (see ``reports/methods/imputation.md``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from increase_eval.attrition.headlines import Headline, state_headline
from increase_eval.attrition.imputation.chained import ChainedImputations, impute_chained
from increase_eval.attrition.population import is_category, register_columns
from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.moments.accumulate import BoolArray, FloatArray, IntArray
from increase_eval.study import Study
from increase_eval.study.structure import StateVariable

DRAWS, ITERATIONS = 40, 5
LEAST_DONORS = 10
"""People of an arm and kind that it needs to be drawn from by itself."""


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
        Wave -> its column in the imputed table: 1 in the states that count, 0 in the others.
    filled
        The imputations of these columns.
    within
        Wave -> (draws, missing) place of the state among the variable's, of those who did not tell it.
    told
        Wave -> (people,) place of the state told, -1 where there is none.
    reason
        Why there are none.
    """

    variable: StateVariable
    headline: Headline
    columns: dict[str, str]
    filled: ChainedImputations | None
    within: dict[str, IntArray]
    told: dict[str, IntArray]
    reason: str = ""

    def seen(self, wave: str) -> BoolArray:
        """Give who told the state at a wave."""
        return np.asarray(self.told[wave] >= 0, dtype=bool)

    def is_seen(self, wave: str, state: str) -> bool:
        """Whether somebody was in a state at a wave."""
        return bool((self.told[wave] == [one.id for one in self.variable.states].index(state)).any())

    def chances(self, wave: str) -> FloatArray:
        """Give the probability of being in a state that counts of those who did not tell theirs, (draws, missing)."""
        assert self.filled is not None
        column = self.columns[wave]
        levels = self.filled.plan.variables[column].levels or ()
        return np.asarray(self.filled.shares[column][:, :, [level == 1 for level in levels]].sum(axis=2))

    def drawn(self, wave: str, delta: float = 0.0) -> BoolArray:
        """Give who of these counts in each draw, their log odds moved by delta and the random numbers the same."""
        assert self.filled is not None
        p = self.chances(wave)
        moved = p * np.exp(delta)
        return np.asarray(1 - self.filled.uniforms[self.columns[wave]] < moved / (1 - p + moved))

    def completed(self, wave: str, state: str | None = None, delta: float = 0.0) -> FloatArray:
        """Give who is in a state (None: one of those that count) in each draw, (draws, people)."""
        assert self.filled is not None
        ids = [one.id for one in self.variable.states]
        wanted = np.isin(ids, self.variable.counted if state is None else (state,))
        seen = self.seen(wave)
        result = np.tile(np.where(seen, wanted[self.told[wave]], False).astype(np.float64), (self.filled.n_draws, 1))
        if not seen.all():
            result[:, ~seen] = self.drawn(wave, delta) if state is None else wanted[self.within[wave]]
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
    :func:`.impute_chained` by a logit for whether a state counts, predictive mean matching for numbers and a logit or
    multinomial logit for categories among the covariates. The state within its kind is that of somebody drawn by the
    approximate Bayesian bootstrap (donors drawn again, then one of them) from those of the same arm and kind who told
    theirs at the wave, of all arms where fewer than :data:`LEAST_DONORS` of the arm did.

    References
    ----------
    Rubin DB, Schenker N (1986). Multiple imputation for interval estimation from simple random samples with ignorable
    nonresponse. doi:10.1080/01621459.1986.10478280
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
    columns = {wave: f"counts_{wave}" for wave in headline.study.wave_ids if wave in headline.values}
    told = {wave: _told(headline, variable, states, wave) for wave in columns}
    table, methods = _table(headline, columns)
    try:
        filled = impute_chained(table, methods=methods, draws=draws, iterations=ITERATIONS, rng=rng)
    except (InsufficientDataError, ConvergenceError, ValueError) as error:
        return ImputedState(variable, headline, columns, None, {}, told, str(error))
    plain = ImputedState(variable, headline, columns, filled, {}, told)
    within = {wave: _within(plain, wave, rng) for wave in headline.waves if not plain.seen(wave).all()}
    return ImputedState(variable, headline, columns, filled, within, told)


def _told(headline: Headline, variable: StateVariable, states: pd.DataFrame, wave: str) -> IntArray:
    """Give the place of each person's state among the variable's at a wave."""
    own = states[(states["variable"] == variable.id) & (states["wave"] == wave) & states["state"].notna()]
    known = own.set_index("participant")["state"].astype(object).reindex(headline.people["participant"])
    return np.asarray(pd.Index([one.id for one in variable.states]).get_indexer(pd.Index(known)), dtype=np.int64)


def _table(headline: Headline, columns: dict[str, str]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Lay out people by waves with arm and covariates, and how each column is imputed."""
    people = headline.people
    table = pd.DataFrame({column: headline.values[wave] for wave, column in columns.items()}, index=people.index)
    methods = dict.fromkeys(table, "logit")
    if len(headline.arms) > 1:
        table["arm"] = people["arm"].to_numpy(dtype=object)
    categories = {one.name for one in register_columns(headline.study) if is_category(one)}
    for name in headline.study.analysis.covariates:
        if name not in people or people[name].nunique() < 2:
            continue
        table[name] = people[name].to_numpy()
        kind = "multinomial" if table[name].nunique() > 2 else "logit"
        methods[name] = kind if name in categories or table[name].dtype == object else "pmm"
    return table, {str(name): method for name, method in methods.items()}


def _within(one: ImputedState, wave: str, rng: np.random.Generator) -> IntArray:
    """Draw the states of those who did not tell theirs, given whether they count."""
    seen, told, arm = one.seen(wave), one.told[wave], one.headline.arm
    counted = np.isin([state.id for state in one.variable.states], one.variable.counted)
    counts = one.drawn(wave)
    found = np.zeros(counts.shape, dtype=np.int64)
    for is_counted in (False, True):
        kind = seen & (counted[told] == is_counted)
        for name in one.headline.arms:
            mine = kind & (arm == name)
            donors = told[mine if mine.sum() >= LEAST_DONORS else kind]
            for draw in range(len(counts)):
                places = np.flatnonzero((counts[draw] == is_counted) & (arm[~seen] == name))
                if len(places):
                    again = rng.choice(donors, len(donors))
                    found[draw, places] = rng.choice(again, len(places))
    return found
