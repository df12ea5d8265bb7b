"""Which results does a report stand on, and on whom? One headline a scale or state and wave, by arm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.attrition.population import as_category, is_category, register_columns
from increase_eval.study import Scale, Study
from increase_eval.study.structure import StateVariable

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
CHANGE, SHARE = "change", "share"
ALL = "all"


@dataclass(frozen=True)
class Headline:
    """One outcome, at the later waves that the plan names, on everybody who gave it at the first wave.

    Attributes
    ----------
    outcome
        The scale or the state variable.
    waves
        Later waves of the plan, in order.
    values
        Wave -> value of each person, NaN where missing: a score, or 1 and 0 for a state that counts as work or not. The
        first wave is complete; all waves of the study that ask it are there.
    people
        One row a person: ``participant, arm`` and the plan's covariates, categories (and codes of them) as texts.
    asked
        The same for everybody of whom the waves are asked, whether or not they answered the first: with ``first``.
    covariates
        Those of the plan that everybody has, and not all alike: the others are left out.
    study
        The contract.
    """

    outcome: Scale | StateVariable
    waves: tuple[str, ...]
    values: Mapping[str, Floats]
    people: pd.DataFrame
    asked: pd.DataFrame
    covariates: tuple[str, ...]
    study: Study

    @property
    def id(self) -> str:
        """The outcome's id."""
        return self.outcome.id

    @property
    def is_state(self) -> bool:
        """Whether it is a share of people."""
        return isinstance(self.outcome, StateVariable)

    @property
    def term(self) -> str:
        """``change`` or ``share``."""
        return SHARE if self.is_state else CHANGE

    @property
    def first(self) -> Floats:
        """The first wave, known of everybody here."""
        return self.values[self.study.wave_ids[0]]

    @property
    def arm(self) -> npt.NDArray[np.object_]:
        """The arm of each person."""
        return np.asarray(self.people["arm"], dtype=object)

    @cached_property
    def arms(self) -> tuple[str, ...]:
        """Arms with people, in the contract's order."""
        present = set(self.arm)
        return tuple(arm for arm in self.study.arm_ids if arm in present)

    @cached_property
    def spread(self) -> float:
        """Standard deviation at the first wave."""
        return float(self.first.std(ddof=1)) if len(self.first) > 1 else np.nan

    def target(self, wave: str) -> Floats:
        """Give what is averaged at a wave: the change since the first, or the state itself; NaN where not answered."""
        return self.values[wave] if self.is_state else np.asarray(self.values[wave] - self.first)


def headlines_of(
    study: Study, participants: pd.DataFrame, scores: pd.DataFrame | None, states: pd.DataFrame | None
) -> Iterator[Headline]:
    """Give every headline of the plan that has a first wave to start from."""
    first = study.wave_ids[0]
    planned: dict[str, list[str]] = {}
    for estimand in study.analysis.estimands:
        if estimand.headline and estimand.wave != first:
            planned.setdefault(estimand.outcome, []).append(estimand.wave)
    for name, waves in planned.items():
        outcome, values = _values(study, name, scores, states)
        if outcome is None or first not in values:
            continue
        later = tuple(wave for wave in study.wave_ids if wave in waves and wave in values)
        asked = _asked(study, participants, max(later, key=study.wave_ids.index)) if later else participants[:0]
        known = values[first].reindex(asked["participant"]).notna().to_numpy()
        people = asked[known].reset_index(drop=True)
        if not later or people.empty:
            continue
        arrays = {
            wave: own.reindex(people["participant"]).to_numpy(dtype=float, na_value=np.nan)
            for wave, own in values.items()
        }
        covariates = tuple(
            column for column in study.analysis.covariates if column in asked and _varies(people, column)
        )
        yield Headline(outcome, later, arrays, people, asked.assign(first=known.astype(float)), covariates, study)


def _values(
    study: Study, name: str, scores: pd.DataFrame | None, states: pd.DataFrame | None
) -> tuple[Scale | StateVariable | None, dict[str, pd.Series[Any]]]:
    scale = next((one for one in study.scales if one.id == name), None)
    if scale is not None and scores is not None:
        return scale, _by_wave(study, scores[scores["scale"] == name].rename(columns={"score": "value"}))
    variable = next((one for one in study.head.states if one.id == name), None)
    if variable is None or states is None:
        return None, {}
    working = [state.id for state in variable.states if state.in_work]
    own = states[(states["variable"] == name) & states["state"].notna()]
    return (variable if working else None), _by_wave(study, own.assign(value=own["state"].isin(working).astype(float)))


def _by_wave(study: Study, table: pd.DataFrame) -> dict[str, pd.Series[Any]]:
    found = {}
    for wave in study.wave_ids:
        own = table[(table["wave"] == wave) & table["value"].notna()]
        if len(own):
            found[wave] = own.set_index("participant")["value"].astype(float)
    return found


def _asked(study: Study, participants: pd.DataFrame, wave: str) -> pd.DataFrame:
    """Give those in an arm who reached the step whose people the wave is asked of; codes of categories as texts."""
    rows = participants["arm"].isin(study.arm_ids)
    if study.services is not None:
        step = next((one for one in study.services.steps if one.id == study.wave(wave).among_step), None)
        if step is not None and step.register_column in participants:
            rows &= participants[step.register_column].notna()
    kept = ["participant", "arm", *(column for column in study.analysis.covariates if column in participants)]
    table = participants.loc[rows, kept].reset_index(drop=True)
    codes = [own.name for own in register_columns(study) if own.name in kept and is_category(own)]
    return table.assign(**{name: as_category(table[name]) for name in codes})


def _varies(people: pd.DataFrame, column: str) -> bool:
    """Whether everybody has a covariate, and not the same one."""
    return bool(people[column].notna().all()) and len(people[column].drop_duplicates()) > 1
