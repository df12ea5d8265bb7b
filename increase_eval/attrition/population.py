"""Who was asked, and what is known of everybody who was? One row a person, ready for a model of who answered.

The people are those of the arms that reached the step of the register the last wave is about (everybody enrolled where
the contract names none): the population that results speak of. Covariates are those that the plan declares, the same at
every wave; from the first wave on the scores and states that it measured come besides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.attrition.flow import response_matrix
from increase_eval.comparison.descriptive.groups import unique_keys
from increase_eval.errors import InsufficientDataError
from increase_eval.study.study import Study
from increase_eval.study.tables import Column

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

UNKNOWN = "_unknown"
"""Ends the name of the column that says where a value was filled in."""
LEAST_UNKNOWN = 10
NOT_KNOWN = "not known"
"""The group of those whose value is missing, where values are grouped."""
SCORE, STATE = "score_", "state_"
GROUPS = 5
NOTHING_NEW = 1e-7
"""What is left of a column of length 1 beside the columns before it, under which it tells nothing of its own."""
DESCRIBING = ("category", "boolean", "integer", "number")
"""Types of columns that can describe a person."""


@dataclass(frozen=True, slots=True)
class AskedPeople:
    """Everybody who was asked.

    Attributes
    ----------
    data
        One row a person: ``participant``, ``arm``, and the columns of `described`, as they are.
    answered
        Shape (people, waves): who answered.
    waves
        The waves in order.
    register
        The declared covariates, known of everybody from the register.
    baseline
        What the first wave measured of the plan's outcomes: ``score_<scale>`` and ``state_<variable>``.
    demographic, measured
        All that describes people in the register, and all that the first wave measured: for description.
    categorical
        Those columns that hold categories.
    n_outside
        Participants who are not among these people: outside the arms, or short of the step.
    """

    data: pd.DataFrame
    answered: Booleans
    waves: tuple[str, ...]
    register: tuple[str, ...]
    baseline: tuple[str, ...]
    demographic: tuple[str, ...]
    measured: tuple[str, ...]
    categorical: frozenset[str]
    n_outside: int

    def at(self, wave: str) -> Booleans:
        """Give who answered a wave."""
        return np.asarray(self.answered[:, self.waves.index(wave)])

    @property
    def is_monotone(self) -> bool:
        """Whether nobody answered a wave after missing one."""
        return bool((self.answered[:, 1:] <= self.answered[:, :-1]).all())

    def filled(self, rows: Booleans, columns: Sequence[str]) -> tuple[pd.DataFrame, tuple[str, ...]]:
        """Give the columns of some rows with nothing missing, and the names that a formula then takes.

        Notes
        -----
        A missing number becomes the mean of those known and a missing category the most frequent one; a column
        ``<name>_unknown`` says where, for gaps of at least :data:`LEAST_UNKNOWN` people: fewer cannot carry a
        coefficient. Columns that do not vary in these rows, or that the arm and the columns before them tell already (a
        state that repeats a covariate, gaps in the same rows), are left out: no model could tell them apart.
        """
        own = self.data.loc[rows]
        found: dict[str, pd.Series[Any]] = {}
        basis = independent_of(np.zeros((len(own), 0)), _indicators(own["arm"], is_category=True))
        for name in columns:
            column, missing = own[name], own[name].isna().to_numpy(dtype=bool)
            if missing.all() or column.dropna().nunique() < 2:
                continue
            filler = column.mode().iloc[0] if name in self.categorical else column.mean()
            gap = pd.Series(missing.astype(float), index=own.index)
            for label, values in ((name, column.where(~missing, filler)), (f"{name}{UNKNOWN}", gap)):
                if label != name and missing.sum() < LEAST_UNKNOWN:
                    continue
                wider = independent_of(
                    basis, _indicators(values, is_category=name in self.categorical and label == name)
                )
                if wider is not None:
                    basis, found[label] = wider, values
        return pd.DataFrame(found, index=own.index), tuple(found)

    def grouped(self, rows: Booleans, columns: Sequence[str]) -> pd.DataFrame:
        """Give the columns of some rows as categories: numbers in fifths of everybody, the missing in a group."""
        return pd.DataFrame({name: self._groups(name) for name in columns}, index=self.data.index).loc[rows]

    def _groups(self, name: str) -> pd.Series[Any]:
        column = self.data[name]
        if name not in self.categorical:
            known = column.dropna().to_numpy(dtype=float)
            if len(known):
                cuts = np.unique(np.quantile(known, np.arange(1, GROUPS) / GROUPS, method="inverted_cdf"))
                cuts = cuts[cuts < known.max()]
                marks = [f"{cut:.10g}" for cut in cuts]
                names = [f"{low}..{high}" for low, high in zip(["", *marks], [*marks, ""], strict=True)]
                at = np.searchsorted(cuts, column.to_numpy(dtype=float, na_value=np.nan), side="left")
                column = pd.Series(
                    np.array([*names, ""], dtype=object)[np.minimum(at, len(names))], index=column.index
                ).where(column.notna())
        return column.astype(object).where(column.notna(), NOT_KNOWN)


def _indicators(values: pd.Series[Any], *, is_category: bool) -> Floats:
    """Give a number centred as one column, or one column a category but the first."""
    if not is_category:
        numbers = values.to_numpy(dtype=float)
        return np.asarray((numbers - numbers.mean())[:, None])
    levels = sorted(values.unique(), key=str)[1:]
    return np.column_stack([np.zeros((len(values), 0)), *((values == level).to_numpy(dtype=float) for level in levels)])


def independent_of(basis: Floats | None, columns: Floats) -> Floats | None:
    """Add columns to an orthonormal basis that begins with a constant; None where one of them is nothing new."""
    if basis is None or not len(columns):
        return None
    if not basis.shape[1]:
        basis = np.full((len(columns), 1), 1 / np.sqrt(len(columns)))
    for column in columns.T:
        size = np.linalg.norm(column)
        rest = column / (size or 1.0)
        for _ in range(2):  # twice is enough for orthogonality to rounding
            rest = rest - basis @ (basis.T @ rest)
        if np.linalg.norm(rest) < NOTHING_NEW:
            return None
        basis = np.column_stack([basis, rest / np.linalg.norm(rest)])
    return basis


def asked_people(
    study: Study,
    participants: pd.DataFrame,
    responses: pd.DataFrame,
    *,
    scores: pd.DataFrame | None = None,
    states: pd.DataFrame | None = None,
) -> AskedPeople:
    """Who was asked, who answered, and what is known of everybody?

    Parameters
    ----------
    study
        The contract: waves, arms, the step that the last wave is among, covariates, estimands.
    participants, responses
        The stored tables.
    scores, states
        The stored tables, for what the first wave measured; None where the study has none.

    Returns
    -------
    AskedPeople
        The people, in the order of `participants`.

    Raises
    ------
    InsufficientDataError
        If nobody was asked.

    """
    keys = unique_keys(participants)
    inside = participants["arm"].isin(list(study.arm_ids)).to_numpy(dtype=bool)
    column = step_column(study)
    if column is not None and column in participants:
        inside = inside & participants[column].notna().to_numpy(dtype=bool)
    if not inside.any():
        raise InsufficientDataError("nobody was asked: no participant of an arm reached the step of the last wave")
    described = register_columns(study)
    data = pd.DataFrame({"participant": keys.to_numpy(), "arm": participants["arm"].astype(object).to_numpy()})
    for own in described:
        values = participants[own.name].reset_index(drop=True)
        data[own.name] = as_category(values) if is_category(own) else values.astype("Float64").astype(float)
    measured = list(_measured(study, data["participant"], scores, states))
    for name, values, _ in measured:
        data[name] = values.to_numpy()
    outcomes = {estimand.outcome for estimand in study.analysis.estimands}
    categories = {own.name for own in described if is_category(own)} | {
        name for name, _, is_code in measured if is_code
    }
    answered = response_matrix(responses, keys, study.wave_ids)
    return AskedPeople(
        data=data[inside].reset_index(drop=True),
        answered=answered[inside],
        waves=study.wave_ids,
        register=tuple(own.name for own in described if own.name in study.analysis.covariates),
        baseline=tuple(name for name, _, _ in measured if name.partition("_")[2] in outcomes),
        demographic=tuple(own.name for own in described),
        measured=tuple(name for name, _, _ in measured),
        categorical=frozenset(categories),
        n_outside=int((~inside).sum()),
    )


def step_column(study: Study) -> str | None:
    """Give the register's column of the step that the last wave is among, or None: everybody enrolled."""
    step = study.head.waves[-1].among_step
    steps = study.services.steps if study.services is not None else ()
    return next((own.register_column for own in steps if own.id == step), None)


