"""Who is compared, and on what? One row per participant: arm, covariates, outcome, and where they started."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.errors import ConvergenceError, InsufficientDataError

FAILURES = (InsufficientDataError, ConvergenceError)
"""What keeps one comparison from being made, and no other one."""

RARE_LEVEL = 10
"""A level of a covariate with fewer people among those compared is joined to the most common one."""

OUTCOME, BASELINE, SITE, UNIT, WEIGHT = "outcome_", "baseline_", "site_", "unit_", "weight_"


@dataclass(frozen=True, slots=True)
class ArmOutcome:
    """One outcome that arms are compared on.

    Attributes
    ----------
    outcome
        A scale, or a state variable.
    wave, since
        When it is taken; for a change, or a share among those who had answered, the wave that it starts from.
    states
        For a state variable: the states whose share is compared.
    lower_is_better
        Whether a lower score is the better one, as of distress: ranks begin at the other end.
    """

    outcome: str
    wave: str
    since: str | None = None
    states: tuple[str, ...] = ()
    lower_is_better: bool = False


def table_of(outcome: ArmOutcome, scores: pd.DataFrame | None, states: pd.DataFrame | None) -> pd.DataFrame:
    """Give the table that an outcome is read from.

    Raises
    ------
    ValueError
        If it is not there.
    """
    kind, table = ("state", states) if outcome.states else ("score", scores)
    if table is None:
        raise ValueError(f"outcome {outcome.outcome!r} is a {kind}, and there is no table of {kind}s")
    return table


@dataclass(frozen=True, slots=True)
class ArmPlan:
    """How arms are compared.

    Attributes
    ----------
    arms
        The arms in order, the reference first.
    covariates, categorical
        Columns of the participants that are adjusted for, and those of them whose numbers are codes.
    site, unit
        Columns with the finest place, and with the units that arms were allocated to (providers), where known.
    confidence, seed
        Coverage of intervals; where random numbers start.
    """

    arms: tuple[str, ...]
    covariates: tuple[str, ...] = ()
    categorical: frozenset[str] = frozenset()
    site: str | None = None
    unit: str | None = None
    confidence: float = 0.95
    seed: int = 1

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The pairs of arms, earlier first."""
        return tuple((a, b) for i, a in enumerate(self.arms) for b in self.arms[i + 1 :])


@dataclass(frozen=True, slots=True)
class Compared:
    """The people compared on one outcome.

    Attributes
    ----------
    people
        One row per participant with arm, outcome and (for a change) baseline known: ``arm``, the outcome, covariates
        (numbers standardised), ``baseline_``, ``site_``, ``unit_``, and ``weight_`` where there are response weights.
    terms
        The covariates as terms of a formula.
    is_share
        Whether the outcome is 0 or 1.
    n_dropped
        Participants of the arms with the outcome and without something else that is needed.
    spread
        Standard deviation of where they started, or of the outcome where there is no wave before.
    joined
        Covariate -> its levels that fewer than :data:`RARE_LEVEL` people have, and the level they were joined to.
    """

    people: pd.DataFrame
    terms: tuple[str, ...]
    is_share: bool
    n_dropped: int
    spread: float
    joined: Mapping[str, tuple[tuple[str, ...], str]] = field(default_factory=dict)

    def formula(self, response: str, *first: str) -> str:
        """Write a formula with some terms and all covariates."""
        return f"{response} ~ {' + '.join([*first, *self.terms]) or '1'}"


def values_at(table: pd.DataFrame, outcome: ArmOutcome, wave: str) -> pd.Series:
    """Give each participant's value of an outcome at a wave, by participant; those without one are not in it."""
    column = "variable" if outcome.states else "scale"
    rows = table[(table[column] == outcome.outcome) & (table["wave"] == wave)]
    if not outcome.states:
        return pd.Series(rows["score"].to_numpy(dtype=float), index=pd.Index(rows["participant"])).dropna()
    known = rows.dropna(subset="state")
    return pd.Series(known["state"].isin(outcome.states).astype(float).to_numpy(), index=known["participant"])


