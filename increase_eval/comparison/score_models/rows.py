"""What does a model of one scale read? Rows of scored answers with arm, covariates as centred numbers, and counts.

Covariates are turned into numbers once, centred at the mean of those who answered the first wave that asked the scale,
so that a mean at zero is the mean at the first wave's participants, whoever answered later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from increase_eval.comparison.descriptive.groups import positions, require_columns, unique_keys
from increase_eval.comparison.descriptive.score_summary import NOT_ASKED
from increase_eval.study import Study

LEAST_PER_LEVEL = 2
"""People that a level of a covariate needs at every wave to have an effect of its own there."""


@dataclass(frozen=True, slots=True, eq=False)
class ScaleRows:
    """The rows that models of one scale are fitted to.

    Attributes
    ----------
    scale
        Its id.
    rows
        One row a participant and wave with a score, an arm and every covariate: ``participant, wave, arm, score``, the
        columns of ``covariates`` and those of the study's levels.
    asked
        The waves that asked the scale, in order.
    waves
        Those of them at which somebody can be used.
    arms
        The arms with somebody, in the contract's order.
    covariates
        Covariate -> its columns, centred at the first of ``waves``.
    left_out
        Covariates without a value, or without variation.
    scored
        Index (wave, arm), everybody's arm being ``all``: people with a score, usable or not.
    """

    scale: str
    rows: pd.DataFrame
    asked: tuple[str, ...]
    waves: tuple[str, ...]
    arms: tuple[str, ...]
    covariates: dict[str, tuple[str, ...]]
    left_out: tuple[str, ...]
    scored: pd.Series[int]

    @property
    def first(self) -> str:
        """The first wave with somebody, or else the first that asked."""
        return (self.waves or self.asked)[0]

    def without_covariate(self, name: str) -> ScaleRows:
        """Give the same rows with one covariate fewer in the model."""
        kept = {own: columns for own, columns in self.covariates.items() if own != name}
        return self._with(self.rows, kept, (*self.left_out, name))

    def only(self, keep: pd.Series[bool]) -> ScaleRows:
        """Give some of the rows, with the same centre of the covariates."""
        return self._with(self.rows[keep], self.covariates, self.left_out)

    def _with(self, rows: pd.DataFrame, covariates: dict[str, tuple[str, ...]], left_out: tuple[str, ...]) -> ScaleRows:
        present, arms = set(rows["wave"]), set(rows["arm"])
        waves = tuple(wave for wave in self.waves if wave in present)
        some = tuple(arm for arm in self.arms if arm in arms)
        return ScaleRows(self.scale, rows, self.asked, waves, some, covariates, left_out, self.scored)


def scale_rows(
    study: Study, scores: pd.DataFrame, participants: pd.DataFrame, scale: str, covariates: Sequence[str] | None = None
) -> ScaleRows:
    """Gather the rows of one scale.

    Parameters
    ----------
    study
        Gives the order of waves and arms, the covariates of the plan, and the levels.
    scores
        ``participant, wave, scale, score`` and, where there is one, ``status``; rows not asked are left out.
    participants
        ``participant, arm``, the covariates and the columns of the study's levels.
    scale
        The scale's id.
    covariates
        Columns of `participants`; None: those of the plan.

    Returns
    -------
    ScaleRows
        Without any row where nobody has a score.

    Raises
    ------
    ValueError
        If a column is absent, an arm is unknown, or somebody stands twice for one wave.
    """
    named = tuple(study.analysis.covariates if covariates is None else covariates)
    require_columns(scores, ("participant", "wave", "scale", "score"), "scores")
    require_columns(participants, ("participant", "arm", *named), "participants")
    own = scores[scores["scale"] == scale]
    if "status" in own.columns:
        own = own[own["status"].ne(NOT_ASKED).fillna(True)]
    if own.duplicated(["participant", "wave"]).any():
        raise ValueError("scores has a participant twice for one scale and wave")
    at = positions(unique_keys(participants), own["participant"], "scores")
    levels = [level.column for level in study.head.levels if level.column in participants.columns]
    people = participants[list(dict.fromkeys(["participant", "arm", *named, *levels]))].iloc[at].reset_index(drop=True)
    people["wave"] = own["wave"].astype("str").to_numpy()
    people["score"] = own["score"].to_numpy(dtype=np.float64, na_value=np.nan)
    strange = sorted(set(people["arm"].dropna().astype("str")) - set(study.arm_ids))
    if strange:
        raise ValueError(f"column 'arm' has values {strange}; arms of the study: {', '.join(study.arm_ids)}")
    asked = tuple(wave for wave in study.wave_ids if (people["wave"] == wave).any())
    people = people[people["score"].notna()].reset_index(drop=True)
    return _usable(study, people, scale, asked, named)


def _usable(
    study: Study, people: pd.DataFrame, scale: str, asked: tuple[str, ...], named: tuple[str, ...]
) -> ScaleRows:
    people["arm"] = people["arm"].astype("object").where(people["arm"].notna(), None)
    by_arm = people.groupby(["wave", "arm"], observed=True).size()
    total = people.groupby("wave", observed=True).size()
    total.index = pd.MultiIndex.from_product([total.index, ["all"]], names=["wave", "arm"])
    scored = pd.concat([total, by_arm])
    empty = [name for name in named if people[name].isna().all()]
    used = [name for name in named if name not in empty]
    rows = people[people[["arm", *used]].notna().all(axis="columns")].reset_index(drop=True)
    waves = tuple(wave for wave in asked if (rows["wave"] == wave).any())
    arms = tuple(arm for arm in study.arm_ids if (rows["arm"] == arm).any())
    columns: dict[str, tuple[str, ...]] = {}
    for number, name in enumerate(used):
        made = _numbers(rows[name], rows["wave"], _is_category(study, name, rows[name]))
        made = made - made[rows["wave"] == waves[0]].mean() if waves else made
        made.columns = pd.Index([f"covariate_{number}_{place}" for place in range(made.shape[1])])
        if made.shape[1]:
            columns[name] = tuple(made.columns)
            rows = rows.join(made)
    left_out = tuple(name for name in named if name not in columns)
    return ScaleRows(scale, rows, asked, waves, arms, columns, left_out, scored)


def _is_category(study: Study, name: str, values: pd.Series) -> bool:
    """Whether the values are names of categories: codes with labels are, whatever their type."""
    column = next((own for own in study.participant_columns if own.name == name), None)
    if column is not None and (column.type in ("category", "boolean") or column.values):
        return True
    return not pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype)


def _numbers(values: pd.Series, waves: pd.Series, is_category: bool) -> pd.DataFrame:
    """Give a number as it is, a category as one column a level but the most frequent one, and rare levels with it."""
    if not is_category:
        numbers = pd.DataFrame({"value": values.to_numpy(dtype=np.float64)}, index=values.index)
        return numbers if np.ptp(numbers["value"].to_numpy()) > 0 else numbers.iloc[:, :0]
    text = values.astype("str")
    by_level = pd.crosstab(text, waves)
    if len(by_level) < 2:
        return pd.DataFrame(index=values.index)
    ordered = by_level.sum(axis="columns").sort_index().sort_values(ascending=False, kind="stable").index
    kept = [level for level in ordered[1:] if by_level.loc[level].min() >= LEAST_PER_LEVEL]
    return pd.DataFrame({level: (text == level).astype("float64") for level in sorted(kept)}, index=values.index)