def register_columns(study: Study) -> tuple[Column, ...]:
    """Give what describes people in the register: the declared covariates in the plan's order, then the others."""
    known = {column.name: column for column in study.participant_columns if column.type in DESCRIBING}
    others = (column.name for column in known.values() if column.role == "demographic")
    return tuple(known[name] for name in dict.fromkeys((*study.analysis.covariates, *others)) if name in known)


def is_category(column: Column) -> bool:
    """Whether a column holds categories, or codes of them."""
    return column.type in ("category", "boolean") or bool(column.values)


def as_category(values: pd.Series[Any]) -> pd.Series[Any]:
    """Write categories as texts, whole numbers without a decimal point."""
    return values.astype("string").str.replace(r"\.0$", "", regex=True).astype(object).where(values.notna())


def _measured(
    study: Study, people: pd.Series[Any], scores: pd.DataFrame | None, states: pd.DataFrame | None
) -> Iterator[tuple[str, pd.Series[Any], bool]]:
    """Give what the first wave measured: column, values in order of people, whether they are codes."""
    first = study.wave_ids[0]
    if scores is not None:
        own = scores[scores["wave"] == first]
        for scale in study.scales:
            rows = own[own["scale"] == scale.id].set_index("participant")["score"]
            if rows.notna().any():
                yield f"{SCORE}{scale.id}", rows.reindex(people).astype("Float64").astype(float), False
    if states is not None:
        own = states[states["wave"] == first]
        for variable in study.head.states:
            values = own[own["variable"] == variable.id].set_index("participant")["state"]
            if values.notna().any():
                yield f"{STATE}{variable.id}", as_category(values.reindex(people)), True