def compared_people(
    table: pd.DataFrame,
    participants: pd.DataFrame,
    outcome: ArmOutcome,
    plan: ArmPlan,
    *,
    among: pd.Index | None = None,
    response_weights: pd.DataFrame | None = None,
) -> Compared:
    """Bring together who is compared on an outcome.

    A change of a score is the outcome itself, adjusted for where it started; a share at a later wave is adjusted for
    the share at the earlier one, unless everybody compared started alike.

    Parameters
    ----------
    table
        Scores or states, one row per participant, wave and scale or variable.
    participants
        One row per participant.
    outcome, plan
        What is compared, and how.
    among
        Keep these participants only.
    response_weights
        ``participant, wave, weighting, weight``: those of :data:`WEIGHTING` at the wave of the outcome are put beside
        the people; missing for who has none.
    """
    people = participants[participants["arm"].isin(plan.arms)].set_index("participant")
    if among is not None:
        people = people[people.index.isin(among)]
    value = values_at(table, outcome, outcome.wave).reindex(people.index)
    columns: dict[str, pd.Series] = {"arm": pd.Series(pd.Categorical(people["arm"], list(plan.arms)), people.index)}
    names = [*plan.covariates]
    if outcome.since is not None:
        start = values_at(table, outcome, outcome.since).reindex(people.index)
        value = value if outcome.states else value - start
        columns[BASELINE] = start
        names.append(BASELINE)
    columns |= {name: people[name] for name in plan.covariates}
    columns[OUTCOME] = value
    for role, column in ((SITE, plan.site), (UNIT, plan.unit)):
        if column is not None:
            columns[role] = people[column]
    frame = pd.DataFrame(columns)
    known = frame[OUTCOME].notna() & (frame[BASELINE].notna() if BASELINE in frame else True)
    kept = frame[known].dropna(subset=list(plan.covariates))
    spread = float(kept[BASELINE if BASELINE in kept else OUTCOME].std()) if len(kept) > 1 else float("nan")
    joined = {name: found for name in names if (found := joined_levels(kept[name], name, plan)) is not None}
    kept, terms = tidy_people(kept, names, plan)
    own = _weights_at(response_weights, outcome.wave)
    if own is not None:
        kept[WEIGHT] = own.reindex(kept.index)
    return Compared(kept, terms, bool(outcome.states), int(frame[OUTCOME].notna().sum()) - len(kept), spread, joined)


WEIGHTING = "ipw"
"""The response weights that are used: inverse probabilities of answering."""


def _weights_at(response_weights: pd.DataFrame | None, wave: str) -> pd.Series | None:
    """Give the response weights of a wave by participant; None where there are none."""
    if response_weights is None:
        return None
    own = response_weights[(response_weights["wave"] == wave) & (response_weights["weighting"] == WEIGHTING)]
    return None if own.empty else own.set_index("participant")["weight"].astype(float)


def days_since(
    participants: pd.DataFrame, start: str | None, waves: Mapping[str, pd.DataFrame], dates: Mapping[str, str]
) -> pd.DataFrame | None:
    """Say how many days after a date of their own people answered each wave; None where dates are not known.

    Parameters
    ----------
    participants
        ``participant`` and the column `start`.
    start
        The column with the date that days are counted from.
    waves, dates
        Wave -> its answers with ``participant``, and the column with the date of the answer.

    Returns
    -------
    DataFrame or None
        ``participant, wave, days``: one row per answer; missing days where a date is missing.

    Notes
    -----
    Whole days from date to date; negative where somebody answered before.

    References
    ----------
    None: a difference of dates.

    Checked by hand in ``tests/unit/comparison/test_arms.py``.

    Examples
    --------
    >>> people = pd.DataFrame({"participant": ["p"], "done": pd.to_datetime(["2020-01-01"])})
    >>> answers = {"t2": people[["participant"]].assign(on=pd.to_datetime(["2020-01-31"]))}
    >>> days_since(people, "done", answers, {"t2": "on"})["days"].tolist()
    [30.0]
    """
    if start is None or start not in participants or not set(waves) & set(dates):
        return None
    began = participants.set_index("participant")[start]
    parts = []
    for wave in (wave for wave in waves if wave in dates):
        answered = waves[wave].set_index("participant")[dates[wave]]
        days = (answered - began.reindex(answered.index)).dt.days
        parts.append(pd.DataFrame({"participant": answered.index, "wave": wave, "days": days.to_numpy(dtype=float)}))
    return pd.concat(parts, ignore_index=True)


