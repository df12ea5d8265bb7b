"""Checks that a table must pass before it is stored: those of the contract, and those written by hand.

A check looks at a table about to be stored, and where it needs to at the tables beside it, and gives every finding at
once with its count. A blocking check that finds something stops the step before anything is stored: the last good
table stays, and nothing downstream can read a bad one, in this run or the next. This is why checks run inside the step
of their table and not as steps after it.

Findings name rules, columns, files and counts; never a participant's key or answer.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pandas as pd

from increase_eval.errors import DataError
from pipelines.progress import Progress, tell, working

Frames = Mapping[str, pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: what, how often, and where."""

    what: str
    count: int
    where: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.count}" + (f" ({self.where})" if self.where else "")


@dataclass(frozen=True, slots=True)
class Check:
    """One check of one table.

    Attributes
    ----------
    name, table
        What the check is called, and the table it belongs to.
    description
        What holds when it passes, in one sentence.
    find
        From the tables at hand by name (those about to be stored, and those they were made from) to what is wrong.
    blocking
        Whether a finding keeps the table from being stored; else it is a warning.
    """

    name: str
    table: str
    description: str
    find: Callable[[Any], Sequence[Finding]]
    blocking: bool = True

    def spec(self, study_id: str) -> dg.AssetCheckSpec:
        """Give the check as Dagster knows it."""
        key = dg.AssetKey([study_id, self.table])
        return dg.AssetCheckSpec(self.name, asset=key, description=self.description, blocking=self.blocking)


class FailedCheckError(DataError):
    """A table is not what it must be, and has not been stored."""


def run_checks(study_id: str, checks: Sequence[Check], frames: Mapping[str, Any]) -> Iterator[dg.AssetCheckResult]:
    """Run every check, give every result to Dagster, and only then stop if a blocking one found something.

    Raises
    ------
    FailedCheckError
        After the last result, with all findings of all blocking checks.
    """
    problems: list[str] = []
    for check in checks:
        with working(check.table):
            findings = tuple(check.find(frames))
        message = "; ".join(map(str, findings))
        passed = not findings
        told = Progress(
            "checked", check.table, check=check.name, passed=passed, blocking=check.blocking, message=message
        )
        tell(told)
        yield _result(study_id, check, findings)
        if check.blocking:
            problems += [f"{check.table}, {check.name}: {finding}" for finding in findings]
    if problems:
        raise FailedCheckError("blocking checks failed; nothing was stored and the last good tables stay", problems)


def _result(study_id: str, check: Check, findings: Sequence[Finding]) -> dg.AssetCheckResult:
    metadata: dict[str, dg.MetadataValue] = {"findings": dg.MetadataValue.int(len(findings))}
    if findings:
        rows = [f"| {finding.what} | {finding.count} | {finding.where} |" for finding in findings]
        metadata["what"] = dg.MetadataValue.md("\n".join(["| rule | count | where |", "|---|---:|---|", *rows]))
    return dg.AssetCheckResult(
        passed=not findings,
        asset_key=dg.AssetKey([study_id, check.table]),
        check_name=check.name,
        severity=dg.AssetCheckSeverity.ERROR if check.blocking else dg.AssetCheckSeverity.WARN,
        description="; ".join(map(str, findings)) or check.description,
        metadata=metadata,
    )
