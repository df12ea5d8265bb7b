"""When was each comparison of the plan declared? The file ``plan_record.yaml``: appended to, never rewritten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Annotated

from pydantic import Field

from increase_eval.study.base import ContractModel, Finding, Word


class PlanRecord(ContractModel):
    """The comparisons of the plan as they were on one day."""

    recorded_on: Annotated[date, Field(description="The day on which the plan was recorded.")]
    plan_hash: Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="SHA-256 over all comparisons.")]
    comparisons: Annotated[
        dict[Word, Word],
        Field(description="family/estimand/contrast -> digest of what it compares, and by which rules."),
    ]


class PlanRecords(ContractModel):
    """The file ``plan_record.yaml``, written by ``increase-eval record-plan``."""

    records: Annotated[
        tuple[PlanRecord, ...], Field(min_length=1, description="The first is the plan before the first comparison.")
    ]

    def findings(self) -> Iterator[Finding]:
        """Give records that do not follow each other."""
        days = [record.recorded_on for record in self.records]
        for at, (before, after) in enumerate(pairwise(days), start=1):
            if after < before:
                yield Finding(
                    f"{after} comes after {before}; records are appended, never put in between", ("records", at)
                )
