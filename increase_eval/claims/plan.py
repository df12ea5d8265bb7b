"""Which comparisons were declared before looking? The plan, one by one, against what was recorded of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
import yaml

from increase_eval.errors import ContractError
from increase_eval.files import replacing
from increase_eval.study.plan import Contrast, Estimand, Family
from increase_eval.study.plan_record import PlanRecord
from increase_eval.study.study import Study

RECORD_FILE = "plan_record.yaml"
DECLARED, POST_HOC, NOT_RECORDED = "declared", "post hoc", "not recorded"
PLAN_COLUMNS = (
    "family",
    "estimand",
    "contrast",
    "outcome",
    "wave",
    "margin",
    "margin_unit",
    "error_rate",
    "family_size",
    "adjustment",
    "exploratory",
    "digest",
    "plan_hash",
    "recorded_on",
    "status",
)
_HEAD = (
    "# Which comparisons were declared when. Written by `increase-eval record-plan`; append to it, never change it.\n"
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One contrast of one estimand, in one family of the plan.

    Attributes
    ----------
    family, estimand, contrast
        The parts of the plan.
    family_size
        How many comparisons share the family's error rate.
    margin, margin_unit, margin_source
        The smallest difference that matters, where one is declared.
    """

    family: Family
    estimand: Estimand
    contrast: Contrast
    family_size: int
    margin: float | None
    margin_unit: str | None
    margin_source: str | None

    @property
    def key(self) -> str:
        """What records call it."""
        return f"{self.family.id}/{self.estimand.id}/{self.contrast.id}"

    @property
    def digest(self) -> str:
        """A hash of what it compares and by which rules; wording does not count."""
        estimand, family = self.estimand, self.family
        events = [(one.event.en, one.strategy) for one in estimand.intercurrent_events]
        what: list[Any] = [estimand.outcome, estimand.wave, estimand.since, estimand.summary, events]
        what += [self.contrast.first, self.contrast.second, family.error_rate, family.adjustment, family.exploratory]
        return _digest([*what, self.margin, self.margin_unit])[:16]


def plan_comparisons(study: Study) -> tuple[Comparison, ...]:
    """Give every comparison that the plan declares, family by family."""
    return tuple(one for family in study.analysis.families for one in _of_family(study, family))


def _of_family(study: Study, family: Family) -> Iterator[Comparison]:
    plan = study.analysis
    contrasts = [one for one in plan.contrasts if not family.contrasts or one.id in family.contrasts]
    estimands = [one for name in family.estimands for one in plan.estimands if one.id == name]
    for estimand in estimands:
        margin = _margin(study, estimand.outcome)
        for contrast in contrasts:
            yield Comparison(family, estimand, contrast, len(estimands) * len(contrasts), *margin)


def _margin(study: Study, outcome: str) -> tuple[float | None, str | None, str | None]:
    """Give the margin of an outcome: the plan's where it has one, else the scale's smallest effect of interest."""
    for margin in study.analysis.margins:
        if margin.scale == outcome:
            return margin.value, margin.unit, margin.source.en
    for scale in study.scales:
        if scale.id == outcome and scale.smallest_effect is not None:
            effect = scale.smallest_effect
            return effect.value, effect.unit, effect.source.en
    return None, None, None


def plan_hash(comparisons: tuple[Comparison, ...]) -> str:
    """Give the SHA-256 over all comparisons, whatever their order."""
    return _digest(sorted((one.key, one.digest) for one in comparisons))


def _digest(what: Any) -> str:
    return hashlib.sha256(json.dumps(what, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def plan_table(study: Study) -> pd.DataFrame:
    """Say of every comparison of the plan when it was declared.

    Parameters
    ----------
    study
        The study, with its plan and what was recorded of it.

    Returns
    -------
    DataFrame
        :data:`PLAN_COLUMNS`. `status`: ``declared`` (in the first record, as it is now), ``post hoc`` (recorded later,
        not yet, or changed since), ``not recorded`` (nothing was ever recorded). `recorded_on` is the day of the first
        record that has it as it is now: the same on every run, since it is read and never looked up.
    """
    comparisons = plan_comparisons(study)
    whole = plan_hash(comparisons)
    rows = []
    for one in comparisons:
        recorded, status = _recorded(study, one)
        rows.append(
            {
                "family": one.family.id,
                "estimand": one.estimand.id,
                "contrast": one.contrast.id,
                "outcome": one.estimand.outcome,
                "wave": one.estimand.wave,
                "margin": one.margin,
                "margin_unit": one.margin_unit,
                "error_rate": one.family.error_rate,
                "family_size": one.family_size,
                "adjustment": one.family.adjustment,
                "exploratory": one.family.exploratory,
                "digest": one.digest,
                "plan_hash": whole,
                "recorded_on": recorded,
                "status": status,
            }
        )
    frame = pd.DataFrame(rows, columns=list(PLAN_COLUMNS))
    numbers = {"margin": "float64", "error_rate": "float64", "family_size": "Int64", "exploratory": "boolean"}
    return frame.astype({name: numbers.get(name, "string") for name in PLAN_COLUMNS})


def _recorded(study: Study, one: Comparison) -> tuple[str | None, str]:
    if study.plan_record is None:
        return None, NOT_RECORDED
    for at, record in enumerate(study.plan_record.records):
        if record.comparisons.get(one.key) == one.digest:
            return record.recorded_on.isoformat(), POST_HOC if at else DECLARED
    return None, POST_HOC


def record_plan(study: Study, *, on: date) -> PlanRecord | None:
    """Append the plan as it is now to what was recorded of it.

    Parameters
    ----------
    study
        The study; the record lies in its folder.
    on
        The day that is written down.

    Returns
    -------
    PlanRecord or None
        What was appended; None where the last record says the same already.

    Raises
    ------
    ContractError
        If the plan compares nothing, or the day lies before the last record.
    """
    comparisons = plan_comparisons(study)
    if not comparisons:
        raise ContractError(f"the plan of {study.id} compares nothing; `families` in analysis.yaml is empty")
    before = study.plan_record.records if study.plan_record is not None else ()
    whole = plan_hash(comparisons)
    if before and before[-1].plan_hash == whole:
        return None
    if before and on < before[-1].recorded_on:
        raise ContractError(f"{on} lies before the last record, {before[-1].recorded_on}; allowed: that day or later")
    record = PlanRecord(recorded_on=on, plan_hash=whole, comparisons={one.key: one.digest for one in comparisons})
    content = {"records": [each.model_dump(mode="json") for each in (*before, record)]}
    text = _HEAD + yaml.safe_dump(content, sort_keys=False, width=200)
    with replacing(study.folder / RECORD_FILE) as file:
        file.write(text.encode())
    return record
