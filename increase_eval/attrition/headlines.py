"""Which results does a report stand on, and on whom? One headline a scale or state and wave, by arm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as kept
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.attrition.population import as_category, is_category, register_columns
from increase_eval.attrition.response_weights import inverse_probability_weights
from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.study import Scale, Study
from increase_eval.study.structure import StateVariable

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
CHANGE, SHARE = "change", "share"
DIFFERENCES = {CHANGE: "difference in change", SHARE: "difference in share"}
ALL = "all"
FIRST_WAVE, ASKED = "first wave", "everybody asked"
COUNTED = "counted"
"""What ``by_state`` says of all states that count together, such as all that are work."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Whom a row is about: an arm, everybody, or one arm less another.

    Attributes
    ----------
    by_arm
        The arm, or ``all``.
    contrast
        The plan's id of the comparison; None for an arm and for everybody.
    mask
        (n,) the people; of a comparison those of its second arm.
    less
        (n,) those of its first arm.
    """

    by_arm: str
    contrast: str | None
    mask: Booleans = kept(repr=False)
    less: Booleans | None = kept(repr=False, default=None)

    @property
    def who(self) -> Booleans:
        """Everybody whom the row is about."""
        return self.mask if self.less is None else self.mask | self.less

    def counts(self, used: Booleans) -> dict[str, int]:
        """Count those whose own answer is used, and the others."""
        n = int((self.who & used).sum())
        return {"n": n, "n_dropped": int(self.who.sum()) - n}


@dataclass(frozen=True)
class Headline:
    """One outcome, at the later waves that the plan names, on everybody who gave it at the first wave.

    A state that the first wave does not ask is about everybody who was asked.

    Attributes
    ----------
    outcome
        The scale or the state variable.
    waves
        Later waves of the plan, in order.
    values
        Wave -> value of each person, NaN where missing: a score, or 1 and 0 for a state that is counted or not. The
        first wave, where it asks, is complete; all waves of the study that ask it are there.
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
    def has_first(self) -> bool:
        """Whether the first wave asks it."""
        return self.study.wave_ids[0] in self.values

    @property
    def population(self) -> str:
        """Whom it is about."""
        return FIRST_WAVE if self.has_first else ASKED

    @property
    def first(self) -> Floats:
        """The first wave, known of everybody here; missing where it does not ask."""
        return self.values[self.study.wave_ids[0]] if self.has_first else np.full(len(self.people), np.nan)

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
    def groups(self) -> tuple[Group, ...]:
        """Arms; everybody, where there are two arms or more; and, where arms were drawn by lot, the comparisons."""
        found = [Group(arm, None, self.arm == arm) for arm in self.arms]
        if len(found) < 2:
            return tuple(found)
        found.append(Group(ALL, None, np.ones(len(self.people), dtype=bool)))
        by_arm = {group.by_arm: group.mask for group in found}
        planned = self.study.analysis.contrasts if "randomised" in self.study.capabilities else ()
        pairs = [one for one in planned if {one.first, one.second} <= set(self.arms)]
        return (*found, *(Group(ALL, one.id, by_arm[one.second], by_arm[one.first]) for one in pairs))

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
    """Give every headline of the plan: of scales those that have a first wave to start from."""
    planned: dict[str, list[str]] = {}
    for estimand in study.analysis.estimands:
        if estimand.headline and estimand.wave != study.wave_ids[0]:
            planned.setdefault(estimand.outcome, []).append(estimand.wave)
    for name, waves in planned.items():
        outcome, values = _values(study, name, scores, states)
        headline = None if outcome is None else _headline(study, participants, outcome, values, waves)
        if headline is not None:
            yield headline


def state_headline(
    study: Study, variable: StateVariable, participants: pd.DataFrame, states: pd.DataFrame
) -> Headline | None:
    """Give a state variable at every wave after the first that asks it, as a headline; None where none does."""
    _, values = _values(study, variable.id, None, states)
    return _headline(study, participants, variable, values, study.wave_ids[1:])


def _headline(
    study: Study,
    participants: pd.DataFrame,
    outcome: Scale | StateVariable,
    values: Mapping[str, pd.Series[Any]],
    waves: Sequence[str],
) -> Headline | None:
    first = study.wave_ids[0]
    if first not in values and isinstance(outcome, Scale):
        return None
    later = tuple(wave for wave in study.wave_ids if wave in waves and wave in values)
    asked = people_asked(study, participants, later[-1]) if later else participants[:0]
    known = np.ones(len(asked), dtype=bool)
    if first in values:
        known = values[first].reindex(asked["participant"]).notna().to_numpy()
    people = asked[known].reset_index(drop=True)
    if not later or people.empty:
        return None
    arrays = {
        wave: own.reindex(people["participant"]).to_numpy(dtype=float, na_value=np.nan) for wave, own in values.items()
    }
    covariates = tuple(column for column in study.analysis.covariates if column in asked and _varies(people, column))
    return Headline(outcome, later, arrays, people, asked.assign(first=known.astype(float)), covariates, study)


def first_wave_weights(headline: Headline) -> Floats:
    """Give those of the first wave weights that stand for everybody asked: 1 where nothing tells them apart."""
    asked = headline.asked
    right = [*(["arm"] if len(headline.arms) > 1 else []), *headline.covariates]
    if asked["first"].min() == 1 or not right:
        return np.ones(len(headline.people))
    data = asked.assign(row=np.arange(len(asked)))
    try:
        found = inverse_probability_weights(f"first ~ {' + '.join(right)}", data, subject="row").values.to_numpy()
    except (InsufficientDataError, ConvergenceError, ValueError):
        return np.ones(len(headline.people))
    return np.asarray(found[asked["first"].to_numpy() == 1], dtype=float)


def _values(
    study: Study, name: str, scores: pd.DataFrame | None, states: pd.DataFrame | None
) -> tuple[Scale | StateVariable | None, dict[str, pd.Series[Any]]]:
    scale = next((one for one in study.scales if one.id == name), None)
    if scale is not None and scores is not None:
        return scale, _by_wave(study, scores[scores["scale"] == name].rename(columns={"score": "value"}))
    variable = next((one for one in study.head.states if one.id == name), None)
    if variable is None or states is None:
        return None, {}
    own = states[(states["variable"] == name) & states["state"].notna()]
    return variable, _by_wave(study, own.assign(value=own["state"].isin(variable.counted).astype(float)))


def _by_wave(study: Study, table: pd.DataFrame) -> dict[str, pd.Series[Any]]:
    found = {}
    for wave in study.wave_ids:
        own = table[(table["wave"] == wave) & table["value"].notna()]
        if len(own):
            found[wave] = own.set_index("participant")["value"].astype(float)
    return found


def people_asked(study: Study, participants: pd.DataFrame, wave: str) -> pd.DataFrame:
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