def with_language(participants: pd.DataFrame, answers: pd.DataFrame | None, column: str | None) -> pd.DataFrame:
    """Put the language that people answered a wave in beside what is known of them.

    Parameters
    ----------
    participants
        ``participant`` and more.
    answers, column
        The answers to a wave with ``participant``, and the column with the language; None where there is none.

    Returns
    -------
    DataFrame
        The participants, with the column; missing for those who did not answer.

    Notes
    -----
    The language of the questionnaire is one of the columns that arms may not share.

    References
    ----------
    None: a lookup.

    Checked by hand in ``tests/unit/comparison/test_arms.py``.

    Examples
    --------
    >>> people = pd.DataFrame({"participant": ["p", "q"]})
    >>> with_language(people, pd.DataFrame({"participant": ["q"], "spoken": ["fr"]}), "spoken")["spoken"].tolist()
    [nan, 'fr']
    """
    if answers is None or column is None:
        return participants
    spoken = answers.set_index("participant")[column]
    return participants.assign(**{column: participants["participant"].map(spoken)})


def tidy_people(frame: pd.DataFrame, names: Sequence[str], plan: ArmPlan) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Standardise numbers, join rare levels, and leave out covariates that do not vary."""
    tidy, terms = frame.copy(), []
    for name in names:
        column = frame[name]
        is_number = pd.api.types.is_numeric_dtype(column.dtype) and name not in plan.categorical
        if is_number and column.nunique() > 2:
            numbers = column.astype(float)
            tidy[name] = (numbers - numbers.mean()) / numbers.std(ddof=0)
        else:
            tidy[name] = _joined(column)
        if len(tidy[name].unique()) > 1:
            terms.append(f"C(`{name}`)" if not is_number else f"`{name}`")
    return tidy, tuple(terms)


def joined_levels(column: pd.Series, name: str, plan: ArmPlan) -> tuple[tuple[str, ...], str] | None:
    """Say which levels of a category :func:`tidy_people` joins to which; None where it joins none."""
    is_number = pd.api.types.is_numeric_dtype(column.dtype) and name not in plan.categorical
    if is_number and column.nunique() > 2:
        return None
    counts = column.value_counts()
    rare = counts.index[(counts < RARE_LEVEL) & (counts > 0)]
    if rare.empty or len(counts) == (counts < RARE_LEVEL).sum():
        return None
    return tuple(sorted(str(level) for level in rare)), str(counts.index[0])


def _joined(column: pd.Series) -> pd.Series:
    counts = column.value_counts()
    rare = counts.index[counts < RARE_LEVEL]
    return column.mask(column.isin(rare), counts.index[0]) if len(counts) > len(rare) else column


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the rows of a table, each by the names of its columns."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def missing_rows(terms: Sequence[tuple[str, str]], status: str, n: int) -> Iterator[dict[str, Any]]:
    """Give the rows of comparisons that could not be made: each with its (term, contrast), and why."""
    for term, contrast in terms:
        yield {"term": term, "contrast": contrast, "by_arm": "all", "n": n, "status": status}


def not_estimable(error: Exception) -> str:
    """Say in one phrase why a comparison could not be made."""
    reason = (
        "too few people, or columns that are not independent"
        if isinstance(error, InsufficientDataError)
        else "no maximum: the columns separate"
    )
    return f"not estimable: {reason}"


def sizes_by_arm(people: pd.DataFrame, arms: Sequence[str]) -> np.ndarray:
    """Count the people of each arm."""
    return people["arm"].value_counts().reindex(list(arms), fill_value=0).to_numpy(dtype=np.int64)
