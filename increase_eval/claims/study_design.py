"""What can a study's design tell apart? Its contrasts, checked against every level, attribute, language and quarter."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from increase_eval.claims.identification import Attribution, Identification, check_identification
from increase_eval.claims.identification.attribution import (
    ASSUMED,
    NOT_SEPARABLE,
    Assumption,
    Kind,
    Label,
)
from increase_eval.claims.identification.check import ALL, PERSON
from increase_eval.study.study import Study

QUARTER = "quarter"
ROLES = ("mode", "language")
"""Columns of the waves that people are grouped by, and that are neither a place nor an answer."""


def study_identification(
    study: Study, participants: pd.DataFrame, responses: pd.DataFrame, waves: Mapping[str, pd.DataFrame]
) -> Identification:
    """Check every contrast of a plan against all that goes with the arms.

    Parameters
    ----------
    study
        Arms, levels with their attributes, allocation, and the contrasts of the plan.
    participants, responses
        As stored.
    waves
        Wave -> its stored table, for the language and mode of the answers.

    Returns
    -------
    Identification
        Of those who answered any wave. The factors are the columns of the levels and the attributes of their units,
        language and mode of the first answer, and the quarter of entry.

    Raises
    ------
    ValueError
        If the plan has no contrast.
    """
    if not study.analysis.contrasts:
        raise ValueError(f"the plan of {study.id} has no contrast")
    answered = responses.loc[responses["responded"], "participant"].unique()
    people = participants[participants["participant"].isin(answered)]
    people = people.assign(**_first_answers(study, people, waves), **_quarters(people))
    contrasts = {one.id: (one.first, one.second) for one in study.analysis.contrasts}
    randomised = PERSON if "randomised" in study.capabilities else None
    factors = study_factors(study, people)
    return check_identification(
        people, arm="arm", factors=factors, contrasts=contrasts, randomised=randomised, ordered=(QUARTER,)
    )


def study_factors(study: Study, people: pd.DataFrame) -> tuple[str, ...]:
    """Give the columns that people are grouped by, from the finest place to the quarter, those that vary at all."""
    levels = [level.column for level in study.head.levels]
    attributes = [name for level in study.head.levels for unit in level.units for name in unit.attributes]
    answers = [column.name for wave in study.wave_ids for column in study.wave_columns(wave) if column.role in ROLES]
    named = dict.fromkeys((*levels, *attributes, *answers, QUARTER))
    in_arms = people.dropna(subset=["arm"])
    return tuple(name for name in named if name in people and len(in_arms[name].dropna().unique()) > 1)


def _first_answers(study: Study, people: pd.DataFrame, waves: Mapping[str, pd.DataFrame]) -> dict[str, pd.Series]:
    """Give language and mode of the first wave in which each person has them."""
    found: dict[str, pd.Series] = {}
    for wave in study.wave_ids:
        for column in study.wave_columns(wave):
            if column.role in ROLES and wave in waves and column.name in waves[wave]:
                own = waves[wave].set_index("participant")[column.name].astype("object")
                here = people["participant"].map(own)
                before = found.get(column.name)
                found[column.name] = here if before is None else before.where(before.notna(), here)
    return found


def _quarters(people: pd.DataFrame) -> dict[str, pd.Series]:
    if "entry_date" not in people:
        return {}
    quarters = people["entry_date"].dt.to_period("Q").astype("str")
    return {QUARTER: quarters.where(people["entry_date"].notna())}


def attributions_of(table: pd.DataFrame) -> dict[str, Attribution]:
    """Read the attribution of every contrast back from the table that :meth:`Identification.to_frame` gives."""
    found = {}
    for row in table[table["factor"] == ALL].to_dict("records"):
        label: Label = row["label"]
        needs = [] if pd.isna(row["needs"]) else str(row["needs"]).split(", ")
        found[str(row["contrast"])] = Attribution(
            label,
            tuple(_assumption(text) for text in needs) if label == ASSUMED else (),
            tuple(needs) if label == NOT_SEPARABLE else (),
        )
    return found


def _assumption(text: str) -> Assumption:
    name, _, rest = text.partition("(")
    kind: Kind = name  # type: ignore[assignment]
    return Assumption(kind, rest.removesuffix(")"))
